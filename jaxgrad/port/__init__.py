"""A user's own program: a module translated to JAX, and a port compared with its original.

    translate           a module as the source of pure functions in JAX
    compare             whether a port agrees with its original, and where and why it does not
    compare_training    the same for a training run, step by step
    assert_parity       `compare` for a test suite
    assert_as_recorded  a translation against what PyTorch gave, where there is no PyTorch
    torch_layout        the layouts of PyTorch's weights, and functions to convert them

PyTorch is imported only when one of them is called.
"""

from . import layouts as torch_layout
from .comparison import Report, assert_parity, compare
from .recorded import assert_as_recorded
from .training import compare_training
from .translation import Translation, Untranslatable, translate

__all__ = [
    "Report",
    "Translation",
    "Untranslatable",
    "assert_as_recorded",
    "assert_parity",
    "compare",
    "compare_training",
    "torch_layout",
    "translate",
]
