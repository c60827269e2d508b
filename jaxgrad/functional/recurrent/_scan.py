"""A recurrence along time, with a derivative that adds nothing of the weights' size in each step.

JAX differentiates a scan step by step, and so adds up the weights' gradient in every step. Here
what the weights' tangents contribute is one product over all steps, before the scan of the state's
tangent. In reverse mode the weights' gradient is then one product, after the scan.
"""

import functools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

from jaxgrad._dtypes import wide

from ._recurrences import Recurrence, State

Weights = Mapping[str, jax.Array]
"""Of one layer and direction: "weight_hh", and where there are any "bias_hh" and "weight_hr"."""
Found = tuple[State, State, Any]
"""The last state, the states after each step, and what was kept of each step."""


def product(x: jax.Array, weight: jax.Array) -> jax.Array:
    """The product x weightᵀ, added up in float32 or wider. The factors have the weight's dtype."""
    dims = (((x.ndim - 1,), (1,)), ((), ()))
    kind = wide(weight.dtype)
    return jax.lax.dot_general(x.astype(weight.dtype), weight, dims, preferred_element_type=kind)


def affine(x: jax.Array, weight: jax.Array, bias: jax.Array | None) -> jax.Array:
    """The sum x weightᵀ + bias, added up in float32 or wider."""
    out = product(x, weight)
    if bias is None:
        return out
    return out + bias.astype(out.dtype).reshape(*[1] * (out.ndim - 1), -1)


def recur(
    kind: Recurrence,
    backwards: bool,
    x: jax.Array,
    first: State,
    weights: Weights,
    inside: jax.Array | None,
) -> tuple[jax.Array, State]:
    """The outputs hₜ of all steps, and the last state.

    Args:
        kind: the recurrence.
        backwards: whether it begins with the last step.
        x: the sums of products with the input, of shape (L, N, blocks · hidden).
        first: the state before the first step, arrays of shape (N, …).
        weights: the others, which each step uses.
        inside: of shape (L, N, 1), false where a step leaves the state as it is; or None.
    """
    last, states, _ = _outputs(kind, backwards, x, first, weights, inside)
    return states[0], last


def _run(
    kind: Recurrence, backwards: bool, kept: bool, x: Any, first: Any, weights: Any, inside: Any
) -> Found:
    """All steps; with `kept` all states and the gates are returned, else only the outputs."""

    def step(state: State, given: Any) -> tuple[State, Any]:
        x, inside = given
        gates = kind.gates(x, affine(state[0], weights["weight_hh"], weights.get("bias_hh")))
        new = _projected(kind.after(gates, state), weights)
        new = _chosen(inside, new, state)
        return new, (new, gates) if kept else (new[:1], None)

    last, (states, gates) = jax.lax.scan(step, first, (x, inside), reverse=backwards)
    return last, states, gates


def _projected(state: State, weights: Weights) -> State:
    if "weight_hr" not in weights:
        return state
    return product(state[0], weights["weight_hr"]), *state[1:]


def _chosen(inside: jax.Array | None, new: State, old: State) -> State:
    if inside is None:
        return new
    return tuple(jnp.where(inside, a, b) for a, b in zip(new, old, strict=True))


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _outputs(
    kind: Recurrence, backwards: bool, x: Any, first: Any, weights: Any, inside: Any
) -> Found:
    """The last state and the outputs."""
    return _run(kind, backwards, False, x, first, weights, inside)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _everything(
    kind: Recurrence, backwards: bool, x: Any, first: Any, weights: Any, inside: Any
) -> Found:
    """The last state, all states and the gates."""
    return _run(kind, backwards, True, x, first, weights, inside)


def _outputs_jvp(kind: Recurrence, backwards: bool, primals: Any, tangents: Any) -> Any:
    last, states, gates = _everything(kind, backwards, *primals)
    found = _tangents(kind, backwards, 1, primals, tangents, states, gates)
    return (last, states[:1], None), (*found, None)


