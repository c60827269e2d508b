"""Rows -> Markdown: the table of the families, and every row that differs."""

from collections.abc import Sequence

from .measurement import Row
from .report import by_family, differs, kind, summary, tally, versions, words


def overview(rows: Sequence[Row]) -> str:
    """One line for each family: in how many cases each side agrees, and how jaxgrad differs."""
    lines = [
        "| Family | Cases | Plain JAX agrees | jaxgrad agrees | Right or stricter | Falls short |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    families = by_family(rows)
    lines += [_line(family, of_family) for family, of_family in families.items()]
    if len(families) > 1:
        lines.append(_line("all", rows))
    return "\n".join(lines)


def document(rows: Sequence[Row]) -> str:
    """The study as one Markdown file."""
    measured = ", ".join(f"{name} {version}" for name, version in versions(rows).items())
    parts = [
        "# PyTorch, plain JAX, jaxgrad",
        summary(rows),
        f"Measured with {measured}.",
        overview(rows),
    ]
    for family, of_family in by_family([row for row in rows if differs(row)]).items():
        parts += [f"## {family}: where a side differs", _table(of_family)]
    return "\n\n".join(parts) + "\n"


def _line(title: str, rows: Sequence[Row]) -> str:
    counts = tally(rows)
    ours = f"{counts.ours} of {counts.offered}" if counts.offered else "–"
    differ = f"{counts.right + counts.refuses} | {counts.limit + counts.undeclared}"
    return f"| {title} | {counts.cases} | {counts.plain} | {ours} | {differ} |"


def _table(rows: Sequence[Row]) -> str:
    lines = [
        "| Case | PyTorch | Plain JAX | jaxgrad, or the remedy | Why |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        plain = f"{_code(row.case.jax)} {words(kind(row.versus_jax))}"
        versus = row.versus_jaxgrad or row.versus_remedy
        ours = _code(row.case.jaxgrad or row.case.remedy)
        cells = (
            escaped(row.case.name),
            _code(row.case.torch),
            plain,
            f"{ours} {words(kind(versus))}" if versus else "–",
            escaped(row.case.why),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _code(code: str) -> str:
    """The last line of a snippet; `study.html` shows all of it."""
    lines = code.strip().splitlines()
    more = "… " if len(lines) > 1 else ""
    return f"{more}`{escaped(lines[-1].strip())}`" if lines else ""


def escaped(text: str) -> str:
    """A text as a cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "\\<")
