"""The norms against PyTorch: its operator and module databases, and what it writes in place."""

import functools

import jax
import jax.numpy as jnp
import layer_oracle
import pytest
import torch_oracle
from tiers import each

from jaxgrad import functional as F

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore"),  # PyTorch's test modules use what they deprecate
]
NAMES = ("batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm")
NAMES += ("local_response_norm",)
DTYPES = ["float32", "float64", "bfloat16", "float16"]


@pytest.fixture(autouse=True)
def wide_types():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        yield


def ours(name, input, *args, **kwargs):
    """Our function of that name. An input of shape (0,), without channels, is refused."""
    call = functools.partial(getattr(F, name), input, *args, **kwargs)
    if name == "batch_norm" and input.shape == (0,):
        with pytest.raises(ValueError, match=r"^batch_norm: input must be of shape \(N, C, ...\)"):
            call()
        return input
    return call()


@torch_oracle.one_program()
def hold(name, dtype, share):
    fn = functools.partial(ours, name)
    options = {"ours": fn, "cancel": 1.0}
    assert layer_oracle.hold_samples(f"nn.functional.{name}", dtype, share, **options)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_samples(name, dtype):
    hold(name, dtype, share=3)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_every_sample(name, dtype):
    hold(name, dtype, share=None)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_samples(dtype):
    import torch

    torch.manual_seed(0)
    for entry in torch_oracle.entries("nn.functional.rms_norm"):
        for sample in entry.sample_inputs("cpu", getattr(torch, dtype), requires_grad=True):
            args, twice = (sample.input, *sample.args), dtype == "complex128"
            torch_oracle.assert_as_torch(
                F.rms_norm, entry.op, args, sample.kwargs, second=twice, atol=1e-5
            )


@pytest.mark.parametrize("name", ["group_norm", "rms_norm"])
def test_error_inputs(name):
    count = 0
    for entry in torch_oracle.entries(f"nn.functional.{name}"):
        for error in entry.error_inputs("cpu"):
            torch_oracle.assert_refuses(getattr(F, name), error.sample_input, f"^{name}: ")
            count += 1
    assert count


MODULES = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "InstanceNorm1d", "InstanceNorm2d")
MODULES += ("InstanceNorm3d", "LayerNorm", "GroupNorm", "RMSNorm", "LocalResponseNorm")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("module", MODULES)
@torch_oracle.one_program()
def test_modules(module, dtype):
    for call in layer_oracle.module_calls(module, dtype, NAMES):
        # The derivative in a weight adds up 128 terms, and PyTorch does that in float64.
        layer_oracle.hold_call(call, cancel=64.0)


def statistics(name, x, mean, variance, **options):
    """The running statistics that PyTorch's function of that name writes."""
    import torch

    mean, variance = (torch.tensor(a).to(x.dtype) for a in (mean, variance))
    always = {"training": True} if name == "batch_norm" else {}
    getattr(torch.nn.functional, name)(x, mean, variance, **always, **options)
    return mean, variance


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["batch_norm", "instance_norm"])
def test_running_stats(name, dtype):
    import torch

    torch.manual_seed(0)

    def check(case):
        shape, momentum, shift = case
        x = (torch.randn(shape, dtype=torch.float64) * 3 + shift).to(getattr(torch, dtype))
        mean, variance = (torch.rand(shape[1], dtype=torch.float64).numpy() for _ in range(2))
        wanted = statistics(name, x, mean, variance, momentum=momentum)
        exact = statistics(name, x.double(), mean, variance, momentum=momentum)
        kind = jnp.dtype(dtype)
        given = (torch_oracle.to_jax(x), jnp.asarray(mean, kind), jnp.asarray(variance, kind))
        got = F.running_stats(*given, momentum, per_instance=name == "instance_norm")
        layer_oracle.assert_no_worse(got, torch_oracle.to_jax(wanted), torch_oracle.to_jax(exact))

    shapes = [(2, 3, 4), (4, 2, 3, 3), (2, 1, 50), (3, 2, 0)]
    shapes += [(5, 3), (0, 2, 3)] if name == "batch_norm" else []
    cases = [(shape, m, shift) for shape in shapes for m, shift in ((0.1, 0.0), (1.0, 1000.0))]
    each({str(case): case for case in cases}, check)
