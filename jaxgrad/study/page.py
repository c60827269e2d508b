"""Rows -> one self-contained HTML page, which loads nothing and escapes everything."""

import base64
import re
from collections.abc import Sequence
from typing import Any

import jinja2

import jaxgrad

from .answer import Answer
from .measure import TOLERANCES, Comparison
from .pictures import overview, picture
from .report import brief, summary, ulps, words
from .rows import Row
from .run import NAMES


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
        names=NAMES,
        tolerances=TOLERANCES,
        overview=_encoded(overview(rows)),
    )


def slug(row: Row) -> str:
    """The row's anchor on the page."""
    words = re.findall(r"[a-z0-9]+", row.case.name.lower())
    return "-".join([row.case.family, *words])


def _encoded(svg: str) -> str:
    return base64.b64encode(svg.encode()).decode()


def _row(row: Row) -> dict[str, Any]:
    case, svg = row.case, picture(row)
    inputs = (f"{name} = {brief(Answer(value), 15)}" for name, value in case.inputs.items())
    return {
        "case": case,
        "slug": slug(row),
        "problems": row.problems,
        "agrees": all(
            c is None or c.verdict == "same" for c in (row.versus_jax, row.versus_jaxgrad)
        ),
        "ulps": ulps(row.versus_jaxgrad or row.versus_jax),
        "inputs": "; ".join(inputs),
        "picture": svg and _encoded(svg),
        "sides": [
            _side("PyTorch", case.torch, row.torch),
            _side("plain JAX", case.jax, row.jax, row.versus_jax, case.verdict_jax),
            _side("jaxgrad", case.jaxgrad, row.jaxgrad, row.versus_jaxgrad, case.verdict_jaxgrad),
        ],
    }


def _side(
    title: str,
    code: str,
    answer: Answer | None,
    comparison: Comparison | None = None,
    declared: str = "",
) -> dict[str, Any]:
    style = "soft"
    if comparison:
        same = "same" if comparison.verdict == "same" else "other"
        style = same if comparison.verdict == declared else "broken"
    return {
        "title": title,
        "code": code,
        "answer": brief(answer, 32),
        "warning": answer.warning if answer else None,
        "verdict": words(comparison) if comparison else "offers nothing",
        "style": style,
        "detail": comparison.detail if comparison else "",
    }
