"""Schedules of schedules: all together, or one after the other."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp

from .. import _checks
from .._checks import Checks
from ._schedule import Of, Schedule, counted, overwriting


def chained_scheduler(schedulers: Sequence[Callable[[Any], Any]]) -> Schedule:
    """`torch.optim.lr_scheduler.ChainedScheduler`: each acts on the rate of the one before.

    The factors of schedules that scale are multiplied. A schedule that overwrites the rate (lambda,
    cyclic, one cycle, warm restarts, or any other function) cancels those before it. The chain
    starts at the rate of the first schedule.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ChainedScheduler.html

    Args:
        schedulers: schedules of the same rate, in order.

    Returns:
        A schedule, `count -> rate`. Unless all schedules scale, each call takes all steps again.

    Raises:
        ValueError: there is no schedule.
        TypeError: a schedule is not a function.

    >>> from jaxgrad.schedules import chained_scheduler, constant_lr, exponential_lr
    >>> schedule = chained_scheduler([constant_lr(1.0, 0.5, 2), exponential_lr(1.0, 0.5)])
    >>> [float(schedule(count)) for count in range(4)]
    [0.5, 0.25, 0.25, 0.125]
    """
    check = _checks.of("chained_scheduler")
    members = _members(check, schedulers)
    factors = [member.factor for member in members if member.factor is not None]
    lr = _initial(members)

    def first(rate: Any) -> Any:
        for member in members:
            rate = member.first(rate)
        return rate

    def step(count: jax.Array, rate: Any) -> Any:
        for member in members:
            rate = member.step(count, rate)
        return rate

    def restart(rate: Any) -> Any:
        for member in members:
            rate = member.restart(rate)
        return rate

    def factor(count: jax.Array) -> Any:
        product: Any = 1.0
        for of in factors:
            product = product * of(count)
        return product

    whole = len(factors) == len(members)
    return Schedule(
        lr,
        first,
        step,
        restart,
        closed=(lambda count: lr * factor(count)) if whole else None,
        factor=factor if whole else None,
        inner=Schedule(lr, lambda rate: step(jnp.zeros(()), rate), step, restart),
    )


def sequential_lr(
    schedulers: Sequence[Callable[[Any], Any]], milestones: Sequence[float]
) -> Schedule:
    """`torch.optim.lr_scheduler.SequentialLR`: one schedule after the other, each from its start.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.SequentialLR.html

    Args:
        schedulers: schedules of the same rate, in order.
        milestones: the counts at which the second and later schedules begin, in order.

    Returns:
        A schedule, `count -> rate`.

    Raises:
        ValueError: there is no schedule, the milestones are not one fewer than the schedules, or
            they are not in order.
        TypeError: a schedule is not a function, or a milestone is not an integer.

    Differs from PyTorch: a chain or a sequence may start at a milestone, where PyTorch raises
    `NotImplementedError`.

    >>> from jaxgrad.schedules import constant_lr, exponential_lr, sequential_lr
    >>> schedule = sequential_lr([constant_lr(1.0, 0.25, 9), exponential_lr(1.0, 0.5)], [2])
    >>> [float(schedule(count)) for count in range(5)]
    [0.25, 0.25, 1.0, 0.5, 0.25]
    """
    check = _checks.of("sequential_lr")
    members = _members(check, schedulers)
    at = [counted(check, "milestones", one, 0) for one in milestones]
    if len(at) != len(members) - 1:
        expected = f"{len(members) - 1}, one fewer than the schedulers"
        raise ValueError(check.wrong("milestones", expected, len(at)))
    if at != sorted(at):
        raise ValueError(check.wrong("milestones", "in order", at))
    members[0] = members[0].inner or members[0]
    start, lr = members[0], _initial(members)
    again = replace(start, first=lambda rate: start.step(jnp.zeros(()), rate), closed=None)
    inner = _sequence([again, *members[1:]], [max(one - 1, 0.0) for one in at], lr)
    return replace(_sequence(members, at, lr), inner=inner)


def _sequence(members: list[Schedule], at: list[float], lr: Any) -> Schedule:
    begins = [0, *at]
    start = max(i for i, begin in enumerate(begins) if begin <= 0)

    def first(rate: Any) -> Any:
        return members[start].first(lr)

    def step(count: jax.Array, rate: Any) -> Any:
        result = members[0].step(count, rate)
        for begin, member in zip(at, members[1:], strict=True):
            here = member.step(jnp.maximum(count - begin, 1), rate)
            here = jnp.where(count == begin, member.restart(rate), here)
            result = jnp.where(count >= begin, here, result)
        return result

    pieces = [member.closed for member in members if member.closed is not None]
    known = len(pieces) == len(members) and lr is members[0].lr
    return Schedule(lr, first, step, first, _pieces(pieces, begins) if known else None)


def _pieces(pieces: list[Of], begins: list[float]) -> Of:
    def closed(count: jax.Array) -> Any:
        result = pieces[0](count)
        for begin, piece in zip(begins[1:], pieces[1:], strict=True):
            result = jnp.where(count >= begin, piece(jnp.maximum(count - begin, 0)), result)
        return result

    return closed


def _initial(members: list[Schedule]) -> Any:
    """The first rate: that of the last schedule that sets `initial`, else the first schedule's."""
    claimed = [member.initial for member in members if member.initial is not None]
    return claimed[-1] if claimed else members[0].lr


def _members(check: Checks, schedulers: Any) -> list[Schedule]:
    if not isinstance(schedulers, (tuple, list)) or not schedulers:
        expected, got = "one schedule or more, in a list", f"{schedulers!r:.60}"
        raise ValueError(check.wrong("schedulers", expected, got))
    for one in schedulers:
        if not callable(one):
            got = f"{type(one).__name__} {one!r:.60}"
            raise TypeError(check.wrong("schedulers", "made of functions", got))
    return [one if isinstance(one, Schedule) else overwriting(one(0), one) for one in schedulers]
