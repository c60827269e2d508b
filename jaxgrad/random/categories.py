"""Draws of categories with given weights."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._dtypes import wide

from . import _draws
from ._sharding import with_whole_rows
from ._uint64 import UInt64, cumulative, upper_half
from .keys import words


@called
def multinomial(
    key: jax.Array, input: ArrayLike, num_samples: int, replacement: bool = False
) -> jax.Array:
    """Draws category indices with the given weights, row by row: `torch.multinomial`.

        P(first draw = i) = wᵢ / Σⱼ wⱼ;   without replacement each later draw has the same form
        over the categories that are left, and a row's draws come in the order of drawing.

    A category of weight 0 is never drawn. Every other one has its exact probability, however small
    its weight is beside the largest. The gradient with respect to the weights is zero.

    Several draws with replacement search the cumulative weights, which are 64-bit integers with
    exact sums: time O(categories + draws log categories), memory O(categories + draws). A single
    draw, and draws without replacement, take the largest values of log wᵢ + Gumbel noise (Kool, van
    Hoof & Welling 2019, "Stochastic Beams and Where to Find Them").

    Args:
        key: a typed key.
        input: weights w, (categories,) or (rows, categories): floating point, finite, at least 0,
            not normalised; rows are independent of one another.
        num_samples: how many draws from each row, a positive Python integer.
        replacement: whether a category may be drawn again.

    Returns:
        Indices, (num_samples,) or (rows, num_samples), in JAX's default integer dtype.

    Raises:
        TypeError: the key is not a typed key, the weights are not floating point, or num_samples
            is not a Python integer.
        ValueError: num_samples is not positive; the weights are 0-D, more than 2-D or without
            categories; a weight is negative, infinite or NaN; a row has no positive weight, or
            without replacement fewer positive weights than num_samples. The values of traced
            weights are checked under `jaxgrad.checkify` only, and a wrong row gives -1 (an index
            that JAX, like NumPy, reads as the last element).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.multinomial.html

    Differs from PyTorch: more draws without replacement than positive weights are refused (PyTorch
    2.13 draws categories of weight 0); any number of categories is allowed (PyTorch refuses more
    than 2²⁴); PyTorch sums float32 weights in float32, so that a million weights of 1 beside one of
    2²⁴ are never drawn there; indices are int32 unless JAX's 64-bit types are switched on.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.random import key, multinomial
    >>> weights = jnp.array([10.0, 0.0, 13.0, 10.0])
    >>> multinomial(key(0), weights, 3).sort()
    Array([0, 2, 3], dtype=int32)
    >>> multinomial(key(0), weights, 5, replacement=True).shape
    (5,)
    """
    check = _checks.of("multinomial")
    key = check.key(key)
    input = check.floating("input", input)
    num_samples = check.integer("num_samples", num_samples, minimum=1)
    replacement = check.truth("replacement", replacement)
    if input.ndim not in (1, 2) or input.shape[-1] == 0:
        expected = "(categories,) or (rows, categories), with at least one category"
        raise ValueError(check.wrong("input", expected, f"shape {input.shape}"))
    if not replacement and num_samples > input.shape[-1]:
        expected = f"at most the {input.shape[-1]} categories without replacement"
        remedy = "draw with replacement=True"
        raise ValueError(check.wrong("num_samples", expected, num_samples, remedy))
    needed = 1 if replacement else num_samples
    indices, proper, valid, least = _multinomial(key, input, num_samples, replacement)
    if _checks.is_known(valid):  # one value read from the device instead of two
        return indices
    text = check.wrong("input", "finite and at least 0 everywhere", "{least} to {most}")
    _checks.each_holds(proper, text, input)
    expected = f"positive in at least {needed} of each row's weights"
    _checks.holds(valid, check.wrong("input", expected, "{n}"), n=lambda: least)
    return indices


@functools.partial(jax.jit, static_argnames=("num_samples", "replacement"))
def _multinomial(
    key: jax.Array, input: jax.Array, num_samples: int, replacement: bool
) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """The indices, and three facts about the weights.

    They are: whether all are valid, whether each row has enough positive ones as well, and the
    smallest number of positive ones in a row.
    """
    weights = with_whole_rows(input).reshape(-1, input.shape[-1])
    weights = jax.lax.stop_gradient(weights.astype(wide(input.dtype)))
    positive, zero = _signs(weights)
    proper = jnp.all(positive | zero, axis=1)
    nonzero = jnp.sum(positive, axis=1)
    valid = proper & (nonzero >= (1 if replacement else num_samples))
    draw = _with_replacement if replacement and num_samples > 1 else _without_replacement
    indices = draw(key, jnp.where(valid[:, None], weights, 1), num_samples).astype(int)
    least = jnp.min(nonzero, initial=weights.shape[1])
    indices = jnp.where(valid[:, None], indices, -1).reshape(*input.shape[:-1], num_samples)
    return indices, jnp.all(proper), jnp.all(valid), least


def _bits(weights: jax.Array) -> jax.Array:
    """The bits of floats as signed integers, which are in order where the floats are positive.

    XLA on CPUs flushes subnormal floats to 0, in comparisons as in products; the bits keep them.
    """
    return jax.lax.bitcast_convert_type(weights, f"int{jnp.finfo(weights.dtype).bits}")


def _from_bits(bits: jax.Array, like: jax.Array) -> jax.Array:
    return jax.lax.bitcast_convert_type(bits, like.dtype)


def _signs(weights: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Which weights are positive and finite, and which are zero."""
    bits = _bits(weights)
    infinity, negative_zero = _bits(jnp.array([jnp.inf, -0.0], weights.dtype))
    return (bits > 0) & (bits < infinity), (bits == 0) | (bits == negative_zero)


