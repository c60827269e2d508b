"""Functions that differ in numbers alone -> one function that is given these numbers."""

import ast
import inspect
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jaxgrad.functional as F
import jaxgrad.tensor as T

from . import expressions as write
from . import naming
from .functions import Function, Line, Writer

MOST = 4
"""The largest number of numbers that a function is given."""
_WORDS = {
    "range": "blocks",
    "arange": "length",
    "split": "parts",
    **dict.fromkeys(("reshape", "zeros", "ones", "full", "broadcast_to"), "size"),
}
"""What a number is called that a function of this name is given."""


class Number(NamedTuple):
    """A number in an expression, and what it may be called."""

    node: ast.Constant
    value: int | float
    name: str


class Sample(NamedTuple):
    """The numbers of one function of several that differ in numbers alone.

    Attributes:
        values: the numbers, in order.
        words: what they may be called.
        taken: the names in the function.
    """

    values: list[int | float]
    words: list[str]
    taken: set[str]


def numbers(lines: Sequence[Line]) -> list[Number]:
    """The numbers in lines, in order."""
    return [found for line in lines if line.value for found in _found(line.value, "number")]


def _found(tree: ast.AST, name: str) -> Iterator[Number]:
    if isinstance(tree, ast.Constant):
        if isinstance(tree.value, int | float) and not isinstance(tree.value, bool):
            yield Number(tree, tree.value, name)
        return
    if isinstance(tree, ast.Call):
        yield from _found(tree.func, name)
        for arg, word in zip(tree.args, _words(tree), strict=True):
            yield from _found(arg, word)
        for keyword in tree.keywords:
            yield from _found(keyword.value, keyword.arg or name)
    elif isinstance(tree, ast.Subscript):
        yield from _found(tree.value, name)
        yield from _found(tree.slice, "index")
    else:
        for child in ast.iter_child_nodes(tree):
            yield from _found(child, name)


def _words(call: ast.Call) -> list[str]:
    """What the numbers in the arguments of a call may be called."""
    room, _, function = ast.unparse(call.func).rpartition(".")
    module = {"F": F, "T": T}.get(room)
    if module is not None:
        known = list(inspect.signature(getattr(module, function)).parameters)
        return [*known, *["number"] * len(call.args)][: len(call.args)]
    word = "stop" if function == "range" and len(call.args) > 1 else _WORDS.get(function, "number")
    return [word] * len(call.args)


def key_of(function: Function) -> Hashable:
    """What is equal of two functions that differ in numbers alone."""
    found = numbers(function.lines)
    for number in found:
        number.node.value = ...
    key = (function.kind, function.header, *map(_written, function.lines))
    for number in found:
        number.node.value = number.value
    return key


def _written(line: Line) -> tuple[Any, ...]:
    return line.before, line.value and ast.unparse(line.value), line.after, line.indent


def with_parameters(writer: Writer, made: Function) -> tuple[Function, dict[str, int | float]]:
    """A function with names in place of the numbers that others have otherwise, and its own."""
    key, found = key_of(made), numbers(made.lines)
    values = [number.value for number in found]
    sample = Sample(values, [number.name for number in found], names_in(made))
    writer.samples.setdefault(key, []).append(sample)
    chosen = writer.parameters.get(key, {})
    if not chosen:
        return made, {}
    names = {id(found[i].node): name for i, name in chosen.items()}
    named = _Named(names)
    lines = [line._replace(value=line.value and named.visit(line.value)) for line in made.lines]
    modes = [word for word in made.header if word in ("training", "key")]
    inputs = made.header[: len(made.header) - len(modes)]
    given = {name: values[i] for i, name in chosen.items()}
    return Function(made.name, (*inputs, *given, *modes), lines, made.kind), given


def names_in(function: Function) -> set[str]:
    """All names in a function."""
    trees = [line.value for line in function.lines if line.value]
    names = {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}
    words = [word for line in function.lines for word in re.findall(r"\w+", line.before)]
    return {*names, *words, *(word.lstrip("*") for word in function.header)}


class _Named(ast.NodeTransformer):
    """Puts names in place of some numbers."""

    def __init__(self, names: Mapping[int, str]) -> None:
        self.names = names

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return write.name(self.names[id(node)]) if id(node) in self.names else node


def parameters(samples: Mapping[Hashable, Sequence[Sample]]) -> dict[Hashable, dict[int, str]]:
    """By what is equal of them, the names of the numbers in which functions differ."""
    found = {key: _parameters(group) for key, group in samples.items()}
    return {key: names for key, names in found.items() if names}


def _parameters(group: Sequence[Sample]) -> dict[int, str]:
    """By their places, names of the numbers in which these differ; none if these are too many."""
    columns = list(zip(*(sample.values for sample in group), strict=True))
    varying = {i: column for i, column in enumerate(columns) if len(set(column)) > 1}
    names: dict[Any, str] = {}
    for i, column in varying.items():
        taken = {*group[0].taken, *names.values()}
        names.setdefault(column, naming.fresh(group[0].words[i], taken))
    return {i: names[column] for i, column in varying.items()} if len(names) <= MOST else {}
