"""Arrays on explicit meshes, moved to the sharding that a sampler needs."""

import jax
import jax.numpy as jnp
from jax.sharding import NamedSharding, PartitionSpec, reshard


def in_one_sharding(x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Two arrays of one shape in the sharding of their sum.

    On an explicit mesh arithmetic accepts arrays of two shardings, but `jnp.where` does not.
    """
    if jax.typeof(x).sharding == jax.typeof(y).sharding:
        return x, y
    sharding = jax.eval_shape(jnp.add, x, y).sharding
    return (x, y) if sharding is None else (reshard(x, sharding), reshard(y, sharding))


def with_whole_rows(x: jax.Array) -> jax.Array:
    """The array with its last axis on one device, where an explicit mesh divides it."""
    sharding = jax.typeof(x).sharding
    if sharding.spec[-1] is None:
        return x
    return reshard(x, NamedSharding(sharding.mesh, PartitionSpec(*sharding.spec[:-1], None)))
