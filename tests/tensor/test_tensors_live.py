"""The tensor functions against a live PyTorch, at special points."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import assert_same
from torch_oracle import assert_as_torch, one_program, to_jax

from jaxgrad import tensor as T

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
INF, NAN = np.inf, np.nan


@pytest.fixture(autouse=True)
def wide_types():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        yield


def pair(name):
    """Our function and PyTorch's."""
    import torch

    theirs = torch
    for part in name.split("."):
        theirs = getattr(theirs, part)
    return getattr(T, name.split(".")[-1]), theirs


POINTS = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 50.0, INF, -INF, NAN]
ELEMENTWISE = {
    "abs": {},
    "sign": {},
    "sgn": {},
    "angle": {},
    "rsqrt": {},
    "exp2": {},
    "logit": {},
    "i0": {},
    "special.ndtri": {},
    "lgamma": {},
    "clamp": {"min": -1.0, "max": 2.0},
    **{n: None for n in ("maximum", "minimum", "fmax", "fmin", "clamp_min", "clamp_max", "pow")},
    **{n: None for n in ("atan2", "hypot", "remainder", "fmod", "copysign", "float_power")},
    **{n: None for n in ("logaddexp", "logaddexp2", "xlogy", "special.xlog1py")},
}


@pytest.mark.parametrize("name", ELEMENTWISE)
@one_program()
def test_value_and_gradient_at_special_points(name):
    import torch

    ours, theirs = pair(name)
    kwargs = ELEMENTWISE[name]
    # PyTorch's slope of logit at -0 is inf in a short tensor and -inf in a long one.
    points = [p for p in POINTS if name != "logit" or p or not np.signbit(p)]
    grid = itertools.product(points, points) if kwargs is None else [(p,) for p in points]
    columns = torch.tensor(list(grid), dtype=torch.float64).unbind(1)
    for columns_of in (columns, [c[:0] for c in columns], [c[1] for c in columns]):
        args = [c.clone().requires_grad_() for c in columns_of]
        assert_as_torch(ours, theirs, args, kwargs)


VECTORS = {
    "tie": [1.0, 3.0, 3.0, 2.0],
    "all equal": [2.0, 2.0, 2.0, 2.0],
    "NaN": [1.0, NAN, 3.0, NAN],
    "infinities": [INF, 1.0, INF, -INF],
    "zeros": [0.0, -0.0, 0.0, 2.0],
    "one": [2.0],
}
OF_VECTORS = {
    **{
        f"vector_norm {p}": (lambda f, x, p=p: f("linalg.vector_norm")(x, p))
        for p in (0, 0.5, 1, 1.5, 2, 3, -1, INF, -INF)
    },
    "amax": lambda f, x: f("amax")(x),
    "amin": lambda f, x: f("amin")(x),
    "max": lambda f, x: f("max")(x),
    "min": lambda f, x: f("min")(x),
    "max of a row": lambda f, x: tuple(f("max")(x, 0)),
    "min of a row": lambda f, x: tuple(f("min")(x, 0)),
    "median": lambda f, x: f("median")(x),
    "nanmedian": lambda f, x: f("nanmedian")(x),
    "quantile": lambda f, x: f("quantile")(x, 0.3),
    "nanquantile": lambda f, x: f("nanquantile")(x, 0.7),
    "std": lambda f, x: f("std")(x),
    "var": lambda f, x: f("var")(x, correction=5),
    "sort": lambda f, x: tuple(f("sort")(x, descending=True, stable=True)),
    "cummax": lambda f, x: tuple(f("cummax")(x, 0)),
    "cummin": lambda f, x: tuple(f("cummin")(x, 0)),
}


@pytest.mark.parametrize("name", OF_VECTORS)
@one_program()
def test_reductions_at_special_points(name):
    import torch

    fn = OF_VECTORS[name]
    for values in VECTORS.values():
        x = torch.tensor(values, dtype=torch.float64, requires_grad=True)
        assert_as_torch(
            lambda x: fn(lambda n: pair(n)[0], x), lambda x: fn(lambda n: pair(n)[1], x), (x,)
        )


def test_topk_takes_others_of_equal_elements():
    import torch

    ours = T.topk(jnp.full(4, 2.0), 2)
    theirs = torch.topk(torch.full((4,), 2.0, dtype=torch.float64), 2)
    assert_same(ours.values, to_jax(theirs.values))
    assert ours.indices.tolist() == [0, 1] != theirs.indices.tolist()


def test_second_derivatives_where_pytorch_has_none():
    import torch

    x = torch.tensor([2.0], dtype=torch.float64, requires_grad=True)
    y = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    (by_x,) = torch.autograd.grad(torch.pow(x, y), x, create_graph=True)
    assert torch.autograd.grad(by_x, y)[0].item() == 0  # and is 1/x
    assert jax.grad(jax.grad(T.pow), 1)(2.0, 0.0) == 0.5
