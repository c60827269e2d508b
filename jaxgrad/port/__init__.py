"""Compares a port with its original: values, gradients, state and training runs.

    compare           whether a port agrees with its original, and where and why it does not
    compare_training  the same for a training run, step by step
    assert_parity     `compare` for a test suite
    torch_layout      the layouts of PyTorch's weights, and functions to convert them

PyTorch is imported only when one of them is called.
"""

from . import layouts as torch_layout
from .comparison import Report, assert_parity, compare
from .training import compare_training

__all__ = ["Report", "assert_parity", "compare", "compare_training", "torch_layout"]
