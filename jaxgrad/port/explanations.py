"""Why a port lacks a step of the original: another convention whose results it has.

Each candidate changes a result of the original. What follows from it is computed again. The cause
is confirmed where JAX has a value that follows.
"""

import importlib
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from .arrays import to_numpy
from .conventions import Candidate, candidates, splits
from .conventions.layouts import MERGES, MOVES, SPLITS
from .derivatives import weights_of
from .differences import is_close
from .jax_values import JaxValue, Lookup, is_distinctive
from .replay import replayed, results_with
from .run_torch import floating_tensors, tensors
from .torch_steps import Origin, Recording, Step, is_unchanged

_FOLLOWING = 8
"""So many steps after a changed one are computed again."""
_LAYOUTS = (
    *(*SPLITS, *MERGES, *MOVES, "expand", "expand_as", "squeeze", "unsqueeze", "getitem"),
    *("unbind", "chunk", "split", "flip", "movedim", "repeat", "repeat_interleave", "cat"),
)
"""Steps that only move numbers. JAX has their results in whichever layout."""


class Traces(NamedTuple):
    """PyTorch's steps, all of JAX's values, and the values that JAX returns."""

    recording: Recording
    values: Lookup
    returned: Lookup


class _Cause(NamedTuple):
    """A change of results that may explain what JAX computes.

    Attributes:
        step: the step to blame.
        original: what PyTorch computes there, in words.
        port: what JAX may compute instead; "" if it leaves the step out.
        changes: the other results.
        direct: whether it is a sign of this cause that JAX has one of these results.
        needed: how many later values of JAX's must follow, if not all do. A right port may have
            one of the values that follow from leaving a step out.
    """

    step: Step
    original: str
    port: str
    changes: Mapping[Origin, Any]
    direct: bool = True
    needed: int = 1

    def in_words(self, value: JaxValue) -> str:
        """The cause, and the line of the value that confirms it."""
        jax = f"JAX computes {self.port}" if self.port else "JAX leaves it out"
        text = f"{self.step}: PyTorch computes {self.original}, {jax}"
        return text + (f", at {value.source}" if value.source else "")


class Explanation(NamedTuple):
    """A cause in words, and whether all that JAX computes later follows from it."""

    text: str = ""
    certain: bool = False


def explanation(traces: Traces, origin: Origin, *, direct: bool = True) -> Explanation:
    """The cause of a missing result; without a text if none is found.

    The best cause is one from which JAX's later values follow. If there is none, one whose own
    result JAX has is the next best, unless it is not asked for with `direct`.
    """
    best, most, fallback = "", 0, ""
    causes = _causes(traces, origin)
    for cause in causes:
        following, are_all = _following_values(traces, cause)
        value = _direct_value(traces, cause) if direct and cause.direct else None
        if following and are_all:
            return Explanation(_nearest(traces, cause, following[0], causes), certain=True)
        if following or are_all or value is not None:
            found = _returned_value(traces, cause)
            if found is not None:
                return Explanation(cause.in_words(value or found), certain=True)
        if len(following) > most and len(following) >= cause.needed:
            best, most = cause.in_words(following[0].value), len(following)
        if value is not None and not fallback:
            fallback = cause.in_words(value)
    return Explanation(best or fallback)


class _Following(NamedTuple):
    """A value of JAX's that follows from a cause, and how far it is from what follows."""

    value: JaxValue
    distance: float


def _nearest(traces: Traces, cause: _Cause, found: _Following, rest: Iterator[_Cause]) -> str:
    """The cause in words, or the other value of the same option from which JAX is less far.

    Two values of eps may both explain JAX's values up to rounding.
    """
    best = found.distance, cause.in_words(found.value)
    for other in itertools.takewhile(lambda c: c.original == cause.original, rest):
        following, are_all = _following_values(traces, other)
        if following and are_all and following[0].distance < best[0]:
            best = following[0].distance, other.in_words(following[0].value)
    return best[1]


def _returned_value(traces: Traces, cause: _Cause) -> JaxValue | None:
    """What JAX returns, if it is what the original would return after the changes."""
    results = replayed(traces.recording.steps, cause.changes)
    values = (
        _new_value(traces, origin, tensor, traces.returned)
        for origin, tensor in results
        if origin in traces.recording.returned
    )
    return next((value for value in values if value is not None), None)


