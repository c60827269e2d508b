"""The absolute value, sign and angle of each element."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._complex import size
from jaxgrad._dtypes import FROM_INTEGERS, is_a, is_complex, is_floating
from jaxgrad._operands import (
    broadcast_in,
    broadcast_wide,
    derivatives,
    floating_common,
    real,
    real_array,
)


def abs(input: ArrayLike) -> jax.Array:
    """The absolute value.

        y = |x|     y' = sign(x)

    The derivative at 0 and at NaN is 0. A complex number with an infinite part gives ∞.

    Args:
        input: an array of numbers, any shape.

    Returns:
        The absolute values, in the input's dtype; for complex numbers in its real dtype.

    Raises:
        TypeError: `input` is not an array of numbers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.abs.html

    >>> import jax
    >>> from jaxgrad.tensor import abs
    >>> jax.grad(abs)(0.0)
    Array(0., dtype=float32, weak_type=True)
    """
    return _abs(_number_array(_checks.of("abs"), input))


def _number_array(check: _checks.Checks, input: Any) -> jax.Array:
    x = check.array("input", input)
    if not is_a(x.dtype, jnp.number):
        raise TypeError(check.wrong("input", "an array of numbers", x.dtype))
    return x


def magnitude(x: jax.Array) -> jax.Array:
    """|x|, with derivative 0 at 0: x may be real or complex."""
    if is_complex(x.dtype):
        return _size(x)
    return _magnitude(x) if is_a(x.dtype, jnp.inexact) else jnp.abs(x)


def _along(tangent: jax.Array, size: jax.Array, x: jax.Array) -> jax.Array:
    # |x|' = sign(x), and 0 at 0 and NaN; for complex numbers the part of the tangent along x.
    if is_complex(x.dtype):
        return jnp.real(jnp.conj(direction(x)) * tangent)
    return tangent * direction(x)


_magnitude = derivatives(_along)(jnp.abs)
_size = derivatives(_along)(size)
_abs = jax.jit(magnitude)


def direction(x: jax.Array) -> jax.Array:
    """-1, 0 or 1, and 0 for NaN; for a complex number x / |x|, and 0 for 0."""
    if is_complex(x.dtype):
        return jnp.where(x == 0, 0, x / jnp.where(x == 0, 1, magnitude(x)).astype(x.dtype))
    if is_a(x.dtype, jnp.bool_):
        return x
    return (x > 0).astype(x.dtype) - (x < 0).astype(x.dtype)


_direction = jax.jit(direction)


def sign(input: ArrayLike) -> jax.Array:
    """The sign: -1, 0 or 1.

    It is 0 for 0 and, unlike in JAX, for NaN. The derivative is 0 everywhere.

    Args:
        input: an array of real numbers or truth values, any shape.

    Returns:
        The signs, in the input's dtype.

    Raises:
        TypeError: `input` is not a real array.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.sign.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import sign
    >>> sign(jnp.array([-2.0, 0.0, jnp.nan]))
    Array([-1.,  0.,  0.], dtype=float32)
    """
    return _direction(real_array(_checks.of("sign"), "input", input))


def sgn(input: ArrayLike) -> jax.Array:
    """The sign, for complex numbers too.

        y = x / |x|, and 0 for 0

    Args:
        input: an array of real or complex numbers or truth values, any shape.

    Returns:
        The signs, in the input's dtype; the derivative is 0 for real numbers and at 0.

    Raises:
        TypeError: `input` is not an array.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.sgn.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import sgn
    >>> sgn(jnp.array([-2.0, 0.0, jnp.nan]))
    Array([-1.,  0.,  0.], dtype=float32)
    """
    check = _checks.of("sgn")
    x = check.array("input", input)
    if not (is_a(x.dtype, jnp.number) or is_a(x.dtype, jnp.bool_)):
        raise TypeError(check.wrong("input", "an array of numbers", x.dtype))
    return _direction(x)


def copysign(input: ArrayLike, other: ArrayLike) -> jax.Array:
    """The absolute value of one number with the sign of another.

        z = |x| sign(y),   where -0 counts as negative

    The derivative with respect to x is z / x, and 0 where x is 0; with respect to y it is 0.

    Args:
        input: x, an array of real numbers or a number.
        other: y, of a shape that broadcasts with it.

    Returns:
        An array of the promoted dtype; float32 for integers.

    Raises:
        TypeError: an argument is not a real array.
        ValueError: the shapes do not broadcast.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.copysign.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import copysign
    >>> copysign(3.0, jnp.array([1.0, -0.0]))
    Array([ 3., -3.], dtype=float32)
    """
    check = _checks.of("copysign")
    x, y = real(check, "input", input), real(check, "other", other)
    return _copysign(x, y)


@jax.jit
def _copysign(x: Any, y: Any) -> jax.Array:
    dtype = floating_common(_checks.of("copysign"), input=x, other=y)
    return _signed(*broadcast_in(dtype, x, y))


def _ratio(tangent: jax.Array, z: jax.Array, x: jax.Array, y: jax.Array) -> jax.Array:
    return tangent * jax.lax.stop_gradient(jnp.where(x == 0, 0, z / x))


def _no_slope(tangent: jax.Array, z: jax.Array, *_: jax.Array) -> jax.Array:
    return jnp.zeros_like(z)


_signed = derivatives(_ratio, _no_slope)(jnp.copysign)


def angle(input: ArrayLike) -> jax.Array:
    """The angle in the complex plane: 0 or π for real numbers.

        y = atan2(Im x, Re x)

    It is 0 for -0 and NaN for NaN. Real numbers have derivative 0, and so has the complex 0.

    Args:
        input: an array of numbers or truth values, any shape.

    Returns:
        The angles in radians, real, float32 for integers.

    Raises:
        TypeError: `input` is not an array of numbers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.angle.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import angle
    >>> angle(jnp.array([2.0, -0.0, -1.0]))
    Array([0.       , 0.       , 3.1415927], dtype=float32)
    """
    check = _checks.of("angle")
    x = check.array("input", input)
    if not (is_a(x.dtype, jnp.number) or is_a(x.dtype, jnp.bool_)):
        raise TypeError(check.wrong("input", "an array of numbers", x.dtype))
    return _angle(x)


@jax.jit
def _angle(x: jax.Array) -> jax.Array:
    if is_complex(x.dtype):
        return angle_of(x.imag, x.real)
    of = x if is_floating(x.dtype) else x.astype(FROM_INTEGERS)
    nan_or_0 = jax.lax.stop_gradient(jnp.where(of != of, of, 0))
    return jnp.where(of < 0, jnp.asarray(jnp.pi, of.dtype), nan_or_0)


# The two slopes of the angle of (x, y) are x and -y over x² + y², and 0 at the origin.
def _inverse_square(y: jax.Array, x: jax.Array) -> jax.Array:
    square = x * x + y * y
    return jnp.where(square == 0, 0, 1 / square)


@derivatives(
    lambda t, z, y, x: t * x * _inverse_square(y, x),
    lambda t, z, y, x: t * -y * _inverse_square(y, x),
)
def angle_of(y: jax.Array, x: jax.Array) -> jax.Array:
    """atan2(y, x), with derivative 0 at the origin."""
    return jnp.arctan2(y, x)


def atan2(input: ArrayLike, other: ArrayLike) -> jax.Array:
    """The angle of the point (x, y), in (-π, π].

        z = atan2(y, x)     ∂z/∂y = x / (x² + y²)     ∂z/∂x = -y / (x² + y²)

    At the origin both derivatives are 0.

    Args:
        input: y, an array of real numbers or a number.
        other: x, of a shape that broadcasts with it.

    Returns:
        An array of the promoted dtype; float32 for integers.

    Raises:
        TypeError: an argument is not a real array.
        ValueError: the shapes do not broadcast.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.atan2.html

    >>> import jax
    >>> from jaxgrad.tensor import atan2
    >>> jax.grad(atan2)(0.0, 0.0)
    Array(0., dtype=float32, weak_type=True)
    """
    check = _checks.of("atan2")
    y, x = real(check, "input", input), real(check, "other", other)
    return _atan2(y, x)


@jax.jit
def _atan2(y: Any, x: Any) -> jax.Array:
    dtype = floating_common(_checks.of("atan2"), input=y, other=x)
    return angle_of(*broadcast_wide(dtype, y, x)).astype(dtype)
