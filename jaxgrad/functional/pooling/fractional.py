"""Fractional maximum pooling: `fractional_max_pool2d` and `fractional_max_pool3d`."""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike, DTypeLike

from jaxgrad import _checks
from jaxgrad.random import rand

from .._spatial import for_each_axis
from . import _maxima
from ._arguments import image
from ._windows import Draws

Sizes = int | Sequence[int]


def fractional_max_pool2d(
    input: ArrayLike,
    kernel_size: Sizes,
    output_size: Sizes | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = False,
    _random_samples: ArrayLike | None = None,
    *,
    key: jax.Array | None = None,
) -> Any:
    """The maxima of windows of (N, C, H, W) at random distances.

        start[i] = ⌊(i + u)·α⌋ - ⌊u·α⌋,   α = (L - kernel_size) / (n - 1),   u uniform in [0, 1)

    The last of the n windows ends where the axis ends. Each channel of each image has a u of its
    own for each axis. The derivative goes to the first of equal elements in row-major order, and to
    the last NaN.

    Args:
        input: x of shape (N, C, H, W) or (C, H, W), floating point.
        kernel_size: the size of a window: an integer or 2 of them, one for each spatial axis.
        output_size: the number n of windows along each axis, likewise.
        output_ratio: instead of `output_size`, n as a fraction of the input's size: a number or 2.
        return_indices: whether the places of the maxima are returned too.
        _random_samples: the numbers u, of shape (N, C, 2) and the input's dtype: for W, then H.
        key: a typed key to draw u from; needed without `_random_samples`.

    Returns:
        y of the input's dtype, or a pair of y and the places of the maxima in the flattened
        spatial axes, as integers of JAX's default width.

    Raises:
        TypeError: the input is not floating point, the samples have another dtype, or there are
            neither samples nor a key.
        ValueError: the input has another number of axes or an axis after the first is empty, both
            output_size and output_ratio are None, a size is out of range, or samples are outside
            [0, 1). Traced samples are checked under `jaxgrad.checkify` only; a channel with an
            invalid one is NaN.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.fractional_max_pool2d.html

    Differs from PyTorch: takes a key. A kernel_size of 0 and samples outside [0, 1) are refused;
    PyTorch reads past the image for some of them.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import fractional_max_pool2d
    >>> samples = jnp.full((1, 1, 2), 0.5)
    >>> x = jnp.arange(16.0).reshape(1, 4, 4)
    >>> fractional_max_pool2d(x, 2, output_size=3, _random_samples=samples)
    Array([[[ 5.,  6.,  7.],
            [ 9., 10., 11.],
            [13., 14., 15.]]], dtype=float32)
    """
    sizes = (kernel_size, output_size, output_ratio)
    name = "fractional_max_pool2d"
    return _fractional(name, input, 2, sizes, return_indices, _random_samples, key)


def fractional_max_pool3d(
    input: ArrayLike,
    kernel_size: Sizes,
    output_size: Sizes | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = False,
    _random_samples: ArrayLike | None = None,
    *,
    key: jax.Array | None = None,
) -> Any:
    """The maxima of windows of (N, C, D, H, W) at random distances.

        start[i] = ⌊(i + u)·α⌋ - ⌊u·α⌋,   α = (L - kernel_size) / (n - 1),   u uniform in [0, 1)

    The last of the n windows ends where the axis ends. Each channel of each image has a u of its
    own for each axis. The derivative goes to the first of equal elements in row-major order, and to
    the last NaN.

    Args:
        input: x of shape (N, C, D, H, W) or (C, D, H, W), floating point.
        kernel_size: the size of a window: an integer or 3 of them, one for each spatial axis.
        output_size: the number n of windows along each axis, likewise.
        output_ratio: instead of `output_size`, n as a fraction of the input's size: a number or 3.
        return_indices: whether the places of the maxima are returned too.
        _random_samples: the numbers u, of shape (N, C, 3) and the input's dtype: for D, H, W.
        key: a typed key to draw u from; needed without `_random_samples`.

    Returns:
        y of the input's dtype, or a pair of y and the places of the maxima in the flattened
        spatial axes, as integers of JAX's default width.

    Raises:
        TypeError: the input is not floating point, the samples have another dtype, or there are
            neither samples nor a key.
        ValueError: the input has another number of axes or an axis after the first is empty, both
            output_size and output_ratio are None, a size is out of range, or samples are outside
            [0, 1). Traced samples are checked under `jaxgrad.checkify` only; a channel with an
            invalid one is NaN.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.fractional_max_pool3d.html

    Differs from PyTorch: takes a key. A kernel_size of 0 and samples outside [0, 1) are refused;
    PyTorch reads past the image for some of them.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import fractional_max_pool3d
    >>> from jaxgrad.random import key
    >>> x = jnp.arange(64.0).reshape(1, 4, 4, 4)
    >>> fractional_max_pool3d(x, 2, output_size=1, key=key(0))
    Array([[[[63.]]]], dtype=float32)
    """
    sizes = (kernel_size, output_size, output_ratio)
    name = "fractional_max_pool3d"
    return _fractional(name, input, 3, sizes, return_indices, _random_samples, key)


