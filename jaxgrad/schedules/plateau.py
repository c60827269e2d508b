"""The one schedule that looks at a metric, and so has a state."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from .. import _checks
from ._schedule import Number, counted, number, rate


class PlateauState(NamedTuple):
    """What `reduce_lr_on_plateau` remembers, under PyTorch's names.

    Attributes:
        lr: the rate now.
        best: the best metric so far.
        num_bad_epochs: int32, metrics since that were no better.
        cooldown_counter: int32, metrics for which it still waits.
    """

    lr: jax.Array
    best: jax.Array
    num_bad_epochs: jax.Array
    cooldown_counter: jax.Array


def reduce_lr_on_plateau(
    lr: Number,
    mode: str = "min",
    factor: Number = 0.1,
    patience: float = 10,
    threshold: Number = 1e-4,
    threshold_mode: str = "rel",
    cooldown: float = 0,
    min_lr: Number = 0.0,
    eps: Number = 1e-8,
) -> optax.GradientTransformationExtraArgs:
    """`torch.optim.lr_scheduler.ReduceLROnPlateau`: times `factor` where a metric stops improving.

    A link of a chain, after the optimizer: it scales what comes by the rate now over `lr`, and an
    update that is given `value` counts as one `step(value)`, which changes the rate of the updates
    after it. `state.lr` is the rate.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html

    Args:
        lr: the rate of the optimizer before it in the chain, at least 0.
        mode: whether the metric should be small, "min", or large, "max".
        factor: below 1.
        patience: how many metrics may be no better.
        threshold: by how much it must be better: the share of the best, or
        threshold_mode: "rel" for that, "abs" for the difference.
        cooldown: how many metrics do not count after the rate has changed.
        min_lr: the least rate.
        eps: a change of the rate by less is not made.

    Returns:
        A transformation whose `update(updates, state, params, value=metric)` scales the updates.
        Without `value`, or with None, the rate stays.

    Raises:
        ValueError: a number is out of range, or an option is unknown.
        TypeError: an argument is no number.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.schedules import reduce_lr_on_plateau
    >>> plateau = reduce_lr_on_plateau(1.0, factor=0.5, patience=1)
    >>> state = plateau.init(jnp.zeros(1))
    >>> for metric in (3.0, 2.0, 2.0, 2.0):
    ...     updates, state = plateau.update(jnp.ones(1), state, value=metric)
    >>> float(updates[0]), float(state.lr)
    (1.0, 0.5)
    """
    name = "reduce_lr_on_plateau"
    lr = rate(name, lr)
    factor = number(name, "factor", factor, lambda x: x < 1, "below 1")
    patience, cooldown = (
        int(min(counted(name, argument, value, 0), 2**31 - 1))  # counters are int32
        for argument, value in (("patience", patience), ("cooldown", cooldown))
    )
    least, eps = number(name, "min_lr", min_lr), number(name, "eps", eps)
    small = _checks.option(name, "mode", mode, ("min", "max")) == "min"
    _checks.option(name, "threshold_mode", threshold_mode, ("rel", "abs"))
    margin = number(name, "threshold", threshold)

    def init(params: optax.Params) -> PlateauState:
        bad, waits = (jnp.zeros((), jnp.int32) for _ in range(2))  # each its own memory
        best = jnp.asarray(math.inf if small else -math.inf, float)
        return PlateauState(jnp.array(lr, float), best, bad, waits)

    def better(metric: jax.Array, best: jax.Array) -> jax.Array:
        if threshold_mode == "rel":
            return metric < best * (1 - margin) if small else metric > best * (1 + margin)
        return metric < best - margin if small else metric > best + margin

    def step(state: PlateauState, metric: jax.Array) -> PlateauState:
        improved, waits = better(metric, state.best), state.cooldown_counter > 0
        bad = jnp.where(improved | waits, 0, state.num_bad_epochs + 1)
        reduces = bad > patience
        new = jnp.maximum(state.lr * factor, least)
        counter = state.cooldown_counter - waits.astype(jnp.int32)
        return PlateauState(
            jnp.where(reduces & (state.lr - new > eps), new, state.lr),
            jnp.where(improved, metric, state.best),
            jnp.where(reduces, 0, bad),
            jnp.where(reduces, cooldown, counter),
        )

    def update(
        updates: optax.Updates,
        state: Any,
        params: optax.Params | None = None,
        *,
        value: Any = None,
        **_: Any,
    ) -> tuple[optax.Updates, PlateauState]:
        begun = jnp.asarray(lr).astype(state.lr.dtype)
        zero = begun == 0  # updates of that rate are 0, whatever scales them
        scale = jnp.where(zero, 1, state.lr / jnp.where(zero, 1, begun))
        updates = jax.tree.map(lambda u: u * scale.astype(u.dtype), updates)
        if value is None:
            return updates, state
        return updates, step(state, _checks.scalar(name, "value", value).astype(state.lr.dtype))

    return optax.GradientTransformationExtraArgs(init, update)
