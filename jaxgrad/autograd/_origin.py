"""Where an infinity or NaN that no equation has born comes from, back from the output."""

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
    """Where a body's output that is not finite comes from; None if all outputs are.

    The number of one of its inputs; or an equation; or a constant.
    """
    bad = _worst(outputs, nan_only)
    return _walked(body, inputs, bad[0], nan_only) if bad else None


def within(born: Born, nan_only: bool) -> Born:
    """Of what is born in a vmapped `while`, which is searched as one equation, where in it."""
    eqn = born.levels[-1].eqn
    if born.is_constant or not _jaxpr.is_batched(eqn):
        return born
    out = _worst(born.outputs, nan_only)[0]
    iteration, found = _through(eqn, born.inputs, born.outputs, out, nan_only)
    if not isinstance(found, Born):
        return born
    loop = born.levels[-1]._replace(within=iteration)
    return found._replace(levels=(*born.levels[:-1], loop, *found.levels))


def _worst(arrays: Sequence[Any], nan_only: bool) -> list[int]:
    """The numbers of the arrays that are not finite: of those with a NaN, if there are any."""
    bad = [n for n, x in enumerate(arrays) if not are_finite([x], nan_only)]
    return [n for n in bad if not are_finite([arrays[n]], True)] or bad


def _walked(body: ClosedJaxpr, inputs: Sequence[Any], out: int, nan_only: bool) -> int | Born:
    """Where one output of a body comes from: as `origin`."""
    log: dict[Any, tuple[JaxprEqn, Sequence[Any], Sequence[Any]]] = {}

    def perform(eqn: JaxprEqn, inputs: Sequence[Any]) -> Sequence[Any]:
        outputs = _jaxpr.as_it_is(eqn, inputs)
        log.update((var, (eqn, inputs, outputs)) for var in eqn.outvars)
        return outputs

    value: Any = _jaxpr.evaluate(body, inputs, perform)[out]
    atom, levels = body.jaxpr.outvars[out], tuple[Level, ...]()
    while not isinstance(atom, Literal) and atom in log:
        eqn, given, outputs = log[atom]
        within, came = _through(eqn, given, outputs, eqn.outvars.index(atom), nan_only)
        levels = (Level(body, eqn, within),)
        if isinstance(came, Born):
            return came._replace(levels=(*levels, *came.levels))
        atom, value, levels = eqn.invars[came], given[came], (Level(body, eqn, ""),)
    if isinstance(atom, Literal):
        value = literal(atom)
    elif atom in body.jaxpr.invars:
        return body.jaxpr.invars.index(atom)
    return Born(levels, (), (value,), True)


def _through(
    eqn: JaxprEqn, inputs: Sequence[Any], outputs: Sequence[Any], out: int, nan_only: bool
) -> tuple[str, int | Born]:
    """Where one output of an equation comes from, and what to call the body that was entered."""
    if (called := call(eqn, inputs)) is not None:
        skipped = len(inputs) - len(called.inputs)
        came = _walked(called.body, called.inputs, out, nan_only)
        return called.within, came if isinstance(came, Born) else came + skipped
    if _jaxpr.is_batched(eqn):
        came = _walked(_jaxpr.unbatched(eqn), inputs, out, nan_only)
        if not isinstance(came, Born) or not came.levels:
            return "", came
        return came.levels[0].within, came._replace(levels=came.levels[1:])
    if is_entered(eqn):
        return _Loop(eqn, inputs, nan_only).walked(outputs, out)
    return "", _blamed(eqn, inputs, outputs, out, nan_only)


def _blamed(
    eqn: JaxprEqn, inputs: Sequence[Any], outputs: Sequence[Any], out: int, nan_only: bool
) -> int | Born:
    """Which input an output that is not finite comes from, or that it comes from none.

    An input is to blame if the output is finite once its bad elements are replaced.
    """
    bad = [n for n, x in enumerate(inputs) if not are_finite([x], nan_only)]
    if not bad:
        return next(bad_constants(eqn, nan_only), Born((), inputs, outputs))
    if not _cures(eqn, inputs, bad, out, nan_only):
        return Born((), inputs, outputs)
    if not are_finite([outputs[out]], True):
        bad = [n for n in bad if not are_finite([inputs[n]], True)] or bad
    return next((n for n in bad if _cures(eqn, inputs, [n], out, nan_only)), bad[0])


