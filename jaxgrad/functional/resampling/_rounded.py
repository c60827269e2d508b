"""Images of bytes, in the integer arithmetic that PyTorch has for them."""

import jax
import jax.numpy as jnp
import numpy as np

from ._separable import along
from ._taps import Taps

_BITS = 22
"""The most binary digits of a weight."""


def resized_bytes(x: jax.Array, taps: list[Taps]) -> jax.Array:
    """Weighted sums of uint8 along each spatial axis, the last one first, rounded in between."""
    y = x.astype(jnp.int32)
    for axis, found in reversed(list(enumerate(taps, 2))):
        if found.weight.shape[1] == 1:  # copies
            y = along(y, axis, found)
            continue
        whole = _folded(found, x.shape[axis])
        digits = _digits(whole)
        weight = np.trunc(whole * 2**digits + np.copysign(0.5, whole))
        sums = along(y, axis, found._replace(weight=weight.astype(np.int32)))
        y = jnp.clip((sums + 2 ** (digits - 1)) >> digits, 0, 255)
    return y.astype(x.dtype)


def _folded(taps: Taps, size: int) -> np.ndarray:
    """The weights, with those of taps beyond an edge added to the tap at the edge."""
    weight = taps.weight.copy()
    inside = np.clip(taps.element, 0, size - 1)
    for row, element, beyond in zip(weight, inside, inside != taps.element, strict=True):
        for k in np.nonzero(beyond & ~beyond.all())[0]:
            edge = np.nonzero(~beyond & (element == element[k]))[0][0]
            row[edge], row[k] = row[edge] + row[k], 0
    return weight


def _digits(weight: np.ndarray) -> int:
    """The number of binary digits after the point with which the weights fit 16 bits."""
    largest = weight.max()
    for digits in range(_BITS):
        if int(0.5 + largest * 2 ** (digits + 1)) >= 2**15:
            return digits
    return _BITS
