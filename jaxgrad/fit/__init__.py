"""Loss + params + optimizer + data -> fitted params: here the pieces meet."""

from .curvature import largest_curvature
from .epochs import EpochFit, fit_epochs
from .full_batch import Fit, fit
from .linear_model import least_squares, linear
from .linear_mse import LinearMoments, linear_moments, linear_mse
from .lines import Line, evaluate_line, least_squares_from_moments

__all__ = [
    "EpochFit",
    "Fit",
    "Line",
    "LinearMoments",
    "evaluate_line",
    "fit",
    "fit_epochs",
    "largest_curvature",
    "least_squares",
    "least_squares_from_moments",
    "linear",
    "linear_moments",
    "linear_mse",
]
