"""Functions of arrays on explicit meshes, whose results are placed by a rule of their own."""

from collections.abc import Callable
from typing import Any

import jax
from jax.sharding import AxisType, NamedSharding, PartitionSpec


def axes_of(array: jax.Array) -> tuple[Any, ...]:
    """The mesh axes over which each dimension of an array is sharded explicitly."""
    return tuple(jax.typeof(array).sharding.spec)


def placed(function: Callable[..., Any], axes: Any, *arrays: jax.Array) -> Any:
    """`function(*arrays)`, each dimension of the result sharded over `axes` on an explicit mesh.

    A product that adds up over a sharded dimension has no placement of its own there. Inside, XLA
    shards as on other meshes.
    """
    meshes = [jax.typeof(array).sharding.mesh for array in arrays]
    explicit = [mesh for mesh in meshes if AxisType.Explicit in mesh.axis_types]
    if not explicit:
        return function(*arrays)
    sharding = NamedSharding(explicit[0], PartitionSpec(*axes))
    return jax.sharding.auto_axes(function, out_sharding=sharding)(*arrays)
