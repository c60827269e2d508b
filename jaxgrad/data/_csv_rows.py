"""CSV files row by row: the header, the delimiter, and the first fault with its line."""

import csv
import functools
import gzip
import io
import itertools
import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from .. import _checks
from ._arrow import load
from ._values import EXACT, Words, inexact, infinite, missing

DELIMITERS = ",\t;| "
GUESS_ROWS = 20
"""The delimiter is guessed from this many rows."""

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
LONG = r"[+-]?[0-9]{16,}(\.0*)?"
"""Integers with this many digits may be beyond what float64 holds exactly."""

NUMBER_KIND, TRUTH_KIND = "a number", "a truth value"
KINDS: frozenset[str] = frozenset((NUMBER_KIND, TRUTH_KIND))
"""What a column can be."""

MISSING = (".", "-", "--", "?", "<NA>", "None", "none", "NONE")
"""Words for a missing value, beside those that pyarrow knows."""

UNNAMED = re.compile(r"(Unnamed: \d+)?")
"""The name that pandas gives its index: none in the file, this once it has been read."""


def header(path: Path, delimiter: str) -> list[str]:
    """The names of the columns: the first row, without blanks around them."""
    check = _checks.of("table")
    first = next(records(path, delimiter), None)
    names = [] if first is None else first[1]
    for name in names:
        if _foreign(name):
            raise _not_text(path, 1, "the header", name)
    if not names:
        raise ValueError(check.wrong(f"{path}", "a header and rows", "blank lines"))
    if all(map(is_number, names)) and not all(name.strip().isdigit() for name in names):
        got, remedy = f"{', '.join(names):.60}", "write one as the first line, such as a,b,y"
        raise ValueError(check.wrong(f"{path}", "a header and rows", got, remedy))
    return stripped(names)


def stripped(names: Sequence[str]) -> list[str]:
    """The names without blanks around them, unless two would then be the same."""
    bare = [name.strip() for name in names]
    often = Counter(bare)
    pairs = zip(names, bare, strict=True)
    return [short if often[short] == 1 or not short else name for name, short in pairs]


def is_number(text: str) -> bool:
    """Whether a field is a finite number."""
    return NUMBER.fullmatch(text.strip()) is not None


def guess_delimiter(path: Path) -> str:
    """The delimiter that gives each of the first rows as many fields, most of them numbers."""
    order = "\t" * (".tsv" in path.name.lower()) + DELIMITERS
    found = {}
    for delimiter in dict.fromkeys(order):
        try:
            rows = [row for _, row in itertools.islice(records(path, delimiter), GUESS_ROWS)]
        except ValueError:
            continue
        widths = {len(row) for row in rows}
        if len(widths) == 1 and widths != {1}:
            fields = [field for row in rows[1:] for field in row]
            found[delimiter] = sum(map(is_number, fields)) / max(len(fields), 1)
    return max(found, key=lambda delimiter: found[delimiter]) if found else order[0]


def first_fault(
    path: Path,
    names: Sequence[str],
    delimiter: str,
    drop: bool,
    levels: Mapping[str, Sequence[str]],
) -> ValueError | None:
    """The error of the first fault of the file, found by reading it row by row."""
    check = _checks.of("table")
    found = records(path, delimiter)
    columns = stripped(next(found)[1])
    kinds = {columns.index(name): KINDS for name in names}
    for line, row in found:
        if len(row) != len(columns):
            expected = f"of {len(columns)} fields, as the header is"
            return ValueError(check.wrong(f"{path}, line {line}", expected, len(row)))
        for place, before in kinds.items():
            column = f"column {columns[place]!r}"
            if _foreign(row[place]):
                return _not_text(path, line, column, row[place])
            if columns[place] in levels:
                words = _level(row[place], levels[columns[place]], drop)
            else:
                feature = columns[place] if columns[place] != names[-1] else ""
                kinds[place], words = _kinds(row[place], before, drop, feature)
            if words:
                return ValueError(check.wrong(f"{path}, line {line}, {column}", *words))
    return None


def _level(field: str, levels: Sequence[str], drop: bool) -> Words | None:
    """The words for a field that is none of the levels of its column; None where it is one."""
    text = field.strip()
    if text in special_words().null_values:
        return None if drop else missing(repr(field), "one of its levels")
    if text in levels:
        return None
    return f"one of {', '.join(map(repr, levels)):.60}", f"{field!r:.60}", "correct it"


def _kinds(
    field: str, before: frozenset[str], drop: bool, name: str
) -> tuple[frozenset[str], Words | None]:
    """What a column can still be after this field, and the words for the field if it is bad.

    `name` is the column's for a feature, "" for the target.
    """
    text = field.strip(" \t")
    if text in special_words().null_values:
        return before, None if drop else missing(repr(field))
    figures = NUMBER.fullmatch(text)
    if INFINITE.fullmatch(text) or (figures and math.isinf(float(text))):
        return before, infinite(field)
    if figures and is_rounded(text):
        return before, inexact(text)
    truth = text in (*special_words().true_values, *special_words().false_values)
    after = before & frozenset([NUMBER_KIND] * bool(figures) + [TRUTH_KIND] * truth)
    expected = min(before)  # "a number" where it could be either
    remedy = "correct it: the target is a column of numbers"
    if name:
        remedy = (
            f"correct it, leave the column out of the features, or write categorical=[{name!r}]"
        )
    if NUMBER.fullmatch(text.replace(",", ".", 1)):
        remedy = "correct it: numbers have a decimal point"
    return after, None if after else (expected, f"{field!r:.60}", remedy)


def is_rounded(text: str) -> bool:
    """Whether a field is an integer whose last digits float64 does not keep."""
    if re.fullmatch(LONG, text.strip()) is None or abs(float(text)) < EXACT:
        return False
    return Fraction(text.strip().rstrip(".")) != Fraction(float(text))


@functools.cache
def special_words() -> Any:
    """The words for a missing value, for true and for false."""
    options = load("pyarrow.csv").ConvertOptions()
    options.null_values = [*options.null_values, *MISSING]
    return options


def records(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
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
    return ValueError(_checks.of("table").wrong(f"{path}", "UTF-8", got, remedy))
