"""The inputs that a derivative depends on; the others have None in PyTorch's `.grad`."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, JaxprEqn, Literal, Var

from jaxgrad import _checks, _jaxpr

from ._rules import explained

_NAME = "used_inputs"
_CHECK = _checks.of(_NAME)


def used_inputs(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Makes the function that finds the leaves of its arguments that `fn`'s derivative depends on.

    An input is used if a path leads from it to an output through floating point or complex values.
    The path must not go through `lax.stop_gradient`, integers, truth values or the choice of a
    branch. A derivative on the path that is 0 everywhere, such as that of `floor`, counts as used:
    the gradient is zeros. Nothing is computed: `fn` is only traced.

    Args:
        fn: a function of pytrees that returns a pytree of arrays.

    Returns:
        `(*args, **kwargs) -> used`: the positional arguments as a tuple, each in its own structure
        with True or False for a leaf (False for integers, truth values and keys); the bare
        structure if there is one argument.

    Raises:
        TypeError: `fn` is not callable.
        ValueError: `fn` works on mutable references (`jax.new_ref`).

    Source: `allow_unused` of
    https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html

    Differs from PyTorch: all branches of a `cond` and all iterations of a loop count, whatever the
    values are. So does a `custom_vjp` that returns zeros made from its cotangent. Inside a
    `shard_map` all arguments of a function with custom rules count.

    >>> import jax
    >>> import jax.numpy as jnp
    >>> from jaxgrad.autograd import used_inputs
    >>> def loss(params, x):
    ...     return (params["w"] * x + jax.lax.stop_gradient(params["b"])).sum()
    >>> used_inputs(loss)({"w": 1.0, "b": 2.0}, jnp.ones(3))
    ({'b': False, 'w': True}, True)
    """
    if not callable(fn):
        raise TypeError(_CHECK.wrong("fn", "callable", type(fn).__name__))

    @functools.wraps(fn)
    def used(*args: Any, **kwargs: Any) -> Any:
        given = _jaxpr.numbers_as_arrays(args)
        with explained(_NAME):
            result = used_leaves(_NAME, functools.partial(fn, **kwargs), *given)
        return result if len(args) != 1 else result[0]

    del used.__dict__["__wrapped__"]
    return used


def used_leaves(function: str, fn: Callable[..., Any], *args: Any) -> tuple[Any, ...]:
    """True or False for each leaf of the arguments."""
    leaves, structure = jax.tree.flatten(args)
    body = _jaxpr.traced(function, fn, args, {}).body
    used = set[int]().union(*_paths(body))
    places = [n for n, leaf in enumerate(leaves) if _jaxpr.is_array(leaf)]
    numbers = {place: n for n, place in enumerate(places)}
    return structure.unflatten(numbers.get(n) in used for n in range(len(leaves)))


def _paths(body: ClosedJaxpr, first: int = 0, on_shard: bool = False) -> list[set[int]]:
    """For each output of a body, the inputs from which a differentiable path leads there.

    Inputs before position `first` are ignored.
    """
    reached: dict[Var, set[int]] = {
        var: {n} for n, var in enumerate(body.jaxpr.invars) if n >= first and _is_inexact(var)
    }

    def of(atom: Any) -> set[int]:
        return set() if isinstance(atom, Literal) else reached.get(atom, set())

    for eqn in body.jaxpr.eqns:
        inputs = [of(atom) for atom in eqn.invars]
        if not any(inputs):
            continue
        for var, paths in zip(eqn.outvars, through(eqn, on_shard), strict=True):
            found = set[int]().union(*(inputs[n] for n in paths))
            if found and _is_inexact(var):
                reached[var] = found
    return [of(atom) for atom in body.jaxpr.outvars]


def _is_inexact(var: Any) -> bool:
    return jnp.issubdtype(getattr(var.aval, "dtype", jnp.int32), jnp.inexact)


