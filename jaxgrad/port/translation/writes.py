"""What a module writes in place, as values: each later use takes the new one."""

from collections.abc import Collection, Mapping
from typing import Any

from .rewriting import rewritten


def without_writes(torch: Any, program: Any) -> Any:
    """An exported program in which no step changes an array that another step sees.

    Most writes, such as `x += y` and `relu(x, inplace=True)`, are to an array that nobody uses
    under another name afterwards; their result takes its place. PyTorch rewrites the others. The
    graphs of branches and loops are treated likewise.
    """
    graphs = [part.graph for part in program.graph_module.modules() if hasattr(part, "graph")]
    orders = [{node: i for i, node in enumerate(graph.nodes)} for graph in graphs]
    writing = [(node, order) for order in orders for node in order if writes(node)]
    given = any(node.kwargs.get("out") is not None for order in orders for node in order)
    kept = _kept(program.graph_signature)
    if given or any(seen_by_others(node, order, kept) for node, order in writing):
        return rewritten(torch, program, {})
    for node, order in writing:
        node.args[0].replace_all_uses_with(
            node, delete_user_cb=lambda user, order=order, node=node: order[user] > order[node]
        )
    return program


def writes(node: Any) -> bool:
    """Whether a step changes its first argument, and returns it."""
    schema = getattr(node.target, "_schema", None)
    return schema is not None and schema.is_mutable and schema.name.endswith("_")


def _kept(signature: Any) -> set[str]:
    """The nodes of the arrays that are there after a call, by their names."""
    return {
        *signature.inputs_to_parameters,
        *signature.inputs_to_buffers,
        *signature.inputs_to_lifted_tensor_constants,
    }


def seen_by_others(node: Any, order: Mapping[Any, int], kept: Collection[str]) -> bool:
    """Whether a later step, or call, uses the array that is written under another name: a view."""
    first = node.args[0]
    while is_view(first):
        first = first.all_input_nodes[0]
    if first is not node.args[0] and first.op == "placeholder" and first.name in kept:
        return True
    return any(
        order[user] > order[node] for name in views(first) - {node.args[0]} for user in name.users
    )


def views(node: Any) -> set[Any]:
    """A node and all views of it."""
    found = {node}
    for user in node.users:
        if is_view(user) and user.all_input_nodes[0] is node:
            found |= views(user)
    return found


def is_view(node: Any) -> bool:
    """Whether a step gives a view of its argument."""
    schema = getattr(node.target, "_schema", None)
    aliases = [] if schema is None else [value.alias_info for value in schema.returns]
    return any(alias is not None and not alias.is_write for alias in aliases)
