"""Pooling against a live PyTorch: its operator database, its error inputs, its modules."""

import functools

import jax
import layer_oracle
import pytest
import torch_oracle
from torch_oracle import one_program

from jaxgrad import functional

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore"),  # PyTorch's test modules use what they deprecate
]
FIXED = (
    *(f"{kind}_pool{n}d" for kind in ("avg", "max", "adaptive_avg", "adaptive_max") for n in "123"),
    *(f"max_unpool{n}d" for n in "123"),
)
FRACTIONAL = ("fractional_max_pool2d", "fractional_max_pool3d")
DTYPES = ("float32", "float64", "bfloat16", "float16")
MODULES = (
    *(f"{kind}Pool{n}d" for kind in ("Avg", "Max", "AdaptiveAvg", "AdaptiveMax") for n in "123"),
    *(f"LPPool{n}d" for n in "123"),
    *(f"FractionalMaxPool{n}d" for n in "23"),
)
NAMES = (*FIXED, *FRACTIONAL, *(f"lp_pool{n}d" for n in "123"))


@pytest.fixture(autouse=True)
def wide_types():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        yield


@one_program()
def hold(name, dtype, share):
    if name in FRACTIONAL:
        hold_fractional(name, dtype, share)
    else:
        layer_oracle.hold_samples(f"nn.functional.{name}", dtype, share)


def hold_fractional(name, dtype, share):
    """The samples, with the random numbers that PyTorch would draw."""
    import torch

    of = getattr(torch, dtype)
    (entry,) = torch_oracle.entries(f"nn.functional.{name}")
    theirs, ours = getattr(torch.nn.functional, name), getattr(functional, name)
    found = list(entry.sample_inputs("cpu", of, requires_grad=True))
    for sample in found[:: max(1, len(found) // share) if share else 1]:
        kwargs = sample.kwargs | {"_random_samples": drawn(name, sample.input)}
        layer_oracle.assert_as_torch(
            ours, theirs, (sample.input, *sample.args), kwargs, second=dtype == "float64"
        )


def drawn(name, input):
    """The random numbers for an image, or images."""
    import torch

    spatial = int(name[-2])
    batch = input.shape[0] if input.dim() == spatial + 2 else 1
    return torch.rand(batch, input.shape[-spatial - 1], spatial, dtype=input.dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FIXED + FRACTIONAL)
def test_samples(name, dtype):
    hold(name, dtype, share=3)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FIXED + FRACTIONAL)
def test_every_sample(name, dtype):
    hold(name, dtype, share=None)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in FIXED if n[:8] in ("avg_pool", "max_pool")])
def test_every_sample_of_integers(name):
    hold(name, "int64", share=None)


@pytest.mark.parametrize("name", FIXED)
def test_error_inputs(name):
    for entry in torch_oracle.entries(f"nn.functional.{name}"):
        for error in entry.error_inputs("cpu") if entry.error_inputs_func else ():
            ours = functools.partial(getattr(functional, name))
            torch_oracle.assert_refuses(ours, error.sample_input, f"^{name}: ")


@one_program()
def hold_module(module, dtype):
    for call in layer_oracle.module_calls(module, dtype, NAMES):
        name = call.name
        if name in FRACTIONAL and call.kwargs.get("_random_samples") is None:
            call.kwargs["_random_samples"] = drawn(name, call.args[0])
        layer_oracle.hold_call(call)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("module", MODULES)
def test_modules(module, dtype):
    hold_module(module, dtype)
