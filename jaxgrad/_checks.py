"""Checks of arguments and the wording of their errors, for all rooms.

A static fact (shape, dtype, an unknown option) raises `TypeError` or `ValueError` at trace time. A
fact about values raises `ValueError` where the values are concrete. Under tracing it leaves nothing
in the program, unless `checkify` asks for it. With an effect a jitted function would lose JAX's
fast dispatch, and a small call would take several times as long.
"""

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jaxgrad import _remedies
from jaxgrad._dtypes import is_a, is_complex, is_floating, made, result_type
from jaxgrad._remedies import wrong as wrong
from jaxgrad._values import checkify as checkify
from jaxgrad._values import each_holds as each_holds
from jaxgrad._values import finite as finite
from jaxgrad._values import holds as holds
from jaxgrad._values import in_range as in_range
from jaxgrad._values import is_known as is_known

Shape = int | Sequence[int]
"""A shape as an argument: one size, or a sequence of them."""


def instance(function: str, argument: str, value: Any, kind: type) -> None:
    """Refuse what is not of the type `kind`."""
    if not isinstance(value, kind):
        raise TypeError(wrong(function, argument, f"a {kind.__name__}", type(value).__name__))


def array(function: str, argument: str, value: Any) -> jax.Array:
    """`value` as an array, or a `TypeError` that names the argument."""
    if isinstance(value, jax.Array):
        return value
    try:
        of_no_kind = value is None or isinstance(value, (str, bytes, dict))
        if of_no_kind or getattr(value, "requires_grad", False):
            raise TypeError("no array")
        return jnp.asarray(value)
    except (TypeError, ValueError, OverflowError) as error:
        got, remedy = f"{type(value).__name__} {value!r:.60}", _remedies.for_array(value)
        raise TypeError(wrong(function, argument, "an array", got, remedy)) from error


def arrays(function: str, argument: str, tree: Any) -> Any:
    """`tree` with arrays for leaves."""
    if all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(tree)):
        return tree
    return jax.tree.map(lambda leaf: array(function, argument, leaf), tree)


def floating(function: str, argument: str, value: Any) -> jax.Array:
    """`value` as a real floating point array."""
    result = array(function, argument, value)
    promoted(function, argument, result)
    return result


def real(
    function: str, argument: str, value: Any, expected: str = "an array of real numbers"
) -> jax.Array:
    """`value` as an array of integers or real floating point numbers; truth values are refused."""
    result = array(function, argument, value)
    if not (is_floating(result.dtype) or is_a(result.dtype, jnp.integer)):
        raise TypeError(wrong(function, argument, expected, result.dtype))
    return result


def promoted(function: str, argument: str, *arrays: Any) -> Any:
    """The dtype that arrays and dtypes promote to, which must be real floating point."""
    dtype = result_type(*arrays)
    if not is_floating(dtype):
        remedy = (
            "take its .real, .imag or jnp.abs"
            if is_complex(dtype)
            else "cast it with .astype(float)"
        )
        raise TypeError(wrong(function, argument, "floating point", dtype, remedy))
    return dtype


def scalar(function: str, argument: str, value: Any) -> jax.Array:
    """`value` as a real 0-D array; a Python number stays weakly typed."""
    result = array(function, argument, value)
    if result.ndim or not (is_floating(result.dtype) or is_a(result.dtype, jnp.integer)):
        got = f"{result.dtype}{list(result.shape)}"
        raise TypeError(wrong(function, argument, "a real scalar", got))
    return result


def number(function: str, argument: str, value: Any) -> float | jax.Array:
    """`value` as a real scalar: a Python number stays one, with all its digits."""
    if type(value) is float:
        return value
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        result = scalar(function, argument, value)
        return result if is_floating(result.dtype) else result.astype(float)
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError(
            wrong(function, argument, "a number in range", "an integer beyond it")
        ) from error


def bounded(
    function: str, argument: str, value: Any, valid: Callable[[Any], Any], expected: str
) -> float | jax.Array:
    """`value` as `number`, which `valid` must accept."""
    result = number(function, argument, value)
    allowed(function, argument, result, valid(result), expected)
    return result


