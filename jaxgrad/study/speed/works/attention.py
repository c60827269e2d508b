"""Attention, forward and with the derivative, small and causal over 4,096 positions; the layer."""

from .work import Work

_TORCH = """\
import torch
import torch.nn.functional as F
torch.manual_seed(0)
{sizes}

def normal(*shape):
    return torch.randn(shape, device=device)

arrays = {arrays}
for array in arrays:
    array.requires_grad_({backward})

{decorator}
def fn({names}):
    return {expression}

ones = torch.ones_like(fn(*arrays))

def work():
    value = fn(*arrays)
    return torch.autograd.grad(value, arrays, ones) if {backward} else value

work"""

_JAX = """\
import jax, jax.numpy as jnp
import jaxgrad.functional as F
keys = iter(jax.random.split(jax.random.key(0), 9))
{sizes}

def normal(*shape):
    return jax.random.normal(next(keys), shape)

arrays = {arrays}

def softmax_attention(q, k, v, is_causal=False):
    scores = jnp.einsum("...ld,...sd->...ls", q, k) / q.shape[-1] ** 0.5
    if is_causal:
        scores = jnp.where(jnp.tril(jnp.ones(scores.shape[-2:], bool)), scores, -jnp.inf)
    return jax.nn.softmax(scores) @ v

def layer(x, w, o):
    heads = lambda y: y.reshape(L, N, H, E // H).transpose(1, 2, 0, 3)
    y = softmax_attention(*map(heads, jnp.split(x @ w.T, 3, -1)))
    return y.transpose(2, 0, 1, 3).reshape(L, N, E) @ o.T

def fn({names}):
    return {expression}

@jax.jit
def run(*arrays):
    if not {backward}:
        return fn(*arrays)
    value, pull = jax.vjp(fn, *arrays)
    return pull(jnp.ones_like(value))

def work():
    return jax.block_until_ready(run(*arrays))

work"""

_LAYER = (
    "F.multi_head_attention_forward(x, x, x, E, H, w, None, None, None, False, 0.0, o, None, "
    "need_weights=False)[0]"
)
_NAMES = {
    "scaled_dot_product_attention": "q, k, v",
    "multi_head_attention_forward": "x, w, o",
}


def sides(
    function: str, sizes: str, arrays: str, plain: str, ours: str, backward: bool
) -> dict[str, str]:
    """The code of each side; `plain` is the expression of plain JAX, `ours` that of the others."""
    made = {"sizes": sizes, "arrays": arrays, "names": _NAMES[function], "backward": backward}
    return {
        "torch": _TORCH.format(decorator="", expression=ours, **made),
        "torch.compile": _TORCH.format(decorator="@torch.compile", expression=ours, **made),
        "jax": _JAX.format(expression=plain, **made),
        "jaxgrad": _JAX.format(expression=ours, **made),
    }


def _works(name: str, function: str, sizes: str, arrays: str, plain: str, ours: str) -> list[Work]:
    return [
        Work(
            family="attention",
            name=f"{name}, {'with the gradient' if backward else 'forward'}",
            times=f"functional.{function}",
            code=sides(function, sizes, arrays, plain, ours, backward),
        )
        for backward in (False, True)
    ]


def attention(shape: str, is_causal: bool) -> list[Work]:
    """Attention of arrays of a shape, forward and with the gradient."""
    options = ", is_causal=True" * is_causal
    return _works(
        f"attention {shape}{', causal' * is_causal}",
        "scaled_dot_product_attention",
        f"shape = {shape}",
        "[normal(*shape), normal(*shape), normal(*shape)]",
        f"softmax_attention(q, k, v{options})",
        f"F.scaled_dot_product_attention(q, k, v{options})",
    )


def layer(length: int, batch: int, embed: int, heads: int) -> list[Work]:
    """The layer with its projections, forward and with the gradient."""
    return _works(
        f"layer of attention ({length}, {batch}, {embed}), {heads} heads",
        "multi_head_attention_forward",
        f"L, N, E, H = {length}, {batch}, {embed}, {heads}",
        "[normal(L, N, E), normal(3 * E, E) / E**0.5, normal(E, E) / E**0.5]",
        "layer(x, w, o)",
        _LAYER,
    )


WORKS = (
    *attention("(4, 8, 512, 64)", False),
    *attention("(1, 16, 4096, 64)", True),
    *layer(128, 16, 512, 8),
)
