"""The table that the options of `jaxgrad fit` name."""

import argparse
import csv
from collections.abc import Iterator, Sequence
from typing import Any

import jax

from jaxgrad import data
from jaxgrad.data import _columns, _files

TAB = {"\\t": "\t", "tab": "\t"}


def opened(options: argparse.Namespace, files: Any, like: data.Table | None = None) -> data.Table:
    """This process's share of the table; with the columns and levels of another, if it is given."""
    delimiter: Any = TAB.get(options.delimiter, options.delimiter)
    if like is not None:
        features, categorical, target = like.columns[:-1], like.levels, like.columns[-1]
    else:
        features, target = options.features, options.target
        header = _header(files, delimiter) if features or options.categorical else []
        features = named(features, header) if features else None
        categorical = named(options.categorical or [], header)
    return data.table(
        files,
        features=features,
        target=target,
        missing=options.missing,
        delimiter=delimiter,
        categorical=categorical,
        part=jax.process_index(),
        parts=jax.process_count(),
    )


def _header(files: Any, delimiter: Any) -> list[str]:
    paths, format = _files.paths(files)
    delimiter = _files.delimiter(delimiter, paths[0], format)
    return list(_columns.read_header(paths[0], format, delimiter).kinds)


def named(texts: Sequence[str], header: Sequence[str]) -> list[str]:
    """The columns that are named in some texts, with commas between them.

    A comma may be part of a name: where the header has such a column, or within quotes.
    """
    return [name for text in texts for name in _split(text, header)]


def _split(text: str, header: Sequence[str]) -> list[str]:
    if '"' in text and text not in header:
        return [name.rstrip() for name in next(csv.reader([text], skipinitialspace=True))]
    pieces = text.split(",")
    found = next(_divided(pieces, header), None)
    return [piece.strip() for piece in pieces] if found is None else found


def _divided(pieces: list[str], header: Sequence[str]) -> Iterator[list[str]]:
    """The ways to put the pieces together to columns that there are, the shortest names first."""
    if not pieces:
        yield []
    for stop in range(1, len(pieces) + 1):
        name = _columns.known(",".join(pieces[:stop]), header)
        if name is not None:
            yield from ([name, *rest] for rest in _divided(pieces[stop:], header))


def told(table: data.Table) -> list[str]:
    """What is to be known of the columns: what was left out, and what the levels stand beside."""
    lines = [
        f"left out: {name!r}, an index; name it with --features to use it"
        for name in table.left_out
    ]
    return lines + [
        f"{name}: {len(levels)} levels, compared with {levels[0]!r}"
        for name, levels in table.levels.items()
    ]
