"""Checks of the arguments that the norms share."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks

from ._affine import wide


def parameter(
    check: _checks.Checks, argument: str, value: ArrayLike | None, shape: tuple[int, ...]
) -> jax.Array | None:
    """`value` as a floating point array of that shape; None stays None."""
    if value is None:
        return None
    array = check.floating(argument, value)
    if array.shape != shape:
        raise ValueError(check.wrong(argument, f"of shape {shape}", f"shape {array.shape}"))
    return array


def of_one_dtype(check: _checks.Checks, x: jax.Array, **given: jax.Array | None) -> None:
    """Refuse parameters of another dtype than the input's; a narrow input takes float32 too.

    They all have the same dtype.
    """
    arrays = {name: array for name, array in given.items() if array is not None}
    for number, (name, array) in enumerate(arrays.items()):
        first, other = next(iter(arrays.items()))
        narrow = jnp.finfo(x.dtype).bits < 32
        if array.dtype != x.dtype and not (narrow and array.dtype == jnp.float32):
            expected = f"of input's {x.dtype}" + " or float32" * narrow
            raise TypeError(check.wrong(name, expected, array.dtype, "cast it with .astype"))
        if number and array.dtype != other.dtype:
            expected = f"of {first}'s {other.dtype}"
            raise TypeError(check.wrong(name, expected, array.dtype, "cast it with .astype"))


def both_or_none(check: _checks.Checks, mean: Any, variance: Any, needed: bool) -> None:
    """Refuse one running statistic without the other, and missing ones where they are needed."""
    for name, one, other in (
        ("running_mean", mean, variance),
        ("running_var", variance, mean),
    ):
        if one is None and (needed or other is not None):
            why = (
                "where the input's own statistics are not used"
                if needed
                else "where the other running statistic is"
            )
            raise ValueError(check.wrong(name, f"given {why}", None))


def channels(check: _checks.Checks, x: jax.Array, least: int = 2) -> tuple[int, ...]:
    """The shape (C,) of a parameter of each channel, for an input (N, C, ...)."""
    if x.ndim < least:
        expected = "of shape (N, C, ...)" if least == 2 else "of shape (N, C, *, ...)"
        raise ValueError(check.wrong("input", expected, f"shape {x.shape}"))
    return (x.shape[1],)


def trailing(
    check: _checks.Checks, x: jax.Array, normalized_shape: Sequence[int]
) -> tuple[int, ...]:
    """`normalized_shape`, which must be the end of the input's shape."""
    if not isinstance(normalized_shape, Sequence) or isinstance(normalized_shape, str):
        got = f"{type(normalized_shape).__name__} {normalized_shape!r:.60}"
        whole = isinstance(normalized_shape, int)
        remedy = f"write ({normalized_shape},)" if whole else ""
        raise TypeError(check.wrong("normalized_shape", "a sequence of integers", got, remedy))
    sizes = tuple(check.integer("normalized_shape", size, minimum=0) for size in normalized_shape)
    if not sizes:
        raise ValueError(check.wrong("normalized_shape", "one or more integers", "()"))
    if x.shape[-len(sizes) :] != sizes:
        expected = f"the last dimensions of input's shape {x.shape}"
        raise ValueError(check.wrong("normalized_shape", expected, sizes))
    return sizes


def spread(ndim: int, axis: int, *parameters: jax.Array | None) -> list[Any]:
    """Parameters in the dtype to compute in, their first dimension at `axis`; others have size 1.

    None stays None.
    """

    def between(array: jax.Array) -> jax.Array:
        after = ndim - axis - array.ndim
        return wide(array).reshape((1,) * axis + array.shape + (1,) * after)

    return [None if array is None else between(array) for array in parameters]
