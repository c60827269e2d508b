"""Linear fits to data that fill memory's bandwidth: all rows a step, and a batch a step."""

from .work import Work

_DATA = "rows, columns, steps, batch = {rows}, 16, {steps}, {batch}\n"

_TORCH_DATA = """\
import torch
torch.manual_seed(0)
x = torch.randn(rows, columns, device=device)
y = x @ torch.arange(columns, dtype=torch.float32, device=device) + 1
{decorator}
def loss_fn(w, b, x, y):
    return torch.nn.functional.mse_loss(torch.nn.functional.linear(x, w, b).squeeze(1), y)

def start():
    w = torch.zeros(1, columns, device=device, requires_grad=True)
    return w, torch.zeros(1, device=device, requires_grad=True)
"""

_JAX_DATA = """\
import jax, jax.numpy as jnp, optax
data_key, key = jax.random.split(jax.random.key(0))
x = jax.random.normal(data_key, (rows, columns))
y = jax.block_until_ready(x @ jnp.arange(columns, dtype=jnp.float32) + 1)
"""

_FULL_TORCH = """
def work():
    w, b = start()
    optimizer = torch.optim.SGD([w, b], lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        loss_fn(w, b, x, y).backward()
        optimizer.step()
    return w.tolist(), b.item()

work"""

_FULL_JAX = """
def loss_fn(params, x, y):
    w, b = params
    return jnp.mean((x @ w + b - y) ** 2)

@jax.jit
def descend(params, x, y):
    def step(params, _):
        loss, grads = jax.value_and_grad(loss_fn)(params, x, y)
        return jax.tree.map(lambda p, g: p - 0.1 * g, params, grads), loss
    return jax.lax.scan(step, params, length=steps)

params = jnp.zeros(columns), jnp.zeros(())

def work():
    return jax.block_until_ready(descend(params, x, y))

work"""

_FULL_JAXGRAD = """
from jaxgrad.fit import fit, linear
from jaxgrad.functional import mse_loss
optimizer = optax.sgd(0.1)
params = {"weight": jnp.zeros(columns), "bias": jnp.zeros(())}

def loss_fn(params, data):
    x, y = data
    return mse_loss(linear(params, x), y)

def work():
    return jax.block_until_ready(fit(loss_fn, params, optimizer, (x, y), steps=steps))

work"""

_FULL_MOMENTS = """
from jaxgrad.fit import fit
from jaxgrad.fit import linear_moments, linear_mse
optimizer = optax.sgd(0.1)
params = {"weight": jnp.zeros(columns), "bias": jnp.zeros(())}

def work():
    data = linear_moments(x, y)
    return jax.block_until_ready(fit(linear_mse, params, optimizer, data, steps=steps))

work"""

_MINI_TORCH = """
def work():
    w, b = start()
    optimizer = torch.optim.Adam([w, b], lr=0.01)
    for indices in torch.randperm(rows, device=device).split(batch):
        optimizer.zero_grad()
        loss_fn(w, b, x[indices], y[indices]).backward()
        optimizer.step()
    return w.tolist(), b.item()

work"""

_MINI_JAX = """
optimizer = optax.adam(0.01)

def loss_fn(params, x, y):
    return jnp.mean(((x @ params['weight'].T + params['bias'])[:, 0] - y) ** 2)

@jax.jit
def train(key, params, x, y):
    def step(carry, indices):
        params, state = carry
        grads = jax.grad(loss_fn)(params, x[indices], y[indices])
        updates, state = optimizer.update(grads, state, params)
        return (optax.apply_updates(params, updates), state), None
    order = jax.random.permutation(key, rows).reshape(-1, batch)
    return jax.lax.scan(step, (params, optimizer.init(params)), order)[0]

params = {"weight": jnp.zeros((1, columns)), "bias": jnp.zeros(1)}

def work():
    return jax.block_until_ready(train(key, params, x, y))

work"""

_MINI_JAXGRAD = """
from jaxgrad import optim
from jaxgrad.fit import fit_epochs, linear
from jaxgrad.functional import mse_loss
optimizer = optim.adam(0.01)

def loss_fn(params, data):
    x, y = data
    return mse_loss(linear(params, x)[:, 0], y)

params = {"weight": jnp.zeros((1, columns)), "bias": jnp.zeros(1)}

def work():
    fitted = fit_epochs(
        loss_fn, params, optimizer, (x, y), epochs=1, batch_size=batch, key=key
    )
    return jax.block_until_ready((fitted.params, fitted.opt_state))

work"""


def full_batch(rows: int, steps: int) -> dict[str, str]:
    """The code of a fit of 16 columns, all rows in every step."""
    data = _DATA.format(rows=rows, steps=steps, batch=0)
    return {
        "torch": data + _TORCH_DATA.format(decorator="") + _FULL_TORCH,
        "torch.compile": data + _TORCH_DATA.format(decorator="@torch.compile") + _FULL_TORCH,
        "jax": data + _JAX_DATA + _FULL_JAX,
        "jaxgrad": data + _JAX_DATA + _FULL_JAXGRAD,
    }


def through_moments(rows: int, steps: int) -> dict[str, str]:
    """The same fit through the moments of the data, which are taken in every call."""
    data = _DATA.format(rows=rows, steps=steps, batch=0)
    return {"jaxgrad, moments": data + _JAX_DATA + _FULL_MOMENTS}


def minibatch(rows: int, batch: int) -> dict[str, str]:
    """The code of an epoch of Adam over shuffled rows."""
    data = _DATA.format(rows=rows, steps=0, batch=batch)
    return {
        "torch": data + _TORCH_DATA.format(decorator="") + _MINI_TORCH,
        "torch.compile": data + _TORCH_DATA.format(decorator="@torch.compile") + _MINI_TORCH,
        "jax": data + _JAX_DATA + _MINI_JAX,
        "jaxgrad": data + _JAX_DATA + _MINI_JAXGRAD,
    }


WORKS = (
    Work(
        family="fit",
        name="all of 4M rows of 16 columns a step, 10 steps",
        times="fit.fit, fit.linear_mse",
        code=full_batch(4_000_000, 10) | through_moments(4_000_000, 10),
        reads=10 * 4_000_000 * 16 * 4,
    ),
    Work(
        family="fit",
        name="an epoch of Adam, 65,536 rows of 16 columns, batches of 256",
        times="fit.fit_epochs",
        code=minibatch(65_536, 256),
    ),
)
