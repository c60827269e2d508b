"""The compiled part of a fit in epochs: steps on batches, scans over arrays, validation."""

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
from ._descent import descend, scalar_loss, strongly_typed

NAME = "fit_epochs"
_LAG = 4
"""This many steps are under way before the loss of the first is read."""


class Diverged(Exception):
    """A loss that is not finite: the words for it, and the data that it was order on."""

    def __init__(self, words: str, data: Any) -> None:
        """Keeps both."""
        super().__init__(words)
        self.data = data


class State(NamedTuple):
    """What one step hands to the next.

    Attributes:
        params: the differentiable params.
        opt_state: the optimizer's state.
        total: the sum of the losses of the epoch's examples.
        carried: what rounding has left out of that sum.
        finite: whether all losses so far were finite.
        steps: the number of steps before the first loss that was not.
    """

    params: Any
    opt_state: Any
    total: jax.Array
    carried: jax.Array
    finite: jax.Array
    steps: jax.Array


class Task(NamedTuple):
    """What stays the same throughout a fit; `layout` has the sharding of each leaf of the state."""

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
        if there and (
            isinstance(leaf.sharding, NamedSharding) or not _batches.is_explicit(sharding)
        ):
            return leaf
        return jax.device_put(leaf, NamedSharding(sharding.mesh, PartitionSpec()))

    # Operation by operation: what an optimizer makes like a leaf lies on the same devices.
    state = _begun(jax.tree.map(on_mesh, chosen), init=optimizer.init)
    return jax.tree.map(on_mesh, state), jax.tree.map(on_mesh, fixed)


def _begun(chosen: Any, *, init: Any) -> State:
    chosen = jax.tree.map(jnp.copy, strongly_typed(chosen))
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
    """The sharding of each leaf of the state, if the compiler is to keep it."""
    if not isinstance(sharding, NamedSharding) or _batches.is_explicit(sharding):
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
    """One step, and the loss before it, which is not yet part of the total."""
    loss_of = scalar_loss(NAME, task.loss_fn, fixed, batch)
    params, opt_state, loss, _, _ = descend(loss_of, task.optimizer, state.params, state.opt_state)
    return _kept(task, state._replace(params=params, opt_state=opt_state)), loss


def _kept(task: Task, state: State) -> State:
    """The state with its leaves sharded as before."""
    if task.layout is None:
        return state
    leaves, structure = jax.tree.flatten(state)
    kept = map(jax.lax.with_sharding_constraint, leaves, task.layout)
    return structure.unflatten(kept)


def _counted(state: State, losses: jax.Array, examples: int) -> State:
    """The state with the losses of some steps added, each a mean over `examples`."""
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
    """One step; also whether its loss is finite, in a buffer that the next step does not donate."""
    state, loss = _step(task, state, fixed, batch)
    state = _kept(task, _counted(state, loss[None], _batches.count(NAME, "a batch", batch)))
    return state, (state.finite & True, state.steps + 0)


def run_batches(
    task: Task,
    state: State,
    fixed: Any,
    batches: Iterable[Any],
    after: Callable[[State, int, int], None],
) -> tuple[State, int]:
    """A step on each batch; then `after` gets the state, and the counts of batches and examples."""
    waiting: collections.deque[tuple[tuple[jax.Array, jax.Array], Any]] = collections.deque()
    examples = 0
    with _placed(task, batches) as read:
        for number, batch in enumerate(read, 1):
            examples += _batches.count(NAME, "a batch", batch)
            state, now = _stepped(state, fixed, batch, task=task)
            waiting.append((now, batch))
            if len(waiting) > _LAG:
                _check_loss(*waiting.popleft())
            after(state, number, examples)
    while waiting:
        _check_loss(*waiting.popleft())
    return state, examples


@contextlib.contextmanager
def _placed(task: Task, batches: Iterable[Any]) -> Iterator[Iterator[Any]]:
    """The batches on their devices; they are read ahead until the context ends."""
    with contextlib.closing(_batches.read_ahead(batches)) as read:
        yield (_batches.placed(NAME, batch, task.sharding) for batch in read)


