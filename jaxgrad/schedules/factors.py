"""Schedules that scale the rate by steps, a line, a power or a function."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from .. import _checks
from .._checks import Checks
from ._schedule import Number, Schedule, bounded, counted, overwriting, rate, scaling


def lambda_lr(lr: Number, lr_lambda: Callable[[Any], Any]) -> Schedule:
    """`torch.optim.lr_scheduler.LambdaLR`: lr · λ(count).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LambdaLR.html

    Args:
        lr: the rate of the optimizer, at least 0.
        lr_lambda: λ, a function of the count, a float scalar, that JAX can trace.

    Returns:
        A schedule, `count -> rate`.

    Raises:
        TypeError: `lr_lambda` is not a function.

    >>> from jaxgrad.schedules import lambda_lr
    >>> [float(lambda_lr(1.0, lambda t: 0.5**t)(count)) for count in range(3)]
    [1.0, 0.5, 0.25]
    """
    check = _checks.of("lambda_lr")
    lr = rate(check, lr)
    function = _function(check, lr_lambda)
    return overwriting(lr, lambda count: lr * function(count))


def multiplicative_lr(lr: Number, lr_lambda: Callable[[Any], Any]) -> Schedule:
    """`torch.optim.lr_scheduler.MultiplicativeLR`: lr · λ(1) ⋯ λ(count).

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiplicativeLR.html

    Args:
        lr: the rate of the optimizer, at least 0.
        lr_lambda: λ, a function of the count, a float scalar, that JAX can trace.

    Returns:
        A schedule, `count -> rate`. Each call multiplies again, which takes `count` steps.

    Raises:
        TypeError: `lr_lambda` is not a function.

    >>> from jaxgrad.schedules import multiplicative_lr
    >>> [float(multiplicative_lr(1.0, lambda t: 1 / t)(count)) for count in range(4)][2:]
    [0.5, 0.1666666716337204]
    """
    check = _checks.of("multiplicative_lr")
    function = _function(check, lr_lambda)
    return Schedule(
        rate(check, lr),
        first=lambda rate: rate,
        step=lambda count, rate: rate * function(count),
        restart=lambda rate: rate * function(jnp.zeros(())),
    )


def step_lr(lr: Number, step_size: float, gamma: Number = 0.1) -> Schedule:
    """`torch.optim.lr_scheduler.StepLR`: lr · γ^⌊count / step_size⌋.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html

    Args:
        lr: the rate of the optimizer, at least 0.
        step_size: the number of counts with the same rate.
        gamma: the factor γ.

    Returns:
        A schedule, `count -> rate`.

    Raises:
        ValueError: `step_size` is below 1.
        TypeError: an argument is not a number.

    >>> from jaxgrad.schedules import step_lr
    >>> [float(step_lr(1.0, 2, gamma=0.5)(count)) for count in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    check = _checks.of("step_lr")
    size = counted(check, "step_size", step_size, 1)
    gamma = check.number("gamma", gamma)

    def step(count: jax.Array, rate: Any) -> Any:
        return rate * jnp.where((count > 0) & (count % size == 0), gamma, 1)

    # A compiled count / size is a product with 1 / size, and may be just below a whole number.
    return scaling(rate(check, lr), lambda count: gamma ** jnp.floor_divide(count, size), step=step)


def multi_step_lr(lr: Number, milestones: Sequence[float], gamma: Number = 0.1) -> Schedule:
    """`torch.optim.lr_scheduler.MultiStepLR`: lr · γ^(number of milestones up to count).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiStepLR.html

    Args:
        lr: the rate of the optimizer, at least 0.
        milestones: counts in any order; repeated ones count repeatedly.
        gamma: the factor γ.

    Returns:
        A schedule, `count -> rate`.

    Raises:
        ValueError: a milestone is below 0.
        TypeError: an argument is not a number, or a milestone is not an integer.

    >>> from jaxgrad.schedules import multi_step_lr
    >>> [float(multi_step_lr(1.0, [1, 3], gamma=0.5)(count)) for count in range(5)]
    [1.0, 0.5, 0.5, 0.25, 0.25]
    """
    check = _checks.of("multi_step_lr")
    at = [counted(check, "milestones", one, 0) for one in milestones]
    gamma = check.number("gamma", gamma)

    def passed(count: jax.Array) -> Any:
        return sum(((count >= one).astype(float) for one in at), jnp.zeros(()))

    def step(count: jax.Array, rate: Any) -> Any:
        return rate * gamma ** sum(((count == one).astype(float) for one in at), jnp.zeros(()))

    first = gamma ** at.count(0)
    return scaling(rate(check, lr), lambda count: gamma ** passed(count), first=first, step=step)


def constant_lr(lr: Number, factor: Number = 1 / 3, total_iters: float = 5) -> Schedule:
    """`torch.optim.lr_scheduler.ConstantLR`: lr · factor until count `total_iters`, then lr.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ConstantLR.html

    Args:
        lr: the rate of the optimizer, at least 0.
        factor: the factor of the rate, in (0, 1].
        total_iters: the number of counts that are scaled; for 0 all are, as in PyTorch's loop.

    Returns:
        A schedule, `count -> rate`.

    Raises:
        ValueError: a number is out of range.
        TypeError: an argument is not a number.

    Differs from PyTorch: a factor of 0 is refused at once, where PyTorch divides by it later.

    >>> from jaxgrad.schedules import constant_lr
    >>> [float(constant_lr(1.0, 0.5, total_iters=2)(count)) for count in range(4)]
    [0.5, 0.5, 1.0, 1.0]
    """
    check = _checks.of("constant_lr")
    share = _share(check, "factor", factor)
    total = counted(check, "total_iters", total_iters, 0)

    def step(count: jax.Array, rate: Any) -> Any:
        ends = jnp.where(count == total, 1 / share, 1)
        return rate * jnp.where(count == 0, share, ends)

    def of(count: jax.Array) -> Any:
        return jnp.where((count >= total) & (total > 0), 1.0, share)

    return scaling(rate(check, lr), of, share, step)


def linear_lr(
    lr: Number, start_factor: Number = 1 / 3, end_factor: Number = 1.0, total_iters: float = 5
) -> Schedule:
    """`torch.optim.lr_scheduler.LinearLR`: lr times a line from `start_factor` to `end_factor`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LinearLR.html

    Args:
        lr: the rate of the optimizer, at least 0.
        start_factor: the first factor, in (0, 1].
        end_factor: the last factor, in [0, 1].
        total_iters: the count at which the line ends; for 0 the factor stays at `start_factor`.

    Returns:
        A schedule, `count -> rate`.

    Raises:
        ValueError: a number is out of range.
        TypeError: an argument is not a number.

    >>> from jaxgrad.schedules import linear_lr
    >>> [float(linear_lr(1.0, 0.5, total_iters=2)(count)) for count in range(4)]
    [0.5, 0.75, 1.0, 1.0]
    """
    check = _checks.of("linear_lr")
    start = _share(check, "start_factor", start_factor)
    end = bounded(check, "end_factor", end_factor, lambda x: (x >= 0) & (x <= 1), "in [0, 1]")
    total = counted(check, "total_iters", total_iters, 0)

    def of(count: jax.Array) -> Any:
        line = start + (end - start) * count / max(total, 1)
        return jnp.where(count < total, line, end if total else start)

    def step(count: jax.Array, rate: Any) -> Any:
        before = total * start + (count - 1) * (end - start)
        grows = 1 + (end - start) / jnp.where(before == 0, 1, before)
        return rate * jnp.where(count == 0, start, jnp.where(count > total, 1, grows))

    return scaling(rate(check, lr), of, start, step)


def exponential_lr(lr: Number, gamma: Number) -> Schedule:
    """`torch.optim.lr_scheduler.ExponentialLR`: lr · γ^count.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ExponentialLR.html

    Args:
        lr: the rate of the optimizer, at least 0.
        gamma: the factor γ.

    Returns:
        A schedule, `count -> rate`.

    Raises:
        TypeError: an argument is not a number.

    >>> from jaxgrad.schedules import exponential_lr
    >>> [float(exponential_lr(1.0, 0.5)(count)) for count in range(3)]
    [1.0, 0.5, 0.25]
    """
    check = _checks.of("exponential_lr")
    gamma = check.number("gamma", gamma)
    return scaling(
        rate(check, lr),
        lambda count: gamma**count,
        step=lambda count, rate: rate * gamma,
    )


def polynomial_lr(lr: Number, total_iters: float = 5, power: Number = 1.0) -> Schedule:
    """`torch.optim.lr_scheduler.PolynomialLR`: lr · (1 - count / total_iters)^power, then 0.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.PolynomialLR.html

    Args:
        lr: the rate of the optimizer, at least 0.
        total_iters: the count from which the rate is 0; for 0 the rate stays at lr.
        power: the exponent.

    Returns:
        A schedule, `count -> rate`.

    Raises:
        ValueError: `total_iters` is below 0.
        TypeError: an argument is not a number.

    >>> from jaxgrad.schedules import polynomial_lr
    >>> [float(polynomial_lr(1.0, 2, power=2.0)(count)) for count in range(4)]
    [1.0, 0.25, 0.0, 0.0]
    """
    check = _checks.of("polynomial_lr")
    total = counted(check, "total_iters", total_iters, 0)
    power = check.number("power", power)

    def left(count: jax.Array) -> Any:
        return jnp.maximum(total - count, 0) / total if total else jnp.ones_like(count)

    def step(count: jax.Array, rate: Any) -> Any:
        before = 1 - (count - 1) / max(total, 1)
        ratio = left(count) / jnp.where(before == 0, 1, before)
        return rate * jnp.where(count > total, 1, ratio**power)

    return scaling(rate(check, lr), lambda count: left(count) ** power, step=step)


def _share(check: Checks, argument: str, value: Any) -> Number:
    return bounded(check, argument, value, lambda x: (x > 0) & (x <= 1), "in (0, 1]")


def _function(check: Checks, value: Any) -> Callable[[Any], Any]:
    if not callable(value):
        got = f"{type(value).__name__} {value!r:.60}"
        raise TypeError(check.wrong("lr_lambda", "a function", got))
    return value
