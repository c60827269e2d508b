"""The rows of `jaxgrad fit`: those to fit, and those to validate on."""

import argparse
import importlib
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from jax.typing import DTypeLike

from jaxgrad import data, random

from ._table_options import opened

_IN_MEMORY = 2**28
"""A table of at most this many bytes stays on the devices; its epochs are one compiled scan."""


class Rows(NamedTuple):
    """The rows of a fit.

    Attributes:
        table: this process's part of the table.
        moments: of the rows to fit, in all processes.
        split: the numbers of the rows to fit, and of those to validate on, if both are of `table`.
        validation: another table to validate on.
        validation_moments: of the rows to validate on, in all processes.
        validation_name: what to call those rows.
    """

    table: data.Table
    moments: data.Moments
    split: tuple[np.ndarray, np.ndarray] | None = None
    validation: data.Table | None = None
    validation_moments: data.Moments | None = None
    validation_name: str = ""


def rows_of(options: argparse.Namespace) -> Rows:
    """The rows that the options ask for, checked."""
    table = opened(options, options.files)
    rows = Rows(table, _of_all_processes(table.moments))
    share = _share(options.validation)
    if share is not None:
        split, name = _split(table, share, options.seed), f"a share of {share:g}"
        values = np.column_stack(all_rows(table, None, "float64"))
        moments = [data.moments(values[part]) for part in split]
        rows = Rows(table, moments[0], split, None, moments[1], name)
    elif options.validation:
        other = opened(options, options.validation, table)
        name = ", ".join(options.validation)
        rows = Rows(table, rows.moments, None, other, _of_all_processes(other.moments), name)
    data.check(table, rows.moments)
    return rows


def _share(validation: list[str] | None) -> float | None:
    """The share of the rows to validate on; None if files are named."""
    try:
        (text,) = validation or []
        share = float(text)
    except ValueError:
        return None
    if Path(text).exists():
        return None
    if not 0 < share < 1:
        raise ValueError(f"--validation must be a file or a share above 0 and below 1, got {text}")
    return share


def _split(table: data.Table, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of the rows to fit, and of the rows to validate on."""
    if jax.process_count() > 1 or not in_memory(table):
        raise ValueError(
            "--validation must be a file where rows are too many for memory or shared among "
            f"processes, got a share of {table.rows} rows"
        )
    kept = table.rows - round(share * table.rows)
    if not 0 < kept < table.rows:
        got = f"{share:g} of {table.rows} rows"
        raise ValueError(f"--validation must leave rows on both sides, got {got}")
    order = random.randperm(jax.random.fold_in(random.key(seed), 1), table.rows)
    return np.asarray(order[:kept]), np.asarray(order[kept:])


def in_memory(table: data.Table) -> bool:
    """Whether the devices keep the whole table."""
    return table.rows * (len(table.features) + 1) * 4 <= _IN_MEMORY


def _of_all_processes(moments: data.Moments) -> data.Moments:
    """The merged moments of a table whose parts belong to several processes."""
    if jax.process_count() == 1:
        return moments
    numbers = np.concatenate([np.ravel(np.asarray(part, float)) for part in moments])
    sizes = np.cumsum([np.size(part) for part in moments])[:-1]
    parts = []
    for row in gathered(numbers.view(np.uint8)):  # bytes: JAX may have no float64
        pieces = np.split(row.view(float), sizes)
        shaped = [p.reshape(np.shape(m)) for p, m in zip(pieces, moments, strict=True)]
        parts.append(data.Moments(int(shaped[0]), *shaped[1:]))
    return data.merge(*parts)


def gathered(array: np.ndarray) -> np.ndarray:
    """The arrays of all processes, stacked."""
    if jax.process_count() == 1:
        return array[None]
    gather = importlib.import_module("jax.experimental.multihost_utils").process_allgather
    return np.asarray(gather(array))


def all_rows(
    table: data.Table, standard: data.Moments | None, dtype: DTypeLike = "float32"
) -> tuple[np.ndarray, np.ndarray]:
    """The x and y of a table, in the order of its files."""
    parts = list(data.batches(table, 2**17, standardize=standard, dtype=dtype))
    return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])
