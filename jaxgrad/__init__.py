"""PyTorch's semantics as pure JAX functions.

The state is gone: `.grad` is a return value, a random generator is a key, an optimizer is a pair of
functions. Each function takes, returns and refuses what PyTorch's does. Where it differs, its
docstring says so under "Differs from PyTorch", and a row of the comparison study measures it.

    autograd     backward; gradients of intermediates, hooks, used inputs, gradcheck, first NaN
    graph        the computation graph as data, as text and as pictures
    tensor       torch.*, torch.linalg.* and torch.special.*: what differs from jax.numpy
    functional   torch.nn.functional: layers, activations and losses
    autocast     torch.autocast: functions in mixed precision
    random       samplers, key first
    init         initial weights, key first: torch.nn.init and the layers' defaults
    replay       the numbers that PyTorch draws from a seed
    state_dict   PyTorch's weight files as dicts of arrays, and back
    schedules    torch.optim.lr_scheduler: count -> learning rate
    optim        torch.optim as optax transformations
    data         tables of numbers larger than memory, in batches
    fit          loss + params + optimizer + data -> fitted params
    checkify     a function with its checks of values, under jit too
    port         comparison of a port with its original; not imported here
    study        the comparison study (`jaxgrad study`); not imported here
    cli          the command `jaxgrad`; not imported here

A module is imported when it is first named. `import jaxgrad` alone imports none, not even JAX, so
that the command answers at once.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import (
        autocast,
        autograd,
        data,
        fit,
        functional,
        graph,
        init,
        optim,
        random,
        replay,
        schedules,
        state_dict,
        tensor,
    )
    from ._checks import checkify
else:  # a type checker that saw this would let every misspelled name pass

    def __getattr__(name):
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if name == "checkify":
            return importlib.import_module(f"{__name__}._checks").checkify
        return importlib.import_module(f"{__name__}.{name}")


__version__ = "0.2.0"
__all__ = [
    "autocast",
    "autograd",
    "checkify",
    "data",
    "fit",
    "functional",
    "graph",
    "init",
    "optim",
    "random",
    "replay",
    "schedules",
    "state_dict",
    "tensor",
]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
