"""Arguments of the pooling functions: images, and the windows over their spatial axes."""

from typing import Any

import jax

from jaxgrad import _checks

from .._spatial import for_each_axis
from ._windows import FEW, Shifts, Spans, spans


def image(
    check: _checks.Checks, x: jax.Array, spatial: int, channels: bool = True, pixels: bool = True
) -> jax.Array:
    """`x` of shape (N, C, *spatial) or (C, *spatial); only N may be 0.

    Without `channels`, C may be 0 as well, and without `pixels` a spatial axis.
    """
    if x.ndim not in (spatial + 1, spatial + 2):
        expected = f"{spatial + 1}-D or {spatial + 2}-D"
        raise ValueError(check.wrong("input", expected, f"shape {x.shape}"))
    if (channels and not x.shape[-spatial - 1]) or (pixels and 0 in x.shape[-spatial:]):
        kind = " and ".join(["channels"] * channels + ["pixels"] * pixels)
        raise ValueError(check.wrong("input", f"one with {kind}", f"shape {x.shape}"))
    return x


def shifts(
    check: _checks.Checks,
    shape: tuple[int, ...],
    spatial: int,
    kernel_size: Any,
    stride: Any,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: Any = False,
) -> tuple[Shifts, ...]:
    """Equal windows along each spatial axis, the last axis first."""
    kernel = for_each_axis(check, "kernel_size", kernel_size, spatial, 1)
    unset = stride is None or (isinstance(stride, (tuple, list)) and not stride)
    strides = kernel if unset else for_each_axis(check, "stride", stride, spatial, 1)
    pads = for_each_axis(check, "padding", padding, spatial, 0)
    if any(pad > one // 2 for pad, one in zip(pads, kernel, strict=True)):
        raise ValueError(check.wrong("padding", f"at most half of kernel_size {kernel}", pads))
    dilations = for_each_axis(check, "dilation", dilation, spatial, 1)
    ceil = check.truth("ceil_mode", ceil_mode)
    found = []
    for axis, size, one, step, apart, pad in zip(
        range(-spatial, 0), shape[-spatial:], kernel, strides, dilations, pads, strict=True
    ):
        windows = _windows(size, one, step, apart, pad, ceil)
        # A distance that separates nothing is replaced, since it may be very large.
        step = step if windows > 1 else one
        apart = apart if one > 1 else 1
        found.append(Shifts(axis, size, one, step, apart, pad, windows))
    if any(one.windows < 1 for one in found):
        expected = f"at most the spatial size {shape[-spatial:]} with its padding"
        raise ValueError(check.wrong("kernel_size", expected, kernel))
    return tuple(reversed(found))


def counted(
    check: _checks.Checks, shape: tuple[int, ...], spatial: int, output_size: Any
) -> tuple[Shifts | Spans, ...]:
    """As many windows as asked for along each spatial axis, the last axis first."""
    sizes, given = shape[-spatial:], output_size
    if spatial > 1 and isinstance(given, (tuple, list)) and len(given) == spatial:
        given = [size if one is None else one for size, one in zip(sizes, given, strict=True)]
    numbers = for_each_axis(check, "output_size", given, spatial, 0)
    if max(numbers) >= 2**31:
        raise ValueError(check.wrong("output_size", "below 2**31", max(numbers)))
    axes = zip(range(-spatial, 0), sizes, numbers, strict=True)
    return tuple(reversed([spans(*numbers) for numbers in axes]))


def _windows(size: int, kernel: int, stride: int, dilation: int, padding: int, ceil: bool) -> int:
    """How many windows there are; with `ceil` the last may reach beyond the padding.

    It still begins within the array or the padding before it.
    """
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    count = (room + (stride - 1) * ceil) // stride + 1
    return count - (ceil and (count - 1) * stride >= size + padding)


def disjoint(one: Shifts) -> Shifts | Spans:
    """The same windows, in the form in which many elements of a window cost least."""
    used = one.kernel * one.windows
    plain = one.dilation == 1 and not one.padding and one.stride == one.kernel
    if plain and one.kernel > FEW and used <= one.size:
        return Spans(one.axis, one.size, used, one.windows)
    return one