def _everything_jvp(kind: Recurrence, backwards: bool, primals: Any, tangents: Any) -> Any:
    """A second derivative asks for the gates' tangents: those of their formula."""
    last, states, gates = _everything(kind, backwards, *primals)
    moved, of_states = _tangents(kind, backwards, kind.states, primals, tangents, states, gates)
    (x, first, weights, _), (dx, dfirst, dweights, _) = primals, _dense(primals, tangents)
    before, dbefore = (
        _before(backwards, a, b)[0] for a, b in ((first, states), (dfirst, of_states))
    )

    def formula(x: Any, h: Any, weights: Any) -> Any:
        return kind.gates(x, affine(h, weights["weight_hh"], weights.get("bias_hh")))

    _, of_gates = jax.jvp(formula, (x, before, weights), (dx, dbefore, dweights))
    return (last, states, gates), (moved, of_states, of_gates)


_outputs.defjvp(_outputs_jvp, symbolic_zeros=True)
_everything.defjvp(_everything_jvp, symbolic_zeros=True)


def _dense(primals: Any, tangents: Any) -> Any:
    """Tangents with zeros in the place of symbolic ones, but None for `inside`."""
    whole = (*tangents[:3], None)
    return jax.tree.map(
        lambda t: _zeros(t.aval) if isinstance(t, SymbolicZero) else t,
        whole,
        is_leaf=lambda t: isinstance(t, SymbolicZero),
    )


def _zeros(aval: Any) -> jax.Array:
    return jnp.zeros(aval.shape, aval.dtype)


def _before(backwards: bool, first: State, states: State) -> State:
    """The states before each step."""

    def shifted(start: jax.Array, all: jax.Array) -> jax.Array:
        parts = [all[1:], start[None]] if backwards else [start[None], all[:-1]]
        return jnp.concatenate(parts)

    return tuple(map(shifted, first, states))


def _tangents(
    kind: Recurrence,
    backwards: bool,
    count: int,
    primals: Any,
    tangents: Any,
    states: State,
    gates: Any,
) -> tuple[State, State]:
    """The tangent of the last state, and those of `count` of the states after each step."""
    x, first, weights, inside = primals
    dx, dfirst, _, _ = _dense(primals, tangents)
    before = _before(backwards, first, states)
    slopes = kind.slopes(gates, before, states)
    external = _external(before[0], weights["weight_hh"], tangents[2], "weight_hh", "bias_hh")
    given = dx if external is None else kind.joined(slopes, dx, external)
    projecting = None
    if "weight_hr" in weights:
        h = kind.after(gates, before)[0]
        projecting = _external(h, weights["weight_hr"], tangents[2], "weight_hr", "")

    def step(state: State, one: Any) -> tuple[State, State]:
        given, slopes, projecting, inside = one
        new = kind.moved(slopes, given, product(state[0], weights["weight_hh"]), state)
        new = _projected(new, weights)
        if projecting is not None:
            new = new[0] + projecting, *new[1:]
        new = _chosen(inside, new, state)
        return new, new[:count]

    xs = (given, slopes, projecting, inside)
    return jax.lax.scan(step, dfirst, xs, reverse=backwards)


def _external(
    h: jax.Array, weight: jax.Array, tangents: Mapping[str, Any], by: str, bias: str
) -> jax.Array | None:
    """The tangent of h weightᵀ + bias for all steps at once, as far as it is not that of h."""
    by_weight, by_bias = tangents[by], tangents.get(bias)
    parts = []
    if not isinstance(by_weight, SymbolicZero):
        parts.append(product(h.astype(weight.dtype), by_weight))
    if by_bias is not None and not isinstance(by_bias, SymbolicZero):
        shape = (*h.shape[:-1], weight.shape[0])
        wider = by_bias.astype(wide(by_bias.dtype)).reshape(1, 1, -1)
        parts.append(jnp.broadcast_to(wider, shape))
    return sum(parts[1:], parts[0]) if parts else None
