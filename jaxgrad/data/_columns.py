"""Which columns of the files are wanted, and whether they are there and of numbers."""

import difflib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import _checks
from . import _arrow, _csv, _ipc, _parquet


def chosen(
    paths: Sequence[Path], format: str, features: Any, target: Any, delimiter: str
) -> tuple[tuple[str, ...], str]:
    """The names of the columns wanted, the target last, and the dtype that holds them all."""
    headers = [_header(path, format, delimiter) for path in paths]
    names = _names(features, target, list(headers[0]), paths[0])
    for path, header in zip(paths, headers, strict=True):
        for name in names:
            _there(name, header, path)
        if features is None and set(header) != set(headers[0]):
            other = sorted(set(header) ^ set(headers[0]))[0]
            got = f"{other!r} in one of them only"
            remedy = "name the features"
            expected = f"of the same columns as {paths[0]}"
            raise ValueError(_checks.wrong("table", f"{path}", expected, got, remedy))
    kinds = [header[name] for header in headers for name in names]
    single = format != "csv" and all(map(_arrow.is_single, kinds))
    return names, "float32" if single else "float64"


def _header(path: Path, format: str, delimiter: str) -> dict[str, Any]:
    """The columns of a file and their Arrow types; None in a CSV file."""
    if format == "csv":
        columns = [(name, None) for name in _csv.header(path, delimiter)]
    else:
        schema = _parquet.schema(path) if format == "parquet" else _ipc.schema(path)
        columns = [(column.name, column.type) for column in schema]
    twice = [name for name, count in Counter(name for name, _ in columns).items() if count > 1]
    if twice:
        got = f"{twice[0]!r} twice"
        raise ValueError(_checks.wrong("table", f"{path}", "of columns of different names", got))
    return dict(columns)


def _names(features: Any, target: Any, header: list[str], path: Path) -> tuple[str, ...]:
    if not isinstance(target, str):
        raise TypeError(_checks.wrong("table", "target", "a column's name", repr(target)))
    if features is None:
        features = [name for name in header if name != target]
        if not features:
            got = f"columns {header}"
            raise ValueError(_checks.wrong("table", f"{path}", "of two columns or more", got))
    elif isinstance(features, str) or not isinstance(features, Sequence):
        remedy = 'for one column write ["name"]'
        got = f"{features!r:.60}"
        raise TypeError(_checks.wrong("table", "features", "a list of names", got, remedy))
    names = (*features, target)
    if len(names) == 1:
        raise ValueError(_checks.wrong("table", "features", "at least one column", "none"))
    for name, count in Counter(names).items():
        if not isinstance(name, str):
            raise TypeError(_checks.wrong("table", "features", "names", repr(name)))
        if count > 1:
            got = f"{name!r}, the target" if name == target else f"{name!r} twice"
            expected = "different columns, none of them the target"
            raise ValueError(_checks.wrong("table", "features", expected, got))
    return names


def _there(name: str, header: dict[str, Any], path: Path) -> None:
    if name not in header:
        near = difflib.get_close_matches(name, header, n=3) or list(header)[:8]
        remedy = f"did you mean {', '.join(map(repr, near))}?"
        expected = f"a column of {path}"
        raise ValueError(_checks.wrong("table", repr(name), expected, "no such name", remedy))
    kind = header[name]
    if kind is not None and not _arrow.is_number(kind):
        remedy = "leave it out of the features or convert it"
        column = f"{path}, column {name!r}"
        raise ValueError(_checks.wrong("table", column, "of numbers", kind, remedy))
