"""Windows of rows in memory: read ahead by threads, standardized, and in which order to take them.

Which blocks a window has depends on the key and the table alone, never on the batches or on when
a thread is done.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .. import _checks
from . import _open, _order
from ._blocks import Block, read
from ._scan import counting, filled, space, tile_rows

if TYPE_CHECKING:
    from .table import Table

WINDOW_ROWS = 2**20
WINDOW_BYTES = 160 * 2**20
READERS = 2
"""So many blocks are read at a time."""


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
    skip: int


class Loading(NamedTuple):
    """The rows of a window, complete once the loads are done."""

    x: np.ndarray
    y: np.ndarray
    order: "Future[np.ndarray]"
    loads: list["Future[None]"]


def windows(
    table: "Table", reading: Reading, skip: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Each window's x and y, and the order of its rows; the first `skip` rows are left out.

    The next window is read while one is in use, so the caller should let go of one before the next.
    """
    waiting = iter(_planned(table, reading.seed, skip))
    pool = ThreadPoolExecutor(READERS, thread_name_prefix="jaxgrad.data")
    try:
        ahead = _submit(pool, table, reading, next(waiting, None))
        while ahead is not None:
            ready = _wait(ahead)
            ahead = _submit(pool, table, reading, next(waiting, None))
            yield ready
            del ready
    finally:
        pool.shutdown(cancel_futures=True)


def _planned(table: "Table", seed: tuple[int, ...] | None, skip: int) -> Iterator[Window]:
    """The windows, without those of which all rows are skipped. Stream 0 is the blocks' order."""
    blocks: Sequence[Block] = table.blocks
    if seed is not None:
        blocks = [table.blocks[index] for index in _order.permutation(seed, 0, len(blocks))]
    for stream, window in enumerate(_grouped(blocks, len(table.features) + 1), start=1):
        rows = sum(block.rows for block in window)
        if skip < rows:
            yield Window(stream, window, skip)
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


def _submit(
    pool: ThreadPoolExecutor, table: "Table", reading: Reading, window: Window | None
) -> Loading | None:
    if window is None:
        return None
    rows = sum(block.rows for block in window.blocks)
    x, y = np.empty((rows, len(table.features)), reading.dtype), np.empty(rows, reading.dtype)
    loads, at = [], 0
    for block in window.blocks:
        part = slice(at, at + block.rows)
        loads.append(pool.submit(_load, table, reading, block, x[part], y[part]))
        at += block.rows
    return Loading(x, y, pool.submit(_ordered, reading.seed, window, rows), loads)


def _wait(loading: Loading) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    for load in loading.loads:
        load.result()
    return loading.x, loading.y, loading.order.result()


def _ordered(seed: tuple[int, ...] | None, window: Window, rows: int) -> np.ndarray:
    order = np.arange(rows) if seed is None else _order.permutation(seed, window.stream, rows)
    return order[window.skip :]


def _load(table: "Table", reading: Reading, block: Block, x: np.ndarray, y: np.ndarray) -> None:
    """Reads a block into its place, (value - centre) · factor in float64."""
    columns = _columns(table, block)
    step = tile_rows(len(columns))
    room = space(len(columns), min(step, block.rows))
    for start in range(0, block.rows, step):
        rows = slice(start, min(start + step, block.rows))
        tile = filled(room, columns, rows.start, rows.stop)
        if reading.scale is not None:
            centre, factor = reading.scale
            tile -= centre
            tile *= factor
        x[rows], y[rows] = tile[:-1].T, tile[-1]


def _columns(table: "Table", block: Block) -> list[np.ndarray]:
    """The rows of a block that count, or a `ValueError` where the file has changed."""
    path, stamp = table.files[block.file], table.stamps[block.file]
    _open.unchanged(path, stamp)
    try:
        columns = read(table.sources[block.file], block, (*table.features, table.target))
    finally:
        _open.unchanged(path, stamp)
    if block.rows < block.stored:
        keep = counting(columns)
        columns = [column[keep] for column in columns]
    if len(columns[0]) != block.rows:
        got = f"{len(columns[0])} rows where there were {block.rows}"
        raise ValueError(_checks.wrong("batches", f"{path}", "as it was opened", got))
    return columns
