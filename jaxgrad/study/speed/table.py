"""Cells -> the table, as data for JSON and as Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..markdown import escaped
from .rounds import Cell, ratio
from .works import Work

NAMES = {"torch": "PyTorch eager", "torch.compile": "torch.compile", "jax": "plain JAX"}
"""The competitors that have another name in the table."""
STANDARD = ("torch", "torch.compile", "jax", "jaxgrad")
"""The first columns of every table; further competitors of a family come after them."""
SIDES = ("jax", "jaxgrad")
"""The competitors of a small call."""


class Result(NamedTuple):
    """A work and its cells, by competitor."""

    work: Work
    cells: Mapping[str, Cell]

    def failures(self) -> dict[str, str]:
        """What went wrong, by competitor."""
        return {name: cell.error for name, cell in self.cells.items() if cell.error}


def label(competitor: str) -> str:
    """A competitor as the table calls it: "torch, fused" is PyTorch, fused."""
    side, *detail = competitor.split(", ", 1)
    return ", ".join([{"torch": "PyTorch"}.get(side, side) if detail else side, *detail])


def heading(competitor: str) -> str:
    """The heading of a competitor's column."""
    return NAMES.get(competitor, label(competitor))


def as_json(result: Result, read_limit: float | None) -> dict[str, Any]:
    """One result with all its medians and spreads; `read_limit` is in GB/s."""
    work, cells = result
    return {
        "family": work.family,
        "name": work.name,
        "times": work.times,
        "elements": work.elements,
        "torch_over_jaxgrad": ratio(cells.get("torch"), cells.get("jaxgrad")),
        "jaxgrad_over_jax": ratio(cells.get("jaxgrad"), cells.get("jax")),
        "competitors": {name: _cell(cell, work, read_limit) for name, cell in cells.items()},
        "calls": {name: _call(result, name) for name in work.calls},
    }


def _call(result: Result, name: str) -> dict[str, Any]:
    """One small call of a work: seconds of a warm one and of the first, and the ratios."""
    cells = {side: cell.of_call(name) for side, cell in result.cells.items() if cell.runs}
    plain, ours = cells.get("jax"), cells.get("jaxgrad")
    return {
        "warm_s": {side: cell.warm() for side, cell in cells.items()},
        "first_s": {side: cell.first() for side, cell in cells.items()},
        "jaxgrad_over_jax": ratio(ours, plain),
        "first_jaxgrad_over_jax": ratio(ours, plain, "first"),
    }


def _cell(cell: Cell, work: Work, read_limit: float | None) -> dict[str, Any]:
    if not cell.runs:
        return {"absent": cell.absent} if cell.absent else {"error": cell.error}
    numbers = {
        "warm_s": cell.warm(),
        "warm_spread_s": cell.spread(),
        "warm_rounds_s": [run.warm for run in cell.runs],
        "first_s": cell.first(),
        "peak_bytes": cell.peak(),
        "device": cell.runs[0].device,
    }
    if work.reads and read_limit:
        numbers["of_read_limit"] = share(cell, work, read_limit)
    return numbers


def share(cell: Cell, work: Work, read_limit: float) -> float:
    """The rate at which the work read its data, over the rate at which the machine reads."""
    return work.reads / cell.warm() / 1e9 / read_limit


def markdown(document: Mapping[str, Any], results: Sequence[Result]) -> str:
    """The machine, and below it a table for each family."""
    parts = ["# Speed", _header(document)]
    for family in dict.fromkeys(result.work.family for result in results):
        of_family = [result for result in results if result.work.family == family]
        parts += [f"## {family}", _table(of_family), *_notes(of_family, document["limits"])]
        parts += [_calls(result) for result in of_family if result.work.calls]
    return "\n\n".join(parts) + "\n"


def _header(document: Mapping[str, Any]) -> str:
    machine, limits = document["machine"], document["limits"]
    versions = ", ".join(f"{name} {v}" for name, v in machine["versions"].items() if v)
    known = ", ".join(
        f"{name} {limit['rate']:.3g} {limit['unit']}" for name, limit in limits.items()
    )
    devices = "; ".join(f"{side} on {device}" for side, device in document["devices"].items())
    return (
        f"{machine['processor']}, {machine['system']}; every competitor may use {machine['cores']} "
        f"cores ({devices or 'device unknown'}). {versions}, Python {machine['python']}. "
        f"The machine's limits, measured in the same run: {known or 'not measured'}.\n\n"
        "Milliseconds of a warm call: the median over the competitor's processes, and in brackets "
        f"the least and the most. There are {document['rounds']} processes for each competitor, "
        "and the competitors take turns. The first call compiles. Peak memory is what a process "
        "needs beyond the import of its library; it includes inputs and compilation. A ratio is "
        "the median over the rounds."
    )


