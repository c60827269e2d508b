"""Losses of one distribution against another."""

import functools

import jax
import jax.numpy as jnp
from jax.scipy.special import xlogy
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._dtypes import cast, wide

from .._arguments import reduced


@called
def kl_div(
    input: ArrayLike,
    target: ArrayLike,
    reduction: str = "mean",
    log_target: bool = False,
) -> jax.Array:
    """Kullback-Leibler divergence of log-probabilities from a target.

        ℓ = y log y - y x                      with log_target: ℓ = exp(y) (y - x)
        mean: Σ ℓ / number of elements         batchmean: Σ ℓ / size of the first axis

    Only "batchmean" is the divergence of each row, averaged. Where y = 0 the loss is 0 for a finite
    x, and NaN for an infinite one; the derivative with respect to y is then NaN.

    Args:
        input: log-probabilities x, any shape, floating point.
        target: probabilities y, or with `log_target` log-probabilities, of `input`'s shape,
            floating point.
        reduction: "none", "mean", "sum" or "batchmean".
        log_target: whether the target is in log space.

    Returns:
        The loss in the promoted dtype: a scalar, or for "none" the input's shape.

    Raises:
        TypeError: input or target is not floating point, or log_target is not a truth value.
        ValueError: shapes differ, or `reduction` is unknown.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.kl_div.html

    Differs from PyTorch: a target of another shape is an error, where PyTorch broadcasts; no
    warning is given for "mean".

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import kl_div
    >>> kl_div(jnp.log(jnp.array([[0.5, 0.5]])), jnp.array([[1.0, 0.0]]), reduction="batchmean")
    Array(0.6931472, dtype=float32)
    """
    check = _checks.of("kl_div")
    input = check.floating("input", input)
    target = check.floating("target", target)
    check.same_shape("target", target, "input", input)
    dtype = check.promoted("input or target", input, target)
    options = ("none", "mean", "sum", "batchmean")
    return _kl_div(
        cast(input, dtype),
        cast(target, dtype),
        reduction=check.option("reduction", reduction, options),
        log_target=check.truth("log_target", log_target),
    )


@functools.partial(jax.jit, static_argnames=("reduction", "log_target"))
def _kl_div(input: jax.Array, target: jax.Array, *, reduction: str, log_target: bool) -> jax.Array:
    x, y = (array.astype(wide(array.dtype)) for array in (input, target))
    losses = jnp.exp(y) * (y - x) if log_target else xlogy(y, y) - y * x
    if reduction == "batchmean":
        rows = jnp.asarray(input.shape[0] if input.ndim else 1, x.dtype)
        return (jnp.sum(losses) / rows).astype(input.dtype)
    return reduced(losses, reduction).astype(input.dtype)
