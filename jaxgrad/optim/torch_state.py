"""Conversion of a PyTorch optimizer's state_dict to a state and back, as dicts of NumPy arrays."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .. import _checks
from .._checks import Checks
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
_STEPLESS = (SGDState, MuonState)
_VECTORS = ("step", "mu_product", "eta", "mu")
"""The fields of a state that hold one number for each leaf."""


def from_torch_state(state_dict: dict[str, Any], state: Any) -> Any:
    """The state of a PyTorch optimizer, so that its training continues here.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.state_dict.html

    Args:
        state_dict: `optimizer.state_dict()`, with tensors or arrays. Its parameter number i is leaf
            number i of `jax.tree.leaves(params)`, with the same shape.
        state: `optimizer.init(params)` of the same optimizer, alone or in a chain. It is not
            changed.

    Returns:
        `state` with the values of the dict. A parameter that had no gradient yet keeps its values.
        The count, the argument of a schedule, is the largest step. PyTorch's SGD and Muon have no
        steps, so the count of `sgd` and `muon` is kept: set it with `_replace` for a schedule. The
        result shares no memory with the dict.

    Raises:
        ValueError: `state` does not contain exactly one of these optimizers, or a shape differs.
        TypeError: `state_dict` is not a state_dict.

    >>> import jax.numpy as jnp, numpy as np
    >>> from jaxgrad.optim import adam, from_torch_state
    >>> theirs = {"step": np.float32(7), "exp_avg": np.ones(2), "exp_avg_sq": np.ones(2)}
    >>> state = from_torch_state({"state": {0: theirs}}, adam().init(jnp.zeros(2)))
    >>> int(state.count), state.exp_avg.tolist()
    (7, [1.0, 1.0])
    """
    check = _checks.of("from_torch_state")
    if not isinstance(state_dict, dict) or not isinstance(state_dict.get("state"), dict):
        got = f"{type(state_dict).__name__} {state_dict!r:.60}"
        raise TypeError(check.wrong("state_dict", "a state_dict", got))
    of_leaf = {int(key): value for key, value in state_dict["state"].items()}
    found = _ours(check, state)
    for i, theirs in of_leaf.items():
        if not 0 <= i < _leaves(found):
            expected = f"of {_leaves(found)} parameters"
            raise ValueError(check.wrong("state_dict", expected, f"one of {i}"))
        strangers = set(theirs) - {*found._fields, "step", "al"}
        if strangers:
            expected, got = f"{type(found).__name__}'s", sorted(strangers)
            raise ValueError(check.wrong("state_dict", expected, got))
    new = _lbfgs_from(of_leaf, found) if isinstance(found, LBFGSState) else _from(of_leaf, found)
    return jax.tree.map(
        lambda one: new if one is found else one, state, is_leaf=lambda one: one is found
    )


def to_torch_state(state: Any, param_groups: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The `state_dict` of a PyTorch optimizer, so that training continues there.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.load_state_dict.html

    Args:
        state: the state of one of these optimizers, alone or in a chain.
        param_groups: the dict's `param_groups`, which hold PyTorch's hyperparameters: those of the
            optimizer that continues, `optimizer.state_dict()["param_groups"]`.

    Returns:
        {"state": {i: {name: array}}, "param_groups": …}, with copies as NumPy arrays, bfloat16 as
        float32. `optimizer.load_state_dict` takes it once its arrays are tensors
        (`torch.as_tensor`). A leaf that had no gradient is left out.

    Raises:
        ValueError: `state` does not contain exactly one of these optimizers.
        TypeError: the state is traced.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.optim import sgd, to_torch_state
    >>> optimizer = sgd(momentum=0.9)
    >>> _, state = optimizer.update(jnp.ones(2), optimizer.init(jnp.zeros(2)))
    >>> to_torch_state(state)["state"]
    {0: {'momentum_buffer': array([1., 1.], dtype=float32)}}
    """
    check = _checks.of("to_torch_state")
    check = _checks.of("to_torch_state")
    found = _ours(check, state)
    check.concrete("state", found)
    rows = _lbfgs_to(found) if isinstance(found, LBFGSState) else _to(found)
    groups = param_groups or [{"params": list(range(_leaves(found)))}]
    return {"state": rows, "param_groups": groups}


def _ours(check: Checks, state: Any) -> Any:
    """The one state of our optimizers within `state`."""
    leaves = jax.tree.leaves(state, is_leaf=lambda one: isinstance(one, STATES))
    found = [leaf for leaf in leaves if isinstance(leaf, STATES)]
    if len(found) != 1:
        expected = "a state with one optimizer of jaxgrad.optim in it"
        raise ValueError(check.wrong("state", expected, f"{len(found)} of them"))
    return found[0]


def _leaves(state: Any) -> int:
    return len(jax.tree.leaves(state.d)) if isinstance(state, LBFGSState) else state.step.size


def _columns(state: Any) -> tuple[dict[str, list[Any]], Any]:
    """The slots of the state, leaf by leaf, and the function from such columns to its fields.

    None stands for a slot that a leaf does not have. If all slots are None, there is no leaf.
    """
    names = [k for k in state._fields if k not in ("count", *_VECTORS)]
    names = [k for k in names if getattr(state, k) is not None]
    if not names:
        return {}, lambda columns: {}
    found = [jax.tree.flatten(getattr(state, k), is_leaf=lambda x: x is None) for k in names]
    treedef = found[0][1]
    rows = list(zip(*(leaves for leaves, _ in found), strict=True))
    places = [i for i, row in enumerate(rows) if any(slot is not None for slot in row)]
    columns = {k: [rows[i][j] for i in places] for j, k in enumerate(names)}

    def fields(columns: dict[str, list[Any]]) -> dict[str, Any]:
        of_place = {k: dict(zip(places, column, strict=True)) for k, column in columns.items()}
        return {
            k: treedef.unflatten([of_leaf.get(i) for i in range(len(rows))])
            for k, of_leaf in of_place.items()
        }

    return columns, fields


