"""Shrinkage: elements near 0 become 0."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import is_complex, largest, widened
from jaxgrad._operands import along, derivatives
from jaxgrad._sigmoids import tanh

from .._arguments import NUMBERS, as_float, compiled


def hardshrink(input: ArrayLike, lambd: ArrayLike = 0.5) -> jax.Array:
    """The input where it is beyond ±λ, and 0 elsewhere: `torch.hardshrink`.

        y = 0 where -λ ≤ x ≤ λ, x elsewhere

    The derivative at ±λ is 0. NaN passes, with derivative 1.

    Args:
        input: x, floating point, any shape.
        lambd: λ, a scalar; a negative one, or NaN, lets everything pass.

    Returns:
        y, of the input's shape and dtype.

    Raises:
        TypeError: the input is not floating point, or lambd is not a number.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.hardshrink.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import hardshrink
    >>> hardshrink(jnp.array([-1.0, -0.5, 0.25, 2.0]))
    Array([-1.,  0.,  0.,  2.], dtype=float32)
    """
    check = _checks.of("hardshrink")
    x = check.floating("input", input)
    return _hardshrink(x, check.number("lambd", lambd))


@compiled(0.5)
def _hardshrink(x: jax.Array, lambd: jax.Array) -> jax.Array:
    lambd = jnp.asarray(lambd).astype(x.dtype)
    return jnp.where((x >= -lambd) & (x <= lambd), 0, x)


def softshrink(input: ArrayLike, lambd: ArrayLike = 0.5) -> jax.Array:
    """The input, moved by λ towards 0.

        y = x - λ where x > λ, x + λ where x < -λ, 0 elsewhere

    The derivative at ±λ is 0. NaN passes, with derivative 1.

    Args:
        input: x, floating point, any shape.
        lambd: λ, a finite scalar, 0 or more.

    Returns:
        y, of the input's shape and dtype.

    Raises:
        TypeError: the input is not floating point, or lambd is not a number.
        ValueError: lambd is negative, infinite or NaN. A traced one is checked under
            `jaxgrad.checkify` only, and a wrong one gives NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softshrink.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import softshrink
    >>> softshrink(jnp.array([-1.0, -0.5, 0.25, 2.0]))
    Array([-0.5,  0. ,  0. ,  1.5], dtype=float32)
    """
    check = _checks.of("softshrink")
    x = check.floating("input", input)
    lambd = check.number("lambd", lambd)
    most = largest(x.dtype)
    valid = (lambd >= 0) & (lambd <= most)
    if valid is not True:
        check.allowed("lambd", lambd, valid, f"in [0, {most:.6g}] for {x.dtype}")
    return _softshrink(x, lambd)


@compiled(0.5)
def _softshrink(input: jax.Array, lambd: jax.Array) -> jax.Array:
    x, lambd = widened(input.dtype, input, lambd)
    lambd = jnp.where((lambd >= 0) & (lambd < jnp.inf), lambd, jnp.nan)
    beyond = jnp.where(x > 0, x - lambd, x + lambd)
    return jnp.where((x >= -lambd) & (x <= lambd), 0, beyond).astype(input.dtype)


def tanhshrink(input: ArrayLike) -> jax.Array:
    """The input without its hyperbolic tangent.

        y = x - tanh x

    Args:
        input: x, integers, floating point or complex numbers, any shape.

    Returns:
        y, of the input's shape and dtype; float32 for integers.

    Raises:
        TypeError: the input is not an array of numbers, or it is bool.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.tanhshrink.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import tanhshrink
    >>> tanhshrink(jnp.array([0.0, 20.0]))
    Array([ 0., 19.], dtype=float32)
    """
    check = _checks.of("tanhshrink")
    x = check.array("input", input)
    return _tanhshrink(x if is_complex(x.dtype) else as_float(check.real("input", x, NUMBERS)))


@jax.jit
def _tanhshrink(input: jax.Array) -> jax.Array:
    if is_complex(input.dtype):
        return input - jnp.tanh(input)
    (x,) = widened(input.dtype, input)
    return _minus_tanh(x).astype(input.dtype)


# d(x - tanh x) = tanh² x dx
@derivatives(lambda t, y, x: along(t, jnp.square(tanh(x))))
def _minus_tanh(x: jax.Array) -> jax.Array:
    """The difference x - tanh x, without cancellation for small x.

    There it comes from tanh x = x / (1 + x² / (3 + x² / (5 + …))); top / bottom is x² / (3 + …).
    """
    small = jnp.abs(x) < 1
    near = jnp.where(small, x, 0)
    square, top, bottom = near * near, jnp.zeros_like(x), jnp.ones_like(x)
    for odd in range(17, 1, -2):
        top, bottom = square * bottom, odd * bottom + top
    return jnp.where(small, near * top / (bottom + top), x - jnp.tanh(x))
