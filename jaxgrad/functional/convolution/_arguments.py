"""Arguments of convolutions: arrays that fit one another, and how the windows lie."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import is_a

from .._arguments import real_or_complex
from .._spatial import for_each_axis
from ._geometry import Geometry

AXES = ("length", "height, width", "depth, height, width")


class Arrays(NamedTuple):
    """An input, a weight and a bias of one dtype, and the number of groups."""

    x: jax.Array
    w: jax.Array
    b: jax.Array | None
    groups: int


def arrays_of(
    check: _checks.Checks,
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None,
    groups: Any,
    spatial: int,
    transpose: bool = False,
) -> Arrays:
    """The arrays of a convolution over `spatial` axes, or of a transposed one."""
    x, w = (
        real_or_complex(check, name, value)
        for name, value in (("input", input), ("weight", weight))
    )
    b = None if bias is None else real_or_complex(check, "bias", bias)
    same_dtype(check, x, weight=w, bias=b)
    groups = check.integer("groups", groups, 1)
    if x.ndim not in (spatial + 1, spatial + 2):
        expected = f"of shape (N, C, {AXES[spatial - 1]}) or without N"
        raise ValueError(check.wrong("input", expected, f"shape {x.shape}"))
    if w.ndim != spatial + 2:
        first = "in, out / groups" if transpose else "out, in / groups"
        expected = f"of shape ({first}, {AXES[spatial - 1]})"
        raise ValueError(check.wrong("weight", expected, f"shape {w.shape}"))
    found = Arrays(x, w, b, groups)
    _check_channels(check, found, transpose)
    _check_sizes(check, found)
    return found


def same_dtype(check: _checks.Checks, x: jax.Array, **others: jax.Array | None) -> None:
    """Refuse arrays that are not of the dtype of the input."""
    for name, array in others.items():
        if array is None:
            continue
        if is_a(array.dtype, jnp.inexact) and not is_a(x.dtype, jnp.inexact):
            check.same_dtype("input", x, name, array)
        check.same_dtype(name, array, "input", x)


def _check_channels(check: _checks.Checks, arrays: Arrays, transpose: bool) -> None:
    x, w, b, groups = arrays
    first = w.shape[0]
    if first < groups or first % groups:
        expected = f"of a first dimension that groups={groups} divides"
        raise ValueError(check.wrong("weight", expected, f"shape {w.shape}"))
    channels = x.shape[1 - w.ndim]
    needed = first if transpose else w.shape[1] * groups
    if channels != needed:
        expected = f"of {needed} channels for a weight of shape {w.shape}, groups={groups}"
        raise ValueError(check.wrong("input", expected, f"{channels} in shape {x.shape}"))
    outs = w.shape[1] * groups if transpose else first
    if b is not None and b.shape != (outs,):
        raise ValueError(check.wrong("bias", f"of shape ({outs},)", f"shape {b.shape}"))


def _check_sizes(check: _checks.Checks, arrays: Arrays) -> None:
    if 0 in arrays.w.shape[2:]:
        raise ValueError(check.wrong("weight", "of kernel sizes above 0", arrays.w.shape))
    if 0 in arrays.x.shape[2 - arrays.w.ndim :]:
        raise ValueError(check.wrong("input", "of spatial sizes above 0", arrays.x.shape))


def windows(
    check: _checks.Checks, arrays: Arrays, stride: Any, padding: Any, dilation: Any
) -> Geometry:
    """Where the windows of a convolution lie; a kernel larger than the padded input is refused."""
    kernel, sizes = arrays.w.shape[2:], arrays.x.shape[2 - arrays.w.ndim :]
    strides = for_each_axis(check, "stride", stride, len(kernel), 1)
    steps = for_each_axis(check, "dilation", dilation, len(kernel), 1)
    plain = Geometry(strides, tuple((0, 0) for _ in kernel), steps, arrays.groups)
    if isinstance(padding, str):
        ends = _named(check, padding, plain, kernel)
    else:
        numbers = for_each_axis(check, "padding", padding, len(kernel), 0)
        ends = tuple((number, number) for number in numbers)
    geometry = plain._replace(padding=ends)
    if any(size < 1 for size in geometry.output(sizes, kernel)):
        extents = geometry.extents(kernel)
        expected = f"at least as large as the kernel's reach {extents} once it is padded"
        got = f"sizes {sizes} with padding {padding!r}"
        raise ValueError(check.wrong("input", expected, got))
    return geometry


def _named(
    check: _checks.Checks, padding: str, plain: Geometry, kernel: tuple[int, ...]
) -> tuple[tuple[int, int], ...]:
    """No zeros for "valid". For "same" an odd number of zeros puts one more after the input."""
    if check.option("padding", padding, ("same", "valid")) == "valid":
        return plain.padding
    if any(stride > 1 for stride in plain.strides):
        remedy = "write the padding as numbers"
        got = f"'same' with stride {plain.strides}"
        raise ValueError(check.wrong("padding", "other than 'same' for strides", got, remedy))
    missing = [extent - 1 for extent in plain.extents(kernel)]
    return tuple((number // 2, number - number // 2) for number in missing)


def transposed_windows(
    check: _checks.Checks,
    arrays: Arrays,
    stride: Any,
    padding: Any,
    output_padding: Any,
    dilation: Any,
) -> Geometry:
    """The windows of the convolution whose transpose is asked for."""
    kernel, sizes = arrays.w.shape[2:], arrays.x.shape[2 - arrays.w.ndim :]
    rank = len(kernel)
    strides = for_each_axis(check, "stride", stride, rank, 1)
    numbers = for_each_axis(check, "padding", padding, rank, 0)
    more = for_each_axis(check, "output_padding", output_padding, rank, 0)
    steps = for_each_axis(check, "dilation", dilation, rank, 1)
    if any(m >= max(s, d) for m, s, d in zip(more, strides, steps, strict=True)):
        expected = f"smaller than the stride {strides} or the dilation {steps}"
        raise ValueError(check.wrong("output_padding", expected, more))
    ends = tuple((number, number - m) for number, m in zip(numbers, more, strict=True))
    geometry = Geometry(strides, ends, steps, arrays.groups)
    if any(size < 0 for size in geometry.input(sizes, kernel)):
        expected = f"small enough for sizes {sizes} and a kernel of {kernel}"
        raise ValueError(check.wrong("padding", expected, numbers))
    return geometry
