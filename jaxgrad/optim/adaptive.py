"""Adagrad, Adadelta and RMSprop: steps divided by the size of each element's past gradients."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from .. import _checks
from . import _hyperparameters
from ._formulas import in_dtype_of, lerp
from ._hyperparameters import Number, Rate, is_used
from ._leafwise import Leaf, Options, Rule, Scalars, Slots, leafwise
from .adam import zeros


class AdagradState(NamedTuple):
    """The state of `adagrad`: `sum` adds up the squared gradients; see `AdamState`."""

    count: Any
    step: Any
    sum: Any


class AdadeltaState(NamedTuple):
    """The state of `adadelta`: averages of squared gradients and squared steps."""

    count: Any
    step: Any
    square_avg: Any
    acc_delta: Any


class RMSpropState(NamedTuple):
    """The state of `rmsprop`.

    Attributes:
        count: int32, the number of updates, the argument of a schedule.
        step: int32, a number for each leaf: the updates in which it had a gradient.
        square_avg: the averages of the squared gradients, like the parameters.
        momentum_buffer: the velocities; None without momentum.
        grad_avg: the averages of the gradients; None unless `centered`.
    """

    count: Any
    step: Any
    square_avg: Any
    momentum_buffer: Any = None
    grad_avg: Any = None


def adagrad(
    lr: Rate = 1e-2,
    lr_decay: Number = 0.0,
    weight_decay: Number = 0.0,
    initial_accumulator_value: Number = 0.0,
    eps: Number = 1e-10,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """`torch.optim.Adagrad`: θ ← θ - lr / (1 + (t - 1) lr_decay) · g / (√s + ε), s ← s + g².

    Source: Duchi, Hazan and Singer, 2011, https://jmlr.org/papers/v12/duchi11a.html;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Adagrad.html

    Args:
        lr: the learning rate, at least 0: a number, a traced scalar, or a schedule.
        lr_decay: how fast the rate falls with t, at least 0.
        weight_decay: the factor of the parameters that is added to the gradient, at least 0.
        initial_accumulator_value: the first value of s, at least 0.
        eps: the number that is added to the root (optax adds it inside the root), at least 0.
        maximize: whether to ascend along the gradient instead of descending.

    Returns:
        A transformation of gradients, whose `update` needs the parameters for a decay.

    Raises:
        ValueError: a number is out of range.
        TypeError: an argument is not a number.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.optim import adagrad
    >>> optimizer = adagrad(lr=0.5)
    >>> updates, _ = optimizer.update(jnp.array([4.0]), optimizer.init(jnp.zeros(1)))
    >>> float(updates[0])
    -0.5
    """
    check = _checks.of("adagrad")
    lr_decay, weight_decay, initial, eps = _hyperparameters.not_negative(
        check,
        lr_decay=lr_decay,
        weight_decay=weight_decay,
        initial_accumulator_value=initial_accumulator_value,
        eps=eps,
    )

    def start(leaf: jax.Array) -> Slots:
        value = initial if not jnp.iscomplexobj(leaf) else jax.lax.complex(1.0, 1.0) * initial
        return {"sum": jnp.full_like(leaf, value)}

    def numbers(scalars: Scalars, step: jax.Array, lr: Any) -> dict[str, Any]:
        return {"lr": lr / in_dtype_of(lr, 1 + (step - 1) * lr_decay), "eps": eps}

    def move(leaf: Leaf) -> tuple[tuple[jax.Array, ...], Slots]:
        g, n, rounded = leaf.grad, leaf.numbers, leaf.rounded
        total = rounded(leaf.slots["sum"] + g * g)
        scale = rounded(rounded(jnp.sqrt(total)) + n["eps"])
        return (-n["lr"] * g / scale,), {"sum": total}

    rule = Rule("adagrad", AdagradState, ("sum",), start, numbers, move)
    return leafwise(rule, lr, Options(weight_decay, maximize=maximize))


def adadelta(
    lr: Rate = 1.0,
    rho: Number = 0.9,
    eps: Number = 1e-6,
    weight_decay: Number = 0.0,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """`torch.optim.Adadelta`: θ ← θ - lr · Δ.

        v ← ρ v + (1 - ρ) g²,   Δ = √(u + ε) / √(v + ε) · g,   u ← ρ u + (1 - ρ) Δ²

    Source: Zeiler, 2012, https://arxiv.org/abs/1212.5701;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Adadelta.html

    Args:
        lr: the learning rate, at least 0: a number, a traced scalar, or a schedule.
        rho: the decay of both averages, in [0, 1].
        eps: the number that is added inside both roots, at least 0.
        weight_decay: the factor of the parameters that is added to the gradient, at least 0.
        maximize: whether to ascend along the gradient instead of descending.

    Returns:
        A transformation of gradients, whose `update` needs the parameters for a decay.

    Raises:
        ValueError: a number is out of range.
        TypeError: an argument is not a number.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.optim import adadelta
    >>> optimizer = adadelta()
    >>> updates, _ = optimizer.update(jnp.array([4.0]), optimizer.init(jnp.zeros(1)))
    >>> round(float(updates[0]), 6)
    -0.003162
    """
    check = _checks.of("adadelta")
    rho = _hyperparameters.bounded(check, "rho", rho, lambda x: (x >= 0) & (x <= 1), "in [0, 1]")
    eps, weight_decay = _hyperparameters.not_negative(check, eps=eps, weight_decay=weight_decay)

    def numbers(scalars: Scalars, step: jax.Array, lr: Any) -> dict[str, Any]:
        return {"lr": lr, "rho": rho, "eps": eps}

    def move(leaf: Leaf) -> tuple[tuple[jax.Array, ...], Slots]:
        n, rounded = leaf.numbers, leaf.rounded

        def averaged(average: jax.Array, x: jax.Array) -> jax.Array:
            return rounded(rounded(average * n["rho"]) + (1 - n["rho"]) * x * x)

        def root(average: jax.Array) -> jax.Array:
            return rounded(jnp.sqrt(rounded(average + n["eps"])))

        v = averaged(leaf.slots["square_avg"], leaf.grad)
        delta = rounded(rounded(root(leaf.slots["acc_delta"]) / root(v)) * leaf.grad)
        u = averaged(leaf.slots["acc_delta"], delta)
        return (-rounded(n["lr"]) * delta,), {"square_avg": v, "acc_delta": u}

    slots = ("square_avg", "acc_delta")
    rule = Rule("adadelta", AdadeltaState, slots, zeros(*slots), numbers, move)
    return leafwise(rule, lr, Options(weight_decay, maximize=maximize))


def rmsprop(
    lr: Rate = 1e-2,
    alpha: Number = 0.99,
    eps: Number = 1e-8,
    weight_decay: Number = 0.0,
    momentum: Number = 0.0,
    centered: bool = False,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """`torch.optim.RMSprop`: θ ← θ - lr · g / (√v + ε).

        v ← α v + (1 - α) g²; with `centered` the root is of v - a², a ← α a + (1 - α) g
        with a momentum θ ← θ - lr · b,   b ← momentum · b + g / (√v + ε)

    Source: Tieleman and Hinton, 2012, lecture 6e of Neural Networks for Machine Learning; Graves,
    2013, https://arxiv.org/abs/1308.0850 (centered);
    https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html

    Args:
        lr: the learning rate, at least 0: a number, a traced scalar, or a schedule.
        alpha: the decay of the averages, at least 0.
        eps: the number that is added to the root (optax adds it inside by default), at least 0.
        weight_decay: the factor of the parameters that is added to the gradient, at least 0.
        momentum: the decay of the velocity b, at least 0. For the Python number 0 no b is kept.
        centered: whether to divide by the root of the variance instead of the mean square.
        maximize: whether to ascend along the gradient instead of descending.

    Returns:
        A transformation of gradients, whose `update` needs the parameters for a decay.

    Raises:
        ValueError: a number is out of range.
        TypeError: an argument is not a number.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.optim import rmsprop
    >>> optimizer = rmsprop(lr=0.5)
    >>> updates, _ = optimizer.update(jnp.array([4.0]), optimizer.init(jnp.zeros(1)))
    >>> round(float(updates[0]), 4)
    -5.0
    """
    check = _checks.of("rmsprop")
    alpha, eps, weight_decay, momentum = _hyperparameters.not_negative(
        check, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum
    )
    slots = ("square_avg",) + ("momentum_buffer",) * is_used(momentum)
    slots += ("grad_avg",) * check.truth("centered", centered)

    def numbers(scalars: Scalars, step: jax.Array, lr: Any) -> dict[str, Any]:
        return {"lr": lr, "alpha": alpha, "eps": eps, "momentum": momentum}

    def move(leaf: Leaf) -> tuple[tuple[jax.Array, ...], Slots]:
        g, n, rounded = leaf.grad, leaf.numbers, leaf.rounded
        v = rounded(rounded(leaf.slots["square_avg"] * n["alpha"]) + (1 - n["alpha"]) * g * g)
        new = {"square_avg": v}
        if centered:
            a = new["grad_avg"] = rounded(lerp(leaf.slots["grad_avg"], g, 1 - n["alpha"]))
            v = rounded(v - a * a)
        scale = rounded(rounded(jnp.sqrt(v)) + n["eps"])
        if not is_used(momentum):
            return (-n["lr"] * g / scale,), new
        old = rounded(leaf.slots["momentum_buffer"] * n["momentum"])
        b = new["momentum_buffer"] = rounded(old + g / scale)
        return (-rounded(n["lr"]) * b,), new

    rule = Rule("rmsprop", RMSpropState, slots, zeros(*slots), numbers, move)
    return leafwise(rule, lr, Options(weight_decay, maximize=maximize))
