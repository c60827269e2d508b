"""Pixels to channels, channels to pixels, and channels between groups."""

import functools

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks


def pixel_shuffle(input: ArrayLike, upscale_factor: int) -> jax.Array:
    """Blocks of r² channels become r × r pixels.

        y[…, c, h r + i, w r + j] = x[…, c r² + i r + j, h, w]

    Args:
        input: x of shape (..., C r², H, W), any dtype.
        upscale_factor: r, static, at least 1.

    Returns:
        y, of shape (..., C, H r, W r).

    Raises:
        TypeError: `input` is not an array, or upscale_factor is not an integer.
        ValueError: `input` has fewer than three axes, its channels are not divisible by r², or
            upscale_factor is below 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pixel_shuffle.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import pixel_shuffle
    >>> pixel_shuffle(jnp.arange(4).reshape(4, 1, 1), 2)
    Array([[[0, 1],
            [2, 3]]], dtype=int32)
    """
    check = _checks.of("pixel_shuffle")
    x, factor = _image(check, input), check.integer("upscale_factor", upscale_factor, 1)
    if x.shape[-3] % factor**2:
        expected = f"of channels divisible by {factor}² = {factor**2}"
        raise ValueError(check.wrong("input", expected, f"shape {x.shape}"))
    return _pixel_shuffle(x, factor=factor)


@functools.partial(jax.jit, static_argnames="factor")
def _pixel_shuffle(x: jax.Array, *, factor: int) -> jax.Array:
    *batch, channels, height, width = x.shape
    channels //= factor**2
    blocks = x.reshape(*batch, channels, factor, factor, height, width)
    pixels = jnp.moveaxis(blocks, (-4, -3), (-3, -1))
    # One axis at a time, as on Explicit meshes.
    rows = pixels.reshape(*batch, channels, height * factor, width, factor)
    return rows.reshape(*batch, channels, height * factor, width * factor)


def pixel_unshuffle(input: ArrayLike, downscale_factor: int) -> jax.Array:
    """Blocks of r × r pixels become r² channels: the inverse of `pixel_shuffle`.

        y[…, c r² + i r + j, h, w] = x[…, c, h r + i, w r + j]

    Args:
        input: x of shape (..., C, H r, W r), any dtype.
        downscale_factor: r, static, at least 1.

    Returns:
        y, of shape (..., C r², H, W).

    Raises:
        TypeError: `input` is not an array, or downscale_factor is not an integer.
        ValueError: `input` has fewer than three axes, its height or width is not divisible by r, or
            downscale_factor is below 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pixel_unshuffle.html

    Differs from PyTorch: an empty array gets the shape above too; PyTorch's keeps its own.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import pixel_unshuffle
    >>> pixel_unshuffle(jnp.arange(4.0).reshape(1, 2, 2), 2).shape
    (4, 1, 1)
    """
    check = _checks.of("pixel_unshuffle")
    x, factor = _image(check, input), check.integer("downscale_factor", downscale_factor, 1)
    if x.shape[-2] % factor or x.shape[-1] % factor:
        expected = f"of height and width divisible by {factor}"
        raise ValueError(check.wrong("input", expected, f"shape {x.shape}"))
    return _pixel_unshuffle(x, factor=factor)


@functools.partial(jax.jit, static_argnames="factor")
def _pixel_unshuffle(x: jax.Array, *, factor: int) -> jax.Array:
    *batch, channels, height, width = x.shape
    height, width = height // factor, width // factor
    rows = x.reshape(*batch, channels, height * factor, width, factor)
    pixels = rows.reshape(*batch, channels, height, factor, width, factor)
    blocks = jnp.moveaxis(pixels, (-3, -1), (-4, -3))
    return blocks.reshape(*batch, channels * factor**2, height, width)


def channel_shuffle(input: ArrayLike, groups: int) -> jax.Array:
    """The channels of all groups, interleaved.

        y[n, k g + i, …] = x[n, i C/g + k, …]

    Args:
        input: x of shape (N, C, *), with one axis or more after the channels, any dtype.
        groups: g, static, at least 1; it divides C.

    Returns:
        y, of the shape of `input`.

    Raises:
        TypeError: `input` is not an array, or `groups` is not an integer.
        ValueError: `input` has fewer than three axes, or its channels are not divisible by
            `groups`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ChannelShuffle.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import channel_shuffle
    >>> channel_shuffle(jnp.arange(6).reshape(1, 6, 1), 2)[0, :, 0]
    Array([0, 3, 1, 4, 2, 5], dtype=int32)
    """
    return _in_turns("channel_shuffle", input, groups)


def native_channel_shuffle(input: ArrayLike, groups: int) -> jax.Array:
    """`channel_shuffle` by its other name in PyTorch.

    Args:
        input: an array of shape (N, C, *), with one axis or more after the channels, any dtype.
        groups: the number of groups, static, at least 1; it divides C.

    Returns:
        The array with its channels interleaved, of the shape of `input`.

    Raises:
        TypeError: `input` is not an array, or `groups` is not an integer.
        ValueError: `input` has fewer than three axes, or its channels are not divisible by
            `groups`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ChannelShuffle.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import native_channel_shuffle
    >>> native_channel_shuffle(jnp.arange(4).reshape(1, 4, 1), 2)[0, :, 0]
    Array([0, 2, 1, 3], dtype=int32)
    """
    return _in_turns("native_channel_shuffle", input, groups)


def _in_turns(name: str, input: ArrayLike, groups: int) -> jax.Array:
    check = _checks.of(name)
    x, count = _image(check, input), check.integer("groups", groups, 1)
    if x.shape[1] % count:
        expected = f"of channels divisible by {count}"
        raise ValueError(check.wrong("input", expected, f"shape {x.shape}"))
    return _channel_shuffle(x, groups=count)


@functools.partial(jax.jit, static_argnames="groups")
def _channel_shuffle(x: jax.Array, *, groups: int) -> jax.Array:
    batch, channels, *rest = x.shape
    grouped = x.reshape(batch, groups, channels // groups, *rest)
    return jnp.swapaxes(grouped, 1, 2).reshape(x.shape)


def _image(check: _checks.Checks, value: ArrayLike) -> jax.Array:
    """`value` as an array of three axes or more."""
    x = check.array("input", value)
    if x.ndim < 3:
        raise ValueError(check.wrong("input", "of three axes or more", f"shape {x.shape}"))
    return x
