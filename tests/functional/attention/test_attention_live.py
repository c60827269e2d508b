"""Attention against PyTorch's operator and module databases."""

import contextlib
import functools

import jax
import layer_oracle
import pytest
from torch_oracle import one_program

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


BY_CHANCE = 4
"""A sample has a few rows, with scores that both sides round. Which is nearer to float64 is chance
in one sample; `test_rounding` has enough rows for a factor of 2."""


LAYER = 8
"""The samples of the layer have three queries: PyTorch's own error is at times below a rounding, by
luck. `test_rounding_of_the_layer` has enough of them for a factor of 2."""


@pytest.fixture(autouse=True)
def wide_types():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        yield


def ordinary(fn):
    """The function where nothing is dropped, of queries and keys that do not saturate the softmax.

    Both sides draw from streams of their own. The samples have scores near 100, and 1e4 in
    `multi_head_attention_forward`; a gradient is then the rounded difference of equal numbers.
    """
    is_layer = fn.__name__ == "multi_head_attention_forward"

    @functools.wraps(fn)
    def call(query, key, *args, **kwargs):
        args = list(args)
        if is_layer:
            args[8] = 0.0
            query, key = (query / 64, key / 64) if args[1] == 2 else (query, key)  # the sample
        else:
            query, key = query / 4, key / 4
        return fn(query, key, *args, **kwargs | ({} if is_layer else {"dropout_p": 0.0}))

    return call


def theirs_of(name, second=False):
    """PyTorch's function; its fused kernel has no second derivative."""
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel

    fn = ordinary(getattr(torch.nn.functional, name))

    def call(*args, **kwargs):
        with sdpa_kernel(SDPBackend.MATH) if second else contextlib.nullcontext():
            return fn(*args, **kwargs)

    return call


def run(name, dtype, share):
    short = name.split(".")[-1]
    fn = theirs_of(short, second=dtype == "float64")
    with one_program():
        return layer_oracle.hold_samples(
            name,
            dtype,
            share,
            ours=ordinary(getattr(functional, short)),
            theirs=lambda sample, op, *args, **kwargs: fn(*args, **kwargs),
            factor=LAYER if "head" in name else BY_CHANCE,
        )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_samples(name, dtype):
    assert run(name, dtype, share=3) >= 1


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_every_sample(name, dtype):
    print(name, dtype, run(name, dtype, share=None))


def calls(module, dtype):
    found = layer_oracle.module_calls(module, dtype, {"multi_head_attention_forward"})
    return [(call.args, call.kwargs) for call in found]


@pytest.mark.parametrize("module", MODULES[:2])
def test_modules(module):
    hold_modules(module, "float32", share=3)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("module", MODULES)
def test_every_module(module, dtype):
    print(module, dtype, hold_modules(module, dtype, share=None))


TERMS = 4
"""So many times the cotangent are the terms of a derivative, which cancel where weights are sharp.

The gradient of a projection then has elements of 14, and that of the queries none above 0.6.
"""


def hold_modules(module, dtype, share):
    found = calls(module, dtype)
    ours = ordinary(functional.multi_head_attention_forward)
    theirs = theirs_of("multi_head_attention_forward")
    with one_program():
        for args, kwargs in found[:: max(1, len(found) // share) if share else 1]:
            layer_oracle.assert_as_torch(ours, theirs, args, kwargs, factor=LAYER, cancel=TERMS)
    return len(found)


@pytest.mark.parametrize("dtype", DTYPES)
def test_rounding(dtype):
    import torch

    torch.manual_seed(0)
    of = getattr(torch, dtype)

    def normal(*shape):
        return (3 * torch.randn(*shape)).to(of).requires_grad_()

    arrays = [normal(2, 4, 64, 16), normal(2, 4, 48, 16), normal(2, 4, 48, 16)]
    mask = torch.rand(64, 48) > 0.3
    mask[3] = False
    ours = ordinary(functional.scaled_dot_product_attention)
    theirs = theirs_of(ours.__name__, second=dtype == "float64")
    with one_program():
        for options in ({}, {"is_causal": True}, {"attn_mask": mask}):
            layer_oracle.assert_as_torch(ours, theirs, arrays, options, second=dtype == "float64")


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_rounding_of_the_layer(dtype):
    import torch

    torch.manual_seed(0)
    of = getattr(torch, dtype)

    def normal(*shape, scale=1.0):
        return (scale * torch.randn(*shape)).to(of).requires_grad_()

    x, packed, out = normal(32, 4, 32), normal(96, 32, scale=0.2), normal(32, 32, scale=0.2)
    args = [x, x, x, 32, 4, packed, normal(96), None, None, False, 0.0, out, normal(32)]
    ours = functional.multi_head_attention_forward
    theirs = torch.nn.functional.multi_head_attention_forward
    layer_oracle.assert_as_torch(ours, theirs, args)
