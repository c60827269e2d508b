"""The distribution of a random answer, against the exact law its case states."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .answer import Law

BINS = 50
ALARM = 1e-6
"""A p-value below which a law counts as broken: the false-alarm probability of one test."""


def against(samples: np.ndarray, law: str) -> Law:
    """Tests samples against the law of an expression.

    Probabilities are tested by chi-square over the categories; a draw outside them, or of one with
    probability 0, gives the p-value 0. A frozen distribution is tested by Kolmogorov-Smirnov on
    its cumulative distribution function, which may differ from column to column.
    """
    from scipy import stats  # takes a second, and few answers are random

    exact = eval(law, {"np": np, "stats": stats})
    if hasattr(exact, "cdf"):
        quantiles = np.ravel(exact.cdf(samples.astype(float)))
        return _continuous(quantiles, stats.kstest(quantiles, "uniform").pvalue)
    probabilities = np.asarray(exact, float)
    return _discrete(samples.ravel(), probabilities / probabilities.sum(), stats.chisquare)


def kept(law: Law) -> bool:
    """Whether the law was not seen to be broken."""
    return law.pvalue >= ALARM


def _continuous(quantiles: np.ndarray, pvalue: float) -> Law:
    counts = np.histogram(quantiles, BINS, (0, 1))[0]
    return Law(float(pvalue), counts.tolist(), [quantiles.size / BINS] * BINS, continuous=True)


def band(size: float) -> float:
    """How far the share drawn below a point may be from the law's: the Kolmogorov-Smirnov test."""
    return math.sqrt(math.log(2 / ALARM) / (2 * size))


def _discrete(samples: np.ndarray, probabilities: np.ndarray, test: Callable[..., Any]) -> Law:
    known = (samples >= 0) & (samples < probabilities.size) & (samples == np.floor(samples))
    counts = np.bincount(samples[known].astype(int), minlength=probabilities.size)
    expected = probabilities * samples.size
    possible = probabilities > 0
    if not known.all() or counts[~possible].any():
        pvalue = 0.0
    else:
        pvalue = float(test(counts[possible], expected[possible]).pvalue)
    return Law(pvalue, counts.tolist(), expected.tolist())
