"""The first pass over all rows: it checks every value, and makes the moments and the blocks."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from . import _arrow, _blocks, _categories, _csv, _csv_rows, _ipc, _parquet, _spool
from ._ahead import ahead
from ._blocks import Block, Storage
from ._values import BadValue, missing, naming, refusal, tiles
from .moments import Moments, empty, updated


class Options(NamedTuple):
    """What decides which rows are taken, and how.

    `names` are the columns of the files, the target last; `levels` those of the categories among
    them.
    """

    names: tuple[str, ...]
    dtype: str
    drop: bool
    part: int
    parts: int
    delimiter: str
    levels: Mapping[str, tuple[str, ...]]

    def owners(self) -> list[tuple[str, str]]:
        """Each column of numbers: its name, and the column of the files that it is made from."""
        levels = self.levels
        return [
            (coded, name)
            for name in self.names
            for coded in (_categories.coded_names(name, levels[name]) if name in levels else [name])
        ]


class Rows(NamedTuple):
    """The rows of one part."""

    storages: tuple[Storage, ...]
    blocks: tuple[Block, ...]
    moments: Moments
    dropped: int
    spool: _spool.Spool | None


def first_pass(paths: Sequence[Path], format: str, options: Options, spool: Path | None) -> Rows:
    """Reads all rows of a part once; converted files go to a new folder in `spool`."""
    large = format == "parquet" and _has_large_groups(paths, options)
    with np.errstate(over="ignore", invalid="ignore"):  # `check` refuses what overflows
        if format == "csv" or options.levels or large:
            return _converted(paths, format, options, spool)
        return _in_place(paths, format, options)


def _has_large_groups(paths: Sequence[Path], options: Options) -> bool:
    most = _parquet.GROUP_BYTES // (8 * len(options.names))
    return any(rows > most for path in paths for rows in _parquet.units(path))


def _in_place(paths: Sequence[Path], format: str, options: Options) -> Rows:
    """Leaves the rows where they are, in files that can be read from any block on."""
    storages = tuple(Storage(format, path) for path in paths)
    every = [b for file, path in enumerate(paths) for b in _split(file, path, format, options)]
    own = _blocks.share(every, options.part, options.parts)
    read = (_blocks.read(storages[b.file], b, options.names) for b in own)
    moments, blocks = empty(len(options.names)), []
    for block, columns in zip(own, ahead(read), strict=True):
        before = moments.count
        with naming(paths[block.file], block.row, options.names):
            for tile in tiles(columns, options.drop):
                moments = updated(moments, tile)
        blocks.append(block._replace(rows=moments.count - before))
    dropped = sum(block.stored - block.rows for block in blocks)
    return Rows(storages, tuple(b for b in blocks if b.rows), moments, dropped, None)


def _split(file: int, path: Path, format: str, options: Options) -> Iterator[Block]:
    """The blocks of one file."""
    most = _blocks.limit(len(options.names))
    if format == "parquet":
        yield from _blocks.grouped(file, _parquet.units(path), most)
        return
    units, sliced = _ipc.units(path, options.names[-1])
    for block in _blocks.grouped(file, units, most):
        yield from _blocks.cut(block, -(-block.stored // most)) if sliced else (block,)


def _converted(paths: Sequence[Path], format: str, options: Options, spool: Path | None) -> Rows:
    """Copies the rows as numbers to temporary files."""
    made, storages, blocks, columns = _spool.spool(spool), [], [], len(options.owners())
    moments, stored, most = empty(columns), 0, _blocks.limit(columns)
    for file, path in enumerate(paths):
        before = moments.count
        storage = Storage("raw", made.folder / f"{file}.raw", options.dtype)
        with _spool.writing(storage) as write:
            for row, share in _shares(path, format, options):
                stored += len(share[0])
                with _explained(path, row, format, options):
                    for tile in tiles(share, options.drop):
                        moments = updated(moments, tile)
                        write(tile.T)
        rows = moments.count - before
        storages.append(storage)
        blocks += _blocks.cut(Block(file, 0, rows, 0, rows, 0, rows), -(-rows // most))
    return Rows(tuple(storages), tuple(blocks), moments, stored - moments.count, made)


def _shares(path: Path, format: str, options: Options) -> Iterator[tuple[int, list[np.ndarray]]]:
    """This part's share of each stretch of rows of a file, and the number of its first row."""
    row, names, levels = 0, options.names, options.levels
    if format == "csv":
        chunks = _csv.chunks(path, names, options.delimiter, options.drop, levels)
    else:
        chunks = _decoded(path, format, options)
    for columns in chunks:
        size = len(columns[0])
        start, stop = (size * end // options.parts for end in (options.part, options.part + 1))
        yield row + start, [column[start:stop] for column in columns]
        row += size


def _decoded(path: Path, format: str, options: Options) -> Iterator[list[np.ndarray]]:
    """The columns of a binary file as numbers."""
    levels, row = options.levels, 0
    chunks = (_parquet if format == "parquet" else _ipc).chunks
    for batch in chunks(path, options.names, _blocks.limit(len(options.owners()))):
        columns: list[np.ndarray] = []
        for name, array in zip(options.names, batch, strict=True):
            with naming(path, row, [name]):
                if name in levels:
                    columns += _categories.coded(array, levels[name])
                else:
                    columns.append(_arrow.numbers(array))
        yield columns
        row += len(batch[0])


@contextlib.contextmanager
def _explained(path: Path, row: int, format: str, options: Options) -> Iterator[None]:
    """As `naming`; in a CSV file the first fault has its line."""
    try:
        yield
    except BadValue as bad:
        if format == "csv":
            fault = _csv_rows.first_fault(
                path, options.names, options.delimiter, options.drop, options.levels
            )
            if fault:
                raise fault from None
        name = options.owners()[bad.column][1]
        words = missing(expected="one of its levels") if name in options.levels else bad.words
        raise refusal(path, row + bad.row, name, words) from None
