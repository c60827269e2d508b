"""Elementary functions of complex numbers, right where a part is large, infinite or NaN.

Inside a scan that is differentiated in reverse, JAX drops custom derivative rules. Second
derivatives are then those of the formulas, so the formulas must have the right derivatives too.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxgrad._operands import derivatives


def size(x: jax.Array) -> jax.Array:
    """|x|: infinite where either part is infinite, even beside NaN, as in C."""
    return jnp.where(jnp.isinf(x.real) | jnp.isinf(x.imag), jnp.inf, jnp.abs(x))


def power(
    x: jax.Array, angle: jax.Array, of: Callable[[jax.Array], jax.Array] = jnp.exp
) -> jax.Array:
    """The complex number with absolute value exp(x) and this angle, as C's exp computes it.

    It is 0 for x = -∞ and real for the angle 0, where ∞ · 0 would be NaN.
    """
    radius = of(x)
    beyond = jnp.isinf(radius)
    real = jnp.where(beyond & ~jnp.isfinite(angle), radius, radius * jnp.cos(angle))
    imaginary = jnp.where(beyond & (angle == 0), angle, radius * jnp.sin(angle))
    return jnp.where(x == -jnp.inf, 0, jax.lax.complex(real, imaginary))


def _in_sigmoid(t: jax.Array, y: jax.Array, x: jax.Array) -> jax.Array:
    return t * (y * sigmoid(-x))


@derivatives(_in_sigmoid)
def sigmoid(x: jax.Array) -> jax.Array:
    """1 / (1 + exp(-x)), computed from the exponential that does not overflow."""
    left = x.real < 0
    small = power(jnp.where(left, x.real, -x.real), jnp.where(left, x.imag, -x.imag))
    return jnp.where(left, small, 1) / (1 + small)


@derivatives(lambda t, z, x, y: t * sigmoid(x - y), lambda t, z, x, y: t * sigmoid(y - x))
def logaddexp(x: jax.Array, y: jax.Array) -> jax.Array:
    """log(eˣ + eʸ): a correction to the operand of larger real part; to the first if equal."""
    second = y.real > x.real
    top, low = jnp.where(second, y, x), jnp.where(second, x, y)
    both = (low.real == top.real) & jnp.isinf(low.real)
    ratio = power(jnp.where(both, 0, low.real - top.real), low.imag - top.imag)
    value = jnp.where(both & (low.real < 0), low, top + jnp.log1p(ratio))
    return jnp.where(jnp.isnan(x) | jnp.isnan(y), jnp.nan, value)


def running_logaddexp(x: jax.Array) -> jax.Array:
    """The `logaddexp` of each row and of all before it, one row after the other.

    Their order decides which multiple of 2πi is in a logarithm. PyTorch adds up in float64. Here
    the total is a sum of two numbers. This keeps the angle beside large imaginary parts, and the
    order of real parts that round to the same number.
    """

    def added(total: tuple[jax.Array, jax.Array], x: jax.Array) -> tuple[Any, jax.Array]:
        high, low = total
        gap, rest = _exact_sum(x, -high)
        rest = _finite(rest - low)
        equal = _finite(2.0**-53 * x.real)
        newer = gap.real + rest.real >= -jnp.abs(equal)
        gap, rest = jnp.where(newer, -gap, gap), jnp.where(newer, -rest, rest)
        both = (x.real == high.real) & jnp.isinf(x.real)
        ratio = power(jnp.where(both, 0, gap.real + rest.real), gap.imag)
        correction = jnp.log1p(ratio * power(jnp.zeros_like(rest.real), rest.imag))
        top, low = jnp.where(newer, x, high), jnp.where(newer, 0, low)
        wrong = jnp.isnan(x) | jnp.isnan(high)
        last = both & (x.real < 0)
        value, error = _exact_sum(top, jnp.where(last, 0, correction))
        value, low = _exact_sum(value, _finite(error) + low)
        value = jnp.where(wrong, jnp.nan, value)
        return (value, _finite(low)), value

    if len(x) < 2:
        return x
    _, later = jax.lax.scan(added, (x[0], jnp.zeros_like(x[0])), x[1:])
    return jnp.concatenate([x[:1], later])


def _exact_sum(x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The rounded sum and its rounding error."""
    total = x + y
    part = total - x
    return total, (x - (total - part)) + (y - part)


def _finite(x: jax.Array) -> jax.Array:
    """Zero where a part is infinite or NaN."""
    return jnp.where(jnp.isfinite(x), x, 0)
