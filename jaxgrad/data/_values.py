"""The values of a block of rows: is each a finite number, and which rows are complete."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from .. import _checks

EXACT = 2**53
"""float64 holds every integer up to this one."""

TILE_ROWS = 8192
TILE_BYTES = 2**21
"""Rows are worked on in tiles of at most this size, which a processor's cache holds."""

Words = tuple[str, str, str]
"""For an error: what was expected in place of a value, what it is, and the remedy."""


class BadValue(Exception):
    """A value that is no finite float64: its row and its column in the block, and the words."""

    def __init__(self, row: int, words: Words, column: int = 0):
        """Both places are counted from 0."""
        super().__init__(row, words, column)
        self.row, self.words, self.column = row, words, column


def tiles(columns: Sequence[np.ndarray], drop: bool) -> Iterator[np.ndarray]:
    """The complete rows of the columns, as float64 arrays (columns, rows) of some rows each.

    An array is good until the next one is taken. Raises `BadValue` at an infinite value, and at a
    missing one (NaN) unless such rows are dropped.
    """
    rows, step = len(columns[0]), max(64, min(TILE_ROWS, TILE_BYTES // (8 * len(columns))))
    # Lines at distances of a power of two would share the same few places in the cache.
    room = np.empty((len(columns), min(step, rows) + 24))
    for start in range(0, rows, step):
        tile = room[:, : min(step, rows - start)]
        for line, column in zip(tile, columns, strict=True):
            line[:] = column[start : start + step]
        yield _complete(tile, start, drop)


def _complete(tile: np.ndarray, start: int, drop: bool) -> np.ndarray:
    """The rows of a tile without a missing value; it begins after `start` rows."""
    with np.errstate(all="ignore"):
        if np.isfinite(tile.sum(axis=1)).all():
            return tile
    bad = np.isinf(tile) if drop else ~np.isfinite(tile)
    if bad.any():
        row, column = map(int, np.argwhere(bad.T)[0])
        value = tile[column, row]
        raise BadValue(start + row, missing() if np.isnan(value) else infinite(value), column)
    return np.ascontiguousarray(tile[:, ~np.isnan(tile).any(axis=0)])


@contextlib.contextmanager
def naming(path: Path, row: int, names: Sequence[str]) -> Iterator[None]:
    """A `BadValue` in rows that begin after `row` rows of a file becomes the error that says so."""
    try:
        yield
    except BadValue as bad:
        raise refusal(path, row + bad.row, names[bad.column], bad.words) from None


def missing(text: str = "", expected: str = "a number") -> Words:
    """The words for a missing value."""
    got = f"a missing value ({text})" if text else "a missing value"
    return expected, got, 'fill it in, or drop such rows with missing="drop"'


def infinite(value: object) -> Words:
    """The words for an infinite value."""
    return "finite", str(value), "correct the value or leave the row out"


def inexact(value: object) -> Words:
    """The words for an integer that float64 would round."""
    remedy = "subtract a constant from the column, such as its first value"
    return "an integer that float64 holds exactly", str(value), remedy


def refusal(path: Path, row: int, name: str, words: Words) -> ValueError:
    """The error that names the place and the column of a value; `row` is counted from 0."""
    place = f"{path}, row {row + 1}, column {name!r}"
    return ValueError(_checks.of("table").wrong(place, *words))
