"""The PyTorch functions that a case is about, read from its code; torch is not imported."""

import ast
import builtins
import re
from collections.abc import Iterator

import numpy as np

from .case import Case

_MODULES = {"torch": "torch", "nn": "torch.nn", "F": "torch.nn.functional"}
"""PyTorch's modules by the names that a snippet has for them."""

_CONSTANT = re.compile(
    r"torch\.(b?float|u?int|complex)\d\w*|torch\.(bool|half|float|double|int|long|short)"
    r"|torch\.(inf|nan|pi|e|newaxis|__\w+__)"
)
"""Dtypes and numbers, which are not functions."""

_SCAFFOLD = frozenset(
    f"torch.{name}"
    for name in (
        "tensor as_tensor from_numpy empty zeros zeros_like ones ones_like full stack manual_seed "
        "no_grad autograd.grad nn.Parameter Tensor.requires_grad_ Tensor.retain_grad "
        "Tensor.backward Tensor.detach Tensor.clone Tensor.numpy Tensor.item Tensor.tolist "
        "Tensor.numel Tensor.sum Tensor.zero_"
    ).split()
)
"""Names that make inputs and read answers: a case is about them only if it names nothing else."""

_OTHERS = frozenset(
    "append apply default extend items keys load_state_dict name parameters pop "
    "save_for_backward signature state_dict step values zero_grad".split()
)
"""Methods of lists, dicts, modules, optimizers and functions that a snippet calls."""

_PLAIN = _OTHERS | {"item", "numpy", "tolist"}
"""Methods that do not return a tensor."""

_OPERATORS: dict[type, str] = {
    ast.Add: "torch.add",
    ast.Sub: "torch.sub",
    ast.Mult: "torch.mul",
    ast.Div: "torch.div",
    ast.FloorDiv: "torch.floor_divide",
    ast.Mod: "torch.remainder",
    ast.Pow: "torch.pow",
    ast.MatMult: "torch.matmul",
    ast.BitAnd: "torch.bitwise_and",
    ast.BitOr: "torch.bitwise_or",
    ast.BitXor: "torch.bitwise_xor",
    ast.LShift: "torch.bitwise_left_shift",
    ast.RShift: "torch.bitwise_right_shift",
    ast.Invert: "torch.bitwise_not",
    ast.USub: "torch.neg",
    ast.Eq: "torch.eq",
    ast.NotEq: "torch.ne",
    ast.Lt: "torch.lt",
    ast.LtE: "torch.le",
    ast.Gt: "torch.gt",
    ast.GtE: "torch.ge",
    ast.Subscript: "torch.Tensor.__getitem__",
}
_ATTRIBUTES = frozenset(("T", "mT", "H", "mH", "real", "imag"))
"""Attributes of a tensor that compute something."""


def functions(case: Case) -> tuple[str, ...]:
    """The PyTorch functions, classes and tensor methods that the case's PyTorch code names.

    Names that build inputs or read gradients, such as `torch.tensor` and `Tensor.backward`, count
    only if the code names nothing else. Operators and brackets, such as `x[i]`, count only if it
    names nothing at all.

    Args:
        case: any case.

    Returns:
        Full names such as "torch.nn.functional.relu", "torch.nn.Linear" and "torch.Tensor.clamp",
        each once, in the order of the code.

    >>> functions(Case(family="f", name="n", torch="F.relu(x).sum()", jax="", why=""))
    ('torch.nn.functional.relu',)
    """
    reader = _Reader(case)
    named = dict.fromkeys(reader.names())
    about = [name for name in named if name not in _SCAFFOLD]
    return tuple(about or named or dict.fromkeys(reader.operators()))


class _Reader:
    """Reads the names of one snippet, and keeps what its assignments stand for."""

    def __init__(self, case: Case) -> None:
        self._tree = ast.parse(case.torch)
        self._aliases = dict(_MODULES)
        plain = (name for name, value in case.inputs.items() if not isinstance(value, np.ndarray))
        self._others = {"np", "math", *plain}

    def names(self) -> Iterator[str]:
        """Full names in the order of the code."""
        return self._named(self._tree)

    def operators(self) -> Iterator[str]:
        """What operators, brackets and attributes of tensors stand for, as `torch.add` does."""
        for node in ast.walk(self._tree):
            for part in (node, getattr(node, "op", None), *getattr(node, "ops", ())):
                if name := _OPERATORS.get(type(part)):
                    yield name
            if isinstance(node, ast.Attribute) and node.attr in _ATTRIBUTES:
                yield f"torch.Tensor.{node.attr}"

    def _named(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Attribute | ast.Name) and (full := self._full(node)):
            if full not in _MODULES.values() and not _CONSTANT.fullmatch(full):
                yield full
            return
        if not self._bind(node):
            for child in ast.iter_child_nodes(node):
                yield from self._named(child)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            method = node.func.attr
            if self._is_tensor(node.func.value) and method not in _OTHERS:
                yield f"torch.Tensor.{method}"

    def _bind(self, node: ast.AST) -> bool:
        """Records what a name stands for from here on; returns whether that is a PyTorch name."""
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            self._others.add(node.name)
        if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)):
            return False
        name, full = node.targets[0].id, self._full(node.value)
        if full:
            self._aliases[name] = full
        elif not self._is_tensor(node.value):
            self._others.add(name)
        return bool(full)

    def _full(self, node: ast.AST) -> str:
        """The full name of `F.relu`; empty for anything outside PyTorch's modules."""
        if isinstance(node, ast.Name):
            return self._aliases.get(node.id, "")
        if isinstance(node, ast.Attribute) and (full := self._full(node.value)):
            return f"{full}.{node.attr}"
        return ""

    def _is_tensor(self, node: ast.expr) -> bool:
        """Whether the expression is a tensor, as far as the code shows."""
        match node:
            case ast.Name(id=name):
                return name not in self._others and not self._full(node)
            case ast.Attribute(value=ast.Name("np" | "math")):
                return False
            case ast.Attribute():
                return not self._full(node)
            case ast.Call(func=called):
                return self._returns_tensor(called)
        return isinstance(node, ast.BinOp | ast.UnaryOp | ast.Subscript | ast.Compare)

    def _returns_tensor(self, called: ast.expr) -> bool:
        if full := self._full(called):
            return not full.rpartition(".")[2][:1].isupper()
        match called:
            case ast.Name(id=name):
                return not hasattr(builtins, name)
            case ast.Attribute(value=ast.Name("np" | "math")):
                return False
            case ast.Attribute(attr=name):
                return name not in _PLAIN
        return True
