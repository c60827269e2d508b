"""Activations made of straight or quadratic pieces, with PyTorch's derivatives at the joints."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._dtypes import is_floating, widened
from jaxgrad._operands import by_slope

from .._arguments import NUMBERS, comparable, compiled, number_for


@called
def hardtanh(input: ArrayLike, min_val: ArrayLike = -1.0, max_val: ArrayLike = 1.0) -> jax.Array:
    """The input, clipped to an interval.

        y = min(max(x, min_val), max_val)

    The derivative at both bounds is 0, and 1 at NaN.

    Args:
        input: x, integers or floating point numbers, any shape.
        min_val: lower bound, a scalar.
        max_val: upper bound, a scalar, at least `min_val`. For an integer input both are truncated,
            and must fit its dtype.

    Returns:
        y, of the input's shape and dtype.

    Raises:
        TypeError: the input is not an array of real numbers, or is bool; or a bound is not a
            number.
        ValueError: the bounds are out of order, are NaN, or do not fit an integer input's dtype.
            Traced bounds are checked under `jaxgrad.checkify` only, and wrong ones give NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.hardtanh.html

    Differs from PyTorch: a bound that is NaN is an error; PyTorch gives NaN everywhere.

    >>> import jax
    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import hardtanh
    >>> jax.vmap(jax.grad(hardtanh))(jnp.array([-1.0, 0.0, 1.0]))
    Array([0., 1., 0.], dtype=float32)
    """
    check = _checks.of("hardtanh")
    x = check.real("input", input, NUMBERS)
    low = number_for(check, "min_val", min_val, x)
    high = number_for(check, "max_val", max_val, x)
    check.allowed("min_val", low, low <= high, "at most max_val")
    return _hardtanh(x, low, high)


@compiled(-1.0, 1.0)
def _hardtanh(x: jax.Array, low: jax.Array, high: jax.Array) -> jax.Array:
    of, least, most = comparable(x, low, high)
    low, high = jnp.asarray(low).astype(x.dtype), jnp.asarray(high).astype(x.dtype)
    y = jnp.where(of <= least, low, jnp.where(of >= most, high, x))
    return jnp.where(low <= high, y, jnp.nan) if is_floating(x.dtype) else y


@called
def relu6(input: ArrayLike) -> jax.Array:
    """Rectified linear unit that saturates at 6.

        y = min(max(x, 0), 6)

    The derivative at 0 and at 6 is 0, and 1 at NaN.

    Args:
        input: x, integers or floating point numbers, any shape.

    Returns:
        y, of the input's shape and dtype.

    Raises:
        TypeError: the input is not an array of real numbers, or it is bool.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.relu6.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import relu6
    >>> relu6(jnp.array([-1.0, 3.0, 8.0]))
    Array([0., 3., 6.], dtype=float32)
    """
    return _relu6(_checks.of("relu6").real("input", input, NUMBERS))


@jax.jit
def _relu6(x: jax.Array) -> jax.Array:
    return jnp.where(x <= 0, 0, jnp.where(x >= 6, 6, x))


@called
def hardsigmoid(input: ArrayLike) -> jax.Array:
    """A sigmoid of three straight pieces.

        y = min(max(x + 3, 0), 6) / 6

    The derivative at -3 and at 3 is 0, and 0 at NaN too.

    Args:
        input: x, floating point, any shape.

    Returns:
        y, of the input's shape and dtype.

    Raises:
        TypeError: the input is not floating point.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.hardsigmoid.html

    Differs from PyTorch: the second derivative is 0; PyTorch has none.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import hardsigmoid
    >>> hardsigmoid(jnp.array([-4.0, 0.0, 1.5]))
    Array([0.  , 0.5 , 0.75], dtype=float32)
    """
    return _hardsigmoid(_checks.of("hardsigmoid").floating("input", input))


@jax.jit
def _hardsigmoid(input: jax.Array) -> jax.Array:
    (x,) = widened(input.dtype, input)
    end = jnp.where(x >= 3, 1, jnp.where(x <= -3, 0, jnp.nan))
    return jnp.where((x > -3) & (x < 3), (x + 3) / 6, end).astype(input.dtype)


@called
def hardswish(input: ArrayLike) -> jax.Array:
    """The input times its `hardsigmoid`.

        y = x · min(max(x + 3, 0), 6) / 6

    The derivative is 0 at -3, where the slope from the right is -1/2, and 1 at 3, where the slope
    from the left is 3/2. At NaN it is 1. The second derivative is 1/3 between -3 and 3, else 0.

    Args:
        input: x, floating point, any shape.

    Returns:
        y, of the input's shape and dtype; NaN at -∞, as in PyTorch.

    Raises:
        TypeError: the input is not floating point.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.hardswish.html

    >>> import jax
    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import hardswish
    >>> jax.vmap(jax.grad(hardswish))(jnp.array([-3.0, 0.0, 3.0]))
    Array([0. , 0.5, 1. ], dtype=float32)
    """
    return _hardswish(_checks.of("hardswish").floating("input", input))


@jax.jit
def _hardswish(input: jax.Array) -> jax.Array:
    (x,) = widened(input.dtype, input)
    between = (x > -3) & (x < 3)
    middle = jnp.where(between, x, 0)  # an infinite x must not reach the derivative
    end = jnp.where(x <= -3, 0 * jax.lax.stop_gradient(x), x)
    return jnp.where(between, _parabola(middle), end).astype(input.dtype)


@by_slope
def _parabola(x: jax.Array) -> jax.Array:
    return x * (x + 3) / 6
