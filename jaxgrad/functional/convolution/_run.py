"""The compiled programs of convolutions: products, then the bias, then one rounding."""

import functools
from collections.abc import Callable

import jax

from jaxgrad._dtypes import is_complex

from ._arguments import Arrays
from ._geometry import Geometry
from ._products import biased, convolved, transposed


def run(arrays: Arrays, geometry: Geometry, transpose: bool = False) -> jax.Array:
    """The convolution of checked arrays, or the transposed one."""
    return _run(arrays.x, arrays.w, arrays.b, geometry, transpose)


@functools.partial(jax.jit, static_argnames=("geometry", "transpose"))
def _run(
    x: jax.Array, w: jax.Array, b: jax.Array | None, geometry: Geometry, transpose: bool
) -> jax.Array:
    single, product = x.ndim < w.ndim, transposed if transpose else convolved
    y = of_parts(product, x[None] if single else x, w, geometry)
    if b is not None:
        y = biased(y, b.astype(y.dtype))
    return (y[0] if single else y).astype(x.dtype)


def of_parts(
    product: Callable[..., jax.Array], x: jax.Array, w: jax.Array, geometry: Geometry
) -> jax.Array:
    """The product of arrays, of complex ones by their real and imaginary parts.

    XLA aborts the process for some complex convolutions.
    """
    if not is_complex(x.dtype):
        return product(x, w, geometry)
    real, imag = product(x.real, w.real, geometry), product(x.real, w.imag, geometry)
    return jax.lax.complex(
        real - product(x.imag, w.imag, geometry), imag + product(x.imag, w.real, geometry)
    )
