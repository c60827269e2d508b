"""Vectors scaled to norm 1."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.core import Tracer
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._dtypes import is_complex, widened
from jaxgrad.tensor.norms import length
from jaxgrad.tensor.pointwise import magnitude


@called
def normalize(input: ArrayLike, p: float = 2.0, dim: Any = 1, eps: ArrayLike = 1e-12) -> jax.Array:
    """The input divided by its p-norm along an axis.

        y = x / max(‖x‖ₚ, ε)

    At the zero vector the norm has derivative 0, and so y has derivative 1 / ε.

    Args:
        input: x, floating point or complex, any shape.
        p: the degree of the norm, a Python number or ±∞.
        dim: the axis, or a sequence of them; None or () for all.
        eps: ε, the least divisor, a scalar.

    Returns:
        y, of the input's shape and dtype.

    Raises:
        TypeError: the input is neither floating point nor complex, or another argument is of the
            wrong kind.
        ValueError: an axis is out of range, or named twice, or p is NaN; or p is infinite or
            negative, and the axis empty.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.normalize.html

    Differs from PyTorch: no p = "fro".

    >>> import jax
    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import normalize
    >>> normalize(jnp.array([[3.0, 4.0]]))
    Array([[0.6, 0.8]], dtype=float32)
    """
    check = _checks.of("normalize")
    x = check.array("input", input)
    x = x if is_complex(x.dtype) else check.floating("input", x)
    p = _degree(p)
    dims = check.axes("dim", dim, x.ndim)
    eps = check.number("eps", eps)
    if (p < 0 or p == math.inf) and x.ndim and not math.prod(x.shape[d] for d in dims):
        expected, got = f"of one or more along {dims} for p = {p}", f"shape {x.shape}"
        raise ValueError(check.wrong("input", expected, got))
    return _normalize(x, eps, p, dims)


def _degree(p: Any) -> float:
    """The degree of the norm as a Python number, which may be infinite."""
    check = _checks.of("normalize")
    if isinstance(p, Tracer):
        remedy = "under jit make it static: static_argnames='p'"
        raise TypeError(check.wrong("p", "a concrete number", "a tracer", remedy))
    result = float(check.number("p", p))
    if math.isnan(result):
        raise ValueError(check.wrong("p", "a number", result))
    return result


@functools.partial(jax.jit, static_argnames=("p", "dims"))
def _normalize(input: jax.Array, eps: jax.Array, p: float, dims: tuple[int, ...]) -> jax.Array:
    if is_complex(input.dtype):
        norm = length(magnitude(input), p, dims)
        eps = jnp.asarray(eps, norm.dtype)
        return input / jnp.where((norm >= eps) | jnp.isnan(norm), norm, eps).astype(input.dtype)
    x, eps = widened(input.dtype, input, eps)
    norm = length(x, p, dims)
    # A NaN norm stays NaN, as in PyTorch's clamp.
    divisor = jnp.where((norm >= eps) | jnp.isnan(norm), norm, eps)
    return (x / divisor).astype(input.dtype)
