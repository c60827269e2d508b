"""The rows of a table in shuffle windows: read ahead, standardized, each in its place.

Which blocks a window has, and the order of its rows, depend on the key and the table alone: never
on the batches, nor on when a thread is done.

Rows are put into their places as they are read. NumPy copies whole rows, seen as items of one type
without fields, twice as fast as it assigns rows of numbers.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .. import _checks
from . import _files, _order
from ._ahead import ahead
from ._blocks import Block, read
from ._values import TILE_ROWS, naming, tiles

if TYPE_CHECKING:
    from .table import Table

WINDOW_ROWS = 2**20
WINDOW_BYTES = 160 * 2**20
"""A window has at most this many rows, and as many as take this many bytes in float64."""


class Reading(NamedTuple):
    """How rows are read: in which order, standardized with what, as which dtype.

    `seed` is a key's words, and `scale` a pair of what to subtract and what to multiply with.
    """

    seed: tuple[int, ...] | None
    scale: tuple[np.ndarray, np.ndarray] | None
    dtype: np.dtype


class Window(NamedTuple):
    """Blocks to be in memory together; `skip` rows of them have been taken before."""

    stream: int
    blocks: list[Block]
    rows: int
    skip: int


def windows(table: "Table", reading: Reading, skip: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each window's x and y, rows in order; the first `skip` rows of the table are left out.

    The next window is read while one is in use. The arrays of one are written anew once the next
    is asked for.
    """
    planned = list(_planned(table, reading.seed, skip))
    most = max((window.rows for window in planned), default=0)
    rooms = [_room(table, most, reading.dtype) for _ in planned[:2]]
    return ahead(
        _load(table, reading, window, *rooms[number % 2]) for number, window in enumerate(planned)
    )


def _room(table: "Table", rows: int, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    return np.empty((rows, len(table.features)), dtype), np.empty(rows, dtype)


def _planned(table: "Table", seed: tuple[int, ...] | None, skip: int) -> Iterator[Window]:
    """The windows, but for those of skipped rows only. Stream 0 gives the order of the blocks."""
    blocks: Sequence[Block] = table.blocks
    if seed is not None:
        blocks = [table.blocks[index] for index in _order.permutation(seed, 0, len(blocks))]
    for stream, window in enumerate(_grouped(blocks, len(table.features) + 1), start=1):
        rows = sum(block.rows for block in window)
        if skip < rows:
            yield Window(stream, window, rows, skip)
        skip = max(0, skip - rows)


def _grouped(blocks: Sequence[Block], columns: int) -> Iterator[list[Block]]:
    most = min(WINDOW_ROWS, WINDOW_BYTES // (8 * columns))
    window, rows = [], 0
    for block in blocks:
        if window and rows + block.rows > most:
            yield window
            window, rows = [], 0
        window.append(block)
        rows += block.rows
    if window:
        yield window


def _load(
    table: "Table", reading: Reading, window: Window, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Writes the rows of a window to x and y: (value - mean) / std in float64, in their places."""
    order: np.ndarray | None = None
    if reading.seed is not None:
        order = _order.permutation(reading.seed, window.stream, window.rows)
    at, together = 0, np.empty((TILE_ROWS, len(table.features)), reading.dtype)
    items = x.view(f"V{x.strides[0]}")[:, 0]  # a row as one item, which is copied at once
    for block in window.blocks:
        for tile in _tiles(table, block):
            if reading.scale is not None:
                tile -= reading.scale[0]
                tile *= reading.scale[1]
            rows = slice(at, at + tile.shape[1])
            places = rows if order is None else order[rows]
            together[: tile.shape[1]] = tile[:-1].T
            items[places] = together[: tile.shape[1]].view(items.dtype)[:, 0]
            y[places] = tile[-1]
            at = rows.stop
    return x[window.skip : window.rows], y[window.skip : window.rows]


def _tiles(table: "Table", block: Block) -> Iterator[np.ndarray]:
    """The complete rows of a block, or a `ValueError` where the file has changed."""
    path, stamp = table.files[block.file], table.stamps[block.file]
    names = (*table.features, table.target)
    _files.unchanged(path, stamp)
    try:
        columns = read(table.storages[block.file], block, names)
    finally:
        _files.unchanged(path, stamp)
    if len(columns[0]) != block.stored:
        got = f"{len(columns[0])} rows where there were {block.stored}"
        raise ValueError(_checks.of("batches").wrong(f"{path}", "as it was opened", got))
    with naming(path, block.row, names):
        yield from tiles(columns, drop=block.rows < block.stored)
