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
"""The largest size of a permutation that is made by sorting random numbers."""

ROUNDS = 12
"""Rounds of the Feistel network."""


@called
def randperm(key: jax.Array, n: int, *, dtype: DTypeLike | None = None) -> jax.Array:
    """A random permutation of 0 to n - 1: `torch.randperm`.

    Up to 1,024 elements are sorted by 64-bit random numbers. All n! permutations are then equally
    likely, unless two of the numbers tie (a probability below n² 2⁻⁶⁵).

    More elements are permuted by a keyed bijection: a Feistel network of 12 rounds over pairs
    (i div b, i mod b), applied again where it leads out of the range (Black & Rogaway 2002,
    "Ciphers with arbitrary finite domains"; Mitchell, Stokes, Frank & Holmes 2022,
    "Bandwidth-optimal random shuffling for GPUs"). Every element is equally likely in every place,
    and tests find no dependence between pairs or neighbours. Not all n! permutations are possible,
    as with any generator of a small state. It needs no sort and no memory beyond the result, and
    each place is computed independently.

    Args:
        key: a typed key.
        n: the number of elements, a Python integer from 0 to 2³¹ - 1.
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
    """The largest n such that the dtype holds all whole numbers from 0 to n."""
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
    """The permutation of 0 to n - 1 that the round keys choose."""
    # a b is at least n and exceeds it by less than a, so that few elements leave the range.
    # a is even: if a and b were odd, each round would be an even permutation, and so the result.
    a = math.isqrt(n - 1) + 1
    a += a % 2
    b = -(-n // a)
    # XLA runs elementwise code on CPUs many times slower over sizes that 8 does not divide.
    index = jax.lax.iota(jnp.uint32, -(-n // 8) * 8)
    start = jnp.where(index < n, _feistel(index, keys, a, b), 0)

    def outside(place: jax.Array) -> jax.Array:
        return jnp.any(place >= n)

    def again(place: jax.Array) -> jax.Array:
        return jnp.where(place >= n, _feistel(place, keys, a, b), place)

    return jax.lax.while_loop(outside, again, start)[:n]


def _feistel(place: jax.Array, keys: jax.Array, a: int, b: int) -> jax.Array:
    """A bijection of 0 to a b - 1: each half in turn is shifted by a hash of the other."""
    left, right = place // jnp.uint32(b), place % jnp.uint32(b)
    for i in range(0, keys.shape[0], 2):
        left = _shifted(left, _hash(right ^ keys[i]), a)
        right = _shifted(right, _hash(left ^ keys[i + 1]), b)
    return left * jnp.uint32(b) + right


def _hash(x: jax.Array) -> jax.Array:
    """A bijection in which each bit depends on every input bit (Wellons 2018, lowbias32)."""
    x = (x ^ (x >> jnp.uint32(16))) * jnp.uint32(0x7FEB352D)
    x = (x ^ (x >> jnp.uint32(15))) * jnp.uint32(0x846CA68B)
    return x ^ (x >> jnp.uint32(16))


def _shifted(x: jax.Array, random: jax.Array, size: int) -> jax.Array:
    """The sum x + floor(random size / 2³²) modulo size, for a size of at most 2¹⁶."""
    high, low = random >> jnp.uint32(16), random & jnp.uint32(0xFFFF)
    step = (high * jnp.uint32(size) + ((low * jnp.uint32(size)) >> jnp.uint32(16))) >> jnp.uint32(
        16
    )
    x = x + step
    return jnp.where(x >= jnp.uint32(size), x - jnp.uint32(size), x)
