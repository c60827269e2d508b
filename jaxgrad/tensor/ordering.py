"""Sorting, the largest few and running extremes."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import is_a, is_floating, wide
from jaxgrad._operands import real_array

from .extremes import Selected, picked


def _input_and_axis(check: _checks.Checks, input: Any, dim: Any) -> tuple[jax.Array, int]:
    x = real_array(check, "input", input)
    return x, check.axis("dim", dim, x.ndim)


def sort(
    input: ArrayLike, dim: int = -1, descending: bool = False, stable: bool | None = False
) -> Selected:
    """The elements in order along an axis, with their indices.

    NaN is the greatest. Equal elements keep their order, whatever `stable` says, and each has the
    derivative of its own place.

    Args:
        input: an array of real numbers or truth values.
        dim: the axis.
        descending: whether the greatest comes first.
        stable: has no effect, the order is always stable; None is allowed, as in PyTorch.

    Returns:
        The tuple (values, indices).

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: `dim` is out of range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.sort.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import sort
    >>> sort(jnp.array([2, 1, 2]), descending=True).indices
    Array([0, 2, 1], dtype=int32)
    """
    check = _checks.of("sort")
    x, axis = _input_and_axis(check, input, dim)
    descending = check.truth("descending", descending)
    check.truth("stable", stable is not None and stable)
    return _sort(x, axis=axis, descending=descending)


@functools.partial(jax.jit, static_argnames=("axis", "descending"))
def _sort(x: jax.Array, *, axis: int, descending: bool) -> Selected:
    return picked(x, order(x, axis, descending), axis, keepdim=True)


def order(x: jax.Array, axis: int, descending: bool) -> jax.Array:
    """The places of the elements in a stable order along an axis; NaN is the greatest."""
    fixed = jax.lax.stop_gradient(x.reshape(x.shape or (1,)))
    return jnp.argsort(fixed, axis, stable=True, descending=descending)


def topk(
    input: ArrayLike, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
) -> Selected:
    """The k largest or smallest elements along an axis, in order, with their indices.

    NaN is the greatest. Of equal elements the first come first.

    Args:
        input: an array of real numbers.
        k: the number of elements, a Python integer.
        dim: the axis.
        largest: whether to take the largest.
        sorted: has no effect, they are always in order.

    Returns:
        The tuple (values, indices).

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: `dim` is out of range, or the axis has fewer than k elements.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.topk.html

    Differs from PyTorch: which of several equal elements are taken, and in which order; PyTorch
    leaves both open. With k = 0 a scalar gives an empty array; PyTorch
    gives the scalar.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import topk
    >>> topk(jnp.array([1.0, 3.0, 2.0]), 2).values
    Array([3., 2.], dtype=float32)
    """
    check = _checks.of("topk")
    x, axis = _input_and_axis(check, input, dim)
    if is_a(x.dtype, jnp.bool_):
        raise TypeError(check.wrong("input", "an array of numbers", x.dtype))
    k = check.integer("k", k, minimum=0)
    size = x.shape[axis] if x.ndim else 1
    if k > size:
        raise ValueError(check.wrong("k", f"at most {size}", k))
    check.truth("sorted", sorted)
    return _topk(x, k=k, axis=axis, largest=check.truth("largest", largest))


@functools.partial(jax.jit, static_argnames=("k", "axis", "largest"))
def _topk(x: jax.Array, *, k: int, axis: int, largest: bool) -> Selected:
    if largest:
        fixed = _without_signs(jax.lax.stop_gradient(x.reshape(x.shape or (1,))))
        places = jax.lax.top_k(jnp.moveaxis(fixed, axis, -1), k)[1]
        places = jnp.moveaxis(places, -1, axis).astype(int)
    else:
        places = jax.lax.slice_in_dim(order(x, axis, False), 0, k, axis=axis)
    if x.ndim == 0 and k == 0:
        return Selected(jnp.zeros((0,), x.dtype), places)
    return picked(x, places, axis, keepdim=True)


def _without_signs(x: jax.Array) -> jax.Array:
    """One sign for 0 and NaN: top_k puts -0 below 0, and a negative NaN below everything."""
    if not is_floating(x.dtype):
        return x
    return jnp.where(x == 0, 0, jnp.where(x != x, jnp.nan, x))


def cummax(input: ArrayLike, dim: int) -> Selected:
    """The largest element so far along an axis, with its index; NaN from the first NaN on.

    Of equal elements the last has the derivative.

    Args:
        input: an array of real numbers or truth values.
        dim: the axis.

    Returns:
        The tuple (values, indices).

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: `dim` is out of range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.cummax.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import cummax
    >>> cummax(jnp.array([1.0, 3.0, 3.0, 2.0]), 0).indices
    Array([0, 1, 2, 2], dtype=int32)
    """
    x, axis = _input_and_axis(_checks.of("cummax"), input, dim)
    return _running(x, axis=axis, largest=True)


def cummin(input: ArrayLike, dim: int) -> Selected:
    """The smallest element so far along an axis, with its index; NaN from the first NaN on.

    Of equal elements the last has the derivative.

    Args:
        input: an array of real numbers or truth values.
        dim: the axis.

    Returns:
        The tuple (values, indices).

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: `dim` is out of range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.cummin.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import cummin
    >>> cummin(jnp.array([3.0, 1.0, 1.0, 2.0]), 0).indices
    Array([0, 1, 2, 2], dtype=int32)
    """
    x, axis = _input_and_axis(_checks.of("cummin"), input, dim)
    return _running(x, axis=axis, largest=False)


@functools.partial(jax.jit, static_argnames=("axis", "largest"))
def _running(x: jax.Array, *, axis: int, largest: bool) -> Selected:
    flat = jax.lax.stop_gradient(x.reshape(x.shape or (1,)))
    if is_a(x.dtype, jnp.bool_):
        flat = flat.astype(jnp.uint8)
    extreme = (jax.lax.cummax if largest else jax.lax.cummin)(flat, axis)
    hit = (flat == extreme) | (flat != flat)
    place = jax.lax.broadcasted_iota(jnp.arange(0).dtype, flat.shape, axis)
    # In the wide dtype, which adds the derivatives of an element that stays the largest.
    of = x.astype(wide(x.dtype)) if is_floating(x.dtype) else x
    found = picked(of, jax.lax.cummax(jnp.where(hit, place, 0), axis), axis, keepdim=True)
    return Selected(found.values.astype(x.dtype), found.indices)
