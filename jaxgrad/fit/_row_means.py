"""Means over many rows, one chunk of rows at a time, on the devices that hold them.

`jnp.mean` of centred rows would make a second array as large as the data.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.core import Tracer
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from jax.typing import DTypeLike

ROWS = 16_384
"""Rows of a chunk, which stays in a processor's cache."""


class RowSharding(NamedTuple):
    """The axes of a mesh over which the rows are sharded."""

    mesh: Any
    axes: Any

    def spec(self) -> PartitionSpec:
        """Of an array (rows, columns)."""
        return PartitionSpec(self.axes, None)


def row_sharding(x: jax.Array) -> RowSharding | None:
    """How the rows of `x` are sharded; None if they are not, or if that is not known.

    Under tracing it is known for explicit axes only.
    """
    sharding = jax.typeof(x).sharding if isinstance(x, Tracer) else x.sharding
    if not isinstance(sharding, NamedSharding) or not any(sharding.spec[:1]):
        return None
    return RowSharding(sharding.mesh, sharding.spec[0])


def resharded(x: jax.Array, over: RowSharding | None) -> jax.Array:
    """`x` (rows, columns); on explicit axes its rows are sharded so, and its columns whole."""
    mesh = jax.typeof(x).sharding.mesh if over is None else over.mesh
    if AxisType.Explicit not in mesh.axis_types:
        return x
    rows = PartitionSpec(None, None) if over is None else over.spec()
    return jax.sharding.reshard(x, NamedSharding(mesh, rows))


def mean_over(
    of_rows: Any,
    x: jax.Array,
    y: jax.Array,
    dtype: DTypeLike,
    over: RowSharding | None,
    *,
    centres: tuple[jax.Array, ...] = (),
    given: tuple[jax.Array, ...] = (),
) -> Any:
    """The mean over all rows of a function that sums over the rows of a chunk.

    `of_rows` is called with rows of x and of y, less their `centres`, and with `given`. Each device
    sums over its own rows, and the sums are added.
    """

    def of_own(x: jax.Array, y: jax.Array, centres: Any, given: Any) -> Any:
        return _sum_over(of_rows, x, y, dtype, centres, given)

    if over is None:
        total = of_own(x, y, centres, given)
    else:
        whole = PartitionSpec()
        total = jax.shard_map(
            lambda *arrays: jax.lax.psum(of_own(*arrays), over.axes),
            mesh=over.mesh,
            in_specs=(over.spec(), over.spec(), whole, whole),
            out_specs=whole,
            check_vma=False,
        )(x, y, centres, given)
    return jax.tree.map(lambda leaf: leaf / x.shape[0], total)


def _sum_over(
    of_rows: Any, x: jax.Array, y: jax.Array, dtype: DTypeLike, centres: Any, given: Any
) -> Any:
    samples = x.shape[0]
    size = min(ROWS, samples)

    def chunk(start: jax.Array, done: jax.Array) -> Any:
        """The sum over the rows of a chunk from `start`; those before `done` count as zero."""
        counted = (start + jnp.arange(size) >= done)[:, None]
        rows = [jax.lax.dynamic_slice_in_dim(array, start, size).astype(dtype) for array in (x, y)]
        for place, centre in enumerate(centres):
            rows[place] -= jnp.broadcast_to(centre, rows[place].shape)
        return of_rows(*(jnp.where(counted, array, 0) for array in rows), *given)

    def add(total: Any, done: jax.Array) -> tuple[Any, None]:
        # The last chunk ends with the last row, and so repeats rows of the one before it.
        one = chunk(jnp.minimum(done, samples - size), done)
        return jax.tree.map(jnp.add, total, one), None

    starts = jnp.arange(0, samples, size)
    zeros = jax.tree.map(jnp.zeros_like, jax.eval_shape(chunk, starts[0], starts[0]))
    return jax.lax.scan(add, zeros, starts)[0]
