"""`split` tells parameters from buffers; `check` lists what does not fit a network."""

from collections.abc import Iterable, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxgrad import _checks
from jaxgrad._dtypes import is_a
from jaxgrad.state_dict.names import named

BUFFERS = ("running_mean", "running_var", "num_batches_tracked", "n_averaged", "pos_weight")
"""Buffers of torch.nn by the last part of their names: norms, averaged models, a loss."""


def split(
    state: Mapping[str, Any], buffers: Iterable[str] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what is trained, what is not) of a state dict, so far as names and dtypes tell it.

    A file does not say which entries were parameters. These are taken for buffers: integers and
    truth values (counters, indices, masks); `running_mean`, `running_var`, `num_batches_tracked`;
    `n_averaged` of averaged models; `pos_weight` of a loss; and what `torch.nn.utils` keeps beside
    a weight that it computes: `weight_mask` of pruning, `weight_u` and `weight_v` of
    `spectral_norm` (where there is a `weight_orig`), `_u`, `_v` and `base` of parametrizations.

    Names cannot tell other buffers of floating point, such as a table of positions, the mean and
    deviation that a module normalises images with, `inv_freq` of rotary embeddings, or the `weight`
    of a loss's classes. They cannot tell frozen parameters either. Name these in `buffers`.

    It works under jit, vmap and grad: values are handed on as they are.

    Args:
        state: arrays by name.
        buffers: further names of buffers, whole ("loss.weight") or their last parts ("inv_freq").

    Returns:
        (parameters, buffers), two dicts in the order of `state`; `{**parameters, **buffers}` is the
        state again.

    Raises:
        ValueError: a name in `buffers` fits no entry.
        TypeError: `state` is no dict of arrays.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.named_parameters

    >>> import jax.numpy as jnp
    >>> from jaxgrad.state_dict import split
    >>> state = {"weight": jnp.ones(2), "running_mean": jnp.zeros(2), "pe": jnp.zeros(4)}
    >>> parameters, buffers = split(state, buffers=["pe"])
    >>> list(parameters), list(buffers)
    (['weight'], ['running_mean', 'pe'])
    """
    check, state = _checks.of("split"), _arrays("split", "state", state)
    if isinstance(buffers, str) or not isinstance(buffers, Iterable):
        got = f"{type(buffers).__name__} {buffers!r:.60}"
        raise TypeError(check.wrong("buffers", "a list of names", got))
    own = list(buffers)
    for name in own:
        if not isinstance(name, str):
            raise TypeError(check.wrong("buffers", "a list of names", f"{name!r:.60}"))
        if not any(_fits(entry, name) for entry in state):
            raise ValueError(check.wrong("buffers", "made of names in state", repr(name)))
    found = {
        name: value
        for name, value in state.items()
        if _is_buffer(name, value, state) or any(_fits(name, one) for one in own)
    }
    return {name: value for name, value in state.items() if name not in found}, found


def _fits(entry: str, name: str) -> bool:
    return entry == name or entry.endswith(f".{name}")


def _is_buffer(name: str, value: Any, state: Mapping[str, Any]) -> bool:
    before, _, last = name.rpartition(".")
    if last in BUFFERS or not is_a(value.dtype, jnp.inexact):
        return True
    if ".parametrizations." in f".{before}.":
        return last in ("_u", "_v", "base")
    stem, _, kind = name.rpartition("_")
    return kind in ("u", "v", "mask") and f"{stem}_orig" in state


def check(state: Mapping[str, Any], expected: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of `state` in the order of `expected`, if the names and the shapes are the same.

    All that does not fit is listed in one error, as `load_state_dict(strict=True)` lists it. Dtypes
    may differ, as in PyTorch.

    Args:
        state: arrays by name, such as those that `load` gives.
        expected: arrays by name of the shapes that the network takes, or the
            `jax.ShapeDtypeStruct`s that `jax.eval_shape` gives.

    Returns:
        a dict of the arrays of `state`.

    Raises:
        ValueError: names are missing or surplus, or shapes differ.
        TypeError: one of the two is no dict of arrays.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.load_state_dict

    Differs from PyTorch: the arrays keep their own dtypes, where PyTorch casts to the module's.
    Names that a file of an older PyTorch lacks are missing, where its modules add some of them
    (`num_batches_tracked`, for files of before 0.4.1).

    >>> import jax.numpy as jnp
    >>> from jaxgrad.state_dict import check
    >>> list(check({"bias": jnp.ones(2), "weight": jnp.ones((2, 3))},
    ...            {"weight": jnp.zeros((2, 3)), "bias": jnp.zeros(2)}))
    ['weight', 'bias']
    """
    given, wanted = _arrays("check", "state", state), _arrays("check", "expected", expected)
    parts = [
        _listed("missing", [name for name in wanted if name not in given]),
        _listed("surplus", [name for name in given if name not in wanted]),
        *(
            f"{name} has shape {given[name].shape}, expected {value.shape}"
            for name, value in wanted.items()
            if name in given and given[name].shape != value.shape
        ),
    ]
    if any(parts):
        text = _checks.of("check").wrong("state", "as expected", "; ".join(filter(None, parts)))
        raise ValueError(text)
    return {name: given[name] for name in wanted}


def _listed(what: str, names: list[str]) -> str:
    return f"{what}: {', '.join(names)}" if names else ""


def _arrays(function: str, argument: str, value: Any) -> Mapping[str, Any]:
    """`value` as a dict with keys of text whose values have a shape and a dtype."""
    for name, one in named(function, argument, value).items():
        if not (hasattr(one, "shape") and isinstance(getattr(one, "dtype", None), np.dtype)):
            nested = "take the part that is a state dict, or flatten it"
            remedy = nested if isinstance(one, Mapping) else "leave out what is no array"
            got, where = type(one).__name__, f"{argument}[{name!r:.200}]"
            raise TypeError(_checks.of(function).wrong(where, "an array", got, remedy))
    return value
