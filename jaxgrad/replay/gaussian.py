"""Normal, log-normal and truncated normal numbers as PyTorch draws them."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from jaxgrad import _checks
from jaxgrad._calls import called, filling
from jaxgrad._checks import Checks, Shape
from jaxgrad.replay import _arithmetic, _draws, _limits, _truncated
from jaxgrad.replay.generator import State, checked


@called
def randn(state: State, shape: Shape, *, dtype: DTypeLike | None = None) -> tuple[jax.Array, State]:
    """Standard normal numbers: `torch.randn`.

        x = √(-2 log(1 - u₁)) cos 2πu₂,   y = √(-2 log(1 - u₁)) sin 2πu₂       (Box and Muller)

    16 or more elements are made in blocks of eight x and eight y. If the size is not a multiple of
    16, the last 16 elements are redrawn. Fewer than 16 are made one by one in float64, and an
    unused y is kept in the state for the next such draw.

    Args:
        state: a state of the generator.
        shape: an integer or a sequence of integers.
        dtype: a real floating point dtype; float32 by default, as in PyTorch.

    Returns:
        The values and the next state. Bit-identical in every dtype.

    Raises:
        TypeError: state, shape or dtype is of the wrong kind.
        ValueError: a negative size or too many elements, or float64 while JAX's 64-bit types are
            off.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.randn.html

    Differs from PyTorch: at most 2³¹ elements; no complex dtypes.

    >>> from jaxgrad import replay
    >>> replay.randn(replay.manual_seed(0), 3)[0]
    Array([ 1.5409961, -0.2934289, -2.1787894], dtype=float32)
    """
    check = _checks.of("randn")
    state, shape, dtype = _limits.filled(check, state, shape, dtype)
    values, state = _draws.normal(state, shape, dtype)
    return jnp.asarray(values), state


@called
def normal(
    state: State,
    mean: Any = 0.0,
    std: Any = 1.0,
    shape: Shape | None = None,
    *,
    dtype: DTypeLike | None = None,
) -> tuple[jax.Array, State]:
    """Normal numbers: `torch.normal`, and with a shape `Tensor.normal_(mean, std)` too.

        xᵢ = meanᵢ + stdᵢ zᵢ,   zᵢ ~ N(0, 1) as `randn` draws them

    The sum is rounded once for scalars, and after each operation for arrays.

    Args:
        state: a state of the generator.
        mean: means, an array or a scalar.
        std: standard deviations, at least 0, an array or a scalar; arrays broadcast.
        shape: the shape of the samples if mean and std are scalars; else left out.
        dtype: a real floating point dtype beside a shape, float32 by default. Without a shape the
            dtype is that of mean, or if mean is a Python number, that of std.

    Returns:
        The values and the next state. Bit-identical in every dtype.

    Raises:
        TypeError: an argument is of the wrong kind, or traced; two scalars without a shape.
        ValueError: a std that is negative or NaN; shapes that do not broadcast; a shape or dtype
            beside an array; a negative size or too many elements.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.normal.html

    Differs from PyTorch: `size` is called shape as elsewhere here; at most 2³¹ elements; no complex
    dtypes.

    >>> import jax.numpy as jnp
    >>> from jaxgrad import replay
    >>> replay.normal(replay.manual_seed(0), 2.0, 0.5, 2)[0]
    Array([2.770498 , 1.8532856], dtype=float32)
    >>> replay.normal(replay.manual_seed(0), jnp.array([0.0, 100.0]))[0]
    Array([ 1.5409961, 99.70657  ], dtype=float32)
    """
    check = _checks.of("normal")
    state = checked(check, state)
    for argument, value in (("mean", mean), ("std", std)):
        check.no_shape(argument, value, "a number or an array")
    if shape is None:
        return _normal_arrays(check, state, mean, std, dtype)
    dtype, shape = _limits.float_dtype(check, dtype), _limits.shape_of_draw(check, shape)
    mean, std = _limits.scalar(check, "mean", mean), _limits.scalar(check, "std", std)
    _check_std(check, std)
    values, state = _draws.normal(state, shape, dtype, mean, std)
    return jnp.asarray(values), state


def _normal_arrays(
    check: Checks, state: State, mean: Any, std: Any, dtype: DTypeLike | None
) -> tuple[jax.Array, State]:
    check.concrete("mean and std", (mean, std))
    arrays = [not isinstance(x, (int, float)) for x in (mean, std)]
    if not any(arrays):
        remedy = "say how many with shape="
        raise TypeError(check.wrong("mean or std", "an array", "two numbers", remedy))
    if dtype is not None:
        remedy = "the arrays decide it"
        raise ValueError(check.wrong("dtype", "left out beside arrays", dtype, remedy))
    given, argument = (mean, "mean") if arrays[0] else (std, "std")
    given = check.floating(argument, given)
    result = _limits.floating(check, argument, given.dtype)
    if not arrays[1]:
        std = _limits.scalar(check, "std", std)
        _check_std(check, std)
        mean = _real_array(check, "mean", mean)
        values, state = _draws.normal(state, mean.shape, result, 0.0, std)
        return jnp.asarray(_combined(np.add, values, mean)), state
    std = _real_array(check, "std", std)
    _check_std(check, std)
    mean = _real_array(check, "mean", mean) if arrays[0] else _scalar_mean(check, mean, result)
    values, state = _draws.normal(state, _common_shape(check, mean, std), result)
    return jnp.asarray(_combined(np.add, _combined(np.multiply, values, std), mean)), state


def _scalar_mean(check: Checks, mean: Any, dtype: np.dtype) -> np.ndarray:
    return _draws.narrow(np.array(_limits.scalar(check, "mean", mean)), dtype)


def _real_array(check: Checks, argument: str, value: Any) -> np.ndarray:
    result = check.array(argument, value)
    if result.dtype.kind not in "iub":
        _limits.floating(check, argument, result.dtype)
    return np.asarray(result)


def _common_shape(check: Checks, mean: np.ndarray, std: np.ndarray) -> tuple[int, ...]:
    try:
        shape = np.broadcast_shapes(mean.shape, std.shape)
    except ValueError as error:
        expected = f"of a shape that broadcasts with mean's {mean.shape}"
        raise ValueError(check.wrong("std", expected, std.shape)) from error
    return _limits.shape_of_draw(check, shape)


def _check_std(check: Checks, std: Any) -> None:
    least = np.min(std, initial=0)
    if not least >= 0:
        raise ValueError(check.wrong("std", "at least 0 everywhere", least))


def _combined(operation: np.ufunc, values: np.ndarray, other: np.ndarray) -> np.ndarray:
    """PyTorch's in-place operation: computed in the promoted dtype, then rounded."""
    if not jnp.issubdtype(other.dtype, jnp.floating):
        other = _draws.narrow(other, values.dtype)
    wider = max(values.dtype, other.dtype, key=_size)
    work = wider if wider.itemsize > 2 else np.dtype(np.float32)
    with np.errstate(all="ignore"):
        result = operation(values.astype(work), other.astype(work))
    return _draws.narrow(result, values.dtype)


