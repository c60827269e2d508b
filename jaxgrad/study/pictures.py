"""A picture for a row, where one helps: drawn answers beside their law, and overlaid curves."""

import io
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, SymmetricalLogLocator

from .answer import Answer
from .law import band
from .measure import Comparison
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
    answers = _answers(row)
    if row.case.law and all(answer.law for answer in answers.values()):
        return _alone(_law, answers)
    if row.case.picture == "curve" and answers:
        return _alone(_curve, answers)
    if row.case.picture == "kink" and answers:
        return _kinked(np.asarray(row.case.inputs["x"], float), answers)
    return None


def overview(rows: Sequence[Row]) -> str:
    """All rows in one picture: how often each side agrees, and laws that are worth the cover."""
    chosen = [row for row in rows if row.case.picture == "cover"]
    figure = Figure(figsize=(6 + 4 * len(chosen), 3.6), layout="constrained")
    widths = [3] + [2] * len(chosen)
    panels = figure.subplots(1, len(widths), squeeze=False, width_ratios=widths)
    _agreement(panels[0, 0], rows)
    for axes, row in zip(panels[0, 1:], chosen, strict=True):
        _law(axes, _answers(row))
        axes.set_title(textwrap.fill(row.case.name, 44), color=GREY, fontsize=9)
    return _svg(figure)


def _answers(row: Row) -> dict[str, Answer]:
    sides = {"PyTorch": row.torch, "plain JAX": row.jax, "jaxgrad": row.jaxgrad}
    return {name: answer for name, answer in sides.items() if answer and not answer.error}


def _alone(draw: Callable[[Axes, dict[str, Answer]], None], answers: dict[str, Answer]) -> str:
    figure = Figure(figsize=(6.4, 2.6))
    draw(figure.add_axes((0.12, 0.2, 0.86, 0.76)), answers)
    return _svg(figure)


def _kinked(x: np.ndarray, answers: dict[str, Answer]) -> str:
    """Value and derivative over the input; what is not finite is left out."""
    figure = Figure(figsize=(8, 2.8))
    for label, left in (("value", 0.08), ("derivative", 0.58)):
        axes = figure.add_axes((left, 0.2, 0.4, 0.76))
        for name, answer in answers.items():
            y = np.asarray(answer.value if label == "value" else answer.grads["x"], float)
            finite = np.where(np.isfinite(y), y, np.nan)
            axes.plot(x, finite, label=name, markersize=4, **STYLES[name])
        axes.set_ylabel(label, color=GREY)
        _dress(axes, "x")
    return _svg(figure)


def _dress(axes: Axes, label: str) -> None:
    """Grey lines and letters, which can be read on light and on dark."""
    axes.set_xlabel(label, color=GREY)
    axes.tick_params(colors=GREY)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("bottom", "left"):
        axes.spines[side].set_color(GREY)
    axes.legend(frameon=False, labelcolor=GREY, fontsize=8)


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "jaxgrad", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return buffer.getvalue()


def _agreement(axes: Axes, rows: Sequence[Row]) -> None:
    """For each family, how many cases agree with PyTorch: plain JAX above, jaxgrad below."""
    families = list(dict.fromkeys(row.case.family for row in rows))
    names = {"same": "as PyTorch", "other": "declared difference", "none": "nothing offered"}
    colors = {"same": "#009e73", "other": "#e69f00", "none": "#80808040"}
    for place, family in enumerate(families):
        of_family = [row for row in rows if row.case.family == family]
        for offset, comparisons in (
            (-0.2, [row.versus_jax for row in of_family]),
            (0.2, [row.versus_jaxgrad for row in of_family]),
        ):
            kinds = [_kind(comparison) for comparison in comparisons]
            left = 0
            for kind, name in names.items():
                label = name if (place, offset) == (0, -0.2) else None
                count = kinds.count(kind)
                axes.barh(place + offset, count, 0.36, left, color=colors[kind], label=label)
                left += count
            side = "plain JAX" if offset < 0 else "jaxgrad"
            axes.text(left + 0.5, place + offset, side, va="center", fontsize=7, color=GREY)
    axes.set_yticks(range(len(families)), families)
    axes.invert_yaxis()
    axes.margins(x=0.1)
    _dress(axes, "cases")


def _kind(comparison: Comparison | None) -> str:
    if comparison is None:
        return "none"
    return "same" if comparison.verdict == "same" else "other"


def _law(axes: Axes, answers: dict[str, Answer]) -> None:
    """Drawn answers against their exact law."""
    continuous = any(answer.law and answer.law.continuous for answer in answers.values())
    (_deviation if continuous else _histogram)(axes, answers)


def _deviation(axes: Axes, answers: dict[str, Answer]) -> None:
    """At each quantile of the law, by how much the share drawn below it differs from the law's.

    A side that leaves the grey band has missed the law by the Kolmogorov-Smirnov test.
    """
    for index, (name, answer) in enumerate(answers.items()):
        if answer.law:
            size = sum(answer.law.expected)
            drawn = np.append(0, np.cumsum(answer.law.counts)) / size
            exact = np.append(0, np.cumsum(answer.law.expected)) / size
            style = {**STYLES[name], "marker": None, "linewidth": 2}
            axes.plot(exact, drawn - exact, label=name, **style)
            if index == 0:
                width = band(size)
                axes.fill_between(
                    exact, -width, width, color=GREY, alpha=0.25, linewidth=0, label="law kept"
                )
    axes.set_ylabel("drawn below - law", color=GREY)
    _dress(axes, "quantile of the exact law")


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
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _dress(axes, "category")


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
    _dress(axes, "step")
