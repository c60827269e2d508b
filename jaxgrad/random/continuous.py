"""Samplers of continuous distributions other than the normal one."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike, DTypeLike

from jaxgrad import _checks
from jaxgrad._calls import called, filling
from jaxgrad._checks import Shape
from jaxgrad._dtypes import wide

from . import _draws
from ._parameters import are_location_and_scale, filled
from .keys import unrolled


@called
def rand(key: jax.Array, shape: Shape, *, dtype: DTypeLike | None = None) -> jax.Array:
    """Samples of the uniform distribution on [0, 1): `torch.rand`.

        p(x) = 1,   0 ≤ x < 1

    Args:
        key: a typed key.
        shape: an integer or a sequence of integers.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        An array of that shape and dtype.

    Raises:
        TypeError: the key is not a typed key, or shape or dtype is of the wrong kind.
        ValueError: a negative size.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.rand.html

    Differs from PyTorch: no complex dtypes.

    >>> from jaxgrad.random import key, rand
    >>> rand(key(0), (2, 3)).shape
    (2, 3)
    """
    check = _checks.of("rand")
    key = check.key(key)
    shape, dtype = check.shape(shape), check.float_dtype(dtype)
    return _uniform(key, 0.0, 1.0, shape, dtype)[0]


@filling
def uniform(
    key: jax.Array,
    shape: Shape,
    a: ArrayLike = 0.0,
    b: ArrayLike = 1.0,
    *,
    dtype: DTypeLike | None = None,
) -> jax.Array:
    """Samples of the uniform distribution on [a, b): `Tensor.uniform_(a, b)`.

        x = a + u (b - a),   u ~ U[0, 1)

    No sample is b, whatever the rounding, except that with a = b every sample is a. The gradient
    flows through a and b along that formula.

    Args:
        key: a typed key.
        shape: an integer or a sequence of integers.
        a: lower end, a finite scalar.
        b: upper end, a finite scalar, at least a; b - a must be finite too.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        An array of that shape and dtype.

    Raises:
        TypeError: the key is not a typed key, or shape, a, b or dtype is of the wrong kind.
        ValueError: a negative size, or a and b out of order or out of range. Traced a and b are
            checked under `jaxgrad.checkify` only, and wrong ones give NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.uniform_.html

    Differs from PyTorch: takes a shape where PyTorch fills a tensor in place; no complex dtypes.

    >>> from jaxgrad.random import key, uniform
    >>> x = uniform(key(0), (4, 4), -1.0, 1.0)
    >>> x.shape, bool((x >= -1).all()), bool((x < 1).all())
    ((4, 4), True, True)
    """
    check = _checks.of("uniform")
    key = check.key(key)
    shape = check.shape(shape)
    dtype = check.float_dtype(dtype)
    a, b = check.number("a", a), check.number("b", b)
    samples, valid = _uniform(key, a, b, shape, dtype)
    text = check.wrong("[a, b)", f"a finite range of {dtype}", "[{a}, {b})")
    _checks.in_range(_is_range, valid, text, dtype, a=a, b=b)
    return samples


def _is_range(a: Any, b: Any) -> Any:
    span = b.astype(wide(b.dtype)) - a.astype(wide(a.dtype))
    return (a <= b) & _checks.finite(a) & _checks.finite(span.astype(a.dtype))


@functools.partial(jax.jit, static_argnames=("shape", "dtype"))
def _uniform(
    key: jax.Array, a: ArrayLike, b: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike
) -> tuple[jax.Array, jax.Array]:
    a, b = jnp.asarray(a, dtype), jnp.asarray(b, dtype)
    low, high = a.astype(wide(a.dtype)), b.astype(wide(a.dtype))
    valid = _is_range(a, b)
    unit = jax.random.uniform(unrolled(key), shape, low.dtype)
    samples = low + unit * (high - low)
    below_b = jnp.nextafter(*jax.lax.stop_gradient((b, a))).astype(low.dtype)
    # XLA flushes numbers nearer to 0 than this to 0.
    normal = jnp.finfo(low.dtype).smallest_normal.astype(low.dtype)
    below_b = jnp.where((b == 0) & (a < b), jnp.minimum(below_b, -normal), below_b)
    samples = jnp.where(samples > below_b, below_b, samples).astype(a.dtype)  # none rounds to b
    return jnp.where(valid, samples, jnp.nan), valid


@called
def exponential(
    key: jax.Array, shape: Shape, lambd: ArrayLike = 1.0, *, dtype: DTypeLike | None = None
) -> jax.Array:
    """Samples of the exponential distribution: `Tensor.exponential_`.

        p(x) = λ exp(-λ x),   x > 0

    A sample is never 0, and both tails are precise: 64 random bits go into each sample. With λ = ∞
    every sample is 0. The gradient flows through λ.

    Args:
        key: a typed key.
        shape: an integer or a sequence of integers.
        lambd: the rate λ, a positive scalar.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        An array of that shape and dtype.

    Raises:
        TypeError: the key is not a typed key, or another argument is of the wrong kind.
        ValueError: a negative size, or a rate out of range. A traced one is checked under
            `jaxgrad.checkify` only, and a wrong one gives NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.exponential_.html

    Differs from PyTorch: takes a shape where PyTorch fills a tensor in place; the gradient reaches
    λ.

    >>> from jaxgrad.random import exponential, key
    >>> bool((exponential(key(0), 5, 0.5) > 0).all())
    True
    """
    check = _checks.of("exponential")
    key, shape, dtype, (lambd,) = filled(check, key, shape, dtype, lambd=lambd)
    samples, valid = _exponential(key, lambd, shape, dtype)
    text = check.wrong("lambd", "positive", "{lambd}")
    _checks.in_range(_is_rate, valid, text, wide(dtype), lambd=lambd)
    return samples


def _is_rate(lambd: Any) -> Any:
    return lambd > 0


@functools.partial(jax.jit, static_argnames=("shape", "dtype"))
def _exponential(
    key: jax.Array, lambd: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike
) -> tuple[jax.Array, jax.Array]:
    lambd = jnp.asarray(lambd, wide(dtype))  # a rate of float16 samples may exceed float16
    valid = _is_rate(lambd)
    # Without it, jit would turn a constant λ into a factor 1/λ, which rounds differently.
    rate = jax.lax.optimization_barrier(lambd)
    # XLA flushes subnormal numbers of float32 and bfloat16 to 0, but not those of float16.
    normal = jnp.finfo(rate.dtype).smallest_normal
    least = max(float(jnp.finfo(dtype).smallest_subnormal), float(normal))
    samples = (_draws.exponential(key, shape, rate.dtype) / rate).astype(dtype)
    samples = jnp.where(rate == jnp.inf, samples, jnp.maximum(samples, least))
    return jnp.where(valid, samples, jnp.nan), valid


@filling
def cauchy(
    key: jax.Array,
    shape: Shape,
    median: ArrayLike = 0.0,
    sigma: ArrayLike = 1.0,
    *,
    dtype: DTypeLike | None = None,
) -> jax.Array:
    """Samples of the Cauchy distribution: `Tensor.cauchy_`.

        p(x) = σ / (π (σ² + (x - median)²))

    The gradient flows through median and σ.

    Args:
        key: a typed key.
        shape: an integer or a sequence of integers.
        median: where the density is largest, a finite scalar.
        sigma: half the width of the density at half its height, a positive finite scalar.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        An array of that shape and dtype.

    Raises:
        TypeError: the key is not a typed key, or another argument is of the wrong kind.
        ValueError: a negative size, or median or sigma out of range. Traced ones are checked under
            `jaxgrad.checkify` only, and wrong ones give NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.cauchy_.html

    Differs from PyTorch: takes a shape where PyTorch fills a tensor in place; the gradient reaches
    the parameters; infinite ones are refused.

    >>> from jaxgrad.random import cauchy, key
    >>> cauchy(key(0), (2, 3), median=1.0).shape
    (2, 3)
    """
    check = _checks.of("cauchy")
    key, shape, dtype, (median, sigma) = filled(
        check, key, shape, dtype, median=median, sigma=sigma
    )
    samples, valid = _cauchy(key, median, sigma, shape, dtype)
    expected, got = "finite, sigma positive", "{median}, {sigma}"
    text = check.wrong("median and sigma", expected, got)
    _checks.in_range(are_location_and_scale, valid, text, dtype, median=median, sigma=sigma)
    return samples


@functools.partial(jax.jit, static_argnames=("shape", "dtype"))
def _cauchy(
    key: jax.Array, median: ArrayLike, sigma: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike
) -> tuple[jax.Array, jax.Array]:
    median, sigma = jnp.asarray(median, dtype), jnp.asarray(sigma, dtype)
    valid = are_location_and_scale(median, sigma)
    center, scale = median.astype(wide(median.dtype)), sigma.astype(wide(median.dtype))
    positive, half = _draws.signed_half(key, shape, center.dtype)
    distance = scale / jnp.tan(jnp.pi * half)
    samples = center + jnp.where(positive, distance, -distance)
    return jnp.where(valid, samples, jnp.nan).astype(median.dtype), valid
