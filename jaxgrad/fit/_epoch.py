"""The compiled part of a fit in epochs: steps on batches, scans of arrays, losses to watch."""

import collections
import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import NamedSharding, PartitionSpec, Sharding

from jaxgrad import _checks, random
from jaxgrad._leaves import merge, split

from . import _batches
from ._descent import descend, scalar_loss, strong

NAME = "fit_epochs"
_LAG = 4
"""So many steps are under way before the first of them is looked at."""


class Diverged(Exception):
    """A loss that is not finite, in words, and the data that it was taken on."""

    def __init__(self, words: str, data: Any) -> None:
        """Keeps both."""
        super().__init__(words)
        self.data = data


class State(NamedTuple):
    """What a step takes and gives.

    Attributes:
        params: the differentiable ones.
        opt_state: the optimizer's.
        total: the sum of the epoch's losses, an example each.
        carried: what rounding has left out of it.
        finite: whether all losses were.
        steps: how many were before the first that was not.
    """

    params: Any
    opt_state: Any
    total: jax.Array
    carried: jax.Array
    finite: jax.Array
    steps: jax.Array


class Task(NamedTuple):
    """What stays the same throughout a fit; `layout` is where the leaves of the state lie."""

    loss_fn: Any
    optimizer: Any
    batch_size: int | None
    sharding: Sharding | None
    layout: tuple[Sharding, ...] | None


def begin(params: Any, optimizer: Any, sharding: Sharding | None) -> tuple[State, Any]:
    """The state before the first step, in buffers of its own, and the params that are carried."""
    chosen, fixed = split(NAME, "params", params)
    if sharding is None and all(len(leaf.devices()) == 1 for leaf in jax.tree.leaves(chosen)):
        return _begun_at_once(chosen, init=optimizer.init), fixed

    def on_mesh(leaf: jax.Array) -> jax.Array:
        if not isinstance(sharding, NamedSharding):
            return leaf
        there = leaf.sharding.device_set == sharding.device_set
        if there and (isinstance(leaf.sharding, NamedSharding) or not _batches.explicit(sharding)):
            return leaf
        return jax.device_put(leaf, NamedSharding(sharding.mesh, PartitionSpec()))

    # Operation by operation: what an optimizer makes like a leaf lies on the same devices.
    state = _begun(jax.tree.map(on_mesh, chosen), init=optimizer.init)
    return jax.tree.map(on_mesh, state), jax.tree.map(on_mesh, fixed)


def _begun(chosen: Any, *, init: Any) -> State:
    chosen = jax.tree.map(jnp.copy, strong(chosen))
    return State(
        chosen,
        init(chosen),
        total=jnp.zeros((), float),
        carried=jnp.zeros((), float),
        finite=jnp.array(True),
        steps=jnp.zeros((), int),
    )


_begun_at_once = jax.jit(_begun, static_argnames="init")


def layout(state: State, sharding: Sharding | None) -> tuple[Sharding, ...] | None:
    """Where the leaves of the state lie, if the compiler is to keep them there."""
    if not isinstance(sharding, NamedSharding) or _batches.explicit(sharding):
        return None
    return tuple(leaf.sharding for leaf in jax.tree.leaves(state))


def fresh(state: State) -> State:
    """The state at the beginning of an epoch."""
    zero = jax.tree.map(jnp.zeros_like, (state.total, state.carried))
    return state._replace(total=zero[0], carried=zero[1])


def mean(state: State, examples: int) -> float:
    """The mean loss of the epoch so far."""
    return (float(state.total) + float(state.carried)) / examples


def _step(task: Task, state: State, fixed: Any, batch: Any) -> tuple[State, jax.Array]:
    """One step, and the loss before it, which the state does not count yet."""
    loss_of = scalar_loss(NAME, task.loss_fn, fixed, batch)
    params, opt_state, loss, _, _ = descend(loss_of, task.optimizer, state.params, state.opt_state)
    return _kept(task, state._replace(params=params, opt_state=opt_state)), loss


def _kept(task: Task, state: State) -> State:
    """The state, its leaves where they lay."""
    if task.layout is None:
        return state
    leaves, structure = jax.tree.flatten(state)
    kept = map(jax.lax.with_sharding_constraint, leaves, task.layout)
    return structure.unflatten(kept)


def _counted(state: State, losses: jax.Array, examples: int) -> State:
    """The state with the losses of some steps counted, taken on so many examples each."""
    finite = state.finite & (jnp.cumsum(~jnp.isfinite(losses)) == 0)
    term = jnp.sum(losses.astype(state.total.dtype)) * examples + state.carried
    total = state.total + term
    return state._replace(
        total=total,
        carried=term - (total - state.total),
        finite=finite[-1],
        steps=state.steps + jnp.sum(finite, dtype=state.steps.dtype),
    )


@functools.partial(jax.jit, static_argnames="task", donate_argnames="state")
def _stepped(state: State, fixed: Any, batch: Any, *, task: Task) -> tuple[State, Any]:
    """One step, and whether it is finite in a buffer that the next step does not take."""
    state, loss = _step(task, state, fixed, batch)
    state = _kept(task, _counted(state, loss[None], _batches.count(NAME, "a batch", batch)))
    return state, (state.finite & True, state.steps + 0)


