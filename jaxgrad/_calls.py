"""Errors of calls that do not fit a signature: what came, and what to write instead.

Python's own message for `dropout(x)` asks for an input, although the key is missing.
"""

import functools
import inspect
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

import jax
import numpy as np

from jaxgrad import _checks

P = ParamSpec("P")
R = TypeVar("R")

REMOVED_KEYWORDS = {
    "generator": "the first argument says which numbers are drawn",
    "inplace": "take what is returned",
    "out": "take what is returned",
    "device": "move the result with jax.device_put",
    "requires_grad": "name what is differentiated in jax.grad",
    "pin_memory": "leave it out",
    "layout": "leave it out",
    "size_average": "write reduction='sum' in the place of False, and nothing in that of True",
    "reduce": "write reduction='none' in the place of False, and nothing in that of True",
}
"""Keywords of PyTorch that no function here takes, and what to write instead."""
RENAMED = {"size": "shape", "axis": "dim", "minval": "a", "maxval": "b"}
"""Keywords of PyTorch and JAX that have another name here."""


def called(function: Callable[P, R]) -> Callable[P, R]:
    """Gives a function an error that says what to write where a call does not fit its signature."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except (TypeError, ValueError) as error:
            within = error.__traceback__ is not None and error.__traceback__.tb_next is not None
            reason = (
                _first_argument_error(function, args)
                if within
                else misfit(function, args, kwargs, error)
            )
            if not reason:
                raise
        raise TypeError(reason)

    return call


def filling(function: Callable[P, R]) -> Callable[P, R]:
    """`called`, for a sampler that takes a shape before its parameters.

    PyTorch's `x.uniform_(0, 1)` has no shape, and `uniform(key, 0, 1)` would be an empty array.
    """
    inner, names = called(function), _positional_names(function)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if 3 <= len(args) < len(names) and type(args[1]) is int:
            _refuse_missing_shape(function.__name__, names, args, kwargs)
        return inner(*args, **kwargs)

    return call


def _refuse_missing_shape(
    name: str, names: Sequence[str], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> None:
    """Refuse a call with parameters in the place of the shape, such as `uniform(key, 0, 1)`."""
    size, first = args[1:3]
    number = isinstance(first, (int, float))
    nothing_below = names[2:4] == ["a", "b"] and number and first >= 1
    if kwargs.keys() & set(names) or not (size == 0 or nothing_below):
        return
    given = ", ".join(map(repr, args[1:]))
    remedy = f"write {name}({names[0]}, shape, {given})"
    if size == 0:
        remedy += ", or shape=(0,) for an empty array"
    elif number:
        remedy += f", or shape=({given})"
    expected = f"given before {' and '.join(names[2:])}"
    raise ValueError(_checks.wrong(name, "shape", expected, given, remedy))


def _positional_names(function: Callable[..., Any]) -> list[str]:
    """The names of the arguments that may be given by position."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return [n for n, p in inspect.signature(function).parameters.items() if p.kind is kind]


def misfit(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], error: Exception
) -> str:
    """The error of a call that Python refused: the mistake to correct first."""
    name, names, reason = function.__name__, _positional_names(function), str(error)
    if "unexpected keyword" in reason:
        gone = next(keyword for keyword in kwargs if f"'{keyword}'" in reason)
        remedy = REMOVED_KEYWORDS.get(gone, f"write {name}({_signature_text(function)})")
        if RENAMED.get(gone) in inspect.signature(function).parameters:
            remedy = f"it is called {RENAMED[gone]} here"
        return _checks.wrong(name, gone, "left out", f"{kwargs[gone]!r:.60}", remedy)
    if first := _first_argument_error(function, args):
        return first
    if len(args) > len(names) and "shape" in names:
        sizes = args[names.index("shape") :]
        if all(_is_size(size) for size in sizes):
            before = ", ".join(names[: names.index("shape")])
            got = ", ".join(map(str, sizes))
            remedy = f"write {name}({before}, ({got}))"
            return _checks.wrong(name, "shape", "one argument", got, remedy)
    missing = " and ".join(re.findall(r"'(\w+)'", reason)) if "missing" in reason else ""
    if missing:
        remedy = f"write {name}({_signature_text(function)})"
        return _checks.wrong(name, missing, "given", "nothing", remedy)
    got = f"{len(args)} by position"
    return _checks.wrong(name, "the arguments", f"({_signature_text(function)})", got)


def _first_argument_error(function: Callable[..., Any], args: Sequence[Any]) -> str:
    """The error where numbers are in the place of the key or the state; else ""."""
    if not args or not isinstance(args[0], (int, float, tuple, list, np.ndarray, jax.Array)):
        return ""
    name, argument = function.__name__, _positional_names(function)[0]
    try:
        if argument == "key":
            _checks.key(name, args[0])
    except ValueError:  # a batch of keys, as the function itself says
        return ""
    except TypeError as error:
        return str(error)
    if argument != "state" or isinstance(args[0], tuple) and hasattr(args[0], "words"):
        return ""
    got = f"{type(args[0]).__name__} {args[0]!r:.60}"
    remedy = "make one with jaxgrad.replay.manual_seed(seed), it comes first"
    return _checks.wrong(name, argument, "a State", got, remedy)


def _is_size(value: Any) -> bool:
    try:
        operator.index(value)
    except TypeError:
        return False
    return True


def _signature_text(function: Callable[..., Any]) -> str:
    """The signature without its types."""
    parameters = inspect.signature(function).parameters.values()
    plain = [p.replace(annotation=inspect.Parameter.empty) for p in parameters]
    return str(inspect.Signature(plain))[1:-1]
