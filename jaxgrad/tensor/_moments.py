"""Means and residuals from them, accurate where the numbers are large and close together."""

import functools
import operator

import jax
import jax.numpy as jnp

from jaxgrad._operands import derivatives


def residuals(x: jax.Array, axes: tuple[int, ...], scale: jax.Array | None = None) -> jax.Array:
    """The residuals x - x̄ along those axes, or scale times them: 0 where the numbers are equal.

    A mean has a rounding error, which may exceed the spread of the numbers. So the mean is found
    as one of the numbers plus the mean distance from it, and the rounding error of that sum is
    taken off the residuals. The residual of an infinite number is NaN, and the others' are -∞.
    The scale is a constant in derivatives.
    """

    def along(t: jax.Array, residual: jax.Array, x: jax.Array, *by: jax.Array) -> jax.Array:
        return _product(t - jnp.mean(t, axes, keepdims=True), *by)

    @derivatives(along, *([] if scale is None else [_no_slope]))
    def residuals(x: jax.Array, *by: jax.Array) -> jax.Array:
        one = _middle_of_three(x, axes)
        one = jnp.where(jnp.isfinite(one), one, 0)
        half = x * 0.5 - one * 0.5  # unlike x - one it cannot overflow
        twice = [2 * each for each in by]  # an array of its own: XLA would store a shared one
        offset = jnp.mean(_product(half, *twice), axes, keepdims=True) * (1 if by else 2)
        one = _product(one, *by)
        mean = one + offset
        rounding = jnp.where(jnp.isfinite(mean), offset - (mean - one), 0)
        return (_product(x, *by) - mean) - rounding

    return residuals(x) if scale is None else residuals(x, scale)


def center(x: jax.Array, axes: tuple[int, ...]) -> jax.Array:
    """The mean x̄ along those axes, kept with size 1: exact where all numbers are equal."""

    @derivatives(lambda t, mean, x: jnp.mean(t, axes, keepdims=True))
    def center(x: jax.Array) -> jax.Array:
        scale = power_of_two(x, axes)  # so that the sum does not overflow where the mean does not
        one = _middle_of_three(x, axes)
        one = jnp.where(jnp.isfinite(one), one, 0)
        offset = jnp.mean((x * 0.5 - one * 0.5) * (2 * scale), axes, keepdims=True)
        return (one * scale + offset) / scale

    return center(x)


def _product(x: jax.Array, *by: jax.Array) -> jax.Array:
    return functools.reduce(operator.mul, by, x)


def _no_slope(t: jax.Array, residual: jax.Array, *_: jax.Array) -> jax.Array:
    return jnp.zeros_like(residual)


def _middle_of_three(x: jax.Array, axes: tuple[int, ...]) -> jax.Array:
    """The middle one of three numbers along those axes, which is not a single outlier."""
    a, b, c = (_at(x, axes, part) for part in (0.0, 0.5, 1.0))
    low, high = jnp.minimum(a, b), jnp.maximum(a, b)
    return jnp.maximum(low, jnp.minimum(high, c))


def _at(x: jax.Array, axes: tuple[int, ...], part: float) -> jax.Array:
    spec = jax.typeof(x).sharding.spec
    for axis in axes:
        place = int(part * (x.shape[axis] - 1))
        if not x.shape[axis]:
            x = jnp.sum(x, axis, keepdims=True)
        elif spec[axis] is None:
            x = jax.lax.slice_in_dim(x, place, place + 1, axis=axis)
        else:  # an axis that is split over devices has no slices
            there = jax.lax.broadcasted_iota(jnp.int32, x.shape, axis) == place
            x = jnp.sum(jnp.where(there, x, 0), axis, keepdims=True)
    return x


def power_of_two(x: jax.Array, axes: tuple[int, ...]) -> jax.Array:
    """A power of two that scales the largest number along those axes to near 1.

    It is 1 where all of them are 0, or one is not finite.
    """
    top = jnp.max(jnp.abs(x), axes, keepdims=True, initial=0)
    top = jnp.where((top > 0) & (top < jnp.inf), top, 1)
    of = jnp.finfo(x.dtype)
    bits = jax.lax.bitcast_convert_type(top, jnp.dtype(f"int{of.bits}"))
    power = jax.lax.bitcast_convert_type(bits >> of.nmant << of.nmant, x.dtype)
    return 1 / jnp.minimum(power, 2.0**-of.minexp)  # beyond, 1 / power is subnormal
