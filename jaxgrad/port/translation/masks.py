"""Elements under a mask that are computed from such elements -> `where` of whole arrays."""

from typing import Any

from .stochastic_depth import name_of


def without_selections(torch: Any, program: Any) -> Any:
    """An exported program in which `x[mask] = f(y[mask])` is `where(mask, f(y), x)`.

    How many elements a mask selects depends on its values, and compiled JAX has no such arrays. It
    is not needed where f goes element by element.
    """
    for part in program.graph_module.modules():
        for node in list(getattr(part, "graph", torch.fx.Graph()).nodes):
            if name_of(node) in ("index_put", "index_put_") and is_by_mask(node):
                _whole(torch, part.graph, node)
    return program


def is_by_mask(node: Any) -> bool:
    """Whether a step writes under one mask what has as many rows as the mask selects."""
    first, *others = node.args[1]
    values, accumulated = node.args[2], node.args[3:]
    return (
        not others
        and not any(accumulated)
        and str(first.meta["val"].dtype) == "torch.bool"
        and depends_on_values(values)
    )


def depends_on_values(node: Any) -> bool:
    """Whether a shape has a size that depends on values."""
    shape = getattr(getattr(node, "meta", {}).get("val"), "shape", ())
    return any(str(size).startswith("u") for size in shape)


def _whole(torch: Any, graph: Any, node: Any) -> None:
    """Writes a step as `where`, if its values go element by element."""
    array, (mask,), values = node.args[:3]
    made: dict[Any, Any] = {}
    with graph.inserting_before(node):
        whole = _of_all(torch, graph, values, mask, made)
        if whole is None:
            return
        for _ in range(array.meta["val"].ndim - mask.meta["val"].ndim):
            mask = _call(graph, torch.ops.aten.unsqueeze.default, (mask, -1))
        chosen = _call(graph, torch.ops.aten.where.self, (mask, whole, array))
    chosen.meta |= {key: value for key, value in node.meta.items() if key != "val"}
    node.replace_all_uses_with(chosen)
    graph.erase_node(node)


def _of_all(torch: Any, graph: Any, node: Any, mask: Any, made: dict[Any, Any]) -> Any:
    """What a value under the mask is of all elements; None where that is not known."""
    if not depends_on_values(node):
        return node
    if name_of(node) == "index" and list(node.args[1]) == [mask]:
        return node.args[0]
    if torch.Tag.pointwise not in getattr(node.target, "tags", ()) or node.kwargs:
        return None
    if node not in made:
        args = [_of_all(torch, graph, arg, mask, made) for arg in node.args]
        lost = any(a is None and b is not None for a, b in zip(args, node.args, strict=True))
        made[node] = None if lost else _call(graph, node.target, tuple(args), node.meta)
    return made[node]


def _call(graph: Any, target: Any, args: tuple[Any, ...], meta: Any = ()) -> Any:
    """A step, with the array that stands for its result."""
    values = [getattr(arg, "meta", {}).get("val", arg) for arg in args]
    fake = next(value.fake_mode for value in values if hasattr(value, "fake_mode"))
    found = graph.call_function(target, args)
    with fake:
        found.meta = {**(dict(meta) or args[0].meta), "val": target(*values)}
    return found
