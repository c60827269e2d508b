"""Which columns of the files to read; each has to exist and to be of numbers."""

import csv
import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .. import _checks
from . import _arrow, _categories, _csv, _csv_rows, _ipc, _parquet


class Header(NamedTuple):
    """The columns of a file with their Arrow types (None in a CSV file), and those of an index."""

    kinds: dict[str, Any]
    indices: tuple[str, ...]


class Chosen(NamedTuple):
    """The columns to read, the target last; a dtype that holds them; the index left out."""

    names: tuple[str, ...]
    dtype: str
    levels: dict[str, tuple[str, ...]]
    left_out: tuple[str, ...]


def chosen(
    paths: Sequence[Path], format: str, features: Any, target: Any, delimiter: str, categorical: Any
) -> Chosen:
    """The columns to read, which every file has."""
    headers = [read_header(path, format, delimiter) for path in paths]
    header = headers[0]
    names = _column_names(features, target, header, paths[0])
    category = _categorical(categorical, names, header.kinds)
    for path, (kinds, indices) in zip(paths, headers, strict=True):
        for name in names:
            _check_column(name, kinds, path, name == names[-1], name in category)
        if features is None and set(kinds) - {*indices} != set(header.kinds) - {*header.indices}:
            other = sorted((set(kinds) - {*indices}) ^ (set(header.kinds) - {*header.indices}))[0]
            got = f"{other!r} in one of them only"
            expected = f"of the same columns as {paths[0]}"
            remedy = "name the features"
            raise ValueError(_checks.of("table").wrong(f"{path}", expected, got, remedy))
    levels = {
        name: given or _levels(paths, format, name, delimiter) for name, given in category.items()
    }
    kinds = [kinds[name] for kinds, _ in headers for name in names if name not in levels]
    single = format != "csv" and all(map(_arrow.is_single, kinds))
    left = tuple(name for name in header.indices if features is None and name not in names)
    return Chosen(names, "float32" if single else "float64", levels, left)


def read_header(path: Path, format: str, delimiter: str) -> Header:
    """The columns of a file."""
    if format == "csv":
        columns = [(name, None) for name in _csv_rows.header(path, delimiter)]
        index = [name for name, _ in columns if _csv_rows.UNNAMED.fullmatch(name)]
    else:
        schema = _parquet.schema(path) if format == "parquet" else _ipc.schema(path)
        columns = [(column.name, column.type) for column in schema]
        index = (schema.pandas_metadata or {}).get("index_columns", [])
    counts = Counter(name for name, _ in columns)
    twice = [name for name, count in counts.items() if count > 1 and name]
    if twice:
        got = f"{twice[0]!r} twice"
        raise ValueError(_checks.of("table").wrong(f"{path}", "of columns of different names", got))
    names = dict.fromkeys(name for name in index if isinstance(name, str))  # a range has no column
    return Header(dict(columns), tuple(name for name in names if name in counts))


def matching_column(name: Any, header: Sequence[str]) -> str | None:
    """The column of that name, or else the only one that differs by blanks around it."""
    if name in header or not isinstance(name, str):
        return name
    near = [column for column in header if column.strip() == name.strip()]
    return near[0] if len(near) == 1 else None


def _column_names(features: Any, target: Any, header: Header, path: Path) -> tuple[str, ...]:
    check = _checks.of("table")
    columns = list(header.kinds)
    if not isinstance(target, str):
        raise TypeError(check.wrong("target", "a column's name", repr(target)))
    target = matching_column(target, columns) or target
    if features is None:
        features = [name for name in columns if name != target and name not in header.indices]
        if not features:
            got = f"columns {columns}"
            raise ValueError(check.wrong(f"{path}", "of two columns or more", got))
    elif isinstance(features, str) or not isinstance(features, Sequence):
        remedy = 'for one column write ["name"]'
        got = f"{features!r:.60}"
        raise TypeError(check.wrong("features", "a list of names", got, remedy))
    names = (*(matching_column(name, columns) or name for name in features), target)
    if len(names) == 1:
        raise ValueError(check.wrong("features", "at least one column", "none"))
    for name, count in Counter(names).items():
        if not isinstance(name, str):
            raise TypeError(check.wrong("features", "names", repr(name)))
        if count > 1:
            got = f"{name!r}, the target" if name == target else f"{name!r} twice"
            expected = "different columns, none of them the target"
            raise ValueError(check.wrong("features", expected, got))
    return names