def _vectors(state: Any) -> dict[str, np.ndarray]:
    """The vectors of the state, as writable copies."""
    return {k: np.array(getattr(state, k)) for k in _VECTORS if k in state._fields}


def _from(of_leaf: dict[int, dict[str, Any]], state: Any) -> Any:
    (columns, fields), vectors = _columns(state), _vectors(state)
    for i, theirs in of_leaf.items():
        given = {"step": 1, **theirs}
        for name, column in columns.items():
            if column[i] is not None and given.get(name) is not None:
                column[i] = _array(name, given[name], column[i])
        for name, vector in vectors.items():
            if given.get(name) is not None:
                vector[i] = _array(name, given[name], vector[i])
    count = state.count
    if not isinstance(state, _STEPLESS):
        count = jnp.asarray(vectors["step"].max(initial=0))
    numbers = {name: jnp.asarray(vector) for name, vector in vectors.items()}
    return state._replace(count=count, **numbers, **fields(columns))


def _host(value: Any) -> np.ndarray:
    """A copy of a tensor or an array in NumPy; tensors of a dtype that it lacks as float32."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().resolve_conj().resolve_neg()
        try:
            value = value.numpy()
        except TypeError:  # a dtype that NumPy does not have
            value = value.float().numpy()
    return np.array(value)


def _array(name: str, value: Any, like: Any) -> jax.Array:
    value = _host(value)
    if value.shape != like.shape:
        expected = f"of shape {like.shape}"
        raise ValueError(_checks.of("from_torch_state").wrong(name, expected, value.shape))
    return jnp.asarray(value).astype(like.dtype)


def _to(state: Any) -> dict[int, dict[str, Any]]:
    (columns, _), vectors = _columns(state), _vectors(state)
    if isinstance(state, _STEPLESS):
        shown = {}
    else:
        shown = {**vectors, "step": vectors["step"].astype(np.float32)}
    rows: dict[int, dict[str, Any]] = {}
    for i, step in enumerate(vectors["step"]):
        row = {k: _numpy(column[i]) for k, column in columns.items() if column[i] is not None}
        row.update({name: np.array(vector[i]) for name, vector in shown.items()})
        if step and row:
            rows[i] = row
    return rows


def _numpy(leaf: jax.Array) -> np.ndarray:
    """A copy: NumPy's view of an array is the array's own memory, which PyTorch would write to."""
    return np.array(leaf.astype(jnp.float32) if leaf.dtype == jnp.bfloat16 else leaf)


def _lbfgs_from(of_leaf: dict[int, dict[str, Any]], state: LBFGSState) -> LBFGSState:
    if not of_leaf or "d" not in of_leaf[0]:
        return state
    theirs, history = of_leaf[0], state.ro.size
    scalar = state.prev_loss.dtype
    dirs, stps, ro = (list(theirs[name])[-history:] for name in ("old_dirs", "old_stps", "ro"))

    def tree(flat: Any) -> Any:
        leaves, treedef = jax.tree.flatten(state.d)
        ends = np.cumsum([leaf.size for leaf in leaves])[:-1]
        parts = np.split(_host(flat), ends)
        pairs = zip(parts, leaves, strict=True)
        return treedef.unflatten(
            [jnp.asarray(p.reshape(leaf.shape)).astype(leaf.dtype) for p, leaf in pairs]
        )

    def memory(old: Any, rows: list[Any]) -> Any:
        for i, row in enumerate(rows):
            old = jax.tree.map(lambda m, new, i=i: m.at[i].set(new), old, tree(row))
        return old

    inner = jnp.asarray(np.array([_host(one) for one in ro], float)).astype(scalar)
    return state._replace(
        n_iter=jnp.asarray(int(theirs["n_iter"]), jnp.int32),
        func_evals=jnp.asarray(int(theirs["func_evals"]), jnp.int32),
        d=tree(theirs["d"]),
        t=jnp.asarray(_host(theirs["t"])).astype(scalar),
        old_dirs=memory(state.old_dirs, dirs),
        old_stps=memory(state.old_stps, stps),
        ro=state.ro.at[: len(ro)].set(inner),
        pairs=jnp.asarray(len(ro), jnp.int32),
        H_diag=jnp.asarray(_host(theirs["H_diag"])).astype(scalar),
        prev_flat_grad=tree(theirs["prev_flat_grad"]),
        prev_loss=jnp.asarray(_host(theirs["prev_loss"])).astype(scalar),
    )


def _lbfgs_to(state: LBFGSState) -> dict[int, dict[str, Any]]:
    history, pairs = state.ro.size, int(state.pairs)
    order = [i % history for i in range(max(0, pairs - history), pairs)]

    def flat(tree: Any) -> np.ndarray:
        return np.concatenate([_numpy(leaf).reshape(-1) for leaf in jax.tree.leaves(tree)])

    def rows(memory: Any) -> list[np.ndarray]:
        return [flat(jax.tree.map(lambda m, i=i: m[i], memory)) for i in order]

    return {
        0: {
            "func_evals": int(state.func_evals),
            "n_iter": int(state.n_iter),
            "d": flat(state.d),
            "t": float(state.t),
            "old_dirs": rows(state.old_dirs),
            "old_stps": rows(state.old_stps),
            "ro": [_numpy(state.ro[i]) for i in order],
            "H_diag": _numpy(state.H_diag),
            "prev_flat_grad": flat(state.prev_flat_grad),
            "prev_loss": float(state.prev_loss),
        }
    }
