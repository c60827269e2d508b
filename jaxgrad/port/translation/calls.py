"""The nodes of a graph -> the calls of modules that they came from, as a tree."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Call:
    """One call of a module.

    Attributes:
        path: the name of the module within the whole, such as "layer1.0"; "" of the whole.
        kind: the qualified name of its class.
        steps: nodes and further calls, in order.
    """

    path: str
    kind: str
    steps: list["Any | Call"] = field(default_factory=list)

    def nodes(self) -> Iterator[Any]:
        """All nodes, those of inner calls too."""
        for step in self.steps:
            if isinstance(step, Call):
                yield from step.nodes()
            else:
                yield step


def calls_in(call: Call) -> Iterator[Call]:
    """All calls within a call."""
    for step in call.steps:
        if isinstance(step, Call):
            yield step
            yield from calls_in(step)


def call_tree(nodes: Sequence[Any]) -> Call:
    """The call of the whole module.

    A node belongs to the innermost module in whose `forward` it was made. PyTorch keeps the
    modules around each node by a key of the call, so that two calls of one module are two calls.
    """
    root = Call("", "")
    opened: list[tuple[str, Call]] = []
    for node in nodes:
        stack = _stack(node)
        if stack is None:  # what the exporter put in belongs to where it stands
            (opened[-1][1] if opened else root).steps.append(node)
            continue
        shared = 0
        for (key, _), (other, _, _) in zip(opened, stack, strict=False):
            if key != other:
                break
            shared += 1
        del opened[shared:]
        for key, path, kind in stack[shared:]:
            call = Call(path, kind)
            (opened[-1][1] if opened else root).steps.append(call)
            opened.append((key, call))
        (opened[-1][1] if opened else root).steps.append(node)
    return root


def _stack(node: Any) -> list[tuple[str, str, str]] | None:
    """Key, path and class of each module around a node, the outermost within the whole first."""
    stack = node.meta.get("nn_module_stack")
    if not stack:
        return None
    found = []
    for key, (path, kind) in stack.items():
        kind = kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}"
        path = path.partition("@")[0]
        if path:
            found.append((str(key), path, kind))
    return found