def _categorical(
    given: Any, names: tuple[str, ...], header: Mapping[str, Any]
) -> dict[str, tuple[str, ...]]:
    """The columns of categories with the levels given for them; () for none."""
    check = _checks.of("table")
    if isinstance(given, str) or not isinstance(given, (Sequence, Mapping)):
        got, expected = f"{given!r:.60}", "a list of names, or names and their levels"
        raise TypeError(check.wrong("categorical", expected, got))
    result = {}
    for name in given:
        column = matching_column(name, list(header)) or name
        if column not in names[:-1]:
            got = f"{name!r}, the target" if column == names[-1] else repr(name)
            expected = "columns among the features"
            raise ValueError(check.wrong("categorical", expected, got))
        result[column] = tuple(given[name]) if isinstance(given, Mapping) else ()
    return result


def _levels(paths: Sequence[Path], format: str, name: str, delimiter: str) -> tuple[str, ...]:
    """The levels of a column in all files, at least two."""
    seen = set[str]()
    for path in paths:
        place = f"{path}, column {name!r}"
        if format == "csv":
            with _csv.explained(path, [name], delimiter, True, {name: ()}):
                kinds = {name: _arrow.load("pyarrow").string()}
                arrays = (array for (array,) in _csv.batches(path, kinds, delimiter))
                seen |= _categories.distinct(place, arrays, _csv_rows.special_words().null_values)
        else:
            chunks = (_parquet if format == "parquet" else _ipc).chunks(path, [name], 2**17)
            seen |= _categories.distinct(place, (array for (array,) in chunks))
    levels = _categories.ordered(seen)
    if len(levels) < 2:
        column, got = f"{paths[0]}, column {name!r}", ", ".join(map(repr, levels)) or "none"
        remedy = "leave it out of the features"
        raise ValueError(_checks.of("table").wrong(column, "of two levels or more", got, remedy))
    return levels


def _check_column(
    name: str, header: Mapping[str, Any], path: Path, target: bool, category: bool
) -> None:
    check = _checks.of("table")
    if name not in header:
        raise ValueError(check.wrong(repr(name), f"a column of {path}", *_lacking(name, header)))
    kind, column = header[name], f"{path}, column {name!r}"
    if kind is None or (_categories.is_category(kind) if category else _arrow.is_number(kind)):
        return
    remedy = "leave it out of the features or convert it"
    if target:
        remedy = "choose another target or convert it"
    elif _categories.is_category(kind):
        remedy = f"leave it out of the features or write categorical=[{name!r}]"
    expected = "of text, integers or truth values" if category else "of numbers"
    raise ValueError(check.wrong(column, expected, kind, remedy))


def _lacking(name: str, header: Mapping[str, Any]) -> tuple[str, str]:
    """What a file has in place of a column, and the remedy."""
    if all(map(_csv_rows.is_number, header)):
        got = f"a first line of numbers ({', '.join(header):.60})"
        return got, "if the header is missing, write one, such as a,b,y"
    if len(header) == 1:
        (column,) = header
        for delimiter in _csv_rows.DELIMITERS:
            fields = next(csv.reader([column], delimiter=delimiter), [])
            if len(fields) > 1 and name in map(str.strip, fields):
                return f"one column {column!r:.60}", f"write delimiter={delimiter!r}"
    near = difflib.get_close_matches(name, header, n=3) or list(header)[:8]
    return "no such name", f"did you mean {', '.join(map(repr, near))}?"
