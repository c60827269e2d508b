"""A module of PyTorch's -> the source of pure functions in JAX.

exporting    the graph that PyTorch exports
writes       what it changes in place, as values
composites   operations that the table lacks and PyTorch writes by others
calls        the tree of module calls that the graph came from
bound        a step with its arguments by name
elementwise, special, statistics, shapes, arrangement, indexing, linear_algebra, fourier,
layers, losses   the table of operations: for each the expression in JAX
promotion    dtypes of results where JAX's rules are not PyTorch's
unexported   what PyTorch does not export: for each the function in JAX
operations   the measured verdict on each name of PyTorch's operator database
steps        a step -> its expression
functions    a call of a module -> its statements, inputs and outputs
bodies       the statements of one function
naming, results   names of functions and variables
expressions  trees of expressions, and their text
source       the text of the file
proof        the translation compared with its module
"""

from .exporting import Untranslatable
from .translate import Translation, translate

__all__ = ["Translation", "Untranslatable", "translate"]
