"""Dropout with the masks that PyTorch draws from a seed.

The mask is computed on the host, and the product by JAX. So a gradient goes through the input. The
state is concrete: under jit give the mask as an argument, drawn before from an input of ones.
"""

import math
import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._checks import Checks
from jaxgrad.replay import _draws, _limits
from jaxgrad.replay.generator import State, checked


@called
def dropout(
    state: State, input: ArrayLike, p: Any = 0.5, training: bool = True
) -> tuple[jax.Array, State]:
    """Zeroes elements at random, and scales the others up: `torch.nn.functional.dropout`.

        y = x m / (1 - p),   m = bernoulli(1 - p) from 53 random bits for every dtype

    Nothing is drawn for an empty input, p = 0 or p = 1, or without `training`.

    The function runs on the host. The input may be traced, so that gradients go through it, but not
    the state. A jitted function that closes over a state has the same mask at each call. So draw
    the mask before, and give it as an argument: it is the dropout of ones, and y = x · mask.

    Args:
        state: a state of the generator.
        input: x, floating point, any shape. Where nothing is drawn, any dtype.
        p: the probability that an element is zeroed, a scalar in [0, 1].
        training: whether anything is zeroed.

    Returns:
        y, of the input's shape and dtype, and the next state. Bit-identical in every dtype.

    Raises:
        TypeError: an argument is of the wrong kind; the state or p is traced.
        ValueError: p is outside [0, 1], or the input has too many elements.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html

    Differs from PyTorch: the mask is drawn in the order of the indices; PyTorch draws it in the
    order of memory, which is another one for a transposed or channels_last tensor. On CPUs JAX
    takes subnormal inputs for 0. At most 2³¹ elements.

    >>> import jax.numpy as jnp
    >>> from jaxgrad import replay
    >>> replay.dropout(replay.manual_seed(0), jnp.ones(6), 0.5)[0]
    Array([0., 0., 2., 0., 0., 0.], dtype=float32)
    """
    return _dropout(_checks.of("dropout"), state, input, p, training)


@called
def dropout1d(
    state: State, input: ArrayLike, p: Any = 0.5, training: bool = True
) -> tuple[jax.Array, State]:
    """Zeroes whole channels of (N, C, L) or (C, L): `torch.nn.functional.dropout1d`.

        y = x m / (1 - p),   m = bernoulli(1 - p) for each channel

    Args:
        state: a state of the generator.
        input: x, floating point, of shape (N, C, L) or (C, L).
        p: the probability that a channel is zeroed, a scalar in [0, 1].
        training: whether anything is zeroed.

    Returns:
        y, of the input's shape and dtype, and the next state. Bit-identical in every dtype.

    Raises:
        TypeError: as in `dropout`.
        ValueError: as in `dropout`; the input has neither 2 nor 3 dimensions.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout1d.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad import replay
    >>> replay.dropout1d(replay.manual_seed(0), jnp.ones((3, 2)), 0.5)[0]
    Array([[0., 0.],
           [0., 0.],
           [2., 2.]], dtype=float32)
    """
    check = _checks.of("dropout1d")
    x = check.array("input", input)
    if x.ndim not in (2, 3):
        raise ValueError(check.wrong("input", "2-D or 3-D", f"{x.ndim}-D"))
    return _dropout(check, state, x, p, training, leading=x.ndim - 1)


