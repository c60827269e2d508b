"""Every case of the study, one file a family."""

from ..case import Case
from . import backward, fit, loop, model, sampling

CASES: tuple[Case, ...] = loop.CASES + backward.CASES + sampling.CASES + model.CASES + fit.CASES
FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(case.family for case in CASES))
