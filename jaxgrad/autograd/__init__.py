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

from .accumulation import accumulate as accumulate
from .differences import central_difference as central_difference
from .gradcheck import gradcheck as gradcheck
from .gradcheck import gradgradcheck as gradgradcheck
from .gradcheck_report import Difference as Difference
from .gradcheck_report import GradcheckReport as GradcheckReport
from .hooks import gradient_hook as gradient_hook
from .intermediates import intermediate_grads as intermediate_grads
from .nonfinite import NonFinite as NonFinite
from .nonfinite import Operand as Operand
from .nonfinite import first_nonfinite as first_nonfinite
from .products import conjugate as conjugate
from .products import hvp as hvp
from .reverse import backward as backward
from .used import used_inputs as used_inputs
