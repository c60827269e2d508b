"""Whether a descent has converged, by how much it has not, and what would converge."""

import argparse
import math

import numpy as np

from jaxgrad.data import Moments
from jaxgrad.data.moments import standard_deviation

from ._hyperparameters import MOST_EPOCHS, Hyperparameters
from ._rows import Rows
from .epochs import EpochFit
from .lines import Line


def warning(
    options: argparse.Namespace,
    chosen: Hyperparameters,
    rows: Rows,
    fitted: EpochFit,
    lines: tuple[Line, Line],
) -> str:
    """How far the fitted line of `lines` is from the exact one, or that its loss still fell.

    "" if each coefficient is within a standard error, or the rounding of float32, of the exact one.
    """
    if options.loss != "mse_loss":
        return _still_falling(fitted)
    line, exact = lines
    names = [*rows.table.features, "(intercept)"]
    ours = _coefficients(line.weight, line.bias, options.intercept)
    theirs = _coefficients(exact.weight, exact.bias, options.intercept)
    errors = _coefficients(exact.weight_error, exact.bias_error, options.intercept)
    known = np.where(np.isfinite(errors), errors, 0)
    rounding = _rounding(rows.moments, exact, options.intercept)
    away = np.abs(ours - theirs) / np.maximum(known, rounding)
    if away.max() <= 1:
        return ""
    place = int(away.argmax())
    off = abs(ours[place] - theirs[place])
    share = f", {off / abs(theirs[place]):.2g} of it" if theirs[place] else ""
    farthest = f"{names[place]} is {off:.3g} away from {theirs[place]:.6g}{share}"
    if 0.5 * off <= 1e6 * known[place]:
        farthest = f"{names[place]} is {off / known[place]:.1f} standard errors away ({off:.3g})"
    return f"{farthest}: the descent has not converged; {_remedy(options, chosen)}"


def _remedy(options: argparse.Namespace, chosen: Hyperparameters) -> str:
    more, needed = "more --epochs, another --lr or --schedule cosine", chosen.steps_needed
    if chosen.full_batch and chosen.epochs < needed <= MOST_EPOCHS:
        return f"more --epochs: it takes about {math.ceil(needed)}"
    if needed > MOST_EPOCHS:
        unlike = "" if options.standardize else ", or so unlike in size without standardization,"
        return (
            f"{more}. The columns are so nearly combinations of each other{unlike} that no descent "
            "comes as near as least squares does: --save-exact FILE saves that"
        )
    given = [
        f"--{name.replace('_', '-')}"
        for name in ("optimizer", "lr", "batch_size", "epochs")
        if getattr(options, name) is not None
    ]
    given += ["--schedule"] if options.schedule != "constant" else []
    if chosen.full_batch or not chosen.full_batch_fits or not given:
        return f"{more}. Least squares is the answer itself: --save-exact FILE saves it"
    return (
        f"{more}. Without {', '.join(given)} the fit chooses what converges, about "
        f"{math.ceil(needed)} steps over all rows; --save-exact FILE saves least squares"
    )


def _still_falling(fitted: EpochFit) -> str:
    """By how much the loss fell in the last hundredth of the epochs; "" if it hardly did."""
    losses = fitted.losses[: fitted.epochs]
    part = max(1, len(losses) // 100)
    if len(losses) < 2 * part:
        return ""
    before, last = losses[-2 * part : -part].mean(), losses[-part:].mean()
    if before - last <= max(1e-4 * before, 1e-4 * losses[0]):
        return ""
    return (
        f"the loss still fell, by {(before - last) / before:.2g} of it in the last "
        f"{f'{part} epochs' if part > 1 else 'epoch'}: the descent has not converged; more "
        "--epochs, another --lr or --schedule cosine"
    )


def _coefficients(weight: np.ndarray, bias: float, intercept: bool) -> np.ndarray:
    return np.array([*weight, bias] if intercept else weight, float)


def _rounding(moments: Moments, exact: Line, intercept: bool) -> np.ndarray:
    """How near a fit in float32 of the standardized columns comes to the coefficients."""
    scale = standard_deviation(moments)
    unit = scale[-1] / np.where(scale[:-1] > 0, scale[:-1], 1)
    weight = 1e-5 * np.abs(exact.weight) + 1e-6 * unit
    level = 1e-6 * scale[-1] + 1e-5 * abs(exact.bias) + weight @ np.abs(moments.mean[:-1])
    return np.maximum(_coefficients(weight, level, intercept), np.finfo(float).tiny)
