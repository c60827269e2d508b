"""Losses of scores of classes, against a class or against probabilities of classes."""

import functools
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike, DTypeLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._dtypes import cast, is_floating, wide

from .._arguments import reduced, reduction_of
from ._classes import axis_of, check_targets, chosen, class_weight, indices, picked, scale


@called
def cross_entropy(
    input: ArrayLike,
    target: ArrayLike,
    weight: ArrayLike | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float | jax.Array = 0.0,
) -> jax.Array:
    """Cross entropy between logits and class indices, or class probabilities.

        logp = log softmax(x)
        indices:        ℓₙ = -w[yₙ] logpₙ[yₙ],   mean: Σₙ ℓₙ / Σₙ w[yₙ] over those not ignored
        probabilities:  ℓₙ = -Σ_c w_c qₙ_c logpₙ_c,   mean: Σₙ ℓₙ / number of n

    With label smoothing ε the targets become (1 - ε) q + ε / C, where q of an index is 1 at that
    class; the denominators stay. A mean over nothing (all targets ignored, an empty batch, weights
    that sum to 0) is NaN. The gradient of a row is its softmax minus its target, which at a row
    with +inf, NaN or nothing but -inf is NaN, even where the target is ignored.

    Args:
        input: logits x, of shape (C), (N, C) or (N, C, d₁, …), floating point.
        target: class indices of any integer dtype, of `input`'s shape without C; or class
            probabilities, floating point, of `input`'s shape.
        weight: one weight w for each class, of shape (C).
        ignore_index: an index that does not count; any integer, static. With probabilities it must
            be negative, and has no effect.
        reduction: "none", "mean" or "sum".
        label_smoothing: ε in [0, 1], a Python number or a scalar array.

    Returns:
        The loss in the dtype of `input` (with probabilities, in the promoted one): a scalar, or for
        "none" the shape of the class indices.

    Raises:
        TypeError: a dtype is of the wrong kind, or with indices weight's differs from input's.
        ValueError: shapes do not fit, `reduction` is unknown, a target is not a class, or
            `label_smoothing` is outside [0, 1]. Traced targets and label_smoothing are checked
            under `jaxgrad.checkify` only, and wrong ones give NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html

    Differs from PyTorch: every integer dtype is an index (PyTorch: int64 and uint8); a negative
    label_smoothing is an error (PyTorch: treated as 0); a gradient reaches `weight` with indices
    too; bfloat16 and float16 are computed in float32 up to the loss, and rounded once.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import cross_entropy
    >>> cross_entropy(jnp.array([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0]]), jnp.array([0, -100]))
    Array(0.40760595, dtype=float32)
    """
    check = _checks.of("cross_entropy")
    input = check.floating("input", input)
    given = class_arguments(check, input, target, weight, ignore_index, reduction, label_smoothing)
    loss, valid = _cross_entropy(given.arrays, **given.static)
    given.check(valid)
    return loss


class ClassArguments(NamedTuple):
    """The checked arguments of a loss over classes."""

    checks: _checks.Checks
    arrays: dict[str, Any]
    static: dict[str, Any]

    def check(self, valid: jax.Array) -> None:
        """Refuse targets that are not classes."""
        target = self.arrays["target"]
        if not is_floating(target.dtype):
            classes = self.static["classes"]
            check_targets(self.checks, valid, target, classes, self.static["ignore_index"])


def smoothing_of(check: _checks.Checks, value: Any) -> jax.Array | float | None:
    """`value` as a number in [0, 1]; None for a Python 0, so that no smoothing is compiled."""
    smoothing = check.number("label_smoothing", value)
    if isinstance(smoothing, float) and smoothing == 0:
        return None
    check.allowed("label_smoothing", smoothing, (smoothing >= 0) & (smoothing <= 1), "in [0, 1]")
    return smoothing


def class_arguments(
    check: _checks.Checks,
    input: Any,
    target: Any,
    weight: Any,
    ignore_index: int,
    reduction: str,
    label_smoothing: Any,
) -> ClassArguments:
    """The arguments of `cross_entropy`, checked; only shape and dtype of `input` are used."""
    target = check.array("target", target)
    ignore_index = check.integer("ignore_index", ignore_index, -(2**63))
    dtype = input.dtype
    if input.ndim and input.shape == target.shape:
        if not is_floating(target.dtype):
            remedy = "class indices have one axis less"
            got = f"{target.dtype} of input's shape"
            raise TypeError(check.wrong("target", "floating point", got, remedy))
        if ignore_index >= 0:
            expected = "negative where the target is probabilities"
            raise ValueError(check.wrong("ignore_index", expected, ignore_index))
        dtype = check.promoted("target", dtype, target)
    else:
        target = indices(check, input, target)
    classes = input.shape[axis_of(input)]
    if weight is not None:
        weight = class_weight(check, check.array("weight", weight), classes)
        if is_floating(target.dtype):
            dtype = check.promoted("weight", dtype, weight)
        elif weight.dtype != dtype:
            remedy = "cast it with .astype"
            raise TypeError(check.wrong("weight", f"of input's {dtype}", weight.dtype, remedy))
    arrays = {
        "input": input,
        "target": target,
        "weight": weight,
        "smoothing": smoothing_of(check, label_smoothing),
    }
    static = {
        "dtype": dtype,
        "classes": classes,
        "ignore_index": ignore_index,
        "reduction": reduction_of(check, reduction),
    }
    return ClassArguments(check, arrays, static)


