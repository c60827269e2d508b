"""Kinds of dtypes, promotion, and the dtype to compute in."""

import functools
import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

FROM_INTEGERS = jnp.dtype(jnp.float32)
"""The dtype of results for integers and truth values: PyTorch's default, also in 64-bit mode."""


@functools.cache
def is_a(dtype: DTypeLike, kind: Any) -> bool:
    """`jnp.issubdtype`, cached: each call of a small function asks several times."""
    return bool(jnp.issubdtype(dtype, kind))


@functools.cache
def is_floating(dtype: DTypeLike) -> bool:
    """Whether the dtype is real floating point."""
    return bool(jnp.issubdtype(dtype, jnp.floating))


@functools.cache
def is_complex(dtype: DTypeLike) -> bool:
    """Whether the dtype is one of complex numbers."""
    return bool(jnp.issubdtype(dtype, jnp.complexfloating))


@functools.cache
def is_real(dtype: DTypeLike) -> bool:
    """Whether the dtype is one of real numbers or of truth values."""
    return any(jnp.issubdtype(dtype, kind) for kind in (jnp.integer, jnp.floating, jnp.bool_))


@functools.cache
def wide(dtype: DTypeLike) -> Any:
    """float32 for the narrower floating point dtypes, and the dtype itself for the others."""
    return jnp.float32 if jnp.finfo(dtype).bits < 32 else dtype


@functools.cache
def real_part(dtype: DTypeLike) -> Any:
    """The dtype of the real and imaginary parts; a real dtype itself."""
    return jnp.finfo(dtype).dtype


@functools.cache
def largest(dtype: DTypeLike) -> float:
    """The largest finite number of a floating point dtype."""
    return float(jnp.finfo(dtype).max)


def made(value: Any) -> Any:
    """The dtype that JAX makes of `value`: that of `jnp.zeros((), value)`.

    It is cached, unless JAX warns that it takes a narrower one.
    """
    try:
        return _made(value, jax.enable_x64.value)
    except (TypeError, ValueError, UserWarning):
        return jnp.zeros((), value).dtype


@functools.cache
def _made(value: Any, x64: bool) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return jnp.zeros((), value).dtype


def cast(array: jax.Array, dtype: DTypeLike) -> jax.Array:
    """`array.astype(dtype)`, or the array itself where it has that dtype already.

    Truth values are converted by a selection. XLA turns a product with plainly converted ones
    into a selection, which is 0 even where the other factor is NaN or infinite.
    """
    if is_a(array.dtype, jnp.bool_) and is_a(dtype, jnp.inexact):
        return jnp.where(array, jnp.ones((), dtype), jnp.zeros((), dtype))
    return array if array.dtype == dtype and not array.weak_type else array.astype(dtype)


def widened(dtype: DTypeLike, *values: Any) -> list[jax.Array]:
    """Arrays and numbers in the dtype to compute a result of `dtype` in."""
    return [cast(jnp.asarray(value), wide(dtype)) for value in values]


_RANK = {int: 1, float: 2}
"""Ranks of Python numbers: one promotes an array of a lower rank. A bool has none."""


@functools.cache
def _rank(dtype: DTypeLike) -> int:
    return 2 * is_a(dtype, jnp.inexact) or int(is_a(dtype, jnp.integer))


def result_type(*values: Any) -> Any:
    """`jnp.result_type` of arrays, dtypes and Python numbers; quick if all dtypes are the same.

    As in PyTorch, integers give float32 with a Python float and complex64 with a complex one.
    """
    dtype, rank = None, 0
    for value in values:
        if type(value) in _RANK:
            rank = max(rank, _RANK[type(value)])
            continue
        own = value.dtype if isinstance(value, jax.Array) else value
        if not isinstance(own, np.dtype) or (dtype is not None and own != dtype):
            return _promoted(values)
        dtype = own
    return dtype if dtype is not None and rank <= _rank(dtype) else _promoted(values)


def _promoted(values: tuple[Any, ...]) -> Any:
    dtype = jnp.result_type(*values)
    if not is_a(dtype, jnp.inexact):
        return dtype
    numbers = (int, float, complex)  # truth values too
    strong = [v for v in values if not (isinstance(v, numbers) or getattr(v, "weak_type", False))]
    integers = strong and not any(is_a(getattr(v, "dtype", v), jnp.inexact) for v in strong)
    if not integers:
        return dtype
    return FROM_INTEGERS if is_floating(dtype) else jnp.dtype(jnp.complex64)
