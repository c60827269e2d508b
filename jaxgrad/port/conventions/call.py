"""A call of a PyTorch function, and another way to make it."""

import importlib
import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .signatures import POSITIONAL


class Call(NamedTuple):
    """A call of a PyTorch function, with copies of its arguments."""

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


Arguments = dict[str, Any]
"""The arguments of a call by name."""


class Candidate(NamedTuple):
    """A candidate cause: another way to make a call.

    Attributes:
        original: the call that PyTorch made, such as "gelu(approximate='none')".
        port: the call that the port may have made instead.
        run: makes that call; returns its result and its tensor arguments, which it may write to.
        part: whether a right port may compute this too, on its way to the right result.
    """

    original: str
    port: str
    run: Callable[[], tuple[Any, list[Any]]]
    part: bool = False


def computed(
    original: str, port: str, function: Callable[[], Any], *, part: bool = False
) -> Candidate:
    """A candidate whose function writes to no argument."""
    return Candidate(original, port, lambda: (function(), []), part)


def torch_functional() -> Any:
    """`torch.nn.functional`, imported when it is first used."""
    return importlib.import_module("torch.nn.functional")


def arguments_of(call: Call) -> Arguments | None:
    """The arguments of a call by name; None if the names are not known."""
    names = POSITIONAL.get(call.name, ())
    if names and len(call.args) <= len(names):
        return dict(zip(names, call.args, strict=False)) | dict(call.kwargs)
    try:
        bound = inspect.signature(call.function).bind(*call.args, **call.kwargs)
    except (TypeError, ValueError):
        return None
    bound.apply_defaults()
    return dict(bound.arguments)


def changed(call: Call, arguments: Arguments, original: str, port: str, **new: Any) -> Candidate:
    """The same function with some arguments changed; the texts say what stands in its brackets."""
    run = caller(call.function, {**arguments, **new})
    part = any(value is None or value == "none" for value in new.values() if not _is_tensor(value))
    return Candidate(f"{call.name}({original})", f"{call.name}({port})", run, part)


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "detach")


def caller(
    function: Callable[..., Any], arguments: Mapping[str, Any]
) -> Callable[[], tuple[Any, list[Any]]]:
    """Calls a function with copies of its tensors, as some functions write to their arguments."""
    torch = importlib.import_module("torch")

    def run() -> tuple[Any, list[Any]]:
        fresh = {
            name: value.clone() if isinstance(value, torch.Tensor) else value
            for name, value in arguments.items()
        }
        given = [value for value in fresh.values() if isinstance(value, torch.Tensor)]
        first = fresh.pop("input", None)
        return function(*(() if first is None else (first,)), **fresh), given

    return run


DEFAULT = "(default)"
"""Stands for an argument that a call does not give."""


def in_words(value: Any) -> str:
    """The value of an argument in a report."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if _is_tensor(value):
        return f"a tensor of shape {tuple(value.shape)}"
    return DEFAULT if value is DEFAULT else repr(value)


def each_axis(value: Any, count: int) -> tuple[int, ...]:
    """An option such as a stride for each of the spatial axes."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    return values * count if len(values) == 1 else values


def is_number(value: Any) -> bool:
    """Whether a value is a finite Python number, but no flag."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
