"""Evaluates a function's equations until one makes a non-finite output of finite inputs."""

import functools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, JaxprEqn, Literal
from jax.sharding import PartitionSpec

from jaxgrad import _jaxpr


class Level(NamedTuple):
    """An equation of a body, and a text for the body or iteration that it calls."""

    body: ClosedJaxpr
    eqn: JaxprEqn
    within: str


class Born(NamedTuple):
    """An equation with a non-finite output: its calls, outermost first, inputs and outputs."""

    levels: tuple[Level, ...]
    inputs: Sequence[Any]
    outputs: Sequence[Any]
    is_constant: bool = False
    """Whether it is a constant, the only output; the last level is the equation that reads it."""


def first_born(
    body: ClosedJaxpr, inputs: Sequence[Any], nan_only: bool
) -> tuple[Born | None, list[Any]]:
    """The first equation with finite inputs and an output that is not; else None and the outputs.

    An output that a constant in the equation's own bodies makes non-finite does not count.
    """
    try:
        return None, _searched(body, inputs, nan_only)
    except _Found as found:
        return found.born, []


class _Found(Exception):
    """Raised at the equation; each call around it adds its level on the way out."""

    def __init__(self, born: Born):
        self.born = born


class Inside(NamedTuple):
    """A body that an equation calls, and its inputs."""

    within: str
    body: ClosedJaxpr
    inputs: Sequence[Any]
    is_whole: bool
    """Whether the body's outputs are the equation's, unlike those of one iteration of a loop."""


def _searched(body: ClosedJaxpr, inputs: Sequence[Any], nan_only: bool) -> list[Any]:
    """The outputs of a body; raises `_Found` if an equation in it is found."""

    def perform(eqn: JaxprEqn, inputs: Sequence[Any]) -> Sequence[Any]:
        inside = _inside(eqn, inputs, nan_only)
        try:
            if inside is not None:
                outputs = _searched(inside.body, inside.inputs, nan_only)
                if inside.is_whole:
                    return outputs
            if eqn.primitive.name == "shard_map":
                _search_shards(eqn, inputs, nan_only)
            outputs = _jaxpr.as_it_is(eqn, inputs)
            if not are_finite(outputs, nan_only) and are_finite(inputs, nan_only):
                if next(bad_constants(eqn, nan_only), None) is None:
                    raise _Found(Born((), inputs, outputs))
            return outputs
        except _Found as found:
            here = Level(body, eqn, "" if inside is None else inside.within)
            raise _Found(found.born._replace(levels=(here, *found.born.levels))) from None

    return _jaxpr.evaluate(body, inputs, perform)


def are_finite(arrays: Sequence[Any], nan_only: bool) -> bool:
    """Whether all elements are finite, on the host; integers, bools and keys always are."""
    for x in arrays:
        if isinstance(x, jax.Array) and not jnp.issubdtype(x.dtype, jnp.inexact):
            continue
        values = np.asarray(x)
        if np.isnan(values).any() if nan_only else not np.isfinite(values).all():
            return False
    return True


def bad_constants(eqn: JaxprEqn, nan_only: bool) -> Iterator[Born]:
    """The non-finite constants in an equation's bodies, each with the equation that reads it."""
    for body in _jaxpr.bodies(eqn):
        known = dict(zip(body.jaxpr.constvars, body.consts, strict=False))
        for inner in body.jaxpr.eqns:
            for value in _bad_values(inner.invars, known, nan_only):
                yield Born((Level(body, inner, ""),), (), (value,), True)
            for born in bad_constants(inner, nan_only):
                yield born._replace(levels=(Level(body, inner, ""), *born.levels))
        for value in _bad_values(body.jaxpr.outvars, known, nan_only):
            yield Born((), (), (value,), True)


def _bad_values(atoms: Sequence[Any], known: dict[Any, Any], nan_only: bool) -> Iterator[Any]:
    """The constants among atoms that are not finite."""
    for atom in atoms:
        value = literal(atom) if isinstance(atom, Literal) else known.get(atom)
        if value is not None and not are_finite([value], nan_only):
            yield value


