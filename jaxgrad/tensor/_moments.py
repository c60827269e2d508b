"""What is left of numbers without their mean, exact where the numbers are large and close."""

import functools
import operator

import jax
import jax.numpy as jnp

from jaxgrad._operands import derivatives


def residuals(x: jax.Array, axes: tuple[int, ...], scale: jax.Array | None = None) -> jax.Array:
    """The residuals x - x̄ along those axes, or scale times them: 0 where the numbers are equal.

    A mean is off by its own rounding, which may be more than the spread of the numbers. So it is
    counted from one of them, and what is lost where the two are added is kept. With an infinity
    its own residual is NaN and the others' are -∞. The scale is taken as a constant.
    """

    def along(t: jax.Array, left: jax.Array, x: jax.Array, *by: jax.Array) -> jax.Array:
        return _product(t - jnp.mean(t, axes, keepdims=True), *by)

    @derivatives(along, *([] if scale is None else [_no_slope]))
    def residuals(x: jax.Array, *by: jax.Array) -> jax.Array:
        one = _one_of(x, axes)
        one = jnp.where(jnp.isfinite(one), one, 0)
        half = x * 0.5 - one * 0.5  # unlike x - one it cannot overflow
        twice = [2 * each for each in by]  # its own array: XLA writes out a shared one
        away = jnp.mean(_product(half, *twice), axes, keepdims=True) * (1 if by else 2)
        one = _product(one, *by)
        mean = one + away
        lost = jnp.where(jnp.isfinite(mean), away - (mean - one), 0)
        return (_product(x, *by) - mean) - lost

    return residuals(x) if scale is None else residuals(x, scale)


def center(x: jax.Array, axes: tuple[int, ...]) -> jax.Array:
    """The mean x̄ along those axes, which stay: the number itself where all are equal."""

    @derivatives(lambda t, mean, x: jnp.mean(t, axes, keepdims=True))
    def center(x: jax.Array) -> jax.Array:
        scale = power_of_two(x, axes)  # the sum may not overflow where the mean does not
        one = _one_of(x, axes)
        one = jnp.where(jnp.isfinite(one), one, 0)
        away = jnp.mean((x * 0.5 - one * 0.5) * (2 * scale), axes, keepdims=True)
        return (one * scale + away) / scale

    return center(x)


def _product(x: jax.Array, *by: jax.Array) -> jax.Array:
    return functools.reduce(operator.mul, by, x)


def _no_slope(t: jax.Array, left: jax.Array, *_: jax.Array) -> jax.Array:
    return jnp.zeros_like(left)


def _one_of(x: jax.Array, axes: tuple[int, ...]) -> jax.Array:
    """The middle one of three numbers along those axes, so that one outlier is not taken."""
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
    """A power of two that brings the largest number along those axes near 1.

    It is 1 where they all are 0, or one of them is not finite.
    """
    top = jnp.max(jnp.abs(x), axes, keepdims=True, initial=0)
    top = jnp.where((top > 0) & (top < jnp.inf), top, 1)
    of = jnp.finfo(x.dtype)
    bits = jax.lax.bitcast_convert_type(top, jnp.dtype(f"int{of.bits}"))
    power = jax.lax.bitcast_convert_type(bits >> of.nmant << of.nmant, x.dtype)
    return 1 / jnp.minimum(power, 2.0**-of.minexp)  # beyond, 1 / power is subnormal
