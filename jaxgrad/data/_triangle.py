"""The triangular factor of rows that come one block after another: R with RᵀR = Σ x xᵀ.

Sums of products lose the digits that squaring takes: of columns with condition κ they know κ² of
the rounding. The factor knows κ, as any decomposition of the rows themselves does, and is as small.
"""

import functools

import numpy as np

PIECE = 512
"""Rows multiplied at a time: too few for the linear algebra library to share out. Its threads would
wait for each other, which takes long where others use the cores."""
SOLVED = (1024, 8)
"""Rows and columns solved for at a time, for the same reason."""
MOST = 16.0
"""How many times the squares that are there a block's may be, to be added by products."""


def of(rows: np.ndarray) -> np.ndarray:
    """The upper triangular factor of rows (rows, columns), its diagonal not negative.

    The row of a column of zeros is zero too.
    """
    size = rows.shape[1]
    factor, live = np.zeros((size, size)), np.flatnonzero(rows.any(axis=0))
    if not live.size:
        return factor
    rows = rows[:, live]
    if len(rows) > 2 * PIECE and PIECE > 2 * size:  # pieces first, the threads as above
        cut = len(rows) // PIECE * PIECE
        pieces = np.linalg.qr(rows[:cut].reshape(-1, PIECE, live.size), mode="r")
        rows = np.concatenate([pieces.reshape(-1, live.size), rows[cut:]])
    found = np.linalg.qr(rows, mode="r")
    signs = np.where(np.diagonal(found) < 0, -1.0, 1.0)
    factor[np.ix_(live[: len(found)], live)] = found * signs[:, None]
    return factor


def joined(factor: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The factor with more rows, which are the columns of `columns`.

        RᵀR + XᵀX = Rᵀ(I + ZᵀZ)R,   Z = X R⁻¹

    Where X is like the rows before it I + ZᵀZ is near a multiple of I, and its Cholesky factor
    costs products only and loses no digits. Elsewhere X is put below R and decomposed.
    """
    known = factor.any(axis=0)
    if not known.all() and not columns[~known].any():
        if not known.any():
            return factor
        part = np.ix_(known, known)
        whole = np.zeros_like(factor)
        whole[part] = joined(factor[part], columns[known])
        return whole
    if columns.shape[1] > 2 * len(factor) and np.diagonal(factor).all():
        with np.errstate(all="ignore"):
            products = _products(_solved(factor, columns))
        if np.diagonal(products).max() <= MOST:  # False of NaN
            lower = np.linalg.cholesky(np.eye(len(factor)) + products)
            return np.triu(lower.T @ factor)
    return of(np.concatenate([factor, columns.T]))


def _solved(factor: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Solves factorᵀ z = columns, by substitution."""
    result, (rows, _) = np.empty(columns.shape), SOLVED
    for at in range(0, columns.shape[1], rows):
        _substitute(factor, columns[:, at : at + rows], result[:, at : at + rows])
    return result


def _substitute(factor: np.ndarray, columns: np.ndarray, result: np.ndarray) -> None:
    step = SOLVED[1]
    for at in range(0, len(factor), step):
        here = slice(at, at + step)
        result[here] = columns[here]
        if at:
            result[here] -= factor[:at, here].T @ result[:at]
        for row in range(at, min(at + step, len(factor))):
            if row > at:
                result[row] -= factor[at:row, row] @ result[at:row]
            result[row] /= factor[row, row]


def _products(columns: np.ndarray) -> np.ndarray:
    """Gives columns @ columns.T, in pieces."""
    pieces = (columns[:, at : at + PIECE] for at in range(0, columns.shape[1], PIECE))
    return functools.reduce(np.add, (piece @ piece.T for piece in pieces))
