"""torch.autocast as functions: which operations run in a lower precision, and their casts.

autocast switches a mode on. Here the functions themselves are exchanged: `policy` gives one
function its casts, and `functional` all of `jaxgrad.functional`. The parameters stay float32, and
so do their gradients. `jaxgrad.optim.grad_scaler` scales the loss.
"""

from .policies import functional, operations, policy

__all__ = ["functional", "operations", "policy"]