def _size(dtype: np.dtype) -> int:
    return dtype.itemsize


@filling
def log_normal(
    state: State, shape: Shape, mean: Any = 1.0, std: Any = 2.0, *, dtype: DTypeLike | None = None
) -> tuple[jax.Array, State]:
    """Log-normal numbers: `Tensor.log_normal_(mean, std)`.

        x = exp(mean + std z),   z ~ N(0, 1), one by one in float64 for every size and dtype

    Args:
        state: a state of the generator.
        shape: an integer or a sequence of integers.
        mean: the mean of log x, a scalar.
        std: the standard deviation of log x, a scalar above 0.
        dtype: a real floating point dtype; float32 by default, as in PyTorch.

    Returns:
        The values and the next state. Bit-identical in every dtype.

    Raises:
        TypeError: an argument is of the wrong kind, or traced.
        ValueError: a negative size or too many elements, a std that is not above 0, or float64
            while JAX's 64-bit types are off.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.log_normal_.html

    Differs from PyTorch: takes a shape where PyTorch fills a tensor in place; at most 2³¹ elements.

    >>> from jaxgrad import replay
    >>> replay.log_normal(replay.manual_seed(0), 2, 0.0, 1.0)[0]
    Array([4.669239 , 0.7457022], dtype=float32)
    """
    check = _checks.of("log_normal")
    state, shape, dtype = _limits.filled(check, state, shape, dtype)
    mean, std = _limits.scalar(check, "mean", mean), _limits.positive(check, "std", std)
    logs, state = _draws.one_by_one(state, math.prod(shape), mean, std)
    values = _arithmetic.libm(math.exp, np.minimum(logs, 709.0))
    values = np.where(logs > 709, np.inf, values)
    return jnp.asarray(_draws.narrow(values, dtype).reshape(shape)), state


