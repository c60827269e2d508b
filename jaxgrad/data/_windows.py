"""Windows of rows in memory: read ahead by threads, standardized, and in which order to take them.

Which blocks a window has depends on the key and the table alone, never on the batches or on when
a thread is done.
"""

from collections import deque
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
    rows: int
    skip: int


def windows(table: "Table", reading: Reading, skip: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each window's x and y, rows in order; the first `skip` rows of the table are left out.

    The next window is read while one is in use, and its order drawn. The arrays of one are
    written anew once the next is asked for.
    """
    plan = list(_planned(table, reading.seed, skip))
    most = max((window.rows for window in plan), default=0)
    rooms = [_room(table, most, reading.dtype) for _ in plan[:2]]
    readers = ThreadPoolExecutor(READERS, thread_name_prefix="jaxgrad.data")
    sorter = ThreadPoolExecutor(1, thread_name_prefix="jaxgrad.data.order")
    loads: deque[list[Future[None]]] = deque()

    def begin(number: int) -> None:
        for window in plan[number : number + 1]:
            places = sorter.submit(_places, reading.seed, window)
            loads.append(_submit(readers, table, reading, window, places, rooms[number % 2]))

    try:
        begin(0)
        for number, window in enumerate(plan):
            begin(number + 1)  # in the room of the window that has been used up
            for load in loads.popleft():
                load.result()
            x, y = rooms[number % 2]
            yield x[window.skip : window.rows], y[window.skip : window.rows]
    finally:
        for pool in (readers, sorter):
            pool.shutdown(cancel_futures=True)


def _room(table: "Table", rows: int, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    return np.empty((rows, len(table.features)), dtype), np.empty(rows, dtype)


def _planned(table: "Table", seed: tuple[int, ...] | None, skip: int) -> Iterator[Window]:
    """The windows, without those of which all rows are skipped. Stream 0 is the blocks' order."""
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


def _submit(
    pool: ThreadPoolExecutor,
    table: "Table",
    reading: Reading,
    window: Window,
    places: "Future[np.ndarray | None]",
    room: tuple[np.ndarray, np.ndarray],
) -> list["Future[None]"]:
    """Starts to read the blocks of a window into their places in a room."""
    loads, at = [], 0
    for block in window.blocks:
        loads.append(pool.submit(_load, table, reading, block, at, places, room))
        at += block.rows
    return loads


def _places(seed: tuple[int, ...] | None, window: Window) -> np.ndarray | None:
    """Where each row of a window goes to; None is where it is."""
    return None if seed is None else _order.permutation(seed, window.stream, window.rows)


def _load(
    table: "Table",
    reading: Reading,
    block: Block,
    at: int,
    places: "Future[np.ndarray | None]",
    room: tuple[np.ndarray, np.ndarray],
) -> None:
    """Reads a block, the rows `at` and after of its window: (value - mean) / std in float64.

    Rows are put together before each is put into its place: to write whole rows at random costs
    less than to read them at random.
    """
    columns = _columns(table, block)
    step = tile_rows(len(columns))
    room_of_tile = space(len(columns), min(step, block.rows))
    size = room_of_tile.shape[1]
    x, y = np.empty((size, len(columns) - 1), reading.dtype), np.empty(size, reading.dtype)
    where = places.result()
    for start in range(0, block.rows, step):
        stop = min(start + step, block.rows)
        tile = filled(room_of_tile, columns, start, stop)
        if reading.scale is not None:
            tile -= reading.scale[0]
            tile *= reading.scale[1]
        size, rows = stop - start, slice(at + start, at + stop)
        x[:size], y[:size] = tile[:-1].T, tile[-1]
        _put(room[0], x[:size], rows, where)
        _put(room[1], y[:size], rows, where)


def _put(room: np.ndarray, values: np.ndarray, rows: slice, where: np.ndarray | None) -> None:
    if where is None:
        room[rows] = values
    elif room.ndim == 1:
        room[where[rows]] = values
    else:
        whole = f"V{room.strides[0]}"  # a row as one item, which `put` copies at once
        np.put(room.view(whole), where[rows], values.view(whole), mode="clip")


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
