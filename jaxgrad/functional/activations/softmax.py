"""Softmax along an axis, its logarithm, and samples of a relaxed categorical distribution."""

import functools
import warnings

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike, DTypeLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._dtypes import is_a, is_complex, widened
from jaxgrad.random import _draws

from .._arguments import implicit_axis


@called
def softmax(input: ArrayLike, dim: int | None = None, dtype: DTypeLike | None = None) -> jax.Array:
    """Probabilities from logits: `torch.nn.functional.softmax`, `torch.softmax`.

        yᵢ = exp(xᵢ) / Σⱼ exp(xⱼ)

    Args:
        input: logits x, floating point, any shape. With `dtype`, integers, truth values and complex
            numbers too; complex numbers give their real part, with a warning.
        dim: the axis that sums to 1. None warns and takes axis 0 of an input of 0, 1 or 3
            dimensions, else axis 1.
        dtype: a real floating point dtype to which the input is cast first; by default its own.

    Returns:
        y, of the input's shape. Computed in float32 at least and rounded once.

    Raises:
        TypeError: the input (or `dtype`) is not real floating point, or dim is not an integer.
        ValueError: dim is out of range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import softmax
    >>> softmax(jnp.array([0.0, 0.0, 1000.0]), dim=0)
    Array([0., 0., 1.], dtype=float32)
    """
    check = _checks.of("softmax")
    dim = implicit_axis(check, jnp.ndim(input)) if dim is None else dim
    return _softmax(*_logits(check, input, dim, dtype))


@called
def softmin(input: ArrayLike, dim: int | None = None, dtype: DTypeLike | None = None) -> jax.Array:
    """Probabilities that are largest where the input is least.

        yᵢ = exp(-xᵢ) / Σⱼ exp(-xⱼ)

    Args:
        input: x, floating point, any shape. With `dtype`, integers and complex numbers too; complex
            numbers give their real part, with a warning.
        dim: the axis that sums to 1; None as in `softmax`.
        dtype: a real floating point dtype to which -x is cast first; by default the input's.

    Returns:
        y, of the input's shape.

    Raises:
        TypeError: the input (or `dtype`) is not real floating point, or dim is not an integer.
        ValueError: dim is out of range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softmin.html

    Differs from PyTorch: unsigned integers are negated after the cast; PyTorch wraps them around.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import softmin
    >>> softmin(jnp.array([0.0, 1000.0]), dim=0)
    Array([1., 0.], dtype=float32)
    """
    check = _checks.of("softmin")
    dim = implicit_axis(check, jnp.ndim(input)) if dim is None else dim
    return _softmin(*_logits(check, input, dim, dtype))


@called
def log_softmax(
    input: ArrayLike, dim: int | None = None, dtype: DTypeLike | None = None
) -> jax.Array:
    """The logarithm of `softmax`: `torch.nn.functional.log_softmax`, `torch.log_softmax`.

        yᵢ = xᵢ - log Σⱼ exp(xⱼ)

    Args:
        input: logits x, floating point, any shape. With `dtype`, integers, truth values and complex
            numbers too; complex numbers give their real part, with a warning.
        dim: the axis that is normalized; None as in `softmax`.
        dtype: a real floating point dtype to which the input is cast first; by default its own.

    Returns:
        y, of the input's shape. Computed in float32 at least and rounded once.

    Raises:
        TypeError: the input (or `dtype`) is not real floating point, or dim is not an integer.
        ValueError: dim is out of range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.log_softmax.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import log_softmax
    >>> log_softmax(jnp.array([0.0, 1000.0]), dim=0)
    Array([-1000.,     0.], dtype=float32)
    """
    check = _checks.of("log_softmax")
    dim = implicit_axis(check, jnp.ndim(input)) if dim is None else dim
    return _log_softmax(*_logits(check, input, dim, dtype))


def _logits(
    check: _checks.Checks, input: ArrayLike, dim: int, dtype: DTypeLike | None
) -> tuple[jax.Array, int]:
    """The input, cast to `dtype` where it is given, and the axis."""
    x = check.array("input", input)
    castable = any(is_a(x.dtype, kind) for kind in (jnp.integer, jnp.bool_, jnp.complexfloating))
    if dtype is None or not castable:
        check.promoted("input", x)
    if dtype is not None:
        dtype = check.float_dtype(dtype)
        if is_complex(x.dtype):
            text = f"{check.function}: the cast to {dtype} discards the imaginary part of input."
            warnings.warn(text, stacklevel=4)
            x = x.real
        x = x.astype(dtype)
    return x, check.axis("dim", dim, x.ndim)


