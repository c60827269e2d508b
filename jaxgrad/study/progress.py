"""The progress of a long measurement: a bar on a terminal, lines elsewhere."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Each = TypeVar("Each")

TENTHS = 10
"""Without a terminal there is a line for each of so many parts of the work."""
SILENCE = 10.0
"""Without a terminal there is also a line if the last one is so many seconds old."""


def progress(done: Iterable[Each], what: str, total: int, console: Console) -> Iterator[Each]:
    """Yields what is done, and shows on the console how much that is."""
    return (_bar if console.is_terminal else _lines)(done, what, total, console)


def _bar(done: Iterable[Each], what: str, total: int, console: Console) -> Iterator[Each]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as bar:
        yield from bar.track(done, total=total, description=what)


def _lines(done: Iterable[Each], what: str, total: int, console: Console) -> Iterator[Each]:
    start = written = time.monotonic()
    console.print(f"{what}: 0 of {total}", highlight=False)
    for count, each in enumerate(done, 1):
        yield each
        now = time.monotonic()
        tenth = count * TENTHS // total > (count - 1) * TENTHS // total
        if tenth or now - written >= SILENCE:
            written = now
            console.print(f"{what}: {count} of {total}, {now - start:.0f} s", highlight=False)
            console.file.flush()  # so that a log or a pipe has it now
