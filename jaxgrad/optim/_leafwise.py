"""Optimizers leaf by leaf: each has a `Rule` for one leaf, and this module does the rest.

optax shares one count among all leaves and updates the moments of a leaf that has no gradient.
PyTorch skips such a parameter, counts the steps of each parameter separately, and rounds bfloat16
after every operation. This module handles what all optimizers share: missing gradients, steps,
schedules, weight decay, `maximize`, complex leaves as pairs of real numbers, and narrow dtypes. The
steps of all leaves are one vector, from which one program computes the numbers that depend on them.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.core import Tracer
from jax.typing import DTypeLike

from .. import _checks
from .._checks import Checks
from . import _compute_dtypes, _hyperparameters
from ._formulas import in_dtype_of
from ._hyperparameters import Number, Rate, is_used

Slots = dict[str, Any]
Scalars = dict[str, jax.Array]


class Leaf(NamedTuple):
    """The arrays of one leaf for a `Rule`: real, and in float32 if the leaf's dtype is narrow.

    Attributes:
        grad: the gradient, after `maximize` and the coupled weight decay.
        param: the parameters; None if the user passed none.
        kept: the parameters after the decoupled weight decay.
        slots: the state of the leaf, by the names of the state's fields.
        numbers: the numbers of the rule for this leaf; arrays are scalars of the leaf's dtype.
        rounded: rounds to a narrow dtype, where PyTorch stores a value in it; else the identity.
        dtype: the leaf's own dtype.
    """

    grad: jax.Array
    param: Any
    kept: Any
    slots: Slots
    numbers: dict[str, Any]
    rounded: _compute_dtypes.Rounding
    dtype: DTypeLike

    def divided(self, x: jax.Array, name: str) -> jax.Array:
        """`x` divided by a number of `Rule.divisors`.

        XLA computes a product with the reciprocal. Under jit the reciprocals are computed here, so
        that those of all leaves are one kernel.
        """
        if isinstance(x, Tracer):
            return x * self.numbers[f"1 / {name}"]
        return x / self.numbers[name]


class Rule(NamedTuple):
    """An optimizer, for one leaf.

    Attributes:
        name: the name of the optimizer's function.
        state: the NamedTuple of the state: `count`, `step`, the slots and the scalars.
        slots: the fields of the state that are trees like the parameters.
        start: a leaf of the parameters -> its first slots; None for a slot that it does not have.
        numbers: (the `scalars`, the steps from 1 on, the learning rate) -> the numbers that `move`
            needs, by name, and the new scalars. Scalars and steps are vectors with a number for
            each leaf. A number is such a vector, or a scalar for all leaves.
        move: the terms that are added to the leaf, in PyTorch's order, and the new slots.
        scalars: the fields of the state that are vectors with one float32 number for each leaf, 1
            at the start. (PyTorch keeps them in its default dtype, whatever the leaf's.)
        divisors: the numbers that `move` divides by, with `Leaf.divided`.
        needs_params: whether `move` needs the parameters.
        takes_complex: whether leaves may be complex.
        dimensions: the number of axes that a leaf must have; None for any number.
    """

    name: str
    state: Callable[..., Any]
    slots: tuple[str, ...]
    start: Callable[[jax.Array], Slots]
    numbers: Callable[[Scalars, jax.Array, Any], dict[str, Any]]
    move: Callable[[Leaf], tuple[tuple[jax.Array, ...], Slots]]
    scalars: tuple[str, ...] = ()
    divisors: tuple[str, ...] = ()
    needs_params: bool = False
    takes_complex: bool = True
    dimensions: int | None = None

    @property
    def check(self) -> Checks:
        """The checks of the optimizer's arguments."""
        return _checks.of(self.name)


class Options(NamedTuple):
    """The options that optimizers share.

    Attributes:
        weight_decay: the factor of the parameters in the weight decay.
        decoupled: whether the decay, times the learning rate, is subtracted from the parameters,
            instead of added to the gradient.
        maximize: whether to ascend along the gradient instead of descending.
    """

    weight_decay: Number = 0.0
    decoupled: bool = False
    maximize: bool = False


def leafwise(rule: Rule, lr: Rate, options: Options) -> optax.GradientTransformationExtraArgs:
    """The transformation that applies `rule` to every leaf that has a gradient.

    As in optax, the update accepts and ignores the arguments of other transformations of a chain.
    """
    lr = _hyperparameters.rate(rule.check, lr)
    rule.check.truth("decoupled_weight_decay", options.decoupled)
    rule.check.truth("maximize", options.maximize)
    needs_params = rule.needs_params or is_used(options.weight_decay)
    plain, traced = _movers(rule, options)

    def init(params: optax.Params) -> Any:
        leaves, treedef = jax.tree.flatten(_hyperparameters.parameters(rule.check, params))
        for leaf in leaves:
            _check_leaf(rule, leaf)
        starts = [rule.start(leaf) for leaf in leaves]
        return rule.state(
            count=jnp.asarray(np.zeros((), np.int32)),
            step=jnp.asarray(np.zeros(len(leaves), np.int32)),
            **{name: treedef.unflatten([row[name] for row in starts]) for name in rule.slots},
            **{name: jnp.asarray(np.ones(len(leaves), np.float32)) for name in rule.scalars},
        )

    def update(
        updates: optax.Updates, state: Any, params: optax.Params | None = None, **_: Any
    ) -> Any:
        if params is None and needs_params:
            raise ValueError(rule.check.wrong("params", "given to update", None))
        treedef = _structure(rule, updates, state, params)
        grads = [_gradient(rule, leaf) for leaf in treedef.flatten_up_to(updates)]
        ours = [None] * len(grads) if params is None else treedef.flatten_up_to(params)
        columns = [treedef.flatten_up_to(getattr(state, name)) for name in rule.slots]
        slots = zip(*columns, strict=True) if columns else ((),) * len(grads)
        rate = _rate(lr, state.count)
        counted, numbers = _counted(rule, options, rate, state, grads)
        # A schedule may return a different Python number at each call, which would be traced again.
        varies = callable(lr) and isinstance(rate, (int, float))
        if varies or not _is_traced(grads, state):
            moved = _with_scalars(plain, numbers, len(grads))
        else:
            moved = _with_table(rule, traced, numbers, state.count)
        moves = [
            (_unmoved(param, row), row) if grad is None else moved(i, grad, param, row)
            for i, (grad, param, row) in enumerate(zip(grads, ours, slots, strict=True))
        ]
        new = zip(*(row for _, row in moves), strict=True) if moves else ((),) * len(rule.slots)
        return treedef.unflatten([update for update, _ in moves]), state._replace(
            count=optax.safe_increment(state.count),
            **counted,
            **{k: treedef.unflatten(slot) for k, slot in zip(rule.slots, new, strict=False)},
        )

    return optax.GradientTransformationExtraArgs(init, update)


def _structure(rule: Rule, updates: Any, state: Any, params: Any) -> Any:
    """The structure of the parameters: that of the first tree with a leaf for each counter."""
    for tree in (*(getattr(state, name) for name in rule.slots), params, updates):
        treedef = jax.tree.structure(tree)
        if tree is not None and treedef.num_leaves == state.step.size:
            return treedef
    treedef = jax.tree.structure(updates, is_leaf=lambda leaf: leaf is None)
    if treedef.num_leaves != state.step.size:
        expected = f"of {state.step.size} leaves, as the parameters"
        raise ValueError(rule.check.wrong("updates", expected, treedef.num_leaves))
    return treedef


def _counted(
    rule: Rule, options: Options, rate: Any, state: Any, grads: list[Any]
) -> tuple[Slots, dict[str, Any]]:
    """The new vectors of the state, and the numbers of the rule, for all leaves at once.

    A leaf without a gradient keeps its old values.
    """
    old = {name: getattr(state, name) for name in rule.scalars}
    step = state.step + 1
    numbers = rule.numbers(old, step.astype(float), rate)
    numbers = {**numbers, **_decay(options, rate)}
    for name in rule.divisors:
        numbers[f"1 / {name}"] = 1 / numbers[name]
    new = {"step": step, **{name: numbers.pop(name).astype(jnp.float32) for name in rule.scalars}}
    moves = np.array([grad is not None for grad in grads], bool)
    if not moves.all():
        new = {name: jnp.where(moves, value, getattr(state, name)) for name, value in new.items()}
    return new, numbers


def _with_scalars(moved: Callable[..., Any], numbers: dict[str, Any], leaves: int) -> Any:
    """The update of leaf number i, with its numbers taken from the vectors."""
    columns = {
        k: jax.lax.split(v, (1,) * leaves) if _is_vector(v) else [v] * leaves
        for k, v in numbers.items()
    }
    return lambda i, *leaf: moved({k: column[i] for k, column in columns.items()}, *leaf)


def _with_table(rule: Rule, moved: Callable[..., Any], numbers: dict[str, Any], count: Any) -> Any:
    """The update of leaf number i, by one program that looks up its numbers in a table.

    XLA compiles equal kernels once, so the row of the table must not be part of the kernel. The row
    is in a constant of three numbers, indexed by a 0 that XLA cannot know to be 0.
    """
    fixed = tuple((k, v) for k, v in numbers.items() if not isinstance(v, jax.Array))
    arrays = {k: v for k, v in numbers.items() if isinstance(v, jax.Array)}
    vectors = {k: v for k, v in arrays.items() if _is_vector(v) and k not in rule.divisors}
    dtypes = tuple((k, v.dtype) for k, v in vectors.items())
    shared = {k: v for k, v in arrays.items() if not _is_vector(v)}
    columns = [vector.astype(float) for vector in vectors.values()]
    table = (jnp.stack(columns, axis=1), jnp.minimum(count, 0)) if columns else None

    def of_leaf(i: int, *leaf: Any) -> Any:
        row = None if table is None else np.array([i, -1, -1], np.int32)
        return moved((fixed, dtypes), shared, table, row, *leaf)

    return of_leaf


def _movers(rule: Rule, options: Options) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """`_moved` of a rule, and the same jitted, whose jaxpr all leaves of one dtype share."""
    plain = functools.partial(_moved, rule, options)

    def traced(static: Any, shared: Any, table: Any, row: Any, *leaf: Any) -> Any:
        fixed, dtypes = static
        own = {}
        if table is not None:
            numbers, first = table
            numbers = _at(numbers, _at(jnp.asarray(row), first))
            numbers = jax.lax.split(numbers, (1,) * len(dtypes))
            own = {k: v.astype(dtype) for v, (k, dtype) in zip(numbers, dtypes, strict=True)}
        return plain({**dict(fixed), **shared, **own}, *leaf)

    traced.__name__ = traced.__qualname__ = rule.name
    return plain, jax.jit(traced, static_argnums=0)


def _is_vector(number: Any) -> bool:
    return isinstance(number, jax.Array) and number.ndim == 1


def _at(array: jax.Array, place: jax.Array) -> jax.Array:
    begin = (place, *(np.int32(0),) * (array.ndim - 1))
    sizes = (1, *array.shape[1:])
    found = jax.lax.dynamic_slice(array, begin, sizes, allow_negative_indices=False)
    return found.reshape(array.shape[1:])


def _is_traced(*trees: Any) -> bool:
    return any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(trees))


