"""Functions of arrays on explicit meshes, whose results are placed by a rule of their own."""

import functools
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
    return placed_each(function, PartitionSpec(*axes), *arrays)


def placed_each(function: Callable[..., Any], places: Any, *arrays: Any) -> Any:
    """`placed` for a function of pytrees; `places` has a `PartitionSpec` for each result."""
    meshes = [jax.typeof(array).sharding.mesh for array in jax.tree.leaves(arrays)]
    explicit = [mesh for mesh in meshes if AxisType.Explicit in mesh.axis_types]
    if not explicit:
        return function(*arrays)
    shardings = jax.tree.map(functools.partial(NamedSharding, explicit[0]), places)
    return jax.sharding.auto_axes(function, out_sharding=shardings)(*arrays)