@called
def dropout2d(
    state: State, input: ArrayLike, p: Any = 0.5, training: bool = True
) -> tuple[jax.Array, State]:
    """Zeroes whole channels of (N, C, H, W): `torch.nn.functional.dropout2d`.

        y = x m / (1 - p),   m = bernoulli(1 - p) for each element and channel of (N, C)

    Args:
        state: a state of the generator.
        input: x, floating point, of shape (N, C, H, W). Other shapes (N, C, …) warn; so does a 3-D
            input, which is read as (N, C, L).
        p: the probability that a channel is zeroed, a scalar in [0, 1].
        training: whether anything is zeroed.

    Returns:
        y, of the input's shape and dtype, and the next state. Bit-identical in every dtype.

    Raises:
        TypeError: as in `dropout`.
        ValueError: as in `dropout`; channels are to be drawn for an input that has fewer than 2
            dimensions.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout2d.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad import replay
    >>> replay.dropout2d(replay.manual_seed(0), jnp.ones((1, 4, 1, 2)), 0.5)[0][0, :, 0]
    Array([[0., 0.],
           [0., 0.],
           [2., 2.],
           [0., 0.]], dtype=float32)
    """
    check = _checks.of("dropout2d")
    x = check.array("input", input)
    if x.ndim == 3:
        _warn("dropout2d reads a 3-D input as (N, C, L), without a height: use dropout1d for that")
    elif x.ndim != 4:
        _warn(f"dropout2d of a {x.ndim}-D input is deprecated in PyTorch: use dropout")
    return _dropout(check, state, x, p, training, leading=2)


@called
def dropout3d(
    state: State, input: ArrayLike, p: Any = 0.5, training: bool = True
) -> tuple[jax.Array, State]:
    """Zeroes whole channels of (N, C, D, H, W) or (C, D, H, W): `torch.nn.functional.dropout3d`.

        y = x m / (1 - p),   m = bernoulli(1 - p) for each channel

    Args:
        state: a state of the generator.
        input: x, floating point, of shape (N, C, D, H, W) or (C, D, H, W). Other shapes warn, and
            their first axis is that of the channels.
        p: the probability that a channel is zeroed, a scalar in [0, 1].
        training: whether anything is zeroed.

    Returns:
        y, of the input's shape and dtype, and the next state. Bit-identical in every dtype.

    Raises:
        TypeError: as in `dropout`.
        ValueError: as in `dropout`; channels are to be drawn for a scalar.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout3d.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad import replay
    >>> replay.dropout3d(replay.manual_seed(0), jnp.ones((4, 1, 1, 2)), 0.5)[0][:, 0, 0]
    Array([[0., 0.],
           [0., 0.],
           [2., 2.],
           [0., 0.]], dtype=float32)
    """
    check = _checks.of("dropout3d")
    x = check.array("input", input)
    if x.ndim not in (4, 5):
        _warn(f"dropout3d of a {x.ndim}-D input is deprecated in PyTorch: use dropout")
    return _dropout(check, state, x, p, training, leading=2 if x.ndim == 5 else 1)


@called
def alpha_dropout(
    state: State, input: ArrayLike, p: Any = 0.5, training: bool = False
) -> tuple[jax.Array, State]:
    """Dropout that keeps mean 0 and variance 1: `torch.nn.functional.alpha_dropout`.

        y = a m x + b,   m = bernoulli(1 - p),   b = a α' (m - 1 + p)
        a = ((1 - p) (1 + p α'²))^(-1/2),   α' = 1.75809…

    Nothing is drawn for an empty input, p = 0 or p = 1, or without `training`. At p = 1 all is 0.

    Args:
        state: a state of the generator.
        input: x, floating point, any shape. Where nothing is drawn, any dtype.
        p: the probability that an element is dropped, a scalar in [0, 1].
        training: whether anything is dropped; False by default, as in PyTorch.

    Returns:
        y, of the input's shape and dtype, and the next state. Bit-identical in every dtype.

    Raises:
        TypeError: as in `dropout`.
        ValueError: as in `dropout`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.alpha_dropout.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad import replay
    >>> replay.alpha_dropout(replay.manual_seed(0), jnp.ones(3), 0.5, training=True)[0]
    Array([-0.77919394, -0.77919394,  1.6655989 ], dtype=float32)
    """
    return _dropout(_checks.of("alpha_dropout"), state, input, p, training, alpha=True)


