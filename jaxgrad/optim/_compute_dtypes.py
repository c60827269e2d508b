"""How a leaf is computed: complex numbers as pairs, bfloat16 and float16 in float32 and rounded."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

Rounding = Callable[[jax.Array], jax.Array]


def is_narrow(dtype: DTypeLike) -> bool:
    return dtype in (jnp.bfloat16, jnp.float16)


def rounding(dtype: DTypeLike) -> Rounding:
    """The rounding to a narrow dtype, in float32; for other dtypes the identity."""
    if not is_narrow(dtype):
        return lambda x: x
    if dtype == jnp.float16:
        return lambda x: _rounded_to_half(jnp.asarray(x, jnp.float32))
    info = jnp.finfo(dtype)
    return lambda x: jax.lax.reduce_precision(jnp.asarray(x, jnp.float32), info.nexp, info.nmant)


@jax.custom_jvp
def _rounded_to_half(x: jax.Array) -> jax.Array:
    """Numbers rounded to float16. The derivative is 1, where that of `jnp.round` is 0."""
    info = jnp.finfo(jnp.float16)
    tiny = jnp.round(x * 2.0**24) * 2.0**-24  # subnormals, which XLA flushes to 0
    whole = jax.lax.reduce_precision(x, info.nexp, info.nmant)
    return jnp.where(abs(x) < float(info.smallest_normal), tiny, whole)


_rounded_to_half.defjvps(lambda tangent, result, x: tangent)


def to_compute(x: Any) -> Any:
    """A leaf for computing: complex numbers as pairs of real ones, narrow dtypes as float32."""
    if x is None:
        return None
    if jnp.iscomplexobj(x):
        return jnp.stack([x.real, x.imag], axis=-1)
    return x.astype(jnp.float32) if is_narrow(x.dtype) else x


def from_compute(like: jax.Array) -> Callable[[Any], Any]:
    """The inverse of `to_compute`, for leaves like this one."""
    if jnp.iscomplexobj(like):
        return lambda x: x if x is None else jax.lax.complex(x[..., 0], x[..., 1])
    return lambda x: x if x is None else x.astype(like.dtype)


def cast(value: Any, dtype: DTypeLike) -> Any:
    """A number of a rule for a leaf of this dtype: an array of one element becomes a scalar."""
    if not isinstance(value, jax.Array):
        return value
    value = value.reshape(()) if value.ndim else value
    return value.astype(dtype) if jnp.issubdtype(value.dtype, jnp.floating) else value
