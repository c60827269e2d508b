"""Evaluates the equations of a traced function, and of the functions that it calls."""

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import jaxlib
import numpy as np
from jax.core import Tracer, eval_jaxpr
from jax.extend.core import ClosedJaxpr, DebugInfo, Jaxpr, JaxprEqn, Literal, Var

from jaxgrad import _checks

Perform = Callable[[JaxprEqn, Sequence[Any]], Sequence[Any]]
"""Computes the outputs of an equation from its inputs."""
Run = Callable[[ClosedJaxpr, Any, Sequence[Any]], tuple[Sequence[Any], Any]]
"""Evaluates a body, with an extra argument and an extra result."""


class Traced(NamedTuple):
    """A function as equations, on the flat list of its arrays."""

    body: ClosedJaxpr
    arrays: list[Any]
    structure: Any
    """The structure of what the function returns."""
    fixed: dict[int, Any]
    """The returned leaves that are not arrays, by their position."""

    def rebuilt(self, outputs: Sequence[Any]) -> Any:
        """What the function returns, given the outputs of the equations."""
        given = iter(outputs)
        count = self.structure.num_leaves
        return self.structure.unflatten(
            self.fixed[n] if n in self.fixed else next(given) for n in range(count)
        )

    def flat(self, tree: Any) -> list[Any]:
        """The leaves, at the places of arrays, of a tree with the structure of the result."""
        leaves = self.structure.flatten_up_to(tree)
        return [leaf for n, leaf in enumerate(leaves) if n not in self.fixed]


def traced(function: str, fn: Callable[..., Any], args: Any, kwargs: Any) -> Traced:
    """The equations of `fn`; an argument that is not an array, such as a flag, stays as it is.

    A function with mutable references (`jax.new_ref`) is a `ValueError`: its equations alone do
    not show which value depends on which.
    """
    leaves, structure = jax.tree.flatten((args, kwargs))
    places = [n for n, leaf in enumerate(leaves) if is_array(leaf)]
    returned: list[Any] = []
    fixed: dict[int, Any] = {}

    def of_arrays(*arrays: Any) -> Any:
        given = dict(zip(places, arrays, strict=True))
        args, kwargs = structure.unflatten(given.get(n, leaf) for n, leaf in enumerate(leaves))
        results, result = jax.tree.flatten(fn(*args, **kwargs))
        fixed.update((n, leaf) for n, leaf in enumerate(results) if not is_array(leaf))
        returned.append(result)
        return [leaf for leaf in results if is_array(leaf)]

    arrays = [leaves[n] for n in places]
    body = jax.make_jaxpr(of_arrays)(*arrays)
    if _has_references(body):
        expected, remedy = "free of mutable references", "write it without jax.new_ref"
        raise ValueError(_checks.wrong(function, "fn", expected, "a function with one", remedy))
    return Traced(body, arrays, returned[-1], fixed)


def is_array(leaf: Any) -> bool:
    """Whether a leaf is traced: an array or a `jax.ShapeDtypeStruct`."""
    return isinstance(leaf, (jax.Array, np.ndarray, np.generic, jax.ShapeDtypeStruct))


def numbers_as_arrays(tree: Any) -> Any:
    """A tree whose floating point and complex Python numbers are arrays."""
    return jax.tree.map(lambda x: jnp.asarray(x) if isinstance(x, (float, complex)) else x, tree)


def _has_references(body: ClosedJaxpr) -> bool:
    return any(
        any("Ref" in type(atom.aval).__name__ for atom in (*eqn.invars, *eqn.outvars))
        or (eqn.primitive.name != "pallas_call" and any(map(_has_references, bodies(eqn))))
        for eqn in body.jaxpr.eqns
    )


def evaluate(body: ClosedJaxpr, inputs: Sequence[Any], perform: Perform) -> list[Any]:
    """The outputs of a body, each of its equations computed by `perform`."""
    values = dict(zip(body.jaxpr.constvars, body.consts, strict=True))
    values.update(zip(body.jaxpr.invars, inputs, strict=True))

    def read(atom: Any) -> Any:
        return atom.val if isinstance(atom, Literal) else values[atom]

    for eqn in body.jaxpr.eqns:
        outputs = perform(eqn, [read(atom) for atom in eqn.invars])
        values.update(zip(eqn.outvars, outputs, strict=True))
    return [read(atom) for atom in body.jaxpr.outvars]


