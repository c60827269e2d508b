"""Schedules: a closed form of the rate, and the steps of PyTorch's scheduler.

PyTorch's schedulers change the optimizer's current rate. A scheduler alone has a closed form. In a
chain or a sequence it acts on the rate that another one left, so its steps are kept as well.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .. import _checks
from .._checks import Checks

Number = float | jax.Array
Of = Callable[[jax.Array], Any]
"""A function of a count, or of a rate."""
Step = Callable[[jax.Array, Any], Any]
"""A function of a count and the current rate."""
NEVER = 2.0**100
"""A count that is never reached and that float32 holds; larger counts are cut to it."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """A function `count -> learning rate` that is one of PyTorch's schedulers.

    Attributes:
        lr: the rate that was given to the optimizer.
        first: the rate after the construction of the scheduler, from the rate before it.
        step: the rate after step number `count`, from the current rate.
        restart: the rate after a restart in a sequence, from the current rate.
        closed: the rate after `count` steps of this scheduler alone; None without a closed form.
        factor: that rate divided by `lr`, if the steps only scale; else None.
        inner: the scheduler that acts as the first of a sequence, if it differs from this one.
        initial: the first rate that the scheduler gives the optimizer; None for `lr`.
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
        check = _checks.of("schedule")
        count = check.array("count", _narrowed(count))
        if not any(jnp.issubdtype(count.dtype, kind) for kind in (jnp.integer, jnp.floating)):
            raise TypeError(check.wrong("count", "an integer", count.dtype))
        if self.closed is not None:
            return jnp.asarray(self.closed(count.astype(float))).astype(float)
        return self.step_by_step(count)

    def step_by_step(self, count: jax.Array) -> jax.Array:
        """The same rate, by taking every step."""
        most = float(_integers().max)
        check = _checks.of("schedule")
        text = check.wrong("count", f"below {most:g} to take each step", "{count}")
        _checks.holds(count.astype(float) < most, text, count=lambda: count)

        def body(i: jax.Array, lr: jax.Array) -> jax.Array:
            return jnp.asarray(self.step((i + 1).astype(float), lr)).astype(float)

        start = jnp.asarray(self.first(self.lr)).astype(float)
        return jax.lax.fori_loop(0, count.astype(int), body, start)


def scaling(lr: Number, factor: Of, first: Number = 1.0, step: Step | None = None) -> Schedule:
    """A schedule that scales: `lr` times `factor(count)`.

    Args:
        lr: the rate.
        factor: the product of all factors up to a count.
        first: the factor of the construction.
        step: the rate after a step; None to multiply by the ratio of two factors.
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
    """A schedule that ignores the current rate."""
    zero = 0.0
    return Schedule(
        lr,
        first=lambda rate: closed(jnp.asarray(zero)),
        step=lambda count, rate: closed(count),
        restart=lambda rate: closed(jnp.asarray(zero)),
        closed=closed,
        initial=initial,
    )


def rate(check: Checks, value: Any) -> Number:
    """`value` as a learning rate."""
    return bounded(check, "lr", value, lambda x: x >= 0, "at least 0")


def counted(check: Checks, argument: str, value: Any, minimum: int) -> float:
    """`value` as a count of any size: an integer, a whole float such as 1e10, or infinity."""
    if isinstance(value, float) and (value == math.inf or value.is_integer()):
        value = int(min(value, NEVER))
    return integer_count(check, argument, value, minimum)


def integer_count(check: Checks, argument: str, value: Any, minimum: int) -> float:
    """`value` as an integer count, where PyTorch refuses floats."""
    return float(min(check.integer(argument, value, minimum), int(NEVER)))


def _narrowed(count: Any) -> Any:
    """The count, with integers beyond JAX's default integer dtype as floats."""
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


def bounded(
    check: Checks, argument: str, value: Any, valid: Callable[[Any], Any], expected: str
) -> Number:
    """`value` as a real number for which `valid` holds."""
    result = check.number(argument, value)
    if (is_valid := valid(result)) is not True:  # a Python number in range needs no text
        text = check.wrong(argument, expected, "{value}")
        _checks.holds(is_valid, text, value=lambda: jnp.asarray(result))
    return result
