"""Parquet files, read by row groups."""

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ._arrow import arrays, load, reading
from ._files import stamp

GROUP_BYTES = 160 * 2**20
"""A file with a row group of more bytes than these, in float64, is converted."""


def schema(path: Path) -> Any:
    """The Arrow schema."""
    with reading(path, "a Parquet file"):
        return load("pyarrow.parquet").read_schema(path)


def units(path: Path) -> list[int]:
    """How many rows each row group has."""
    with reading(path, "a Parquet file"):
        metadata = load("pyarrow.parquet").read_metadata(path)
        return [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]


def read(storage: Any, block: Any, names: Sequence[str]) -> list[np.ndarray]:
    """The columns of a block, each an array of numbers. The file is mapped meanwhile."""
    with reading(storage.path, "a Parquet file"):
        known = _metadata(storage.path, stamp(storage.path))
        parquet, groups = load("pyarrow.parquet"), range(block.first, block.stop)
        with parquet.ParquetFile(storage.path, memory_map=True, metadata=known) as file:
            table = file.read_row_groups(groups, columns=list(names))
        rows = table.slice(block.skip, block.stored)
        return arrays(rows.column(name) for name in names)


@functools.lru_cache(maxsize=16)
def _metadata(path: Path, _: tuple[int, int]) -> Any:
    """The metadata of a file, read once for each of its stamps."""
    return load("pyarrow.parquet").read_metadata(path)


def chunks(path: Path, names: Sequence[str], rows: int) -> Iterator[list[Any]]:
    """The columns of the file from its start as Arrow arrays, at most `rows` rows at a time."""
    with reading(path, "a Parquet file"):
        with load("pyarrow.parquet").ParquetFile(path) as file:
            for batch in file.iter_batches(rows, columns=list(names)):
                yield [batch.column(name) for name in names]
