"""A table as a source of batches for `jaxgrad.fit.fit_epochs`: any epoch, from any batch on."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import jax
import numpy as np
from jax.typing import DTypeLike

from .. import _checks
from .batches import batches
from .moments import Moments
from .table import Table


@dataclass(frozen=True, eq=False)
class TableSource:
    """A function `(epoch, start)` -> the batches of that epoch but the first `start`.

    `source` makes it.

    Attributes:
        table: the table.
        batch_size: the rows of a batch.
        key: the epoch is folded in, and gives the order of its rows; None is that of the files.
        standardize: the moments to standardize the columns with, or None.
        dtype: the dtype of the batches.
        limit: the number of batches of an epoch; None for all.
    """

    table: Table
    batch_size: int
    key: jax.Array | None
    standardize: Moments | None
    dtype: DTypeLike
    limit: int | None

    @property
    def fingerprint(self) -> str:
        """Changes with the table's fingerprint and with every option that changes the batches."""
        options = f"{self.batch_size} {np.dtype(self.dtype)} {self.limit}"
        seed = "" if self.key is None else np.asarray(jax.random.key_data(self.key)).tolist()
        moments = () if self.standardize is None else self.standardize.mean.tolist()
        return f"{self.table.fingerprint} {options} {seed} {moments}"

    def __call__(self, epoch: int, start: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The batches, pairs (x, y)."""
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
    dtype: DTypeLike = "float32",
    limit: int | None = None,
) -> TableSource:
    r"""A source of batches for a fit in epochs, from a table.

    Args:
        table: a `Table`.
        batch_size: the rows of a batch; the last one of an epoch may have fewer.
        key: any typed key; it gives each epoch another order. None is the order of the files.
        standardize: moments to standardize the columns with, see `batches`.
        dtype: the floating point dtype of the batches.
        limit: at most this many batches in an epoch. Among several processes, give the least
            number of batches that one of them has.

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
    check = _checks.of("source")
    _checks.of("source").instance("table", table, Table)
    batch_size = check.integer("batch_size", batch_size, minimum=1)
    key = None if key is None else check.key(key)
    if limit is not None:
        limit = check.integer("limit", limit, minimum=1)
    return TableSource(table, batch_size, key, standardize, dtype, limit)
