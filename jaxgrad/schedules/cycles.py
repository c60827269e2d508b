"""One-cycle and cyclic schedules of the rate, and of the momentum that runs against it."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from .. import _checks
from .._checks import Checks
from ._schedule import NEVER, Number, Schedule, counted, integer_count, overwriting


def one_cycle_lr(
    max_lr: Number,
    total_steps: int | None = None,
    epochs: int | None = None,
    steps_per_epoch: int | None = None,
    pct_start: float = 0.3,
    anneal_strategy: str = "cos",
    div_factor: Number = 25.0,
    final_div_factor: Number = 1e4,
    three_phase: bool = False,
) -> Schedule:
    """`torch.optim.lr_scheduler.OneCycleLR`: up to `max_lr`, and down to almost nothing.

    The rate rises from max_lr / div_factor to max_lr and falls to max_lr / div_factor /
    final_div_factor, along half cosines or lines. `one_cycle_momentum` is its momentum.

    Source: Smith and Topin, 2018, https://arxiv.org/abs/1708.07120;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html

    Args:
        max_lr: the largest rate.
        total_steps: the number of steps; None for epochs · steps_per_epoch.
        epochs: the number of epochs.
        steps_per_epoch: the number of steps of an epoch.
        pct_start: the share of the steps in which the rate rises.
        anneal_strategy: "cos" or "linear".
        div_factor: the ratio of the largest rate to the first.
        final_div_factor: the ratio of the first rate to the last.
        three_phase: whether the rate first falls to the first rate, in as many steps as it rose.

    Returns:
        A schedule, `count -> rate`, for counts up to `total_steps`.

    Raises:
        ValueError: the number of steps is not given, an argument is out of range, or the count is
            beyond the steps. A traced count beyond them gives NaN.
        TypeError: an argument is not a number.

    >>> from jaxgrad.schedules import one_cycle_lr
    >>> schedule = one_cycle_lr(1.0, total_steps=10, anneal_strategy="linear", pct_start=0.5)
    >>> [round(float(schedule(count)), 2) for count in (0, 2, 4, 9)]
    [0.04, 0.52, 1.0, 0.0]
    """
    check = _checks.of("one_cycle_lr")
    top = check.number("max_lr", max_lr)
    first = top / check.number("div_factor", div_factor)
    last = first / check.number("final_div_factor", final_div_factor)
    total = _total(check, total_steps, epochs, steps_per_epoch)
    levels = (first, top, first, last) if three_phase else (first, top, last)
    closed = _phases(check, levels, total, pct_start, anneal_strategy, three_phase)
    return overwriting(first, closed, initial=first)


def one_cycle_momentum(
    total_steps: int | None = None,
    epochs: int | None = None,
    steps_per_epoch: int | None = None,
    pct_start: float = 0.3,
    anneal_strategy: str = "cos",
    base_momentum: Number = 0.85,
    max_momentum: Number = 0.95,
    three_phase: bool = False,
) -> Schedule:
    """The momentum, or β₁, that `OneCycleLR` sets: down to `base_momentum`, and up again.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html

    Args:
        total_steps: as in `one_cycle_lr`.
        epochs: as in `one_cycle_lr`.
        steps_per_epoch: as in `one_cycle_lr`.
        pct_start: the share of the steps in which the momentum falls.
        anneal_strategy: as in `one_cycle_lr`.
        base_momentum: the momentum where the rate is largest.
        max_momentum: the momentum at both ends.
        three_phase: as in `one_cycle_lr`.

    Returns:
        A schedule, `count -> momentum`, for `optax.inject_hyperparams`.

    Raises:
        ValueError: as in `one_cycle_lr`.
        TypeError: an argument is not a number.

    >>> from jaxgrad.schedules import one_cycle_momentum
    >>> schedule = one_cycle_momentum(10, anneal_strategy="linear", pct_start=0.5)
    >>> [round(float(schedule(count)), 2) for count in (0, 4, 9)]
    [0.95, 0.85, 0.95]
    """
    check = _checks.of("one_cycle_momentum")
    low, high = (
        check.number("base_momentum", base_momentum),
        check.number("max_momentum", max_momentum),
    )
    total = _total(check, total_steps, epochs, steps_per_epoch)
    levels = (high, low, high, high) if three_phase else (high, low, high)
    return overwriting(high, _phases(check, levels, total, pct_start, anneal_strategy, three_phase))


def cyclic_lr(
    base_lr: Number,
    max_lr: Number,
    step_size_up: float = 2000,
    step_size_down: float | None = None,
    mode: str = "triangular",
    gamma: Number = 1.0,
    scale_fn: Callable[[Any], Any] | None = None,
    scale_mode: str = "cycle",
) -> Schedule:
    """`torch.optim.lr_scheduler.CyclicLR`: up and down between two rates, along lines.

    `cyclic_momentum` is its momentum.

    Source: Smith, 2017, https://arxiv.org/abs/1506.01186;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CyclicLR.html

    Args:
        base_lr: the lowest rate, at which cycles begin.
        max_lr: the highest rate before scaling.
        step_size_up: the number of counts in which the rate rises.
        step_size_down: the number of counts in which it falls; None for `step_size_up`.
        mode: "triangular" for equal cycles, "triangular2" to halve the height at each cycle,
            "exp_range" to scale the height by γ^count.
        gamma: the factor γ.
        scale_fn: a function for the scale of the height, in place of the mode's; JAX must be able
            to trace it.
        scale_mode: the argument of `scale_fn`: "cycle", the number of the cycle from 1, or
            "iterations", the count.

    Returns:
        A schedule, `count -> rate`.

    Raises:
        ValueError: a size is below 1, or an option is unknown.
        TypeError: an argument is not a number.

    >>> from jaxgrad.schedules import cyclic_lr
    >>> schedule = cyclic_lr(0.0, 1.0, step_size_up=2, mode="triangular2")
    >>> [float(schedule(count)) for count in range(7)]
    [0.0, 0.5, 1.0, 0.5, 0.0, 0.25, 0.5]
    """
    check = _checks.of("cyclic_lr")
    low = check.number("base_lr", base_lr)
    rise = check.number("max_lr", max_lr) - low
    height = _height(check, step_size_up, step_size_down, mode, gamma, scale_fn, scale_mode)
    return overwriting(low, lambda count: low + _scaled(rise, height(count)), initial=None)


def cyclic_momentum(
    base_momentum: Number = 0.8,
    max_momentum: Number = 0.9,
    step_size_up: float = 2000,
    step_size_down: float | None = None,
    mode: str = "triangular",
    gamma: Number = 1.0,
    scale_fn: Callable[[Any], Any] | None = None,
    scale_mode: str = "cycle",
) -> Schedule:
    """The momentum, or β₁, that `CyclicLR` sets: from `max_momentum` down and up again.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CyclicLR.html

    Args:
        base_momentum: the lowest momentum before scaling.
        max_momentum: the highest momentum, at which cycles begin.
        step_size_up: as in `cyclic_lr`.
        step_size_down: as in `cyclic_lr`.
        mode: as in `cyclic_lr`.
        gamma: as in `cyclic_lr`.
        scale_fn: as in `cyclic_lr`.
        scale_mode: as in `cyclic_lr`.

    Returns:
        A schedule, `count -> momentum`, for `optax.inject_hyperparams`.

    Raises:
        ValueError: as in `cyclic_lr`.
        TypeError: an argument is not a number.

    >>> from jaxgrad.schedules import cyclic_momentum
    >>> [round(float(cyclic_momentum(step_size_up=2)(count)), 2) for count in range(4)]
    [0.9, 0.85, 0.8, 0.85]
    """
    check = _checks.of("cyclic_momentum")
    high = check.number("max_momentum", max_momentum)
    fall = high - check.number("base_momentum", base_momentum)
    height = _height(check, step_size_up, step_size_down, mode, gamma, scale_fn, scale_mode)
    return overwriting(high, lambda count: high - _scaled(fall, height(count)))


def _total(check: Checks, total: Any, epochs: Any, steps_per_epoch: Any) -> int:
    if total is not None:
        return int(integer_count(check, "total_steps", total, 1))
    if epochs is None or steps_per_epoch is None:
        expected = "given, or epochs and steps_per_epoch"
        raise ValueError(check.wrong("total_steps", expected, None))
    epochs = integer_count(check, "epochs", epochs, 1)
    return int(min(epochs * integer_count(check, "steps_per_epoch", steps_per_epoch, 1), NEVER))


def _phases(
    check: Checks,
    levels: tuple[Any, ...],
    total: int,
    pct_start: Any,
    strategy: str,
    three_phase: Any,
) -> Callable[[jax.Array], Any]:
    """A schedule from level to level, with a phase between two levels."""
    share = check.static_number("pct_start", pct_start)
    if not 0 <= share <= 1 or share * total == 1:
        expected = f"in [0, 1] and not 1 of {total} steps"
        raise ValueError(check.wrong("pct_start", expected, pct_start))
    check.option("anneal_strategy", strategy, ("cos", "linear"))
    ends = [share * total - 1, total - 1]
    if check.truth("three_phase", three_phase):
        ends.insert(1, 2 * share * total - 2)
    starts = [0.0, *ends[:-1]]

    def between(start: Any, end: Any, part: Any) -> Any:
        if strategy == "linear":
            return (end - start) * part + start
        return end + (start - end) / 2.0 * (jnp.cos(math.pi * part) + 1)

    def closed(count: jax.Array) -> Any:
        text = check.wrong("count", f"at most the {total} steps", "{count}")
        _checks.holds(count <= float(total), text, count=lambda: count)
        value: Any = jnp.nan
        phases = list(zip(starts, ends, levels[:-1], levels[1:], strict=True))
        for i, (begin, end, low, high) in reversed(list(enumerate(phases))):
            here = between(low, high, (count - begin) / ((end - begin) or jnp.nan))
            limit = float(total) if i == len(phases) - 1 else end
            value = jnp.where(count <= limit, here, value)
        return value

    return closed


def _height(
    check: Checks, up: Any, down: Any, mode: Any, gamma: Any, scale_fn: Any, scale_mode: Any
) -> Callable[[jax.Array], tuple[Any, Any]]:
    """A function of a count: the height within its cycle, in [0, 1], and the scale of it."""
    up = counted(check, "step_size_up", up, 1)
    down = up if down is None else counted(check, "step_size_down", down, 1)
    if scale_fn is None:
        check.option("mode", mode, ("triangular", "triangular2", "exp_range"))
        scale_mode = "iterations" if mode == "exp_range" else "cycle"
    check.option("scale_mode", scale_mode, ("cycle", "iterations"))
    gamma = check.number("gamma", gamma)
    scale = (
        scale_fn
        or {
            "triangular": lambda cycle: 1.0,
            "triangular2": lambda cycle: 2.0 ** (1 - cycle),
            "exp_range": lambda count: gamma**count,
        }[mode]
    )
    size, peak = up + down, up / (up + down)

    def height(count: jax.Array) -> tuple[Any, Any]:
        cycle = jnp.floor(1 + count / size)
        x = 1 + count / size - cycle
        part = jnp.where(x <= peak, x / peak, (x - 1) / (peak - 1))
        return part, scale(cycle if scale_mode == "cycle" else count)

    return height


def _scaled(span: Any, height: tuple[Any, Any]) -> Any:
    part, scale = height
    return span * part * scale
