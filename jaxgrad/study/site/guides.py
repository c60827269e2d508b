"""The guides: every Markdown file and notebook of one folder, as HTML.

They are the files of `study/guides`, in the order of their names; a number before the name, as in
`10_porting.md`, orders them and is left out of the address. The notebooks stand in the
repository's `examples`, and the wheel has copies of them in that folder.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markupsafe import Markup, escape

import jaxgrad

from .highlight import console, python

FOLDER = Path(__file__).parents[1] / "guides"
EXAMPLES = Path(jaxgrad.__file__).parents[1] / "examples"
_PNG = re.compile(r"[A-Za-z0-9+/=\s]*")


class Guide(NamedTuple):
    """A guide: the name of its page, its title, and its text as HTML."""

    name: str
    title: str
    html: Markup

    @property
    def short(self) -> str:
        """The title up to its first comma or colon."""
        return re.split(r"[:,]", self.title)[0]


def guides(folder: Path = FOLDER, examples: Path = EXAMPLES) -> list[Guide]:
    """All guides in their order, the notebooks last.

    Args:
        folder: the folder of the guides.
        examples: the folder of the notebooks. It may be missing, as in an installed wheel.
    """
    found = sorted(folder.glob("*.md"))
    notebooks = {path.name: path for place in (folder, examples) for path in place.glob("*.ipynb")}
    return [_guide(path) for path in (*found, *(notebooks[name] for name in sorted(notebooks)))]


def _guide(path: Path) -> Guide:
    text = path.read_text(encoding="utf-8")
    html = notebook(json.loads(text)) if path.suffix == ".ipynb" else markdown(text)
    name = re.sub(r"^\d+[_-]", "", path.stem)
    heading = re.search(r"<h1>(.*?)</h1>", html)
    return Guide(name, Markup(heading[1]).striptags() if heading else name, html)


def markdown(text: str) -> Markup:
    """Markdown as HTML, its code highlighted; HTML in it is shown as text."""
    reader = MarkdownIt("commonmark", {"html": False, "highlight": _highlight}).enable("table")
    return Markup(reader.render(text))


def _highlight(code: str, language: str, _: Any) -> str:
    code = f"{code.rstrip()}\n"
    if ">>>" in code:
        return str(console(code))
    return str(python(code) if language in ("python", "py") else escape(code))


def notebook(document: dict[str, Any]) -> Markup:
    """A notebook as HTML: text, code, and what the code printed and drew."""
    return Markup("\n").join(part for cell in document["cells"] for part in _cell(cell))


def _cell(cell: dict[str, Any]) -> Iterator[Markup]:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield markdown(source)
    elif cell["cell_type"] == "code" and source:
        yield Markup('<pre class="in">{}</pre>').format(python(source))
        for output in cell["outputs"]:
            yield from _output(output)


def _output(output: dict[str, Any]) -> Iterator[Markup]:
    data = output.get("data", {})
    picture = "".join(data.get("image/png", ""))
    if picture and _PNG.fullmatch(picture):
        drawing = '<img alt="What the code above draws." src="data:image/png;base64,{}">'
        yield Markup(drawing).format("".join(picture.split()))
    elif text := "".join(output.get("text", "") or data.get("text/plain", "")):
        yield Markup('<pre class="out">{}</pre>').format(text)
