"""Averaged stochastic gradient descent."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from .. import _checks
from . import _hyperparameters
from ._formulas import in_dtype_of
from ._hyperparameters import Number, Rate
from ._leafwise import Leaf, Options, Rule, Scalars, Slots, after, leafwise
from .adam import zeros


class ASGDState(NamedTuple):
    """The state of `asgd`.

    Attributes:
        count: int32, the number of updates, the argument of a schedule.
        step: int32, a number for each leaf: the updates in which it had a gradient.
        ax: the averages of the parameters, for use after training.
        eta: float32, a number for each leaf: the rate of its next step.
        mu: float32, a number for each leaf: the weight of its next parameters in the average.
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
        alpha: α, the exponent of the fall of the rate.
        t0: the step at which averaging begins; the average is the parameters until then.
        weight_decay: the factor of the parameters that is added to the gradient, at least 0.
        maximize: whether to ascend along the gradient instead of descending.

    Returns:
        A transformation of gradients, whose `update` needs the parameters. The averages are
        `state.ax`.

    Raises:
        ValueError: a number is out of range.
        TypeError: an argument is not a number.

    As in PyTorch, η and μ are kept in float32, even for float64 parameters, and a new learning rate
    takes effect at the next step.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.optim import asgd
    >>> optimizer, params = asgd(lr=0.5), jnp.zeros(1)
    >>> updates, state = optimizer.update(jnp.array([4.0]), optimizer.init(params), params)
    >>> float(updates[0]), float(state.ax[0])
    (-2.0, -2.0)
    """
    check = _checks.of("asgd")
    (weight_decay,) = _hyperparameters.not_negative(check, weight_decay=weight_decay)
    lambd, alpha, t0 = (
        _hyperparameters.number(check, name, value)
        for name, value in (("lambd", lambd), ("alpha", alpha), ("t0", t0))
    )

    def numbers(scalars: Scalars, step: jax.Array, lr: Any) -> dict[str, Any]:
        now = jnp.where(step == 1, jnp.asarray(lr).astype(jnp.float32), scalars["eta"])
        return {
            "now": now,
            "share": scalars["mu"],
            "decay": lambd * now.astype(step.dtype),
            "eta": lr * jnp.exp(-alpha * jnp.log1p(lambd * lr * in_dtype_of(lr, step))),
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