def _moved(
    rule: Rule, options: Options, numbers: Any, grad: jax.Array, param: Any, slots: tuple[Any, ...]
) -> tuple[jax.Array, tuple[Any, ...]]:
    """The update of one leaf, and its new slots."""
    if param is not None:
        param = rule.check.array("params", param)
        _check_shape(rule, grad, param)
    alike = next((leaf for leaf in (param, *slots) if leaf is not None), grad)
    grad = _hyperparameters.gradient(rule.check, grad, alike.dtype)
    rounded, back = _compute_dtypes.rounding(grad.dtype), _compute_dtypes.from_compute(grad)
    g, p = _compute_dtypes.to_compute(grad), _compute_dtypes.to_compute(param)
    numbers = {name: _compute_dtypes.cast(value, g.dtype) for name, value in numbers.items()}
    g = -g if options.maximize else g
    if "coupled" in numbers:
        g = rounded(g + rounded(numbers["coupled"]) * p)
    kept = rounded(p * (1 - numbers["decay"])) if "decay" in numbers else p
    old = {k: _compute_dtypes.to_compute(slot) for k, slot in zip(rule.slots, slots, strict=True)}
    deltas, new = rule.move(Leaf(g, p, kept, old, numbers, rounded, grad.dtype))
    if _compute_dtypes.is_narrow(grad.dtype) and p is not None:
        total = after(kept, deltas, rounded) - p
    else:
        total = sum(deltas[1:], deltas[0])
        total = total - numbers["decay"] * p if "decay" in numbers else total
    return back(total), tuple(back(new[name]) for name in rule.slots)


