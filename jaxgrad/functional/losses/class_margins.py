"""Losses that ask every right class for a margin above every wrong one."""

import functools

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._dtypes import cast, is_a, widened

from .._arguments import reduced, reduction_of


@called
def multi_margin_loss(
    input: ArrayLike,
    target: ArrayLike,
    p: int = 1,
    margin: float | jax.Array = 1.0,
    weight: ArrayLike | None = None,
    reduction: str = "mean",
) -> jax.Array:
    """How far the scores of other classes are from lying below the right class by a margin.

        lₙ = Σ_{c ≠ yₙ} w_{yₙ} max(margin - xₙ_{yₙ} + xₙ_c, 0)ᵖ / C

    with w = 1 where no weight is given. The derivative of the max at 0 is 0. A class whose
    difference to the right one is NaN does not count, as in PyTorch.

    Args:
        input: scores x, shape (N, C), or (C,) or () for a single sample.
        target: the right class y of each sample, shape (N,), or () or (1,) for a single one:
            integers from 0 to C - 1.
        p: 1 or 2.
        margin: the required difference of the scores.
        weight: weights w, shape (C,), in the dtype of `input`.
        reduction: "none", "mean" or "sum": over the samples.

    Returns:
        The loss in the dtype of `input`: a scalar, or for "none" the shape of `target`.

    Raises:
        TypeError: `input` is not floating point, `target` not integers, or `weight` of another
            dtype than `input`.
        ValueError: shapes do not fit, there is no class, p is neither 1 nor 2, a target is out of
            range, or `reduction` is unknown. Traced targets are checked under `jaxgrad.checkify`
            only, and wrong ones give NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.multi_margin_loss.html

    Differs from PyTorch: over no samples the mean is NaN and the sum 0; PyTorch returns
    uninitialised memory. Targets may have any integer dtype. There is a second derivative, one in
    the weight, and bfloat16 and float16, which PyTorch has on GPUs only.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import multi_margin_loss
    >>> multi_margin_loss(jnp.array([[0.0, 0.5, 0.5, 1.0]]), jnp.array([3]))
    Array(0.25, dtype=float32)
    """
    check = _checks.of("multi_margin_loss")
    x, y = _samples(check, input, target)
    if y.shape != x.shape[:1] and not (x.ndim < 2 and y.shape in ((), (1,))):
        expected = f"of shape {x.shape[:-1]}, one class for each sample"
        raise ValueError(check.wrong("target", expected, y.shape))
    power = check.static_number("p", p)
    if power not in (1, 2):
        raise ValueError(check.wrong("p", "1 or 2", power))
    margin = check.number("margin", margin)
    if weight is not None:
        weight = check.array("weight", weight)
        classes = x.shape[-1:] or (1,)
        if weight.shape != classes:
            expected = f"of shape {classes}, one for each class"
            raise ValueError(check.wrong("weight", expected, weight.shape))
        if weight.dtype != x.dtype:
            expected = f"of input's dtype {x.dtype}"
            raise TypeError(check.wrong("weight", expected, weight.dtype))
    reduction = reduction_of(check, reduction)
    losses, valid = _multi_margin_loss(x, y, margin, weight, p=power, reduction=reduction)
    _in_range(check, y, valid, 0, x)
    return losses


def _samples(
    check: _checks.Checks, input: ArrayLike, target: ArrayLike
) -> tuple[jax.Array, jax.Array]:
    """Scores of at least one class, and indices of classes."""
    x, y = check.floating("input", input), check.array("target", target)
    if x.ndim > 2 or (x.ndim and not x.shape[-1]):
        expected = "of shape (N, C), (C,) or () with at least one class"
        raise ValueError(check.wrong("input", expected, x.shape))
    if not is_a(y.dtype, jnp.integer):
        raise TypeError(check.wrong("target", "integers", y.dtype))
    return x, y


def _in_range(
    check: _checks.Checks, target: jax.Array, valid: jax.Array, least: int, x: jax.Array
) -> None:
    classes = x.shape[-1] if x.ndim else 1
    expected = f"from {least} to {classes - 1}, a class"
    text = check.wrong("target", expected, "values from {least} to {most}")
    _checks.each_holds(valid, text, target)


