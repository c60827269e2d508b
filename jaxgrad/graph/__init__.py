"""The computation graph of a function: `grad_fn.next_functions`, as plain data and as pictures."""

from .nodes import Graph, Node
from .tracing import trace

__all__ = [
    "Graph",
    "Node",
    "trace",
]
