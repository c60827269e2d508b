"""Weighted sums of taps along one axis, written so that XLA compiles them well on a CPU too.

A gather is quick there. The scatter that JAX makes of it in reverse mode is slow, and so is the
padding that it makes of a slice. So where the result repeats the same step between input and
output, as at twice the size, each step is a sum of slices. And the transpose of a weighted sum is
written as another one.
"""

import functools
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ._taps import Taps

_SLICES = 24
"""The most slices that the sums of one axis are made of; beyond, they gather."""
_EDGES = 12
"""The most sums that are computed one by one at the edges."""
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
    size, out = x.shape[axis], len(taps.element)
    if out == size and taps.element.shape[1] == 1 and (taps.element[:, 0] == np.arange(size)).all():
        return x

    @jax.custom_jvp
    def sums(x: jax.Array) -> jax.Array:
        return _sums(x, axis, taps)

    @sums.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        value = sums(*primals)
        (tangent,) = tangents
        pull = functools.partial(_sums, axis=axis, taps=_transposed(taps, size))
        # Reverse mode transposes this back.
        return value, jax.linear_transpose(pull, value)(tangent)[0]

    return sums(x)


def _transposed(taps: Taps, size: int) -> Taps:
    """The taps of the transpose: for each element of the input those of the result that read it.

    What is read with a weight of 0 is left out.
    """
    rows, columns = np.nonzero(taps.present & (taps.weight != 0))
    element = taps.element[rows, columns]
    element = np.where(element < 0, taps.low, np.minimum(element, size - 1))
    pairs, place = np.unique(np.stack([element, rows], 1), axis=0, return_inverse=True)
    weight = np.zeros(len(pairs), taps.weight.dtype)
    np.add.at(weight, place.ravel(), taps.weight[rows, columns])
    counts = np.bincount(pairs[:, 0], minlength=size)
    nth = np.arange(len(pairs)) - np.repeat(np.cumsum(counts) - counts, counts)
    shape = (size, max(1, counts.max(initial=0)))
    found = Taps(np.zeros(shape, int), np.zeros(shape, weight.dtype), np.zeros(shape, bool))
    at = (pairs[:, 0], nth)
    found.element[at], found.weight[at], found.present[at] = pairs[:, 1], weight, True
    return found


def _sums(x: jax.Array, axis: int, taps: Taps) -> jax.Array:
    taps = taps._replace(weight=taps.weight.astype(x.dtype))
    size, out = x.shape[axis], len(taps.element)
    common = math.gcd(size, out)
    phases = [_phase(taps, r, out // common, size // common) for r in range(out // common)]
    if sum(len(phase.weight) for phase in phases) > _SLICES:
        return _gathered(x, axis, taps)
    if len(phases) == 1 and (found := _ends(phases[0], size // common, size)):
        return _strip(x, axis, taps, phases[0], size // common, *found)
    return _interleaved(x, axis, taps.low, phases, size // common)


def _phase(taps: Taps, first: int, step: int, stride: int) -> Phase:
    """The elements first, first + step, … of the result."""
    index, weight, present = (part[first::step] for part in taps[:3])
    places = index - stride * np.arange(len(index))[:, None]
    if not present.any():
        return Phase(0, np.zeros((0, len(index)), weight.dtype), np.zeros((0, len(index)), bool))
    start = int(places[present].min())
    slices = int(places[present].max()) - start + 1
    shape = (slices, len(index))
    found = Phase(start, np.zeros(shape, weight.dtype), np.zeros(shape, bool))
    at = (places[present] - start, np.nonzero(present)[0])
    np.add.at(found.weight, at, weight[present])
    found.present[at] = True
    return found


def _ends(phase: Phase, stride: int, size: int) -> tuple[int, int] | None:
    """From where to where the elements have all their taps within the axis.

    None where these are no run, or where many are left.
    """
    slices, length = phase.weight.shape
    first = phase.start + stride * np.arange(length)
    whole = phase.present.all(0) & (first >= 0) & (first + slices <= size)
    if not slices or not whole.any():
        return None
    begin, end = int(whole.argmax()), length - int(whole[::-1].argmax())
    return (begin, end) if whole[begin:end].all() and length - (end - begin) <= _EDGES else None


def _strip(
    x: jax.Array, axis: int, taps: Taps, phase: Phase, stride: int, begin: int, end: int
) -> jax.Array:
    """The sums of one phase: those at both edges one by one, the others as sums of slices.

    XLA makes a quick loop of each. It makes a slow one of slices of an array that it pads.
    """
    middle = Phase(
        phase.start + stride * begin, phase.weight[:, begin:end], phase.present[:, begin:end]
    )
    parts = [_element(x, axis, taps, i) for i in range(begin)]
    parts.append(_sum(x, axis, 0, middle, stride))
    parts += [_element(x, axis, taps, i) for i in range(end, len(taps.element))]
    return jnp.concatenate(parts, axis) if len(parts) > 1 else parts[0]


def _element(x: jax.Array, axis: int, taps: Taps, place: int) -> jax.Array:
    """The sum of one element's taps, with size 1 along the axis."""
    total = None
    for element, weight, present in zip(*(part[place] for part in taps[:3]), strict=True):
        if present:
            at = taps.low if element < 0 else min(int(element), x.shape[axis] - 1)
            term = jax.lax.slice_in_dim(x, at, at + 1, axis=axis) * weight
            total = term if total is None else total + term
    return _zeros(x, axis, 1) if total is None else total


def _zeros(x: jax.Array, axis: int, length: int) -> jax.Array:
    """As many zeros along the axis, sharded like x."""
    zero = jnp.zeros_like(jax.lax.slice_in_dim(x, 0, 1, axis=axis))
    return jnp.repeat(zero, length, axis, total_repeat_length=length)


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
    return _zeros(x, axis, length) if total is None else total


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
