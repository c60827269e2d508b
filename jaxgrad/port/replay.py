"""Steps of the original computed again, after the result of an earlier one was changed."""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jax

from .run_torch import floating_tensors, tensors
from .torch_steps import Origin, Step


def replayed(
    steps: Sequence[Step], changes: Mapping[Origin, Any], limit: int | None = None
) -> Iterator[tuple[Origin, Any]]:
    """The other results that follow from the changed ones, of at most `limit` steps."""
    torch = importlib.import_module("torch")
    changed = dict(changes)
    first = min(number for number, _ in changed)
    done = 0
    for number, step in enumerate(steps[first + 1 :], first + 1):
        places = [(number, place) for place in range(len(step.results))]
        is_given = any(origin in changes for origin in places)
        if is_given or not any(origin in changed for origin in step.origins.values()):
            continue
        try:
            with torch.no_grad():
                results = results_with(step, changed)
        except Exception:  # the other shape does not fit; PyTorch raises errors of many kinds
            return
        for origin, tensor in zip(places, results, strict=False):
            changed[origin] = tensor
            yield origin, tensor
        done += 1
        if done == limit:
            return


def results_with(step: Step, changed: Mapping[Origin, Any]) -> list[Any]:
    """The results of a step with some of its arguments changed."""
    call = step.call
    given = tensors((call.args, call.kwargs))
    fresh = {id(t): changed.get(step.origins.get(id(t), (-1, -1)), t).clone() for t in given}
    args, kwargs = jax.tree.map(lambda x: fresh.get(id(x), x), (call.args, call.kwargs))
    returned = call.function(*args, **kwargs)
    written = [fresh[target] for target in step.written if target is not None]
    return [*floating_tensors(returned), *written]
