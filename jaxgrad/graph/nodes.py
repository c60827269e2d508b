"""The computation graph as data, as a tree of text, and in Mermaid's and Graphviz's languages."""

import html
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from jaxgrad import _checks, _jaxpr


@dataclass(frozen=True)
class Node:
    """An operation, or an argument of the function, which is a leaf.

    Attributes:
        number: the node's index in `Graph.nodes`.
        operation: the JAX primitive or the called function; "leaf" for an argument.
        torch: PyTorch's name for the backward node, such as "MulBackward0"; "AccumulateGrad" for a
            leaf that requires a gradient; "" for a node without one.
        name: the path of a leaf, such as "params['w']"; "" for an operation.
        results: dtype and shape of each result, such as "float32[2,3]".
        source: the line of code.
        requires_grad: whether a gradient flows through the node to a leaf.
        operands: for each operand the number of its node, and the index of the result there.
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
        """The name to show: PyTorch's if there is one, else JAX's; a leaf with its path."""
        if self.operation == "leaf":
            return f"{self.torch or 'input'} {self.name}"
        return self.torch if self.torch and self.requires_grad else self.operation


@dataclass(frozen=True)
class Graph:
    """The computation graph of a function. `str` is a tree from the roots to the leaves.

    Attributes:
        nodes: operations and leaves; every node comes after its operands.
        roots: the numbers of the nodes that compute the outputs.
        leaves: the numbers of the nodes of the arguments.
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
        """Name and operands of each node that requires a gradient, depth first from the roots.

        An operand is an index into this list. PyTorch's graph gives the same list if its nodes are
        numbered in the order in which a depth-first search along `next_functions` finds them.
        """
        order: dict[int, int] = {}
        pending = [n for n in reversed(self.roots) if self.nodes[n].requires_grad]
        while pending:
            number = pending.pop()
            if number not in order:
                order[number] = len(order)
                pending += reversed(self._operands(number))
        names = {n: self.nodes[n].torch or self.nodes[n].operation for n in order}
        return tuple((names[n], tuple(order[m] for m in self._operands(n))) for n in order)

    def _operands(self, number: int) -> list[int]:
        """The operands of a node; if it requires a gradient, only those that require one."""
        node = self.nodes[number]
        operands = [self.nodes[m] for m, _ in node.operands]
        return [o.number for o in operands if o.requires_grad or not node.requires_grad]

    def _edges(self) -> Iterator[tuple[int, int, bool]]:
        """Both ends of each edge, and whether a gradient flows along it."""
        for number, to in self.edges:
            yield number, to, self.nodes[number].requires_grad and self.nodes[to].requires_grad

    def __str__(self) -> str:
        """A tree; the operands of a node are shown only where it first appears."""
        lines: list[str] = []
        shown: set[int] = set()
        pending = [(root, "", "", True) for root in reversed(dict.fromkeys(self.roots))]
        while pending:
            number, indent, branch, last = pending.pop()
            node = self.nodes[number]
            text = indent + branch + "  ".join(self._label(node))
            operands = self._operands(number)
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
        """The graph as a Mermaid flowchart, which GitHub draws in a ```mermaid block."""
        lines = ["flowchart TD"]
        for node in self.nodes:
            text = "<br/>".join(html.escape(part, quote=False) for part in self._label(node))
            text = text.replace("&lt;", "#lt;").replace("&gt;", "#gt;").replace('"', "#quot;")
            left, right = ("([", "])") if node.operation == "leaf" else ("[", "]")
            lines.append(f'  n{node.number}{left}"{text}"{right}')
        lines += [f"  n{a} {'-->' if solid else '-.->'} n{b}" for a, b, solid in self._edges()]
        return "\n".join(lines)

    def dot(self) -> str:
        """The graph in Graphviz's language; nodes and edges without a gradient are dashed."""
        lines = ["digraph {", '  node [shape=box, fontname="monospace"]']
        for node in self.nodes:
            text = "\\n".join(self._label(node)).replace('"', '\\"')
            shape = ", shape=ellipse" * (node.operation == "leaf")
            style = "" if node.requires_grad else ", style=dashed"
            lines.append(f'  n{node.number} [label="{text}"{shape}{style}]')
        dashed = {True: "", False: " [style=dashed]"}
        lines += [f"  n{a} -> n{b}{dashed[solid]}" for a, b, solid in self._edges()]
        return "\n".join([*lines, "}"])

    def svg(self) -> str:
        """The picture that Graphviz draws; a ValueError if its program `dot` is not installed."""
        program = shutil.which("dot")
        if program is None:
            expected, remedy = "installed for a picture", "or draw Graph.mermaid()"
            raise ValueError(_checks.of("svg").wrong("Graphviz's dot", expected, "nothing", remedy))
        drawn = subprocess.run(
            [program, "-Tsvg"], input=self.dot(), capture_output=True, text=True, check=True
        )
        return drawn.stdout

    def _repr_svg_(self) -> str | None:
        """The picture in a notebook; None without Graphviz."""
        return self.svg() if shutil.which("dot") else None

    def _label(self, node: Node) -> list[str]:
        """The title, the results, and file and line of the code if they are known."""
        file = node.source.file.replace("\\", "/").rpartition("/")[2]
        return [node.title, ", ".join(node.results), *([f"{file}:{node.source.line}"] * bool(file))]
