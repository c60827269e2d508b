"""`torch.autograd` as transformations of functions.

What `torch.autograd.functional` and `torch.func` have and JAX has already is JAX's:

| PyTorch | here |
|---|---|
| `jacobian(fn, x)` | `jax.jacrev(fn)(x)`; `strategy="forward-mode"`: `jax.jacfwd(fn)(x)` |
| `hessian(fn, x)` | `jax.hessian(fn)(x)` |
| `vjp(fn, x, v)` | `value, pull = jax.vjp(fn, x); pull(v)`, or `backward(fn)(x, cotangent=v)` |
| `jvp(fn, x, v)` | `jax.jvp(fn, (x,), (v,))` |
| `hvp(fn, x, v)`, `vhp(fn, x, v)` | `hvp(fn)(x, v=v)`, which JAX has as a recipe only |
| `strict=True` | `used_inputs(fn)(x)`, which names the input instead of raising |
| `create_graph=True` | not needed: what is returned can be differentiated |
| `torch.func.grad`, `vmap`, `linearize` | `jax.grad`, `jax.vmap`, `jax.linearize` |
"""

from .accumulation import accumulate
from .differences import central_difference
from .gradcheck import gradcheck, gradgradcheck
from .gradcheck_report import Difference, GradcheckReport
from .hooks import gradient_hook
from .intermediates import intermediate_grads
from .nonfinite import NonFinite, Operand, first_nonfinite
from .products import conjugate, hvp
from .reverse import backward
from .used import used_inputs

__all__ = [
    "Difference",
    "GradcheckReport",
    "NonFinite",
    "Operand",
    "accumulate",
    "backward",
    "central_difference",
    "conjugate",
    "first_nonfinite",
    "gradcheck",
    "gradgradcheck",
    "gradient_hook",
    "hvp",
    "intermediate_grads",
    "used_inputs",
]
