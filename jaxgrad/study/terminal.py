"""Rows -> what the terminal shows: counts by family, every row that differs, and the summary."""

import textwrap
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from .comparison import Comparison
from .diff import Change
from .measurement import Row
from .report import Tally, problems, summary, tally

NARROW = 80
"""Columns that every terminal is taken to have; a narrower one breaks the lines itself."""
WIDE = 120
"""Columns that lines do not go beyond, so that a name and its verdicts stay in sight together."""
SIDE = 14
"""Columns of one side's verdict."""
DEPARTURES = ("right", "refuses", "limit", "undeclared")
"""Why jaxgrad's answer is another than PyTorch's, see `Case.departs`."""
LEGEND = (
    "silent: no error where PyTorch raises one. !: not as declared.",
    "jaxgrad departs to be right where PyTorch is not, refuses what PyTorch takes by",
    "mistake, or has a limit. study.html shows each row with its code and its reason.",
)
"""What the words mean."""


def show(rows: Sequence[Row], changes: Sequence[Change], console: Console) -> None:
    """Prints the counts, the rows that differ, why any does not hold, and the summary."""
    width = min(WIDE, max(NARROW, console.width))
    for line in (*counts(rows), Text(), *differences(rows, width), Text()):
        console.print(line, soft_wrap=True)
    problems(rows, console)
    log = not console.is_terminal
    for change in changes:
        console.print(Text(f"drift: {change}", style="red"), soft_wrap=log)
    console.print(summary(rows), soft_wrap=log, highlight=False)


def counts(rows: Sequence[Row]) -> Iterator[Text]:
    """One line for each family: how often each side gives PyTorch's answer, or departs and why."""
    yield _columns("as PyTorch", "cases", "plain JAX", "jaxgrad", *DEPARTURES)
    families = dict.fromkeys(row.case.family for row in rows)
    for family in families:
        yield _count(family, tally([row for row in rows if row.case.family == family]))
    if len(families) > 1:
        yield _count("all", tally(rows))


def _count(title: str, of: Tally) -> Text:
    ours = f"{of.ours} of {of.offered}" if of.offered else "–"
    departs = (str(number or "") for number in (of.right, of.refuses, of.limit, of.other))
    return _columns(title, str(of.cases), str(of.plain), ours, *departs)


def _columns(title: str, *cells: str) -> Text:
    widths = (6, 11, 14, 7, 9, 7, 12)
    aligned = (f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
    return Text(f"{title:13}{''.join(aligned)}".rstrip())


def differences(rows: Sequence[Row], width: int) -> Iterator[Text]:
    """One line for each row in which a side differs from PyTorch or does not hold."""
    differing = [row for row in rows if row.problems or not _same(row)]
    if not differing:
        return
    name = width - 2 * SIDE
    yield Text(f"{'what differs':{name}}{'plain JAX':{SIDE}}{'jaxgrad':{SIDE}}".rstrip())
    for family in dict.fromkeys(row.case.family for row in differing):
        yield Text(family, style="bold")
        for row in differing:
            if row.case.family == family:
                yield from _difference(row, name)
    yield from (Text(line, style="dim") for line in LEGEND)


def _same(row: Row) -> bool:
    compared = (row.versus_jax, row.versus_jaxgrad)
    return all(each is None or each.verdict == "same" for each in compared)


def _difference(row: Row, name: int) -> Iterator[Text]:
    """The row's line; a name too long for it takes a line of its own for its beginning."""
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
    """A verdict in one word."""
    if comparison is None:
        return Text(f"{'–':{SIDE}}")
    word: str = comparison.verdict
    if word == "error":
        word = "raises" if comparison.raises else "silent"
    if comparison.verdict != declared:
        return Text(f"{word + '!':{SIDE}}", style="bold red")
    return Text(f"{word:{SIDE}}", style="green" if word == "same" else "yellow")