def _vector(input: jax.Array) -> jax.Array:
    """The array in the dtype to compute in, with one dimension if it is 0-D."""
    (x,) = widened(input.dtype, input)
    return x if x.ndim else x[None]


@functools.partial(jax.jit, static_argnames="dim")
def _softmax(input: jax.Array, dim: int) -> jax.Array:
    return jax.nn.softmax(_vector(input), dim).reshape(input.shape).astype(input.dtype)


@functools.partial(jax.jit, static_argnames="dim")
def _softmin(input: jax.Array, dim: int) -> jax.Array:
    return jax.nn.softmax(-_vector(input), dim).reshape(input.shape).astype(input.dtype)


@functools.partial(jax.jit, static_argnames="dim")
def _log_softmax(input: jax.Array, dim: int) -> jax.Array:
    return jax.nn.log_softmax(_vector(input), dim).reshape(input.shape).astype(input.dtype)


@called
def gumbel_softmax(
    key: jax.Array,
    logits: ArrayLike,
    tau: ArrayLike = 1.0,
    hard: bool = False,
    eps: float = 1e-10,
    dim: int = -1,
) -> jax.Array:
    """Samples of a relaxed categorical distribution.

        y = softmax((x + g) / τ),   gᵢ standard Gumbel numbers

    With `hard`, 1 where y is largest and 0 elsewhere, with the derivative of y ("straight
    through").

    Args:
        key: a typed key.
        logits: x, floating point, any shape.
        tau: the temperature τ, a scalar.
        hard: whether the samples are one-hot.
        eps: has no effect; a value other than the default warns.
        dim: the axis that sums to 1.

    Returns:
        y, of the shape and dtype of the logits.

    Raises:
        TypeError: the key is not a typed key, the logits are not floating point, or another
            argument is of the wrong kind.
        ValueError: dim is out of range, or with `hard` the axis is empty.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.gumbel_softmax.html

    Differs from PyTorch: takes a key; `hard` gives exactly 0 and 1, where PyTorch's 1 - y + y is
    off by a rounding; the gradient reaches τ.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import gumbel_softmax
    >>> from jaxgrad.random import key
    >>> gumbel_softmax(key(0), jnp.array([0.0, 50.0]), hard=True)
    Array([0., 1.], dtype=float32)
    """
    check = _checks.of("gumbel_softmax")
    key = check.key(key)
    logits = check.floating("logits", logits)
    tau = check.number("tau", tau)
    hard = check.truth("hard", hard)
    if check.static_number("eps", eps) != 1e-10:
        warnings.warn("gumbel_softmax: `eps` is deprecated and has no effect.", stacklevel=3)
    dim = check.axis("dim", dim, logits.ndim)
    if hard and logits.ndim and not logits.shape[dim]:
        expected = f"of one or more along axis {dim}"
        got = f"shape {logits.shape}"
        raise ValueError(check.wrong("logits", expected, got))
    return _gumbel_softmax(key, logits, tau, hard, dim)


@functools.partial(jax.jit, static_argnames=("hard", "dim"))
def _gumbel_softmax(
    key: jax.Array, logits: jax.Array, tau: jax.Array, hard: bool, dim: int
) -> jax.Array:
    x = _vector(logits)
    tau = jnp.asarray(tau).astype(x.dtype)
    soft = jax.nn.softmax((x + _draws.gumbel(key, x.shape, x.dtype)) / tau, dim)
    if hard:
        places = jax.lax.broadcasted_iota(jnp.int32, x.shape, dim)
        largest = jax.lax.argmax(soft, dim, jnp.int32)
        one_hot = (places == jnp.expand_dims(largest, dim)).astype(x.dtype)
        soft = one_hot + (soft - jax.lax.stop_gradient(soft))  # adds 0, with the derivative of soft
    return soft.reshape(logits.shape).astype(logits.dtype)
