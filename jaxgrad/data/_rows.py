"""The one pass over all rows: from files to blocks that can be read at random, and moments."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from . import _blocks, _csv, _ipc, _parquet, _raw
from ._blocks import Block, Source
from ._scan import Fault, tiles, wrong_value
from .moments import Moments, added, none, total


class Options(NamedTuple):
    """What decides which rows are taken, and how."""

    names: tuple[str, ...]
    dtype: str
    drop: bool
    part: int
    parts: int
    delimiter: str


class Rows(NamedTuple):
    """The rows of one part."""

    sources: tuple[Source, ...]
    blocks: tuple[Block, ...]
    moments: Moments
    dropped: int
    spool: _raw.Spool | None


def opened(paths: Sequence[Path], format: str, options: Options, spool: Path | None) -> Rows:
    """Reads all the rows of a part once; converted files go to a new folder in `spool`."""
    with np.errstate(over="ignore", invalid="ignore"):  # `check` refuses what overflows
        return _opened(paths, format, options, spool)


def _opened(paths: Sequence[Path], format: str, options: Options, spool: Path | None) -> Rows:
    if format == "csv" or (format == "parquet" and _has_large_groups(paths, options)):
        return _converted(paths, format, options, spool)
    return _in_place(paths, format, options)


def _has_large_groups(paths: Sequence[Path], options: Options) -> bool:
    most = _parquet.GROUP_BYTES // (8 * len(options.names))
    return any(rows > most for path in paths for rows in _parquet.units(path))


def _in_place(paths: Sequence[Path], format: str, options: Options) -> Rows:
    sources = tuple(Source(format, path) for path in paths)
    every: list[Block] = []
    for file, path in enumerate(paths):
        every += _split(file, path, format, options)
    running, blocks = none(len(options.names)), []
    own = _blocks.share(every, options.part, options.parts)
    for block, columns in _blocks.read_each(sources, own, options.names):
        before = running.rest.count
        try:
            for tile in tiles(columns, options.drop):
                running = added(running, tile)
        except Fault as fault:
            raise _error(paths[block.file], block.row, format, options, fault) from None
        blocks.append(block._replace(rows=running.rest.count - before))
    dropped = sum(block.stored - block.rows for block in blocks)
    return Rows(
        sources, tuple(block for block in blocks if block.rows), total(running), dropped, None
    )


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
    made, sources, blocks = _raw.spool(spool), [], []
    running, stored = none(len(options.names)), 0
    most = _blocks.limit(len(options.names))
    for file, path in enumerate(paths):
        before = running.rest.count
        source = Source("raw", made.folder / f"{file}.raw", options.dtype)
        with _raw.writing(source) as write:
            for row, columns in _shares(path, format, options):
                stored += len(columns[0])
                try:
                    for tile in tiles(columns, options.drop):
                        running = added(running, tile)
                        write(tile.T)
                except Fault as fault:
                    raise _error(path, row, format, options, fault) from None
        rows = running.rest.count - before
        sources.append(source)
        blocks += _blocks.cut(Block(file, 0, rows, 0, rows, 0, rows), -(-rows // most))
    return Rows(tuple(sources), tuple(blocks), total(running), stored - running.rest.count, made)


def _shares(path: Path, format: str, options: Options) -> Iterator[tuple[int, list[np.ndarray]]]:
    """This part's share of every stretch of rows of a file, and the number of its first row."""
    row = 0
    if format == "csv":
        chunks = _csv.chunks(path, options.names, options.delimiter, options.drop)
    else:
        chunks = _parquet.chunks(path, options.names, _blocks.limit(len(options.names)))
    for columns in chunks:
        size = len(columns[0])
        start, stop = (size * end // options.parts for end in (options.part, options.part + 1))
        yield row + start, [column[start:stop] for column in columns]
        row += size


def _error(path: Path, row: int, format: str, options: Options, fault: Fault) -> ValueError:
    """The error of a value in a block that begins after `row` rows."""
    if format == "csv":
        return _csv.fault(path, options.names, options.delimiter, options.drop, "a value")
    place = f"{path}, row {row + fault.row + 1}"
    return wrong_value(place, options.names[fault.column], fault.value)
