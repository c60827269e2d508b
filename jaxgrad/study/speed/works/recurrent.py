"""An LSTM and a GRU over 100 steps in float32, forward and with the gradient of their weights."""

from .work import Work

_TORCH = """\
import torch
torch.manual_seed(0)
L, N, I, H = {sizes}
layer = torch.nn.{module}(I, H).to(device)
arrays = list(layer.parameters())
x = torch.randn(L, N, I, device=device)
for array in arrays:
    array.requires_grad_({backward})

{decorator}
def fn(x):
    return layer(x)[0]

ones = torch.ones_like(fn(x))

def work():
    value = fn(x)
    return torch.autograd.grad(value, arrays, ones) if {backward} else value

work"""

PLAIN_LSTM = """\
def lstm(x, p):
    x = x @ p["weight_ih_l0"].T + p["bias_ih_l0"] + p["bias_hh_l0"]
    def step(state, x):
        h, c = state
        i, f, g, o = jnp.split(x + h @ p["weight_hh_l0"].T, 4, -1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h
    return jax.lax.scan(step, (jnp.zeros((N, H)), jnp.zeros((N, H))), x)[1]
"""
"""An LSTM as a porter writes it; N and H are the batch and the hidden size."""

_JAX = """\
import jax, jax.numpy as jnp
import jaxgrad.functional as F
from jaxgrad import init
L, N, I, H = {sizes}
keys = jax.random.split(jax.random.key(0))
params = init.{function}(keys[0], I, H)
x = jax.random.normal(keys[1], (L, N, I))

{plain_lstm}
def gru(x, p):
    x = x @ p["weight_ih_l0"].T + p["bias_ih_l0"]
    def step(h, x):
        xr, xz, xn = jnp.split(x, 3, -1)
        ar, az, an = jnp.split(h @ p["weight_hh_l0"].T + p["bias_hh_l0"], 3, -1)
        z = jax.nn.sigmoid(xz + az)
        h = (1 - z) * jnp.tanh(xn + jax.nn.sigmoid(xr + ar) * an) + z * h
        return h, h
    return jax.lax.scan(step, jnp.zeros((N, H)), x)[1]

def fn(x, p):
    return {expression}

@jax.jit
def run(x, p):
    if not {backward}:
        return fn(x, p)
    value, pull = jax.vjp(lambda p: fn(x, p), p)
    return pull(jnp.ones_like(value))

def work():
    return jax.block_until_ready(run(x, params))

work"""


def recurrent(function: str, sizes: tuple[int, int, int, int]) -> list[Work]:
    """A layer of such a length, batch, number of features and hidden size."""
    length, batch, features, hidden = sizes
    name = f"{function} ({length}, {batch}, {features}) to {hidden}"
    works = []
    for backward in (False, True):
        given = {"sizes": sizes, "backward": backward}
        torch = {"module": function.upper(), **given}
        jax = {"function": function, "plain_lstm": PLAIN_LSTM, **given}
        ours = f"F.{function}(x, None, p)[0]"
        code = {
            "torch": _TORCH.format(decorator="", **torch),
            "torch.compile": _TORCH.format(decorator="@torch.compile", **torch),
            "jax": _JAX.format(expression=f"{function}(x, p)", **jax),
            "jaxgrad": _JAX.format(expression=ours, **jax),
        }
        work = Work(
            family="recurrent",
            name=f"{name}, {'with the gradient' if backward else 'forward'}",
            times=f"functional.{function}",
            code=code,
        )
        works.append(work)
    return works


WORKS = (*recurrent("lstm", (100, 32, 128, 256)), *recurrent("gru", (100, 32, 128, 256)))
