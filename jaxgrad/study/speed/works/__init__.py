"""The work that the speed study times, as code for each competitor; one file a family."""

from . import (
    batches,
    calls,
    derivatives,
    fitting,
    functional,
    initializers,
    optimizers,
    resampling,
    samplers,
)
from .work import Work

__all__ = ["WORKS", "Work"]

WORKS: tuple[Work, ...] = (
    *fitting.WORKS,
    *batches.WORKS,
    *samplers.WORKS,
    *initializers.WORKS,
    *functional.WORKS,
    *resampling.WORKS,
    *optimizers.WORKS,
    *derivatives.WORKS,
    *calls.WORKS,
)
