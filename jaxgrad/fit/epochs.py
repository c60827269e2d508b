"""Minibatch gradient descent: data in memory, in batches, or larger than memory."""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Sharding

from jaxgrad import _checks, random
from jaxgrad._leaves import merge

from . import _batches, _checkpoint, _course, _epoch, _validation
from ._course import Disk, Feed, Place
from ._descent import checked
from ._epoch import NAME, Diverged, State, Task
from ._finite import remedy
from ._progress import shown

_APART = 2**31 - 1
"""Folded into the key for the rows that are set apart: no epoch has this number."""


class EpochFit(NamedTuple):
    """What a fit in epochs leaves behind.

    Attributes:
        params: the fitted parameters; with validation those of the epoch of the lowest loss there.
        opt_state: the optimizer's last state.
        losses: (epochs asked for,), the mean loss over the examples of each epoch, each batch's
            before its step; NaN for epochs that were not run.
        validation: (epochs asked for,), the mean loss over the validation data after each epoch;
            NaN without.
        metrics: for each metric likewise.
        epochs: how many epochs were run.
        best: the epoch, counted from 0, whose params these are.
    """

    params: Any
    opt_state: Any
    losses: np.ndarray
    validation: np.ndarray
    metrics: dict[str, np.ndarray]
    epochs: int
    best: int


def fit_epochs(
    loss_fn: Callable[[Any, Any], Any],
    params: Any,
    optimizer: Any,
    data: Any,
    *,
    epochs: int,
    batch_size: int | None = None,
    key: jax.Array | None = None,
    validation: Any = None,
    patience: int | None = None,
    metrics: Mapping[str, Callable[[Any, Any], Any]] | None = None,
    sharding: Sharding | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_every: int | None = None,
    progress: bool = False,
) -> EpochFit:
    """Minibatch gradient descent over arrays, or over batches that come one after another.

        for each epoch, for each batch B:   params ← params + update(∇ loss_fn(params, B))

    Arrays stay on their devices, and an epoch is one compiled scan (all epochs are, where nothing
    is to be done between them). Batches are read and placed ahead while one compiled step, whose
    buffers are donated, works on the one before. The numbers do not depend on either, on where a
    fit was interrupted, nor, but for rounding, on how many devices share a batch.

    Args:
        loss_fn: `(params, batch) -> loss`, a mean over the examples of the batch.
        params: any pytree; integer leaves are carried along unchanged. Placed on a mesh they stay
            as they are sharded, and so does the optimizer's state.
        optimizer: any optax optimizer.
        data: a pytree of arrays whose first axis counts the examples; or batches: a function
            `(epoch, start) -> iterable of batches` that leaves out the first `start` (see
            `jaxgrad.data.source`), an iterable that can be gone through again (a list of batches
            is a pytree: wrap it in a function), or, for one epoch, an iterator.
        epochs: how often to go through the data, at least 1.
        batch_size: for arrays: examples in a batch, of which the last of an epoch may have fewer;
            by default all.
        key: a typed key from which each epoch's order of arrays is drawn; by default their order.
        validation: data on which the loss is taken after each epoch, as `data`; or a share between
            0 and 1 of the arrays, drawn with `key`, or the last ones, that are then left out.
        patience: stop after so many epochs without a lower validation loss; by default never.
        metrics: by name, further functions `(params, batch) -> number`, means over the examples,
            of the validation data.
        sharding: how a batch is laid out, such as `NamedSharding(mesh, PartitionSpec("data"))`.
            Among several processes, each brings its own part of every batch.
        checkpoint: a folder. The same call takes the fit up where its last checkpoint left it, and
            ends bit for bit as if it had never been interrupted. One of other data, validation
            data, params to start from, batch size, key or metrics, or of an optimizer with another
            state, is refused; the loss and the optimizer's constants are not compared. Batches are
            told from others by a `fingerprint` that their source has; those of the validation data
            by the first of them where it has none.
        checkpoint_every: batches from one checkpoint to the next, at the end of an epoch for
            arrays; by default one checkpoint at the end of each epoch.
        progress: whether to show a progress bar; needs rich.

    Returns:
        An `EpochFit`: params, opt_state, losses, validation, metrics, epochs, best.

    Raises:
        TypeError: an argument is of the wrong kind, or params has no floating point leaf.
        ValueError: an argument is out of range; there is no batch; the loss is no scalar; the
            checkpoint is of another fit or cannot be read; the validation loss is finite after no
            epoch; or the fit diverged: the message names the step, and the number at fault where
            data or params are not finite, else the rate that the largest curvature allows.
        OSError: a checkpoint cannot be written; the one before it is good.
        ModuleNotFoundError: orbax or rich is asked for and not installed.

    Source: https://docs.pytorch.org/tutorials/beginner/basics/optimization_tutorial.html

    Differs from PyTorch: a loop in PyTorch runs on with inf and NaN; this one raises.

    >>> import jax, jax.numpy as jnp, optax
    >>> from jaxgrad.fit import fit_epochs, linear
    >>> from jaxgrad.functional import mse_loss
    >>> x = jnp.linspace(-1.0, 1.0, 32)
    >>> def loss_fn(params, batch):
    ...     x, y = batch
    ...     return mse_loss(linear(params, x), y)
    >>> start = {"weight": jnp.array(0.0), "bias": jnp.array(0.0)}
    >>> result = fit_epochs(
    ...     loss_fn, start, optax.sgd(0.3), (x, 2 * x + 1), epochs=50, batch_size=8,
    ...     key=jax.random.key(0),
    ... )
    >>> result.params["weight"].round(3), result.params["bias"].round(3)
    (Array(2., dtype=float32), Array(1., dtype=float32))
    """
    checked(NAME, loss_fn, optimizer)
    _checks.concrete(NAME, "params", params)
    epochs = _checks.integer(NAME, "epochs", epochs, minimum=1)
    counts = {"batch_size": batch_size, "patience": patience, "checkpoint_every": checkpoint_every}
    for name, value in counts.items():
        if value is not None:
            _checks.integer(NAME, name, value, minimum=1)
    key = None if key is None else _checks.key(NAME, key)
    source = _batches.source_of(NAME, data)
    if source is None:
        _checks.concrete(NAME, "data", data)
        data = _checks.arrays(NAME, "data", data)
        sharding = sharding or _batches.of_explicit(data)
        data, validation = _set_apart(data, validation, key)
        data = data if sharding is None else _batches.placed(NAME, data, sharding)
    elif batch_size is not None or isinstance(validation, float):
        name, value = ("batch_size", batch_size) if batch_size else ("validation", validation)
        raise ValueError(_checks.wrong(NAME, name, "left out where data is batches", value))
    if patience is not None and validation is None:
        raise ValueError(_checks.wrong(NAME, "validation", "given with patience", None))
    state, fixed = _epoch.begin(params, optimizer, sharding)
    task = Task(loss_fn, optimizer, batch_size, sharding, _epoch.layout(state, sharding))
    feed = Feed(task, fixed, data, source, key)
    watch = _validation.watch(task, fixed, validation, metrics or {})
    watched = checkpoint and _validation.fingerprint(validation)
    with contextlib.ExitStack() as stack:
        disk = None
        if checkpoint is not None:
            manager = stack.enter_context(_checkpoint.opened(NAME, checkpoint))
            facts = {"validation": watched, **_facts(feed, params, data, metrics or {})}
            disk = Disk(manager, checkpoint_every, facts)
        tell = stack.enter_context(shown(NAME, progress, epochs, "epochs")) if progress else None
        try:
            state, best, place = _course.run(
                feed, state, watch, disk, epochs=epochs, patience=patience, tell=tell
            )
        except Diverged as error:
            raise ValueError(_words(error, loss_fn, params)) from None
    if watch:
        _validation.finite([w[""] for w in place.watched])
    return _result(state, merge(best, fixed), place, epochs, tuple(metrics or {}))


