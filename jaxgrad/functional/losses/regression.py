"""Losses of a number against a number."""

import functools

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from ._arguments import pair, reduced, reduction_of


def mse_loss(
    input: ArrayLike,
    target: ArrayLike,
    reduction: str = "mean",
    weight: ArrayLike | None = None,
) -> jax.Array:
    """Mean squared error.

        none: wᵢ (xᵢ - yᵢ)²     sum: Σᵢ wᵢ (xᵢ - yᵢ)²     mean: Σᵢ wᵢ (xᵢ - yᵢ)² / Σᵢ wᵢ

    with wᵢ = 1 where no weight is given. A mean over nothing (an empty input, or weights that sum
    to 0) is NaN.

    Args:
        input: predictions x, any shape.
        target: true values y, the shape of `input`. One of the two must be floating point.
        reduction: "none", "mean" or "sum".
        weight: weights w, the shape of `input`.

    Returns:
        The loss in the promoted dtype of the arguments: a scalar, or for "none" the input's shape.

    Raises:
        TypeError: an argument is no real array, or `input` and `target` are both integers.
        ValueError: shapes differ, or `reduction` is unknown.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.mse_loss.html

    Differs from PyTorch: a target of another shape is an error; PyTorch warns and broadcasts.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import mse_loss
    >>> mse_loss(jnp.array([1.0, 2.0, 3.0]), jnp.array([1.0, 0.0, 0.0]))
    Array(4.3333335, dtype=float32)
    """
    arrays = pair("mse_loss", input, target, weight)
    return _mse_loss(*arrays, reduction=reduction_of("mse_loss", reduction))


@functools.partial(jax.jit, static_argnames="reduction")
def _mse_loss(
    input: jax.Array, target: jax.Array, weight: jax.Array | None = None, *, reduction: str
) -> jax.Array:
    errors = jnp.square(input - target)
    if weight is None:
        return reduced(errors, reduction)
    return reduced(errors * weight, reduction, jnp.sum(weight))
