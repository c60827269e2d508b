"""torch.optim.lr_scheduler as pure functions of the count.

Each function returns a schedule, `count -> learning rate`: an `optax.Schedule` for `jaxgrad.optim`
and for optax, which works under jit and vmap and needs no state. The rate at count k is the rate of
optimizer step number k, from 0, in a PyTorch loop with one `scheduler.step()` after each step.

Counts are integers of any size, so that 10**10 may stand for "never". Where PyTorch accepts floats,
1e10 and infinity are counts too.

`reduce_lr_on_plateau` depends on a metric, so it has a state: it is a transformation of an
`optax.chain`.
"""

from .compositions import chained_scheduler, sequential_lr
from .cosine import cosine_annealing_lr, cosine_annealing_warm_restarts
from .cycles import cyclic_lr, cyclic_momentum, one_cycle_lr, one_cycle_momentum
from .factors import (
    constant_lr,
    exponential_lr,
    lambda_lr,
    linear_lr,
    multi_step_lr,
    multiplicative_lr,
    polynomial_lr,
    step_lr,
)
from .plateau import reduce_lr_on_plateau

__all__ = [
    "chained_scheduler",
    "constant_lr",
    "cosine_annealing_lr",
    "cosine_annealing_warm_restarts",
    "cyclic_lr",
    "cyclic_momentum",
    "exponential_lr",
    "lambda_lr",
    "linear_lr",
    "multi_step_lr",
    "multiplicative_lr",
    "one_cycle_lr",
    "one_cycle_momentum",
    "polynomial_lr",
    "reduce_lr_on_plateau",
    "sequential_lr",
    "step_lr",
]