def _words(error: Diverged, loss_fn: Any, params: Any) -> str:
    told = remedy(loss_fn, params, error.data)
    return _checks.wrong(NAME, "the loss and params", "finite at every step", error, told)


def _set_apart(data: Any, validation: Any, key: Any) -> tuple[Any, Any]:
    """The data, and as validation data the share of it that `validation` is."""
    if not isinstance(validation, float):
        return data, validation
    examples = _batches.count(NAME, "data", data)
    kept = examples - round(validation * examples)
    if not (0 < validation < 1 and 0 < kept < examples):
        expected = "a share above 0 and below 1 that leaves examples on both sides"
        raise ValueError(_checks.wrong(NAME, "validation", expected, validation))
    order = jnp.arange(examples)
    if key is not None:
        order = random.randperm(jax.random.fold_in(key, _APART), examples)
    laid = _batches.of_explicit(data)
    return _batches.rows(data, order[:kept], laid), _batches.rows(data, order[kept:], laid)


def _facts(feed: Feed, params: Any, data: Any, metrics: Any) -> dict[str, Any]:
    """What a checkpoint must agree on to be of the same fit."""
    if feed.source is None:
        digest = _checkpoint.fingerprint(data)
    else:
        digest = str(getattr(data, "fingerprint", ""))
    key = None if feed.key is None else _checkpoint.fingerprint(feed.key)
    return {
        "data": digest,
        "batch_size": feed.task.batch_size,
        "key": key,
        "start": _checkpoint.fingerprint(_checks.arrays(NAME, "params", params)),
        "metrics": sorted(metrics),
    }


def _result(state: State, params: Any, place: Place, epochs: int, metrics: Any) -> EpochFit:
    def series(values: Iterable[float]) -> np.ndarray:
        result = np.full(epochs, np.nan)
        given = list(values)
        result[: len(given)] = given
        return result

    return EpochFit(
        params,
        state.opt_state,
        series(place.losses),
        series(w[""] for w in place.watched),
        {name: series(w[name] for w in place.watched) for name in metrics},
        place.epoch,
        place.best,
    )
