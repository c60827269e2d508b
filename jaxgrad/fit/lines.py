"""The least-squares line, and how well any line fits, from moments: the rows are read once."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad.data import Moments
from jaxgrad.data._triangle import lengths
from jaxgrad.data.moments import about_zero

from . import _collinearity


class Line(NamedTuple):
    """A linear model of one target in the units of the data, and how well it fits.

    Attributes:
        weight: (features,).
        bias: the intercept; 0 for a line through 0.
        weight_error: (features,), the standard errors; NaN if they are not known.
        bias_error: the standard error of the intercept.
        rmse: the root of the mean squared residual over the rows.
        r2: the coefficient of determination, 1 for a perfect fit; NaN for a constant target.
        condition: the condition number of the design in the units of the data: the features, and a
            column of ones for the intercept; NaN if the line is not that of least squares.
        digits: about how many digits of the worst weight are free of rounding; NaN likewise.
        freedom: the degrees of freedom: rows less coefficients.
    """

    weight: np.ndarray
    bias: float
    weight_error: np.ndarray
    bias_error: float
    rmse: float
    r2: float
    condition: float
    digits: float
    freedom: int


def least_squares_from_moments(
    moments: Moments, *, intercept: bool = True, names: Sequence[str] | None = None
) -> Line:
    """The line of least squares with its standard errors, from moments of the rows.

        R w = r,   b = ȳ - w·x̄,   se(w)² = s² diag(R⁻¹R⁻ᵀ),   se(b)² = s² (1/n + ‖x̄ᵀ R⁻¹‖²)

    with [R r; 0 ρ] the triangular factor of the rows less their mean, and s² = ρ² / (n - k - 1).
    These are the classical errors, for independent residuals of one variance. In float64, with the
    digits of a QR decomposition of all the rows: sums of products would lose twice as many.

    Args:
        moments: `jaxgrad.data.Moments` of k features and, last, the target.
        intercept: False for a line through 0.
        names: the names of the features, for error messages.

    Returns:
        A `Line`.

    Raises:
        TypeError: `moments` is not a `Moments`.
        ValueError: there are fewer than k + 2 rows (k + 1 without an intercept), the names are not
            k, or a feature is constant or, to working precision, a combination of others. The
            message has their names, or their numbers from 1.

    Source: G. H. Golub and C. F. Van Loan, Matrix Computations (2013), 5.3;
        https://www.itl.nist.gov/div898/strd/lls/lls.shtml has sets with certified values

    >>> from jaxgrad.data import moments
    >>> from jaxgrad.fit import least_squares_from_moments
    >>> line = least_squares_from_moments(moments([[0.0, 1.0], [1.0, 3.1], [2.0, 4.9], [3.0, 7.0]]))
    >>> [round(float(x), 4) for x in (line.weight[0], line.bias, line.weight_error[0], line.r2)]
    [1.98, 1.03, 0.0424, 0.9991]
    """
    check = _checks.of("least_squares_from_moments")
    _checks.of("least_squares_from_moments").instance("moments", moments, Moments)
    count, features = moments.count, len(moments.mean) - 1
    if names is not None and len(names) != features:
        expected = f"of {features} features"
        raise ValueError(check.wrong("names", expected, len(names)))
    freedom = count - features - intercept
    if freedom < 1:
        expected = f"at least {features + intercept + 1} for {features} features"
        raise ValueError(check.wrong("rows", expected, count))
    whole = moments.factor if intercept else about_zero(moments)
    factor, scale = whole[:-1, :-1], lengths(whole[:-1, :-1])
    rounding = _rounding(moments, scale)
    _collinearity.check("least_squares_from_moments", factor, scale, rounding, count, names)
    factor = factor / scale
    inverse = np.linalg.inv(factor) / scale[:, None]
    weight = np.linalg.solve(factor, whole[:-1, -1]) / scale
    deviation = abs(float(whole[-1, -1])) / np.sqrt(freedom)
    bias, bias_error = 0.0, float("nan")
    if intercept:
        (*mean, target), (*offset, level) = moments.shift, moments.offset
        bias = float((target - weight @ mean) + (level - weight @ offset))
        of_mean = moments.mean[:-1] @ inverse
        bias_error = float(deviation * np.sqrt(1 / count + of_mean @ of_mean))
    return evaluate_line(moments, weight, bias, intercept=intercept)._replace(
        weight_error=deviation * lengths(inverse.T),
        bias_error=bias_error,
        condition=_condition(moments, whole[:-1, :-1], intercept),
        digits=_digits(moments, factor, inverse, weight, float(whole[-1, -1])),
    )


def evaluate_line(
    moments: Moments, weight: ArrayLike, bias: float, *, intercept: bool = True
) -> Line:
    """How well any line fits the rows of which these are the moments.

        Σ (y - w·x - b)² = n (ȳ - w·x̄ - b)² + ‖F [-w; 1]‖²

    with F the triangular factor of the rows less their mean.

    Args:
        moments: `jaxgrad.data.Moments` of the features and the target, of at least one row.
        weight: (features,), real, in the units of the data.
        bias: the intercept.
        intercept: False for a line through 0, whose r2 is 1 - Σ (y - w·x)² / Σ y².

    Returns:
        A `Line`; its errors, condition and digits are NaN.

    Raises:
        TypeError: `moments` is not a `Moments`, or weight or bias is not real.
        ValueError: weight has another length, or there are no rows.

    Source: https://docs.scipy.org/doc/scipy/reference/generated/scipy.stats.linregress.html

    >>> from jaxgrad.data import moments
    >>> from jaxgrad.fit import evaluate_line
    >>> rows = moments([[-1.0, -2.0], [1.0, 2.0]])
    >>> evaluate_line(rows, [2.0], 0.0).r2, round(evaluate_line(rows, [0.0], 3.0).rmse, 3)
    (1.0, 3.606)
    """
    check = _checks.of("evaluate_line")
    _checks.of("evaluate_line").instance("moments", moments, Moments)
    if not moments.count:
        raise ValueError(check.wrong("moments", "of at least one row", "none"))
    weight, bias = np.asarray(weight), float(check.number("bias", bias))
    if weight.dtype.kind not in "fiu":
        raise TypeError(check.wrong("weight", "of real numbers", weight.dtype))
    weight = weight.astype(float)
    if weight.shape != (len(moments.mean) - 1,):
        expected = f"({len(moments.mean) - 1},)"
        raise ValueError(check.wrong("weight", f"of shape {expected}", weight.shape))
    (*mean, target), (*offset, level) = moments.shift, moments.offset
    away = (target - weight @ mean - bias) + (level - weight @ offset)
    around = moments.factor @ np.array([*-weight, 1.0])
    squares = float(around @ around) + moments.count * float(away) ** 2
    total = moments.factor[:, -1] @ moments.factor[:, -1]
    if not intercept:
        total += moments.count * moments.mean[-1] ** 2
    nothing = np.full(len(weight), np.nan)
    return Line(
        weight,
        float(bias),
        weight_error=nothing,
        bias_error=float("nan"),
        rmse=float(np.sqrt(squares / moments.count)),
        r2=float(1 - squares / total) if total > 0 else float("nan"),
        condition=float("nan"),
        digits=float("nan"),
        freedom=moments.count - len(weight) - intercept,
    )


def _rounding(moments: Moments, scale: np.ndarray) -> np.ndarray:
    """The rounding of the values of each feature, relative to the length of its column."""
    largest = np.maximum(-moments.low, moments.high)[:-1]
    unit = np.finfo(float).eps / 2 * largest * np.sqrt(moments.count)
    return unit / np.where(scale > 0, scale, 1)


def _digits(
    moments: Moments, factor: np.ndarray, inverse: np.ndarray, weight: np.ndarray, rest: float
) -> float:
    """About how many digits of the worst weight are free of rounding.

    Rounding acts like noise of its size in the rows. In the columns it is multiplied by the
    condition number and the residual. `factor` is that of columns of one length.
    """
    *largest, most = np.maximum(-moments.low, moments.high)
    noise = np.abs(weight) @ np.array(largest) + most + np.linalg.cond(factor) * abs(rest)
    off = 4 * np.finfo(float).eps * noise * lengths(inverse.T)
    there = weight != 0
    return float(-np.log10(np.max(off[there] / np.abs(weight[there]), initial=1e-16)))


def _condition(moments: Moments, factor: np.ndarray, intercept: bool) -> float:
    if not intercept:
        return float(np.linalg.cond(factor))
    design = np.zeros((len(factor) + 1, len(factor) + 1))
    design[0] = np.sqrt(moments.count) * np.array([1.0, *moments.mean[:-1]])
    design[1:, 1:] = factor
    return float(np.linalg.cond(design))
