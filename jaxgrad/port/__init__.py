"""A port held against its original: values, gradients, state and trajectories.

    compare           the port of a function or a module: does it mean the same, and if not, where
    compare_training  the same for a training run, step by step
    assert_parity     `compare` for a test-suite
    torch_layout      how the weights of PyTorch's layers lie, and how to move them

PyTorch is imported when one of them is called, not before.
"""

from . import layouts as torch_layout
from .comparison import Report, assert_parity, compare
from .training import compare_training

__all__ = ["Report", "assert_parity", "compare", "compare_training", "torch_layout"]
