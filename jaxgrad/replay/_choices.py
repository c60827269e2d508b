"""Draws of integers and of categories, without checks, on NumPy arrays."""

import math

import numpy as np

from jaxgrad._checks import Checks
from jaxgrad.replay import _draws
from jaxgrad.replay.generator import State, words32, words64

LONGEST = (2**32 - 1) // 20
"""The most integers that PyTorch permutes by this algorithm."""


def integers(state: State, shape: tuple[int, ...], low: int, high: int) -> _draws.Draw:
    """Integers of [low, high) as int64: a word modulo the range, or two words from 2²⁸ on."""
    span = high - low
    words, state = (words64 if span >= 2**28 else words32)(state, math.prod(shape))
    offsets = words.astype(np.uint64) % np.uint64(span)
    return (offsets + np.uint64(low % 2**64)).view(np.int64).reshape(shape), state


def seed(state: State) -> tuple[int, State]:
    """What `torch.empty((), dtype=torch.int64).random_()` draws: an integer of [0, 2⁶³)."""
    value, state = integers(state, (), 0, 2**63)
    return int(value), state


def permutation(state: State, count: int) -> _draws.Draw:
    """The integers 0 … count - 1, shuffled from the front with one word a swap (Fisher, Yates)."""
    words, state = words32(state, max(count - 1, 0))
    offsets = words % np.arange(count, 1, -1, dtype=np.uint32)
    order = list(range(count))
    for i, j in enumerate((offsets + np.arange(count - 1)).tolist() if count else ()):
        order[i], order[j] = order[j], order[i]
    return np.array(order, np.int64), state


def race(
    check: Checks, argument: str, state: State, weights: np.ndarray, count: int
) -> _draws.Draw:
    """The indices of the `count` largest quotients weight / exponential number in each row.

    Ties are refused, as PyTorch's order then depends on the sort of its C++ library.
    """
    noise, state = _draws.exponential(state, weights.shape, weights.dtype)
    with np.errstate(all="ignore"):
        quotients = _wide(weights) / _wide(noise)
        quotients = _wide(quotients.astype(weights.dtype))
    if count == 1:
        return np.argmax(quotients, axis=-1, keepdims=True).astype(np.int64), state
    order = np.argsort(-quotients, axis=-1, kind="stable")
    ranked = np.take_along_axis(quotients, order[..., : count + 1], axis=-1)
    if (ranked[..., 1:] == ranked[..., :-1]).any():
        expected = f"{weights.dtype} weights that decide the order of the draws"
        remedy = "PyTorch leaves it to chance; use float64, fewer samples or replacement"
        raise ValueError(check.wrong(argument, expected, "a tie", remedy))
    return order[..., :count], state


def search(state: State, weights: np.ndarray, count: int) -> _draws.Draw:
    """The indices at which the cumulative weights reach uniform numbers, in each row."""
    rows = _wide(weights).reshape(-1, weights.shape[-1])
    units, state = _draws.unit64(state, rows.shape[0] * count)
    with np.errstate(all="ignore"):
        cumulative = np.cumsum(rows, axis=1)
        cumulative = cumulative / cumulative[:, -1:]
    cumulative[:, -1] = 1
    found = np.empty((rows.shape[0], count), np.int64)
    for row, points, out in zip(cumulative, units.reshape(found.shape), found, strict=True):
        out[:] = np.searchsorted(row.astype(np.float64), points)
    return found.reshape(*weights.shape[:-1], count), state


def _wide(x: np.ndarray) -> np.ndarray:
    """The array in its compute dtype: float32 for half precision."""
    return x if x.dtype.itemsize > 2 else x.astype(np.float32)
