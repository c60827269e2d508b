"""CSV files as columns of numbers, read by pyarrow; what it refuses is looked for row by row."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import _csv_rows, _levels
from ._arrow import load, numbers
from ._scan import EXACT

BLOCK_BYTES = 2**20
BLOCK_ROWS = 64
"""pyarrow parses so much of the text at a time, or so many rows like the first if that is more."""


class _File:
    """A CSV file, and how pyarrow is to read it: its columns by the names that are told."""

    def __init__(self, path: Path, delimiter: str) -> None:
        """Looks at the first rows."""
        records = _csv_rows.records(path, delimiter)
        columns, first = next(records)[1], next(records, None)
        self.path, self.delimiter, self.empty = path, delimiter, first is None
        self.written = dict(zip(_csv_rows.tidied(columns), columns, strict=True))
        rows = [columns] if first is None else [columns, first[1]]
        self.size = max(BLOCK_BYTES, BLOCK_ROWS * max(sum(map(len, r)) + len(r) for r in rows))

    def opened(self, names: Sequence[str], kinds: Mapping[str, Any]) -> Any:
        """A reader of these columns; of the kinds that it guesses where none is given."""
        csv, special = load("pyarrow.csv"), _csv_rows.special()
        return csv.open_csv(
            self.path,
            csv.ReadOptions(block_size=self.size),
            csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
            csv.ConvertOptions(
                include_columns=[self.written[name] for name in names],
                column_types={self.written[name]: kind for name, kind in kinds.items()},
                null_values=special.null_values,
                strings_can_be_null=True,
            ),
        )

    def batches(self, names: Sequence[str], kinds: Mapping[str, Any]) -> Iterator[list[Any]]:
        """The columns as Arrow arrays, a block of the text at a time."""
        with self.opened(names, kinds) as reader:
            for batch in reader:
                yield [batch.column(self.written[name]) for name in names]


def chunks(
    path: Path,
    names: Sequence[str],
    delimiter: str,
    drop: bool,
    levels: Mapping[str, Sequence[str]],
) -> Iterator[list[np.ndarray]]:
    """The columns `names` of the file from its start, some thousand rows at a time."""
    arrow, file, done = load("pyarrow"), _File(path, delimiter), 0
    if file.empty:
        return  # of which pyarrow would make an error
    truth, large = _first_kinds(file, names, drop, levels), set[str]()
    padded = False
    while True:
        kinds = {name: arrow.bool_() if name in truth else arrow.float64() for name in names}
        kinds |= dict.fromkeys(levels, arrow.string())
        read = dict.fromkeys(names, arrow.string()) if padded else kinds
        try:
            for number, batch in enumerate(file.batches(names, read)):
                if number == done:
                    batch = _bare(batch, [kinds[name] for name in names]) if padded else batch
                    yield _numbers(file, batch, names, drop, levels, large)
                    done += 1
            return
        except (arrow.ArrowException, OSError) as error:
            more = _sound(file, names, drop, levels, error)
            if more <= truth and padded:
                text = f"table: {path} cannot be read as a CSV file: {error}"
                raise ValueError(text) from error
            # A column that shows late to be one of truth values, or else blanks around words.
            padded, truth = more <= truth, truth | more


def _bare(batch: list[Any], kinds: list[Any]) -> list[Any]:
    """Columns of text in these kinds, without the blanks around words, which pyarrow minds."""
    words = _csv_rows.special().null_values
    texts = (_levels.texts(array, words) for array in batch)
    return [text.cast(kind) for text, kind in zip(texts, kinds, strict=True)]


def _first_kinds(file: _File, names: Any, drop: bool, levels: Any) -> frozenset[str]:
    """The columns that pyarrow takes for truth values by the first block."""
    arrow = load("pyarrow")
    try:
        with file.opened(names, dict.fromkeys(levels, arrow.string())) as reader:
            kinds = {name: reader.schema.field(file.written[name]).type for name in names}
    except (arrow.ArrowException, OSError) as error:
        _sound(file, names, drop, levels, error)
        raise ValueError(f"table: {file.path} cannot be read as a CSV file: {error}") from error
    return frozenset(name for name, kind in kinds.items() if arrow.types.is_boolean(kind))


def _sound(file: _File, names: Any, drop: bool, levels: Any, error: Any = None) -> frozenset[str]:
    """The columns of truth values; raises the first fault where there is one."""
    found = _csv_rows.fault(file.path, names, file.delimiter, drop, levels)
    if isinstance(found, ValueError):
        raise found from error
    return found


def _numbers(
    file: _File, batch: list[Any], names: Any, drop: bool, levels: Any, large: set[str]
) -> list[np.ndarray]:
    """The columns of one block as numbers; `large` are known to keep their digits."""
    columns = []
    for name, array in zip(names, batch, strict=True):
        if name in levels:
            try:
                columns += _levels.coded(array, levels[name], _csv_rows.special().null_values)
            except _levels.Unknown:
                _sound(file, names, drop, levels)
            continue
        column = numbers(array)
        columns.append(column)
        if name not in large and column.dtype.kind == "f" and _beyond(column):
            if _loses_digits(file, name):
                _sound(file, names, drop, levels)
            large.add(name)
    return columns


def _beyond(column: np.ndarray) -> bool:
    """Whether some number is so large that integers beside it are not held exactly."""
    if not column.size:
        return False
    return bool(np.fmax.reduce(column) >= EXACT or np.fmin.reduce(column) <= -EXACT)


def levels(paths: Sequence[Path], name: str, delimiter: str) -> tuple[str, ...]:
    """The levels of a column of the files."""
    arrow, seen, words = load("pyarrow"), set[str](), _csv_rows.special().null_values
    for path in paths:
        file = _File(path, delimiter)
        if file.empty:
            continue
        try:
            texts = (text for (text,) in file.batches([name], {name: arrow.string()}))
            seen |= _levels.found(f"{path}, column {name!r}", texts, words)
        except (arrow.ArrowException, OSError) as error:
            _sound(file, [name], True, {name: ()}, error)
            raise ValueError(f"table: {path} cannot be read as a CSV file: {error}") from error
    return _levels.ordered(seen)


def _loses_digits(file: _File, name: str) -> bool:
    """Whether an integer of the column, read as text, is not the same as a number."""
    arrow, compute = load("pyarrow"), load("pyarrow.compute")
    for (text,) in file.batches([name], {name: arrow.string()}):
        long = compute.match_substring_regex(text, rf"^[ \t]*{_csv_rows.LONG}[ \t]*$")
        if any(map(_csv_rows.inexact, text.filter(long.fill_null(False)).to_pylist())):
            return True
    return False
