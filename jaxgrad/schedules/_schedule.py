"""What a schedule is: a function of the count, and what PyTorch's scheduler does to the rate.

PyTorch's schedulers change the rate that they find. Alone they all have a closed form; in a chain
or a sequence each acts on what another left, and those actions are kept beside the closed form.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .. import _checks

Number = float | jax.Array
Of = Callable[[jax.Array], Any]
"""A function of a count, or of a rate."""
Step = Callable[[jax.Array, Any], Any]
"""A function of a count and the rate that is found."""
NEVER = 2.0**100
"""A count that none reaches, and that float32 holds: larger ones are it, infinity too."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """A function `count -> learning rate` that is one of PyTorch's schedulers.

    Attributes:
        lr: the rate that the optimizer was given.
        first: what constructing the scheduler makes of the rate.
        step: what its step number `count` makes of the rate.
        restart: what beginning anew, within a sequence, makes of it.
        closed: the rate after `count` steps alone; None where only the steps tell.
        factor: that rate over `lr`, where steps do nothing but scale.
        inner: the scheduler as the first of a sequence acts, where that is different.
        initial: the rate it gives the whole optimizer to begin with; None for `lr`.
    """

    lr: Any
    first: Of
    step: Step
    restart: Of
    closed: Of | None = None
    factor: Of | None = None
    inner: "Schedule | None" = None
    initial: Any = None

    def __call__(self, count: Any) -> jax.Array:
        """The learning rate after `count` steps, of JAX's default float dtype."""
        count = _checks.array("schedule", "count", _narrowed(count))
        if not jnp.issubdtype(count.dtype, jnp.integer) and not jnp.issubdtype(
            count.dtype, jnp.floating
        ):
            raise TypeError(_checks.wrong("schedule", "count", "an integer", count.dtype))
        if self.closed is not None:
            return jnp.asarray(self.closed(count.astype(float))).astype(float)
        return self.walked(count)

    def walked(self, count: jax.Array) -> jax.Array:
        """The same, by taking every step."""
        most = float(_integers().max)
        text = _checks.wrong("schedule", "count", f"below {most:g} to take each step", "{count}")
        _checks.holds(count.astype(float) < most, text, count=lambda: count)

        def body(i: jax.Array, lr: jax.Array) -> jax.Array:
            return jnp.asarray(self.step((i + 1).astype(float), lr)).astype(float)

        start = jnp.asarray(self.first(self.lr)).astype(float)
        return jax.lax.fori_loop(0, count.astype(int), body, start)


def scaling(lr: Number, factor: Of, first: Number = 1.0, step: Step | None = None) -> Schedule:
    """A schedule that scales: `lr` times `factor(count)`.

    Args:
        lr: the rate.
        factor: what the steps up to a count come to.
        first: the factor of constructing it.
        step: what a step makes of a rate; None for the ratio of two factors.
    """

    def ratio(count: jax.Array, rate: Any) -> Any:
        now, before = factor(count), factor(count - 1)
        return rate * jnp.where(before == now, 1, now / jnp.where(before == 0, 1, before))

    return Schedule(
        lr,
        first=lambda rate: rate * first,
        step=step or ratio,
        restart=lambda rate: lr * factor(jnp.zeros(())),
        closed=lambda count: lr * factor(count),
        factor=factor,
    )


def overwriting(lr: Number, closed: Of, initial: Any = None) -> Schedule:
    """A schedule that does not care for the rate it finds."""
    zero = 0.0
    return Schedule(
        lr,
        first=lambda rate: closed(jnp.asarray(zero)),
        step=lambda count, rate: closed(count),
        restart=lambda rate: closed(jnp.asarray(zero)),
        closed=closed,
        initial=initial,
    )


def rate(function: str, value: Any) -> Number:
    """`value` as a learning rate."""
    return number(function, "lr", value, lambda x: x >= 0, "at least 0")


def counted(function: str, argument: str, value: Any, minimum: int) -> float:
    """`value` as a count that JAX takes however large it is: an integer, 1e10, or infinity."""
    if isinstance(value, float) and (value == math.inf or value.is_integer()):
        value = int(min(value, NEVER))
    return whole(function, argument, value, minimum)


def whole(function: str, argument: str, value: Any, minimum: int) -> float:
    """`counted`, of integers alone, where PyTorch refuses floats."""
    return float(min(_checks.integer(function, argument, value, minimum), int(NEVER)))


def _narrowed(count: Any) -> Any:
    """Integers beyond those of JAX's default dtype as floats; what else there is as it is."""
    if not isinstance(count, (int, np.integer, np.ndarray)) or isinstance(count, bool):
        return count
    limits, values = _integers(), np.asarray(count)
    if values.dtype.kind not in "iuO" or not values.size:
        return count
    within = limits.min <= values.min() and values.max() <= limits.max
    return count if within else np.clip(values, -NEVER, NEVER).astype(float)


def _integers() -> np.iinfo:
    """The limits of JAX's default integers."""
    return np.iinfo(jax.dtypes.canonicalize_dtype(int))


def number(
    function: str,
    argument: str,
    value: Any,
    valid: Callable[[Any], Any] | None = None,
    expected: str = "",
) -> Number:
    """`value` as a real number, for which `valid` holds where there is one."""
    if valid is None:
        return _checks.number(function, argument, value)
    return _checks.bounded(function, argument, value, valid, expected)
