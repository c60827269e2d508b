"""Blocks: stretches of rows of a file that can be read without what is before them.

The datasets of pyarrow cannot do that: a scan begins at the start of a file. It also holds a whole
row group, where `ParquetFile.iter_batches` takes less than half of the memory.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from . import _ipc, _parquet, _spool
from ._values import naming

BLOCK_ROWS = 2**17
"""Small row groups are read together up to this many rows; record batches are cut to as many."""

BLOCK_BYTES = 32 * 2**20
"""A block has at most as many rows as take this many bytes in float64."""

READERS: dict[str, Any] = {"parquet": _parquet.read, "ipc": _ipc.read, "raw": _spool.read}


class Storage(NamedTuple):
    """Where the rows of a file of the table are: there, or in what it was converted to."""

    format: str
    path: Path
    dtype: str = ""


class Block(NamedTuple):
    """Rows `skip` to `skip + stored` of the units `first` to `stop` of a file.

    A unit is a row group of Parquet, a record batch of Arrow, a row of a converted file. `row` is
    the number of the first row in the file, and `rows` of the `stored` rows are complete.
    """

    file: int
    first: int
    stop: int
    skip: int
    stored: int
    row: int
    rows: int


def read(storage: Storage, block: Block, names: Sequence[str]) -> list[np.ndarray]:
    """The columns `names` of a block, each an array of `block.stored` numbers, NaN if missing."""
    with naming(storage.path, block.row, names):
        return READERS[storage.format](storage, block, names)


def limit(columns: int) -> int:
    """The most rows that a block should have."""
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
    """The blocks of one part: every `parts`-th.

    Few blocks are each cut into `parts` pieces first. The parts then differ by at most a row for
    each block.
    """
    if len(blocks) < 8 * parts:
        blocks = [piece for block in blocks for piece in cut(block, parts)]
    return list(blocks[part::parts])
