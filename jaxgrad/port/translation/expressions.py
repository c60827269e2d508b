"""Expressions of the source that is written: templates, and the text of a statement.

An expression is a tree of Python's own `ast`, so that unparsing it sets the brackets.
"""

import ast
import functools
import math
import operator
from collections.abc import Mapping, Sequence
from typing import Any

WIDTH = 100
"""The longest line of the source."""


@functools.cache
def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def parsed(text: str) -> ast.expr:
    """The tree of an expression, which its caller may change."""
    return _Copy().visit(_parsed(text))


def filled(tree: ast.expr, operands: Mapping[str, ast.expr]) -> ast.expr:
    """A template such as that of "self + other" with its names replaced by operands."""
    return _Fill(operands).visit(tree)


class _Copy(ast.NodeTransformer):
    """Makes each node anew."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        fields = {name: self._field(value) for name, value in ast.iter_fields(node)}
        return type(node)(**fields)

    def _field(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._field(item) for item in value]
        return self.visit(value) if isinstance(value, ast.AST) else value


class _Fill(ast.NodeTransformer):
    """Replaces names by operands."""

    def __init__(self, operands: Mapping[str, ast.expr]) -> None:
        self.operands = operands

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.operands.get(node.id, node)

    def visit_Starred(self, node: ast.Starred) -> ast.expr:
        node.value = self.visit(node.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """A call of which `*shape` has become a written list takes its items."""
        self.generic_visit(node)
        args: list[ast.expr] = []
        for arg in node.args:
            if isinstance(arg, ast.Starred) and isinstance(arg.value, ast.Tuple | ast.List):
                args += arg.value.elts
            else:
                args.append(arg)
        node.args = args
        return node


def joined(tree: ast.expr) -> ast.expr:
    """One index for two that only add axes: x[:, None] and [None] of that is x[None, :, None]."""
    return _Join().visit(tree)


class _Join(ast.NodeTransformer):
    """Joins indices of whole axes and new ones."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        inner = node.value
        if not isinstance(inner, ast.Subscript):
            return node
        first, second = _axes(inner), _axes(node)
        if not first or not second:
            return node
        whole = [part for part in second if isinstance(part, ast.Slice)]
        rest = iter([*first, *(ast.Slice() for _ in whole[len(first) :])])
        parts = [next(rest) if isinstance(part, ast.Slice) else part for part in second]
        parts += list(rest)
        while parts and isinstance(parts[-1], ast.Slice):
            parts.pop()
        index = parts[0] if len(parts) == 1 else tupled(parts)
        return ast.Subscript(inner.value, index, ast.Load())


def _axes(node: ast.Subscript) -> list[ast.expr]:
    """The parts of an index that are whole axes and new ones; none if it has others."""
    index = node.slice
    parts = list(index.elts) if isinstance(index, ast.Tuple) else [index]
    new = [isinstance(part, ast.Constant) and part.value is None for part in parts]
    whole = [ast.unparse(part) == ":" for part in parts]
    return parts if all(map(operator.or_, new, whole)) else []


def whole(tree: ast.expr, lists: Mapping[str, int]) -> ast.expr:
    """Lists by their names, where all their items stand: (a[0], a[1]) is a, if it has two."""
    return _Whole(lists).visit(tree) if lists else tree


class _Whole(ast.NodeTransformer):
    """Puts the name of a list for a tuple of its items."""

    def __init__(self, lists: Mapping[str, int]) -> None:
        self.lists = lists

    def visit_Tuple(self, node: ast.Tuple) -> ast.expr:
        self.generic_visit(node)
        return next((name(one) for one in self.lists if self.is_all(node.elts, one)), node)

    def is_all(self, items: Sequence[ast.expr], one: str) -> bool:
        """Whether these are all items of a list."""
        return list(map(text, items)) == [f"{one}[{i}]" for i in range(self.lists[one])]


def starred(args: list[ast.expr], lists: Mapping[str, int]) -> list[ast.expr]:
    """The arguments of a call: a list for all its items."""
    found = _Whole(lists).visit(tupled(args))
    return [ast.Starred(found, ast.Load())] if isinstance(found, ast.Name) else args


