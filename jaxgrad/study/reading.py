"""A page of cases in Markdown -> cases; `cases/README.md` says how one is written."""

import re
import traceback
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, get_args

import numpy as np
from markdown_it import MarkdownIt
from markdown_it.token import Token

from .case import VERDICTS, Case, Page

BLOCKS = ("inputs", "torch", "jax", "jaxgrad", "remedy", "oracle", "distribution")
JUDGED = ("jax", "jaxgrad")
"""The blocks whose labels declare a verdict."""
DIFFERENCES, PICTURES = (
    get_args(Case.__annotations__[name])[1:] for name in ("difference", "picture")
)
PLAIN = (np.ndarray, bool, int, float, complex, str, list, tuple, dict, type(None))
"""The types of inputs."""

_LABEL = re.compile(r"\*\*(\w+)\*\*(?:: (\w+)(?: \((\w+)\))?)?")
_PARSER = MarkdownIt("commonmark")
_OUTLINE = MarkdownIt("commonmark").disable(["inline", "reference"])
"""Leaves the text of a paragraph as it is written, which is enough for labels and facts."""


class Misread(ValueError):
    """A page breaks the rules of `cases/README.md`; the message begins with file and line."""


def page(path: Path) -> Page:
    """The page in a file.

    Raises:
        Misread: it breaks the rules of `cases/README.md`.
    """
    return _Reader(path).page()


_WORDS, _NUMBER = ("words", r".+", str), ("a number", r"\d+(\.\d+)?(e-?\d+)?", float)
_FACTS: Mapping[str, tuple[str, str, Callable[[str], Any]]] = {
    "source": _WORDS,
    "grads": ("names of inputs", r"\w+(, \w+)*", lambda value: tuple(value.split(", "))),
    "rtol": _NUMBER,
    **dict.fromkeys(("exact", "x64", "eager"), ("no value", "", lambda _: True)),
    "picture": (f"one of {', '.join(PICTURES)}", "|".join(PICTURES), str),
    "link": _WORDS,
    "place": _NUMBER,
}
"""The value of each fact: in words, as a pattern, and how it is read."""


def _or(words: Iterable[str]) -> str:
    return " or ".join(word or "none" for word in words)


