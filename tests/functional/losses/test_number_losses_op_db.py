"""Losses of numbers, margins and distances on PyTorch's own operator database."""

import functools

import jax
import pytest
from torch_oracle import assert_as_torch, assert_refuses, entries, samples

from jaxgrad import functional

pytestmark = [
    pytest.mark.torch,
    # PyTorch's internal test modules warn of their own deprecations.
    pytest.mark.filterwarnings("ignore"),
]

NAMES = [
    *("l1_loss", "smooth_l1_loss", "huber_loss", "poisson_nll_loss", "gaussian_nll_loss"),
    *("margin_ranking_loss", "hinge_embedding_loss", "soft_margin_loss", "multi_margin_loss"),
    *("multilabel_margin_loss", "multilabel_soft_margin_loss", "cosine_similarity"),
    *("pairwise_distance", "cosine_embedding_loss", "triplet_margin_loss"),
    "triplet_margin_with_distance_loss",
]
ONCE = ("multi_margin_loss", "multilabel_margin_loss")
"""PyTorch has no double backward of these, and no bfloat16 on the CPU."""


@pytest.fixture(autouse=True)
def wide_types():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        yield


def ours(name, *arguments, **options):
    """jaxgrad's function; a distance of PyTorch's becomes jaxgrad's."""
    if options.get("distance_function") is not None:
        options["distance_function"] = functional.pairwise_distance
    return getattr(functional, name)(*arguments, **options)


def theirs(name, *arguments, **options):
    import torch

    return getattr(torch.nn.functional, name)(*arguments, **options)


def theirs_in_float32(name, *arguments, **options):
    """PyTorch rounds bfloat16 after each of its steps; jaxgrad computes in float32, rounds once."""
    import torch

    def widened(value):
        return value.float() if isinstance(value, torch.Tensor) else value

    options = {key: widened(value) for key, value in options.items()}
    return theirs(name, *map(widened, arguments), **options).to(arguments[0].dtype)


def widens_input(name, sample):
    """Whether the target has other dimensions than the input, which jaxgrad refuses."""
    target = sample.args[0]
    if name != "gaussian_nll_loss" or not target.dim():
        return False
    pairs = zip(target.shape, sample.input.shape, strict=False)
    return target.dim() != sample.input.dim() or sum(a != b for a, b in pairs) > 1


@pytest.mark.parametrize("name", NAMES)
def test_operator_database(name):
    import torch

    torch.manual_seed(0)
    fn, reference = functools.partial(ours, name), functools.partial(theirs, name)
    for number, sample in enumerate(samples(f"nn.functional.{name}", "float64")):
        arguments = (sample.input, *sample.args)
        if widens_input(name, sample):
            assert_refuses(fn, sample, f"{name}: target must be of input's shape")
            continue
        # 324 samples of gaussian_nll_loss and 72 of poisson_nll_loss: every ninth.
        if number > 24 and number % 9:
            continue
        second = number < 8 and name not in ONCE
        assert_as_torch(fn, reference, arguments, sample.kwargs, second=second)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", NAMES)
def test_operator_database_in_narrow_types(name, dtype):
    import torch

    if dtype == "bfloat16" and name in ONCE:
        return
    torch.manual_seed(0)
    of = theirs if dtype == "float32" else theirs_in_float32
    for number, sample in enumerate(samples(f"nn.functional.{name}", dtype)):
        if (number > 6 and number % 29) or widens_input(name, sample):
            continue
        assert_as_torch(
            functools.partial(ours, name),
            functools.partial(of, name),
            (sample.input, *sample.args),
            sample.kwargs,
        )


@pytest.mark.parametrize("name", NAMES)
def test_refusals_of_the_operator_database(name):
    for entry in entries(f"nn.functional.{name}"):
        if entry.error_inputs_func is None:
            continue
        for error in entry.error_inputs("cpu"):
            # A distance_function that is given words its own errors.
            prefix = f"^({name}|pairwise_distance): "
            assert_refuses(functools.partial(ours, name), error.sample_input, prefix)
