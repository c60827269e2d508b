"""The way back from maximum pooling: `torch.nn.functional.max_unpool1d` to `max_unpool3d`."""

import functools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import is_a

from .._spatial import for_each_axis
from ._arguments import image

Sizes = int | Sequence[int]


def max_unpool1d(
    input: ArrayLike,
    indices: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    output_size: Sequence[int] | None = None,
) -> jax.Array:
    """Maxima back at their places, 0 elsewhere: `torch.nn.functional.max_unpool1d`.

        y[n, c, indices[n, c, i]] = x[n, c, i]

    Of elements with the same index the last one is taken. Each of them gets the derivative of that
    place.

    Args:
        input: x of shape (N, C, L) or (C, L), floating point.
        indices: integers of x's shape: places in the flattened spatial axes of y, as the
            function `max_pool1d` returns them.
        kernel_size: the size of the windows of the pooling: an integer.
        stride: the distance between them, likewise; None is `kernel_size`.
        padding: how far they reached beyond the image, likewise.
        output_size: the spatial shape of y, or its whole shape. None takes
            (L - 1)·stride - 2·padding + kernel_size along each axis; a size that is given is less
            than `stride` away from that.

    Returns:
        y of the input's dtype.

    Raises:
        TypeError: the input is not floating point, or the indices are not integers.
        ValueError: the shapes differ, the input has another number of axes, an axis other than the
            batch is empty, or a size or an index is out of range. Traced indices are checked under
            `jaxgrad.checkify` only; a channel with an invalid one is NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_unpool1d.html

    Differs from PyTorch: takes indices of each integer dtype. Where several elements have the same
    index, PyTorch takes one that depends on its number of threads, and its forward-mode derivative
    is not the transpose of its reverse mode.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import max_unpool1d
    >>> max_unpool1d(jnp.array([[3.0, 5.0]]), jnp.array([[1, 3]]), 2)
    Array([[0., 3., 0., 5.]], dtype=float32)
    """
    return _max_unpool(
        "max_unpool1d", input, indices, 1, (kernel_size, stride, padding), output_size
    )


def max_unpool2d(
    input: ArrayLike,
    indices: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    output_size: Sequence[int] | None = None,
) -> jax.Array:
    """Maxima back at their places, 0 elsewhere: `torch.nn.functional.max_unpool2d`.

        y[n, c, indices[n, c, i]] = x[n, c, i]

    Of elements with the same index the last one is taken. Each of them gets the derivative of that
    place.

    Args:
        input: x of shape (N, C, H, W) or (C, H, W), floating point.
        indices: integers of x's shape: places in the flattened spatial axes of y, as the
            function `max_pool2d` returns them.
        kernel_size: the size of the windows of the pooling: an integer or 2 of them, one for
            each spatial axis.
        stride: the distance between them, likewise; None is `kernel_size`.
        padding: how far they reached beyond the image, likewise.
        output_size: the spatial shape of y, or its whole shape. None takes
            (L - 1)·stride - 2·padding + kernel_size along each axis; a size that is given is less
            than `stride` away from that.

    Returns:
        y of the input's dtype.

    Raises:
        TypeError: the input is not floating point, or the indices are not integers.
        ValueError: the shapes differ, the input has another number of axes, an axis other than the
            batch is empty, or a size or an index is out of range. Traced indices are checked under
            `jaxgrad.checkify` only; a channel with an invalid one is NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_unpool2d.html

    Differs from PyTorch: takes indices of each integer dtype. Where several elements have the same
    index, PyTorch takes one that depends on its number of threads, and its forward-mode derivative
    is not the transpose of its reverse mode.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import max_unpool2d
    >>> max_unpool2d(jnp.array([[[7.0]]]), jnp.array([[[2]]]), 2)
    Array([[[0., 0.],
            [7., 0.]]], dtype=float32)
    """
    return _max_unpool(
        "max_unpool2d", input, indices, 2, (kernel_size, stride, padding), output_size
    )


def max_unpool3d(
    input: ArrayLike,
    indices: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    output_size: Sequence[int] | None = None,
) -> jax.Array:
    """Maxima back at their places, 0 elsewhere: `torch.nn.functional.max_unpool3d`.

        y[n, c, indices[n, c, i]] = x[n, c, i]

    Of elements with the same index the last one is taken. Each of them gets the derivative of that
    place.

    Args:
        input: x of shape (N, C, D, H, W) or (C, D, H, W), floating point.
        indices: integers of x's shape: places in the flattened spatial axes of y, as the
            function `max_pool3d` returns them.
        kernel_size: the size of the windows of the pooling: an integer or 3 of them, one for
            each spatial axis.
        stride: the distance between them, likewise; None is `kernel_size`.
        padding: how far they reached beyond the image, likewise.
        output_size: the spatial shape of y, or its whole shape. None takes
            (L - 1)·stride - 2·padding + kernel_size along each axis; a size that is given is less
            than `stride` away from that.

    Returns:
        y of the input's dtype.

    Raises:
        TypeError: the input is not floating point, or the indices are not integers.
        ValueError: the shapes differ, the input has another number of axes, an axis other than the
            batch is empty, or a size or an index is out of range. Traced indices are checked under
            `jaxgrad.checkify` only; a channel with an invalid one is NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_unpool3d.html

    Differs from PyTorch: takes indices of each integer dtype. Where several elements have the same
    index, PyTorch takes one that depends on its number of threads, and its forward-mode derivative
    is not the transpose of its reverse mode.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import max_unpool3d
    >>> max_unpool3d(jnp.ones((1, 1, 1, 1)), jnp.array([[[[7]]]]), 2).ravel()
    Array([0., 0., 0., 0., 0., 0., 0., 1.], dtype=float32)
    """
    return _max_unpool(
        "max_unpool3d", input, indices, 3, (kernel_size, stride, padding), output_size
    )


