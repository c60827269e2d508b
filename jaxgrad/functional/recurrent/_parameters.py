"""The parameters of a recurrent layer by PyTorch's names, and what their shapes say of it."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax

from jaxgrad import _checks

_NAME = re.compile(r"(weight_ih|weight_hh|bias_ih|bias_hh|weight_hr)_l(\d+)(_reverse)?")
_EXPECTED = "a dict of arrays by PyTorch's names weight_ih_l0, weight_hh_l0, …"


class Form(NamedTuple):
    """What names and shapes say.

    Attributes:
        layers: how many layers there are.
        directions: 2 where each of them also runs backwards, else 1.
        hidden: the size of the gates and of an LSTM's cell.
        size: the size of h, which is smaller than `hidden` where it is projected.
        parts: the beginnings of the names.
    """

    layers: int
    directions: int
    hidden: int
    size: int
    parts: tuple[str, ...]

    def ends_of(self, layer: int) -> tuple[str, ...]:
        """The ends of the names of each direction of a layer."""
        return (f"_l{layer}", f"_l{layer}_reverse")[: self.directions]

    def shape(self, part: str, layer: int, features: int, count: int) -> tuple[int, ...]:
        """The shape of a parameter of a layer."""
        rows = count * self.hidden
        columns = self.directions * self.size if layer else features
        return {
            "weight_ih": (rows, columns),
            "weight_hh": (rows, self.size),
            "weight_hr": (self.size, self.hidden),
        }.get(part, (rows,))


def read(
    check: _checks.Checks, params: Any, x: jax.Array, count: int, projects: bool
) -> tuple[Form, dict[str, jax.Array]]:
    """The form of a layer and its parameters, of the input's dtype and of shapes that fit it.

    Args:
        check: the checks of the function.
        params: what was given.
        x: the input, whose last axis is that of the features.
        count: how many blocks of rows the weights have.
        projects: whether there may be a projection.
    """
    if not isinstance(params, Mapping):
        remedy = "init.lstm, init.gru and init.rnn make one, and a state dict is one"
        raise TypeError(check.wrong("params", _EXPECTED, type(params).__name__, remedy))
    names = _known(check, params, projects)
    named = {name: like_input(check, f"params[{name!r}]", params[name], x) for name in names}
    form = _form(check, named, count)
    for layer in range(form.layers):
        for end in form.ends_of(layer):
            for part in form.parts:
                shape = form.shape(part, layer, x.shape[-1], count)
                _check_shape(check, f"{part}{end}", named[f"{part}{end}"], shape, count)
    return form, named


def like_input(check: _checks.Checks, name: str, value: Any, x: jax.Array) -> jax.Array:
    """An array of the input's dtype."""
    array = check.floating(name, value)
    if array.dtype != x.dtype:
        remedy = "cast it with .astype"
        raise TypeError(check.wrong(name, f"of input's {x.dtype}", array.dtype, remedy))
    return array


def _known(check: _checks.Checks, params: Mapping[Any, Any], projects: bool) -> list[str]:
    """The names; those that are not of a recurrent layer are refused."""
    for name in params:
        found = _NAME.fullmatch(name) if isinstance(name, str) else None
        if not found or (found[1] == "weight_hr" and not projects):
            remedy = ""
            if isinstance(name, str) and _NAME.search(name) and not found:
                remedy = "take the entries of one layer, without their prefix"
            raise ValueError(check.wrong("params", _EXPECTED, repr(name), remedy))
    return list(params)


def _form(check: _checks.Checks, named: Mapping[str, jax.Array], count: int) -> Form:
    """The form that names and shapes ask for; names that are missing are refused."""
    matches = [found for name in named if (found := _NAME.fullmatch(name))]
    given = {found[1] for found in matches}
    parts = ["weight_ih", "weight_hh"]
    parts += ["bias_ih", "bias_hh"] if given & {"bias_ih", "bias_hh"} else []
    parts += ["weight_hr"] if "weight_hr" in given else []
    layers = 1 + max((int(found[2]) for found in matches), default=0)
    directions = 2 if any(found[3] for found in matches) else 1
    form = Form(layers, directions, 0, 0, tuple(parts))
    names = [f"{part}{end}" for k in range(layers) for end in form.ends_of(k) for part in parts]
    if missing := [name for name in names if name not in named]:
        expected = "a dict of all parameters of a layer"
        raise ValueError(check.wrong("params", expected, f"none called {', '.join(missing)}"))
    hidden = _rows(named["weight_hh_l0"]) // count
    size = _rows(named["weight_hr_l0"]) if "weight_hr" in given else hidden
    return form._replace(hidden=hidden, size=size)


def _rows(array: jax.Array) -> int:
    return array.shape[0] if array.ndim else 0


def _check_shape(
    check: _checks.Checks, name: str, array: jax.Array, shape: tuple[int, ...], count: int
) -> None:
    if array.shape == shape:
        return
    remedy = f"the {count} gates are one below the other" if count > 1 else ""
    raise ValueError(check.wrong(f"params[{name!r}]", f"of shape {shape}", array.shape, remedy))