@functools.partial(jax.jit, static_argnames=("p", "reduction"))
def _multi_margin_loss(
    input: jax.Array,
    target: jax.Array,
    margin: float | jax.Array,
    weight: jax.Array | None,
    *,
    p: float,
    reduction: str,
) -> tuple[jax.Array, jax.Array]:
    x, margin = widened(input.dtype, jnp.atleast_2d(input), margin)
    y = jnp.atleast_1d(target)
    right = _one_hot(y, x.shape[1])
    own = jnp.sum(jnp.where(right, x, 0), axis=1, keepdims=True)
    violation = margin - own + x
    violation = jnp.where(~right & (violation > 0), violation, 0)
    losses = jnp.mean(violation if p == 1 else jnp.square(violation), axis=1)
    if weight is not None:
        row = jnp.broadcast_to(cast(weight, x.dtype), x.shape)
        losses = losses * jnp.sum(jnp.where(right, row, 0), axis=1)
    valid = (y >= 0) & (y < x.shape[1])
    losses = jnp.where(valid, losses, jnp.nan)
    losses = losses.reshape(target.shape) if input.ndim < 2 else losses
    return reduced(losses, reduction).astype(input.dtype), jnp.all(valid)


def _one_hot(index: jax.Array, classes: int) -> jax.Array:
    """Whether a class is the indexed one: the classes are a new last dimension."""
    shape = (*index.shape, classes)
    each = jax.lax.broadcasted_iota(jnp.int32, shape, len(shape) - 1)
    return jnp.broadcast_to(index[..., None], shape).astype(jnp.int32) == each


@called
def multilabel_margin_loss(
    input: ArrayLike, target: ArrayLike, reduction: str = "mean"
) -> jax.Array:
    """How far the scores of wrong classes are from lying below each right class by 1.

        lₙ = Σ_{j ∈ yₙ} Σ_{c ∉ yₙ} max(1 - xₙ_j + xₙ_c, 0) / C

    The derivative of the max at 0 is 0. A difference that is NaN does not count, as in PyTorch.

    Args:
        input: scores x, shape (N, C), or (C,) or () for a single sample.
        target: the right classes y, the shape of `input`: integers from 0 to C - 1 up to the first
            -1; those after it do not count. A class that is listed twice counts twice.
        reduction: "none", "mean" or "sum": over the samples.

    Returns:
        The loss in the dtype of `input`: a scalar, or for "none" of shape (N,), or () for a single
        sample.

    Raises:
        TypeError: `input` is not floating point, or `target` not integers.
        ValueError: shapes do not fit, there is no class, a target is below -1 or beyond the last
            class, or `reduction` is unknown. Traced targets are checked under `jaxgrad.checkify`
            only, and wrong ones give NaN.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.multilabel_margin_loss.html

    Differs from PyTorch: over no samples the mean is NaN and the sum 0; PyTorch returns
    uninitialised memory. Targets may have any integer dtype. There is a second derivative, which is
    0, and bfloat16 and float16, which PyTorch has on GPUs only.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import multilabel_margin_loss
    >>> multilabel_margin_loss(jnp.array([[0.25, 0.5, 0.5, 1.0]]), jnp.array([[3, 0, -1, 1]]))
    Array(0.875, dtype=float32)
    """
    check = _checks.of("multilabel_margin_loss")
    x, y = _samples(check, input, target)
    if y.shape != x.shape and {x.shape, y.shape} != {(), (1,)}:
        expected = f"of input's shape {x.shape}"
        raise ValueError(check.wrong("target", expected, y.shape))
    reduction = reduction_of(check, reduction)
    losses, valid = _multilabel_margin_loss(x, y, reduction=reduction)
    _in_range(check, y, valid, -1, x)
    return losses


@functools.partial(jax.jit, static_argnames="reduction")
def _multilabel_margin_loss(
    input: jax.Array, target: jax.Array, *, reduction: str
) -> tuple[jax.Array, jax.Array]:
    (x,) = widened(input.dtype, jnp.atleast_2d(input))
    y, classes = jnp.atleast_2d(target), x.shape[1]
    listed = jnp.cumsum(y < 0, axis=1) == 0
    hit = _one_hot(y, classes) & listed[..., None]  # samples, places in the list, classes
    losses = jnp.sum(_violations(x, hit, listed), axis=(1, 2)) / classes
    valid = jnp.all((y >= -1) & (y < classes), axis=1)
    losses = jnp.where(valid, losses, jnp.nan)
    losses = reduced(losses if input.ndim == 2 else losses[0], reduction)
    return losses.astype(input.dtype), jnp.all(valid)


def _violations(x: jax.Array, hit: jax.Array, listed: jax.Array) -> jax.Array:
    """By how much each listed class fails to exceed each unlisted class by a margin of 1."""
    rows = jnp.broadcast_to(x[:, None, :], hit.shape)
    own = jnp.sum(jnp.where(hit, rows, 0), axis=2, keepdims=True)
    violation = 1 - own + rows
    wrong = ~jnp.any(hit, axis=1, keepdims=True)
    return jnp.where(listed[..., None] & wrong & (violation > 0), violation, 0)
