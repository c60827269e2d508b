"""Samplers of counts: Poisson and binomial."""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtri
from jax.typing import ArrayLike, DTypeLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._dtypes import cast, wide

from . import _draws
from ._sharding import in_one_sharding
from .keys import unrolled, words

FEW = 10.0
"""Below this mean, probabilities are added up one by one."""

TERMS = 52
"""At a mean of 10, a count above this has a probability below 2⁻⁶⁵."""


@called
def poisson(key: jax.Array, input: ArrayLike) -> jax.Array:
    """Samples of Poisson distributions, one for each rate: `torch.poisson`.

        P(xᵢ = k) = λᵢᵏ exp(-λᵢ) / k!,   k = 0, 1, 2, …

    Each sample is the inverse of the cumulative distribution function at a uniform number, without
    rejection. For λ below 10 the probabilities are added up. Above, the inverse is found from the
    normal quantile and the uniform asymptotic expansion of the incomplete gamma function (Temme
    1992; Giles 2016, Algorithm 955). Its error in P(x ≤ k) is below 5e-5 P(x = k) within five
    standard deviations of the mean and below 2e-2 P(x = k) beyond. For large λ in float32 the
    rounding of √λ dominates: 5e-4 at λ = 1e5. The gradient with respect to λ is zero.

    Args:
        key: a typed key.
        input: rates λ, floating point, finite and at least 0, any shape.

    Returns:
        Whole numbers in the shape and dtype of `input`.

    Raises:
        TypeError: the key is not a typed key, or the input is not floating point.
        ValueError: a rate that is negative, infinite or NaN. Traced ones are checked under
            `jaxgrad.checkify` only, and a wrong one gives NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.poisson.html

    Differs from PyTorch: an infinite rate is refused (PyTorch 2.13 gives -9e18, as it does for all
    rates beyond 2⁶³).

    >>> import jax.numpy as jnp
    >>> from jaxgrad.random import key, poisson
    >>> poisson(key(0), jnp.array([0.0, 4.0, 100.0])).shape
    (3,)
    """
    check = _checks.of("poisson")
    key = check.key(key)
    input = check.floating("input", input)
    samples, valid = _poisson(key, input)
    text = check.wrong("input", "finite and at least 0", "{least} to {most}")
    _checks.each_holds(valid, text, input)
    return samples


@jax.jit
def _poisson(key: jax.Array, input: jax.Array) -> tuple[jax.Array, jax.Array]:
    rate = jax.lax.stop_gradient(input.astype(wide(input.dtype)))
    valid = (rate >= 0) & jnp.isfinite(rate)
    above, half = _draws.signed_half(key, rate.shape, rate.dtype)
    few = rate < FEW
    # Both are computed for all rates: XLA would run a branch on a single core of a CPU.
    by_terms = _few_poisson(above, half, jnp.where(valid & few, rate, 0))
    by_quantile = _many_poisson(above, half, jnp.where(valid & ~few, rate, FEW))
    samples = jnp.where(few, by_terms, by_quantile)
    return jnp.where(valid, samples, jnp.nan).astype(input.dtype), jnp.all(valid)


def _few_poisson(above: jax.Array, half: jax.Array, rate: jax.Array) -> jax.Array:
    """Samples for small rates, by P(k) = P(k - 1) λ / k."""
    return _added_up(above, half, jnp.exp(-rate), lambda k: rate / k)


def _added_up(
    above: jax.Array, half: jax.Array, zero: jax.Array, ratio: Callable[[int], jax.Array]
) -> jax.Array:
    """The inverse of a distribution given by `zero`, P(0), and the ratios P(k) / P(k - 1).

    The sample is the number of probabilities P(x ≥ k), k = 1, 2, …, that exceed the uniform number.
    They are added from the far end, so that the small ones keep their precision.
    """
    probabilities = [zero]
    for k in range(1, TERMS):
        probabilities.append(probabilities[-1] * ratio(k))
    uniform = jnp.where(above, 1 - half, half)
    at_least, count = jnp.zeros_like(zero), jnp.zeros_like(zero)
    for probability in probabilities[:0:-1]:
        at_least = at_least + probability
        count = count + (uniform < at_least).astype(count.dtype)
    return count


