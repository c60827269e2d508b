"""How far two outcomes are apart, in the words of a report."""

import numpy as np
import pytest

from jaxgrad.port.differences import Difference, largest_distance
from jaxgrad.port.pair import Outcome


def outcomes(*pairs):
    """The two outcomes of gradients a, b, …, each given as (expected, got)."""
    return (
        Outcome(
            grads={name: np.array(pair[side]) for name, pair in zip("abc", pairs, strict=False)}
        )
        for side in (0, 1)
    )


def test_a_gradient_that_is_only_rounding_is_not_far_away():
    pairs = [([2.0, 1.0], [2.0, 1.0]), ([1e-8, 0.0], [-2e-8, 0.0])]
    assert largest_distance(*outcomes(*pairs)).relative == pytest.approx(1.5e-8)


def test_a_small_gradient_that_is_none_counts_by_itself():
    pairs = [([2.0, 1.0], [2.0, 1.0]), ([1e-3], [2e-3])]
    assert largest_distance(*outcomes(*pairs)).relative == 0.5


def test_without_others_a_gradient_counts_by_itself():
    assert largest_distance(*outcomes(([1e-12], [2e-12]))).relative == 0.5
    assert largest_distance(*outcomes()).relative == 0


def test_what_is_left_of_terms_that_cancel_is_measured_by_them():
    expected = Outcome(grads={"a": np.array([1e-6, -2e-6], np.float32)})
    got = Outcome(grads={"a": np.array([-1e-6, 2e-6], np.float32)})
    distance = largest_distance(expected, got, Outcome(grads={"a": np.zeros(2)}))
    assert distance.relative == pytest.approx(2 * np.finfo(np.float32).eps)
    assert "or of the terms that cancel in it" in str(distance)


def test_a_tiny_difference_is_told():
    assert largest_distance(*outcomes(([1.0], [1 + 1e-15]))).relative == pytest.approx(
        1e-15, rel=0.2
    )


@pytest.mark.parametrize(("ulps", "told"), [(3.0, True), (9e18, False), (None, False)])
def test_only_a_small_number_of_ulps_is_told(ulps, told):
    difference = Difference("value", "output", (0,), 1.0, 2.0, 1, 1, 1.0, 0.5, ulps)
    assert ("3 ulps" in "".join(difference.details())) == told
