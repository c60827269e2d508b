"""Weights of independent elements whose distribution does not depend on the shape."""

import functools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike, DTypeLike

from jaxgrad import _checks, random
from jaxgrad._calls import called
from jaxgrad._checks import Checks, Shape
from jaxgrad._dtypes import is_a, wide
from jaxgrad.init import _distributions, _draws


@called
def uniform(
    key: jax.Array,
    shape: Shape,
    dtype: DTypeLike | None = None,
    out_sharding: Any = None,
    *,
    a: ArrayLike = 0.0,
    b: ArrayLike = 1.0,
) -> jax.Array:
    """Weights of the uniform distribution on [a, b): `torch.nn.init.uniform_`.

        w = a + u (b - a),   u ~ U[0, 1)

    Args:
        key: a typed key.
        shape: the weight's shape.
        dtype: a real floating point dtype; by default JAX's default float.
        out_sharding: where to put the weight, a NamedSharding or a PartitionSpec.
        a: lower end, a finite scalar.
        b: upper end, a finite scalar, at least a; b - a must be finite too.

    Returns:
        An array of that shape and dtype; the gradient flows through a and b.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: a negative size, or a and b out of order or out of range. Traced a and b are
            checked under `jaxgrad.checkify` only, and wrong ones give NaN.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.uniform_

    Differs from PyTorch: makes an array instead of filling a tensor.

    >>> import jax
    >>> from jaxgrad import init
    >>> init.uniform(jax.random.key(0), (3, 5), a=-1.0).shape
    (3, 5)
    """
    check = _checks.of("uniform")
    key, shape, dtype = _draws.target(check, key, shape, dtype)
    weight = random.uniform(key, shape, a, b, dtype=dtype)
    return _draws.placed(check, weight, out_sharding)


@called
def normal(
    key: jax.Array,
    shape: Shape,
    dtype: DTypeLike | None = None,
    out_sharding: Any = None,
    *,
    mean: ArrayLike = 0.0,
    std: ArrayLike = 1.0,
) -> jax.Array:
    """Weights of the normal distribution: `torch.nn.init.normal_`.

        w = mean + std z,   z ~ N(0, 1)

    Args:
        key: a typed key.
        shape: the weight's shape.
        dtype: a real floating point dtype; by default JAX's default float.
        out_sharding: where to put the weight, a NamedSharding or a PartitionSpec.
        mean: a scalar.
        std: standard deviation, a scalar, at least 0.

    Returns:
        An array of that shape and dtype; the gradient flows through mean and std.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: a negative size, or std is negative or NaN. A traced std is checked under
            `jaxgrad.checkify` only, and a wrong one gives NaN.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.normal_

    Differs from PyTorch: makes an array instead of filling a tensor.

    >>> import jax
    >>> from jaxgrad import init
    >>> init.normal(jax.random.key(0), (3, 5), std=0.02).shape
    (3, 5)
    """
    check = _checks.of("normal")
    key, shape, dtype = _draws.target(check, key, shape, dtype)
    args = check.number("mean", mean), check.number("std", std)
    weight = _draws.sample(key, _distributions.Draw("weight", shape, "normal", args), dtype)
    return _draws.placed(check, weight, out_sharding)


@called
def bernoulli(
    key: jax.Array,
    shape: Shape,
    dtype: DTypeLike | None = None,
    out_sharding: Any = None,
    *,
    p: ArrayLike = 0.5,
    values: ArrayLike | Sequence[float] = (0.0, 1.0),
) -> jax.Array:
    """Weights of two values: `Tensor.bernoulli_(p)` for 0 and 1.

        P(w = values[1]) = p,   P(w = values[0]) = 1 - p

    Args:
        key: a typed key.
        shape: the weight's shape.
        dtype: a real floating point dtype; by default JAX's default float.
        out_sharding: where to put the weight, a NamedSharding or a PartitionSpec.
        p: the probability of the second value, a scalar in [0, 1].
        values: the two values.

    Returns:
        An array of that shape and dtype. The gradient flows through the values, not through p.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: a negative size, not two values, or p outside [0, 1] or NaN. A traced p is
            checked under `jaxgrad.checkify` only, and a wrong one gives NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.bernoulli_.html

    Differs from PyTorch: values other than 0 and 1; makes an array instead of filling a tensor.

    >>> import jax
    >>> from jaxgrad import init
    >>> w = init.bernoulli(jax.random.key(0), (3, 5), p=0.3, values=(-1.0, 1.0))
    >>> w.shape, bool(((w == -1) | (w == 1)).all())
    ((3, 5), True)
    """
    check = _checks.of("bernoulli")
    key, shape, dtype = _draws.target(check, key, shape, dtype)
    p = check.number("p", p)
    values = _values(check, values, dtype)
    if values.size != 2:
        raise ValueError(check.wrong("values", "two", values.size))
    text = check.wrong("p", "in [0, 1]", "{p}")
    _checks.holds((p >= 0) & (p <= 1), text, p=lambda: jnp.asarray(p))
    return _draws.placed(check, _bernoulli(key, p, values, shape), out_sharding)


