"""Loss + params + optimizer + data -> fitted params: here the pieces meet."""

from .curvature import largest_curvature as largest_curvature
from .epochs import EpochFit as EpochFit
from .epochs import fit_epochs as fit_epochs
from .full_batch import Fit as Fit
from .full_batch import fit as fit
from .linear_model import least_squares as least_squares
from .linear_model import linear as linear
from .linear_mse import LinearMoments as LinearMoments
from .linear_mse import linear_moments as linear_moments
from .linear_mse import linear_mse as linear_mse
from .lines import Line as Line
from .lines import evaluate_line as evaluate_line
from .lines import least_squares_from_moments as least_squares_from_moments
