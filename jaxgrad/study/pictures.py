"""The pictures of a row: draws beside the expected ones, or overlaid curves."""

import io
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, SymmetricalLogLocator

from .answer import Answer, DistributionTest
from .comparison import Comparison
from .distribution import band, passed
from .measurement import Row

# Colours that colour-blind readers can tell apart (Okabe & Ito 2008), on light and on dark.
STYLES: dict[str, dict[str, Any]] = {
    "PyTorch": {"color": "#d55e00", "marker": "o", "linewidth": 4, "alpha": 0.6},
    "plain JAX": {"color": "#0072b2", "marker": "s", "linewidth": 1.5, "linestyle": "--"},
    "jaxgrad": {"color": "#009e73", "marker": ".", "linewidth": 1.5, "linestyle": ":"},
}
GREY = "#808080"
"""The colour of axes and letters, for which the SVG has the page's soft ink."""
SCHEMES = "svg{color:#5d5b55}@media(prefers-color-scheme:dark){svg{color:#a5a29a}}"
"""The soft ink in the reader's scheme, light or dark."""
WIDTH = 4.8
"""The width of a picture in inches; its letters can be read on a phone."""
DENSE = 100
"""A curve of more points has no markers."""


class Picture(NamedTuple):
    """An SVG, its size in CSS pixels, and what it shows in words."""

    svg: str
    width: int
    height: int
    alt: str


def pictures(row: Row) -> list[Picture]:
    """The row's pictures; none if the sides are alike, because a picture then says nothing."""
    answers = _answers(row)
    if not answers:
        return []
    if row.case.distribution:
        tests = {name: answer.distribution for name, answer in answers.items()}
        done = {name: test for name, test in tests.items() if test}
        shown = len(done) == len(tests) and not all(map(passed, done.values()))
        return [_draws(done)] if shown else []
    if row.case.picture == "curve":
        curves = {name: _line(answer) for name, answer in answers.items()}
        title = "the answer at each step"
        drawn = _picture(lambda axes: _curve(axes, answers), _describe_curve(answers), title)
        return [drawn] if _visible(curves, of_logarithms=True) else []
    x = _kink(row, answers)
    if x is None:
        return []
    values = {name: np.asarray(answer.value, float) for name, answer in answers.items()}
    slopes = {name: np.asarray(answer.grads["x"], float) for name, answer in answers.items()}
    differing = [name for name, of in (("value", values), ("derivative", slopes)) if _visible(of)]
    shown = ("value", "derivative") if differing and row.case.picture == "kink" else differing
    return [_over(x, {"value": values, "derivative": slopes}[name], name) for name in shown]


def overview(
    rows: Sequence[Row], drawn: Mapping[str, Sequence[Picture]]
) -> list[tuple[Row | None, Picture]]:
    """The picture of how often each side agrees with PyTorch, and those of the cover's rows.

    Args:
        rows: all rows.
        drawn: their pictures by their anchors.
    """
    families = len({row.case.family for row in rows})
    alt = "Bars: in how many cases of each family either side is as PyTorch, as in the table."
    title = "cases that agree with PyTorch, by family"
    height = 1.1 + 0.3 * families
    agreement = _picture(lambda axes: _agreement(axes, rows), alt, title, height, left=0.2)
    chosen = [row for row in rows if row.case.picture == "cover"]
    return [
        (None, agreement),
        *((row, each) for row in chosen for each in drawn[row.case.anchor()]),
    ]


def _answers(row: Row) -> dict[str, Answer]:
    sides = {"PyTorch": row.torch, "plain JAX": row.jax, "jaxgrad": row.jaxgrad}
    return {name: answer for name, answer in sides.items() if answer and not answer.error}


def _kink(row: Row, answers: dict[str, Answer]) -> np.ndarray | None:
    """The input over which value and derivative can be plotted, or None."""
    x = row.case.inputs.get("x")
    if not isinstance(x, np.ndarray) or x.dtype.kind != "f" or row.case.grads != ("x",):
        return None
    if not all("x" in answer.grads for answer in answers.values()):
        return None
    shapes = {np.shape(answer.value) for answer in answers.values()}
    shapes |= {np.shape(answer.grads["x"]) for answer in answers.values()}
    ordered = x.ndim == 1 and x.size > 2 and bool(np.all(np.diff(x) > 0))
    if not ordered or shapes != {x.shape} or not np.all(np.isfinite(x)):
        return None
    return x.astype(float)


