"""Elements under a mask that are computed from such elements -> `where` of whole arrays."""

import re
from typing import Any

from .bound import name_of


def without_selections(torch: Any, program: Any) -> Any:
    """An exported program in which `x[mask] = f(y[mask])` is `where(mask, f(y), x)`; likewise `+=`.

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
    values = node.args[2]
    return not others and str(first.meta["val"].dtype) == "torch.bool" and depends_on_values(values)


def depends_on_values(node: Any) -> bool:
    """Whether a shape has a size that depends on values."""
    shape = getattr(getattr(node, "meta", {}).get("val"), "shape", ())
    return any(re.search(r"\bu\d", str(size)) for size in shape)


def _whole(torch: Any, graph: Any, node: Any) -> None:
    """Writes a step as `where`, if its values go element by element."""
    aten, array, (mask,), values = torch.ops.aten, *node.args[:3]
    with graph.inserting_before(node):
        broad = mask
        for _ in range(array.meta["val"].ndim - mask.meta["val"].ndim):
            broad = _call(graph, aten.unsqueeze.default, (broad, -1))
        if is_selection(torch, values, mask):
            whole = values.args[0]
        else:
            others = _call(graph, aten.bitwise_not.default, (broad,))
            whole = _of_all(torch, graph, values, mask, {None: others})
        if whole is None:
            return
        if any(node.args[3:]):  # accumulate
            whole = _call(graph, aten.add.Tensor, (array, whole))
        chosen = _call(graph, aten.where.self, (broad, whole, array))
    chosen.meta |= {key: value for key, value in node.meta.items() if key != "val"}
    node.replace_all_uses_with(chosen)
    graph.erase_node(node)


def is_selection(torch: Any, node: Any, mask: Any) -> bool:
    """Whether a step selects by this mask."""
    return name_of(node) == "index" and is_equal(torch, list(node.args[1]), [mask])


def is_equal(torch: Any, one: Any, other: Any) -> bool:
    """Whether two arguments are of the same steps, none of which draws numbers."""
    nodes = [value for value in (one, other) if isinstance(value, torch.fx.Node)]
    if len(nodes) < 2:
        pairs = zip(one, other, strict=False) if _are_lists(one, other) else None
        return one == other if pairs is None else all(is_equal(torch, *pair) for pair in pairs)
    drawn = torch.Tag.nondeterministic_seeded in getattr(nodes[0].target, "tags", ())
    same = len({(node.op, node.target) for node in nodes}) == 1 and not drawn
    alike = same and nodes[0].op == "call_function" and nodes[0].kwargs == nodes[1].kwargs
    return nodes[0] is nodes[1] or (alike and is_equal(torch, nodes[0].args, nodes[1].args))


def _are_lists(one: Any, other: Any) -> bool:
    """Whether both are lists or tuples of one length."""
    lists = isinstance(one, list | tuple) and isinstance(other, list | tuple)
    return lists and len(one) == len(other)


def _of_all(torch: Any, graph: Any, node: Any, mask: Any, made: dict[Any, Any]) -> Any:
    """What a value under the mask is of all elements; None where that is not known.

    Elements beyond the mask are a number first at which hardly any function has an infinite slope,
    since 0 times that is NaN.
    """
    if not depends_on_values(node):
        return node
    if node not in made and is_selection(torch, node, mask):
        array = node.args[0]
        harmless = 0.5 if array.meta["val"].is_floating_point() else 1
        fill = torch.ops.aten.masked_fill.Scalar
        made[node] = _call(graph, fill, (array, made[None], harmless))
    elif node not in made:
        args = [_of_all(torch, graph, arg, mask, made) for arg in node.args]
        lost = any(a is None and b is not None for a, b in zip(args, node.args, strict=True))
        pointwise = torch.Tag.pointwise in getattr(node.target, "tags", ()) and not node.kwargs
        known = pointwise and not lost
        made[node] = _call(graph, node.target, tuple(args), node.meta) if known else None
    return made[node]


def _call(graph: Any, target: Any, args: tuple[Any, ...], meta: Any = ()) -> Any:
    """A step, with the array that stands for its result."""
    values = [getattr(arg, "meta", {}).get("val", arg) for arg in args]
    fake = next(value.fake_mode for value in values if hasattr(value, "fake_mode"))
    found = graph.call_function(target, args)
    with fake:
        found.meta = {**(dict(meta) or args[0].meta), "val": target(*values)}
    return found
