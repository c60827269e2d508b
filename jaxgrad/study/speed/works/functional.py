"""Activations, losses and kinked functions, forward and backward, on 4,000,000 float32."""

from .work import Work, in_full

_TORCH = """\
import torch
import torch.nn.functional as F
torch.manual_seed(0)
N = {size}

def normal(*shape):
    return torch.randn(shape, device=device)

def uniform(*shape):
    return torch.rand(shape, device=device)

def integers(high, *shape):
    return torch.randint(high, shape, device=device)

x, *others = {arguments},
x.requires_grad_()
{decorator}
def fn(x, y=None, w=None):
    return {expression}

ones = torch.ones_like(fn(x, *others))

def work():
    value = fn(x, *others)
    return value, torch.autograd.grad(value, x, ones)

work"""

_JAX = """\
import jax, jax.numpy as jnp, optax
import jaxgrad.functional as F
import jaxgrad.tensor as T
keys = iter(jax.random.split(jax.random.key(0), 3))
N = {size}

def normal(*shape):
    return jax.random.normal(next(keys), shape)

def uniform(*shape):
    return jax.random.uniform(next(keys), shape)

def integers(high, *shape):
    return jax.random.randint(next(keys), shape, 0, high)

x, *others = {arguments},

def fn(x, y=None, w=None):
    return {expression}

@jax.jit
def both(x, *others):
    value, pull = jax.vjp(lambda x: fn(x, *others), x)
    return value, *pull(jnp.ones_like(value))

def work():
    return jax.block_until_ready(both(x, *others))

work"""


def sides(arguments: str, torch: str, jax: str, ours: str, size: str) -> dict[str, str]:
    """An expression for each side over x, y and w, which `arguments` makes; x is differentiated."""
    made = {"arguments": arguments, "size": size}
    return {
        "torch": _TORCH.format(decorator="", expression=torch, **made),
        "torch.compile": _TORCH.format(decorator="@torch.compile", expression=torch, **made),
        "jax": _JAX.format(expression=jax, **made),
        "jaxgrad": _JAX.format(expression=ours, **made),
    }


def _work(family: str, name: str, arguments: str, torch: str, jax: str, ours: str = "") -> Work:
    """One work; the expression of jaxgrad is PyTorch's where none is given."""
    ours = ours or torch
    return Work(
        family=family,
        name=name,
        times=in_full(ours.split("(")[0]),
        code=sides(arguments, torch, jax, ours, "4_000_000"),
    )


def mse(size: int) -> dict[str, str]:
    """The code of `mse_loss` and its gradient at a size."""
    torch, jax = "F.mse_loss(x, y)", "jnp.mean((x - y) ** 2)"
    return sides("normal(N), normal(N)", torch, jax, torch, str(size))


def _activation(name: str, torch: str, jax: str, arguments: str = "normal(N)") -> Work:
    return _work("activations", name, arguments, torch, jax)


def _loss(name: str, torch: str, jax: str, arguments: str = "normal(N), normal(N)") -> Work:
    return _work("losses", name, arguments, torch, jax)


_CROSS = (
    "F.cross_entropy(x, y)",
    ("(lambda p: -jnp.mean(jnp.take_along_axis(p, y[:, None], 1)))(jax.nn.log_softmax(x))"),
)

WORKS = (
    _activation("relu", "F.relu(x)", "jax.nn.relu(x)"),
    _activation("leaky_relu", "F.leaky_relu(x)", "jnp.where(x > 0, x, 0.01 * x)"),
    _activation("hardtanh", "F.hardtanh(x)", "jnp.clip(x, -1, 1)"),
    _activation("elu", "F.elu(x)", "jax.nn.elu(x)"),
    _activation("softplus", "F.softplus(x)", "jax.nn.softplus(x)"),
    _activation("gelu (erf)", "F.gelu(x)", "jax.nn.gelu(x, approximate=False)"),
    _activation("gelu (tanh)", "F.gelu(x, approximate='tanh')", "jax.nn.gelu(x)"),
    _activation("silu", "F.silu(x)", "jax.nn.silu(x)"),
    _activation("mish", "F.mish(x)", "jax.nn.mish(x)"),
    _activation("logsigmoid", "F.logsigmoid(x)", "jax.nn.log_sigmoid(x)"),
    _activation("softmax", "F.softmax(x, -1)", "jax.nn.softmax(x)", "normal(4000, 1000)"),
    _activation(
        "log_softmax", "F.log_softmax(x, -1)", "jax.nn.log_softmax(x)", "normal(4000, 1000)"
    ),
    _loss("mse_loss", "F.mse_loss(x, y)", "jnp.mean((x - y) ** 2)"),
    _loss("l1_loss", "F.l1_loss(x, y)", "jnp.mean(jnp.abs(x - y))"),
    _loss("huber_loss", "F.huber_loss(x, y)", "jnp.mean(optax.huber_loss(x, y))"),
    _loss(
        "binary_cross_entropy_with_logits",
        "F.binary_cross_entropy_with_logits(x, y)",
        "jnp.mean(optax.sigmoid_binary_cross_entropy(x, y))",
        "normal(N), uniform(N)",
    ),
    _loss("cross_entropy, 2048 x 8192", *_CROSS, "normal(2048, 8192), integers(8192, 2048)"),
    _loss("cross_entropy, 8192 x 32000", *_CROSS, "normal(8192, 32000), integers(32000, 8192)"),
    _loss(
        "linear_cross_entropy, batch 4096, hidden 512, vocabulary 32000",
        "F.linear_cross_entropy(x, w, y)",
        _CROSS[1].replace("(x))", "(x @ w.T))"),
        "normal(4096, 512), integers(32000, 4096), normal(32000, 512)",
    ),
    _work("kinks", "abs", "normal(N)", "torch.abs(x)", "jnp.abs(x)", "T.abs(x)"),
    _work(
        "kinks",
        "clamp",
        "normal(N)",
        "torch.clamp(x, -1, 1)",
        "jnp.clip(x, -1, 1)",
        "T.clamp(x, -1, 1)",
    ),
    _work(
        "kinks",
        "vector_norm of 4000 rows",
        "normal(4000, 1000)",
        "torch.linalg.vector_norm(x, dim=1)",
        "jnp.linalg.norm(x, axis=1)",
        "T.vector_norm(x, dim=1)",
    ),
)
