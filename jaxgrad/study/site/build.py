"""Measured rows -> the files of a static web site, which makes no requests."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jaxgrad

from ..measurement import Row
from ..page import page
from ..pictures import pictures
from ..report import by_family, summary, tally, versions
from . import operations, reference, verdicts
from .blocks import block
from .costly import COSTLY, given
from .guides import guides
from .highlight import python
from .names import Entry, entries
from .templates import environment

_HERE = Path(__file__).parent


def write(rows: Sequence[Row], folder: Path, *, exact: bool) -> list[Path]:
    """Writes the site and returns its files, the first screen first.

    Args:
        rows: the measured rows.
        folder: where to write; it is made if it does not exist. Existing files are replaced.
        exact: whether contraction was off.
    """
    files = _Site(rows, exact).files()
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [folder / name for name in files]


class _Site:
    """Data of several pages: the rows' pictures and blocks, the names and their addresses."""

    def __init__(self, rows: Sequence[Row], exact: bool) -> None:
        self._rows, self._exact = rows, exact
        self._entries = entries(rows)
        self._guides = guides()
        self._addresses = addresses(self._entries)
        self._homes = _homes(self._entries, self._addresses)
        self._drawn = {row.case.anchor(): pictures(row) for row in rows}
        self._pictures: dict[str, str] = {}
        self._cases = {row.case.anchor(): self._case(row) for row in rows}

    def files(self) -> dict[str, str]:
        """Every file's text by its name."""
        files = {
            "index.html": self._page("index", "", **self._first_screen()),
            "names.html": self._page("names", "", **self._names()),
            "operations.html": self._page("operations", "", **self._operations()),
            "cases.html": page(
                self._rows,
                exact=self._exact,
                home="index.html",
                drawn=self._drawn,
                homes=self._homes,
            ),
        }
        for guide in self._guides:
            name = f"guides/{guide.name}.html"
            files[name] = self._page("guide", "../", title=guide.title, guide=guide)
        for entry in self._entries:
            if entry.name in self._addresses:
                files[self._addresses[entry.name]] = self._function(entry)
        texts = {name: (_HERE / name).read_text(encoding="utf-8") for name in _SOURCES}
        return {
            **files,
            "site.css": texts["code.css"] + texts["site.css"],
            "site.js": texts["site.js"],
            **self._pictures,
        }

    def _page(self, template: str, root: str, **data: Any) -> str:
        shared = {
            "root": root,
            "guides": self._guides,
            "versions": {**versions(self._rows), "jaxgrad": jaxgrad.__version__},
            "exact": self._exact,
            "meanings": verdicts.VERDICTS,
        }
        return environment().get_template(f"site/{template}.html.jinja").render(shared | data)

    def _case(self, row: Row) -> dict[str, Any]:
        drawn = []
        for place, picture in enumerate(self._drawn[row.case.anchor()]):
            name = f"pictures/{row.case.anchor()}-{place}.svg"
            self._pictures[name] = picture.svg
            drawn.append({**picture._asdict(), "svg": "", "src": f"../{name}"})
        return {**block(row, drawn), "kind": verdicts.of_case(row), "row": row, "home": ""}

    def _first_screen(self) -> dict[str, Any]:
        measured = [anchor for anchor in COSTLY if anchor in self._cases]
        counts = {kind: 0 for kind in verdicts.VERDICTS}
        for entry in self._entries:
            if entry.verdict:
                counts[entry.verdict] += 1
        return {
            "title": "",
            "ten": [self._costly(anchor) for anchor in measured],
            "left_out": len(COSTLY) - len(measured),
            "summary": summary(self._rows),
            "table": {name: tally(rows) for name, rows in by_family(self._rows).items()},
            "counts": counts,
        }

    def _costly(self, anchor: str) -> dict[str, Any]:
        case = self._cases[anchor]
        pictures = [
            {**each, "src": each["src"].removeprefix("../")} for each in case["pictures"][-1:]
        ]
        return {
            "headline": COSTLY[anchor].headline,
            "case": case,
            "sides": given(case["row"], COSTLY[anchor]),
            "home": self._homes.get(anchor, f"cases.html#{anchor}"),
            "pictures": pictures,
        }

    def _names(self) -> dict[str, Any]:
        return {
            "title": "PyTorch's names",
            "entries": self._entries,
            "addresses": self._addresses,
            "rule": verdicts.RULE,
        }

    def _operations(self) -> dict[str, Any]:
        lines = operations.lines(self._addresses)
        return {
            "title": "PyTorch's operations",
            "lines": lines,
            "counts": operations.counts(lines),
            "verdicts": operations.VERDICTS,
            "classes": operations.CLASSES,
        }

    def _shown(self, anchor: str, page: str) -> dict[str, Any]:
        """A case for a page: in full, or in brief where its home is another page."""
        home = self._homes[anchor]
        elsewhere = home != f"{page}#{anchor}"
        return self._cases[anchor] | {"home": f"../{home}" if elsewhere else ""}

    def _function(self, entry: Entry) -> str:
        cases = [self._shown(row.case.anchor(), self._addresses[entry.name]) for row in entry.rows]
        offers = [
            {
                "path": offer.path,
                "signature": reference.signature(offer),
                "sections": reference.sections(offer.value),
            }
            for offer in entry.offers
        ]
        return self._page(
            "function",
            "../",
            title=entry.name,
            entry=entry,
            offers=offers,
            cases=cases,
            counts=verdicts.counts(entry.rows),
            mended=[(case, python(case["case"].remedy)) for case in cases if case["case"].remedy],
        )


def _homes(names: Sequence[Entry], pages: Mapping[str, str]) -> dict[str, str]:
    """The address of each case: on the page of the name with the fewest cases that it is about.

    Names whose verdict it decides come before others.
    """
    homes: dict[str, str] = {}
    for rows_of in (lambda entry: entry.counted, lambda entry: entry.rows):
        for entry in sorted(names, key=lambda entry: len(entry.rows)):
            for row in rows_of(entry):
                anchor = row.case.anchor()
                homes.setdefault(anchor, f"{pages[entry.name]}#{anchor}")
    return homes


_SOURCES = ("code.css", "site.css", "site.js")


def addresses(names: Sequence[Entry]) -> Mapping[str, str]:
    """The page of each name that is offered or has cases.

    Some file systems do not distinguish capitals. Names that differ by capitals alone, such as
    torch.Tensor and torch.tensor, therefore get numbers.
    """
    taken: dict[str, int] = {}
    found = {}
    for entry in names:
        if entry.offers or entry.rows:
            again = taken[entry.name.lower()] = taken.get(entry.name.lower(), 0) + 1
            found[entry.name] = f"f/{entry.name}{f'-{again}' if again > 1 else ''}.html"
    return found
