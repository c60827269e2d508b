"""Medians and quantiles."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import is_a, is_floating, made, wide
from jaxgrad._operands import derivatives, real_array

from .extremes import Selected, picked
from .ordering import order

_INTERPOLATIONS = ("linear", "lower", "higher", "nearest", "midpoint")


def median(input: ArrayLike, dim: int | None = None, keepdim: bool = False) -> Any:
    """The median of all elements, or along one axis with its index; NaN if an element is.

    Of two middle elements it is the lower. Over all elements, those equal to the median share the
    derivative evenly, and so do NaNs. Along an axis, the element at the index has it whole.

    Args:
        input: an array of real numbers.
        dim: the axis, or None for all.
        keepdim: whether the axis stays, with size 1.

    Returns:
        A scalar of the input's dtype, NaN for an empty input; along an axis the tuple
        (values, indices).

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: `dim` is out of range, or the axis is empty.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.median.html

    Differs from PyTorch: among equal elements, the index is that of the middle one in a stable
    order; PyTorch leaves it open.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import median
    >>> median(jnp.array([1.0, 2.0, 3.0, 10.0]))
    Array(2., dtype=float32)
    """
    return _median(_checks.of("median"), input, dim, keepdim)


def nanmedian(input: ArrayLike, dim: int | None = None, keepdim: bool = False) -> Any:
    """The median of the elements that are not NaN: of all, or along one axis with its index.

    Of two middle elements it is the lower. The derivative is shared as in `median`.

    Args:
        input: an array of real numbers.
        dim: the axis, or None for all.
        keepdim: whether the axis stays, with size 1.

    Returns:
        A scalar of the input's dtype, NaN for an empty input; along an axis the tuple
        (values, indices).

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: `dim` is out of range, or the axis is empty.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nanmedian.html

    Differs from PyTorch: the index among equal elements, as in `median`.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import nanmedian
    >>> nanmedian(jnp.array([1.0, jnp.nan, 3.0]))
    Array(1., dtype=float32)
    """
    return _median(_checks.of("nanmedian"), input, dim, keepdim)


def _median(check: _checks.Checks, input: Any, dim: Any, keepdim: Any) -> Any:
    x = real_array(check, "input", input)
    if is_a(x.dtype, jnp.bool_):
        raise TypeError(check.wrong("input", "an array of numbers", x.dtype))
    keepdim = check.truth("keepdim", keepdim)
    ignore = check.function == "nanmedian"
    if dim is None:
        if x.size == 0 and not is_floating(x.dtype):
            raise ValueError(check.wrong("input", "not empty", f"shape {x.shape}"))
        return _median_of_all(x, ignore=ignore)
    axis = check.axis("dim", dim, x.ndim)
    if x.ndim and x.shape[axis] == 0:
        raise ValueError(check.wrong("input", "not empty over dim", f"{x.shape}"))
    return _median_along(x, axis=axis, keepdim=keepdim, ignore=ignore)


@functools.partial(jax.jit, static_argnames="ignore")
def _median_of_all(x: jax.Array, *, ignore: bool) -> jax.Array:
    if x.size == 0:
        return jnp.full((), jnp.nan, x.dtype)
    return _evenly_middle(x, ignore)


def _evenly_middle(x: jax.Array, ignore: bool) -> jax.Array:
    def slope(t: jax.Array, y: jax.Array, x: jax.Array) -> jax.Array:
        hit = (x == y) | ((x != x) & (y != y))
        return jnp.sum(hit.astype(x.dtype) / jnp.sum(hit, dtype=x.dtype) * t)

    @derivatives(slope)
    def middle(x: jax.Array) -> jax.Array:
        flat = jnp.ravel(x)
        return picked(flat, _middle(flat, 0, ignore), 0, keepdim=False).values

    return middle(x)


@functools.partial(jax.jit, static_argnames=("axis", "keepdim", "ignore"))
def _median_along(x: jax.Array, *, axis: int, keepdim: bool, ignore: bool) -> Selected:
    return picked(x, _middle(x.reshape(x.shape or (1,)), axis, ignore), axis, keepdim)


def _middle(x: jax.Array, axis: int, ignore: bool) -> jax.Array:
    """The index of the median along an axis, which stays; of the first NaN unless `ignore`."""
    places = order(x, axis, False)
    count = jnp.sum(x == x, axis, keepdims=True, dtype=int)
    place = jnp.maximum(count - 1, 0) // 2
    if not ignore:
        place = jnp.where(count < x.shape[axis], count, place)  # NaNs come last
    return jnp.take_along_axis(places, place, axis)


def quantile(
    input: ArrayLike,
    q: ArrayLike,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> jax.Array:
    """Quantiles of all elements or along an axis; NaN if an element is.

        y = x₍ₖ₎ + (r - k) (x₍ₖ₊₁₎ - x₍ₖ₎),   r = q (n - 1),   k = ⌊r⌋

    The elements next to the rank r have the derivative; where one is NaN, the last NaN has it.

    Args:
        input: an array of floating point numbers.
        q: a number or a vector of numbers in [0, 1].
        dim: the axis, or None for all.
        keepdim: whether the axis stays, with size 1.
        interpolation: "linear", "lower", "higher", "nearest" or "midpoint".

    Returns:
        An array of the input's dtype; where `q` is a vector, its axis comes first.

    Raises:
        TypeError: an argument is not floating point or of the wrong kind.
        ValueError: `q` is outside [0, 1] or has several dimensions, `dim` is out of range,
            `interpolation` is unknown, or the input is empty. A traced `q` is checked under
            `jaxgrad.checkify` only, and a wrong one gives NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.quantile.html

    Differs from PyTorch: bfloat16 and float16 as well, and any number of elements.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import quantile
    >>> quantile(jnp.array([1.0, 2.0, 4.0]), 0.75)
    Array(3., dtype=float32)
    """
    return _quantile(_checks.of("quantile"), input, q, dim, keepdim, interpolation)


def nanquantile(
    input: ArrayLike,
    q: ArrayLike,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> jax.Array:
    """Quantiles of the elements that are not NaN: of all, or along an axis.

        y = x₍ₖ₎ + (r - k) (x₍ₖ₊₁₎ - x₍ₖ₎),   r = q (n - 1),   k = ⌊r⌋

    where n is the number of elements that are not NaN.

    Args:
        input: an array of floating point numbers.
        q: a number or a vector of numbers in [0, 1].
        dim: the axis, or None for all.
        keepdim: whether the axis stays, with size 1.
        interpolation: "linear", "lower", "higher", "nearest" or "midpoint".

    Returns:
        An array of the input's dtype; where `q` is a vector, its axis comes first.

    Raises:
        TypeError: an argument is not floating point or of the wrong kind.
        ValueError: `q` is outside [0, 1] or has several dimensions, `dim` is out of range,
            `interpolation` is unknown, or the input is empty. A traced `q` is checked under
            `jaxgrad.checkify` only, and a wrong one gives NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nanquantile.html

    Differs from PyTorch: bfloat16 and float16 as well, and any number of elements.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import nanquantile
    >>> nanquantile(jnp.array([1.0, jnp.nan, 4.0]), 0.5)
    Array(2.5, dtype=float32)
    """
    return _quantile(_checks.of("nanquantile"), input, q, dim, keepdim, interpolation)


def _quantile(
    check: _checks.Checks, input: Any, q: Any, dim: Any, keepdim: Any, interpolation: Any
) -> jax.Array:
    x = check.floating("input", input)
    q = _levels(check, q)
    keepdim = check.truth("keepdim", keepdim)
    interpolation = check.option("interpolation", interpolation, _INTERPOLATIONS)
    axis = None if dim is None else check.axis("dim", dim, x.ndim)
    if (x.size if axis is None or not x.ndim else x.shape[axis]) == 0:
        raise ValueError(check.wrong("input", "not empty", f"shape {x.shape}"))
    value, valid = _quantile_of(
        x,
        q,
        axis=axis,
        keepdim=keepdim,
        ignore=check.function == "nanquantile",
        interpolation=interpolation,
    )
    text = check.wrong("q", "in [0, 1]", "{q}")
    _checks.in_range(_are_probabilities, valid, text, made(float), q=q)
    return value


def _levels(check: _checks.Checks, q: Any) -> Any:
    """`q` as a number or as a vector of floating point numbers."""
    if isinstance(q, (int, float)):
        return float(q)
    result = check.floating("q", q)
    if result.ndim > 1:
        got = f"shape {result.shape}"
        raise ValueError(check.wrong("q", "a number or a vector", got))
    return result


def _are_probabilities(q: Any) -> Any:
    return (q >= 0) & (q <= 1)


@functools.partial(jax.jit, static_argnames=("axis", "keepdim", "ignore", "interpolation"))
def _quantile_of(
    x: jax.Array,
    q: ArrayLike,
    *,
    axis: int | None,
    keepdim: bool,
    ignore: bool,
    interpolation: str,
) -> tuple[jax.Array, jax.Array]:
    shape, q = x.shape, jnp.asarray(q)
    kept = [1 if axis in (None, a) else n for a, n in enumerate(shape)]
    rows = jnp.moveaxis(x, axis, -1) if axis is not None and shape else jnp.ravel(x)
    values = jnp.take_along_axis(rows, order(rows, -1, False), -1)
    count = jnp.sum(rows == rows, -1, keepdims=True, dtype=int)
    last = jnp.maximum(count, 1) - 1 if ignore else jnp.full_like(count, rows.shape[-1] - 1)
    of = jnp.where(_are_probabilities(q), q, jnp.nan).astype(wide(x.dtype))
    rank = of.reshape(*[1] * (last.ndim - 1), of.size) * last.astype(of.dtype)
    if not ignore:  # a NaN comes last
        rank = jnp.where(count <= last, last.astype(of.dtype), rank)
    found = _between(values.astype(of.dtype), rank, last, interpolation).astype(x.dtype)
    found = jnp.moveaxis(found, -1, 0)
    found = jnp.where(jnp.isnan(of.reshape(of.size, *[1] * (found.ndim - 1))), jnp.nan, found)
    if keepdim:
        found = found.reshape(of.size, *kept)
    return found if q.ndim else found[0], jnp.all((q >= 0) & (q <= 1))


def _between(values: jax.Array, rank: jax.Array, last: jax.Array, interpolation: str) -> jax.Array:
    """The sorted values at fractional ranks, at most `last`."""
    rounded = {"lower": jnp.floor, "higher": jnp.ceil, "nearest": jnp.round}
    if interpolation in rounded:
        return _at(values, rounded[interpolation](rank), last)
    low = _at(values, jnp.floor(rank), last)
    high = _at(values, jnp.ceil(rank), last)
    weight = rank - jax.lax.stop_gradient(jnp.floor(rank))
    weight = jnp.full_like(weight, 0.5) if interpolation == "midpoint" else weight
    step = high - low
    return jnp.where(weight < 0.5, low + weight * step, high - step * (1 - weight))


def _at(values: jax.Array, rank: jax.Array, last: jax.Array) -> jax.Array:
    places = jnp.minimum(jnp.nan_to_num(rank).astype(last.dtype), last)
    return jnp.take_along_axis(values, places, -1)
