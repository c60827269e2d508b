"""CSV files as columns of numbers, read by pyarrow as text; an error is then found row by row.

pyarrow's own errors count rows, not lines, name a column by its number, and know nothing of missing
values, of integers that would be rounded, or of text that is no UTF-8.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import _categories, _csv_rows
from ._arrow import load
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
    kinds = dict.fromkeys(names, _csv_rows.KINDS)
    with explained(path, names, delimiter, drop, levels):
        for batch in texts(path, names, delimiter):
            columns: list[np.ndarray] = []
            for name, text in zip(names, batch, strict=True):
                if name in levels:
                    columns += _categories.coded(
                        text, levels[name], _csv_rows.special_words().null_values
                    )
                else:
                    kinds[name], values = _numbers(text, kinds[name])
                    columns.append(values)
            yield columns


def texts(path: Path, names: Sequence[str], delimiter: str) -> Iterator[list[Any]]:
    """The columns as Arrow arrays of text, a block of the file at a time; null where missing."""
    csv, text = load("pyarrow.csv"), load("pyarrow").string()
    records = _csv_rows.records(path, delimiter)
    columns, first = next(records)[1], next(records, None)
    if first is None:
        return  # pyarrow would make an error of it
    written = dict(zip(_csv_rows.stripped(columns), columns, strict=True))
    chosen = [written[name] for name in names]
    widest = max(sum(map(len, row)) + len(row) for row in (columns, first[1]))
    reader = csv.open_csv(
        path,
        csv.ReadOptions(block_size=max(BLOCK_BYTES, BLOCK_ROWS * widest)),
        csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        csv.ConvertOptions(
            include_columns=chosen,
            column_types=dict.fromkeys(chosen, text),
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


def _numbers(text: Any, kinds: frozenset[str]) -> tuple[frozenset[str], np.ndarray]:
    """What a column can still be after this text, numbers or truth values; and the numbers."""
    numbers = _cast(text) if NUMBER_KIND in kinds else None
    if numbers is None:  # truth values, or blanks around words, which pyarrow minds
        text = _categories.texts(text, _csv_rows.special_words().null_values)
        numbers = _cast(text) if NUMBER_KIND in kinds else None
    truth = _truth(text) if TRUTH_KIND in kinds else None
    given = {NUMBER_KIND: numbers, TRUTH_KIND: truth}
    found = {kind: values for kind, values in given.items() if values is not None}
    if not found:
        raise BadValue(0, (" or ".join(kinds), "other text", "correct it"))
    return frozenset(found), next(iter(found.values()))


def _cast(text: Any) -> np.ndarray | None:
    """Text as float64, NaN where it is null; None where some of it is no number."""
    arrow = load("pyarrow")
    try:
        numbers = text.cast(arrow.float64()).fill_null(np.nan).to_numpy(zero_copy_only=False)
    except arrow.ArrowInvalid:
        return None
    if numbers.size and np.fmax.reduce(np.abs(numbers)) >= EXACT:
        _check_exact(text)
    return numbers


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
