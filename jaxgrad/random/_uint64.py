"""Unsigned 64-bit integers as two uint32 words: exact where JAX's 64-bit types are off."""

import jax
import jax.numpy as jnp

UInt64 = tuple[jax.Array, jax.Array]
"""Unsigned 64-bit integers: their upper and their lower uint32 words."""


def cumulative(high: jax.Array, low: jax.Array) -> UInt64:
    """Exact cumulative sums along the rows."""
    sums = jax.lax.cumsum(low, axis=1)
    carries = (sums < low).astype(jnp.uint32)  # a sum below its last term has wrapped
    return jax.lax.cumsum(high + carries, axis=1), sums


def upper_half(x: UInt64, y: UInt64) -> UInt64:
    """floor(x y / 2⁶⁴)."""
    (x1, x0), (y1, y0) = x, y
    (a1, a0), (b1, b0), (c1, c0) = product(x1, y1), product(x1, y0), product(x0, y1)
    bottom, _ = product(x0, y0)
    bottom, carry1 = add(bottom, b0)
    _, carry2 = add(bottom, c0)
    low, carry3 = add(a0, b1)
    low, carry4 = add(low, c1)
    low, carry5 = add(low, carry1 + carry2)
    return a1 + carry3 + carry4 + carry5, low


def add(x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The sum modulo 2³², and the carry."""
    total = x + y
    return total, (total < y).astype(jnp.uint32)


def product(x: jax.Array, y: jax.Array) -> UInt64:
    """The product of two uint32, by halves of 16 bits."""
    shift, mask = jnp.uint32(16), jnp.uint32(0xFFFF)
    x1, x0, y1, y0 = x >> shift, x & mask, y >> shift, y & mask
    a, b, c = x0 * y0, x0 * y1, x1 * y0
    middle = (a >> shift) + (b & mask) + (c & mask)
    high = x1 * y1 + (b >> shift) + (c >> shift) + (middle >> shift)
    return high, (a & mask) | (middle << shift)


def joined(halves: UInt64) -> jax.Array:
    """The uint64 of two words."""
    high, low = (half.astype(jnp.uint64) for half in halves)
    return (high << jnp.uint64(32)) | low


def halves(x: jax.Array) -> UInt64:
    """The two words of a uint64."""
    return (x >> jnp.uint64(32)).astype(jnp.uint32), x.astype(jnp.uint32)
