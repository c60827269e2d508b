"""The samplers, with each kind of key."""

from .work import Work

_KEYS = {
    "threefry": "jax.random.key(0)",
    "philox": 'jax.random.key(0, impl="philox4x32")',
    "jaxgrad.key": "random.key(0)",
}
"""JAX's default keys, its fastest ones on CPUs, and jaxgrad's, equal to the default ones."""


def _sampler(name: str, torch: str, jax: str, jaxgrad: str, x: str = "zeros(())") -> Work:
    """Sampling: an expression for each side over a key k, N = 4,000,000 and an input x."""
    code = {
        "torch": f"import torch\nN = 4_000_000\nx = torch.{x}\n"
        f"def work():\n    return {torch}\n\nwork"
    }
    keys = ("threefry",) if "poisson" in name else ("threefry", "philox")  # JAX's takes no other
    sides = {"jax": (jax, keys), "jaxgrad": (jaxgrad, tuple(_KEYS))}
    for side, (expression, keys) in sides.items():
        for key in keys:
            code[f"{side}, {key}"] = (
                "import jax, jax.numpy as jnp\nfrom jaxgrad import init, random\n"
                f"N = 4_000_000\nx = jnp.{x}\nkey = {_KEYS[key]}\n"
                f"draw = jax.jit(lambda k, x: {expression})\n"
                "def work():\n    return jax.block_until_ready(draw(key, x))\n\nwork"
            )
    return Work(family="sampling", name=name, code=code)


_INVERSE = (
    "(lambda c: jnp.searchsorted(c, c[-1] * (1 - jax.random.uniform(k, (1_000_000,)))))"
    "(jnp.cumsum(x))"
)

WORKS = (
    _sampler(
        "uniform",
        "torch.rand(N)",
        "jax.random.uniform(k, (N,))",
        "random.rand(k, N)",
    ),
    _sampler(
        "normal",
        "torch.randn(N)",
        "jax.random.normal(k, (N,))",
        "random.randn(k, N)",
    ),
    _sampler(
        "bernoulli(0.3)",
        "torch.empty(N).bernoulli_(0.3)",
        "jax.random.bernoulli(k, 0.3, (N,)).astype(jnp.float32)",
        "random.bernoulli(k, 0.3, N)",
    ),
    _sampler(
        "exponential",
        "torch.empty(N).exponential_()",
        "jax.random.exponential(k, (N,))",
        "random.exponential(k, N)",
    ),
    _sampler(
        "truncated normal",
        "torch.nn.init.trunc_normal_(torch.empty(N))",
        "jax.random.truncated_normal(k, -2, 2, (N,))",
        "init.trunc_normal(k, (N,))",
    ),
    _sampler(
        "randint(1000)",
        "torch.randint(1000, (N,))",
        "jax.random.randint(k, (N,), 0, 1000)",
        "random.randint(k, 1000, shape=N)",
    ),
    _sampler(
        "geometric(0.3)",
        "torch.empty(N).geometric_(0.3)",
        "jax.random.geometric(k, 0.3, (N,), dtype=jnp.int32).astype(jnp.float32)",
        "random.geometric(k, N, 0.3)",
    ),
    _sampler(
        "cauchy",
        "torch.empty(N).cauchy_()",
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
        "torch.randperm(N)",
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
