"""Linear functions whose transpose is written out."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp


def linear(
    function: Callable[[jax.Array], jax.Array],
    transpose: Callable[[jax.Array, jax.Array], jax.Array],
    plain: Callable[[jax.Array], jax.Array],
    x: jax.Array,
) -> jax.Array:
    """`function(x)`, a linear function, with its transpose.

    JAX transposes a loop of gathers to a loop that adds up arrays of the whole size of x. JAX takes
    the transpose of a system of equations from its caller, so that the value is found as one:

        (x, y) = (x₀, f(x₀))   solves   x = x₀,   y - f(x) = 0
        (x̄ + fᵀ(ȳ), ȳ)          solves the transposed system

    Args:
        function: f, written to be fast.
        transpose: `(x̄, ȳ)`, the sum x̄ + fᵀ(ȳ), which can be added up in place.
        plain: f, written so that JAX can differentiate it with respect to other arrays.
        x: an array with one axis or more.

    Derivatives of all orders, in both modes, and `jax.vmap` work.
    """
    shape = jax.eval_shape(plain, x)
    # A zero that depends on x, as JAX has no derivative for a constant part of the system.
    zero = jnp.broadcast_to(_nothing(x), shape.shape).astype(shape.dtype)

    def system(pair: Any) -> Any:
        x, y = pair
        return x, y - plain(x)

    def solved(_: Any, pair: Any) -> Any:
        x, y = pair
        return x, y + function(x)

    def transposed(_: Any, pair: Any) -> Any:
        x, y = pair
        return transpose(x, y), y

    same, y = jax.lax.custom_linear_solve(system, (x, zero), solved, transposed)
    return y + _nothing(same).astype(y.dtype)


def _nothing(x: jax.Array) -> jax.Array:
    """A zero that depends on x."""
    return jnp.sum(x[:0])
