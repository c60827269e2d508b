"""PyTorch's semantics as pure JAX functions.

The state is gone: `.grad` is a return value, a random generator is a key, an optimizer is a pair of
functions. What each function takes, returns and refuses is PyTorch's; every place where it is not
says so in its docstring under "Differs from PyTorch" and is a row of the comparison study.

    autograd     backward; gradients of intermediates, hooks, used inputs, gradcheck, first NaN
    graph        the computation graph as data, as text and as pictures
    functional   activations, losses, and what else differs in value or derivative
    random       samplers, key first
    init         initial weights, key first: torch.nn.init and the layers' defaults
    replay       the numbers that PyTorch draws from a seed
    schedules    torch.optim.lr_scheduler: count -> learning rate
    optim        torch.optim as optax transformations
    data         tables of numbers larger than memory, in batches
    fit          loss + params + optimizer + data -> fitted params
    checkify     a function that tells which value was wrong under jit
    study        the comparison study (`jaxgrad study`); not imported here
"""

from . import autograd as autograd
from . import data as data
from . import fit as fit
from . import functional as functional
from . import graph as graph
from . import init as init
from . import optim as optim
from . import random as random
from . import replay as replay
from . import schedules as schedules
from ._checks import checkify as checkify

__version__ = "0.1.0"
