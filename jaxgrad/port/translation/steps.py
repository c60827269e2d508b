"""Nodes of a graph -> expressions, by the table of operations."""

import ast
import dataclasses
import functools
import importlib
import inspect
import operator
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeGuard

import numpy as np

from . import expressions as write
from .arrangement import ARRANGEMENT
from .bound import Bound, Rule, dtype_of, dtype_text, same
from .controls import control, is_control
from .draws import DRAWS
from .elementwise import ELEMENTWISE
from .fourier import FOURIER
from .indexing import INDEXING
from .layers import LAYERS
from .linear_algebra import LINEAR_ALGEBRA
from .losses import LOSSES
from .shapes import SHAPES, SILENT
from .special import SPECIAL
from .statistics import STATISTICS

OPERATIONS: dict[str, Rule] = {
    **ELEMENTWISE,
    **SPECIAL,
    **STATISTICS,
    **SHAPES,
    **ARRANGEMENT,
    **INDEXING,
    **LINEAR_ALGEBRA,
    **FOURIER,
    **LAYERS,
    **LOSSES,
    **DRAWS,
}
"""By PyTorch's name, the expression: a template, or a function that gives one."""

_ALIASES = {
    **{"subtract": "sub", "multiply": "mul", "divide": "div", "negative": "neg", "absolute": "abs"},
    **{"greater": "gt", "less": "lt", "greater_equal": "ge", "less_equal": "le", "not_equal": "ne"},
    **{f"arc{name}": f"a{name}" for name in ("cos", "sin", "tan", "cosh", "sinh", "tanh")},
    **{"concatenate": "cat", "moveaxis": "movedim"},
}
"""Other names of operations, whose arguments are called the same."""
OPERATIONS |= {alias: OPERATIONS[name] for alias, name in _ALIASES.items()}

_PYTHON: Mapping[Any, str] = {
    operator.add: "a + b",
    operator.sub: "a - b",
    operator.mul: "a * b",
    operator.floordiv: "a // b",
    operator.truediv: "a / b",
    operator.mod: "a % b",
    operator.neg: "-a",
    operator.eq: "a == b",
    operator.ne: "a != b",
    operator.lt: "a < b",
    operator.le: "a <= b",
    operator.gt: "a > b",
    operator.ge: "a >= b",
}
"""Arithmetic of sizes, which are Python's ints."""

_ONE_NUMBER = {"stride", "padding", "dilation", "kernel_size", "output_padding", "output_size"}
"""Arguments of which one number stands for equal ones."""


def bound(node: Any) -> Bound:
    """A step with its arguments by name."""
    schema = node.target._schema
    names = [argument.name for argument in schema.arguments]
    defaults = {
        argument.name: argument.default_value
        for argument in schema.arguments
        if argument.has_default_value()
    }
    given = {**defaults, **dict(zip(names, node.args, strict=False)), **node.kwargs}
    values = {name: given[name] for name in names if name in given}
    name = schema.name.removeprefix("aten::")
    if schema.is_mutable and name.endswith("_") and not name.endswith("__"):
        name = name.removesuffix("_")
        values.setdefault("input", values[names[0]])  # its name where nothing is written
    return Bound(name, node, values, defaults)


def is_silent(node: Any) -> bool:
    """Whether a step gives nothing, such as an assertion."""
    name = getattr(getattr(node.target, "_schema", None), "name", "").removeprefix("aten::")
    return name in SILENT


def is_size(node: Any) -> bool:
    """Whether a step is arithmetic of sizes, or reads one."""
    if node.target in _PYTHON:
        return True
    return getattr(getattr(node.target, "_schema", None), "name", "") == "aten::sym_size"


