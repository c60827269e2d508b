"""The one engine under the optimizers: every leaf by itself, as PyTorch keeps its state.

optax's pieces share one count among all leaves and replace the moments of a leaf that has no
gradient. PyTorch leaves such a parameter alone and counts its steps by itself, and it rounds
bfloat16 after every operation. So each optimizer here is a `Rule` for one leaf, and what they have
in common is here: missing gradients, steps, schedules, weight decay, `maximize`, complex leaves as
pairs of real numbers, and narrow types. The steps of all leaves are one vector, of which one
program makes the numbers that depend on them.
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
from . import _arguments as arguments
from . import _kinds
from ._arguments import Number, Rate, on
from ._numbers import like

Slots = dict[str, Any]
Scalars = dict[str, jax.Array]


class Leaf(NamedTuple):
    """What moves one leaf: real arrays, in float32 where the leaf's dtype is narrow.

    Attributes:
        grad: the gradient, its sign and the coupled decay seen to.
        param: the parameters; None where the user gave none.
        kept: what the decoupled decay leaves of them.
        slots: the state of the leaf, by the names of the state's fields.
        numbers: the numbers of the rule for this leaf, its arrays scalars of the leaf's dtype.
        rounded: rounds to a narrow dtype what PyTorch stores in it, and the factors of its `add`;
            else the identity.
        dtype: the leaf's own dtype.
    """

    grad: jax.Array
    param: Any
    kept: Any
    slots: Slots
    numbers: dict[str, Any]
    rounded: _kinds.Rounding
    dtype: DTypeLike

    def over(self, x: jax.Array, name: str) -> jax.Array:
        """`x` by a number of `Rule.divisors`. XLA makes it a product with the reciprocal.

        Compiled, we do so ourselves: the reciprocals of all leaves are one kernel, not one each.
        """
        if isinstance(x, Tracer):
            return x * self.numbers[f"1 / {name}"]
        return x / self.numbers[name]


class Rule(NamedTuple):
    """An optimizer, for one leaf.

    Attributes:
        name: of the optimizer, for its messages.
        state: the NamedTuple it keeps, of `count`, `step`, the slots and the scalars.
        slots: the fields of the state that are trees like the parameters.
        start: a leaf of the parameters -> its slots at first; None where it has no such one.
        numbers: (the `scalars`, the steps from 1 on, the learning rate) -> the numbers that `move`
            needs, by name, and the new scalars. Scalars and steps are vectors of a number for each
            leaf; a number is such a vector, or one for all leaves.
        move: what is added to the leaf, in the order of PyTorch's additions, and the new slots.
        scalars: the fields of the state that are vectors of one float32 number for each leaf, 1 at
            first. (PyTorch keeps them in its default dtype, whatever the leaf's.)
        divisors: the numbers that `move` divides by, with `Leaf.over`.
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
    divisors: tuple[str, ...] = ()
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


def leafwise(rule: Rule, lr: Rate, options: Options) -> optax.GradientTransformationExtraArgs:
    """`rule` for every leaf that has a gradient, at a rate that may be a schedule.

    As optax's, the update takes what other links of a chain need, and leaves it alone.
    """
    lr = arguments.rate(rule.name, lr)
    _checks.truth(rule.name, "decoupled_weight_decay", options.decoupled)
    _checks.truth(rule.name, "maximize", options.maximize)
    needs_params = rule.needs_params or on(options.weight_decay)
    plain, traced = _movers(rule, options)

    def init(params: optax.Params) -> Any:
        leaves, treedef = jax.tree.flatten(arguments.parameters(rule.name, params))
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
            raise ValueError(_checks.wrong(rule.name, "params", "given to update", None))
        treedef = _structure(rule, updates, state, params)
        grads = [_gradient(rule, leaf) for leaf in treedef.flatten_up_to(updates)]
        ours = [None] * len(grads) if params is None else treedef.flatten_up_to(params)
        columns = [treedef.flatten_up_to(getattr(state, name)) for name in rule.slots]
        slots = zip(*columns, strict=True) if columns else ((),) * len(grads)
        rate = _rate(lr, state.count)
        counted, numbers = _counted(rule, options, rate, state, grads)
        # A schedule's plain number may be another one at each call, which would be traced anew.
        varies = callable(lr) and isinstance(rate, (int, float))
        if varies or not _is_traced(grads, state):
            moved = _one_by_one(plain, numbers, len(grads))
        else:
            moved = _alike(rule, traced, numbers, state.count)
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
    """The structure of the parameters: of the first tree that has a leaf for each counter."""
    for tree in (*(getattr(state, name) for name in rule.slots), params, updates):
        treedef = jax.tree.structure(tree)
        if tree is not None and treedef.num_leaves == state.step.size:
            return treedef
    treedef = jax.tree.structure(updates, is_leaf=lambda leaf: leaf is None)
    if treedef.num_leaves != state.step.size:
        expected = f"of {state.step.size} leaves, as the parameters"
        raise ValueError(_checks.wrong(rule.name, "updates", expected, treedef.num_leaves))
    return treedef


def _counted(
    rule: Rule, options: Options, rate: Any, state: Any, grads: list[Any]
) -> tuple[Slots, dict[str, Any]]:
    """The new vectors of the state, and the numbers of the rule: of all leaves at once.

    A leaf without a gradient keeps its own; what is computed for it is not used.
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


def _one_by_one(moved: Callable[..., Any], numbers: dict[str, Any], leaves: int) -> Any:
    """How leaf number i moves by the numbers of its own, which are taken out of the vectors."""
    columns = {
        k: jax.lax.split(v, (1,) * leaves) if _is_vector(v) else [v] * leaves
        for k, v in numbers.items()
    }
    return lambda i, *leaf: moved({k: column[i] for k, column in columns.items()}, *leaf)


def _alike(rule: Rule, moved: Callable[..., Any], numbers: dict[str, Any], count: Any) -> Any:
    """How leaf number i moves, by one program that looks its numbers up in a table.

    XLA compiles equal kernels once. So the row of the table must not be part of the kernel: it is
    in a constant of three numbers, and a 0 that XLA does not know to be 0 picks the first of them.
    """
    fixed = tuple((k, v) for k, v in numbers.items() if not isinstance(v, jax.Array))
    arrays = {k: v for k, v in numbers.items() if isinstance(v, jax.Array)}
    vectors = {k: v for k, v in arrays.items() if _is_vector(v) and k not in rule.divisors}
    kinds = tuple((k, v.dtype) for k, v in vectors.items())
    shared = {k: v for k, v in arrays.items() if not _is_vector(v)}
    columns = [vector.astype(float) for vector in vectors.values()]
    table = (jnp.stack(columns, axis=1), jnp.minimum(count, 0)) if columns else None

    def of_leaf(i: int, *leaf: Any) -> Any:
        row = None if table is None else np.array([i, -1, -1], np.int32)
        return moved((fixed, kinds), shared, table, row, *leaf)

    return of_leaf


def _movers(rule: Rule, options: Options) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """`_moved` of a rule; and as one equation, whose jaxpr all leaves of one kind share."""
    plain = functools.partial(_moved, rule, options)

    def traced(static: Any, shared: Any, table: Any, row: Any, *leaf: Any) -> Any:
        fixed, kinds = static
        own = {}
        if table is not None:
            numbers, first = table
            numbers = _at(numbers, _at(jnp.asarray(row), first))
            numbers = jax.lax.split(numbers, (1,) * len(kinds))
            own = {k: v.astype(kind) for v, (k, kind) in zip(numbers, kinds, strict=True)}
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
        param = _checks.array(rule.name, "params", param)
        _check_shape(rule, grad, param)
    alike = next((leaf for leaf in (param, *slots) if leaf is not None), grad)
    grad = arguments.gradient(rule.name, grad, alike.dtype)
    rounded, back = _kinds.rounding(grad.dtype), _kinds.back(grad)
    g, p = _kinds.real(grad), _kinds.real(param)
    numbers = {name: _kinds.cast(value, g.dtype) for name, value in numbers.items()}
    g = -g if options.maximize else g
    if "coupled" in numbers:
        g = rounded(g + rounded(numbers["coupled"]) * p)
    kept = rounded(p * (1 - numbers["decay"])) if "decay" in numbers else p
    old = {k: _kinds.real(slot) for k, slot in zip(rule.slots, slots, strict=True)}
    deltas, new = rule.move(Leaf(g, p, kept, old, numbers, rounded, grad.dtype))
    if _kinds.narrow(grad.dtype) and p is not None:
        total = after(kept, deltas, rounded) - p
    else:
        total = sum(deltas[1:], deltas[0])
        total = total - numbers["decay"] * p if "decay" in numbers else total
    return back(total), tuple(back(new[name]) for name in rule.slots)


def after(param: jax.Array, deltas: tuple[jax.Array, ...], rounded: _kinds.Rounding) -> jax.Array:
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


def _unmoved(param: Any, slots: tuple[Any, ...]) -> Any:
    """The update of a leaf without a gradient: zeros, unless nothing tells its shape."""
    for alike in (param, *slots):
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


def _check_leaf(rule: Rule, leaf: Any) -> None:
    if jnp.iscomplexobj(leaf) and not rule.takes_complex:
        raise TypeError(_checks.wrong(rule.name, "params", "real", leaf.dtype))
    if rule.dimensions not in (None, leaf.ndim):
        expected = f"of {rule.dimensions} axes"
        raise ValueError(_checks.wrong(rule.name, "params", expected, f"shape {leaf.shape}"))


def _check_shape(rule: Rule, grad: jax.Array, param: jax.Array) -> None:
    if grad.shape != param.shape:
        expected = f"of the parameters' shape {param.shape}"
        raise ValueError(_checks.wrong(rule.name, "updates", expected, grad.shape))
