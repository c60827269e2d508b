"""A row as data for the templates: its code, answers, verdicts and facts, in words."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from jaxgrad._closeness import TOLERANCES, flat

from ..answer import Answer
from ..case import Case
from ..comparison import Comparison
from ..measurement import Row
from ..report import PLACES, brief, kind, parts, ulps, versions, words
from .highlight import python
from .verdicts import DIFFERENCES, VERDICTS

NEAR = 30
"""From so many ulps on, the page says why two numbers count as the same."""


def block(row: Row, pictures: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """The data of a row for a page, with the given pictures."""
    case = row.case
    best = row.versus_jaxgrad or row.versus_jax
    return {
        "case": case,
        "link": case.link if case.link.startswith("https://") else "",
        "reference": _reference(case.link),
        "slug": case.anchor(),
        "jax": kind(row.versus_jax),
        "ours": ours_kind(row),
        "problems": row.problems,
        "difference": _difference(row),
        "ulps": ulps(best),
        "far": far(row),
        "facts": _facts(row, best),
        "pictures": pictures,
        "verdicts": [
            {"column": "jax", **_verdict(row.versus_jax, case.verdict_jax)},
            {"column": "ours", **_verdict(row.versus_jaxgrad, case.verdict_jaxgrad, case)},
        ],
        "sides": _sides(row),
    }


def ours_kind(row: Row) -> str:
    """The filter's value for jaxgrad: "same", how it differs, or "none" if it offers nothing."""
    if row.versus_jaxgrad is None:
        return "none"
    return "same" if row.versus_jaxgrad.verdict == "same" else row.case.difference or "other"


def _difference(row: Row) -> tuple[str, str] | None:
    """The verdict and its meaning where jaxgrad differs as declared."""
    verdict = DIFFERENCES.get(ours_kind(row))
    return (verdict, VERDICTS[verdict]) if verdict else None


def far(row: Row) -> str:
    """Why numbers that differ by many ulps count as the same; empty if they differ by few.

    Names the two numbers with the largest relative distance that only the absolute tolerance
    makes the same. If there are none, names the relative tolerance.
    """
    best, answer = row.versus_jaxgrad or row.versus_jax, row.jaxgrad or row.jax
    if best.verdict != "same" or (best.ulps or 0) < NEAR:
        return ""
    others = dict(flat([answer.value, answer.grads]))
    pairs = [(e, others.get(path)) for path, e in flat([row.torch.value, row.torch.grads])]
    beyond = [found for e, g in pairs if (found := _beyond(e, g, row.case.rtol))]
    if beyond:
        _, expected, got, absolute = max(beyond)
        return (
            f"{got:.6g} and PyTorch's {expected:.6g} differ by {abs(expected - got):.1e}, "
            f"within the absolute tolerance of {absolute:g}"
        )
    if row.case.rtol:
        return f"within this row's own relative tolerance of {row.case.rtol:g}"
    dtypes = {str(e.dtype) for e, _ in pairs if isinstance(e, np.ndarray)}
    relative = max(TOLERANCES[dtype][0] for dtype in dtypes & TOLERANCES.keys())
    return f"within the relative tolerance of {relative:g}"


def _beyond(
    expected: Any, got: Any, rtol: float | None
) -> tuple[float, float, float, float] | None:
    """The two numbers farthest beyond the relative tolerance, after their relative distance."""
    if not (isinstance(expected, np.ndarray) and isinstance(got, np.ndarray)):
        return None
    if str(expected.dtype) not in TOLERANCES or expected.shape != got.shape:
        return None
    relative, absolute = TOLERANCES[str(expected.dtype)]
    wanted, found = (_real(array) for array in (expected, got))
    with np.errstate(all="ignore"):
        difference = np.abs(wanted - found)
        distance = difference / np.maximum(np.abs(wanted), np.finfo(float).tiny)
    beyond = np.isfinite(difference) & (difference > (rtol or relative) * np.abs(wanted))
    if not np.any(beyond):
        return None
    place = int(np.argmax(np.where(beyond, distance, -1)))
    return float(distance[place]), float(wanted[place]), float(found[place]), absolute


def _real(array: np.ndarray) -> np.ndarray:
    """The elements in double precision, a complex one as two."""
    parts = [np.real(array), np.imag(array)] if array.dtype.kind == "c" else [array]
    return np.concatenate([part.ravel().astype(float) for part in parts])


def _reference(link: str) -> str:
    """A link in short: an issue's project and number, or the end of the path."""
    issue = re.fullmatch(r"https://github.com/([^/]+/[^/]+)/(?:issues|pull)/(\d+)", link)
    if issue:
        return f"{issue[1]}#{issue[2]}"
    return link.rstrip("/").split("/")[-1].split("#")[-1].removesuffix(".html")


def _facts(row: Row, best: Comparison) -> dict[str, str]:
    """Further facts of a row by name; empty ones are left out."""
    case = row.case
    inputs = (f"{name} = {brief(Answer(value), 15)}" for name, value in case.inputs.items())
    bits = f"{best.identical} of {best.elements} elements bit for bit" if best.elements else ""
    distance = f"{ulps(best)} ulps at most" if ulps(best) else ""
    facts = {
        "inputs": "; ".join(inputs),
        "exact distribution": case.distribution,
        "distance": ", ".join(filter(None, (distance, bits))),
        "why it is the same": far(row),
        "tolerance of its own": str(case.rtol) if case.rtol else "",
        "JAX's 64-bit types": "on" if case.x64 else "",
        "measured on": ", ".join(f"{name} {v}" for name, v in versions([row]).items()),
    }
    return {name: text for name, text in facts.items() if text}


def _sides(row: Row) -> list[dict[str, Any]]:
    """The snippets, each with its answer."""
    case = row.case
    asked = {"answers": parts(row.torch, PLACES), "notes": [row.torch.warning]}
    sides = [
        {"title": "PyTorch", "code": python(case.torch), **asked},
        _side("plain JAX", case.jax, row.jax, row.versus_jax, case.verdict_jax),
        _side("plain JAX, mended", case.remedy, row.remedy, row.versus_remedy, "same"),
        _side("jaxgrad", case.jaxgrad, row.jaxgrad, row.versus_jaxgrad, case.verdict_jaxgrad),
    ]
    if case.oracle:
        held = row.versus_oracle
        found = "jaxgrad's answer is this." if held and held.verdict == "same" else "not jaxgrad's"
        notes = [found, held and held.detail]
        sides.append({"title": "the right answer", "code": python(case.oracle), "notes": notes})
    return [{"verdict": "", "answers": (), **side} for side in sides if side["code"]]


def _side(
    title: str,
    code: str,
    answer: Answer | None,
    comparison: Comparison | None,
    declared: str,
) -> dict[str, Any]:
    if answer is None or comparison is None:
        return {"code": Markup()}
    return {
        "title": title,
        "code": python(code),
        "answers": parts(answer, PLACES),
        "notes": [answer.warning, comparison.detail],
        **_verdict(comparison, declared),
    }


def _verdict(
    comparison: Comparison | None, declared: str, case: Case | None = None
) -> Mapping[str, str]:
    """A verdict in words and its style; jaxgrad's has the kind of the declared difference."""
    if comparison is None:
        return {"verdict": "offers nothing", "style": "soft"}
    same = comparison.verdict == "same"
    style = ("same" if same else "other") if comparison.verdict == declared else "broken"
    difference = f" ({case.difference})" if case and case.difference and not same else ""
    return {"verdict": words(kind(comparison)) + difference, "style": style}
