"""The p-norm with PyTorch's derivatives."""

import math

import jax
import jax.numpy as jnp
from jax import lax

from ._kinks import magnitude


def norm(x: jax.Array, p: float) -> jax.Array:
    """(Σ |xᵢ|ᵖ)^(1/p) over the last dimension.

    The derivative where the norm is 0 is 0, as is what an element of 0 adds to it, and largest (or
    for p = -∞ least) elements share it.
    """
    if p == 2:
        return _root(jnp.sum(jnp.square(x), axis=-1), 2)
    if p == 0:
        return jnp.sum((x != 0).astype(x.dtype), axis=-1)
    size = magnitude(x)
    if p == 1:
        return jnp.sum(size, axis=-1)
    if math.isinf(p):
        return _extreme(size, largest=p > 0)
    zero = x == 0
    powers = jnp.where(zero, 0 if p > 0 else jnp.inf, jnp.where(zero, 1, size) ** p)
    return _root(jnp.sum(powers, axis=-1), p)


def _root(total: jax.Array, p: float) -> jax.Array:
    """total^(1/p), with a derivative of 0 where it is 0."""
    if p < 0:
        return total ** (1 / p)
    zero = total == 0
    safe = jnp.where(zero, 1, total)
    return jnp.where(zero, 0, jnp.sqrt(safe) if p == 2 else safe ** (1 / p))


def _extreme(size: jax.Array, largest: bool) -> jax.Array:
    """The largest or the least element; several that are equal share the derivative."""
    of = jnp.max if largest else jnp.min
    found = size == of(lax.stop_gradient(size), axis=-1, keepdims=True)
    number = jnp.sum(found.astype(size.dtype), axis=-1, keepdims=True)
    return jnp.sum(jnp.where(found, size, 0) / number, axis=-1)
