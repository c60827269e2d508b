"""Arrays that are extended, or cropped, at their ends."""

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import is_a, largest, real_part

from ._arguments import constant, number_for

MODES = ("constant", "reflect", "replicate", "circular")

_RANKS = {2: (2, 3), 4: (3, 4), 6: (4, 5)}
"""For each length of `pad`, the numbers of axes that an input may have in the other modes."""


def pad(
    input: ArrayLike,
    pad: Sequence[int],
    mode: str = "constant",
    value: float | jax.Array | None = None,
) -> jax.Array:
    """An array with more elements at the ends of its last axes, or with fewer.

        constant:   v v | a b c d | v v        reflect:    c b | a b c d | c b
        replicate:  a a | a b c d | d d        circular:   c d | a b c d | a b

    `pad` begins with the last axis: (left, right, top, bottom, front, back). A negative number
    crops. Then "circular" repeats what is left, and the other modes what the whole axis had. The
    derivative of an element that is repeated is the sum over its copies.

    Args:
        input: any shape and dtype for "constant". The other modes extend all axes behind the
            channels, of (N, C, *spatial) or (C, *spatial), with one to three spatial axes.
        pad: two static integers for each axis, the last axis first.
        mode: "constant", "reflect", "replicate" or "circular".
        value: v, a number; None is 0. For integers it is truncated. Only for "constant".

    Returns:
        The extended array, in the input's dtype.

    Raises:
        TypeError: `pad` is not a sequence of integers, or an argument is of the wrong kind.
        ValueError: `pad` has an odd length or too many numbers for the input or its mode, crops
            more than there is, or extends an axis by more than the mode can: "reflect" by at
            most its size less 1, "circular" by at most what is left of it. `value` is given with
            another mode, or does not fit the dtype. With "reflect" or "replicate" an axis other
            than the batch is empty.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html

    Differs from PyTorch: "circular" refuses to extend an axis by more than what cropping leaves of
    it, where PyTorch copies memory that it has not yet written. "reflect" and "replicate"
    take bool, and may leave nothing of an axis. `value` may be an array without axes, which has no
    gradient.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import pad
    >>> pad(jnp.array([[1, 2, 3]]), (2, 1), mode="reflect")
    Array([[3, 2, 1, 2, 3, 2]], dtype=int32)
    """
    check = _checks.of("pad")
    x, mode = check.array("input", input), check.option("mode", mode, MODES)
    ends = _ends(check, pad, x)
    for axis, (left, right) in ends:
        _check_ends(check, x.shape[axis], axis, left, right, mode)
    if mode == "constant":
        number = None if value is None else _filling(check, value, x)
        return _constant(x, number, ends=ends)
    if value is not None and not (isinstance(value, (int, float)) and value == 0):
        raise ValueError(check.wrong("value", f'None with mode "{mode}"', f"{value!r:.60}"))
    _check_shape(check, x, 2 * len(ends), mode)
    return _repeated(x, ends=ends, mode=mode)


Ends = tuple[tuple[int, tuple[int, int]], ...]
"""Axes, and by how much each of their two ends is extended."""


def _ends(check: _checks.Checks, pad: Any, x: jax.Array) -> Ends:
    """The axes that `pad` extends, the last one first."""
    if not isinstance(pad, (tuple, list)) or any(isinstance(one, (tuple, list)) for one in pad):
        expected = "a tuple of integers, two for each axis"
        got, remedy = f"{type(pad).__name__} {pad!r:.60}", "write (left, right, top, bottom)"
        raise TypeError(check.wrong("pad", expected, got, remedy))
    numbers = [check.integer("pad", number, -(2**62)) for number in pad]
    if len(numbers) % 2 or len(numbers) > 2 * x.ndim:
        expected = f"of an even length of at most {2 * x.ndim}, twice the input's axes"
        raise ValueError(check.wrong("pad", expected, f"{tuple(numbers)}"))
    pairs = [(numbers[i], numbers[i + 1]) for i in range(0, len(numbers), 2)]
    return tuple((x.ndim - 1 - i, pair) for i, pair in enumerate(pairs))


def _filling(check: _checks.Checks, value: Any, x: jax.Array) -> Any:
    """`value` as a number that the input's dtype can hold."""
    value = int(value) if isinstance(value, bool) else value
    if is_a(x.dtype, jnp.integer):
        return number_for(check, "value", value, x)
    number = check.number("value", value)
    if is_a(x.dtype, jnp.bool_):
        return number != 0
    most = largest(real_part(x.dtype))
    if isinstance(number, float) and math.isfinite(number) and abs(number) > most:
        raise ValueError(check.wrong("value", f"in the range of {x.dtype}", number))
    return constant(check, "value", number)