@functools.partial(jax.jit, static_argnames="shape")
def _bernoulli(
    key: jax.Array, p: ArrayLike, values: jax.Array, shape: tuple[int, ...]
) -> jax.Array:
    p = jax.lax.stop_gradient(jnp.asarray(p).astype(wide(values.dtype)))
    valid = (p >= 0) & (p <= 1)
    second = random.bernoulli(key, jnp.where(valid, p, 0), shape, dtype=bool)
    return jnp.where(valid, jnp.where(second, values[1], values[0]), jnp.nan)


@called
def multinomial(
    key: jax.Array,
    shape: Shape,
    dtype: DTypeLike | None = None,
    out_sharding: Any = None,
    *,
    values: ArrayLike | Sequence[float],
    weights: ArrayLike | Sequence[float],
) -> jax.Array:
    """Weights of finitely many values, drawn with given weights: `values[torch.multinomial(…)]`.

        P(w = valuesᵢ) = weightsᵢ / Σⱼ weightsⱼ

    Args:
        key: a typed key.
        shape: the weight's shape.
        dtype: a real floating point dtype; by default JAX's default float.
        out_sharding: where to put the weight, a NamedSharding or a PartitionSpec.
        values: the values, one-dimensional and not empty.
        weights: the relative frequency of each value: finite, at least 0, not normalised.

    Returns:
        An array of that shape and dtype. The gradient flows through the values, not through the
        weights.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: a negative size; values and weights of different shapes, or empty; a weight is
            negative, infinite or NaN, or no weight is positive. Traced weights are checked under
            `jaxgrad.checkify` only, and wrong ones give NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.multinomial.html

    Differs from PyTorch: draws values, with replacement, where PyTorch draws indices.

    >>> import jax
    >>> from jaxgrad import init
    >>> w = init.multinomial(
    ...     jax.random.key(0), (3, 5), values=[-1.0, 0.0, 1.0], weights=[1.0, 0.0, 2.0]
    ... )
    >>> w.shape, bool((abs(w) == 1).all())
    ((3, 5), True)
    """
    check = _checks.of("multinomial")
    key, shape, dtype = _draws.target(check, key, shape, dtype)
    values, weights = _values(check, values, dtype), check.array("weights", weights)
    if weights.shape != values.shape:
        expected = f"as many as values, {values.size}"
        raise ValueError(check.wrong("weights", expected, f"shape {weights.shape}"))
    # Integers are allowed too: PyTorch's users write [10, 0, 13].
    integers = is_a(weights.dtype, jnp.integer)
    weights = check.floating("weights", weights.astype(float) if integers else weights)
    proper = jnp.isfinite(weights) & (weights >= 0)
    valid = jnp.all(proper) & jnp.any(weights > 0)
    text = check.wrong("weights", "finite, at least 0, and one of them positive", "{w}")
    _checks.holds(valid, text, w=lambda: weights)
    size = max(1, math.prod(shape))  # `multinomial` draws at least once
    indices = random.multinomial(key, weights, size, replacement=True)
    return _draws.placed(check, _chosen(values, indices, shape), out_sharding)


@functools.partial(jax.jit, static_argnames="shape")
def _chosen(values: jax.Array, indices: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """The values at the indices, NaN at -1. For an empty shape the one index is dropped."""
    weight = jnp.where(indices >= 0, values[indices], jnp.nan)
    return weight[: math.prod(shape)].reshape(shape)


def _values(check: Checks, values: Any, dtype: DTypeLike) -> jax.Array:
    """The values to draw from: real numbers, one-dimensional and not empty."""
    array = check.array("values", values)
    real = is_a(array.dtype, jnp.floating) or is_a(array.dtype, jnp.integer)
    if not real:
        raise TypeError(check.wrong("values", "real numbers", array.dtype))
    if array.ndim != 1 or not array.size:
        expected = "one-dimensional and not empty"
        raise ValueError(check.wrong("values", expected, f"shape {array.shape}"))
    return array.astype(dtype)
