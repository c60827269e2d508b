"""Rounded quotients and their remainders."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike, DTypeLike

from jaxgrad import _checks
from jaxgrad._dtypes import is_a, is_floating, wide
from jaxgrad._operands import broadcast_in, broadcast_wide, common, derivatives, real


def remainder(input: ArrayLike, other: ArrayLike) -> jax.Array:
    """The remainder of a division that is rounded down: it has the sign of the divisor.

        z = x - y ⌊x / y⌋     ∂z/∂x = 1     ∂z/∂y = -⌊x / y⌋

    Args:
        input: x, an array of real numbers or a number.
        other: y, of a shape that broadcasts with it.

    Returns:
        An array of the promoted dtype.

    Raises:
        TypeError: an argument is not a real array.
        ValueError: the shapes do not broadcast, or an integer is divided by 0. Traced arguments are
            checked under `jaxgrad.checkify` only, and the remainder is -1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.remainder.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import remainder
    >>> remainder(jnp.array([-3.0, 3.0]), 2.0)
    Array([1., 1.], dtype=float32)
    """
    return _quotient(_checks.of("remainder"), input, other)


def fmod(input: ArrayLike, other: ArrayLike) -> jax.Array:
    """The remainder of a division that is rounded towards 0: it has the sign of the dividend.

        z = x - y trunc(x / y)     ∂z/∂x = 1     ∂z/∂y = -trunc(x / y)

    Args:
        input: x, an array of real numbers or a number.
        other: y, of a shape that broadcasts with it.

    Returns:
        An array of the promoted dtype.

    Raises:
        TypeError: an argument is not a real array.
        ValueError: the shapes do not broadcast, or an integer is divided by 0. Traced arguments are
            checked under `jaxgrad.checkify` only, and the remainder is -1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fmod.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import fmod
    >>> fmod(jnp.array([-3.0, 3.0]), 2.0)
    Array([-1.,  1.], dtype=float32)
    """
    return _quotient(_checks.of("fmod"), input, other)


def floor_divide(input: ArrayLike, other: ArrayLike) -> jax.Array:
    """A quotient, rounded down.

        z = ⌊x / y⌋

    The derivative is 0. A quotient of 0 has the sign of x / y. A Python number y is
    not rounded to a narrow dtype.

    Args:
        input: x, an array of real numbers or a number.
        other: y, of a shape that broadcasts with it.

    Returns:
        An array of the promoted dtype.

    Raises:
        TypeError: an argument is not a real array.
        ValueError: the shapes do not broadcast, or an integer is divided by 0. Traced arguments are
            checked under `jaxgrad.checkify` only, and the quotient is -1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.floor_divide.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import floor_divide
    >>> floor_divide(jnp.array([-7, 7]), 2)
    Array([-4,  3], dtype=int32)
    """
    return _quotient(_checks.of("floor_divide"), input, other)


def _quotient(check: _checks.Checks, input: Any, other: Any) -> jax.Array:
    x, y = real(check, "input", input), real(check, "other", other)
    values, valid = _divided(x, y, function=check.function)
    if valid is not None:
        text = check.wrong("other", "an integer other than 0", "0")
        _checks.holds(valid, text)
    return values


@functools.partial(jax.jit, static_argnames="function")
def _divided(x: Any, y: Any, *, function: str) -> tuple[jax.Array, jax.Array | None]:
    dtype = common(_checks.of(function), input=x, other=y)
    if is_a(dtype, jnp.bool_):
        raise TypeError(_checks.wrong(function, "input or other", "a number", "truth values"))
    of = {"remainder": _remainder, "fmod": jnp.fmod, "floor_divide": jnp.floor_divide}[function]
    if is_floating(dtype) and function == "floor_divide":
        return _floored(*_operands_of_floor(dtype, x, y)).astype(dtype), None
    if is_floating(dtype):
        return of(*broadcast_wide(dtype, x, y)).astype(dtype), None
    x, y = broadcast_in(dtype, x, y)
    values = of(x, jnp.where(y == 0, 1, y))
    return jnp.where(y == 0, jnp.array(-1).astype(dtype), values), jnp.all(y != 0)


def _operands_of_floor(dtype: DTypeLike, x: Any, y: Any) -> list[jax.Array]:
    """As `broadcast_wide`, but a Python number y is not rounded, as in PyTorch."""
    y = jnp.asarray(y)
    return broadcast_wide(
        wide(dtype), jnp.asarray(x).astype(dtype), y if y.weak_type else y.astype(dtype)
    )


def _floored(x: jax.Array, y: jax.Array) -> jax.Array:
    x, y = jax.lax.stop_gradient((x, y))
    quotient = jnp.floor_divide(x, y)
    return jnp.where(quotient == 0, jnp.copysign(quotient, x / y), quotient)


@derivatives(
    lambda t, z, x, y: t,
    lambda t, z, x, y: -t * jax.lax.stop_gradient(jnp.floor_divide(x, y)),
)
def _remainder(x: jax.Array, y: jax.Array) -> jax.Array:
    return jnp.remainder(x, y)
