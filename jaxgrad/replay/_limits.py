"""The checks of `jaxgrad.replay`: those of `_checks`, with the limits of draws on the host."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from jaxgrad._checks import Checks, Shape
from jaxgrad.replay.generator import State, checked

LARGEST = 2**31
"""The most elements of one draw; the words of more would fill the memory of most hosts."""

FLOATS = ("float32", "float64", "float16", "bfloat16")
"""The floating point dtypes of PyTorch's samplers."""


def filled(
    check: Checks, state: State, shape: Shape, dtype: DTypeLike | None
) -> tuple[State, tuple[int, ...], np.dtype]:
    """The checked arguments of a sampler that fills a shape."""
    return checked(check, state), shape_of_draw(check, shape), float_dtype(check, dtype)


def shape_of_draw(check: Checks, value: Any) -> tuple[int, ...]:
    """`value` as a shape of at most `LARGEST` elements."""
    check.concrete("shape", value)
    result = check.shape(value)
    if math.prod(result) > LARGEST or max(result, default=0) > LARGEST:
        expected = f"of at most 2**{LARGEST.bit_length() - 1} elements"
        raise ValueError(check.wrong("shape", expected, result, "draw it in parts"))
    return result


def count(check: Checks, argument: str, value: Any, minimum: int, largest: int = LARGEST) -> int:
    """`value` as a Python integer from `minimum` to `largest`."""
    result = check.integer(argument, value, minimum)
    if result > largest:
        raise ValueError(check.wrong(argument, f"at most {largest}", result))
    return result


def scalar(check: Checks, argument: str, value: Any) -> float:
    """`value`, a real scalar, in float64, with which PyTorch computes."""
    check.concrete(argument, value)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        check.number(argument, value)  # refuses what is not a real scalar
        return float(check.array(argument, value))
    try:
        return float(value)
    except OverflowError as error:
        expected = "in the range of float64"
        raise ValueError(check.wrong(argument, expected, f"{value!r:.60}")) from error


def positive(check: Checks, argument: str, value: Any) -> float:
    """`value` as a real scalar above 0."""
    result = scalar(check, argument, value)
    if not result > 0:
        raise ValueError(check.wrong(argument, "above 0", result))
    return result


def float_dtype(check: Checks, value: Any) -> np.dtype:
    """`value` as a floating point dtype; None is float32, PyTorch's default."""
    if value is None:
        return np.dtype(np.float32)
    _check_width(check, value)
    return floating(check, "dtype", check.float_dtype(value))


def floating(check: Checks, argument: str, dtype: DTypeLike) -> np.dtype:
    """`dtype` as one of the floating point dtypes of PyTorch's samplers."""
    if str(dtype) not in FLOATS:
        raise TypeError(check.wrong(argument, "one of " + ", ".join(FLOATS), dtype))
    return np.dtype(dtype)


def any_dtype(check: Checks, value: Any) -> np.dtype:
    """`value` as an integer, floating point or truth dtype; None is JAX's default integer."""
    if value is None:
        return default_int()
    _check_width(check, value)
    expected = "an integer, floating point or truth dtype"
    try:
        dtype = np.dtype(jnp.zeros((), value).dtype)
    except (TypeError, ValueError) as error:
        raise TypeError(check.wrong("dtype", expected, f"{value!r:.60}")) from error
    if dtype.kind not in "iub" and str(dtype) not in FLOATS:
        raise TypeError(check.wrong("dtype", expected, dtype))
    return dtype


def _check_width(check: Checks, value: Any) -> None:
    """Refuse 64 bits that JAX would reduce to 32, as the draws of 32 bits are different."""
    try:
        wide = value is not float and value is not int and np.dtype(value).itemsize == 8
    except (TypeError, ValueError):
        return  # not a dtype: the caller refuses it
    if wide and np.dtype(value).kind in "iuf" and not jax.config.read("jax_enable_x64"):
        remedy = "switch JAX's 64-bit types on: jax.config.update('jax_enable_x64', True)"
        expected = "of at most 32 bits"
        raise ValueError(check.wrong("dtype", expected, np.dtype(value), remedy))


def default_int() -> np.dtype:
    """int64 where JAX's 64-bit types are on, else int32."""
    return np.dtype(jax.dtypes.canonicalize_dtype(np.int64))


def ordered(check: Checks, a: float, b: float, dtype: np.dtype) -> None:
    """Refuse ends of a range that are out of order or beyond the dtype."""
    largest = float(jnp.finfo(dtype).max)
    if not (-largest <= a <= b <= largest and b - a <= largest):
        raise ValueError(check.wrong("[a, b)", f"a finite range of {dtype}", f"[{a}, {b})"))


def on_host(check: Checks, argument: str, value: Any) -> np.ndarray:
    """`value` as an array of NumPy, without JAX's rounding to 32 bits."""
    check.concrete(argument, value)
    try:
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        got = f"{type(value).__name__} {value!r:.60}"
        raise TypeError(check.wrong(argument, "an array", got)) from error


def rows(check: Checks, argument: str, value: Any) -> np.ndarray:
    """`value` as numbers of rows: integers, (rows,), as int64."""
    array = on_host(check, argument, value)
    if array.ndim != 1:
        raise ValueError(check.wrong(argument, "1-D", f"shape {array.shape}"))
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(check.wrong(argument, "integers", array.dtype))
    if np.max(array, initial=0) >= 2**63:
        raise ValueError(check.wrong(argument, "below 2**63", array.max()))
    return array.astype(np.int64)