def allowed(
    function: str, argument: str, number: float | jax.Array, valid: Any, expected: str
) -> None:
    """Refuse a number unless `valid`, as `holds` does."""
    if valid is True:
        return
    got = number if isinstance(number, float) else "{value}"  # an array has fewer digits
    text = wrong(function, argument, expected, got)
    holds(valid, text, value=lambda: jnp.asarray(number))


def static_number(function: str, argument: str, value: Any) -> float:
    """`value` as a finite Python number, which decides what is traced."""
    if isinstance(value, Tracer):
        remedy = f"under jit make it static: static_argnames={argument!r}"
        raise TypeError(wrong(function, argument, "a concrete number", "a tracer", remedy))
    result = float(number(function, argument, value))
    if not math.isfinite(result):
        raise ValueError(wrong(function, argument, "finite", result))
    return result


def truth(function: str, argument: str, value: Any) -> bool:
    """`value` as a static bool; 1 and "no" are refused."""
    if value is True or value is False:
        return value
    if not isinstance(value, np.bool_):
        if isinstance(value, Tracer):
            remedy = f"under jit make it static: static_argnames={argument!r}"
            raise TypeError(wrong(function, argument, "True or False", "a tracer", remedy))
        got = f"{type(value).__name__} {value!r:.60}"
        raise TypeError(wrong(function, argument, "True or False", got))
    return bool(value)


def integer(function: str, argument: str, value: Any, minimum: int) -> int:
    """`value` as a static Python integer of at least `minimum`."""
    try:
        if isinstance(value, bool):
            raise TypeError("a truth value is not a count")
        result = operator.index(value)
    except TypeError as error:
        got = f"{type(value).__name__} {value!r:.60}"
        static = f"under jit make it static: static_argnames={argument!r}"
        remedy = static if isinstance(value, Tracer) else ""
        raise TypeError(wrong(function, argument, "a concrete integer", got, remedy)) from error
    if result < minimum:
        raise ValueError(wrong(function, argument, f"at least {minimum}", result))
    return result


def concrete(function: str, argument: str, tree: Any) -> None:
    """Refuse traced values where a function works on the host."""
    if any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(tree)):
        remedy = f"{function} runs on the host: call it outside jit, vmap and grad"
        raise TypeError(wrong(function, argument, "concrete", "a traced array", remedy))


def key(function: str, value: Any, argument: str = "key", first: bool = True) -> jax.Array:
    """`value` as one typed key, of any implementation; `first` where it is the first argument."""
    if not (isinstance(value, jax.Array) and value.dtype.type is jax.dtypes.prng_key):
        got = f"{type(value).__name__} {value!r:.60}"
        remedy = _remedies.for_key(function, value, "" if first else argument)
        raise TypeError(wrong(function, argument, "a typed key", got, remedy))
    if value.ndim:
        remedy = "map over the keys with jax.vmap"
        raise ValueError(wrong(function, argument, "a single key", f"shape {value.shape}", remedy))
    return value


def shape(function: str, value: Any) -> tuple[int, ...]:
    """`value`, an integer or a sequence of integers, as a shape."""
    if type(value) is int and 0 <= value < 2**31:
        return (value,)
    sizes = value if isinstance(value, (tuple, list)) else (value,)
    try:
        result = tuple(integer(function, "shape", size, minimum=0) for size in sizes)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{error}{_remedies.for_shape(value)}") from error
    if math.prod(result) >= 2**48 or len(result) > 64:  # beyond, XLA aborts the process
        raise ValueError(wrong(function, "shape", "an addressable size", result))
    return result


def no_shape(function: str, argument: str, value: Any, expected: str) -> None:
    """Refuse a tuple or a list, as JAX's samplers take the shape where PyTorch's take a number."""
    if isinstance(value, (tuple, list)):
        sizes = all(isinstance(one, (int, np.integer)) for one in value)
        remedy = "give the shape by keyword: shape={}" if sizes else "make it one: jnp.array({})"
        got = f"{value!r:.60}"
        raise TypeError(wrong(function, argument, expected, got, remedy.format(got)))


def float_dtype(function: str, value: Any) -> np.dtype:
    """`value` as a real floating point dtype; None is JAX's default float."""
    try:
        dtype = made(float if value is None else value)
    except (TypeError, ValueError) as error:
        expected, remedy = "a floating point dtype", _remedies.for_dtype(value)
        raise TypeError(wrong(function, "dtype", expected, repr(value), remedy)) from error
    if not is_floating(dtype):
        raise TypeError(wrong(function, "dtype", "a floating point dtype", dtype))
    return dtype


