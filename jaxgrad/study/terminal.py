"""Rows -> what the terminal shows: counts by family, every row that differs, and the summary."""

import textwrap
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from .diff import Change
from .measure import Comparison
from .report import Tally, problems, summary, tally
from .rows import Row

NARROW = 60
"""Columns below which lines are left to the terminal to break."""
WIDE = 120
"""Columns that lines do not go beyond, so that a name and its verdicts stay in sight together."""
SIDE = 11
"""Columns of one side's verdict."""
LEGEND = (
    "silent: no error where PyTorch raises one. !: not as declared.",
    "jaxgrad departs to be right where PyTorch is not, refuses what PyTorch takes by",
    "mistake, or has a limit; study.html has each row with its code and its reason.",
)
"""What the words mean."""


def show(rows: Sequence[Row], changes: Sequence[Change], console: Console) -> None:
    """Prints the counts, the rows that differ, why any does not hold, and the summary."""
    width = min(WIDE, max(NARROW, console.width))
    for line in (*counts(rows), Text(), *differences(rows, width), Text()):
        console.print(line, soft_wrap=True)
    problems(rows, console)
    for change in changes:
        console.print(Text(f"drift: {change}", style="red"))
    console.print(summary(rows), soft_wrap=not console.is_terminal, highlight=False)


def counts(rows: Sequence[Row]) -> Iterator[Text]:
    """One line for each family: how often each side gives PyTorch's answer."""
    yield Text(f"{'as PyTorch':14}{'cases':>6}{'plain JAX':>12}{'jaxgrad':>15}  jaxgrad departs")
    families = dict.fromkeys(row.case.family for row in rows)
    for family in families:
        yield _count(family, tally([row for row in rows if row.case.family == family]))
    if len(families) > 1:
        yield _count("all", tally(rows))


def _count(title: str, of: Tally) -> Text:
    ours = f"{of.ours} of {of.offered}" if of.offered else "–"
    kinds = {"right": of.right, "refuses": of.refuses, "limit": of.limit, "undeclared": of.other}
    otherwise = ", ".join(f"{number} {kind}" for kind, number in kinds.items() if number)
    return Text(f"{title:14}{of.cases:>6}{of.plain:>12}{ours:>15}  {otherwise}".rstrip())


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
