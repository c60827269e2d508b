"""PyTorch's own rewriting of an exported program, which leaves norms and dropout whole."""

import functools
from collections.abc import Mapping
from typing import Any

_WHOLE = ("batch_norm", "instance_norm", "dropout", "alpha_dropout", "rrelu")
_WHOLE += ("feature_dropout", "feature_alpha_dropout")
_ROOM = "jaxgrad_whole"


def rewritten(torch: Any, program: Any, table: Mapping[Any, Any]) -> Any:
    """A program without writes in place, and with these operations written by others.

    PyTorch would take apart the norms that write running statistics, and dropout. Meanwhile other
    operations stand for them, of which it knows the shape alone.
    """
    stands = {getattr(torch.ops.aten, name).default: _stand_in(torch, name) for name in _WHOLE}
    _replace(program, stands)
    try:
        written = program.run_decompositions(table)
    finally:
        back = {stand: whole for whole, stand in stands.items()}
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
    """An operation with these arguments, which gives an array like the first."""
    schema = str(getattr(torch.ops.aten, name).default._schema)
    torch.library.define(f"{_ROOM}::{name}", schema[schema.index("(") :])
    torch.library.register_fake(f"{_ROOM}::{name}", lambda first, *others: torch.empty_like(first))
    return getattr(getattr(torch.ops, _ROOM), name).default
