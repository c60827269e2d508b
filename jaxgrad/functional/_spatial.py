"""Arguments of layers over arrays (N, C, *spatial): a batch axis, and one number for each axis."""

import operator
from collections.abc import Sequence
from typing import Any

import jax
from jax.core import Tracer

from jaxgrad import _checks


def batched(check: _checks.Checks, argument: str, value: Any, spatial: int) -> jax.Array:
    """`value` as an array of shape (N, C, *spatial); an array (C, *spatial) becomes a batch of 1.

    The number of dimensions tells the two apart; `value.ndim == spatial + 1` says that the caller
    has to take the batch axis off again.
    """
    array = check.array(argument, value)
    if array.ndim == spatial + 1:
        return array[None]
    if array.ndim != spatial + 2:
        expected = f"{spatial + 1}-D or {spatial + 2}-D"
        raise ValueError(check.wrong(argument, expected, f"shape {array.shape}"))
    return array


def for_each_axis(
    check: _checks.Checks, argument: str, value: Any, axes: int, minimum: int
) -> tuple[int, ...]:
    """One static integer for each axis: a number counts for all, as a sequence of length 1 does."""
    if isinstance(value, Tracer) or _is_integer(value):
        return (check.integer(argument, value, minimum),) * axes
    numbers = tuple(value) if isinstance(value, Sequence) else ()
    if len(numbers) not in (1, axes):
        expected = f"an integer or {axes} integers"
        raise ValueError(check.wrong(argument, expected, f"{value!r:.60}"))
    found = tuple(check.integer(argument, number, minimum) for number in numbers)
    return found * axes if len(found) == 1 else found


def _is_integer(value: Any) -> bool:
    try:
        operator.index(value)
    except TypeError:
        return False
    return True
