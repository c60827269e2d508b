"""Means over many rows, a part of them at a time."""

from typing import Any

import jax
import jax.numpy as jnp

ROWS = 16_384
"""Rows that are taken at a time, which stay in a processor's cache and need no second array."""


def mean_over(of_rows: Any, x: jax.Array, y: jax.Array, dtype: Any, *centres: jax.Array) -> Any:
    """The mean over all rows of what `of_rows` sums over some, of rows about their `centres`."""
    samples = x.shape[0]
    size = min(ROWS, samples)

    def part(start: jax.Array, done: jax.Array) -> Any:
        """The sum over the rows of one part from `start`; those before `done` count as zero."""
        counted = (start + jnp.arange(size) >= done)[:, None]
        rows = [jax.lax.dynamic_slice_in_dim(array, start, size).astype(dtype) for array in (x, y)]
        for place, centre in enumerate(centres):
            rows[place] -= jnp.broadcast_to(centre, rows[place].shape)
        return of_rows(*(jnp.where(counted, array, 0) for array in rows))

    def add(total: Any, done: jax.Array) -> tuple[Any, None]:
        # The last part ends with the last row, and so repeats rows of the one before it.
        one = part(jnp.minimum(done, samples - size), done)
        return jax.tree.map(jnp.add, total, one), None

    starts = jnp.arange(0, samples, size)
    zeros = jax.tree.map(jnp.zeros_like, jax.eval_shape(part, starts[0], starts[0]))
    total, _ = jax.lax.scan(add, zeros, starts)
    return jax.tree.map(lambda leaf: leaf / samples, total)
