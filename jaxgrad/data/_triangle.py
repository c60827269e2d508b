"""The triangular factor of rows that come one block after another: R with RᵀR = Σ x xᵀ.

Sums of products square the condition number κ of the columns, and with it the effect of rounding.
The factor, as any decomposition of the rows themselves, keeps κ, and it is as small.
"""

import contextlib
import functools
import itertools
from collections.abc import Iterator

import numpy as np

PIECE = 512
"""Rows of a piece, which is worked on as one."""
ALONE = 2**18
"""The linear algebra library does a product of at most this many multiplications in one thread.
Several would wait for each other, which takes long on a busy machine."""
MOST = 16.0
"""A block is added by products if its squares are at most this many times those before it."""


def factor_of(rows: np.ndarray) -> np.ndarray:
    """The upper triangular factor of rows (rows, columns), its diagonal not negative.

    A column of zeros has a row of zeros.
    """
    size = rows.shape[1]
    factor, live = np.zeros((size, size)), np.flatnonzero(rows.any(axis=0))
    if not live.size:
        return factor
    rows = rows[:, live]
    if len(rows) > 2 * PIECE and PIECE > 2 * size:  # pieces first, each in one thread
        cut = len(rows) // PIECE * PIECE
        found = np.asarray(np.linalg.qr(rows[:cut].reshape(-1, PIECE, live.size), mode="r"))
        rows = np.concatenate([found.reshape(-1, live.size), rows[cut:]])
    found = np.asarray(np.linalg.qr(rows, mode="r"))
    signs = np.where(np.diagonal(found) < 0, -1.0, 1.0)
    factor[np.ix_(live[: len(found)], live)] = found * signs[:, None]
    return factor


def updated(
    factor: np.ndarray, columns: np.ndarray, shift: np.ndarray, offset: np.ndarray, last: np.ndarray
) -> np.ndarray:
    """The factor with more rows X: `columns` less shift and offset, and the row `last`.

        RᵀR + XᵀX = Rᵀ(I + ZᵀZ)R,   Z = X R⁻¹

    If X is like the rows before it, I + ZᵀZ is near a multiple of I. Its Cholesky factor then costs
    products only and loses no digits. Otherwise X is put below R and decomposed, which takes three
    times as long with 17 columns and thirteen times with 50.
    """
    known = np.asarray(factor.any(axis=0))
    if known.any() and not known.all() and _as_before(columns, shift, last, ~known):
        part, whole = np.ix_(known, known), np.zeros_like(factor)
        rows = [array[known] for array in (columns, shift, offset, last)]
        whole[part] = updated(factor[part], *rows)
        return whole
    if columns.shape[1] > 2 * len(factor) and known.all():
        with contextlib.suppress(np.linalg.LinAlgError), np.errstate(all="ignore"):
            products = _products(factor, columns, shift, offset, last)
            if np.diagonal(products).max() <= MOST:  # False of NaN
                lower = np.linalg.cholesky(np.eye(len(factor)) + products)
                return np.triu(lower.T @ factor)
    rows = (columns - shift[:, None] - offset[:, None]).T
    return factor_of(np.concatenate([factor, rows, last[None]]))


def lengths(factor: np.ndarray) -> np.ndarray:
    """The length of each column, even if its square is out of the range of float64."""
    largest = np.abs(factor).max(axis=0, initial=0)
    unit = np.where((largest > 0) & np.isfinite(largest), largest, 1)
    return np.linalg.norm(factor / unit, axis=0) * unit


def sums(columns: np.ndarray, shift: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """The sum of each column less shift and offset."""
    pieces = _pieces(columns, shift, offset, PIECE)
    return functools.reduce(np.add, (piece.sum(axis=1) for piece in pieces))


def _as_before(
    columns: np.ndarray, shift: np.ndarray, last: np.ndarray, constant: np.ndarray
) -> bool:
    """Whether the columns that have been constant still are."""
    return not last[constant].any() and bool((columns[constant] == shift[constant, None]).all())


def _products(
    factor: np.ndarray,
    columns: np.ndarray,
    shift: np.ndarray,
    offset: np.ndarray,
    last: np.ndarray,
) -> np.ndarray:
    """The sum of z zᵀ over the rows, z = R⁻ᵀ row.

    Rounding of the inverse or of z multiplies the factor from the left by a triangular matrix. That
    does not change the solution of R w = r.
    """
    scale = lengths(factor)
    inverse = (np.linalg.inv(factor / scale) / scale[:, None]).T.copy()
    total = np.zeros_like(factor)
    step = min(PIECE, max(64, ALONE // len(factor) ** 2))
    for piece in itertools.chain(_pieces(columns, shift, offset, step), [last[:, None]]):
        part = inverse @ piece
        total += part @ part.T
    return total


def _pieces(
    columns: np.ndarray, shift: np.ndarray, offset: np.ndarray, step: int
) -> Iterator[np.ndarray]:
    """The columns less shift and offset, `step` rows at a time, in one array that is used again."""
    room = np.empty((len(columns), min(step, columns.shape[1])))
    for at in range(0, columns.shape[1], step):
        rows = columns[:, at : at + step]
        piece = np.subtract(rows, shift[:, None], out=room[:, : rows.shape[1]])
        piece -= offset[:, None]
        yield piece
