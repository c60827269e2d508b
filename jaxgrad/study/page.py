"""Rows -> one self-contained HTML page, which loads nothing and escapes everything."""

import base64
import re
from collections.abc import Sequence
from typing import Any

import jinja2

import jaxgrad

from .answer import Answer
from .measure import Comparison
from .pictures import picture
from .report import brief, declared, summary, ulps
from .rows import Row
from .run import NAMES

TITLES = {"torch": "PyTorch", "jax": "plain JAX", "jaxgrad": "jaxgrad"}


def page(rows: Sequence[Row], *, exact: bool) -> str:
    """The study as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("jaxgrad.study", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    families: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        families.setdefault(row.case.family, []).append(_row(row))
    versions = {
        {"torch": "PyTorch", "jax": "JAX"}[name]: version
        for row in rows
        for name, version in row.versions.items()
        if version
    }
    return environment.get_template("page.html.jinja").render(
        families=families,
        summary=summary(rows),
        versions=versions,
        jaxgrad=jaxgrad.__version__,
        exact=exact,
        names={TITLES[side]: text for side, text in NAMES.items()},
    )


def slug(row: Row) -> str:
    """The row's anchor on the page."""
    words = re.findall(r"[a-z0-9]+", row.case.name.lower())
    return "-".join([row.case.family, *words])


def _row(row: Row) -> dict[str, Any]:
    svg = picture(row)
    inputs = (f"{name} = {brief(Answer(value), 15)}" for name, value in row.case.inputs.items())
    return {
        "case": row.case,
        "slug": slug(row),
        "problems": row.problems,
        "ulps": ulps(row.versus_jaxgrad or row.versus_jax),
        "inputs": "; ".join(inputs),
        "picture": svg and base64.b64encode(svg.encode()).decode(),
        "sides": [
            _side(row, "torch", row.torch, None),
            _side(row, "jax", row.jax, row.versus_jax),
            _side(row, "jaxgrad", row.jaxgrad, row.versus_jaxgrad),
        ],
    }


def _side(
    row: Row, side: str, answer: Answer | None, comparison: Comparison | None
) -> dict[str, Any]:
    verdict, style = "offers nothing", "soft"
    if comparison:
        held = comparison.verdict == declared(row, comparison)
        same = comparison.verdict == "same"
        verdict = "same" if same else f"another {comparison.verdict}"
        style = "broken" if not held else "same" if same else "other"
    return {
        "title": TITLES[side],
        "code": getattr(row.case, side),
        "answer": brief(answer, 7),
        "warning": answer.warning if answer else None,
        "verdict": verdict,
        "style": style,
        "detail": comparison.detail if comparison else "",
    }