def _causes(traces: Traces, origin: Origin) -> Iterator[_Cause]:
    number, place = origin
    step = traces.recording.steps[number]
    for candidate in candidates(step.call):
        changes = _changes(candidate, step, number, place)
        if changes:
            direct = not candidate.part and step.call.name not in _LAYOUTS
            needed = 2 if candidate.part else 1
            yield _Cause(step, candidate.original, candidate.port, changes, direct, needed)
    if step.tensors[place].requires_grad and step.written[place] is None:
        yield from _other_order(traces, number)
        yield from _left_out(traces, number)
        yield from _other_layouts(traces, number)
        yield from _transposed_arguments(traces, number)
        yield from _multiples(traces, origin)
        yield from _other_weights(traces, number)


def _changes(candidate: Candidate, step: Step, number: int, place: int) -> dict[Origin, Any]:
    """The results of a candidate in the places of the step's; empty if it raises."""
    torch = importlib.import_module("torch")
    try:
        with torch.no_grad():
            value, given = candidate.run()
    except Exception:  # the function does not take these arguments
        return {}
    if step.written[place] is not None:
        before = tensors((step.call.args, step.call.kwargs))
        value = [t for t in given if not any(_is_same(t, b) for b in before)]
        first = sum(target is None for target in step.written)
        places = range(first, len(step.written)) if len(value) > 1 else [place]
    else:
        places = [n for n, target in enumerate(step.written) if target is None]
    return {(number, n): t for n, t in zip(places, floating_tensors(value), strict=False)}


def _is_same(tensor: Any, before: Any) -> bool:
    return tensor.shape == before.shape and is_unchanged(tensor, before)


def _direct_value(traces: Traces, cause: _Cause) -> JaxValue | None:
    """JAX's value that is one of the changed results."""
    found = (_new_value(traces, *change) for change in cause.changes.items())
    return next((value for value in found if value is not None), None)


def _following_values(traces: Traces, cause: _Cause) -> tuple[list[_Following], bool]:
    """JAX's values that follow from the changes, and whether it has all that are looked up."""
    found: list[_Following | None] = []
    used = _used(traces)
    for origin, tensor in cause.changes.items():
        if origin not in used:
            found.append(_following(traces, origin, tensor, traces.returned))
    for origin, tensor in replayed(traces.recording.steps, cause.changes, _FOLLOWING):
        if traces.recording.steps[origin[0]].call.name not in _LAYOUTS:
            found.append(_following(traces, origin, tensor))
    values = [value for value in found if value is not None]
    return values, len(values) == len(found)


def _following(
    traces: Traces, origin: Origin, tensor: Any, lookup: Lookup | None = None
) -> _Following | None:
    value = _new_value(traces, origin, tensor, lookup)
    return None if value is None else _Following(value, value.distance(to_numpy(tensor)))


def _used(traces: Traces) -> set[Origin]:
    """The results that a later step takes."""
    return {origin for step in traces.recording.steps for origin in step.origins.values()}


def _new_value(
    traces: Traces, origin: Origin, tensor: Any, lookup: Lookup | None = None
) -> JaxValue | None:
    """JAX's value that is a changed result, if this differs from the original one."""
    result, array = traces.recording.steps[origin[0]].results[origin[1]], to_numpy(tensor)
    if array.size == result.size and is_close(result, array.reshape(result.shape)):
        return None
    if not np.any(np.isfinite(array) & (array != 0)) or not is_distinctive(array):
        return None
    value = (lookup or traces.values).match(array)
    return value if value is not None and value.operation else None


def _left_out(traces: Traces, number: int) -> Iterator[_Cause]:
    """The step left out: one of its arguments in the place of its result."""
    step = traces.recording.steps[number]
    given = tensors((step.call.args, step.call.kwargs))
    for n, tensor in enumerate(given):
        if tensor.shape == step.tensors[0].shape and id(tensor) in step.origins:
            count = sum(t.is_floating_point() for t in given)
            port = ""
            if step.call.name in ("add", "iadd", "sub", "mul") and count == 2:
                port = f"the {('first', 'second')[n]} operand alone"
            yield _Cause(step, step.call.name, port, {(number, 0): tensor}, False, 2)


def _other_order(traces: Traces, number: int) -> Iterator[_Cause]:
    """The step after the one that takes its result, which is applied to one argument or to all."""
    steps = traces.recording.steps
    step = steps[number]
    users = [n for n, other in enumerate(steps) if (number, 0) in other.origins.values()]
    if len(users) != 1:
        return
    second = steps[users[0]]
    names = step.call.name, second.call.name
    given = [t for t in tensors((step.call.args, step.call.kwargs)) if id(t) in step.origins]
    choices = {f"{names[1]}, then {names[0]}": given}
    if len(given) > 1:
        choices = {
            f"{names[0]} after {names[1]} of one argument, number {n + 1}": [t]
            for n, t in enumerate(given)
        }
    for port, chosen in choices.items():
        try:
            before = {
                step.origins[id(t)]: results_with(second, {(number, 0): t})[0] for t in chosen
            }
            result = results_with(step, before)[0]
        except Exception:  # the shapes do not fit
            continue
        if result.shape != step.tensors[0].shape:
            continue
        yield _Cause(step, f"{names[0]}, then {names[1]}", port, {(users[0], 0): result})


