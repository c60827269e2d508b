"""Every function against PyTorch's operator database: samples spread over it, or (slow) all."""

import functools

import jax
import jax.numpy as jnp
import pytest
import torch_oracle
from known_digits import ABSOLUTE, DIGITS, IN_FLOAT64
from oracles import assert_same
from torch_oracle import assert_as_torch, assert_refuses, one_program

from jaxgrad import functional, tensor

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore"),  # PyTorch's test modules use what they deprecate
]
ACTIVATIONS = (
    *("relu", "relu6", "leaky_relu", "prelu", "elu", "celu", "selu", "gelu", "silu", "mish"),
    *("hardtanh", "hardsigmoid", "hardswish", "hardshrink", "softshrink", "tanhshrink"),
    *("threshold", "softplus", "softsign", "logsigmoid", "glu", "softmin", "normalize"),
)
LOSSES = (
    *("l1_loss", "smooth_l1_loss", "huber_loss", "poisson_nll_loss", "gaussian_nll_loss"),
    *("margin_ranking_loss", "hinge_embedding_loss", "soft_margin_loss", "multi_margin_loss"),
    *("multilabel_margin_loss", "multilabel_soft_margin_loss", "cosine_similarity"),
    *("pairwise_distance", "cosine_embedding_loss", "triplet_margin_loss", "mse_loss"),
    *("triplet_margin_with_distance_loss", "cross_entropy", "nll_loss", "kl_div", "ctc_loss"),
    *("binary_cross_entropy", "binary_cross_entropy_with_logits", "linear_cross_entropy"),
)
TENSORS = (
    *("abs", "sign", "sgn", "copysign", "angle", "atan2", "clamp", "clamp_min", "clamp_max"),
    *("maximum", "minimum", "fmax", "fmin", "pow", "float_power", "rsqrt", "exp2", "hypot"),
    *("remainder", "fmod", "floor_divide", "logaddexp", "logaddexp2", "logcumsumexp", "xlogy"),
    *("special.xlog1py", "logit", "lgamma", "digamma", "polygamma", "i0", "special.i1"),
    *("special.ndtri", "linalg.vector_norm", "norm", "cdist", "amax", "amin", "max", "min"),
    *(
        "var",
        "std",
        "var_mean",
        "std_mean",
        "sort",
        "topk",
        "median",
        "nanmedian",
        "quantile",
        "nanquantile",
    ),
    *("cummax", "cummin", "sigmoid", "tanh", "softmax", "log_softmax"),
)
NAMES = (*(f"nn.functional.{name}" for name in ACTIVATIONS + LOSSES), *TENSORS)

FLOATING = {
    *(
        "elu",
        "celu",
        "selu",
        "gelu",
        "silu",
        "mish",
        "leaky_relu",
        "prelu",
        "hardsigmoid",
        "hardswish",
    ),
    *("hardshrink", "softshrink", "softplus", "logsigmoid", "glu", "normalize", "l1_loss"),
    *("smooth_l1_loss", "huber_loss", "gaussian_nll_loss", "hinge_embedding_loss", "mse_loss"),
    *("soft_margin_loss", "multi_margin_loss", "multilabel_margin_loss", "cosine_similarity"),
    *("multilabel_soft_margin_loss", "cross_entropy", "nll_loss", "kl_div", "ctc_loss"),
    *("binary_cross_entropy", "binary_cross_entropy_with_logits", "linear_cross_entropy"),
    *("hypot", "logaddexp", "logaddexp2", "logcumsumexp", "vector_norm", "norm", "cdist"),
    *("var", "std", "var_mean", "std_mean", "quantile", "nanquantile"),
}
"""The functions of which PyTorch's database has no integers."""
WRAPPING = (
    *("softmin", "margin_ranking_loss", "pairwise_distance", "triplet_margin_loss"),
    "triplet_margin_with_distance_loss",
)
"""Of unsigned integers PyTorch's differences wrap around."""


@pytest.fixture(autouse=True)
def wide_types():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        yield


