"""Attention against PyTorch's operator and module databases."""

import functools

import jax
import layer_oracle
import pytest
import torch_oracle
from torch_oracle import assert_refuses, one_program, to_jax

from jaxgrad import functional

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
NAMES = (
    "nn.functional.scaled_dot_product_attention",
    "nn.functional.multi_head_attention_forward",
)
DTYPES = ("float32", "float64", "bfloat16", "float16")
MODULES = (
    "MultiheadAttention",
    "TransformerEncoderLayer",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "Transformer",
)


@pytest.fixture(autouse=True)
def wide_types():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        yield


def without_dropout(fn):
    """The function where nothing is dropped: both draw from streams of their own."""

    @functools.wraps(fn)
    def call(*args, **kwargs):
        args = list(args)
        if "dropout_p" in kwargs:
            kwargs = kwargs | {"dropout_p": 0.0}
        elif fn.__name__ == "multi_head_attention_forward":
            args[10] = 0.0
        elif len(args) > 4:
            args[4] = 0.0
        return fn(*args, **kwargs)

    return call


def run(name, dtype, share):
    ours = without_dropout(getattr(functional, name.split(".")[-1]))

    def theirs(sample, op, *args, **kwargs):
        return without_dropout(getattr(__import__("torch").nn.functional, ours.__name__))(
            *args, **kwargs
        )

    with one_program():
        return layer_oracle.hold_samples(name, dtype, share, ours=ours, theirs=theirs)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_samples(name, dtype):
    assert run(name, dtype, share=3) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_every_sample(name, dtype):
    print(name, dtype, run(name, dtype, share=None))


@pytest.mark.parametrize("name", NAMES)
def test_error_inputs(name):
    count = 0
    for entry in torch_oracle.entries(name):
        for error in entry.error_inputs("cpu") if entry.error_inputs_func else ():
            ours = getattr(functional, name.split(".")[-1])
            assert_refuses(ours, error.sample_input, f"^{ours.__name__}: ")
            count += 1
    print(name, "refused", count)


def calls(module, dtype):
    found = layer_oracle.module_calls(module, dtype, {"multi_head_attention_forward"})
    return [(call.args, call.kwargs) for call in found]


@pytest.mark.parametrize("module", MODULES)
def test_modules(module):
    hold_modules(module, "float32", share=3)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("module", MODULES)
def test_every_module(module, dtype):
    print(module, dtype, hold_modules(module, dtype, share=None))


def hold_modules(module, dtype, share):
    import torch

    found = calls(module, dtype)
    ours = without_dropout(functional.multi_head_attention_forward)
    theirs = without_dropout(torch.nn.functional.multi_head_attention_forward)
    with one_program():
        for args, kwargs in found[:: max(1, len(found) // share) if share else 1]:
            layer_oracle.assert_as_torch(ours, theirs, args, kwargs)
    return len(found)


