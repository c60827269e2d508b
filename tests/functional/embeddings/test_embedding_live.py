"""Lookups, padding, shuffles and distances of rows against a live PyTorch."""

import functools

import jax
import numpy as np
import pytest
import torch_oracle
from layer_oracle import assert_as_torch, hold_call, hold_samples, module_calls
from torch_oracle import assert_refuses, one_program

from jaxgrad import functional as F

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore"),  # PyTorch's test modules use what they deprecate
]
NAMES = (
    *("embedding", "embedding_bag", "one_hot", "pad", "pixel_shuffle", "pixel_unshuffle"),
    *("channel_shuffle", "pdist"),
)
DTYPES = ("float32", "float64", "bfloat16", "float16")
MOVES = ("pad", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle")
"""The functions that only move elements, and so take every dtype."""


@pytest.fixture(autouse=True)
def wide_types():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        yield


def looked_up(name):
    """Our function with the weight first, as the database's samples have it."""

    def call(weight, index, **options):
        return getattr(F, name)(index, weight, **options)

    return call


def dense(op, *args, **kwargs):
    """PyTorch's function with a dense gradient, as the one here is."""
    kwargs.pop("sparse", None)
    if "mode" in kwargs and kwargs.pop("scale_grad_by_freq", False):
        return by_frequency(*args, **kwargs)
    return op(*args, **kwargs)


def by_frequency(weight, index, padding_idx=None, max_norm=None, norm_type=2.0, **options):
    """The bags of PyTorch's embedding, with its gradient divided by the frequencies.

    Its embedding_bag divides by the frequencies of other indices, which is a row of the study.
    """
    import torch

    rows = torch.nn.functional.embedding(index, weight, padding_idx, max_norm, norm_type, True)
    scales = options.get("per_sample_weights")
    rows = rows if scales is None else rows * scales[..., None]
    counted = torch.ones_like(index)
    if padding_idx is not None:
        counted = (index != padding_idx % len(weight)).long()
    starts = options.get("offsets")
    if starts is not None:
        ends = [*starts.tolist()[1:], len(index)]
        parts = list(zip(starts.tolist(), ends, strict=True))
        bags, sizes = [rows[a:b] for a, b in parts], [counted[a:b] for a, b in parts]
    else:
        bags, sizes = rows, counted
    pairs = zip(bags, sizes, strict=True)
    sums = [((bag * size[:, None]).sum(0), size.sum().clamp(min=1)) for bag, size in pairs]
    return torch.stack([bag / size if options["mode"] == "mean" else bag for bag, size in sums])


@one_program()
def hold(name, dtype, share):
    if name in ("embedding", "embedding_bag"):
        return hold_lookups(name, dtype, share)
    return hold_samples(f"nn.functional.{name}", dtype, share)


def hold_lookups(name, dtype, share):
    """As `hold_samples`; most samples are left out there where a gradient is asked for."""
    import torch

    torch.manual_seed(0)
    (entry,) = torch_oracle.entries(f"nn.functional.{name}")
    found = list(entry.sample_inputs("cpu", getattr(torch, dtype), requires_grad=False))
    found = found[:: max(1, len(found) // share) if share else 1]
    for sample in found:
        scales = sample.kwargs.get("per_sample_weights")
        for moving in (sample.input, scales):
            moving is None or moving.requires_grad_()
        theirs = functools.partial(dense, entry.op)
        second = dtype == "float64" and entry.supports_gradgrad
        args = (sample.input, *sample.args)
        assert_as_torch(looked_up(name), theirs, args, sample.kwargs, second=second)
    return len(found)


def taken(name, dtype):
    """Whether PyTorch has samples of that dtype."""
    return dtype in DTYPES[:2] if name == "pdist" else name != "one_hot"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_samples(name, dtype):
    held = hold(name, dtype, 3)
    assert held or not taken(name, dtype)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_every_sample(name, dtype):
    held = hold(name, dtype, None)
    print(f"HELD {name} {dtype} {held}")
    assert held or not taken(name, dtype)


@pytest.mark.parametrize("dtype", ["int64", "bool", "uint8", "int8"])
@pytest.mark.parametrize("name", (*MOVES, "one_hot"))
def test_integer_samples(name, dtype):
    hold_others(name, dtype, requires_grad=False)


@pytest.mark.parametrize("name", MOVES)
def test_complex_samples(name):
    hold_others(name, "complex64", requires_grad=True)


@one_program()
def hold_others(name, dtype, requires_grad):
    import torch

    torch.manual_seed(0)
    of = getattr(torch, dtype)
    for entry in torch_oracle.entries(f"nn.functional.{name}"):
        if of not in entry.dtypes:
            continue
        found = list(entry.sample_inputs("cpu", of, requires_grad=requires_grad))
        for sample in found[::7]:
            args = (sample.input, *sample.args)
            torch_oracle.assert_as_torch(getattr(F, name), entry.op, args, sample.kwargs)


@pytest.mark.parametrize("name", NAMES)
def test_error_inputs(name):
    ours = looked_up(name) if name == "embedding" else getattr(F, name)
    for entry in torch_oracle.entries(f"nn.functional.{name}"):
        for error in entry.error_inputs("cpu") if entry.error_inputs_func else ():
            assert_refuses(ours, error.sample_input, f"^{name}: ")


PADDINGS = [
    f"{kind}Pad{axes}d"
    for axes in (1, 2, 3)
    for kind in ("Constant", "Reflection", "Replication", "Zero", "Circular")
]


@pytest.mark.parametrize("module", ["Embedding", *PADDINGS])
@one_program()
def test_modules(module):
    for call in module_calls(module, "float64", ("embedding", "pad")):
        hold_call(call, second=True)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("last", [False, True])
@one_program()
def test_bags_of_all_kinds(mode, last):
    import torch

    torch.manual_seed(0)
    weight = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    index = torch.tensor([4, 1, 1, 0, 2, 2, 1, 3])
    starts = torch.tensor([0, 0, 3, 3, 8] if last else [0, 2, 2, 5, 8])
    options = {"mode": mode, "include_last_offset": last}
    for padding in (None, 1, -3):
        given = options | {"padding_idx": padding}
        assert_as_torch(
            F.embedding_bag, torch.nn.functional.embedding_bag, (index, weight, starts), given
        )


@pytest.mark.parametrize("mode", ["max", "mean", "sum"])
@one_program()
def test_bags_with_ties_and_nan(mode):
    import torch

    nan, inf = np.nan, np.inf
    weight = torch.tensor(
        [[5.0, nan, 1.0, -inf], [5.0, 7.0, nan, -inf], [1.0, 7.0, 2.0, -inf]], dtype=torch.float64
    ).requires_grad_()
    index = torch.tensor([[0, 1, 2], [2, 1, 0], [1, 0, 2], [2, 2, 1]])
    theirs = torch.nn.functional.embedding_bag
    assert_as_torch(F.embedding_bag, theirs, (index, weight), {"mode": mode})
    flat = (index.reshape(-1), weight, torch.tensor([0, 3, 6, 9]))
    assert_as_torch(F.embedding_bag, theirs, flat, {"mode": mode})


@pytest.mark.parametrize("degree", [2.0, 1.0, 0.5, 3.0, 0.0, np.inf])
@one_program()
def test_norms(degree):
    import torch

    torch.manual_seed(0)
    weight = torch.randn(5, 3, dtype=torch.float64).mul(2).requires_grad_()
    index = torch.tensor([[4, 1], [1, 0]])
    options = {"max_norm": 1.0, "norm_type": degree, "padding_idx": 4}
    theirs = torch.nn.functional
    assert_as_torch(F.embedding, theirs.embedding, (index, weight), options, second=True)
    for mode in ("sum", "max"):
        given = options | {"mode": mode}
        assert_as_torch(F.embedding_bag, theirs.embedding_bag, (index, weight), given)


@pytest.mark.parametrize("p", [2.0, 0.0, 1.0, 0.5, 3.0, np.inf])
@one_program()
def test_distances_of_special_rows(p):
    import torch

    nan = np.nan
    rows = [[[0.0, 0.0, 1.0], [3.0, 3.0, 1.0], [0.0, 0.0, 1.0], [-3.0, 0.5, 4.0]]]
    rows += [[[0.0, 1.0], [2.0, 5.0], [nan, 1.0]]] * (p not in (0.5, np.inf))  # as pdist says
    for matrix in rows:
        x = torch.tensor(matrix, dtype=torch.float64, requires_grad=True)
        assert_as_torch(F.pdist, torch.nn.functional.pdist, (x, p))
