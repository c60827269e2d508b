"""Rprop: the signs of the gradient, and a separate step for every element."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from .. import _checks
from ..tensor import sign
from . import _hyperparameters
from ._hyperparameters import Number, Rate
from ._leafwise import Leaf, Options, Rule, Scalars, Slots, leafwise
from .adam import zeros


class RpropState(NamedTuple):
    """The state of `rprop`: the last gradients and the steps; see `AdamState`."""

    count: Any
    step: Any
    prev: Any
    step_size: Any


def rprop(
    lr: Rate = 1e-2,
    etas: tuple[Number, Number] = (0.5, 1.2),
    step_sizes: tuple[Number, Number] = (1e-6, 50.0),
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """`torch.optim.Rprop`: θ ← θ - s · sign(g).

        s ← s · η⁺ where g has kept its sign, s · η⁻ where it has changed, within `step_sizes`

    Where the sign has changed, the element does not move, and its gradient counts as 0 at the next
    step.

    Source: Riedmiller and Braun, 1993, https://doi.org/10.1109/ICNN.1993.298623;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Rprop.html

    Args:
        lr: the first step s, at least 0: a number, a traced scalar, or a schedule, whose value at
            the first gradient of a leaf is used.
        etas: (η⁻, η⁺), 0 < η⁻ < 1 < η⁺.
        step_sizes: the smallest and the largest step.
        maximize: whether to ascend along the gradient instead of descending.

    Returns:
        A transformation of gradients.

    Raises:
        ValueError: a number is out of range.
        TypeError: an argument is not a number.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.optim import rprop
    >>> optimizer = rprop(lr=0.5)
    >>> state = optimizer.init(jnp.zeros(1))
    >>> for grad in (3.0, 1.0, -9.0):
    ...     updates, state = optimizer.update(jnp.array([grad]), state)
    ...     print(updates)
    [-0.5]
    [-0.6]
    [-0.]
    """
    check = _checks.of("rprop")
    down, up = _hyperparameters.pair(check, "etas", etas)
    down = _hyperparameters.bounded(
        check, "etas[0]", down, lambda x: (x > 0) & (x < 1), "in (0, 1)"
    )
    up = _hyperparameters.bounded(check, "etas[1]", up, lambda x: x > 1, "above 1")
    least, most = (
        _hyperparameters.number(check, f"step_sizes[{i}]", size)
        for i, size in enumerate(_hyperparameters.pair(check, "step_sizes", step_sizes))
    )

    def numbers(scalars: Scalars, step: jax.Array, lr: Any) -> dict[str, Any]:
        return {
            "lr": lr,
            "first": step == 1,
            "down": down,
            "up": up,
            "least": least,
            "most": most,
        }

    def move(leaf: Leaf) -> tuple[tuple[jax.Array, ...], Slots]:
        g, n, rounded = leaf.grad, leaf.numbers, leaf.rounded
        kept = sign(rounded(g * leaf.slots["prev"]))
        factor = jnp.where(kept > 0, n["up"], jnp.where(kept < 0, n["down"], 1))
        size = jnp.where(n["first"], rounded(jnp.full_like(g, n["lr"])), leaf.slots["step_size"])
        size = rounded(size * rounded(factor.astype(g.dtype)))
        size = jnp.where(size < n["least"], n["least"], size)  # at a bound the derivative is 1
        size = jnp.where(size > n["most"], n["most"], size)
        g = jnp.where(kept < 0, 0, g)
        return (-sign(g) * size,), {"prev": g, "step_size": rounded(size)}

    slots = ("prev", "step_size")
    rule = Rule("rprop", RpropState, slots, zeros(*slots), numbers, move)
    return leafwise(rule, lr, Options(maximize=maximize))
