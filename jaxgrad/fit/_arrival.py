"""Whether a descent has arrived, by how much it has not, and what would arrive."""

import argparse
import math
from collections.abc import Sequence

import numpy as np

from jaxgrad.data import Moments
from jaxgrad.data.moments import spread

from ._plan import MOST_EPOCHS, Plan
from .epochs import EpochFit
from .lines import Line


def missed(
    options: argparse.Namespace,
    plan: Plan,
    moments: Moments,
    names: Sequence[str],
    fitted: EpochFit,
    lines: tuple[Line, Line],
) -> str:
    """Says what is wrong with a fitted line beside the exact one, or that its loss still fell.

    "" where each coefficient is within a standard error, or the rounding of float32, of its value.
    """
    if options.loss != "mse_loss":
        return _falling(fitted)
    line, exact = lines
    ours, theirs, errors = (_all(part, options.intercept) for part in _parts(line, exact))
    known = np.where(np.isfinite(errors), errors, 0)
    away = np.abs(ours - theirs) / np.maximum(known, _single(moments, exact, options.intercept))
    if away.max() <= 1:
        return ""
    place = int(away.argmax())
    off = abs(ours[place] - theirs[place])
    share = f", {off / abs(theirs[place]):.2g} of it" if theirs[place] else ""
    farthest = f"{names[place]} is {off:.3g} away from {theirs[place]:.6g}{share}"
    if 0.5 * off <= 1e6 * known[place]:
        farthest = f"{names[place]} is {off / known[place]:.1f} standard errors away ({off:.3g})"
    return f"{farthest}: the descent has not arrived; {_remedy(options, plan)}"


def _remedy(options: argparse.Namespace, plan: Plan) -> str:
    more = "more --epochs, another --lr or --schedule cosine"
    if plan.whole and plan.epochs < plan.needed <= MOST_EPOCHS:
        return f"more --epochs: it takes about {math.ceil(plan.needed)}"
    if plan.needed > MOST_EPOCHS:
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
    if plan.whole or not plan.able or not given:
        return f"{more}. Least squares is the answer itself: --save-exact FILE saves it"
    return (
        f"{more}. Without {', '.join(given)} the fit takes what arrives, about "
        f"{math.ceil(plan.needed)} steps over all rows; --save-exact FILE saves least squares"
    )


def _falling(fitted: EpochFit) -> str:
    """Whether the loss still fell in the last hundredth of the epochs."""
    losses = fitted.losses[: fitted.epochs]
    part = max(1, len(losses) // 100)
    if len(losses) < 2 * part:
        return ""
    before, last = losses[-2 * part : -part].mean(), losses[-part:].mean()
    if before - last <= max(1e-4 * before, 1e-4 * losses[0]):
        return ""
    return (
        f"the loss still fell, by {(before - last) / before:.2g} of it in the last "
        f"{f'{part} epochs' if part > 1 else 'epoch'}: the descent has not arrived; more --epochs, "
        "another --lr or --schedule cosine"
    )


def _parts(line: Line, exact: Line) -> tuple[tuple[np.ndarray, float], ...]:
    errors = exact.weight_error, exact.bias_error
    return (line.weight, line.bias), (exact.weight, exact.bias), errors


def _all(part: tuple[np.ndarray, float], intercept: bool) -> np.ndarray:
    return np.array([*part[0], part[1]] if intercept else part[0], float)


def _single(moments: Moments, exact: Line, intercept: bool) -> np.ndarray:
    """How near a fit in float32 of the standardized columns comes to the coefficients."""
    scale = spread(moments)
    unit = scale[-1] / np.where(scale[:-1] > 0, scale[:-1], 1)
    weight = 1e-5 * np.abs(exact.weight) + 1e-6 * unit
    level = 1e-6 * scale[-1] + 1e-5 * abs(exact.bias) + weight @ np.abs(moments.mean[:-1])
    least = np.array([*weight, level] if intercept else weight)
    return np.maximum(least, np.finfo(float).tiny)
