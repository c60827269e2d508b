"""Exponential linear units: linear above 0, and an exponential that saturates below."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._dtypes import widened

from .._arguments import compiled

_ALPHA, _SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


@jax.custom_jvp
def _expm1(x: jax.Array) -> jax.Array:
    """eˣ - 1, with derivative eˣ. JAX's, (eˣ - 1) + 1, loses all digits for very negative x."""
    return jnp.expm1(x)


@_expm1.defjvp
def _expm1_jvp(
    primals: tuple[jax.Array], tangents: tuple[jax.Array]
) -> tuple[jax.Array, jax.Array]:
    return _expm1(*primals), jnp.exp(primals[0]) * tangents[0]


def _elu_curve(x: jax.Array, alpha: jax.Array) -> jax.Array:
    """The value of elu: the derivative at 0 is alpha, and the second derivative 0."""
    below = x < 0
    curve = alpha * _expm1(jnp.where(below, x, 0))
    return jnp.where(below, curve, x * jnp.where(x == 0, alpha, 1))


@called
def elu(input: ArrayLike, alpha: ArrayLike = 1.0) -> jax.Array:
    """Exponential linear unit.

        y = x where x > 0, α (eˣ - 1) elsewhere

    The derivative at 0 is α and the second derivative there 0; at NaN the derivative is 1.

    Args:
        input: x, floating point, any shape.
        alpha: the scale α below 0, a scalar.

    Returns:
        y, of the input's shape and dtype.

    Raises:
        TypeError: the input is not floating point, or alpha is not a number.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.elu.html

    >>> import jax
    >>> from jaxgrad.functional import elu
    >>> jax.grad(elu)(0.0, alpha=2.0)
    Array(2., dtype=float32, weak_type=True)
    """
    check = _checks.of("elu")
    x = check.floating("input", input)
    return _elu(x, check.number("alpha", alpha))


@compiled(1.0)
def _elu(input: jax.Array, alpha: jax.Array) -> jax.Array:
    return _elu_curve(*widened(input.dtype, input, alpha)).astype(input.dtype)


@called
def celu(input: ArrayLike, alpha: ArrayLike = 1.0) -> jax.Array:
    """Exponential linear unit with a continuous derivative.

        y = x where x > 0, α (exp(x / α) - 1) elsewhere

    The derivative at 0 is 1 and the second derivative there 0; at NaN the derivative is 1.

    Args:
        input: x, floating point, any shape.
        alpha: α, a scalar other than 0.

    Returns:
        y, of the input's shape and dtype.

    Raises:
        TypeError: the input is not floating point, or alpha is not a number.
        ValueError: alpha is 0. A traced one is checked under `jaxgrad.checkify` only, and 0 gives
            NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.celu.html

    >>> import jax
    >>> from jaxgrad.functional import celu
    >>> jax.grad(celu)(0.0, alpha=2.0)
    Array(1., dtype=float32, weak_type=True)
    """
    check = _checks.of("celu")
    x = check.floating("input", input)
    return _celu(x, check.bounded("alpha", alpha, lambda alpha: alpha != 0, "other than 0"))


@compiled(1.0)
def _celu(input: jax.Array, alpha: jax.Array) -> jax.Array:
    x, alpha = widened(input.dtype, input, alpha)
    below = x < 0
    y = jnp.where(below, alpha * _expm1(jnp.where(below, x, 0) / alpha), x)
    return jnp.where(alpha == 0, jnp.nan, y).astype(input.dtype)


@called
def selu(input: ArrayLike) -> jax.Array:
    """Self-normalizing exponential linear unit.

        y = λ x where x > 0, λ α (eˣ - 1) elsewhere,   α = 1.67326…, λ = 1.05070…

    The derivative at 0 is λ α and the second derivative there 0; at NaN the derivative is λ.

    Args:
        input: x, floating point, any shape.

    Returns:
        y, of the input's shape and dtype.

    Raises:
        TypeError: the input is not floating point.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.selu.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import selu
    >>> selu(jnp.array([-jnp.inf, 0.0, 1.0]))
    Array([-1.7580993,  0.       ,  1.050701 ], dtype=float32)
    """
    return _selu(_checks.of("selu").floating("input", input))


@jax.jit
def _selu(input: jax.Array) -> jax.Array:
    (x,) = widened(input.dtype, input)
    return (_SCALE * _elu_curve(x, jnp.asarray(_ALPHA, x.dtype))).astype(input.dtype)
