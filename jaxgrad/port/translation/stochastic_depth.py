"""Whole examples that are dropped: random ones that a module draws itself, as dropout of ones."""

from typing import Any

from .bound import name_of


def as_dropout(torch: Any, program: Any) -> Any:
    """An exported program in which numbers drawn by `bernoulli(p)`, over p, are dropout of ones.

    torchvision's stochastic depth and timm's drop path multiply a layer's result by them. As
    dropout they are 1 outside training, where these modules draw nothing.
    """
    for node in list(program.graph.nodes):
        drawn: Any = node.args[0] if name_of(node) in ("div", "div_") else None
        if name_of(drawn) not in ("bernoulli", "bernoulli_") or len(drawn.users) != 1:
            continue
        kept = drawn.args[1] if len(drawn.args) > 1 else None
        if not isinstance(kept, float) or node.args[1] != kept:
            continue
        with program.graph.inserting_before(node):
            ops = torch.ops.aten
            ones = program.graph.call_function(ops.ones_like.default, (drawn.args[0],))
            ones.meta = dict(drawn.meta)
            dropped = program.graph.call_function(
                ops.dropout.default, (ones, round(1 - kept, 12), True)
            )
            dropped.meta = dict(node.meta)
        node.replace_all_uses_with(dropped)
        program.graph.erase_node(node)
        program.graph.erase_node(drawn)
    return program
