"""Uniform, exponential and Cauchy numbers as PyTorch draws them."""

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jaxgrad import _checks
from jaxgrad._calls import called, filling
from jaxgrad._checks import Shape
from jaxgrad.replay import _arithmetic, _draws, _limits
from jaxgrad.replay.generator import State


@called
def rand(state: State, shape: Shape, *, dtype: DTypeLike | None = None) -> tuple[jax.Array, State]:
    """Uniform numbers on [0, 1): `torch.rand`.

        x = (w mod 2²⁴) / 2²⁴,   w the generator's next word (float64: 53 bits of two words)

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

    Source: https://docs.pytorch.org/docs/stable/generated/torch.rand.html

    Differs from PyTorch: at most 2³¹ elements; no complex dtypes.

    >>> from jaxgrad import replay
    >>> x, state = replay.rand(replay.manual_seed(1), 2)
    >>> y, state = replay.rand(state, ())
    >>> x, y
    (Array([0.7576316 , 0.27931088], dtype=float32), Array(0.40306926, dtype=float32))
    """
    check = _checks.of("rand")
    state, shape, dtype = _limits.filled(check, state, shape, dtype)
    values, state = _draws.uniform(state, shape, dtype)
    return jnp.asarray(values), state


@filling
def uniform(
    state: State, shape: Shape, a: Any = 0.0, b: Any = 1.0, *, dtype: DTypeLike | None = None
) -> tuple[jax.Array, State]:
    """Uniform numbers on [a, b): `Tensor.uniform_(a, b)`.

        x = a + u (b - a),   u ~ U[0, 1), rounded once; an x that rounds to b becomes a

    Args:
        state: a state of the generator.
        shape: an integer or a sequence of integers.
        a: lower end, a scalar.
        b: upper end, a scalar, at least a.
        dtype: a real floating point dtype; float32 by default, as in PyTorch.

    Returns:
        The values and the next state. Bit-identical in every dtype.

    Raises:
        TypeError: an argument is of the wrong kind, or traced.
        ValueError: a negative size or too many elements; a, b or b - a out of the dtype's range,
            or a above b; float64 while JAX's 64-bit types are off.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.uniform_.html

    Differs from PyTorch: takes a shape where PyTorch fills a tensor in place; at most 2³¹ elements;
    no complex dtypes.

    >>> from jaxgrad import replay
    >>> replay.uniform(replay.manual_seed(0), 2, -1.0, 1.0)[0]
    Array([-0.00748682,  0.5364436 ], dtype=float32)
    """
    check = _checks.of("uniform")
    state, shape, dtype = _limits.filled(check, state, shape, dtype)
    a, b = _limits.scalar(check, "a", a), _limits.scalar(check, "b", b)
    _limits.ordered(check, a, b, dtype)
    values, state = _draws.uniform(state, shape, dtype, a, b)
    return jnp.asarray(values), state


@called
def exponential(
    state: State, shape: Shape, lambd: Any = 1.0, *, dtype: DTypeLike | None = None
) -> tuple[jax.Array, State]:
    """Exponential numbers with rate λ: `Tensor.exponential_(lambd)`.

        x = -log(1 - u) / λ,   u ~ U[0, 1) of 53 bits, computed in float64 for every dtype

    Args:
        state: a state of the generator.
        shape: an integer or a sequence of integers.
        lambd: the rate λ, a scalar above 0.
        dtype: a real floating point dtype; float32 by default, as in PyTorch.

    Returns:
        The values and the next state. Bit-identical in every dtype.

    Raises:
        TypeError: an argument is of the wrong kind, or traced.
        ValueError: a negative size or too many elements, a rate that is not above 0, or float64
            while JAX's 64-bit types are off.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.exponential_.html

    Differs from PyTorch: takes a shape where PyTorch fills a tensor in place; at most 2³¹ elements.

    >>> from jaxgrad import replay
    >>> replay.exponential(replay.manual_seed(0), 2, 0.5)[0]
    Array([7.0166526, 2.4607694], dtype=float32)
    """
    check = _checks.of("exponential")
    state, shape, dtype = _limits.filled(check, state, shape, dtype)
    lambd = _limits.positive(check, "lambd", lambd)
    values, state = _draws.exponential(state, shape, dtype, lambd)
    return jnp.asarray(values), state


@filling
def cauchy(
    state: State,
    shape: Shape,
    median: Any = 0.0,
    sigma: Any = 1.0,
    *,
    dtype: DTypeLike | None = None,
) -> tuple[jax.Array, State]:
    """Cauchy numbers: `Tensor.cauchy_(median, sigma)`.

        x = median + σ tan(π (u - ½)),   u ~ U[0, 1) of 53 bits, computed in float64 for every dtype

    Args:
        state: a state of the generator.
        shape: an integer or a sequence of integers.
        median: the median, a scalar.
        sigma: half the interquartile range σ, a scalar above 0.
        dtype: a real floating point dtype; float32 by default, as in PyTorch.

    Returns:
        The values and the next state. Bit-identical in every dtype.

    Raises:
        TypeError: an argument is of the wrong kind, or traced.
        ValueError: a negative size or too many elements, a σ that is not above 0, or float64 while
            JAX's 64-bit types are off.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.cauchy_.html

    Differs from PyTorch: takes a shape where PyTorch fills a tensor in place; at most 2³¹ elements.

    >>> from jaxgrad import replay
    >>> replay.cauchy(replay.manual_seed(0), 2)[0]
    Array([10.59773  ,  0.7647673], dtype=float32)
    """
    check = _checks.of("cauchy")
    state, shape, dtype = _limits.filled(check, state, shape, dtype)
    median = _limits.scalar(check, "median", median)
    sigma = _limits.positive(check, "sigma", sigma)
    units, state = _draws.unit64(state, math.prod(shape))
    values = _arithmetic.fma64(_arithmetic.libm(math.tan, math.pi * (units - 0.5)), sigma, median)
    return jnp.asarray(_draws.narrow(values, dtype).reshape(shape)), state