def through(
    task: Task,
    state: State,
    fixed: Any,
    batches: Iterable[Any],
    after: Callable[[State, int, int], None],
) -> tuple[State, int]:
    """A step on each batch; `after` is told the state, and so far the batches and examples."""
    waiting: collections.deque[tuple[tuple[jax.Array, jax.Array], Any]] = collections.deque()
    examples = 0
    with _placed(task, batches) as read:
        for number, batch in enumerate(read, 1):
            examples += _batches.count(NAME, "a batch", batch)
            state, now = _stepped(state, fixed, batch, task=task)
            waiting.append((now, batch))
            if len(waiting) > _LAG:
                _look(*waiting.popleft())
            after(state, number, examples)
    while waiting:
        _look(*waiting.popleft())
    return state, examples


@contextlib.contextmanager
def _placed(task: Task, batches: Iterable[Any]) -> Iterator[Iterator[Any]]:
    """The batches on their devices, read ahead for as long as they are wanted."""
    with contextlib.closing(_batches.ahead(batches)) as read:
        yield (_batches.placed(NAME, batch, task.sharding) for batch in read)


def sound(state: State, data: Any) -> None:
    """Raises where the params are not finite, as after a last step that overflowed."""
    if not _all_finite(state.params):
        raise Diverged(f"params that are not after step {int(state.steps) - 1}", data)


@jax.jit
def _all_finite(params: Any) -> jax.Array:
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(params)]))


def _look(seen: tuple[jax.Array, jax.Array], data: Any) -> None:
    finite, steps = seen
    if not finite:
        raise Diverged(f"a loss that is not at step {int(steps)}", data)


def scan(
    task: Task, state: State, fixed: Any, data: Any, key: Any, first: int, count: int
) -> tuple[State, list[float]]:
    """So many epochs over arrays in one compiled program, and the mean loss of each."""
    state, totals = _scanned(state, fixed, data, key, first, task=task, count=count)
    _look((state.finite, state.steps), data)
    return state, [float(t) for t in totals]


@functools.partial(jax.jit, static_argnames=("task", "count"), donate_argnames="state")
def _scanned(
    state: State, fixed: Any, data: Any, key: Any, first: Any, *, task: Task, count: int
) -> tuple[State, jax.Array]:
    examples = _batches.count(NAME, "data", data)
    size = min(task.batch_size or examples, examples)

    laid = None if _batches.explicit(task.sharding) else task.sharding  # else by `_batches.rows`

    def step(state: State, batch: Any) -> tuple[State, jax.Array]:
        if laid is not None and size % laid.num_devices == 0:
            batch = jax.lax.with_sharding_constraint(batch, laid)
        return _step(task, state, fixed, batch)

    def epoch(state: State, number: jax.Array) -> tuple[State, jax.Array]:
        state = fresh(state)
        if size == examples:
            state, loss = step(state, data)
            state = _counted(state, loss[None], size)
        else:
            taken = (
                None if key is None else random.randperm(jax.random.fold_in(key, number), examples)
            )
            if taken is None and _batches.explicit(task.sharding):
                taken = jnp.arange(examples)  # a sharded axis cannot be cut in two
            state = _over(step, state, data, taken, size, task.sharding)
        return _kept(task, state), (state.total + state.carried) / examples

    return jax.lax.scan(epoch, state, first + jnp.arange(count))


def _over(step: Any, state: State, data: Any, taken: Any, size: int, sharding: Any) -> State:
    """Steps over the batches of one epoch, in the order `taken`, the short one last."""
    examples = _batches.count(NAME, "data", data)
    whole = examples // size * size

    def cut(leaf: jax.Array) -> jax.Array:
        return leaf[:whole].reshape(-1, size, *leaf.shape[1:])

    def rows(index: jax.Array) -> Any:
        return _batches.rows(data, index, sharding)

    if taken is None:
        state, losses = jax.lax.scan(step, state, jax.tree.map(cut, data))
        last = jax.tree.map(lambda leaf: leaf[whole:], data)
    else:
        state, losses = jax.lax.scan(lambda s, index: step(s, rows(index)), state, cut(taken))
        last = rows(taken[whole:])
    state, rest = _counted(state, losses, size), examples - whole
    if rest:
        state, loss = step(state, last)
        state = _counted(state, loss[None], rest)
    return state


def watched(
    task: Task,
    metrics: tuple[tuple[str, Any], ...],
    params: Any,
    fixed: Any,
    batches: Iterable[Any],
) -> dict[str, float]:
    """The mean over the examples of the loss, under the name "", and of each metric."""
    sums, examples = collections.Counter[str](), 0
    with _placed(task, batches) as read:
        for batch in read:
            n = _batches.count(NAME, "validation", batch)
            found = _told(params, fixed, batch, loss_fn=task.loss_fn, metrics=metrics)
            sums.update({name: n * float(value) for name, value in found.items()})
            examples += n
    if not examples:
        raise ValueError(_checks.wrong(NAME, "validation", "one batch or more", "none"))
    return {name: value / examples for name, value in sums.items()}


@functools.partial(jax.jit, static_argnames=("loss_fn", "metrics"))
def _told(params: Any, fixed: Any, batch: Any, *, loss_fn: Any, metrics: Any) -> dict[str, Any]:
    whole = merge(params, fixed)
    loss = scalar_loss(NAME, loss_fn, fixed, batch)(params)
    return {"": loss, **{name: jnp.asarray(fn(whole, batch)) for name, fn in metrics}}
