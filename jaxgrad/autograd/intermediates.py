"""The gradients of named intermediate values: `retain_grad()` without a tensor to call it on."""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, JaxprEqn
from jax.sharding import PartitionSpec

from jaxgrad import _checks, _jaxpr
from jaxgrad._leaves import numbers, replaced, selected

from ._rules import explained
from .reverse import backward

_NAME = "intermediate_grads"
_CHECK = _checks.of(_NAME)


def intermediate_grads(
    fn: Callable[..., Any],
    names: str | Sequence[str],
    argnums: int | tuple[int, ...] = 0,
    has_aux: bool = False,
) -> Callable[..., Any]:
    """Makes the function that computes `fn`, its gradients, and those of named values inside it.

        cotangentₖ = (∂value/∂hₖ)ᵀ cotangent   for each hₖ = checkpoint_name(…, nameₖ)

    JAX itself names a value, at no cost:
    `h = jax.ad_checkpoint.checkpoint_name(h, "hidden")`.

    Args:
        fn: as for `backward`: a function of pytrees that returns a pytree of floating point or
            complex arrays, or with `has_aux` a pair of that and anything else.
        names: the name, or the names, of the values whose gradients are returned.
        argnums: which positional argument, or tuple of them, requires gradients.
        has_aux: whether `fn` returns `(value, aux)`.

    Returns:
        `(*args, cotangent=None, **kwargs) -> (value, grads, cotangents)`, or with `has_aux`
        `-> ((value, aux), grads, cotangents)`. The first two are `backward`'s; `cotangents` is a
        dict from each name to an array of that value's shape and dtype. A value inside a
        `lax.scan` has one for each iteration, stacked along a first axis as the scan's inputs
        are; inside a `shard_map` one for each device, stacked along a first axis for every mesh
        axis that the value varies over. The branch of a `cond` that was not taken gives zeros.
        Inside a function with a custom rule (`custom_jvp`, `custom_vjp`) JAX derives the gradient
        from the rest of the function's body; the function's arguments keep the rule.

    Raises:
        TypeError: a name is not a string; a named value is neither floating point nor complex; what
            `backward` raises.
        ValueError: a name is not in `fn`, or is there twice, or is inside a `while_loop`, whose
            number of iterations is not known; the message lists the names in `fn`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.retain_grad.html

    Differs from PyTorch: the gradients are returned, not stored; a value in a loop has the
    gradients of all iterations, not only of the last.

    >>> import jax.numpy as jnp
    >>> from jax.ad_checkpoint import checkpoint_name
    >>> from jaxgrad.autograd import intermediate_grads
    >>> def loss(w, x):
    ...     hidden = checkpoint_name(w * x, "hidden")
    ...     return (hidden**2).sum()
    >>> value, grads, cotangents = intermediate_grads(loss, "hidden")(2.0, jnp.array([1.0, 3.0]))
    >>> cotangents
    {'hidden': Array([ 4., 12.], dtype=float32)}
    """
    if not callable(fn):
        raise TypeError(_CHECK.wrong("fn", "callable", type(fn).__name__))
    asked: list[Any] = [*names] if isinstance(names, (tuple, list)) else [names]
    for name in asked:
        if not isinstance(name, str):
            raise TypeError(_CHECK.wrong("names", "strings", repr(name)))
    _CHECK.truth("has_aux", has_aux)
    given = numbers(_NAME, argnums)

    @functools.wraps(fn)
    def value_grads_and_cotangents(*args: Any, cotangent: Any = None, **kwargs: Any) -> Any:
        with explained(_NAME):
            positions = selected(_NAME, given, args)
            chosen = (_CHECK.arrays(f"argument {n}", args[n]) for n in positions)
            args = replaced(args, positions, chosen)
            traced = _jaxpr.traced(_NAME, fn, args, kwargs)
            taps = {name: _zeros(site) for name, site in _sites_of(traced.body, asked).items()}

            def tapped(taps: Any, *args: Any) -> Any:
                arrays = [x for x in jax.tree.leaves((args, kwargs)) if _jaxpr.is_array(x)]
                outputs, _ = _run(traced.body, taps, arrays)
                return traced.rebuilt(outputs)

            inner = backward(tapped, (0, *(n + 1 for n in positions)), has_aux)
            value, (cotangents, *grads) = inner(taps, *args, cotangent=cotangent)
            return (
                value,
                tuple(grads) if isinstance(argnums, (tuple, list)) else grads[0],
                cotangents,
            )

    del value_grads_and_cotangents.__dict__["__wrapped__"]
    return value_grads_and_cotangents


