"""torch.optim.lr_scheduler as pure functions of the count.

Each function gives a schedule, `count -> learning rate`: an `optax.Schedule`, for `jaxgrad.optim`
and for optax, which jits, vmaps and needs no state. The rate at count k is the one that a PyTorch
loop uses for its optimizer step number k, counted from 0, with one `scheduler.step()` after each.

Counts are integers however large, so that "never" may be 10**10; where PyTorch takes floats, 1e10
and infinity are counts too.

`reduce_lr_on_plateau` looks at a metric, so it has a state: a link of an `optax.chain`.
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
