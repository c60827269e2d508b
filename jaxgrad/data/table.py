"""Open a table: choose its columns, check every value once, and find its blocks."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .. import _checks
from . import _columns, _files
from ._blocks import Block, Storage
from ._first_pass import Options, first_pass
from ._spool import Spool
from .moments import Moments


@dataclass(frozen=True, eq=False)
class Table:
    """A table whose values have been checked, and where its rows are; `table` makes it.

    Attributes:
        files: the files, in the order of their rows.
        features: the names of the columns of x.
        target: the name of the column of y.
        rows: the number of complete rows in this part.
        moments: the `Moments` of those rows: the features, then the target.
        dropped: the number of rows of this part that were dropped for a missing value.
        fingerprint: changes with the files' names, sizes and times, the columns and the options;
            it is the same for every part.
        part: which part of the rows this is, from 0.
        parts: the number of parts.
        stamps: size in bytes and modification time in nanoseconds of each file.
        storages: where the rows of each file are: there, or in what it was converted to.
        blocks: this part's blocks.
        spool: keeps the folder of converted files while the table is in use; None without one.
        levels: the levels of each column of categories; the first has no column of its own.
            `categorical` takes them for another table of the same columns.
        columns: the columns of the files that are read, before levels are coded; the target last.
        left_out: the columns that are an index, if no features were named.
    """

    files: tuple[Path, ...]
    features: tuple[str, ...]
    target: str
    rows: int
    dropped: int
    part: int
    parts: int
    fingerprint: str
    moments: Moments = field(repr=False)
    stamps: tuple[tuple[int, int], ...] = field(repr=False)
    storages: tuple[Storage, ...] = field(repr=False)
    blocks: tuple[Block, ...] = field(repr=False)
    spool: Spool | None = field(repr=False)
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


def table(
    files: str | Path | Sequence[str | Path],
    *,
    features: Sequence[str] | None = None,
    target: str,
    missing: str = "error",
    part: int = 0,
    parts: int = 1,
    delimiter: str | None = None,
    categorical: Sequence[str] | Mapping[str, Sequence[str]] = (),
    spool: str | Path | None = None,
) -> Table:
    r"""Open files of columns that may be larger than memory.

    The rows of this part are read once, in bounded memory: every value is checked, and the moments
    of the columns are computed. A CSV file is converted meanwhile to a temporary file of numbers,
    and so is a Parquet file with a row group of more than 160 MiB. (A record batch of a compressed
    Arrow file is read whole, however large it is.)

    Integers, truth values and decimals become numbers in float64. An integer beyond 2**53 that
    would lose its last digits is refused. A column of categories becomes a column of 0 and 1 for
    each level but the first, named `color[T.red]` as in R and patsy. Levels are in the order of
    numbers if all of them are numbers, else in that of text.

    Args:
        files: a path or several, of one format: .csv, .tsv or .txt, also with .gz (with a header,
            in UTF-8), .parquet, or .arrow or .feather (Arrow IPC files).
        features: names of the columns to predict from; None takes all but the target and an index.
            An index is what pandas marks as one, or a column of a CSV file without a name. Blanks
            around a name do not matter.
        target: the name of the column to predict.
        missing: "error", or "drop" to leave out rows with a missing value in one of these columns:
            null, NaN, and in CSV files an empty field or a word for it, such as NA, null, None,
            <NA>, a dot, a dash or a question mark.
        part: which part of the rows to take, from 0, if several processes share them.
        parts: the number of parts. Part p has the blocks p, p + parts, …; few blocks are first cut
            into `parts` pieces each.
        delimiter: the character between the fields of CSV files. By default it is the comma, tab,
            semicolon, bar or blank that gives each of the first rows of the first file as many
            fields, most of them numbers.
        categorical: the features that are categories: a list, or a mapping to their levels.
        spool: a folder for temporary files; by default the system's. They are removed with the
            table, or as the process ends (unless a signal kills it).

    Returns:
        The `Table`. With several parts, call `check` with the merged moments.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: an option is unknown; a file cannot be read or is not what its name says; a
            column does not exist, exists twice, or is not of numbers; a value is missing, infinite
            or no number; a row has too few or too many fields; a feature is constant; or there are
            fewer rows than features + 2. The message names the file, the column, and the line of
            a CSV file or the row (both counted from 1).
        ModuleNotFoundError: pyarrow is not installed.

    Source: https://arrow.apache.org/docs/python/parquet.html,
        https://arrow.apache.org/docs/python/csv.html, https://arrow.apache.org/docs/python/ipc.html

    >>> import pathlib, tempfile
    >>> from jaxgrad.data import table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "people.csv")
    ...     _ = path.write_text("height,weight\n58,115\n59,117\n60,120\n61,123\n")
    ...     people = table(path, target="weight")
    >>> people.features, people.rows, people.moments.mean.tolist()
    (('height',), 4, [59.5, 118.75])
    """
    paths, format = _files.paths(files)
    missing = _checks.of("table").option("missing", missing, ("error", "drop"))
    parts = _checks.of("table").integer("parts", parts, minimum=1)
    part = _checks.of("table").integer("part", part, minimum=0)
    if part >= parts:
        raise ValueError(_checks.of("table").wrong("part", f"below parts = {parts}", part))
    delimiter = _files.delimiter(delimiter, paths[0], format)
    chosen = _columns.chosen(paths, format, features, target, delimiter, categorical)
    stamps, drop = tuple(map(_files.stamp, paths)), missing == "drop"
    options = Options(chosen.names, chosen.dtype, drop, part, parts, delimiter, chosen.levels)
    names = tuple(name for name, _ in options.owners())
    rows = first_pass(paths, format, options, None if spool is None else Path(spool))
    result = Table(
        files=paths,
        features=names[:-1],
        target=names[-1],
        rows=rows.moments.count,
        dropped=rows.dropped,
        part=part,
        parts=parts,
        fingerprint=_fingerprint(paths, stamps, options),
        moments=rows.moments,
        stamps=stamps,
        storages=rows.storages,
        blocks=rows.blocks,
        spool=rows.spool,
        levels=chosen.levels,
        columns=chosen.names,
        left_out=chosen.left_out,
    )
    if parts == 1:
        check(result, result.moments)
    return result


def _fingerprint(paths: Any, stamps: Any, options: Options) -> str:
    files = [[path.name, *stamp] for path, stamp in zip(paths, stamps, strict=True)]
    facts = [files, options.names, options.drop, options.parts, options.delimiter]
    if options.levels:
        facts.append(sorted(options.levels.items()))
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def check(table: Table, moments: Moments) -> None:
    r"""Refuse a table that cannot be fitted: too few rows, or a constant feature.

    `table` calls this for a table of one part. One of several parts does not know the others: call
    this with the merged moments of all.

    Args:
        table: the table, or one part of it.
        moments: the moments of all the rows.

    Returns:
        Nothing.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: there are fewer rows than features + 2, a feature is constant, or the squares of
            values or of their differences are out of the range of float64.

    Source: T. F. Chan, G. H. Golub and R. J. LeVeque, "Algorithms for computing the sample
        variance", The American Statistician 37 (1983), 242-247

    >>> import pathlib, tempfile
    >>> from jaxgrad.data import check, merge, table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "people.csv")
    ...     _ = path.write_text("height,weight\n58,115\n59,117\n60,120\n61,123\n")
    ...     halves = [table(path, target="weight", part=part, parts=2) for part in range(2)]
    >>> check(halves[0], merge(halves[0].moments, halves[1].moments))
    """
    _checks.of("check").instance("table", table, Table)
    fit_for(table, "check", moments)
    files = ", ".join(map(str, table.files[:3])) + ", …" * (len(table.files) > 3)
    least = len(table.features) + 2
    if moments.count < least:
        expected = f"of at least {least} rows (features + 2)"
        got = f"{moments.count}" + f" ({table.dropped} dropped)" * bool(table.dropped)
        raise ValueError(_checks.of("table").wrong(files, expected, got))
    squares = np.diagonal(moments.comoment)
    for index, name in enumerate((*table.features, table.target)):
        column = f"{files}, column {name!r}"
        low, high = moments.low[index], moments.high[index]
        if not np.isfinite(squares[index]):
            got = f"values from {low:g} to {high:g}"
            raise ValueError(_checks.of("table").wrong(column, "below 1e150", got, "scale it"))
        if squares[index] == 0 and name != table.target:
            got = f"{_digits(low)} in every row" if low == high else f"values within {high - low:g}"
            remedy = "leave it out of the features"
            raise ValueError(_checks.of("table").wrong(column, "not constant", got, remedy))


def _digits(value: float) -> str:
    """A number with the fewest digits that give it back."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(float(value))


def fit_for(table: Table, function: str, moments: Any) -> None:
    """Refuses moments that are not those of the table's columns."""
    columns = len(table.features) + 1
    if not isinstance(moments, Moments):
        got = type(moments).__name__
        raise TypeError(_checks.wrong(function, "the moments", "Moments", got))
    if moments.mean.shape != (columns,):
        got = f"of {moments.mean.size}"
        raise ValueError(_checks.wrong(function, "the moments", f"of {columns} columns", got))
