"""Elementary functions of complex numbers, right where a part is large, infinite or NaN.

Inside a scan that is differentiated in reverse, JAX drops custom derivative rules. Second
derivatives are then those of the formulas, so the formulas must have the right derivatives too.
"""

from collections.abc import Callable

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
