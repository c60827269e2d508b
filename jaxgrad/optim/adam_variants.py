"""Adamax, NAdam and RAdam: Adam with a maximum, with Nesterov momentum, and rectified."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from .. import _checks
from . import _hyperparameters
from ._formulas import in_dtype_of, lerp, log, one_minus_power
from ._hyperparameters import Number, Rate
from ._leafwise import Leaf, Options, Rule, Scalars, Slots, leafwise
from .adam import moments, zeros


class AdamaxState(NamedTuple):
    """The state of `adamax`: see `AdamState`; `exp_inf` is the decaying largest |gradient|."""

    count: Any
    step: Any
    exp_avg: Any
    exp_inf: Any


class NAdamState(NamedTuple):
    """The state of `nadam`: see `AdamState`.

    `mu_product`, float32, has a number for each leaf: the product of its momenta so far.
    """

    count: Any
    step: Any
    exp_avg: Any
    exp_avg_sq: Any
    mu_product: Any


class RAdamState(NamedTuple):
    """The state of `radam`: see `AdamState`."""

    count: Any
    step: Any
    exp_avg: Any
    exp_avg_sq: Any


_NO_MEMORY = math.exp(-60)
"""For a decay below this, ρₜ rounds to 1."""


def adamax(
    lr: Rate = 2e-3,
    betas: tuple[Number, Number] = (0.9, 0.999),
    eps: Number = 1e-8,
    weight_decay: Number = 0.0,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """`torch.optim.Adamax`: θ ← θ - lr / (1 - β₁ᵗ) · m / u.

        m ← β₁ m + (1 - β₁) g,   u ← max(β₂ u, |g| + ε)

    Source: Kingma and Ba, 2015, https://arxiv.org/abs/1412.6980;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Adamax.html

    Args:
        lr: the learning rate, at least 0: a number, a traced scalar, or a schedule.
        betas: the decays of m and u, in [0, 1), two floats or two arrays.
        eps: the number that is added to |g|, at least 0.
        weight_decay: the factor of the parameters that is added to the gradient, at least 0.
        maximize: whether to ascend along the gradient instead of descending.

    Returns:
        A transformation of gradients, whose `update` needs the parameters for a decay.

    Raises:
        ValueError: a number is out of range.
        TypeError: an argument is not a number.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.optim import adamax
    >>> optimizer = adamax(lr=0.5)
    >>> updates, _ = optimizer.update(jnp.array([4.0]), optimizer.init(jnp.zeros(1)))
    >>> round(float(updates[0]), 4)
    -0.5
    """
    check = _checks.of("adamax")
    beta1, beta2 = _hyperparameters.betas(check, betas)
    eps, weight_decay = _hyperparameters.not_negative(check, eps=eps, weight_decay=weight_decay)

    def numbers(scalars: Scalars, step: jax.Array, lr: Any) -> dict[str, Any]:
        size = lr / in_dtype_of(lr, one_minus_power(beta1, step))
        return {"step_size": size, "beta1": beta1, "beta2": beta2, "eps": eps}

    def move(leaf: Leaf) -> tuple[tuple[jax.Array, ...], Slots]:
        g, n, rounded = leaf.grad, leaf.numbers, leaf.rounded
        m = rounded(lerp(leaf.slots["exp_avg"], g, 1 - n["beta1"]))
        old = rounded(leaf.slots["exp_inf"] * n["beta2"])
        u = jnp.maximum(old, rounded(jnp.abs(g) + n["eps"]))
        return (-n["step_size"] * m / u,), {"exp_avg": m, "exp_inf": u}

    slots = ("exp_avg", "exp_inf")
    rule = Rule("adamax", AdamaxState, slots, zeros(*slots), numbers, move)
    return leafwise(rule, lr, Options(weight_decay, maximize=maximize))


def nadam(
    lr: Rate = 2e-3,
    betas: tuple[Number, Number] = (0.9, 0.999),
    eps: Number = 1e-8,
    weight_decay: Number = 0.0,
    momentum_decay: Number = 4e-3,
    decoupled_weight_decay: bool = False,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """`torch.optim.NAdam`: Adam with a Nesterov momentum that grows.

        μₜ = β₁ (1 - 0.96^(t ψ) / 2),   M = μ₁ ⋯ μₜ,   ψ = momentum_decay
        θ ← θ - lr ((1 - μₜ) / (1 - M) g + μₜ₊₁ / (1 - M μₜ₊₁) m) / (√v̂ + ε)

    Source: Dozat, 2016, https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.NAdam.html

    Args:
        lr: the learning rate, at least 0: a number, a traced scalar, or a schedule.
        betas: the decays of both moments, in [0, 1), two floats or two arrays.
        eps: the number that is added to the root, at least 0.
        weight_decay: at least 0.
        momentum_decay: ψ, at least 0.
        decoupled_weight_decay: whether the decay is AdamW's instead of part of the gradient.
        maximize: whether to ascend along the gradient instead of descending.

    Returns:
        A transformation of gradients, whose `update` needs the parameters for a decay.

    Raises:
        ValueError: a number is out of range.
        TypeError: an argument is not a number.

    As in PyTorch, M is kept in float32, even for float64 parameters.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.optim import nadam
    >>> optimizer = nadam(lr=0.5)
    >>> updates, _ = optimizer.update(jnp.array([4.0]), optimizer.init(jnp.zeros(1)))
    >>> round(float(updates[0]), 4)
    -0.5282
    """
    check = _checks.of("nadam")
    beta1, beta2 = _hyperparameters.betas(check, betas)
    eps, weight_decay, psi = _hyperparameters.not_negative(
        check, eps=eps, weight_decay=weight_decay, momentum_decay=momentum_decay
    )

    def momentum(step: jax.Array) -> jax.Array:
        return beta1 * (1.0 - 0.5 * jnp.exp(step * psi * log(0.96)))

    def numbers(scalars: Scalars, step: jax.Array, lr: Any) -> dict[str, Any]:
        mu, following = momentum(step), momentum(step + 1)
        product = scalars["mu_product"] * mu.astype(jnp.float32)
        exact = product.astype(step.dtype)
        return {
            "mu_product": product,
            "of_grad": lr * in_dtype_of(lr, (1 - mu) / (1 - exact)),
            "of_moment": lr * in_dtype_of(lr, following / (1 - exact * following)),
            "correction": one_minus_power(beta2, step),
            "beta1": beta1,
            "beta2": beta2,
            "eps": eps,
        }

    def move(leaf: Leaf) -> tuple[tuple[jax.Array, ...], Slots]:
        n, rounded, new = leaf.numbers, leaf.rounded, moments(leaf)
        v = rounded(leaf.divided(new["exp_avg_sq"], "correction"))
        scale = rounded(rounded(jnp.sqrt(v)) + n["eps"])
        first = -n["of_grad"] * leaf.grad / scale
        return (first, -n["of_moment"] * new["exp_avg"] / scale), new

    slots = ("exp_avg", "exp_avg_sq")
    rule = Rule(
        "nadam",
        NAdamState,
        slots,
        zeros(*slots),
        numbers,
        move,
        ("mu_product",),
        ("correction",),
    )
    return leafwise(rule, lr, Options(weight_decay, decoupled_weight_decay, maximize))


def radam(
    lr: Rate = 1e-3,
    betas: tuple[Number, Number] = (0.9, 0.999),
    eps: Number = 1e-8,
    weight_decay: Number = 0.0,
    decoupled_weight_decay: bool = False,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """`torch.optim.RAdam`: Adam with a rectified step, and a plain one for the first gradients.

        ρ = 2 / (1 - β₂) - 1,   ρₜ = ρ - 2 t β₂ᵗ / (1 - β₂ᵗ)
        r = √((ρₜ - 4) (ρₜ - 2) ρ / ((ρ - 4) (ρ - 2) ρₜ))
        θ ← θ - lr · m̂ · r √(1 - β₂ᵗ) / (√v + ε) where ρₜ > 5, else θ - lr · m̂

    Source: Liu et al., 2020, https://arxiv.org/abs/1908.03265;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.RAdam.html

    Args:
        lr: the learning rate, at least 0: a number, a traced scalar, or a schedule.
        betas: the decays of both moments, in [0, 1), two floats or two arrays.
        eps: the number that is added to the root, at least 0.
        weight_decay: at least 0.
        decoupled_weight_decay: whether the decay is AdamW's instead of part of the gradient.
        maximize: whether to ascend along the gradient instead of descending.

    Returns:
        A transformation of gradients, whose `update` needs the parameters for a decay.

    Raises:
        ValueError: a number is out of range.
        TypeError: an argument is not a number.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.optim import radam
    >>> optimizer = radam(lr=0.5)
    >>> updates, _ = optimizer.update(jnp.array([4.0]), optimizer.init(jnp.zeros(1)))
    >>> round(float(updates[0]), 5)  # too few gradients to divide by their size
    -2.0
    """
    check = _checks.of("radam")
    beta1, beta2 = _hyperparameters.betas(check, betas)
    eps, weight_decay = _hyperparameters.not_negative(check, eps=eps, weight_decay=weight_decay)

    def numbers(scalars: Scalars, step: jax.Array, lr: Any) -> dict[str, Any]:
        most, length = 2 / (1 - beta2) - 1, _length(beta2, step)
        rectifier = (length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)
        return {
            "correction": one_minus_power(beta1, step),
            "lr": lr,
            "rectified": length > 5,
            "root": jnp.sqrt(one_minus_power(beta2, step)),
            "rectifier": jnp.sqrt(jnp.where(length > 5, rectifier, 1)),
            "beta1": beta1,
            "beta2": beta2,
            "eps": eps,
        }

    def move(leaf: Leaf) -> tuple[tuple[jax.Array, ...], Slots]:
        n, rounded, new = leaf.numbers, leaf.rounded, moments(leaf)
        plain = rounded(rounded(leaf.divided(new["exp_avg"], "correction")) * n["lr"])
        # A step that is not rectified may not depend on the root, nor may its derivatives.
        v = jnp.where(n["rectified"], new["exp_avg_sq"], 1)
        scale = rounded(n["root"] / rounded(rounded(jnp.sqrt(v)) + n["eps"]))
        rectified = rounded(rounded(plain * scale) * n["rectifier"])
        return (-jnp.where(n["rectified"], rectified, plain),), new

    slots = ("exp_avg", "exp_avg_sq")
    divisors = ("correction",)
    rule = Rule("radam", RAdamState, slots, zeros(*slots), numbers, move, divisors=divisors)
    return leafwise(rule, lr, Options(weight_decay, decoupled_weight_decay, maximize))


def _length(beta: Number, step: jax.Array) -> jax.Array:
    """ρₜ, computed without the difference of two numbers near 2 / (1 - β).

    ρₜ = t - (h(t L / 2) - h(L / 2)) · 2 / L with L = -log β and h(y) = y coth y.
    """
    forgets = beta <= _NO_MEMORY
    beta = (
        jnp.where(forgets, _NO_MEMORY, beta) if isinstance(beta, jax.Array) else beta or _NO_MEMORY
    )
    half = jnp.asarray(-0.5 * log(beta)).astype(step.dtype)
    return jnp.where(forgets, 1, step - (_coth_term(step * half) - _coth_term(half)) / half)


def _coth_term(y: jax.Array) -> jax.Array:
    """The value y coth y - 1, by its series where y is small."""
    square = y * y
    series = square / 3 * (1 - square / 15 * (1 - square * 2 / 21 * (1 - square / 10)))
    large = jnp.where(y < 0.05, 1.0, y)
    return jnp.where(y < 0.05, series, large / jnp.tanh(large) - 1)
