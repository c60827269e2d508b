"""Adaptive pooling: `torch.nn.functional.adaptive_avg_pool1d` to `adaptive_max_pool3d`."""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import widened

from . import _maxima
from ._arguments import counted, image
from ._windows import Shifts, Spans, along

Sizes = int | None | Sequence[int | None]


def adaptive_avg_pool1d(input: ArrayLike, output_size: int | Sequence[int]) -> jax.Array:
    """The means of n windows that cover (N, C, L): `torch.nn.functional.adaptive_avg_pool1d`.

        y[i] = mean of x[⌊i·L/n⌋ : ⌈(i + 1)·L/n⌉]

    Windows differ in size and overlap where n does not divide the size L.

    Args:
        input: x of shape (N, C, L) or (C, L), floating point.
        output_size: the number n of windows, an integer of at least 0.

    Returns:
        y of the input's dtype. bfloat16 and float16 are added up in float32.

    Raises:
        TypeError: the input is not real floating point, or output_size is of the wrong kind.
        ValueError: the input has another number of axes, a size is negative, or a spatial
            axis is empty and output_size is not 1.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool1d.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import adaptive_avg_pool1d
    >>> adaptive_avg_pool1d(jnp.array([[1.0, 2.0, 3.0, 4.0, 5.0]]), 2)
    Array([[2., 4.]], dtype=float32)
    """
    check = _checks.of("adaptive_avg_pool1d")
    x = _averaged(check, input, 1, output_size)
    return _means(x, steps=counted(check, x.shape, 1, output_size))


def adaptive_avg_pool2d(input: ArrayLike, output_size: Sizes) -> jax.Array:
    """The means of n windows that cover (N, C, H, W): `torch.nn.functional.adaptive_avg_pool2d`.

        y[i] = mean of x[⌊i·L/n⌋ : ⌈(i + 1)·L/n⌉] along each axis

    Windows differ in size and overlap where n does not divide the size L.

    Args:
        input: x of shape (N, C, H, W) or (C, H, W), floating point.
        output_size: the number n of windows along each spatial axis, at least 0: one
            integer for all axes, or 2 of them. None keeps an axis as it is.

    Returns:
        y of the input's dtype. bfloat16 and float16 are added up in float32.

    Raises:
        TypeError: the input is not real floating point, or output_size is of the wrong kind.
        ValueError: the input has another number of axes, a size is negative, or a spatial
            axis is empty and output_size is not 1.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool2d.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import adaptive_avg_pool2d
    >>> adaptive_avg_pool2d(jnp.arange(6.0).reshape(1, 2, 3), (None, 1))
    Array([[[1.],
            [4.]]], dtype=float32)
    """
    check = _checks.of("adaptive_avg_pool2d")
    x = _averaged(check, input, 2, output_size)
    return _means(x, steps=counted(check, x.shape, 2, output_size))


def adaptive_avg_pool3d(input: ArrayLike, output_size: Sizes) -> jax.Array:
    """The means of n windows that cover (N, C, D, H, W): `torch.nn.functional.adaptive_avg_pool3d`.

        y[i] = mean of x[⌊i·L/n⌋ : ⌈(i + 1)·L/n⌉] along each axis

    Windows differ in size and overlap where n does not divide the size L.

    Args:
        input: x of shape (N, C, D, H, W) or (C, D, H, W), floating point.
        output_size: the number n of windows along each spatial axis, at least 0: one
            integer for all axes, or 3 of them. None keeps an axis as it is.

    Returns:
        y of the input's dtype. bfloat16 and float16 are added up in float32.

    Raises:
        TypeError: the input is not real floating point, or output_size is of the wrong kind.
        ValueError: the input has another number of axes, a size is negative, or an axis
            after the first is empty and output_size is not 1.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool3d.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import adaptive_avg_pool3d
    >>> adaptive_avg_pool3d(jnp.arange(8.0).reshape(1, 2, 2, 2), 1)
    Array([[[[3.5]]]], dtype=float32)
    """
    check = _checks.of("adaptive_avg_pool3d")
    x = _averaged(check, input, 3, output_size)
    return _means(x, steps=counted(check, x.shape, 3, output_size))


def adaptive_max_pool1d(
    input: ArrayLike, output_size: int | Sequence[int], return_indices: bool = False
) -> Any:
    """The maxima of n windows that cover (N, C, L): `torch.nn.functional.adaptive_max_pool1d`.

        y[i] = max of x[⌊i·L/n⌋ : ⌈(i + 1)·L/n⌉]

    Windows differ in size and overlap where n does not divide the size L. The derivative
    goes to the first of equal elements in row-major order, and to the last NaN.

    Args:
        input: x of shape (N, C, L) or (C, L), floating point.
        output_size: the number n of windows, an integer of at least 0.
        return_indices: whether the places of the maxima are returned too.

    Returns:
        y of the input's dtype, or a pair of y and the places of the maxima in the flattened
        spatial axes, as integers of JAX's default width.

    Raises:
        TypeError: the input is not real floating point, or output_size is of the wrong kind.
        ValueError: the input has another number of axes, an axis after the first is empty, or a
            size is negative.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool1d.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import adaptive_max_pool1d
    >>> adaptive_max_pool1d(jnp.array([[1.0, 2.0, 3.0, 4.0, 5.0]]), 2)
    Array([[3., 5.]], dtype=float32)
    """
    return _max_pool("adaptive_max_pool1d", input, 1, output_size, return_indices)


