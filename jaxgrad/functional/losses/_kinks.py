"""Kinks with PyTorch's derivatives."""

import jax
import jax.numpy as jnp
from jax import lax


def clamped(x: jax.Array) -> jax.Array:
    """max(x, 0); the derivative at 0 is 1, and at NaN 0."""
    return jnp.where(x >= 0, x, jnp.where(x < 0, 0, lax.stop_gradient(x)))


def floored(x: jax.Array, floor: jax.Array) -> jax.Array:
    """max(x, floor); the derivative in x is 1, below the floor too."""
    return jnp.where(x < floor, floor + (x - lax.stop_gradient(x)), x)
