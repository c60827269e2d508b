"""Average pooling: `torch.nn.functional.avg_pool1d` to `avg_pool3d`."""

import functools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import is_floating, widened

from .._arguments import number_for
from ._arguments import disjoint, image, shifts
from ._windows import Shifts, along

Sizes = int | Sequence[int]


def avg_pool1d(
    input: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> jax.Array:
    """The mean of each window of (N, C, L): `torch.nn.functional.avg_pool1d`.

        y[i] = Σⱼ x[i·stride - padding + j] / count,   0 ≤ j < kernel_size

    Padding is 0 and counts, unless `count_include_pad` is False. Elements that `ceil_mode`
    adds beyond the padding never count.

    Args:
        input: x of shape (N, C, L) or (C, L), floating point or integers.
        kernel_size: the size of a window: an integer.
        stride: the distance between windows, likewise; None is `kernel_size`.
        padding: how far windows reach beyond each end, likewise; at most half of `kernel_size`.
        ceil_mode: whether a last window may reach beyond the padding. It still begins within the
            input or the padding before it.
        count_include_pad: whether elements of the padding count.

    Returns:
        y of the input's dtype. bfloat16 and float16 are added up in float32. The means of
        integers are rounded towards 0.

    Raises:
        TypeError: the input is complex or bool, or an argument is of the wrong kind.
        ValueError: the input has another number of axes, an axis other than the batch is empty, a
            size is out of range, or no window fits.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool1d.html

    Differs from PyTorch: takes all integers, where PyTorch has int64 alone.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import avg_pool1d
    >>> avg_pool1d(jnp.array([[1.0, 3.0, 2.0, 4.0]]), 2)
    Array([[2., 3.]], dtype=float32)
    """
    options = (kernel_size, stride, padding, ceil_mode)
    return _avg_pool("avg_pool1d", input, 1, options, count_include_pad, None)


def avg_pool2d(
    input: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> jax.Array:
    """The mean of each window of (N, C, H, W): `torch.nn.functional.avg_pool2d`.

        y[i] = Σⱼ x[i·stride - padding + j] / count,   0 ≤ j < kernel_size along each axis

    Padding is 0 and counts, unless `count_include_pad` is False. Elements that `ceil_mode`
    adds beyond the padding never count.

    Args:
        input: x of shape (N, C, H, W) or (C, H, W), floating point or integers.
        kernel_size: the size of a window: an integer or 2 of them, one for each spatial axis.
        stride: the distance between windows, likewise; None is `kernel_size`.
        padding: how far windows reach beyond each end, likewise; at most half of `kernel_size`.
        ceil_mode: whether a last window may reach beyond the padding. It still begins within the
            input or the padding before it.
        count_include_pad: whether elements of the padding count.
        divisor_override: an integer to divide each sum by instead of the count; not 0.

    Returns:
        y of the input's dtype. bfloat16 and float16 are added up in float32. The means of
        integers are rounded towards 0.

    Raises:
        TypeError: the input is complex or bool, or an argument is of the wrong kind.
        ValueError: the input has another number of axes, an axis other than the batch is empty, a
            size is out of range, or no window fits.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool2d.html

    Differs from PyTorch: takes all integers, where PyTorch has int64 alone.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import avg_pool2d
    >>> avg_pool2d(jnp.ones((1, 1, 2, 2)), 2, padding=1)
    Array([[[[0.25, 0.25],
             [0.25, 0.25]]]], dtype=float32)
    """
    options = (kernel_size, stride, padding, ceil_mode)
    return _avg_pool("avg_pool2d", input, 2, options, count_include_pad, divisor_override)


def avg_pool3d(
    input: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> jax.Array:
    """The mean of each window of (N, C, D, H, W): `torch.nn.functional.avg_pool3d`.

        y[i] = Σⱼ x[i·stride - padding + j] / count,   0 ≤ j < kernel_size along each axis

    Padding is 0 and counts, unless `count_include_pad` is False. Elements that `ceil_mode`
    adds beyond the padding never count.

    Args:
        input: x of shape (N, C, D, H, W) or (C, D, H, W), floating point or integers.
        kernel_size: the size of a window: an integer or 3 of them, one for each spatial axis.
        stride: the distance between windows, likewise; None is `kernel_size`.
        padding: how far windows reach beyond each end, likewise; at most half of `kernel_size`.
        ceil_mode: whether a last window may reach beyond the padding. It still begins within the
            input or the padding before it.
        count_include_pad: whether elements of the padding count.
        divisor_override: an integer to divide each sum by instead of the count; not 0.

    Returns:
        y of the input's dtype. bfloat16 and float16 are added up in float32. The means of
        integers are rounded towards 0.

    Raises:
        TypeError: the input is complex or bool, or an argument is of the wrong kind.
        ValueError: the input has another number of axes, an axis other than the batch is empty, a
            size is out of range, or no window fits.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool3d.html

    Differs from PyTorch: takes bfloat16, float16 and all integers, where PyTorch has float32,
    float64 and int64. A window may be larger than the input if the padding makes up for it, as in
    `avg_pool2d`.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import avg_pool3d
    >>> avg_pool3d(jnp.arange(8.0).reshape(1, 2, 2, 2), 2)
    Array([[[[3.5]]]], dtype=float32)
    """
    options = (kernel_size, stride, padding, ceil_mode)
    return _avg_pool("avg_pool3d", input, 3, options, count_include_pad, divisor_override)


def _avg_pool(
    name: str,
    input: ArrayLike,
    spatial: int,
    options: tuple[Any, ...],
    count_include_pad: bool,
    divisor: int | None,
) -> jax.Array:
    check = _checks.of(name)
    x = image(check, check.real("input", input), spatial)
    kernel_size, stride, padding, ceil_mode = options
    steps = shifts(check, x.shape, spatial, kernel_size, stride, padding, ceil_mode=ceil_mode)
    include = check.truth("count_include_pad", count_include_pad)
    if divisor is not None:
        divisor = check.integer("divisor_override", divisor, -(2**63))
        if not divisor:
            raise ValueError(check.wrong("divisor_override", "an integer other than 0", divisor))
        if not is_floating(x.dtype):
            number_for(check, "divisor_override", divisor, x)
    return _means(x, steps=steps, include=include, divisor=divisor)


@functools.partial(jax.jit, static_argnames=("steps", "include", "divisor"))
def _means(
    x: jax.Array, *, steps: tuple[Shifts, ...], include: bool, divisor: int | None
) -> jax.Array:
    if is_floating(x.dtype):
        (wide,) = widened(x.dtype, x)
    else:
        wide = x.astype(jnp.int32) if jnp.iinfo(x.dtype).bits < 32 else x
    return divided(wide, steps, include, divisor).astype(x.dtype)


def divided(
    x: jax.Array, steps: tuple[Shifts, ...], include: bool = True, divisor: int | None = None
) -> jax.Array:
    """The sums of windows, over the number of their elements or a given divisor."""
    total = x
    for step in reversed(steps):  # the first axis first: its slices are lines
        total = disjoint(step).sums(total)
    over = counts(steps, include, x.ndim) if divisor is None else divisor
    if is_floating(x.dtype):
        return total / jnp.asarray(over if divisor is None else float(divisor), x.dtype)
    return jax.lax.div(total, jnp.broadcast_to(jnp.asarray(over, x.dtype), total.shape))


def counts(steps: tuple[Shifts, ...], include: bool, ndim: int) -> np.ndarray | int:
    """How many elements count in each window; one number where all windows are equal."""
    each = [_lengths(step, include) for step in steps]
    if all((one == one[0]).all() for one in each):
        return math.prod(int(one[0]) for one in each)
    lines = [along(one, step.axis, ndim) for one, step in zip(each, steps, strict=True)]
    return functools.reduce(np.multiply, lines)


def _lengths(step: Shifts, include: bool) -> np.ndarray:
    """How many elements count along an axis."""
    first = np.arange(step.windows) * step.stride - step.padding
    last = first + step.kernel
    margin = step.padding * include
    return np.minimum(last, step.size + margin) - np.maximum(first, -margin)