def through(eqn: JaxprEqn, on_shard: bool = False) -> Sequence[set[int]]:
    """For each output of an equation, the positions of the inputs that its derivative depends on.

    `on_shard`: whether it is inside a `shard_map`. Its rules cannot be traced outside.
    """
    name, params = eqn.primitive.name, eqn.params
    paths = functools.partial(_paths, on_shard=on_shard)
    if name == "stop_gradient":
        return [set()]
    if name in ("sort", "optimization_barrier"):
        return [{n} for n in range(len(eqn.outvars))]
    if name == "cond":
        branches = [paths(branch) for branch in params["branches"]]
        return [{n + 1 for n in set[int]().union(*each)} for each in zip(*branches, strict=True)]
    if name == "scan":
        consts, carry, _ = _jaxpr.loop_inputs(eqn, eqn.invars)
        return _loop_paths(paths(params["jaxpr"]), len(consts), len(carry))
    if name == "while":
        of_cond, consts, carry = _jaxpr.while_inputs(eqn, eqn.invars)
        looped = _loop_paths(paths(params["body_jaxpr"]), len(consts), len(carry))
        return [{n + len(of_cond) for n in inputs} for inputs in looped]
    if name == "shard_map":
        return _paths(_jaxpr.bodies(eqn)[0], on_shard=True)
    if name in ("custom_jvp_call", "custom_vjp_call") and not on_shard:
        if not any(_jaxpr.varying(atom.aval) for atom in (*eqn.invars, *eqn.outvars)):
            return _rule_paths(eqn)
    elif (inner := _jaxpr.inlined(eqn)) is not None and not name.startswith("custom_"):
        return paths(inner)
    return [set(range(len(eqn.invars)))] * len(eqn.outvars)


def _loop_paths(paths: list[set[int]], first: int, carried: int) -> list[set[int]]:
    """The paths through a loop: the inputs that reach a carry are added until no more come."""
    carry = [{first + n} for n in range(carried)]
    while True:
        grown = [
            old | _after(path, carry, first)
            for old, path in zip(carry, paths[:carried], strict=True)
        ]
        if grown == carry:
            return [*carry, *(_after(path, carry, first) for path in paths[carried:])]
        carry = grown


def _after(path: set[int], carry: list[set[int]], first: int) -> set[int]:
    """The inputs that reach a value after one more iteration, through the carry before it."""
    return set[int]().union(
        *(carry[n - first] if 0 <= n - first < len(carry) else {n} for n in path)
    )


def _rule_paths(eqn: JaxprEqn) -> list[set[int]]:
    """The paths through a function's custom rule, along the rule's tangents or cotangents."""
    closed = eqn.params.get("num_consts", 0) if eqn.primitive.name == "custom_vjp_call" else 0
    places = [n for n, atom in enumerate(eqn.invars) if n >= closed and _is_inexact(atom)]
    outs = [n for n, var in enumerate(eqn.outvars) if _is_inexact(var)]
    inputs = [_jaxpr.like(atom) for atom in eqn.invars]

    def call(inputs: Sequence[Any], chosen: Sequence[Any]) -> Sequence[Any]:
        given = dict(zip(places, chosen, strict=True))
        outputs = _jaxpr.as_it_is(eqn, [given.get(n, x) for n, x in enumerate(inputs)])
        return [outputs[n] for n in outs]

    def forward(inputs: Sequence[Any], dots: Sequence[Any]) -> Sequence[Any]:
        chosen = [inputs[n] for n in places]
        return jax.jvp(lambda *xs: call(inputs, xs), chosen, dots)[1]

    def reverse(inputs: Sequence[Any], cotangents: Sequence[Any]) -> Sequence[Any]:
        chosen = [inputs[n] for n in places]
        return jax.vjp(lambda *xs: call(inputs, xs), *chosen)[1](cotangents)

    result: list[set[int]] = [set() for _ in eqn.outvars]
    count = len(inputs)
    if eqn.primitive.name == "custom_jvp_call":
        body = jax.make_jaxpr(forward)(inputs, [inputs[n] for n in places])
        for out, path in zip(outs, _paths(body, count), strict=True):
            result[out] = {places[n - count] for n in path}
    else:
        body = jax.make_jaxpr(reverse)(inputs, [_jaxpr.like(eqn.outvars[n]) for n in outs])
        for place, path in zip(places, _paths(body, count), strict=True):
            for n in path:
                result[outs[n - count]].add(place)
    return result
