"""Random permutations without a sort."""

import functools
import math

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._dtypes import is_a

from .keys import words

SORTED = 1024
"""Up to so many elements a permutation is exactly uniform."""

ROUNDS = 12


@called
def randperm(key: jax.Array, n: int, *, dtype: DTypeLike | None = None) -> jax.Array:
    """A random permutation of 0 to n - 1: `torch.randperm`.

    Up to 1,024 elements it is uniform over all n! permutations, but for ties of 64-bit random
    numbers (a chance below n² 2⁻⁶⁵), by which the elements are sorted. Beyond, it is
    a keyed bijection: a Feistel network of 12 rounds over pairs (i div b, i mod b), applied again
    where it leads out of the range (Black & Rogaway 2002, "Ciphers with arbitrary finite domains";
    Mitchell, Stokes, Frank & Holmes 2022, "Bandwidth-optimal random shuffling for GPUs"). There
    each element is as likely in each place, and so are pairs and neighbours as far as tests see,
    but not all n! permutations can come (as from no generator whose state is small). No sort, no
    memory beyond the result, every place computed on its own.

    Args:
        key: a typed key.
        n: how many elements, a Python integer from 0 to 2³¹ - 1.
        dtype: a real dtype that holds n - 1; by default JAX's default integer.

    Returns:
        An array of shape (n,).

    Raises:
        TypeError: the key is not a typed key, n is not a Python integer, or dtype is not a dtype.
        ValueError: n is negative, too large, or dtype does not hold n - 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.randperm.html

    Differs from PyTorch: int32 unless JAX's 64-bit types are switched on; at most 2³¹ - 1 elements.

    >>> from jaxgrad.random import key, randperm
    >>> randperm(key(0), 4).sort()
    Array([0, 1, 2, 3], dtype=int32)
    """
    check = _checks.of("randperm")
    key = check.key(key)
    n = check.integer("n", n, minimum=0)
    if n >= 2**31:
        raise ValueError(check.wrong("n", "below 2**31", n))
    dtype = check.number_dtype(dtype, int)
    if n and _largest(dtype) < n - 1:
        raise ValueError(check.wrong("dtype", f"a dtype that holds {n - 1}", dtype))
    return _randperm(key, n, dtype)


def _largest(dtype: DTypeLike) -> int:
    """The largest whole number up to which the dtype holds all."""
    if is_a(dtype, jnp.floating):
        return 2 ** (jnp.finfo(dtype).nmant + 1)
    return 1 if is_a(dtype, jnp.bool_) else jnp.iinfo(dtype).max


@functools.partial(jax.jit, static_argnames=("n", "dtype"))
def _randperm(key: jax.Array, n: int, dtype: DTypeLike) -> jax.Array:
    if n <= SORTED:
        order = jax.lax.sort((*words(key, (n,)), jax.lax.iota(jnp.int32, n)), num_keys=2)
        return order[2].astype(dtype)
    keys, _ = words(key, (ROUNDS,))
    return _bijection(keys, n).astype(dtype)


def _bijection(keys: jax.Array, n: int) -> jax.Array:
    """A permutation of 0 to n - 1, one of those that the round keys choose from."""
    # a b is at least n and exceeds it by less than a, so that few walks lead out of the range.
    # a is even: were a and b odd, each round would be an even permutation, and the whole too.
    a = math.isqrt(n - 1) + 1
    a += a % 2
    b = -(-n // a)
    # XLA runs elementwise code on CPUs many times slower over sizes that 8 does not divide.
    index = jax.lax.iota(jnp.uint32, -(-n // 8) * 8)
    walked = jnp.where(index < n, _feistel(index, keys, a, b), 0)

    def outside(place: jax.Array) -> jax.Array:
        return jnp.any(place >= n)

    def walk_on(place: jax.Array) -> jax.Array:
        return jnp.where(place >= n, _feistel(place, keys, a, b), place)

    return jax.lax.while_loop(outside, walk_on, walked)[:n]


def _feistel(place: jax.Array, keys: jax.Array, a: int, b: int) -> jax.Array:
    """A bijection of 0 to a b - 1: each half in turn is shifted by a hash of the other."""
    left, right = place // jnp.uint32(b), place % jnp.uint32(b)
    for i in range(0, keys.shape[0], 2):
        left = _shifted(left, _hash(right ^ keys[i]), a)
        right = _shifted(right, _hash(left ^ keys[i + 1]), b)
    return left * jnp.uint32(b) + right


def _hash(x: jax.Array) -> jax.Array:
    """Mixes 32 bits: a bijection in which each bit depends on all (Wellons 2018, lowbias32)."""
    x = (x ^ (x >> jnp.uint32(16))) * jnp.uint32(0x7FEB352D)
    x = (x ^ (x >> jnp.uint32(15))) * jnp.uint32(0x846CA68B)
    return x ^ (x >> jnp.uint32(16))


def _shifted(x: jax.Array, random: jax.Array, size: int) -> jax.Array:
    """Adds floor(random size / 2³²) to x modulo size, which is at most 2¹⁶."""
    high, low = random >> jnp.uint32(16), random & jnp.uint32(0xFFFF)
    step = (high * jnp.uint32(size) + ((low * jnp.uint32(size)) >> jnp.uint32(16))) >> jnp.uint32(
        16
    )
    x = x + step
    return jnp.where(x >= jnp.uint32(size), x - jnp.uint32(size), x)
