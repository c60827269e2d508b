"""Follows an infinity or NaN back from the output to the input or constant it came from."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, JaxprEqn, Literal

from jaxgrad import _jaxpr

from ._search import Born, Level, are_finite, bad_constants, call, is_entered, literal


def origin(
    body: ClosedJaxpr, inputs: Sequence[Any], outputs: Sequence[Any], nan_only: bool
) -> int | Born | None:
    """The origin of a body's first output that is not finite; None if all outputs are finite.

    It is the position of an input, or a `Born` for an equation or a constant.
    """
    bad = _worst(outputs, nan_only)
    return _origin_of_output(body, inputs, bad[0], nan_only) if bad else None


def within(born: Born, nan_only: bool) -> Born:
    """The equation inside a vmapped `while`, which the search takes for one equation."""
    eqn = born.levels[-1].eqn
    if born.is_constant or not _jaxpr.is_batched(eqn):
        return born
    out = _worst(born.outputs, nan_only)[0]
    iteration, found = _origin_through(eqn, born.inputs, born.outputs, out, nan_only)
    if not isinstance(found, Born):
        return born
    loop = born.levels[-1]._replace(within=iteration)
    return found._replace(levels=(*born.levels[:-1], loop, *found.levels))


def _worst(arrays: Sequence[Any], nan_only: bool) -> list[int]:
    """The positions of the arrays with a NaN; if there are none, of those with an infinity."""
    bad = [n for n, x in enumerate(arrays) if not are_finite([x], nan_only)]
    return [n for n in bad if not are_finite([arrays[n]], True)] or bad


def _origin_of_output(
    body: ClosedJaxpr, inputs: Sequence[Any], out: int, nan_only: bool
) -> int | Born:
    """The origin of one output of a body, as for `origin`."""
    log: dict[Any, tuple[JaxprEqn, Sequence[Any], Sequence[Any]]] = {}

    def perform(eqn: JaxprEqn, inputs: Sequence[Any]) -> Sequence[Any]:
        outputs = _jaxpr.as_it_is(eqn, inputs)
        log.update((var, (eqn, inputs, outputs)) for var in eqn.outvars)
        return outputs

    value: Any = _jaxpr.evaluate(body, inputs, perform)[out]
    atom, levels = body.jaxpr.outvars[out], tuple[Level, ...]()
    while not isinstance(atom, Literal) and atom in log:
        eqn, given, outputs = log[atom]
        within, came = _origin_through(eqn, given, outputs, eqn.outvars.index(atom), nan_only)
        levels = (Level(body, eqn, within),)
        if isinstance(came, Born):
            return came._replace(levels=(*levels, *came.levels))
        atom, value, levels = eqn.invars[came], given[came], (Level(body, eqn, ""),)
    if isinstance(atom, Literal):
        value = literal(atom)
    elif atom in body.jaxpr.invars:
        return body.jaxpr.invars.index(atom)
    return Born(levels, (), (value,), True)


def _origin_through(
    eqn: JaxprEqn, inputs: Sequence[Any], outputs: Sequence[Any], out: int, nan_only: bool
) -> tuple[str, int | Born]:
    """The origin of one output of an equation, and a text for the body that was entered."""
    if (called := call(eqn, inputs)) is not None:
        skipped = len(inputs) - len(called.inputs)
        came = _origin_of_output(called.body, called.inputs, out, nan_only)
        return called.within, came if isinstance(came, Born) else came + skipped
    if _jaxpr.is_batched(eqn):
        came = _origin_of_output(_jaxpr.unbatched(eqn), inputs, out, nan_only)
        if not isinstance(came, Born) or not came.levels:
            return "", came
        return came.levels[0].within, came._replace(levels=came.levels[1:])
    if is_entered(eqn):
        return _Loop(eqn, inputs, nan_only).origin(outputs, out)
    return "", _origin_in_inputs(eqn, inputs, outputs, out, nan_only)


def _origin_in_inputs(
    eqn: JaxprEqn, inputs: Sequence[Any], outputs: Sequence[Any], out: int, nan_only: bool
) -> int | Born:
    """The input that makes an output non-finite, or a `Born` if none does.

    An input does if the output is finite once the input's bad elements are replaced.
    """
    bad = [n for n, x in enumerate(inputs) if not are_finite([x], nan_only)]
    if not bad:
        return next(bad_constants(eqn, nan_only), Born((), inputs, outputs))
    if not _is_finite_without(eqn, inputs, bad, out, nan_only):
        return Born((), inputs, outputs)
    if not are_finite([outputs[out]], True):
        bad = [n for n in bad if not are_finite([inputs[n]], True)] or bad
    return next((n for n in bad if _is_finite_without(eqn, inputs, [n], out, nan_only)), bad[0])


def _is_finite_without(
    eqn: JaxprEqn, inputs: Sequence[Any], places: Sequence[int], out: int, nan_only: bool
) -> bool:
    """Whether an output is finite with the bad elements of some inputs replaced.

    Two numbers are tried, inside and outside [-1, 1]: `atanh` and `acosh` accept only one of them.
    """
    for number in (0.5, 1.5):
        given = [*inputs]
        for n in places:
            given[n] = _with_bad_replaced(inputs[n], number, nan_only)
        if are_finite([_jaxpr.as_it_is(eqn, given)[out]], nan_only):
            return True
    return False


def _with_bad_replaced(x: Any, number: float, nan_only: bool) -> jax.Array:
    x = jnp.asarray(x)
    return jnp.where(jnp.isnan(x) if nan_only else ~jnp.isfinite(x), jnp.array(number, x.dtype), x)


class _Loop:
    """A `scan` or a `while`, whose iterations are followed from the last to the first."""

    def __init__(self, eqn: JaxprEqn, inputs: Sequence[Any], nan_only: bool):
        self.eqn, self.inputs, self.nan_only = eqn, inputs, nan_only
        self.is_scan = eqn.primitive.name == "scan"
        take = _jaxpr.loop_inputs if self.is_scan else _jaxpr.while_inputs
        parts = take(eqn, inputs)
        self.body = eqn.params["jaxpr" if self.is_scan else "body_jaxpr"]
        self.of_cond, self.consts = ([], parts[0]) if self.is_scan else parts[:2]
        self.carry = [jnp.asarray(x) for x in parts[1 if self.is_scan else 2]]
        self.xs = parts[2] if self.is_scan else []
        self.run = self._compiled()

    def origin(self, outputs: Sequence[Any], out: int) -> tuple[str, int | Born]:
        """The origin of an output: an input of the loop, or something in an iteration."""
        first = len(self.of_cond)
        place = out
        if out < len(self.carry):
            step = int(self.run(2**31 - 1)[2][out]) - 1
        else:
            bad = [n for n, y in enumerate(outputs[out]) if not are_finite([y], self.nan_only)]
            step = self._step(bad[-1] if self.eqn.params["reverse"] else bad[0])
        while step >= 0:
            _, carry, since = self.run(step)
            came = _origin_of_output(self.body, self._given(step, carry), place, self.nan_only)
            if isinstance(came, Born):
                return self._name(step), came
            if not 0 <= (place := came - len(self.consts)) < len(self.carry):
                return "", first + came
            step = int(since[place]) - 1
        return "", first + len(self.consts) + place

    def _step(self, place: int) -> int:
        """The iteration at a place along the scanned axis, or the place of an iteration."""
        return self.eqn.params["length"] - 1 - place if self.eqn.params["reverse"] else place

    def _name(self, step: int) -> str:
        """The text for an iteration, as in `_search`."""
        name = self.eqn.primitive.name
        if not self.is_scan:
            return f"{name}, iteration {step}, counted from 0"
        return (
            f"{name}, iteration {self._step(step)} of {self.eqn.params['length']}, counted from 0"
        )

    def _given(self, step: Any, carry: Sequence[Any]) -> list[Any]:
        """The inputs of an iteration."""
        place = self._step(step) if self.is_scan else step
        slices = [jax.lax.dynamic_index_in_dim(x, place, keepdims=False) for x in self.xs]
        return [*self.consts, *carry, *slices]

    def _more(self, step: Any, carry: Sequence[Any]) -> Any:
        if self.is_scan:
            return step < self.eqn.params["length"]
        given = [*self.of_cond, *carry]
        return _jaxpr.evaluate(self.eqn.params["cond_jaxpr"], given, _jaxpr.as_it_is)[0]

    def _compiled(self) -> Callable[[int], Any]:
        """The carry before an iteration, and the iteration since which each part of it is bad.

        A part that is bad since iteration n was made by iteration n - 1; since 0, it is an input.
        """

        @jax.jit
        def run(last: Any, carry: Any) -> Any:
            def step(state: Any) -> Any:
                count, carry, since = state
                outputs = _jaxpr.evaluate(self.body, self._given(count, carry), _jaxpr.as_it_is)
                carry = outputs[: len(carry)]
                return count + 1, carry, self._since(count + 1, carry, since)

            never = [jnp.int32(-1) for _ in carry]
            start = jnp.int32(0), carry, self._since(jnp.int32(0), carry, never)
            return jax.lax.while_loop(lambda s: self._more(*s[:2]) & (s[0] < last), step, start)

        return lambda last: run(jnp.int32(last), self.carry)

    def _since(self, count: Any, carry: Any, since: Any) -> Any:
        """The iteration since which each part is bad without a break; -1 for a finite part."""
        return [
            jnp.where(_is_bad(x, self.nan_only), jnp.where(start < 0, count, start), -1)
            for x, start in zip(carry, since, strict=True)
        ]


def _is_bad(x: Any, nan_only: bool) -> Any:
    """Under tracing, whether an element is not finite."""
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        return jnp.array(False)
    return jnp.any(jnp.isnan(x) if nan_only else ~jnp.isfinite(x))
