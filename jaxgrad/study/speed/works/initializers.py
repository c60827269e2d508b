"""Initial weights of (4096, 1024), and an orthogonal matrix."""

from .work import Work

_TORCH = """\
import torch
import torch.nn.init as init
weight = torch.empty({shape}, device=device)

def work():
    return {call}

work"""

_JAX = """\
import jax, jax.numpy as jnp
from jax.nn import initializers
from jaxgrad import init
key = jax.random.key(0)
draw = jax.jit(lambda key: {call})

def work():
    return jax.block_until_ready(draw(key))

work"""


def _initializer(name: str, torch: str, jax: str, shape: str = "(4096, 1024)") -> Work:
    """PyTorch's arguments and JAX's initializer; jaxgrad's arguments are PyTorch's."""
    more = f", {torch}" if torch else ""
    return Work(
        family="initial weights",
        name=f"{name} {shape}",
        times=f"init.{name}",
        code={
            "torch": _TORCH.format(shape=shape, call=f"init.{name}_(weight{more})"),
            "jax": _JAX.format(call=f"{jax}(key, {shape})"),
            "jaxgrad": _JAX.format(call=f"init.{name}(key, {shape}{more})"),
        },
    )


_IN_OUT = "in_axis=1, out_axis=0"

WORKS = (
    _initializer("uniform", "", "jax.random.uniform"),
    _initializer("normal", "", "jax.random.normal"),
    _initializer("trunc_normal", "", "initializers.truncated_normal(1.0)"),
    _initializer("xavier_uniform", "", f"initializers.glorot_uniform({_IN_OUT})"),
    _initializer("kaiming_normal", "", f"initializers.he_normal({_IN_OUT})"),
    _initializer("orthogonal", "", "initializers.orthogonal()", "(512, 512)"),
)
