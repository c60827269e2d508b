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

from . import _batches, _checkpoint, _epoch, _training, _validation
from ._descent import check
from ._divergence import remedy
from ._epoch import NAME, Diverged, State, Task
from ._progress import shown
from ._training import Checkpoints, Inputs, Position

_APART = 2**31 - 1
"""Folded into the key that draws the validation share: no epoch has this number."""


class EpochFit(NamedTuple):
    """The result of `fit_epochs`.

    Attributes:
        params: the fitted parameters; with validation, those of the epoch with the lowest
            validation loss.
        opt_state: the optimizer's last state.
        losses: (epochs asked for,), the mean loss over the examples of each epoch, each batch's
            before its step; NaN for epochs that were not run.
        validation: (epochs asked for,), the mean loss over the validation data after each epoch;
            NaN without validation data.
        metrics: by name, such an array for each metric.
        epochs: the number of epochs that were run.
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

    Arrays stay on their devices, and an epoch is one compiled scan (all epochs are one, if there is
    nothing to do between them). Batches are read ahead and placed while a compiled step, whose
    buffers are donated, works on the one before. The numbers do not depend on either, nor on where
    a fit was interrupted; the number of devices that share a batch changes their rounding only.

    Args:
        loss_fn: `(params, batch) -> loss`, a mean over the examples of the batch.
        params: any pytree; integer leaves are carried along unchanged. Placed on a mesh they stay
            as they are sharded, and so does the optimizer's state.
        optimizer: any optax optimizer.
        data: a pytree of arrays whose first axis counts the examples; or a source of batches. A
            source is a function `(epoch, start) -> iterable of batches` that skips the first
            `start` (see `jaxgrad.data.source`), an iterable that can be repeated (a list of batches
            is a pytree: wrap it in a function), or, for one epoch, an iterator.
        epochs: the number of passes over the data, at least 1.
        batch_size: for arrays, the examples in a batch; the last one of an epoch may have fewer. By
            default all of them.
        key: for arrays, a typed key that gives each epoch another order; by default their own.
        validation: data, as `data`, on which the loss is taken after each epoch; or a share between
            0 and 1 of the arrays, which is then not trained on: examples drawn with `key`, or
            without one the last.
        patience: stop after this many epochs without a lower validation loss; by default never.
        metrics: by name, further functions `(params, batch) -> number` of the validation data, each
            a mean over the examples.
        sharding: how a batch is laid out, such as `NamedSharding(mesh, PartitionSpec("data"))`.
            Among several processes, each brings its own part of every batch.
        checkpoint: a folder. The same call goes on from the last checkpoint there, and ends bit for
            bit as if it had never been interrupted. A checkpoint is refused if it is of other data,
            validation data, initial params, batch size, key or metrics, or if the optimizer's state
            has another structure; the loss and the optimizer's constants are not compared. Sources
            of batches are compared by their `fingerprint`; for validation data without one, the
            first batches are.
        checkpoint_every: batches from one checkpoint to the next; for arrays checkpoints are at the
            end of an epoch. By default one at the end of each epoch.
        progress: whether to show a progress bar; needs rich.

    Returns:
        An `EpochFit`: params, opt_state, losses, validation, metrics, epochs, best.

    Raises:
        TypeError: an argument is of the wrong kind, or params has no floating point leaf.
        ValueError: an argument is out of range; there is no batch; the loss is no scalar; the
            checkpoint is of another fit or cannot be read; the validation loss is never finite; or
            the fit diverged. The message then names the step, and either the number at fault, if
            data or params are not finite, or the rate that the largest curvature allows.
        OSError: a checkpoint cannot be written; the one before it is good.
        ModuleNotFoundError: orbax or rich is needed and not installed.

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
    check(NAME, loss_fn, optimizer)
    _checks.concrete(NAME, "params", params)
    epochs = _checks.integer(NAME, "epochs", epochs, minimum=1)
    counts = {"batch_size": batch_size, "patience": patience, "checkpoint_every": checkpoint_every}
    for name, value in counts.items():
        if value is not None:
            _checks.integer(NAME, name, value, minimum=1)
    key = None if key is None else _checks.key(NAME, key)
    source = _batches.batch_source(NAME, data)
    if source is None:
        _checks.concrete(NAME, "data", data)
        data = _checks.arrays(NAME, "data", data)
        sharding = sharding or _batches.explicit_sharding(data)
        data, validation = _split_validation(data, validation, key)
        data = data if sharding is None else _batches.placed(NAME, data, sharding)
    elif batch_size is not None or isinstance(validation, float):
        name, value = ("batch_size", batch_size) if batch_size else ("validation", validation)
        raise ValueError(_checks.wrong(NAME, name, "left out where data is batches", value))
    if patience is not None and validation is None:
        raise ValueError(_checks.wrong(NAME, "validation", "given with patience", None))
    state, fixed = _epoch.begin(params, optimizer, sharding)
    task = Task(loss_fn, optimizer, batch_size, sharding, _epoch.layout(state, sharding))
    inputs = Inputs(task, fixed, data, source, key)
    validate = _validation.validator(task, fixed, validation, metrics or {})
    fingerprint = checkpoint and _validation.fingerprint(validation)
    with contextlib.ExitStack() as stack:
        checkpoints = None
        if checkpoint is not None:
            manager = stack.enter_context(_checkpoint.opened(NAME, checkpoint))
            facts = {"validation": fingerprint, **_facts(inputs, params, data, metrics or {})}
            checkpoints = Checkpoints(manager, checkpoint_every, facts)
        tell = stack.enter_context(shown(NAME, progress, epochs, "epochs")) if progress else None
        try:
            state, best, position = _training.train(
                inputs, state, validate, checkpoints, epochs=epochs, patience=patience, tell=tell
            )
        except Diverged as error:
            raise ValueError(_diverged(error, loss_fn, params)) from None
    if validate:
        _validation.check_losses([w[""] for w in position.watched])
    return _result(state, merge(best, fixed), position, epochs, tuple(metrics or {}))


def _diverged(error: Diverged, loss_fn: Any, params: Any) -> str:
    advice = remedy(loss_fn, params, error.data)
    return _checks.wrong(NAME, "the loss and params", "finite at every step", error, advice)


def _split_validation(data: Any, validation: Any, key: Any) -> tuple[Any, Any]:
    """The data and the validation data; a share is taken from the data."""
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
    sharding = _batches.explicit_sharding(data)
    return _batches.rows(data, order[:kept], sharding), _batches.rows(data, order[kept:], sharding)


def _facts(inputs: Inputs, params: Any, data: Any, metrics: Any) -> dict[str, Any]:
    """The facts that a checkpoint of the same fit has too."""
    if inputs.source is None:
        digest = _checkpoint.fingerprint(data)
    else:
        digest = str(getattr(data, "fingerprint", ""))
    key = None if inputs.key is None else _checkpoint.fingerprint(inputs.key)
    return {
        "data": digest,
        "batch_size": inputs.task.batch_size,
        "key": key,
        "start": _checkpoint.fingerprint(_checks.arrays(NAME, "params", params)),
        "metrics": sorted(metrics),
    }


def _result(state: State, params: Any, position: Position, epochs: int, metrics: Any) -> EpochFit:
    def series(values: Iterable[float]) -> np.ndarray:
        result = np.full(epochs, np.nan)
        given = list(values)
        result[: len(given)] = given
        return result

    return EpochFit(
        params,
        state.opt_state,
        series(position.losses),
        series(w[""] for w in position.watched),
        {name: series(w[name] for w in position.watched) for name in metrics},
        position.epoch,
        position.best,
    )
