"""The taps of an interpolated element: the elements of an axis that it is a weighted sum of.

The positions are rounded as PyTorch rounds them: in float32 for inputs of float32 and narrower. A
position that is off by a rounding is another pixel in nearest interpolation.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Axis(NamedTuple):
    """How one axis is resampled: static, so that compiled programs are cached by it.

    Attributes:
        size: the number of elements.
        out: the number of elements of the result.
        factor: the factor that the caller gave; None where only the size counts.
    """

    size: int
    out: int
    factor: float | None


class Taps(NamedTuple):
    """The taps of each element of the result, of shape (out, taps).

    Attributes:
        element: the element that is read. -1 and below, and size and above, are beyond the edge.
        weight: its weight.
        present: whether the tap exists. Some elements have fewer taps than others.
        low: the element that stands before the first one.
    """

    element: np.ndarray
    weight: np.ndarray
    present: np.ndarray
    low: int = 0


def taps_of(mode: str, axis: Axis, align_corners: bool, antialias: bool, dtype: str) -> Taps:
    """The taps of a mode of PyTorch's, with weights of a dtype ("float32" or "float64")."""
    return _taps_of(mode, axis, align_corners, antialias, np.dtype(dtype))


@functools.lru_cache(256)
def _taps_of(mode: str, axis: Axis, align: bool, antialias: bool, dtype: np.dtype) -> Taps:
    if mode == "area":
        return _area(axis, dtype)
    if mode.startswith("nearest"):
        return _nearest(axis, mode)
    scale = _scale(axis, align, dtype)
    if antialias:
        return _antialiased(axis, scale, *_FILTERS[mode])
    return (_cubic if mode == "bicubic" else _linear)(axis, scale, align)


def _scale(axis: Axis, align: bool, dtype: np.dtype) -> np.floating:
    """How far apart the positions of two neighbours of the result are."""
    number = dtype.type
    if align:
        return number(axis.size - 1) / number(axis.out - 1) if axis.out > 1 else number(0)
    return number(axis.size) / number(axis.out) if axis.factor is None else number(1 / axis.factor)


def _taps(index: np.ndarray, weight: np.ndarray, low: int = 0) -> Taps:
    return Taps(index, weight, np.ones(index.shape, bool), low)


def _nearest(axis: Axis, mode: str) -> Taps:
    """The element at ⌊scale · i⌋, or at ⌊scale · (i + 1/2)⌋ in the exact mode; in float32 always.

    At its own size and at twice that, "nearest" takes no account of the factor; "nearest-line", the
    same mode of one or three axes and of larger images, does.
    """
    dtype = np.dtype("float32")
    places = np.arange(axis.out, dtype=dtype)
    if mode == "nearest" and axis.out in (axis.size, 2 * axis.size):
        index = np.arange(axis.out) * axis.size // axis.out
    else:
        places = places + dtype.type(0.5) if mode == "nearest-exact" else places
        index = np.floor(places * _scale(axis, False, dtype)).astype(np.int64)
    index = np.minimum(index, axis.size - 1)[:, None]
    return _taps(index, np.ones(index.shape, dtype))


def _positions(axis: Axis, scale: np.floating, align: bool) -> np.ndarray:
    """The position of each element of the result among those of the input, rounded once."""
    places = np.arange(axis.out, dtype=np.float64)
    exact = scale.astype(np.float64)
    return (exact * places if align else exact * (places + 0.5) - 0.5).astype(scale.dtype)


def _linear(axis: Axis, scale: np.floating, align: bool) -> Taps:
    """The two neighbours of a position, which is at least 0; beyond the last is the last again.

    Before the first one, PyTorch reads the first and, with weight 0, the second.
    """
    size = axis.size
    if axis.out == size:
        places = np.arange(size)
        index = np.stack([places, places], 1)
        return _taps(index, np.tile(np.array([1, 0], scale.dtype), (size, 1)))
    exact = _positions(axis, scale, align)
    first = np.minimum(np.floor(exact), size - 1)
    part = np.where(exact < 0, 1, np.clip(exact - first, 0, 1)).astype(scale.dtype)
    index = first.astype(np.int64)[:, None] + np.arange(2)
    return _taps(index, np.stack([1 - part, part], 1), min(1, size - 1))


def _cubic(axis: Axis, scale: np.floating, align: bool) -> Taps:
    """Keys' cubic convolution with A = -0.75; beyond an edge the edge is read."""
    exact = _positions(axis, scale, align)
    first = np.minimum(np.floor(exact), axis.size - 1)
    part = np.clip(exact - first, 0, 1).astype(np.float64)
    weights = [_keys(abs(part - k), -0.75) for k in (-1, 0, 1, 2)]
    index = first.astype(np.int64)[:, None] + np.arange(-1, 3)
    return _taps(index, np.stack(weights, 1).astype(scale.dtype))


def _keys(x: np.ndarray, a: float) -> np.ndarray:
    """Keys' kernel at a distance x of at most 2."""
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x <= 1, near, far)


def _area(axis: Axis, dtype: np.dtype) -> Taps:
    """The mean of the elements that an element of the result covers, also in part."""
    starts = [i * axis.size // axis.out for i in range(axis.out)]
    stops = [-(-(i + 1) * axis.size // axis.out) for i in range(axis.out)]
    weights = [np.full(b - a, 1 / (b - a)) for a, b in zip(starts, stops, strict=True)]
    return _windows(starts, weights, dtype)


def _windows(starts: list[int], weights: list[np.ndarray], dtype: np.dtype) -> Taps:
    """Taps of windows of different lengths."""
    longest = max(map(len, weights))
    index = np.array(starts)[:, None] + np.arange(longest)
    present = np.arange(longest) < np.array([len(one) for one in weights])[:, None]
    weight = np.zeros(index.shape, dtype)
    for row, one in zip(weight, weights, strict=True):
        row[: len(one)] = one
    return Taps(index, weight, present)


def _triangle(x: np.ndarray) -> np.ndarray:
    return np.where(abs(x) < 1, 1 - abs(x), 0)


def _cubic_filter(x: np.ndarray) -> np.ndarray:
    return np.where(abs(x) < 2, _keys(abs(x), -0.5), 0)


def _lanczos(x: np.ndarray) -> np.ndarray:
    return np.where(abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)


_FILTERS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], int]] = {
    "bilinear": (_triangle, 1),
    "bicubic": (_cubic_filter, 2),
    "lanczos": (_lanczos, 3),
}
"""The filters of antialiasing, and beyond what distance they are 0."""


def _antialiased(
    axis: Axis,
    scale: np.floating,
    filter: Callable[[np.ndarray], np.ndarray],
    radius: int,
) -> Taps:
    """A filter as wide as the step between two positions, its weights divided by their sum.

    Where the size stays, PyTorch leaves the axis as it is.
    """
    if axis.out == axis.size:
        return _taps(np.arange(axis.size)[:, None], np.ones((axis.size, 1), scale.dtype))
    starts, weights, number = [], [], scale.dtype.type
    support = number(radius) * max(scale, number(1))
    for i in range(axis.out):
        center = number(float(scale) * (i + 0.5))
        start = max(int(float(center - support) + 0.5), 0)
        stop = max(min(int(float(center + support) + 0.5), axis.size), start + 1)
        places = (np.arange(start, stop).astype(scale.dtype) - center).astype(np.float64) + 0.5
        found = filter(places / max(float(scale), 1.0))
        starts.append(start)
        weights.append(found / found.sum())
    return _windows(starts, weights, scale.dtype)
