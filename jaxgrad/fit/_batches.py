"""Where batches come from, and how they are placed on devices."""

import itertools
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec, Sharding

from jaxgrad import _checks
from jaxgrad.data._ahead import ahead

BatchSource = Callable[[int, int], Iterable[Any]]
"""Takes an epoch and a number of batches to skip; gives the other batches of that epoch."""

AHEAD = 2
"""This many batches are read while one is worked on."""


def batch_source(function: str, data: Any) -> BatchSource | None:
    """`data` as a source of batches; None if it is a pytree of arrays."""
    if callable(data):
        source: Any = data
        return source
    if hasattr(data, "__next__"):
        return _once(function, data)
    leaves = jax.tree.leaves(data)
    if hasattr(data, "__iter__") and len(leaves) == 1 and leaves[0] is data:
        if not hasattr(data, "__array__"):
            return lambda epoch, start: itertools.islice(iter(data), start, None)
    return None


def _once(function: str, iterator: Iterator[Any]) -> BatchSource:
    def batches(epoch: int, start: int) -> Iterator[Any]:
        if epoch or start:
            expected = "a function (epoch, start) -> batches for more than one epoch"
            raise ValueError(_checks.wrong(function, "data", expected, "an iterator"))
        return iterator

    return batches


def count(function: str, argument: str, batch: Any) -> int:
    """How many examples a batch holds: the length that all of its leaves have."""
    lengths = {np.shape(leaf)[:1] for leaf in jax.tree.leaves(batch)}
    if len(lengths) != 1 or lengths == {()}:
        got = ", ".join(sorted(str(np.shape(leaf)) for leaf in jax.tree.leaves(batch))) or "none"
        expected = "arrays whose first axis counts the examples"
        raise ValueError(_checks.wrong(function, argument, expected, got))
    return int(lengths.pop()[0])


def placed(function: str, batch: Any, sharding: Sharding | None) -> Any:
    """A batch on its devices; each process brings its own part.

    If its examples do not divide among the devices, as at the end of an epoch, every device gets
    all of them. The numbers are the same.
    """
    if sharding is None:
        return jax.device_put(batch)
    examples = count(function, "a batch", batch) * jax.process_count()
    try:
        jax.tree.map(lambda a: sharding.shard_shape((examples, *a.shape[1:])), batch)
    except ValueError as error:
        if jax.process_count() > 1 or not isinstance(sharding, NamedSharding):
            remedy = "choose a batch size that the devices divide, and leave the rest out"
            raise ValueError(
                _checks.wrong(function, "a batch", "divisible among devices", examples, remedy)
            ) from error
        return jax.device_put(batch, NamedSharding(sharding.mesh, PartitionSpec()))
    return jax.tree.map(lambda a: jax.make_array_from_process_local_data(sharding, a), batch)


def is_explicit(sharding: Sharding | None) -> bool:
    """Whether the mesh has explicit axes, so that the type of an array includes its sharding."""
    named = isinstance(sharding, NamedSharding)
    return named and AxisType.Explicit in sharding.mesh.axis_types


def explicit_sharding(data: Any) -> Sharding | None:
    """How the examples of arrays on an explicit mesh are sharded; None if there is no such mesh."""
    for leaf in jax.tree.leaves(data):
        sharding = getattr(leaf, "sharding", None)
        if isinstance(sharding, NamedSharding) and is_explicit(sharding):
            return NamedSharding(sharding.mesh, PartitionSpec(*sharding.spec[:1]))
    return None


def rows(data: Any, index: jax.Array, sharding: Sharding | None) -> Any:
    """The examples of these numbers, in this order."""
    if not isinstance(sharding, NamedSharding) or not is_explicit(sharding):
        return jax.tree.map(lambda leaf: leaf[index], data)
    if index.shape[0] % sharding.num_devices:
        sharding = NamedSharding(sharding.mesh, PartitionSpec())
    return jax.tree.map(lambda leaf: leaf.at[index].get(out_sharding=sharding), data)


def read_ahead(batches: Iterable[Any]) -> Generator[Any]:
    """The batches, a few of them read in a thread before they are asked for.

    JAX's settings belong to a thread: nothing is placed on devices in that one.
    """
    return ahead((jax.tree.map(_kept, batch) for batch in batches), AHEAD)


def _kept(leaf: Any) -> np.ndarray:
    """A leaf of a waiting batch, in memory of its own: a source may reuse that of its last one."""
    return np.asarray(leaf) if isinstance(leaf, jax.Array) else np.array(leaf)