def literal(atom: Literal) -> np.ndarray:
    """The value of a literal, in its dtype instead of that of a Python number."""
    return np.asarray(atom.val).astype(_jaxpr.like(atom).dtype)


def _inside(eqn: JaxprEqn, inputs: Sequence[Any], nan_only: bool) -> Inside | None:
    """The body to search in place of the equation, if it calls one."""
    if eqn.primitive.name in ("scan", "while"):
        return _bad_iteration(eqn, inputs, nan_only) if is_entered(eqn) else None
    return call(eqn, inputs)


def is_entered(eqn: JaxprEqn) -> bool:
    """Whether it is a loop whose iterations can be searched, and that has one."""
    if eqn.primitive.name == "scan":
        return eqn.params["length"] > 0
    return eqn.primitive.name == "while" and not _jaxpr.is_batched(eqn)


def call(eqn: JaxprEqn, inputs: Sequence[Any]) -> Inside | None:
    """The body whose outputs are the equation's, if it calls one."""
    inlined = _jaxpr.inlined(eqn)
    if inlined is not None:
        within = f"{eqn.primitive.name} {eqn.params.get('name', '')}".rstrip()
        return Inside(within, inlined, inputs, is_whole=True)
    if eqn.primitive.name == "cond":
        branches = eqn.params["branches"]
        index = int(np.clip(int(inputs[0]), 0, len(branches) - 1))
        return Inside(f"cond, branch {index}", branches[index], inputs[1:], is_whole=True)
    return None


def _bad_iteration(eqn: JaxprEqn, inputs: Sequence[Any], nan_only: bool) -> Inside | None:
    """The first iteration with such an equation: a compiled loop finds it, to be searched."""
    params, last = eqn.params, None
    if eqn.primitive.name == "scan":
        consts, carry, xs = _jaxpr.loop_inputs(eqn, inputs)
        body, last = params["jaxpr"], params["length"] - 1

        def more(count: Any, carry: Any) -> Any:
            return count <= last

        def given(count: Any, carry: Any) -> list[Any]:
            place = last - count if params["reverse"] else count
            slices = [jax.lax.dynamic_index_in_dim(x, place, keepdims=False) for x in xs]
            return [*consts, *carry, *slices]

    else:
        of_cond, consts, carry = _jaxpr.while_inputs(eqn, inputs)
        body = params["body_jaxpr"]

        def more(count: Any, carry: Any) -> Any:
            return _jaxpr.evaluate(params["cond_jaxpr"], [*of_cond, *carry], _jaxpr.as_it_is)[0]

        def given(count: Any, carry: Any) -> list[Any]:
            return [*consts, *carry]

    def step(state: Any) -> Any:
        count, carry, _ = state
        outputs, bad = _flagged(body, nan_only, given(count, carry))
        kept = [
            jax.lax.select(bad, old, new)
            for old, new in zip(carry, outputs[: len(carry)], strict=True)
        ]
        return jnp.where(bad, count, count + 1), kept, bad

    @jax.jit
    def run(carry: Any) -> Any:
        start = (jnp.int32(0), carry, jnp.array(False))
        return jax.lax.while_loop(lambda s: more(*s[:2]) & ~s[2], step, start)

    count, carry, bad = run([jnp.asarray(x) for x in carry])
    if not bad:
        return None
    of = "" if last is None else f" of {last + 1}"
    place = last - int(count) if last is not None and params["reverse"] else int(count)
    within = f"{eqn.primitive.name}, iteration {place}{of}, counted from 0"
    return Inside(within, body, given(count, carry), is_whole=False)


class _Watched(NamedTuple):
    """An equation under tracing, and whether it made a non-finite output of finite inputs."""

    body: ClosedJaxpr
    eqn: JaxprEqn
    inputs: Sequence[Any]
    outputs: Sequence[Any]
    is_bad: jax.Array


def _flagged(body: ClosedJaxpr, nan_only: bool, inputs: Sequence[Any]) -> tuple[Any, jax.Array]:
    """The outputs of a body, and whether any of its equations is bad."""
    log: list[_Watched] = []
    outputs = _watched(body, inputs, nan_only, log)
    return outputs, functools.reduce(jnp.logical_or, (w.is_bad for w in log), _false_like(inputs))


