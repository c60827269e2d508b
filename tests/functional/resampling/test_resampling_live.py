"""Interpolation and grids against a live PyTorch: its database of operators, and its modules."""

import functools

import jax
import pytest
from layer_oracle import assert_as_torch, hold_call, hold_samples
from tiers import each
from torch_oracle import assert_refuses, entries, one_program

from jaxgrad import functional as F

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore"),  # PyTorch's test modules use what they deprecate
]
DTYPES = ("float32", "float64", "bfloat16", "float16")
NAMES = tuple(
    f"nn.functional.{name}"
    for name in ("interpolate", "upsample_bilinear", "upsample_nearest", "grid_sample")
)
MODES, PADDINGS = ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection")


@pytest.fixture(autouse=True)
def wide_types():
    """64-bit types, and dtypes promoted, as PyTorch has them."""
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        yield


def by_number(x, grid, mode, padding, align):
    """`grid_sample` with the numbers that the operators have for its options."""
    return F.grid_sample(x, grid, MODES[mode], PADDINGS[padding], align)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_samples(name, dtype):
    with one_program():
        assert hold_samples(name, dtype, share=3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["grid_sampler_2d", "grid_sampler_3d"])
def test_samples_of_operators(name, dtype):
    with one_program():
        assert hold_samples(name, dtype, share=3, ours=by_number)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [*NAMES, "grid_sampler_2d", "grid_sampler_3d"])
def test_all_samples(name, dtype):
    options = {"ours": by_number} if "sampler" in name else {}
    with one_program():
        print(name, dtype, hold_samples(name, dtype, **options))


@pytest.mark.parametrize("name", [*NAMES, "grid_sampler_2d", "grid_sampler_3d"])
def test_error_inputs(name):
    ours = by_number if "sampler" in name else getattr(F, name.split(".")[-1])
    for entry in entries(name):
        for error in entry.error_inputs("cpu") if entry.error_inputs_func else ():
            assert_refuses(ours, error.sample_input, "^grid_sample: |^" + ours.__name__ + ": ")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("mode", ["bilinear", "bicubic", "lanczos"])
def test_antialiased(mode, dtype):
    """The database has the operators of antialiasing alone, and not for all modes."""
    import torch

    generator = torch.Generator().manual_seed(1)
    with one_program():
        for sizes in ((3, 5), (20, 25), (10, 7), {"scale_factor": (1.7, 0.4)}):
            given = sizes if isinstance(sizes, dict) else {"size": sizes}
            x = torch.randn(2, 3, 10, 20, generator=generator, dtype=getattr(torch, dtype))
            options = given | {"mode": mode, "antialias": True}
            args = [x.requires_grad_()]
            theirs = functools.partial(torch.nn.functional.interpolate)
            assert_as_torch(F.interpolate, theirs, args, options, second=dtype == "float64")


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic", "lanczos"])
def test_bytes(mode):
    """Images of uint8, which PyTorch computes in integers: the same to the last bit."""
    import numpy as np
    import torch

    rng, cases = np.random.default_rng(0), {}
    for channels in (1, 3, 6):
        for sizes in ((7, 5), (3, 20)):
            for antialias in (False, True)[mode == "lanczos" : 1 + (mode[0] in "bl")]:
                cases[f"{channels} {sizes} {antialias}"] = (channels, sizes, antialias)

    def check(case):
        channels, size, antialias = case
        x = rng.integers(0, 256, (1, channels, 9, 11)).astype(np.uint8)
        options = {"size": size, "mode": mode, "antialias": antialias}
        theirs = torch.nn.functional.interpolate(torch.tensor(x), **options)
        np.testing.assert_array_equal(F.interpolate(x, **options), theirs.numpy())

    each(cases, check)


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic", "area"])
def test_upsample_module(mode):
    import torch
    from layer_oracle import calls_of

    layer = torch.nn.Upsample(scale_factor=1.5, mode=mode)
    x = torch.randn(2, 3, 4, 5, requires_grad=True)
    (call,) = calls_of(functools.partial(layer, x), ["interpolate"])
    hold_call(call)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("align", [False, True])
def test_affine_grid(align, dtype):
    import torch

    generator = torch.Generator().manual_seed(1)
    with one_program():
        for size in ((2, 1, 3, 4), (2, 1, 1, 5), (2, 3, 2, 3, 4)):
            axes = len(size) - 2
            shape = (2, axes, axes + 1)
            theta = torch.randn(shape, generator=generator, dtype=getattr(torch, dtype))
            theirs = torch.nn.functional.affine_grid
            args = [theta.requires_grad_(), size, align]
            assert_as_torch(F.affine_grid, theirs, args, second=dtype == "float64")
