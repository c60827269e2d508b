"""Samplers of the normal and the log-normal distribution."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike, DTypeLike

from jaxgrad import _checks
from jaxgrad._calls import called, filling
from jaxgrad._checks import Shape
from jaxgrad._dtypes import is_a, wide

from ._parameters import are_location_and_scale, filled
from .keys import unrolled


@called
def randn(key: jax.Array, shape: Shape, *, dtype: DTypeLike | None = None) -> jax.Array:
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

    >>> from jaxgrad.random import key, randn
    >>> randn(key(0), (2, 3)).shape
    (2, 3)
    """
    check = _checks.of("randn")
    key = check.key(key)
    return _randn(key, check.shape(shape), check.float_dtype(dtype))


@functools.partial(jax.jit, static_argnames=("shape", "dtype"))
def _randn(key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike) -> jax.Array:
    return jax.random.normal(unrolled(key), shape, wide(dtype)).astype(dtype)


@called
def normal(
    key: jax.Array,
    mean: ArrayLike = 0.0,
    std: ArrayLike = 1.0,
    shape: Shape | None = None,
    *,
    dtype: DTypeLike | None = None,
) -> jax.Array:
    """Samples of normal distributions, one for each element: `torch.normal`.

        xᵢ = meanᵢ + stdᵢ zᵢ,   zᵢ ~ N(0, 1)

    The gradient flows through mean and std along that formula. A std of 0 gives the mean.

    Args:
        key: a typed key.
        mean: means, a scalar or an array.
        std: standard deviations, at least 0, a scalar or an array that broadcasts with mean. An
            array that does not, but has the same number of elements, is read in order and takes
            the shape of mean.
        shape: the shape of the samples, to which mean and std are broadcast; by default their
            common shape.
        dtype: a real floating point dtype. By default the dtype of mean; if that is a Python
            number, the dtype of std; if both are, JAX's default float.

    Returns:
        An array of samples.

    Raises:
        TypeError: the key is not a typed key, an argument is of the wrong kind, or the dtype of
            the samples would not be floating point.
        ValueError: the shapes cannot be matched, or a std is negative or NaN. A traced std is
            checked under `jaxgrad.checkify` only, and a wrong one gives NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.normal.html

    Differs from PyTorch: the gradient reaches mean and std (PyTorch's are silently zero); the
    documented rule of equal element counts holds (PyTorch 2.13 refuses it); `size` is called shape
    as elsewhere here; two scalars without a shape give one sample, and arrays may be given with
    one; no complex dtypes.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.random import key, normal
    >>> normal(key(0), jnp.arange(1.0, 11.0), jnp.arange(1, 0, -0.1)).shape
    (10,)
    >>> normal(key(0), 0.5, jnp.arange(1.0, 6.0)).shape
    (5,)
    """
    check = _checks.of("normal")
    key = check.key(key)
    center, scale = _moment(check, "mean", mean), _moment(check, "std", std)
    if dtype is None and not (_is_weak(center) and _is_weak(scale)):
        argument, given = ("std", scale) if _is_weak(center) else ("mean", center)
        dtype = check.floating(argument, given).dtype
    dtype = check.float_dtype(dtype)
    shape, scale = _matched(check, center, scale, shape)
    for argument, value in (("mean", center), ("std", scale)):
        if not isinstance(value, float) and is_a(value.dtype, jnp.complexfloating):
            raise TypeError(check.wrong(argument, "real", value.dtype))
    samples, valid = _normal(key, center, scale, shape, dtype)
    text = check.wrong("std", "at least 0 everywhere", "{std}")
    if isinstance(scale, float):
        _checks.in_range(_is_deviation, valid, text, dtype, std=scale)
    elif scale.size:
        _checks.holds(valid, text, std=lambda: jnp.min(scale))
    return samples


def _moment(check: _checks.Checks, argument: str, value: Any) -> Any:
    """A mean or a standard deviation: a Python number or an array."""
    if type(value) in (int, float):
        return check.number(argument, value)
    check.no_shape(argument, value, "a number or an array")
    result = check.array(argument, value)
    if not is_a(result.dtype, jnp.number) and result.dtype != bool:
        raise TypeError(check.wrong(argument, "an array of numbers", result.dtype))
    return result


