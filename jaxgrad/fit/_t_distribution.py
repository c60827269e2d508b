"""What a coefficient and its standard error say, by Student's t distribution."""

import math

from scipy import special


def inference(value: float, error: float, freedom: int) -> tuple[float, float, float, float]:
    """The t of a coefficient, its two-sided p-value, and the ends of its 95 % interval."""
    t = value / error if error else math.copysign(math.inf, value) if value else math.nan
    half = float(special.stdtrit(freedom, 0.975)) * error
    return t, p_value(t, freedom), value - half, value + half


def p_value(t: float, freedom: int) -> float:
    """The probability of a value at least as far from 0 as t."""
    if freedom == 1:  # Cauchy's distribution; scipy loses half of the digits near t = 0
        return 2 / math.pi * math.atan2(1, abs(t))
    return float(2 * special.stdtr(freedom, -abs(t)))
