"""Against a live PyTorch: its own operator database, and rules of dtypes and conventions."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import assert_same
from torch_oracle import assert_as_torch, entries, one_program, samples, to_jax

from jaxgrad import functional, random
from jaxgrad.autograd import backward
from jaxgrad.fit import linear

pytestmark = [
    pytest.mark.torch,
    # PyTorch's internal test modules warn of their own deprecations.
    pytest.mark.filterwarnings("ignore"),
]
DTYPES = ["float64", "float32", "bfloat16", "float16"]


@pytest.fixture(autouse=True)
def wide_types():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        yield


def raises(call):
    """The result's dtype by name, or "raises"."""
    try:
        return str(call().dtype).removeprefix("torch.")
    except (RuntimeError, TypeError, ValueError):
        return "raises"


@pytest.mark.parametrize("dtype", DTYPES)
@one_program()
def test_mse_loss_on_the_operator_database(dtype):
    import torch

    for sample in samples("nn.functional.mse_loss", dtype):
        assert_as_torch(
            functional.mse_loss,
            torch.nn.functional.mse_loss,
            (sample.input, *sample.args),
            sample.kwargs,
            second=True,
        )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_mse_loss_at_special_points(reduction, weighted):
    import torch

    special = [0.0, -0.0, 1.0, -1e-300, 1e300, np.inf, -np.inf, np.nan]
    pairs = torch.tensor(list(itertools.product(special, special)), dtype=torch.float64)
    x, y = pairs.unbind(1)
    w = torch.arange(64.0, dtype=torch.float64) if weighted else None
    for slices in (slice(0, 2), slice(0, 8), slice(None), slice(0, 0)):
        tensors = [t[slices].clone().requires_grad_() for t in (x, y)]
        weight = w[slices] if w is not None else None
        loss = torch.nn.functional.mse_loss(*tensors, reduction=reduction, weight=weight)
        loss.backward(torch.ones_like(loss))
        value, grads = backward(
            lambda x, y, w=weight: functional.mse_loss(
                x, y, reduction, None if w is None else to_jax(w)
            ),
            (0, 1),
        )(*map(to_jax, tensors), cotangent=jnp.ones(loss.shape))
        assert_same(value, to_jax(loss))
        assert_same(grads, tuple(to_jax(t.grad) for t in tensors))


def test_dtypes_of_mse_loss():
    import torch

    names = [*DTYPES, "int32", "uint8", "bool", "complex64"]
    for a, b in itertools.product(names, names):
        theirs = raises(
            lambda a=a, b=b: torch.nn.functional.mse_loss(
                torch.ones(2, dtype=getattr(torch, a)), torch.ones(2, dtype=getattr(torch, b))
            )
        )
        ours = raises(lambda a=a, b=b: functional.mse_loss(jnp.ones(2, a), jnp.ones(2, b)))
        assert ours == theirs, (a, b)


def test_dtypes_of_normal():
    import torch

    scalars = [0.5, 1]
    arrays = [*DTYPES, "int32", "bool"]
    for mean, std in itertools.product([*scalars, *arrays], [*scalars, *arrays]):
        if mean in scalars and std in scalars:
            continue  # PyTorch wants a size then

        def value(of, library):
            if of in scalars:
                return of
            return library.ones(2, dtype=getattr(library, of))

        theirs = raises(lambda m=mean, s=std, v=value: torch.normal(v(m, torch), v(s, torch)))
        ours = raises(
            lambda m=mean, s=std, v=value: random.normal(jax.random.key(0), v(m, jnp), v(s, jnp))
        )
        assert ours == theirs, (mean, std)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["normal", "bernoulli", "multinomial"])
def test_samplers_on_the_operator_database(name, dtype):
    import torch

    for sample in samples(name, dtype):
        kwargs = {k: v for k, v in sample.kwargs.items() if k not in ("device", "layout")}
        theirs = getattr(torch, name)(sample.input, *sample.args, **kwargs)
        arguments = [
            to_jax(a) if isinstance(a, torch.Tensor) else a for a in (sample.input, *sample.args)
        ]
        kwargs = {k: dtype if k == "dtype" else v for k, v in kwargs.items()}
        ours = getattr(random, name)(jax.random.key(0), *arguments, **kwargs)
        assert ours.shape == theirs.shape
        assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.")


def test_multinomial_refuses_what_the_operator_database_does():
    import torch

    (entry,) = entries("multinomial")
    refused = 0
    for error in entry.error_inputs("cpu"):
        sample = error.sample_input
        if "out" in sample.kwargs or "2^24" in error.error_regex:
            continue  # there is no out=, and more categories are allowed
        assert isinstance(sample.input, torch.Tensor)
        with pytest.raises((TypeError, ValueError), match="multinomial: "):
            random.multinomial(
                jax.random.key(0), to_jax(sample.input), *sample.args, **sample.kwargs
            )
        refused += 1
    assert refused >= 15


@pytest.mark.parametrize("name", ["normal", "uniform"])
def test_the_in_place_samplers_bounds(name):
    import torch

    for entry in entries(name):
        if entry.error_inputs_func is None:
            continue
        for error in entry.error_inputs("cpu"):
            sample = error.sample_input
            if not isinstance(sample.input, torch.Tensor):
                continue
            with pytest.raises(ValueError, match=f"{name}: "):
                if name == "uniform":
                    random.uniform(jax.random.key(0), tuple(sample.input.shape), *sample.args)
                else:
                    random.normal(jax.random.key(0), *sample.args, tuple(sample.input.shape))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_linear_on_the_operator_database(dtype):
    import torch

    for sample in samples("nn.functional.linear", dtype):
        if len(sample.args) != 2:
            continue
        weight, bias = sample.args
        theirs = torch.nn.functional.linear(sample.input, weight, bias)
        ours = linear({"weight": to_jax(weight), "bias": to_jax(bias)}, to_jax(sample.input))
        assert_same(ours, to_jax(theirs), rtol=1e-5 if dtype == "float32" else 1e-12)


FUNCTIONS = {
    "product": lambda x, y: x * y * x,
    "sum": lambda x, y: (x * x + y).sum(),
    "matmul": lambda x, y: x @ y.T,
    "quotient": lambda x, y: x / (y * y + 3),
    "tuple": lambda x, y: (x * y, x.sum()),
}


@pytest.mark.parametrize("dtype", ["float64", "float32", "complex128", "complex64"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_backward(name, dtype):
    import torch

    fn = FUNCTIONS[name]
    torch.manual_seed(0)
    x, y = (torch.randn(3, 4, dtype=getattr(torch, dtype), requires_grad=True) for _ in range(2))
    out = fn(x, y)
    outs = out if isinstance(out, tuple) else (out,)
    cotangents = tuple(torch.randn_like(o) for o in outs)
    for _ in range(2):  # .grad accumulates
        again = fn(x, y)
        torch.autograd.backward(again if isinstance(again, tuple) else (again,), cotangents)
    given = jax.tree.map(to_jax, cotangents if isinstance(out, tuple) else cotangents[0])
    run = backward(fn, (0, 1))
    value, grads = run(to_jax(x), to_jax(y), cotangent=given)
    _, grads = run(to_jax(x), to_jax(y), cotangent=given, grads=grads)
    rtol = 1e-5 if dtype in ("float32", "complex64") else 1e-12
    assert_same(value, jax.tree.map(to_jax, out), rtol)
    assert_same(grads, (to_jax(x.grad), to_jax(y.grad)), rtol)
