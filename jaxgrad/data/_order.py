"""The order of the rows: a function of the key and of how many there are, and of nothing else."""

import jax
import numpy as np

CHUNK = 2**15
"""Words drawn at a time: few enough for the processor's cache."""


def words_of(key: jax.Array) -> tuple[int, ...]:
    """The words of a key."""
    return tuple(int(word) for word in np.asarray(jax.random.key_data(key)).ravel())


def permutation(seed: tuple[int, ...], stream: int, size: int) -> np.ndarray:
    """The numbers below `size` in a random order that the seed and the stream determine.

    A random 64-bit word is drawn for each number, its low bits are replaced by the number, and the
    words are sorted. No two are the same, so every sort gives the same order. NumPy promises that
    the words of Philox stay the same in later versions; it does not promise that of its shuffles.
    """
    random = np.random.Philox(np.random.SeedSequence(seed, spawn_key=(stream,)))
    mask = np.uint64((1 << (size - 1).bit_length()) - 1) if size else np.uint64(0)
    words = np.empty(size, np.uint64)
    for start in range(0, size, CHUNK):
        chunk = words[start : start + CHUNK]
        chunk[:] = random.random_raw(len(chunk))
        chunk &= ~mask
        chunk |= np.arange(start, start + len(chunk), dtype=np.uint64)
    words.sort()
    words &= mask
    return words.view(np.int64)
