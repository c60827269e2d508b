"""poisson and binomial: their distributions, the places of their jumps, and extreme parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import ALARM, assert_counted, assert_same
from scipy import stats

from jaxgrad.random import binomial, counts, poisson

pytestmark = pytest.mark.thinned(8)

RATES = [0.0, 1e-3, 3.0, 9.99, 10.0, 12.5, 50.0, 1000.0]
TRIALS = [(0.0, 0.5), (7.0, 0.0), (7.0, 1.0), (1.0, 0.3), (20.0, 0.3), (20.0, 0.9), (40.0, 0.5)]
TRIALS += [(100.0, 0.1), (1000.0, 0.02), (1e6, 0.3), (1e6, 0.999), (2.0**24, 1e-7), (2.0**24, 0.5)]


def assert_distribution(samples, distribution):
    """Chi-square over some thirty cells of about equal probability, or each number on its own."""
    samples = np.asarray(samples, float)
    assert (samples == np.floor(samples)).all()
    quantiles = distribution.ppf(np.linspace(0, 1, 32)[1:-1])
    edges = np.unique(quantiles)
    probabilities = np.diff([0.0, *distribution.cdf(edges), 1.0])
    cells = np.searchsorted(edges, samples, side="left")
    keep = probabilities * samples.size > 5
    # What is rarer than that in all is counted on its own.
    rare = int((~keep[cells]).sum())
    assert stats.binom.sf(rare - 1, samples.size, probabilities[~keep].sum()) > ALARM
    if keep.sum() > 1:
        observed = np.bincount(cells, minlength=keep.size)[keep]
        expected = probabilities[keep] / probabilities[keep].sum() * observed.sum()
        pvalue = stats.chisquare(observed, expected).pvalue
        assert pvalue > ALARM, f"p = {pvalue:.1e}"


class TestPoisson:
    def test_distribution(self, drawn, dtype):
        # all rates in one array, so that both methods run beside one another
        rates = jnp.array(RATES, dtype)
        samples = drawn(lambda key, n: poisson(key, jnp.broadcast_to(rates, (n, len(RATES)))))
        assert samples.dtype == dtype
        for column, rate in zip(np.asarray(samples).T, np.asarray(rates, float), strict=True):
            if rate:
                assert_distribution(column, stats.poisson(rate))
            else:
                assert not column.any()

    @pytest.mark.slow
    @pytest.mark.parametrize("rate", [10, 10.5, 12.5, 15, 20, 30, 50, 100, 300, 1000, 1e5])
    def test_where_the_jumps_are(self, rate, dtype):
        rate = float(np.array(rate, dtype))
        k = np.unique(np.round(rate + np.sqrt(rate) * np.linspace(-6, 6.5, 400)))
        k = k[k >= 1]
        normal = counts._deviate(jnp.array(k, dtype), jnp.full(k.size, rate, dtype))
        z = np.asarray(normal, float)
        below = stats.norm.cdf(z) - stats.poisson.cdf(k - 1, rate)
        above = stats.poisson.sf(k - 1, rate) - stats.norm.sf(z)
        step = np.minimum(stats.poisson.pmf(k - 1, rate), stats.poisson.pmf(k, rate))
        error = np.abs(np.where(z < 0, below, above)) / step
        rounding = 12 * np.sqrt(rate) * float(jnp.finfo(dtype).eps)
        assert error[np.abs(z) < 5].max() < 5e-5 + rounding
        assert error.max() < 2e-2 + rounding

    @pytest.mark.parametrize("rate", [1e-3, 3.0, 9.99, 10.0, 12.5, 50.0, 1000.0])
    @pytest.mark.parametrize("above", [False, True])
    def test_is_the_inverse_of_the_distribution(self, rate, above):
        half = np.exp2(-np.linspace(1, 60, 2000))
        with jax.enable_x64(True):
            method = counts._few_poisson if rate < 10 else counts._many_poisson
            arguments = jnp.full(half.size, above), jnp.array(half), jnp.full(half.size, rate)
            samples = np.asarray(method(*arguments))
        upper = above if rate >= 10 else not above
        k = np.arange(int(rate + 20 * np.sqrt(rate) + 40))
        if upper:
            expected = (stats.poisson.sf(k, rate) > half[:, None]).sum(1)
        else:
            expected = (stats.poisson.cdf(k, rate) < half[:, None]).sum(1)
        # Some of the 2,000 points lie next to a step, most of those in the far tails.
        assert np.abs(samples - expected).max() <= 1
        assert (samples != expected)[half > 1e-9].sum() <= 2

    def test_mixtures_of_sizes(self):
        rates = jnp.array([0.0, 1e-30, 5.0, 1e4, 1e10, 1e30, 3e38])
        samples = np.asarray(poisson(jax.random.key(0), rates), float)
        assert samples[:2].tolist() == [0, 0]
        spread = np.abs(samples - np.asarray(rates, float)) / np.sqrt(np.maximum(rates, 1))
        rounding = np.asarray(rates, float) * 2.0**-23
        assert (spread[2:] < 6 + rounding[2:] / np.sqrt(rates[2:])).all()

    @pytest.mark.parametrize("narrow", ["bfloat16", "float16"])
    def test_narrow(self, narrow):
        samples = poisson(jax.random.key(1), jnp.full(20_000, 4.0, narrow))
        assert samples.dtype == narrow
        assert_distribution(samples, stats.poisson(4))

    def test_empty_and_0d(self, any_dtype):
        empty = jnp.zeros((0, 3), any_dtype)
        assert_same(poisson(jax.random.key(0), empty), empty)
        assert poisson(jax.random.key(0), jnp.array(30.0, any_dtype)).shape == ()


class TestBinomial:
    def test_distribution(self, drawn, dtype):
        n, p = jnp.array(TRIALS, dtype).T
        shape = len(TRIALS)

        def draw(key, m):
            return binomial(key, jnp.broadcast_to(n, (m, shape)), jnp.broadcast_to(p, (m, shape)))

        samples = drawn(draw)
        assert samples.dtype == dtype
        columns = zip(np.asarray(samples).T, np.asarray(n), np.asarray(p, float), strict=True)
        for column, count, prob in columns:
            if count and 0 < prob < 1:
                assert_distribution(column, stats.binom(int(count), prob))
            else:
                assert (column == count * prob).all()

    @pytest.mark.nightly
    @pytest.mark.parametrize(("n", "p"), [(2.0**23, 0.5), (2.0**24, 0.5), (2.0**24, 0.3)])
    def test_odd_numbers_come_as_often(self, n, p):
        samples = np.asarray(binomial(jax.random.key(1), jnp.full(40_000, n), p))
        assert_counted(samples % 2, [1, 1])
        with jax.enable_x64(True):
            many = np.asarray(binomial(jax.random.key(2), jnp.full(40_000, n * 2.0**29), p))
        assert_counted(many % 2, [1, 1])

    @pytest.mark.parametrize(("n", "p"), [(40, 0.25), (1000, 0.02), (1e6, 0.5), (2**24, 0.3)])
    def test_probabilities(self, n, p, dtype):
        p = float(np.array(p, dtype))
        k = np.arange(*stats.binom.ppf([1e-6, 1 - 1e-6], n, p), dtype=dtype)
        ours = counts._binomial_probability(jnp.array(k), jnp.array(n, dtype), jnp.array(p, dtype))
        # Limits of Stirling's series (1e-11) and of the rounding of offsets from the mean.
        rtol = 3e-5 if dtype == "float32" else 1e-10
        np.testing.assert_allclose(ours, stats.binom.pmf(k.astype(float), n, p), rtol=rtol)

    @pytest.mark.parametrize("n", [1e30, 5e37, 1e38, 3e38])
    def test_huge_counts_end(self, n):
        samples = binomial(jax.random.key(3), jnp.full(100, n), jnp.array(0.25))
        np.testing.assert_allclose(samples, n / 4, rtol=1e-6)

    @pytest.mark.parametrize("narrow", ["bfloat16", "float16"])
    def test_narrow(self, narrow):
        samples = binomial(jax.random.key(4), jnp.full(20_000, 40.0, narrow), 0.5)
        assert samples.dtype == narrow
        assert_distribution(samples, stats.binom(40, 0.5))

    def test_the_first_proposal_never_reaches_an_end(self, dtype, monkeypatch):
        words = jnp.array([0, 1, 511, 2**31, 2**32 - 512, 2**32 - 1], jnp.uint32)
        monkeypatch.setattr(counts, "words", lambda key, shape: (words, words))
        monkeypatch.setattr(counts._draws, "words", lambda key, shape: (words, words))
        positive, room, v = counts._proposal(jax.random.key(0), (6,), jnp.dtype(dtype))
        assert (room > 0).all() and (room <= 0.5).all() and (v > 0).all() and (v <= 1).all()
        assert len(set(positive.tolist())) == 2

    @pytest.mark.parametrize("shapes", [((), (3,)), ((2, 1), (1, 3)), ((0,), ()), ((), ())])
    def test_shapes(self, shapes, any_dtype):
        n, p = (
            jnp.full(shape, value, any_dtype) for shape, value in zip(shapes, (9, 0.5), strict=True)
        )
        samples = binomial(jax.random.key(0), n, p)
        assert samples.shape == np.broadcast_shapes(*shapes) and samples.dtype == any_dtype
