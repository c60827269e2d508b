"""Samplers: PyTorch's names, defaults and refusals, with an explicit key first.

A key is any typed key: `jax.random.key(seed)` of any implementation, or `key(seed)`, which gives
the same bits faster. One key gives one stream: the same key, shape and dtype give the same numbers,
under jit and vmap and on sharded arrays too. There are two exceptions. JAX's rbg keys give other
numbers under vmap, as JAX documents. Where mean and std are arrays, the last bit of `normal` may
differ, as XLA may round the multiplication and the addition once. bfloat16 and float16 are sampled
in float32 and rounded once.

An eager call is one compiled program. Parameters that are Python numbers are checked on the host;
where they are arrays, the call waits for the program and reads one truth value back from the
device. Under `jit` nothing is checked, and `jaxgrad.checkify` asks for the checks.
"""

from .categories import multinomial
from .continuous import cauchy, exponential, rand, uniform
from .counts import binomial, poisson
from .discrete import bernoulli, geometric, randint
from .gaussian import log_normal, normal, randn
from .keys import key
from .permutation import randperm

__all__ = [
    "bernoulli",
    "binomial",
    "cauchy",
    "exponential",
    "geometric",
    "key",
    "log_normal",
    "multinomial",
    "normal",
    "poisson",
    "rand",
    "randint",
    "randn",
    "randperm",
    "uniform",
]
