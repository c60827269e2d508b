"""Weighted sums of taps along one axis, written so that XLA compiles them well on a CPU too.

A gather is quick, and its transpose, a scatter, is slow there. So where the result repeats the
same step between input and output, as at twice the size, each step is a sum of slices. The
transpose of a slice is a padding.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ._taps import Taps

_SLICES = 24
"""The most slices that the sums of one axis are made of; beyond, they gather."""
_SUMMED = 8
"""The most gathers that are added up one by one."""


class Phase(NamedTuple):
    """The elements r, r + p, r + 2p, … of the result: sums of slices with the step q.

    Attributes:
        start: where the first slice begins.
        weight: the weights, of shape (slices, elements).
        present: where a slice has a tap, of that shape.
    """

    start: int
    weight: np.ndarray
    present: np.ndarray


def along(x: jax.Array, axis: int, taps: Taps) -> jax.Array:
    """The sums of the taps along an axis of x, in the dtype of x."""
    taps = taps._replace(weight=taps.weight.astype(x.dtype))
    size, out = x.shape[axis], len(taps.element)
    if out == size and taps.element.shape[1] == 1 and (taps.element[:, 0] == np.arange(size)).all():
        return x
    common = math.gcd(size, out)
    phases = [_phase(taps, r, out // common, size // common) for r in range(out // common)]
    if sum(len(phase.weight) for phase in phases) > _SLICES:
        return _gathered(x, axis, taps)
    return _interleaved(x, axis, taps.low, phases, size // common)


def _phase(taps: Taps, first: int, step: int, stride: int) -> Phase:
    """The elements first, first + step, … of the result."""
    index, weight, present = (part[first::step] for part in taps[:3])
    places = index - stride * np.arange(len(index))[:, None]
    start = int(places[present].min())
    slices = int(places[present].max()) - start + 1
    shape = (slices, len(index))
    found = Phase(start, np.zeros(shape, weight.dtype), np.zeros(shape, bool))
    at = (places[present] - start, np.nonzero(present)[0])
    np.add.at(found.weight, at, weight[present])
    found.present[at] = True
    return found


def _interleaved(x: jax.Array, axis: int, low: int, phases: list[Phase], stride: int) -> jax.Array:
    """The phases side by side: one after the other in a new axis, which is merged with `axis`."""
    length, size = phases[0].weight.shape[1], x.shape[axis]
    before = max(0, -min(phase.start for phase in phases))
    last = max(phase.start + len(phase.weight) for phase in phases) + stride * (length - 1)
    x = _extended(x, axis, low, before, max(0, last - size))
    if stride == 1 and all(_copies(phase, phases[0].start) for phase in phases):
        part = jax.lax.slice_in_dim(x, phases[0].start, phases[0].start + length, axis=axis)
        parts = jnp.expand_dims(part, axis + 1)
        joined = jnp.repeat(parts, len(phases), axis + 1)
    else:
        joined = jnp.stack([_sum(x, axis, before, phase, stride) for phase in phases], axis + 1)
    shape = list(x.shape)
    shape[axis] = length * len(phases)
    return joined.reshape(shape)


def _copies(phase: Phase, start: int) -> bool:
    """Whether a phase is one slice from `start` as it is."""
    return phase.start == start and len(phase.weight) == 1 and bool((phase.weight == 1).all())


def _extended(x: jax.Array, axis: int, low: int, before: int, after: int) -> jax.Array:
    """An array with copies of the element `low` before it and of the last one after it."""
    size = x.shape[axis]
    first = jax.lax.slice_in_dim(x, low, low + 1, axis=axis)
    last = jax.lax.slice_in_dim(x, size - 1, size, axis=axis)
    parts = [first] * before + [x] + [last] * after
    return jnp.concatenate(parts, axis) if len(parts) > 1 else x


def _sum(x: jax.Array, axis: int, before: int, phase: Phase, stride: int) -> jax.Array:
    """The sum of the slices of one phase."""
    length = phase.weight.shape[1]
    total = None
    for j, (weight, present) in enumerate(zip(phase.weight, phase.present, strict=True)):
        if not present.any():
            continue
        start = before + phase.start + j
        part = jax.lax.slice_in_dim(x, start, start + stride * (length - 1) + 1, stride, axis)
        term = _weighted(part, axis, weight, present)
        total = term if total is None else total + term
    assert total is not None
    return total


def _weighted(x: jax.Array, axis: int, weight: np.ndarray, present: np.ndarray) -> jax.Array:
    """Weighted x along an axis, and 0 where there is no tap, even if x is infinite there."""
    shape = [1] * x.ndim
    shape[axis] = len(weight)
    if not present.all():
        mask = jnp.broadcast_to(present.reshape(shape), x.shape)
        x = jnp.where(mask, x, jnp.zeros((), x.dtype))
    if (weight == weight[0]).all():
        return x if weight[0] == 1 else x * weight[0]
    return x * weight.reshape(shape)


def _gathered(x: jax.Array, axis: int, taps: Taps) -> jax.Array:
    """The sum over the taps of gathers along the axis."""
    size, count = x.shape[axis], taps.element.shape[1]
    index = np.where(taps.element < 0, taps.low, np.minimum(taps.element, size - 1))
    if count <= _SUMMED:
        terms = [_term(x, axis, *(p[:, k] for p in (index, *taps[1:3]))) for k in range(count)]
        return sum(terms[1:], terms[0])
    shape = (*x.shape[:axis], *index.shape, *x.shape[axis + 1 :])
    parts = _taken(x, axis, index.ravel()).reshape(shape)
    flat = [part.reshape(*part.shape, *[1] * (x.ndim - axis - 1)) for part in taps[1:3]]
    weight, present = (part.reshape(*[1] * axis, *part.shape) for part in flat)
    mask = jnp.broadcast_to(present, shape)
    return jnp.sum(jnp.where(mask, parts, jnp.zeros((), x.dtype)) * weight, axis + 1)


def _term(
    x: jax.Array, axis: int, index: np.ndarray, weight: np.ndarray, present: np.ndarray
) -> jax.Array:
    return _weighted(_taken(x, axis, index), axis, weight, present)


def _taken(x: jax.Array, axis: int, index: np.ndarray) -> jax.Array:
    """Elements of x at indices along an axis.

    The barrier keeps XLA from evaluating the scatter of a constant derivative while it compiles,
    for which it takes minutes.
    """
    front = (slice(None),) * axis
    taken = x.at[(*front, jnp.asarray(index, jnp.int32))].get(mode="promise_in_bounds")
    return jax.lax.optimization_barrier(taken)
