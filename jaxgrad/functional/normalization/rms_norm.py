"""Normalization by the root mean square."""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import is_complex, wide

from .._arguments import real_or_complex
from ._affine import affine
from ._parameters import spread, trailing


def rms_norm(
    input: ArrayLike,
    normalized_shape: Sequence[int],
    weight: ArrayLike | None = None,
    eps: float | None = None,
) -> jax.Array:
    """Normalization of the last axes by their root mean square; no mean is subtracted.

        y = x / √(mean(x²) + ε) · weight

    The mean is that over the axes of `normalized_shape`.

    Args:
        input: x, of shape (..., *normalized_shape), floating point or complex.
        normalized_shape: the sizes of the last axes, a sequence of integers.
        weight: of shape `normalized_shape`, floating point of any dtype, or complex with a complex
            input; None is 1.
        eps: ε, a number. None is the machine epsilon of the dtype to compute in: 2.2e-16 for
            float64, 1.2e-7 for float32, bfloat16 and float16.

    Returns:
        y, of the input's shape and dtype. Computed in float32 at least and rounded once.

    Raises:
        TypeError: the input or the weight is of the wrong dtype, or another argument of the wrong
            kind.
        ValueError: `normalized_shape` is empty or not the end of the input's shape, or the weight
            has another shape.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.rms_norm.html

    Differs from PyTorch: a weight of integers, a complex weight beside a real input and an infinite
    eps are refused.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import rms_norm
    >>> rms_norm(jnp.array([1.0, 7.0]), (2,))
    Array([0.2, 1.4], dtype=float32)
    """
    check = _checks.of("rms_norm")
    x = _numbers(check, "input", input, with_complex=True)
    shape = trailing(check, x, normalized_shape)
    if weight is not None:
        weight = _numbers(check, "weight", weight, with_complex=is_complex(x.dtype))
        if weight.shape != shape:
            raise ValueError(check.wrong("weight", f"of shape {shape}", f"shape {weight.shape}"))
    if eps is None:
        eps = float(jnp.finfo(wide(x.dtype)).eps)
    eps = check.static_number("eps", eps)
    return _rms_norm(x, weight, len(shape), eps)


def _numbers(
    check: _checks.Checks, argument: str, value: ArrayLike, with_complex: bool
) -> jax.Array:
    """`value` as a floating point array, or as a complex one where that is taken."""
    if with_complex:
        array = real_or_complex(check, argument, value)
        if is_complex(array.dtype):
            return array
    return check.floating(argument, value)


@functools.partial(jax.jit, static_argnames=("count", "eps"))
def _rms_norm(input: jax.Array, weight: jax.Array | None, count: int, eps: float) -> jax.Array:
    first, kind = input.ndim - count, wide(input.dtype)
    if weight is not None:
        (weight,) = spread(input.ndim, first, weight.astype(kind))
    axes = tuple(range(first, input.ndim))
    return affine(input, weight, None, axes, eps, False).astype(input.dtype)
