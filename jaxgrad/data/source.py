"""A table as what `jaxgrad.fit.fit_epochs` takes: the batches of any epoch, from any of them on."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from .. import _checks
from .batches import batches
from .moments import Moments
from .table import Table


@dataclass(frozen=True, eq=False)
class TableSource:
    """`(epoch, start)` -> the batches of that epoch without the first `start`; `source` makes it.

    Attributes:
        table: the rows.
        batch_size: how many of them a batch has.
        key: from which, with the epoch folded in, an order is drawn; None is that of the files.
        standardize: the moments to standardize the columns with, or None.
        dtype: of the batches.
        limit: the number of batches of an epoch; None is all.
    """

    table: Table
    batch_size: int
    key: jax.Array | None
    standardize: Moments | None
    dtype: Any
    limit: int | None

    @property
    def fingerprint(self) -> str:
        """Tells the batches from others: the table's, and how they are made of it."""
        about = f"{self.batch_size} {np.dtype(self.dtype)} {self.limit}"
        seed = "" if self.key is None else np.asarray(jax.random.key_data(self.key)).tolist()
        moments = () if self.standardize is None else self.standardize.mean.tolist()
        return f"{self.table.fingerprint} {about} {seed} {moments}"

    def __call__(self, epoch: int, start: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The batches, (x, y) each."""
        key = None if self.key is None else jax.random.fold_in(self.key, epoch)
        found = batches(
            self.table,
            self.batch_size,
            key=key,
            start=start,
            standardize=self.standardize,
            dtype=self.dtype,
        )
        return itertools.islice(found, None if self.limit is None else max(0, self.limit - start))


def source(
    table: Table,
    batch_size: int,
    *,
    key: jax.Array | None = None,
    standardize: Moments | None = None,
    dtype: Any = "float32",
    limit: int | None = None,
) -> TableSource:
    r"""The batches of a table for a fit in epochs.

    Args:
        table: a `Table`.
        batch_size: how many rows a batch has; the last of an epoch may have fewer.
        key: any typed key, from which the order of each epoch is drawn; None is that of the files.
        standardize: moments to standardize the columns with, see `batches`.
        dtype: the floating point dtype of the batches.
        limit: how many batches an epoch has, where that is fewer than there are: among several
            processes, the least that any of them has.

    Returns:
        A `TableSource`.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: batch_size or limit is not positive.

    Source: https://docs.pytorch.org/docs/stable/data.html

    >>> import pathlib, tempfile
    >>> import jax, jax.numpy as jnp
    >>> from jaxgrad import data, optim
    >>> from jaxgrad.fit import fit_epochs, linear
    >>> from jaxgrad.functional import mse_loss
    >>> def loss_fn(params, batch):
    ...     return mse_loss(linear(params, batch[0]), batch[1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "people.csv")
    ...     _ = path.write_text("height,weight\n58,115\n59,117\n60,120\n61,123\n")
    ...     people = data.table(path, target="weight")
    ...     batches = data.source(people, 2, key=jax.random.key(0), standardize=people.moments)
    ...     start = {"weight": jnp.zeros(1), "bias": jnp.array(0.0)}
    ...     result = fit_epochs(loss_fn, start, optim.sgd(0.2), batches, epochs=60)
    >>> result.params["weight"].round(1)
    Array([1.], dtype=float32)
    """
    _checks.instance("source", "table", table, Table)
    batch_size = _checks.integer("source", "batch_size", batch_size, minimum=1)
    key = None if key is None else _checks.key("source", key)
    if limit is not None:
        limit = _checks.integer("source", "limit", limit, minimum=1)
    return TableSource(table, batch_size, key, standardize, dtype, limit)
