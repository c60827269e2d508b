"""Logarithms of sums of exponentials, products with logarithms, and the log-odds."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special as special
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._complex import logaddexp as complex_logaddexp
from jaxgrad._complex import running_logaddexp
from jaxgrad._dtypes import is_complex, is_floating, wide
from jaxgrad._operands import broadcast_wide, common, derivatives, floating_common, number, real
from jaxgrad._sigmoids import logistic_as_slope

from ._subnormals import is_subnormal, lifted
from .powers import scaled_exp2


def logaddexp(input: ArrayLike, other: ArrayLike) -> jax.Array:
    """The logarithm of a sum of two exponentials.

        z = log(eˣ + eʸ)     ∂z/∂x = σ(x - y)     ∂z/∂y = σ(y - x)

    This holds at ±∞ too; for two equal infinities both derivatives are NaN. Complex numbers: the
    result is the operand with the larger real part (the first, if equal) plus a correction. Its
    imaginary part may be outside ±π.

    Args:
        input: x, an array of floating point or complex numbers or a number.
        other: y, of a shape that broadcasts with it.

    Returns:
        An array of the promoted dtype.

    Raises:
        TypeError: an argument is not an array of numbers, or both are integers.
        ValueError: the shapes do not broadcast.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.logaddexp.html

    Differs from PyTorch: second derivatives at ±∞ are 0; PyTorch's are NaN.

    >>> import jax
    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import logaddexp
    >>> jax.grad(logaddexp)(1.0, jnp.inf)
    Array(0., dtype=float32, weak_type=True)
    """
    return _log_of_sum(_checks.of("logaddexp"), input, other)


def logaddexp2(input: ArrayLike, other: ArrayLike) -> jax.Array:
    """The logarithm to base 2 of a sum of two powers of 2.

        z = log₂(2ˣ + 2ʸ)     ∂z/∂x = 1 / (1 + 2ʸ⁻ˣ)     ∂z/∂y = 1 / (1 + 2ˣ⁻ʸ)

    This holds at ±∞ too; for two equal infinities both derivatives are NaN.

    Args:
        input: x, an array of floating point numbers or a number.
        other: y, of a shape that broadcasts with it.

    Returns:
        An array of the promoted dtype.

    Raises:
        TypeError: an argument is not a real array, or both are integers.
        ValueError: the shapes do not broadcast.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.logaddexp2.html

    Differs from PyTorch: second derivatives at ±∞ are 0; PyTorch's are NaN.

    >>> import jax
    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import logaddexp2
    >>> jax.grad(logaddexp2)(1.0, jnp.inf)
    Array(0., dtype=float32, weak_type=True)
    """
    return _log_of_sum(_checks.of("logaddexp2"), input, other)


def _log_of_sum(check: _checks.Checks, input: Any, other: Any) -> jax.Array:
    take = real if check.function == "logaddexp2" else number
    return _add(
        take(check, "input", input),
        take(check, "other", other),
        function=check.function,
    )


@functools.partial(jax.jit, static_argnames="function")
def _add(x: Any, y: Any, *, function: str) -> jax.Array:
    dtype = common(_checks.of(function), input=x, other=y)
    if is_complex(dtype):
        return complex_logaddexp(*broadcast_wide(dtype, x, y))
    if not is_floating(dtype):
        remedy = "cast it with .astype(float)"
        raise TypeError(_checks.wrong(function, "input", "floating point", dtype, remedy))
    return (_sum2 if function == "logaddexp2" else _sum)(*broadcast_wide(dtype, x, y)).astype(dtype)


@derivatives(
    lambda t, z, x, y: t * logistic_as_slope(x - y), lambda t, z, x, y: t * logistic_as_slope(y - x)
)
def _sum(x: jax.Array, y: jax.Array) -> jax.Array:
    return jnp.logaddexp(x, y)


@derivatives(
    lambda t, z, x, y: t * logistic_as_slope(jnp.where(x == y, 0, x - y)),
    lambda t, z, x, y: t * logistic_as_slope(jnp.where(x == y, 0, y - x)),
)
def _running_sum(x: jax.Array, y: jax.Array) -> jax.Array:
    """Two equal infinities share the derivative: a NaN would spread to all that are summed."""
    return jnp.logaddexp(x, y)


@derivatives(
    lambda t, z, x, y: t * logistic_as_slope((x - y) * math.log(2)),
    lambda t, z, x, y: t * logistic_as_slope((y - x) * math.log(2)),
)
def _sum2(x: jax.Array, y: jax.Array) -> jax.Array:
    gap = -jnp.abs(jnp.where(x == y, 0, x - y))  # equal infinities have no difference
    return jnp.maximum(x, y) + jnp.log1p(scaled_exp2(gap)) * (1 / math.log(2))


def logcumsumexp(input: ArrayLike, dim: int) -> jax.Array:
    """The logarithm of the sum of exponentials so far along an axis.

        yᵢ = log Σⱼ≤ᵢ exp xⱼ

    For complex numbers yᵢ is `logaddexp` of xᵢ and yᵢ₋₁, from the first to the last.

    Args:
        input: an array of floating point or complex numbers.
        dim: the axis.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        TypeError: `input` is neither floating point nor complex, or `dim` is not an integer.
        ValueError: `dim` is out of range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.logcumsumexp.html

    Differs from PyTorch: where an element so far is ±∞, the derivative is the limit, which equal
    infinities share; PyTorch's is NaN. Where the real parts of xᵢ and yᵢ₋₁ differ by less than
    1e-37, the imaginary part of a complex result may differ by 2π.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import logcumsumexp
    >>> logcumsumexp(jnp.zeros(3), 0)
    Array([0.       , 0.6931472, 1.0986123], dtype=float32)
    """
    check = _checks.of("logcumsumexp")
    x = check.array("input", input)
    if not is_complex(x.dtype):
        check.promoted("input", x)
    return _logcumsumexp(x, axis=check.axis("dim", dim, x.ndim))


@functools.partial(jax.jit, static_argnames="axis")
def _logcumsumexp(x: jax.Array, *, axis: int) -> jax.Array:
    if x.ndim == 0:
        return x
    if is_complex(x.dtype):
        return jnp.moveaxis(running_logaddexp(jnp.moveaxis(x, axis, 0)), 0, axis)
    wider = x.astype(wide(x.dtype))
    return jax.lax.associative_scan(_running_sum, wider, axis=axis).astype(x.dtype)


def xlogy(input: ArrayLike, other: ArrayLike) -> jax.Array:
    """The product of x and the logarithm of y, and 0 where x is 0.

        z = x log y     ∂z/∂x = log y     ∂z/∂y = x / y

    For x = 0 and y ≤ 0 the derivative with respect to x is 0.

    Args:
        input: x, an array of real numbers or a number.
        other: y, of a shape that broadcasts with it.

    Returns:
        An array of the promoted dtype; float32 for integers.

    Raises:
        TypeError: an argument is not a real array.
        ValueError: the shapes do not broadcast.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.xlogy.html

    >>> import jax
    >>> from jaxgrad.tensor import xlogy
    >>> jax.grad(xlogy)(0.0, 0.0)
    Array(0., dtype=float32, weak_type=True)
    """
    return _times_log(_checks.of("xlogy"), input, other)


def xlog1py(input: ArrayLike, other: ArrayLike) -> jax.Array:
    """The product of x and the logarithm of 1 + y, and 0 where x is 0.

        z = x log(1 + y)     ∂z/∂x = log(1 + y)     ∂z/∂y = x / (1 + y)

    For x = 0 and y ≤ -1 the derivative with respect to x is 0.

    Args:
        input: x, an array of real numbers or a number.
        other: y, of a shape that broadcasts with it.

    Returns:
        An array of the promoted dtype; float32 for integers.

    Raises:
        TypeError: an argument is not a real array.
        ValueError: the shapes do not broadcast.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.xlog1py

    >>> import jax
    >>> from jaxgrad.tensor import xlog1py
    >>> jax.grad(xlog1py)(0.0, -1.0)
    Array(0., dtype=float32, weak_type=True)
    """
    return _times_log(_checks.of("xlog1py"), input, other)


def _times_log(check: _checks.Checks, input: Any, other: Any) -> jax.Array:
    x, y = real(check, "input", input), real(check, "other", other)
    return _product(x, y, function=check.function)


@functools.partial(jax.jit, static_argnames="function")
def _product(x: Any, y: Any, *, function: str) -> jax.Array:
    dtype = floating_common(_checks.of(function), input=x, other=y)
    return (_xlog1py if function == "xlog1py" else _xlogy)(*broadcast_wide(dtype, x, y)).astype(
        dtype
    )


def _quotient(x: jax.Array, y: jax.Array) -> jax.Array:
    flushed = is_subnormal(y) | (is_subnormal(x) & (y == 0))
    up = lifted(x) / jnp.where(flushed, lifted(y), 1)
    return jnp.where(flushed, up, x / jnp.where(flushed, 1, y))


@derivatives(
    lambda t, z, x, y: t * jnp.where((x == 0) & (y <= 0), 0, jnp.log(y)),
    lambda t, z, x, y: t * _quotient(x, y),
)
def _xlogy(x: jax.Array, y: jax.Array) -> jax.Array:
    return special.xlogy(x, y)


@derivatives(
    lambda t, z, x, y: t * jnp.where((x == 0) & (y <= -1), 0, jnp.log1p(y)),
    lambda t, z, x, y: t * (x / (1 + y)),
)
def _xlog1py(x: jax.Array, y: jax.Array) -> jax.Array:
    return special.xlog1py(x, y)


def logit(input: ArrayLike, eps: float | None = None) -> jax.Array:
    """The logarithm of the odds.

        y = log(x / (1 - x))     y' = 1 / (x (1 - x))

    Outside [0, 1] the value and the derivative are NaN. With ε ≥ 0, x is first clamped to
    [ε, 1 - ε], with the lower bound first, and the derivative is 0 outside these bounds.

    Args:
        input: an array of real numbers, any shape.
        eps: ε, a number; None clamps nothing.

    Returns:
        An array of the input's dtype; float32 for integers.

    Raises:
        TypeError: `input` is not a real array, or `eps` is not a number.

    Source: https://docs.pytorch.org/docs/stable/special.html#torch.special.logit

    >>> import jax
    >>> from jaxgrad.tensor import logit
    >>> jax.grad(logit)(1.5)
    Array(nan, dtype=float32, weak_type=True)
    """
    check = _checks.of("logit")
    x = real(check, "input", input)
    return _logit(x, None if eps is None else check.number("eps", eps))


@jax.jit
def _logit(x: Any, eps: Any) -> jax.Array:
    dtype = floating_common(_checks.of("logit"), input=x)
    (of,) = broadcast_wide(dtype, x)
    if eps is not None:
        low = jnp.asarray(eps).astype(of.dtype)
        clamped = jnp.where(of < low, low, jnp.where(of > 1 - low, 1 - low, of))
        of = jnp.where(low >= 0, clamped, of)
    return _odds(of).astype(dtype)


@derivatives(lambda t, y, x: t * jnp.where((x < 0) | (x > 1), jnp.nan, 1 / (x * (1 - x))))
def _odds(x: jax.Array) -> jax.Array:
    return jnp.log(x / (1 - x))
