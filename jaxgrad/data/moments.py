"""Count, mean and triangular factor of the columns of a table, updated block by block."""

import functools
from typing import Any, NamedTuple

import numpy as np

from .. import _checks
from . import _triangle


class Moments(
    NamedTuple(  # as a call, since a field `count` hides the method of that name of tuples
        "Moments",
        [
            ("count", int),
            ("shift", np.ndarray),
            ("offset", np.ndarray),
            ("factor", np.ndarray),
            ("low", np.ndarray),
            ("high", np.ndarray),
        ],
    )
):
    """Sums over the rows of a table: of its features, then of its target.

    Attributes:
        count: the number of rows.
        shift: (columns,), float64, a value of each column.
        offset: (columns,), float64, the mean of the rows less the shift. So a small deviation
            around a large mean keeps its digits.
        factor: (columns, columns), float64, the upper triangular R of the QR decomposition of the
            rows less their mean. It keeps the digits that squares of the values would lose.
        low: (columns,), the least values; inf if there are no rows.
        high: (columns,), the greatest values; -inf if there are no rows.
    """

    __slots__ = ()

    @property
    def mean(self) -> np.ndarray:
        """The mean of each column: (columns,), float64."""
        return self.shift + self.offset

    @property
    def comoment(self) -> np.ndarray:
        """The sum over the rows of (x - mean)(x - mean)ᵀ: (columns, columns), float64."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self.factor.T @ self.factor


def moments(*blocks: Any) -> Moments:
    """The moments of all the rows of some blocks.

        mean = Σ x / n;   factorᵀ factor = comoment = Σ (x - mean)(x - mean)ᵀ

    in float64. The factor is R of a QR decomposition, updated block by block.

    Args:
        blocks: one or more arrays (rows, columns) of finite numbers, all of the same columns.

    Returns:
        The `Moments`, in float64.

    Raises:
        TypeError: a block is no array of real numbers.
        ValueError: there is no block, one is not 2-D, they differ in their columns, or a value is
            not finite.

    Source: G. H. Golub and C. F. Van Loan, Matrix Computations (2013), 6.5: updating a QR
        factorization; A. J. Miller, "Least squares routines to supplement those of Gentleman",
        Applied Statistics 41 (1992), 458-478

    >>> from jaxgrad.data import moments
    >>> result = moments([[1.0, 5.0], [3.0, 5.0]], [[5.0, 8.0]])
    >>> result.count, result.mean.tolist(), result.comoment.round(9).tolist()
    (3, [3.0, 6.0], [[8.0, 6.0], [6.0, 6.0]])
    """
    arrays = [_columns(block) for block in blocks]
    sizes = sorted({len(columns) for columns in arrays})
    if len(sizes) != 1:
        got = f"{sizes} columns" if sizes else "none"
        raise ValueError(_checks.of("moments").wrong("blocks", "of the same columns", got))
    return functools.reduce(updated, arrays, empty(sizes[0]))


def merge(*parts: Moments) -> Moments:
    """The moments of all rows, from the moments of their parts in order.

        factor = R of QR of [factors; δᵢᵀ √(nᵢn/(nᵢ + n))],   δᵢ = meanᵢ - mean of those before

    Args:
        parts: one or more moments of the same columns, for instance of several processes.

    Returns:
        The `Moments`. A part without rows changes nothing.

    Raises:
        TypeError: a part is not a `Moments`.
        ValueError: there is no part, or they differ in their columns.

    Source: T. F. Chan, G. H. Golub and R. J. LeVeque, "Algorithms for computing the sample
        variance", The American Statistician 37 (1983), 242-247

    >>> from jaxgrad.data import merge, moments
    >>> merge(moments([[1.0], [3.0]]), moments([[5.0]])).comoment.round(9).tolist()
    [[8.0]]
    """
    check = _checks.of("merge")
    if not parts:
        raise ValueError(check.wrong("parts", "at least one", "none"))
    for part in parts:
        _checks.of("merge").instance("parts", part, Moments)
    sizes = sorted({part.mean.size for part in parts})
    if len(sizes) > 1:
        raise ValueError(check.wrong("parts", "of the same columns", f"{sizes} columns"))
    return functools.reduce(_merge, parts)


def empty(size: int) -> Moments:
    """The moments of no rows of `size` columns."""
    zero, infinite = np.zeros(size), np.full(size, np.inf)
    return Moments(0, zero, zero, np.zeros((size, size)), infinite, -infinite)


def updated(of: Moments, columns: np.ndarray) -> Moments:
    """The moments with one more block: a float64 array (columns, rows)."""
    if not columns.size:
        return of
    count, low, high = columns.shape[1], columns.min(axis=1), columns.max(axis=1)
    shift = of.shift if of.count else _nearest(columns)
    offset = columns.sum(axis=1) / count - shift
    # The rounding of that mean is added.
    offset += _triangle.sums(columns, shift, offset) / count
    return _joined(of._replace(shift=shift), count, offset, columns, (shift, offset), low, high)


def standard_deviation(of: Moments) -> np.ndarray:
    """The population standard deviation of each column."""
    return _triangle.lengths(of.factor) / np.sqrt(max(of.count, 1))


def about_zero(of: Moments) -> np.ndarray:
    """The triangular factor of the rows themselves, not less their mean."""
    return _triangle.factor_of(np.concatenate([np.sqrt(of.count) * of.mean[None], of.factor]))


def _nearest(columns: np.ndarray) -> np.ndarray:
    """The value of each column that is nearest to its mean.

    The difference of two values of a column is exact far more often than that of one and the mean.
    """
    away = np.abs(columns - columns.mean(axis=1, keepdims=True))
    return np.take_along_axis(columns, away.argmin(axis=1)[:, None], axis=1)[:, 0]


def _joined(
    of: Moments,
    count: int,
    offset: np.ndarray,
    columns: np.ndarray,
    less: tuple[np.ndarray, np.ndarray],
    low: np.ndarray,
    high: np.ndarray,
) -> Moments:
    """The moments with `count` more rows; `columns` less `less` are those rows or their factor."""
    total = of.count + count
    delta = offset - of.offset if of.count else np.zeros_like(offset)
    between = delta * np.sqrt(of.count * (count / total))
    return Moments(
        total,
        of.shift,
        offset if not of.count else of.offset + delta * (count / total),
        _triangle.updated(of.factor, columns, *less, between),
        np.minimum(of.low, low),
        np.maximum(of.high, high),
    )


def _merge(a: Moments, b: Moments) -> Moments:
    if not a.count or not b.count:
        return a if a.count else b
    offset = b.offset + (b.shift - a.shift)
    nothing = np.zeros_like(offset)
    return _joined(a, b.count, offset, b.factor.T, (nothing, nothing), b.low, b.high)


def _columns(block: Any) -> np.ndarray:
    """`block`, checked, as a float64 array (columns, rows)."""
    check = _checks.of("moments")
    try:
        array = np.asarray(block)
        if array.dtype.kind in "USOcmM":
            raise TypeError(array.dtype)
        array = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        got = type(block).__name__
        raise TypeError(check.wrong("blocks", "arrays of numbers", got)) from error
    if array.ndim != 2:
        expected = "2-D arrays (rows, columns)"
        raise ValueError(check.wrong("blocks", expected, f"shape {array.shape}"))
    if not np.isfinite(array).all():
        raise ValueError(check.wrong("blocks", "finite", "inf or nan"))
    return np.ascontiguousarray(array.T)
