"""Maximum pooling: `torch.nn.functional.max_pool1d` to `max_pool3d`."""

from collections.abc import Sequence
from typing import Any

from jax.typing import ArrayLike

from jaxgrad import _checks

from . import _maxima
from ._arguments import disjoint, image, shifts

Sizes = int | Sequence[int]


def max_pool1d(
    input: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of (N, C, L): `torch.nn.functional.max_pool1d`.

        yᵢ = max over j of x[i·stride - padding + j·dilation],   0 ≤ j < kernel_size

    Padding is -∞, so it is never the maximum. A NaN counts as the largest element. The
    derivative goes to the first of equal elements in row-major order, and to the last NaN.

    Args:
        input: x of shape (N, C, L) or (C, L), floating point or integers.
        kernel_size: the size of a window: an integer.
        stride: the distance between windows, likewise; None is `kernel_size`.
        padding: how far windows reach beyond each end, likewise; at most half of `kernel_size`.
        dilation: the distance between elements of a window, likewise.
        ceil_mode: whether a last window may reach beyond the padding. It still begins within the
            input or the padding before it.
        return_indices: whether the places of the maxima are returned too.

    Returns:
        y of the input's dtype, or a pair of y and the places of the maxima in the flattened
        spatial axes, as integers of JAX's default width.

    Raises:
        TypeError: the input is complex or bool, or an argument is of the wrong kind.
        ValueError: the input has another number of axes, an axis other than the batch is empty, a
            size is out of range, or no window fits.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool1d.html

    Differs from PyTorch: takes integers without `return_indices` as well.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import max_pool1d
    >>> max_pool1d(jnp.array([[1.0, 3.0, 2.0, 5.0]]), 2)
    Array([[3., 5.]], dtype=float32)
    """
    options = (kernel_size, stride, padding, dilation, ceil_mode)
    return _max_pool("max_pool1d", input, 1, options, return_indices)


def max_pool2d(
    input: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of (N, C, H, W): `torch.nn.functional.max_pool2d`.

        y[i] = max over j of x[i·stride - padding + j·dilation],   0 ≤ j < kernel_size, each axis

    Padding is -∞, so it is never the maximum. A NaN counts as the largest element. The
    derivative goes to the first of equal elements in row-major order, and to the last NaN.

    Args:
        input: x of shape (N, C, H, W) or (C, H, W), floating point or integers.
        kernel_size: the size of a window: an integer or 2 of them, one for each spatial axis.
        stride: the distance between windows, likewise; None is `kernel_size`.
        padding: how far windows reach beyond each end, likewise; at most half of `kernel_size`.
        dilation: the distance between elements of a window, likewise.
        ceil_mode: whether a last window may reach beyond the padding. It still begins within the
            input or the padding before it.
        return_indices: whether the places of the maxima are returned too.

    Returns:
        y of the input's dtype, or a pair of y and the places of the maxima in the flattened
        spatial axes, as integers of JAX's default width.

    Raises:
        TypeError: the input is complex or bool, or an argument is of the wrong kind.
        ValueError: the input has another number of axes, an axis other than the batch is empty, a
            size is out of range, or no window fits.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool2d.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import max_pool2d
    >>> x = jnp.arange(16.0).reshape(1, 1, 4, 4)
    >>> max_pool2d(x, 3, stride=2, padding=1)
    Array([[[[ 5.,  7.],
             [13., 15.]]]], dtype=float32)
    """
    options = (kernel_size, stride, padding, dilation, ceil_mode)
    return _max_pool("max_pool2d", input, 2, options, return_indices)


def max_pool3d(
    input: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of (N, C, D, H, W): `torch.nn.functional.max_pool3d`.

        y[i] = max over j of x[i·stride - padding + j·dilation],   0 ≤ j < kernel_size, each axis

    Padding is -∞, so it is never the maximum. A NaN counts as the largest element. The
    derivative goes to the first of equal elements in row-major order, and to the last NaN.

    Args:
        input: x of shape (N, C, D, H, W) or (C, D, H, W), floating point or integers.
        kernel_size: the size of a window: an integer or 3 of them, one for each spatial axis.
        stride: the distance between windows, likewise; None is `kernel_size`.
        padding: how far windows reach beyond each end, likewise; at most half of `kernel_size`.
        dilation: the distance between elements of a window, likewise.
        ceil_mode: whether a last window may reach beyond the padding. It still begins within the
            input or the padding before it.
        return_indices: whether the places of the maxima are returned too.

    Returns:
        y of the input's dtype, or a pair of y and the places of the maxima in the flattened
        spatial axes, as integers of JAX's default width.

    Raises:
        TypeError: the input is complex or bool, or an argument is of the wrong kind.
        ValueError: the input has another number of axes, an axis other than the batch is empty, a
            size is out of range, or no window fits.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool3d.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import max_pool3d
    >>> max_pool3d(jnp.arange(8.0).reshape(1, 2, 2, 2), 2, return_indices=True)
    (Array([[[[7.]]]], dtype=float32), Array([[[[7]]]], dtype=int32))
    """
    options = (kernel_size, stride, padding, dilation, ceil_mode)
    return _max_pool("max_pool3d", input, 3, options, return_indices)


def _max_pool(
    name: str, input: ArrayLike, spatial: int, options: tuple[Any, ...], return_indices: bool
) -> Any:
    check = _checks.of(name)
    x = image(check, check.real("input", input), spatial)
    steps = tuple(map(disjoint, shifts(check, x.shape, spatial, *options)))
    return_indices = check.truth("return_indices", return_indices)
    return _maxima.pooled(x, (None,) * spatial, steps=steps, return_indices=return_indices)
