"""The schedule that depends on a metric, and therefore has a state."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from .. import _checks
from ._schedule import Number, bounded, counted, rate


class PlateauState(NamedTuple):
    """The state of `reduce_lr_on_plateau`, under PyTorch's names.

    Attributes:
        lr: the current rate.
        best: the best metric so far.
        num_bad_epochs: int32, the number of successive metrics without an improvement.
        cooldown_counter: int32, the number of metrics left in the cooldown.
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
    """`torch.optim.lr_scheduler.ReduceLROnPlateau`: scaled when a metric stops improving.

    It is a transformation in an `optax.chain`, after the optimizer. It scales the updates by the
    current rate divided by `lr`. An update that is given `value` counts as one `step(value)`, which
    changes the rate of later updates. `state.lr` is the current rate.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html

    Args:
        lr: the rate of the optimizer before it in the chain, at least 0.
        mode: "min" if the metric should fall, "max" if it should rise.
        factor: the factor of a reduction, below 1.
        patience: the number of successive metrics without an improvement that are allowed.
        threshold: the least improvement that counts.
        threshold_mode: "rel" for a share of the best metric, "abs" for a difference.
        cooldown: the number of metrics after a reduction that are not counted.
        min_lr: the lowest rate.
        eps: the least change of the rate; smaller ones are not made.

    Returns:
        A transformation whose `update(updates, state, params, value=metric)` scales the updates.
        Without `value`, or with None, the rate stays.

    Raises:
        ValueError: a number is out of range, or an option is unknown.
        TypeError: an argument is not a number.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.schedules import reduce_lr_on_plateau
    >>> plateau = reduce_lr_on_plateau(1.0, factor=0.5, patience=1)
    >>> state = plateau.init(jnp.zeros(1))
    >>> for metric in (3.0, 2.0, 2.0, 2.0):
    ...     updates, state = plateau.update(jnp.ones(1), state, value=metric)
    >>> float(updates[0]), float(state.lr)
    (1.0, 0.5)
    """
    check = _checks.of("reduce_lr_on_plateau")
    lr = rate(check, lr)
    factor = bounded(check, "factor", factor, lambda x: x < 1, "below 1")
    patience, cooldown = (
        int(min(counted(check, argument, value, 0), 2**31 - 1))  # counters are int32
        for argument, value in (("patience", patience), ("cooldown", cooldown))
    )
    least, eps = check.number("min_lr", min_lr), check.number("eps", eps)
    small = check.option("mode", mode, ("min", "max")) == "min"
    check.option("threshold_mode", threshold_mode, ("rel", "abs"))
    margin = check.number("threshold", threshold)

    def init(params: optax.Params) -> PlateauState:
        bad, waits = (jnp.zeros((), jnp.int32) for _ in range(2))  # separate memory, for donation
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
        zero = begun == 0  # the updates are then 0 for every scale
        scale = jnp.where(zero, 1, state.lr / jnp.where(zero, 1, begun))
        updates = jax.tree.map(lambda u: u * scale.astype(u.dtype), updates)
        if value is None:
            return updates, state
        return updates, step(
            state, _checks.of("reduce_lr_on_plateau").scalar("value", value).astype(state.lr.dtype)
        )

    return optax.GradientTransformationExtraArgs(init, update)