def _cures(
    eqn: JaxprEqn, inputs: Sequence[Any], places: Sequence[int], out: int, nan_only: bool
) -> bool:
    """Whether an output is finite with the bad elements of some inputs replaced.

    By one number inside [-1, 1] and one outside: `atanh` and `acosh` take only one of them.
    """
    for number in (0.5, 1.5):
        given = [_mended(x, number, nan_only) if n in places else x for n, x in enumerate(inputs)]
        if are_finite([_jaxpr.as_it_is(eqn, given)[out]], nan_only):
            return True
    return False


def _mended(x: Any, number: float, nan_only: bool) -> jax.Array:
    x = jnp.asarray(x)
    return jnp.where(jnp.isnan(x) if nan_only else ~jnp.isfinite(x), jnp.array(number, x.dtype), x)


class _Loop:
    """A `scan` or a `while`, whose iterations are walked from the last to the first."""

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

    def walked(self, outputs: Sequence[Any], out: int) -> tuple[str, int | Born]:
        """Where an output comes from: an input of the loop, or something in an iteration."""
        first = len(self.of_cond)
        place = out
        if out < len(self.carry):
            step = int(self.run(2**31 - 1)[2][out]) - 1
        else:
            bad = [n for n, y in enumerate(outputs[out]) if not are_finite([y], self.nan_only)]
            step = self._step(bad[-1] if self.eqn.params["reverse"] else bad[0])
        while step >= 0:
            _, carry, since = self.run(step)
            came = _walked(self.body, self._given(step, carry), place, self.nan_only)
            if isinstance(came, Born):
                return self._name(step), came
            if not 0 <= (place := came - len(self.consts)) < len(self.carry):
                return "", first + came
            step = int(since[place]) - 1
        return "", first + len(self.consts) + place

    def _step(self, place: int) -> int:
        """Which iteration walks a place along the axis, and the reverse."""
        return self.eqn.params["length"] - 1 - place if self.eqn.params["reverse"] else place

    def _name(self, step: int) -> str:
        """As in `_search`."""
        name = self.eqn.primitive.name
        if not self.is_scan:
            return f"{name}, iteration {step}, counted from 0"
        return (
            f"{name}, iteration {self._step(step)} of {self.eqn.params['length']}, counted from 0"
        )

    def _given(self, step: Any, carry: Sequence[Any]) -> list[Any]:
        """What an iteration is given."""
        place = self._step(step) if self.is_scan else step
        slices = [jax.lax.dynamic_index_in_dim(x, place, keepdims=False) for x in self.xs]
        return [*self.consts, *carry, *slices]

    def _more(self, step: Any, carry: Sequence[Any]) -> Any:
        if self.is_scan:
            return step < self.eqn.params["length"]
        given = [*self.of_cond, *carry]
        return _jaxpr.evaluate(self.eqn.params["cond_jaxpr"], given, _jaxpr.as_it_is)[0]

    def _compiled(self) -> Callable[[int], Any]:
        """The carry before an iteration, and since which iteration each part of it is bad.

        What is bad since before iteration n was made by iteration n - 1; since 0, it was given.
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
        """Since when each part is bad without a break; -1 for what is not."""
        return [
            jnp.where(_is_bad(x, self.nan_only), jnp.where(start < 0, count, start), -1)
            for x, start in zip(carry, since, strict=True)
        ]


def _is_bad(x: Any, nan_only: bool) -> Any:
    """Under tracing, whether an element is not finite."""
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        return jnp.array(False)
    return jnp.any(jnp.isnan(x) if nan_only else ~jnp.isfinite(x))
