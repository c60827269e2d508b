"""Keys that give JAX's own bits, by code that CPUs run several times faster."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import random as extend
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import is_a

_JAX = extend.threefry_prng_impl
_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def key(seed: ArrayLike) -> jax.Array:
    """A random key of a seed: `jax.random.key(seed)`, bit for bit, but faster on CPUs.

    A Python integer always gives the key that JAX makes with its 64-bit types switched on, so
    different seeds have different keys. Without these types JAX drops the upper 32 bits of a seed:
    1 and 2³² + 1 give the same key there, and so do -1 and 2³² - 1. From 0 to 2³² - 1 there is no
    difference.

    Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as
    easy as 1, 2, 3"). On CPUs JAX compiles the rounds into a loop that goes through memory. Here
    they are written out, so that the compiler keeps each block in registers and fuses it with what
    uses the bits. Every function of `jax.random` accepts such a key and returns what it returns for
    JAX's key, except `jax.random.poisson`, which refuses all keys but JAX's own.

    Args:
        seed: an integer from -2⁶³ to 2⁶³ - 1, or an integer 0-D array. An array of 32 bits has no
            upper bits, as in JAX: `jnp.int32(-1)` gives the key of 2³² - 1.

    Returns:
        A typed key. Its dtype is not that of JAX's keys, so the two cannot be concatenated;
        `jax.random.wrap_key_data(jax.random.key_data(key))` is the key of JAX's type.

    Raises:
        TypeError: the seed is not an integer.
        ValueError: the seed is out of range, or an array with dimensions.

    Source: https://docs.jax.dev/en/latest/jax.random.html

    Differs from PyTorch: a key is a value that is passed on; `torch.manual_seed` sets global state.
    For PyTorch's own numbers see `jaxgrad.replay`.

    >>> import jax
    >>> import jaxgrad
    >>> bool(jax.random.normal(jaxgrad.random.key(0)) == jax.random.normal(jax.random.key(0)))
    True
    """
    check = _checks.of("key")
    if isinstance(seed, (np.ndarray, np.generic)) and seed.dtype in ("int64", "uint64"):
        _check_scalar(check, seed)
        return _of_words(int(seed))
    if isinstance(seed, (jax.Array, np.ndarray, np.generic)):
        seed = check.array("seed", seed)
        if not is_a(seed.dtype, jnp.integer):
            raise TypeError(check.wrong("seed", "an integer", seed.dtype))
        _check_scalar(check, seed)
        return jax.random.key(seed, impl=IMPLEMENTATION)
    seed = check.integer("seed", seed, minimum=-(2**63))
    if seed >= 2**63:
        raise ValueError(check.wrong("seed", "below 2**63", seed))
    return _of_words(seed)


def _check_scalar(check: _checks.Checks, seed: Any) -> None:
    if seed.ndim:
        remedy, got = "map over the seeds with jax.vmap", f"shape {seed.shape}"
        raise ValueError(check.wrong("seed", "a single integer", got, remedy))


def _of_words(seed: int) -> jax.Array:
    """The key of the two words of a 64-bit integer."""
    words = np.array([seed >> 32 & 0xFFFFFFFF, seed & 0xFFFFFFFF], np.uint32)
    return jax.random.wrap_key_data(jnp.asarray(words), impl=IMPLEMENTATION)


def unrolled(key: jax.Array) -> jax.Array:
    """The same key in the unrolled implementation, if it has JAX's default implementation."""
    if jax.random.key_impl(key) != _JAX.name:
        return key
    jax.random.bits(key, (0,))  # draws nothing, but counts as a use in JAX's check of key reuse
    return jax.random.wrap_key_data(jax.random.key_data(key), impl=IMPLEMENTATION)


def words(key: jax.Array, shape: tuple[int, ...]) -> tuple[jax.Array, jax.Array]:
    """Two independent uint32 words for each element: 64 random bits without 64-bit types."""
    key = unrolled(key)
    if jax.random.key_impl(key) != IMPLEMENTATION or not _is_small(shape):
        first, second = jax.random.split(key)
        return jax.random.bits(first, shape, "uint32"), jax.random.bits(second, shape, "uint32")
    jax.random.bits(key, (0,))
    return _words(jax.random.key_data(key), shape)


def _is_small(shape: tuple[int, ...]) -> bool:
    """Whether 32 bits are enough to number the elements."""
    return math.prod(shape) <= 2**32


def _threefry(key: jax.Array, high: Any, low: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Twenty rounds over the counter (high, low)."""
    parts = key[0], key[1], key[0] ^ key[1] ^ jnp.uint32(0x1BD11BDA)
    x, y = high + parts[0], low + parts[1]
    for i in range(5):
        for rotation in _ROTATIONS[i % 2]:
            x = x + y
            y = x ^ ((y << jnp.uint32(rotation)) | (y >> jnp.uint32(32 - rotation)))
        x = x + parts[(i + 1) % 3]
        y = y + parts[(i + 2) % 3] + jnp.uint32(i + 1)
    return x, y


def _words(key: jax.Array, shape: tuple[int, ...]) -> tuple[jax.Array, jax.Array]:
    """The two words of each element of an array, numbered in row-major order."""
    index, stride = jnp.zeros(shape, jnp.uint32), 1
    for axis in reversed(range(len(shape))):
        steps = jax.lax.broadcasted_iota(jnp.uint32, shape, axis)
        index = index + steps * jnp.uint32(stride % 2**32)
        stride *= shape[axis]
    return _threefry(key, jnp.uint32(0), index)


def _follows_jax(shape: tuple[int, ...]) -> bool:
    """Whether JAX numbers the elements as `_words` does."""
    return bool(jax.threefry_partitionable.value) and _is_small(shape)


@functools.partial(jax.jit, static_argnums=1, inline=True)
def _split(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    return jnp.stack(_words(key, shape), -1) if _follows_jax(shape) else _JAX.split(key, shape)


@functools.partial(jax.jit, static_argnums=(1, 2), inline=True)
def _random_bits(key: jax.Array, width: int, shape: tuple[int, ...]) -> jax.Array:
    if not _follows_jax(shape):
        return _JAX.random_bits(key, width, shape)
    high, low = _words(key, shape)
    if width == 64:
        high, low = high.astype(jnp.uint64), low.astype(jnp.uint64)
        return (high << jnp.uint64(32)) | low
    return (high ^ low).astype(f"uint{width}")


@functools.partial(jax.jit, inline=True)
def _fold_in(key: jax.Array, data: jax.Array) -> jax.Array:
    return jnp.stack(_threefry(key, jnp.uint32(0), jnp.asarray(data).astype(jnp.uint32)))


IMPLEMENTATION = extend.define_prng_impl(
    key_shape=_JAX.key_shape,
    seed=_JAX.seed,
    split=_split,
    random_bits=_random_bits,
    fold_in=_fold_in,
    name="unrolled_threefry2x32",
    tag="ufry",
)
