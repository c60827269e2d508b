"""Formulas of the update rules, without cancellation in float32."""

import math
from typing import Any

import jax
import jax.numpy as jnp

from ._hyperparameters import Number


def log(x: Number) -> Any:
    """The logarithm, in double precision for a Python number; log 0 is -inf."""
    if isinstance(x, (int, float)):
        return math.log(x) if x > 0 else -math.inf
    return jnp.log(x)


def one_minus_power(beta: Number, step: jax.Array) -> jax.Array:
    """1 - βᵗ for positive t. PyTorch uses doubles; in float32 the difference would lose digits."""
    if isinstance(beta, (int, float)):
        return -jnp.expm1(step * log(beta))
    positive = beta > 0  # log 0 has no derivative, but the power of 0 has one
    exact = -jnp.expm1(step * log(jnp.where(positive, beta, 1)))
    return jnp.where(positive, exact, 1 - jnp.power(jnp.where(positive, 0, beta), step))


def root(square: jax.Array) -> jax.Array:
    """The square root with a derivative of 0 at 0, as in PyTorch's norms."""
    positive = square > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, square, 1)), square)


def at_least(least: Any, x: jax.Array) -> jax.Array:
    """The larger of both, as Python's `max` has it: `least` if x is NaN."""
    return jnp.where(x > least, x, least)


def in_dtype_of(lr: Any, x: Any) -> Any:
    """`x` in the dtype of an array `lr`, as PyTorch computes in the dtype of a tensor `lr`."""
    return jnp.asarray(x).astype(lr.dtype) if isinstance(lr, jax.Array) else x


def lerp(start: Any, end: Any, weight: Number) -> Any:
    """`torch.lerp`: computed from the nearer end, on which the rounding depends."""

    def near() -> Any:
        return start + weight * (end - start)

    def far() -> Any:
        return end - (end - start) * (1 - weight)

    if isinstance(weight, (int, float)):
        return near() if abs(weight) < 0.5 else far()
    return jnp.where(abs(weight) < 0.5, near(), far())
