"""Rows -> counts, the summary, a row in full, and JSON."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.text import Text

import jaxgrad
from jaxgrad._closeness import flat

from .answer import Answer, to_json
from .comparison import Comparison
from .diff import drift
from .measurement import Row

PLACES = 8
"""So many of an answer's first numbers are told where there is room."""
FEW = 6
"""So many in the terminal, where an answer is to fit into a line or two."""


class Tally(NamedTuple):
    """How often each side gives PyTorch's answer.

    Attributes:
        cases: all of them.
        plain: where plain JAX does.
        offered: where jaxgrad offers something.
        plain_offered: where plain JAX does, of these.
        ours: where jaxgrad does.
        right, refuses, limit: where it does not, by `Case.departs`.
        other: where it does not and should.
    """

    cases: int
    plain: int
    offered: int
    plain_offered: int
    ours: int
    right: int
    refuses: int
    limit: int
    other: int


def tally(rows: Sequence[Row]) -> Tally:
    """Counts the rows."""
    offered = [(row, row.versus_jaxgrad) for row in rows if row.versus_jaxgrad]
    departs = Counter(row.case.departs for row, ours in offered if ours.verdict != "same")
    return Tally(
        cases=len(rows),
        plain=sum(row.versus_jax.verdict == "same" for row in rows),
        offered=len(offered),
        plain_offered=sum(row.versus_jax.verdict == "same" for row, _ in offered),
        ours=sum(ours.verdict == "same" for _, ours in offered),
        right=departs["right"],
        refuses=departs["refuses"],
        limit=departs["limit"],
        other=departs[""],
    )


def summary(rows: Sequence[Row]) -> str:
    """What the rows say, in a few sentences."""
    counts = tally(rows)
    broken = sum(bool(row.problems) for row in rows)
    held = "every declared verdict held" if not broken else f"{broken} rows do not hold"
    return (
        f"{counts.cases} cases. In the {counts.offered} where jaxgrad offers something, plain JAX "
        f"as a porter might write it agrees with PyTorch in {counts.plain_offered}, and jaxgrad in "
        f"{counts.ours}; it departs in {counts.right} where PyTorch is wrong, fails or leaves the "
        f"answer open, refuses a mistake that PyTorch takes in {counts.refuses}, and falls short "
        f"in {counts.limit}. Every difference is declared, with its reason: {held}."
    )


def problems(rows: Sequence[Row], console: Console) -> None:
    """Prints why rows do not hold."""
    for row in rows:
        for problem in row.problems:
            text = Text(f"{row.case.family}: {row.case.name}: {problem}", style="red")
            console.print(text, soft_wrap=not console.is_terminal)  # one line in a log


def document(rows: Sequence[Row], *, exact: bool) -> dict[str, Any]:
    """The whole study as JSON."""
    return {
        "jaxgrad": jaxgrad.__version__,
        "exact": exact,
        "summary": summary(rows),
        "held": not any(row.problems for row in rows),
        "drift": [str(change) for change in drift(rows)],
        "rows": [_row(row) for row in rows],
    }


def brief(answer: Answer | None, places: int, digits: int = 9) -> str:
    """An answer in one line, with so many of its first numbers and so many digits of each."""
    if answer is None:
        return "–"
    if answer.error:
        return answer.error
    if test := answer.distribution:
        value = answer.value
        return f"{_short(value.dtype)}{list(value.shape[1:])}, test p = {test.pvalue:.2g}"
    leaves = _first([_leaf(leaf, places, digits) for _, leaf in flat(answer.value)], places)
    text = leaves[0] if len(leaves) == 1 else f"[{'; '.join(leaves)}]"
    grads = (f"; d{name} {_leaf(leaf, places, digits)}" for name, leaf in answer.grads.items())
    return text + "".join(grads)


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


def _leaf(leaf: Any, places: int, digits: int) -> str:
    if not isinstance(leaf, np.ndarray):
        return str(leaf)
    floating = leaf.dtype.kind in "fV"  # V is bfloat16
    numbers = [f"{float(x):.{digits}g}" if floating else str(x) for x in leaf.ravel().tolist()]
    shape = f"{list(leaf.shape)}" if leaf.shape else ""
    return f"{_short(leaf.dtype)}{shape} " + ", ".join(_first(numbers, places))


def _first(parts: list[str], places: int) -> list[str]:
    """The first parts and the last one, if there are many."""
    return parts if len(parts) <= places + 1 else [*parts[:places], "…", parts[-1]]


def _short(dtype: Any) -> str:
    """A dtype as JAX abbreviates it: f32, i64, bf16."""
    name = str(dtype)
    for long, short in (("bfloat", "bf"), ("float", "f"), ("int", "i"), ("complex", "c")):
        name = name.replace(long, short)
    return name


def _row(row: Row) -> dict[str, Any]:
    case = row.case
    sides: dict[str, dict[str, Any]] = {"torch": _side(case.torch, row.torch)}
    sides["jax"] = _side(case.jax, row.jax, row.versus_jax, case.verdict_jax)
    if row.jaxgrad:
        sides["jaxgrad"] = _side(
            case.jaxgrad, row.jaxgrad, row.versus_jaxgrad, case.verdict_jaxgrad
        )
    if row.remedy:
        sides["remedy"] = _side(case.remedy, row.remedy, row.versus_remedy, "same")
    return {
        "family": case.family,
        "name": case.name,
        "anchor": case.anchor(),
        "source": case.source,
        "why": case.why,
        "link": case.link,
        "departs": case.departs,
        "oracle": case.oracle,
        "inputs": to_json(Answer(dict(case.inputs)))["value"],
        "distribution": case.distribution,
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


def _told(answer: Answer | None) -> list[str]:
    """An answer in one line, each of its gradients in one more; big arrays are shortened."""
    if answer is None:
        return ["-> –"]
    value = Answer(answer.value, {}, answer.error, distribution=answer.distribution)
    gradients = answer.grads.items()
    return [f"-> {brief(value, FEW)}"] + [
        f"   gradient of {name}: {brief(Answer(leaf), FEW)}" for name, leaf in gradients
    ]


def whole(row: Row) -> Text:
    """A row with its code, answers, verdicts and reason."""
    case = row.case
    text = Text(f"{case.family}: {case.name}\n", style="bold")
    text.append(f"{case.anchor()}\n{case.why}\n", style="default")
    if case.link:
        text.append(f"{case.link}\n", style="dim")
    for name, value in case.inputs.items():
        text.append(f"{name} = {brief(Answer(value), FEW)}\n", style="default")
    for title, code, answer, comparison in (
        ("PyTorch", case.torch, row.torch, None),
        ("plain JAX", case.jax, row.jax, row.versus_jax),
        ("jaxgrad", case.jaxgrad, row.jaxgrad, row.versus_jaxgrad),
        ("the remedy", case.remedy, row.remedy, row.versus_remedy),
    ):
        if code:
            verdict = f": {words(comparison)}" if comparison else ""
            detail = f" ({comparison.detail})" if comparison and comparison.detail else ""
            text.append(f"\n{title}{verdict}{detail}\n", style="bold")
            text.append("".join(f"    {line}\n" for line in code.splitlines()), style="default")
            text.append("".join(f"    {line}\n" for line in _told(answer)), style="default")
    if case.oracle:
        text.append("\nthe right answer\n", style="bold")
        text.append(f"    {case.oracle}\n", style="default")
    for problem in row.problems:
        text.append(f"\n{problem}", style="red")
    versions = ", ".join(f"{name} {version}" for name, version in row.versions.items())
    return text.append(f"\n{versions}", style="dim")
