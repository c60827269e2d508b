"""Layer normalization."""

import functools
from collections.abc import Sequence

import jax
from jax.typing import ArrayLike

from jaxgrad import _checks

from ._affine import affine
from ._parameters import of_one_dtype, parameter, spread, trailing


def layer_norm(
    input: ArrayLike,
    normalized_shape: Sequence[int],
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    eps: float = 1e-5,
) -> jax.Array:
    """Layer normalization: the last axes minus their mean, divided by their deviation.

        y = (x - mean) / √(variance + ε) · weight + bias

    The mean and the (biased) variance are those over the axes of `normalized_shape`.

    Args:
        input: x, of shape (..., *normalized_shape), floating point.
        normalized_shape: the sizes of the last axes, a sequence of integers.
        weight: of shape `normalized_shape`; None is 1.
        bias: of shape `normalized_shape`; None is 0.
        eps: ε, a number that is added to the variance.

    Returns:
        y, of the input's shape and dtype. Computed in float32 at least and rounded once.

    Raises:
        TypeError: the input is not floating point; or weight and bias do not have its dtype, or
            float32 beside bfloat16 and float16; or another argument is of the wrong kind.
        ValueError: `normalized_shape` is empty or not the end of the input's shape, or another
            shape does not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.layer_norm.html

    Differs from PyTorch: an infinite eps is refused; float32 keeps its digits where the mean is
    large beside the standard deviation.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import layer_norm
    >>> layer_norm(jnp.array([[1.0, 3.0], [10.0, 30.0]]), (2,)).round(3)
    Array([[-1.,  1.],
           [-1.,  1.]], dtype=float32)
    """
    check = _checks.of("layer_norm")
    x = check.floating("input", input)
    shape = trailing(check, x, normalized_shape)
    weight = parameter(check, "weight", weight, shape)
    bias = parameter(check, "bias", bias, shape)
    eps = check.static_number("eps", eps)
    of_one_dtype(check, x, weight=weight, bias=bias)
    return _layer_norm(x, weight, bias, len(shape), eps)


@functools.partial(jax.jit, static_argnames=("count", "eps"))
def _layer_norm(
    input: jax.Array,
    weight: jax.Array | None,
    bias: jax.Array | None,
    count: int,
    eps: float,
) -> jax.Array:
    first = input.ndim - count
    axes = tuple(range(first, input.ndim))
    weight, bias = spread(input.ndim, first, weight, bias)
    return affine(input, weight, bias, axes, eps, True).astype(input.dtype)
