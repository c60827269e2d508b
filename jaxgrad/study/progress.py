"""How far a long measurement is: a bar on a terminal, a line now and then where there is none."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Each = TypeVar("Each")

TENTHS = 10
"""So many lines are written in all where there is no terminal, "started" not counted."""
SILENCE = 10.0
"""Seconds after which a line is written at the latest, once another case is done."""


def progress(done: Iterable[Each], what: str, total: int, console: Console) -> Iterator[Each]:
    """Passes on what is done, and tells the console how much of it there is."""
    return (_bar if console.is_terminal else _lines)(done, what, total, console)


def _bar(done: Iterable[Each], what: str, total: int, console: Console) -> Iterator[Each]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as bar:
        yield from bar.track(done, total=total, description=what)


def _lines(done: Iterable[Each], what: str, total: int, console: Console) -> Iterator[Each]:
    start = told = time.monotonic()
    console.print(f"{what}: 0 of {total}", highlight=False)
    for count, each in enumerate(done, 1):
        yield each
        now = time.monotonic()
        tenth = count * TENTHS // total > (count - 1) * TENTHS // total
        if tenth or now - told >= SILENCE:
            told = now
            console.print(f"{what}: {count} of {total}, {now - start:.0f} s", highlight=False)
            console.file.flush()  # a log or a pipe shows it now, not at the end
