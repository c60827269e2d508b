"""Averaged stochastic gradient descent."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from . import _arguments as arguments
from ._arguments import Number, Rate
from ._leafwise import Leaf, Options, Rule, Scalars, Slots, after, leafwise
from ._numbers import like
from .adam import zeros


class ASGDState(NamedTuple):
    """What `asgd` remembers.

    Attributes:
        count: int32, the updates so far, which a schedule is given.
        step: int32, a number for each leaf: its updates that had a gradient.
        ax: the averages of the parameters, which are what to use in the end.
        eta: float32, a number for each leaf: the rate of its next step.
        mu: float32, a number for each leaf: the share of its next parameters in the average.
    """

    count: Any
    step: Any
    ax: Any
    eta: Any
    mu: Any


def asgd(
    lr: Rate = 1e-2,
    lambd: Number = 1e-4,
    alpha: Number = 0.75,
    t0: Number = 1e6,
    weight_decay: Number = 0.0,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """`torch.optim.ASGD`: θ ← (1 - λ η) θ - η g, and ax ← ax + μ (θ - ax).

        η = lr / (1 + λ lr t)^α,   μ = 1 / max(1, t - t₀)

    Source: Polyak and Juditsky, 1992, https://dl.acm.org/citation.cfm?id=131098;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.ASGD.html

    Args:
        lr: the learning rate, at least 0: a number, a traced scalar, or a schedule.
        lambd: λ, the decay.
        alpha: α, how fast the rate falls.
        t0: the step at which averaging begins; the average is the parameters until then.
        weight_decay: times the parameters it is added to the gradient, at least 0.
        maximize: whether the gradient is followed instead of descended.

    Returns:
        A transformation of gradients, whose `update` needs the parameters. The averages are
        `state.ax`.

    Raises:
        ValueError: a number is out of range.
        TypeError: an argument is no number.

    As in PyTorch, η and μ are kept in float32, of float64 parameters too, and a new learning rate
    counts from the next step on.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.optim import asgd
    >>> optimizer, params = asgd(lr=0.5), jnp.zeros(1)
    >>> updates, state = optimizer.update(jnp.array([4.0]), optimizer.init(params), params)
    >>> float(updates[0]), float(state.ax[0])
    (-2.0, -2.0)
    """
    (weight_decay,) = arguments.not_negative("asgd", weight_decay=weight_decay)
    lambd, alpha, t0 = (
        arguments.number("asgd", name, value)
        for name, value in (("lambd", lambd), ("alpha", alpha), ("t0", t0))
    )

    def numbers(scalars: Scalars, step: jax.Array, lr: Any) -> dict[str, Any]:
        now = jnp.where(step == 1, jnp.asarray(lr).astype(jnp.float32), scalars["eta"])
        return {
            "now": now,
            "share": scalars["mu"],
            "decay": lambd * now.astype(step.dtype),
            "eta": lr * jnp.exp(-alpha * jnp.log1p(lambd * lr * like(lr, step))),
            "mu": 1 / jnp.maximum(1, step - t0),
        }

    def move(leaf: Leaf) -> tuple[tuple[jax.Array, ...], Slots]:
        n, rounded = leaf.numbers, leaf.rounded
        deltas = (-rounded(n["now"]) * leaf.grad,)
        new, ax = after(leaf.kept, deltas, rounded), leaf.slots["ax"]
        averaged = rounded(ax + rounded(rounded(new - ax) * n["share"]))
        return deltas, {"ax": jnp.where(n["share"] == 1, new, averaged)}

    rule = Rule(
        "asgd", ASGDState, ("ax",), zeros("ax"), numbers, move, ("eta", "mu"), needs_params=True
    )
    return leafwise(rule, lr, Options(weight_decay, maximize=maximize))
