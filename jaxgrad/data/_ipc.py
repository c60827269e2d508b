"""Arrow IPC files (.arrow, .feather), mapped into memory and read by record batches."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ._arrow import arrays, load, reading

KIND = "an Arrow IPC file"


def schema(path: Path) -> Any:
    """The Arrow schema."""
    with reading(path, KIND), _mapped(path) as source:
        return load("pyarrow.ipc").open_file(source).schema


def units(path: Path, name: str) -> tuple[list[int], bool]:
    """How many rows each record batch has, and whether a part of one can be read alone.

    It can where the file is not compressed: the first one then lies in the mapped file.
    """
    with reading(path, KIND), _mapped(path) as source:
        start, size = source.read_buffer(1).address, source.size()
        file, batches = _file(source, [name]), []
        sliced = True
        for index in range(file.num_record_batches):
            batch = file.get_batch(index)
            batches.append(batch.num_rows)
            if index == 0:
                buffers = filter(None, batch.column(name).buffers())
                sliced = all(start <= buffer.address < start + size for buffer in buffers)
        return batches, sliced


def chunks(path: Path, names: Sequence[str], rows: int) -> Iterator[list[Any]]:
    """The columns of the file from its start as Arrow arrays, at most `rows` rows at a time."""
    with reading(path, KIND), _mapped(path) as mapped:
        file = _file(mapped, names)
        for index in range(file.num_record_batches):
            batch = file.get_batch(index)
            for start in range(0, batch.num_rows, rows):
                yield [batch.column(name).slice(start, rows) for name in names]


def read(storage: Any, block: Any, names: Sequence[str]) -> list[np.ndarray]:
    """The columns of a block, each an array of numbers."""
    with reading(storage.path, KIND), _mapped(storage.path) as mapped:
        file = _file(mapped, names)
        batches = [file.get_batch(index) for index in range(block.first, block.stop)]
        return arrays(_column(batches, name, block) for name in names)


def _column(batches: list[Any], name: str, block: Any) -> Any:
    chunks = [batch.column(name) for batch in batches]
    column = load("pyarrow").chunked_array(chunks)
    return column.slice(block.skip, block.stored)


def _mapped(path: Path) -> Any:
    return load("pyarrow").memory_map(str(path))


def _file(source: Any, names: Sequence[str]) -> Any:
    """The open file, of which only the columns `names` are read."""
    ipc = load("pyarrow.ipc")
    schema = ipc.open_file(source).schema
    included = [schema.get_field_index(name) for name in names]
    return ipc.open_file(source, options=ipc.IpcReadOptions(included_fields=included))