def ours(name, *args, **kwargs):
    """Our function of that name, on what a sample of the database gives PyTorch's."""
    kwargs.pop("inplace", None)
    if name == "polygamma":  # a method of the array there
        args = args[::-1]
    if "dtype" in kwargs:
        kwargs["dtype"] = str(kwargs["dtype"]).removeprefix("torch.")
    if kwargs.get("distance_function") is not None:
        kwargs["distance_function"] = functional.pairwise_distance
    if "options" in kwargs:
        kwargs["chunk_size"] = getattr(kwargs.pop("options"), "batch_chunk_size", None)
    room = functional if name.split(".")[-1] in functional.__all__ else tensor
    return getattr(room, name.split(".")[-1])(*args, **kwargs)


def drawn(name, dtype):
    """The samples of a dtype, each with PyTorch's function and whether it has a double backward."""
    import torch

    of = getattr(torch, dtype)
    for entry in torch_oracle.entries(name):
        if of not in entry.dtypes or entry.variant_test_name == "in_place":
            continue
        backward = entry.supports_autograd and of in entry.backward_dtypes and not whole(dtype)
        for sample in entry.sample_inputs("cpu", of, requires_grad=backward):
            yield entry.op, sample, dtype in ("float64", "complex128") and twice(entry)


def whole(dtype):
    """Whether its numbers are integers or truth values."""
    return dtype == "bool" or "int" in dtype


def twice(entry):
    """Whether PyTorch has a double backward, and a right one."""
    if entry.name == "nn.functional.linear_cross_entropy":
        return not entry.variant_test_name  # in chunks it is 0, a row of the study
    return entry.supports_gradgrad and entry.name != "nn.functional.ctc_loss"  # it raises


@one_program()
def run(name, dtype, share):
    import torch

    torch.manual_seed(0)
    found = list(drawn(name, dtype))
    for theirs, sample, second in found[:: max(1, len(found) // share) if share else 1]:
        fn, narrow = functools.partial(ours, name), dtype in ("bfloat16", "float16")
        if narrow and name == "nn.functional.poisson_nll_loss":
            sample.args[0].requires_grad_(False)  # for a target of 0, a row of the study
        if narrow and sample.kwargs.get("distance_function") is not None:
            for tensor in (sample.input, *sample.args):
                tensor.requires_grad_(False)  # each distance rounds, before its slopes are added
        if (narrow or whole(dtype)) and name in ("sort", "topk"):
            if narrow:  # which of equal elements comes first is open
                sample.input.requires_grad_(False)
            fn, theirs = (functools.partial(values, f) for f in (fn, theirs))
        if narrow and name == "nn.functional.linear_cross_entropy":
            theirs = functools.partial(unchunked, theirs)
        if widens_input(name, sample):
            assert_refuses(fn, sample, "gaussian_nll_loss: target must be of input's shape")
            continue
        assert_as_torch(
            fn,
            theirs,
            (sample.input, *sample.args),
            sample.kwargs,
            rtol=DIGITS.get((name.split(".")[-1], dtype)),
            atol=ABSOLUTE.get((name, dtype), 1e-12 if dtype == "float64" else 1e-5),
            second=second,
            once=narrow
            or (dtype in ("float32", "complex64") and name.split(".")[-1] in IN_FLOAT64),
        )


def values(function, *args, **kwargs):
    return function(*args, **kwargs)[0]


def unchunked(function, *args, **kwargs):
    """PyTorch adds up in chunks in float32, and refuses that for the oracle's float64."""
    if args[0].element_size() == 8:
        kwargs.pop("options", None)
    return function(*args, **kwargs)


def widens_input(name, sample):
    """Whether the target has other dimensions than the input, which jaxgrad refuses."""
    target = sample.args[0] if sample.args else None
    if name != "nn.functional.gaussian_nll_loss" or not target.dim():
        return False
    pairs = zip(target.shape, sample.input.shape, strict=False)
    return target.dim() != sample.input.dim() or sum(a != b for a, b in pairs) > 1


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
@pytest.mark.parametrize("name", NAMES)
def test_samples(name, dtype):
    run(name, dtype, share=3)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "float16"])
