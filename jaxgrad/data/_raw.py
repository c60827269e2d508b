"""Raw files: the rows of a table one after another, what other formats are converted to."""

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
def writing(source: Any) -> Iterator[Callable[[np.ndarray], None]]:
    """A function that writes arrays (rows, columns) to the file, one after another."""
    try:
        with source.path.open("wb") as file:
            yield lambda rows: file.write(np.ascontiguousarray(rows, source.dtype).data) and None
    except OSError as error:
        text = (
            f"table: a temporary copy of the rows cannot be written to {source.path.parent}: "
            f"{error.strerror}; name a folder with more room as spool"
        )
        raise ValueError(text) from error


def read(source: Any, block: Any, names: Sequence[str]) -> list[np.ndarray]:
    """The columns of a block, as views of its rows."""
    dtype = np.dtype(source.dtype)
    offset, columns = (block.first + block.skip) * len(names) * dtype.itemsize, len(names)
    values = np.fromfile(source.path, dtype, block.stored * columns, offset=offset)
    return list(values.reshape(block.stored, columns).T)
