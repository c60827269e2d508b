"""PyTorch's own rewriting of an exported program, which leaves norms whole."""

import functools
from collections.abc import Mapping
from typing import Any

_NORMS = ("batch_norm", "instance_norm")
_ROOM = "jaxgrad_norms"


def rewritten(torch: Any, program: Any, table: Mapping[Any, Any]) -> Any:
    """A program without writes in place, and with these operations written by others.

    PyTorch would take apart the norms that write running statistics. Meanwhile other operations
    stand for them, of which it knows the shape alone.
    """
    stands = {getattr(torch.ops.aten, name).default: _stand_in(torch, name) for name in _NORMS}
    _replace(program, stands)
    try:
        written = program.run_decompositions(table)
    finally:
        back = {stand: norm for norm, stand in stands.items()}
        _replace(program, back)
    _replace(written, back)
    return written


def _replace(program: Any, targets: Mapping[Any, Any]) -> None:
    """Lets steps call other operations of the same arguments."""
    for part in program.graph_module.modules():
        if hasattr(part, "graph"):
            for node in part.graph.nodes:
                if node.op == "call_function":
                    node.target = targets.get(node.target, node.target)
            part.recompile()


@functools.cache
def _stand_in(torch: Any, name: str) -> Any:
    """An operation with the arguments of a norm, which gives an array like its input."""
    schema = str(getattr(torch.ops.aten, name).default._schema)
    torch.library.define(f"{_ROOM}::{name}", schema[schema.index("(") :])
    torch.library.register_fake(f"{_ROOM}::{name}", lambda input, *others: torch.empty_like(input))
    return getattr(getattr(torch.ops, _ROOM), name).default
