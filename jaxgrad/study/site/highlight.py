"""Python as HTML with few and short tags: only a few kinds of words have a colour."""

import functools

from markupsafe import Markup, escape
from pygments.lexer import Lexer
from pygments.lexers.python import PythonConsoleLexer, PythonLexer
from pygments.token import Comment, Generic, Keyword, Name, Number, Operator, String

_TAGS = (
    (Comment, "i"),
    (Generic.Output, "samp"),
    (Keyword, "b"),
    (Operator.Word, "b"),
    (Name.Builtin.Pseudo, "b"),
    (String, "s"),
    (Number, "u"),
)
"""Elements that `code.css` colours; they are readable without it."""


def python(code: str) -> Markup:
    """A highlighted snippet, with every character kept and escaped."""
    return _marked(code, _lexer(False))


def console(code: str) -> Markup:
    """Highlighted lines that begin with `>>>`, and what they print."""
    return _marked(code if code.endswith("\n") else f"{code}\n", _lexer(True))


@functools.cache
def _lexer(prompts: bool) -> Lexer:
    kind = PythonConsoleLexer if prompts else PythonLexer
    return kind(stripnl=False, ensurenl=False)


def _marked(code: str, lexer: Lexer) -> Markup:
    parts: list[list[str]] = []
    for kind, text in lexer.get_tokens(code):
        tag = next((tag for group, tag in _TAGS if kind in group), "")
        if parts and parts[-1][0] == tag:
            parts[-1][1] += text
        else:
            parts.append([tag, text])
    return Markup("".join(_element(tag, str(escape(text))) for tag, text in parts))


def _element(tag: str, escaped: str) -> str:
    return f"<{tag}>{escaped}</{tag}>" if tag else escaped
