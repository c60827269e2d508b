"""torch.optim, step for step, as optax transformations.

Each optimizer is a function of hyperparameters, with PyTorch's names, defaults and refusals. It
returns an `optax.GradientTransformation`: chain it, mask it, inject its hyperparameters, checkpoint
its state, or initialise it from shapes. Its update ignores the arguments of other transformations.

The state is kept leaf by leaf, as in PyTorch. A leaf whose gradient is None does not change, not
even by decay or momentum, and each leaf counts its own steps. bfloat16 and float16 are rounded
where PyTorch rounds them. The gradient of a complex leaf is PyTorch's, the conjugate of that of
`jax.grad`. Updates have the dtype of the parameters; a gradient of another float dtype is cast.

    optimizer = adamw(lr=3e-4)
    state = optimizer.init(params)
    updates, state = optimizer.update(grads, state, params)
    params = optax.apply_updates(params, updates)

For parameter groups use `optax.multi_transform`; for `optimizer.step(closure)` use `lbfgs`, whose
update takes `value_fn`; for changing learning rates use `jaxgrad.schedules`; for a scaled loss in
mixed precision `grad_scaler`, around the optimizer.
"""

from .adafactor import adafactor
from .adam import adam, adamw, sparse_adam
from .adam_variants import adamax, nadam, radam
from .adaptive import adadelta, adagrad, rmsprop
from .asgd import asgd
from .averaging import averaged_model
from .gradients import clip_grad_norm, clip_grad_value
from .lbfgs import lbfgs
from .momentum import sgd
from .muon import muon
from .rprop import rprop
from .scaling import grad_scaler
from .torch_state import from_torch_state, to_torch_state

__all__ = [
    "adadelta",
    "adafactor",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "asgd",
    "averaged_model",
    "clip_grad_norm",
    "clip_grad_value",
    "from_torch_state",
    "grad_scaler",
    "lbfgs",
    "muon",
    "nadam",
    "radam",
    "rmsprop",
    "rprop",
    "sgd",
    "sparse_adam",
    "to_torch_state",
]
