"""The norms of a network, forward alone and with the gradients of the input and the parameters."""

from .work import Work, in_full

_TORCH = """\
import torch
import torch.nn.functional as F
torch.manual_seed(0)
SHAPE, WIDTH = {shape}, {width}
x = torch.randn(SHAPE, device=device).requires_grad_()
w = torch.ones(WIDTH, device=device).requires_grad_()
b = torch.zeros(WIDTH, device=device).requires_grad_()
mean, var = torch.zeros(WIDTH, device=device), torch.ones(WIDTH, device=device)
{decorator}
def fn(x, w, b):
    return {expression}

"""

_TORCH_FORWARD = """\
def work():
    with torch.no_grad():
        return fn(x, w, b)

work"""

_TORCH_BOTH = """\
cotangent = torch.randn(SHAPE, device=device)

def work():
    value = fn(x, w, b)
    return value, *torch.autograd.grad(value, (x, w, b), cotangent, allow_unused=True)

work"""

_JAX = """\
import jax, jax.numpy as jnp
import jaxgrad.functional as F
SHAPE, WIDTH = {shape}, {width}
x, cotangent = jax.random.normal(jax.random.key(0), (2, *SHAPE))
w, b, mean, var = jnp.ones(WIDTH), jnp.zeros(WIDTH), jnp.zeros(WIDTH), jnp.ones(WIDTH)

def standard(x, axes):
    left = x - x.mean(axes, keepdims=True)
    return left * jax.lax.rsqrt((left * left).mean(axes, keepdims=True) + 1e-5)

def channels(w):
    return w.reshape(1, WIDTH, 1, 1)

def fn(x, w, b):
    return {expression}

def kept(x):
    return {kept}

"""

_JAX_FORWARD = """\
@jax.jit
def forward(x, w, b):
    return fn(x, w, b), kept(x)

def work():
    return jax.block_until_ready(forward(x, w, b))

work"""

_JAX_BOTH = """\
@jax.jit
def both(x, w, b):
    value, pull = jax.vjp(fn, x, w, b)
    return value, kept(x), *pull(cotangent)

def work():
    return jax.block_until_ready(both(x, w, b))

work"""


def _works(
    name: str,
    shape: tuple[int, ...],
    width: int,
    torch: str,
    jax: str,
    ours: str,
    kept: tuple[str, ...] = (),
) -> tuple[Work, Work]:
    """The work of a norm, forward and with its gradients.

    An expression of PyTorch, of plain JAX and of jaxgrad over x, w and b; `kept` are those of what
    is kept of a batch, in plain JAX and in jaxgrad. PyTorch writes it in place.
    """
    made = {"shape": shape, "width": width}
    statistics = kept or ("()", "()")
    plain = _JAX.format(expression=jax, kept=statistics[0], **made)
    mine = _JAX.format(expression=ours, kept=statistics[1], **made)
    theirs, compiled = (
        _TORCH.format(decorator=decorator, expression=torch, **made)
        for decorator in ("", "@torch.compile")
    )

    def work(how: str, of_torch: str, of_jax: str) -> Work:
        code = {
            "torch": theirs + of_torch,
            "torch.compile": compiled + of_torch,
            "jax": plain + of_jax,
            "jaxgrad": mine + of_jax,
        }
        functions = ", ".join(in_full(call.split("(")[0]) for call in (ours, *kept[1:]))
        return Work(family="norms", name=f"{name}, {how}", times=functions, code=code)

    return (
        work("forward", _TORCH_FORWARD, _JAX_FORWARD),
        work("with gradients", _TORCH_BOTH, _JAX_BOTH),
    )


_IMAGES, _WORDS = (32, 64, 56, 56), (64, 512, 768)
_PLAIN_STATISTICS = (
    "0.9 * mean + 0.1 * x.mean((0, 2, 3)), 0.9 * var + 0.1 * x.var((0, 2, 3), ddof=1)"
)

WORKS = (
    *_works(
        "batch_norm in training, 32 x 64 x 56 x 56",
        _IMAGES,
        64,
        "F.batch_norm(x, mean, var, w, b, training=True)",
        "standard(x, (0, 2, 3)) * channels(w) + channels(b)",
        "F.batch_norm(x, mean, var, w, b, training=True)",
        (_PLAIN_STATISTICS, "F.running_stats(x, mean, var)"),
    ),
    *_works(
        "batch_norm outside training, 32 x 64 x 56 x 56",
        _IMAGES,
        64,
        "F.batch_norm(x, mean, var, w, b)",
        "(x - channels(mean)) * jax.lax.rsqrt(channels(var) + 1e-5) * channels(w) + channels(b)",
        "F.batch_norm(x, mean, var, w, b)",
    ),
    *_works(
        "layer_norm, 64 x 512 x 768",
        _WORDS,
        768,
        "F.layer_norm(x, (WIDTH,), w, b)",
        "standard(x, -1) * w + b",
        "F.layer_norm(x, (WIDTH,), w, b)",
    ),
    *_works(
        "group_norm in 8 groups, 8 x 64 x 56 x 56",
        (8, 64, 56, 56),
        64,
        "F.group_norm(x, 8, w, b)",
        "standard(x.reshape(SHAPE[0], 8, -1), -1).reshape(SHAPE) * channels(w) + channels(b)",
        "F.group_norm(x, 8, w, b)",
    ),
    *_works(
        "rms_norm, 64 x 512 x 768",
        _WORDS,
        768,
        "F.rms_norm(x, (WIDTH,), w)",
        "x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + jnp.finfo(x.dtype).eps) * w",
        "F.rms_norm(x, (WIDTH,), w)",
    ),
)
