"""What the functions of `torch.nn.functional` share: checks of their arguments, reductions."""

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
from jaxgrad._dtypes import FROM_INTEGERS, cast, is_a, is_complex, is_floating, widened

NUMBERS = "real and not bool"
"""What an activation of real numbers expects."""


def input_and_target(
    check: _checks.Checks, input: ArrayLike, target: ArrayLike, weight: ArrayLike | None = None
) -> list[jax.Array]:
    """Input, target and, where given, weight: of one shape, in the dtype they promote to."""
    arrays = [check.array("input", input), check.array("target", target)]
    dtype = check.promoted("input or target", *arrays)
    check.same_shape("target", arrays[1], "input", arrays[0])
    if weight is not None:
        arrays.append(check.array("weight", weight))
        dtype = check.promoted("weight", dtype, arrays[2])
        check.same_shape("weight", arrays[2], "input", arrays[0])
    return [cast(array, dtype) for array in arrays]


def real_or_complex(check: _checks.Checks, argument: str, value: ArrayLike) -> jax.Array:
    """`value` as an array of real or complex numbers; truth values are refused."""
    array = check.array(argument, value)
    return array if is_complex(array.dtype) else check.real(argument, array)


def as_float(array: jax.Array) -> jax.Array:
    """A floating point array as it is, any other in float32."""
    return array if is_floating(array.dtype) else array.astype(FROM_INTEGERS)


def as_inexact(check: _checks.Checks, value: ArrayLike) -> jax.Array:
    """`value` as floating point or complex numbers; integers and truth values in float32."""
    x = check.array("input", value)
    if is_floating(x.dtype):
        return x
    if not any(is_a(x.dtype, kind) for kind in (jnp.number, jnp.bool_)):
        raise TypeError(check.wrong("input", "an array of numbers", x.dtype))
    return x if is_complex(x.dtype) else x.astype(FROM_INTEGERS)


def number_for(check: _checks.Checks, argument: str, value: Any, like: jax.Array) -> Any:
    """`value` as a number to combine with `like`; for integers it is truncated and must fit."""
    if is_floating(like.dtype):
        return check.number(argument, value)
    whole = int(check.static_number(argument, value))
    limits = jnp.iinfo(like.dtype)
    if not limits.min <= whole <= limits.max:
        expected = f"in the range of {like.dtype}"
        raise ValueError(check.wrong(argument, expected, whole))
    return np.asarray(whole, like.dtype)


def comparable(x: jax.Array, *numbers: Any) -> list[jax.Array]:
    """An array and numbers in one dtype to compare them in, so that no number is rounded."""
    if is_floating(x.dtype):
        return widened(x.dtype, x, *numbers)
    return [x, *(jnp.asarray(number, x.dtype) for number in numbers)]


def reduction_of(check: _checks.Checks, value: str) -> str:
    """`value` as one of PyTorch's reductions."""
    return check.option("reduction", value, ("none", "mean", "sum"))


def reduced(losses: jax.Array, reduction: str, total: jax.Array | None = None) -> jax.Array:
    """The elements, their sum, or their sum over `total`: by default their number."""
    if reduction == "none":
        return losses
    if reduction == "sum":
        return jnp.sum(losses)
    return jnp.mean(losses) if total is None else jnp.sum(losses) / total


def compiled(*defaults: float) -> Callable[[Callable[..., jax.Array]], Callable[..., jax.Array]]:
    """`jax.jit` of a function of arrays, then numbers; defaults are compiled in as constants.

    To pass a Python number to a program costs as much as to run a small program.
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


def implicit_axis(check: _checks.Checks, ndim: int) -> int:
    """The axis that PyTorch takes where none is given, with its warning."""
    warnings.warn(
        f"Implicit dimension choice for {check.function} has been deprecated. "
        "Change the call to include dim=X as an argument.",
        stacklevel=4,
    )
    return 0 if ndim in (0, 1, 3) else 1


def constant(check: _checks.Checks, argument: str, value: Any) -> Any:
    """`value`, with an error where a derivative with respect to it is asked for."""
    if not isinstance(value, Tracer):
        return value
    identity = jax.custom_jvp(_identity)
    identity.defjvp(functools.partial(_refused, check, argument), symbolic_zeros=True)
    return identity(value)


def _identity(value: jax.Array) -> jax.Array:
    return value


def _refused(check: _checks.Checks, argument: str, primals: Any, tangents: Any) -> Any:
    if isinstance(tangents[0], jax.custom_derivatives.SymbolicZero):
        return primals[0], tangents[0]
    remedy = "hold it fixed with jax.lax.stop_gradient"
    raise TypeError(check.wrong(argument, "constant", "a derivative with respect to it", remedy))
