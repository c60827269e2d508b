"""Convolutions as one matrix product of all that the kernel meets, for few elements on CPUs.

XLA's own convolution of 512 channels over 2x2 elements takes 69 ms on a CPU, and its derivatives
as long; this takes 1 ms. With more elements the columns are larger than what they are made of, and
XLA is as fast.
"""

import math

import jax
import jax.numpy as jnp
from jax import lax

from ._geometry import Geometry

Shape = tuple[int, ...]

_FEW = 9
"""The most elements of an output with so few."""
_ROWS = 128
"""The most elements of all outputs together, where one output has more."""
_TAPS = 64
"""The most places of a kernel: each is an operation to compile."""
_CHANNELS = 128
"""The fewest channels, of the input and of the output, with which a product pays."""


def is_few(w: Shape, count: int, sizes: Shape, geometry: Geometry) -> bool:
    """Whether so many outputs of these sizes are few, beside a kernel of the shape `w`."""
    each = math.prod(sizes)
    few = each <= _FEW or count * each <= _ROWS
    short = geometry.groups == 1 and math.prod(w[2:]) <= _TAPS
    return few and short and min(w[:2]) >= _CHANNELS


def convolved(x: jax.Array, w: jax.Array, geometry: Geometry, sizes: Shape) -> jax.Array:
    """The convolution."""
    y = w.reshape(w.shape[0], -1) @ _columns(x, geometry, w.shape[2:], sizes)
    return jnp.swapaxes(y.reshape(w.shape[0], x.shape[0], *sizes), 0, 1)


def spread(g: jax.Array, w: jax.Array, geometry: Geometry, sizes: Shape) -> jax.Array:
    """The transpose with respect to the input, which has these spatial sizes."""
    like = jax.ShapeDtypeStruct((g.shape[0], w.shape[1], *sizes), g.dtype)

    def forward(x: jax.Array) -> jax.Array:
        return _columns(x, geometry, w.shape[2:], g.shape[2:])

    columns = w.reshape(w.shape[0], -1).T @ _rows(g)
    return jax.linear_transpose(forward, like)(columns)[0]


def correlated(x: jax.Array, g: jax.Array, geometry: Geometry, kernel: Shape) -> jax.Array:
    """The transpose with respect to the kernel, which has these spatial sizes."""
    w = _rows(g) @ _columns(x, geometry, kernel, g.shape[2:]).T
    return w.reshape(g.shape[1], x.shape[1], *kernel)


def _rows(g: jax.Array) -> jax.Array:
    """The channels by the elements of all outputs."""
    return jnp.swapaxes(g, 0, 1).reshape(g.shape[1], -1)


def _columns(x: jax.Array, geometry: Geometry, kernel: Shape, sizes: Shape) -> jax.Array:
    """What each weight of an output channel meets: weights by the elements of all outputs."""
    config = [(0, 0, 0)] * 2 + [(*ends, 0) for ends in geometry.padding]
    padded = jnp.swapaxes(lax.pad(x, jnp.zeros((), x.dtype), config), 0, 1)
    every = (slice(None), slice(None))
    parts = [padded[every + window] for _, window in geometry.taps(kernel, sizes)]
    return jnp.stack(parts, 1).reshape(x.shape[1] * len(parts), -1)