def _table(results: Sequence[Result]) -> str:
    names = dict.fromkeys(name for result in results for name in result.cells)
    columns = [*STANDARD, *(name for name in names if name not in STANDARD)]
    headings = [
        "Work, and what is timed",
        *map(heading, columns),
        "PyTorch eager / jaxgrad",
        "jaxgrad / plain JAX",
        f"First call, ms: {', '.join(map(heading, STANDARD))}",
        "Peak memory, MB: the same",
    ]
    lines = [_line(headings), _line(["---", *["--:"] * (len(headings) - 1)])]
    for work, cells in results:
        lines.append(
            _line(
                [
                    escaped(work.name) + f" (`{work.times}`)" * (not work.calls),
                    *(_warm(cells.get(name)) for name in columns),
                    _times(ratio(cells.get("torch"), cells.get("jaxgrad"))),
                    _times(ratio(cells.get("jaxgrad"), cells.get("jax"))),
                    ", ".join(_first(cells.get(name)) for name in STANDARD),
                    ", ".join(_peak(cells.get(name)) for name in STANDARD),
                ]
            )
        )
    return "\n".join(lines)


def _calls(result: Result) -> str:
    """A table with a line for each small call of a work."""
    headings = [
        f"One call, {result.work.name}",
        "plain JAX, µs",
        "jaxgrad, µs",
        "jaxgrad / plain JAX",
        "first call, ms: plain JAX, jaxgrad",
        "the same, jaxgrad / plain JAX",
    ]
    lines = [_line(headings), _line(["---", *["--:"] * (len(headings) - 1)])]
    for name in result.work.calls:
        call = _call(result, name)
        warm, first = call["warm_s"], call["first_s"]
        lines.append(
            _line(
                [
                    escaped(name),
                    *(digits(1e6 * warm[side]) if side in warm else "–" for side in SIDES),
                    _times(call["jaxgrad_over_jax"]),
                    ", ".join(digits(1e3 * first[side]) for side in SIDES if side in first) or "–",
                    _times(call["first_jaxgrad_over_jax"]),
                ]
            )
        )
    return "\n".join(lines)


def _notes(results: Sequence[Result], limits: Mapping[str, Any]) -> list[str]:
    """The share of the read limit that is reached, if known, and why cells are empty."""
    notes = []
    for work, cells in results:
        if work.reads and "read" in limits:
            shares = ", ".join(
                f"{heading(name)} {share(cell, work, limits['read']['rate']):.0%}"
                for name, cell in cells.items()
                if cell.runs
            )
            notes.append(f"{work.name}, share of the read limit: {shares}.")
    absent = {
        f"{heading(name)}: {cell.absent}"
        for _, cells in results
        for name, cell in cells.items()
        if cell.absent
    }
    return [*notes, *(["–: " + "; ".join(sorted(absent)) + "."] if absent else [])]


def _warm(cell: Cell | None) -> str:
    if cell is None or cell.absent:
        return "–"
    if cell.error:
        return escaped(cell.error)
    return warm_time(cell)


def warm_time(cell: Cell) -> str:
    """Milliseconds of a warm call, with their spread if there are several rounds."""
    median, least, most = (digits(1e3 * seconds) for seconds in (cell.warm(), *cell.spread()))
    return median if len(cell.runs) == 1 else f"{median} ({least} to {most})"


def _first(cell: Cell | None) -> str:
    return digits(1e3 * cell.first()) if cell and cell.runs else "–"


def _peak(cell: Cell | None) -> str:
    peak = cell.peak() if cell else None
    return "–" if peak is None else f"{peak / 1e6:,.0f}"


def _times(value: float | None) -> str:
    return "–" if value is None else f"{digits(value)}x"


def digits(value: float) -> str:
    """A positive number in three digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 1 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
