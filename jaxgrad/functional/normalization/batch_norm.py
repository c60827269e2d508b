"""Batch normalization, and the running statistics that it keeps for evaluation."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks

from ._affine import affine, moments, wide
from ._parameters import both_or_none, channels, of_one_dtype, parameter, spread


def batch_norm(
    input: ArrayLike,
    running_mean: ArrayLike | None,
    running_var: ArrayLike | None,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> jax.Array:
    """Batch normalization: each channel minus its mean, divided by its standard deviation.

        y = (x - mean) / √(variance + ε) · weight + bias

    In training the mean and the (biased) variance are those of the batch, over all axes but that
    of the channels. Otherwise they are the running ones. `running_stats` gives the new running
    statistics. Where one `jax.jit` calls both, the batch's statistics are computed once.

    Args:
        input: x, of shape (N, C, ...), floating point.
        running_mean: of shape (C,), or None in training.
        running_var: of shape (C,), or None in training.
        weight: of shape (C,); None is 1.
        bias: of shape (C,); None is 0.
        training: whether the statistics of the batch are taken.
        momentum: has no effect here; it is an argument of `running_stats`.
        eps: ε, a number that is added to the variance; in training it must be positive.

    Returns:
        y, of the input's shape and dtype. Computed in float32 at least and rounded once.

    Raises:
        TypeError: the input is not floating point; or the other arrays do not have its dtype, or
            float32 beside bfloat16 and float16; or another argument is of the wrong kind.
        ValueError: a shape does not fit; or one running statistic is given without the other; or
            they are missing outside training; or eps is negative; or in training eps is 0 or a
            channel has one value only.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.batch_norm.html

    Differs from PyTorch: the running statistics are not changed; outside training there is a
    derivative with respect to them; an infinite eps, a weight or bias that is not 1-D and an empty
    input without the statistics outside training are refused; float32 keeps its digits where the
    mean is large beside the standard deviation.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import batch_norm
    >>> batch_norm(jnp.array([[1.0, 5.0], [3.0, 5.0]]), None, None, training=True).round(3)
    Array([[-1.,  0.],
           [ 1.,  0.]], dtype=float32)
    """
    check = _checks.of("batch_norm")
    x = check.floating("input", input)
    shape = channels(check, x)
    mean, variance, weight, bias = (
        parameter(check, name, value, shape)
        for name, value in (
            ("running_mean", running_mean),
            ("running_var", running_var),
            ("weight", weight),
            ("bias", bias),
        )
    )
    training = check.truth("training", training)
    check.number("momentum", momentum)
    eps = _eps(check, eps, training)
    both_or_none(check, mean, variance, needed=not training)
    of_one_dtype(check, x, running_mean=mean, running_var=variance, weight=weight, bias=bias)
    if training:
        _several(check, x, (0, *range(2, x.ndim)), "value for each channel")
        return batch_affine(x, weight, bias, (0, *range(2, x.ndim)), eps)
    return fixed_affine(x, mean, variance, weight, bias, eps)


def running_stats(
    input: ArrayLike,
    running_mean: ArrayLike,
    running_var: ArrayLike,
    momentum: ArrayLike | None = 0.1,
    *,
    num_batches_tracked: ArrayLike | None = None,
    per_instance: bool = False,
) -> tuple[jax.Array, jax.Array]:
    """The running statistics after a batch: what PyTorch's `batch_norm` writes in training.

        mean'     = (1 - m) · running_mean + m · mean
        variance' = (1 - m) · running_var  + m · variance · n / (n - 1)

    n is the number of values of a channel, so that the variance is the unbiased one. The momentum m
    is the weight of the new batch; flax and equinox call 1 - m the momentum.

    Args:
        input: x, of shape (N, C, ...), floating point: what `batch_norm` gets.
        running_mean: of shape (C,); 0 before the first batch.
        running_var: of shape (C,); 1 before the first batch.
        momentum: m, a scalar. With None all batches count alike, and m is 1 / (batches so far + 1).
        num_batches_tracked: with momentum None, how many batches there were before this one: the
            number of that name in PyTorch's state dict. Add 1 to it yourself.
        per_instance: whether the statistics are those of each sample, averaged over the samples:
            what `instance_norm` writes.

    Returns:
        The pair (mean', variance'), in the dtypes of the running statistics. They have
        no gradient. An empty batch leaves them as they are.

    Raises:
        TypeError: an array is not floating point, or another argument is of the wrong kind.
        ValueError: a shape does not fit; or a channel (of a sample) has one value only; or both
            momentum and num_batches_tracked are None.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html

    Differs from PyTorch: PyTorch writes the statistics in place. With `per_instance` an empty
    batch leaves them as they are, where PyTorch writes NaN.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import running_stats
    >>> running_stats(jnp.array([[1.0], [3.0]]), jnp.zeros(1), jnp.ones(1))
    (Array([0.2], dtype=float32), Array([1.1], dtype=float32))
    """
    check = _checks.of("running_stats")
    x = check.floating("input", input)
    shape = channels(check, x)
    mean = parameter(check, "running_mean", check.array("running_mean", running_mean), shape)
    variance = parameter(check, "running_var", check.array("running_var", running_var), shape)
    per_instance = check.truth("per_instance", per_instance)
    shares = _shares(check, momentum, num_batches_tracked)
    axes = tuple(range(2, x.ndim)) if per_instance else (0, *range(2, x.ndim))
    of_what = "value for each channel of a sample" if per_instance else "value for each channel"
    _several(check, x, axes, of_what)
    return _running_stats(x, mean, variance, shares, axes)


def _shares(check: _checks.Checks, momentum: Any, tracked: Any) -> tuple[Any, Any]:
    """The weights of the old statistics and of the new ones."""
    if momentum is not None:
        new = check.number("momentum", momentum)
        return 1 - new, new
    if tracked is None:
        expected, remedy = "given where momentum is None", "pass the count of batches so far"
        raise ValueError(check.wrong("num_batches_tracked", expected, None, remedy))
    count = check.number("num_batches_tracked", tracked)
    return count / (count + 1), 1 / (count + 1)


def _eps(check: _checks.Checks, value: Any, training: bool) -> float:
    eps = check.static_number("eps", value)
    if eps < 0 or (training and eps == 0):
        raise ValueError(check.wrong("eps", "positive" if training else "at least 0", eps))
    return eps


def _several(check: _checks.Checks, x: jax.Array, axes: tuple[int, ...], values: str) -> None:
    """Refuse statistics of a single value, which has no variance."""
    if math.prod(x.shape[axis] for axis in axes) == 1:
        remedy = "use the running statistics, or a larger batch"
        raise ValueError(
            check.wrong("input", f"more than one {values}", f"shape {x.shape}", remedy)
        )


@functools.partial(jax.jit, static_argnames=("axes", "eps"))
def batch_affine(
    input: jax.Array,
    weight: jax.Array | None,
    bias: jax.Array | None,
    axes: tuple[int, ...],
    eps: float,
) -> jax.Array:
    """Normalized by the input's own moments over axes; a weight and a bias for each channel."""
    weight, bias = spread(input.ndim, 1, weight, bias)
    return affine(input, weight, bias, axes, eps, True).astype(input.dtype)


