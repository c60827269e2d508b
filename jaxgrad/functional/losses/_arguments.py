"""What every loss does with its arguments and with its elements."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike, DTypeLike

from jaxgrad import _checks
from jaxgrad._dtypes import FROM_INTEGERS, cast, is_a, wide


def pair(
    function: str, input: ArrayLike, target: ArrayLike, weight: ArrayLike | None = None
) -> list[jax.Array]:
    """Input, target and a weight that is given, of one shape and of the dtype they promote to."""
    arrays = [_checks.array(function, "input", input), _checks.array(function, "target", target)]
    dtype = _checks.promoted(function, "input or target", *arrays)
    _checks.same_shape(function, "target", arrays[1], "input", arrays[0])
    if weight is not None:
        arrays.append(_checks.array(function, "weight", weight))
        dtype = _checks.promoted(function, "weight", dtype, arrays[2])
        _checks.same_shape(function, "weight", arrays[2], "input", arrays[0])
    return [cast(array, dtype) for array in arrays]


def number(function: str, argument: str, value: ArrayLike) -> jax.Array:
    """`value` as an array of real or of complex numbers."""
    array = _checks.array(function, argument, value)
    is_complex = is_a(array.dtype, jnp.complexfloating)
    return array if is_complex else _checks.real(function, argument, array)


def as_float(array: jax.Array) -> jax.Array:
    """Floating point numbers as they are, others in float32."""
    return array if is_a(array.dtype, jnp.floating) else array.astype(FROM_INTEGERS)


def widened(dtype: DTypeLike, *values: Any) -> list[jax.Array]:
    """Arrays and numbers in the dtype to compute a result of `dtype` in."""
    return [cast(jnp.asarray(value), wide(dtype)) for value in values]


def reduction_of(function: str, value: str) -> str:
    """`value` as one of PyTorch's reductions."""
    return _checks.option(function, "reduction", value, ("none", "mean", "sum"))


def reduced(losses: jax.Array, reduction: str, total: jax.Array | None = None) -> jax.Array:
    """The elements, their sum, or their sum over `total`: by default their number."""
    if reduction == "none":
        return losses
    if reduction == "sum":
        return jnp.sum(losses)
    return jnp.mean(losses) if total is None else jnp.sum(losses) / total
