"""Powers and roots."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike, DTypeLike

from jaxgrad import _checks
from jaxgrad._complex import power, size
from jaxgrad._dtypes import is_a, is_complex, is_floating, made
from jaxgrad._operands import (
    broadcast_in,
    broadcast_wide,
    common,
    derivatives,
    floating_common,
    number,
    real,
)

from ._subnormals import digits


def pow(input: ArrayLike, exponent: ArrayLike) -> jax.Array:
    """A power.

        z = xʸ     ∂z/∂x = y xʸ⁻¹     ∂z/∂y = z log x

    For the exponent 0 the derivative with respect to x is 0, at x = 0 too. For the base 0 the
    derivative with respect to y is 0 where y ≥ 0, and -∞ where y < 0.

    For integers the product wraps around. With a negative exponent it is 0, except for the bases 1
    and -1.

    Args:
        input: x, an array of real or complex numbers or a number.
        exponent: y, of a shape that broadcasts with it.

    Returns:
        An array of the promoted dtype: float32 for integers and a Python float, complex64 for
        integers and a complex number.

    Raises:
        TypeError: an argument is not an array of numbers.
        ValueError: the shapes do not broadcast, or integers are raised to a negative Python
            integer.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.pow.html

    Differs from PyTorch: the second derivatives at the exponent 0 and at the base 0, where PyTorch
    has 0 instead of 1/x for ∂²z/∂x∂y, and NaN for some that exist. For complex arrays x⁰ is 1 also
    where x is 0 or infinite; PyTorch's is NaN.

    >>> import jax
    >>> from jaxgrad.tensor import pow
    >>> jax.grad(pow, (0, 1))(0.0, 0.0)
    (Array(0., dtype=float32, weak_type=True), Array(0., dtype=float32, weak_type=True))
    """
    check = _checks.of("pow")
    x, y = number(check, "input", input), number(check, "exponent", exponent)
    dtype = common(check, input=x, exponent=y)
    if not is_a(dtype, jnp.inexact) and isinstance(y, int) and y < 0:
        remedy = "make one of the two floating point"
        raise ValueError(check.wrong("exponent", "at least 0 for integers", y, remedy))
    return _raised(x, y, dtype)


def float_power(input: ArrayLike, exponent: ArrayLike) -> jax.Array:
    """A power in the widest dtype: float64, or float32 without 64-bit types.

        z = xʸ     ∂z/∂x = y xʸ⁻¹     ∂z/∂y = z log x

    The derivatives at 0 are those of `pow`.

    Args:
        input: x, an array of real or complex numbers or a number.
        exponent: y, of a shape that broadcasts with it.

    Returns:
        A float64 array, or complex128 for complex numbers; float32 or complex64 without 64-bit
        types.

    Raises:
        TypeError: an argument is not an array of numbers.
        ValueError: the shapes do not broadcast.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.float_power.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import float_power
    >>> float_power(jnp.array([2, 3]), 2)
    Array([4., 9.], dtype=float32)
    """
    check = _checks.of("float_power")
    x, y = number(check, "input", input), number(check, "exponent", exponent)
    dtype = common(check, input=x, exponent=y)
    return _raised(x, y, made(complex if is_complex(dtype) else float))


def _raised(x: Any, y: Any, dtype: DTypeLike) -> jax.Array:
    real = y.real if isinstance(y, (int, float, complex)) and y.imag == 0 else math.nan
    if -16 <= real <= 16 and real == int(real):
        return _product(x, times=int(real), dtype=dtype)
    if -16 <= real <= 16 and 2 * real == int(2 * real):
        return _half_power(x, exponent=float(real), dtype=dtype)
    return _pow(x, y, dtype=dtype)


@functools.partial(jax.jit, static_argnames=("times", "dtype"))
def _product(x: Any, *, times: int, dtype: DTypeLike) -> jax.Array:
    (x,) = broadcast_wide(dtype, x) if is_a(dtype, jnp.inexact) else broadcast_in(dtype, x)
    return jax.lax.integer_pow(x, times).astype(dtype)


@functools.partial(jax.jit, static_argnames="dtype")
def _pow(x: Any, y: Any, *, dtype: DTypeLike) -> jax.Array:
    if not is_a(dtype, jnp.inexact):
        return _integer_power(*broadcast_in(dtype, x, y))
    return _power(*broadcast_wide(dtype, x, y)).astype(dtype)


def _integer_power(x: jax.Array, y: jax.Array) -> jax.Array:
    # jnp.power uses six bits of the exponent only, also of a negative one.
    power, square, left = jnp.ones_like(x), x, y
    for _ in range(jnp.iinfo(y.dtype).bits):
        power = jnp.where(left & 1 == 1, power * square, power)
        square, left = square * square, left >> 1
    if is_a(y.dtype, jnp.unsignedinteger):
        return power
    sign = jnp.where(y & 1 == 1, x, 1)
    return jnp.where(y >= 0, power, jnp.where(jnp.abs(x) == 1, sign, 0))


@functools.partial(jax.jit, static_argnames=("exponent", "dtype"))
def _half_power(x: Any, *, exponent: float, dtype: DTypeLike) -> jax.Array:
    (wide,) = broadcast_wide(dtype, x)
    return _halves(wide, exponent).astype(dtype)


def _halves(x: jax.Array, exponent: float) -> jax.Array:
    # Roots differ from powers at -0 and -∞, and slopes are taken there too.
    @derivatives(lambda t, z, x: t * (exponent * _halves(x, exponent - 1)))
    def raised(x: jax.Array) -> jax.Array:
        roots = {0.5: jnp.sqrt, -0.5: _inverse_root}
        return roots[exponent](x) if exponent in roots else jnp.power(x, exponent)

    return raised(x)


def _in_base(t: jax.Array, z: jax.Array, x: jax.Array, y: jax.Array) -> jax.Array:
    # 0 for the exponent 0, where x⁻¹ may be infinite or NaN.
    flat = (y == 0) & ((x == 0) | ~jnp.isfinite(x))
    return t * jnp.where(flat, 0, y * _power(jnp.where(flat, 1, x), y - 1))


def _in_exponent(t: jax.Array, z: jax.Array, x: jax.Array, y: jax.Array) -> jax.Array:
    # 0 for the base 0 and an exponent of at least 0, where log x is infinite.
    flat = (x == 0) & (jnp.imag(y) == 0) & (jnp.real(y) >= 0)
    return t * jnp.where(flat, 0, z * jnp.log(jnp.where(flat, 1, x)))


@derivatives(_in_base, _in_exponent)
def _power(x: jax.Array, y: jax.Array) -> jax.Array:
    if not is_complex(x.dtype):
        return jnp.power(x, y)
    vanishes = ((x == 0) & (y.real > 0)) | (jnp.isinf(size(x)) & (y.real < 0))
    return jnp.where(vanishes, 0, jnp.power(x, y))


def rsqrt(input: ArrayLike) -> jax.Array:
    """One over the square root.

        y = x^(-1/2)     y' = -y³ / 2

    Args:
        input: an array of real or complex numbers, any shape.

    Returns:
        An array of the input's dtype; float32 for integers.

    Raises:
        TypeError: `input` is not an array of numbers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.rsqrt.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import rsqrt
    >>> rsqrt(jnp.array([0.25, 4.0]))
    Array([2. , 0.5], dtype=float32)
    """
    x = number(_checks.of("rsqrt"), "input", input)
    return _rsqrt(x)


@jax.jit
def _rsqrt(x: Any) -> jax.Array:
    dtype = floating_common(_checks.of("rsqrt"), input=x)
    return _inverse_root(*broadcast_wide(dtype, x)).astype(dtype)


@derivatives(lambda t, y, x: t * (-0.5 * y * y * y))
def _inverse_root(x: jax.Array) -> jax.Array:
    return 1 / jnp.sqrt(x) if is_complex(x.dtype) else jax.lax.rsqrt(x)


def exp2(input: ArrayLike) -> jax.Array:
    """Two to a power.

        y = 2ˣ     y' = y log 2

    Args:
        input: an array of real or complex numbers, any shape.

    Returns:
        An array of the input's dtype; float32 for integers.

    Raises:
        TypeError: `input` is not an array of numbers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.exp2.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import exp2
    >>> exp2(jnp.array(50.0, jnp.bfloat16))
    Array(1.1259e+15, dtype=bfloat16)
    """
    x = number(_checks.of("exp2"), "input", input)
    return _exp2(x)


@jax.jit
def _exp2(x: Any) -> jax.Array:
    dtype = floating_common(_checks.of("exp2"), input=x)
    return scaled_exp2(*broadcast_wide(dtype, x)).astype(dtype)


@derivatives(lambda t, y, x: t * (y * math.log(2)))
def scaled_exp2(x: jax.Array) -> jax.Array:
    """2ˣ of floating point or complex numbers in a dtype to compute in."""
    if is_complex(x.dtype):
        return power(x.real, x.imag * math.log(2), scaled_exp2)
    # XLA computes exp(x log 2), which loses digits for large x. Here whole powers are exact.
    whole = jnp.clip(jnp.round(x), *_EXPONENTS[x.dtype.name])
    exponent = jnp.where(whole == whole, whole, 0).astype(jnp.int32)
    half = exponent >> 1  # 2 to the whole exponent may be subnormal or infinite
    return jnp.exp2(x - whole) * _two_to(half, x.dtype) * _two_to(exponent - half, x.dtype)


def _two_to(exponent: jax.Array, dtype: DTypeLike) -> jax.Array:
    """The power of two, by its bits: `jnp.ldexp` costs as much as ten exponentials."""
    of = jnp.finfo(dtype)
    bits = (exponent.astype(f"int{of.bits}") + (of.maxexp - 1)) << of.nmant
    return jax.lax.bitcast_convert_type(bits, dtype)


_EXPONENTS = {"float32": (-200, 200), "float64": (-1200, 1200)}
"""Exponents outside these bounds give 0 or ∞."""


def hypot(input: ArrayLike, other: ArrayLike) -> jax.Array:
    """The length of the hypotenuse.

        z = √(x² + y²)     ∂z/∂x = x / z     ∂z/∂y = y / z

    At the origin both derivatives are NaN.

    Args:
        input: x, an array of floating point numbers.
        other: y, of a shape that broadcasts with it.

    Returns:
        An array of the promoted dtype.

    Raises:
        TypeError: an argument is not a real array, or both are integers.
        ValueError: the shapes do not broadcast.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.hypot.html

    >>> import jax
    >>> from jaxgrad.tensor import hypot
    >>> jax.grad(hypot)(3.0, 4.0)
    Array(0.6, dtype=float32, weak_type=True)
    """
    check = _checks.of("hypot")
    x, y = real(check, "input", input), real(check, "other", other)
    return _hypot(x, y)


@jax.jit
def _hypot(x: Any, y: Any) -> jax.Array:
    dtype = common(_checks.of("hypot"), input=x, other=y)
    if not is_floating(dtype):
        remedy = "cast it with .astype(float)"
        raise TypeError(_checks.of("hypot").wrong("input", "floating point", dtype, remedy))
    return _hypotenuse(*broadcast_wide(dtype, x, y)).astype(dtype)


def _ratio(x: jax.Array, y: jax.Array, z: jax.Array) -> jax.Array:
    """The quotient x / z, where z is the length of (x, y)."""
    # XLA treats subnormal numbers as 0. Their bits are integers in the same ratio.
    left, right = digits(x), digits(y)
    flushed = z == 0
    length = jnp.where(flushed, jnp.sqrt(left * left + right * right), z)
    return jnp.where(flushed, left, x) / length


@derivatives(lambda t, z, x, y: t * _ratio(x, y, z), lambda t, z, x, y: t * _ratio(y, x, z))
def _hypotenuse(x: jax.Array, y: jax.Array) -> jax.Array:
    return jnp.hypot(x, y)
