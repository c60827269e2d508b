"""What the inputs of a function are called."""

from collections.abc import Sequence
from typing import Any

from . import naming
from .bound import dtype_of, shape_of
from .calls import Call
from .exporting import Given
from .functions import Writer


def names(writer: Writer, call: Call, operands: Sequence[Any]) -> list[str]:
    """Names of a function's inputs: those of `forward` where shape and dtype tell which it is."""
    known = list(writer.graph.inner.get(call.path, ()))
    chosen: list[str] = []
    for node in operands:
        name = "x"
        if writer.is_array(node):
            name = naming.valid(writer.graph.arrays[node.name].rpartition(".")[2])
        elif found := [given for given in known if is_of(node, given)]:
            known.remove(found[0])
            name = "x" if found[0].name in _PLAIN else naming.valid(found[0].name)
        chosen.append(naming.fresh(name, chosen))
    return chosen


def is_of(node: Any, given: Given) -> bool:
    """Whether a node has the shape and dtype of what a module was given."""
    shapes = [tuple(map(str, shape)) for shape in (shape_of(node), given.shape)]
    return shapes[0] == shapes[1] and dtype_of(node) == given.dtype


_PLAIN = {"input", "inputs", "args", "hidden_states"}
"""Names of inputs that are x here."""
