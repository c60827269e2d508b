"""Where the public functions of arrays live, here and in PyTorch."""

import importlib
import inspect

ROOMS = {
    "functional": ("torch.nn.functional", "torch", "torch.special", "torch.linalg"),
    "tensor": ("torch", "torch.special", "torch.linalg"),
}
"""The rooms of functions of arrays, and where PyTorch has these."""


def rooms():
    """The rooms of `ROOMS`, by their names."""
    return {name: importlib.import_module(f"jaxgrad.{name}") for name in ROOMS}


def public(module):
    """The names of a module's public functions."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and inspect.isfunction(value)
    }


def room_of(name):
    """The name of the room that a function lives in, and the function."""
    for room, module in rooms().items():
        if name in public(module):
            return room, getattr(module, name)
    raise AttributeError(f"no room has {name}")


def pytorchs(name):
    """PyTorch's function of that name."""
    for module in ROOMS[room_of(name)[0]]:
        found = getattr(importlib.import_module(module), name, None)
        if found is not None:
            return found
    raise AttributeError(f"PyTorch has no {name}")