@functools.partial(jax.jit, static_argnames="eps")
def fixed_affine(
    input: jax.Array,
    mean: jax.Array,
    variance: jax.Array,
    weight: jax.Array | None,
    bias: jax.Array | None,
    eps: float,
) -> jax.Array:
    """Normalized by a mean and a variance that are given for each channel."""
    x = wide(input)
    mean, variance = (array.astype(x.dtype) for array in (mean, variance))
    mean, variance, weight, bias = spread(x.ndim, 1, mean, variance, weight, bias)
    scale = jax.lax.rsqrt(variance + eps)
    result = (x - mean) * (scale if weight is None else scale * weight)
    return (result if bias is None else result + bias).astype(input.dtype)


@functools.partial(jax.jit, static_argnames="axes")
def _running_stats(
    input: jax.Array,
    running_mean: jax.Array,
    running_var: jax.Array,
    shares: tuple[jax.Array, jax.Array],
    axes: tuple[int, ...],
) -> tuple[jax.Array, jax.Array]:
    if not input.size:
        return running_mean, running_var
    found, count = moments(input, axes), math.prod(input.shape[axis] for axis in axes)
    first, rest = found.mean
    mean = jnp.where(jnp.isinf(first), first, first + rest)
    variance = found.variance * (count / (count - 1))
    return _mixed(mean, running_mean, shares), _mixed(variance, running_var, shares)


def _mixed(new: jax.Array, old: jax.Array, shares: tuple[jax.Array, jax.Array]) -> jax.Array:
    """The old statistic, and the batch's: of each channel, or of each channel of each sample."""
    new = jnp.mean(new, (0, *range(2, new.ndim)))
    kind = jnp.promote_types(new.dtype, old.dtype)
    keep, take = (jnp.asarray(share).astype(kind) for share in shares)
    mixed = keep * old.astype(kind) + take * new.astype(kind)
    return jax.lax.stop_gradient(mixed).astype(old.dtype)
