import math

import numpy as np
import pytest
from scipy import integrate

from jaxgrad.fit._t_distribution import inference, p_value

CLOSED = {
    1: lambda t: 2 / math.pi * math.atan2(1, t),
    2: lambda t: 2 / (math.hypot(t, math.sqrt(2)) * (math.hypot(t, math.sqrt(2)) + t)),
    3: lambda t: 2 / math.pi * (math.atan2(math.sqrt(3), t) - math.sqrt(3) * t / (3 + t * t)),
}
"""The two-sided tail in closed form."""


@pytest.mark.parametrize("freedom", CLOSED)
@pytest.mark.parametrize("t", [0.0, 1e-8, 1e-3, 0.1, 0.5, 1, 2, 5])
def test_p_is_the_closed_form(freedom, t):
    np.testing.assert_allclose(p_value(t, freedom), CLOSED[freedom](t), rtol=1e-13)
    assert p_value(-t, freedom) == p_value(t, freedom)


@pytest.mark.parametrize("freedom", [1, 2])
@pytest.mark.parametrize("t", [30.0, 1e3, 1e8])
def test_a_small_p_keeps_its_digits(freedom, t):
    np.testing.assert_allclose(p_value(t, freedom), CLOSED[freedom](t), rtol=1e-13)


@pytest.mark.parametrize("freedom", [4, 10, 999, 1999, 2001, 10**5, 10**7])
def test_p_is_the_integral_of_the_density(freedom):
    level = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)
    if freedom > 1000:  # the difference of the logarithms would lose digits
        level = 0.5 * math.log(freedom / 2) - 1 / (4 * freedom) + 1 / (24 * freedom**3)
    scale = 2 * math.exp(level) / math.sqrt(freedom * math.pi)

    def density(x):
        return scale * math.exp(-(freedom + 1) / 2 * math.log1p(x * x / freedom))

    for t in (0.1, 0.5, 1, 2, 4):
        between = integrate.quad(density, 0, t, epsabs=1e-14, epsrel=1e-13)[0]
        np.testing.assert_allclose(1 - p_value(t, freedom), between, rtol=1e-11)
    _, _, low, high = inference(0.0, 1.0, freedom)
    between = integrate.quad(density, 0, high, epsabs=1e-14, epsrel=1e-13)[0]
    np.testing.assert_allclose([between, -low], [0.95, high], rtol=1e-11)


def test_quantiles_of_tables():
    assert inference(0.0, 1.0, 1)[3] == pytest.approx(math.tan(0.475 * math.pi), rel=1e-11)
    assert inference(0.0, 1.0, 2)[3] == pytest.approx(0.95 * math.sqrt(2 / 0.0975), rel=1e-11)


def test_the_ends():
    assert p_value(0.0, 5) == 1 and p_value(np.inf, 5) == 0 and np.isnan(p_value(np.nan, 5))
    assert p_value(np.inf, 1) == 0 and np.isnan(p_value(np.nan, 1))
    assert p_value(1e-8, 1) == pytest.approx(1 - 2e-8 / np.pi, abs=1e-16)
    assert inference(3.0, 0.0, 5) == (np.inf, 0.0, 3.0, 3.0)
    assert np.isnan(inference(0.0, 0.0, 5)[0])
