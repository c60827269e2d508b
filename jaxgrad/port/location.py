"""The first step of the original that the port does not take, and its likely cause."""

import importlib
from collections.abc import Sequence

import numpy as np

from .arrays import to_numpy
from .causes import Candidate, candidates
from .differences import is_close
from .jax_values import JaxValue, Lookup, jax_values
from .pair import Pair
from .run_torch import floating_tensors, loaded, tensors
from .torch_steps import Step, is_unchanged, record_steps


def first_missing_step(pair: Pair) -> str:
    """The first PyTorch step whose result JAX does not compute, in words; "" if there is none."""
    with loaded(pair, float64=True):
        _, steps = record_steps(pair)
    lookup = Lookup(jax_values(pair))
    found = [[lookup.match(result) for result in step.results] for step in steps]
    for number, step in enumerate(steps):
        for place, match in enumerate(found[number]):
            if match is not None:
                continue
            buffer = step.written[place]
            if pair.state is not None if buffer else not _is_skipped(number, steps, found):
                return _description(step, place, lookup)
    return ""


def _is_skipped(
    number: int, steps: Sequence[Step], found: Sequence[Sequence[JaxValue | None]]
) -> bool:
    """Whether JAX has the result of a later step that depends on this one.

    Then JAX gets there by another way, and this step is no mistake.
    """
    dependent = {number}
    for later, step in enumerate(steps[number + 1 :], number + 1):
        if step.sources & dependent:
            dependent.add(later)
            pairs = zip(step.results, found[later], strict=True)
            if any(match is not None and _is_distinctive(result) for result, match in pairs):
                return True
    return False


def _is_distinctive(array: np.ndarray) -> bool:
    """Whether an array is unlikely to be equal to another one by chance."""
    return array.size == 1 or bool(array.size and np.ptp(array) > 0)


def _description(step: Step, place: int, lookup: Lookup) -> str:
    """A step, and the candidate cause that explains JAX's value; or else the nearest value."""
    result = step.results[place]
    found = _cause(step, place, lookup)
    if found is not None:
        candidate, value = found
        text = f"{step}: PyTorch computes {candidate.original}, JAX computes {candidate.port}"
        return text + (f", at {value.source}" if value.source else "")
    what = "what it writes to its buffers" if step.written[place] else "its result"
    text = f"{step}: JAX has no value equal to {what}, of shape {result.shape}"
    nearest = lookup.nearest(result)
    if nearest is not None:
        value, distance = nearest
        line = f" at {value.source}" if value.source else ""
        text += f"; the nearest is that of {value.operation}{line}, which differs by {distance:.2g}"
    return text


def _cause(step: Step, place: int, lookup: Lookup) -> tuple[Candidate, JaxValue] | None:
    """The first candidate cause with another result than the step's that JAX has computed."""
    result = step.results[place]
    for candidate in candidates(step.call):
        for array in _results(candidate, step, place):
            value = lookup.match(array)
            same = array.size == result.size and is_close(result, array.reshape(result.shape))
            if value is not None and value.operation and not same:
                return candidate, value
    return None


def _results(candidate: Candidate, step: Step, place: int) -> list[np.ndarray]:
    """What a candidate computes in place of one result of a step; empty if it raises."""
    torch = importlib.import_module("torch")
    written = step.written[place]
    try:
        with torch.no_grad():
            value, given = candidate.run()
    except Exception:  # the function does not take these arguments
        return []
    if written:
        before = tensors((step.call.args, step.call.kwargs))
        value = [
            t for t in given if not any(t.shape == b.shape and is_unchanged(t, b) for b in before)
        ]
    arrays = [to_numpy(tensor) for tensor in floating_tensors(value)]
    if len(arrays) > 1:
        arrays = arrays[step.written[:place].count(written) :][:1]
    return arrays
