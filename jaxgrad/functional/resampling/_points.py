"""The elements of an image around arbitrary positions, and their weights."""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

_A = -0.75
"""The constant of PyTorch's cubic kernel; Keys has -0.5."""


class Options(NamedTuple):
    """The static options of `grid_sample`."""

    mode: str
    padding: str
    align: bool


def sampled(x: jax.Array, grid: jax.Array, options: Options) -> jax.Array:
    """Images x (N, C, *spatial) at the positions of a grid (N, *spatial of the result, axes)."""
    sizes, shape = x.shape[2:], grid.shape[1:-1]
    places = [_unnormalized(grid[..., k], n, options.align) for k, n in enumerate(sizes[::-1])]
    flat = (grid.shape[0], math.prod(shape))
    places = [place.reshape(flat) for place in places[::-1]]
    taps = [_TAPS[options.mode](place, n, options) for place, n in zip(places, sizes, strict=True)]
    values = jnp.swapaxes(
        x.reshape(*x.shape[:2], math.prod(sizes)), 1, 2
    )  # channels are read together
    total = None
    for corner in itertools.product(*taps):
        term = _corner(values, corner, sizes)
        total = term if total is None else total + term
    assert total is not None
    return jnp.swapaxes(total, 1, 2).reshape(*x.shape[:2], *shape)


class Tap(NamedTuple):
    """One neighbour along one axis of each position: where it is, and its weight or None for 1."""

    place: jax.Array
    weight: jax.Array | None


def _corner(values: jax.Array, taps: Sequence[Tap], sizes: Sequence[int]) -> jax.Array:
    """The elements at one neighbour along each axis times their weights, 0 beyond the edge."""
    inside, index = None, jnp.zeros((), jnp.int32)
    for tap, size in zip(taps, sizes, strict=True):
        within = (tap.place >= 0) & (tap.place <= size - 1)
        inside = within if inside is None else inside & within
        whole = jnp.where(within, tap.place, 0).astype(jnp.int32)
        index = whole + index * size
    assert inside is not None
    found = _rows(values, index)
    found = jnp.where(inside[..., None], found, jnp.zeros((), found.dtype))
    weights = [tap.weight for tap in taps if tap.weight is not None]
    if not weights:
        return found
    weight = weights[0]
    for other in weights[1:]:
        weight = weight * other
    if len(sizes) == 3:  # PyTorch adds nothing there; for two axes it adds 0 times the weight
        weight = jnp.where(inside, weight, jnp.zeros((), weight.dtype))
    return found * weight[..., None]


def _rows(values: jax.Array, index: jax.Array) -> jax.Array:
    """The rows of each image (elements, channels) at its indices."""
    return jax.vmap(lambda image, at: image.at[at].get(mode="promise_in_bounds"))(values, index)


def _unnormalized(place: jax.Array, size: int, align: bool) -> jax.Array:
    """Positions from -1 … 1 in elements."""
    if align:
        return (place + 1) * ((size - 1) / 2)
    return (place + 1) * (size / 2) - 0.5


def _padded(place: jax.Array, size: int, options: Options) -> jax.Array:
    """Positions beyond the edges moved inside, except with "zeros" padding.

    The derivative there is 0, or with reflection 1 or -1. NaN becomes 0.
    """
    if options.padding == "zeros":
        return place
    if options.padding == "reflection":
        place = _reflected(place, size, options.align)
    edge = jnp.where(place >= size - 1, place.dtype.type(size - 1), place.dtype.type(0))
    return jnp.where((place > 0) & (place < size - 1), place, edge)


def _reflected(place: jax.Array, size: int, align: bool) -> jax.Array:
    """Positions reflected until they are between the first and the last, or their outer edges."""
    low, span = (0.0, size - 1) if align else (-0.5, size)
    if not span:
        return jnp.zeros_like(place)
    distance = place - low
    distance = jnp.where(distance < 0, -distance, distance)
    extra = jax.lax.rem(distance, jnp.full_like(distance, span))
    turns = jnp.floor(jax.lax.stop_gradient(distance) / span)
    even = jax.lax.rem(turns, jnp.full_like(turns, 2)) == 0
    return jnp.where(even, extra, span - extra) + low


def _linear(place: jax.Array, size: int, options: Options) -> list[Tap]:
    place = _padded(place, size, options)
    first = jax.lax.stop_gradient(jnp.floor(place))
    return [Tap(first, first + 1 - place), Tap(first + 1, place - first)]


def _nearest(place: jax.Array, size: int, options: Options) -> list[Tap]:
    """The nearest element, of two the one with the even index."""
    place = _padded(place, size, options)
    return [Tap(jax.lax.stop_gradient(jnp.round(place)), None)]


def _cubic(place: jax.Array, size: int, options: Options) -> list[Tap]:
    """Four neighbours. Each is moved inside by itself."""
    first = jax.lax.stop_gradient(jnp.floor(place))
    part = place - first
    distances = (part + 1, part, 1 - part, 2 - part)
    weights = [(_near, _far)[k in (0, 3)](distance) for k, distance in enumerate(distances)]
    places = [_padded(first + k, size, options) for k in (-1, 0, 1, 2)]
    return [Tap(at, weight) for at, weight in zip(places, weights, strict=True)]


def _near(x: jax.Array) -> jax.Array:
    return ((_A + 2) * x - (_A + 3)) * x * x + 1


def _far(x: jax.Array) -> jax.Array:
    return ((_A * x - 5 * _A) * x + 8 * _A) * x - 4 * _A


_TAPS = {"bilinear": _linear, "nearest": _nearest, "bicubic": _cubic}
