"""Rectifiers: linear on each side of 0 or of a threshold."""

import math

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks, random
from jaxgrad._calls import called
from jaxgrad._dtypes import widened

from .._arguments import NUMBERS, comparable, compiled, number_for


@jax.jit
def _threshold(x: jax.Array, threshold: jax.Array, value: jax.Array) -> jax.Array:
    of, limit = comparable(x, threshold)
    return jnp.where(of <= limit, jnp.asarray(value, x.dtype), x)


@called
def relu(input: ArrayLike) -> jax.Array:
    """Rectified linear unit: `torch.nn.functional.relu`, `torch.relu`.

        y = max(x, 0)

    The derivative at 0 is 0, and 1 at NaN.

    Args:
        input: x, integers or floating point numbers, any shape.

    Returns:
        y, of the input's shape and dtype.

    Raises:
        TypeError: the input is not an array of real numbers, or it is bool.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.relu.html

    >>> import jax
    >>> from jaxgrad.functional import relu
    >>> jax.grad(relu)(0.0)
    Array(0., dtype=float32, weak_type=True)
    """
    return _relu(_checks.of("relu").real("input", input, NUMBERS))


@jax.jit
def _relu(x: jax.Array) -> jax.Array:
    return _threshold(x, 0, 0)


@called
def threshold(input: ArrayLike, threshold: ArrayLike, value: ArrayLike) -> jax.Array:
    """The input where it is above a threshold, and a constant elsewhere.

        y = x where x > threshold, value elsewhere

    The derivative is 0 at the threshold. NaN passes, with derivative 1. A bfloat16 or float16 input
    is compared with the threshold itself, not with its rounded value.

    Args:
        input: x, integers or floating point numbers, any shape.
        threshold: a scalar.
        value: a scalar. For an integer input both are truncated, and must fit its dtype.

    Returns:
        y, of the input's shape and dtype.

    Raises:
        TypeError: the input is not an array of real numbers, or it is bool; or another argument is
            not a number.
        ValueError: a number does not fit the dtype of an integer input.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.threshold.html

    Differs from PyTorch: a negative value for an unsigned input is an error; PyTorch wraps it.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import threshold
    >>> threshold(jnp.array([0.5, 1.0, 2.0]), 1.0, 20.0)
    Array([20., 20.,  2.], dtype=float32)
    """
    check = _checks.of("threshold")
    x = check.real("input", input, NUMBERS)
    limit = number_for(check, "threshold", threshold, x)
    return _threshold(x, limit, number_for(check, "value", value, x))


@called
def leaky_relu(input: ArrayLike, negative_slope: ArrayLike = 0.01) -> jax.Array:
    """Rectified linear unit that leaks.

        y = x where x > 0, slope · x elsewhere

    The derivative at 0 is the negative slope.

    Args:
        input: x, floating point, any shape.
        negative_slope: a scalar.

    Returns:
        y, of the input's shape and dtype.

    Raises:
        TypeError: the input is not floating point, or the slope is not a number.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.leaky_relu.html

    >>> import jax
    >>> from jaxgrad.functional import leaky_relu
    >>> jax.grad(leaky_relu)(0.0)
    Array(0.01, dtype=float32, weak_type=True)
    """
    check = _checks.of("leaky_relu")
    x = check.floating("input", input)
    return _leaky_relu(x, check.number("negative_slope", negative_slope))


@compiled(0.01)
def _leaky_relu(input: jax.Array, negative_slope: jax.Array) -> jax.Array:
    x, slope = widened(input.dtype, input, negative_slope)
    return (x * jnp.where(x > 0, 1, slope)).astype(input.dtype)


