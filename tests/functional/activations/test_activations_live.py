"""Activations against a live PyTorch, at special points."""

import functools

import jax
import numpy as np
import pytest
from oracles import assert_same

from jaxgrad import functional

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

KEY = jax.random.key(0)
ELEMENTWISE = (
    *("relu", "relu6", "leaky_relu", "prelu", "elu", "celu", "selu", "gelu", "silu", "mish"),
    *("hardtanh", "hardsigmoid", "hardswish", "hardshrink", "softshrink", "tanhshrink"),
    *("threshold", "softplus", "softsign", "logsigmoid", "glu", "softmin", "normalize"),
)
INF = float("inf")
NAN = float("nan")


@pytest.fixture(autouse=True)
def wide_types():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        yield


def pair(name):
    """Our function and PyTorch's."""
    import torch

    ours, theirs = getattr(functional, name), getattr(torch.nn.functional, name, None)
    if name in ("sigmoid", "tanh"):
        return ours, getattr(torch, name)
    if name == "gelu":  # "approximate" by position, too

        def theirs(x, approximate="none"):
            return torch.nn.functional.gelu(x, approximate=approximate)

    if name == "rrelu":
        ours = functools.partial(ours, KEY)
    return ours, theirs


POINTS = [
    *(-INF, -1e200, -800.0, -100.0, -40.0, -20.0, -6.0, -3.0, -2.5, -1.0, -0.5, -0.25, -1e-8),
    *(-0.0, 0.0, 1e-8, 0.25, 0.5, 1.0, 2.5, 3.0, 4.0, 6.0, 20.0, 20.5, 40.0, 100.0, 709.0, 800.0),
    *(1e200, INF, NAN),
]
NOT_HERE = ("prelu", "glu", "threshold", "normalize", "hardsigmoid")
AT_POINTS = {
    **{name: [()] for name in ELEMENTWISE if name not in NOT_HERE},
    **{name: [()] for name in ("sigmoid", "tanh", "rrelu")},
    "leaky_relu": [(), (-2.0,), (0.0,)],
    "elu": [(), (2.0,), (0.5,), (-1.0,), (0.0,)],
    "celu": [(), (2.0,), (0.5,), (-1.0,)],
    "gelu": [(), ("tanh",)],
    "hardtanh": [(), (-0.5, 2.5), (1.0, 1.0), (-INF, INF)],
    "hardshrink": [(), (0.0,), (2.5,), (-1.0,)],
    "softshrink": [(), (0.0,), (2.5,)],
    "threshold": [(0.5, 7.0), (0.0, NAN), (NAN, 7.0), (-INF, 7.0)],
    "softplus": [(), (5.0, 1.0), (0.1, 20.0), (-1.0, 20.0), (2.0, 5.0), (1.0, -INF)],
    "softmax": [(0,)],
    "log_softmax": [(0,)],
    "softmin": [(0,)],
}
COTANGENTS = {
    "ones": np.ones(len(POINTS)),
    "normal": np.random.default_rng(0).normal(size=len(POINTS)),
    "zeros": np.zeros(len(POINTS)),
    "NaN": np.full(len(POINTS), NAN),
    "infinite": np.full(len(POINTS), INF),
}
DIFFERENT = {
    # PyTorch's second derivative is NaN where x² or eˣ overflows; ours is its limit 0.
    ("gelu", ()): [-1e200, 1e200],
    ("mish", ()): [800.0, 1e200],
}


def double_backward(theirs, x, cotangent, direction):
    """PyTorch's value, gradient, and its derivatives in x and in the cotangent."""
    import torch

    x = torch.tensor(x, requires_grad=True)
    cotangent = torch.tensor(cotangent, requires_grad=True)
    value = theirs(x)
    (grad,) = torch.autograd.grad(value, x, cotangent, create_graph=True)
    twice = torch.autograd.grad(
        grad, (x, cotangent), torch.tensor(direction), materialize_grads=True
    )
    return [t.detach().numpy() for t in (value, grad, *twice)]


@functools.partial(jax.jit, static_argnums=0)
def double_vjp(ours, x, cotangent, direction):
    """Ours, in the same order, and the directional derivative of forward mode."""

    def grad(x, cotangent):
        return jax.vjp(ours, x)[1](cotangent)[0]

    value, forward = jax.jvp(ours, (x,), (cotangent,))
    first, pull = jax.vjp(grad, x, cotangent)
    return [value, first, *pull(direction), forward]


@pytest.mark.parametrize(
    ("name", "args"), [(n, a) for n, c in AT_POINTS.items() for a in c], ids=str
)
def test_special_points(name, args):
    ours, theirs = pair(name)
    ours, theirs = (lambda x, f=f: f(x, *args) for f in (ours, theirs))
    x, alone = np.array(POINTS), "softm" not in name
    if not alone:
        x = x[np.abs(x) < 1e3]
    # PyTorch's kernels treat NaN in two ways: four or more elements at once, or one by one.
    groups = [np.isfinite(x), ~np.isfinite(x)] if alone else [slice(None)]
    different = np.isin(x, DIFFERENT.get((name, args), []))
    direction = np.linspace(1, 2, x.size)
    for kind, cotangent in COTANGENTS.items():
        cotangent = cotangent[: x.size]
        expected = [np.zeros_like(x) for _ in range(4)]
        for group in groups:
            parts = double_backward(theirs, x[group], cotangent[group], direction[group])
            for whole, part in zip(expected, parts, strict=True):
                whole[group] = part
        value, grad, in_x, in_cotangent, forward = double_vjp(ours, x, cotangent, direction)
        if kind == "infinite":  # XLA flushes a subnormal slope to 0
            assert_same(grad[np.abs(x) < 700], expected[1][np.abs(x) < 700])
            continue
        assert_same([value, grad], expected[:2])
        if alone:
            assert_same(forward, expected[1])
        if kind == "NaN":
            continue  # PyTorch multiplies by masks
        assert_same([in_x[~different], in_cotangent], [expected[2][~different], expected[3]])
        assert np.isnan(expected[2][different]).all() and not in_x[different].any()
