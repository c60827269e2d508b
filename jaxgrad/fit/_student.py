"""What a coefficient and its standard error say, by Student's law."""

import math

_SMALL, _EXACT, _TURNS = 1e-300, 1e-15, 100_000


def inferred(value: float, error: float, freedom: int) -> tuple[float, float, float, float]:
    """The t of a coefficient, its two-sided p, and the ends of its 95 % interval."""
    t = value / error if error else math.copysign(math.inf, value) if value else math.nan
    half = quantile(freedom) * error
    return t, beyond(t, freedom), value - half, value + half


def beyond(t: float, freedom: int) -> float:
    """The probability of a value farther from 0 than t: I(ν/(ν + t²); ν/2, 1/2).

    Source: https://dlmf.nist.gov/8.17
    """
    if not math.isfinite(t):
        return math.nan if math.isnan(t) else 0.0
    a, b = freedom / 2, 0.5
    x, rest = freedom / (freedom + t * t), t * t / (freedom + t * t)
    if x < (a + 1) / (a + b + 2):
        return _power(x, rest, a) / a * _fraction(x, a, b)
    return 1 - _power(x, rest, a) / b * _fraction(rest, b, a)


def quantile(freedom: int) -> float:
    """The t that 5 % are beyond, by Newton's iteration from below."""
    t, step = 1.9599639845400536, 1.0
    while step > 1e-13 * t:
        step = (beyond(t, freedom) - 0.05) / (2 * _density(t, freedom))
        t += step
    return t


def _density(t: float, freedom: int) -> float:
    tail = -(freedom + 1) / 2 * math.log1p(t * t / freedom)
    return math.exp(_ratio(freedom / 2) + tail) / math.sqrt(freedom * math.pi)


def _power(x: float, rest: float, a: float) -> float:
    """The value xᵃ √rest Γ(a + ½) / (Γ(a) √π), with x + rest = 1."""
    if not rest or not x:
        return 0.0
    log = math.log1p(-rest) if rest < 0.5 else math.log(x)
    return math.exp(a * log + 0.5 * math.log(rest) + _ratio(a)) / math.sqrt(math.pi)


def _ratio(a: float) -> float:
    """The value log Γ(a + ½) - log Γ(a)."""
    if a < 1000:
        return math.lgamma(a + 0.5) - math.lgamma(a)
    return 0.5 * math.log(a) - 1 / (8 * a) + 1 / (192 * a**3)


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction 1/(1 + d₁/(1 + d₂/…)) of the incomplete beta function, by Lentz."""
    value = above = 1.0
    below, place, change = 0.0, 0, 0.0
    while abs(change - 1) > _EXACT and place < _TURNS:
        place += 1
        half = place // 2
        if place % 2:
            term = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            term = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        below = 1 / ((1 + term * below) or _SMALL)
        above = (1 + term / above) or _SMALL
        change = above * below
        value *= change
    return 1 / value