def prelu(input: ArrayLike, weight: ArrayLike) -> jax.Array:
    """Rectified linear unit with a slope for each channel: `torch.prelu`.

        y = x where x > 0, weight · x elsewhere

    The derivative at 0 is the weight with respect to x, and 0 with respect to the weight.

    Args:
        input: x, floating point, any shape. Channels are on axis 1; an input with fewer than two
            dimensions has one channel.
        weight: a scalar, or one number for each channel, of the input's dtype.

    Returns:
        y, of the input's shape and dtype.

    Raises:
        TypeError: the input is not floating point, or the weight is of another dtype.
        ValueError: the weight has more than one dimension, or its size is neither 1 nor the number
            of channels.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.prelu.html

    >>> import jax
    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import prelu
    >>> prelu(jnp.array([[-2.0, -2.0]]), jnp.array([0.25, 0.5]))
    Array([[-0.5, -1. ]], dtype=float32)
    """
    check = _checks.of("prelu")
    x = check.floating("input", input)
    weight = check.array("weight", weight)
    if weight.dtype != x.dtype:
        raise TypeError(check.wrong("weight", f"{x.dtype} as input is", weight.dtype))
    if weight.ndim > 1:
        raise ValueError(check.wrong("weight", "0-D or 1-D", f"shape {weight.shape}"))
    channels = x.shape[1] if x.ndim > 1 else 1
    if weight.size != 1 and weight.size != channels:
        expected = f"of 1 or {channels} numbers, one for each channel"
        raise ValueError(check.wrong("weight", expected, weight.size))
    return _prelu(x, weight)


@jax.jit
def _prelu(input: jax.Array, weight: jax.Array) -> jax.Array:
    x, slope = widened(input.dtype, input, weight)
    along = math.prod(slope.shape) if x.ndim > 1 else 1
    slope = slope.reshape([along if axis == 1 else 1 for axis in range(x.ndim)])
    return (x * jnp.where(x > 0, jnp.ones((), x.dtype), slope)).astype(input.dtype)


@called
def rrelu(
    key: jax.Array,
    input: ArrayLike,
    lower: ArrayLike = 1 / 8,
    upper: ArrayLike = 1 / 3,
    training: bool = False,
) -> jax.Array:
    """Rectified linear unit with a random slope.

        y = x where x > 0, r · x elsewhere,   r ~ U[lower, upper) in training, else their mean

    Each element has its own slope. The derivative at 0 is the slope, and flows through the bounds.

    Args:
        key: a typed key, required even where `training` is False.
        input: x, floating point, any shape.
        lower: least slope, a finite scalar.
        upper: upper end of the slopes, a finite scalar, at least `lower`.
        training: whether the slopes are random.

    Returns:
        y, of the input's shape and dtype.

    Raises:
        TypeError: the key is not a typed key, the input is not floating point, or another argument
            is of the wrong kind.
        ValueError: bounds out of order or not finite. Traced ones are checked under
            `jaxgrad.checkify` only, and wrong ones give NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.rrelu.html

    Differs from PyTorch: takes a key; float16 has random slopes too. In training PyTorch's
    derivative is that of the mean slope where the bounds are within 1e-6 of each other.

    >>> from jaxgrad.functional import rrelu
    >>> from jaxgrad.random import key
    >>> y = rrelu(key(0), -1.0, training=True)
    >>> bool((-1 / 3 < y) & (y <= -1 / 8))
    True
    """
    check = _checks.of("rrelu")
    key = check.key(key)
    x = check.floating("input", input)
    bounds = [check.number(name, value) for name, value in (("lower", lower), ("upper", upper))]
    training = check.truth("training", training)
    for name, value in zip(("lower", "upper"), bounds, strict=True):
        check.allowed(name, value, abs(value) < math.inf, "finite")
    check.allowed("lower", bounds[0], bounds[0] <= bounds[1], "at most upper")
    return _random_relu(key, x, *bounds) if training else _mean_relu(x, *bounds)


@compiled(1 / 8, 1 / 3)
def _random_relu(key: jax.Array, input: jax.Array, lower: jax.Array, upper: jax.Array) -> jax.Array:
    x, lower, upper = widened(input.dtype, input, lower, upper)
    valid = _are_bounds(lower, upper)
    low, high = jnp.where(valid, lower, 0), jnp.where(valid, upper, 1)  # already refused above
    slope = random.uniform(key, x.shape, low, high, dtype=x.dtype)
    y = x * jnp.where(x <= 0, slope, 1)
    return jnp.where(valid, y, jnp.nan).astype(input.dtype)


@compiled(1 / 8, 1 / 3)
def _mean_relu(input: jax.Array, lower: jax.Array, upper: jax.Array) -> jax.Array:
    x, lower, upper = widened(input.dtype, input, lower, upper)
    y = x * jnp.where(x > 0, 1, (lower + upper) / 2)
    return jnp.where(_are_bounds(lower, upper), y, jnp.nan).astype(input.dtype)


def _are_bounds(lower: jax.Array, upper: jax.Array) -> jax.Array:
    return jnp.isfinite(lower) & jnp.isfinite(upper) & (lower <= upper)