def after(
    param: jax.Array, deltas: tuple[jax.Array, ...], rounded: _compute_dtypes.Rounding
) -> jax.Array:
    """The parameters after `deltas` are added in order."""
    for delta in deltas:
        param = rounded(param + delta)
    return param


def _gradient(rule: Rule, grad: Any) -> jax.Array | None:
    """A leaf's gradient; None if it is missing, or float0 as for integers."""
    if grad is None or getattr(grad, "dtype", None) == jax.dtypes.float0:
        return None
    result = rule.check.array("updates", grad)
    if not jnp.issubdtype(result.dtype, jnp.inexact):
        raise TypeError(rule.check.wrong("updates", "gradients", result.dtype))
    return result


def _unmoved(param: Any, slots: tuple[Any, ...]) -> Any:
    """The update of a leaf without a gradient: zeros, or None if its shape is not known."""
    for alike in (param, *slots):
        if alike is not None:
            return jnp.zeros_like(alike)
    return None


def _decay(options: Options, rate: Any) -> dict[str, Any]:
    if not is_used(options.weight_decay):
        return {}
    if options.decoupled:
        kept = 1 - rate * in_dtype_of(rate, options.weight_decay)
        return {"decay": 1 - kept}  # PyTorch rounds the factor that is kept
    return {"coupled": options.weight_decay}


def _rate(lr: Rate, count: jax.Array) -> Any:
    value = lr(count) if callable(lr) else lr
    if isinstance(value, (int, float)):
        return value
    value = jnp.asarray(value)
    return value if value.dtype in (jnp.float32, jnp.float64) else value.astype(float)


def _check_leaf(rule: Rule, leaf: Any) -> None:
    if jnp.iscomplexobj(leaf) and not rule.takes_complex:
        raise TypeError(rule.check.wrong("params", "real", leaf.dtype))
    if rule.dimensions not in (None, leaf.ndim):
        expected = f"of {rule.dimensions} axes"
        raise ValueError(rule.check.wrong("params", expected, f"shape {leaf.shape}"))


def _check_shape(rule: Rule, grad: jax.Array, param: jax.Array) -> None:
    if grad.shape != param.shape:
        expected = f"of the parameters' shape {param.shape}"
        raise ValueError(rule.check.wrong("updates", expected, grad.shape))
