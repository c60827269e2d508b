"""PyTorch's weight files as dicts of arrays, and back, without PyTorch.

    state = torch.load("model.pt")           state = state_dict.load("model.pt")
    safetensors.torch.load_file(path)        state_dict.load(path)
    torch.save(module.state_dict(), path)    state_dict.save(path, state)
    module.load_state_dict(state)            state = state_dict.check(state, expected)

Names, shapes and layouts stay PyTorch's: a network is a function of a state dict. `load` never runs
code from a file, and maps it into memory. `nest` and `flatten` convert between dotted names and
nested dicts, and `split` tells what is trained from what is not.
"""

from .entries import check, split
from .files import load, save
from .names import flatten, nest

__all__ = [
    "check",
    "flatten",
    "load",
    "nest",
    "save",
    "split",
]
