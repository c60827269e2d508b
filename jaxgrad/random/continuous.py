"""Samplers of continuous laws other than the normal one."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import wide

from . import _draws
from ._arguments import filled, in_range
from .keys import unrolled


def rand(key: jax.Array, shape: Any, *, dtype: Any = None) -> jax.Array:
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
    key = _checks.key("rand", key)
    shape, dtype = _checks.shape("rand", shape), _checks.float_dtype("rand", dtype)
    return _uniform(key, jnp.zeros((), dtype), jnp.ones((), dtype), shape)[0]


def uniform(
    key: jax.Array, shape: Any, a: ArrayLike = 0.0, b: ArrayLike = 1.0, *, dtype: Any = None
) -> jax.Array:
    """Samples of the uniform distribution on [a, b): `Tensor.uniform_(a, b)`.

        x = a + u (b - a),   u ~ U[0, 1)

    b itself never comes, whatever the rounding; with a = b every sample is a. The gradient flows
    through a and b along that formula.

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
    key = _checks.key("uniform", key)
    shape = _checks.shape("uniform", shape)
    dtype = _checks.float_dtype("uniform", dtype)
    a = _checks.scalar("uniform", "a", a).astype(dtype)
    b = _checks.scalar("uniform", "b", b).astype(dtype)
    samples, valid = _uniform(key, a, b, shape)
    text = _checks.wrong("uniform", "[a, b)", f"a finite range of {dtype}", "[{a}, {b})")
    _checks.holds(valid, text, a=lambda: a, b=lambda: b)
    return samples


@functools.partial(jax.jit, static_argnames="shape")
def _uniform(
    key: jax.Array, a: jax.Array, b: jax.Array, shape: tuple[int, ...]
) -> tuple[jax.Array, jax.Array]:
    low, high = a.astype(wide(a.dtype)), b.astype(wide(a.dtype))
    valid = (a <= b) & jnp.isfinite(a) & jnp.isfinite((high - low).astype(a.dtype))
    unit = jax.random.uniform(unrolled(key), shape, low.dtype)
    samples = low + unit * (high - low)
    below_b = jnp.nextafter(*jax.lax.stop_gradient((b, a))).astype(low.dtype)
    # What is nearer to 0 than this, is 0 to XLA.
    normal = jnp.finfo(low.dtype).smallest_normal.astype(low.dtype)
    below_b = jnp.where((b == 0) & (a < b), jnp.minimum(below_b, -normal), below_b)
    samples = jnp.where(samples > below_b, below_b, samples).astype(a.dtype)  # none rounds to b
    return jnp.where(valid, samples, jnp.nan), valid


def exponential(
    key: jax.Array, shape: Any, lambd: ArrayLike = 1.0, *, dtype: Any = None
) -> jax.Array:
    """Samples of the exponential distribution: `Tensor.exponential_`.

        p(x) = λ exp(-λ x),   x > 0

    Never 0, and precise in both tails: 64 random bits go into each sample. The gradient flows
    through λ.

    Args:
        key: a typed key.
        shape: an integer or a sequence of integers.
        lambd: the rate λ, a positive finite scalar.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        An array of that shape and dtype.

    Raises:
        TypeError: the key is not a typed key, or another argument is of the wrong kind.
        ValueError: a negative size, or a rate out of range. A traced one is checked under
            `jaxgrad.checkify` only, and a wrong one gives NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.exponential_.html

    Differs from PyTorch: takes a shape where PyTorch fills a tensor in place; the gradient reaches
    λ; an infinite λ is refused.

    >>> from jaxgrad.random import exponential, key
    >>> bool((exponential(key(0), 5, 0.5) > 0).all())
    True
    """
    key, shape, dtype, (lambd,) = filled("exponential", key, shape, dtype, {"lambd": lambd})
    samples, valid = _exponential(key, lambd, shape)
    in_range("exponential", "positive and finite", valid, lambd=lambd)
    return samples


@functools.partial(jax.jit, static_argnames="shape")
def _exponential(
    key: jax.Array, lambd: jax.Array, shape: tuple[int, ...]
) -> tuple[jax.Array, jax.Array]:
    valid = (lambd > 0) & jnp.isfinite(lambd)
    # Or a constant λ would become a factor 1/λ under jit, which rounds otherwise.
    rate = jax.lax.optimization_barrier(lambd.astype(wide(lambd.dtype)))
    # The subnormal numbers of float32, and so of bfloat16, are 0 to XLA; float16's are not.
    normal = jnp.finfo(rate.dtype).smallest_normal
    least = max(float(jnp.finfo(lambd.dtype).smallest_subnormal), float(normal))
    samples = (_draws.exponential(key, shape, rate.dtype) / rate).astype(lambd.dtype)
    return jnp.where(valid, jnp.maximum(samples, least), jnp.nan), valid


def cauchy(
    key: jax.Array,
    shape: Any,
    median: ArrayLike = 0.0,
    sigma: ArrayLike = 1.0,
    *,
    dtype: Any = None,
) -> jax.Array:
    """Samples of the Cauchy distribution: `Tensor.cauchy_`.

        p(x) = σ / (π (σ² + (x - median)²))

    The gradient flows through median and σ.

    Args:
        key: a typed key.
        shape: an integer or a sequence of integers.
        median: where the density is largest, a finite scalar.
        sigma: half the width at half that height, a positive finite scalar.
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
    key, shape, dtype, (median, sigma) = filled(
        "cauchy", key, shape, dtype, {"median": median, "sigma": sigma}
    )
    samples, valid = _cauchy(key, median, sigma, shape)
    text = "finite, sigma positive"
    in_range("cauchy", text, valid, median=median, sigma=sigma)
    return samples


@functools.partial(jax.jit, static_argnames="shape")
def _cauchy(
    key: jax.Array, median: jax.Array, sigma: jax.Array, shape: tuple[int, ...]
) -> tuple[jax.Array, jax.Array]:
    valid = jnp.isfinite(median) & jnp.isfinite(sigma) & (sigma > 0)
    center, scale = median.astype(wide(median.dtype)), sigma.astype(wide(median.dtype))
    positive, half = _draws.signed_half(key, shape, center.dtype)
    distance = scale / jnp.tan(jnp.pi * half)
    samples = center + jnp.where(positive, distance, -distance)
    return jnp.where(valid, samples, jnp.nan).astype(median.dtype), valid
