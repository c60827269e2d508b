"""The reference of a public function: its signature and its docstring as HTML."""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from .highlight import console, python
from .names import Offer

_LISTS = ("Args", "Attributes", "Raises")
_TITLES = {"Args": "Arguments", "Differs from PyTorch": "Differs from PyTorch"}
_HEADING = re.compile(r"(Args|Attributes|Returns|Raises|Source|Differs from PyTorch):(?: +|$)(.*)")
_WIDTH = 88


class Section(NamedTuple):
    """A part of a docstring: its title, which may be empty, and its text as HTML."""

    title: str
    html: Markup


def signature(offer: Offer) -> Markup:
    """The signature as in the source, with one argument on each line if it is long."""
    try:
        source = inspect.getsource(inspect.unwrap(offer.value))
        node = ast.parse(textwrap.dedent(source)).body[0]
    except (OSError, TypeError, SyntaxError):
        return python(offer.name)
    if not isinstance(node, ast.FunctionDef):
        return python(f"class {offer.name}")
    arguments = list(_arguments(node.args))
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    line = f"{offer.name}({', '.join(arguments)}){returns}"
    if len(line) > _WIDTH:
        inner = "".join(f"    {argument},\n" for argument in arguments)
        line = f"{offer.name}(\n{inner}){returns}"
    return python(line)


def _arguments(of: ast.arguments) -> Iterator[str]:
    """Each argument with its annotation and default, and the signs `/` and `*`."""
    places = [*of.posonlyargs, *of.args]
    defaults = [None] * (len(places) - len(of.defaults)) + list(of.defaults)
    for index, (argument, default) in enumerate(zip(places, defaults, strict=True), 1):
        yield _argument(argument, default)
        if index == len(of.posonlyargs):
            yield "/"
    if of.vararg or of.kwonlyargs:
        yield f"*{_argument(of.vararg, None)}" if of.vararg else "*"
    for argument, default in zip(of.kwonlyargs, of.kw_defaults, strict=True):
        yield _argument(argument, default)
    if of.kwarg:
        yield f"**{_argument(of.kwarg, None)}"


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    text = ast.unparse(argument)
    if default is None:
        return text
    equals = " = " if argument.annotation else "="
    return f"{text}{equals}{ast.unparse(default)}"


def sections(value: Any) -> list[Section]:
    """The docstring's sections in their order; the first has no title."""
    found: list[tuple[str, list[str]]] = [("", [])]
    for line in (inspect.getdoc(value) or "").splitlines():
        heading = _HEADING.fullmatch(line)
        if heading:
            found.append((heading[1], [heading[2]] if heading[2] else []))
        elif line.startswith(">>>") and found[-1][0] != "Example":
            found.append(("Example", [line]))
        else:
            found[-1][1].append(line)
    return [
        Section(_TITLES.get(title, title), _section(title, lines))
        for title, lines in found
        if any(lines)
    ]


def _section(title: str, lines: list[str]) -> Markup:
    first = [] if lines[0].startswith(" ") else lines[:1]
    rest = textwrap.dedent("\n".join(lines[len(first) :])) if title else "\n".join(lines[1:])
    text = "\n".join([*first, rest]).strip("\n")
    if title == "Example":
        return Markup("<pre>{}</pre>").format(console(text))
    return _terms(text) if title in _LISTS else _prose(text)


def _terms(text: str) -> Markup:
    """Lines `name: meaning`, each continued by lines that are indented."""
    terms = []
    for item in re.split(r"\n(?=\S)", text):
        name, colon, meaning = item.partition(": ")
        name, meaning = (name, meaning) if colon else ("", item)
        terms.append(Markup("<dt>{}</dt><dd>{}</dd>").format(name, _inline(meaning)))
    return Markup("<dl>{}</dl>").format(Markup("").join(terms))


def _prose(text: str) -> Markup:
    """Paragraphs; what is indented is a formula, kept as it stands."""
    blocks = []
    for block in re.split(r"\n\s*\n", text):
        indented = all(line.startswith("    ") for line in block.splitlines())
        kind, inner = ("pre", escape(textwrap.dedent(block))) if indented else ("p", _inline(block))
        blocks.append(Markup("<{0}>{1}</{0}>").format(kind, inner))
    return Markup("").join(blocks)


def _inline(text: str) -> Markup:
    """`code` and addresses as elements, all else escaped, lines joined."""
    parts = re.split(r"(`[^`]+`|https://[^\s)\"]*[^\s).,;:\"])", " ".join(text.split()))
    return Markup("").join(map(_element, parts))


def _element(part: str) -> Markup:
    if part.startswith("`"):
        return Markup("<code>{}</code>").format(part[1:-1])
    if part.startswith("https://"):
        return Markup('<a href="{0}">{0}</a>').format(part)
    return escape(part)
