"""Schedules of schedules: all at once, or one after the other."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp

from .. import _checks
from ._schedule import Of, Schedule, counted, overwriting


def chained_scheduler(schedulers: Sequence[Callable[[Any], Any]]) -> Schedule:
    """`torch.optim.lr_scheduler.ChainedScheduler`: each acts on the rate that the last one left.

    Those that scale multiply. One that overwrites (lambda, cyclic, one cycle, warm restarts, or a
    function that is none of these schedules) undoes what those before it did. The chain starts at
    the first schedule's rate.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ChainedScheduler.html

    Args:
        schedulers: schedules of one rate, in their order.

    Returns:
        A schedule, `count -> rate`. Unless all of them scale it takes every step anew each time.

    Raises:
        ValueError: there are none.
        TypeError: one is no function.

    >>> from jaxgrad.schedules import chained_scheduler, constant_lr, exponential_lr
    >>> schedule = chained_scheduler([constant_lr(1.0, 0.5, 2), exponential_lr(1.0, 0.5)])
    >>> [float(schedule(count)) for count in range(4)]
    [0.5, 0.25, 0.25, 0.125]
    """
    members = _members("chained_scheduler", schedulers)
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
        schedulers: schedules of one rate, in their order.
        milestones: the counts at which the second and the following begin, one fewer.

    Returns:
        A schedule, `count -> rate`.

    Raises:
        ValueError: there are none, there is not one milestone fewer, or milestones go down.
        TypeError: one is no function, or a milestone no integer.

    Differs from PyTorch: a chain or a sequence may begin at a milestone, where PyTorch raises
    `NotImplementedError`.

    >>> from jaxgrad.schedules import constant_lr, exponential_lr, sequential_lr
    >>> schedule = sequential_lr([constant_lr(1.0, 0.25, 9), exponential_lr(1.0, 0.5)], [2])
    >>> [float(schedule(count)) for count in range(5)]
    [0.25, 0.25, 1.0, 0.5, 0.25]
    """
    check = _checks.of("sequential_lr")
    members = _members("sequential_lr", schedulers)
    at = [counted("sequential_lr", "milestones", one, 0) for one in milestones]
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
    """The rate that the last one to claim it gives the optimizer, else the first one's."""
    claimed = [member.initial for member in members if member.initial is not None]
    return claimed[-1] if claimed else members[0].lr


def _members(function: str, schedulers: Any) -> list[Schedule]:
    if not isinstance(schedulers, (tuple, list)) or not schedulers:
        expected, got = "one schedule or more, in a list", f"{schedulers!r:.60}"
        raise ValueError(_checks.wrong(function, "schedulers", expected, got))
    for one in schedulers:
        if not callable(one):
            got = f"{type(one).__name__} {one!r:.60}"
            raise TypeError(_checks.wrong(function, "schedulers", "made of functions", got))
    return [one if isinstance(one, Schedule) else overwriting(one(0), one) for one in schedulers]
