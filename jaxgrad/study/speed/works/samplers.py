"""The samplers, with each kind of key."""

from .work import Work

_KEYS = {
    "": "jax.random.key(0)",
    ", philox": 'jax.random.key(0, impl="philox4x32")',
    ", random.key": "random.key(0)",
}
"""JAX's default keys, its fastest ones on CPUs, and jaxgrad's, equal to the default ones."""

_TORCH = """\
import torch
N = {size}
x = torch.{x}.to(device)

def work():
    return {expression}

work"""

_JAX = """\
import jax, jax.numpy as jnp
from jaxgrad import init, random
N = {size}
x = jnp.{x}
key = {key}
draw = jax.jit(lambda k, x: {expression})

def work():
    return jax.block_until_ready(draw(key, x))

work"""


def _sampler(name: str, torch: str, jax: str, jaxgrad: str, x: str = "zeros(())") -> Work:
    """Sampling: an expression for each side over a key k, N = 4,000,000 and an input x."""
    code = {"torch": _TORCH.format(size="4_000_000", x=x, expression=torch)}
    taken = ("",) if "poisson" in name else ("", ", philox")  # JAX's takes no other keys
    for side, expression, keys in (("jax", jax, taken), ("jaxgrad", jaxgrad, tuple(_KEYS))):
        for key in keys:
            code[f"{side}{key}"] = _JAX.format(
                size="4_000_000", x=x, key=_KEYS[key], expression=expression
            )
    times = jaxgrad.split("(")[0]
    return Work(family="sampling", name=name, times=times, code=code)


def normal(size: int) -> dict[str, str]:
    """The code of normal sampling at a size, with each side's default keys."""
    of_jax = {"size": size, "x": "zeros(())", "key": _KEYS[""]}
    return {
        "torch": _TORCH.format(size=size, x="zeros(())", expression=_RANDN),
        "jax": _JAX.format(**of_jax, expression="jax.random.normal(k, (N,))"),
        "jaxgrad": _JAX.format(**of_jax, expression="random.randn(k, N)"),
    }


_RANDN = "torch.randn(N, device=device)"
_INVERSE = (
    "(lambda c: jnp.searchsorted(c, c[-1] * (1 - jax.random.uniform(k, (1_000_000,)))))"
    "(jnp.cumsum(x))"
)

WORKS = (
    _sampler(
        "uniform",
        "torch.rand(N, device=device)",
        "jax.random.uniform(k, (N,))",
        "random.rand(k, N)",
    ),
    _sampler(
        "normal",
        _RANDN,
        "jax.random.normal(k, (N,))",
        "random.randn(k, N)",
    ),
    _sampler(
        "bernoulli(0.3)",
        "torch.empty(N, device=device).bernoulli_(0.3)",
        "jax.random.bernoulli(k, 0.3, (N,)).astype(jnp.float32)",
        "random.bernoulli(k, 0.3, N)",
    ),
    _sampler(
        "exponential",
        "torch.empty(N, device=device).exponential_()",
        "jax.random.exponential(k, (N,))",
        "random.exponential(k, N)",
    ),
    _sampler(
        "truncated normal",
        "torch.nn.init.trunc_normal_(torch.empty(N, device=device))",
        "jax.random.truncated_normal(k, -2, 2, (N,))",
        "init.trunc_normal(k, (N,))",
    ),
    _sampler(
        "randint(1000)",
        "torch.randint(1000, (N,), device=device)",
        "jax.random.randint(k, (N,), 0, 1000)",
        "random.randint(k, 1000, shape=N)",
    ),
    _sampler(
        "geometric(0.3)",
        "torch.empty(N, device=device).geometric_(0.3)",
        "jax.random.geometric(k, 0.3, (N,), dtype=jnp.int32).astype(jnp.float32)",
        "random.geometric(k, N, 0.3)",
    ),
    _sampler(
        "cauchy",
        "torch.empty(N, device=device).cauchy_()",
        "jax.random.cauchy(k, (N,))",
        "random.cauchy(k, N)",
    ),
    *(
        _sampler(
            f"poisson({rate})",
            "torch.poisson(x)",
            "jax.random.poisson(k, x).astype(jnp.float32)",
            "random.poisson(k, x)",
            f"full((4_000_000,), {rate}.0)",
        )
        for rate in (3, 50, 1000)
    ),
    _sampler(
        "randperm",
        "torch.randperm(N, device=device)",
        "jax.random.permutation(k, N)",
        "random.randperm(k, N)",
    ),
    _sampler(
        "multinomial, 1M of 1M with replacement",
        "torch.multinomial(x, 1_000_000, replacement=True)",
        _INVERSE,
        "random.multinomial(k, x, 1_000_000, replacement=True)",
        "linspace(0.0, 1.0, 1_000_000)",
    ),
    _sampler(
        "multinomial, 1k of 1M without replacement",
        "torch.multinomial(x, 1000)",
        "jax.random.categorical(k, jnp.log(x), shape=(1000,), replace=False)",
        "random.multinomial(k, x, 1000)",
        "linspace(0.0, 1.0, 1_000_000)",
    ),
    _sampler(
        "multinomial, 1 of each of 64 rows of 32,000",
        "torch.multinomial(x, 1)",
        "jax.random.categorical(k, jnp.log(x))",
        "random.multinomial(k, x, 1)",
        "linspace(0.0, 1.0, 64 * 32_000).reshape(64, 32_000)",
    ),
)