def as_it_is(eqn: JaxprEqn, inputs: Sequence[Any]) -> Sequence[Any]:
    """The outputs of an equation, computed as the function itself would.

    An input that the equation uses twice may be given as two different values.
    """
    if not bodies(eqn) and not any(isinstance(x, Tracer) for x in inputs):  # ten times as fast
        with eqn.ctx.manager:
            outputs = eqn.primitive.bind(*inputs, **eqn.params)
        return outputs if eqn.primitive.multiple_results else [outputs]
    own: Any = [Var(atom.aval) for atom in eqn.invars]
    info = DebugInfo("jaxgrad", eqn.primitive.name, None, None)
    alone = Jaxpr((), own, eqn.outvars, [eqn.replace(invars=own)], eqn.effects, info)
    return eval_jaxpr(alone, (), *inputs)


def bodies(eqn: JaxprEqn) -> list[ClosedJaxpr]:
    """The bodies that an equation calls, such as the branches of a `cond`."""
    return [body for param in eqn.params.values() for body in _closed(param)]


def _closed(param: Any) -> Iterator[ClosedJaxpr]:
    if isinstance(param, ClosedJaxpr):
        yield param
    elif isinstance(param, Jaxpr):
        yield ClosedJaxpr(param, ())
    elif isinstance(param, (tuple, list)):
        for item in param:
            yield from _closed(item)


_CALLS = (
    *("jit", "pjit", "remat2", "checkpoint", "custom_jvp_call", "custom_vjp_call"),
    *("closed_call", "core_call", "core_closed_call", "composite"),
)


def inlined(eqn: JaxprEqn) -> ClosedJaxpr | None:
    """The body of an equation that only calls it, such as a jitted function."""
    inner = bodies(eqn) if eqn.primitive.name in _CALLS else []
    same = len(inner) == 1 and len(inner[0].in_avals) == len(eqn.invars)
    return inner[0] if same and len(inner[0].out_avals) == len(eqn.outvars) else None


def is_jit(eqn: JaxprEqn) -> bool:
    """Whether an equation is a call of a jitted function."""
    return eqn.primitive.name in ("jit", "pjit")


def entered(
    eqn: JaxprEqn, inputs: Sequence[Any], extra: Any, run: Run
) -> tuple[Sequence[Any], Any] | None:
    """The outputs of an equation whose bodies `run` evaluates, and the extra results of `run`.

    In a loop, `extra` and the extra results have one entry for each iteration, along a first axis.
    The result is None for an equation without a body, and for a `while`, whose number of
    iterations is not known.
    """
    name, params = eqn.primitive.name, eqn.params
    with eqn.ctx.manager:
        if is_jit(eqn):
            inner = functools.partial(run, params["jaxpr"])
            return _named(inner, params["name"])(extra, _placed(inputs, params["in_shardings"]))
        if name in ("remat2", "checkpoint"):
            inner = functools.partial(run, *bodies(eqn))
            kept = bool(np.any(params["prevent_cse"]))
            return jax.checkpoint(inner, prevent_cse=kept, policy=params["policy"])(extra, inputs)
        if name == "scan":
            return _scanned(eqn, inputs, extra, run)
        if name == "cond":
            index, *operands = inputs
            branches = [functools.partial(run, branch) for branch in params["branches"]]
            return jax.lax.switch(index, branches, extra, operands)
    return None


def _named(inner: Callable[..., Any], name: str) -> Callable[..., Any]:
    def call(extra: Any, inputs: Sequence[Any]) -> Any:
        return inner(extra, inputs)

    call.__name__ = name
    return jax.jit(call)


def _placed(inputs: Sequence[Any], shardings: Sequence[Any]) -> list[Any]:
    """The arguments of a jitted function, with the shardings that it asks for."""
    return [
        jax.lax.with_sharding_constraint(value, place)
        if isinstance(place, jax.sharding.Sharding)
        else value
        for value, place in zip(inputs, shardings, strict=True)
    ]


def _scanned(eqn: JaxprEqn, inputs: Sequence[Any], extra: Any, run: Run) -> Any:
    params = eqn.params
    consts, carry, xs = loop_inputs(eqn, inputs)

    def body(carry: Sequence[Any], slices: Any) -> Any:
        x, extra = slices
        outputs, more = run(params["jaxpr"], extra, [*consts, *carry, *x])
        return list(outputs[: len(carry)]), (list(outputs[len(carry) :]), more)

    rules = {key: params[key] for key in ("length", "reverse", "unroll")}
    carry, (ys, more) = jax.lax.scan(body, carry, (xs, extra), **rules)
    return [*carry, *ys], more


