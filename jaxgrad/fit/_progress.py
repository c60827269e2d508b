"""A bar for long work."""

import contextlib
import importlib
from collections.abc import Callable, Iterator

import jax

from jaxgrad import _extras

Tell = Callable[[int, str], None]
"""Takes how many are done, and a few words to show beside the bar."""


@contextlib.contextmanager
def shown(function: str, progress: bool, total: int, unit: str) -> Iterator[Tell]:
    """A function that moves a bar; elsewhere than on the first process it does nothing."""
    if not progress or jax.process_index():
        yield lambda done, words: None
        return
    rich = _extras.load(f"{function}: progress", "rich.progress", "data")
    columns = (
        *(rich.TextColumn(unit), rich.BarColumn(), rich.MofNCompleteColumn()),
        *(rich.TimeElapsedColumn(), rich.TextColumn("{task.fields[words]}")),
    )
    console = importlib.import_module("rich.console").Console(stderr=True)
    with rich.Progress(*columns, console=console) as bar:
        task = bar.add_task(unit, total=total, words="")
        yield lambda done, words: bar.update(task, completed=done, words=words)
