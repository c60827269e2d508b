"""Schedules that scale the rate: by steps, by a line, by a power, by a function."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from .. import _checks
from ._schedule import Number, Schedule, counted, number, overwriting, rate, scaling


def lambda_lr(lr: Number, lr_lambda: Callable[[Any], Any]) -> Schedule:
    """`torch.optim.lr_scheduler.LambdaLR`: lr · λ(count).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LambdaLR.html

    Args:
        lr: the rate of the optimizer, at least 0.
        lr_lambda: a function that JAX can trace, of a count as a float scalar.

    Returns:
        A schedule, `count -> rate`.

    Raises:
        TypeError: `lr_lambda` is no function.

    >>> from jaxgrad.schedules import lambda_lr
    >>> [float(lambda_lr(1.0, lambda t: 0.5**t)(count)) for count in range(3)]
    [1.0, 0.5, 0.25]
    """
    lr = rate("lambda_lr", lr)
    function = _function("lambda_lr", lr_lambda)
    return overwriting(lr, lambda count: lr * function(count))


def multiplicative_lr(lr: Number, lr_lambda: Callable[[Any], Any]) -> Schedule:
    """`torch.optim.lr_scheduler.MultiplicativeLR`: lr · λ(1) ⋯ λ(count).

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiplicativeLR.html

    Args:
        lr: the rate of the optimizer, at least 0.
        lr_lambda: a function that JAX can trace, of a count as a float scalar.

    Returns:
        A schedule, `count -> rate`. It multiplies anew each time, which takes `count` steps.

    Raises:
        TypeError: `lr_lambda` is no function.

    >>> from jaxgrad.schedules import multiplicative_lr
    >>> [float(multiplicative_lr(1.0, lambda t: 1 / t)(count)) for count in range(4)][2:]
    [0.5, 0.1666666716337204]
    """
    function = _function("multiplicative_lr", lr_lambda)
    return Schedule(
        rate("multiplicative_lr", lr),
        first=lambda rate: rate,
        step=lambda count, rate: rate * function(count),
        restart=lambda rate: rate * function(jnp.zeros(())),
    )


def step_lr(lr: Number, step_size: float, gamma: Number = 0.1) -> Schedule:
    """`torch.optim.lr_scheduler.StepLR`: lr · γ^⌊count / step_size⌋.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html

    Args:
        lr: the rate of the optimizer, at least 0.
        step_size: how many counts are alike.
        gamma: γ.

    Returns:
        A schedule, `count -> rate`.

    Raises:
        ValueError: `step_size` is below 1.
        TypeError: an argument is no number.

    >>> from jaxgrad.schedules import step_lr
    >>> [float(step_lr(1.0, 2, gamma=0.5)(count)) for count in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    size = counted("step_lr", "step_size", step_size, 1)
    gamma = number("step_lr", "gamma", gamma)

    def step(count: jax.Array, rate: Any) -> Any:
        return rate * jnp.where((count > 0) & (count % size == 0), gamma, 1)

    return scaling(rate("step_lr", lr), lambda count: gamma ** jnp.floor(count / size), step=step)


def multi_step_lr(lr: Number, milestones: Sequence[float], gamma: Number = 0.1) -> Schedule:
    """`torch.optim.lr_scheduler.MultiStepLR`: lr · γ^(how many milestones are at most count).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiStepLR.html

    Args:
        lr: the rate of the optimizer, at least 0.
        milestones: counts, in any order; one that comes twice counts twice.
        gamma: γ.

    Returns:
        A schedule, `count -> rate`.

    Raises:
        ValueError: a milestone is below 0.
        TypeError: an argument is no number, or a milestone no integer.

    >>> from jaxgrad.schedules import multi_step_lr
    >>> [float(multi_step_lr(1.0, [1, 3], gamma=0.5)(count)) for count in range(5)]
    [1.0, 0.5, 0.5, 0.25, 0.25]
    """
    at = [counted("multi_step_lr", "milestones", one, 0) for one in milestones]
    gamma = number("multi_step_lr", "gamma", gamma)

    def passed(count: jax.Array) -> Any:
        return sum(((count >= one).astype(float) for one in at), jnp.zeros(()))

    def step(count: jax.Array, rate: Any) -> Any:
        return rate * gamma ** sum(((count == one).astype(float) for one in at), jnp.zeros(()))

    first = gamma ** at.count(0)
    return scaling(
        rate("multi_step_lr", lr), lambda count: gamma ** passed(count), first=first, step=step
    )


def constant_lr(lr: Number, factor: Number = 1 / 3, total_iters: float = 5) -> Schedule:
    """`torch.optim.lr_scheduler.ConstantLR`: lr · factor until count `total_iters`, then lr.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ConstantLR.html

    Args:
        lr: the rate of the optimizer, at least 0.
        factor: in (0, 1].
        total_iters: how many counts are scaled; of 0, all of them, as in PyTorch's loop.

    Returns:
        A schedule, `count -> rate`.

    Raises:
        ValueError: a number is out of range.
        TypeError: an argument is no number.

    Differs from PyTorch: a factor of 0 is refused at once, where PyTorch divides by it later.

    >>> from jaxgrad.schedules import constant_lr
    >>> [float(constant_lr(1.0, 0.5, total_iters=2)(count)) for count in range(4)]
    [0.5, 0.5, 1.0, 1.0]
    """
    share = _share("constant_lr", "factor", factor)
    total = counted("constant_lr", "total_iters", total_iters, 0)

    def step(count: jax.Array, rate: Any) -> Any:
        ends = jnp.where(count == total, 1 / share, 1)
        return rate * jnp.where(count == 0, share, ends)

    def of(count: jax.Array) -> Any:
        return jnp.where((count >= total) & (total > 0), 1.0, share)

    return scaling(rate("constant_lr", lr), of, share, step)


def linear_lr(
    lr: Number, start_factor: Number = 1 / 3, end_factor: Number = 1.0, total_iters: float = 5
) -> Schedule:
    """`torch.optim.lr_scheduler.LinearLR`: lr times a line from `start_factor` to `end_factor`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LinearLR.html

    Args:
        lr: the rate of the optimizer, at least 0.
        start_factor: in (0, 1].
        end_factor: in [0, 1].
        total_iters: the count at which the line ends; of 0, it stays at its start.

    Returns:
        A schedule, `count -> rate`.

    Raises:
        ValueError: a number is out of range.
        TypeError: an argument is no number.

    >>> from jaxgrad.schedules import linear_lr
    >>> [float(linear_lr(1.0, 0.5, total_iters=2)(count)) for count in range(4)]
    [0.5, 0.75, 1.0, 1.0]
    """
    start = _share("linear_lr", "start_factor", start_factor)
    end = number("linear_lr", "end_factor", end_factor, lambda x: (x >= 0) & (x <= 1), "in [0, 1]")
    total = counted("linear_lr", "total_iters", total_iters, 0)

    def of(count: jax.Array) -> Any:
        line = start + (end - start) * count / max(total, 1)
        return jnp.where(count < total, line, end if total else start)

    def step(count: jax.Array, rate: Any) -> Any:
        before = total * start + (count - 1) * (end - start)
        grows = 1 + (end - start) / jnp.where(before == 0, 1, before)
        return rate * jnp.where(count == 0, start, jnp.where(count > total, 1, grows))

    return scaling(rate("linear_lr", lr), of, start, step)


def exponential_lr(lr: Number, gamma: Number) -> Schedule:
    """`torch.optim.lr_scheduler.ExponentialLR`: lr · γ^count.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ExponentialLR.html

    Args:
        lr: the rate of the optimizer, at least 0.
        gamma: γ.

    Returns:
        A schedule, `count -> rate`.

    Raises:
        TypeError: an argument is no number.

    >>> from jaxgrad.schedules import exponential_lr
    >>> [float(exponential_lr(1.0, 0.5)(count)) for count in range(3)]
    [1.0, 0.5, 0.25]
    """
    gamma = number("exponential_lr", "gamma", gamma)
    return scaling(
        rate("exponential_lr", lr),
        lambda count: gamma**count,
        step=lambda count, rate: rate * gamma,
    )


def polynomial_lr(lr: Number, total_iters: float = 5, power: Number = 1.0) -> Schedule:
    """`torch.optim.lr_scheduler.PolynomialLR`: lr · (1 - count / total_iters)^power, then 0.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.PolynomialLR.html

    Args:
        lr: the rate of the optimizer, at least 0.
        total_iters: the count from which the rate is 0; of 0, it stays as it is.
        power: the exponent.

    Returns:
        A schedule, `count -> rate`.

    Raises:
        ValueError: `total_iters` is below 0.
        TypeError: an argument is no number.

    >>> from jaxgrad.schedules import polynomial_lr
    >>> [float(polynomial_lr(1.0, 2, power=2.0)(count)) for count in range(4)]
    [1.0, 0.25, 0.0, 0.0]
    """
    total = counted("polynomial_lr", "total_iters", total_iters, 0)
    power = number("polynomial_lr", "power", power)

    def left(count: jax.Array) -> Any:
        return jnp.maximum(total - count, 0) / total if total else jnp.ones_like(count)

    def step(count: jax.Array, rate: Any) -> Any:
        before = 1 - (count - 1) / max(total, 1)
        ratio = left(count) / jnp.where(before == 0, 1, before)
        return rate * jnp.where(count > total, 1, ratio**power)

    return scaling(rate("polynomial_lr", lr), lambda count: left(count) ** power, step=step)


def _share(function: str, argument: str, value: Any) -> Number:
    return number(function, argument, value, lambda x: (x > 0) & (x <= 1), "in (0, 1]")


def _function(function: str, value: Any) -> Callable[[Any], Any]:
    if not callable(value):
        got = f"{type(value).__name__} {value!r:.60}"
        raise TypeError(_checks.wrong(function, "lr_lambda", "a function", got))
    return value
