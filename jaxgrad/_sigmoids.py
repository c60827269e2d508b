"""The logistic function and tanh, whose second derivatives keep their digits."""

import jax
import jax.numpy as jnp

from jaxgrad._operands import derivatives


def _bump(x: jax.Array) -> jax.Array:
    """σ(x) σ(-x), without the difference 1 - σ(x)."""
    e = jnp.exp(-jnp.abs(x))
    return e / jnp.square(1 + e)


def _nothing(t: jax.Array, *_: jax.Array) -> jax.Array:
    return jnp.zeros_like(t)


# The slopes come cheaply from the value; their own derivatives would cancel that way.
@derivatives(_nothing, lambda t, slope, y, x: t * -(_bump(x) * jnp.tanh(x / 2)))
def _slope_of_logistic(y: jax.Array, x: jax.Array) -> jax.Array:
    return y * (1 - y)


@derivatives(lambda t, y, x: t * _slope_of_logistic(y, x))
def logistic(x: jax.Array) -> jax.Array:
    """σ(x), with PyTorch's derivative y (1 - y)."""
    return jax.lax.logistic(x)


@derivatives(lambda t, y, x: t * _bump(x))
def share(x: jax.Array) -> jax.Array:
    """σ(x) where it is itself a slope, so that its derivative keeps its digits for large x."""
    return jax.lax.logistic(x)


@derivatives(_nothing, lambda t, slope, y, x: t * (-8 * jnp.tanh(x) * _bump(2 * x)))
def _slope_of_tanh(y: jax.Array, x: jax.Array) -> jax.Array:
    return 1 - y * y


@derivatives(lambda t, y, x: t * _slope_of_tanh(y, x))
def tanh(x: jax.Array) -> jax.Array:
    """Of real numbers, with PyTorch's derivative 1 - y²."""
    return jnp.tanh(x)


@derivatives(lambda t, y, x: t * share(x))
def log_of_sum(x: jax.Array) -> jax.Array:
    """log(1 + exp x)."""
    return jnp.maximum(x, 0) + jnp.log1p(jnp.exp(-jnp.abs(x)))
