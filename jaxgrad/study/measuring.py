"""The command's work: cases -> measured rows -> what is printed and written."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.text import Text

from . import diff, markdown, record, report, rows, workers
from .case import Case
from .cases import CASES, FAMILIES
from .rows import Row

SHOWN = 5
"""So many rows are shown at once."""


def study(options: argparse.Namespace) -> int:
    """Measures, prints and writes; returns the exit status."""
    from .page import page  # draws, and so takes a second to import

    console, bar = Console(), Console(stderr=True)
    if not console.is_terminal:
        console = Console(width=200)
    families = options.only or FAMILIES
    cases = [case for case in CASES if case.family in families]
    if options.record:
        for family in families:
            _record(family, [case for case in cases if case.family == family], bar)
    measured = workers.measured(
        cases, live=options.live, exact=options.exact, jobs=options.jobs, limit=options.limit
    )
    done: list[Row] = []
    for row in track(measured, "measuring", total=len(cases), console=bar):
        done.append(row)
        report.problems([row], bar)
    console.print(report.table(done, console.width))
    report.problems(done, console)
    changes = diff.drift(done)
    for change in changes:
        console.print(Text(f"drift: {change}", style="red"))
    console.print(report.summary(done), soft_wrap=True, highlight=False)
    document = report.document(done, exact=options.exact)
    written = {
        "study.html": page(done, exact=options.exact),
        "study.md": markdown.document(done),
        "study.json": json.dumps(document, indent=1, allow_nan=False),
    }
    for name, text in written.items():
        (options.out / name).write_text(text, encoding="utf-8")
    paths = ", ".join(str(options.out / name) for name in written)
    console.print(f"Written: {paths}", soft_wrap=True)
    return 0 if document["held"] and not changes else 1


def _record(family: str, cases: Sequence[Case], bar: Console) -> Path:
    answers = [
        (case, *rows.live(case)) for case in track(cases, f"recording {family}", console=bar)
    ]
    return record.write(family, answers[0][2], [(case, answer) for case, answer, _ in answers])


def found(wanted: str) -> list[Case]:
    """The cases of that anchor or name, or else those whose anchor or name contains it."""
    named = [case for case in CASES if wanted in (case.anchor(), case.name)]
    return named or [
        case
        for case in CASES
        if wanted.lower() in case.anchor() or wanted.lower() in case.name.lower()
    ]


def show(cases: Sequence[Case], *, live: bool) -> int:
    """Measures the rows and prints all of them; returns the exit status."""
    console = Console(highlight=False)
    done = [rows.row(case, rows.live if live else rows.recorded) for case in cases]
    for row in done:
        console.print(report.whole(row))
    return 1 if any(row.problems for row in done) else 0
