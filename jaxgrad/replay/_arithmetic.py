"""The arithmetic of PyTorch's CPU samplers to the last bit.

PyTorch's kernels for AVX2 and AVX-512 round `a * b + c` once. Its float32 normals use the classical
single precision polynomials of the Cephes library (S. Moshier), whose coefficients are below. Its
float64 functions are those of the C library, as in Python's `math`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

_LOG = (7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1)
_LOG += (-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
_LOG2 = (-2.12194440e-4, 0.693359375)
_SIN = (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
_COS = (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
_QUARTER_PI = (0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8)


def fma32(a: Any, b: Any, c: Any) -> np.ndarray:
    """The value a * b + c in float32, rounded once."""
    product = np.multiply(a, b, dtype=np.float64)  # exact: 24 + 24 bits fit in 53
    with np.errstate(invalid="ignore"):
        total = np.atleast_1d(product + np.float64(c))
    # The sum is rounded to float64 and then to float32. That is wrong where the first rounding is
    # halfway between two float32 numbers. Such sums are rare and corrected separately.
    halfway = (total.view(np.int64) & 0x1FFFFFFF) == 0x10000000
    if halfway.any():
        product, c = (np.broadcast_to(x, total.shape)[halfway] for x in (product, np.float64(c)))
        error = _two_sum(product, c)[1]
        nudged = np.nextafter(total[halfway], np.copysign(np.inf, error))
        total[halfway] = np.where(error == 0, total[halfway], nudged)
    with np.errstate(over="ignore"):
        return total.astype(np.float32)


def fma64(a: Any, b: Any, c: Any) -> np.ndarray:
    """The value a * b + c in float64, rounded once, except for about one tie in 2⁵⁰."""
    with np.errstate(all="ignore"):
        product, low = _two_product(a, b)
        total, error = _two_sum(product, c)
        fused = total + (error + low)
        return np.where(np.isfinite(fused), fused, product + c)


def _two_sum(a: Any, b: Any) -> tuple[Any, Any]:
    """The rounded sum and its rounding error."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _two_product(a: Any, b: Any) -> tuple[Any, Any]:
    """The rounded product and its rounding error."""
    product = a * b
    (a1, a2), (b1, b2) = _halves(a), _halves(b)
    return product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2


def _halves(a: Any) -> tuple[Any, Any]:
    """Two numbers of half the bits that add up to `a`."""
    scaled = a * 134217729.0
    high = scaled - (scaled - a)
    return high, a - high


def libm(function: Callable[[float], float], x: np.ndarray) -> np.ndarray:
    """The C library's function through Python's `math`, as NumPy's own differs in the last bit."""
    return np.fromiter(map(function, x.ravel().tolist()), np.float64, x.size).reshape(x.shape)


def log32(x: np.ndarray) -> np.ndarray:
    """The logarithm of positive normal float32 numbers."""
    x, exponent = np.frexp(x)
    low = x < np.float32(0.707106781186547524)
    exponent = (exponent - low).astype(np.float32)
    x = np.where(low, (x - np.float32(1)) + x, x - np.float32(1))  # within √½ - 1 and √2 - 1
    square = x * x
    y = _polynomial(x, _LOG) * x
    y = fma32(y, square, exponent * np.float32(_LOG2[0]))
    y = fma32(square, -0.5, y)
    return fma32(exponent, _LOG2[1], x + y)


def sin_cos32(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sine and cosine of float32 numbers in [0, 2π]."""
    octant = (x * np.float32(1.27323954473516)).astype(np.int32)
    octant = (octant + 1) & ~1
    quarters = octant.astype(np.float32)
    for part in _QUARTER_PI:
        x = fma32(quarters, -np.float32(part), x)
    square = x * x
    cosine = _polynomial(square, _COS) * square
    cosine = fma32(cosine, square, np.float32(-0.5) * square) + np.float32(1)
    sine = fma32(_polynomial(square, _SIN) * square, x, x)
    swap = (octant & 2) != 0
    sine, cosine = np.where(swap, cosine, sine), np.where(swap, sine, cosine)
    sine = np.where(octant & 4, -sine, sine)
    return sine, np.where((octant - 2) & 4, cosine, -cosine)


def _polynomial(x: np.ndarray, coefficients: tuple[float, ...]) -> np.ndarray:
    """Horner's rule with fused operations."""
    first, second, *others = np.array(coefficients, np.float32)
    y = fma32(first, x, second)
    for coefficient in others:
        y = fma32(y, x, coefficient)
    return y
