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
from ..report import PLACES, brief, ulps, words
from .highlight import python

DEPARTURES = {
    "right": "PyTorch's answer is wrong, refused or left open, and jaxgrad gives the right one.",
    "refuses": "PyTorch takes a mistake without an error, and jaxgrad refuses it.",
    "limit": "jaxgrad falls short of PyTorch.",
}
"""What `Case.departs` means."""
NEAR = 30
"""Ulps from which on the reader is told why two numbers are the same all the same."""


def block(row: Row, pictures: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """What a page tells of a row, with the pictures it is given."""
    case, departs = row.case, ours_kind(row)
    best = row.versus_jaxgrad or row.versus_jax
    return {
        "case": case,
        "link": case.link if case.link.startswith("https://") else "",
        "reference": _reference(case.link),
        "slug": case.anchor(),
        "jax": plain_kind(row),
        "ours": departs,
        "problems": row.problems,
        "departure": DEPARTURES.get(departs, ""),
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


def plain_kind(row: Row) -> str:
    """What plain JAX is filtered by: its verdict, an error told apart by who raises it."""
    if row.versus_jax.verdict == "error":
        return "raises" if row.versus_jax.raises else "silent"
    return row.versus_jax.verdict


def ours_kind(row: Row) -> str:
    """What jaxgrad is filtered by: "same", why it departs, or "none" where it offers nothing."""
    if row.versus_jaxgrad is None:
        return "none"
    return "same" if row.versus_jaxgrad.verdict == "same" else row.case.departs or "other"


def versions(rows: Sequence[Row]) -> dict[str, str]:
    """The versions the rows were measured on; all of them where they are several."""
    found: dict[str, dict[str, None]] = {}
    for row in rows:
        for name, version in row.versions.items():
            if version:
                found.setdefault({"torch": "PyTorch", "jax": "JAX"}[name], {})[version] = None
    return {name: " and ".join(versions) for name, versions in found.items()}


def far(row: Row) -> str:
    """Why numbers many ulps apart are the same; empty where they are near each other.

    It tells the two numbers that are the same by the absolute tolerance alone and whose relative
    distance is the largest, or else names the relative tolerance.
    """
    best, answer = row.versus_jaxgrad or row.versus_jax, row.jaxgrad or row.jax
    if best.verdict != "same" or (best.ulps or 0) < NEAR:
        return ""
    others = dict(flat([answer.value, answer.grads]))
    pairs = [(e, others.get(path)) for path, e in flat([row.torch.value, row.torch.grads])]
    apart = [found for e, g in pairs if (found := _apart(e, g, row.case.rtol))]
    if apart:
        _, expected, got, absolute = max(apart)
        return (
            f"{got:.6g} and PyTorch's {expected:.6g} differ by {abs(expected - got):.1e}, "
            f"within the absolute tolerance of {absolute:g}"
        )
    if row.case.rtol:
        return f"within this row's own relative tolerance of {row.case.rtol:g}"
    dtypes = {str(e.dtype) for e, _ in pairs if isinstance(e, np.ndarray)}
    relative = max(TOLERANCES[dtype][0] for dtype in dtypes & TOLERANCES.keys())
    return f"within the relative tolerance of {relative:g}"


def _apart(expected: Any, got: Any, rtol: float | None) -> tuple[float, float, float, float] | None:
    """The elements beyond the relative tolerance that are farthest apart: how far, and both."""
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
    """What else there is to know of a row, by name; what it has not is left out."""
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
    """The pieces of code, each with what it gave."""
    case = row.case
    asked = {"answers": _answers(row.torch), "notes": [row.torch.warning]}
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
        "answers": _answers(answer),
        "notes": [answer.warning, comparison.detail],
        **_verdict(comparison, declared),
    }


def _answers(answer: Answer) -> list[tuple[str, str]]:
    """An answer in one line, and each of its gradients in a line of its own."""
    value = Answer(answer.value, {}, answer.error, distribution=answer.distribution)
    gradients = answer.grads.items()
    return [("→", brief(value, PLACES))] + [
        (f"gradient of {name}", brief(Answer(leaf), PLACES)) for name, leaf in gradients
    ]


def _verdict(
    comparison: Comparison | None, declared: str, case: Case | None = None
) -> Mapping[str, str]:
    """A verdict in words, and its colour; a departure says of which kind it is."""
    if comparison is None:
        return {"verdict": "offers nothing", "style": "soft"}
    same = comparison.verdict == "same"
    style = ("same" if same else "other") if comparison.verdict == declared else "broken"
    departs = f", {case.departs}" if case and case.departs and not same else ""
    return {"verdict": words(comparison) + departs, "style": style}
