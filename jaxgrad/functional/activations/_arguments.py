"""What every activation does with its arguments."""

import functools
import warnings
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import FROM_INTEGERS, is_a, is_floating, wide

NUMBERS = "real and not bool"
"""What an activation of real numbers expects."""


def widened(x: jax.Array, *numbers: Any) -> list[jax.Array]:
    """An array, and numbers beside it, in the dtype to compute in."""
    dtype = wide(x.dtype)
    return [x.astype(dtype), *(jnp.asarray(number).astype(dtype) for number in numbers)]


def compared(x: jax.Array, *numbers: Any) -> list[jax.Array]:
    """An array of any real dtype, and numbers beside it that are not rounded to a narrow one."""
    if is_floating(x.dtype):
        return widened(x, *numbers)
    return [x, *(jnp.asarray(number, x.dtype) for number in numbers)]


def floated(function: str, value: ArrayLike) -> jax.Array:
    """`value` as an array of real numbers; integers in float32."""
    result = _checks.real(function, "input", value, NUMBERS)
    return result if is_floating(result.dtype) else result.astype(FROM_INTEGERS)


def inexact(function: str, value: ArrayLike) -> jax.Array:
    """`value` as floating point or complex numbers; integers and truth values in float32."""
    x = _checks.array(function, "input", value)
    if is_floating(x.dtype):
        return x
    if not any(is_a(x.dtype, kind) for kind in (jnp.number, jnp.bool_)):
        raise TypeError(_checks.wrong(function, "input", "an array of numbers", x.dtype))
    return x if is_a(x.dtype, jnp.inexact) else x.astype(FROM_INTEGERS)


def is_complex(array: jax.Array) -> bool:
    """Whether its numbers are complex."""
    return is_a(array.dtype, jnp.complexfloating)


def bound(function: str, argument: str, value: Any, like: jax.Array) -> Any:
    """A number beside the array `like`; beside integers it is truncated and must fit."""
    if is_floating(like.dtype):
        return _checks.number(function, argument, value)
    whole = int(_checks.static_number(function, argument, value))
    limits = jnp.iinfo(like.dtype)
    if not limits.min <= whole <= limits.max:
        expected = f"in the range of {like.dtype}"
        raise ValueError(_checks.wrong(function, argument, expected, whole))
    return np.asarray(whole, like.dtype)


def compiled(*defaults: float) -> Callable[[Callable[..., jax.Array]], Callable[..., jax.Array]]:
    """`jax.jit` of a function of arrays and then of numbers, constants where all are defaults.

    A Python number that is handed to a program costs as much as a small program itself.
    """
    count = len(defaults)

    def decorate(function: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
        @functools.wraps(function)
        def at_defaults(*arrays: jax.Array) -> jax.Array:
            return function(*arrays, *defaults)

        usual, general = jax.jit(at_defaults), jax.jit(function)

        def call(*args: Any) -> jax.Array:
            numbers = args[-count:]
            are_defaults = all(type(number) is float for number in numbers) and numbers == defaults
            return usual(*args[:-count]) if are_defaults else general(*args)

        return call

    return decorate


def holds(function: str, argument: str, value: Any, valid: Any, expected: str) -> None:
    """Refuses a number that is not as expected; a traced one under `jaxgrad.checkify` only."""
    if valid is True:
        return
    got = value if isinstance(value, float) else "{value}"  # an array would have fewer digits
    text = _checks.wrong(function, argument, expected, got)
    _checks.holds(valid, text, value=functools.partial(jnp.asarray, value))


def implicit_axis(function: str, ndim: int) -> int:
    """The axis that PyTorch takes where none is given, with its warning."""
    warnings.warn(
        f"Implicit dimension choice for {function} has been deprecated. "
        "Change the call to include dim=X as an argument.",
        stacklevel=3,
    )
    return 0 if ndim in (0, 1, 3) else 1


def constant(function: str, argument: str, value: Any) -> Any:
    """`value`, with an error where a derivative with respect to it is asked for."""
    if not isinstance(value, Tracer):
        return value
    identity = jax.custom_jvp(_identity)
    identity.defjvp(functools.partial(_refused, function, argument), symbolic_zeros=True)
    return identity(value)


def _identity(value: jax.Array) -> jax.Array:
    return value


def _refused(function: str, argument: str, primals: Any, tangents: Any) -> Any:
    if isinstance(tangents[0], jax.custom_derivatives.SymbolicZero):
        return primals[0], tangents[0]
    remedy = "hold it fixed with jax.lax.stop_gradient"
    raise TypeError(_checks.wrong(function, argument, "constant", "a derivative with it", remedy))
