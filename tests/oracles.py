"""What a result is held against: a table of tolerances, exact distributions, finite differences."""

import jax
import numpy as np
from scipy import stats

ALARM = 1e-7
"""False-alarm probability of one statistical test; with fewer than 1,000 of them, 1e-4 in all."""

TOLERANCES = {"float64": 1e-12, "float32": 1.3e-6, "float16": 1e-3, "bfloat16": 1.6e-2}
"""Relative, by dtype; `torch.testing.assert_close`'s, but tighter in float64."""


def assert_same(actual, expected, rtol=None, atol=None):
    """Structure, then shape, then dtype, then value; absolutely, by default, as relatively."""
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    for a, e in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        a, e = np.asarray(a), np.asarray(e)
        assert a.shape == e.shape, f"shape {a.shape}, expected {e.shape}"
        assert a.dtype == e.dtype, f"dtype {a.dtype}, expected {e.dtype}"
        wide = complex if np.iscomplexobj(e) else float
        tolerance = TOLERANCES.get(str(e.dtype), 1e-6) if rtol is None else rtol
        absolute = tolerance if atol is None else atol
        np.testing.assert_allclose(a.astype(wide), e.astype(wide), rtol=tolerance, atol=absolute)


def assert_distributed(samples, distribution):
    """Continuous samples against the cumulative distribution function of a frozen distribution."""
    quantiles = np.ravel(distribution.cdf(np.asarray(samples, float)))
    pvalue = stats.kstest(quantiles, "uniform").pvalue
    assert pvalue > ALARM, f"p = {pvalue:.1e} over {quantiles.size} samples"


def assert_counted(samples, probabilities):
    """Samples among 0, 1, 2, … against their probabilities, by chi-square."""
    probabilities = np.asarray(probabilities, float) / np.sum(probabilities)
    samples = np.asarray(samples).ravel()
    counts = np.bincount(samples.astype(int), minlength=probabilities.size)
    possible = probabilities > 0
    assert counts.size == probabilities.size and not counts[~possible].any(), "an impossible draw"
    pvalue = stats.chisquare(counts[possible], probabilities[possible] * samples.size).pvalue
    assert pvalue > ALARM, f"p = {pvalue:.1e} over {samples.size} samples: {counts}"
