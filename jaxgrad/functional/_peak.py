"""Logits less the largest of them, of which exponentials are taken."""

import jax
import jax.numpy as jnp

from ._operands import derivatives


def largest(x: jax.Array, axis: int) -> jax.Array:
    """The largest number along an axis, which stays. A constant in derivatives."""
    return jax.lax.stop_gradient(jnp.max(x, axis, keepdims=True, initial=-jnp.inf))


def below(x: jax.Array, peak: jax.Array) -> jax.Array:
    """The difference x - peak, and 0 for the largest number itself; its derivative is that of x.

    Where x is a product made in the same loop, XLA subtracts the peak from it before it is
    rounded. The difference of 1e11 and itself then is some thousands, and its exponential infinite.
    """
    finite = jnp.where(jnp.isfinite(peak), peak, jnp.nan)
    return _below(x, peak, finite)


@derivatives(
    lambda t, y, *_: t, lambda t, y, *_: jnp.zeros_like(y), lambda t, y, *_: jnp.zeros_like(y)
)
def _below(x: jax.Array, peak: jax.Array, finite: jax.Array) -> jax.Array:
    return jnp.where(x == finite, 0, x - peak)
