"""Normal numbers, and what is made of them, as PyTorch draws them."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from jaxgrad import _checks
from jaxgrad._calls import called, filling
from jaxgrad._checks import Shape
from jaxgrad.replay import _arguments, _arithmetic, _draws, _truncated
from jaxgrad.replay.generator import State, checked


@called
def randn(state: State, shape: Shape, *, dtype: DTypeLike | None = None) -> tuple[jax.Array, State]:
    """Standard normal numbers: `torch.randn`.

        x = √(-2 log(1 - u₁)) cos 2πu₂,   y = √(-2 log(1 - u₁)) sin 2πu₂       (Box and Muller)

    From 16 elements on they are made in blocks of eight x and eight y; where the size is no
    multiple of 16, the last 16 elements are drawn again. Fewer are made one by one in float64, and
    a y that is left over waits in the state for the next such draw.

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
    state = checked("randn", state)
    shape, dtype = _arguments.shape("randn", shape), _arguments.float_dtype("randn", dtype)
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

    With scalars the sum is rounded once, with arrays after each operation.

    Args:
        state: a state of the generator.
        mean: means, an array or a scalar.
        std: standard deviations, at least 0, an array or a scalar; arrays broadcast.
        shape: the shape of the samples, where mean and std are scalars; else left out.
        dtype: a real floating point dtype, where there is a shape; float32 by default. Without,
            it is the mean's, or if that is a Python number the std's.

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
    state = checked("normal", state)
    for argument, value in (("mean", mean), ("std", std)):
        _checks.no_shape("normal", argument, value, "a number or an array")
    if shape is None:
        return _normal_arrays(state, mean, std, dtype)
    dtype, shape = _arguments.float_dtype("normal", dtype), _arguments.shape("normal", shape)
    mean, std = _arguments.scalar("normal", "mean", mean), _arguments.scalar("normal", "std", std)
    _at_least_zero(std)
    values, state = _draws.normal(state, shape, dtype, mean, std)
    return jnp.asarray(values), state


def _normal_arrays(
    state: State, mean: Any, std: Any, dtype: DTypeLike | None
) -> tuple[jax.Array, State]:
    check = _checks.of("normal")
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
    result = _arguments.floating("normal", argument, given.dtype)
    if not arrays[1]:
        std = _arguments.scalar("normal", "std", std)
        _at_least_zero(std)
        mean = _real_array("mean", mean)
        values, state = _draws.normal(state, mean.shape, result, 0.0, std)
        return jnp.asarray(_combined(np.add, values, mean)), state
    std = _real_array("std", std)
    _at_least_zero(std)
    mean = _real_array("mean", mean) if arrays[0] else _scalar_mean(mean, result)
    values, state = _draws.normal(state, _together(mean, std), result)
    return jnp.asarray(_combined(np.add, _combined(np.multiply, values, std), mean)), state


def _scalar_mean(mean: Any, dtype: np.dtype) -> np.ndarray:
    return _draws.narrow(np.array(_arguments.scalar("normal", "mean", mean)), dtype)


def _real_array(argument: str, value: Any) -> np.ndarray:
    result = _checks.array("normal", argument, value)
    if result.dtype.kind not in "iub":
        _arguments.floating("normal", argument, result.dtype)
    return np.asarray(result)


def _together(mean: np.ndarray, std: np.ndarray) -> tuple[int, ...]:
    try:
        shape = np.broadcast_shapes(mean.shape, std.shape)
    except ValueError as error:
        expected = f"of a shape that broadcasts with mean's {mean.shape}"
        raise ValueError(_checks.wrong("normal", "std", expected, std.shape)) from error
    return _arguments.shape("normal", shape)


def _at_least_zero(std: Any) -> None:
    least = np.min(std, initial=0)
    if not least >= 0:
        raise ValueError(_checks.wrong("normal", "std", "at least 0 everywhere", least))


def _combined(operation: np.ufunc, values: np.ndarray, other: np.ndarray) -> np.ndarray:
    """PyTorch's in-place operation: computed in the dtype the two promote to, then rounded."""
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

        x = exp(mean + std z),   z ~ N(0, 1), one by one in float64 whatever the size and dtype

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
    name = "log_normal"
    state = checked(name, state)
    shape, dtype = _arguments.shape(name, shape), _arguments.float_dtype(name, dtype)
    mean, std = _arguments.scalar(name, "mean", mean), _arguments.positive(name, "std", std)
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

    Where [a, b] holds more than 0.3 of the mass, normal numbers of the whole shape are drawn until
    every element has been inside once; elsewhere uniform ones, each kept with probability
    p(x) / max p. Earlier releases of PyTorch inverted the
    distribution function instead.

    Args:
        state: a state of the generator.
        shape: an integer or a sequence of integers.
        mean: the mean before truncation, a finite scalar.
        std: the standard deviation before truncation, a finite scalar above 0.
        a: the least value, a scalar.
        b: the greatest value, a scalar, at least a.
        dtype: a real floating point dtype; float32 by default, as in PyTorch.

    Returns:
        The values and the next state. Bit-identical in every dtype (for rare events but for one
        decision in about 10⁹, which hangs on the last bit of a logarithm).

    Raises:
        TypeError: an argument is of the wrong kind, or traced.
        ValueError: a negative size or too many elements; mean or std not finite, or std not above
            0; a above b, or for rare events either out of the dtype's range; [a, b] so unlikely
            that PyTorch would draw for hours; float64 while JAX's 64-bit types are off.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.trunc_normal_

    Differs from PyTorch: takes a shape where PyTorch fills a tensor in place; does not warn of a
    mean far outside [a, b]; refuses a negative std (PyTorch takes it in) and gives up on hopeless
    bounds; at most 2³¹ elements.

    >>> from jaxgrad import replay
    >>> replay.trunc_normal(replay.manual_seed(0), 3)[0]
    Array([ 1.5409961, -0.2934289, -1.3985955], dtype=float32)
    """
    name = "trunc_normal"
    state = checked(name, state)
    shape, dtype = _arguments.shape(name, shape), _arguments.float_dtype(name, dtype)
    mean, std = _arguments.scalar(name, "mean", mean), _arguments.positive(name, "std", std)
    a, b = _arguments.scalar(name, "a", a), _arguments.scalar(name, "b", b)
    for argument, value in (("mean", mean), ("std", std)):
        if not math.isfinite(value):
            raise ValueError(_checks.wrong(name, argument, "finite", value))
    if not a <= b:
        raise ValueError(_checks.wrong(name, "[a, b]", "in order", f"[{a}, {b}]"))
    if _truncated.mass(mean, std, a, b) <= 0.3:
        _arguments.ordered(name, a, b, dtype)
    values, state = _truncated.truncated(state, shape, dtype, mean, std, a, b)
    return jnp.asarray(values), state