@called
def feature_alpha_dropout(
    state: State, input: ArrayLike, p: Any = 0.5, training: bool = False
) -> tuple[jax.Array, State]:
    """`alpha_dropout` of whole channels: `torch.nn.functional.feature_alpha_dropout`.

        y = a m x + b,   m = bernoulli(1 - p) for each element and channel of (N, C)

    Args:
        state: a state of the generator.
        input: x, floating point, of shape (N, C, …).
        p: the probability that a channel is dropped, a scalar in [0, 1].
        training: whether anything is dropped; False by default, as in PyTorch.

    Returns:
        y, of the input's shape and dtype, and the next state. Bit-identical in every dtype.

    Raises:
        TypeError: as in `dropout`.
        ValueError: as in `dropout`; channels are to be drawn for an input that has fewer than 2
            dimensions.

    Source: https://docs.pytorch.org/docs/stable/nn.functional.html#torch.nn.functional.feature_alpha_dropout

    >>> import jax.numpy as jnp
    >>> from jaxgrad import replay
    >>> x, state = jnp.ones((1, 3, 2)), replay.manual_seed(0)
    >>> replay.feature_alpha_dropout(state, x, 0.5, training=True)[0][0]
    Array([[-0.77919394, -0.77919394],
           [-0.77919394, -0.77919394],
           [ 1.6655989 ,  1.6655989 ]], dtype=float32)
    """
    check = _checks.of("feature_alpha_dropout")
    return _dropout(check, state, input, p, training, leading=2, alpha=True)


def _warn(text: str) -> None:
    warnings.warn(text, stacklevel=4)


def _dropout(
    check: Checks,
    state: Any,
    input: Any,
    p: Any,
    training: Any,
    leading: int | None = None,
    alpha: bool = False,
) -> tuple[jax.Array, State]:
    """Checks the arguments and drops slices along the first `leading` axes; None for elements."""
    state = checked(check, state)
    x, p = check.array("input", input), _limits.scalar(check, "p", p)
    if not 0 <= p <= 1:
        raise ValueError(check.wrong("p", "in [0, 1]", p))
    if not check.truth("training", training) or p == 0 or x.size == 0:
        return x, state
    if p == 1:
        return x * jnp.zeros((), x.dtype), state
    dtype = _limits.floating(check, "input", x.dtype)
    shape = _mask_shape(check, x.shape, leading)
    units, state = _draws.unit64(state, math.prod(shape))
    kept = units.reshape(shape) < 1 - p
    scales, offsets = _alpha_values(dtype, p) if alpha else (_scales(dtype, p), None)
    y = x * jnp.asarray(np.where(kept, *scales))
    return y if offsets is None else y + jnp.asarray(np.where(kept, *offsets)), state


def _mask_shape(check: Checks, shape: tuple[int, ...], leading: int | None) -> tuple[int, ...]:
    """The shape of the mask, which broadcasts against the input's."""
    if leading is None:
        return _limits.shape_of_draw(check, shape)
    if len(shape) < leading:
        expected = f"of {leading} dimensions or more"
        raise ValueError(check.wrong("input", expected, f"{len(shape)}-D"))
    return _limits.shape_of_draw(check, (*shape[:leading], *[1] * (len(shape) - leading)))


def _scales(dtype: np.dtype, p: float) -> np.ndarray:
    """What a kept and a dropped element are multiplied with."""
    work = np.dtype(np.float32) if dtype.itemsize == 2 else dtype
    return _draws.narrow(np.array([1, 0], work) / work.type(1 - p), dtype)


_ALPHA = 1.7580993408473766


def _alpha_values(dtype: np.dtype, p: float) -> tuple[np.ndarray, np.ndarray]:
    """Factors and summands of a kept and a dropped element, rounded after each operation."""
    work = np.dtype(np.float32) if dtype.itemsize == 2 else dtype
    a = 1 / math.sqrt((_ALPHA * _ALPHA * p + 1) * (1 - p))
    kept, less = np.array([1, 0], work), np.array([0, -1], work)
    below = _draws.narrow(less * work.type(_ALPHA * a), dtype).astype(work)
    shift = _draws.narrow(np.array(_ALPHA * a * p), dtype).astype(work)  # a summand is, no factor
    return _draws.narrow(kept * work.type(a), dtype), _draws.narrow(below + shift, dtype)
