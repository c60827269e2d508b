"""The one pass over all rows: from files to blocks that can be read at random, and moments."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .. import _checks
from . import _arrow, _blocks, _csv, _csv_rows, _ipc, _levels, _parquet, _raw
from ._blocks import Block, Source
from ._scan import Fault, missing, tiles, wrong_value
from .moments import Moments, added, none


class Options(NamedTuple):
    """What decides which rows are taken, and how; `levels` are of the columns of categories."""

    names: tuple[str, ...]
    dtype: str
    drop: bool
    part: int
    parts: int
    delimiter: str
    levels: Mapping[str, tuple[str, ...]]

    def told(self) -> tuple[str, ...]:
        """The names of the columns of numbers."""
        return tuple(told for _, names in self.owned() for told in names)

    def owned(self) -> list[tuple[str, list[str]]]:
        """Each column of the files, and those that it becomes."""
        levels = self.levels
        return [(n, _levels.told(n, levels[n]) if n in levels else [n]) for n in self.names]


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
    large = format == "parquet" and _has_large_groups(paths, options)
    if format == "csv" or options.levels or large:
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
        before = running.count
        try:
            for tile in tiles(columns, options.drop):
                running = added(running, tile)
        except Fault as fault:
            raise _error(paths[block.file], block.row, format, options, fault) from None
        blocks.append(block._replace(rows=running.count - before))
    dropped = sum(block.stored - block.rows for block in blocks)
    return Rows(sources, tuple(block for block in blocks if block.rows), running, dropped, None)


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
    running, stored = none(len(options.told())), 0
    most = _blocks.limit(len(options.told()))
    for file, path in enumerate(paths):
        before = running.count
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
        rows = running.count - before
        sources.append(source)
        blocks += _blocks.cut(Block(file, 0, rows, 0, rows, 0, rows), -(-rows // most))
    return Rows(tuple(sources), tuple(blocks), running, stored - running.count, made)


def _shares(path: Path, format: str, options: Options) -> Iterator[tuple[int, list[np.ndarray]]]:
    """This part's share of every stretch of rows of a file, and the number of its first row."""
    row = 0
    if format == "csv":
        names, levels = options.names, options.levels
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
    names, levels, row = options.names, options.levels, 0
    chunks = (_parquet if format == "parquet" else _ipc).chunks
    for batch in chunks(path, names, _blocks.limit(len(options.told()))):
        columns: list[np.ndarray] = []
        for name, array in zip(names, batch, strict=True):
            try:
                coded = name in levels
                columns += _levels.coded(array, levels[name]) if coded else _arrow.arrays([array])
            except Fault as fault:
                place = f"{path}, row {row + fault.row + 1}"
                raise wrong_value(place, name, fault.value) from None
            except _levels.Unknown as error:
                place = f"{path}, row {row + error.row + 1}, column {name!r}"
                expected = f"one of {', '.join(map(repr, levels[name])):.60}"
                raise ValueError(
                    _checks.wrong("table", place, expected, repr(error.value), "correct it")
                ) from None
        yield columns
        row += len(batch[0])


def _error(path: Path, row: int, format: str, options: Options, fault: Fault) -> ValueError:
    """The error of a value in a block that begins after `row` rows."""
    if format == "csv":
        found = _csv_rows.fault(
            path, options.names, options.delimiter, options.drop, options.levels
        )
        if isinstance(found, ValueError):
            return found
    place, owned = f"{path}, row {row + fault.row + 1}", options.owned()
    name = [name for name, told in owned for _ in told][fault.column]
    if name in options.levels:
        told = missing(expected="one of its levels")
        return ValueError(_checks.wrong("table", f"{place}, column {name!r}", *told))
    return wrong_value(place, name, fault.value)
