"""The command `jaxgrad speed`: works -> cells -> what is printed and written."""

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from . import machine, rounds, sizes
from .limits import Limit
from .table import Result, as_json, digits, heading, markdown, warm_time
from .works import WORKS, Work


def matching(part: str, works: Sequence[Work] = WORKS) -> list[Work]:
    """The works whose family or name contains `part`."""
    return [work for work in works if part.lower() in f"{work.family}: {work.name}".lower()]


def speed(options: argparse.Namespace, works: Sequence[Work], ways: Sequence[Limit]) -> int:
    """Measures, prints each result at once, and writes all; returns the exit status."""
    console = Console(highlight=False, soft_wrap=True)
    bar = Progress(console=Console(stderr=True), transient=True)
    with bar:
        known = _limits(ways, options, bar)
        for name, limit in known.items():
            console.print(f"the machine's limit, {name}: {limit['rate']:.3g} {limit['unit']}")
        results = _results(works, options, bar, console)
        curves = sizes.works(sizes.largest(machine.memory())) if options.sizes else ()
        drawn = _results(curves, options, bar, console)
    whole = document(options.rounds, known, results, drawn)
    written = {
        "speed.json": json.dumps(whole, indent=1, allow_nan=False),
        "speed.md": markdown(whole, results),
    }
    if drawn:
        written["speed.svg"] = sizes.picture(drawn)
    for name, text in written.items():
        (options.out / name).write_text(text, encoding="utf-8")
    console.print(f"Written: {', '.join(str(options.out / name) for name in written)}")
    return 1 if any(result.failures() for result in [*results, *drawn]) else 0


def _limits(ways: Sequence[Limit], options: argparse.Namespace, bar: Progress) -> dict[str, Any]:
    """Each limit's best rate over its ways. NumPy's do not count if JAX has an accelerator."""
    known = {}
    for limit in ways:
        cells = _cells(limit.work, options, bar)
        accelerated = any(run.device != "cpu" for cell in cells.values() for run in cell.runs)
        best = {
            name: limit.amount / cell.spread()[0]
            for name, cell in cells.items()
            if cell.runs and not (accelerated and name.startswith("numpy"))
        }
        if best:
            known[limit.name] = {"rate": max(best.values()), "unit": limit.unit, "ways": best}
    return known


def _results(
    works: Sequence[Work], options: argparse.Namespace, bar: Progress, console: Console
) -> list[Result]:
    results = []
    for work in works:
        results.append(Result(work, _cells(work, options, bar)))
        for line in _lines(results[-1]):
            console.print(line)
    return results


def _cells(work: Work, options: argparse.Namespace, bar: Progress) -> Mapping[str, rounds.Cell]:
    total = options.rounds * len(work.code)
    task = bar.add_task(f"{work.family}: {work.name}", total=total)
    cells = rounds.measured(work, options.rounds, options.limit, lambda: bar.advance(task))
    bar.remove_task(task)
    return cells


def _lines(result: Result) -> list[Text]:
    """A result as lines of text."""
    lines = [Text(f"{result.work.family}: {result.work.name}", style="bold")]
    for name, cell in result.cells.items():
        start = f"  {heading(name):24}"
        if cell.error:
            lines.append(Text(f"{start} {cell.error}", style="red"))
        elif not cell.runs:
            lines.append(Text(f"{start} – ({cell.absent})"))
        else:
            first = digits(1e3 * cell.first())
            lines.append(Text(f"{start} {warm_time(cell)} ms, first call {first} ms"))
    return lines


def document(
    count: int, known: dict[str, Any], results: Sequence[Result], drawn: Sequence[Result]
) -> dict[str, Any]:
    """Everything as JSON: the machine, its limits, the works, the curves."""
    read = known["read"]["rate"] if "read" in known else None
    return {
        "machine": machine.describe(),
        "devices": _devices([*results, *drawn]),
        "rounds": count,
        "limits": known,
        "works": [as_json(result, read) for result in results],
        "sizes": [as_json(result, None) for result in drawn],
    }


def _devices(results: Sequence[Result]) -> dict[str, str]:
    """The device of each library, as its processes reported it."""
    devices = {}
    for result in results:
        for name, cell in result.cells.items():
            for run in cell.runs:
                devices[{"torch": "PyTorch"}.get(rounds.library(name), "JAX")] = run.device
    return devices
