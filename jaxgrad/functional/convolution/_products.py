"""A convolution, its transpose and their derivatives, in the form that is fast on each platform.

The convolution y = x ⋆ w is linear in x and in w. Its two transposes take a cotangent of y to one
of x (`spread`) and of w (`correlated`). Here each of the three is a formula of its own on CPUs.
"""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

from jaxgrad._dtypes import is_floating, wide

from .._placement import axes_of, placed
from . import _cpu
from ._geometry import Geometry

Product = Callable[[jax.Array, jax.Array], jax.Array]


@functools.partial(jax.custom_jvp, nondiff_argnums=(2,))
def convolved(x: jax.Array, w: jax.Array, geometry: Geometry) -> jax.Array:
    """The convolution of x (N, C, *spatial) with w (O, C / groups, *kernel), in the wide dtype."""
    return _convolved(x, w, geometry)


@functools.partial(jax.custom_jvp, nondiff_argnums=(2,))
def transposed(x: jax.Array, w: jax.Array, geometry: Geometry) -> jax.Array:
    """The transposed convolution of x (N, O, *) with w (O, C / groups, *kernel), likewise."""
    return _spread(x, w, geometry, geometry.input(x.shape[2:], w.shape[2:]))


@functools.partial(convolved.defjvp, symbolic_zeros=True)
def _convolved_jvp(geometry: Geometry, primals: Any, tangents: Any) -> Any:
    x, w = primals
    pulls = (
        lambda g: _spread(g, w, geometry, x.shape[2:]).astype(x.dtype),
        lambda g: _correlated(x, g, geometry, w).astype(w.dtype),
    )
    return _with_tangent(convolved(x, w, geometry), pulls, tangents)


@functools.partial(transposed.defjvp, symbolic_zeros=True)
def _transposed_jvp(geometry: Geometry, primals: Any, tangents: Any) -> Any:
    x, w = primals
    pulls = (
        lambda g: _convolved(g, w, geometry).astype(x.dtype),
        lambda g: _correlated(g, x, geometry, w).astype(w.dtype),
    )
    return _with_tangent(transposed(x, w, geometry), pulls, tangents)


@jax.custom_jvp
def biased(y: jax.Array, b: jax.Array) -> jax.Array:
    """The sum of y (N, C, *spatial) and a bias (C) of its dtype."""
    return y + b.reshape(1, -1, *(1,) * (y.ndim - 2))


@functools.partial(biased.defjvp, symbolic_zeros=True)
def _biased_jvp(primals: Any, tangents: Any) -> Any:
    def total(g: jax.Array) -> jax.Array:
        axes = (0, *range(2, g.ndim))
        return placed(
            lambda g: jax.lax.platform_dependent(
                g, cpu=_cpu.total_of, default=lambda g: jnp.sum(g, axes)
            ),
            axes_of(primals[1]),
            g,
        )

    return _with_tangent(biased(*primals), (lambda g: g, total), tangents)


def _with_tangent(value: jax.Array, pulls: Any, tangents: Any) -> Any:
    """The value, and the sum of the transposes of the pulls, which reverse mode transposes back."""
    parts = [
        jax.linear_transpose(pull, value)(tangent)[0]
        for pull, tangent in zip(pulls, tangents, strict=True)
        if not isinstance(tangent, SymbolicZero)
    ]
    return value, sum(parts[1:], parts[0]) if parts else jnp.zeros_like(value)


def _convolved(x: jax.Array, w: jax.Array, geometry: Geometry) -> jax.Array:
    sizes = geometry.output(x.shape[2:], w.shape[2:])
    shape = (x.shape[0], w.shape[0], *sizes)

    def native(x: jax.Array, w: jax.Array) -> jax.Array:
        return _native(x, w, geometry)

    formula = _cpu.convolved(x.shape, w.shape, geometry)
    return _product(native, formula, (x, w), shape, w.dtype, (axes_of(x)[0], axes_of(w)[0]))


def _spread(g: jax.Array, w: jax.Array, geometry: Geometry, sizes: tuple[int, ...]) -> jax.Array:
    shape = (g.shape[0], w.shape[1] * geometry.groups, *sizes)

    def native(g: jax.Array, w: jax.Array) -> jax.Array:
        like = jax.ShapeDtypeStruct(shape, g.dtype)
        return jax.linear_transpose(lambda x: _native(x, w, geometry), like)(g)[0]

    formula = _cpu.spread(g.shape, w.shape, geometry, sizes)
    return _product(native, formula, (g, w), shape, w.dtype, (axes_of(g)[0],))


def _correlated(x: jax.Array, g: jax.Array, geometry: Geometry, w: jax.Array) -> jax.Array:
    def native(x: jax.Array, g: jax.Array) -> jax.Array:
        like = jax.ShapeDtypeStruct(w.shape, g.dtype)
        return jax.linear_transpose(lambda w: _native(x, w, geometry), like)(g)[0]

    formula = _cpu.correlated(x.shape, g.shape, geometry, w.shape)
    return _product(native, formula, (x, g), w.shape, w.dtype, axes_of(w))


def _native(x: jax.Array, w: jax.Array, geometry: Geometry) -> jax.Array:
    return jax.lax.conv_general_dilated(
        x,
        w,
        geometry.strides,
        geometry.padding,
        rhs_dilation=geometry.dilation,
        feature_group_count=geometry.groups,
    )


def _product(
    native: Product,
    formula: Product,
    pair: tuple[jax.Array, jax.Array],
    shape: tuple[int, ...],
    dtype: Any,
    axes: Any,
) -> jax.Array:
    """The product of `pair`: XLA's own in `dtype`, or a formula in the wide dtype on CPUs."""
    kind = wide(dtype) if is_floating(dtype) else dtype

    def in_dtype(*pair: jax.Array) -> jax.Array:
        return native(*(one.astype(dtype) for one in pair)).astype(kind)

    def in_wide(*pair: jax.Array) -> jax.Array:
        return formula(*(one.astype(kind) for one in pair))

    def product(*pair: jax.Array) -> jax.Array:
        if not math.prod(shape) or not all(one.size for one in pair):
            return jnp.zeros(shape, kind)
        if not is_floating(dtype):  # of integers JAX has no transpose
            return in_wide(*pair)
        return jax.lax.platform_dependent(*pair, cpu=in_wide, default=in_dtype)

    return placed(product, axes, *pair)
