"""The scalars of the update rules, without the cancellation that float32 would suffer."""

import math
from typing import Any

import jax
import jax.numpy as jnp

from ._arguments import Number


def log(x: Number) -> Any:
    """The logarithm, of a Python number in double precision; of 0 it is -inf."""
    if isinstance(x, (int, float)):
        return math.log(x) if x > 0 else -math.inf
    return jnp.log(x)


def one_minus_power(beta: Number, step: jax.Array) -> jax.Array:
    """1 - βᵗ of positive t. PyTorch has doubles for it; in float32 the difference loses digits."""
    if isinstance(beta, (int, float)):
        return -jnp.expm1(step * log(beta))
    positive = beta > 0  # the logarithm of 0 has no derivative, but the power of 0 has
    exact = -jnp.expm1(step * log(jnp.where(positive, beta, 1)))
    return jnp.where(positive, exact, 1 - jnp.power(jnp.where(positive, 0, beta), step))


def root(square: jax.Array) -> jax.Array:
    """The square root, whose derivative at 0 is 0 as that of PyTorch's norms."""
    positive = square > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, square, 1)), square)


def at_least(least: Any, x: jax.Array) -> jax.Array:
    """The greater of both, as Python's `max` has it: of NaN it is `least`."""
    return jnp.where(x > least, x, least)


def like(lr: Any, x: Any) -> Any:
    """`x` in the dtype of an array `lr`: PyTorch computes in it what comes of a tensor `lr`."""
    return jnp.asarray(x).astype(lr.dtype) if isinstance(lr, jax.Array) else x


def lerp(start: Any, end: Any, weight: Number) -> Any:
    """`torch.lerp`: from the nearer end, which decides how it is rounded."""

    def near() -> Any:
        return start + weight * (end - start)

    def far() -> Any:
        return end - (end - start) * (1 - weight)

    if isinstance(weight, (int, float)):
        return near() if abs(weight) < 0.5 else far()
    return jnp.where(abs(weight) < 0.5, near(), far())
