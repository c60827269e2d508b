"""The computation graph of a function: `grad_fn.next_functions`, as plain data and as pictures."""

from .nodes import Graph as Graph
from .nodes import Node as Node
from .tracing import trace as trace
