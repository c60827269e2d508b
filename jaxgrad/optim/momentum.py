"""Stochastic gradient descent with PyTorch's momentum."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from .. import _checks
from . import _hyperparameters
from ._hyperparameters import Number, Rate, is_used
from ._leafwise import Leaf, Options, Rule, Scalars, Slots, leafwise


class SGDState(NamedTuple):
    """The state of `sgd`.

    Attributes:
        count: int32, the number of updates, the argument of a schedule.
        step: int32, a number for each leaf: the updates in which it had a gradient.
        momentum_buffer: the velocities, like the parameters; None without momentum.
    """

    count: Any
    step: Any
    momentum_buffer: Any = None


def sgd(
    lr: Rate = 1e-3,
    momentum: Number = 0.0,
    dampening: Number = 0.0,
    weight_decay: Number = 0.0,
    nesterov: bool = False,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """`torch.optim.SGD`: θ ← θ - lr · b, or with `nesterov` θ ← θ - lr (g + momentum · b).

        b ← momentum · b + (1 - dampening) g, and b = g at the first step

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html

    Args:
        lr: the learning rate, at least 0: a number, a traced scalar, or a schedule
            `count -> lr`.
        momentum: the decay of the velocity b, at least 0. For the Python number 0 no b is kept.
        dampening: the share of a gradient that is not added to the velocity.
        weight_decay: the factor of the parameters that is added to the gradient, at least 0.
        nesterov: whether to use Nesterov momentum, which needs a momentum and no dampening.
        maximize: whether to ascend along the gradient instead of descending.

    Returns:
        A transformation of gradients, whose `update` needs the parameters for a decay.

    Raises:
        ValueError: a number is out of range; `nesterov` without momentum or with dampening.
        TypeError: an argument is not a number.

    Differs from PyTorch: the derivative with respect to the first gradient flows through the first
    velocity (with `differentiable=True` PyTorch detaches that velocity and loses the derivative).

    >>> import jax.numpy as jnp
    >>> from jaxgrad.optim import sgd
    >>> optimizer = sgd(lr=0.5, momentum=0.9, dampening=0.5)
    >>> state = optimizer.init(jnp.zeros(1))
    >>> for _ in range(2):
    ...     updates, state = optimizer.update(jnp.ones(1), state)
    ...     print(updates)
    [-0.5]
    [-0.7]
    """
    check = _checks.of("sgd")
    momentum, weight_decay = _hyperparameters.not_negative(
        check, momentum=momentum, weight_decay=weight_decay
    )
    dampening = _hyperparameters.number(check, "dampening", dampening)
    if check.truth("nesterov", nesterov):
        text = "sgd: nesterov must come with a momentum and without dampening, got {m} and {d}"
        fits = (momentum > 0) & (dampening == 0)
        _checks.holds(fits, text, m=lambda: jnp.asarray(momentum), d=lambda: jnp.asarray(dampening))

    def numbers(scalars: Scalars, step: jax.Array, lr: Any) -> dict[str, Any]:
        first = {"first": step == 1} if is_used(dampening) else {}
        return {"lr": lr, "momentum": momentum, "dampening": dampening, **first}

    def move(leaf: Leaf) -> tuple[tuple[jax.Array, ...], Slots]:
        g, n, rounded = leaf.grad, leaf.numbers, leaf.rounded
        if not is_used(momentum):
            return (-rounded(n["lr"]) * g,), {}
        old = rounded(leaf.slots["momentum_buffer"] * n["momentum"])
        b = rounded(old + rounded(1 - n["dampening"]) * g)
        if is_used(dampening):
            b = jnp.where(n["first"], g, b)
        ahead = rounded(g + rounded(n["momentum"]) * b) if nesterov else b
        if not isinstance(momentum, float):  # a traced 0 means no momentum
            ahead = jnp.where(n["momentum"] == 0, g, ahead)
        return (-rounded(n["lr"]) * ahead,), {"momentum_buffer": b}

    def start(leaf: jax.Array) -> Slots:
        return {"momentum_buffer": jnp.zeros_like(leaf)}

    slots = ("momentum_buffer",) if is_used(momentum) else ()
    rule = Rule("sgd", SGDState, slots, start, numbers, move)
    return leafwise(rule, lr, Options(weight_decay, maximize=maximize))
