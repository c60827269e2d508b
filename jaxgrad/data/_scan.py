"""The one pass over all values: is each a number, which rows count, and their moments."""

from collections.abc import Iterator, Sequence

import numpy as np

from .. import _checks

TILE_ROWS = 8192
TILE_BYTES = 2**21
"""Rows are worked on in tiles of so many, and of so many bytes: what a processor's cache holds."""


EXACT = 2**53
"""Up to so many, float64 holds every integer."""


class Fault(Exception):
    """A value that is no finite float64: where it is in the block, and what it is."""

    def __init__(self, row: int, column: int, value: float):
        """A fault at (row, column) of the arrays scanned."""
        super().__init__(row, column, value)
        self.row, self.column, self.value = row, column, value


def tile_rows(columns: int) -> int:
    """How many rows a tile has at most."""
    return max(64, min(TILE_ROWS, TILE_BYTES // (8 * columns)))


def space(columns: int, rows: int) -> np.ndarray:
    """Room for a tile, float64 (columns, rows).

    Its lines are a little apart: at distances of a power of two they would share the same few
    places in the cache, and reading across them would take twice as long.
    """
    return np.empty((columns, rows + 24))[:, :rows]


def tiles(columns: Sequence[np.ndarray], drop: bool) -> Iterator[np.ndarray]:
    """The rows that count, as float64 arrays (columns, rows) of at most `tile_rows` rows.

    Raises `Fault` at an infinite value, and at a missing one (NaN) unless such rows are dropped.
    An array is good until the next one is taken.
    """
    rows, step = len(columns[0]), tile_rows(len(columns))
    room = space(len(columns), min(step, rows))
    for start in range(0, rows, step):
        tile = filled(room, columns, start, min(start + step, rows))
        yield tile if _sums_are_finite(tile) else _counting(tile, start, drop)


def filled(room: np.ndarray, columns: Sequence[np.ndarray], start: int, stop: int) -> np.ndarray:
    """The rows from `start` to `stop`, written into `room`."""
    tile = room[:, : stop - start]
    for line, column in zip(tile, columns, strict=True):
        line[:] = column[start:stop]
    return tile


def _sums_are_finite(tile: np.ndarray) -> bool:
    """False where a value is not finite; it may be False of very large values too."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(tile.sum(axis=1)).all())


def _counting(tile: np.ndarray, start: int, drop: bool) -> np.ndarray:
    missing = np.isnan(tile)
    wrong = np.isinf(tile) if drop else ~np.isfinite(tile)
    if wrong.any():
        row, column = np.argwhere(wrong.T)[0]
        raise Fault(start + int(row), int(column), float(tile[column, row]))
    return np.ascontiguousarray(tile[:, ~missing.any(axis=0)])


def counting(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Which rows have no missing value."""
    return ~np.logical_or.reduce([np.isnan(column) for column in columns])


def missing(what: str = "", expected: str = "a number") -> tuple[str, str, str]:
    """What was expected in place of a missing value, what it is, and the remedy."""
    got = f"a missing value ({what})" if what else "a missing value"
    return expected, got, 'fill it in, or drop such rows with missing="drop"'


def rounded(value: object) -> tuple[str, str, str]:
    """The same of an integer whose last digits would be lost."""
    remedy = "subtract a constant from the column, such as its first value"
    return "an integer that float64 holds exactly", str(value), remedy


def describe(value: float) -> tuple[str, str, str]:
    """What was expected in place of a value, what it is, and the remedy."""
    if isinstance(value, int):
        return rounded(value)
    if np.isnan(value):
        return missing()
    return "finite", str(value), "correct the value or leave the row out"


def wrong_value(place: str, name: str, value: float) -> ValueError:
    """The error that names the place and the column of a value."""
    expected, got, remedy = describe(value)
    return ValueError(_checks.wrong("table", f"{place}, column {name!r}", expected, got, remedy))
