"""Rows -> one self-contained HTML page, which loads nothing and escapes everything."""

import base64
import gzip
import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

import jaxgrad
from jaxgrad._closeness import TOLERANCES

from .answer import Answer
from .case import VERDICTS, Case
from .measure import Comparison
from .pictures import Picture, overview, pictures
from .report import PLACES, brief, summary, tally, ulps, words
from .rows import Row
from .run import NAMES

DEPARTURES = {
    "right": "PyTorch's answer is wrong, refused or left open, and jaxgrad gives the right one.",
    "refuses": "PyTorch takes a mistake without an error, and jaxgrad refuses it.",
    "limit": "jaxgrad falls short of PyTorch.",
}
"""What `Case.departs` means."""


def page(rows: Sequence[Row], *, exact: bool) -> str:
    """The study as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("jaxgrad.study", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    drawn: list[str] = []
    families: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        families.setdefault(row.case.family, []).append(_row(row, drawn))
    script = _text("page.js")
    return environment.get_template("page.html.jinja").render(
        families=families,
        number=len(rows),
        broken=sum(bool(row.problems) for row in rows),
        summary=summary(rows),
        table={
            family: tally([row for row in rows if row.case.family == family]) for family in families
        },
        filters=_filters(rows),
        departures=DEPARTURES,
        versions=_versions(rows),
        jaxgrad=jaxgrad.__version__,
        exact=exact,
        names=NAMES,
        tolerances=TOLERANCES,
        covers=[_cover(row, drawn) for row, drawn in overview(rows)],
        style=Markup(_text("page.css")),
        script=Markup(script),
        script_hash=f"sha256-{_base64(hashlib.sha256(script.encode()).digest())}",
        pictures=_base64(gzip.compress(json.dumps(drawn).encode(), 9, mtime=0)),
    )


def _text(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _versions(rows: Sequence[Row]) -> dict[str, str]:
    """The versions the rows were measured on; all of them where they are several."""
    found: dict[str, dict[str, None]] = {}
    for row in rows:
        for name, version in row.versions.items():
            if version:
                found.setdefault({"torch": "PyTorch", "jax": "JAX"}[name], {})[version] = None
    return {name: " and ".join(versions) for name, versions in found.items()}


def _cover(row: Row | None, drawn: Picture) -> dict[str, Any]:
    return {
        "width": drawn.width,
        "height": drawn.height,
        "alt": drawn.alt,
        "data": _base64(drawn.svg.encode()),
        "row": row and row.case.anchor(),
        "title": row and row.case.name,
    }


def _filters(rows: Sequence[Row]) -> dict[str, tuple[str, dict[str, str]]]:
    """For each filter by verdict, its label and its options: what is measured, how often."""
    plain = Counter(_plain(row) for row in rows)
    ours = Counter(_ours(row) for row in rows)
    told = {"same": "same", "raises": "raises", "silent": "does not raise"}
    told |= {verdict: f"another {verdict}" for verdict in VERDICTS if verdict not in told}
    kinds = {kind: told[kind] for kind in ("raises", "silent", *VERDICTS[1:]) if plain[kind]}
    departs = {kind: f"departs: {kind}" for kind in DEPARTURES} | {"other": "differs"}
    options = {
        "jax": {"same": "same", "differs": "differs", **kinds},
        "ours": {"same": "same", "differs": "departs", **departs, "none": "offers nothing"},
    }
    plain["differs"] = len(rows) - plain["same"]
    ours["differs"] = len(rows) - ours["same"] - ours["none"]
    if not ours["other"]:
        del options["ours"]["other"]
    labels = {"jax": ("Plain JAX is", plain), "ours": ("jaxgrad is", ours)}
    return {
        name: (label, {kind: f"{options[name][kind]} ({count[kind]})" for kind in options[name]})
        for name, (label, count) in labels.items()
    }


def _plain(row: Row) -> str:
    """What plain JAX is filtered by: its verdict, an error told apart by who raises it."""
    if row.versus_jax.verdict == "error":
        return "raises" if row.versus_jax.raises else "silent"
    return row.versus_jax.verdict


def _ours(row: Row) -> str:
    """What jaxgrad is filtered by: "same", why it departs, or "none" where it offers nothing."""
    if row.versus_jaxgrad is None:
        return "none"
    return "same" if row.versus_jaxgrad.verdict == "same" else row.case.departs or "other"


def _row(row: Row, drawn: list[str]) -> dict[str, Any]:
    """What the page tells of a row; its pictures go to those drawn so far, and are numbered."""
    case, ours = row.case, _ours(row)
    own = [{**each._asdict(), "place": len(drawn) + i} for i, each in enumerate(pictures(row))]
    drawn += [each.pop("svg") for each in own]
    best = row.versus_jaxgrad or row.versus_jax
    return {
        "case": case,
        "link": case.link if case.link.startswith("https://") else "",
        "reference": _reference(case.link),
        "slug": case.anchor(),
        "jax": _plain(row),
        "ours": ours,
        "problems": row.problems,
        "departure": DEPARTURES.get(ours, ""),
        "ulps": ulps(best),
        "facts": _facts(row, best),
        "pictures": own,
        "verdicts": [
            {"column": "jax", **_verdict(row.versus_jax, case.verdict_jax)},
            {"column": "ours", **_verdict(row.versus_jaxgrad, case.verdict_jaxgrad, case)},
        ],
        "sides": _sides(row),
    }


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
        "exact law": case.law,
        "distance": ", ".join(filter(None, (distance, bits))),
        "tolerance of its own": str(case.rtol) if case.rtol else "",
        "JAX's 64-bit types": "on" if case.x64 else "",
        "measured on": ", ".join(f"{name} {v}" for name, v in _versions([row]).items()),
    }
    return {name: text for name, text in facts.items() if text}


def _sides(row: Row) -> list[dict[str, Any]]:
    """The pieces of code, each with what it gave."""
    case = row.case
    asked = {"answers": _answers(row.torch), "notes": [row.torch.warning]}
    sides = [
        {"title": "PyTorch", "code": case.torch, **asked},
        _side("plain JAX", case.jax, row.jax, row.versus_jax, case.verdict_jax),
        _side("plain JAX, mended", case.remedy, row.remedy, row.versus_remedy, "same"),
        _side("jaxgrad", case.jaxgrad, row.jaxgrad, row.versus_jaxgrad, case.verdict_jaxgrad),
    ]
    if case.oracle:
        held = row.versus_oracle
        found = "jaxgrad's answer is this." if held and held.verdict == "same" else "not jaxgrad's"
        notes = [found, held and held.detail]
        sides.append({"title": "the right answer", "code": case.oracle, "notes": notes})
    return [{"verdict": "", "answers": (), **side} for side in sides if side["code"]]


def _side(
    title: str,
    code: str,
    answer: Answer | None,
    comparison: Comparison | None,
    declared: str,
) -> dict[str, Any]:
    if answer is None or comparison is None:
        return {"code": ""}
    return {
        "title": title,
        "code": code,
        "answers": _answers(answer),
        "notes": [answer.warning, comparison.detail],
        **_verdict(comparison, declared),
    }


def _answers(answer: Answer) -> list[tuple[str, str]]:
    """An answer in one line, and each of its gradients in a line of its own."""
    value = Answer(answer.value, {}, answer.error, law=answer.law)
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
