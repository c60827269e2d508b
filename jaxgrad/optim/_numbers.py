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
    return -jnp.expm1(step * log(beta))


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
