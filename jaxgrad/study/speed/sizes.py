"""The time over the size: a few works at sizes from 100 to 100,000,000, and their picture."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..pictures import GREY, SCHEMES, STYLES, svg
from .table import Result, heading
from .works import Work, curves

BYTES = 40
"""The most memory that a work needs for each element."""

LINES = {
    "torch": {**STYLES["PyTorch"], "linewidth": 2},
    "torch.compile": {"color": "#cc79a7", "marker": "^", "linewidth": 1.5, "linestyle": "-."},
    "jax": STYLES["plain JAX"],
    "jaxgrad": {**STYLES["jaxgrad"], "linestyle": "-"},
}


def largest(memory: int | None) -> int:
    """The largest power of ten that fits into a quarter of the memory, at most 10^8."""
    room = 10**7 if memory is None else max(100, memory // (4 * BYTES))
    return min(10**8, 10 ** int(math.log10(room)))


def works(most: int) -> tuple[Work, ...]:
    """Every curve's work at each power of ten from 100 to `most`."""
    exponents = range(2, int(math.log10(most)) + 1)
    return tuple(work for exponent in exponents for work in curves.at(10**exponent))


def picture(results: Sequence[Result]) -> str:
    """An SVG with a panel for each family: milliseconds over elements, both as logarithms."""
    names = list(dict.fromkeys(result.work.family for result in results))
    rows = math.ceil(len(names) / 2)
    figure = Figure(figsize=(9, 3.2 * rows), layout="constrained")
    for place, name in enumerate(names):
        of_family = [result for result in results if result.work.family == name]
        _panel(figure.add_subplot(rows, 2, place + 1), name, of_family)
    drawn = svg(figure).replace(GREY, "currentColor")
    return drawn.replace("</style>", f"{SCHEMES}</style>", 1)


def _panel(axes: Axes, name: str, results: Sequence[Result]) -> None:
    for competitor, style in LINES.items():
        points = [
            (result.work.elements, 1e3 * cell.warm())
            for result in results
            if (cell := result.cells.get(competitor)) and cell.runs
        ]
        if points:
            axes.loglog(*zip(*points, strict=True), label=heading(competitor), **style)
    axes.set_title(name, color=GREY, fontsize=10)
    axes.set_xlabel("elements", color=GREY)
    axes.set_ylabel("ms", color=GREY)
    axes.tick_params(which="both", colors=GREY)
    axes.grid(color=GREY, alpha=0.2)
    for side in axes.spines.values():
        side.set_color(GREY)
    axes.legend(frameon=False, labelcolor=GREY, fontsize=8)
