"""Adam, AdamW and SparseAdam: moments of the gradient, corrected for their start at 0."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from .. import _checks
from . import _hyperparameters
from ._formulas import in_dtype_of, lerp, one_minus_power
from ._hyperparameters import Number, Rate
from ._leafwise import Leaf, Options, Rule, Scalars, Slots, leafwise


class AdamState(NamedTuple):
    """The state of Adam, under PyTorch's names.

    Attributes:
        count: int32, the number of updates, the argument of a schedule.
        step: int32, a number for each leaf: the updates in which it had a gradient.
        exp_avg: the first moments, like the parameters.
        exp_avg_sq: the second moments.
        max_exp_avg_sq: the largest second moments so far; None without `amsgrad`.
    """

    count: Any
    step: Any
    exp_avg: Any
    exp_avg_sq: Any
    max_exp_avg_sq: Any = None


def adam(
    lr: Rate = 1e-3,
    betas: tuple[Number, Number] = (0.9, 0.999),
    eps: Number = 1e-8,
    weight_decay: Number = 0.0,
    amsgrad: bool = False,
    *,
    maximize: bool = False,
    decoupled_weight_decay: bool = False,
) -> optax.GradientTransformation:
    r"""`torch.optim.Adam`: θ ← θ - lr · m̂ / (√v̂ + ε).

        m ← β₁ m + (1 - β₁) g,   v ← β₂ v + (1 - β₂) g²,   m̂ = m / (1 - β₁ᵗ),   v̂ = v / (1 - β₂ᵗ)

    Source: Kingma and Ba, 2015, https://arxiv.org/abs/1412.6980;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html

    Args:
        lr: the learning rate, at least 0: a number, a traced scalar, or a schedule
            `count -> lr`.
        betas: the decays of both moments, in [0, 1), two floats or two arrays.
        eps: the number that is added to the root, at least 0.
        weight_decay: the factor of the parameters that is added to the gradient, at least 0.
        amsgrad: whether v̂ uses the largest v so far.
        maximize: whether to ascend along the gradient instead of descending.
        decoupled_weight_decay: whether the decay is AdamW's, lr · weight_decay · θ.

    Returns:
        A transformation of gradients, whose `update` needs the parameters for a decay.

    Raises:
        ValueError: a number is out of range.
        TypeError: an argument is not a number.

    Differs from PyTorch: complex gradients are PyTorch's, the conjugates of those of `jax.grad`.

    >>> import jax, jax.numpy as jnp, optax
    >>> from jaxgrad.optim import adam
    >>> params, optimizer = jnp.array([1.0, -2.0]), adam(lr=0.1)
    >>> state = optimizer.init(params)
    >>> updates, state = optimizer.update(jnp.array([5.0, -5.0]), state, params)
    >>> optax.apply_updates(params, updates).tolist()
    [0.8999999761581421, -1.899999976158142]
    """
    return _adam("adam", lr, betas, eps, weight_decay, amsgrad, maximize, decoupled_weight_decay)


def adamw(
    lr: Rate = 1e-3,
    betas: tuple[Number, Number] = (0.9, 0.999),
    eps: Number = 1e-8,
    weight_decay: Number = 1e-2,
    amsgrad: bool = False,
    *,
    maximize: bool = False,
) -> optax.GradientTransformation:
    """`torch.optim.AdamW`: `adam` with a decay of lr · weight_decay · θ, outside the moments.

    Source: Loshchilov and Hutter, 2019, https://arxiv.org/abs/1711.05101;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html

    Args:
        lr: the learning rate, at least 0: a number, a traced scalar, or a schedule.
        betas: the decays of both moments, in [0, 1), two floats or two arrays.
        eps: the number that is added to the root, at least 0.
        weight_decay: the factor of lr times the parameters that is subtracted from the parameters.
            The default is 100 times optax's.
        amsgrad: whether the largest second moment so far is used.
        maximize: whether to ascend along the gradient instead of descending.

    Returns:
        A transformation of gradients, whose `update` needs the parameters for a decay.

    Raises:
        ValueError: a number is out of range.
        TypeError: an argument is not a number.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.optim import adamw
    >>> optimizer, params = adamw(lr=0.1), jnp.array([1.0])
    >>> updates, _ = optimizer.update(jnp.zeros(1), optimizer.init(params), params)
    >>> float(updates[0])  # the decay alone
    -0.0010000000474974513
    """
    return _adam("adamw", lr, betas, eps, weight_decay, amsgrad, maximize, True)


def _adam(
    name: str,
    lr: Any,
    betas: Any,
    eps: Any,
    weight_decay: Any,
    amsgrad: Any,
    maximize: Any,
    decoupled: Any,
) -> optax.GradientTransformation:
    check = _checks.of(name)
    beta1, beta2 = _hyperparameters.betas(check, betas)
    eps, weight_decay = _hyperparameters.not_negative(check, eps=eps, weight_decay=weight_decay)
    slots = ("exp_avg", "exp_avg_sq")
    if check.truth("amsgrad", amsgrad):
        slots = (*slots, "max_exp_avg_sq")

    def numbers(scalars: Scalars, step: jax.Array, lr: Any) -> dict[str, Any]:
        return {
            "step_size": lr / in_dtype_of(lr, one_minus_power(beta1, step)),
            "root": jnp.sqrt(one_minus_power(beta2, step)),
            "beta1": beta1,
            "beta2": beta2,
            "eps": eps,
        }

    def move(leaf: Leaf) -> tuple[tuple[jax.Array, ...], Slots]:
        n, rounded = leaf.numbers, leaf.rounded
        new = moments(leaf)
        v = new["exp_avg_sq"]
        if amsgrad:
            v = new["max_exp_avg_sq"] = jnp.maximum(leaf.slots["max_exp_avg_sq"], v)
        scale = rounded(rounded(leaf.divided(rounded(jnp.sqrt(v)), "root")) + n["eps"])
        return (-n["step_size"] * new["exp_avg"] / scale,), new

    rule = Rule(name, AdamState, slots, zeros(*slots), numbers, move, divisors=("root",))
    return leafwise(rule, lr, Options(weight_decay, decoupled, maximize))


def zeros(*names: str) -> Any:
    """A function of a leaf that gives slots of zeros by these names."""
    return lambda leaf: {name: jnp.zeros_like(leaf) for name in names}


def moments(leaf: Leaf) -> Slots:
    """The moving averages of the gradient and of its square."""
    g, n, rounded = leaf.grad, leaf.numbers, leaf.rounded
    m = rounded(lerp(leaf.slots["exp_avg"], g, 1 - n["beta1"]))
    v = rounded(leaf.slots["exp_avg_sq"] * n["beta2"])
    return {"exp_avg": m, "exp_avg_sq": rounded(v + (1 - n["beta2"]) * g * g)}


def sparse_adam(
    lr: Rate = 1e-3,
    betas: tuple[Number, Number] = (0.9, 0.999),
    eps: Number = 1e-8,
    *,
    maximize: bool = False,
    sparse_dim: int | None = None,
) -> optax.GradientTransformation:
    """`torch.optim.SparseAdam` for dense gradients: only elements with a gradient move.

    It does what `torch.optim.SparseAdam` does with `grad.to_sparse(sparse_dim)`. Elements, or
    slices of the last axes, whose gradient is 0 throughout keep their moments and parameters, while
    t goes on.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.SparseAdam.html

    Args:
        lr: the learning rate, above 0: a number, a traced scalar, or a schedule.
        betas: the decays of both moments, in [0, 1), two floats or two arrays.
        eps: the number that is added to the root, above 0.
        maximize: whether to ascend along the gradient instead of descending.
        sparse_dim: the number of leading axes that index the slices; None for all axes, where the
            slices are single elements. 1 suits an embedding, whose rows move.

    Returns:
        A transformation of gradients. The state is `AdamState`.

    Raises:
        ValueError: a number is out of range, or a leaf has fewer than `sparse_dim` axes.
        TypeError: a leaf is complex.

    Differs from PyTorch: gradients are dense, so a row that was looked up but has a gradient of 0
    throughout counts as not looked up.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.optim import sparse_adam
    >>> optimizer = sparse_adam(lr=0.1, sparse_dim=1)
    >>> grads = jnp.array([[1.0, 0.0], [0.0, 0.0]])
    >>> _, state = optimizer.update(grads, optimizer.init(grads))
    >>> updates, _ = optimizer.update(grads[::-1], state)
    >>> bool(jnp.any(updates[0]))  # Adam would go on, from its moments
    False
    """
    check = _checks.of("sparse_adam")
    beta1, beta2 = _hyperparameters.betas(check, betas)
    eps = _hyperparameters.bounded(check, "eps", eps, lambda x: x > 0, "above 0")
    if not callable(lr):
        lr = _hyperparameters.bounded(check, "lr", lr, lambda x: x > 0, "above 0")
    if sparse_dim is not None:
        sparse_dim = check.integer("sparse_dim", sparse_dim, 0)

    def numbers(scalars: Scalars, step: jax.Array, lr: Any) -> dict[str, Any]:
        root = jnp.sqrt(one_minus_power(beta2, step))
        size = lr * in_dtype_of(lr, root) / in_dtype_of(lr, one_minus_power(beta1, step))
        return {"step_size": size, "beta1": beta1, "beta2": beta2, "eps": eps}

    def move(leaf: Leaf) -> tuple[tuple[jax.Array, ...], Slots]:
        g, n, rounded = leaf.grad, leaf.numbers, leaf.rounded
        m, v = leaf.slots["exp_avg"], leaf.slots["exp_avg_sq"]
        if sparse_dim is not None and sparse_dim > g.ndim:
            expected = f"of at least {sparse_dim} axes"
            raise ValueError(check.wrong("params", expected, f"shape {g.shape}"))
        axes = tuple(range(g.ndim if sparse_dim is None else sparse_dim, g.ndim))
        moves = jnp.any(g != 0, axis=axes, keepdims=True)
        new_m = rounded(m + rounded((g - m) * (1 - n["beta1"])))
        new_v = rounded(v + rounded((rounded(g * g) - v) * (1 - n["beta2"])))
        of_moves = jnp.where(moves, new_v, 1)  # the root of 0 has no derivative
        scale = rounded(rounded(jnp.sqrt(of_moves)) + n["eps"])
        delta = jnp.where(moves, -rounded(n["step_size"] * rounded(new_m / scale)), 0)
        new = {"exp_avg": jnp.where(moves, new_m, m), "exp_avg_sq": jnp.where(moves, new_v, v)}
        return (delta,), new

    slots = ("exp_avg", "exp_avg_sq")
    rule = Rule("sparse_adam", AdamState, slots, zeros(*slots), numbers, move, takes_complex=False)
    return leafwise(rule, lr, Options(maximize=maximize))
