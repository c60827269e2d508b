"""Samplers: PyTorch's names, defaults and refusals, with an explicit key first.

A key is any typed key (`jax.random.key(seed)`, of any implementation). One key gives one stream:
the same key, shape and dtype give the same numbers, under jit and vmap and on sharded arrays too
(except JAX's rbg keys under vmap, of which JAX says so).
bfloat16 and float16 are sampled in float32 and rounded once.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import wide

__all__ = ["bernoulli", "multinomial", "normal", "randn", "uniform"]


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
            checked under `checkify` only, and wrong ones give NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.uniform_.html

    Differs from PyTorch: takes a shape where PyTorch fills a tensor in place; no complex dtypes.

    >>> import jax
    >>> from jaxgrad.random import uniform
    >>> x = uniform(jax.random.key(0), (4, 4), -1.0, 1.0)
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
    unit = jax.random.uniform(key, shape, low.dtype)
    samples = low + unit * (high - low)
    below_b = jnp.nextafter(*jax.lax.stop_gradient((b, a))).astype(low.dtype)
    samples = jnp.where(samples > below_b, below_b, samples).astype(a.dtype)  # none rounds to b
    return jnp.where(valid, samples, jnp.nan), valid


def randn(key: jax.Array, shape: Any, *, dtype: Any = None) -> jax.Array:
    """Samples of the standard normal distribution: `torch.randn`.

        p(x) = exp(-x²/2) / √(2π)

    Args:
        key: a typed key.
        shape: an integer or a sequence of integers.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        An array of that shape and dtype.

    Raises:
        TypeError: the key is not a typed key, or shape or dtype is of the wrong kind.
        ValueError: a negative size.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.randn.html

    Differs from PyTorch: no complex dtypes.

    >>> import jax
    >>> from jaxgrad.random import randn
    >>> randn(jax.random.key(0), (2, 3)).shape
    (2, 3)
    """
    key = _checks.key("randn", key)
    return _randn(key, _checks.shape("randn", shape), _checks.float_dtype("randn", dtype))


@functools.partial(jax.jit, static_argnames=("shape", "dtype"))
def _randn(key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
    return jax.random.normal(key, shape, wide(dtype)).astype(dtype)


def normal(
    key: jax.Array,
    mean: ArrayLike = 0.0,
    std: ArrayLike = 1.0,
    shape: Any = None,
    *,
    dtype: Any = None,
) -> jax.Array:
    """Samples of normal distributions, one for each element: `torch.normal`.

        xᵢ = meanᵢ + stdᵢ zᵢ,   zᵢ ~ N(0, 1)

    The gradient flows through mean and std along that formula. A std of 0 gives the mean.

    Args:
        key: a typed key.
        mean: means, a scalar or an array.
        std: standard deviations, at least 0, a scalar or an array. Broadcast against mean; where
            the two do not broadcast but have as many elements, std is read in order and the
            mean's shape wins.
        shape: the shape of the samples, to which mean and std are broadcast; by default theirs.
        dtype: a real floating point dtype; by default the mean's, or where the mean is a Python
            number the std's, or where both are, JAX's default float.

    Returns:
        An array of samples.

    Raises:
        TypeError: the key is not a typed key, an argument is of the wrong kind, or the dtype of
            the samples would not be floating point.
        ValueError: the shapes cannot be matched, or a std is negative or NaN. A traced std is
            checked under `checkify` only, and a wrong one gives NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.normal.html

    Differs from PyTorch: the gradient reaches mean and std (PyTorch's are silently zero); the
    documented rule of equal element counts holds (PyTorch 2.13 refuses it); `size` is called shape
    as elsewhere here; two scalars without it give one sample, and arrays may be given with it; no
    complex dtypes.

    >>> import jax, jax.numpy as jnp
    >>> from jaxgrad.random import normal
    >>> normal(jax.random.key(0), jnp.arange(1.0, 11.0), jnp.arange(1, 0, -0.1)).shape
    (10,)
    >>> normal(jax.random.key(0), 0.5, jnp.arange(1.0, 6.0)).shape
    (5,)
    """
    key = _checks.key("normal", key)
    mean = _checks.array("normal", "mean", mean)
    std = _checks.array("normal", "std", std)
    for argument, value in (("mean", mean), ("std", std)):
        if not jnp.issubdtype(value.dtype, jnp.number) and value.dtype != bool:
            raise TypeError(_checks.wrong("normal", argument, "an array of numbers", value.dtype))
    if dtype is None and not (mean.weak_type and std.weak_type):
        argument, given = ("std", std) if mean.weak_type else ("mean", mean)
        dtype = _checks.floating("normal", argument, given).dtype
    dtype = _checks.float_dtype("normal", dtype)
    shape, std = _matched(mean, std, shape)
    for argument, value in (("mean", mean), ("std", std)):
        if jnp.iscomplexobj(value):
            raise TypeError(_checks.wrong("normal", argument, "real", value.dtype))
    samples, valid = _normal(key, mean.astype(dtype), std.astype(dtype), shape)
    text = _checks.wrong("normal", "std", "at least 0 everywhere", "{least}")
    _checks.holds(valid, text, least=lambda: jnp.min(std))
    return samples


def _matched(mean: jax.Array, std: jax.Array, shape: Any) -> tuple[tuple[int, ...], jax.Array]:
    """The shape of the samples, and std in a shape that broadcasts to it."""
    try:
        together = np.broadcast_shapes(mean.shape, std.shape)
    except ValueError:
        if mean.size != std.size:
            expected = f"of a shape that broadcasts with mean's {mean.shape}, or of its size"
            raise ValueError(_checks.wrong("normal", "std", expected, std.shape)) from None
        together, std = mean.shape, std.reshape(mean.shape)
    if shape is None:
        return together, std
    shape = _checks.shape("normal", shape)
    try:
        if np.broadcast_shapes(together, shape) == shape:
            return shape, std
    except ValueError:
        pass
    expected = f"a shape to which mean and std, {together}, broadcast"
    raise ValueError(_checks.wrong("normal", "shape", expected, shape))


@functools.partial(jax.jit, static_argnames="shape")
def _normal(
    key: jax.Array, mean: jax.Array, std: jax.Array, shape: tuple[int, ...]
) -> tuple[jax.Array, jax.Array]:
    dtype = mean.dtype
    valid = std >= 0
    std = jnp.where(valid, std, jnp.nan)
    mean, std = (jnp.broadcast_to(x, shape).astype(wide(dtype)) for x in (mean, std))
    samples = mean + std * jax.random.normal(key, shape, mean.dtype)
    return samples.astype(dtype), jnp.all(valid)


def bernoulli(key: jax.Array, input: ArrayLike) -> jax.Array:
    """Samples 1 with probability p and 0 otherwise, for each p of the input: `torch.bernoulli`.

        P(xᵢ = 1) = pᵢ,   P(xᵢ = 0) = 1 - pᵢ

    Exact at p = 0 and p = 1. The gradient with respect to p is zero.

    Args:
        key: a typed key.
        input: probabilities p in [0, 1], floating point, any shape.

    Returns:
        Zeros and ones in the shape and dtype of `input`.

    Raises:
        TypeError: the key is not a typed key, or the input is not floating point.
        ValueError: a p outside [0, 1], or NaN. Traced ones are checked under `checkify` only, and
            a wrong one gives NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.bernoulli.html

    >>> import jax
    >>> from jaxgrad.random import bernoulli, uniform
    >>> key_p, key_x = jax.random.split(jax.random.key(0))
    >>> x = bernoulli(key_x, uniform(key_p, (4, 4)))
    >>> x.shape, bool(((x == 0) | (x == 1)).all())
    ((4, 4), True)
    """
    key = _checks.key("bernoulli", key)
    input = _checks.floating("bernoulli", "input", input)
    samples, valid = _bernoulli(key, input)
    text = _checks.wrong("bernoulli", "input", "in [0, 1] everywhere", "{least} to {most}")
    _checks.holds(valid, text, least=lambda: jnp.min(input), most=lambda: jnp.max(input))
    return samples


@jax.jit
def _bernoulli(key: jax.Array, input: jax.Array) -> tuple[jax.Array, jax.Array]:
    probability = jax.lax.stop_gradient(input.astype(wide(input.dtype)))
    valid = (probability >= 0) & (probability <= 1)
    ones = jax.random.bernoulli(key, probability, mode="high")  # resolves p far below 2⁻²³
    return jnp.where(valid, ones.astype(input.dtype), jnp.nan), jnp.all(valid)


def multinomial(
    key: jax.Array, input: ArrayLike, num_samples: int, replacement: bool = False
) -> jax.Array:
    """Draws category indices with the given weights, row by row: `torch.multinomial`.

        P(first draw = i) = wᵢ / Σⱼ wⱼ;   without replacement each later draw has the same form
        over the categories that are left, and a row's draws come in the order of drawing.

    A category of weight 0 is never drawn. The gradient with respect to the weights is zero.
    With replacement the inverse of the cumulative weights is searched: O(categories + draws x log
    categories). Without, the largest of log wᵢ + Gumbel noise win (Kool, van Hoof & Welling 2019,
    "Stochastic Beams and Where to Find Them").

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
            categories; a weight is negative, infinite or NaN; a row has no non-zero weight or,
            without replacement, fewer of them than num_samples. Facts about traced weights are
            checked under `checkify` only, and rows where one fails give -1 (with which JAX, as
            NumPy, reads the last element).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.multinomial.html

    Differs from PyTorch: more draws without replacement than non-zero weights are refused
    (PyTorch 2.13 draws categories of weight 0); with replacement at most 2²⁰ categories unless the
    weights are float64 (PyTorch: 2²⁴, and unevenly near it), and any number without; indices are
    int32 unless JAX's 64-bit types are switched on.

    >>> import jax, jax.numpy as jnp
    >>> from jaxgrad.random import multinomial
    >>> weights = jnp.array([10.0, 0.0, 13.0, 10.0])
    >>> multinomial(jax.random.key(0), weights, 3).sort()
    Array([0, 2, 3], dtype=int32)
    >>> multinomial(jax.random.key(0), weights, 5, replacement=True).shape
    (5,)
    """
    name = "multinomial"
    key = _checks.key(name, key)
    input = _checks.floating(name, "input", input)
    num_samples = _checks.integer(name, "num_samples", num_samples, minimum=1)
    if not isinstance(replacement, (bool, np.bool_)):
        got = f"{type(replacement).__name__} {replacement!r:.60}"
        raise TypeError(_checks.wrong(name, "replacement", "True or False", got))
    if input.ndim not in (1, 2) or input.shape[-1] == 0:
        expected = "(categories,) or (rows, categories), with at least one category"
        raise ValueError(_checks.wrong(name, "input", expected, f"shape {input.shape}"))
    if not replacement and num_samples > input.shape[-1]:
        expected = f"at most the {input.shape[-1]} categories without replacement"
        remedy = "draw with replacement=True"
        raise ValueError(_checks.wrong(name, "num_samples", expected, num_samples, remedy))
    if replacement and input.shape[-1] > 2**20 and input.dtype != jnp.float64:
        # A float32 uniform number has 2²³ values: too few to reach more categories evenly.
        expected = "of at most 2**20 categories with replacement, or float64"
        raise ValueError(_checks.wrong(name, "input", expected, f"{input.shape[-1]} {input.dtype}"))
    rows = input.reshape(-1, input.shape[-1])
    indices, valid, least = _multinomial(key, rows, num_samples, bool(replacement))
    needed = 1 if replacement else num_samples
    text = _checks.wrong(name, "input", "finite and at least 0 everywhere", "{least} to {most}")
    _checks.holds(valid, text, least=lambda: jnp.min(input), most=lambda: jnp.max(input))
    expected = f"positive in at least {needed} of each row's weights"
    _checks.holds(least >= needed, _checks.wrong(name, "input", expected, "{n}"), n=lambda: least)
    return indices.reshape(*input.shape[:-1], num_samples)


@functools.partial(jax.jit, static_argnames=("num_samples", "replacement"))
def _multinomial(
    key: jax.Array, weights: jax.Array, num_samples: int, replacement: bool
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Indices for each row, whether every weight is one, and the fewest non-zero ones of a row."""
    weights = jax.lax.stop_gradient(weights.astype(wide(weights.dtype)))
    proper = jnp.all(jnp.isfinite(weights) & (weights >= 0), axis=1)
    nonzero = jnp.sum(weights > 0, axis=1)
    valid = proper & (nonzero >= (1 if replacement else num_samples))
    draw = _with_replacement if replacement else _without_replacement
    indices = draw(key, jnp.where(valid[:, None], weights, 1), num_samples).astype(int)
    least = jnp.min(nonzero, initial=weights.shape[1])
    return jnp.where(valid[:, None], indices, -1), jnp.all(proper), least


def _with_replacement(key: jax.Array, weights: jax.Array, num_samples: int) -> jax.Array:
    """The inverse of the cumulative weights at uniform points."""
    rows, dtype = weights.shape[0], weights.dtype
    # Neither their sum may overflow nor a point below it be subnormal, which XLA flushes to 0.
    largest = jnp.max(weights, axis=1, keepdims=True)
    weights = weights * jnp.where(largest > 1, 2.0**-64, 2.0**64).astype(dtype)
    cumulative = jax.lax.cumsum(weights, axis=1)
    # Level across a weight of 0 whatever the rounding of the sum, so that no point falls there.
    cumulative = jax.lax.cummax(jnp.where(weights > 0, cumulative, 0), axis=1)
    # Uniform numbers stay a whole step below 1, and so do the points below the total.
    points = jax.random.uniform(key, (rows, num_samples), dtype) * cumulative[:, -1:]
    return jax.vmap(functools.partial(jnp.searchsorted, side="right"))(cumulative, points)


def _without_replacement(key: jax.Array, weights: jax.Array, num_samples: int) -> jax.Array:
    """The winners of a race in which category i runs with log wᵢ + Gumbel noise."""
    noise = jax.random.gumbel(key, weights.shape, weights.dtype, mode="high")
    return jax.lax.top_k(jnp.log(weights) + noise, num_samples)[1]