def _watched(
    body: ClosedJaxpr, inputs: Sequence[Any], nan_only: bool, log: list[_Watched]
) -> list[Any]:
    """The outputs of a body, with each equation added to the log; a loop is one equation."""

    def run(body: ClosedJaxpr, _: None, inputs: Sequence[Any]) -> tuple[Any, jax.Array]:
        return _flagged(body, nan_only, inputs)

    def perform(eqn: JaxprEqn, inputs: Sequence[Any]) -> Sequence[Any]:
        inlined = _jaxpr.inlined(eqn)
        if inlined is not None:
            return _watched(inlined, inputs, nan_only, log)
        if eqn.primitive.name == "while" and not _jaxpr.is_batched(eqn):
            outputs, bad = _flagged_while(eqn, inputs, nan_only)
        elif (entered := _jaxpr.entered(eqn, inputs, None, run)) is not None:
            outputs, bad = entered[0], jnp.any(entered[1])
        else:
            outputs = _jaxpr.as_it_is(eqn, inputs)
            bad = ~_finite(outputs, nan_only) & _finite(inputs, nan_only)
            bad &= next(bad_constants(eqn, nan_only), None) is None
        log.append(_Watched(body, eqn, inputs, outputs, bad))
        return outputs

    return _jaxpr.evaluate(body, inputs, perform)


def _false_like(inputs: Sequence[Any]) -> jax.Array:
    """False, varying over the devices as the inputs do."""
    axes = {axis for x in inputs for axis in _jaxpr.varying(jax.typeof(x))}
    return _jaxpr.varied(jnp.array(False), axes)


def _finite(arrays: Sequence[Any], nan_only: bool) -> jax.Array:
    """Whether all elements are finite, under tracing."""
    inexact = [x for x in arrays if jnp.issubdtype(jnp.result_type(x), jnp.inexact)]
    good = (jnp.all(~jnp.isnan(x) if nan_only else jnp.isfinite(x)) for x in inexact)
    return functools.reduce(jnp.logical_and, good, jnp.array(True))


def _flagged_while(eqn: JaxprEqn, inputs: Sequence[Any], nan_only: bool) -> tuple[Any, jax.Array]:
    params = eqn.params
    of_cond, consts, carry = _jaxpr.while_inputs(eqn, inputs)

    def more(state: Any) -> Any:
        whole = [*of_cond, *state[0]]
        return _jaxpr.evaluate(params["cond_jaxpr"], whole, _jaxpr.as_it_is)[0]

    def step(state: Any) -> Any:
        outputs, bad = _flagged(params["body_jaxpr"], nan_only, [*consts, *state[0]])
        return outputs, state[1] | bad

    return jax.lax.while_loop(more, step, (carry, _false_like(inputs)))


def _search_shards(eqn: JaxprEqn, inputs: Sequence[Any], nan_only: bool) -> None:
    """Raises the first bad equation of any device: they cannot be evaluated outside the map."""
    (body,), params = _jaxpr.bodies(eqn), eqn.params
    axes = tuple(sorted(params["newly_manual_axes"]))
    varied = axes if params["check_vma"] else ()
    names: list[_Watched] = []

    def on_shard(*inputs: Any) -> Any:
        log: list[_Watched] = []
        _watched(body, inputs, nan_only, log)
        names[:] = log
        results = [(w.is_bad, w.inputs, w.outputs) for w in log]
        return jax.tree.map(lambda x: _jaxpr.varied(jnp.expand_dims(x, 0), varied), results)

    mapped = jax.shard_map(
        on_shard,
        mesh=params["mesh"],
        in_specs=tuple(params["in_specs"]),
        out_specs=PartitionSpec(axes),
        axis_names=params["newly_manual_axes"],
        check_vma=params["check_vma"],
    )
    for watched, (bad, given, outputs) in zip(names, jax.jit(mapped)(*inputs), strict=True):
        if np.any(bad):
            device = int(np.argmax(bad))
            level = Level(watched.body, watched.eqn, f"shard_map, device {device} of {bad.size}")
            own = [[x[device] for x in arrays] for arrays in (given, outputs)]
            raise _Found(Born((level,), own[0], own[1]))
