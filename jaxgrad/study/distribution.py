"""Tests the draws of a random answer against the exact distribution that its case states."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .answer import DistributionTest

BINS = 50
ALARM = 1e-6
"""A test whose p-value is below this has failed: the false-alarm probability of one test."""


def goodness_of_fit(samples: np.ndarray, distribution: str) -> DistributionTest:
    """Tests samples against the distribution of an expression.

    Probabilities are tested by chi-square over the categories. A draw outside the categories, or
    of a category with probability 0, gives the p-value 0. A frozen distribution is tested by
    Kolmogorov-Smirnov on its cumulative distribution function, which may differ from column to
    column.
    """
    from scipy import stats  # takes a second, and few answers are random

    exact = eval(distribution, {"np": np, "stats": stats})
    if hasattr(exact, "cdf"):
        quantiles = np.ravel(exact.cdf(samples.astype(float)))
        return _continuous(quantiles, stats.kstest(quantiles, "uniform").pvalue)
    probabilities = np.asarray(exact, float)
    return _discrete(samples.ravel(), probabilities / probabilities.sum(), stats.chisquare)


def passed(test: DistributionTest) -> bool:
    """Whether the draws may come from the exact distribution."""
    return test.pvalue >= ALARM


def band(size: float) -> float:
    """How far the share drawn below a point may be from the exact one: Kolmogorov-Smirnov."""
    return math.sqrt(math.log(2 / ALARM) / (2 * size))


def _continuous(quantiles: np.ndarray, pvalue: float) -> DistributionTest:
    counts = np.histogram(quantiles, BINS, (0, 1))[0].tolist()
    return DistributionTest(float(pvalue), counts, [quantiles.size / BINS] * BINS, continuous=True)


def _discrete(
    samples: np.ndarray, probabilities: np.ndarray, test: Callable[..., Any]
) -> DistributionTest:
    known = (samples >= 0) & (samples < probabilities.size) & (samples == np.floor(samples))
    counts = np.bincount(samples[known].astype(int), minlength=probabilities.size)
    expected = probabilities * samples.size
    possible = probabilities > 0
    if not known.all() or counts[~possible].any():
        pvalue = 0.0
    else:
        pvalue = float(test(counts[possible], expected[possible]).pvalue)
    return DistributionTest(pvalue, counts.tolist(), expected.tolist())