def number_dtype(function: str, value: Any, default: Any) -> np.dtype:
    """`value` as a real dtype of integers, floats or truth values; None is `default`."""
    try:
        dtype = made(default if value is None else value)
    except (TypeError, ValueError) as error:
        expected, remedy = "a real dtype", _remedies.for_dtype(value)
        raise TypeError(wrong(function, "dtype", expected, repr(value), remedy)) from error
    if not any(is_a(dtype, kind) for kind in (jnp.integer, jnp.floating, jnp.bool_)):
        raise TypeError(wrong(function, "dtype", "a real dtype", dtype))
    return dtype


def option(function: str, argument: str, value: Any, options: tuple[str, ...]) -> str:
    """`value` as one of the named `options`."""
    if not isinstance(value, str) or value not in options:
        expected = "one of " + ", ".join(map(repr, options))
        raise ValueError(wrong(function, argument, expected, repr(value)))
    return value


def same_shape(function: str, argument: str, value: jax.Array, other: str, like: jax.Array) -> None:
    """Refuse the silent broadcast of `value` against `like`."""
    if value.shape != like.shape:
        expected = f"of {other}'s shape {like.shape}"
        remedy = "broadcast it yourself with jnp.broadcast_to"
        raise ValueError(wrong(function, argument, expected, value.shape, remedy))


def same_dtype(function: str, argument: str, value: jax.Array, other: str, like: jax.Array) -> None:
    """Refuse a `value` of another dtype than `like`, the argument `other`."""
    if value.dtype != like.dtype:
        expected = f"of {other}'s {like.dtype}"
        raise TypeError(wrong(function, argument, expected, value.dtype, "cast it with .astype"))


def axis(function: str, argument: str, value: Any, ndim: int) -> int:
    """`value` as an axis counted from the front; a 0-D array has the one axis 0, as in PyTorch."""
    ndim = ndim or 1
    result = integer(function, argument, value, minimum=-ndim)
    if result >= ndim:
        raise ValueError(wrong(function, argument, f"below {ndim}", result))
    return result % ndim


def axes(function: str, argument: str, value: Any, ndim: int) -> tuple[int, ...]:
    """`value`, an integer or a sequence of them, as different axes; None and () are all."""
    if value is None or (isinstance(value, (tuple, list)) and not value):
        return tuple(range(ndim))
    values = value if isinstance(value, (tuple, list)) else (value,)
    result = tuple(axis(function, argument, one, ndim) for one in values)
    if len(set(result)) < len(result):
        raise ValueError(wrong(function, argument, "made of different axes", value))
    return result if ndim else ()


class Checks:
    """The checks above, of the arguments of one function: errors start with its name."""

    def __init__(self, function: str):
        self.function = function
        self.wrong = functools.partial(wrong, function)
        self.instance = functools.partial(instance, function)
        self.array = functools.partial(array, function)
        self.arrays = functools.partial(arrays, function)
        self.floating = functools.partial(floating, function)
        self.real = functools.partial(real, function)
        self.promoted = functools.partial(promoted, function)
        self.scalar = functools.partial(scalar, function)
        self.number = functools.partial(number, function)
        self.bounded = functools.partial(bounded, function)
        self.allowed = functools.partial(allowed, function)
        self.static_number = functools.partial(static_number, function)
        self.truth = functools.partial(truth, function)
        self.integer = functools.partial(integer, function)
        self.concrete = functools.partial(concrete, function)
        self.key = functools.partial(key, function)
        self.shape = functools.partial(shape, function)
        self.no_shape = functools.partial(no_shape, function)
        self.float_dtype = functools.partial(float_dtype, function)
        self.number_dtype = functools.partial(number_dtype, function)
        self.option = functools.partial(option, function)
        self.same_shape = functools.partial(same_shape, function)
        self.same_dtype = functools.partial(same_dtype, function)
        self.axis = functools.partial(axis, function)
        self.axes = functools.partial(axes, function)


@functools.cache
def of(function: str) -> Checks:
    """The checks in the name of a function: `of("normal").key(x)` is `key("normal", x)`."""
    return Checks(function)
