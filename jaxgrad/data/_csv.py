"""CSV files as columns of numbers, read by pyarrow; an error is then found row by row.

pyarrow's own errors count rows, not lines, name a column by its number, and know nothing of missing
values, of integers that would be rounded, or of text that is no UTF-8.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import _categories, _csv_rows
from ._arrow import load, numbers
from ._csv_rows import NUMBER_KIND, TRUTH_KIND
from ._values import EXACT, BadValue, inexact

BLOCK_BYTES = 2**20
BLOCK_ROWS = 64
"""pyarrow parses this much of the text at a time, or this many rows like the first if that is more.
"""


def chunks(
    path: Path,
    names: Sequence[str],
    delimiter: str,
    drop: bool,
    levels: Mapping[str, Sequence[str]],
) -> Iterator[list[np.ndarray]]:
    """The columns `names` of the file from its start, some thousand rows at a time, as numbers."""
    arrow, done = load("pyarrow"), 0
    with explained(path, names, delimiter, drop, levels):
        kinds = {name: arrow.string() if name in levels else arrow.float64() for name in names}
        with contextlib.suppress(arrow.ArrowInvalid, BadValue):
            for batch in batches(path, kinds, delimiter):
                yield _columns(names, batch, levels, _float_column)
                done += 1
            return
        # Truth values, blanks around words, large integers or faults: the text shows which.
        kinds, found = dict.fromkeys(names, arrow.string()), dict.fromkeys(names, _csv_rows.KINDS)

        def read(name: str, text: Any) -> np.ndarray:
            found[name], values = _text_column(text, found[name])
            return values

        for number, batch in enumerate(batches(path, kinds, delimiter)):
            columns = _columns(names, batch, levels, read)
            if number >= done:
                yield columns


def batches(path: Path, kinds: Mapping[str, Any], delimiter: str) -> Iterator[list[Any]]:
    """Columns as Arrow arrays of these types, a block of the text at a time; null where missing."""
    csv, records = load("pyarrow.csv"), _csv_rows.records(path, delimiter)
    columns, first = next(records)[1], next(records, None)
    if first is None:
        return  # pyarrow would make an error of it
    written = dict(zip(_csv_rows.stripped(columns), columns, strict=True))
    chosen = {written[name]: kind for name, kind in kinds.items()}
    widest = max(sum(map(len, row)) + len(row) for row in (columns, first[1]))
    reader = csv.open_csv(
        path,
        csv.ReadOptions(block_size=max(BLOCK_BYTES, BLOCK_ROWS * widest)),
        csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        csv.ConvertOptions(
            include_columns=list(chosen),
            column_types=chosen,
            null_values=_csv_rows.special_words().null_values,
            strings_can_be_null=True,
        ),
    )
    with reader:
        for batch in reader:
            yield [batch.column(name) for name in chosen]


@contextlib.contextmanager
def explained(
    path: Path,
    names: Sequence[str],
    delimiter: str,
    drop: bool,
    levels: Mapping[str, Sequence[str]],
) -> Iterator[None]:
    """An error of pyarrow or a bad value becomes the error of the first fault of the file."""
    try:
        yield
    except (load("pyarrow").ArrowException, OSError, BadValue) as error:
        fault = _csv_rows.first_fault(path, names, delimiter, drop, levels)
        raise fault or ValueError(f"table: {path} cannot be read as a CSV file: {error}") from error


def _columns(
    names: Sequence[str],
    batch: Sequence[Any],
    levels: Mapping[str, Sequence[str]],
    read: Callable[[str, Any], np.ndarray],
) -> list[np.ndarray]:
    """The columns of a block as numbers: `read`, or coded by their levels."""
    words, columns = _csv_rows.special_words().null_values, list[np.ndarray]()
    for name, array in zip(names, batch, strict=True):
        if name in levels:
            columns += _categories.coded(array, levels[name], words)
        else:
            columns.append(read(name, array))
    return columns


def _float_column(_: str, column: Any) -> np.ndarray:
    """A column that pyarrow has read as float64; raises if it may have rounded an integer."""
    values = numbers(column)
    if _is_large(values):
        raise BadValue(0, inexact("a large integer"))
    return values


def _is_large(values: np.ndarray) -> bool:
    if not values.size:
        return False
    return bool(np.fmax.reduce(values) >= EXACT or np.fmin.reduce(values) <= -EXACT)


def _text_column(text: Any, kinds: frozenset[str]) -> tuple[frozenset[str], np.ndarray]:
    """What a column can still be after this text, numbers or truth values; and the numbers."""
    text = _categories.texts(text, _csv_rows.special_words().null_values)
    given = {
        NUMBER_KIND: _cast(text) if NUMBER_KIND in kinds else None,
        TRUTH_KIND: _truth(text) if TRUTH_KIND in kinds else None,
    }
    found = {kind: array for kind, array in given.items() if array is not None}
    if not found:
        raise BadValue(0, (" or ".join(kinds), "other text", "correct it"))
    return frozenset(found), next(iter(found.values()))


def _cast(text: Any) -> np.ndarray | None:
    """Text as float64, NaN where it is null; None where some of it is no number."""
    arrow = load("pyarrow")
    try:
        values = numbers(text.cast(arrow.float64()))
    except arrow.ArrowInvalid:
        return None
    if _is_large(values):
        _check_exact(text)
    return values


def _truth(text: Any) -> np.ndarray | None:
    """Text as 0 and 1, NaN where it is null; None where some of it is no truth value."""
    arrow, compute, special = load("pyarrow"), load("pyarrow.compute"), _csv_rows.special_words()
    true, false = (
        np.asarray(compute.is_in(text, value_set=arrow.array(words)))
        for words in (special.true_values, special.false_values)
    )
    missing = np.asarray(text.is_null())
    return np.where(missing, np.nan, true) if (true | false | missing).all() else None


def _check_exact(text: Any) -> None:
    """Raises `BadValue` at an integer that float64 would round."""
    long = load("pyarrow.compute").match_substring_regex(text, rf"^[ \t]*{_csv_rows.LONG}[ \t]*$")
    for value in text.filter(long.fill_null(False)).to_pylist():
        if _csv_rows.is_rounded(value):
            raise BadValue(0, inexact(value))
