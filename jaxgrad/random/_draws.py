"""Numbers made of 64 random bits, precise in both tails: the base of the samplers.

A uniform float32 of 23 bits, as `jax.random.uniform` gives, is never between 0 and 2⁻²³. So rarer
events come too often or never, and its logarithm is sometimes infinite. The numbers made here keep
their relative precision down to 2⁻⁴⁰, reach down to 2⁻⁶³, and are never 0.
"""

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from .keys import words


def fine_uniform(key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike) -> jax.Array:
    """Uniform numbers in (0, 1], for dtypes of 32 bits and more."""
    _, half = signed_half(key, shape, dtype)
    return 2 * half


def signed_half(
    key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike
) -> tuple[jax.Array, jax.Array]:
    """A fair truth value, and a uniform number in (0, 1/2] that is independent of it.

    Together they are a uniform number in (0, 1): the truth value says which end is nearer, and the
    number is the distance from it.
    """
    high, low = words(key, shape)
    upper, lower = (jnp.int32(word >> jnp.uint32(1)).astype(dtype) for word in (high, low))
    half = (upper + (lower * 2.0**-31 + 2.0**-32)) * 2.0**-32
    return (high & jnp.uint32(1)).astype(bool), half


def exponential(key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike) -> jax.Array:
    """Exponential numbers of mean 1, from 2⁻⁶⁴ to 45: never 0 and never infinite."""
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