class _Site(NamedTuple):
    """The place of a name: the value's type, and the axes along which gradients are stacked."""

    aval: Any
    axes: tuple[int, ...]
    within: str
    varying: tuple[str, ...]
    """The mesh axes of a surrounding `shard_map` that it varies over."""


def _sites_of(body: ClosedJaxpr, asked: Sequence[str]) -> dict[str, _Site]:
    """The site of each name, which must be in `fn` once."""
    sites: dict[str, list[_Site]] = {}
    for name, site in _sites(body, ()):
        sites.setdefault(name, []).append(site)
    for name in asked:
        found = sites.get(name, [])
        there = ", ".join(
            f"{other!r}" + f" ({len(them)} times)" * (len(them) > 1)
            for other, them in sites.items()
        )
        if len(found) != 1:
            got = f"{name!r}; there are {there}" if there else f"{name!r}; there are no names"
            remedy = 'name a value with jax.ad_checkpoint.checkpoint_name(h, "hidden")'
            raise ValueError(_CHECK.wrong("names", "names that stand in fn once", got, remedy))
        if found[0].within:
            within = found[0].within
            loop = "its iterations are not known before it runs: use lax.scan"
            remedy = loop if within == "while_loop" else ""
            got = f"{name!r} inside a {within}"
            raise ValueError(_CHECK.wrong("names", f"outside {within}", got, remedy))
        if not jnp.issubdtype(found[0].aval.dtype, jnp.inexact):
            got = f"{name!r} of {found[0].aval.dtype}"
            expected = "names of floating point or complex values"
            raise TypeError(_CHECK.wrong("names", expected, got))
    return {name: sites[name][0] for name in asked}


def _sites(
    body: ClosedJaxpr, axes: tuple[int, ...], within: str = ""
) -> Iterator[tuple[str, _Site]]:
    for eqn in body.jaxpr.eqns:
        inside, beyond = axes, within
        if eqn.primitive.name == "name":
            aval = eqn.outvars[0].aval
            yield eqn.params["name"], _Site(aval, axes, within, _jaxpr.varying(aval))
        elif eqn.primitive.name == "scan":
            inside = (*axes, eqn.params["length"])
        elif eqn.primitive.name == "while":
            beyond = "while_loop"
        elif not within and not _is_entered(eqn):
            beyond = eqn.primitive.name
        for inner in _jaxpr.bodies(eqn):
            for name, site in _sites(inner, inside, beyond):
                if eqn.primitive.name == "shard_map":
                    site = _outside(site, eqn, len(axes))
                yield name, site


def _outside(site: _Site, eqn: JaxprEqn, depth: int) -> _Site:
    """A site inside a `shard_map`, with the stacked axes that it has outside."""
    manual, sizes = eqn.params["newly_manual_axes"], eqn.params["mesh"].shape
    stacked = tuple(sizes[axis] for axis in site.varying if axis in manual)
    rest = tuple(axis for axis in site.varying if axis not in manual)
    return site._replace(axes=site.axes[:depth] + stacked + site.axes[depth:], varying=rest)


def _is_entered(eqn: JaxprEqn) -> bool:
    known = ("remat2", "checkpoint", "cond", "shard_map", "custom_jvp_call", "custom_vjp_call")
    return _jaxpr.is_jit(eqn) or eqn.primitive.name in known


def _zeros(site: _Site) -> jax.Array:
    zeros = jnp.zeros((*site.axes, *site.aval.shape), site.aval.dtype)
    return _jaxpr.varied(zeros, site.varying)


@jax.custom_jvp
def _tap(value: jax.Array, tap: jax.Array) -> jax.Array:
    """The value, without an addition; its derivative is that of value + tap."""
    return value


@_tap.defjvp
def _tap_jvp(primals: Any, tangents: Any) -> Any:
    return primals[0], tangents[0] + tangents[1]