def _picture(
    draw: Callable[[Axes], None], alt: str, title: str, height: float = 3.0, left: float = 0.16
) -> Picture:
    """A picture with a title and a legend above the axes, where they hide no line."""
    figure = Figure(figsize=(WIDTH, height))
    axes = figure.add_axes((left, 0.5 / height, 0.97 - left, 1 - 1.1 / height))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    draw(axes)
    at = (0.02, 1 - 0.08 / height)
    figure.text(*at, title, color=GREY, fontsize=11, fontweight="bold", va="top")
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(0.0, 1 - 0.27 / height),
        ncols=len(labels),
        frameon=False,
        labelcolor=GREY,
        fontsize=9,
        columnspacing=1.2,
        handlelength=2.2,
    )
    return Picture(_slim(svg(figure)), round(96 * WIDTH), round(96 * height), alt)


def svg(figure: Figure) -> str:
    """The figure as SVG, with the same text for the same figure."""
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with matplotlib.rc_context({"svg.hashsalt": "jaxgrad", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def _slim(svg: str) -> str:
    """An SVG with coordinates to a twentieth of a point, in the ink of the reader's scheme."""
    svg = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'font-family: [^;"]*; | transform="rotate\(-0 [^"]*"', "", svg)
    svg = re.sub(r'\b(?:d|x|y|width|height|transform)="[^"]*"', _rounded, svg)
    svg = re.sub(r"\s+", " ", svg).replace("> <", "><").replace(GREY, "currentColor")
    named = {name: f"i{i}" for i, name in enumerate(dict.fromkeys(re.findall(r"#([mp]\w+)", svg)))}
    svg = re.sub(r'(?<=#)[mp]\w+|(?<= id=")[^"]*', lambda name: named.get(name[0], ""), svg)
    svg = svg.replace(' id=""', "")
    svg, rules = _shared(svg)
    font = "text{font-family:system-ui,sans-serif}"
    return svg.replace("</style>", f"{font}{SCHEMES}{rules}</style>", 1)


def _shared(svg: str) -> tuple[str, str]:
    """An SVG whose repeated styles are classes, and the rules of these."""
    counts = Counter(re.findall(r' style="([^"]*)"', svg))
    names = {style: f"c{i}" for i, style in enumerate(counts) if counts[style] > 2}

    def shorter(style: re.Match[str]) -> str:
        return f' class="{names[style[1]]}"' if style[1] in names else style[0]

    rules = "".join(f".{name}{{{style}}}" for style, name in names.items())
    return re.sub(r' style="([^"]*)"', shorter, svg), rules


def _rounded(attribute: re.Match[str]) -> str:
    return re.sub(r"-?\d+\.\d+", lambda number: f"{float(number[0]):.1f}", attribute[0])


def _style(axes: Axes, label: str) -> None:
    """Makes axes and letters grey, which can be read on light and on dark."""
    axes.set_xlabel(label, color=GREY)
    axes.tick_params(colors=GREY)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("bottom", "left"):
        axes.spines[side].set_color(GREY)


def _agreement(axes: Axes, rows: Sequence[Row]) -> None:
    """For each family, how many cases agree with PyTorch: plain JAX above, jaxgrad below."""
    of_families: dict[str, list[Row]] = {}
    for row in rows:
        of_families.setdefault(row.case.family, []).append(row)
    names = {"same": "as PyTorch", "other": "declared difference", "none": "nothing offered"}
    colors = {"same": "#009e73", "other": "#e69f00", "none": "#80808040"}
    for place, of_family in enumerate(of_families.values()):
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
            axes.annotate(
                *(f" {side}", (left, place + offset)), va="center", fontsize=7, color=GREY
            )
    axes.set_yticks(range(len(of_families)), list(of_families))
    axes.invert_yaxis()
    axes.margins(y=0.02)
    axes.set_xlim(0, 1.2 * max(map(len, of_families.values())))
    _style(axes, "cases")


def _kind(comparison: Comparison | None) -> str:
    if comparison is None:
        return "none"
    return "same" if comparison.verdict == "same" else "other"


def _draws(tests: Mapping[str, DistributionTest]) -> Picture:
    """The sides' draws against the exact distribution."""
    told = ", ".join(
        f"{name} {'agrees' if passed(test) else 'does not'} (p = {test.pvalue:.2g})"
        for name, test in tests.items()
    )
    if any(test.continuous for test in tests.values()):
        alt = f"How the share drawn below each quantile differs from the exact one: {told}."
        title = "distance from the exact distribution"
        return _picture(lambda axes: _deviation(axes, tests), alt, title)
    categories = max(len(test.counts) for test in tests.values())
    alt = f"How often each of {categories} categories was drawn, and is expected: {told}."
    return _picture(lambda axes: _histogram(axes, tests), alt, "draws of each category")


def _deviation(axes: Axes, tests: Mapping[str, DistributionTest]) -> None:
    """At each quantile, the share that each side drew below it less the exact share.

    A side that leaves the grey band fails the Kolmogorov-Smirnov test.
    """
    for index, (name, test) in enumerate(tests.items()):
        size = sum(test.expected)
        drawn = np.append(0, np.cumsum(test.counts)) / size
        exact = np.append(0, np.cumsum(test.expected)) / size
        axes.plot(
            exact, drawn - exact, label=name, **{**STYLES[name], "marker": None, "linewidth": 2}
        )
        if index == 0:
            width = band(size)
            axes.fill_between(
                exact, -width, width, color=GREY, alpha=0.25, linewidth=0, label="within chance"
            )
    axes.set_ylabel("share below, difference", color=GREY)
    _style(axes, "quantile of the exact distribution")


def _histogram(axes: Axes, tests: Mapping[str, DistributionTest]) -> None:
    """Counts of the categories, each side shifted a little, and the expected counts."""
    width = 0.8 / len(tests)
    for index, (name, test) in enumerate(tests.items()):
        places = np.arange(len(test.counts))
        offset = (index - (len(tests) - 1) / 2) * width
        axes.bar(places + offset, test.counts, width, label=name, color=STYLES[name]["color"])
        axes.step(
            np.append(places - 0.5, places[-1] + 0.5),
            np.append(test.expected, test.expected[-1]),
            where="post",
            color=GREY,
            label="expected" if index == 0 else None,
        )
    axes.set_ylabel("draws", color=GREY)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _style(axes, "category")


def _plot(axes: Axes, x: np.ndarray, y: np.ndarray, name: str, *, markers: bool) -> None:
    """Plots the line of one side without the points that are not finite."""
    style = {**STYLES[name], "markersize": 4}
    if not markers:
        style["marker"] = None
    axes.plot(x, np.where(np.isfinite(y), y, np.nan), label=name, **style)


def _over(x: np.ndarray, sides: dict[str, np.ndarray], label: str) -> Picture:
    """Values or derivatives over the input, and where they differ in words."""

    def draw(axes: Axes) -> None:
        for name, y in sides.items():
            _plot(axes, x, y, name, markers=x.size <= DENSE)
        axes.set_ylabel(label, color=GREY)
        _style(axes, "x")

    differing = _differing(sides)
    told = [
        f"at x = {x[i]:.6g} " + ", ".join(f"{name} {y[i]:.6g}" for name, y in sides.items())
        for i in differing[:3].tolist()
    ]
    if differing.size > 3:
        told.append(f"and {differing.size - 3} more points")
    range_ = f"The {label} over x from {x[0]:.6g} to {x[-1]:.6g} by {', '.join(sides)}"
    alt = f"{range_}: {'; '.join(told) or 'all alike'}."
    return _picture(draw, alt, f"{label} over x")


def _visible(sides: Mapping[str, np.ndarray], *, of_logarithms: bool = False) -> bool:
    """Whether a reader sees a difference: more than a hundredth of the span of the axis."""
    first, *others = (np.asarray(y, float) for y in sides.values())
    if any(y.shape != first.shape for y in others):
        return True
    finite = first[np.isfinite(first)]
    span = np.ptp(finite) if finite.size else 0.0
    near = [np.isclose(y, first, rtol=0.0, atol=0.01 * span, equal_nan=True) for y in others]
    if of_logarithms:
        alike = [np.isclose(y, first, rtol=0.1, atol=0.0, equal_nan=True) for y in others]
        near = [linear & log for linear, log in zip(near, alike, strict=True)]
    return not all(map(np.all, near))


def _differing(sides: Mapping[str, np.ndarray]) -> np.ndarray:
    """The places at which the sides differ."""
    first, *others = sides.values()
    alike = [np.isclose(y, first, rtol=1e-5, atol=1e-8, equal_nan=True) for y in others]
    everywhere = np.full(first.size, True)
    return np.flatnonzero(~np.all(np.reshape([*alike, everywhere], (-1, first.size)), 0))


def _line(answer: Answer) -> np.ndarray:
    """The numbers of an answer with one axis, beside axes of one element."""
    return np.ravel(np.asarray(answer.value, float))


def _curve(axes: Axes, answers: dict[str, Answer]) -> None:
    """Plots answers over their index, on a logarithmic axis if they span decades."""
    drawn = []
    for name, answer in answers.items():
        values = _line(answer)
        _plot(axes, np.arange(len(values)), values, name, markers=False)
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
    _style(axes, "step")


def _describe_curve(answers: dict[str, Answer]) -> str:
    values = {name: _line(answer) for name, answer in answers.items()}
    told = ", ".join(
        f"{name} from {v.flat[0]:.4g} to {v.flat[-1]:.4g}" for name, v in values.items()
    )
    steps = len(next(iter(values.values())))
    return f"The answers over {steps} steps: {told}."