def _transposed_arguments(traces: Traces, number: int) -> Iterator[_Cause]:
    """An argument with two axes of the same size exchanged. JAX seems to have the right one."""
    steps = traces.recording.steps
    for tensor in floating_tensors((steps[number].call.args, steps[number].call.kwargs)):
        origin = steps[number].origins.get(id(tensor))
        if origin is None:
            continue
        for one, other in itertools.combinations(range(tensor.ndim), 2):
            if tensor.shape[one] == tensor.shape[other] > 1:
                port = f"this with the axes {one} and {other} exchanged"
                changes = {origin: tensor.transpose(one, other)}
                step = steps[origin[0]]
                yield _Cause(step, step.call.name, port, changes, False, 2)


def _multiples(traces: Traces, origin: Origin) -> Iterator[_Cause]:
    """The result times a number by which JAX has it."""
    step = traces.recording.steps[origin[0]]
    for factor in traces.values.factors(step.results[origin[1]]):
        port = f"{factor:.6g} times that{_root(factor)}"
        changes = {origin: step.tensors[origin[1]].detach() * factor}
        yield _Cause(step, step.call.name, port, changes, False, 2)


def _other_weights(traces: Traces, number: int) -> Iterator[_Cause]:
    """The step with all or one of the weights of another call of the same function."""
    step = traces.recording.steps[number]
    own = weights_of(step)
    shapes = [weight.shape for weight in own]
    for other in traces.recording.steps:
        theirs = weights_of(other) if other.call.name == step.call.name else []
        if own and other is not step and [weight.shape for weight in theirs] == shapes:
            pairs = [(id(weight), new) for weight, new in zip(own, theirs, strict=True)]
            for some in (pairs, *([pair] for pair in pairs if len(pairs) > 1)):
                changes = _with_weights(step, number, dict(some))
                count = "the weights" if some is pairs else "one of the weights"
                texts = f"{step.call.name} with its own weights", f"it with {count} of {other}"
                yield _Cause(step, *texts, changes)


def _with_weights(step: Step, number: int, weights: Mapping[int, Any]) -> dict[Origin, Any]:
    """The results of a step with other weights, by the ids of its own."""
    torch = importlib.import_module("torch")
    call = step.call
    args, kwargs = jax.tree.map(lambda x: weights.get(id(x), x), (call.args, call.kwargs))
    with torch.no_grad():
        results = floating_tensors(call.function(*args, **kwargs))
    return {(number, place): result for place, result in enumerate(results)}


def _root(factor: float) -> str:
    """The number as the root of a whole number, or of its inverse, in words."""
    for square, text in ((factor**2, "sqrt({})"), (factor**-2, "1 / sqrt({})")):
        whole = round(square)
        if (
            1 < whole < 10**6
            and abs(square - whole) < 1e-6 * whole
            and math.isqrt(whole) ** 2 != whole
        ):
            return f", {text.format(whole)}"
    return ""


def _other_layouts(traces: Traces, number: int) -> Iterator[_Cause]:
    """An axis split otherwise, or axes moved otherwise, in the steps before."""
    steps = traces.recording.steps
    before = _layout_steps(steps, number)
    for names, ways in ((SPLITS, splits), (MOVES, candidates)):
        found = {n: list(ways(steps[n].call)) for n in before if steps[n].call.name in names}
        texts = dict.fromkeys((c.original, c.port) for each in found.values() for c in each)
        for original, port in texts:
            alike = {n: c for n, each in found.items() for c in each if c[:2] == (original, port)}
            for some in (alike, *({n: c} for n, c in alike.items() if len(alike) > 1)):
                changes = {
                    o: t for n, c in some.items() for o, t in _changes(c, steps[n], n, 0).items()
                }
                if changes:
                    yield _Cause(steps[min(some)], original, port, changes, False)


def _layout_steps(steps: Sequence[Step], number: int) -> list[int]:
    """The steps before one that only move or scale its arguments."""
    found: list[int] = []
    waiting = list(steps[number].sources)
    while waiting:
        n = waiting.pop()
        if n not in found and steps[n].call.name in (*_LAYOUTS, "mul", "div"):
            found.append(n)
            waiting += steps[n].sources
    return sorted(found)
