import numpy as np
import pytest
from scipy import stats

from jaxgrad.fit._student import beyond, inferred, quantile


@pytest.mark.parametrize("freedom", [1, 2, 3, 10, 999, 1999, 2001, 10**5])
def test_it_is_students_law(freedom):
    for t in (1e-3, 0.1, 0.5, 1, 1.5, 2, 5, 30, 1e3):
        expected = 2 * stats.t.sf(t, freedom)
        if expected > 1e-290:
            np.testing.assert_allclose(beyond(t, freedom), expected, rtol=1e-10)
    np.testing.assert_allclose(quantile(freedom), stats.t.ppf(0.975, freedom), rtol=1e-11)


def test_the_ends():
    assert beyond(0.0, 5) == 1 and beyond(np.inf, 5) == 0 and np.isnan(beyond(np.nan, 5))
    assert beyond(1e-8, 1) == pytest.approx(1 - 2e-8 / np.pi, abs=1e-16)
    assert inferred(3.0, 0.0, 5) == (np.inf, 0.0, 3.0, 3.0)
    assert np.isnan(inferred(0.0, 0.0, 5)[0])
