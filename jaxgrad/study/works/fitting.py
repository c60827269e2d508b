"""1,000 steps of a fit to 15 points."""

from .work import Work

_PEOPLE = """\
weights = [115, 117, 120, 123, 126, 129, 132, 135, 139, 142, 146, 150, 154, 159, 164]
heights = [58.0 + n for n in range(15)]
"""

WORKS = (
    Work(
        family="fit",
        name="a line to 15 points, 1,000 steps",
        code={
            "torch": _PEOPLE
            + """\
import torch
x, y = torch.tensor(weights, dtype=torch.float32), torch.tensor(heights)
x = (x - x.mean()) / x.std()

def work():
    w, b = torch.zeros((), requires_grad=True), torch.zeros((), requires_grad=True)
    optimizer = torch.optim.SGD([w, b], lr=0.1)
    for _ in range(1000):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(w * x + b, y).backward()
        optimizer.step()
    return w.item(), b.item()

work""",
            "jax": _PEOPLE
            + """\
import jax, jax.numpy as jnp
x, y = jnp.array(weights, jnp.float32), jnp.array(heights)
x = (x - x.mean()) / x.std()

def loss_fn(params):
    w, b = params
    return jnp.mean((w * x + b - y) ** 2)

@jax.jit
def descend(params):
    def step(params, _):
        loss, grads = jax.value_and_grad(loss_fn)(params)
        return jax.tree.map(lambda p, g: p - 0.1 * g, params, grads), loss
    return jax.lax.scan(step, params, length=1000)

params = jnp.zeros(()), jnp.zeros(())

def work():
    return jax.block_until_ready(descend(params))

work""",
            "jaxgrad": _PEOPLE
            + """\
import jax, jax.numpy as jnp, optax
from jaxgrad.fit import fit, linear
from jaxgrad.functional import mse_loss
x, y = jnp.array(weights, jnp.float32), jnp.array(heights)
x = (x - x.mean()) / x.std()
optimizer = optax.sgd(0.1)
params = {"weight": jnp.zeros(()), "bias": jnp.zeros(())}

def loss_fn(params, data):
    x, y = data
    return mse_loss(linear(params, x), y)

def work():
    return jax.block_until_ready(fit(loss_fn, params, optimizer, (x, y), steps=1000))

work""",
        },
    ),
)
