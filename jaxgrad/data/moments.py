"""Count, mean and comoment of the columns of a table, merged block by block."""

import functools
from typing import Any, NamedTuple

import numpy as np

from .. import _checks

PIECE = 512
"""Rows multiplied at a time."""


class Moments(
    NamedTuple(  # as a call, since a field `count` hides the method of that name of tuples
        "Moments",
        [
            ("count", int),
            ("mean", np.ndarray),
            ("comoment", np.ndarray),
            ("low", np.ndarray),
            ("high", np.ndarray),
        ],
    )
):
    """What is known of the columns over all rows that count: the features, then the target.

    Attributes:
        count: how many rows there are.
        mean: (columns,), float64.
        comoment: (columns, columns), float64, the sum over the rows of (x - mean)(x - mean)ᵀ.
        low: (columns,), the least values; inf where there are no rows.
        high: (columns,), the greatest values; -inf where there are no rows.
    """

    __slots__ = ()


def moments(*blocks: Any) -> Moments:
    """The moments of all the rows of some blocks.

        mean = Σ x / n;   comoment = Σ (x - mean)(x - mean)ᵀ

    each block in two passes in float64, and then merged: a small spread around a large mean keeps
    its digits.

    Args:
        blocks: arrays (rows, columns) of finite numbers, all of the same columns; at least one.

    Returns:
        The `Moments`, in float64.

    Raises:
        TypeError: a block is no array of real numbers.
        ValueError: there is no block, or one is not 2-D, or they differ in their columns, or a
            value is not finite.

    Source: T. F. Chan, G. H. Golub and R. J. LeVeque, "Algorithms for computing the sample
        variance", The American Statistician 37 (1983), 242-247

    >>> from jaxgrad.data import moments
    >>> result = moments([[1.0, 5.0], [3.0, 5.0]], [[5.0, 8.0]])
    >>> result.count, result.mean.tolist(), result.comoment.tolist()
    (3, [3.0, 6.0], [[8.0, 6.0], [6.0, 6.0]])
    """
    arrays = [_columns(block) for block in blocks]
    sizes = sorted({len(columns) for columns in arrays})
    if len(sizes) != 1:
        got = f"{sizes} columns" if sizes else "none"
        raise ValueError(_checks.wrong("moments", "blocks", "of the same columns", got))
    return total(functools.reduce(added, arrays, none(sizes[0])))


def merge(*parts: Moments) -> Moments:
    """The moments of all the rows of which `parts` are the moments, in that order.

        comoment = Σ comomentᵢ + Σ δᵢδᵢᵀ nᵢn/(nᵢ + n),   δᵢ = meanᵢ - mean of those before

    Args:
        parts: moments of the same columns, for instance of several processes; at least one.

    Returns:
        The `Moments`; those of no rows change nothing.

    Raises:
        TypeError: a part is not a `Moments`.
        ValueError: there is none, or they differ in their columns.

    Source: T. F. Chan, G. H. Golub and R. J. LeVeque, "Algorithms for computing the sample
        variance", The American Statistician 37 (1983), 242-247

    >>> from jaxgrad.data import merge, moments
    >>> merge(moments([[1.0], [3.0]]), moments([[5.0]])).comoment.tolist()
    [[8.0]]
    """
    if not parts:
        raise ValueError(_checks.wrong("merge", "parts", "at least one", "none"))
    for part in parts:
        _checks.instance("merge", "parts", part, Moments)
    sizes = sorted({part.mean.size for part in parts})
    if len(sizes) > 1:
        raise ValueError(_checks.wrong("merge", "parts", "of the same columns", f"{sizes} columns"))
    return functools.reduce(_merge, parts)


class Running(NamedTuple):
    """The moments of the rows less a `shift`; their low and high are of the rows as they are.

    The means of blocks that are merged would be rounded to the digits of a large mean; those of
    the differences are small.
    """

    shift: np.ndarray
    rest: Moments


def none(size: int) -> Running:
    """The moments of no rows of `size` columns."""
    return Running(np.zeros(size), _of_no_rows(size))


def added(running: Running, columns: np.ndarray) -> Running:
    """The moments with those of one block more, its columns the rows of a float64 array."""
    shift = running.shift
    if not columns.size:
        return running
    if not running.rest.count:
        shift = columns[:, 0].copy()
    return Running(shift, merge(running.rest, _of_block(columns, shift)))


def total(running: Running) -> Moments:
    """The moments of the rows themselves."""
    shift, rest = running
    return rest._replace(mean=rest.mean + shift)


def _of_block(columns: np.ndarray, shift: np.ndarray) -> Moments:
    count = columns.shape[1]
    low, high = columns.min(axis=1), columns.max(axis=1)
    columns = columns - shift[:, None]
    mean = columns.sum(axis=1) / count
    columns -= mean[:, None]
    rest = columns.sum(axis=1)  # what the rounding of the mean leaves
    comoment = _products(columns) - np.outer(rest, rest) / count
    return Moments(count, mean + rest / count, comoment, low, high)


def _of_no_rows(size: int) -> Moments:
    infinite = np.full(size, np.inf)
    return Moments(0, np.zeros(size), np.zeros((size, size)), infinite, -infinite)


def _products(columns: np.ndarray) -> np.ndarray:
    """Gives columns @ columns.T, in pieces too small for the linear algebra library to share out.

    Its threads would wait for each other, which takes long where others use the cores.
    """
    pieces = (columns[:, at : at + PIECE] for at in range(0, columns.shape[1], PIECE))
    return functools.reduce(np.add, (piece @ piece.T for piece in pieces))


def spread(of: Moments) -> np.ndarray:
    """The population standard deviation of each column."""
    return np.sqrt(np.diagonal(of.comoment) / max(of.count, 1))


def _merge(a: Moments, b: Moments) -> Moments:
    if not a.count or not b.count:
        return a if a.count else b
    count = a.count + b.count
    delta = b.mean - a.mean
    mean = a.mean + delta * (b.count / count)
    comoment = a.comoment + b.comoment + np.outer(delta, delta) * (a.count * (b.count / count))
    return Moments(count, mean, comoment, np.minimum(a.low, b.low), np.maximum(a.high, b.high))


def _columns(block: Any) -> np.ndarray:
    """`block`, checked, as a float64 array (columns, rows)."""
    try:
        array = np.asarray(block)
        if array.dtype.kind in "USOcmM":
            raise TypeError(array.dtype)
        array = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        got = type(block).__name__
        raise TypeError(_checks.wrong("moments", "blocks", "arrays of numbers", got)) from error
    if array.ndim != 2:
        expected = "2-D arrays (rows, columns)"
        raise ValueError(_checks.wrong("moments", "blocks", expected, f"shape {array.shape}"))
    if not np.isfinite(array).all():
        raise ValueError(_checks.wrong("moments", "blocks", "finite", "inf or nan"))
    return np.ascontiguousarray(array.T)
