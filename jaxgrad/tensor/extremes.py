"""The largest and the smallest element."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._operands import derivatives, real_array

from . import bounds


class Selected(NamedTuple):
    """Elements that were selected along an axis, and where they were.

    Attributes:
        values: the elements.
        indices: their positions along the axis.
    """

    values: jax.Array
    indices: jax.Array


def amax(input: ArrayLike, dim: Any = None, keepdim: bool = False) -> jax.Array:
    """The largest element over some axes; NaN if one is.

        y = maxᵢ xᵢ

    Equal largest elements share the derivative evenly. Where the result is NaN so is the derivative
    with respect to every element.

    Args:
        input: an array of real numbers or truth values.
        dim: an axis or a sequence of axes; None is all of them.
        keepdim: whether the axes stay, with size 1.

    Returns:
        An array of the input's dtype.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: `dim` is out of range or repeated, or the input is empty there.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.amax.html

    >>> import jax
    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import amax
    >>> jax.grad(amax)(jnp.array([1.0, 3.0, 3.0]))
    Array([0. , 0.5, 0.5], dtype=float32)
    """
    return _extreme(_checks.of("amax"), input, dim, keepdim)


def amin(input: ArrayLike, dim: Any = None, keepdim: bool = False) -> jax.Array:
    """The smallest element over some axes; NaN if one is.

        y = minᵢ xᵢ

    Equal smallest elements share the derivative evenly. Where the result is NaN so is the
    derivative with respect to every element.

    Args:
        input: an array of real numbers or truth values.
        dim: an axis or a sequence of axes; None is all of them.
        keepdim: whether the axes stay, with size 1.

    Returns:
        An array of the input's dtype.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: `dim` is out of range or repeated, or the input is empty there.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.amin.html

    >>> import jax
    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import amin
    >>> jax.grad(amin)(jnp.array([1.0, 1.0, 3.0]))
    Array([0.5, 0.5, 0. ], dtype=float32)
    """
    return _extreme(_checks.of("amin"), input, dim, keepdim)


def max(input: ArrayLike, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest element of all, or along one axis with its index; NaN if one is.

        y = maxᵢ xᵢ

    Over all elements, the equal largest ones share the derivative evenly, and so do NaNs. Along an
    axis, the element at the index has the whole derivative: the first largest, or the first NaN.

    Args:
        input: an array of real numbers or truth values.
        dim: an axis, or None for all; or an array, for the larger of two: see `maximum`.
        keepdim: whether the axis stays, with size 1.

    Returns:
        A scalar of the input's dtype; along an axis the tuple (values, indices).

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: `dim` is out of range, or the input is empty there.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.max.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import max
    >>> values, indices = max(jnp.array([[1.0, 3.0, 3.0]]), dim=1)
    >>> values, indices
    (Array([3.], dtype=float32), Array([1], dtype=int32))
    """
    if isinstance(dim, (jax.Array, np.ndarray)):
        return bounds.maximum(input, dim)
    return _selected(_checks.of("max"), input, dim, keepdim)


def min(input: ArrayLike, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest element of all, or along one axis with its index; NaN if one is.

        y = minᵢ xᵢ

    Over all elements, the equal smallest ones share the derivative evenly, and so do NaNs. Along an
    axis, the element at the index has the whole derivative: the first smallest, or the first NaN.

    Args:
        input: an array of real numbers or truth values.
        dim: an axis, or None for all; or an array, for the smaller of two: see `minimum`.
        keepdim: whether the axis stays, with size 1.

    Returns:
        A scalar of the input's dtype; along an axis the tuple (values, indices).

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: `dim` is out of range, or the input is empty there.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.min.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import min
    >>> values, indices = min(jnp.array([[3.0, 1.0, 1.0]]), dim=1)
    >>> values, indices
    (Array([1.], dtype=float32), Array([1], dtype=int32))
    """
    if isinstance(dim, (jax.Array, np.ndarray)):
        return bounds.minimum(input, dim)
    return _selected(_checks.of("min"), input, dim, keepdim)


def _extreme(check: _checks.Checks, input: Any, dim: Any, keepdim: Any) -> jax.Array:
    x = real_array(check, "input", input)
    axes = check.axes("dim", dim, x.ndim)
    keepdim = check.truth("keepdim", keepdim)
    _require_elements(check, x, axes)
    return _extreme_of(x, function=check.function, axes=axes, keepdim=keepdim)


def _require_elements(check: _checks.Checks, x: jax.Array, axes: tuple[int, ...]) -> None:
    if any(x.shape[a] == 0 for a in axes):
        remedy = "there is nothing to choose from"
        raise ValueError(check.wrong("input", "not empty over dim", f"shape {x.shape}", remedy))


@functools.partial(jax.jit, static_argnames=("function", "axes", "keepdim"))
def _extreme_of(x: jax.Array, *, function: str, axes: tuple[int, ...], keepdim: bool) -> jax.Array:
    of = {"amax": _largest, "amin": _smallest, "max": evenly_largest, "min": evenly_smallest}
    value = of[function](x, axes)
    return value if keepdim else jnp.squeeze(value, axes)


def _with_shared_derivative(function: Any, nan_too: bool) -> Any:
    # Elements equal to the result share the derivative; for NaN, the NaNs do or it is NaN.
    def extreme(x: jax.Array, axes: tuple[int, ...]) -> jax.Array:
        def slope(t: jax.Array, y: jax.Array, x: jax.Array) -> jax.Array:
            hit = (x == y) | ((x != x) & (y != y)) if nan_too else x == y
            share = 1 / jnp.sum(hit, axes, keepdims=True, dtype=x.dtype)
            share = share if nan_too else jnp.where(y != y, jnp.nan, share)
            # Not a product with the mask: XLA turns it into a selection, which loses the NaN.
            return jnp.sum(jnp.where(hit | (share != share), share, 0) * t, axes, keepdims=True)

        @derivatives(slope)
        def value(x: jax.Array) -> jax.Array:
            return function(x, axes, keepdims=True)

        return value(x)

    return extreme


_largest = _with_shared_derivative(jnp.max, False)
_smallest = _with_shared_derivative(jnp.min, False)
evenly_largest = _with_shared_derivative(jnp.max, True)
evenly_smallest = _with_shared_derivative(jnp.min, True)


def _selected(check: _checks.Checks, input: Any, dim: Any, keepdim: Any) -> Any:
    if dim is None:
        check.truth("keepdim", keepdim)
        return _extreme(check, input, None, False)
    x = real_array(check, "input", input)
    axis = check.axis("dim", dim, x.ndim)
    keepdim = check.truth("keepdim", keepdim)
    _require_elements(check, x, (axis,) if x.ndim else ())
    return _select(x, function=check.function, axis=axis, keepdim=keepdim)


@functools.partial(jax.jit, static_argnames=("function", "axis", "keepdim"))
def _select(x: jax.Array, *, function: str, axis: int, keepdim: bool) -> Selected:
    index = (jnp.argmax if function == "max" else jnp.argmin)(
        x.reshape(x.shape or (1,)), axis, keepdims=True
    )
    return picked(x, index, axis, keepdim)


def picked(x: jax.Array, index: jax.Array, axis: int, keepdim: bool) -> Selected:
    """The element at each index along an axis, which has the whole derivative."""
    values = jnp.take_along_axis(x.reshape(x.shape or (1,)), index, axis)
    if x.ndim == 0:
        return Selected(values.reshape(()), index.reshape(()))
    if keepdim:
        return Selected(values, index)
    return Selected(jnp.squeeze(values, axis), jnp.squeeze(index, axis))
