"""Blocks: stretches of rows of a file that can be read without what is before them."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from . import _ipc, _parquet, _raw
from ._scan import Fault, wrong_value

BLOCK_ROWS = 2**17
"""Small row groups are read together up to so many rows; record batches are cut to as many."""

BLOCK_BYTES = 32 * 2**20
"""And as many rows as hold in so many bytes of float64, where that is fewer."""

READERS = {"parquet": _parquet.read, "ipc": _ipc.read, "raw": _raw.read}


class Source(NamedTuple):
    """Where blocks are read from: a file of the table, or what it was converted to."""

    format: str
    path: Path
    dtype: str = ""


class Block(NamedTuple):
    """Rows `skip` to `skip + stored` of the units `first` to `stop` of a file.

    A unit is a row group of Parquet, a record batch of Arrow, a row of a raw file. `row` is the
    number of the first row in the file, and `rows` of the `stored` rows have no missing value.
    """

    file: int
    first: int
    stop: int
    skip: int
    stored: int
    row: int
    rows: int


def read(source: Source, block: Block, names: Sequence[str]) -> list[np.ndarray]:
    """The columns `names` of a block, each an array of `block.stored` numbers, NaN if missing."""
    try:
        return READERS[source.format](source, block, names)
    except Fault as fault:
        place = f"{source.path}, row {block.row + fault.row + 1}"
        raise wrong_value(place, names[fault.column], fault.value) from None


def read_each(
    sources: Sequence[Source], blocks: Sequence[Block], names: Sequence[str]
) -> Iterator[tuple[Block, list[np.ndarray]]]:
    """Each block and its columns; a thread reads the next one while one is in use."""
    pool, waiting = ThreadPoolExecutor(1, thread_name_prefix="jaxgrad.data"), deque()
    try:
        for block in (*blocks, None):
            if block is not None:
                waiting.append((block, pool.submit(read, sources[block.file], block, names)))
            if waiting and (len(waiting) > 1 or block is None):
                ready, columns = waiting.popleft()
                yield ready, columns.result()
    finally:
        pool.shutdown(cancel_futures=True)


def limit(columns: int) -> int:
    """How many rows a block should have at most."""
    return max(1, min(BLOCK_ROWS, BLOCK_BYTES // (8 * columns)))


def grouped(file: int, units: Sequence[int], most: int) -> Iterator[Block]:
    """Consecutive units, together of at most `most` rows, or of one unit."""
    first, row, rows = 0, 0, 0
    for unit, size in enumerate(units):
        if rows and rows + size > most:
            yield Block(file, first, unit, 0, rows, row, rows)
            first, row, rows = unit, row + rows, 0
        rows += size
    if rows:
        yield Block(file, first, len(units), 0, rows, row, rows)


def cut(block: Block, pieces: int) -> Iterator[Block]:
    """A block as `pieces` blocks of nearly as many rows each; without those of no rows."""
    for piece in range(pieces):
        start, stop = (block.stored * end // pieces for end in (piece, piece + 1))
        if stop > start:
            size = stop - start
            yield block._replace(
                skip=block.skip + start, stored=size, row=block.row + start, rows=size
            )


def share(blocks: Sequence[Block], part: int, parts: int) -> list[Block]:
    """The blocks that are `part`'s: every `parts`-th.

    Where that would be few, each is cut into `parts` pieces before, so that the parts differ by
    a row for each block at most.
    """
    if len(blocks) < 8 * parts:
        blocks = [piece for block in blocks for piece in cut(block, parts)]
    return list(blocks[part::parts])
