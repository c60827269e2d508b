"""The raw numbers: extreme words, both tails, no bias that 64 bits do not have."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import ALARM, TOLERANCES, assert_distributed
from scipy import stats

from jaxgrad.random import _draws

EXTREMES = np.array([0, 1, 2, 3, 2**31 - 1, 2**31, 2**31 + 1, 2**32 - 2, 2**32 - 1], np.uint32)
HIGH, LOW = (grid.ravel() for grid in np.meshgrid(EXTREMES, EXTREMES))
HALF = ((HIGH >> 1) + ((LOW >> 1) + 0.5) * 2.0**-31) * 2.0**-32
ABOVE = (HIGH & 1).astype(bool)


@pytest.fixture
def extreme(chosen_words):
    chosen_words(_draws, jnp.array(HIGH), jnp.array(LOW))


@pytest.mark.usefixtures("extreme")
class TestChosenWords:
    KEY, SHAPE = None, (HIGH.size,)

    def test_signed_half(self, dtype):
        above, half = _draws.signed_half(self.KEY, self.SHAPE, dtype)
        assert np.array_equal(above, ABOVE)
        assert half.dtype == dtype
        assert float(half.min()) > 0 and float(half.max()) <= 0.5
        np.testing.assert_allclose(half, HALF, rtol=TOLERANCES[dtype])

    def test_fine_uniform(self, dtype):
        uniform = _draws.fine_uniform(self.KEY, self.SHAPE, dtype)
        assert float(uniform.min()) > 0 and float(uniform.max()) <= 1
        np.testing.assert_allclose(uniform, 2 * HALF, rtol=TOLERANCES[dtype])

    @pytest.mark.parametrize("transform", [jax.jit, lambda f: f], ids=["jit", "eager"])
    def test_exponential(self, dtype, transform):
        # -log u for u = half, and for u = 1 - half, where half may be far below the precision of 1.
        expected = np.where(ABOVE, -np.log1p(-HALF), -np.log(HALF))
        samples = transform(lambda: _draws.exponential(self.KEY, self.SHAPE, dtype))()
        np.testing.assert_allclose(samples, expected, rtol=2 * TOLERANCES[dtype])
        assert 0 < float(samples.min()) < 2.0**-63
        assert 44 < float(samples.max()) < 46

    def test_gumbel(self, dtype):
        samples = _draws.gumbel(self.KEY, self.SHAPE, dtype)
        assert np.isfinite(samples).all()
        assert float(samples.max()) > 44 and float(samples.min()) < -3.7


@pytest.mark.thinned(8)
def test_uniform(drawn, dtype):
    samples = drawn(lambda key, n: _draws.fine_uniform(key, (n,), dtype))
    assert_distributed(samples, stats.uniform())


@pytest.mark.thinned(8)
def test_half_and_side_are_independent(drawn, dtype):
    def draw(key, n):
        return jnp.stack(_draws.signed_half(key, (n,), jnp.dtype(dtype))[::-1], -1)

    with jax.numpy_dtype_promotion("standard"):
        half, above = np.asarray(drawn(draw), float).T
    assert_distributed(half[above == 1], stats.uniform(0, 0.5))
    assert_distributed(half[above == 0], stats.uniform(0, 0.5))
    assert stats.binomtest(int(above.sum()), above.size).pvalue > ALARM


def test_gumbel_distribution(drawn, dtype):
    assert_distributed(drawn(lambda key, n: _draws.gumbel(key, (n,), dtype)), stats.gumbel_r())


@pytest.mark.nightly
def test_exponential_tails():
    # Of 2²² samples about 42 lie in each tail of 10⁻⁵; the smallest is resolved far below 2⁻²⁴.
    samples = np.asarray(_draws.exponential(jax.random.key(7), (2**22,), jnp.float32))
    for count in ((samples < 1e-5).sum(), (samples > 5 * np.log(10)).sum()):
        assert stats.binomtest(int(count), samples.size, 1e-5).pvalue > ALARM
    assert np.unique(samples[samples < 1e-5]).size == (samples < 1e-5).sum()
