"""Rows -> one self-contained HTML page, which loads nothing and escapes everything."""

import base64
import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

import jaxgrad
from jaxgrad._closeness import TOLERANCES

from .case import VERDICTS
from .measurement import Row
from .pictures import Picture, overview, pictures
from .report import summary, tally
from .run import NAMES
from .site.blocks import DEPARTURES, block, ours_kind, plain_kind, versions
from .site.templates import environment


def page(
    rows: Sequence[Row],
    *,
    exact: bool,
    home: str = "",
    drawn: Mapping[str, Sequence[Picture]] | None = None,
) -> str:
    """The study as HTML.

    Args:
        rows: the measured rows.
        exact: whether contraction was off.
        home: the first page of the site that the page belongs to, if it does.
        drawn: the rows' pictures by their anchors, if they are drawn already.
    """
    if drawn is None:
        drawn = {row.case.anchor(): pictures(row) for row in rows}
    packed: list[str] = []
    families: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        families.setdefault(row.case.family, []).append(
            _block(row, drawn[row.case.anchor()], packed)
        )
    script = _text("page.js")
    return (
        environment()
        .get_template("page.html.jinja")
        .render(
            families=families,
            number=len(rows),
            broken=sum(bool(row.problems) for row in rows),
            summary=summary(rows),
            table={
                family: tally([row for row in rows if row.case.family == family])
                for family in families
            },
            filters=_filters(rows),
            departures=DEPARTURES,
            versions=versions(rows),
            jaxgrad=jaxgrad.__version__,
            exact=exact,
            home=home,
            names=NAMES,
            tolerances=TOLERANCES,
            covers=[_cover(row, picture) for row, picture in overview(rows, drawn)],
            style=Markup(_text("site/code.css") + _text("page.css")),
            script=Markup(script),
            script_hash=f"sha256-{_base64(hashlib.sha256(script.encode()).digest())}",
            pictures=_base64(gzip.compress(json.dumps(packed).encode(), 9, mtime=0)),
        )
    )


def _text(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


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
    plain = Counter(plain_kind(row) for row in rows)
    ours = Counter(ours_kind(row) for row in rows)
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


def _block(row: Row, drawn: Sequence[Picture], packed: list[str]) -> dict[str, Any]:
    """What the page tells of a row; its pictures go to those packed so far, and are numbered."""
    own = [{**each._asdict(), "place": len(packed) + i} for i, each in enumerate(drawn)]
    packed += [each.pop("svg") for each in own]
    return block(row, own)