def _many_poisson(above: jax.Array, half: jax.Array, rate: jax.Array) -> jax.Array:
    """Samples for large rates, by the normal quantile: a guess within 1/2, then the exact count."""
    normal = ndtri(half) * jnp.where(above, -1, 1)
    root = jnp.sqrt(rate)
    square = normal * normal
    guess = rate + root * normal + (square + 2) / 6 - normal * (square + 2) / (72 * root)
    guess = guess + (square * (square / 270 + 7 / 810) - 8 / 405) / rate
    # The next term, fitted up to nine deviations above the mean, where it is as much as 1.3.
    far = jnp.maximum(normal, 0) * _polynomial(square, (-0.0682, -0.0105, -0.000535))
    guess = guess + far / (rate * root)
    count = jnp.maximum(jnp.round(guess), 1)
    return jnp.where(normal > _deviate(count, rate), count, count - 1)


# Coefficients of (z + √k η - ε / √k) k^(3/2) as p(η) + q(η) / k: least squares over rates from 10
# to 1,000 and |z| < 6.6, against the incomplete gamma function.
_ORDER_0 = (-8.02723061e-03, -3.06302972e-03, 1.44811800e-03, -2.67392247e-04, 1.68098645e-05)
_ORDER_1 = (3.90452869e-03, -1.34143882e-03, 2.04421436e-04)


def _deviate(count: jax.Array, rate: jax.Array) -> jax.Array:
    """The normal deviate z with Φ(z) = P(x < count), for rates from 10 and counts from 1."""
    offset = (rate - count) / count
    ratio = offset / (2 + offset)
    near = jnp.abs(offset) < 0.5
    # offset - log(1 + offset); where that is small, by the series of artanh.
    series = offset * ratio - ratio**3 * _polynomial(ratio**2, [2 / (2 * n + 3) for n in range(12)])
    half = jnp.where(near, series, offset - jnp.log(rate / count))
    eta = jnp.sign(offset) * jnp.sqrt(2 * half)
    small = jnp.abs(eta) < 0.03
    quotient = jnp.log(jnp.where(small, 1, eta / offset)) / jnp.where(small, 1, eta)
    epsilon = jnp.where(small, _polynomial(eta, [-1 / 3, 1 / 36, 1 / 1620]), quotient)
    correction = _polynomial(eta, _ORDER_0) + _polynomial(eta, _ORDER_1) / count
    return (epsilon + correction / count) / jnp.sqrt(count) - jnp.sqrt(count) * eta


def _polynomial(x: jax.Array, coefficients: Any) -> jax.Array:
    """The value of a polynomial at x by Horner's rule; the coefficients begin with the constant."""
    value = jnp.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = value * x + coefficient
    return value