def check_params(state: State, data: Any) -> None:
    """Raises if the params are not finite, as after a last step that overflowed."""
    if not _all_finite(state.params):
        raise Diverged(f"params that are not after step {int(state.steps) - 1}", data)


@jax.jit
def _all_finite(params: Any) -> jax.Array:
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(params)]))


def _check_loss(seen: tuple[jax.Array, jax.Array], data: Any) -> None:
    finite, steps = seen
    if not finite:
        raise Diverged(f"a loss that is not at step {int(steps)}", data)


def scan_epochs(
    task: Task, state: State, fixed: Any, data: Any, key: Any, first: int, count: int
) -> tuple[State, list[float]]:
    """`count` epochs over arrays in one compiled program, and the mean loss of each."""
    state, totals = _scanned(state, fixed, data, key, first, task=task, count=count)
    _check_loss((state.finite, state.steps), data)
    return state, [float(t) for t in totals]


@functools.partial(jax.jit, static_argnames=("task", "count"), donate_argnames="state")
def _scanned(
    state: State, fixed: Any, data: Any, key: Any, first: Any, *, task: Task, count: int
) -> tuple[State, jax.Array]:
    examples = _batches.count(NAME, "data", data)
    size = min(task.batch_size or examples, examples)

    # On explicit axes `_batches.rows` shards the batch.
    kept = None if _batches.is_explicit(task.sharding) else task.sharding

    def step(state: State, batch: Any) -> tuple[State, jax.Array]:
        if kept is not None and size % kept.num_devices == 0:
            batch = jax.lax.with_sharding_constraint(batch, kept)
        return _step(task, state, fixed, batch)

    def epoch(state: State, number: jax.Array) -> tuple[State, jax.Array]:
        state = fresh(state)
        if size == examples:
            state, loss = step(state, data)
            state = _counted(state, loss[None], size)
        else:
            order = (
                None if key is None else random.randperm(jax.random.fold_in(key, number), examples)
            )
            if order is None and _batches.is_explicit(task.sharding):
                order = jnp.arange(examples)  # a sharded axis cannot be cut in two
            state = _over(step, state, data, order, size, task.sharding)
        return _kept(task, state), (state.total + state.carried) / examples

    return jax.lax.scan(epoch, state, first + jnp.arange(count))


def _over(step: Any, state: State, data: Any, order: Any, size: int, sharding: Any) -> State:
    """Steps over the batches of one epoch, in this order, the short one last."""
    examples = _batches.count(NAME, "data", data)
    whole = examples // size * size

    def cut(leaf: jax.Array) -> jax.Array:
        return leaf[:whole].reshape(-1, size, *leaf.shape[1:])

    def rows(index: jax.Array) -> Any:
        return _batches.rows(data, index, sharding)

    if order is None:
        state, losses = jax.lax.scan(step, state, jax.tree.map(cut, data))
        last = jax.tree.map(lambda leaf: leaf[whole:], data)
    else:
        state, losses = jax.lax.scan(lambda s, index: step(s, rows(index)), state, cut(order))
        last = rows(order[whole:])
    state, rest = _counted(state, losses, size), examples - whole
    if rest:
        state, loss = step(state, last)
        state = _counted(state, loss[None], rest)
    return state


def validated(
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
            found = _metrics(params, fixed, batch, loss_fn=task.loss_fn, metrics=metrics)
            sums.update({name: n * float(value) for name, value in found.items()})
            examples += n
    if not examples:
        raise ValueError(_checks.wrong(NAME, "validation", "one batch or more", "none"))
    return {name: value / examples for name, value in sums.items()}


@functools.partial(jax.jit, static_argnames=("loss_fn", "metrics"))
def _metrics(params: Any, fixed: Any, batch: Any, *, loss_fn: Any, metrics: Any) -> dict[str, Any]:
    whole = merge(params, fixed)
    loss = scalar_loss(NAME, loss_fn, fixed, batch)(params)
    return {"": loss, **{name: jnp.asarray(fn(whole, batch)) for name, fn in metrics}}
