"""The validation data of a fit in epochs: the loss there, and what tells them from others."""

import math
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from jaxgrad import _checks

from . import _batches, _checkpoint, _epoch
from ._course import Watch
from ._epoch import NAME, Task
from ._finite import unsound


def watch(task: Task, fixed: Any, validation: Any, metrics: Any) -> Watch | None:
    """What takes the loss and the metrics on the validation data."""
    if validation is None:
        if metrics:
            raise ValueError(_checks.wrong(NAME, "validation", "given with metrics", None))
        return None
    source = _batches.source_of(NAME, validation)
    whole = validation if source else _checks.arrays(NAME, "validation", validation)
    pairs = tuple(metrics.items())

    def taken(params: Any) -> dict[str, float]:
        batches = [whole] if source is None else source(0, 0)
        found = _epoch.watched(task, pairs, params, fixed, batches)
        if source is None and not math.isfinite(found[""]) and (told := unsound(whole)):
            remedy = "fill it in or leave such examples out"
            raise ValueError(_checks.wrong(NAME, "validation", "finite", told, remedy))
        return found

    return taken


def finite(losses: Sequence[float]) -> None:
    """Refuses a fit that has no best epoch: the loss was a number after none."""
    if not any(map(math.isfinite, losses)):
        got = f"{losses[-1]} after each of {len(losses)}"
        remedy = "are the numbers of the validation data?"
        expected = "finite after some epoch"
        raise ValueError(_checks.wrong(NAME, "the validation loss", expected, got, remedy))


def fingerprint(validation: Any) -> str | None:
    """A digest of the arrays, what the source has, or a digest of the first of the batches.

    It is the same in all processes: of data of which each has its own part, only that there are.
    """
    if validation is None:
        return None
    source = _batches.source_of(NAME, validation)
    if source is not None and hasattr(validation, "fingerprint"):
        return str(validation.fingerprint)
    if jax.process_count() > 1 or hasattr(validation, "__next__"):
        return ""
    if source is None:
        return _checkpoint.fingerprint(_checks.arrays(NAME, "validation", validation))
    batches = iter(source(0, 0))
    first = jax.tree.map(np.asarray, next(batches, ()))
    getattr(batches, "close", lambda: None)()
    return _checkpoint.fingerprint(first)
