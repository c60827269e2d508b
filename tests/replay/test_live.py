"""Against a live PyTorch: every value and every state to the bit."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgrad import replay

pytestmark = [
    pytest.mark.torch,
    # PyTorch warns where integers exceed what a float holds, and of rare truncated normals.
    pytest.mark.filterwarnings("ignore"),
]
SEEDS = range(20)
SIZES = [0, 1, 15, 16, 17, 1000]
DTYPES = ["float32", "float64", "bfloat16", "float16"]
FILLS = [
    ("rand", "uniform_", ()),
    ("uniform", "uniform_", (-0.3, 0.7)),
    ("uniform", "uniform_", (1e-3, 1.1e4)),
    ("randn", "normal_", ()),
    ("normal", "normal_", (0.3, 1.7)),
    ("exponential", "exponential_", (1.7,)),
    ("cauchy", "cauchy_", (0.3, 1.7)),
    ("log_normal", "log_normal_", (0.3, 0.7)),
    ("geometric", "geometric_", (0.2,)),
    ("bernoulli", "bernoulli_", (0.3,)),
    ("trunc_normal", "trunc_normal_", ()),
    ("trunc_normal", "trunc_normal_", (0.1, 0.5, 0.0, 2.0)),
    ("trunc_normal", "trunc_normal_", (0.1, 1.3, 1.0, 2.5)),
]


@pytest.fixture(autouse=True)
def wide_types():
    with jax.enable_x64(True):
        yield


def ours(name, state, shape, arguments, dtype):
    before = name in ("normal", "bernoulli")  # the shape comes last
    places = (*arguments, shape) if before else (shape, *arguments)
    return getattr(replay, name)(state, *places, dtype=dtype)


def theirs(method, shape, arguments, dtype, generator):
    import torch

    tensor = torch.empty(shape, dtype=getattr(torch, dtype))
    if method == "trunc_normal_":
        return torch.nn.init.trunc_normal_(tensor, *arguments, generator=generator)
    return getattr(tensor, method)(*arguments, generator=generator)


def to_jax(tensor):
    if str(tensor.dtype) == "torch.bfloat16":
        return jnp.asarray(tensor.float().numpy()).astype(jnp.bfloat16)
    return jnp.asarray(tensor.numpy())


def both(seed):
    import torch

    return replay.manual_seed(seed), torch.Generator().manual_seed(seed)


def assert_identical(values, tensor):
    expected = to_jax(tensor)
    assert values.shape == expected.shape and values.dtype == expected.dtype
    np.testing.assert_array_equal(values, expected)


def assert_same_state(state, generator):
    assert replay.get_state(state).tobytes() == generator.get_state().numpy().tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "method", "arguments"), FILLS)
def test_fills(name, method, arguments, dtype):
    for seed in SEEDS:
        state, generator = both(seed)
        for size in SIZES:  # one stream, so that a cached normal meets every size
            values, state = ours(name, state, size, arguments, dtype)
            assert_identical(values, theirs(method, size, arguments, dtype, generator))
            assert_same_state(state, generator)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "method", "arguments"), FILLS)
def test_a_million(name, method, arguments, dtype):
    state, generator = both(0)
    values, state = ours(name, state, 10**6, arguments, dtype)
    assert_identical(values, theirs(method, 10**6, arguments, dtype, generator))
    assert_same_state(state, generator)


@pytest.mark.parametrize("shape", [(), (3, 5), (4, 4), (2, 3, 7), (0, 3)])
@pytest.mark.parametrize(("name", "method", "arguments"), FILLS)
def test_shapes(name, method, arguments, shape):
    state, generator = both(1)
    values, state = ours(name, state, shape, arguments, "float32")
    assert_identical(values, theirs(method, shape, arguments, "float32", generator))
    assert_same_state(state, generator)


@pytest.mark.parametrize(
    ("mean", "std"),
    [*itertools.product(DTYPES, [*DTYPES, "int32", None]), *((None, std) for std in DTYPES)],
)
@pytest.mark.parametrize("size", [5, 40])
def test_normal_with_arrays(mean, std, size):
    import torch

    parameters = [
        scale if dtype is None else (torch.linspace(1, 9, size) * scale).to(getattr(torch, dtype))
        for dtype, scale in ((mean, 0.37), (std, 0.83))
    ]
    state, generator = both(2)
    arrays = [to_jax(x) if isinstance(x, torch.Tensor) else x for x in parameters]
    values, state = replay.normal(state, *arrays)
    assert_identical(values, torch.normal(*parameters, generator=generator))
    assert_same_state(state, generator)


RANGES = [(0, 10), (-5, 5), (0, 2**28 - 1), (0, 2**28), (-(2**40), 3), (-(2**63), 2**63 - 1)]


@pytest.mark.parametrize("bounds", RANGES)
def test_randint(bounds):
    import torch

    for seed in SEEDS:
        state, generator = both(seed)
        for size in [*SIZES, 10**5 if seed == 0 else 1]:
            values, state = replay.randint(state, *bounds, size)
            assert_identical(values, torch.randint(*bounds, (size,), generator=generator))
            assert_same_state(state, generator)


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [("bool", 0, 2), ("uint8", 0, 256), ("int8", -128, 128), ("int32", -(2**31), 2**31)]
    + [("uint8", 0, 257), ("bool", 0, 3), ("int32", 0, 2**33), ("float16", 0, 70000)]
    + [("float32", 0, 2**25 + 1), ("float32", -(2**30) - 7, 2**30 + 5), ("float16", 0, 65504)]
    + [("bfloat16", -77777, 2**40), ("bfloat16", 257, 259), ("float64", -(2**60), 2**62)],
)
def test_randint_dtypes(dtype, low, high):
    import torch

    state, generator = both(3)
    options = {"dtype": getattr(torch, dtype), "generator": generator}
    try:
        expected = torch.randint(low, high, (1000,), **options)
    except RuntimeError:
        with pytest.raises(ValueError, match="randint: "):
            replay.randint(state, low, high, 1000, dtype=dtype)
        return
    values, state = replay.randint(state, low, high, 1000, dtype=dtype)
    assert_identical(values, expected)
    assert_same_state(state, generator)


def test_randperm():
    import torch

    for seed in SEEDS:
        state, generator = both(seed)
        for size in [*SIZES, 10**5 if seed == 0 else 2]:
            values, state = replay.randperm(state, size)
            assert_identical(values, torch.randperm(size, generator=generator))
            assert_same_state(state, generator)


@pytest.mark.parametrize("dtype", DTYPES)
def test_bernoulli_with_an_array(dtype):
    import torch

    for seed in SEEDS:
        state, generator = both(seed)
        for size in SIZES:
            p = torch.linspace(0, 1, size).to(getattr(torch, dtype))
            values, state = replay.bernoulli(state, to_jax(p))
            assert_identical(values, torch.bernoulli(p, generator=generator))
            assert_same_state(state, generator)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize(("shape", "count"), [((7,), 1), ((7,), 3), ((5, 300), 4), ((1000,), 10)])
def test_multinomial(shape, count, replacement, dtype):
    import torch

    compared = 0
    for seed in SEEDS:
        state, generator = both(seed)
        weights = torch.rand(shape, generator=torch.Generator().manual_seed(99 + seed))
        weights = weights.to(getattr(torch, dtype))
        try:
            values, state = replay.multinomial(state, to_jax(weights), count, replacement)
        except ValueError as error:
            assert "a tie" in str(error) and dtype in ("float16", "bfloat16")
            continue
        compared += 1
        expected = torch.multinomial(weights, count, replacement, generator=generator)
        assert_identical(values, expected)
        assert_same_state(state, generator)
    assert compared == len(SEEDS) or (compared > 5 and not replacement)


@pytest.mark.parametrize("seed", [0, 1, -1, 2**31, 2**32, 2**32 + 5, 2**64 - 1, -(2**63)])
def test_seeds(seed):
    import torch

    state, generator = both(seed)
    assert_same_state(state, generator)
    values, state = replay.rand(state, 700)
    assert_identical(values, torch.rand(700, generator=generator))
    assert_same_state(state, generator)


def test_a_stream_changes_hands():
    import torch

    for seed in SEEDS:
        generator = torch.Generator().manual_seed(seed)
        torch.rand(seed * 97, generator=generator)
        torch.randn(3, generator=generator)  # a second normal is waiting now
        state = replay.set_state(generator.get_state())
        for kind in ("randn", "rand", "randn"):
            values, state = getattr(replay, kind)(state, 3)
            assert_identical(values, getattr(torch, kind)(3, generator=generator))
        other = torch.Generator()
        other.set_state(torch.from_numpy(replay.get_state(state)))
        np.testing.assert_array_equal(
            torch.randn(5, generator=other).numpy(), torch.randn(5, generator=generator).numpy()
        )


def test_what_pytorch_refuses_is_refused():
    import torch

    zeros = torch.zeros(3)
    calls = [
        ("uniform", "uniform_", (1.0, 0.0)),
        ("uniform", "uniform_", (0.0, np.inf)),
        ("uniform", "uniform_", (np.nan, 1.0)),
        ("uniform", "uniform_", (-3e38, 3e38)),
        ("normal", "normal_", (0.0, -1.0)),
        ("normal", "normal_", (0.0, np.nan)),
        ("exponential", "exponential_", (0.0,)),
        ("exponential", "exponential_", (np.nan,)),
        ("bernoulli", "bernoulli_", (1.5,)),
        ("bernoulli", "bernoulli_", (np.nan,)),
        ("cauchy", "cauchy_", (0.0, 0.0)),
        ("log_normal", "log_normal_", (0.0, 0.0)),
        ("geometric", "geometric_", (1.0,)),
        ("geometric", "geometric_", (0.0,)),
    ]
    for name, method, arguments in calls:
        for size in (3, 0):
            with pytest.raises(RuntimeError):
                getattr(zeros[:size].clone(), method)(*arguments)
            with pytest.raises(ValueError, match=f"{name}: "):
                ours(name, replay.manual_seed(0), size, arguments, "float32")


@pytest.mark.parametrize(
    ("name", "method", "arguments"),
    [("normal", "normal_", (np.nan, 1.0)), ("normal", "normal_", (0.0, np.inf))]
    + [("normal", "normal_", (2.0, 0.0)), ("uniform", "uniform_", (2.0, 2.0))]
    + [("exponential", "exponential_", (np.inf,)), ("log_normal", "log_normal_", (1000.0, 1.0))]
    + [("cauchy", "cauchy_", (np.inf, 1.0)), ("bernoulli", "bernoulli_", (0.0,))]
    + [("bernoulli", "bernoulli_", (1.0,)), ("geometric", "geometric_", (1e-300,))],
)
@pytest.mark.parametrize("size", [3, 40])
def test_extreme_parameters(name, method, arguments, size):
    state, generator = both(4)
    values, state = ours(name, state, size, arguments, "float32")
    assert_identical(values, theirs(method, size, arguments, "float32", generator))
    assert_same_state(state, generator)