@functools.partial(jax.jit, static_argnames=("dtype", "classes", "ignore_index", "reduction"))
def _cross_entropy(
    arrays: dict[str, Any], *, dtype: DTypeLike, classes: int, ignore_index: int, reduction: str
) -> tuple[jax.Array, jax.Array]:
    losses, total, valid = class_losses(**arrays, dtype=dtype, ignore_index=ignore_index)
    return reduced(losses, reduction, total).astype(dtype), valid


def class_losses(
    input: jax.Array,
    target: jax.Array,
    weight: jax.Array | None,
    smoothing: jax.Array | float | None,
    *,
    dtype: DTypeLike,
    ignore_index: int,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The loss of every target, the divisor of a mean, and whether all targets are valid."""
    x, axis = input.astype(wide(dtype)), axis_of(input)
    w = None if weight is None else cast(weight, x.dtype)
    if smoothing is not None:
        smoothing = jnp.asarray(smoothing, x.dtype)
        smoothing = jnp.where((smoothing >= 0) & (smoothing <= 1), smoothing, jnp.nan)
    # The derivative does not depend on the number that is subtracted.
    peak = jax.lax.stop_gradient(jnp.max(x, axis, keepdims=True, initial=-jnp.inf))
    log_sum = jnp.log(jnp.sum(jnp.exp(x - peak), axis, keepdims=True))
    if is_floating(target.dtype):
        q = cast(target, x.dtype)
        if smoothing is not None:
            q = (1 - smoothing) * q + smoothing / max(x.shape[axis], 1)
        q = q if w is None else q * scale(w, q)
        losses = -jnp.sum(q * (x - peak - log_sum), axis)
        total = jnp.asarray(losses.size if x.shape[axis] else math.nan, x.dtype)
        return losses, total, jnp.ones((), bool)
    kept, possible, index = chosen(target, x.shape[axis], ignore_index)
    losses = -jnp.squeeze(picked(x, jnp.expand_dims(index, axis)) - peak - log_sum, axis)
    weights = kept.astype(x.dtype)
    if w is not None and w.size:
        weights = jnp.where(kept, w[index], 0)
        losses = losses * weights
    if smoothing is not None:
        even = x - peak - log_sum if w is None else scale(w, x) * (x - peak - log_sum)
        even = -jnp.sum(even, axis) * smoothing / max(x.shape[axis], 1)
        losses = (1 - smoothing) * losses + even
    losses = jnp.where(possible, jnp.where(kept, losses, 0), jnp.nan)
    return losses, total_of(weights, smoothing), jnp.all(possible)


def total_of(weights: jax.Array, smoothing: Any) -> jax.Array:
    """The divisor of a mean; with smoothing NaN for a weight of 0, so that the loss is not inf."""
    total = jnp.sum(weights)
    return total if smoothing is None else jnp.where(total == 0, jnp.nan, total)


@called
def nll_loss(
    input: ArrayLike,
    target: ArrayLike,
    weight: ArrayLike | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> jax.Array:
    """Negative log likelihood of log-probabilities against class indices.

        ℓₙ = -w[yₙ] xₙ[yₙ],   mean: Σₙ ℓₙ / Σₙ w[yₙ] over those not ignored

    A mean over nothing is NaN. No check is made that x are log-probabilities.

    Args:
        input: log-probabilities x, of shape (C), (N, C) or (N, C, d₁, …), floating point.
        target: class indices of any integer dtype, of `input`'s shape without C.
        weight: one weight w for each class, of shape (C) and `input`'s dtype.
        ignore_index: an index that does not count; any integer, static.
        reduction: "none", "mean" or "sum".

    Returns:
        The loss in the dtype of `input`: a scalar, or for "none" the shape of `target`.

    Raises:
        TypeError: a dtype is of the wrong kind, or weight's differs from input's.
        ValueError: shapes do not fit, `reduction` is unknown, or a target is not a class. Traced
            targets are checked under `jaxgrad.checkify` only, and wrong ones give NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.nll_loss.html

    Differs from PyTorch: every integer dtype is an index (PyTorch: int64 and uint8); a gradient
    reaches `weight` too; bfloat16 and float16 are summed in float32, and rounded once.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import nll_loss
    >>> nll_loss(jnp.log(jnp.array([[0.5, 0.5], [0.75, 0.25]])), jnp.array([0, 1]))
    Array(1.0397208, dtype=float32)
    """
    check = _checks.of("nll_loss")
    input = check.floating("input", input)
    target = indices(check, input, check.array("target", target))
    given = class_arguments(check, input, target, weight, ignore_index, reduction, 0.0)
    loss, valid = _nll_loss(given.arrays, **given.static)
    given.check(valid)
    return loss


@functools.partial(jax.jit, static_argnames=("dtype", "classes", "ignore_index", "reduction"))
def _nll_loss(
    arrays: dict[str, Any], *, dtype: DTypeLike, classes: int, ignore_index: int, reduction: str
) -> tuple[jax.Array, jax.Array]:
    x, target, weight = (arrays[name] for name in ("input", "target", "weight"))
    kept, possible, index = chosen(target, classes, ignore_index)
    axis = axis_of(x)
    losses = -jnp.squeeze(picked(x, jnp.expand_dims(index, axis)), axis).astype(wide(dtype))
    weights = kept.astype(losses.dtype)
    if weight is not None and classes:
        weights = jnp.where(kept, cast(weight, losses.dtype)[index], 0)
        losses = losses * weights
    losses = jnp.where(possible, jnp.where(kept, losses, 0), jnp.nan)
    loss = reduced(losses, reduction, jnp.sum(weights))
    return loss.astype(dtype), jnp.all(possible)