@called
def binomial(key: jax.Array, count: ArrayLike, prob: ArrayLike) -> jax.Array:
    """Samples of binomial distributions, one for each pair: `torch.binomial`.

        P(xᵢ = k) = C(nᵢ, k) pᵢᵏ (1 - pᵢ)ⁿ⁻ᵏ,   k = 0, 1, …, nᵢ

    Where n min(p, 1 - p) is below 10, the probabilities are added up. Above, samples are drawn by
    transformed rejection (Hörmann 1993, BTRS), with probabilities in saddle-point form (Loader
    2000). The gradient with respect to p is zero.

    Args:
        key: a typed key.
        count: numbers of trials n, whole numbers as floating point, at least 0, any shape.
        prob: probabilities of success p in [0, 1], floating point; broadcast against count.

    Returns:
        Whole numbers in the broadcast shape, in the dtype of count and prob.

    Raises:
        TypeError: the key is not a typed key, or count or prob is not floating point, or they are
            of different dtypes.
        ValueError: a count is negative, not whole, infinite or NaN; a p is outside [0, 1] or NaN;
            the shapes do not broadcast. Traced values are checked under `jaxgrad.checkify` only,
            and wrong ones give NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.binomial.html

    Differs from PyTorch: wrong values are refused (PyTorch 2.13 clips p, truncates count, and
    never returns where count is NaN); the gradient exists and is zero.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.random import binomial, key
    >>> binomial(key(0), 10.0, jnp.array([0.0, 0.5, 1.0])).shape
    (3,)
    """
    check = _checks.of("binomial")
    key = check.key(key)
    count, prob = check.floating("count", count), check.floating("prob", prob)
    dtype = count.dtype if prob.weak_type else prob.dtype
    if not count.weak_type and not prob.weak_type and count.dtype != prob.dtype:
        raise TypeError(check.wrong("prob", f"of count's dtype {count.dtype}", prob.dtype))
    try:
        shape = np.broadcast_shapes(count.shape, prob.shape)
    except ValueError:
        expected = f"of a shape that broadcasts with count's {count.shape}"
        raise ValueError(check.wrong("prob", expected, prob.shape)) from None
    samples, valid, valid_count, valid_prob = _binomial(
        key, cast(count, dtype), cast(prob, dtype), shape
    )
    if _checks.is_known(valid):  # one value read from the device instead of two
        return samples
    text = check.wrong("count", "finite whole numbers of at least 0", "{least} to {most}")
    _checks.each_holds(valid_count, text, count)
    text = check.wrong("prob", "in [0, 1] everywhere", "{least} to {most}")
    _checks.each_holds(valid_prob, text, prob)
    return samples


@functools.partial(jax.jit, static_argnames="shape")
def _binomial(
    key: jax.Array, count: jax.Array, prob: jax.Array, shape: tuple[int, ...]
) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    n, p = (
        jnp.broadcast_to(jax.lax.stop_gradient(x.astype(wide(x.dtype))), shape)
        for x in (count, prob)
    )
    n, p = in_one_sharding(n, p)
    valid_count = (n >= 0) & jnp.isfinite(n) & (n == jnp.floor(n))
    valid_prob = (p >= 0) & (p <= 1)
    valid = valid_count & valid_prob
    rarer = jnp.minimum(p, 1 - p)
    few = valid & (n * rarer < FEW)
    many = valid & ~few
    key_few, key_many = jax.random.split(unrolled(key))
    above, half = _draws.signed_half(key_few, shape, p.dtype)
    by_terms = _few_binomial(above, half, jnp.where(few, n, 0), jnp.where(few, rarer, 0))
    by_rejection = _many_binomial(
        key_many, many, jnp.where(many, n, 4 * FEW), jnp.where(many, rarer, 0.5)
    )
    successes = jnp.where(few, by_terms, by_rejection)
    samples = jnp.where(p > 0.5, n - successes, successes)
    samples = jnp.where(valid, samples, jnp.nan).astype(count.dtype)
    return samples, jnp.all(valid), jnp.all(valid_count), jnp.all(valid_prob)


def _few_binomial(above: jax.Array, half: jax.Array, n: jax.Array, p: jax.Array) -> jax.Array:
    """Samples for small means, by P(k) = P(k - 1) (n - k + 1) / k · p / (1 - p)."""
    odds = p / (1 - p)
    zero = jnp.exp(n * jnp.log1p(-p))
    return _added_up(above, half, zero, lambda k: jnp.maximum(n - (k - 1), 0) / k * odds)


