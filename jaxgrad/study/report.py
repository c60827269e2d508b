"""Rows -> the terminal's table and summary, and JSON."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

import jaxgrad

from .answer import Answer, flat, to_json
from .measure import Comparison
from .rows import Row


def table(rows: Sequence[Row]) -> Table:
    """One line for each row."""
    result = Table(title="PyTorch, plain JAX and jaxgrad", title_justify="left", pad_edge=False)
    for column in ("family", "case", "PyTorch", "plain JAX", "jaxgrad"):
        result.add_column(column, overflow="fold", ratio=None if column == "family" else 3)
    for column in ("plain JAX is", "jaxgrad is"):
        result.add_column(column, overflow="fold", ratio=2)
    result.add_column("ulps", justify="right")
    result.add_column("bits", justify="right")
    for row in rows:
        best = row.versus_jaxgrad or row.versus_jax
        result.add_row(
            row.case.family,
            row.case.name,
            *(Text(brief(answer)) for answer in (row.torch, row.jax, row.jaxgrad)),
            _verdict(row.case.verdict_jax, row.versus_jax),
            _verdict(row.case.verdict_jaxgrad, row.versus_jaxgrad),
            ulps(best),
            f"{best.identical}/{best.elements}" if best.elements else "",
        )
    return result


def summary(rows: Sequence[Row]) -> str:
    """What the rows say, in three sentences."""
    offered = [row for row in rows if row.versus_jaxgrad]
    plain = sum(row.versus_jax.verdict == "same" for row in rows)
    ours = sum(row.versus_jaxgrad.verdict == "same" for row in offered if row.versus_jaxgrad)
    broken = sum(bool(row.problems) for row in rows)
    held = "every declared verdict held" if not broken else f"{broken} rows do not hold"
    return (
        f"{len(rows)} cases. Plain JAX agrees with PyTorch in {plain} of {len(rows)}, jaxgrad in "
        f"{ours} of the {len(offered)} where it offers something; the rest is declared, each with "
        f"its reason: {held}."
    )


def problems(rows: Sequence[Row], console: Console) -> None:
    """Prints why rows do not hold."""
    for row in rows:
        for problem in row.problems:
            console.print(Text(f"{row.case.family}: {row.case.name}: {problem}", style="red"))


def document(rows: Sequence[Row], *, exact: bool) -> dict[str, Any]:
    """The whole study as JSON."""
    return {
        "jaxgrad": jaxgrad.__version__,
        "exact": exact,
        "summary": summary(rows),
        "held": not any(row.problems for row in rows),
        "rows": [_row(row) for row in rows],
    }


def brief(answer: Answer | None, places: int = 3) -> str:
    """An answer in one short line."""
    if answer is None:
        return "–"
    if answer.error:
        return answer.error
    if answer.law:
        value = answer.value
        return f"{value.dtype}{list(value.shape[1:])}, law p = {answer.law.pvalue:.2g}"
    leaves = [_leaf(leaf, places) for _, leaf in flat(answer.value)]
    text = leaves[0] if len(leaves) == 1 else f"[{'; '.join(leaves)}]"
    if answer.grads:
        grads = (f"d{name} {_leaf(leaf, places)}" for name, leaf in flat(answer.grads))
        text += "; " + "; ".join(grads)
    return text


def ulps(comparison: Comparison | None) -> str:
    """A distance in units in the last place; empty where there is none."""
    if comparison is None or comparison.ulps is None or comparison.verdict != "same":
        return ""
    return f"{comparison.ulps:.0f}"


def words(comparison: Comparison) -> str:
    """A verdict in words."""
    if comparison.verdict == "error":
        return "raises" if comparison.raises else "does not raise"
    return "same" if comparison.verdict == "same" else f"another {comparison.verdict}"


def _leaf(leaf: Any, places: int) -> str:
    if not isinstance(leaf, np.ndarray):
        return str(leaf)
    numbers = [f"{x:.9g}" if leaf.dtype.kind in "f" else str(x) for x in leaf.ravel().tolist()]
    if leaf.dtype.kind == "V":
        numbers = [f"{float(x):.4g}" for x in leaf.ravel()]
    if len(numbers) > places + 1:
        numbers = [*numbers[:places], "…", numbers[-1]]
    shape = f"{list(leaf.shape)}" if leaf.shape else ""
    return f"{leaf.dtype}{shape} " + ", ".join(numbers)


def _verdict(declared: str, comparison: Comparison | None) -> Text:
    if comparison is None:
        return Text("–")
    if comparison.verdict != declared:
        return Text(f"{words(comparison)}, declared {declared}", style="bold red")
    return Text(words(comparison), style="green" if declared == "same" else "yellow")


def _row(row: Row) -> dict[str, Any]:
    case = row.case
    sides: dict[str, dict[str, Any]] = {"torch": _side(case.torch, row.torch)}
    sides["jax"] = _side(case.jax, row.jax, row.versus_jax, case.verdict_jax)
    if row.jaxgrad:
        sides["jaxgrad"] = _side(
            case.jaxgrad, row.jaxgrad, row.versus_jaxgrad, case.verdict_jaxgrad
        )
    return {
        "family": case.family,
        "name": case.name,
        "source": case.source,
        "why": case.why,
        "link": case.link,
        "inputs": to_json(Answer(dict(case.inputs)))["value"],
        "law": case.law,
        "versions": row.versions,
        "problems": list(row.problems),
        **sides,
    }


def _side(
    code: str, answer: Answer, comparison: Comparison | None = None, declared: str = ""
) -> dict[str, Any]:
    side: dict[str, Any] = {"code": code, "answer": to_json(answer)}
    if comparison:
        compared = {"declared": declared, **vars(comparison)}
        if comparison.ulps is not None and np.isinf(comparison.ulps):
            compared["ulps"] = "inf"
        side |= compared
    return side
