"""The validation data of a fit in epochs: the loss on them, and their fingerprint."""

import math
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from jaxgrad import _checks

from . import _batches, _checkpoint, _epoch
from ._divergence import first_nonfinite
from ._epoch import NAME, Task
from ._training import Validate


def validator(task: Task, fixed: Any, validation: Any, metrics: Any) -> Validate | None:
    """A function that takes the loss and the metrics on the validation data."""
    if validation is None:
        if metrics:
            raise ValueError(_checks.wrong(NAME, "validation", "given with metrics", None))
        return None
    source = _batches.batch_source(NAME, validation)
    whole = validation if source else _checks.arrays(NAME, "validation", validation)
    pairs = tuple(metrics.items())

    def validate(params: Any) -> dict[str, float]:
        batches = [whole] if source is None else source(0, 0)
        found = _epoch.validated(task, pairs, params, fixed, batches)
        if source is None and not math.isfinite(found[""]) and (place := first_nonfinite(whole)):
            remedy = "fill it in or leave such examples out"
            raise ValueError(_checks.wrong(NAME, "validation", "finite", place, remedy))
        return found

    return validate


def check_losses(losses: Sequence[float]) -> None:
    """Refuses a fit without a best epoch: its validation loss was never finite."""
    if not any(map(math.isfinite, losses)):
        got = f"{losses[-1]} after each of {len(losses)}"
        remedy = "are the numbers of the validation data?"
        expected = "finite after some epoch"
        raise ValueError(_checks.wrong(NAME, "the validation loss", expected, got, remedy))


def fingerprint(validation: Any) -> str | None:
    """A digest of the arrays; for batches their source's fingerprint, or one of the first batch.

    It is the same in all processes. If each has its own part of the data, it is "".
    """
    if validation is None:
        return None
    source = _batches.batch_source(NAME, validation)
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
