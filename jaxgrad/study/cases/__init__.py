"""Every case of the study: the pages of this folder, which `README.md` tells how to write."""

from collections.abc import Mapping
from pathlib import Path

from ..case import Case, Page
from ..reading import Misread, page


def pages(folder: Path) -> tuple[Page, ...]:
    """Every page of a folder, by place and then by name; `README.md` is none.

    Raises:
        Misread: a page is not written as pages are, or two cases have one name.
    """
    files = (path for path in folder.glob("*.md") if path.stem != "README")
    found = sorted(map(page, files), key=lambda page: (page.place, page.stem))
    seen: dict[str, str] = {}
    for each in found:
        for case, line in zip(each.cases, each.lines, strict=True):
            here = f"{each.stem}.md:{line}"
            if case.anchor() in seen:
                raise Misread(f"{folder / here}: {case.name!r} is at {seen[case.anchor()]} too")
            seen[case.anchor()] = here
    return tuple(found)


PAGES: Mapping[str, Page] = {each.stem: each for each in pages(Path(__file__).parent)}
"""The pages by the names of their files, in the order of the study."""
CASES: tuple[Case, ...] = tuple(case for each in PAGES.values() for case in each.cases)
FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(case.family for case in CASES))
