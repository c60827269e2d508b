"""The samplers without PyTorch: shapes, dtypes, distributions and refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import assert_counted, assert_distributed
from scipy import stats

from jaxgrad import replay

STATE = replay.manual_seed(11)
N = 20_000
FLOATS = ["rand", "uniform", "randn", "exponential", "cauchy", "log_normal", "trunc_normal"]


@pytest.mark.parametrize("shape", [(), 3, (0,), [2, 0], (3, 5), (2, 2, 4)])
@pytest.mark.parametrize("name", FLOATS)
def test_shapes_and_dtypes(name, shape, any_dtype):
    values, state = getattr(replay, name)(STATE, shape, dtype=any_dtype)
    assert values.shape == np.empty(shape if shape != 3 else (3,)).shape
    assert values.dtype == any_dtype and isinstance(values, jax.Array)
    if values.size == 0:
        assert replay.get_state(state).tobytes() == replay.get_state(STATE).tobytes()


@pytest.mark.parametrize("wide", [False, True])
def test_default_dtypes(wide):
    with jax.enable_x64(wide):
        assert replay.rand(STATE, 3)[0].dtype == jnp.float32
        assert replay.normal(STATE, 0.0, 1.0, 3)[0].dtype == jnp.float32
        integer = jnp.int64 if wide else jnp.int32
        assert replay.randint(STATE, 9, 3)[0].dtype == integer
        assert replay.randperm(STATE, 3)[0].dtype == integer
        assert replay.multinomial(STATE, jnp.ones(3), 2)[0].dtype == integer


@pytest.mark.parametrize(
    ("name", "arguments", "distribution"),
    [
        ("rand", (N,), stats.uniform()),
        ("uniform", (N, -2.0, 3.0), stats.uniform(-2, 5)),
        ("randn", (N,), stats.norm()),
        ("normal", (0.5, 2.0, N), stats.norm(0.5, 2)),
        ("exponential", (N, 4.0), stats.expon(scale=0.25)),
        ("cauchy", (N, 1.0, 3.0), stats.cauchy(1, 3)),
        ("log_normal", (N, 0.2, 0.5), stats.lognorm(0.5, scale=np.exp(0.2))),
        ("trunc_normal", (N,), stats.truncnorm(-2, 2)),
        ("trunc_normal", (N, 0.0, 1.0, 1.5, 3.0), stats.truncnorm(1.5, 3)),
        ("trunc_normal", (N, 1.0, 2.0, 3.0, 9.0), stats.truncnorm(1, 4, 1, 2)),
    ],
)
def test_distributions(name, arguments, distribution):
    assert_distributed(getattr(replay, name)(STATE, *arguments)[0], distribution)


def test_distributions_of_integers():
    assert_counted(replay.randint(STATE, 7, (N,))[0], np.ones(7))
    assert_counted(replay.bernoulli(STATE, 0.3, N)[0], [0.7, 0.3])
    assert_counted(replay.bernoulli(STATE, jnp.full(N, 0.3))[0], [0.7, 0.3])
    weights = jnp.array([1.0, 0.0, 3.0, 2.0])
    assert_counted(replay.multinomial(STATE, weights, N, True)[0], weights.tolist())
    rows = jnp.broadcast_to(weights, (N, 4))
    assert_counted(replay.multinomial(STATE, rows, 1)[0], weights.tolist())
    counts = np.minimum(replay.geometric(STATE, N, 0.5)[0], 5) - 1
    assert_counted(counts, [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16])


def test_permutations_are_permutations():
    for n in (0, 1, 2, 1000):
        values, _ = replay.randperm(STATE, n)
        np.testing.assert_array_equal(np.sort(values), np.arange(n))
    drawn = replay.multinomial(STATE, jnp.arange(1.0, 10.0), 9)[0]
    np.testing.assert_array_equal(np.sort(drawn), np.arange(9))


def test_a_scalar_keeps_its_53_bits():
    """A Python number goes to float64 arithmetic as it is, not by way of float32."""
    ours = replay.exponential(STATE, 1000, 0.1)[0]
    rounded = replay.exponential(STATE, 1000, float(np.float32(0.1)))[0]
    assert (ours != rounded).any()


def test_extreme_values():
    assert np.isinf(replay.log_normal(STATE, 5, 1000.0, 1.0)[0]).all()
    assert (replay.exponential(STATE, 5, np.inf)[0] == 0).all()
    assert np.isnan(replay.normal(STATE, np.nan, 1.0, 40)[0]).all()
    np.testing.assert_array_equal(replay.trunc_normal(STATE, 3, a=2.0, b=2.0)[0], np.full(3, 2.0))
    np.testing.assert_array_equal(
        replay.trunc_normal(STATE, 3, a=-np.inf, b=np.inf)[0], replay.randn(STATE, 3)[0]
    )


ONES = np.ones(3, np.float32)


@pytest.mark.parametrize(
    ("name", "arguments", "error", "text"),
    [
        ("rand", (-1,), ValueError, "shape must be at least 0"),
        ("rand", (2**40,), ValueError, r"shape must be of at most 2\*\*31 elements"),
        ("rand", ((0, 2**40),), ValueError, r"shape must be of at most 2\*\*31 elements"),
        ("rand", (1.5,), TypeError, "shape must be a concrete integer"),
        ("uniform", (3, 1.0, 0.0), ValueError, r"\[a, b\) must be a finite range"),
        ("uniform", (3, -3e38, 3e38), ValueError, r"\[a, b\) must be a finite range"),
        ("uniform", (3, 0, 10**400), ValueError, "b must be in the range of float64"),
        ("uniform", (3, "0"), TypeError, "a must be an array"),
        ("normal", (0.0, 1.0), TypeError, "mean or std must be an array.*shape="),
        ("normal", (0.0, -1.0, 3), ValueError, "std must be at least 0"),
        ("normal", (ONES, -1.0), ValueError, "std must be at least 0"),
        ("normal", (0.0, -ONES), ValueError, "std must be at least 0"),
        ("normal", (ONES, np.ones((2, 2))), ValueError, "std must be of a shape that broadcasts"),
        ("normal", (ONES, 1.0, 3), TypeError, "mean must be a real scalar"),
        ("normal", (np.arange(3), 1.0), TypeError, "mean must be floating point"),
        ("normal", (0.0, 1j * ONES), TypeError, "std must be floating point"),
        ("normal", (ONES, 1j * ONES), TypeError, "std must be one of float32"),
        ("exponential", (3, 0.0), ValueError, "lambd must be above 0"),
        ("cauchy", (3, 0.0, 0.0), ValueError, "sigma must be above 0"),
        ("log_normal", (3, 0.0, np.nan), ValueError, "std must be above 0"),
        ("geometric", (3, 1.0), ValueError, r"p must be in \(0, 1\)"),
        ("trunc_normal", (3, 0.0, 0.0), ValueError, "std must be above 0"),
        ("trunc_normal", (3, np.inf), ValueError, "mean must be finite"),
        ("trunc_normal", (3, 0.0, np.inf), ValueError, "std must be finite"),
        ("trunc_normal", (3, 0.0, 1.0, 2.0, 1.0), ValueError, r"\[a, b\] must be in order"),
        ("trunc_normal", (3, 0.0, 1.0, 3.0, np.inf), ValueError, r"\[a, b\) must be a finite"),
        ("trunc_normal", (3, 0.0, 1.0, 3.0, 1e30), ValueError, r"\[a, b\] must be likely enough"),
        ("randint", (0, 3), ValueError, "low must be less than high"),
        ("randint", (5,), TypeError, "shape must be a concrete integer"),
        ("randint", (0, 2**40, 3), ValueError, "must be within int32.*jax_enable_x64"),
        ("randint", (0, 2**63, 3), ValueError, "high must be at most"),
        ("randint", (1.5, 3, 3), TypeError, "low must be a concrete integer"),
        ("randperm", (-1,), ValueError, "n must be at least 0"),
        ("randperm", (2**40,), ValueError, "n must be at most"),
        ("bernoulli", (0.5,), TypeError, "input must be an array.*shape="),
        ("bernoulli", (1.5, 3), ValueError, r"input must be in \[0, 1\]"),
        ("bernoulli", (np.nan * ONES,), ValueError, r"input must be in \[0, 1\]"),
        ("bernoulli", (np.arange(2),), TypeError, "input must be floating point"),
        ("multinomial", (ONES, 0), ValueError, "num_samples must be at least 1"),
        ("multinomial", (ONES, 4), ValueError, "num_samples must be at most the 3 categories"),
        ("multinomial", (ONES, 2**40, True), ValueError, "num_samples must be at most"),
        ("multinomial", (ONES[0], 1), ValueError, "input must be .categories,."),
        ("multinomial", (ONES[:0], 1, True), ValueError, "input must be .categories,."),
        ("multinomial", (-ONES, 1), ValueError, "input must be finite and at least 0"),
        ("multinomial", (np.nan * ONES, 2, True), ValueError, "input must be finite"),
        ("multinomial", (0 * ONES, 1), ValueError, "input must be positive somewhere"),
        ("multinomial", (ONES * [1, 0, 0], 3), ValueError, "a tie; PyTorch leaves it to chance"),
        ("multinomial", (ONES, 1, 1), TypeError, "replacement must be True or False"),
    ],
)
def test_refusals(name, arguments, error, text):
    with pytest.raises(error, match=f"{name}: .*{text}"):
        getattr(replay, name)(STATE, *arguments)


@pytest.mark.parametrize(
    ("name", "arguments", "dtype", "error", "text"),
    [
        ("rand", (3,), "float64", ValueError, "at most 32 bits, got float64.*jax_enable_x64"),
        ("rand", (3,), "int32", TypeError, "a floating point dtype"),
        ("randint", (9, 3), "int64", ValueError, "at most 32 bits, got int64.*jax_enable_x64"),
        ("randint", (9, 3), "complex64", TypeError, "an integer, floating point or truth dtype"),
        ("randint", (9, 3), "int4", TypeError, "an integer, floating point or truth dtype"),
        ("randn", (3,), "float8_e5m2", TypeError, "one of float32, float64, float16, bfloat16"),
        ("randint", (9, 3), "text", TypeError, "an integer, floating point or truth dtype"),
        ("normal", (ONES,), "float32", ValueError, "left out beside arrays"),
        ("bernoulli", (ONES,), "float32", ValueError, "left out beside an array"),
    ],
)
def test_refusals_of_dtypes(name, arguments, dtype, error, text):
    with pytest.raises(error, match=f"{name}: dtype must be .*{text}"):
        getattr(replay, name)(STATE, *arguments, dtype=dtype)


@pytest.mark.parametrize(
    ("name", "before", "argument"),
    [("uniform", (3,), "a"), ("normal", (0.0,), "mean and std"), ("exponential", (3,), "lambd")]
    + [("bernoulli", (), "input"), ("multinomial", (), "input"), ("geometric", (3,), "p")],
)
def test_traced_arguments_are_refused(name, before, argument):
    @jax.jit
    def traced(x):
        after = (2,) if name == "multinomial" else ()
        return getattr(replay, name)(STATE, *before, x, *after)[0]

    with pytest.raises(TypeError, match=f"{name}: {argument} must be concrete.*outside jit"):
        traced(jnp.ones(()))