def template(node: Any, own: Mapping[str, Rule]) -> tuple[str, Bound]:
    """The template of a step's expression, and its arguments.

    Raises:
        Unknown: the table has no such operation.
    """
    if node.target in _PYTHON:
        values = dict(zip("ab", node.args, strict=False))
        return _PYTHON[node.target], Bound(node.name, node, values, {})
    if is_control(node):
        return control(node)
    if not hasattr(node.target, "_schema"):
        raise Unknown(f"{getattr(node.target, '__name__', node.target)}{line_of(node)}")
    step = bound(node)
    rule = own.get(node.target._schema.name, OPERATIONS.get(step.name))
    found = rule(step) if callable(rule) else rule
    if found is None:
        raise Unknown(f"{node.target._schema.name}{line_of(node)}")
    if ignored := step.ignored(mentioned(found)):
        words = ", ".join(f"{name}={step.values[name]}" for name in ignored)
        raise Unknown(f"{node.target._schema.name} with {words}{line_of(node)}")
    return (_in_place(found, step) if node.target._schema.is_mutable else found), step


def _in_place(text: str, step: Bound) -> str:
    """A template whose result keeps the dtype of the array that is written."""
    given = [dtype_of(leaf) for value in step.values.values() for leaf in leaves(value)]
    own = dtype_of(step.node)
    floating = [dtype for dtype in given if dtype.startswith(("float", "bfloat", "complex"))]
    cast = f".astype({dtype_text(own)})"
    mixed = any(dtype != own for dtype in floating) and not text.endswith(cast)
    return f"({text}){cast}" if mixed else text


def taken(node: Any, own: Mapping[str, Rule]) -> list[Any]:
    """The nodes that are in a step's expression, in the order of its arguments."""
    if node.op != "call_function" or is_silent(node):
        return list(node.all_input_nodes)
    if not hasattr(node.target, "_schema") and not is_control(node):
        return list(node.all_input_nodes)
    text, step = template(node, own)
    named = mentioned(text)
    found = [leaf for name, value in step.values.items() if name in named for leaf in leaves(value)]
    return [leaf for leaf in dict.fromkeys(found) if leaf.op != "get_attr"]


def mentioned(text: str) -> set[str]:
    """The arguments that a template mentions, also by "size_0" and "params_"."""
    words: list[str] = re.findall(r"[A-Za-z_]\w*", text)
    return {*words, *(re.sub(r"_\d*$", "", word) for word in words)}


def leaves(value: Any) -> list[Any]:
    """The nodes in an argument."""
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in leaves(item)]
    return [value] if hasattr(value, "op") and hasattr(value, "target") else []


class Unknown(Exception):
    """An operation that the table does not have; the text is its name and its line."""


def refusal(unknown: Iterable[str]) -> str:
    """The message about operations that have no counterpart here."""
    return (
        f"translate: expected operations that have a counterpart, got {'; '.join(unknown)}; "
        'give the expression of each by operations={"mylib::name": "…"}'
    )


def line_of(node: Any) -> str:
    """Where a step was written: " at file.py:12", or "" if PyTorch does not know."""
    places: list[tuple[str, str]] = re.findall(
        r'File "([^"]+)", line (\d+)', node.meta.get("stack_trace") or ""
    )
    return f" at {short(places[-1][0])}:{places[-1][1]}" if places else ""


def short(file: str) -> str:
    """A path from where Python imports it on, such as torchvision/models/resnet.py."""
    folders = [f"{folder.rstrip('/')}/" for folder in sys.path if folder]
    known = [folder for folder in folders if file.startswith(folder)]
    return file.removeprefix(max(known, key=len)) if known else file.rpartition("/")[2]


def draws(node: Any, own: Mapping[str, Rule]) -> bool:
    """Whether a step draws random numbers, and so needs a key."""
    known = hasattr(node.target, "_schema") and not is_silent(node)
    return known and "key_" in template(node, own)[0]


def drawing(node: Any, own: Mapping[str, Rule]) -> set[str]:
    """The functions by which a step draws random numbers, such as "F.dropout"."""
    if not draws(node, own):
        return set()
    calls = [one for one in ast.walk(write.parsed(template(node, own)[0])) if is_call(one)]
    given = [(one, [*one.args, *(word.value for word in one.keywords)]) for one in calls]
    return {
        write.text(one.func)
        for one, args in given
        if any(isinstance(arg, ast.Name) and arg.id == "key_" for arg in args)
    }


def is_call(node: ast.AST) -> TypeGuard[ast.Call]:
    """Whether a part of an expression is a call."""
    return isinstance(node, ast.Call)