def _fractional(
    name: str,
    input: ArrayLike,
    spatial: int,
    sizes: tuple[Any, Any, Any],
    return_indices: bool,
    samples: ArrayLike | None,
    key: jax.Array | None,
) -> Any:
    check = _checks.of(name)
    x = check.floating("input", input)
    x = image(check, x, spatial, channels=x.ndim == spatial + 2)
    steps = _draws(check, x.shape[-spatial:], *sizes)
    return_indices = check.truth("return_indices", return_indices)
    shape = (1 if x.ndim == spatial + 1 else x.shape[0], x.shape[-spatial - 1], spatial)
    if samples is not None:
        u = _samples(check, samples, shape, x.dtype)
        result, valid = _pooled(x, u, steps=steps, return_indices=return_indices)
        text = check.wrong("_random_samples", "in [0, 1)", "values from {least} to {most}")
        _checks.each_holds(valid, text, u)
        return result
    if key is None:
        remedy = "make one with jax.random.key(seed)"
        raise TypeError(check.wrong("key", "given without _random_samples", None, remedy))
    key = check.key(key, first=False)
    return _drawn(key, x, steps=steps, return_indices=return_indices, shape=shape)


def _samples(
    check: _checks.Checks, value: Any, shape: tuple[int, ...], dtype: DTypeLike
) -> jax.Array:
    u = check.array("_random_samples", value)
    if u.dtype != dtype:
        raise TypeError(check.wrong("_random_samples", f"of input's {dtype}", u.dtype))
    if u.ndim != 3 or u.shape[0] < shape[0] or u.shape[1:] != shape[1:]:
        raise ValueError(check.wrong("_random_samples", f"of shape {shape}", u.shape))
    return u[: shape[0]]


def _draws(
    check: _checks.Checks, shape: tuple[int, ...], kernel_size: Any, size: Any, ratio: Any
) -> tuple[Draws, ...]:
    """The windows along each spatial axis, the last axis first."""
    spatial = len(shape)
    kernel = for_each_axis(check, "kernel_size", kernel_size, spatial, 1)
    if size is None:
        size = _rated(check, shape, ratio)
    counts = for_each_axis(check, "output_size", size, spatial, 0)
    for length, one, count in zip(shape, kernel, counts, strict=True):
        most = length - one + (1 if spatial == 2 else 0)  # PyTorch's bounds
        if count > most:
            expected = f"at most {most} along an axis of {length} with kernel_size {one}"
            raise ValueError(check.wrong("output_size", expected, counts))
    axes = zip(range(-spatial, 0), shape, kernel, counts, strict=True)
    return tuple(reversed([Draws(*numbers) for numbers in axes]))


def _rated(check: _checks.Checks, shape: tuple[int, ...], ratio: Any) -> tuple[int, ...]:
    """Parts of the spatial sizes, rounded down."""
    if ratio is None:
        raise ValueError(check.wrong("output_size", "given without output_ratio", None))
    ratios = ratio if isinstance(ratio, (tuple, list)) else (ratio,) * len(shape)
    if len(ratios) != len(shape):
        raise ValueError(check.wrong("output_ratio", f"a number or {len(shape)}", ratios))
    numbers = [check.static_number("output_ratio", one) for one in ratios]
    return tuple(int(size * one) for size, one in zip(shape, numbers, strict=True))


@functools.partial(jax.jit, static_argnames=("steps", "return_indices", "shape"))
def _drawn(
    key: jax.Array,
    x: jax.Array,
    *,
    steps: tuple[Draws, ...],
    return_indices: bool,
    shape: tuple[int, ...],
) -> Any:
    u = rand(key, shape, dtype=x.dtype)
    return _pooled(x, u, steps=steps, return_indices=return_indices)[0]


@functools.partial(jax.jit, static_argnames=("steps", "return_indices"))
def _pooled(
    x: jax.Array, u: jax.Array, *, steps: tuple[Draws, ...], return_indices: bool
) -> tuple[Any, jax.Array]:
    """The result, and whether all samples are valid."""
    batch = x if x.ndim == len(steps) + 2 else x[None]
    valid = (u >= 0) & (u < 1)
    kept = jnp.where(valid, u, u.dtype.type(0))
    # PyTorch's samples are for W, then H, in two dimensions, and for D, H, W in three.
    order = (0, 1) if len(steps) == 2 else (2, 1, 0)
    starts = tuple(_starts(kept[..., i], step) for i, step in zip(order, steps, strict=True))
    found = _maxima.pooled(batch, starts, steps=steps, return_indices=return_indices)
    best, *places = found if return_indices else (found,)
    right = jnp.all(valid, -1).reshape(*valid.shape[:2], *[1] * len(steps))
    result = (jnp.where(right, best, jnp.asarray(jnp.nan, best.dtype)), *places)
    result = result if x.ndim == batch.ndim else tuple(part[0] for part in result)
    return (result if return_indices else result[0]), jnp.all(right)


def _starts(u: jax.Array, step: Draws) -> jax.Array:
    """Where the windows of an axis begin, for samples of shape (N, C). Each step is rounded."""
    info, room, gaps = jnp.finfo(u.dtype), step.size - step.kernel, step.windows - 1

    def rounded(number: jax.Array) -> jax.Array:
        return jax.lax.reduce_precision(number, info.nexp, info.nmant)

    u = u[..., None]
    alpha = rounded(jnp.asarray(room, u.dtype) / jnp.asarray(max(gaps, 1), u.dtype))
    places = jnp.arange(step.windows, dtype=jnp.int32).reshape(1, 1, -1)
    shifted = rounded(places.astype(u.dtype) + u)
    found = jnp.floor(rounded(shifted * alpha)) - jnp.floor(rounded(u * alpha))
    return jnp.where(places < gaps, found.astype(jnp.int32), jnp.int32(room))
