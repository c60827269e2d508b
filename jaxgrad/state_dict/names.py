"""Dotted names and nested dicts: `nest` and `flatten`."""

from collections.abc import Mapping
from typing import Any

from jaxgrad import _checks


def nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    """A nested dict of a flat one: "a.b" becomes ["a"]["b"].

    It works under jit, vmap and grad: values are handed on as they are.

    Args:
        flat: values by dotted names, such as a state dict.

    Returns:
        nested dicts. Their keys are text, also those of numbered layers: "0".

    Raises:
        ValueError: a part of a name is empty, or a name is also the beginning of another.
        TypeError: `flat` is no dict with names of text.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.state_dict

    >>> from jaxgrad.state_dict import nest
    >>> nest({"0.weight": 1, "0.bias": 2, "head.norm.weight": 3})
    {'0': {'weight': 1, 'bias': 2}, 'head': {'norm': {'weight': 3}}}
    """
    check, flat = _checks.of("nest"), named("nest", "flat", flat)
    beginnings = {begin for name in flat for begin in _beginnings(name)}
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        *parents, last = name.split(".")
        if "" in (*parents, last):
            raise ValueError(check.wrong("flat", "a dict of names without empty parts", repr(name)))
        if name in beginnings:
            got = f"the name {name!r}, with which others begin"
            raise ValueError(check.wrong("flat", "a dict of names that can be nested", got))
        inside = nested
        for part in parents:
            inside = inside.setdefault(part, {})
        inside[last] = value
    return nested


def _beginnings(name: str) -> list[str]:
    """What is before each dot."""
    return [name[:i] for i, letter in enumerate(name) if letter == "."]


def flatten(nested: Mapping[str, Any]) -> dict[str, Any]:
    """A flat dict of nested ones, by dotted names, as in a state dict.

    It works under jit, vmap and grad: values are handed on as they are.

    Args:
        nested: dicts within dicts, with keys of text. All else is a value: arrays, numbers, lists.

    Returns:
        the values by dotted names, in their order. A dict with nothing in it leaves no name.

    Raises:
        ValueError: two values get the same name, or a dict contains itself.
        TypeError: `nested` is no dict, or a key is not text.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.state_dict

    >>> from jaxgrad.state_dict import flatten
    >>> flatten({"0": {"weight": 1, "bias": 2}, "head": {"norm.weight": 3}})
    {'0.weight': 1, '0.bias': 2, 'head.norm.weight': 3}
    """
    flat: dict[str, Any] = {}
    _flatten_into(flat, "", nested, DEEPEST)
    return flat


DEEPEST = 100
"""So many dicts may be within one another."""


def _flatten_into(flat: dict[str, Any], before: str, nested: Any, depth: int) -> None:
    check = _checks.of("flatten")
    if not depth:
        got = f"{before[:60]!r}…"
        raise ValueError(check.wrong("nested", f"of at most {DEEPEST} levels", got))
    for key, value in named("flatten", "nested", nested).items():
        name = f"{before}{key}"
        if isinstance(value, Mapping):
            _flatten_into(flat, f"{name}.", value, depth - 1)
        elif name in flat:
            raise ValueError(check.wrong("nested", "of different names", f"{name!r} twice"))
        else:
            flat[name] = value


def named(function: str, argument: str, value: Any) -> Mapping[str, Any]:
    """`value` as a dict with keys of text, or a `TypeError`."""
    check = _checks.of(function)
    if not isinstance(value, Mapping):
        raise TypeError(check.wrong(argument, "a dict of values by name", type(value).__name__))
    for key in value:
        if not isinstance(key, str):
            got = f"the key {key!r:.60}"
            raise TypeError(check.wrong(argument, "a dict with keys of text", got))
    return value
