"""Rows -> counts, the summary, a row in full, and JSON."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.text import Text

import jaxgrad
from jaxgrad._closeness import flat

from . import schema
from .answer import Answer, to_json
from .comparison import Comparison
from .diff import drift
from .measurement import Row

PLACES = 8
"""The page shows so many numbers from the beginning of an answer."""
FEW = 6
"""The terminal shows so many, so that an answer fits into a line or two."""


class Tally(NamedTuple):
    """How often each side gives PyTorch's answer.

    Attributes:
        cases: all cases.
        plain: cases in which plain JAX gives it.
        offered: cases in which jaxgrad offers something.
        plain_offered: cases among the offered in which plain JAX gives it.
        ours: cases in which jaxgrad gives it.
        right, refuses, limit: cases in which jaxgrad differs, by `Case.difference`.
        undeclared: cases in which jaxgrad differs and does not declare it.
    """

    cases: int
    plain: int
    offered: int
    plain_offered: int
    ours: int
    right: int
    refuses: int
    limit: int
    undeclared: int


def tally(rows: Sequence[Row]) -> Tally:
    """Counts the rows."""
    offered = [(row, row.versus_jaxgrad) for row in rows if row.versus_jaxgrad]
    kinds = Counter(row.case.difference for row, ours in offered if ours.verdict != "same")
    return Tally(
        cases=len(rows),
        plain=sum(row.versus_jax.verdict == "same" for row in rows),
        offered=len(offered),
        plain_offered=sum(row.versus_jax.verdict == "same" for row, _ in offered),
        ours=sum(ours.verdict == "same" for _, ours in offered),
        right=kinds["right"],
        refuses=kinds["refuses"],
        limit=kinds["limit"],
        undeclared=kinds[""],
    )


def by_family(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each family, both in their order."""
    families: dict[str, list[Row]] = {}
    for row in rows:
        families.setdefault(row.case.family, []).append(row)
    return families


def differs(row: Row) -> bool:
    """Whether plain JAX or jaxgrad differs from PyTorch."""
    compared = (row.versus_jax, row.versus_jaxgrad)
    return any(each is not None and each.verdict != "same" for each in compared)


def versions(rows: Sequence[Row]) -> dict[str, str]:
    """The versions on which the rows were measured, by the names of the libraries."""
    found: dict[str, dict[str, None]] = {}
    for row in rows:
        for name, version in row.versions.items():
            if version:
                found.setdefault({"torch": "PyTorch", "jax": "JAX"}[name], {})[version] = None
    return {name: " and ".join(versions) for name, versions in found.items()}


def summary(rows: Sequence[Row]) -> str:
    """The result of the rows in short sentences."""
    counts = tally(rows)
    kinds = {
        "PyTorch is wrong, raises an error or leaves the answer open, and jaxgrad gives the right "
        "answer": counts.right,
        "PyTorch accepts a mistake, and jaxgrad raises an error": counts.refuses,
        "jaxgrad falls short": counts.limit,
        "jaxgrad differs without declaring it": counts.undeclared,
    }
    differences = [f"In {count}, {kind}." for kind, count in kinds.items() if count]
    return " ".join([f"{counts.cases} cases.", *_agreement(counts), *differences, _held(rows)])


def _agreement(counts: Tally) -> list[str]:
    plain = "lain JAX as a porter might write it agrees with PyTorch in"
    if not counts.offered:
        return [f"P{plain} {counts.plain} of them.", "jaxgrad offers nothing in them."]
    return [
        f"jaxgrad offers something in {counts.offered} of them.",
        f"There, p{plain} {counts.plain_offered}, and jaxgrad agrees in {counts.ours}.",
    ]


def _held(rows: Sequence[Row]) -> str:
    if broken := sum(bool(row.problems) for row in rows):
        return f"Rows that do not hold: {broken}."
    return "Every difference is declared with its reason. Every declared verdict held."


def problems(rows: Sequence[Row], console: Console) -> None:
    """Prints why rows do not hold."""
    for row in rows:
        for problem in row.problems:
            text = Text(f"{row.case.family}: {row.case.name}: {problem}", style="red")
            console.print(text, soft_wrap=not console.is_terminal)  # one line in a log


def document(rows: Sequence[Row], *, exact: bool) -> dict[str, Any]:
    """The whole study as JSON."""
    return {
        "schema": schema.VERSION,
        "jaxgrad": jaxgrad.__version__,
        "exact": exact,
        "summary": summary(rows),
        "held": not any(row.problems for row in rows),
        "drift": [str(change) for change in drift(rows)],
        "rows": [_row(row) for row in rows],
    }


def brief(answer: Answer | None, places: int, digits: int = 9) -> str:
    """An answer in one line: its first `places` numbers, each with so many digits."""
    if answer is None:
        return "–"
    if answer.error:
        return answer.error
    if test := answer.distribution:
        value = answer.value
        return f"{_short(value.dtype)}{list(value.shape[1:])}, p-value {test.pvalue:.2g}"
    leaves = _first([_leaf(leaf, places, digits) for _, leaf in flat(answer.value)], places)
    text = leaves[0] if len(leaves) == 1 else f"[{'; '.join(leaves)}]"
    grads = (f"; d{name} {_leaf(leaf, places, digits)}" for name, leaf in answer.grads.items())
    return text + "".join(grads)


def parts(answer: Answer, places: int) -> list[tuple[str, str]]:
    """The value and each gradient of an answer in a line of its own, with the gradient's title."""
    found = [("", replace(answer, grads={}))]
    found += [(f"gradient of {name}", Answer(leaf)) for name, leaf in answer.grads.items()]
    return [(title, brief(part, places)) for title, part in found]


def ulps(comparison: Comparison | None) -> str:
    """The distance in units in the last place; empty if there is none."""
    if comparison is None or comparison.ulps is None or comparison.verdict != "same":
        return ""
    return f"{comparison.ulps:.0f}"


def kind(comparison: Comparison) -> str:
    """The verdict, where an error is "raises" or "silent": PyTorch alone raises one."""
    if comparison.verdict == "error":
        return "raises" if comparison.raises else "silent"
    return comparison.verdict


def words(kind: str) -> str:
    """A verdict in words, by its `kind`."""
    known = {"same": "same", "raises": "raises", "silent": "does not raise"}
    return known.get(kind, f"another {kind}")


def _leaf(leaf: Any, places: int, digits: int) -> str:
    if not isinstance(leaf, np.ndarray):
        return str(leaf)
    floating = leaf.dtype.kind in "fV"  # V is bfloat16
    numbers = [f"{float(x):.{digits}g}" if floating else str(x) for x in leaf.ravel().tolist()]
    shape = f"{list(leaf.shape)}" if leaf.shape else ""
    return f"{_short(leaf.dtype)}{shape} " + ", ".join(_first(numbers, places))


def _first(parts: list[str], places: int) -> list[str]:
    """The first parts and the last one if there are many."""
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
        "difference": case.difference,
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
    if answer is None:
        return ["-> –"]
    named = parts(answer, FEW)
    return [f"   {title}: {text}" if title else f"-> {text}" for title, text in named]


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
            verdict = f": {words(kind(comparison))}" if comparison else ""
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
