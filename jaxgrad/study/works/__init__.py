"""The work that the speed study times, as code for each competitor; one file a family."""

from . import fitting, functional, optimizers, samplers
from .work import Work as Work

WORKS: tuple[Work, ...] = fitting.WORKS + samplers.WORKS + functional.WORKS + optimizers.WORKS
