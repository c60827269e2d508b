"""Dropout: elements, or whole channels, are zeroed at random and the others scaled up."""

import functools
import warnings
from typing import Any

import jax
import jax.numpy as jnp
from jax.core import Tracer
from jax.typing import ArrayLike

from jaxgrad import _checks, random
from jaxgrad._calls import called
from jaxgrad._dtypes import widened

from .._arguments import constant


@called
def dropout(
    key: jax.Array, input: ArrayLike, p: ArrayLike = 0.5, training: bool = True
) -> jax.Array:
    """Zeroes elements at random, and scales the others up: `torch.dropout`.

        y = x m / (1 - p),   P(mᵢ = 0) = p

    Exact at p = 0 and p = 1. A dropped infinite element gives NaN. The derivative is the
    scaled mask.

    Args:
        key: a typed key, required even where nothing is drawn.
        input: x, floating point, any shape. Where nothing is drawn, any dtype.
        p: the probability that an element is zeroed, a scalar in [0, 1].
        training: whether anything is zeroed.

    Returns:
        y, of the input's shape and dtype; without `training` the input.

    Raises:
        TypeError: the key is not a typed key, or another argument is of the wrong kind; or a
            derivative with respect to p is asked for, although the mask has none.
        ValueError: p is outside [0, 1]. A traced one is checked under `jaxgrad.checkify` only, and
            a wrong one gives NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html

    Differs from PyTorch: takes a key. `jaxgrad.replay.dropout` has PyTorch's own mask of a seed.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import dropout
    >>> from jaxgrad.random import key
    >>> y = dropout(key(0), jnp.ones(1000), 0.2)
    >>> sorted(set(y.tolist()))
    [0.0, 1.25]
    """
    return _dropout(_checks.of("dropout"), key, input, p, training)


@called
def dropout1d(
    key: jax.Array, input: ArrayLike, p: ArrayLike = 0.5, training: bool = True
) -> jax.Array:
    """Zeroes whole channels of (N, C, L) or (C, L) at random, and scales the others up.

        y = x m / (1 - p),   P(m = 0) = p for each channel

    Args:
        key: a typed key, required even where nothing is drawn.
        input: x, floating point, of shape (N, C, L) or (C, L).
        p: the probability that a channel is zeroed, a scalar in [0, 1].
        training: whether anything is zeroed.

    Returns:
        y, of the input's shape and dtype; without `training` the input.

    Raises:
        TypeError: as in `dropout`.
        ValueError: p is outside [0, 1], or the input has neither 2 nor 3 dimensions.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout1d.html

    Differs from PyTorch: takes a key.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import dropout1d
    >>> from jaxgrad.random import key
    >>> dropout1d(key(0), jnp.ones((2, 3))).sum(1) % 6
    Array([0., 0.], dtype=float32)
    """
    check = _checks.of("dropout1d")
    x = check.array("input", input)
    if x.ndim not in (2, 3):
        raise ValueError(check.wrong("input", "2-D or 3-D", f"{x.ndim}-D"))
    return _dropout(check, key, x, p, training, leading=x.ndim - 1)


@called
def dropout2d(
    key: jax.Array, input: ArrayLike, p: ArrayLike = 0.5, training: bool = True
) -> jax.Array:
    """Zeroes whole channels of (N, C, H, W) at random, and scales the others up.

        y = x m / (1 - p),   P(m = 0) = p for each element and channel of (N, C)

    Args:
        key: a typed key, required even where nothing is drawn.
        input: x, floating point, of shape (N, C, H, W). Other shapes (N, C, …) warn; so does a 3-D
            input, which is read as (N, C, L).
        p: the probability that a channel is zeroed, a scalar in [0, 1].
        training: whether anything is zeroed.

    Returns:
        y, of the input's shape and dtype; without `training` the input.

    Raises:
        TypeError: as in `dropout`.
        ValueError: p is outside [0, 1], or channels are to be drawn for an input that has fewer
            than 2 dimensions.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout2d.html

    Differs from PyTorch: takes a key.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import dropout2d
    >>> from jaxgrad.random import key
    >>> dropout2d(key(0), jnp.ones((1, 2, 3, 3))).sum((2, 3)) % 18
    Array([[0., 0.]], dtype=float32)
    """
    check = _checks.of("dropout2d")
    x = check.array("input", input)
    if x.ndim == 3:
        _warn("dropout2d reads a 3-D input as (N, C, L), without a height: use dropout1d for that")
    elif x.ndim != 4:
        _warn(f"dropout2d of a {x.ndim}-D input is deprecated in PyTorch: use dropout")
    return _dropout(check, key, x, p, training, leading=2)


@called
def dropout3d(
    key: jax.Array, input: ArrayLike, p: ArrayLike = 0.5, training: bool = True
) -> jax.Array:
    """Zeroes whole channels of (N, C, D, H, W) or (C, D, H, W) at random, and scales the rest up.

        y = x m / (1 - p),   P(m = 0) = p for each channel

    Args:
        key: a typed key, required even where nothing is drawn.
        input: x, floating point, of shape (N, C, D, H, W) or (C, D, H, W). Other shapes warn, and
            their first axis is that of the channels.
        p: the probability that a channel is zeroed, a scalar in [0, 1].
        training: whether anything is zeroed.

    Returns:
        y, of the input's shape and dtype; without `training` the input.

    Raises:
        TypeError: as in `dropout`.
        ValueError: p is outside [0, 1], or channels are to be drawn for a scalar.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout3d.html

    Differs from PyTorch: takes a key.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import dropout3d
    >>> from jaxgrad.random import key
    >>> dropout3d(key(0), jnp.ones((2, 2, 2, 2))).sum((1, 2, 3)) % 16
    Array([0., 0.], dtype=float32)
    """
    check = _checks.of("dropout3d")
    x = check.array("input", input)
    if x.ndim not in (4, 5):
        _warn(f"dropout3d of a {x.ndim}-D input is deprecated in PyTorch: use dropout")
    return _dropout(check, key, x, p, training, leading=2 if x.ndim == 5 else 1)


