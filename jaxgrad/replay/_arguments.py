"""What the functions of this package accept: `_checks`, with the limits of a host-side draw."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from jaxgrad import _checks

LARGEST = 2**31
"""Elements of one draw; beyond, its words alone would fill the memory of most hosts."""


_FLOATS = ("float32", "float64", "float16", "bfloat16")


def shape(function: str, value: Any) -> tuple[int, ...]:
    """`value` as a shape of at most `LARGEST` elements."""
    _checks.concrete(function, "shape", value)
    result = _checks.shape(function, value)
    if math.prod(result) > LARGEST or max(result, default=0) > LARGEST:
        expected = f"of at most 2**{LARGEST.bit_length() - 1} elements"
        raise ValueError(_checks.wrong(function, "shape", expected, result, "draw it in parts"))
    return result


def count(function: str, argument: str, value: Any, minimum: int, largest: int = LARGEST) -> int:
    """`value` as a Python integer from `minimum` to `largest`."""
    result = _checks.integer(function, argument, value, minimum)
    if result > largest:
        raise ValueError(_checks.wrong(function, argument, f"at most {largest}", result))
    return result


def scalar(function: str, argument: str, value: Any) -> float:
    """`value`, a real scalar, in full precision: PyTorch computes with it in float64."""
    _checks.concrete(function, argument, value)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return float(_checks.scalar(function, argument, value))
    try:
        return float(value)
    except OverflowError as error:
        expected = "in the range of float64"
        raise ValueError(_checks.wrong(function, argument, expected, f"{value!r:.60}")) from error


def positive(function: str, argument: str, value: Any) -> float:
    """`value` as a real scalar above 0."""
    result = scalar(function, argument, value)
    if not result > 0:
        raise ValueError(_checks.wrong(function, argument, "above 0", result))
    return result


def float_dtype(function: str, value: Any) -> np.dtype:
    """`value` as a floating point dtype; None is float32, PyTorch's default."""
    if value is None:
        return np.dtype(np.float32)
    _available(function, value)
    return floating(function, "dtype", _checks.float_dtype(function, value))


def floating(function: str, argument: str, dtype: DTypeLike) -> np.dtype:
    """`dtype` as one of the floating point dtypes that PyTorch's samplers know."""
    if str(dtype) not in _FLOATS:
        raise TypeError(_checks.wrong(function, argument, "one of " + ", ".join(_FLOATS), dtype))
    return np.dtype(dtype)


def any_dtype(function: str, value: Any) -> np.dtype:
    """`value` as an integer, floating point or truth dtype; None is JAX's default integer."""
    if value is None:
        return default_int()
    _available(function, value)
    expected = "an integer, floating point or truth dtype"
    try:
        dtype = np.dtype(jnp.zeros((), value).dtype)
    except (TypeError, ValueError) as error:
        raise TypeError(_checks.wrong(function, "dtype", expected, f"{value!r:.60}")) from error
    if dtype.kind not in "iub" and str(dtype) not in _FLOATS:
        raise TypeError(_checks.wrong(function, "dtype", expected, dtype))
    return dtype


def _available(function: str, value: Any) -> None:
    """Refuse 64 bits that JAX would cut to 32: the draws would be other ones."""
    try:
        wide = value is not float and value is not int and np.dtype(value).itemsize == 8
    except (TypeError, ValueError):
        return  # for what follows to word
    if wide and np.dtype(value).kind in "iuf" and not jax.config.read("jax_enable_x64"):
        remedy = "switch JAX's 64-bit types on: jax.config.update('jax_enable_x64', True)"
        expected = "of at most 32 bits"
        raise ValueError(_checks.wrong(function, "dtype", expected, np.dtype(value), remedy))


def default_int() -> np.dtype:
    """int64 where JAX's 64-bit types are on, else int32."""
    return np.dtype(jax.dtypes.canonicalize_dtype(np.int64))


def ordered(function: str, a: float, b: float, dtype: np.dtype) -> None:
    """Refuse the ends of a range that are out of order, or out of the dtype's range."""
    largest = float(jnp.finfo(dtype).max)
    if not (-largest <= a <= b <= largest and b - a <= largest):
        raise ValueError(
            _checks.wrong(function, "[a, b)", f"a finite range of {dtype}", f"[{a}, {b})")
        )
