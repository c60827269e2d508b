"""A graph as data, as a tree, and in the languages of Mermaid and Graphviz."""

import html
import shutil
import subprocess
from dataclasses import dataclass

from jaxgrad import _checks, _jaxpr


@dataclass(frozen=True)
class Node:
    """An operation, or a leaf.

    Attributes:
        number: its place in `Graph.nodes`.
        operation: the JAX primitive, or the name of the function that was called; "leaf" for an
            argument.
        torch: PyTorch's name for its backward node, such as "MulBackward0"; "AccumulateGrad" for a
            leaf that requires a gradient; empty where there is none.
        name: of a leaf its place, such as "params['w']".
        results: shape and dtype of what it computes, such as "float32[2,3]".
        source: the line of code.
        requires_grad: whether a derivative goes through it to a leaf.
        operands: for each operand the node that computed it and which of its results it is.
    """

    number: int
    operation: str
    torch: str
    name: str
    results: tuple[str, ...]
    source: _jaxpr.Source
    requires_grad: bool
    operands: tuple[tuple[int, int], ...]

    @property
    def title(self) -> str:
        """What it is called: PyTorch's name, a leaf with its place, or else JAX's."""
        if self.operation == "leaf":
            return f"{self.torch or 'input'} {self.name}"
        return self.torch if self.torch and self.requires_grad else self.operation


@dataclass(frozen=True)
class Graph:
    """The computation graph of a function. `str` is a tree from the roots to the leaves.

    Attributes:
        nodes: operations and leaves, each after what it is computed from.
        roots: the numbers of the nodes that compute the outputs.
        leaves: the numbers of the nodes that are arguments.
    """

    nodes: tuple[Node, ...]
    roots: tuple[int, ...]
    leaves: tuple[int, ...]

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """From each node to each of its operands, as `next_functions` points."""
        return tuple((node.number, to) for node in self.nodes for to, _ in node.operands)

    @property
    def next_functions(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """The nodes that require a gradient, depth first from the roots: name and operands.

        Operands are numbered by their place in this list, as PyTorch's graph would be if its nodes
        were numbered in the order in which a walk along `next_functions` meets them.
        """
        order: dict[int, int] = {}
        pending = [n for n in reversed(self.roots) if self.nodes[n].requires_grad]
        while pending:
            number = pending.pop()
            if number not in order:
                order[number] = len(order)
                pending += reversed(self._after(number))
        return tuple(
            (
                self.nodes[n].torch or self.nodes[n].operation,
                tuple(order[m] for m in self._after(n)),
            )
            for n in order
        )

    def _after(self, number: int) -> list[int]:
        """The operands to walk on to; where a gradient is required, those that require one."""
        node = self.nodes[number]
        operands = [self.nodes[m] for m, _ in node.operands]
        return [o.number for o in operands if o.requires_grad or not node.requires_grad]

    def __str__(self) -> str:
        """A tree; a node that stands in it already is not taken apart again."""
        lines: list[str] = []
        shown: set[int] = set()
        pending = [(root, "", "", True) for root in reversed(dict.fromkeys(self.roots))]
        while pending:
            number, indent, branch, last = pending.pop()
            node = self.nodes[number]
            text = f"{indent}{branch}{node.title}  {', '.join(node.results)}"
            if node.source.file:
                text += f"  {_short(node.source)}"
            operands = self._after(number)
            if number in shown and operands:
                lines.append(f"{text}  (as above)")
                continue
            lines.append(text)
            shown.add(number)
            inner = indent + ("" if not branch else "   " if last else "│  ")
            for place in range(len(operands) - 1, -1, -1):
                end = place == len(operands) - 1
                pending.append((operands[place], inner, "└─ " if end else "├─ ", end))
        return "\n".join(lines)

    def mermaid(self) -> str:
        """A Mermaid flowchart, which GitHub draws in a block of that language."""
        lines = ["flowchart TD"]
        for node in self.nodes:
            text = "<br/>".join(html.escape(part, quote=False) for part in self._label(node))
            text = text.replace("&lt;", "#lt;").replace("&gt;", "#gt;").replace('"', "#quot;")
            left, right = ("([", "])") if node.operation == "leaf" else ("[", "]")
            lines.append(f'  n{node.number}{left}"{text}"{right}')
        for node in self.nodes:
            for to, _ in node.operands:
                solid = node.requires_grad and self.nodes[to].requires_grad
                lines.append(f"  n{node.number} {'-->' if solid else '-.->'} n{to}")
        return "\n".join(lines)

    def dot(self) -> str:
        """A graph in Graphviz's language; what requires no gradient is dashed."""
        lines = ["digraph {", '  node [shape=box, fontname="monospace"]']
        for node in self.nodes:
            text = "\\n".join(self._label(node)).replace('"', '\\"')
            shape = ", shape=ellipse" * (node.operation == "leaf")
            style = "" if node.requires_grad else ", style=dashed"
            lines.append(f'  n{node.number} [label="{text}"{shape}{style}]')
        for node in self.nodes:
            for to, _ in node.operands:
                solid = node.requires_grad and self.nodes[to].requires_grad
                lines.append(f"  n{node.number} -> n{to}{'' if solid else ' [style=dashed]'}")
        return "\n".join([*lines, "}"])

    def svg(self) -> str:
        """The picture that Graphviz draws, if its `dot` is installed; else a ValueError."""
        program = shutil.which("dot")
        if program is None:
            expected, remedy = "installed for a picture", "or draw Graph.mermaid()"
            raise ValueError(_checks.wrong("svg", "Graphviz's dot", expected, "nothing", remedy))
        drawn = subprocess.run(
            [program, "-Tsvg"], input=self.dot(), capture_output=True, text=True, check=True
        )
        return drawn.stdout

    def _repr_svg_(self) -> str | None:
        """The picture in a notebook, where Graphviz is installed."""
        return self.svg() if shutil.which("dot") else None

    def _label(self, node: Node) -> list[str]:
        where = [_short(node.source)] if node.source.file else []
        return [node.title, ", ".join(node.results), *where]


def _short(source: _jaxpr.Source) -> str:
    return f"{source.file.replace(chr(92), '/').rsplit('/', 1)[-1]}:{source.line}"
