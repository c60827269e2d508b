"""Right answers, in float64, where PyTorch's are not: values and derivatives of a call.

Each is `(given, options, cotangent)`, as `fuzz.Known.exact` has it.
"""

import math
from fractions import Fraction

import numpy as np


def soft_margin_loss(given, options, cotangent):
    """log(1 + exp(-y x)), which does not overflow."""
    x, y = (np.asarray(array, float) for array in given)
    reduction = options.get("reduction", "mean")
    with np.errstate(all="ignore"):
        loss = np.logaddexp(0, -y * x)
        slope = -y * np.exp(-np.logaddexp(0, y * x))
        if reduction == "none":
            value, scale = loss, cotangent
        else:
            value, scale = loss.sum(), cotangent
            if reduction == "mean":
                value, scale = value / np.float64(loss.size), cotangent / loss.size
        return [value], [slope * np.asarray(scale)]


def topk(given, options, cotangent):
    """Of equal elements the first come first, and NaN is the greatest."""
    x, k = np.asarray(given[0], float), given[1]
    lines = np.moveaxis(x, options.get("dim", -1), -1)
    numbers = np.nan_to_num(lines, posinf=np.inf, neginf=-np.inf)
    ranks = [-numbers, ~np.isnan(lines)] if options.get("largest", True) else [numbers]
    if len(ranks) == 1:
        ranks.append(np.isnan(lines))
    order = np.lexsort(ranks, axis=-1)[..., :k]
    places = np.moveaxis(order, -1, options.get("dim", -1))
    grads = None
    if cotangent is not None:
        grads = np.zeros(x.shape)
        np.put_along_axis(grads, places, np.asarray(cotangent), options.get("dim", -1))
    values = np.take_along_axis(x, places, options.get("dim", -1))
    return [values, places], grads if grads is None else [grads]


def var(given, options, cotangent):
    """By fractions; PyTorch's where there is an infinity, or no freedom."""
    return _spread(given[0], options, cotangent, root=False)


def std(given, options, cotangent):
    """The root of that."""
    return _spread(given[0], options, cotangent, root=True)


def var_mean(given, options, cotangent):
    """The same, and the mean."""
    return _spread(given[0], options, cotangent, root=False, also_mean=True)


def std_mean(given, options, cotangent):
    """The root of that, and the mean."""
    return _spread(given[0], options, cotangent, root=True, also_mean=True)


def _spread(x, options, cotangent, root, also_mean=False):
    x = np.asarray(x, float)
    dim = options.get("dim")
    axes = range(x.ndim) if dim is None or dim == () or not x.ndim else np.atleast_1d(dim)
    axes = tuple(axis % x.ndim for axis in axes)
    free = Fraction(math.prod(x.shape[axis] for axis in axes))
    free -= Fraction(options.get("correction", 1))
    if free <= 0 or not x.size or not np.isfinite(x).all():
        return None
    value = np.zeros([1 if axis in axes else size for axis, size in enumerate(x.shape)])
    mean, slopes = np.zeros(value.shape), np.zeros(x.shape)
    for place in np.ndindex(value.shape):
        line = tuple(slice(None) if i in axes else slice(at, at + 1) for i, at in enumerate(place))
        value[place], mean[place], slopes[line] = _of_line(x[line], free, root)
    if cotangent is not None:
        slopes = slopes * np.asarray(cotangent).reshape(value.shape)
    values = [value, mean] if also_mean else [value]
    if not options.get("keepdim"):
        values = [each.squeeze(axes) for each in values]
    return values, [slopes]


def _of_line(line, free, root):
    numbers = [Fraction(float(number)) for number in line.ravel()]
    mean = sum(numbers) / len(numbers)
    left = [number - mean for number in numbers]
    variance = sum(each * each for each in left) / free
    value = math.sqrt(variance) if root else float(variance)
    slopes = [float(2 * each / free) for each in left]
    if root:
        slopes = [slope / (2 * value) if value else 0.0 for slope in slopes]
    return value, float(mean), np.reshape(slopes, line.shape)


def logcumsumexp(given, options, cotangent):
    """Slopes of complex numbers alone, with more digits than PyTorch has beside large angles."""
    x, axis = np.asarray(given[0]), given[1]
    if not (np.iscomplexobj(x) and x.ndim and np.isfinite(x).all()) or cotangent is None:
        return None
    rows = np.moveaxis(x, axis, 0).astype(np.clongdouble)
    total, slopes = np.zeros_like(rows[:1]) - np.inf, np.zeros_like(rows)
    by = np.moveaxis(np.asarray(cotangent), axis, 0)
    with np.errstate(all="ignore"):
        for last in range(len(rows)):
            total = _logaddexp(total, rows[last])
            slopes[: last + 1] += by[last] * np.exp(rows[: last + 1] - total)
    return (None, [np.moveaxis(slopes, 0, axis)]) if np.isfinite(slopes).all() else None


def _logaddexp(x, y):
    second = y.real > x.real
    top, low = np.where(second, y, x), np.where(second, x, y)
    return top + np.log1p(np.exp(low - top))
