"""Conversion of a PyTorch optimizer's state_dict to a state and back, as dicts of NumPy arrays."""

from collections.abc import Sequence
from typing import Any

import jax

from .. import _checks
from .._checks import Checks
from . import _torch_groups, _torch_lbfgs, _torch_rows
from ._torch_groups import Place
from .adafactor import AdafactorState
from .adam import AdamState
from .adam_variants import AdamaxState, NAdamState, RAdamState
from .adaptive import AdadeltaState, AdagradState, RMSpropState
from .asgd import ASGDState
from .lbfgs import LBFGSState
from .momentum import SGDState
from .muon import MuonState
from .rprop import RpropState

STATES = (
    *(AdafactorState, AdamState, AdamaxState, NAdamState, RAdamState, AdadeltaState),
    *(AdagradState, RMSpropState, ASGDState, LBFGSState, SGDState, MuonState, RpropState),
)


def from_torch_state(
    state_dict: dict[str, Any], state: Any, names: Sequence[str] | None = None
) -> Any:
    """The state of a PyTorch optimizer, so that its training continues here.

    PyTorch numbers the parameters group by group. A group is an optimizer of its own here, in
    `optax.multi_transform`, or in a chain of `optax.masked`. The groups are taken in the order of
    `jax.tree.leaves(state)`, where labels are sorted, and in each of them the parameters in the
    order of its leaves. Where PyTorch's order is another, names tell which parameter is which.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.state_dict.html

    Args:
        state_dict: `optimizer.state_dict()`, with tensors or arrays. Each parameter has the shape
            of its leaf.
        state: `optimizer.init(params)` of the same optimizer, alone, in a chain or in groups. It is
            not changed.
        names: the names of PyTorch's parameters in its order, group by group; for one group those
            of `model.named_parameters()`. The name of a leaf is its path, joined by dots. None
            takes the `param_names` of the groups if they are names of leaves, and else our order.

    Returns:
        `state` with the values of the dict. A parameter that had no gradient yet keeps its values.
        The count, the argument of a schedule, is the largest step of the group. PyTorch's SGD and
        Muon have no steps, so the count of `sgd` and `muon` is kept: set it with `_replace` for a
        schedule. Hyperparameters are not read. The result shares no memory with the dict.

    Raises:
        ValueError: `state` contains none of these optimizers, or different ones, or two for a
            parameter; or numbers of parameters, names or shapes differ, or names are not in the
            order of the groups.
        TypeError: `state_dict` is not a state_dict.

    >>> import jax.numpy as jnp, numpy as np, optax
    >>> from jaxgrad.optim import adam, adamw, from_torch_state
    >>> theirs = {"step": np.float32(7), "exp_avg": np.ones(2), "exp_avg_sq": np.ones(2)}
    >>> state = from_torch_state({"state": {0: theirs}}, adam().init(jnp.zeros(2)))
    >>> int(state.count), state.exp_avg.tolist()
    (7, [1.0, 1.0])
    >>> groups = {"decay": adamw(), "rest": adamw(weight_decay=0.0)}
    >>> params = {"weight": jnp.zeros(3), "bias": jnp.zeros(2)}
    >>> optimizer = optax.multi_transform(groups, {"weight": "decay", "bias": "rest"})
    >>> state_dict = {"state": {1: theirs}, "param_groups": [{"params": [0]}, {"params": [1]}]}
    >>> state = from_torch_state(state_dict, optimizer.init(params))
    >>> state.inner_states["rest"].inner_state.exp_avg["bias"].tolist()
    [1.0, 1.0]
    """
    check = _checks.of("from_torch_state")
    if not isinstance(state_dict, dict) or not isinstance(state_dict.get("state"), dict):
        got = f"{type(state_dict).__name__} {state_dict!r:.60}"
        raise TypeError(check.wrong("state_dict", "a state_dict", got))
    found, groups = _ours(check, state), state_dict.get("param_groups")
    places = _places(check, "state_dict", found, groups, names)
    rows = _rows(check, state_dict["state"], found, places)
    if isinstance(found[0], LBFGSState):
        row = next(iter(rows[0].values()), {})
        order = [place.leaf for place in places.values()]
        new = [_torch_lbfgs.read(row, found[0], order) if "d" in row else found[0]]
    else:
        new = [_torch_rows.read(*one) for one in zip(rows, found, strict=True)]
    ours = iter(new)
    return jax.tree.map(lambda one: next(ours) if _is_ours(one) else one, state, is_leaf=_is_ours)


