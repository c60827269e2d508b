"""What the samplers are made of: numbers of 64 random bits, with both of their tails.

A uniform float32 of 23 bits, as `jax.random.uniform` gives, has no number between 0 and 2⁻²³:
events that are rarer come too often or never, and its logarithm is at times infinite. These
numbers keep their relative precision down to 2⁻⁴⁰, go down to 2⁻⁶³, and are never 0.
"""

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from .keys import words


def fine_uniform(key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike) -> jax.Array:
    """Numbers in (0, 1], for dtypes of 32 bits and more."""
    _, half = signed_half(key, shape, dtype)
    return 2 * half


def signed_half(
    key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike
) -> tuple[jax.Array, jax.Array]:
    """A fair truth value, and a uniform number in (0, 1/2] that is independent of it.

    Together they are a uniform number by its distance from the nearer end of (0, 1).
    """
    high, low = words(key, shape)
    upper, lower = (jnp.int32(word >> jnp.uint32(1)).astype(dtype) for word in (high, low))
    half = (upper + (lower * 2.0**-31 + 2.0**-32)) * 2.0**-32
    return (high & jnp.uint32(1)).astype(bool), half


def exponential(key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike) -> jax.Array:
    """Exponential numbers of mean 1, between 2⁻⁶⁴ and 45: never 0, never infinite."""
    above, half = signed_half(key, shape, dtype)
    # -log(u) for u = half below the median of u, and for u = 1 - half above it. There
    # log(1 - half) is log(w) * half / (1 - w) with w = 1 - half as rounded, where 1 - w is exact.
    rest = 1 - half
    unresolved = above & (rest == 1)
    w = jnp.where(unresolved, 0.5, jnp.where(above, rest, half))
    ratio = jnp.where(above, half / (1 - w), 1)
    return jnp.where(unresolved, half, -jnp.log(w) * ratio)


def gumbel(key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike) -> jax.Array:
    """Standard Gumbel numbers."""
    return -jnp.log(exponential(key, shape, dtype))
