"""The work that the speed study times, as code for each competitor; one file a family."""

from . import (
    attention,
    batches,
    calls,
    convolution,
    derivatives,
    embedding,
    fitting,
    functional,
    initializers,
    networks,
    normalization,
    optimizers,
    pooling,
    recurrent,
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
    *convolution.WORKS,
    *pooling.WORKS,
    *normalization.WORKS,
    *attention.WORKS,
    *recurrent.WORKS,
    *embedding.WORKS,
    *resampling.WORKS,
    *networks.WORKS,
    *optimizers.WORKS,
    *derivatives.WORKS,
    *calls.WORKS,
)