def name(text: str) -> ast.Name:
    """A variable."""
    return ast.Name(text, ast.Load())


def constant(value: Any) -> ast.expr:
    """A Python number, text, None, or a tuple of these, as an expression."""
    if isinstance(value, list | tuple):
        return tupled([constant(item) for item in value])
    if isinstance(value, float) and not math.isfinite(value):
        return _parsed("jnp.nan" if math.isnan(value) else "jnp.inf" if value > 0 else "-jnp.inf")
    if isinstance(value, float | int) and not isinstance(value, bool) and value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def tupled(items: Sequence[ast.expr]) -> ast.expr:
    """A tuple of expressions."""
    return ast.Tuple(list(items), ast.Load())


def call(function: str, args: Sequence[ast.expr], keywords: Mapping[str, ast.expr]) -> ast.Call:
    """A call of a function by its dotted name."""
    words = [ast.keyword(word, value) for word, value in keywords.items()]
    return ast.Call(_parsed(function), list(args), words)


def entry(tree: ast.expr, key: str | int) -> ast.expr:
    """An entry of a dict, such as p["weight"]."""
    return ast.Subscript(tree, ast.Constant(key), ast.Load())


def text(tree: ast.AST) -> str:
    """An expression in one line, with double quotes."""
    return _quoted(ast.unparse(tree))


def _quoted(line: str) -> str:
    """Python writes 'weight'; this source writes "weight"."""
    return line if '"' in line else line.replace("'", '"')


def statement(target: str, value: ast.expr, indent: int = 4) -> list[str]:
    """The lines of `target = value`, or of an expression where there is no target."""
    return lines(f"{target} = " if target else "", value, "", indent)


def lines(before: str, value: ast.expr, after: str, indent: int) -> list[str]:
    """The lines of an expression between two texts, broken where it is too long."""
    one = " " * indent + before + _bare(value, before) + after
    if len(one) <= WIDTH:
        return [one]
    items = _items(value)
    if items is None:
        return _bracketed(before, value, after, indent)
    opening, parts, closing = items
    inner = ", ".join(name + text(part) for name, part in parts)
    if len(inner) + indent + 4 <= WIDTH and not isinstance(value, ast.Tuple):
        body = [" " * (indent + 4) + inner]
    else:
        body = [line for name, part in parts for line in lines(name, part, ",", indent + 4)]
    return [" " * indent + before + opening, *body, " " * indent + closing + after]


def _items(value: ast.expr) -> tuple[str, list[tuple[str, ast.expr]], str] | None:
    """What opens an expression that has items, these with their names, and what closes it."""
    if isinstance(value, ast.Call):
        named = [(f"{word.arg}=" if word.arg else "**", word.value) for word in value.keywords]
        return text(value.func) + "(", [*(("", part) for part in value.args), *named], ")"
    if isinstance(value, ast.Tuple):
        return "(", [("", part) for part in value.elts], ")"
    if isinstance(value, ast.List):
        return "[", [("", part) for part in value.elts], "]"
    if isinstance(value, ast.Dict):
        keys = [f"{text(key)}: " if key else "**" for key in value.keys]
        return "{", list(zip(keys, value.values, strict=True)), "}"
    return None


def _bracketed(before: str, value: ast.expr, after: str, indent: int) -> list[str]:
    """An operation over two lines, in brackets."""
    inside = " " * (indent + 4) + text(value)
    if len(inside) > WIDTH and isinstance(value, ast.BinOp):
        sign = text(ast.BinOp(name("a"), value.op, name("b")))[2:-2]
        inner = [
            *lines("", value.left, "", indent + 4),
            *lines(f"{sign} ", value.right, "", indent + 4),
        ]
    else:
        inner = [inside]
    return [" " * indent + before + "(", *inner, " " * indent + ")" + after]


def _bare(value: ast.expr, before: str) -> str:
    """An expression; a tuple that is returned or assigned has no brackets."""
    written = text(value)
    several = isinstance(value, ast.Tuple) and len(value.elts) > 1
    return written[1:-1] if several and before.endswith(("return ", " = ")) else written
