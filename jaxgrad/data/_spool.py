"""Temporary files of numbers that other formats are converted to: rows one after another."""

import contextlib
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jaxgrad import _ending


@dataclass(frozen=True, eq=False)
class Spool:
    """A folder that is removed once nothing refers to this object, or the process ends."""

    folder: Path


def spool(parent: Path | None) -> Spool:
    """A new folder in `parent`, or where the system keeps temporary files."""
    try:
        result = Spool(_ending.folder("jaxgrad-", parent))
    except OSError as error:
        text = f"table: spool must be a folder to write into, got {parent}; {error.strerror}"
        raise ValueError(text) from error
    weakref.finalize(result, _ending.remove, result.folder)
    return result


@contextlib.contextmanager
def writing(storage: Any) -> Iterator[Callable[[np.ndarray], None]]:
    """A function that writes arrays (rows, columns) to the file, one after another."""
    try:
        with storage.path.open("wb") as file:
            yield lambda rows: file.write(np.ascontiguousarray(rows, storage.dtype).data) and None
    except OSError as error:
        text = (
            f"table: a temporary copy of the rows cannot be written to {storage.path.parent}: "
            f"{error.strerror}; name a folder with more room as spool"
        )
        raise ValueError(text) from error


def read(storage: Any, block: Any, names: Sequence[str]) -> list[np.ndarray]:
    """The columns of a block, as views of its rows."""
    dtype, columns = np.dtype(storage.dtype), len(names)
    offset = (block.first + block.skip) * columns * dtype.itemsize
    values = np.fromfile(storage.path, dtype, block.stored * columns, offset=offset)
    return list(values.reshape(block.stored, columns).T)
