"""The first step of the original that the port does not take, and its likely cause."""

from collections.abc import Iterator

from .explanations import Traces, explanation
from .jax_values import JaxValue, Lookup, is_distinctive, jax_values
from .pair import Pair
from .run_torch import loaded
from .torch_steps import Origin, record_steps

_TRIED = 12
"""So many missing steps are explained, if the first ones cannot be."""
_BEFORE = 2
"""So many steps farther back a cause is looked for, if no missing step has one."""


def first_missing_step(pair: Pair, *, explained: bool = False) -> str:
    """The first PyTorch step whose result JAX does not compute, in words; "" if there is none.

    Later ones are named only if one of them has a cause and the first has none. With `explained`
    only a step that has a cause is named.
    """
    with loaded(pair, float64=True):
        recording = record_steps(pair)
    values, returned = jax_values(pair)
    traces = Traces(recording, Lookup(values), Lookup(returned))
    missing = _in_order(traces, list(_missing(traces, has_state=pair.state is not None)))
    found = [explanation(traces, origin) for origin in missing[:1]]
    for origins, direct in ((missing[1:_TRIED], True), (_before(traces, missing), False)):
        for origin in origins:
            if found and found[-1].certain:
                break
            found.append(explanation(traces, origin, direct=direct))
    for text in (*(e.text for e in found if e.certain), *(e.text for e in found)):
        if text:
            return text
    return _unexplained(traces, missing[0]) if missing and not explained else ""


def _before(traces: Traces, missing: list[Origin]) -> list[Origin]:
    """What the first missing step is computed from, in a few steps; what is returned, if none is.

    JAX has these values, but may go on with another version of them.
    """
    steps = traces.recording.steps
    found = sorted(traces.recording.returned)
    if missing:
        found = sorted(steps[missing[0][0]].origins.values())
    for _ in range(_BEFORE):
        earlier = {origin for number, _ in found for origin in steps[number].origins.values()}
        found += sorted(earlier - set(found))
    return found


def _missing(traces: Traces, *, has_state: bool) -> Iterator[Origin]:
    """The results that JAX computes neither themselves nor in another way."""
    found: dict[Origin, JaxValue | None] = {
        (number, place): traces.values.match(result)
        for number, step in enumerate(traces.recording.steps)
        for place, result in enumerate(step.results)
    }
    for origin, match in found.items():
        if match is None:
            number, place = origin
            if traces.recording.steps[number].written[place] is not None:
                if has_state:
                    yield origin
            elif not _is_skipped(origin, traces, found):
                yield origin


def _is_skipped(origin: Origin, traces: Traces, found: dict[Origin, JaxValue | None]) -> bool:
    """Whether JAX has a later result that depends on this one, or nothing depends on it.

    Then JAX gets there by another way, and this step is no mistake.
    """
    dependent = {origin}
    for number, step in enumerate(traces.recording.steps[origin[0] + 1 :], origin[0] + 1):
        if dependent.isdisjoint(step.origins.values()):
            continue
        for place, result in enumerate(step.results):
            dependent.add((number, place))
            if found[number, place] is not None and is_distinctive(result):
                return True
    return dependent.isdisjoint(traces.recording.returned)


def _in_order(traces: Traces, missing: list[Origin]) -> list[Origin]:
    """The missing results, first those that are computed from what JAX has.

    Constants such as masks are the last: a port has them in a form of its own.
    """
    steps = traces.recording.steps
    gaps = set(missing)

    def rank(origin: Origin) -> tuple[bool, bool, Origin]:
        step = steps[origin[0]]
        tensor = step.tensors[origin[1]]
        is_constant = not tensor.requires_grad and step.written[origin[1]] is None
        return is_constant, not gaps.isdisjoint(step.origins.values()), origin

    return sorted(missing, key=rank)


def _unexplained(traces: Traces, origin: Origin) -> str:
    """A step without a known cause, and JAX's nearest value."""
    step = traces.recording.steps[origin[0]]
    result = step.results[origin[1]]
    is_buffer = step.written[origin[1]] is not None
    what = "what it writes to its buffers" if is_buffer else "its result"
    text = f"{step}: JAX has no value equal to {what}, of shape {result.shape}"
    nearest = traces.values.nearest(result)
    if nearest is not None:
        value, distance = nearest
        line = f" at {value.source}" if value.source else ""
        text += f"; the nearest is that of {value.operation}{line}, which differs by {distance:.2g}"
    return text
