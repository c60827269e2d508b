"""The logistic function and tanh, with accurate second derivatives."""

import jax
import jax.numpy as jnp

from jaxgrad._operands import derivatives


def _logistic_density(x: jax.Array) -> jax.Array:
    """σ(x) σ(-x), without the difference 1 - σ(x)."""
    e = jnp.exp(-jnp.abs(x))
    return e / jnp.square(1 + e)


def _no_slope(t: jax.Array, *_: jax.Array) -> jax.Array:
    return jnp.zeros_like(t)


# A slope is cheap to compute from the value, but its derivative would lose digits that way.
@derivatives(_no_slope, lambda t, slope, y, x: t * -(_logistic_density(x) * jnp.tanh(x / 2)))
def _slope_of_logistic(y: jax.Array, x: jax.Array) -> jax.Array:
    return y * (1 - y)


@derivatives(lambda t, y, x: t * _slope_of_logistic(y, x))
def logistic(x: jax.Array) -> jax.Array:
    """σ(x), with PyTorch's derivative y (1 - y)."""
    return jax.lax.logistic(x)


@derivatives(lambda t, y, x: t * _logistic_density(x))
def logistic_as_slope(x: jax.Array) -> jax.Array:
    """σ(x) for use as a slope: its own derivative keeps its digits for large x."""
    return jax.lax.logistic(x)


@derivatives(_no_slope, lambda t, slope, y, x: t * (-8 * jnp.tanh(x) * _logistic_density(2 * x)))
def _slope_of_tanh(y: jax.Array, x: jax.Array) -> jax.Array:
    return 1 - y * y


@derivatives(lambda t, y, x: t * _slope_of_tanh(y, x))
def tanh(x: jax.Array) -> jax.Array:
    """Hyperbolic tangent of real numbers, with PyTorch's derivative 1 - y²."""
    return jnp.tanh(x)


@derivatives(lambda t, y, x: t * logistic_as_slope(x))
def log1p_exp(x: jax.Array) -> jax.Array:
    """log(1 + exp x)."""
    return jnp.maximum(x, 0) + jnp.log1p(jnp.exp(-jnp.abs(x)))