def _run(body: ClosedJaxpr, taps: Any, inputs: Sequence[Any]) -> tuple[Sequence[Any], None]:
    """The outputs of a body whose named values have a tap each."""

    def perform(eqn: JaxprEqn, inputs: Sequence[Any]) -> Sequence[Any]:
        if eqn.primitive.name == "name" and eqn.params["name"] in taps:
            (value,) = _jaxpr.as_it_is(eqn, inputs)
            return [_tap(value, taps[eqn.params["name"]])]
        inside = {name for body in _jaxpr.bodies(eqn) for name, _ in _sites(body, ())}
        inner = {name: tap for name, tap in taps.items() if name in inside}
        if not inner:
            return _jaxpr.as_it_is(eqn, inputs)
        special = {
            "custom_jvp_call": _with_jvp,
            "custom_vjp_call": _with_vjp,
            "shard_map": _on_shards,
        }
        if eqn.primitive.name in special:
            return special[eqn.primitive.name](eqn, inputs, inner)
        entered = _jaxpr.entered(eqn, inputs, inner, _run)
        assert entered is not None, eqn.primitive
        return entered[0]

    return _jaxpr.evaluate(body, inputs, perform), None


def _with_jvp(eqn: JaxprEqn, inputs: Sequence[Any], taps: Any) -> Sequence[Any]:
    """A function with a forward rule: the rule for its arguments, its body for the taps."""
    (body,) = _jaxpr.bodies(eqn)

    @jax.custom_jvp
    def call(taps: Any, *inputs: Any) -> Any:
        return _run(body, taps, inputs)[0]

    @call.defjvp
    def rule(primals: Any, tangents: Any) -> Any:
        (taps, *inputs), (taps_dot, *inputs_dot) = primals, tangents
        _, dots = jax.jvp(lambda *xs: list(_jaxpr.as_it_is(eqn, xs)), inputs, inputs_dot)
        outputs, more = jax.jvp(lambda taps: _run(body, taps, inputs)[0], (taps,), (taps_dot,))
        return outputs, [
            dot if dot.dtype == jax.dtypes.float0 else dot + other
            for dot, other in zip(dots, more, strict=True)
        ]

    return call(taps, *inputs)


def _with_vjp(eqn: JaxprEqn, inputs: Sequence[Any], taps: Any) -> Sequence[Any]:
    """A function with a backward rule: the rule for its arguments, its body for the taps.

    JAX differentiates such a function by its arguments only, not by what it closes over.
    """
    (body,), count = _jaxpr.bodies(eqn), eqn.params.get("num_consts", 0)

    @jax.custom_vjp
    def call(taps: Any, consts: Any, *inputs: Any) -> Any:
        return _run(body, taps, [*consts, *inputs])[0]

    def forward(taps: Any, consts: Any, *inputs: Any) -> Any:
        _, pull = jax.vjp(lambda *xs: list(_jaxpr.as_it_is(eqn, [*consts, *xs])), *inputs)
        whole = [*consts, *inputs]
        outputs, pull_taps = jax.vjp(lambda taps: _run(body, taps, whole)[0], taps)
        return outputs, (pull, pull_taps)

    def backward(pulls: Any, cotangents: Any) -> Any:
        pull, pull_taps = pulls
        return (*pull_taps(cotangents), None, *pull(cotangents))

    call.defvjp(forward, backward)
    return call(taps, list(inputs[:count]), *inputs[count:])


def _on_shards(eqn: JaxprEqn, inputs: Sequence[Any], taps: Any) -> Sequence[Any]:
    """A `shard_map`, where each tap has a first axis for each mesh axis its value varies over."""
    (body,), params = _jaxpr.bodies(eqn), eqn.params
    axes = {
        name: [axis for axis in site.varying if axis in params["newly_manual_axes"]]
        for name, site in _sites(body, ())
    }
    specs = {name: PartitionSpec(*axes[name]) for name in taps}

    def on_shard(taps: Any, *inputs: Any) -> Any:
        own = {name: tap.reshape(tap.shape[len(axes[name]) :]) for name, tap in taps.items()}
        return _run(body, own, inputs)[0]

    mapped = jax.shard_map(
        on_shard,
        mesh=params["mesh"],
        in_specs=(specs, *params["in_specs"]),
        out_specs=list(params["out_specs"]),
        axis_names=params["newly_manual_axes"],
        check_vma=params["check_vma"],
    )
    return mapped(taps, *inputs)
