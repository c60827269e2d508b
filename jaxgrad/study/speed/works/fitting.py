"""The training loops of the notebook: 30 steps over three points, 1,000 over fifteen."""

from .work import Work

_POINTS = "x_data, y_data, rate = [11.0, 22.0, 33.0], [21.0, 14.0, 64.0], 0.0005\n"
_PEOPLE = """\
weights = [115, 117, 120, 123, 126, 129, 132, 135, 139, 142, 146, 150, 154, 159, 164]
heights = [58.0 + n for n in range(15)]
"""

_LOOP_TORCH = """\
import torch
points = [(torch.tensor(x, device=device), torch.tensor(y, device=device))
          for x, y in zip(x_data, y_data)]
{decorator}
def loss_fn(w, x, y):
    return (x * w - y) * (x * w - y)

def work():
    w, gradients = torch.tensor([1.0], device=device, requires_grad=True), []
    for epoch in range(10):
        for x, y in points:
            loss_fn(w, x, y).backward()
            gradients.append(w.grad.clone())
            w.data = w.data - rate * w.grad
            w.grad.zero_()
    return torch.stack(gradients).tolist()

work"""

_LOOP_JAX = """\
import jax, jax.numpy as jnp
from jaxgrad.autograd import backward
points = jnp.tile(jnp.array(x_data), 10), jnp.tile(jnp.array(y_data), 10)

def loss_fn(w, x, y):
    return (x * w - y) * (x * w - y)

@jax.jit
def train(w, points):
    def step(w, point):
        loss, gradient = {gradient}(loss_fn)(w, *point)
        return w - rate * gradient, gradient
    return jax.lax.scan(step, w, points)

w = jnp.array({start})

def work():
    return jax.block_until_ready(train(w, points)[1])

work"""

_LINE_TORCH = """\
import torch
x = torch.tensor(weights, dtype=torch.float32, device=device)
y = torch.tensor(heights, device=device)
x = (x - x.mean()) / x.std(correction=0)
{decorator}
def loss_fn(w, b):
    return torch.nn.functional.mse_loss(w * x + b, y)

def work():
    w = torch.zeros((), device=device, requires_grad=True)
    b = torch.zeros((), device=device, requires_grad=True)
    optimizer = torch.optim.SGD([w, b], lr=0.1)
    for _ in range(1000):
        optimizer.zero_grad()
        loss_fn(w, b).backward()
        optimizer.step()
    return w.item(), b.item()

work"""

_LINE_JAX = """\
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

work"""

_LINE_JAXGRAD = """\
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

work"""

WORKS = (
    Work(
        family="fit",
        name="the loop over three points, 30 steps",
        times="autograd.backward",
        code={
            "torch": _POINTS + _LOOP_TORCH.format(decorator=""),
            "torch.compile": _POINTS + _LOOP_TORCH.format(decorator="@torch.compile"),
            "jax": _POINTS + _LOOP_JAX.format(gradient="jax.value_and_grad", start="1.0"),
            "jaxgrad": _POINTS + _LOOP_JAX.format(gradient="backward", start="[1.0]"),
        },
    ),
    Work(
        family="fit",
        name="a line to 15 points, 1,000 steps",
        times="fit.fit",
        code={
            "torch": _PEOPLE + _LINE_TORCH.format(decorator=""),
            "torch.compile": _PEOPLE + _LINE_TORCH.format(decorator="@torch.compile"),
            "jax": _PEOPLE + _LINE_JAX,
            "jaxgrad": _PEOPLE + _LINE_JAXGRAD,
        },
    ),
)