@pytest.mark.parametrize("name", NAMES)
def test_every_sample(name, dtype):
    run(name, dtype, share=None)


COMPLEX = (
    *(f"nn.functional.{name}" for name in ("silu", "tanhshrink", "softsign", "softmin")),
    *(f"nn.functional.{name}" for name in ("normalize", "l1_loss", "pairwise_distance")),
    *("nn.functional.triplet_margin_loss", "nn.functional.triplet_margin_with_distance_loss"),
    *("abs", "sgn", "angle", "pow", "float_power", "rsqrt", "exp2", "logaddexp", "logcumsumexp"),
    *(
        "linalg.vector_norm",
        "norm",
        "var",
        "std",
        "var_mean",
        "std_mean",
        "sigmoid",
        "tanh",
        "softmax",
        "log_softmax",
    ),
)
WHOLE = [name for name in NAMES if name.split(".")[-1] not in FLOATING]


@pytest.mark.parametrize("name", WHOLE)
def test_integer_samples(name):
    assert any(True for _ in drawn(name, "int64"))
    for dtype in ("int64", "bool"):
        run(name, dtype, share=3)


@pytest.mark.parametrize("dtype", ["complex128", "complex64"])
@pytest.mark.parametrize("name", COMPLEX)
def test_complex_samples(name, dtype):
    assert any(True for _ in drawn(name, dtype))
    run(name, dtype, share=6)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["complex128", "complex64"])
@pytest.mark.parametrize("name", COMPLEX)
def test_every_complex_sample(name, dtype):
    run(name, dtype, share=None)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["int64", "int32", "int16", "int8", "uint8", "bool"])
@pytest.mark.parametrize("name", WHOLE)
def test_every_integer_sample(name, dtype):
    if dtype != "uint8" or name.split(".")[-1] not in WRAPPING:
        run(name, dtype, share=None)


@pytest.mark.parametrize(
    "call",
    [
        lambda of, x: of.pow(x, 0.5),
        lambda of, x: of.pow(x, 2.0),
        lambda of, x: of.pow(2.5, x),
        lambda of, x: of.remainder(x, 0.7),
        lambda of, x: of.fmod(x, 0.7),
        lambda of, x: of.floor_divide(x, 0.7),
        lambda of, x: of.clamp(x, 0.5, 2),
        lambda of, x: of.xlogy(x, 0.5),
        lambda of, x: of.copysign(x, -0.5),
        lambda of, x: of.float_power(x, 0.5),
    ],
)
def test_integers_beside_a_python_float(call):
    import torch

    x = torch.tensor([1, 2, 3, 127])
    assert_same(call(tensor, jnp.asarray(x.numpy())), torch_oracle.to_jax(call(torch, x)), 2e-7)
    jitted = jax.jit(lambda x: call(tensor, x))(jnp.asarray(x.numpy()))
    assert_same(jitted, torch_oracle.to_jax(call(torch, x)), 2e-7)


@pytest.mark.parametrize("name", NAMES)
def test_error_inputs(name):
    for entry in torch_oracle.entries(name):
        for error in entry.error_inputs("cpu") if entry.error_inputs_func else ():
            if not is_taken(name, error):
                # A distance_function that is given words its own errors.
                match = f"^({name.split('.')[-1]}|pairwise_distance): "
                assert_refuses(functools.partial(ours, name), error.sample_input, match)


def is_taken(name, error):
    """Whether jaxgrad has no such argument, or takes it: Python numbers, as JAX does."""
    sample = error.sample_input
    operands = (sample.input, *sample.args)
    numbers = any(isinstance(operand, (int, float)) for operand in operands)
    return (numbers and name in TENSORS and not error.error_regex) or (
        "out" in sample.kwargs or getattr(sample.input, "ndim", 0) > 32
    )
