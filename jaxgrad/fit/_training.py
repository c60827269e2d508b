"""The loop of a fit in epochs: how far it has come, when it stops, what it keeps."""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxgrad import _checks

from . import _batches, _checkpoint, _epoch
from ._epoch import NAME, State, Task
from ._progress import Tell

Validate = Callable[[Any], dict[str, float]]
"""Takes params; gives the loss on the validation data, under the name "", and the metrics."""


class Position(NamedTuple):
    """How far a fit has come: plain numbers, which a checkpoint keeps as they are.

    Attributes:
        epoch: the epochs that are complete.
        batch: the batches of the next one that are done.
        examples: the examples in those batches.
        losses: the mean loss of each complete epoch.
        watched: after each of them, the validation loss and the metrics.
        best: the epoch of the lowest validation loss.
    """

    epoch: int = 0
    batch: int = 0
    examples: int = 0
    losses: tuple[float, ...] = ()
    watched: tuple[dict[str, float], ...] = ()
    best: int = 0


class Inputs(NamedTuple):
    """What a fit reads: arrays and the key of their order, or a source of batches."""

    task: Task
    fixed: Any
    data: Any
    source: _batches.BatchSource | None
    key: Any


class Checkpoints(NamedTuple):
    """Where checkpoints go, how many batches lie between them, and the facts they must agree on."""

    manager: Any
    every: int | None
    facts: dict[str, Any]


def train(
    inputs: Inputs,
    state: State,
    validate: Validate | None,
    checkpoints: Checkpoints | None,
    *,
    epochs: int,
    patience: int | None,
    tell: Tell | None,
) -> tuple[State, Any, Position]:
    """From the last checkpoint to the end: the last state, the best params, the position."""
    position, best = Position(), jax.tree.map(jnp.copy, state.params) if validate else None
    found = checkpoints and _checkpoint.restored(
        NAME, checkpoints.manager, (state, best), checkpoints.facts
    )
    if found:
        (state, best), kept = found
        position = _position(kept["place"])
        if position.epoch > epochs:
            expected = f"at least {position.epoch}, as many as the checkpoint has behind it"
            raise ValueError(_checks.wrong(NAME, "epochs", expected, epochs))
    together = 1 if validate or checkpoints or tell else epochs
    while position.epoch < epochs and not _out_of_patience(position, patience):
        after = functools.partial(_save_within, checkpoints, best, position)
        state, losses = _epochs(inputs, state, position, together, after)
        _epoch.check_params(state, inputs.data)
        before, position = position, _next(position, losses, validate and validate(state.params))
        if validate and position.best == position.epoch - 1:
            best = jax.tree.map(jnp.copy, state.params)
        if checkpoints and (
            position.epoch == epochs
            or _out_of_patience(position, patience)
            or _due(inputs, checkpoints, before)
        ):
            _save(checkpoints, state, best, position)
        if tell:
            tell(position.epoch, f"loss {losses[-1]:.6g}")
    return state, best if validate else state.params, position


def _epochs(
    inputs: Inputs,
    state: State,
    position: Position,
    count: int,
    after: Callable[[State, int, int], None],
) -> tuple[State, list[float]]:
    """The next epochs, or the rest of one; the mean loss of each."""
    task, fixed, data, source, key = inputs
    if source is None:
        return _epoch.scan_epochs(task, state, fixed, data, key, position.epoch, count)
    state = state if position.batch else _epoch.fresh(state)
    batches = source(position.epoch, position.batch)
    state, examples = _epoch.run_batches(task, state, fixed, batches, after)
    examples += position.examples
    if not examples:
        raise ValueError(_checks.wrong(NAME, "data", "one batch or more in each epoch", "none"))
    return state, [_epoch.mean(state, examples)]


def _next(position: Position, losses: list[float], watched: dict[str, float] | None) -> Position:
    """The position at the beginning of the next epoch."""
    epoch, losses = position.epoch + len(losses), [*position.losses, *losses]
    if watched is None:
        return Position(epoch, losses=tuple(losses), best=epoch - 1)
    seen = (w[""] for w in position.watched)
    lowest = min((loss for loss in seen if not math.isnan(loss)), default=math.inf)
    best = epoch - 1 if watched[""] < lowest or not position.watched else position.best
    return Position(epoch, losses=tuple(losses), watched=(*position.watched, watched), best=best)


def _out_of_patience(position: Position, patience: int | None) -> bool:
    return patience is not None and position.epoch - 1 - position.best >= patience


def _due(inputs: Inputs, checkpoints: Checkpoints, before: Position) -> bool:
    """Whether a fit of arrays has done enough batches since the last checkpoint."""
    if inputs.source is not None or checkpoints.every is None:
        return True
    examples = _batches.count(NAME, "data", inputs.data)
    batches = -(-examples // min(inputs.task.batch_size or examples, examples))
    return (
        before.epoch + 1
    ) * batches // checkpoints.every > before.epoch * batches // checkpoints.every


def _save_within(
    checkpoints: Checkpoints | None,
    best: Any,
    position: Position,
    state: State,
    batches: int,
    examples: int,
) -> None:
    """A checkpoint within an epoch, if one is due."""
    now = position.batch + batches
    if checkpoints and checkpoints.every and now % checkpoints.every == 0 and state.finite:
        _epoch.check_params(state, None)
        _save(
            checkpoints,
            state,
            best,
            position._replace(batch=now, examples=position.examples + examples),
        )


def _save(checkpoints: Checkpoints, state: State, best: Any, position: Position) -> None:
    facts = {**checkpoints.facts, "place": position._asdict()}
    _checkpoint.save(NAME, checkpoints.manager, (state, best), facts)


def _position(kept: dict[str, Any]) -> Position:
    """A position as JSON gives it back."""
    kept = {**kept, "losses": tuple(kept["losses"]), "watched": tuple(kept["watched"])}
    return Position(**kept)
