"""Loss + params + optimizer + data -> fitted params: the one place where the pieces meet."""

from .curvature import largest_curvature
from .epochs import EpochFit, fit_epochs
from .full_batch import Fit, fit
from .linear_model import least_squares, linear
from .linear_mse import LinearMoments, linear_moments, linear_mse
from .lines import Line, described, least_squares_of

__all__ = [
    "EpochFit",
    "Fit",
    "Line",
    "LinearMoments",
    "described",
    "fit",
    "fit_epochs",
    "largest_curvature",
    "least_squares",
    "least_squares_of",
    "linear",
    "linear_moments",
    "linear_mse",
]
