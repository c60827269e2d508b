"""Operands of tensor functions: checks, promotion and broadcasting. Derivative rules."""

import functools
import operator
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero
from jax.typing import DTypeLike

from jaxgrad import _checks
from jaxgrad._dtypes import FROM_INTEGERS, cast, is_a, is_complex, is_real, result_type, wide


def real(check: _checks.Checks, argument: str, value: Any) -> Any:
    """`value` as a real array; a Python number stays one, so that it promotes nothing."""
    if isinstance(value, jax.Array) and is_real(value.dtype):
        return value
    if isinstance(value, (bool, int, float)):
        _fits(check, argument, value)
        return value
    result = check.array(argument, value)
    if not is_real(result.dtype):
        raise TypeError(check.wrong(argument, "real", result.dtype))
    return result


def number(check: _checks.Checks, argument: str, value: Any) -> Any:
    """As `real`, but complex numbers are taken too."""
    if isinstance(value, (bool, int, float)):
        return real(check, argument, value)
    if isinstance(value, complex):
        return value
    result = check.array(argument, value)
    if not (is_real(result.dtype) or is_complex(result.dtype)):
        raise TypeError(check.wrong(argument, "an array of numbers", result.dtype))
    return result


def real_array(check: _checks.Checks, argument: str, value: Any) -> jax.Array:
    """`value` as a real array; a Python number becomes one."""
    result = real(check, argument, value)
    return result if isinstance(result, jax.Array) else jnp.asarray(result)


def _fits(check: _checks.Checks, argument: str, value: Any) -> None:
    if isinstance(value, (bool, float)) or -(2**31) <= value < 2**31:
        return
    try:
        jnp.asarray(value)
    except OverflowError as error:
        expected = "a number in range"
        raise ValueError(check.wrong(argument, expected, "one beyond it")) from error


def common(check: _checks.Checks, **operands: Any) -> Any:
    """The dtype that operands promote to; an error where their shapes do not broadcast."""
    shapes = [
        value.shape if isinstance(value, jax.Array) else jnp.shape(value)
        for value in operands.values()
    ]
    try:
        if len(set(shapes) - {()}) > 1:
            jnp.broadcast_shapes(*shapes)
    except ValueError as error:
        names = " and ".join(operands)
        raise ValueError(
            check.wrong(names, "of shapes that broadcast", ", ".join(map(str, shapes)))
        ) from error
    return result_type(*operands.values())


def floating_common(check: _checks.Checks, **operands: Any) -> Any:
    """As `common`, but float32 for integers."""
    dtype = common(check, **operands)
    return dtype if is_a(dtype, jnp.inexact) else FROM_INTEGERS


def broadcast_in(dtype: DTypeLike, *operands: Any) -> list[jax.Array]:
    """The operands in one dtype and one shape."""
    if is_a(dtype, jnp.inexact):
        return [array.astype(dtype) for array in broadcast_wide(dtype, *operands)]
    return list(jnp.broadcast_arrays(*(jnp.asarray(value).astype(dtype) for value in operands)))


def broadcast_wide(dtype: DTypeLike, *operands: Any) -> list[jax.Array]:
    """The operands in the dtype to compute in and one shape.

    They are repeated in the wide dtype, so that their derivatives are added up there.
    """
    arrays = [cast(jnp.asarray(value), dtype).astype(wide(dtype)) for value in operands]
    return list(jnp.broadcast_arrays(*arrays))


def derivatives(*partials: Callable[..., jax.Array]) -> Callable[[Callable[..., Any]], Any]:
    """Gives a function of arrays its derivative: one term for each argument.

    A term is called with the argument's tangent, the function's value and its arguments. The term
    of a constant argument is left out: in forward mode 0 times an infinite slope would be NaN.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        rule = jax.custom_jvp(function)

        def jvp(primals: Any, tangents: Any) -> Any:
            value = rule(*primals)
            terms = [
                partial(tangent, value, *primals)
                for partial, tangent in zip(partials, tangents, strict=True)
                if not isinstance(tangent, SymbolicZero)
            ]
            zero = jnp.zeros_like(value)
            return value, functools.reduce(operator.add, terms) if terms else zero

        rule.defjvp(jvp, symbolic_zeros=True)
        return functools.wraps(function)(rule)

    return decorate


def along(t: jax.Array, slope: jax.Array) -> jax.Array:
    """The product t · slope; NaN for an infinite t, as PyTorch's t - t (1 - slope) gives."""
    return t * slope + 0 * t


def by_slope(function: Callable[[jax.Array], jax.Array]) -> Callable[[jax.Array], jax.Array]:
    """Gives an elementwise function the derivative slope · dx, with the slope that JAX derives.

    An infinite dx is multiplied with the whole slope, as in PyTorch. JAX multiplies each term of
    the slope with it, and the sum of these products may be NaN.
    """
    rule = jax.custom_jvp(function)

    @rule.defjvp
    def jvp(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
        (x,) = primals
        value, slope = jax.jvp(function, (x,), (jnp.ones_like(x),))
        return value, slope * tangents[0]

    return functools.wraps(function)(rule)
