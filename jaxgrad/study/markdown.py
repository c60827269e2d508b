"""Rows -> Markdown: the table of the families, and every row that differs."""

from collections.abc import Sequence

from .measurement import Row
from .report import summary, tally, words


def overview(rows: Sequence[Row]) -> str:
    """One line for each family: its rows, and in how many either side gives PyTorch's answer."""
    lines = [
        "| Family | Cases | Plain JAX as PyTorch | jaxgrad as PyTorch | departs | falls short |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    families = dict.fromkeys(row.case.family for row in rows)
    for family in families:
        lines.append(_line(family, [row for row in rows if row.case.family == family]))
    if len(families) > 1:
        lines.append(_line("all", rows))
    return "\n".join(lines)


def document(rows: Sequence[Row]) -> str:
    """The study as one Markdown file."""
    versions = sorted({f"PyTorch {r.versions['torch']}, JAX {r.versions['jax']}" for r in rows})
    parts = [
        "# PyTorch, plain JAX, jaxgrad",
        summary(rows),
        f"Measured with {'; '.join(versions)}.",
        overview(rows),
    ]
    for family in dict.fromkeys(row.case.family for row in rows):
        of_family = [row for row in rows if row.case.family == family and _differs(row)]
        if of_family:
            parts += [f"## {family}: where a side differs", _table(of_family)]
    return "\n\n".join(parts) + "\n"


def _line(title: str, rows: Sequence[Row]) -> str:
    counts = tally(rows)
    ours = f"{counts.ours} of {counts.offered}" if counts.offered else "–"
    departs = counts.right + counts.refuses
    return f"| {title} | {counts.cases} | {counts.plain} | {ours} | {departs} | {counts.limit} |"


def _differs(row: Row) -> bool:
    compared = (row.versus_jax, row.versus_jaxgrad)
    return any(c is not None and c.verdict != "same" for c in compared)


def _table(rows: Sequence[Row]) -> str:
    lines = [
        "| Case | PyTorch | Plain JAX | jaxgrad, or the remedy | Why |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        plain = f"{_code(row.case.jax)} {words(row.versus_jax)}"
        ours = row.case.jaxgrad or row.case.remedy
        versus = row.versus_jaxgrad or row.versus_remedy
        told = f"{_code(ours)} {words(versus)}" if versus else "–"
        cells = (_text(row.case.name), _code(row.case.torch), plain, told, _text(row.case.why))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _code(code: str) -> str:
    """The last line of a snippet; what stands before it is on the page."""
    lines = code.strip().splitlines()
    more = "… " if len(lines) > 1 else ""
    return f"{more}`{_text(lines[-1].strip())}`" if lines else ""


def _text(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "\\<")
