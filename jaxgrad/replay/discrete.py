"""Integers, permutations, coin tosses and categories as PyTorch draws them."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._checks import Checks, Shape
from jaxgrad.replay import _arithmetic, _choices, _draws, _limits
from jaxgrad.replay.generator import State, checked


@called
def randint(
    state: State,
    low: Any = 0,
    high: Any = None,
    shape: Shape | None = None,
    *,
    dtype: DTypeLike | None = None,
) -> tuple[jax.Array, State]:
    """Integers of [low, high): `torch.randint`, called as `randint(state, high, shape)` too.

        x = low + w mod (high - low),   w the next word, or the next two if high - low ≥ 2²⁸

    Args:
        state: a state of the generator.
        low: the least integer.
        high: one above the greatest integer.
        shape: an integer or a sequence of integers.
        dtype: an integer or floating point dtype or bool; by default int64 if JAX's 64-bit types
            are on, else int32 with the same values.

    Returns:
        The values and the next state. Bit-identical in every dtype.

    Raises:
        TypeError: an argument is of the wrong kind, or traced.
        ValueError: the range is empty or reaches beyond the dtype; a negative size or too many
            elements; a 64-bit dtype while JAX's 64-bit types are off.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.randint.html

    Differs from PyTorch: `size` is called shape as elsewhere here; int32 unless JAX's 64-bit types
    are on; does not warn of integers that a floating point dtype cannot hold; at most 2³¹ elements.

    >>> from jaxgrad import replay
    >>> replay.randint(replay.manual_seed(0), 10, (5,))[0]
    Array([4, 9, 3, 0, 3], dtype=int32)
    >>> replay.randint(replay.manual_seed(0), -3, 3, 5)[0]
    Array([-1,  0,  2, -3, -2], dtype=int32)
    """
    check = _checks.of("randint")
    state = checked(check, state)
    if shape is None:
        low, high, shape = 0, low, high
    for argument, value in (("low", low), ("high", high)):
        check.no_shape(argument, value, "an integer")
    least, most = -(2**63), 2**63 - 1
    low = _limits.count(check, "low", low, minimum=least, largest=most)
    high = _limits.count(check, "high", high, minimum=least, largest=most)
    shape, dtype = _limits.shape_of_draw(check, shape), _limits.any_dtype(check, dtype)
    low, high = _range(check, low, high, dtype)
    values, state = _choices.integers(state, shape, low, high)
    if jnp.issubdtype(dtype, jnp.floating) and dtype.itemsize == 2:
        values = values.astype(np.float32)
    return jnp.asarray(values.astype(dtype)), state


def _range(check: Checks, low: int, high: int, dtype: np.dtype) -> tuple[int, int]:
    """The range, with its ends moved as in PyTorch where floats of the dtype are sparse."""
    _check_not_empty(check, low, high)
    if jnp.issubdtype(dtype, jnp.floating):
        limit = int(float(jnp.finfo(dtype).max))
        least, most = -limit, limit
    elif dtype.kind == "b":
        least, most = 0, 1
    else:
        least, most = int(jnp.iinfo(dtype).min), int(jnp.iinfo(dtype).max)
    if low < least or high - 1 > most:
        expected = f"within {dtype}, [{least}, {most}]"
        remedy = "name another dtype (int64 needs jax_enable_x64)"
        got = f"[{low}, {high})"
        raise ValueError(check.wrong("[low, high)", expected, got, remedy))
    if jnp.issubdtype(dtype, jnp.floating):
        low, high = _representable(low, high, dtype)
        _check_not_empty(check, low, high)
    return low, high


def _check_not_empty(check: Checks, low: int, high: int) -> None:
    if low >= high:
        raise ValueError(check.wrong("low", "less than high", f"[{low}, {high})"))


def _representable(low: int, high: int, dtype: np.dtype) -> tuple[int, int]:
    """The ends, moved inwards by a step of the dtype where rounding would carry a draw beyond."""
    digits = jnp.finfo(dtype).nmant + 1
    ends = np.array([low + 1, high - 1])
    if dtype.itemsize == 2:
        ends = ends.astype(np.float32)
    rounded = map(int, ends.astype(dtype))
    # PyTorch's own conversion to int64 wraps around at 2⁶³.
    above, below = ((x + 2**63) % 2**64 - 2**63 for x in rounded)
    if above < low:
        low = above + 2 ** max(abs(low + 1).bit_length() - digits, 0)
    if below >= high:
        high = below - 2 ** max(abs(high - 1).bit_length() - digits, 0)
    return low, high


@called
def randperm(state: State, n: int) -> tuple[jax.Array, State]:
    """A random permutation of 0 … n - 1: `torch.randperm`.

        for i = 0 … n - 2:   swap xᵢ and xⱼ,   j = i + w mod (n - i)       (Fisher and Yates)

    Args:
        state: a state of the generator.
        n: the number of integers, a Python integer.

    Returns:
        The permutation and the next state, in JAX's default integer dtype. Bit-identical.

    Raises:
        TypeError: state or n is of the wrong kind.
        ValueError: n is negative or too large.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.randperm.html

    Differs from PyTorch: at most 214 748 364 integers; int32 unless JAX's 64-bit types are on.

    >>> from jaxgrad import replay
    >>> replay.randperm(replay.manual_seed(0), 5)[0]
    Array([4, 0, 1, 3, 2], dtype=int32)
    """
    check = _checks.of("randperm")
    state = checked(check, state)
    n = _limits.count(check, "n", n, minimum=0, largest=_choices.LONGEST)
    values, state = _choices.permutation(state, n)
    return jnp.asarray(values.astype(_limits.default_int())), state


@called
def bernoulli(
    state: State, input: Any, shape: Shape | None = None, *, dtype: DTypeLike | None = None
) -> tuple[jax.Array, State]:
    """Ones with probability p: `torch.bernoulli(p)`, and with a shape `Tensor.bernoulli_(p)`.

        x = 1 if u < p else 0,   u ~ U[0, 1)

    A float64 array of probabilities, or a scalar with a shape, is compared with 53 random bits.
    Other arrays are compared with 24.

    Args:
        state: a state of the generator.
        input: probabilities in [0, 1]: a floating point array, or a scalar with a shape.
        shape: the shape of the samples if the probability is a scalar; else left out.
        dtype: a real floating point dtype beside a shape; float32 by default.

    Returns:
        Zeros and ones, in the shape and dtype of the array or in the given ones, and the next
        state. Bit-identical.

    Raises:
        TypeError: an argument is of the wrong kind, or traced; a number without a shape.
        ValueError: a probability outside [0, 1] or NaN; a dtype without a shape; a negative size
            or too many elements.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.bernoulli.html

    Differs from PyTorch: takes a shape where PyTorch fills a tensor in place; at most 2³¹ elements.

    >>> import jax.numpy as jnp
    >>> from jaxgrad import replay
    >>> replay.bernoulli(replay.manual_seed(0), jnp.array([0.0, 0.5, 0.5, 1.0]))[0]
    Array([0., 0., 1., 1.], dtype=float32)
    >>> replay.bernoulli(replay.manual_seed(0), 0.5, 4)[0]
    Array([0., 0., 1., 0.], dtype=float32)
    """
    check = _checks.of("bernoulli")
    state = checked(check, state)
    if shape is None:
        probability, result = _probabilities(check, input, dtype)
        shape = probability.shape
    else:
        shape = _limits.shape_of_draw(check, shape)
        result = _limits.float_dtype(check, dtype)
        probability = np.array(_limits.scalar(check, "input", input))
    least, most = np.min(probability, initial=1), np.max(probability, initial=0)
    if not (0 <= least and most <= 1):
        got = f"{least} to {most}"
        raise ValueError(check.wrong("input", "in [0, 1] everywhere", got))
    unit = _draws.unit64 if probability.dtype == np.float64 else _draws.unit32
    values, state = unit(state, math.prod(shape))
    return jnp.asarray((values.reshape(shape) < probability).astype(result)), state


def _probabilities(
    check: Checks, input: Any, dtype: DTypeLike | None
) -> tuple[np.ndarray, np.dtype]:
    """An array of probabilities in float32 or float64, and its original dtype."""
    check.concrete("input", input)
    if isinstance(input, (int, float)):
        remedy = "say how many with shape="
        raise TypeError(check.wrong("input", "an array", f"{input!r:.60}", remedy))
    if dtype is not None:
        remedy = "the array decides it"
        expected = "left out beside an array"
        raise ValueError(check.wrong("dtype", expected, f"{dtype!r:.60}", remedy))
    probability = np.asarray(check.floating("input", input))
    _limits.floating(check, "input", probability.dtype)
    narrow = probability.dtype.itemsize == 2
    return probability.astype(np.float32) if narrow else probability, probability.dtype


@called
def multinomial(
    state: State, input: Any, num_samples: int, replacement: bool = False
) -> tuple[jax.Array, State]:
    """Category indices with the given weights, row by row: `torch.multinomial`.

        with replacement, two or more draws:   the first i with w₀ + … + wᵢ ≥ u Σⱼ wⱼ
        else:   the largest of wᵢ / eᵢ,   eᵢ exponential

    Args:
        state: a state of the generator.
        input: weights w, (categories,) or (rows, categories): floating point, finite, at least 0.
        num_samples: how many draws from each row, a positive Python integer.
        replacement: whether a category may be drawn again.

    Returns:
        Indices, (num_samples,) or (rows, num_samples), in JAX's default integer dtype, and the
        next state. Bit-identical.

    Raises:
        TypeError: an argument is of the wrong kind, or traced.
        ValueError: num_samples is not positive or too large; the weights are 0-D, more than 2-D,
            without categories or with more than 2²⁴ of them; a weight is negative, infinite or NaN;
            a row has no positive weight; there is a tie between quotients that decide.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.multinomial.html

    Differs from PyTorch: a tie that decides the order of draws without replacement is refused. In
    PyTorch the order then depends on the sort of the C++ library. Ties are rare in float32 up to
    thousands of draws, common in half precision, and certain if there are more draws than positive
    weights. Indices are int32 unless JAX's 64-bit types are on.

    >>> import jax.numpy as jnp
    >>> from jaxgrad import replay
    >>> weights = jnp.array([10.0, 0.0, 13.0, 10.0])
    >>> replay.multinomial(replay.manual_seed(0), weights, 2)[0]
    Array([2, 3], dtype=int32)
    >>> replay.multinomial(replay.manual_seed(0), weights, 5, replacement=True)[0]
    Array([3, 3, 2, 3, 2], dtype=int32)
    """
    check = _checks.of("multinomial")
    state = checked(check, state)
    check.concrete("input", input)
    weights = np.asarray(check.floating("input", input))
    _limits.floating(check, "input", weights.dtype)
    num_samples = _limits.count(check, "num_samples", num_samples, minimum=1)
    replacement = check.truth("replacement", replacement)
    values, state = categories(check, "input", state, weights, num_samples, replacement)
    return jnp.asarray(values.astype(_limits.default_int())), state


def categories(
    check: Checks,
    argument: str,
    state: State,
    weights: np.ndarray,
    num_samples: int,
    replacement: bool,
) -> _draws.Draw:
    """The draws of `multinomial`, as int64; its checks of the weights name the argument."""
    _check_weights(check, argument, weights, num_samples, replacement)
    _limits.shape_of_draw(check, (*weights.shape[:-1], num_samples))
    if replacement and num_samples > 1:
        return _choices.search(state, weights, num_samples)
    return _choices.race(check, argument, state, weights, num_samples)


def _check_weights(
    check: Checks, argument: str, weights: np.ndarray, num_samples: int, replacement: bool
) -> None:
    categories = weights.shape[-1] if weights.ndim else 0
    if weights.ndim not in (1, 2) or not 0 < categories <= 2**24:
        expected = "(categories,) or (rows, categories), with 1 to 2**24 categories"
        raise ValueError(check.wrong(argument, expected, f"shape {weights.shape}"))
    if not replacement and num_samples > categories:
        expected = f"at most the {categories} categories without replacement"
        remedy = "draw with replacement=True"
        raise ValueError(check.wrong("num_samples", expected, num_samples, remedy))
    least, most = np.min(weights, initial=0), np.max(weights, initial=0)
    if not (least >= 0 and most < np.inf):
        got = f"{least} to {most}"
        raise ValueError(check.wrong(argument, "finite and at least 0 everywhere", got))
    if not (weights > 0).any(axis=-1).all():
        got = "a row of zeros"
        raise ValueError(check.wrong(argument, "positive somewhere in each row", got))


@called
def geometric(
    state: State, shape: Shape, p: Any, *, dtype: DTypeLike | None = None
) -> tuple[jax.Array, State]:
    """Geometric numbers, the trials up to the first success: `Tensor.geometric_(p)`.

        x = ⌈log u / log(1 - p)⌉,   u ~ U[0, 1) of 53 bits, computed in float64 for every dtype

    Args:
        state: a state of the generator.
        shape: an integer or a sequence of integers.
        p: the probability of success, a scalar in (0, 1).
        dtype: a real floating point dtype; float32 by default, as in PyTorch.

    Returns:
        The values and the next state. Bit-identical in every dtype.

    Raises:
        TypeError: an argument is of the wrong kind, or traced.
        ValueError: a negative size or too many elements, p outside (0, 1), or float64 while JAX's
            64-bit types are off.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.geometric_.html

    Differs from PyTorch: takes a shape where PyTorch fills a tensor in place; at most 2³¹ elements;
    no integer dtypes.

    >>> from jaxgrad import replay
    >>> replay.geometric(replay.manual_seed(0), 3, 0.1)[0]
    Array([1., 4., 8.], dtype=float32)
    """
    check = _checks.of("geometric")
    state, shape, dtype = _limits.filled(check, state, shape, dtype)
    p = _limits.scalar(check, "p", p)
    if not 0 < p < 1:
        raise ValueError(check.wrong("p", "in (0, 1)", p))
    units, state = _draws.unit64(state, math.prod(shape))
    logs = _arithmetic.libm(math.log, np.where(units > 0, units, 1))
    logs = np.where(units > 0, logs, -np.inf)
    with np.errstate(all="ignore"):
        values = np.ceil(logs / math.log1p(-p))
    return jnp.asarray(_draws.narrow(values, dtype).reshape(shape)), state
