"""Adafactor: second moments of matrices as a product of a row and a column factor."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from .. import _checks
from . import _hyperparameters
from ._formulas import at_least, in_dtype_of, lerp, root
from ._hyperparameters import Number, Rate
from ._leafwise import Leaf, Options, Rule, Scalars, Slots, leafwise


class AdafactorState(NamedTuple):
    """The state of `adafactor`.

    Attributes:
        count: int32, the number of updates, the argument of a schedule.
        step: int32, a number for each leaf: the updates in which it had a gradient.
        row_var: mean squares along the last axis, for leaves of two or more axes; else None.
        col_var: mean squares along the second to last axis, for the same leaves.
        variance: mean squares of the other leaves; else None.
    """

    count: Any
    step: Any
    row_var: Any
    col_var: Any
    variance: Any


def adafactor(
    lr: Rate = 1e-2,
    beta2_decay: Number = -0.8,
    eps: tuple[Number | None, Number] = (None, 1e-3),
    d: Number = 1.0,
    weight_decay: Number = 0.0,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """`torch.optim.Adafactor`: θ ← (1 - lr · weight_decay) θ - α u / max(1, rms(u) / d).

        ρ = min(lr, 1 / √t),   α = max(ε₂, rms(θ)) ρ,   v̂ = r c / mean(r),   u = g / √v̂

    where r and c average g² along rows and columns, with the weight t^beta2_decay for a new g².

    Source: Shazeer and Stern, 2018, https://arxiv.org/abs/1804.04235;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Adafactor.html

    Args:
        lr: the largest relative step, at least 0: a number, a traced scalar, or a schedule.
        beta2_decay: the exponent in the weight of a new square, at most 0.
        eps: (ε₁, ε₂), at least 0. ε₁ is the lower bound of √v̂, None for the machine epsilon of the
            dtype. ε₂ is the lower bound of rms(θ).
        d: the threshold of clipping, at least 1.
        weight_decay: the factor of lr times the parameters that is subtracted from the parameters.
        maximize: whether to ascend along the gradient instead of descending.

    Returns:
        A transformation of gradients, whose `update` needs the parameters.

    Raises:
        ValueError: a number is out of range.
        TypeError: an argument is not a number, or a leaf is complex.

    Differs from PyTorch: ε₁ of None is the machine epsilon of each leaf's own dtype (PyTorch uses
    that of the first parameter for all); an empty leaf causes no division by 0.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.optim import adafactor
    >>> optimizer, params = adafactor(), jnp.ones((2, 3))
    >>> updates, state = optimizer.update(params, optimizer.init(params), params)
    >>> round(float(updates[0, 0]), 4), state.row_var.shape, state.col_var.shape
    (-0.01, (2, 1), (1, 3))
    """
    check = _checks.of("adafactor")
    eps1, eps2 = _hyperparameters.pair(check, "eps", eps)
    if eps1 is not None:
        eps1 = _hyperparameters.bounded(check, "eps[0]", eps1, lambda x: x >= 0, "at least 0")
    eps2 = _hyperparameters.bounded(check, "eps[1]", eps2, lambda x: x >= 0, "at least 0")
    d = _hyperparameters.bounded(check, "d", d, lambda x: x >= 1, "at least 1")
    power = _hyperparameters.bounded(
        check, "beta2_decay", beta2_decay, lambda x: x <= 0, "at most 0"
    )
    (weight_decay,) = _hyperparameters.not_negative(check, weight_decay=weight_decay)

    def start(leaf: jax.Array) -> Slots:
        if leaf.ndim < 2:
            return {"row_var": None, "col_var": None, "variance": jnp.zeros_like(leaf)}
        row, col = (jnp.sum(jnp.zeros_like(leaf), axis=i, keepdims=True) for i in (-1, -2))
        return {"row_var": row, "col_var": col, "variance": None}

    def numbers(scalars: Scalars, step: jax.Array, lr: Any) -> dict[str, Any]:
        weight = jnp.exp(power * jnp.log(step))
        rho = jnp.minimum(lr, in_dtype_of(lr, 1 / jnp.sqrt(step)))
        return {"weight": weight, "rho": rho, "eps1": eps1, "eps2": eps2, "d": d}

    def move(leaf: Leaf) -> tuple[tuple[jax.Array, ...], Slots]:
        g, n, rounded = leaf.grad, leaf.numbers, leaf.rounded
        least = float(jnp.finfo(leaf.dtype).eps) if n["eps1"] is None else n["eps1"]
        new, v = _second_moment(leaf, least)
        u = rounded(rounded(jax.lax.rsqrt(rounded(jnp.maximum(v, least * least)))) * g)
        alpha = at_least(n["eps2"], rounded(_norm(leaf.param)) / _root(g)) * n["rho"]
        clip = at_least(1, rounded(_norm(u)) / (_root(g) * n["d"]))
        return (-rounded(alpha / clip) * u,), new

    slots = ("row_var", "col_var", "variance")
    rule = Rule(
        "adafactor",
        AdafactorState,
        slots,
        start,
        numbers,
        move,
        needs_params=True,
        takes_complex=False,
    )
    return leafwise(rule, lr, Options(weight_decay, True, maximize))


def _second_moment(leaf: Leaf, least: Any) -> tuple[Slots, jax.Array]:
    """The new slots, and the mean squares that they represent."""
    g, rounded, weight = leaf.grad, leaf.rounded, leaf.numbers["weight"]

    def averaged(name: str, squares: jax.Array) -> jax.Array:
        return rounded(lerp(leaf.slots[name], squares, weight))

    def mean_square(axis: int) -> jax.Array:
        norm = rounded(root(jnp.sum(g * g, axis=axis, keepdims=True)))
        return rounded(rounded(norm * norm) / g.shape[axis])

    if g.ndim < 2:
        v = averaged("variance", rounded(g * g))
        return {"row_var": None, "col_var": None, "variance": v}, v
    row, col = averaged("row_var", mean_square(-1)), averaged("col_var", mean_square(-2))
    mean = jnp.maximum(rounded(jnp.mean(row, axis=-2, keepdims=True)), least)
    return {"row_var": row, "col_var": col, "variance": None}, rounded(rounded(row * col) / mean)


def _norm(x: jax.Array) -> jax.Array:
    return root(jnp.sum(x * x))


def _root(x: jax.Array) -> float:
    """The root of the number of elements: a norm divided by it is a root mean square."""
    return math.sqrt(x.size)
