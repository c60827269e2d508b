"""A picture for a row, where one helps: drawn answers beside their law, and overlaid curves."""

import io
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import SymmetricalLogLocator

from .answer import Answer
from .rows import Row

# Colours that colour-blind readers can tell apart (Okabe & Ito 2008), on light and on dark.
STYLES: dict[str, dict[str, Any]] = {
    "PyTorch": {"color": "#d55e00", "marker": "o", "linewidth": 4, "alpha": 0.45},
    "plain JAX": {"color": "#0072b2", "marker": "s", "linewidth": 1.5, "linestyle": "--"},
    "jaxgrad": {"color": "#009e73", "marker": ".", "linewidth": 1.5, "linestyle": ":"},
}
GREY = "#808080"


def picture(row: Row) -> str | None:
    """The row's picture as SVG, or None."""
    sides = {"PyTorch": row.torch, "plain JAX": row.jax, "jaxgrad": row.jaxgrad}
    answers = {name: answer for name, answer in sides.items() if answer and not answer.error}
    if row.case.law and all(answer.law for answer in answers.values()):
        return _svg(_histogram, answers, "category" if "stats" not in row.case.law else "")
    if row.case.picture == "curve" and answers:
        return _svg(_curve, answers, "step")
    return None


def _svg(draw: Any, answers: dict[str, Answer], label: str) -> str:
    figure = Figure(figsize=(6.4, 2.6), layout="constrained")
    axes = figure.add_subplot()
    draw(axes, answers)
    axes.set_xlabel(label or "share of the exact law's probability, in twentieths", color=GREY)
    axes.tick_params(colors=GREY)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("bottom", "left"):
        axes.spines[side].set_color(GREY)
    axes.legend(frameon=False, labelcolor=GREY, fontsize=8)
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "jaxgrad", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return buffer.getvalue()


def _histogram(axes: Axes, answers: dict[str, Answer]) -> None:
    """Counts over the law's categories, each side shifted a little, and what the law expects."""
    width = 0.8 / len(answers)
    for index, (name, answer) in enumerate(answers.items()):
        if answer.law:
            places = np.arange(len(answer.law.counts))
            offset = (index - (len(answers) - 1) / 2) * width
            axes.bar(
                places + offset, answer.law.counts, width, label=name, color=STYLES[name]["color"]
            )
            axes.step(
                np.append(places - 0.5, places[-1] + 0.5),
                np.append(answer.law.expected, answer.law.expected[-1]),
                where="post",
                color=GREY,
                label="the exact law" if index == 0 else None,
            )
    axes.set_ylabel("draws", color=GREY)


def _curve(axes: Axes, answers: dict[str, Answer]) -> None:
    """The answers as curves over their index; signed logarithms where they span decades."""
    drawn = []
    for name, answer in answers.items():
        values = np.asarray(answer.value, float)
        finite = np.where(np.isfinite(values), values, np.nan)
        axes.plot(finite, label=name, markersize=4, **STYLES[name])
        drawn.append(values[np.isfinite(values) & (values != 0)])
    numbers = np.concatenate(drawn)
    smallest, largest = np.min(np.abs(numbers)), np.max(np.abs(numbers))
    if largest > 1e3 * smallest and np.all(numbers > 0):
        axes.set_yscale("log")
    elif largest > 1e3 * smallest:
        axes.set_yscale("symlog", linthresh=smallest)
        locator = SymmetricalLogLocator(axes.yaxis.get_transform())
        locator.set_params(numticks=7)
        axes.yaxis.set_major_locator(locator)
