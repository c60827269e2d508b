"""The exact line and how well any line fits, from sums over the rows: no row is needed twice."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad.data import Moments


class Line(NamedTuple):
    """A linear model of one target in the units of the data, and how well it fits.

    Attributes:
        weight: (features,).
        bias: the intercept.
        weight_error: (features,), the standard errors; NaN where none are known.
        bias_error: the intercept's.
        rmse: the root of the mean squared residual over the rows.
        r2: the coefficient of determination, 1 for a perfect fit; NaN for a constant target.
    """

    weight: np.ndarray
    bias: float
    weight_error: np.ndarray
    bias_error: float
    rmse: float
    r2: float


def least_squares_of(moments: Moments) -> Line:
    """The line of least mean squared error, with its standard errors.

        w = Sxx⁻¹ Sxy,   b = ȳ - w·x̄,   se(w)² = s² diag(Sxx⁻¹),   se(b)² = s² (1/n + x̄ᵀ Sxx⁻¹ x̄)

    with s² the sum of the squared residuals over n - k - 1: the classical errors, of residuals that
    are independent and of one variance. In float64.

    Args:
        moments: `jaxgrad.data.Moments` of k features and the target, the last column.

    Returns:
        A `Line`.

    Raises:
        TypeError: `moments` is not a `Moments`.
        ValueError: there are fewer than k + 2 rows, or a feature is constant or, but for rounding,
            a combination of the others.

    Source: https://docs.scipy.org/doc/scipy/reference/generated/scipy.stats.linregress.html

    >>> from jaxgrad.data import moments
    >>> from jaxgrad.fit import least_squares_of
    >>> line = least_squares_of(moments([[0.0, 1.0], [1.0, 3.1], [2.0, 4.9], [3.0, 7.0]]))
    >>> [round(float(x), 4) for x in (line.weight[0], line.bias, line.weight_error[0], line.r2)]
    [1.98, 1.03, 0.0424, 0.9991]
    """
    _checks.instance("least_squares_of", "moments", moments, Moments)
    count, features = moments.count, len(moments.mean) - 1
    if count < features + 2:
        expected = f"at least {features + 2} for {features} features"
        raise ValueError(_checks.wrong("least_squares_of", "rows", expected, count))
    sxx, sxy = moments.comoment[:-1, :-1], moments.comoment[:-1, -1]
    scale = np.sqrt(np.diag(sxx))
    if not np.all(scale > 0):
        place = int(np.argmin(scale > 0))
        raise ValueError(
            _checks.wrong("least_squares_of", f"column {place}", "varied", "a constant")
        )
    values, vectors = np.linalg.eigh(sxx / np.outer(scale, scale))
    if values[0] <= 1e-12 * values[-1]:
        place = int(np.argmax(np.abs(vectors[:, 0])))
        got = "one that is a combination of the others"
        expected, remedy = "independent of the others", "leave it out"
        raise ValueError(
            _checks.wrong("least_squares_of", f"column {place}", expected, got, remedy)
        )
    inverse = vectors / values @ vectors.T / np.outer(scale, scale)
    weight = inverse @ sxy
    bias = float(moments.mean[-1] - weight @ moments.mean[:-1])
    line = described(moments, weight, bias)
    variance = count * line.rmse**2 / (count - features - 1)
    mean = moments.mean[:-1]
    return line._replace(
        weight_error=np.sqrt(variance * np.diag(inverse)),
        bias_error=float(np.sqrt(variance * (1 / count + mean @ inverse @ mean))),
    )


def described(moments: Moments, weight: ArrayLike, bias: float) -> Line:
    """Any line, and how well it fits the rows that the moments are of.

        Σ (y - w·x - b)² = n (ȳ - w·x̄ - b)² + Syy - 2 w·Sxy + wᵀ Sxx w

    Args:
        moments: `jaxgrad.data.Moments` of the features and the target, of at least one row.
        weight: (features,), real, in the units of the data.
        bias: the intercept.

    Returns:
        A `Line`, its errors NaN.

    Raises:
        TypeError: `moments` is not a `Moments`, or the line is not of real numbers.
        ValueError: the weight has another length, or there are no rows.

    Source: https://docs.scipy.org/doc/scipy/reference/generated/scipy.stats.linregress.html

    >>> from jaxgrad.data import moments
    >>> from jaxgrad.fit import described
    >>> rows = moments([[-1.0, -2.0], [1.0, 2.0]])
    >>> described(rows, [2.0], 0.0).r2, round(described(rows, [0.0], 3.0).rmse, 3)
    (1.0, 3.606)
    """
    _checks.instance("described", "moments", moments, Moments)
    if not moments.count:
        raise ValueError(_checks.wrong("described", "moments", "of at least one row", "none"))
    weight, bias = np.asarray(weight), float(_checks.number("described", "bias", bias))
    if weight.dtype.kind not in "fiu":
        raise TypeError(_checks.wrong("described", "weight", "of real numbers", weight.dtype))
    weight = weight.astype(float)
    if weight.shape != (len(moments.mean) - 1,):
        expected = f"({len(moments.mean) - 1},)"
        raise ValueError(_checks.wrong("described", "weight", f"of shape {expected}", weight.shape))
    offset = moments.mean[-1] - weight @ moments.mean[:-1] - bias
    combination = np.array([*-weight, 1.0])
    around = float(combination @ moments.comoment @ combination)
    squares = max(around, 0.0) + moments.count * float(offset) ** 2
    total = float(moments.comoment[-1, -1])
    nothing = np.full(len(weight), np.nan)
    r2 = 1 - squares / total if total > 0 else float("nan")
    rmse = float(np.sqrt(squares / moments.count))
    return Line(weight, float(bias), nothing, float("nan"), rmse, r2)
