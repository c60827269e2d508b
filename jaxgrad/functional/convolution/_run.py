"""The compiled programs of convolutions: products, then the bias, then one rounding."""

import functools

import jax

from ._arguments import Arrays
from ._geometry import Geometry
from ._products import convolved, transposed


def run(arrays: Arrays, geometry: Geometry, transpose: bool = False) -> jax.Array:
    """The convolution of checked arrays, or the transposed one."""
    return _run(arrays.x, arrays.w, arrays.b, geometry, transpose)


@functools.partial(jax.jit, static_argnames=("geometry", "transpose"))
def _run(
    x: jax.Array, w: jax.Array, b: jax.Array | None, geometry: Geometry, transpose: bool
) -> jax.Array:
    single = x.ndim < w.ndim
    y = (transposed if transpose else convolved)(x[None] if single else x, w, geometry)
    if b is not None:
        y = y + b.astype(y.dtype).reshape(1, -1, *(1,) * (y.ndim - 2))
    return (y[0] if single else y).astype(x.dtype)
