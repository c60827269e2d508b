"""The larger and the smaller of two, and a number moved into a range."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._operands import broadcast_in, common, derivatives, real


def clamp(
    input: ArrayLike, min: ArrayLike | None = None, max: ArrayLike | None = None
) -> jax.Array:
    """Each element moved into a range.

        y = min(max(x, low), high)

    At a bound the derivative with respect to x is 1, and with respect to the bound 0. Where the
    bounds are in the wrong order, the result is the upper one. A bound that is NaN gives NaN.

    Args:
        input: x, an array of real numbers or truth values.
        min: the lower bound, a number or an array that broadcasts with `input`, or None.
        max: the upper bound, likewise; not both may be None.

    Returns:
        An array of the promoted dtype.

    Raises:
        TypeError: an argument is not a real array, or neither bound is given.
        ValueError: the shapes do not broadcast.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.clamp.html

    >>> import jax
    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import clamp
    >>> x = jnp.array([-2.0, -1.0, 0.5, 1.0])
    >>> clamp(x, -1.0, 1.0)
    Array([-1. , -1. ,  0.5,  1. ], dtype=float32)
    >>> jax.grad(lambda x: clamp(x, -1.0, 1.0).sum())(x)
    Array([0., 1., 1., 1.], dtype=float32)
    """
    check = _checks.of("clamp")
    if min is None and max is None:
        raise TypeError(check.wrong("min or max", "given", "None for both"))
    return _clamped(check, input, min, max)


def clamp_min(input: ArrayLike, min: ArrayLike) -> jax.Array:
    """The larger of each element and a lower bound.

        y = max(x, low)

    At the bound the derivative with respect to x is 1, and with respect to the bound 0.

    Args:
        input: x, an array of real numbers or truth values.
        min: the lower bound, a number or an array that broadcasts with `input`.

    Returns:
        An array of the promoted dtype.

    Raises:
        TypeError: an argument is not a real array.
        ValueError: the shapes do not broadcast.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.clamp.html

    >>> import jax
    >>> from jaxgrad.tensor import clamp_min
    >>> jax.grad(clamp_min)(1.0, 1.0)
    Array(1., dtype=float32, weak_type=True)
    """
    check = _checks.of("clamp_min")
    if min is None:
        raise TypeError(check.wrong("min", "an array", "None"))
    return _clamped(check, input, min, None)


def clamp_max(input: ArrayLike, max: ArrayLike) -> jax.Array:
    """The smaller of each element and an upper bound.

        y = min(x, high)

    At the bound the derivative with respect to x is 1, and with respect to the bound 0.

    Args:
        input: x, an array of real numbers or truth values.
        max: the upper bound, a number or an array that broadcasts with `input`.

    Returns:
        An array of the promoted dtype.

    Raises:
        TypeError: an argument is not a real array.
        ValueError: the shapes do not broadcast.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.clamp.html

    >>> import jax
    >>> from jaxgrad.tensor import clamp_max
    >>> jax.grad(clamp_max)(1.0, 1.0)
    Array(1., dtype=float32, weak_type=True)
    """
    check = _checks.of("clamp_max")
    if max is None:
        raise TypeError(check.wrong("max", "an array", "None"))
    return _clamped(check, input, None, max)


def _clamped(check: _checks.Checks, input: Any, low: Any, high: Any) -> jax.Array:
    operands = {"input": input} | {
        name: bound for name, bound in (("min", low), ("max", high)) if bound is not None
    }
    given = {name: real(check, name, value) for name, value in operands.items()}
    return _clamp(given, function=check.function)


@functools.partial(jax.jit, static_argnames="function")
def _clamp(given: dict[str, Any], *, function: str) -> jax.Array:
    dtype = common(_checks.of(function), **given)
    x, low, high = given["input"], given.get("min"), given.get("max")
    if high is None:
        return _at_least(*broadcast_in(dtype, x, low))
    if low is None:
        return _at_most(*broadcast_in(dtype, x, high))
    return _within(*broadcast_in(dtype, x, low, high))


@derivatives(
    lambda t, y, x, low: jnp.where(x >= low, t, 0), lambda t, y, x, low: jnp.where(x < low, t, 0)
)
def _at_least(x: jax.Array, low: jax.Array) -> jax.Array:
    return jnp.maximum(x, low)


@derivatives(
    lambda t, y, x, high: jnp.where(x <= high, t, 0),
    lambda t, y, x, high: jnp.where(x > high, t, 0),
)
def _at_most(x: jax.Array, high: jax.Array) -> jax.Array:
    return jnp.minimum(x, high)


@derivatives(
    lambda t, y, x, low, high: jnp.where((x >= low) & (x <= high), t, 0),
    lambda t, y, x, low, high: jnp.where((x < low) & (low < high), t, 0),
    lambda t, y, x, low, high: jnp.where((x > high) | (high < low), t, 0),
)
def _within(x: jax.Array, low: jax.Array, high: jax.Array) -> jax.Array:
    return jnp.minimum(jnp.maximum(x, low), high)


def maximum(input: ArrayLike, other: ArrayLike) -> jax.Array:
    """The larger of two, element by element; NaN if one is.

        z = max(x, y)

    A tie shares the derivative evenly. Where one is NaN, both have derivative 1.

    Args:
        input: x, an array of real numbers or truth values, or a number.
        other: y, of a shape that broadcasts with it.

    Returns:
        An array of the promoted dtype.

    Raises:
        TypeError: an argument is not a real array.
        ValueError: the shapes do not broadcast.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.maximum.html

    >>> import jax
    >>> from jaxgrad.tensor import maximum
    >>> jax.grad(maximum)(1.0, 1.0)
    Array(0.5, dtype=float32, weak_type=True)
    """
    check = _checks.of("maximum")
    x, y = real(check, "input", input), real(check, "other", other)
    return _maximum(x, y)


def minimum(input: ArrayLike, other: ArrayLike) -> jax.Array:
    """The smaller of two, element by element; NaN if one is.

        z = min(x, y)

    A tie shares the derivative evenly. Where one is NaN, both have derivative 1.

    Args:
        input: x, an array of real numbers or truth values, or a number.
        other: y, of a shape that broadcasts with it.

    Returns:
        An array of the promoted dtype.

    Raises:
        TypeError: an argument is not a real array.
        ValueError: the shapes do not broadcast.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.minimum.html

    >>> import jax
    >>> from jaxgrad.tensor import minimum
    >>> jax.grad(minimum)(1.0, 1.0)
    Array(0.5, dtype=float32, weak_type=True)
    """
    check = _checks.of("minimum")
    x, y = real(check, "input", input), real(check, "other", other)
    return _minimum(x, y)


def _shared(t: jax.Array, lost: jax.Array, tie: jax.Array) -> jax.Array:
    return jnp.where(lost, 0, jnp.where(tie, t / 2, t))


@derivatives(
    lambda t, z, x, y: _shared(t, x < y, x == y), lambda t, z, x, y: _shared(t, y < x, x == y)
)
def _larger(x: jax.Array, y: jax.Array) -> jax.Array:
    return jnp.maximum(x, y)


@derivatives(
    lambda t, z, x, y: _shared(t, x > y, x == y), lambda t, z, x, y: _shared(t, y > x, x == y)
)
def _smaller(x: jax.Array, y: jax.Array) -> jax.Array:
    return jnp.minimum(x, y)


@jax.jit
def _maximum(x: Any, y: Any) -> jax.Array:
    dtype = common(_checks.of("maximum"), input=x, other=y)
    return _larger(*broadcast_in(dtype, x, y))


@jax.jit
def _minimum(x: Any, y: Any) -> jax.Array:
    dtype = common(_checks.of("minimum"), input=x, other=y)
    return _smaller(*broadcast_in(dtype, x, y))


def fmax(input: ArrayLike, other: ArrayLike) -> jax.Array:
    """The larger of two, element by element; NaN only if both are.

        z = max(x, y)

    A tie gives the whole derivative to `input`.

    Args:
        input: x, an array of real numbers or truth values, or a number.
        other: y, of a shape that broadcasts with it.

    Returns:
        An array of the promoted dtype.

    Raises:
        TypeError: an argument is not a real array.
        ValueError: the shapes do not broadcast.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fmax.html

    >>> import jax
    >>> from jaxgrad.tensor import fmax
    >>> jax.grad(fmax)(1.0, 1.0)
    Array(1., dtype=float32, weak_type=True)
    """
    check = _checks.of("fmax")
    x, y = real(check, "input", input), real(check, "other", other)
    return _fmax(x, y)


def fmin(input: ArrayLike, other: ArrayLike) -> jax.Array:
    """The smaller of two, element by element; NaN only if both are.

        z = min(x, y)

    A tie gives the whole derivative to `input`.

    Args:
        input: x, an array of real numbers or truth values, or a number.
        other: y, of a shape that broadcasts with it.

    Returns:
        An array of the promoted dtype.

    Raises:
        TypeError: an argument is not a real array.
        ValueError: the shapes do not broadcast.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.fmin.html

    >>> import jax
    >>> from jaxgrad.tensor import fmin
    >>> jax.grad(fmin)(1.0, 1.0)
    Array(1., dtype=float32, weak_type=True)
    """
    check = _checks.of("fmin")
    x, y = real(check, "input", input), real(check, "other", other)
    return _fmin(x, y)


@jax.jit
def _fmax(x: Any, y: Any) -> jax.Array:
    dtype = common(_checks.of("fmax"), input=x, other=y)
    x, y = broadcast_in(dtype, x, y)
    return jnp.where((x >= y) | (y != y), x, y)


@jax.jit
def _fmin(x: Any, y: Any) -> jax.Array:
    dtype = common(_checks.of("fmin"), input=x, other=y)
    x, y = broadcast_in(dtype, x, y)
    return jnp.where((x <= y) | (y != y), x, y)
