"""Variance and standard deviation."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import real_part, wide

from ._complex import is_complex
from ._operands import derivatives


def var(
    input: ArrayLike,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> jax.Array:
    """The variance, by default the unbiased one.

        y = Σᵢ (xᵢ - x̄)² / max(0, n - c)

    with the correction c = 1 (JAX's is 0); of complex numbers with |xᵢ - x̄|². For n ≤ c the result
    is ∞ or NaN. The derivative then is 2 (xᵢ - x̄) / (n - c) all the same where `dim` is given;
    without `dim` it is NaN, or ∞ where xᵢ is not x̄.

    Args:
        input: an array of floating point or complex numbers.
        dim: an axis or a sequence of axes; None is all of them.
        unbiased: True is a correction of 1, False of 0.
        keepdim: whether the axes stay, with size 1.
        correction: c, a Python number; by default 1.

    Returns:
        An array of the input's dtype, real for complex numbers.

    Raises:
        TypeError: `input` is neither floating point nor complex, or an argument is of the wrong
            kind.
        ValueError: `dim` is out of range or repeated, or both `unbiased` and `correction` come.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.var.html

    Differs from PyTorch: with dim=() the derivative is that of the variance over all axes;
    PyTorch's counts one element.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import var
    >>> var(jnp.array([1.0, 2.0, 4.0]))
    Array(2.3333333, dtype=float32)
    """
    return _spread("var", input, dim, unbiased, keepdim, correction)


def std(
    input: ArrayLike,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> jax.Array:
    """The standard deviation, by default from the unbiased variance.

        y = √(Σᵢ (xᵢ - x̄)² / max(0, n - c))

    with the correction c = 1 (JAX's is 0). Where it is 0 so is its derivative; for n ≤ c see
    `var`.

    Args:
        input: an array of floating point or complex numbers.
        dim: an axis or a sequence of axes; None is all of them.
        unbiased: True is a correction of 1, False of 0.
        keepdim: whether the axes stay, with size 1.
        correction: c, a Python number; by default 1.

    Returns:
        An array of the input's dtype, real for complex numbers.

    Raises:
        TypeError: `input` is neither floating point nor complex, or an argument is of the wrong
            kind.
        ValueError: `dim` is out of range or repeated, or both `unbiased` and `correction` come.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.std.html

    Differs from PyTorch: as `var`.

    >>> import jax
    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import std
    >>> std(jnp.array([1.0, 2.0, 4.0]))
    Array(1.5275252, dtype=float32)
    >>> jax.grad(std)(jnp.ones(3))
    Array([0., 0., 0.], dtype=float32)
    """
    return _spread("std", input, dim, unbiased, keepdim, correction)


def _spread(
    function: str, input: Any, dim: Any, unbiased: Any, keepdim: Any, correction: Any
) -> jax.Array:
    x = _checks.array(function, "input", input)
    if not is_complex(x.dtype):
        _checks.promoted(function, "input", x)
    if isinstance(dim, (bool, np.bool_)) and unbiased is None:
        dim, unbiased = None, dim  # PyTorch's std(input, unbiased)
    if unbiased is not None and correction is not None:
        raise ValueError(
            _checks.wrong(function, "unbiased", "left out where correction is given", unbiased)
        )
    if unbiased is not None:
        correction = float(_checks.truth(function, "unbiased", unbiased))
    correction = 1.0 if correction is None else correction
    return _spread_of(
        x,
        root=function == "std",
        axes=_checks.axes(function, "dim", dim, x.ndim),
        flat=dim is None or not x.ndim,
        keepdim=_checks.truth(function, "keepdim", keepdim),
        correction=_checks.static_number(function, "correction", correction),
    )


@functools.partial(jax.jit, static_argnames=("root", "axes", "flat", "keepdim", "correction"))
def _spread_of(
    x: jax.Array,
    *,
    root: bool,
    axes: tuple[int, ...],
    flat: bool,
    keepdim: bool,
    correction: float,
) -> jax.Array:
    if is_complex(x.dtype):
        parts = (_variance(part, axes, correction, flat) for part in (x.real, x.imag))
        value = jnp.add(*parts)
    else:
        value = _variance(x.astype(wide(x.dtype)), axes, correction, flat)
    value = (_root(value) if root else value).astype(real_part(x.dtype))
    return value if keepdim else jnp.squeeze(value, axes)


def _variance(x: jax.Array, axes: tuple[int, ...], correction: float, flat: bool) -> jax.Array:
    free = math.prod(x.shape[a] for a in axes) - correction

    def slope(t: jax.Array, y: jax.Array, x: jax.Array) -> jax.Array:
        mean = jnp.mean(x, axes, keepdims=True)
        if free <= 0 and flat:
            return jnp.sum(jnp.where(x == mean, jnp.nan, jnp.inf) * t, axes, keepdims=True)
        return (2 / free if free else math.inf) * jnp.sum((x - mean) * t, axes, keepdims=True)

    @derivatives(slope)
    def variance(x: jax.Array) -> jax.Array:
        squares = jnp.square(x - jnp.mean(x, axes, keepdims=True))
        return jnp.sum(squares, axes, keepdims=True) / max(0.0, free)

    return variance(x)


@derivatives(lambda t, y, x: t * jnp.where(y == 0, 0, 0.5 / jnp.where(y == 0, 1, y)))
def _root(x: jax.Array) -> jax.Array:
    return jnp.sqrt(x)