def to_torch_state(
    state: Any,
    param_groups: list[dict[str, Any]] | None = None,
    names: Sequence[str] | None = None,
) -> dict[str, Any]:
    """The `state_dict` of a PyTorch optimizer, so that training continues there.

    The parameters are numbered as in `from_torch_state`.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.load_state_dict.html

    Args:
        state: the state of one of these optimizers, alone, in a chain or in groups.
        param_groups: the dict's `param_groups`, which hold PyTorch's hyperparameters: those of the
            optimizer that continues, `optimizer.state_dict()["param_groups"]`.
        names: the names of PyTorch's parameters in its order, where it is not ours; None takes the
            `param_names` of the groups if they are names of leaves.

    Returns:
        {"state": {i: {name: array}}, "param_groups": …}, with copies as NumPy arrays, bfloat16 as
        float32. `optimizer.load_state_dict` takes it once its arrays are tensors
        (`torch.as_tensor`). A leaf that had no gradient is left out.

    Raises:
        ValueError: `state` contains none of these optimizers, or different ones, or two for a
            parameter; or numbers of parameters or names differ, or names are not in the order of
            the groups.
        TypeError: the state is traced, or `param_groups` are no groups.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.optim import sgd, to_torch_state
    >>> optimizer = sgd(momentum=0.9)
    >>> _, state = optimizer.update(jnp.ones(2), optimizer.init(jnp.zeros(2)))
    >>> to_torch_state(state)["state"]
    {0: {'momentum_buffer': array([1., 1.], dtype=float32)}}
    """
    check = _checks.of("to_torch_state")
    found = _ours(check, state)
    check.concrete("state", found)
    places = _places(check, "param_groups", found, param_groups, names)
    groups = [{"params": numbers} for numbers in _torch_groups.in_groups(places) or [[]]]
    if isinstance(found[0], LBFGSState):
        row = _torch_lbfgs.written(found[0], [place.leaf for place in places.values()])
        rows = {next(iter(places)): row}
    else:
        of_state = [_torch_rows.written(one) for one in found]
        rows = {n: of_state[i][j] for n, (i, j) in places.items() if j in of_state[i]}
    return {"state": rows, "param_groups": param_groups or groups}


def _is_ours(one: Any) -> bool:
    return isinstance(one, STATES)


def _ours(check: Checks, state: Any) -> list[Any]:
    """The states of our optimizers within `state`, which are all of one kind."""
    found = [leaf for leaf in jax.tree.leaves(state, is_leaf=_is_ours) if _is_ours(leaf)]
    if not found:
        expected = "a state with one optimizer of jaxgrad.optim in it"
        raise ValueError(check.wrong("state", expected, "0 of them"))
    kinds = [type(one).__name__ for one in found]
    if len(set(kinds)) > 1 or (len(kinds) > 1 and kinds[0] == "LBFGSState"):
        expected = "a state with one optimizer of jaxgrad.optim in it, or one kind in groups"
        remedy = "take the parts of the state one by one"
        raise ValueError(check.wrong("state", expected, ", ".join(kinds), remedy))
    return found


def _places(
    check: Checks, argument: str, found: list[Any], groups: Any, names: Any
) -> dict[int, Place]:
    """The places of PyTorch's parameters by their numbers, each in one state."""
    of_lbfgs = isinstance(found[0], LBFGSState)
    ours = [_torch_lbfgs.names(one) if of_lbfgs else _torch_rows.names(one) for one in found]
    known = [name for leaves in ours for name in leaves if name is not None]
    if len(set(known)) != len(known):
        twice = next(name for name in known if known.count(name) > 1)
        expected = "a state with one optimizer for each parameter"
        raise ValueError(check.wrong("state", expected, f"two for {twice!r}"))
    return _torch_groups.numbered(check, argument, groups, names, ours)


def _rows(
    check: Checks, rows: dict[Any, Any], found: list[Any], places: dict[int, Place]
) -> list[dict[int, dict[str, Any]]]:
    """PyTorch's rows by the leaves of each state."""
    sorted_rows: list[dict[int, dict[str, Any]]] = [{} for _ in found]
    for number, row in rows.items():
        if (place := places.get(int(number))) is None:
            expected = f"of {len(places)} parameters"
            raise ValueError(check.wrong("state_dict", expected, f"one of {number}"))
        strangers = set(row) - {*found[place.state]._fields, "step", "al"}
        if strangers:
            expected, got = f"{type(found[0]).__name__}'s", sorted(strangers)
            raise ValueError(check.wrong("state_dict", expected, got))
        sorted_rows[place.state][place.leaf] = row
    return sorted_rows
