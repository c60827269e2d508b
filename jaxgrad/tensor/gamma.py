"""The gamma function's logarithm and its derivatives, Bessel functions, the normal quantile."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special as special
import numpy as np
from jax.typing import ArrayLike, DTypeLike

from jaxgrad import _checks
from jaxgrad._dtypes import largest
from jaxgrad._operands import broadcast_wide, derivatives, floating_common, real


def lgamma(input: ArrayLike) -> jax.Array:
    """The logarithm of the gamma function's absolute value.

        y = log |Γ(x)|     y' = ψ(x)

    The derivative is -∞ at 0 and ∞ at -0.

    Args:
        input: an array of real numbers, any shape.

    Returns:
        An array of the input's dtype; float32 for integers.

    Raises:
        TypeError: `input` is not a real array.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.lgamma.html

    >>> import jax
    >>> from jaxgrad.tensor import lgamma
    >>> jax.grad(lgamma)(0.0)
    Array(-inf, dtype=float32, weak_type=True)
    """
    return _unary(_checks.of("lgamma"), input)


def digamma(input: ArrayLike) -> jax.Array:
    """The derivative of the gamma function's logarithm.

        ψ(x) = d/dx log Γ(x)

    -∞ at 0, ∞ at -0 and NaN at the negative integers.

    Args:
        input: an array of real numbers, any shape.

    Returns:
        An array of the input's dtype; float32 for integers.

    Raises:
        TypeError: `input` is not a real array.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.digamma

    >>> from jaxgrad.tensor import digamma
    >>> digamma(0.0)
    Array(-inf, dtype=float32)
    """
    return _unary(_checks.of("digamma"), input)


def i0(input: ArrayLike) -> jax.Array:
    """The modified Bessel function of order 0.

        y = I₀(x)     y' = I₁(x)

    Args:
        input: an array of real numbers, any shape.

    Returns:
        An array of the input's dtype; float32 for integers.

    Raises:
        TypeError: `input` is not a real array.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.i0

    >>> import jax
    >>> from jaxgrad.tensor import i0
    >>> jax.grad(i0)(0.0)
    Array(0., dtype=float32, weak_type=True)
    """
    return _unary(_checks.of("i0"), input)


def i1(input: ArrayLike) -> jax.Array:
    """The modified Bessel function of order 1.

        y = I₁(x)     y' = I₀(x) - I₁(x) / x, and 1/2 at 0

    Args:
        input: an array of real numbers, any shape.

    Returns:
        An array of the input's dtype; float32 for integers.

    Raises:
        TypeError: `input` is not a real array.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.i1

    Differs from PyTorch: the derivative at NaN is NaN; PyTorch's is 1/2.

    >>> import jax
    >>> from jaxgrad.tensor import i1
    >>> jax.grad(i1)(0.0)
    Array(0.5, dtype=float32, weak_type=True)
    """
    return _unary(_checks.of("i1"), input)


def ndtri(input: ArrayLike) -> jax.Array:
    """The quantile function of the standard normal distribution.

        y = Φ⁻¹(x)     y' = √(2π) exp(y² / 2)

    The derivative is ∞ at 0 and 1.

    Args:
        input: an array of real numbers, any shape.

    Returns:
        An array of the input's dtype; float32 for integers.

    Raises:
        TypeError: `input` is not a real array.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.ndtri

    >>> import jax
    >>> from jaxgrad.tensor import ndtri
    >>> jax.grad(ndtri)(1.0)
    Array(inf, dtype=float32, weak_type=True)
    """
    return _unary(_checks.of("ndtri"), input)


def polygamma(n: int, input: ArrayLike) -> jax.Array:
    """The n-th derivative of the digamma function.

        ψ⁽ⁿ⁾(x) = (-1)ⁿ⁺¹ n! ζ(n + 1, x)

    Args:
        n: the order, a Python integer of at least 0; 0 is the digamma function itself.
        input: x, an array of real numbers, any shape.

    Returns:
        An array of the input's dtype; float32 for integers.

    Raises:
        TypeError: `input` is not a real array, or `n` no integer.
        ValueError: `n` is negative.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.polygamma

    Differs from PyTorch: n = 1 is precise to the dtype (PyTorch's to 10 digits in float64), and
    infinite at the negative integers (PyTorch's about 1e32); n ≥ 2 is 0 at ∞ (PyTorch's NaN).
    Large x keep their digits for large n.

    >>> from jaxgrad.tensor import polygamma
    >>> polygamma(1, 1.0)
    Array(1.644934, dtype=float32)
    """
    check = _checks.of("polygamma")
    x = real(check, "input", input)
    order = check.integer("n", n, minimum=0)
    return _polygamma(x, n=order)


def _unary(check: _checks.Checks, input: Any) -> jax.Array:
    x = real(check, "input", input)
    return _value(x, function=check.function)


@functools.partial(jax.jit, static_argnames="function")
def _value(x: Any, *, function: str) -> jax.Array:
    dtype = floating_common(_checks.of(function), input=x)
    of = {"lgamma": _lgamma, "digamma": _digamma, "i0": _i0, "i1": _i1, "ndtri": _ndtri}[function]
    return of(*broadcast_wide(dtype, x)).astype(dtype)


@functools.partial(jax.jit, static_argnames="n")
def _polygamma(x: Any, *, n: int) -> jax.Array:
    dtype = floating_common(_checks.of("polygamma"), input=x)
    return _psi(n, *broadcast_wide(dtype, x)).astype(dtype)


def _psi(n: int, x: jax.Array) -> jax.Array:
    if n == 0:
        return _digamma(x)

    @derivatives(lambda t, y, x: t * _psi(n + 1, x))
    def psi(x: jax.Array) -> jax.Array:
        # ψ(x) = (-1)ⁿ ψ(1 - x) - π dⁿ/dxⁿ cot πx, since JAX's ζ(2, x) is off by a third at -8.5.
        pole, end = (x <= 0) & (x == jnp.floor(x)), x == jnp.inf
        away = jnp.where(pole | end, 1, x)
        tail = special.zeta(n + 1.0, jnp.where(away > 0, away, 1 - away))
        value = (-1.0) ** (n + 1) * _factorial(n, x.dtype) * tail
        far = away >= n + 10
        value = jnp.where(far, _far_psi(n, jnp.where(far, away, n + 10)), value)
        cotangent = _cotangent(jnp.where(away > 0, 0.25, away - jnp.round(away)))
        reflected = (-1.0) ** n * value - jnp.pi * jnp.polyval(
            jnp.asarray(_slopes_of_cotangent(n, x.dtype), x.dtype), cotangent
        )
        value = jnp.where(away > 0, value, reflected)
        return jnp.where(pole, (-1.0) ** (n + 1) * jnp.inf, jnp.where(end, 0 * value, value))

    return psi(x)


def _factorial(n: int, dtype: DTypeLike) -> float:
    """The factorial n!, infinite beyond the range of the dtype."""
    return (
        math.exp(math.lgamma(n + 1)) if math.lgamma(n + 1) < math.log(largest(dtype)) else math.inf
    )


def _far_psi(n: int, x: jax.Array) -> jax.Array:
    """ψ⁽ⁿ⁾ for x ≥ n + 10, where ζ(n + 1, x) alone would vanish: the asymptotic series.

        (-1)ⁿ⁺¹ (n - 1)! / xⁿ (1 + n / 2x + Σₖ B₂ₖ (n + 2k - 1)! / ((n - 1)! (2k)!) / x²ᵏ)

    The factor is a product of n numbers below 1, which underflows no sooner than the value.
    """
    inverse, factor = 1 / x, 1 / x
    for k in range(1, n):
        factor = factor * (k * inverse)
    terms = [b * math.prod((1 + i / n) / (i + 1) for i in range(2 * k)) for k, b in _BERNOULLI]
    square = jnp.square(n * inverse)
    rest = jnp.polyval(jnp.array([*terms[::-1], 0], x.dtype), square)
    return (-1.0) ** (n + 1) * factor * (1 + (n / 2) * inverse + rest)


_BERNOULLI = tuple(
    enumerate(
        (
            1 / 6,
            -1 / 30,
            1 / 42,
            -1 / 30,
            5 / 66,
            -691 / 2730,
            7 / 6,
            -3617 / 510,
            43867 / 798,
            -174611 / 330,
        ),
        1,
    )
)
"""k and B₂ₖ."""


def _cotangent(x: jax.Array) -> jax.Array:
    """The cotangent of πx for |x| of at most 1/2, exactly 0 there."""
    steep = jnp.abs(x) < 0.25
    turn = jnp.tan(jnp.pi * jnp.where(steep, x, jnp.sign(x) * (0.5 - jnp.abs(x))))
    return jnp.where(steep, 1 / jnp.where(steep, turn, 1), turn)


def _slopes_of_cotangent(n: int, dtype: DTypeLike) -> np.ndarray:
    """The n-th derivative of cot πx as a polynomial of c = cot πx, highest power first.

    Coefficients beyond the range of the dtype are infinite.
    """
    powers = np.poly1d([1.0, 0.0])
    for _ in range(n):
        powers = -math.pi * np.poly1d([1.0, 0.0, 1.0]) * powers.deriv()
    held = np.abs(powers.coeffs) <= largest(dtype)
    return np.where(held, powers.coeffs, np.copysign(np.inf, powers.coeffs))


@derivatives(lambda t, y, x: t * _psi(1, x))
def _digamma(x: jax.Array) -> jax.Array:
    return jnp.where(x == 0, jnp.copysign(jnp.inf, -x), special.digamma(jnp.where(x == 0, 1, x)))


@derivatives(lambda t, y, x: t * _digamma(x))
def _lgamma(x: jax.Array) -> jax.Array:
    far = (x >= 8) | (x < -11)
    near = _near_lgamma(jnp.where(far, 2, x))
    return jnp.where(far, _far_lgamma(jnp.where(far, x, 8)), near)


def _near_lgamma(x: jax.Array) -> jax.Array:
    """The logarithm of |Γ(x)| from that of 2 + z for |z| of at most 1/2: Γ(x + 1) = x Γ(x).

        log Γ(2 + z) = (1 - γ) z + Σₖ (-1)ᵏ (ζ(k) - 1) zᵏ / k

    The zeros at 1 and 2 keep their digits so, and between negative ones no large terms cancel.
    """
    places = jnp.round(x)
    z, steps = x - places, places - 2
    above, product = steps > 0, jnp.ones_like(x)
    for k in range(13):
        factor = jnp.where(above, x - (k + 1), x + k)
        product = product * jnp.where(k < jnp.abs(steps), factor, 1)
    moved = jnp.log(jnp.abs(product))
    count = 24 if x.dtype == jnp.float64 else 13
    powers = jnp.array([*_SERIES[:count][::-1], 1 - np.euler_gamma, 0], x.dtype)
    return jnp.polyval(powers, z) + jnp.where(above, moved, -moved)


def _far_lgamma(x: jax.Array) -> jax.Array:
    """The logarithm of |Γ(x)| far from 0, by Stirling's series and the reflection.

    log Γ(x) = (x - 1/2) (log x - 1) + (log 2π - 1) / 2 + Σₖ B₂ₖ / (2k (2k - 1) x²ᵏ⁻¹)
    log |Γ(-x)| = log π / |x sin πx| - log Γ(x)
    """
    size = jnp.abs(x)
    terms = [b / (2 * k * (2 * k - 1)) for k, b in _BERNOULLI]
    rest = jnp.polyval(jnp.array(terms[::-1], x.dtype), jnp.square(1 / size)) / size
    value = (size - 0.5) * (jnp.log(size) - 1) + (math.log(2 * math.pi) - 1) / 2 + rest
    part = jnp.where(size == jnp.inf, 0, size - jnp.round(size))
    sine = jnp.abs(jnp.sin(jnp.pi * part))
    mirrored = math.log(math.pi) - jnp.log(size) - jnp.log(sine) - value
    return jnp.where(x > 0, value, jnp.where(part == 0, jnp.inf, mirrored))


_SERIES = (
    0.3224670334241132,
    -0.0673523010531981,
    0.020580808427784546,
    -0.007385551028673986,
    0.0028905103307415234,
    -0.001192753911703261,
    0.0005096695247430425,
    -0.00022315475845357936,
    9.945751278180853e-05,
    -4.492623673813314e-05,
    2.0507212775670694e-05,
    -9.439488275268395e-06,
    4.374866789907487e-06,
    -2.039215753801366e-06,
    9.55141213040742e-07,
    -4.492469198764566e-07,
    2.1207184805554667e-07,
    -1.00432248239681e-07,
    4.769810169363981e-08,
    -2.2711094608943164e-08,
    1.0838659214896955e-08,
    -5.183475041970047e-09,
    2.4836745438024785e-09,
    -1.1921401405860912e-09,
)
"""(-1)ᵏ (ζ(k) - 1) / k from k = 2 on."""


@derivatives(lambda t, y, x: t * _i1(x))
def _i0(x: jax.Array) -> jax.Array:
    return special.i0(x)


def _second_derivative_of_i1(x: jax.Array) -> jax.Array:
    """I₁'' = I₁ - I₂ / x; for small x I₂ = I₀ - 2 I₁ / x would cancel: a series."""
    small = jnp.abs(x) < 2
    away, square = jnp.where(small, 2, x), jnp.where(small, x * x / 4, 0)
    terms = [2 / (math.factorial(k) * math.factorial(k + 2)) for k in reversed(range(12))]
    series = x / 8 * jnp.polyval(jnp.asarray(terms, x.dtype), square)
    return _i1(x) - jnp.where(small, series, (_i0(away) - 2 * _i1(away) / away) / away)


@derivatives(lambda t, y, x: t * _second_derivative_of_i1(x))
def _slope_of_i1(x: jax.Array) -> jax.Array:
    flat = jnp.abs(x) <= jnp.finfo(x.dtype).eps
    away = jnp.where(flat, 1, x)
    return jnp.where(flat, 0.5, _i0(away) - _i1(away) / away)


@derivatives(lambda t, y, x: t * _slope_of_i1(x))
def _i1(x: jax.Array) -> jax.Array:
    return special.i1(x)


@derivatives(lambda t, y, x: t * (math.sqrt(2 * math.pi) * jnp.exp(y * y / 2)))
def _ndtri(x: jax.Array) -> jax.Array:
    return special.ndtri(x)
