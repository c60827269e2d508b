"""The entries of a state dict: the names that there must be, their shapes and dtypes."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jaxgrad import _checks

from ..attention._shapes import shaped

Params = dict[str, jax.Array]
_Sizes = tuple[str, ...]

_ATTENTION: dict[str, _Sizes] = {
    "in_proj_weight": ("3E", "E"),
    "in_proj_bias": ("3E",),
    "out_proj.weight": ("E", "E"),
    "out_proj.bias": ("E",),
}
_FEED: dict[str, _Sizes] = {
    "linear1.weight": ("F", "E"),
    "linear1.bias": ("F",),
    "linear2.weight": ("E", "F"),
    "linear2.bias": ("E",),
}
_NORM: dict[str, _Sizes] = {"weight": ("E",), "bias": ("E",)}
_SHOWN = 3
"""How many names an error lists."""


def layers_of(
    check: _checks.Checks,
    params: Any,
    attentions: tuple[str, ...],
    stacked: bool,
    like: tuple[str, jax.Array],
) -> tuple[list[Params], Params]:
    """The entries of each layer and of the last norm, which may have none, by their short names.

    Args:
        check: the checks of the function.
        params: what was given.
        attentions: the names of a layer's attentions, in their order.
        stacked: whether there are several layers.
        like: the name of the input and the input; E is the size of its last axis.
    """
    if not isinstance(params, Mapping):
        remedy = "pass a state dict: arrays by PyTorch's names"
        raise TypeError(check.wrong("params", "a dict", type(params).__name__, remedy))
    prefixes = [f"layers.{i}." for i in range(_count(params))] if stacked else [""]
    biased = any(str(n).endswith("bias") and not str(n).startswith("norm.") for n in params)
    of_layer = _kept(_entries(attentions), biased)
    with_norm = stacked and any(str(name).startswith("norm.") for name in params)
    of_norm = _kept({f"norm.{n}": sizes for n, sizes in _NORM.items()}, "norm.bias" in params)
    of_norm = of_norm if with_norm else {}
    wanted = [prefix + name for prefix in prefixes for name in of_layer]
    _check_names(check, params, [*wanted, *of_norm])
    layers = [_arrays(check, params, of_layer, like, prefix) for prefix in prefixes]
    return layers, _arrays(check, params, of_norm, like)


def _entries(attentions: tuple[str, ...]) -> dict[str, _Sizes]:
    """The names of a layer's entries, with their sizes."""
    found = {f"{one}.{name}": sizes for one in attentions for name, sizes in _ATTENTION.items()}
    found |= _FEED
    for number in range(1, len(attentions) + 2):
        found |= {f"norm{number}.{name}": sizes for name, sizes in _NORM.items()}
    return found


def _kept(entries: dict[str, _Sizes], biased: bool) -> dict[str, _Sizes]:
    return {n: sizes for n, sizes in entries.items() if biased or not n.endswith("bias")}


def _count(names: Iterable[Any]) -> int:
    """The number of layers, at least 1; where one is missing the names of the last are surplus."""
    found = (re.match(r"layers\.(\d+)\.", str(name)) for name in names)
    return len({match[1] for match in found if match}) or 1


def _check_names(check: _checks.Checks, params: Mapping[Any, Any], wanted: list[str]) -> None:
    """Refuse a dict that lacks names or has others."""
    known = set(wanted)
    missing = [name for name in wanted if name not in params]
    others = [str(name) for name in params if name not in known]
    kind = "".join(map(str.capitalize, check.function.split("_")))
    if missing:
        found = (o.removesuffix(n) for n in missing for o in others if o.endswith(f".{n}"))
        prefix = next(found, "")
        remedy = f"leave the prefix {prefix!r} out of the names" if prefix else ""
        got = f"one without {_listed(missing)}"
        raise ValueError(check.wrong("params", f"the state dict of an nn.{kind}", got, remedy))
    if others:
        got = f"one that has {_listed(others)} too"
        expected = f"the state dict of an nn.{kind}"
        raise ValueError(check.wrong("params", expected, got, "leave them out"))


def _listed(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _arrays(
    check: _checks.Checks,
    params: Mapping[str, Any],
    entries: dict[str, _Sizes],
    like: tuple[str, jax.Array],
    prefix: str = "",
) -> Params:
    """The arrays of these names, each of its shape; F is read off the first linear map."""
    argument, x = like
    embed = x.shape[-1]
    sizes: dict[str, int | str] = {"E": embed, "3E": 3 * embed, "F": "F"}
    found = {}
    for name, letters in entries.items():
        shape = tuple(sizes[letter] for letter in letters)
        full = prefix + name
        found[name] = shaped(check, f'params["{full}"]', params[full], shape, x, argument)
        if name == "linear1.weight":
            sizes["F"] = jnp.shape(found[name])[0]
    return found
