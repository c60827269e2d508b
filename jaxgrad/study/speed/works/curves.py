"""A few works at any size, for the picture of the cost against the size."""

from . import batches, functional, samplers
from .work import Work

_SUM_TORCH = """\
import torch
x = torch.ones({size}, device=device)

def work():
    return torch.sum(x)

work"""

_SUM_JAX = """\
import jax, jax.numpy as jnp
x = jnp.ones({size})
fn = jax.jit(jnp.sum)

def work():
    return jax.block_until_ready(fn(x))

work"""


def at(size: int) -> tuple[Work, ...]:
    """The works of a size: how many float32 there are of each input."""
    sides = {
        "torch": _SUM_TORCH.format(size=size),
        "jax": _SUM_JAX.format(size=size),
    }
    rows = max(1, size // 16)
    return (
        _curve("sum", "", sides, size),
        _curve("mse_loss and its gradient", "functional.mse_loss", functional.mse(size), size),
        _curve("normal sampling", "random.randn", samplers.normal(size), size),
        _curve("a step of a linear fit", "fit.fit", batches.full_batch(rows, 1), size),
    )


def _curve(family: str, times: str, code: dict[str, str], size: int) -> Work:
    return Work(family=family, name=f"{size:,} elements", times=times, code=code, elements=size)