def _max_unpool(
    name: str,
    input: ArrayLike,
    indices: ArrayLike,
    spatial: int,
    options: tuple[Any, Any, Any],
    output_size: Sequence[int] | None,
) -> jax.Array:
    check = _checks.of(name)
    x = image(check, check.floating("input", input), spatial)
    places = check.array("indices", indices)
    if not is_a(places.dtype, jnp.integer):
        raise TypeError(check.wrong("indices", "an array of integers", places.dtype))
    if places.shape != x.shape:
        raise ValueError(check.wrong("indices", f"of input's shape {x.shape}", places.shape))
    shape = _shape(check, x.shape[-spatial:], options, output_size)
    y, valid = _unpooled(x, places, shape=shape)
    text = check.wrong("indices", f"in [0, {math.prod(shape)})", "values from {least} to {most}")
    _checks.each_holds(valid, text, places)
    return y


def _shape(
    check: _checks.Checks, sizes: tuple[int, ...], options: tuple[Any, Any, Any], given: Any
) -> tuple[int, ...]:
    """The spatial shape of the result."""
    spatial = len(sizes)
    kernel = for_each_axis(check, "kernel_size", options[0], spatial, 1)
    stride = kernel
    if options[1] is not None:
        stride = for_each_axis(check, "stride", options[1], spatial, 1)
    padding = for_each_axis(check, "padding", options[2], spatial, 0)
    axes = zip(sizes, kernel, stride, padding, strict=True)
    usual = tuple((size - 1) * step - 2 * pad + one for size, one, step, pad in axes)
    shape = usual if given is None else _given_shape(check, given, usual, stride)
    if min(shape) < 0:
        raise ValueError(check.wrong("padding", "small enough to leave a result", padding))
    if math.prod(shape) >= 2**31:
        raise ValueError(check.wrong("stride", "small enough for 2**31 elements", stride))
    return shape


def _given_shape(
    check: _checks.Checks, given: Any, usual: tuple[int, ...], stride: tuple[int, ...]
) -> tuple[int, ...]:
    """`output_size` as a spatial shape, each of its sizes less than a stride off the usual one."""
    spatial = len(usual)
    whole = given if isinstance(given, (tuple, list)) else None
    if whole is None or len(whole) not in (spatial, spatial + 2):
        expected = f"{spatial} or {spatial + 2} integers"
        raise ValueError(check.wrong("output_size", expected, f"{given!r:.60}"))
    shape = tuple(check.integer("output_size", one, 0) for one in whole[-spatial:])
    if any(abs(a - b) >= step for a, b, step in zip(shape, usual, stride, strict=True)):
        expected = f"less than stride {stride} away from {usual}"
        raise ValueError(check.wrong("output_size", expected, shape))
    return shape


@functools.partial(jax.jit, static_argnames="shape")
def _unpooled(
    x: jax.Array, places: jax.Array, *, shape: tuple[int, ...]
) -> tuple[jax.Array, jax.Array]:
    """The result, and whether all indices are valid."""
    outer, total = x.shape[: x.ndim - len(shape)], math.prod(shape)
    lines = (*outer, math.prod(x.shape[len(outer) :]))
    top = min(max(total - 1, 0), int(jnp.iinfo(places.dtype).max))
    valid = (places >= 0) & (places <= places.dtype.type(top)) & (total > 0)
    inside = jnp.where(valid, places, places.dtype.type(0)).astype(jnp.int32)
    put = functools.partial(_placed, total=total)
    for _ in outer:
        put = jax.vmap(put)
    y = put(x.reshape(lines), inside.reshape(lines)).reshape(*outer, *shape)
    right = jnp.all(valid, range(len(outer), x.ndim), keepdims=True)
    return jnp.where(right, y, jnp.asarray(np.nan, y.dtype)), jnp.all(right)


@functools.partial(jax.custom_jvp, nondiff_argnums=(2,))
def _placed(x: jax.Array, places: jax.Array, total: int) -> jax.Array:
    """Elements at their places; of several at a place the last, on each platform."""
    order = jnp.arange(x.size, dtype=jnp.int32)
    last = jnp.full(total, -1, jnp.int32).at[places].max(order, mode="promise_in_bounds")
    found = x.at[jnp.maximum(last, 0)].get(mode="promise_in_bounds")
    return jnp.where(last >= 0, found, x.dtype.type(0))


@_placed.defjvp
def _placed_jvp(
    total: int, primals: tuple[jax.Array, jax.Array], tangents: tuple[jax.Array, jax.Array]
) -> tuple[jax.Array, jax.Array]:
    (x, places), (slope, _) = primals, tangents
    sums = jnp.zeros(total, x.dtype).at[places].add(slope, mode="promise_in_bounds")
    return _placed(x, places, total), sums