def _is_weak(value: Any) -> bool:
    return isinstance(value, float) or value.weak_type


def _is_deviation(std: Any) -> Any:
    return std >= 0


def _matched(
    check: _checks.Checks, mean: Any, std: Any, shape: Shape | None
) -> tuple[tuple[int, ...], Any]:
    """The shape of the samples, and std in a shape that broadcasts to it."""
    of_mean, of_std = (() if isinstance(x, float) else x.shape for x in (mean, std))
    try:
        common = of_mean if of_std in ((), of_mean) else np.broadcast_shapes(of_mean, of_std)
    except ValueError:
        if mean.size != std.size:
            expected = f"of a shape that broadcasts with mean's {of_mean}, or of its size"
            raise ValueError(check.wrong("std", expected, of_std)) from None
        common, std = of_mean, std.reshape(of_mean)
    if shape is None:
        return common, std
    shape = check.shape(shape)
    try:
        if not common or np.broadcast_shapes(common, shape) == shape:
            return shape, std
    except ValueError:
        pass
    expected = f"a shape to which mean and std, {common}, broadcast"
    raise ValueError(check.wrong("shape", expected, shape))


@functools.partial(jax.jit, static_argnames=("shape", "dtype"))
def _normal(
    key: jax.Array, mean: ArrayLike, std: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike
) -> tuple[jax.Array, jax.Array]:
    mean, std = jnp.asarray(mean).astype(dtype), jnp.asarray(std).astype(dtype)
    valid = _is_deviation(std)
    # Without it, jit would multiply constants into the sampler's own, which rounds differently.
    mean, std = jax.lax.optimization_barrier((mean, jnp.where(valid, std, jnp.nan)))
    mean, std = (jnp.broadcast_to(x, shape).astype(wide(dtype)) for x in (mean, std))
    samples = mean + std * jax.random.normal(unrolled(key), shape, mean.dtype)
    return samples.astype(dtype), jnp.all(valid)


@filling
def log_normal(
    key: jax.Array,
    shape: Shape,
    mean: ArrayLike = 1.0,
    std: ArrayLike = 2.0,
    *,
    dtype: DTypeLike | None = None,
) -> jax.Array:
    """Samples whose logarithm is normal: `Tensor.log_normal_`.

        x = exp(mean + std z),   z ~ N(0, 1)

    mean and std are the moments of the logarithm. The gradient flows through them.

    Args:
        key: a typed key.
        shape: an integer or a sequence of integers.
        mean: mean of log x, a finite scalar.
        std: standard deviation of log x, a positive finite scalar.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        An array of that shape and dtype.

    Raises:
        TypeError: the key is not a typed key, or another argument is of the wrong kind.
        ValueError: a negative size, or mean or std out of range. Traced ones are checked under
            `jaxgrad.checkify` only, and wrong ones give NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.log_normal_.html

    Differs from PyTorch: takes a shape where PyTorch fills a tensor in place; infinite parameters
    are refused.

    >>> from jaxgrad.random import key, log_normal
    >>> bool((log_normal(key(0), 5) > 0).all())
    True
    """
    check = _checks.of("log_normal")
    key, shape, dtype, (mean, std) = filled(check, key, shape, dtype, mean=mean, std=std)
    samples, valid = _log_normal(key, mean, std, shape, dtype)
    text = check.wrong("mean and std", "finite, std positive", "{mean}, {std}")
    _checks.in_range(are_location_and_scale, valid, text, dtype, mean=mean, std=std)
    return samples


@functools.partial(jax.jit, static_argnames=("shape", "dtype"))
def _log_normal(
    key: jax.Array, mean: ArrayLike, std: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike
) -> tuple[jax.Array, jax.Array]:
    mean, std = jnp.asarray(mean, dtype), jnp.asarray(std, dtype)
    valid = are_location_and_scale(mean, std)
    # As in `_normal`: constants are kept separate, so that jit changes no bit.
    center, scale = jax.lax.optimization_barrier((mean, std))
    center, scale = center.astype(wide(mean.dtype)), scale.astype(wide(mean.dtype))
    samples = jnp.exp(center + scale * jax.random.normal(unrolled(key), shape, center.dtype))
    return jnp.where(valid, samples, jnp.nan).astype(mean.dtype), valid
