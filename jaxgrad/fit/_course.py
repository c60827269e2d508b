"""The course of a fit in epochs: how far it is, when it stops, what it leaves on disk."""

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

Watch = Callable[[Any], dict[str, float]]
"""From params, the loss on the validation data (under the name "") and the metrics there."""


class Place(NamedTuple):
    """How far a fit has come: plain numbers, which a checkpoint keeps as they are."""

    epoch: int = 0
    batch: int = 0
    examples: int = 0
    losses: tuple[float, ...] = ()
    watched: tuple[dict[str, float], ...] = ()
    best: int = 0


class Feed(NamedTuple):
    """What a fit is fed on: arrays and the key of their order, or a source of batches."""

    task: Task
    fixed: Any
    data: Any
    source: _batches.Source | None
    key: Any


class Disk(NamedTuple):
    """Where checkpoints go, how many batches lie between them, and what they must agree on."""

    manager: Any
    every: int | None
    facts: dict[str, Any]


def run(
    feed: Feed,
    state: State,
    watch: Watch | None,
    disk: Disk | None,
    *,
    epochs: int,
    patience: int | None,
    tell: Tell | None,
) -> tuple[State, Any, Place]:
    """From the last checkpoint to the end: the last state, the best params, the place."""
    place, best = Place(), jax.tree.map(jnp.copy, state.params) if watch else None
    found = disk and _checkpoint.restored(NAME, disk.manager, (state, best), disk.facts)
    if found:
        (state, best), kept = found
        place = _place(kept["place"])
        if place.epoch > epochs:
            expected = f"at least {place.epoch}, as many as the checkpoint has behind it"
            raise ValueError(_checks.wrong(NAME, "epochs", expected, epochs))
    together = 1 if watch or disk or tell else epochs
    while place.epoch < epochs and not _enough(place, patience):
        after = functools.partial(_save_within, disk, best, place)
        state, losses = _epochs(feed, state, place, together, after)
        _epoch.sound(state, feed.data)
        before, place = place, _after(place, losses, watch and watch(state.params))
        if watch and place.best == place.epoch - 1:
            best = jax.tree.map(jnp.copy, state.params)
        if disk and (place.epoch == epochs or _enough(place, patience) or _due(feed, disk, before)):
            _save(disk, state, best, place)
        if tell:
            tell(place.epoch, f"loss {losses[-1]:.6g}")
    return state, best if watch else state.params, place


def _epochs(
    feed: Feed, state: State, place: Place, count: int, after: Callable[[State, int, int], None]
) -> tuple[State, list[float]]:
    """The next epochs, or the rest of one; the mean loss of each."""
    task, fixed, data, source, key = feed
    if source is None:
        return _epoch.scan(task, state, fixed, data, key, place.epoch, count)
    state = state if place.batch else _epoch.fresh(state)
    batches = source(place.epoch, place.batch)
    state, examples = _epoch.through(task, state, fixed, batches, after)
    examples += place.examples
    if not examples:
        raise ValueError(_checks.wrong(NAME, "data", "one batch or more in each epoch", "none"))
    return state, [_epoch.mean(state, examples)]


def _after(place: Place, losses: list[float], watched: dict[str, float] | None) -> Place:
    """The place at the beginning of the next epoch."""
    epoch, losses = place.epoch + len(losses), [*place.losses, *losses]
    if watched is None:
        return Place(epoch, losses=tuple(losses), best=epoch - 1)
    seen = (w[""] for w in place.watched)
    lowest = min((loss for loss in seen if not math.isnan(loss)), default=math.inf)
    best = epoch - 1 if watched[""] < lowest or not place.watched else place.best
    return Place(epoch, losses=tuple(losses), watched=(*place.watched, watched), best=best)


def _enough(place: Place, patience: int | None) -> bool:
    return patience is not None and place.epoch - 1 - place.best >= patience


def _due(feed: Feed, disk: Disk, before: Place) -> bool:
    """Whether arrays have gone through enough batches since the last checkpoint."""
    if feed.source is not None or disk.every is None:
        return True
    examples = _batches.count(NAME, "data", feed.data)
    batches = -(-examples // min(feed.task.batch_size or examples, examples))
    return (before.epoch + 1) * batches // disk.every > before.epoch * batches // disk.every


def _save_within(
    disk: Disk | None, best: Any, place: Place, state: State, batches: int, examples: int
) -> None:
    """A checkpoint within an epoch, where one is due."""
    now = place.batch + batches
    if disk and disk.every and now % disk.every == 0 and state.finite:
        _epoch.sound(state, None)
        _save(disk, state, best, place._replace(batch=now, examples=place.examples + examples))


def _save(disk: Disk, state: State, best: Any, place: Place) -> None:
    facts = {**disk.facts, "place": place._asdict()}
    _checkpoint.save(NAME, disk.manager, (state, best), facts)


def _place(kept: dict[str, Any]) -> Place:
    """A place as JSON gave it back."""
    kept = {**kept, "losses": tuple(kept["losses"]), "watched": tuple(kept["watched"])}
    return Place(**kept)
