"""CSV files: the header, the numbers by pyarrow, and the first fault by a slow pass."""

import csv
import functools
import gzip
import io
import math
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import _checks
from ._arrow import load, numbers

BLOCK_BYTES = 2**20
BLOCK_ROWS = 64
"""pyarrow parses so much of the text at a time, or so many rows like the first if that is more."""

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
KINDS: frozenset[str] = frozenset(("a number", "a truth value"))


def header(path: Path, delimiter: str) -> list[str]:
    """The names of the columns: the first row."""
    first = next(_records(path, delimiter), None)
    names = [] if first is None else first[1]
    for name in names:
        if _foreign(name):
            raise _not_text(path, 1, "the header", name)
    if not names:
        raise ValueError(_checks.wrong("table", f"{path}", "a header and rows", "blank lines"))
    return names


def chunks(
    path: Path, names: Sequence[str], delimiter: str, drop: bool
) -> Iterator[list[np.ndarray]]:
    """The columns `names` of the file from its start, some thousand rows at a time."""
    arrow, records = load("pyarrow"), _records(path, delimiter)
    columns, first = next(records), next(records, None)
    if first is None:
        return  # of which pyarrow would make an error
    longest = max(sum(map(len, row)) + len(row) for _, row in (columns, first))
    size = max(BLOCK_BYTES, BLOCK_ROWS * longest)
    try:
        # The kinds are guessed from the first rows: a column of true and false is one of numbers.
        with _open(path, size, delimiter, names, {}) as reader:
            kinds = {name: reader.schema.field(name).type for name in names}
        truth = {name: kind for name, kind in kinds.items() if arrow.types.is_boolean(kind)}
        wanted = {name: truth.get(name, arrow.float64()) for name in names}
        with _open(path, size, delimiter, names, wanted) as reader:
            for batch in reader:
                yield [numbers(batch.column(name)) for name in names]
    except (arrow.ArrowException, OSError) as error:
        raise fault(path, names, delimiter, drop, error) from error


def _open(
    path: Path, size: int, delimiter: str, names: Sequence[str], kinds: dict[str, Any]
) -> Any:
    csv = load("pyarrow.csv")
    return csv.open_csv(
        path,
        csv.ReadOptions(block_size=size),
        csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        csv.ConvertOptions(include_columns=list(names), column_types=kinds),
    )


def fault(
    path: Path, names: Sequence[str], delimiter: str, drop: bool, reason: object
) -> ValueError:
    """The error of the first fault of the file, found by reading it row by row.

    `reason` is told where there is none in sight.
    """
    records = _records(path, delimiter)
    _, columns = next(records)
    kinds = {columns.index(name): KINDS for name in names}
    for line, row in records:
        if len(row) != len(columns):
            expected = f"of {len(columns)} fields, as the header is"
            return ValueError(_checks.wrong("table", f"{path}, line {line}", expected, len(row)))
        for place, before in kinds.items():
            column = f"column {columns[place]!r}"
            if _foreign(row[place]):
                return _not_text(path, line, column, row[place])
            kinds[place], wrong = _kinds(row[place], before, drop)
            if wrong:
                return ValueError(_checks.wrong("table", f"{path}, line {line}, {column}", *wrong))
    return ValueError(f"table: {path} cannot be read as a CSV file: {reason}")


def _kinds(
    field: str, before: frozenset[str], drop: bool
) -> tuple[frozenset[str], tuple[str, str, str] | None]:
    """What a column can be, after this field and those before: numbers, truth values.

    If nothing: also what was expected in place of the field, what it is, and the remedy.
    """
    text, special = field.strip(" \t"), _special()
    if text in special.null_values:
        remedy = 'fill it in, or drop such rows with missing="drop"'
        return before, None if drop else ("a number", f"a missing value ({field!r})", remedy)
    number = NUMBER.fullmatch(text)
    if INFINITE.fullmatch(text) or (number and math.isinf(float(text))):
        return before, ("finite", field, "correct the value or leave the row out")
    truth = text in (*special.true_values, *special.false_values)
    after = before & frozenset(["a number"] * bool(number) + ["a truth value"] * truth)
    expected = min(before)  # "a number" where it could be either
    wrong = (expected, f"{field!r:.60}", "correct it or leave the column out")
    return after, None if after else wrong


@functools.cache
def _special() -> Any:
    """The words that pyarrow takes for a missing value, for true and for false."""
    return load("pyarrow.csv").ConvertOptions()


def _records(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, and the line it starts in, counted from 1.

    Bytes that are not UTF-8 come as surrogates.
    """
    try:
        opened = gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb")
        with (
            opened as binary,
            io.TextIOWrapper(binary, "utf-8-sig", errors="surrogateescape", newline="") as text,
        ):
            reader, line = csv.reader(text, delimiter=delimiter), 1
            for row in reader:
                if row:
                    yield line, row
                line = reader.line_num + 1
    except (csv.Error, EOFError, OSError, zlib.error) as error:
        raise ValueError(f"table: {path} cannot be read as a CSV file: {error}") from error


def _foreign(text: str) -> bool:
    return any("\udc80" <= character <= "\udcff" for character in text)


def _not_text(path: Path, line: int, place: str, text: str) -> ValueError:
    raw = text.encode("utf-8", "surrogateescape")
    remedy = "convert the file, for instance from Latin-1"
    got = f"the bytes {raw!r:.60} in line {line}, {place}"
    return ValueError(_checks.wrong("table", f"{path}", "UTF-8", got, remedy))
