"""Pooling of images in float32, forward alone and with the gradient."""

from .functional import sides
from .work import Work, in_full

_TORCH = """\
import torch
import torch.nn.functional as F
torch.manual_seed(0)
x = torch.randn({shape}, device=device)
{decorator}
def fn(x):
    return {expression}

def work():
    with torch.no_grad():
        return fn(x)

work"""

_JAX = """\
import jax, jax.numpy as jnp
import jaxgrad.functional as F
x = jax.random.normal(jax.random.key(0), {shape})

@jax.jit
def fn(x):
    return {expression}

def work():
    return jax.block_until_ready(fn(x))

work"""


def _forward(shape: str, torch: str, jax: str) -> dict[str, str]:
    return {
        "torch": _TORCH.format(decorator="", shape=shape, expression=torch),
        "torch.compile": _TORCH.format(decorator="@torch.compile", shape=shape, expression=torch),
        "jax": _JAX.format(shape=shape, expression=jax),
        "jaxgrad": _JAX.format(shape=shape, expression=torch),
    }


def pooling(name: str, shape: str, torch: str, jax: str) -> tuple[Work, Work]:
    """Two works of an expression over x: forward, and forward with the gradient."""
    times = in_full(torch.split("(")[0])
    both = sides(f"normal{shape}", torch, jax, torch, "1")
    return (
        Work(
            family="pooling",
            name=f"{name}, forward",
            times=times,
            code=_forward(shape, torch, jax),
        ),
        Work(family="pooling", name=f"{name}, with its gradient", times=times, code=both),
    )


_MAXIMA = (
    "jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 3, 3), (1, 1, 2, 2),"
    " ((0, 0), (0, 0), (1, 1), (1, 1)))"
)
IMAGES, FEATURES = (8, 64, 112, 112), (8, 512, 14, 14)


def works(images: tuple[int, ...], features: tuple[int, ...]) -> tuple[Work, ...]:
    """The works on arrays of these shapes; heights and widths are even, and of features 14."""
    blocks = f"x.reshape(*x.shape[:2], {images[2] // 2}, 2, {images[3] // 2}, 2).mean((3, 5))"
    halves = "x.reshape(*x.shape[:2], 7, 2, 7, 2).mean((3, 5))"
    image, feature = ("x".join(map(str, shape)) for shape in (images, features))
    return (
        *pooling(
            f"max_pool2d 3x3, stride 2, {image}",
            str(images),
            "F.max_pool2d(x, 3, 2, 1)",
            _MAXIMA,
        ),
        *pooling(f"avg_pool2d 2x2, {image}", str(images), "F.avg_pool2d(x, 2)", blocks),
        *pooling(
            f"adaptive_avg_pool2d to 7, {feature}",
            str(features),
            "F.adaptive_avg_pool2d(x, 7)",
            halves,
        ),
        *pooling(
            f"adaptive_avg_pool2d to 1, {feature}",
            str(features),
            "F.adaptive_avg_pool2d(x, 1)",
            "x.mean((2, 3), keepdims=True)",
        ),
    )


WORKS = works(IMAGES, FEATURES)
