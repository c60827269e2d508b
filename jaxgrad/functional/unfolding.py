"""Windows of an image as columns, and the sum of columns at the places of an image."""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._dtypes import is_a, is_floating, wide

from ._placement import axes_of, placed
from ._spatial import for_each_axis

Pair = int | tuple[int, int] | list[int]
"""One integer for height and width, or one for each."""


class Blocks(NamedTuple):
    """The blocks of an image: kernel size, dilation, padding and stride along both axes."""

    kernel: tuple[int, int]
    dilation: tuple[int, int]
    padding: tuple[int, int]
    stride: tuple[int, int]

    def counts(self, sizes: Sequence[int]) -> tuple[int, ...]:
        """How many blocks lie along both axes."""
        axes = zip(sizes, self.kernel, self.dilation, self.padding, self.stride, strict=True)
        return tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, d, p, s in axes)


@called
def unfold(
    input: ArrayLike, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1
) -> jax.Array:
    """The blocks of an image as columns ("im2col").

        yₙ[c·kH·kW + i·kW + j, l] = xₙc[s·p + d·i - padding, s·q + d·j - padding],   l = p·Lw + q

    Args:
        input: x of shape (N, C, H, W) or (C, H, W), of any numeric dtype or bool.
        kernel_size: (kH, kW), an integer or two.
        dilation: d, the step from one element of a block to the next: an integer or two.
        padding: how many zeros stand before and after the image: an integer or two.
        stride: s, the step from one block to the next: an integer or two.

    Returns:
        y of shape (N, C·kH·kW, L), or without N, in the dtype of the input. L = Lh·Lw is the number
        of blocks.

    Raises:
        TypeError: an option is not an integer.
        ValueError: the input has the wrong number of dimensions, no channels or no elements, an
            option is out of range, or no block fits into the image.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.unfold.html

    Differs from PyTorch: takes integers too.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import unfold
    >>> unfold(jnp.arange(6.0).reshape(1, 2, 3), (1, 2))
    Array([[0., 1., 3., 4.],
           [1., 2., 4., 5.]], dtype=float32)
    """
    check = _checks.of("unfold")
    x = check.array("input", input)
    blocks = _blocks(check, kernel_size, dilation, padding, stride)
    if x.ndim not in (3, 4) or 0 in x.shape[-3:]:
        expected = "of shape (N, C, H, W) or (C, H, W), with C, H and W above 0"
        raise ValueError(check.wrong("input", expected, f"shape {x.shape}"))
    counts = blocks.counts(x.shape[-2:])
    if min(counts) < 1:
        expected = f"at least as large as a block {blocks.kernel} once it is padded"
        raise ValueError(check.wrong("input", expected, f"shape {x.shape}"))
    return _unfold(x, blocks)


@called
def fold(
    input: ArrayLike,
    output_size: Pair,
    kernel_size: Pair,
    dilation: Pair = 1,
    padding: Pair = 0,
    stride: Pair = 1,
) -> jax.Array:
    """The sum of columns at the places where `unfold` takes them from ("col2im").

        yₙc[s·p + d·i - padding, s·q + d·j - padding] += xₙ[c·kH·kW + i·kW + j, p·Lw + q]

    Args:
        input: x of shape (N, C·kH·kW, L) or (C·kH·kW, L), of any numeric dtype or bool.
        output_size: (H, W) of the image, an integer or two.
        kernel_size: (kH, kW), an integer or two.
        dilation: d, the step from one element of a block to the next: an integer or two.
        padding: how many zeros stood before and after the image: an integer or two.
        stride: s, the step from one block to the next: an integer or two.

    Returns:
        y of shape (N, C, H, W), or without N, in the dtype of the input. bfloat16 and float16 are
        added up in float32 and rounded once.

    Raises:
        TypeError: an option is not an integer.
        ValueError: the shape does not fit the options, or an option is out of range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.fold.html

    Differs from PyTorch: takes integers too.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import fold
    >>> fold(jnp.ones((2, 2)), (1, 3), (1, 2))
    Array([[[1., 2., 1.]]], dtype=float32)
    """
    check = _checks.of("fold")
    x = check.array("input", input)
    sizes = _pair(check, "output_size", output_size, 1)
    blocks = _blocks(check, kernel_size, dilation, padding, stride)
    counts, area = blocks.counts(sizes), blocks.kernel[0] * blocks.kernel[1]
    if x.ndim not in (2, 3) or 0 in x.shape[-2:] or x.shape[-2] % area:
        expected = f"of shape (N, C·{area}, L) or (C·{area}, L), with C and L above 0"
        raise ValueError(check.wrong("input", expected, f"shape {x.shape}"))
    if min(counts) < 1 or x.shape[-1] != counts[0] * counts[1]:
        expected = f"of {counts[0]} * {counts[1]} blocks"
        raise ValueError(check.wrong("input", expected, f"{x.shape[-1]} in shape {x.shape}"))
    return _fold(x, sizes, blocks)


