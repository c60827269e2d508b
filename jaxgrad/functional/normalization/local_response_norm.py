"""Local response normalization."""

import functools

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import widened

from .._arguments import as_float
from ._parameters import channels

_FEW = 16
"""The most channels that are added one by one; XLA compiles that to a single loop."""


def local_response_norm(
    input: ArrayLike, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> jax.Array:
    """Local response normalization: values divided by a power of neighbouring channels' squares.

        y = x / (k + α · mean(x²))^β

    The mean is that over `size` channels: size // 2 before, the channel itself and (size - 1) // 2
    after it. Channels that do not exist count as 0.

    Args:
        input: x, of shape (N, C, *, ...) with 3 or more dimensions, floating point; integers are
            taken in float32.
        size: the number of channels of a mean, at least 1.
        alpha: α, a number.
        beta: β, a number.
        k: a number.

    Returns:
        y, of the input's shape and dtype; float32 for integers. Computed in float32 at least and
        rounded once.

    Raises:
        TypeError: the input is complex or bool, or another argument is of the wrong kind.
        ValueError: the input has fewer than 3 dimensions, or `size` is below 1.

    Source:
        https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.local_response_norm.html

    Differs from PyTorch: a mean of integers keeps its fraction; narrow dtypes are rounded
    once, so that the square of a float16 does not overflow; infinite alpha, beta and k are refused.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import local_response_norm
    >>> local_response_norm(jnp.array([[[1.0], [2.0]]]), 2, alpha=1.0, beta=1.0, k=0.0).ravel()
    Array([2. , 0.8], dtype=float32)
    """
    check = _checks.of("local_response_norm")
    x = as_float(check.real("input", input, "real and not bool"))
    channels(check, x, least=3)
    size = check.integer("size", size, minimum=1)
    numbers = (
        check.static_number(name, value)
        for name, value in (("alpha", alpha), ("beta", beta), ("k", k))
    )
    return _local_response_norm(x, size, *numbers)


@functools.partial(jax.jit, static_argnames=("size", "alpha", "beta", "k"))
def _local_response_norm(
    input: jax.Array, size: int, alpha: float, beta: float, k: float
) -> jax.Array:
    (x,) = widened(input.dtype, input)
    squares = _window_sum(x * x, size)
    return (x / (k + squares * (alpha / size)) ** beta).astype(input.dtype)


def _window_sum(x: jax.Array, size: int) -> jax.Array:
    """For each channel the sum over its window; zeros stand around the channels."""
    count, around = x.shape[1], (size // 2, (size - 1) // 2)
    if size > _FEW:
        window, ones = (1, size) + (1,) * (x.ndim - 2), (1,) * x.ndim
        pads = [(0, 0), around, *[(0, 0)] * (x.ndim - 2)]
        return jax.lax.reduce_window(x, 0.0, jax.lax.add, window, ones, pads)
    padded = jnp.pad(x, [(0, 0), around, *[(0, 0)] * (x.ndim - 2)])
    parts = [jax.lax.slice_in_dim(padded, i, i + count, axis=1) for i in range(size)]
    return functools.reduce(jnp.add, parts)