def expression(
    node: Any,
    of: Callable[[Any], ast.expr],
    own: Mapping[str, Rule],
    more: Mapping[str, ast.expr] = MappingProxyType({}),
) -> ast.expr:
    """The expression of a step, given those of the nodes that it takes.

    Args:
        node: the step.
        of: gives the expression of a node.
        own: the user's operations.
        more: further operands: "training_", "key_", "params_".
    """
    text, step = template(node, own)
    operands = dict(more)
    named = mentioned(text)
    for name, value in step.values.items():
        if name not in named or name == "params":  # these are taken by their names
            continue
        value = _shortened(name, value)
        operands[name] = written(value, of)
        if isinstance(value, list | tuple):
            operands |= {f"{name}_{i}": written(item, of) for i, item in enumerate(value)}
    return write.filled(_pruned(write.parsed(text), step), operands)


def _shortened(name: str, value: Any) -> Any:
    """One number for equal ones: a stride of [2, 2] is 2."""
    if name not in _ONE_NUMBER or not isinstance(value, list | tuple) or len(value) < 2:
        return value
    numbers = {item if type(item) is int else None for item in value}
    return numbers.pop() if len(numbers) == 1 and None not in numbers else value


def _dtype(value: Any) -> ast.expr:
    return write.parsed(dtype_text(str(value).removeprefix("torch.")))


def written(value: Any, of: Callable[[Any], ast.expr]) -> ast.expr:
    """An argument as an expression."""
    if isinstance(value, list | tuple):
        return write.tupled([written(item, of) for item in value])
    if hasattr(value, "op") and hasattr(value, "target"):
        return of(value)
    if value is None or isinstance(value, bool | int | float | str):
        return write.constant(value)
    if isinstance(value, complex):
        return ast.Constant(value)
    text = str(value)
    return _dtype(value) if text.startswith("torch.") else write.constant(None)


def literal(value: np.ndarray) -> ast.expr:
    """A constant of few numbers: a number, or an array of its dtype."""
    if value.ndim == 0:
        return write.constant(value.item())
    dtype = write.parsed(dtype_text(str(value.dtype)))
    return write.call("jnp.array", [write.constant(value.tolist()), dtype], {})


def _pruned(tree: ast.expr, step: Bound) -> ast.expr:
    """Leaves out arguments that are what a function takes where they are not given."""
    return _Prune(step).visit(tree)


@dataclasses.dataclass
class _Prune(ast.NodeTransformer):
    """Drops keywords that are defaults, and last arguments that are None."""

    step: Bound

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        defaults = _defaults(ast.unparse(node.func))
        node.keywords = [word for word in node.keywords if not self._default(word, defaults)]
        while node.args and self._none(node.args[-1]):
            node.args.pop()
        return node

    def _default(self, word: ast.keyword, defaults: Mapping[str, Any]) -> bool:
        if not isinstance(word.value, ast.Name) or word.value.id.endswith("_"):
            return False
        if word.value.id not in self.step.values:
            return word.value.id == word.arg  # this overload has no such argument
        if defaults:
            given = self.step.values[word.value.id]
            return word.arg is not None and word.arg in defaults and same(given, defaults[word.arg])
        return self.step.is_default(word.value.id)

    def _none(self, value: ast.expr) -> bool:
        name = value.id if isinstance(value, ast.Name) else ""
        return name in self.step.values and self.step.values[name] is None


@functools.cache
def _defaults(function: str) -> Mapping[str, Any]:
    """The defaults of a function of jaxgrad's, such as "F.relu"; none of others."""
    room, _, name = function.partition(".")
    module = {"F": "jaxgrad.functional", "T": "jaxgrad.tensor"}.get(room)
    if module is None:
        return {}
    parameters = inspect.signature(getattr(importlib.import_module(module), name)).parameters
    return {
        name: parameter.default
        for name, parameter in parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }


__all__ = [
    "OPERATIONS",
    "bound",
    "draws",
    "expression",
    "is_silent",
    "is_size",
    "taken",
    "template",
]