def loop_inputs(eqn: JaxprEqn, inputs: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any]]:
    """The inputs of a `scan`: constants, carry, and the arrays it scans over."""
    body = eqn.params["jaxpr"]
    scanned = sum(_is_scanned_over(pair) for pair in zip(eqn.invars, body.in_avals, strict=True))
    stacked = sum(_is_scanned_over(pair) for pair in zip(eqn.outvars, body.out_avals, strict=True))
    second = len(inputs) - scanned
    first = second - (len(eqn.outvars) - stacked)
    return list(inputs[:first]), list(inputs[first:second]), list(inputs[second:])


def while_inputs(eqn: JaxprEqn, inputs: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any]]:
    """The inputs of a `while`: constants of its condition, those of its body, and carry."""
    first = eqn.params["cond_nconsts"]
    second = first + eqn.params["body_nconsts"]
    return list(inputs[:first]), list(inputs[first:second]), list(inputs[second:])


def is_batched(eqn: JaxprEqn) -> bool:
    """Whether it is a vmapped `while`, whose examples may end at different iterations."""
    return eqn.primitive.name == "while" and bool(eqn.params["cond_jaxpr"].out_avals[0].shape)


def unbatched(eqn: JaxprEqn) -> ClosedJaxpr:
    """A vmapped `while` as one that goes on until all examples have ended."""
    conditions, step = eqn.params["cond_jaxpr"], eqn.params["body_jaxpr"]

    def loop(*inputs: Any) -> Any:
        of_cond, consts, carry = while_inputs(eqn, inputs)

        def more(carry: Sequence[Any]) -> jax.Array:
            return evaluate(conditions, [*of_cond, *carry], as_it_is)[0]

        def body(carry: Sequence[Any]) -> list[Any]:
            kept, after = more(carry), evaluate(step, [*consts, *carry], as_it_is)
            return [_chosen(kept, new, old) for new, old in zip(after, carry, strict=True)]

        return jax.lax.while_loop(lambda carry: jnp.any(more(carry)), body, carry)

    return jax.make_jaxpr(loop)(*(like(atom) for atom in eqn.invars))


def _chosen(kept: jax.Array, new: jax.Array, old: jax.Array) -> jax.Array:
    """New examples where they are kept, and else old ones."""
    axes = tuple(range(kept.ndim))
    return jax.lax.select(jax.lax.broadcast_in_dim(kept, new.shape, axes), new, old)


def _is_scanned_over(pair: tuple[Any, Any]) -> bool:
    """Whether a value has an axis outside a loop that it does not have inside."""
    outside, inside = pair
    return len(outside.aval.shape) > len(inside.shape)


def varied(x: Any, axes: Any) -> Any:
    """The array, marked as varying along these mesh axes of the `shard_map` around it."""
    missing = tuple(sorted(set(axes) - set(varying(jax.typeof(x)))))
    return jax.lax.pcast(x, missing, to="varying") if missing else x


def like(atom: Any) -> jax.ShapeDtypeStruct:
    """The shape and dtype of a variable or a literal."""
    return jax.ShapeDtypeStruct(atom.aval.shape, atom.aval.dtype)


def varying(aval: Any) -> tuple[str, ...]:
    """The mesh axes along which a value inside a `shard_map` varies."""
    axes = getattr(aval, "manual_axis_type", aval)
    return tuple(sorted(getattr(axes, "varying", getattr(axes, "vma", ()))))


class Source(NamedTuple):
    """A line of code: of a file, in a function."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} ({self.function})" if self.file else "an unknown line"


def source(eqn: JaxprEqn) -> Source:
    """The innermost line outside JAX and this package that made an equation."""
    found, traceback = position(eqn), eqn.source_info.traceback
    if found is None or traceback is None:
        return Source("", 0, "")
    code, place = found
    return Source(code.co_filename, traceback.code_addr2line(code, place), code.co_name)


def position(eqn: JaxprEqn) -> tuple[Any, int] | None:
    """The code of `source`, and the offset in it, which differs between calls on one line."""
    traceback = eqn.source_info.traceback
    if traceback is not None:
        codes, places = traceback.raw_frames()
        for code, place in zip(codes, places, strict=True):
            if not is_inside(code.co_filename):
                return code, place
    return None


_LIBRARIES = tuple(
    os.path.dirname(os.path.abspath(path)) + os.sep
    for path in (jax.__file__, jaxlib.__file__, __file__)
)


@functools.cache
def is_inside(file: str) -> bool:
    """Whether a file belongs to JAX or this package."""
    return file.startswith((*_LIBRARIES, "<frozen"))
