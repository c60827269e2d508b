"""Batches of a table: in the order of the files or shuffled, standardized, and read ahead."""

from collections.abc import Iterator

import jax
import numpy as np
from jax.typing import DTypeLike

from .. import _checks
from . import _files, _order
from ._shuffle import Reading, windows
from .moments import Moments, standard_deviation
from .table import Table, fit_for


def batches(
    table: Table,
    batch_size: int,
    *,
    key: jax.Array | None = None,
    start: int = 0,
    standardize: Moments | None = None,
    dtype: DTypeLike = "float32",
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    r"""The rows of a table, or of its part, each once, in batches.

    A key shuffles them. First the blocks are put into a random order; then the rows of each window
    of consecutive blocks are. A window has at most 2**20 rows that take at most 160 MiB in float64,
    and at least one block. A table of one window is shuffled wholly. In a larger one, rows of
    different windows share a batch only where one window ends and the next begins. (For a good
    mixing write Parquet with some 100,000 rows a row group, in an order that means little.) The
    order depends on the key and the table alone.

        x = (value - mean) / √(comomentᵢᵢ / count)   with `standardize`

    in float64, then cast. At most two windows are in memory: a thread reads the next one while the
    batches of one are taken.

    Args:
        table: a `Table`.
        batch_size: the rows of a batch; the last one may have fewer.
        key: any typed key; None is the order of the files.
        start: the number of batches to skip. Windows before them are not read.
        standardize: moments to standardize the columns with, the target too; for several parts the
            merged ones. None leaves the values as they are.
        dtype: the floating point dtype of the batches.

    Returns:
        An iterator of (x, y), new arrays of shapes (rows, features) and (rows,).

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: batch_size is not positive, start is negative, values are too large for the
            dtype, or the size or time of a file has changed since it was checked.

    Source: https://docs.pytorch.org/docs/stable/data.html

    Differs from PyTorch: rows are shuffled within windows, as above, and by a key.

    >>> import pathlib, tempfile
    >>> import jax
    >>> from jaxgrad.data import batches, table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "people.csv")
    ...     _ = path.write_text("height,weight\n58,115\n59,117\n60,120\n61,123\n")
    ...     people = table(path, target="weight")
    ...     for x, y in batches(people, 3, key=jax.random.key(0)):
    ...         print(x.tolist(), y.tolist())
    [[61.0], [60.0], [58.0]] [123.0, 120.0, 115.0]
    [[59.0]] [117.0]
    """
    check = _checks.of("batches")
    _checks.of("batches").instance("table", table, Table)
    batch_size = check.integer("batch_size", batch_size, minimum=1)
    start = check.integer("start", start, minimum=0)
    kind = _dtype(dtype)
    seed = None
    if key is not None:
        check.concrete("key", key)
        seed = _order.words_of(check.key(key))
    if standardize is not None:
        fit_for(table, "batches", standardize)
    else:
        _in_range(table, kind)
    reading = Reading(seed, None if standardize is None else _scale(standardize), kind)
    for path, stamp in zip(table.files, table.stamps, strict=True):
        _files.unchanged(path, stamp)
    return _batches(table, batch_size, start * batch_size, reading)


def _dtype(dtype: DTypeLike) -> np.dtype:
    check = _checks.of("batches")
    try:
        kind = np.dtype(dtype)
    except TypeError as error:
        got = f"{dtype!r:.60}"
        raise TypeError(check.wrong("dtype", "a floating point dtype", got)) from error
    if not jax.numpy.issubdtype(kind, np.floating):
        raise TypeError(check.wrong("dtype", "a floating point dtype", kind))
    return kind


def _scale(moments: Moments) -> tuple[np.ndarray, np.ndarray]:
    """What to subtract and to multiply with. A constant target becomes zeros."""
    deviation = standard_deviation(moments)
    factor = 1 / np.where(deviation > 0, deviation, 1)
    return moments.mean[:, None], factor[:, None]


def _in_range(table: Table, dtype: np.dtype) -> None:
    """Refuses values that the cast would make infinite."""
    largest = float(jax.numpy.finfo(dtype).max)
    for index, name in enumerate((*table.features, table.target)):
        low, high = table.moments.low[index], table.moments.high[index]
        if table.rows and max(-low, high) > largest:
            got = f"values from {low:g} to {high:g}"
            remedy = "standardize, or ask for float64"
            expected = f"within {dtype}'s range"
            raise ValueError(_checks.of("batches").wrong(f"column {name!r}", expected, got, remedy))


def _batches(
    table: Table, batch_size: int, skip: int, reading: Reading
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    left, filled = table.rows - skip, 0
    if left <= 0:
        return
    x, y = _empty(table, min(batch_size, left), reading.dtype)
    for rows, targets in windows(table, reading, skip):
        at = 0
        while at < len(targets):
            size = min(len(y) - filled, len(targets) - at)
            x[filled : filled + size] = rows[at : at + size]
            y[filled : filled + size] = targets[at : at + size]
            at, filled, left = at + size, filled + size, left - size
            if filled == len(y):
                yield x, y
                x, y = _empty(table, min(batch_size, left), reading.dtype)
                filled = 0


def _empty(table: Table, rows: int, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    return np.empty((rows, len(table.features)), dtype), np.empty(rows, dtype)
