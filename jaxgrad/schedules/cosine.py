"""Cosine annealing, once and with restarts."""

import math
from typing import Any

import jax
import jax.numpy as jnp

from .. import _checks
from ._schedule import NEVER, Number, Schedule, counted, integer_count, overwriting, rate


def cosine_annealing_lr(lr: Number, T_max: float, eta_min: Number = 0.0) -> Schedule:
    """`torch.optim.lr_scheduler.CosineAnnealingLR`.

        η = eta_min + (lr - eta_min) (1 + cos(π count / T_max)) / 2

    After `T_max` the rate rises again, to lr at 2 T_max, and so on: PyTorch does not clamp it.

    Source: Loshchilov and Hutter, 2017, https://arxiv.org/abs/1608.03983;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingLR.html

    Args:
        lr: the rate of the optimizer, at least 0.
        T_max: the count of the first minimum.
        eta_min: the minimum.

    Returns:
        A schedule, `count -> rate`.

    Raises:
        ValueError: `T_max` is below 1.
        TypeError: an argument is not a number.

    Differs from PyTorch: PyTorch multiplies by the ratio of two cosines at every step, so that its
    rounding errors add up; this is the closed form.

    >>> from jaxgrad.schedules import cosine_annealing_lr
    >>> [round(float(cosine_annealing_lr(1.0, 2)(count)), 2) for count in range(5)]
    [1.0, 0.5, 0.0, 0.5, 1.0]
    """
    check = _checks.of("cosine_annealing_lr")
    lr, period = rate(check, lr), counted(check, "T_max", T_max, 1)
    least = check.number("eta_min", eta_min)

    def height(count: jax.Array) -> Any:
        return 1 + jnp.cos(math.pi * count / period)

    def step(count: jax.Array, rate: Any) -> Any:
        turns = (count - 1 - period) % (2 * period) == 0
        up = rate + (lr - least) * (1 - math.cos(math.pi / period)) / 2
        before = jnp.where(turns, 1, height(count - 1))
        return jnp.where(turns, up, height(count) / before * (rate - least) + least)

    def closed(count: jax.Array) -> Any:
        return least + (lr - least) * height(count) / 2

    return Schedule(
        lr,
        first=lambda rate: rate,
        step=step,
        restart=lambda rate: closed(jnp.zeros(())),
        closed=closed,
    )


def cosine_annealing_warm_restarts(
    lr: Number, T_0: int, T_mult: int = 1, eta_min: Number = 0.0
) -> Schedule:
    """`torch.optim.lr_scheduler.CosineAnnealingWarmRestarts`: from lr to `eta_min`, and again.

        η = eta_min + (lr - eta_min) (1 + cos(π T_cur / T_i)) / 2

    Cycle i has T_i = T_0 T_multⁱ counts, and T_cur is the count within it.

    Source: Loshchilov and Hutter, 2017, https://arxiv.org/abs/1608.03983; the class's page at
    https://docs.pytorch.org/docs/stable/optim.html

    Args:
        lr: the rate of the optimizer, at least 0.
        T_0: the length of the first cycle.
        T_mult: the ratio of the lengths of two successive cycles.
        eta_min: the lower bound of the rate, which is not reached.

    Returns:
        A schedule, `count -> rate`.

    Raises:
        ValueError: `T_0` or `T_mult` is below 1.
        TypeError: an argument is not a number.

    >>> from jaxgrad.schedules import cosine_annealing_warm_restarts
    >>> schedule = cosine_annealing_warm_restarts(1.0, 2, T_mult=2)
    >>> [round(float(schedule(count)), 2) for count in range(7)]
    [1.0, 0.5, 1.0, 0.85, 0.5, 0.15, 1.0]
    """
    check = _checks.of("cosine_annealing_warm_restarts")
    lr, first, mult = (
        rate(check, lr),
        integer_count(check, "T_0", T_0, 1),
        integer_count(check, "T_mult", T_mult, 1),
    )
    least = check.number("eta_min", eta_min)
    starts, lengths = [0.0], [first]
    while mult > 1 and starts[-1] + lengths[-1] < 2**63:
        starts.append(starts[-1] + lengths[-1])
        lengths.append(min(lengths[-1] * mult, NEVER))

    def closed(count: jax.Array) -> Any:
        if mult == 1:
            within, length = count % first, jnp.full((), first, count.dtype)
        else:
            begun = jnp.asarray(starts, count.dtype)
            each = begun.reshape(-1, *(1,) * count.ndim)
            cycle = jnp.sum(count[None] >= each, axis=0) - 1
            within = count - begun[cycle]
            length = jnp.asarray(lengths, count.dtype)[cycle]
        return least + (lr - least) * (1 + jnp.cos(math.pi * within / length)) / 2

    return overwriting(lr, closed)
