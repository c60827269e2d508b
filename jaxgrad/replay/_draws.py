"""The draws of continuous distributions, without checks, on NumPy arrays.

Each is a function `(state, shape, dtype, …) -> (values, state)`. The number of words that a draw
consumes is part of the semantics: one for a uniform number of float32, float16 or bfloat16, and two
for one of float64.
"""

import math

import numpy as np

from jaxgrad.replay import _arithmetic
from jaxgrad.replay.generator import State, words32, words64

BLOCK = 16
"""The size of a block of normal numbers; smaller draws are made one by one."""

Draw = tuple[np.ndarray, State]


def unit32(state: State, count: int) -> Draw:
    """Uniform numbers on [0, 1) of 24 bits, float32."""
    words, state = words32(state, count)
    return (words & np.uint32(2**24 - 1)).astype(np.float32) * np.float32(2**-24), state


def unit64(state: State, count: int) -> Draw:
    """Uniform numbers on [0, 1) of 53 bits, float64."""
    words, state = words64(state, count)
    return (words & np.uint64(2**53 - 1)).astype(np.float64) * 2.0**-53, state


def narrow(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The values rounded to the dtype; to half precision through float32, as in PyTorch."""
    with np.errstate(all="ignore"):
        return values.astype(dtype if dtype.itemsize > 2 else np.float32).astype(dtype)


def uniform(
    state: State, shape: tuple[int, ...], dtype: np.dtype, a: float = 0.0, b: float = 1.0
) -> Draw:
    """Uniform numbers on [a, b)."""
    if dtype == np.float64:
        values, state = unit64(state, math.prod(shape))
        if (a, b) != (0, 1):
            values = _arithmetic.fma64(values, b - a, a)
    else:
        values, state = unit32(state, math.prod(shape))
        if (a, b) != (0, 1):
            low, high = np.float32(a), np.float32(b)
            values = _arithmetic.fma32(values, high - low, low)
    low, high = narrow(np.array([a, b]), dtype)
    values = narrow(values, dtype)
    values[values == high] = low  # rounding may reach b
    return values.reshape(shape), state


def normal(
    state: State, shape: tuple[int, ...], dtype: np.dtype, mean: float = 0.0, std: float = 1.0
) -> Draw:
    """Normal numbers; fewer than 16 are made one by one in float64, for every dtype."""
    count = math.prod(shape)
    if count >= BLOCK:
        values, state = _in_blocks(state, count, dtype, mean, std)
    else:
        values, state = one_by_one(state, count, mean, std)
    return narrow(values, dtype).reshape(shape), state


def one_by_one(state: State, count: int, mean: float, std: float) -> Draw:
    """Normal numbers in float64, made in pairs; an unused second one is kept in the state."""
    first = [] if state.normal is None or not count else [state.normal]
    fresh = count - len(first)
    units, state = unit64(state, 2 * (-(-fresh // 2)))
    radius = np.sqrt(-2 * _arithmetic.libm(math.log1p, -units[1::2]))
    angle = 2 * math.pi * units[0::2]
    sides = [radius * _arithmetic.libm(side, angle) for side in (math.cos, math.sin)]
    values = np.concatenate([first, np.stack(sides, axis=1).ravel()])
    if count:
        state = state._replace(normal=float(values[count]) if fresh % 2 else None)
    return _arithmetic.fma64(values[:count], std, mean), state


def _in_blocks(state: State, count: int, dtype: np.dtype, mean: float, std: float) -> Draw:
    """Normal numbers in blocks of 16; if the last block is not full, the last 16 are redrawn."""
    whole = count - count % BLOCK
    unit = unit64 if dtype == np.float64 else unit32
    # In half precision the numbers of an incomplete block are not drawn.
    units, state = unit(state, count if dtype.itemsize > 2 else whole)
    values = _box_muller(units[:whole], mean, std)
    if whole < count:
        units, state = unit(state, BLOCK)
        values = np.concatenate([values[: count - BLOCK], _box_muller(units, mean, std)])
    return values, state


def _box_muller(units: np.ndarray, mean: float, std: float) -> np.ndarray:
    """Normal numbers from blocks of eight u₁ and eight u₂, computed in their dtype."""
    units = units.reshape(-1, 2, BLOCK // 2)
    first, second = 1 - units[:, 0], units[:, 1]
    if units.dtype == np.float64:
        radius = np.sqrt(-2 * _arithmetic.libm(math.log, first))
        angle = 2 * math.pi * second
        sine, cosine = (_arithmetic.libm(side, angle) for side in (math.sin, math.cos))
        fma = _arithmetic.fma64
    else:
        radius = np.sqrt(np.float32(-2) * _arithmetic.log32(first))
        sine, cosine = _arithmetic.sin_cos32(np.float32(2 * math.pi) * second)
        fma = _arithmetic.fma32
    values = np.stack([radius * cosine, radius * sine], axis=1)
    if (mean, std) != (0, 1):
        values = fma(values, values.dtype.type(std), values.dtype.type(mean))
    return values.ravel()


def exponential(state: State, shape: tuple[int, ...], dtype: np.dtype, lambd: float = 1.0) -> Draw:
    """Exponential numbers, by the inverse of their distribution function in float64."""
    units, state = unit64(state, math.prod(shape))
    values = (-1 / lambd) * _arithmetic.libm(math.log1p, -units)
    return narrow(values, dtype).reshape(shape), state
