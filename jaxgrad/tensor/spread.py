"""Variance, standard deviation and mean."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import is_complex, wide
from jaxgrad._operands import derivatives

from ._moments import center, power_of_two, residuals
from .pointwise import magnitude


def var(
    input: ArrayLike,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> jax.Array:
    """The variance, by default the unbiased one.

        y = Σᵢ (xᵢ - x̄)² / max(0, n - c)

    with the correction c = 1 (JAX's is 0); for complex numbers with |xᵢ - x̄|². For n ≤ c the result
    is ∞ or NaN. The derivative is then still 2 (xᵢ - x̄) / (n - c) where `dim` is given; without
    `dim` it is NaN, or ∞ where xᵢ differs from x̄.

    Args:
        input: an array of floating point or complex numbers.
        dim: an axis or a sequence of axes; None is all of them.
        unbiased: True is a correction of 1, False of 0.
        keepdim: whether the axes stay, with size 1.
        correction: c, a Python number; by default 1.

    Returns:
        An array of the input's dtype, real for complex numbers.

    Raises:
        TypeError: `input` is neither floating point nor complex, or an argument is of the wrong
            kind.
        ValueError: `dim` is out of range or repeated, or both `unbiased` and `correction` are
            given.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.var.html

    Differs from PyTorch: with dim=() the derivative is that of the variance over all axes;
    PyTorch's counts one element. Of float32 numbers that are large and close PyTorch's variance
    without `dim` loses digits, and of equal numbers near the largest one it is ∞.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import var
    >>> var(jnp.array([1.0, 2.0, 4.0]))
    Array(2.3333333, dtype=float32)
    """
    return _spread(_checks.of("var"), input, dim, unbiased, keepdim, correction)


def std(
    input: ArrayLike,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> jax.Array:
    """The standard deviation, by default from the unbiased variance.

        y = √(Σᵢ (xᵢ - x̄)² / max(0, n - c))

    with the correction c = 1 (JAX's is 0). Where it is 0 so is its derivative; for n ≤ c see
    `var`.

    Args:
        input: an array of floating point or complex numbers.
        dim: an axis or a sequence of axes; None is all of them.
        unbiased: True is a correction of 1, False of 0.
        keepdim: whether the axes stay, with size 1.
        correction: c, a Python number; by default 1.

    Returns:
        An array of the input's dtype, real for complex numbers.

    Raises:
        TypeError: `input` is neither floating point nor complex, or an argument is of the wrong
            kind.
        ValueError: `dim` is out of range or repeated, or both `unbiased` and `correction` are
            given.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.std.html

    Differs from PyTorch: as `var`. It is finite wherever the dtype can hold it; in float64
    PyTorch's overflows or underflows with the square.

    >>> import jax
    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import std
    >>> std(jnp.array([1.0, 2.0, 4.0]))
    Array(1.5275252, dtype=float32)
    >>> jax.grad(std)(jnp.ones(3))
    Array([0., 0., 0.], dtype=float32)
    """
    return _spread(_checks.of("std"), input, dim, unbiased, keepdim, correction)


def var_mean(
    input: ArrayLike,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The variance, as `var` has it, and the mean.

        s² = Σᵢ (xᵢ - x̄)² / max(0, n - c),   x̄ = Σᵢ xᵢ / n

    The mean of equal numbers is exactly that number, so that x - x̄ is 0 for a constant column.
    `jnp.mean` and `torch.mean` round their sum.

    Args:
        input: an array of floating point or complex numbers.
        dim: an axis or a sequence of axes; None is all of them.
        unbiased: True is a correction of 1, False of 0.
        keepdim: whether the axes stay, with size 1.
        correction: c, a Python number; by default 1.

    Returns:
        The variance and the mean: arrays of the input's dtype; for complex numbers the variance is
        real.

    Raises:
        TypeError: `input` is neither floating point nor complex, or an argument is of the wrong
            kind.
        ValueError: `dim` is out of range or repeated, or both `unbiased` and `correction` are
            given.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.var_mean.html

    Differs from PyTorch: as `var`. With an infinity the mean is ±∞; PyTorch's is NaN, unless the
    infinity comes last.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import var_mean
    >>> x = jnp.full(1000, 0.1)
    >>> variance, mean = var_mean(x)
    >>> float(variance), float(jnp.abs(x - mean).max()), float(jnp.abs(x - x.mean()).max()) > 0
    (0.0, 0.0, True)
    """
    return _spread_and_mean(_checks.of("var_mean"), input, dim, unbiased, keepdim, correction)


def std_mean(
    input: ArrayLike,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The standard deviation, as `std` has it, and the mean.

        s = √(Σᵢ (xᵢ - x̄)² / max(0, n - c)),   x̄ = Σᵢ xᵢ / n

    For columns of mean 0 and deviation 1: (x - x̄) / (s + ε) is 0 for a constant column.

    Args:
        input: an array of floating point or complex numbers.
        dim: an axis or a sequence of axes; None is all of them.
        unbiased: True is a correction of 1, False of 0.
        keepdim: whether the axes stay, with size 1.
        correction: c, a Python number; by default 1.

    Returns:
        The standard deviation and the mean: arrays of the input's dtype; for complex numbers the
        deviation is real.

    Raises:
        TypeError: `input` is neither floating point nor complex, or an argument is of the wrong
            kind.
        ValueError: `dim` is out of range or repeated, or both `unbiased` and `correction` are
            given.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.std_mean.html

    Differs from PyTorch: as `std`. With an infinity the mean is ±∞; PyTorch's is NaN, unless the
    infinity comes last.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import std_mean
    >>> x = jnp.array([[1234567.0, 1.0], [1234567.0, 3.0], [1234567.0, 5.0]])
    >>> deviation, mean = std_mean(x, 0, keepdim=True)
    >>> ((x - mean) / (deviation + 1e-6)).round(3)
    Array([[ 0., -1.],
           [ 0.,  0.],
           [ 0.,  1.]], dtype=float32)
    """
    return _spread_and_mean(_checks.of("std_mean"), input, dim, unbiased, keepdim, correction)


def _spread(check: _checks.Checks, *arguments: Any) -> jax.Array:
    x, options = _checked(check, *arguments)
    return _spread_of(x, root=check.function == "std", **options)


def _spread_and_mean(check: _checks.Checks, *arguments: Any) -> tuple[jax.Array, jax.Array]:
    x, options = _checked(check, *arguments)
    return _spread_and_mean_of(x, root=check.function == "std_mean", **options)


def _checked(
    check: _checks.Checks, input: Any, dim: Any, unbiased: Any, keepdim: Any, correction: Any
) -> tuple[jax.Array, dict[str, Any]]:
    """The array, and the static options."""
    x = check.array("input", input)
    if not is_complex(x.dtype):
        check.promoted("input", x)
    if isinstance(dim, (bool, np.bool_)) and unbiased is None:
        dim, unbiased = None, dim  # PyTorch's std(input, unbiased)
    if unbiased is not None and correction is not None:
        raise ValueError(check.wrong("unbiased", "left out where correction is given", unbiased))
    if unbiased is not None:
        correction = float(check.truth("unbiased", unbiased))
    correction = 1.0 if correction is None else correction
    return x, {
        "axes": check.axes("dim", dim, x.ndim),
        "flat": dim is None or not x.ndim,
        "keepdim": check.truth("keepdim", keepdim),
        "correction": check.static_number("correction", correction),
    }


_STATIC = ("root", "axes", "flat", "keepdim", "correction")


@functools.partial(jax.jit, static_argnames=_STATIC)
def _spread_and_mean_of(
    x: jax.Array, *, axes: tuple[int, ...], keepdim: bool, **options: Any
) -> tuple[jax.Array, jax.Array]:
    if is_complex(x.dtype):
        mean = jax.lax.complex(center(x.real, axes), center(x.imag, axes))
    else:
        mean = center(x.astype(wide(x.dtype)), axes).astype(x.dtype)
    spread = _spread_of(x, axes=axes, keepdim=keepdim, **options)
    return spread, mean if keepdim else jnp.squeeze(mean, axes)


@functools.partial(jax.jit, static_argnames=_STATIC)
def _spread_of(
    x: jax.Array,
    *,
    root: bool,
    axes: tuple[int, ...],
    flat: bool,
    keepdim: bool,
    correction: float,
) -> jax.Array:
    spread = _deviation if root else _variance
    freedom = math.prod(x.shape[a] for a in axes) - correction
    if is_complex(x.dtype):
        parts = (spread(part, axes, freedom, flat) for part in (x.real, x.imag))
        value = magnitude(jax.lax.complex(*parts)) if root else jnp.add(*parts)
    else:
        value = spread(x.astype(wide(x.dtype)), axes, freedom, flat).astype(x.dtype)
    return value if keepdim else jnp.squeeze(value, axes)


def _variance(x: jax.Array, axes: tuple[int, ...], freedom: float, flat: bool) -> jax.Array:
    def slope(t: jax.Array, y: jax.Array, x: jax.Array) -> jax.Array:
        return _along(t, x, residuals(x, axes), axes, freedom, flat)

    @derivatives(slope)
    def variance(x: jax.Array) -> jax.Array:
        return _mean_square(residuals(x, axes), axes, freedom)

    return variance(x)


def _mean_square(residual: jax.Array, axes: tuple[int, ...], freedom: float) -> jax.Array:
    # For n ≤ c any spread counts, even one whose square underflows to 0.
    squares = jnp.square(residual) if freedom > 0 else jnp.abs(residual)
    return jnp.sum(squares, axes, keepdims=True) / max(0.0, freedom)


def _along(
    t: jax.Array,
    x: jax.Array,
    residual: jax.Array,
    axes: tuple[int, ...],
    freedom: float,
    flat: bool,
) -> jax.Array:
    """The derivative of the variance along t, in the units of the residuals."""
    if freedom <= 0 and flat:
        even = (residual == 0) | (x == jnp.mean(x, axes, keepdims=True))
        return jnp.sum(jnp.where(even, jnp.nan, jnp.inf) * t, axes, keepdims=True)
    return (2 / freedom if freedom else math.inf) * jnp.sum(residual * t, axes, keepdims=True)


def _deviation(x: jax.Array, axes: tuple[int, ...], freedom: float, flat: bool) -> jax.Array:
    # Numbers are scaled to near 1, so that squares neither overflow nor underflow.
    def slope(t: jax.Array, y: jax.Array, x: jax.Array) -> jax.Array:
        scale = jax.lax.stop_gradient(power_of_two(x, axes))
        along = _along(t, x, residuals(x, axes, scale), axes, freedom, flat)
        return jnp.where(y == 0, 0, along * (0.5 / jnp.where(y == 0, 1, y * scale)))

    @derivatives(slope)
    def deviation(x: jax.Array) -> jax.Array:
        scale = power_of_two(x, axes)
        return jnp.sqrt(_mean_square(residuals(x, axes, scale), axes, freedom)) / scale

    return deviation(x)
