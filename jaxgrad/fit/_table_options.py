"""The table that the options of `jaxgrad fit` ask for."""

import argparse
import csv
from collections.abc import Iterator, Sequence
from typing import Any

import jax

from jaxgrad import data
from jaxgrad.data import _columns, _files

TAB = {"\\t": "\t", "tab": "\t"}


def opened(options: argparse.Namespace, files: Any, like: data.Table | None = None) -> data.Table:
    """This process's part of the table; with the columns and levels of another, `like`."""
    delimiter: Any = TAB.get(options.delimiter, options.delimiter)
    if like is not None:
        features, categorical, target = like.columns[:-1], like.levels, like.columns[-1]
    else:
        features, target = options.features, options.target
        header = _header(files, delimiter) if features or options.categorical else []
        features = split_names(features, header) if features else None
        categorical = split_names(options.categorical or [], header)
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


def split_names(texts: Sequence[str], header: Sequence[str]) -> list[str]:
    """The names in some texts, where they are separated by commas.

    A comma can be part of a name: within quotes, or if the header has a column of that name.
    """
    return [name for text in texts for name in _split(text, header)]


def _split(text: str, header: Sequence[str]) -> list[str]:
    if '"' in text and text not in header:
        return [name.rstrip() for name in next(csv.reader([text], skipinitialspace=True))]
    pieces = text.split(",")
    found = next(_divided(pieces, header), None)
    return [piece.strip() for piece in pieces] if found is None else found


def _divided(pieces: list[str], header: Sequence[str]) -> Iterator[list[str]]:
    """The ways to join the pieces into names of the header, the shortest names first."""
    if not pieces:
        yield []
    for stop in range(1, len(pieces) + 1):
        name = _columns.matching_column(",".join(pieces[:stop]), header)
        if name is not None:
            yield from ([name, *rest] for rest in _divided(pieces[stop:], header))


def column_notes(table: data.Table) -> list[str]:
    """A line for each index that was left out, and for each column of categories."""
    lines = [
        f"left out: {name!r}, an index; name it with --features to use it"
        for name in table.left_out
    ]
    return lines + [
        f"{name}: {len(levels)} levels, compared with {levels[0]!r}"
        for name, levels in table.levels.items()
    ]
