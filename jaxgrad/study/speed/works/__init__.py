"""The work that the speed study times, as code for each competitor; one file a family."""

from . import (
    attention,
    batches,
    calls,
    batches,
    calls,
    convolution,
    batches,
    calls,
    derivatives,
    fitting,
    functional,
    initializers,
    normalization,
    batches,
    calls,
    derivatives,
    embedding,
    fitting,
    functional,
    initializers,
    optimizers,
    optimizers,
    pooling,
    optimizers,
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
    *normalization.WORKS,
    *attention.WORKS,
    *embedding.WORKS,
    *pooling.WORKS,
    *convolution.WORKS,
    *resampling.WORKS,
    *optimizers.WORKS,
    *derivatives.WORKS,
    *calls.WORKS,
)