def adaptive_max_pool2d(input: ArrayLike, output_size: Sizes, return_indices: bool = False) -> Any:
    """The maxima of n windows that cover (N, C, H, W): `torch.nn.functional.adaptive_max_pool2d`.

        y[i] = max of x[⌊i·L/n⌋ : ⌈(i + 1)·L/n⌉] along each axis

    Windows differ in size and overlap where n does not divide the size L. The derivative
    goes to the first of equal elements in row-major order, and to the last NaN.

    Args:
        input: x of shape (N, C, H, W) or (C, H, W), floating point.
        output_size: the number n of windows along each spatial axis, at least 0: one
            integer for all axes, or 2 of them. None keeps an axis as it is.
        return_indices: whether the places of the maxima are returned too.

    Returns:
        y of the input's dtype, or a pair of y and the places of the maxima in the flattened
        spatial axes, as integers of JAX's default width.

    Raises:
        TypeError: the input is not real floating point, or output_size is of the wrong kind.
        ValueError: the input has another number of axes, an axis after the first is empty, or a
            size is negative.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool2d.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import adaptive_max_pool2d
    >>> adaptive_max_pool2d(jnp.arange(6.0).reshape(1, 2, 3), (None, 1))
    Array([[[2.],
            [5.]]], dtype=float32)
    """
    return _max_pool("adaptive_max_pool2d", input, 2, output_size, return_indices)


def adaptive_max_pool3d(input: ArrayLike, output_size: Sizes, return_indices: bool = False) -> Any:
    """The maxima of n windows that cover (N, C, D, H, W).

        y[i] = max of x[⌊i·L/n⌋ : ⌈(i + 1)·L/n⌉] along each axis

    Windows differ in size and overlap where n does not divide the size L. The derivative
    goes to the first of equal elements in row-major order, and to the last NaN.

    Args:
        input: x of shape (N, C, D, H, W) or (C, D, H, W), floating point.
        output_size: the number n of windows along each spatial axis, at least 0: one
            integer for all axes, or 3 of them. None keeps an axis as it is.
        return_indices: whether the places of the maxima are returned too.

    Returns:
        y of the input's dtype, or a pair of y and the places of the maxima in the flattened
        spatial axes, as integers of JAX's default width.

    Raises:
        TypeError: the input is not real floating point, or output_size is of the wrong kind.
        ValueError: the input has another number of axes, an axis after the first is empty, or a
            size is negative.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool3d.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import adaptive_max_pool3d
    >>> adaptive_max_pool3d(jnp.arange(8.0).reshape(1, 2, 2, 2), 1, return_indices=True)
    (Array([[[[7.]]]], dtype=float32), Array([[[[7]]]], dtype=int32))
    """
    return _max_pool("adaptive_max_pool3d", input, 3, output_size, return_indices)


def _averaged(check: _checks.Checks, input: ArrayLike, spatial: int, size: Any) -> jax.Array:
    """The image. PyTorch takes the mean of an empty one, which is NaN, for a single window."""
    sizes = size if isinstance(size, (tuple, list)) else (size,)
    single = all(not isinstance(one, Tracer) and one == 1 for one in sizes)
    pixels = not single or len(sizes) not in (1, spatial)
    x = check.floating("input", input)
    channels = pixels and spatial == 3 and x.ndim == spatial + 2
    return image(check, x, spatial, channels=channels, pixels=pixels)


def _max_pool(
    name: str, input: ArrayLike, spatial: int, output_size: Any, return_indices: bool
) -> Any:
    check = _checks.of(name)
    x = check.floating("input", input)
    x = image(check, x, spatial, channels=x.ndim == spatial + 2)
    steps = counted(check, x.shape, spatial, output_size)
    return_indices = check.truth("return_indices", return_indices)
    return _maxima.pooled(x, (None,) * spatial, steps=steps, return_indices=return_indices)


@functools.partial(jax.jit, static_argnames="steps")
def _means(x: jax.Array, *, steps: tuple[Shifts | Spans, ...]) -> jax.Array:
    (total,) = widened(x.dtype, x)
    for step in reversed(steps):  # the first axis first: its slices are lines
        total = step.sums(total)
    lines = [along(_lengths(step), step.axis, x.ndim) for step in steps]
    count = functools.reduce(np.multiply, lines)
    return (total / jnp.asarray(count, total.dtype)).astype(x.dtype)


def _lengths(step: Shifts | Spans) -> np.ndarray:
    """The number of elements of each window, or one number where all are equal."""
    if isinstance(step, Shifts):
        return np.array([step.kernel])
    starts, ends = step.ends()
    sizes = ends - starts
    return sizes[:1] if sizes.size and (sizes == sizes[0]).all() else sizes