@dataclass
class _Section:
    """A heading and what stands under it, with the lines of its facts and blocks."""

    name: str
    line: int
    prose: list[str] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._family = path.stem.partition("_")[0]
        self._line = 1
        try:
            self._text = path.read_text(encoding="utf-8").split("\n")
        except UnicodeDecodeError as error:
            self._refuse(str(error))
        if not re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", path.stem):
            self._refuse("the name of a page is like family_topic.md, in small letters")

    def _refuse(self, message: str, line: int | None = None) -> NoReturn:
        raise Misread(f"{self._path}:{line or self._line}: {message}")

    def page(self) -> Page:
        top, *rest = self._sections()
        for name, line in top.lines.items():
            if name != "place":
                self._refuse(f"{name} comes before the first case", line)
        place = top.fields.get("place", float("inf"))
        cases, lines = tuple(map(self._case, rest)), tuple(section.line for section in rest)
        return Page(self._path.stem, top.name, "\n\n".join(top.prose), place, cases, lines)

    def _sections(self) -> list[_Section]:
        sections: list[_Section] = []
        label = ""
        for kind, token in self._parts():
            if bool(label) != (kind == "fence"):
                self._refuse("a label, such as **torch**, and a block of code come together")
            if bool(sections) == (kind == "h1"):
                self._refuse("a page begins with its title, such as # Kinks, and has no second")
            if kind in ("h1", "h2"):
                sections.append(_Section(self._plain(token), self._line))
            elif kind == "li":
                self._fact(sections[-1], token.content)
            elif kind == "fence":
                self._block(sections[-1], label, token)
            elif not token.content.startswith("**"):
                sections[-1].prose.append(self._plain(token))
            label = token.content if kind == "p" and token.content.startswith("**") else ""
        if label or not sections:
            self._refuse("the page ends too early")
        return sections

    def _parts(self) -> Iterator[tuple[str, Token]]:
        """Headings, paragraphs and list items with their text, and blocks of code."""
        kind, known = "", ("bullet_list", "list_item", "paragraph", "heading")
        for token in _OUTLINE.parse("\n".join(self._text)):
            self._line = token.map[0] + 1 if token.map else self._line
            name, _, side = token.type.rpartition("_")
            if name in known and side == "open":
                kind = "li" if name == "paragraph" and token.level else token.tag
            elif token.type == "inline" and kind in ("h1", "h2", "p", "li"):
                yield kind, token
            elif token.type == "fence":
                yield "fence", token
            elif name not in known:
                self._refuse("a page has headings of two levels, prose, lists and python blocks")

    def _plain(self, token: Token) -> str:
        """The words of a paragraph or heading, in which code is the only markup."""
        text = []
        for child in _PARSER.parseInline(token.content)[0].children or ():
            if child.type not in ("text", "code_inline", "softbreak"):
                self._refuse(f"write \\ before the sign that begins {child.type}: prose is plain")
            text.append(" " if child.type == "softbreak" else child.content)
        return "".join(text)

    def _fact(self, section: _Section, content: str) -> None:
        name, _, value = (part.strip() for part in content.partition(":"))
        if name not in _FACTS:
            self._refuse(f"{name} is no fact; facts are {', '.join(_FACTS)}")
        wanted, pattern, read = _FACTS[name]
        if not re.fullmatch(pattern, value):
            self._refuse(f"{name} takes {wanted}, not {value or 'nothing'}")
        self._add(section, name, read(value))

    def _block(self, section: _Section, label: str, token: Token) -> None:
        name, verdict, difference = self._labelled(label)
        if token.info != "python":
            self._refuse(f"a block of python, not of {token.info or 'nothing'}")
        ends = self._text[self._line : token.map[1] if token.map else None]
        if token.markup in token.content or token.markup not in map(str.rstrip, ends):
            self._refuse("the block does not end")
        try:
            compile(token.content, name, "exec", dont_inherit=True)  # quicker than ast.parse
        except SyntaxError as error:
            self._refuse(f"{name}: {error.msg}", self._line + (error.lineno or 0))
        self._add(section, name, token.content.rstrip("\n"))
        if verdict:
            section.fields[f"verdict_{name}"] = verdict
        if difference:
            section.fields["difference"] = difference

    def _labelled(self, label: str) -> tuple[str, str, str]:
        match = _LABEL.fullmatch(label)
        name, verdict, difference = match.groups(default="") if match else ("", "", "")
        if name not in BLOCKS:
            self._refuse(f"{label} is the label of no block; blocks are {', '.join(BLOCKS)}")
        if (name in JUDGED) != bool(verdict) or verdict not in ("", *VERDICTS):
            known = VERDICTS if name in JUDGED else ("",)
            self._refuse(f"the verdict of {name} is {_or(known)}, not {_or([verdict])}")
        reasons = DIFFERENCES if name == "jaxgrad" and verdict != "same" else ("",)
        if difference not in reasons:
            self._refuse(
                f"the reason after {verdict or name} is {_or(reasons)}, not {_or([difference])}"
            )
        return name, verdict, difference

    def _add(self, section: _Section, name: str, value: Any) -> None:
        if name in section.lines:
            self._refuse(f"{name} comes twice")
        section.fields[name], section.lines[name] = value, self._line

    def _case(self, section: _Section) -> Case:
        fields = {"why": "\n\n".join(section.prose), **section.fields}
        for name in ("torch", "jax", "why"):
            if not fields.get(name):
                self._refuse(f"the case has no {name}", section.line)
        if "place" in fields:
            self._refuse("place is a fact of the page", section.lines["place"])
        inputs = self._inputs(section, fields.pop("inputs", ""))
        for name in fields.get("grads", ()):
            if not isinstance(inputs.get(name), np.ndarray):
                self._refuse(f"grads: {name} is no array of the inputs", section.lines["grads"])
        return Case(family=self._family, name=section.name, inputs=inputs, **fields)

    def _inputs(self, section: _Section, code: str) -> dict[str, Any]:
        """What the block assigns, without names that begin with an underscore."""
        names: dict[str, Any] = {"np": np}
        if re.search(r"\brng\b", code):
            names["rng"] = np.random.RandomState(zlib.crc32(section.name.encode()))
        given = dict(names)
        begin, path = section.lines.get("inputs", 0), str(self._path)
        try:
            exec(compile("\n" * begin + code, path, "exec"), names)
        except Exception as error:
            stack = traceback.extract_tb(error.__traceback__)
            lines = [frame.lineno for frame in stack if frame.filename == path]
            self._refuse(f"the inputs do not run: {error!r}", (lines or [begin])[-1])
        inputs = {n: v for n, v in names.items() if n[0] != "_" and v is not given.get(n)}
        for name, value in inputs.items():
            if type(value) not in PLAIN:
                self._refuse(f"the input {name} is neither an array nor a plain value", begin)
        return inputs
