"""Lookups of rows, their sums, padding and shuffles, forward and with the gradient."""

from .work import Work, in_full

_TORCH = """\
import torch
import torch.nn.functional as F
torch.manual_seed(0)
x = torch.randn({shape}, device=device, requires_grad={gradient})
i = torch.randint({high}, {indices}, device=device)
{decorator}
def fn(x, i):
    return {expression}

ones = torch.ones_like(fn(x, i))

def work():
    value = fn(x, i)
    return (value, torch.autograd.grad(value, x, ones)) if {gradient} else value

work"""

_JAX = """\
import jax, jax.numpy as jnp
import jaxgrad.functional as F
x = jax.random.normal(jax.random.key(0), {shape})
i = jax.random.randint(jax.random.key(1), {indices}, 0, {high})

def fn(x, i):
    return {expression}

@jax.jit
def both(x, i):
    if not {gradient}:
        return fn(x, i)
    value, pull = jax.vjp(lambda x: fn(x, i), x)
    return value, *pull(jnp.ones_like(value))

def work():
    return jax.block_until_ready(both(x, i))

work"""


def sides(
    shape: tuple[int, ...], indices: tuple[int, ...], ours: str, plain: str, gradient: bool
) -> dict[str, str]:
    """The same expression for PyTorch and jaxgrad over x and indices i, and one in plain JAX."""
    made = {"shape": shape, "high": shape[0], "indices": indices, "gradient": gradient}
    return {
        "torch": _TORCH.format(decorator="", expression=ours, **made),
        "torch.compile": _TORCH.format(decorator="@torch.compile", expression=ours, **made),
        "jax": _JAX.format(expression=plain, **made),
        "jaxgrad": _JAX.format(expression=ours, **made),
    }


_PADDED = 'jnp.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="reflect")'
_SHUFFLED = "x.reshape(8, 16, 2, 2, 56, 56).transpose(0, 1, 4, 2, 5, 3).reshape(8, 16, 112, 112)"
ROWS = (
    (
        "embedding of (64, 512) in 32000 x 512",
        (32000, 512),
        (64, 512),
        "F.embedding(i, x)",
        "jnp.take(x, i, axis=0)",
    ),
    (
        "embedding_bag of 4096 bags of 20 in 32000 x 512",
        (32000, 512),
        (4096, 20),
        "F.embedding_bag(i, x)",
        "jnp.take(x, i, axis=0).mean(1)",
    ),
    (
        "pad (reflect) of (8, 64, 112, 112)",
        (8, 64, 112, 112),
        (1,),
        'F.pad(x, (1, 1, 1, 1), mode="reflect")',
        _PADDED,
    ),
    (
        "pixel_shuffle by 2 of (8, 64, 56, 56)",
        (8, 64, 56, 56),
        (1,),
        "F.pixel_shuffle(x, 2)",
        _SHUFFLED,
    ),
)
"""Name, shape of x, shape of the indices, the expression of PyTorch and jaxgrad, and plain JAX."""

WORKS = tuple(
    Work(
        family="layers",
        name=f"{name}, {'forward and backward' if gradient else 'forward'}",
        times=in_full(ours.split("(")[0]),
        code=sides(shape, indices, ours, plain, gradient),
    )
    for name, shape, indices, ours, plain in ROWS
    for gradient in (False, True)
)
