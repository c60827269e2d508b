"""Where batches come from, and how they get onto devices."""

import itertools
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec, Sharding

from jaxgrad import _checks

Source = Callable[[int, int], Iterable[Any]]
"""From an epoch and the number of batches to leave out, the batches of that epoch."""

AHEAD = 2
"""Batches that are read while one is worked on."""


def source_of(function: str, data: Any) -> Source | None:
    """The source that `data` is; None where it is a pytree of arrays."""
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


def _once(function: str, iterator: Iterator[Any]) -> Source:
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

    Where its examples do not divide among the devices, as the last ones of an epoch, every device
    has all of them, which gives the same numbers.
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


def explicit(sharding: Sharding | None) -> bool:
    """Whether the types of arrays tell how they are sharded, and so each operation has to."""
    named = isinstance(sharding, NamedSharding)
    return named and AxisType.Explicit in sharding.mesh.axis_types


def of_explicit(data: Any) -> Sharding | None:
    """How the examples of arrays on an explicit mesh are laid out; None where they are not."""
    for leaf in jax.tree.leaves(data):
        sharding = getattr(leaf, "sharding", None)
        if isinstance(sharding, NamedSharding) and explicit(sharding):
            return NamedSharding(sharding.mesh, PartitionSpec(*sharding.spec[:1]))
    return None


def rows(data: Any, index: jax.Array, sharding: Sharding | None) -> Any:
    """Some of the examples, in that order."""
    if not isinstance(sharding, NamedSharding) or not explicit(sharding):
        return jax.tree.map(lambda leaf: leaf[index], data)
    if index.shape[0] % sharding.num_devices:
        sharding = NamedSharding(sharding.mesh, PartitionSpec())
    return jax.tree.map(lambda leaf: leaf.at[index].get(out_sharding=sharding), data)


def ahead(batches: Iterable[Any]) -> Generator[Any]:
    """The batches, a few of them read ahead in a thread; what is raised there is raised here.

    JAX's settings belong to a thread: nothing is placed on devices in that one.
    """
    ready: queue.Queue[Any] = queue.Queue(maxsize=AHEAD)
    left = threading.Event()

    def put(item: Any) -> bool:
        while not left.is_set():
            try:
                ready.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def read() -> None:
        try:
            for batch in batches:
                if not put((jax.tree.map(_kept, batch), None)):
                    return
            put((None, StopIteration()))
        except BaseException as error:
            put((None, error))

    thread = threading.Thread(target=read, daemon=True, name="jaxgrad-batches")
    thread.start()
    try:
        while True:
            batch, error = ready.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield batch
    finally:
        left.set()
        thread.join()


def _kept(leaf: Any) -> np.ndarray:
    """A leaf of a batch that waits: its own memory, as a source may write the next into the old."""
    return np.asarray(leaf) if isinstance(leaf, jax.Array) else np.array(leaf)
