import numpy as np
import pytest

from jaxgrad.study.distribution import band, goodness_of_fit, passed

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("samples", "distribution", "holds"),
    [
        (RNG.normal(2, 3, 5000), "stats.norm(2, 3)", True),
        (RNG.normal(2, 3, 5000), "stats.norm(2, 4)", False),
        (RNG.normal(2, 3, 5000), "stats.uniform(0, 1)", False),
        (RNG.normal([0, 5], [1, 2], (2500, 2)), "stats.norm([0, 5], [1, 2])", True),
        (RNG.normal([0, 5], [1, 2], (2500, 2)), "stats.norm([0, 5], [2, 1])", False),
        (RNG.choice(3, 5000, p=[0.2, 0.3, 0.5]), "[2, 3, 5]", True),
        (RNG.choice(3, 5000, p=[0.2, 0.3, 0.5]), "[3, 2, 5]", False),
        (np.array([0, 0, 2]), "[1, 0, 1]", True),
        (np.array([0, 1, 2]), "[1, 0, 1]", False),
        (np.array([0, 3]), "[1, 1]", False),
        (np.array([0, -1]), "[1, 1]", False),
        (np.array([0.0, 0.5]), "[1, 1]", False),
        (np.full(5000, 0.5), "stats.uniform(0, 1)", False),
        (np.array([np.nan] * 50), "stats.norm()", False),
    ],
)
def test_draws(samples, distribution, holds):
    assert passed(goodness_of_fit(samples, distribution)) is holds


def test_counts():
    test = goodness_of_fit(np.array([0, 2, 2, 2]), "[1, 0, 3]")
    assert test.counts == [1, 0, 3] and test.expected == [1.0, 0.0, 3.0] and test.pvalue == 1.0
    test = goodness_of_fit(RNG.uniform(size=400), "stats.uniform(0, 1)")
    assert sum(test.counts) == 400 and test.expected == [8.0] * 50 and test.continuous


def test_the_band_is_that_of_the_test():
    size = 5000
    for share, holds in ((0.9, True), (1.1, False)):
        missed = int(share * band(size) * size)  # so many draws too few in the lower half
        ranks = (np.arange(size) + 0.5) / size
        samples = np.where(np.arange(size) < missed, 0.999, ranks)
        assert passed(goodness_of_fit(samples, "stats.uniform(0, 1)")) is holds
