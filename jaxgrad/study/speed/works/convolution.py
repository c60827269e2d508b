"""Convolutions and a linear layer, forward alone, and with the gradients of input and weight."""

from .work import Work

_TORCH = """\
import torch
import torch.nn.functional as F
torch.manual_seed(0)
x, w = (torch.randn(shape, device=device, requires_grad=True) for shape in {shapes})
{decorator}
def fn(x, w):
    return {expression}

ones = torch.ones_like(fn(x, w))

def work():
    {body}

work"""

_FORWARD = "with torch.no_grad():\n        return fn(x, w)"
_BOTH = "value = fn(x, w)\n    return value, torch.autograd.grad(value, (x, w), ones)"

_JAX = """\
import jax, jax.numpy as jnp
import jaxgrad.functional as F
keys = jax.random.split(jax.random.key(0))
x, w = (jax.random.normal(key, shape) for key, shape in zip(keys, {shapes}))

def fn(x, w):
    return {expression}

@jax.jit
def both(x, w):
    value, pull = jax.vjp(fn, x, w)
    return value, pull(jnp.ones_like(value))

compiled = {compiled}

def work():
    return jax.block_until_ready(compiled(x, w))

work"""


def sides(shapes: str, torch: str, jax: str, backward: bool) -> dict[str, str]:
    """The code of each side at these shapes of x and w."""
    theirs = {"shapes": shapes, "expression": torch, "body": _BOTH if backward else _FORWARD}
    ours = {"shapes": shapes, "compiled": "both" if backward else "jax.jit(fn)"}
    return {
        "torch": _TORCH.format(decorator="", **theirs),
        "torch.compile": _TORCH.format(decorator="@torch.compile", **theirs),
        "jax": _JAX.format(expression=jax, **ours),
        "jaxgrad": _JAX.format(expression=torch, **ours),
    }


def _conv(strides: int, padding: int, groups: int = 1) -> str:
    ends = f"(({padding}, {padding}),) * 2"
    window = f"({strides}, {strides}), {ends}, feature_group_count={groups}"
    return f"jax.lax.conv_general_dilated(x, w, {window})"


_TRANSPOSED = """jax.lax.conv_transpose(
        x, w, (2, 2), ((2, 2), (2, 2)), dimension_numbers=("NCHW", "OIHW", "NCHW"),
        transpose_kernel=True)"""

_ROWS = (
    (
        "conv2d 3x3, (8, 64, 56, 56) to 64",
        "((8, 64, 56, 56), (64, 64, 3, 3))",
        "F.conv2d(x, w, padding=1)",
        _conv(1, 1),
    ),
    (
        "conv2d 7x7 stride 2, (4, 3, 224, 224) to 64",
        "((4, 3, 224, 224), (64, 3, 7, 7))",
        "F.conv2d(x, w, stride=2, padding=3)",
        _conv(2, 3),
    ),
    (
        "conv2d 1x1, (8, 256, 28, 28) to 256",
        "((8, 256, 28, 28), (256, 256, 1, 1))",
        "F.conv2d(x, w)",
        _conv(1, 0),
    ),
    (
        "conv2d 3x3 depthwise, (8, 128, 28, 28)",
        "((8, 128, 28, 28), (128, 1, 3, 3))",
        "F.conv2d(x, w, padding=1, groups=128)",
        _conv(1, 1, 128),
    ),
    (
        "conv2d 5x5, (64, 1, 28, 28) to 32",
        "((64, 1, 28, 28), (32, 1, 5, 5))",
        "F.conv2d(x, w)",
        _conv(1, 0),
    ),
    (
        "conv_transpose2d 4x4 stride 2, (8, 64, 28, 28) to 32",
        "((8, 64, 28, 28), (64, 32, 4, 4))",
        "F.conv_transpose2d(x, w, stride=2, padding=1)",
        _TRANSPOSED,
    ),
    (
        "linear, (64, 512) to 512",
        "((64, 512), (512, 512))",
        "F.linear(x, w)",
        "x @ w.T",
    ),
)


def _works() -> tuple[Work, ...]:
    """Two works a row: forward, and forward with backward."""
    return tuple(
        Work(
            family="convolutions and linear layers",
            name=name + (", and gradients" if backward else ""),
            times=torch.split("(")[0].replace("F.", "functional."),
            code=sides(shapes, torch, jax, backward),
        )
        for name, shapes, torch, jax in _ROWS
        for backward in (False, True)
    )


WORKS = _works()
