"""Windows along one axis: their sums, their maxima, and which element is the maximum.

A window over several axes is taken one axis after the other. So a window of 3 by 3 costs six terms
instead of nine. Windows of few elements are slices of the input that are compared or added whole;
XLA makes one loop of that. The derivative is a choice among the same slices, and so its transpose
is no scatter, which is slow on a CPU.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxgrad._dtypes import is_floating

FEW = 8
"""The most elements of a window that is taken as slices."""


class Shifts(NamedTuple):
    """Equal windows at equal distances.

    Attributes:
        axis: which axis, counted from the end.
        size: the number of elements along it.
        kernel: the number of elements of a window.
        stride: the distance from one window to the next.
        dilation: the distance from one element of a window to the next.
        padding: how far the first window begins before the axis.
        windows: the number of windows.
    """

    axis: int
    size: int
    kernel: int
    stride: int
    dilation: int
    padding: int
    windows: int

    def taps(self, x: jax.Array, fill: Any) -> list[jax.Array]:
        """For each element of a window: the array of this element of all windows."""
        axis, stride = x.ndim + self.axis, self.stride
        offsets = [tap * self.dilation for tap in range(self.kernel)]
        whole = self.windows + offsets[-1] // stride
        x = _padded(x, axis, self.padding, whole * stride - self.size - self.padding, fill)
        x = x.reshape(*x.shape[:axis], whole, stride, *x.shape[axis + 1 :])
        phases = _phases(x, axis + 1, sorted({offset % stride for offset in offsets}))
        firsts = [offset // stride for offset in offsets]
        return [
            jax.lax.slice_in_dim(phases[offset % stride], first, first + self.windows, axis=axis)
            for offset, first in zip(offsets, firsts, strict=True)
        ]

    def sums(self, x: jax.Array) -> jax.Array:
        """The sum of each window."""
        return functools.reduce(jnp.add, self.taps(x, 0))

    def largest(self, x: jax.Array, starts: Any) -> jax.Array:
        """The maximum of each window alone, which XLA finds faster than its place."""
        axis, reach = x.ndim + self.axis, (self.kernel - 1) * self.dilation + 1
        after = (self.windows - 1) * self.stride + reach - self.size - self.padding
        ones = (1,) * x.ndim

        def at(number: int) -> tuple[int, ...]:
            return (*ones[:axis], number, *ones[axis + 1 :])

        least = lowest(x.dtype)
        x = _padded(x, axis, self.padding, after, least)
        return jax.lax.reduce_window(
            x,
            np.asarray(least, x.dtype),
            _larger,
            at(self.kernel),
            at(self.stride),
            "VALID",
            window_dilation=at(self.dilation),
        )

    def maxima(self, x: jax.Array, starts: Any) -> tuple[jax.Array, jax.Array]:
        """The maximum of each window, and which element it is: the first, or the last NaN."""
        least = lowest(x.dtype)
        taps = self.taps(x, least)
        best = jnp.full_like(taps[0], least)
        winner = jnp.broadcast_to(self._first(x.ndim), best.shape)
        for place, tap in enumerate(taps):
            better = _is_larger(tap, best)
            best = jnp.where(better, tap, best)
            winner = jnp.where(better, winner.dtype.type(place), winner)
        return best, winner

    def chosen(self, winner: jax.Array, x: jax.Array, starts: Any) -> jax.Array:
        """The elements of `x` that are the maxima."""
        zero = x.dtype.type(0)
        picked = [jnp.where(winner == i, tap, zero) for i, tap in enumerate(self.taps(x, 0))]
        return functools.reduce(jnp.add, picked)

    def positions(self, winner: jax.Array, starts: Any) -> jax.Array:
        """Where the maxima are along the axis."""
        first = jax.lax.broadcasted_iota(jnp.int32, winner.shape, winner.ndim + self.axis)
        return first * self.stride - self.padding + winner.astype(jnp.int32) * self.dilation

    def _first(self, ndim: int) -> np.ndarray:
        """The first element of each window that is not padding."""
        kind = np.int8 if self.kernel < 128 else np.int32
        before = self.padding - self.stride * np.arange(self.windows)
        return along(np.maximum(0, -(-before // self.dilation)).astype(kind), self.axis, ndim)


class Spans(NamedTuple):
    """Windows that cover an axis: window i of n goes from ⌊i·L/n⌋ to ⌈(i + 1)·L/n⌉.

    Attributes:
        axis: which axis, counted from the end.
        size: the number of elements along it.
        used: the number L of them that windows cover, from the beginning.
        windows: the number n of windows.
    """

    axis: int
    size: int
    used: int
    windows: int

    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """Where the windows begin and end."""
        places = np.arange(self.windows, dtype=np.int64)
        number = max(self.windows, 1)
        return places * self.used // number, -(-(places + 1) * self.used // number)

    def sums(self, x: jax.Array) -> jax.Array:
        """The sum of each window."""
        return jnp.sum(self._blocks(x, 0), self.axis, dtype=x.dtype)

    def largest(self, x: jax.Array, starts: Any) -> jax.Array:
        """As `Shifts.largest`."""
        return self.maxima(x, starts)[0]

    def maxima(self, x: jax.Array, starts: Any) -> tuple[jax.Array, jax.Array]:
        """As `Shifts.maxima`."""
        return _block_maxima(self._blocks(x, lowest(x.dtype)), self.axis)

    def chosen(self, winner: jax.Array, x: jax.Array, starts: Any) -> jax.Array:
        """As `Shifts.chosen`."""
        return _block_chosen(winner, self._blocks(x, 0), self.axis)

    def positions(self, winner: jax.Array, starts: Any) -> jax.Array:
        """As `Shifts.positions`."""
        return winner + along(self.ends()[0].astype(np.int32), self.axis, winner.ndim)

    def _blocks(self, x: jax.Array, fill: Any) -> jax.Array:
        """The array with two axes in place of one: windows, and the elements of a window."""
        axis = x.ndim + self.axis
        before, after = x.shape[:axis], x.shape[axis + 1 :]
        if not self.windows:
            return jnp.expand_dims(jax.lax.slice_in_dim(x, 0, 0, axis=axis), axis + 1)
        if not self.used % self.windows:
            x = jax.lax.slice_in_dim(x, 0, self.used, axis=axis)
            return x.reshape(*before, self.windows, self.used // self.windows, *after)
        starts, ends = self.ends()
        places = starts[:, None] + np.arange((ends - starts).max())
        blocks = jnp.take(x, np.minimum(places, self.used - 1), axis, mode="clip")
        within = places < ends[:, None]
        if within.all():
            return blocks
        within = within.reshape(*within.shape, *[1] * len(after))
        return jnp.where(within, blocks, blocks.dtype.type(fill))


class Draws(NamedTuple):
    """Equal windows that start where `starts`, an array of shape (N, C, n), says.

    Attributes:
        axis: which axis, counted from the end.
        size: the number of elements along it.
        kernel: the number of elements of a window.
        windows: the number n of windows.
    """

    axis: int
    size: int
    kernel: int
    windows: int

    def largest(self, x: jax.Array, starts: Any) -> jax.Array:
        """As `Shifts.largest`."""
        return self.maxima(x, starts)[0]

    def maxima(self, x: jax.Array, starts: Any) -> tuple[jax.Array, jax.Array]:
        """As `Shifts.maxima`."""
        return _block_maxima(self._blocks(x, starts), self.axis)

    def chosen(self, winner: jax.Array, x: jax.Array, starts: Any) -> jax.Array:
        """As `Shifts.chosen`."""
        return _block_chosen(winner, self._blocks(x, starts), self.axis)

    def positions(self, winner: jax.Array, starts: Any) -> jax.Array:
        """As `Shifts.positions`."""
        return self._line(starts, winner.ndim) + winner

    def _line(self, places: jax.Array, ndim: int) -> jax.Array:
        """An array (N, C, …) with `ndim` axes, its last axis moved to `self.axis`."""
        shape = [1] * ndim
        shape[:2], shape[self.axis] = places.shape[:2], places.shape[2]
        return places.reshape(shape)

    def _blocks(self, x: jax.Array, starts: Any) -> jax.Array:
        axis = x.ndim + self.axis
        offsets = np.arange(self.kernel, dtype=np.int32).reshape(1, 1, 1, -1)
        places = starts[..., None] + offsets
        places = places.reshape(*starts.shape[:2], self.windows * self.kernel)
        found = jnp.take_along_axis(x, self._line(places, x.ndim), axis, mode="promise_in_bounds")
        return found.reshape(*x.shape[:axis], self.windows, self.kernel, *x.shape[axis + 1 :])


Windows = Shifts | Spans | Draws


def spans(axis: int, size: int, count: int) -> Shifts | Spans:
    """The windows of `Spans`; as slices where they are equal and small."""
    each = size // count if count else 0
    if each and not size % count and each <= FEW:
        return Shifts(axis, size, each, each, 1, 0, count)
    return Spans(axis, size, size, count)


def along(values: np.ndarray, axis: int, ndim: int) -> np.ndarray:
    """A vector as an array of `ndim` axes that varies along one of them, counted from the end."""
    return values.reshape([1] * (ndim + axis) + [values.size] + [1] * (-1 - axis))


def _is_larger(x: jax.Array, best: jax.Array) -> jax.Array:
    """Whether x takes the place of the largest element so far: if larger, or NaN."""
    return (x > best) | (x != x)


def _larger(best: jax.Array, x: jax.Array) -> jax.Array:
    return jnp.where(_is_larger(x, best), x, best)


def lowest(dtype: Any) -> Any:
    """The lowest value of a dtype."""
    return dtype.type(-np.inf) if is_floating(dtype) else jnp.iinfo(dtype).min


def _padded(x: jax.Array, axis: int, before: int, after: int, fill: Any) -> jax.Array:
    """`x` with more elements at both ends of an axis; negative numbers crop."""
    if not before and not after:
        return x
    ends = [(0, 0, 0)] * x.ndim
    ends[axis] = (before, after, 0)
    return jax.lax.pad(x, jnp.asarray(fill, x.dtype), ends)


def _phases(x: jax.Array, axis: int, used: list[int]) -> dict[int, jax.Array]:
    """The arrays at the places `used` of an axis. All of them are cheaper at once."""
    size = x.shape[axis]
    if len(used) == size:
        parts: Any = jax.lax.split(x, (1,) * size, axis)
    else:
        parts = [jax.lax.slice_in_dim(x, place, place + 1, axis=axis) for place in used]
    return {place: jax.lax.squeeze(part, (axis,)) for place, part in zip(used, parts, strict=True)}


def _block_maxima(blocks: jax.Array, axis: int) -> tuple[jax.Array, jax.Array]:
    """The maximum along an axis of blocks, and where it is: the first place, or the last NaN."""
    best = jnp.max(blocks, axis)
    places = jax.lax.broadcasted_iota(jnp.int32, blocks.shape, blocks.ndim + axis)
    none = jnp.int32(blocks.shape[axis])
    first = jnp.min(jnp.where(blocks == jnp.expand_dims(best, axis), places, none), axis)
    last_nan = jnp.max(jnp.where(blocks != blocks, places, jnp.int32(-1)), axis)
    return best, jnp.where(last_nan >= 0, last_nan, first)


def _block_chosen(winner: jax.Array, blocks: jax.Array, axis: int) -> jax.Array:
    places = jax.lax.broadcasted_iota(jnp.int32, blocks.shape, blocks.ndim + axis)
    mine = jnp.where(places == jnp.expand_dims(winner, axis), blocks, blocks.dtype.type(0))
    return jnp.sum(mine, axis, dtype=blocks.dtype)
