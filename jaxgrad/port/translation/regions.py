"""Regions without gradients, or with automatic casts -> their steps, where the region stands."""

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest import mock

from .controls import name_of
from .rewriting import rewritten

_GRADIENTS, _CASTS = "wrap_with_set_grad_enabled", "wrap_with_autocast"


@contextlib.contextmanager
def inference_as_no_grad(torch: Any) -> Iterator[None]:
    """`torch.inference_mode` as `torch.no_grad`, since the exporter forgets the former."""

    def region(mode: bool) -> Any:
        return torch.no_grad() if mode else contextlib.nullcontext()

    with mock.patch.object(torch._C, "_InferenceMode", region):
        yield


def without_regions(torch: Any, program: Any) -> Any:
    """An exported program whose steps stand in no region.

    The exporter makes a graph of its own of what is within `torch.no_grad` or `torch.autocast`.
    Results of the first are detached, as PyTorch's further passes forget that region. Casts of the
    second are written out by PyTorch, where it is on and for CPUs.
    """
    parts = [part for part in program.graph_module.modules() if hasattr(part, "graph")]
    for part in reversed(parts):  # the innermost first
        for node in list(part.graph.nodes):
            if name_of(node) in (_GRADIENTS, _CASTS) and not is_casting(node):
                _inline(torch, part, node)
        part.recompile()
    nodes = [node for part in parts for node in part.graph.nodes]
    return rewritten(torch, program, {}) if any(map(is_casting, nodes)) else program


def is_casting(node: Any) -> bool:
    """Whether a step is a region of automatic casts that does cast on a CPU."""
    return name_of(node) == _CASTS and node.args[0] == "cpu" and node.args[2]


def _inline(torch: Any, part: Any, node: Any) -> None:
    """Puts the steps of a region in its place."""
    count = 1 if name_of(node) == _GRADIENTS else 4
    region, operands = node.args[count], node.args[count + 1 :]
    within = getattr(part, region.target)
    inside = [one for one in within.graph.nodes if one.op == "placeholder"]
    now = dict(zip(inside, operands, strict=True))
    results: list[Any] = []
    with part.graph.inserting_before(node):
        for one in within.graph.nodes:
            if one.op == "output":
                results = [now[result] for result in one.args[0]]
            elif one.op != "placeholder":
                now[one] = part.graph.node_copy(one, now.__getitem__)
            if one.op == "get_attr":
                now[one].target = f"{region.target}_{one.target}"
                setattr(part, now[one].target, getattr(within, one.target))
        if name_of(node) == _GRADIENTS and not node.args[0]:
            results = [_detached(torch, part.graph, result) for result in results]
    for user in list(node.users):
        user.replace_all_uses_with(results[user.args[1]])
        part.graph.erase_node(user)
    part.graph.erase_node(node)


def _detached(torch: Any, graph: Any, value: Any) -> Any:
    """A result as a constant; sizes are."""
    if not isinstance(value.meta.get("val"), torch.Tensor):
        return value
    found = graph.call_function(torch.ops.aten.detach.default, (value,))
    found.meta = dict(value.meta)
    return found
