"""Numbers below the smallest normal one, which XLA treats as 0 on CPUs."""

import jax
import jax.numpy as jnp


def power(x: jax.Array) -> int:
    """The power of 2 by which `lifted` multiplies."""
    return int(-0.75 * jnp.finfo(x.dtype).minexp)


def digits(x: jax.Array) -> jax.Array:
    """A number that is proportional to x where x is subnormal. A constant in derivatives."""
    x = jax.lax.stop_gradient(x)
    bits = jax.lax.bitcast_convert_type(x, jnp.dtype(f"int{jnp.finfo(x.dtype).bits}"))
    size = (bits & jnp.iinfo(bits.dtype).max).astype(x.dtype)
    return jnp.where(bits < 0, -size, size)


def lifted(x: jax.Array) -> jax.Array:
    """X times 2 to the `power` of x, exact for subnormal numbers. A constant in derivatives."""
    of, x = jnp.finfo(x.dtype), jax.lax.stop_gradient(x)
    bits = jax.lax.bitcast_convert_type(x, jnp.dtype(f"int{of.bits}"))
    size = bits & jnp.iinfo(bits.dtype).max
    digits = size.astype(x.dtype) * 2.0 ** (of.minexp - of.nmant + power(x))
    small = size < 1 << of.nmant
    return jnp.where(small, jnp.where(bits < 0, -digits, digits), x * 2.0 ** power(x))


def is_subnormal(x: jax.Array) -> jax.Array:
    """Whether x is subnormal."""
    up = jnp.abs(lifted(x))
    return (up > 0) & (up < 2.0 ** (jnp.finfo(x.dtype).minexp + power(x)))
