"""What the norms share: x minus its mean, divided by its deviation, scaled and shifted."""

import functools
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

from jaxgrad._dtypes import cast
from jaxgrad._dtypes import wide as wide_dtype


class Moments(NamedTuple):
    """What is known of the elements over some axes, which are kept with the size 1.

    Attributes:
        mean: two numbers that add up to their mean: the mean, rounded, and the mean of what is left
            once that is subtracted. Empty where no mean is subtracted.
        variance: the mean of the squares of what is left once the mean is subtracted.
    """

    mean: tuple[jax.Array, ...]
    variance: jax.Array


def wide(x: jax.Array) -> jax.Array:
    """The array in the dtype to compute in."""
    return cast(x, wide_dtype(x.dtype))


def moments(x: jax.Array, axes: tuple[int, ...], centred: bool = True) -> Moments:
    """The moments of `x` over axes, in the dtype to compute in.

    A mean of 10,000 has no digits behind the third place in float32. The second mean has them, and
    it comes out of the pass over the array that the variance takes anyway.
    """
    x = wide(x)
    if not centred:
        return Moments((), _mean(x * x, axes))
    mean = _mean(x, axes)
    left = x - mean
    # The mean of what is left is 0 but for rounding, and so is its derivative.
    rest = jax.lax.stop_gradient(_mean(left, axes))
    variance = _mean(left * left, axes) - rest * rest
    return Moments((mean, rest), jnp.where(variance < 0, 0, variance))


def _mean(x: jax.Array, axes: tuple[int, ...]) -> jax.Array:
    return jnp.mean(x, axes, keepdims=True)


@functools.partial(jax.custom_jvp, nondiff_argnums=(3, 4, 5))
def affine(
    x: jax.Array,
    weight: jax.Array | None,
    bias: jax.Array | None,
    axes: tuple[int, ...],
    eps: float,
    centred: bool,
) -> jax.Array:
    """The array minus its mean, divided by √(variance + eps), times the weight, plus the bias.

    Args:
        x: the array. A narrow one is widened here, so that what is kept of it is narrow.
        weight: an array that broadcasts against x, of as many dimensions, in the dtype to compute
            in; None is 1.
        bias: likewise; None is 0.
        axes: the axes that the mean and the variance are taken over.
        eps: what is added to the variance.
        centred: whether the mean is subtracted.

    Returns:
        The result, in the dtype to compute in.
    """
    found = moments(x, axes, centred)
    scale = jax.lax.rsqrt(found.variance + eps)
    if _is_uniform(weight, axes):
        result = _without_mean(x, found) * _weighted(scale, weight)
    else:
        result = _weighted(_without_mean(x, found) * scale, weight)
    return result if bias is None else result + bias


@functools.partial(affine.defjvp, symbolic_zeros=True)
def _affine_jvp(
    axes: tuple[int, ...], eps: float, centred: bool, primals: Any, tangents: Any
) -> tuple[jax.Array, Any]:
    """The derivative in closed form. For the backward pass x is kept, and h is computed again."""
    x, weight, bias = primals
    value = affine(x, weight, bias, axes, eps, centred)
    moving = {
        name: tangent
        for name, tangent in zip(("x", "weight", "bias"), tangents, strict=True)
        if not (tangent is None or isinstance(tangent, SymbolicZero))
    }
    if not moving:
        return value, SymbolicZero(jax.typeof(value).to_tangent_aval())
    found = moments(x, axes, centred)
    scale = jax.lax.rsqrt(found.variance + eps)
    slope = jax.checkpoint(functools.partial(_slope, axes=axes))
    return value, slope(moving, x, found, scale, weight)


def _slope(
    moving: Mapping[str, jax.Array],
    x: jax.Array,
    found: Moments,
    scale: jax.Array,
    weight: jax.Array | None,
    *,
    axes: tuple[int, ...],
) -> jax.Array:
    """The sum dh · weight + h · dweight + dbias, of the arguments that move.

        h = (x - mean) · scale,   dh = t - mean(t) - h · mean(t · h),   t = dx · scale

    A sum is negated after it is taken. Its transpose then is the sum over the cotangent, or over
    the cotangent · h, which the derivatives in weight and bias need too.
    """
    h, uniform = _without_mean(x, found) * scale, _is_uniform(weight, axes)
    terms = []
    if "x" in moving:
        t = (_weighted(scale, weight) if uniform else scale) * wide(moving["x"])
        dh = t + h * -_mean(t * h, axes)
        dh = dh + -_mean(t, axes) if found.mean else dh
        terms.append(dh if uniform else _weighted(dh, weight))
    if "weight" in moving:
        if not uniform:
            # XLA would compute h once for both terms, and write it to memory.
            x, found, scale = jax.lax.optimization_barrier((x, found, scale))
            h = _without_mean(x, found) * scale
        terms.append(h * moving["weight"])
    if "bias" in moving:
        terms.append(moving["bias"] if terms else moving["bias"] + jnp.zeros_like(h))
    return functools.reduce(jnp.add, terms)


def _without_mean(x: jax.Array, found: Moments) -> jax.Array:
    return functools.reduce(jnp.subtract, found.mean, wide(x))


def _is_uniform(weight: jax.Array | None, axes: tuple[int, ...]) -> bool:
    """Whether all elements of a mean have the same weight."""
    return weight is None or math.prod(weight.shape[axis] for axis in axes) == 1


def _weighted(array: jax.Array, weight: jax.Array | None) -> jax.Array:
    return array if weight is None else array * weight