def _pair(check: _checks.Checks, argument: str, value: Any, minimum: int) -> tuple[int, int]:
    """Two integers; a sequence of one is refused, as in PyTorch."""
    if isinstance(value, Sequence) and len(value) != 2:
        got = f"{value!r:.60}"
        raise ValueError(check.wrong(argument, "an integer or 2 integers", got))
    first, second = for_each_axis(check, argument, value, 2, minimum)
    return first, second


def _blocks(check: _checks.Checks, kernel: Any, dilation: Any, padding: Any, stride: Any) -> Blocks:
    return Blocks(
        _pair(check, "kernel_size", kernel, 1),
        _pair(check, "dilation", dilation, 1),
        _pair(check, "padding", padding, 0),
        _pair(check, "stride", stride, 1),
    )


def _along(x: jax.Array, axis: int, of: tuple[int, ...], count: int) -> jax.Array:
    """An axis as two: the place in a block, and the block."""
    kernel, dilation, padding, stride = of
    config = [(0, 0, 0)] * x.ndim
    config[axis] = (padding, padding, 0)
    x = jax.lax.pad(x, jnp.zeros((), x.dtype), config)
    parts = [
        jax.lax.slice_in_dim(x, i * dilation, i * dilation + (count - 1) * stride + 1, stride, axis)
        for i in range(kernel)
    ]
    return jnp.stack(parts, axis)


def _columns(x: jax.Array, blocks: Blocks) -> jax.Array:
    """The columns of images (N, C, H, W): first along the height, then along the width."""
    (high, wide_), counts = zip(*blocks, strict=True), blocks.counts(x.shape[2:])
    x = _along(_along(x, 2, high, counts[0]), 4, wide_, counts[1])
    x = jnp.swapaxes(x, 3, 4)
    return x.reshape(x.shape[0], math.prod(x.shape[1:4]), counts[0] * counts[1])


def _batch_of(function: Callable[[jax.Array], jax.Array], x: jax.Array, ndim: int) -> jax.Array:
    """`function` of a batch of images, or of one."""
    if x.ndim < ndim:
        return function(x[None])[0]
    return placed(function, axes_of(x)[:1], x)


@functools.partial(jax.jit, static_argnames="blocks")
def _unfold(x: jax.Array, blocks: Blocks) -> jax.Array:
    return _batch_of(lambda x: _columns(x, blocks), x, 4)


@functools.partial(jax.jit, static_argnames=("sizes", "blocks"))
def _fold(x: jax.Array, sizes: tuple[int, int], blocks: Blocks) -> jax.Array:
    def summed(x: jax.Array) -> jax.Array:
        area = blocks.kernel[0] * blocks.kernel[1]
        kind = wide(x.dtype) if is_floating(x.dtype) else x.dtype
        kind = jnp.int32 if is_a(kind, jnp.bool_) else kind
        shape = (x.shape[0], x.shape[1] // area, *sizes)
        return _summed(x.astype(kind), shape, blocks).astype(x.dtype)

    return _batch_of(summed, x, 3)


def _summed(x: jax.Array, shape: tuple[int, ...], blocks: Blocks) -> jax.Array:
    """The transpose of `_columns`: first along the width, then along the height."""
    batch, channels, height, width = shape
    counts = blocks.counts((height, width))
    (high, wide_) = zip(*blocks, strict=True)
    x = x.reshape(batch, channels, *blocks.kernel, *counts)
    rows = _added(jnp.moveaxis(x, 3, -2), -1, wide_, width)  # (N, C, kH, Lh, W)
    return _added(rows, 3, high, height)


def _added(x: jax.Array, axis: int, of: tuple[int, ...], size: int) -> jax.Array:
    """The transpose of `_along`: the sum over the axis before `axis` of parts that are moved."""
    kernel, dilation, padding, stride = of
    axis %= x.ndim
    total = None
    for i in range(kernel):
        part = jax.lax.index_in_dim(x, i, axis - 1, keepdims=False)
        before = i * dilation - padding
        after = size - before - ((part.shape[axis - 1] - 1) * stride + 1)
        config = [(0, 0, 0)] * part.ndim
        config[axis - 1] = (before, after, stride - 1)
        term = jax.lax.pad(part, jnp.zeros((), x.dtype), config)
        total = term if total is None else total + term
    assert total is not None
    return total
