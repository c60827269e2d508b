"""Per-example gradients, and the Hessian times a direction, of a perceptron."""

from .work import Work

_SIZES = "sizes, rows = (16, 64, 64, 1), 256\n"

_TORCH = """\
import torch
torch.manual_seed(0)
pairs = list(zip(sizes[:-1], sizes[1:]))
params = [(torch.randn(n, m, device=device) / n**0.5, torch.zeros(m, device=device))
          for n, m in pairs]
direction = [(torch.randn(n, m, device=device), torch.randn(m, device=device)) for n, m in pairs]
x, y = torch.randn(rows, sizes[0], device=device), torch.randn(rows, 1, device=device)

def loss_fn(params, x, y):
    h = x
    for w, b in params[:-1]:
        h = torch.tanh(h @ w + b)
    w, b = params[-1]
    return torch.mean((h @ w + b - y) ** 2)
{body}
work"""

_JAX = """\
import jax, jax.numpy as jnp
from jaxgrad.autograd import backward, hvp
from jaxgrad.functional import mse_loss
keys = iter(jax.random.split(jax.random.key(0), 12))
pairs = list(zip(sizes[:-1], sizes[1:]))
params = [(jax.random.normal(next(keys), (n, m)) / n**0.5, jnp.zeros(m)) for n, m in pairs]
direction = [(jax.random.normal(next(keys), (n, m)), jax.random.normal(next(keys), (m,)))
             for n, m in pairs]
x, y = jax.random.normal(next(keys), (rows, sizes[0])), jax.random.normal(next(keys), (rows, 1))

def loss_fn(params, x, y):
    h = x
    for w, b in params[:-1]:
        h = jnp.tanh(h @ w + b)
    w, b = params[-1]
    return {loss}

compiled = jax.jit({fn})

def work():
    return jax.block_until_ready(compiled({arguments}))

work"""

_TORCH_EACH = """
{decorator}
def each(params, x, y):
    return torch.func.vmap(torch.func.grad(loss_fn), (None, 0, 0))(params, x, y)

def work():
    return each(params, x, y)
"""

_TORCH_HVP = """
{decorator}
def product(params, direction):
    gradient = torch.func.grad(lambda params: loss_fn(params, x, y))
    return torch.func.jvp(gradient, (params,), (direction,))

def work():
    return product(params, direction)
"""

_PLAIN_HVP = """lambda params, direction, x, y: jax.jvp(
    lambda params: jax.grad(loss_fn)(params, x, y), (params,), (direction,))"""
_EACH, _PRODUCT = "params, x, y", "params, direction, x, y"


def _work(name: str, times: str, torch: str, arguments: str, jax: str, jaxgrad: str) -> Work:
    def of_jax(fn: str, loss: str) -> str:
        return _SIZES + _JAX.format(fn=fn, loss=loss, arguments=arguments)

    def of_torch(decorator: str) -> str:
        return _SIZES + _TORCH.format(body=torch.format(decorator=decorator))

    return Work(
        family="derivatives",
        name=f"{name} of a perceptron of 5,313 parameters, 256 rows",
        times=times,
        code={
            "torch": of_torch(""),
            "torch.compile": of_torch("@torch.compile"),
            "jax": of_jax(jax, "jnp.mean((h @ w + b - y) ** 2)"),
            "jaxgrad": of_jax(jaxgrad, "mse_loss(h @ w + b, y)"),
        },
    )


WORKS = (
    _work(
        "per-example gradients",
        "autograd.backward",
        _TORCH_EACH,
        _EACH,
        "jax.vmap(jax.grad(loss_fn), (None, 0, 0))",
        "jax.vmap(lambda p, x, y: backward(loss_fn)(p, x, y)[1], (None, 0, 0))",
    ),
    _work(
        "the Hessian times a direction,",
        "autograd.hvp",
        _TORCH_HVP,
        _PRODUCT,
        _PLAIN_HVP,
        "lambda params, direction, x, y: hvp(loss_fn)(params, x, y, v=direction)",
    ),
)
