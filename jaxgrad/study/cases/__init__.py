"""Every case of the study, one file a family or a part of one."""

from ..case import Case
from . import (
    backward,
    fit,
    loop,
    model,
    sampling_continuous,
    sampling_counts,
    sampling_discrete,
    sampling_multinomial,
    sampling_normal,
)

CASES: tuple[Case, ...] = (
    loop.CASES
    + backward.CASES
    + sampling_continuous.CASES
    + sampling_discrete.CASES
    + sampling_counts.CASES
    + sampling_multinomial.CASES
    + sampling_normal.CASES
    + model.CASES
    + fit.CASES
)
FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(case.family for case in CASES))
