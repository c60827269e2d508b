"""The commands `jaxgrad study` and `jaxgrad study show`."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from . import diff, markdown, measurement, record, report, terminal, workers
from .case import Case
from .cases import CASES
from .measurement import Row
from .progress import progress

SHOWN = 5
"""`show` measures so many cases at most; it lists the names of more."""


def study(options: argparse.Namespace) -> int:
    """Measures, prints and writes; returns the exit status."""
    console, bar = Console(), Console(stderr=True)
    cases = chosen(options)
    if options.record:
        for family in dict.fromkeys(case.family for case in cases):
            _record(family, [case for case in cases if case.family == family], bar)
    done = _measured(cases, options, bar)
    changes = diff.drift(done)
    terminal.show(done, changes, console)
    document = report.document(done, exact=options.exact)
    written = _written(done, document, options)
    console.print(f"Written: {', '.join(map(str, written))}", soft_wrap=True, highlight=False)
    if len(cases) < len(CASES) and not options.only:
        console.print(
            f"These cases come from one notebook. To run all {len(CASES)}: jaxgrad study --all",
            soft_wrap=True,
            highlight=False,
        )
    return 0 if document["held"] and not changes else 1


def chosen(options: argparse.Namespace) -> list[Case]:
    """The cases of the chosen families, or all, or those whose source is in the notebook.

    `--record` takes whole families, because a file of answers holds one.
    """
    if options.only:
        return [case for case in CASES if case.family in options.only]
    return [case for case in CASES if case.source or options.all or options.record]


def _measured(cases: Sequence[Case], options: argparse.Namespace, bar: Console) -> list[Row]:
    """The rows in the order of the cases; prints at once why a row does not hold."""
    measured = workers.measured(
        cases, live=options.live, exact=options.exact, jobs=options.jobs, limit=options.limit
    )
    done: dict[str, Row] = {}
    for row in progress(measured, "measuring", len(cases), bar):
        done[row.case.anchor()] = row
        report.problems([row], bar)
    return [done[case.anchor()] for case in cases]


def _written(
    done: Sequence[Row], document: dict[str, Any], options: argparse.Namespace
) -> list[Path]:
    """Writes the study and returns the files."""
    from .page import page  # imports matplotlib, which takes a second

    written = {
        "study.html": page(done, exact=options.exact),
        "study.md": markdown.document(done),
        "study.json": json.dumps(document, indent=1, allow_nan=False),
    }
    for name, text in written.items():
        (options.out / name).write_text(text, encoding="utf-8")
    paths = [options.out / name for name in written]
    if options.site is not None:
        from .site import build

        paths.append(build.write(done, options.site, exact=options.exact)[0])
    return paths


def _record(family: str, cases: Sequence[Case], bar: Console) -> Path:
    asked = progress(cases, f"recording {family}", len(cases), bar)
    answers = [(case, *measurement.live(case)) for case in asked]
    return record.write(family, answers[0][2], [(case, answer) for case, answer, _ in answers])


def matching(wanted: str) -> list[Case]:
    """The cases with that anchor or name, or else those whose anchor or name contains it."""
    named = [case for case in CASES if wanted in (case.anchor(), case.name)]
    return named or [
        case
        for case in CASES
        if wanted.lower() in case.anchor() or wanted.lower() in case.name.lower()
    ]


def print_names(cases: Sequence[Case], wanted: str) -> int:
    """Prints the anchors and names of the cases; returns the exit status."""
    console = Console(highlight=False)
    for case in cases:
        name = " ".join(case.name.split())
        console.print(case.anchor(), style="bold", soft_wrap=True, markup=False)
        console.print(f"    {name}", soft_wrap=True, markup=False)
    console.print(
        f"{len(cases)} rows match {wanted!r}. To measure one: jaxgrad study show, and its name or "
        "anchor.",
        soft_wrap=True,
        markup=False,
    )
    return 0


def show(cases: Sequence[Case], *, live: bool) -> int:
    """Measures the cases and prints their rows in full; returns the exit status."""
    console = Console(highlight=False)
    ask = measurement.live if live else measurement.recorded
    done = [measurement.measure(case, ask) for case in cases]
    for row in done:
        console.print(report.whole(row))
    return 1 if any(row.problems for row in done) else 0