def _least_exponent(weights: jax.Array) -> int:
    """The exponent of the least positive float."""
    info = jnp.finfo(weights.dtype)
    return int(info.minexp) - int(info.nmant)


def _normal(weights: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The weights as x 2ⁿ, where x is normal or 0; n is 0 unless the weight is subnormal."""
    info, bits = jnp.finfo(weights.dtype), _bits(weights)
    fraction = bits & jnp.array((1 << info.nmant) - 1, bits.dtype)
    subnormal = (bits > 0) & (bits < jnp.array(1 << info.nmant, bits.dtype))
    return (
        jnp.where(subnormal, fraction.astype(weights.dtype), weights),
        jnp.where(subnormal, jnp.int32(_least_exponent(weights)), jnp.int32(0)),
    )


def _without_replacement(key: jax.Array, weights: jax.Array, num_samples: int) -> jax.Array:
    """The categories with the largest values of log wᵢ + Gumbel noise, the largest first."""
    numbers, exponent = _normal(weights)
    logs = jnp.log(numbers) + jnp.where(exponent == 0, 0, _least_exponent(weights) * math.log(2))
    scores = logs + _draws.gumbel(key, weights.shape, weights.dtype)
    if num_samples == 1:
        return _first_largest(scores)
    return jax.lax.top_k(scores, num_samples)[1]


def _first_largest(scores: jax.Array) -> jax.Array:
    """`jnp.argmax` of each row by two plain reductions, which XLA runs faster on CPUs."""
    largest = jnp.max(scores, axis=1, keepdims=True)
    index = jax.lax.broadcasted_iota(jnp.int32, scores.shape, 1)
    behind = jnp.where(scores == largest, index, scores.shape[1])
    return jnp.min(behind, axis=1, keepdims=True)


def _with_replacement(key: jax.Array, weights: jax.Array, num_samples: int) -> jax.Array:
    """The inverse of the cumulative weights at uniform points."""
    high, low = cumulative(*_integers(weights))
    points = words(key, (weights.shape[0], num_samples))
    points = upper_half(points, (high[:, -1:], low[:, -1:]))
    return jax.vmap(_count_up_to)(high, low, *points)


def _integers(weights: jax.Array) -> UInt64:
    """The weights of each row as proportional integers, whose sum is at most 2⁶³.

    The bound on the sum is computed in integers too. So the scale does not depend on the order of
    addition.
    """
    bits = weights.shape[1].bit_length()
    numbers, shift = _normal(weights)
    largest, lifted = _normal(_from_bits(jnp.max(_bits(weights), axis=1, keepdims=True), weights))
    exponent = jnp.frexp(largest)[1] + lifted
    powers = (0, _least_exponent(weights))
    normal, rest = (_times_power(numbers, power - exponent) for power in powers)
    parts = jnp.where(shift == 0, normal, rest)  # below 1, and the largest at least 1/2
    coarse = jnp.ceil(parts * 2.0 ** (31 - bits)).astype(jnp.uint32)
    total = jnp.sum(coarse, axis=1, keepdims=True, dtype=jnp.uint32)
    scale = 63 - (32 - jax.lax.clz(total).astype(jnp.int32)) + (31 - bits)
    units = jnp.round(_times_power(parts, scale))
    high = jnp.floor(units * 2.0**-32)
    return high.astype(jnp.uint32), (units - high * 2.0**32).astype(jnp.uint32)


def _times_power(x: jax.Array, exponent: jax.Array) -> jax.Array:
    """The product x 2ⁿ in two steps, as 2ⁿ itself may be out of range."""
    first = exponent // 2
    one = jnp.ones((), x.dtype)
    return x * jnp.ldexp(one, first) * jnp.ldexp(one, exponent - first)


def _count_up_to(high: jax.Array, low: jax.Array, high_p: jax.Array, low_p: jax.Array) -> Any:
    """For each point, the number of sorted numbers that are at most it: a binary search."""
    size = high.shape[0]
    steps = size.bit_length()

    def halve(i: int, count: jax.Array) -> jax.Array:
        more = count + (1 << (steps - 1 - i))
        at = jnp.minimum(more, size) - 1
        upper = jnp.take(high, at, mode="clip")
        lower = jnp.take(low, at, mode="clip")
        fits = (upper < high_p) | ((upper == high_p) & (lower <= low_p))
        return jnp.where((more <= size) & fits, more, count)

    zeros = (high_p & jnp.uint32(0)).astype(jnp.int32)  # in the sharding of the points
    return jax.lax.fori_loop(0, steps, halve, zeros)
