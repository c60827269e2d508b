"""Means over many rows, a part of them at a time, on the devices where they are."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.core import Tracer
from jax.sharding import AxisType, NamedSharding, PartitionSpec

ROWS = 16_384
"""Rows that are taken at a time, which stay in a processor's cache and need no second array."""


class Spread(NamedTuple):
    """Over which axes of a mesh the rows are spread."""

    mesh: Any
    axes: Any

    def rows(self) -> PartitionSpec:
        """Rows spread, columns whole."""
        return PartitionSpec(self.axes, None)


def spread(x: jax.Array) -> Spread | None:
    """How the rows of `x` are spread over devices; None where they are not, or it is not known.

    Under tracing it is known of explicit axes alone.
    """
    sharding = jax.typeof(x).sharding if isinstance(x, Tracer) else x.sharding
    if not isinstance(sharding, NamedSharding) or not any(sharding.spec[:1]):
        return None
    return Spread(sharding.mesh, sharding.spec[0])


def laid(x: jax.Array, over: Spread | None) -> jax.Array:
    """`x`, two-dimensional, with its rows spread so and its columns whole, if axes are explicit."""
    mesh = jax.typeof(x).sharding.mesh if over is None else over.mesh
    if AxisType.Explicit not in mesh.axis_types:
        return x
    rows = PartitionSpec(None, None) if over is None else over.rows()
    return jax.sharding.reshard(x, NamedSharding(mesh, rows))


def mean_over(
    of_rows: Any,
    x: jax.Array,
    y: jax.Array,
    dtype: Any,
    over: Spread | None,
    *,
    centres: tuple[jax.Array, ...] = (),
    given: tuple[jax.Array, ...] = (),
) -> Any:
    """The mean over all rows of what `of_rows` sums over some, of rows about their `centres`.

    It is called with rows of x and of y, and what is `given`. Each device sums over its own rows,
    and the sums are added.
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
            in_specs=(over.rows(), over.rows(), whole, whole),
            out_specs=whole,
            check_vma=False,
        )(x, y, centres, given)
    return jax.tree.map(lambda leaf: leaf / x.shape[0], total)


def _sum_over(
    of_rows: Any, x: jax.Array, y: jax.Array, dtype: Any, centres: Any, given: Any
) -> Any:
    samples = x.shape[0]
    size = min(ROWS, samples)

    def part(start: jax.Array, done: jax.Array) -> Any:
        """The sum over the rows of one part from `start`; those before `done` count as zero."""
        counted = (start + jnp.arange(size) >= done)[:, None]
        rows = [jax.lax.dynamic_slice_in_dim(array, start, size).astype(dtype) for array in (x, y)]
        for place, centre in enumerate(centres):
            rows[place] -= jnp.broadcast_to(centre, rows[place].shape)
        return of_rows(*(jnp.where(counted, array, 0) for array in rows), *given)

    def add(total: Any, done: jax.Array) -> tuple[Any, None]:
        # The last part ends with the last row, and so repeats rows of the one before it.
        one = part(jnp.minimum(done, samples - size), done)
        return jax.tree.map(jnp.add, total, one), None

    starts = jnp.arange(0, samples, size)
    zeros = jax.tree.map(jnp.zeros_like, jax.eval_shape(part, starts[0], starts[0]))
    return jax.lax.scan(add, zeros, starts)[0]
