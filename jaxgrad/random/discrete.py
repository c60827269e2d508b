"""Samplers of integers and of truth values."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike, DTypeLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._checks import Shape
from jaxgrad._dtypes import is_a, made, wide

from . import _draws
from ._parameters import broadcast
from ._uint64 import halves, joined, upper_half
from .keys import unrolled, words


@called
def bernoulli(
    key: jax.Array, input: ArrayLike, shape: Shape | None = None, *, dtype: DTypeLike | None = None
) -> jax.Array:
    """Samples 1 with probability p and 0 otherwise: `torch.bernoulli`, `Tensor.bernoulli_(p)`.

        P(xᵢ = 1) = pᵢ,   P(xᵢ = 0) = 1 - pᵢ

    Exact at p = 0 and p = 1. Elsewhere p and 1 - p are exact to within rounding, down to the limit
    of 63 random bits. The gradient with respect to p is zero.

    Args:
        key: a typed key.
        input: probabilities p in [0, 1], floating point, any shape.
        shape: the shape of the samples, to which the input is broadcast; by default the input's. A
            dropout mask is `bernoulli(key, 1 - p, x.shape)`.
        dtype: a real dtype or bool; by default the input's.

    Returns:
        An array of zeros and ones.

    Raises:
        TypeError: the key is not a typed key, the input is not floating point, or shape or dtype
            is of the wrong kind.
        ValueError: a p is outside [0, 1] or NaN, or the input does not broadcast to the shape. A
            traced p is checked under `jaxgrad.checkify` only, and a wrong one gives NaN (False or
            the least integer where dtype has no NaN).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.bernoulli.html

    Differs from PyTorch: probabilities below 2⁻²³ are right too.

    >>> from jaxgrad.random import bernoulli, key
    >>> bernoulli(key(0), 0.9, (2, 3)).shape
    (2, 3)
    """
    check = _checks.of("bernoulli")
    key = check.key(key)
    text = check.wrong("input", "in [0, 1] everywhere", "{least} to {most}")
    if type(input) is float:
        dtype = check.number_dtype(dtype, float)
        shape = () if shape is None else check.shape(shape)
        samples, valid = _bernoulli(key, input, shape, dtype)
        _checks.in_range(_is_probability, valid, text, made(float), least=input, most=input)
        return samples
    input = check.floating("input", input)
    dtype = check.number_dtype(dtype, input.dtype)
    shape = input.shape if shape is None else broadcast(check, input, shape)
    samples, valid = _bernoulli(key, input, shape, dtype)
    _checks.each_holds(valid, text, input)
    return samples


def _is_probability(p: Any, *_: Any) -> Any:
    return (p >= 0) & (p <= 1)


@functools.partial(jax.jit, static_argnames=("shape", "dtype"))
def _bernoulli(
    key: jax.Array, input: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike
) -> tuple[jax.Array, jax.Array]:
    input = jnp.asarray(input)
    probability = jax.lax.stop_gradient(jnp.broadcast_to(input, shape).astype(wide(input.dtype)))
    valid = _is_probability(probability)
    above, half = _draws.signed_half(key, shape, probability.dtype)
    # 1 - p is exact where it matters. On an explicit mesh `where` would need one sharding for all.
    ones = (above & (half >= 1 - probability)) | (~above & (half <= probability))
    return jnp.where(valid, ones.astype(dtype), _invalid(dtype)), jnp.all(valid)


@called
def randint(
    key: jax.Array,
    low: int,
    high: int | None = None,
    shape: Shape = (),
    *,
    dtype: DTypeLike | None = None,
) -> jax.Array:
    """Uniformly distributed integers of [low, high): `torch.randint`.

        P(x = k) = 1 / (high - low),   low ≤ k < high

    The relative difference between the probabilities is at most 2⁻³² (2⁻⁶⁴ where high - low is
    above 2³²). Those of `jax.random.randint` differ by up to a factor of two: in JAX 0.10 its
    remainders overflow where high - low is above 2¹⁶.

    Args:
        key: a typed key.
        low: the least integer, a Python integer. If `high` is None, the range is [0, low).
        high: the end, a Python integer above `low`; it is never drawn.
        shape: an integer or a sequence of integers.
        dtype: a real dtype that holds low and high - 1; by default JAX's default integer.

    Returns:
        An array of that shape and dtype.

    Raises:
        TypeError: the key is not a typed key, or another argument is of the wrong kind.
        ValueError: an empty range, a range that the dtype does not hold, or a negative size.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.randint.html

    Differs from PyTorch: int32 unless JAX's 64-bit types are switched on.

    >>> from jaxgrad.random import key, randint
    >>> x = randint(key(0), 3, 5, (100,))
    >>> int(x.min()), int(x.max())
    (3, 4)
    >>> randint(key(0), 10, shape=(2, 3)).shape
    (2, 3)
    """
    check = _checks.of("randint")
    key = check.key(key)
    for argument, value in (("low", low), ("high", high)):
        check.no_shape(argument, value, "an integer")
    low = check.integer("low", low, minimum=-(2**63))
    low, high = (0, low) if high is None else (low, high)
    high = check.integer("high", high, minimum=-(2**63))
    if high <= low:
        raise ValueError(check.wrong("high", f"above low = {low}", high))
    dtype = check.number_dtype(dtype, int)
    exact = is_a(dtype, jnp.integer)
    least, most = (jnp.iinfo(dtype).min, jnp.iinfo(dtype).max) if exact else _whole_numbers(dtype)
    if low < least or high - 1 > most:
        expected = f"a range that {dtype} holds, {least} to {most}"
        raise ValueError(check.wrong("[low, high)", expected, f"[{low}, {high})"))
    return _randint(key, check.shape(shape), low, high, dtype)


def _whole_numbers(dtype: DTypeLike) -> tuple[int, int]:
    """The range of whole numbers that a floating point dtype or bool holds without gaps."""
    if is_a(dtype, jnp.bool_):
        return 0, 1
    most = min(2 ** (jnp.finfo(dtype).nmant + 1), jnp.iinfo(int).max)
    return -most, most


@functools.partial(jax.jit, static_argnames=("shape", "low", "high", "dtype"))
def _randint(
    key: jax.Array, shape: tuple[int, ...], low: int, high: int, dtype: DTypeLike
) -> jax.Array:
    kind = jnp.uint32 if high - low <= 2**32 and not jax.enable_x64.value else jnp.uint64
    offset = _below(key, shape, high - low).astype(kind)
    signed = jnp.int32 if kind == jnp.uint32 else jnp.int64
    start = jnp.asarray(np.uint64(low % 2**64).astype(kind))
    integers = start + offset  # modulo 2³² or 2⁶⁴, which is how negative numbers are stored
    return (integers if low >= 0 else integers.astype(signed)).astype(dtype)


def _below(key: jax.Array, shape: tuple[int, ...], end: int) -> jax.Array:
    """Integers from 0 to end - 1: floor(x end), with x uniform in [0, 1) of 64 or 128 bits."""
    if end <= 2**32:
        factor = jnp.uint32(end >> 32), jnp.uint32(end % 2**32)
        return upper_half(words(key, shape), factor)[1]
    more, less = (joined(words(k, shape)) for k in jax.random.split(unrolled(key)))
    if end == 2**64:
        return more
    factor = jnp.uint32(end >> 32), jnp.uint32(end % 2**32)
    rest = joined(upper_half(halves(less), factor))
    low = more * jnp.uint64(end) + rest
    return joined(upper_half(halves(more), factor)) + (low < rest).astype(jnp.uint64)


@called
def geometric(
    key: jax.Array, shape: Shape, p: ArrayLike, *, dtype: DTypeLike | None = None
) -> jax.Array:
    """Samples the number of trials up to the first success: `Tensor.geometric_`.

        P(x = k) = p (1 - p)ᵏ⁻¹,   k = 1, 2, 3, …

    The gradient with respect to p is zero.

    Args:
        key: a typed key.
        shape: an integer or a sequence of integers.
        p: the probability of success, a scalar in (0, 1).
        dtype: a real dtype other than bool; by default JAX's default float. Samples above the
            largest number of an integer dtype become that number.

    Returns:
        An array of that shape and dtype; every sample is at least 1.

    Raises:
        TypeError: the key is not a typed key, or another argument is of the wrong kind.
        ValueError: a negative size, or p outside (0, 1). A traced p is checked under
            `jaxgrad.checkify` only, and a wrong one gives NaN (the least integer where dtype has no
            NaN).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.geometric_.html

    Differs from PyTorch: takes a shape where PyTorch fills a tensor in place.

    >>> from jaxgrad.random import geometric, key
    >>> int(geometric(key(0), 1000, 0.5).min())
    1
    """
    check = _checks.of("geometric")
    key, shape = check.key(key), check.shape(shape)
    p = check.number("p", p)
    dtype = check.number_dtype(dtype, float)
    if is_a(dtype, jnp.bool_):
        raise TypeError(check.wrong("dtype", "a dtype of numbers", dtype))
    samples, valid = _geometric(key, p, shape, dtype)
    text = check.wrong("p", "in (0, 1)", "{p}")
    _checks.in_range(
        _is_chance, valid, text, p.dtype if isinstance(p, jax.Array) else made(float), p=p
    )
    return samples


def _is_chance(p: Any) -> Any:
    return (p > 0) & (p < 1)


@functools.partial(jax.jit, static_argnames=("shape", "dtype"))
def _geometric(
    key: jax.Array, p: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike
) -> tuple[jax.Array, jax.Array]:
    p = jax.lax.stop_gradient(jnp.asarray(p).astype(wide(jnp.asarray(p).dtype)))
    valid = _is_chance(p)
    rate = -jnp.log1p(-jnp.where(valid, p, 0.5))
    # An exponential number of rate λ, rounded up, exceeds k with probability exp(-λ k) = (1 - p)ᵏ.
    samples = jnp.maximum(jnp.ceil(_draws.exponential(key, shape, p.dtype) / rate), 1)
    if is_a(dtype, jnp.integer):
        most = jnp.iinfo(dtype).max
        samples = jnp.where(samples < float(most), samples.astype(dtype), jnp.array(most, dtype))
    return jnp.where(valid, samples.astype(dtype), _invalid(dtype)), valid


def _invalid(dtype: DTypeLike) -> Any:
    """The sample of a wrong parameter: NaN, or the least integer or False where there is no NaN."""
    if is_a(dtype, jnp.floating):
        return jnp.array(jnp.nan, dtype)
    return jnp.array(False if is_a(dtype, jnp.bool_) else jnp.iinfo(dtype).min, dtype)