@filling
def trunc_normal(
    state: State,
    shape: Shape,
    mean: Any = 0.0,
    std: Any = 1.0,
    a: Any = -2.0,
    b: Any = 2.0,
    *,
    dtype: DTypeLike | None = None,
) -> tuple[jax.Array, State]:
    """Normal numbers truncated to [a, b]: `torch.nn.init.trunc_normal_`.

        p(x) ∝ exp(-(x - mean)² / 2 std²) on [a, b]

    If the probability of [a, b] is above 0.3, normal numbers of the whole shape are drawn until
    every element has been inside once. Else uniform numbers are drawn and accepted with probability
    p(x) / max p. Earlier releases of PyTorch inverted the distribution function instead.

    Args:
        state: a state of the generator.
        shape: an integer or a sequence of integers.
        mean: the mean before truncation, a finite scalar.
        std: the standard deviation before truncation, a finite scalar above 0.
        a: the least value, a scalar.
        b: the greatest value, a scalar, at least a.
        dtype: a real floating point dtype; float32 by default, as in PyTorch.

    Returns:
        The values and the next state. Bit-identical in every dtype, except that with a probability
        of [a, b] up to 0.3 one decision in about 10⁹ depends on the last bit of a logarithm.

    Raises:
        TypeError: an argument is of the wrong kind, or traced.
        ValueError: a negative size or too many elements; mean or std not finite, or std not above
            0; a above b, or with a probability of [a, b] up to 0.3 either out of the dtype's range;
            [a, b] so improbable that PyTorch would draw for hours; float64 while JAX's 64-bit types
            are off.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.trunc_normal_

    Differs from PyTorch: takes a shape where PyTorch fills a tensor in place; does not warn of a
    mean far outside [a, b]; refuses a negative std (PyTorch accepts it) and an [a, b] that is too
    improbable; at most 2³¹ elements.

    >>> from jaxgrad import replay
    >>> replay.trunc_normal(replay.manual_seed(0), 3)[0]
    Array([ 1.5409961, -0.2934289, -1.3985955], dtype=float32)
    """
    check = _checks.of("trunc_normal")
    state, shape, dtype = _limits.filled(check, state, shape, dtype)
    mean, std = _limits.scalar(check, "mean", mean), _limits.positive(check, "std", std)
    a, b = _limits.scalar(check, "a", a), _limits.scalar(check, "b", b)
    for argument, value in (("mean", mean), ("std", std)):
        if not math.isfinite(value):
            raise ValueError(check.wrong(argument, "finite", value))
    if not a <= b:
        raise ValueError(check.wrong("[a, b]", "in order", f"[{a}, {b}]"))
    if _truncated.mass(mean, std, a, b) <= 0.3:
        _limits.ordered(check, a, b, dtype)
    values, state = _truncated.truncated(state, shape, dtype, mean, std, a, b)
    return jnp.asarray(values), state
