"""Rows -> what the terminal shows: counts by family, every row that differs, and the summary."""

import textwrap
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from .comparison import Comparison
from .diff import Change
from .measurement import Row
from .report import Tally, by_family, differs, kind, problems, summary, tally

NARROW = 80
"""The least width that is assumed; a narrower terminal breaks the lines itself."""
WIDE = 120
"""The greatest width that is used, so that a name and its verdicts stay close together."""
SIDE = 14
"""The width of a verdict."""
COLUMNS = {"cases": 6, "plain JAX": 11, "jaxgrad": 14}
DIFFERENCES = {"right": 7, "refuses": 9, "short": 7, "undeclared": 12}
"""The widths of the counts; the second are of the cases in which jaxgrad differs."""
LEGEND = (
    "raises: an error where PyTorch raises none. no error: none where PyTorch raises.",
    "value!: the verdict is not the declared one.",
    "right: PyTorch is wrong, raises an error or leaves the answer open.",
    "refuses: PyTorch accepts a mistake. short: jaxgrad falls short of PyTorch.",
    "study.html shows each case with its code and its reason.",
)


def show(rows: Sequence[Row], changes: Sequence[Change], console: Console) -> None:
    """Prints the counts, the rows that differ, the rows that do not hold, and the summary."""
    width = min(WIDE, max(NARROW, console.width))
    for line in (*counts(rows), Text(), *differences(rows, width), Text()):
        console.print(line, soft_wrap=True)
    problems(rows, console)
    log = not console.is_terminal
    for change in changes:
        console.print(Text(f"drift: {change}", style="red"), soft_wrap=log)
    console.print(summary(rows), soft_wrap=log, highlight=False)


def counts(rows: Sequence[Row]) -> Iterator[Text]:
    """One line for each family: how often each side agrees, and how jaxgrad differs."""
    agree, differ = sum(COLUMNS.values()), sum(DIFFERENCES.values())
    yield Text(f"{'':13}{'agree with PyTorch':>{agree}}{'jaxgrad differs':>{differ}}")
    yield _columns("family", *COLUMNS, *DIFFERENCES)
    families = by_family(rows)
    for family, of_family in families.items():
        yield _count(family, tally(of_family))
    if len(families) > 1:
        yield _count("all", tally(rows))


def _count(title: str, of: Tally) -> Text:
    ours = f"{of.ours} of {of.offered}" if of.offered else "–"
    differ = (str(number or "") for number in (of.right, of.refuses, of.limit, of.undeclared))
    return _columns(title, str(of.cases), str(of.plain), ours, *differ)


def _columns(title: str, *cells: str) -> Text:
    widths = (*COLUMNS.values(), *DIFFERENCES.values())
    aligned = (f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
    return Text(f"{title:13}{''.join(aligned)}".rstrip())


def differences(rows: Sequence[Row], width: int) -> Iterator[Text]:
    """One line for each row in which a side differs from PyTorch or does not hold."""
    families = by_family([row for row in rows if row.problems or differs(row)])
    if not families:
        return
    name = width - 2 * SIDE
    yield Text(f"{'what differs':{name}}{'plain JAX':{SIDE}}{'jaxgrad':{SIDE}}".rstrip())
    for family, of_family in families.items():
        yield Text(family, style="bold")
        for row in of_family:
            yield from _difference(row, name)
    yield from (Text(line, style="dim") for line in LEGEND)


def _difference(row: Row, name: int) -> Iterator[Text]:
    """The row's line; the beginning of a name that is too long has a line of its own."""
    *above, last = textwrap.wrap(row.case.name, name - 4)
    for line in above:
        yield Text(f"  {line}")
    line = Text(f"  {last:{name - 2}}")
    for declared, comparison in (
        (row.case.verdict_jax, row.versus_jax),
        (row.case.verdict_jaxgrad, row.versus_jaxgrad),
    ):
        line.append_text(_verdict(declared, comparison))
    line.rstrip()
    yield line


def _verdict(declared: str, comparison: Comparison | None) -> Text:
    """A verdict in a word or two."""
    if comparison is None:
        return Text(f"{'–':{SIDE}}")
    word = kind(comparison).replace("silent", "no error")
    if comparison.verdict != declared:
        return Text(f"{word + '!':{SIDE}}", style="bold red")
    return Text(f"{word:{SIDE}}", style="green" if word == "same" else "yellow")