def _many_binomial(key: jax.Array, needed: jax.Array, n: jax.Array, p: jax.Array) -> jax.Array:
    """Samples for large means where `needed`, by transformed rejection."""
    mode = jnp.floor((n + 1) * p)
    whole = jnp.floor(n * p)  # kept separate, or the sum would round to even numbers
    deviation = jnp.sqrt(n * p * (1 - p))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    alpha = (2.83 + 5.1 / b) * deviation
    height = _binomial_probability(mode, n, p)

    def draw(state: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        attempt, samples = state
        now = jax.random.fold_in(key, attempt)
        positive, room, v = _proposal(now, n.shape, n.dtype)
        u = jnp.where(positive, 0.5 - room, room - 0.5)
        k = whole + jnp.floor((2 * a / room + b) * u + (n * p - whole + 0.5))
        inside = (k >= 0) & (k <= n)
        share = _binomial_probability(jnp.where(inside, k, mode), n, p) / height
        accepted = inside & (v * alpha <= share * (a / (room * room) + b))
        return attempt + 1, jnp.where((samples < 0) & accepted, k, samples)

    def unfinished(state: tuple[jax.Array, jax.Array]) -> jax.Array:
        return jnp.any(state[1] < 0)

    start = jnp.zeros((), jnp.uint32), -needed.astype(n.dtype)
    return jax.lax.while_loop(unfinished, draw, start)[1]


def _proposal(
    key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """A fair truth value, a uniform number in (0, 1/2], and one in (0, 1).

    The numbers have 23 bits in float32 and at least 52 in float64, whose counts may spread further.
    """
    if dtype == jnp.float64:
        keys = jax.random.split(key)
        return *_draws.signed_half(keys[0], shape, dtype), _draws.fine_uniform(
            keys[1], shape, dtype
        )
    first, second = (
        (jnp.int32(word >> jnp.uint32(9)).astype(dtype) + 0.5) * 2.0**-23
        for word in words(key, shape)
    )
    return first > 0.5, jnp.minimum(first, 1 - first), second


def _binomial_probability(k: jax.Array, n: jax.Array, p: jax.Array) -> jax.Array:
    """P(k) in Loader's saddle-point form, which avoids the cancellation of factorials."""
    exponent = (
        _stirling_error(n) - _stirling_error(k) - _stirling_error(n - k)
        - _deviance(k, n * p) - _deviance(n - k, n * (1 - p))
    )  # fmt: skip
    inside = (k > 0) & (k < n)
    spread = jnp.where(inside, 2 * jnp.pi * (1 - k / n), 1)
    root = jnp.sqrt(spread) * jnp.sqrt(jnp.maximum(k, 1))  # their product may overflow
    ends = jnp.where(k > 0, n * jnp.log(p), n * jnp.log1p(-p))
    return jnp.where(inside, jnp.exp(exponent) / root, jnp.exp(ends))


def _deviance(x: jax.Array, mean: jax.Array) -> jax.Array:
    """The value x log(x / mean) + mean - x, precise where x is near the mean."""
    offset = (x - mean) / mean
    ratio = offset / (2 + offset)
    series = ratio**3 * _polynomial(ratio**2, [2 / (2 * n + 3) for n in range(12)])
    near = jnp.abs(offset) < 0.5
    small = mean * (offset * ratio + (1 + offset) * series)
    return jnp.where(near, small, x * jnp.log(jnp.where(near, 1, x / mean)) + mean - x)


def _stirling_error(n: jax.Array) -> jax.Array:
    """The error of Stirling's formula, log n! - log(√(2πn) (n/e)ⁿ), for whole n from 1."""
    n = jnp.maximum(n, 1)
    table = [math.lgamma(k + 1) - 0.5 * math.log(2 * math.pi * k) - k * math.log(k) + k
             for k in range(1, 8)]  # fmt: skip
    small = jnp.zeros_like(n)  # not by indexing, which explicit sharding refuses
    for k, value in enumerate(table, 1):
        small = jnp.where(n == k, value, small)
    square = 1 / (n * n)
    return jnp.where(n < 8, small, _polynomial(square, [1 / 12, -1 / 360, 1 / 1260, -1 / 1680]) / n)