def _check_shape(check: _checks.Checks, x: jax.Array, count: int, mode: str) -> None:
    """Refuse an input with other axes than batch, channels and those that are extended."""
    if x.ndim not in _RANKS.get(count, ()):
        expected = (
            f'2 numbers for 2-D or 3-D, 4 for 3-D or 4-D, 6 for 4-D or 5-D with mode "{mode}"'
        )
        got = f"{count} for shape {x.shape}"
        raise ValueError(check.wrong("pad", expected, got))
    has_batch = x.ndim == _RANKS[count][1]
    if mode != "circular" and 0 in x.shape[has_batch:]:
        expected = f'without empty axes but the batch with mode "{mode}"'
        raise ValueError(check.wrong("input", expected, f"shape {x.shape}"))


def _check_ends(
    check: _checks.Checks, size: int, axis: int, left: int, right: int, mode: str
) -> None:
    """Refuse to take away more than there is, or to add more than the elements give."""
    cropped = size + min(left, 0) + min(right, 0)
    if (cropped if mode in ("constant", "circular") else size + left + right) < 0:
        expected = f"at least -{size} in all for axis {axis} of size {size}"
        raise ValueError(check.wrong("pad", expected, (left, right)))
    most = {"reflect": size - 1, "circular": cropped}.get(mode, math.inf)
    if max(left, right, 0) > most:
        expected = f'at most {most} for axis {axis} of size {size} with mode "{mode}"'
        raise ValueError(check.wrong("pad", expected, (left, right)))


@functools.partial(jax.jit, static_argnames="ends")
def _constant(x: jax.Array, value: Any, *, ends: Ends) -> jax.Array:
    number = jnp.zeros((), x.dtype) if value is None else jnp.asarray(value).astype(x.dtype)
    config = [(0, 0, 0)] * x.ndim
    for axis, (left, right) in ends:
        config[axis] = (left, right, 0)
    return jax.lax.pad(x, number, config)


@functools.partial(jax.jit, static_argnames=("ends", "mode"))
def _repeated(x: jax.Array, *, ends: Ends, mode: str) -> jax.Array:
    for axis, (left, right) in ends:
        if left or right:
            x = _EXTENDED[mode](x, axis, left, right)
    return x


class _Part(NamedTuple):
    """Elements of an axis, from `start` up to `stop`."""

    start: int
    stop: int
    is_reversed: bool = False
    copies: int = 1


def _joined(x: jax.Array, axis: int, parts: Sequence[_Part]) -> jax.Array:
    """Parts of an axis one after the other; only a single element has copies.

    The axis is split where a part begins or ends. The derivative of a split is a concatenation,
    which XLA for CPUs writes at once. That of slices is a sum of arrays of the whole size.
    """
    parts = [part for part in parts if part.start < part.stop and part.copies]
    if not parts:
        return jax.lax.slice_in_dim(x, 0, 0, axis=axis)
    cuts = sorted({0, x.shape[axis], *(cut for part in parts for cut in part[:2])})
    sizes = [stop - start for start, stop in itertools.pairwise(cuts)]
    pieces = dict(zip(cuts, jax.lax.split(x, sizes, axis), strict=False))
    joined = []
    for part in parts:
        found = [pieces[cut] for cut in cuts if part.start <= cut < part.stop]
        if part.is_reversed:
            found = [jax.lax.rev(piece, (axis,)) for piece in reversed(found)]
        joined += found if part.copies == 1 else [_copied(found[0], axis, part.copies)]
    return jax.lax.concatenate(joined, axis) if len(joined) > 1 else joined[0]


def _copied(x: jax.Array, axis: int, copies: int) -> jax.Array:
    shape = list(x.shape)
    shape[axis] = copies
    return jnp.broadcast_to(x, shape)


def _reflect(x: jax.Array, axis: int, left: int, right: int) -> jax.Array:
    size = x.shape[axis]
    before, middle, after = _places(size, left, right)
    turned = _Part(1 - before[1], 1 - before[0], is_reversed=True)
    back = _Part(2 * size - 1 - after[1], 2 * size - 1 - after[0], is_reversed=True)
    return _joined(x, axis, (turned, _Part(*middle), back))


def _replicate(x: jax.Array, axis: int, left: int, right: int) -> jax.Array:
    size = x.shape[axis]
    before, middle, after = _places(size, left, right)
    first = _Part(0, 1, copies=max(before[1] - before[0], 0))
    last = _Part(size - 1, size, copies=max(after[1] - after[0], 0))
    return _joined(x, axis, (first, _Part(*middle), last))


def _places(size: int, left: int, right: int) -> list[tuple[int, int]]:
    """The places of the result before the axis, within it and after it."""
    start, stop = -left, size + right
    before, after = (start, min(stop, 0)), (max(start, size), stop)
    return [before, (max(start, 0), min(stop, size)), after]


def _circular(x: jax.Array, axis: int, left: int, right: int) -> jax.Array:
    start, stop = max(-left, 0), x.shape[axis] + min(right, 0)
    before, after = (stop - max(left, 0), stop), (start, start + max(right, 0))
    return _joined(x, axis, (_Part(*before), _Part(start, stop), _Part(*after)))


_EXTENDED: dict[str, Callable[..., jax.Array]] = {
    "reflect": _reflect,
    "replicate": _replicate,
    "circular": _circular,
}
