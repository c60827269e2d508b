"""rand, uniform, exponential, cauchy: their distributions, ends and tails."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import ALARM, TOLERANCES, assert_distributed, assert_same
from scipy import stats

from jaxgrad.random import _draws, cauchy, continuous, exponential, rand, uniform

DISTRIBUTIONS = {
    "rand": (lambda key, n, t: rand(key, n, dtype=t), stats.uniform()),
    "uniform": (lambda key, n, t: uniform(key, n, -0.5, 2.0, dtype=t), stats.uniform(-0.5, 2.5)),
    "exponential": (lambda key, n, t: exponential(key, n, 2.5, dtype=t), stats.expon(0, 0.4)),
    "cauchy": (lambda key, n, t: cauchy(key, n, 1.0, 3.0, dtype=t), stats.cauchy(1, 3)),
}


@pytest.mark.parametrize(("draw", "distribution"), DISTRIBUTIONS.values(), ids=DISTRIBUTIONS)
def test_distribution(draw, distribution, drawn, dtype):
    samples = drawn(lambda key, n: draw(key, n, None))
    assert samples.dtype == dtype
    assert_distributed(samples, distribution)


@pytest.mark.parametrize("narrow", ["bfloat16", "float16"])
@pytest.mark.parametrize(("draw", "distribution"), DISTRIBUTIONS.values(), ids=DISTRIBUTIONS)
def test_narrow_samples_are_rounded_once(draw, distribution, narrow):
    samples = draw(jax.random.key(3), 200_000, narrow)
    wide = draw(jax.random.key(3), 200_000, jnp.float32)
    assert samples.dtype == narrow
    assert np.unique(np.asarray(samples, float)).size > 1000
    assert_same(samples, wide.astype(narrow), rtol=TOLERANCES[narrow] / 2)
    assert_distributed(samples[:20_000], distribution)


class TestUniform:
    def test_b_never_comes(self, any_dtype):
        # Numbers of the dtype are so far apart here that most roundings reach b.
        base = {"bfloat16": 128.0, "float16": 1024.0, "float32": 2.0**23, "float64": 2.0**52}
        a = base[any_dtype]
        samples = uniform(jax.random.key(0), 1000, a, a + 1, dtype=any_dtype)
        assert bool(jnp.all(samples == a))

    @pytest.mark.parametrize(("a", "b"), [(-1.0, 0.0), (0.0, 1.0), (-3e-37, 0.0), (-1e30, -1e29)])
    def test_b_never_comes_anywhere(self, a, b):
        for kind in ("float32", "bfloat16"):
            a, b = jnp.array(a, kind), jnp.array(b, kind)
            samples = uniform(jax.random.key(0), 2**20, a, b, dtype=kind)
            assert bool(jnp.all((samples >= a) & (samples < b)))

    def test_an_empty_range_is_its_end(self, any_dtype):
        samples = uniform(jax.random.key(0), 3, 1.5, 1.5, dtype=any_dtype)
        assert_same(samples, jnp.full(3, 1.5, any_dtype))

    def test_the_whole_range(self):
        largest = float(jnp.finfo("float32").max)
        samples = uniform(jax.random.key(0), 20_000, 0.0, largest)
        assert_distributed(samples, stats.uniform(0, largest))


class TestExponential:
    @pytest.mark.parametrize("lambd", [1.0, 1e38])
    def test_is_never_zero(self, any_dtype, lambd, monkeypatch):
        lambd = min(lambd, float(jnp.finfo(any_dtype).max))
        words = jnp.array([0, 1, 2**31, 2**32 - 1], jnp.uint32)
        samples = exponential(jax.random.key(1), 10_000, lambd, dtype=any_dtype)
        monkeypatch.setattr(_draws, "words", lambda key, shape: (words, words))
        draw = continuous._exponential.__wrapped__  # jit would keep the patched program
        extreme, valid = draw(None, jnp.array(lambd, any_dtype), (4,), any_dtype)
        assert valid
        for drawn in (extreme, samples):
            assert drawn.dtype == any_dtype and bool(jnp.all(drawn > 0))

    def test_scales_by_the_rate(self, dtype):
        one = exponential(jax.random.key(2), 100)
        assert_same(exponential(jax.random.key(2), 100, 1e-20), one / jnp.array(1e-20, dtype))

    def test_an_infinite_rate(self, any_dtype):
        def draw(rate):
            return exponential(jax.random.key(2), 5, rate, dtype=any_dtype)

        for drawn in (draw(np.inf), draw(jnp.array(np.inf)), jax.jit(draw)(np.inf)):
            assert_same(drawn, jnp.zeros(5, any_dtype), 0)
        slope = jax.grad(lambda rate: draw(rate).sum().astype(float))(np.inf)
        assert float(slope) == 0

    def test_a_rate_beyond_float16(self):
        # PyTorch keeps it in float64: in float16 it would be infinite, and every sample 0.
        samples = exponential(jax.random.key(2), 1000, 1e5, dtype="float16")
        assert 0.9e-5 < float(samples.astype("float32").mean()) < 1.1e-5


class TestCauchy:
    def test_tails(self, dtype):
        # |x| > 10⁵ in 2 / π 10⁻⁵ of the samples: 27 in 2²² of them, as often on either side.
        samples = np.asarray(cauchy(jax.random.key(4), 2**22))
        far = samples[np.abs(samples) > 1e5]
        distribution = stats.cauchy()
        assert stats.binomtest(far.size, samples.size, 2 * distribution.sf(1e5)).pvalue > ALARM
        assert stats.binomtest(int((far > 0).sum()), far.size).pvalue > ALARM
        assert_distributed(1e5 / np.abs(far), stats.uniform())
        assert np.isfinite(samples).all()

    def test_extreme_words(self, dtype, monkeypatch):
        high = jnp.array([0, 1, 2**32 - 2, 2**32 - 1], jnp.uint32)
        monkeypatch.setattr(_draws, "words", lambda key, shape: (high, high))
        draw = continuous._cauchy.__wrapped__  # jit would keep the patched program
        samples = np.asarray(draw(None, 0.0, 0.5, (4,), dtype)[0])
        assert np.isfinite(samples).all()
        # tan(π/2 - ε) at the middle: within the rounding of π of the median
        assert samples[0] < -1e18 and samples[1] > 1e17
        assert np.abs(samples[2:]).max() < 1e-6


@pytest.mark.parametrize("draw", [d for d, _ in DISTRIBUTIONS.values()], ids=DISTRIBUTIONS)
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), ()], ids=str)
def test_empty_and_0d(draw, shape, any_dtype):
    samples = draw(jax.random.key(0), shape, any_dtype)
    assert samples.shape == shape and samples.dtype == any_dtype
    assert np.isfinite(np.asarray(samples, float)).all()


def test_parameters_may_be_integers_and_arrays():
    key = jax.random.key(5)
    plain = np.asarray(uniform(key, 3, -1.0, 2.0))
    for a, b in ((-1, 2), (np.int8(-1), np.float64(2)), (jnp.array(-1), jnp.array(2.0))):
        assert np.array_equal(uniform(jax.random.key(5), 3, a, b), plain)
