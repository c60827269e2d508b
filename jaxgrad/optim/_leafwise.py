"""The one engine under the optimizers: every leaf by itself, as PyTorch keeps its state.

optax's pieces share one count among all leaves and replace the moments of a leaf that has no
gradient. PyTorch leaves such a parameter alone and counts its steps by itself, and it rounds
bfloat16 after every operation. So each optimizer here is a `Rule` for one leaf, and what they have
in common is here: missing gradients, steps, schedules, weight decay, `maximize`, complex leaves as
pairs of real numbers, and narrow types.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from .. import _checks
from . import _arguments as arguments
from ._arguments import Number, Rate, on
from ._numbers import like

Rounding = Callable[[jax.Array], jax.Array]
Slots = dict[str, Any]
Scalars = dict[str, jax.Array]


class Leaf(NamedTuple):
    """What moves one leaf: real arrays, in float32 where the leaf's dtype is narrow.

    Attributes:
        grad: the gradient, its sign and the coupled decay seen to.
        param: the parameters; None where the user gave none.
        kept: what the decoupled decay leaves of them.
        slots: the state of the leaf, by the names of the state's fields.
        numbers: the scalars of the rule, in the leaf's dtype.
        rounded: rounds to a narrow dtype what PyTorch stores in it, and the factors of its `add`;
            else the identity.
        dtype: the leaf's own dtype.
    """

    grad: jax.Array
    param: Any
    kept: Any
    slots: Slots
    numbers: dict[str, Any]
    rounded: Rounding
    dtype: Any


class Rule(NamedTuple):
    """An optimizer, for one leaf.

    Attributes:
        name: of the optimizer, for its messages.
        state: the NamedTuple it keeps, of `count`, `step`, the slots and the scalars.
        slots: the fields of the state that are trees like the parameters.
        start: a leaf of the parameters -> its slots at first; None where it has no such one.
        numbers: (the leaf's `scalars`, its steps from 1 on, the learning rate) -> the numbers that
            `move` needs, by name, and the new scalars.
        move: what is added to the leaf, in the order of PyTorch's additions, and the new slots.
        scalars: the fields of the state that are trees of one float32 number for each leaf, 1 at
            first. (PyTorch keeps them in its default dtype, whatever the leaf's.)
        needs_params: whether `move` cannot do without the parameters.
        takes_complex: whether leaves may be complex.
        dimensions: how many axes a leaf must have; None leaves it open.
    """

    name: str
    state: Callable[..., Any]
    slots: tuple[str, ...]
    start: Callable[[jax.Array], Slots]
    numbers: Callable[[Scalars, jax.Array, Any], dict[str, Any]]
    move: Callable[[Leaf], tuple[tuple[jax.Array, ...], Slots]]
    scalars: tuple[str, ...] = ()
    needs_params: bool = False
    takes_complex: bool = True
    dimensions: int | None = None


class Options(NamedTuple):
    """What every optimizer does to a gradient first.

    Attributes:
        weight_decay: the multiple of the parameters that decays.
        decoupled: whether it is taken off the parameters, times the learning rate, instead of
            added to the gradient.
        maximize: whether the gradient is followed instead of descended.
    """

    weight_decay: Number = 0.0
    decoupled: bool = False
    maximize: bool = False


def leafwise(rule: Rule, lr: Rate, options: Options) -> optax.GradientTransformation:
    """`rule` for every leaf that has a gradient, at a rate that may be a schedule."""
    lr = arguments.rate(rule.name, lr)
    _checks.truth(rule.name, "decoupled_weight_decay", options.decoupled)
    _checks.truth(rule.name, "maximize", options.maximize)
    needs_params = rule.needs_params or on(options.weight_decay)

    def init(params: optax.Params) -> Any:
        leaves, treedef = jax.tree.flatten(_checks.arrays(rule.name, "params", params))
        for leaf in leaves:
            _check_leaf(rule, leaf)
        starts = [rule.start(leaf) for leaf in leaves]
        return rule.state(
            count=jnp.zeros((), jnp.int32),
            step=treedef.unflatten([jnp.zeros((), jnp.int32) for _ in leaves]),
            **{name: treedef.unflatten([row[name] for row in starts]) for name in rule.slots},
            **{
                name: treedef.unflatten([jnp.ones((), jnp.float32) for _ in leaves])
                for name in rule.scalars
            },
        )

    def update(updates: optax.Updates, state: Any, params: optax.Params | None = None) -> Any:
        if params is None and needs_params:
            raise ValueError(_checks.wrong(rule.name, "params", "given to update", None))
        treedef = jax.tree.structure(state.step)
        grads = [_gradient(rule, leaf) for leaf in treedef.flatten_up_to(updates)]
        ours = [None] * len(grads) if params is None else treedef.flatten_up_to(params)
        names = ("step", *rule.scalars, *rule.slots)
        columns = [treedef.flatten_up_to(getattr(state, name)) for name in names]
        rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        rate = _rate(lr, state.count)
        moved = [
            (_unmoved(rule, param, row), row)
            if grad is None
            else _moved(rule, options, rate, grad, param, row)
            for grad, param, row in zip(grads, ours, rows, strict=True)
        ]
        return treedef.unflatten([update for update, _ in moved]), state._replace(
            count=optax.safe_increment(state.count),
            **{name: treedef.unflatten([row[name] for _, row in moved]) for name in names},
        )

    return optax.GradientTransformation(init, update)


def _moved(
    rule: Rule, options: Options, rate: Any, grad: jax.Array, param: Any, row: Slots
) -> tuple[jax.Array, Slots]:
    """The update of one leaf, and its new state."""
    if param is not None:
        param = _checks.array(rule.name, "params", param)
        _check_gradient(rule, grad, param)
    step = row["step"] + 1
    numbers = rule.numbers({name: row[name] for name in rule.scalars}, step.astype(float), rate)
    new: Slots = {name: numbers[name].astype(jnp.float32) for name in rule.scalars}
    rounded, back = _rounding(grad.dtype), _back(grad)
    g, p = _real(grad), _real(param)
    numbers = {**numbers, **_decay(options, rate)}
    numbers = {name: _cast(value, g.dtype) for name, value in numbers.items()}
    g = -g if options.maximize else g
    if "coupled" in numbers:
        g = rounded(g + rounded(numbers["coupled"]) * p)
    kept = rounded(p * (1 - numbers["decay"])) if "decay" in numbers else p
    slots = {name: _real(row[name]) for name in rule.slots}
    deltas, slots = rule.move(Leaf(g, p, kept, slots, numbers, rounded, grad.dtype))
    if _narrow(grad.dtype) and p is not None:
        total = after(kept, deltas, rounded) - p
    else:
        total = sum(deltas[1:], deltas[0])
        total = total - numbers["decay"] * p if "decay" in numbers else total
    return back(total), {"step": step, **new, **{k: back(slot) for k, slot in slots.items()}}


def after(param: jax.Array, deltas: tuple[jax.Array, ...], rounded: Rounding) -> jax.Array:
    """The parameters, once `deltas` are added one after the other."""
    for delta in deltas:
        param = rounded(param + delta)
    return param


def _gradient(rule: Rule, grad: Any) -> jax.Array | None:
    """A leaf's gradient; None where it has none, or a float0 one as integers have."""
    if grad is None or getattr(grad, "dtype", None) == jax.dtypes.float0:
        return None
    result = _checks.array(rule.name, "updates", grad)
    if not jnp.issubdtype(result.dtype, jnp.inexact):
        raise TypeError(_checks.wrong(rule.name, "updates", "gradients", result.dtype))
    return result


def _unmoved(rule: Rule, param: Any, row: Slots) -> Any:
    """The update of a leaf without a gradient: zeros, unless nothing tells its shape."""
    for alike in (param, *(row[name] for name in rule.slots)):
        if alike is not None:
            return jnp.zeros_like(alike)
    return None


def _decay(options: Options, rate: Any) -> dict[str, Any]:
    if not on(options.weight_decay):
        return {}
    if options.decoupled:
        kept = 1 - rate * like(rate, options.weight_decay)
        return {"decay": 1 - kept}  # the rounded share that is kept is PyTorch's
    return {"coupled": options.weight_decay}


def _rate(lr: Rate, count: jax.Array) -> Any:
    value = lr(count) if callable(lr) else lr
    if isinstance(value, (int, float)):
        return value
    value = jnp.asarray(value)
    return value if value.dtype in (jnp.float32, jnp.float64) else value.astype(float)


def _narrow(dtype: Any) -> bool:
    return dtype in (jnp.bfloat16, jnp.float16)


def _rounding(dtype: Any) -> Rounding:
    if not _narrow(dtype):
        return lambda x: x
    info = jnp.finfo(dtype)

    def rounded(x: Any) -> jax.Array:
        x = jnp.asarray(x, jnp.float32)
        result = jax.lax.reduce_precision(x, info.nexp, info.nmant)
        if dtype == jnp.bfloat16:
            return result
        tiny = jnp.round(x * 2.0**24) * 2.0**-24  # subnormals of float16, which XLA makes 0
        return jnp.where(abs(x) < float(info.smallest_normal), tiny, result)

    return rounded


def _real(x: Any) -> Any:
    """Complex numbers as pairs of real ones, narrow types as float32."""
    if x is None:
        return None
    if jnp.iscomplexobj(x):
        return jnp.stack([x.real, x.imag], axis=-1)
    return x.astype(jnp.float32) if _narrow(x.dtype) else x


def _back(like: jax.Array) -> Callable[[Any], Any]:
    """The inverse of `_real`."""
    if jnp.iscomplexobj(like):
        return lambda x: x if x is None else jax.lax.complex(x[..., 0], x[..., 1])
    return lambda x: x if x is None else x.astype(like.dtype)


def _cast(value: Any, dtype: Any) -> Any:
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jnp.floating):
        return value.astype(dtype)
    return value


def _check_leaf(rule: Rule, leaf: jax.Array) -> None:
    if jnp.iscomplexobj(leaf) and not rule.takes_complex:
        raise TypeError(_checks.wrong(rule.name, "params", "real", leaf.dtype))
    if rule.dimensions not in (None, leaf.ndim):
        expected = f"of {rule.dimensions} axes"
        raise ValueError(_checks.wrong(rule.name, "params", expected, f"shape {leaf.shape}"))


def _check_gradient(rule: Rule, grad: jax.Array, param: jax.Array) -> None:
    if grad.shape != param.shape:
        expected = f"of the parameters' shape {param.shape}"
        raise ValueError(_checks.wrong(rule.name, "updates", expected, grad.shape))
    if grad.dtype != param.dtype:
        expected, remedy = f"of the parameters' {param.dtype}", "cast them with .astype"
        raise TypeError(_checks.wrong(rule.name, "updates", expected, grad.dtype, remedy))