@called
def alpha_dropout(
    key: jax.Array, input: ArrayLike, p: ArrayLike = 0.5, training: bool = False
) -> jax.Array:
    """Dropout that keeps mean 0 and variance 1: dropped elements become `selu`'s limit at -∞.

        y = a (x m - α' (1 - m)) + b,   P(mᵢ = 0) = p
        a = ((1 - p) (1 + p α'²))^(-1/2),   b = a α' p,   α' = 1.75809…

    Exact at p = 0, and at p = 1, where everything is 0. The derivative is a m.

    Args:
        key: a typed key, required even where nothing is drawn.
        input: x, floating point, any shape. Where nothing is drawn, any dtype.
        p: the probability that an element is dropped, a scalar in [0, 1].
        training: whether anything is dropped; False by default, as in PyTorch.

    Returns:
        y, of the input's shape and dtype; without `training` the input.

    Raises:
        TypeError: as in `dropout`.
        ValueError: p is outside [0, 1]. A traced one is checked under `jaxgrad.checkify` only, and
            a wrong one gives NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.alpha_dropout.html

    Differs from PyTorch: takes a key.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import alpha_dropout
    >>> from jaxgrad.random import key
    >>> y = alpha_dropout(key(0), jnp.ones(1000), 0.5, training=True)
    >>> len(set(y.tolist()))
    2
    """
    return _dropout(_checks.of("alpha_dropout"), key, input, p, training, alpha=True)


@called
def feature_alpha_dropout(
    key: jax.Array, input: ArrayLike, p: ArrayLike = 0.5, training: bool = False
) -> jax.Array:
    """`alpha_dropout` of whole channels of (N, C, …).

        y = a (x m - α' (1 - m)) + b,   P(m = 0) = p for each element and channel of (N, C)

    Args:
        key: a typed key, required even where nothing is drawn.
        input: x, floating point, of shape (N, C, …).
        p: the probability that a channel is dropped, a scalar in [0, 1].
        training: whether anything is dropped; False by default, as in PyTorch.

    Returns:
        y, of the input's shape and dtype; without `training` the input.

    Raises:
        TypeError: as in `dropout`.
        ValueError: p is outside [0, 1], or channels are to be drawn for an input that has fewer
            than 2 dimensions.

    Source: https://docs.pytorch.org/docs/stable/nn.functional.html#dropout-functions

    Differs from PyTorch: takes a key.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import feature_alpha_dropout
    >>> from jaxgrad.random import key
    >>> y = feature_alpha_dropout(key(0), jnp.ones((1, 2, 9)), 0.5, training=True)
    >>> [len(set(channel)) for channel in y[0].tolist()]
    [1, 1]
    """
    return _dropout(
        _checks.of("feature_alpha_dropout"), key, input, p, training, leading=2, alpha=True
    )


def _warn(text: str) -> None:
    warnings.warn(text, stacklevel=4)


def _dropout(
    check: _checks.Checks,
    key: Any,
    input: Any,
    p: Any,
    training: Any,
    leading: int | None = None,
    alpha: bool = False,
) -> jax.Array:
    """Checks the arguments and drops slices along the first `leading` axes; None for elements."""
    key = check.key(key)
    x = check.array("input", input)
    p = constant(check, "p", check.number("p", p))
    training = check.truth("training", training)
    check.allowed("p", p, _is_probability(p), "in [0, 1]")
    if not training:
        return x
    if not isinstance(p, Tracer):
        if p == 0:
            return x
        if p == 1:
            return x * jnp.zeros((), x.dtype)
    check.promoted("input", x)
    if leading is not None and x.ndim < leading:
        expected = f"of {leading} dimensions or more"
        raise ValueError(check.wrong("input", expected, f"{x.ndim}-D"))
    draw = _alpha_noised if alpha else _noised
    return draw(key, x, p, x.ndim if leading is None else leading)


_ALPHA = 1.7580993408473766


def _kept(key: jax.Array, x: jax.Array, p: jax.Array, leading: int) -> jax.Array:
    """A mask of what is kept. It is drawn with p, as 1 - p would round a small p away."""
    shape = (*x.shape[:leading], *[1] * (x.ndim - leading))
    p = jnp.where(_is_probability(p), p, 0)  # a wrong p is already refused
    return ~random.bernoulli(key, p, shape, dtype=bool)


def _is_probability(p: Any) -> Any:
    return (p >= 0) & (p <= 1)


@functools.partial(jax.jit, static_argnames="leading")
def _noised(key: jax.Array, input: jax.Array, p: jax.Array, leading: int) -> jax.Array:
    x, p = widened(input.dtype, input, p)
    scale = jnp.where(_is_probability(p), 1 / (1 - p), jnp.nan)
    noise = jnp.where(_kept(key, x, p, leading), scale, 0)
    return (x * noise).astype(input.dtype)


@functools.partial(jax.jit, static_argnames="leading")
def _alpha_noised(key: jax.Array, input: jax.Array, p: jax.Array, leading: int) -> jax.Array:
    x, p = widened(input.dtype, input, p)
    kept = _kept(key, x, p, leading)
    a = jnp.where(p == 1, 0, 1 / jnp.sqrt((1 - p) * (1 + p * _ALPHA**2)))
    a = jnp.where(_is_probability(p), a, jnp.nan)
    offset = jnp.where(kept, p, p - 1) * (a * _ALPHA)
    return (x * jnp.where(kept, a, 0) + offset).astype(input.dtype)
