"""The files of a table: their paths, format and stamps, checked."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import _checks
from . import _csv_rows

FORMATS = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".tsv": "csv",
    ".tsv.gz": "csv",
    ".txt": "csv",
    ".txt.gz": "csv",
    ".parquet": "parquet",
    ".arrow": "ipc",
    ".feather": "ipc",
}

URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


def paths(files: Any) -> tuple[tuple[Path, ...], str]:
    """The files, each readable, and their one format."""
    check = _checks.of("table")
    several = [files] if isinstance(files, (str, Path)) else files
    if not isinstance(several, Sequence) or not all(isinstance(f, (str, Path)) for f in several):
        got = type(files).__name__
        raise TypeError(check.wrong("files", "a path or a list of paths", got))
    if not several:
        raise ValueError(check.wrong("files", "at least one path", "none"))
    result = tuple(map(Path, several))
    for given, path in zip(several, result, strict=True):
        _check_local(str(given))
        _check_readable(path)
    formats = {_format(path) for path in result}
    if len(formats) > 1:
        got = ", ".join(path.name for path in result[:4])
        raise ValueError(check.wrong("files", "of one format", got))
    return result, formats.pop()


def _format(path: Path) -> str:
    for ending, format in FORMATS.items():
        if path.name.lower().endswith(ending):
            return format
    expected = "named " + ", ".join(FORMATS)
    remedy = "name it so if it is one of these, or convert it"
    raise ValueError(_checks.of("table").wrong("files", expected, str(path), remedy))


def _check_local(path: str) -> None:
    """Refuses an address, and standard input."""
    check = _checks.of("table")
    if URL.match(path):
        got, remedy = f"the address {path}", "download it first, for instance with curl -O"
        raise ValueError(check.wrong("files", "files of this machine", got, remedy))
    if path == "-":
        got, remedy = "-, standard input, which can be read only once", "write it to a file first"
        raise ValueError(check.wrong("files", "files on a disk", got, remedy))


def _check_readable(path: Path) -> None:
    check = _checks.of("table")
    if path.exists() and not path.is_file() and not path.is_dir():
        got, remedy = f"{path}, which can be read only once", "write it to a file first"
        raise ValueError(check.wrong("files", "files on a disk", got, remedy))
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        reason = f"{path}: {error.strerror}"
        raise ValueError(check.wrong("files", "readable files", reason)) from error
    if empty:
        raise ValueError(check.wrong(f"{path}", "a table", "an empty file"))


def delimiter(value: Any, first: Path, format: str) -> str:
    """The delimiter of CSV files, checked; for None the one that the first file seems to have."""
    if value is None:
        return _csv_rows.guess_delimiter(first) if format == "csv" else ","
    if not isinstance(value, str) or len(value) != 1 or ord(value) > 127 or value in '"\r\n':
        expected = "one ASCII character, no quote and no line break"
        raise ValueError(_checks.of("table").wrong("delimiter", expected, repr(value)))
    return value


def stamp(path: Path) -> tuple[int, int]:
    """Size in bytes and modification time in nanoseconds."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def unchanged(path: Path, before: tuple[int, int]) -> None:
    """Refuses a file that is no longer the one that was checked."""
    check = _checks.of("batches")
    try:
        after = stamp(path)
    except OSError as error:
        got = error.strerror
        raise ValueError(check.wrong(f"{path}", "as it was opened", got)) from error
    if after != before:
        sizes = f"{after[0]} bytes where there were {before[0]}"
        got = sizes if after[0] != before[0] else "a later modification time"
        remedy = "open it again with table"
        raise ValueError(check.wrong(f"{path}", "as it was opened", got, remedy))
