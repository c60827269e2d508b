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

from . import case
from .measurement import Row
from .pictures import Picture, overview, pictures
from .report import by_family, kind, summary, tally, versions, words
from .run import NAMES
from .site.blocks import block, ours_kind
from .site.templates import environment
from .site.verdicts import DIFFERENCES, VERDICTS


def page(
    rows: Sequence[Row],
    *,
    exact: bool,
    home: str = "",
    drawn: Mapping[str, Sequence[Picture]] | None = None,
    homes: Mapping[str, str] | None = None,
) -> str:
    """The study as HTML.

    Args:
        rows: the measured rows.
        exact: whether contraction was off.
        home: the first page of its site; empty if it stands alone.
        drawn: the rows' pictures by their anchors, if they exist already.
        homes: where other pages show a row in full, by its anchor. Such a row has its reason,
            PyTorch's code and the address here.
    """
    if drawn is None:
        drawn = {row.case.anchor(): pictures(row) for row in rows}
    homes = homes or {}
    packed: list[str] = []
    families = by_family(rows)
    script = _text("page.js")
    return (
        environment()
        .get_template("page.html.jinja")
        .render(
            families={
                family: [_block(row, drawn, homes, packed) for row in of_family]
                for family, of_family in families.items()
            },
            number=len(rows),
            broken=sum(bool(row.problems) for row in rows),
            summary=summary(rows),
            table={family: tally(of_family) for family, of_family in families.items()},
            filters=_filters(rows),
            differences={kind: VERDICTS[kind] for kind in DIFFERENCES.values()},
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
    """For each side its label, and the values and texts of its options, which occur in the rows."""
    plain = Counter(kind(row.versus_jax) for row in rows)
    ours = Counter(ours_kind(row) for row in rows)
    plain["differs"] = len(rows) - plain["same"]
    ours["differs"] = len(rows) - ours["same"] - ours["none"]
    texts = {"same": "same", "differs": "differs"}
    kinds = ("raises", "silent", *case.VERDICTS[1:])
    plain_texts = texts | {each: words(each) for each in kinds if plain[each]}
    ours_texts = texts | DIFFERENCES | {"other": "differs, undeclared", "none": "offers nothing"}
    if not ours["other"]:
        del ours_texts["other"]
    return {
        "jax": ("Plain JAX", _counted(plain_texts, plain)),
        "ours": ("jaxgrad", _counted(ours_texts, ours)),
    }


def _counted(texts: Mapping[str, str], counts: Mapping[str, int]) -> dict[str, str]:
    return {value: f"{text} ({counts[value]})" for value, text in texts.items()}


def _block(
    row: Row,
    drawn: Mapping[str, Sequence[Picture]],
    homes: Mapping[str, str],
    packed: list[str],
) -> dict[str, Any]:
    """The data of a row; pictures it shows are appended to `packed` and known by places there."""
    anchor = row.case.anchor()
    if anchor in homes:
        return {**block(row), "home": homes[anchor]}
    own = [{**each._asdict(), "place": len(packed) + i} for i, each in enumerate(drawn[anchor])]
    packed += [each.pop("svg") for each in own]
    return {**block(row, own), "home": ""}
