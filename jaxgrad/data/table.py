"""Open a table: choose columns, check every value once, and make its blocks readable at random."""

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
    """A table that has been checked, and where its rows are; `table` makes it.

    Attributes:
        files: the files, in the order of their rows.
        features: the names of the columns that x is made of.
        target: the name of the column that y is.
        rows: how many rows count, in this part.
        moments: the `Moments` of those rows: the features, then the target.
        dropped: how many rows of this part were dropped for a missing value.
        fingerprint: changes with the files' names, sizes and times, the columns and the options;
            it is the same for every part.
        part: which part of the rows this is.
        parts: of how many.
        stamps: size in bytes and modification time in nanoseconds of each file.
        storages: where the rows of each file are: there, or in what it was converted to.
        blocks: this part's blocks.
        spool: keeps the folder of converted files while the table is in use; None without.
        levels: the levels of each column of categories, of which the first has no column of its
            own; `categorical` takes them, for another table of the same columns.
        columns: the columns of the files that are read, before levels are coded; the target last.
        left_out: columns that are an index and are no features, as none were named.
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

    All of this part's data are read once, in bounded memory: every value is checked, and the
    moments of the columns are computed. A CSV file, and a Parquet file some row group of which
    takes more than 160 MiB, are converted meanwhile to a temporary file of numbers. (A record
    batch of a compressed Arrow file is read whole, however large it is.)

    Integers, truth values and decimals are taken as numbers, in float64; integers beyond 2**53
    that would lose their last digits are refused. A column of categories becomes a column of 0 and
    1 for each level but the first, called `color[T.red]`, as R and patsy have it. Levels are
    ordered as numbers where all of them are, else as text.

    Args:
        files: a path or several, of one format: .csv, .tsv or .txt, also with .gz (with a header,
            in UTF-8), .parquet, or .arrow or .feather (Arrow IPC files).
        features: names of the columns to predict from; None takes all but the target and an index:
            what pandas keeps as one, and columns of a CSV file without a name. Blanks around a
            name do not count.
        target: the name of the column to predict.
        missing: "error", or "drop" for leaving out rows with a missing value in one of these
            columns: null, NaN, and in CSV files an empty field or a word for it, such as NA, null,
            None, <NA>, a dot, a dash or a question mark.
        part: which share of the rows to take, from 0, where several processes share them.
        parts: how many shares there are. Block i is part i % parts's; where blocks are few, each
            is cut into as many pieces.
        delimiter: what separates the fields of CSV files, one character; by default the comma,
            tab, semicolon, bar or blank that gives the first rows of the first file as many
            fields, most of them numbers.
        categorical: those of the features that are categories, with or without their levels.
        spool: a folder for temporary files; by default the system's. They are removed with the
            table, or as the process ends (not where a signal kills it).

    Returns:
        The `Table`. With several parts, `check` has to be called with the merged moments.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: an option is unknown, a file cannot be read or is not what its name says, a
            column is not there, twice there, or not of numbers; a value is missing, infinite or
            no number; a row has too few or too many fields; a feature is constant; or there are
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
    missing = _checks.option("table", "missing", missing, ("error", "drop"))
    parts = _checks.integer("table", "parts", parts, minimum=1)
    part = _checks.integer("table", "part", part, minimum=0)
    if part >= parts:
        raise ValueError(_checks.wrong("table", "part", f"below parts = {parts}", part))
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
    r"""Refuse a table from which nothing can be fitted: too few rows, or a constant feature.

    `table` does so itself where there is one part. Of several, no part knows: call this with the
    merged moments of all.

    Args:
        table: the table, or one part of it.
        moments: the moments of all the rows.

    Returns:
        Nothing.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: there are fewer rows than features + 2, a feature is constant, or values are so
            large or so close that their squares are no float64.

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
    _checks.instance("check", "table", table, Table)
    fit_for(table, "check", moments)
    files = ", ".join(map(str, table.files[:3])) + ", …" * (len(table.files) > 3)
    least = len(table.features) + 2
    if moments.count < least:
        expected = f"of at least {least} rows (features + 2)"
        got = f"{moments.count}" + f" ({table.dropped} dropped)" * bool(table.dropped)
        raise ValueError(_checks.wrong("table", files, expected, got))
    squares = np.diagonal(moments.comoment)
    for index, name in enumerate((*table.features, table.target)):
        column = f"{files}, column {name!r}"
        low, high = moments.low[index], moments.high[index]
        if not np.isfinite(squares[index]):
            got = f"values from {low:g} to {high:g}"
            raise ValueError(_checks.wrong("table", column, "below 1e150", got, "scale it"))
        if squares[index] == 0 and name != table.target:
            got = f"{_digits(low)} in every row" if low == high else f"values within {high - low:g}"
            remedy = "leave it out of the features"
            raise ValueError(_checks.wrong("table", column, "not constant", got, remedy))


def _digits(value: float) -> str:
    """A number with as many digits as tell it from others."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(float(value))


def fit_for(table: Table, function: str, moments: Any) -> None:
    """Refuses moments that are not of the table's columns."""
    columns = len(table.features) + 1
    if not isinstance(moments, Moments):
        got = type(moments).__name__
        raise TypeError(_checks.wrong(function, "the moments", "Moments", got))
    if moments.mean.shape != (columns,):
        got = f"of {moments.mean.size}"
        raise ValueError(_checks.wrong(function, "the moments", f"of {columns} columns", got))
