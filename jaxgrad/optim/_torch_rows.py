"""The state of an optimizer as rows: what PyTorch's state_dict keeps of each parameter."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .. import _checks
from .momentum import SGDState
from .muon import MuonState

_STEPLESS = (SGDState, MuonState)
_VECTORS = ("step", "mu_product", "eta", "mu")
"""The fields of a state that hold one number for each leaf."""
Row = dict[str, Any]


class _Slots(NamedTuple):
    """The slots of a state, leaf by leaf; None stands for a slot that a leaf does not have.

    Attributes:
        names: the names of the leaves, joined by dots as in a state dict.
        columns: by the slot's name, the arrays of the leaves.
        places: where a leaf is in the trees; if all slots of a place are None, there is no leaf.
        size: the number of places.
        treedef: the structure of the trees.
    """

    names: list[str]
    columns: dict[str, list[Any]]
    places: list[int]
    size: int
    treedef: Any

    def fields(self, columns: dict[str, list[Any]]) -> dict[str, Any]:
        """The trees of the state with these arrays."""
        of_place = {k: dict(zip(self.places, c, strict=True)) for k, c in columns.items()}
        return {
            k: self.treedef.unflatten([of_leaf.get(i) for i in range(self.size)])
            for k, of_leaf in of_place.items()
        }


def _slots(state: Any) -> _Slots:
    names = [k for k in state._fields if k not in ("count", *_VECTORS)]
    trees = {k: getattr(state, k) for k in names if getattr(state, k) is not None}
    found = [flattened(tree) for tree in trees.values()]
    if not found:
        return _Slots([], {}, [], 0, None)
    paths, _, treedef = found[0]
    rows = list(zip(*(leaves for _, leaves, _ in found), strict=True))
    places = [i for i, row in enumerate(rows) if any(slot is not None for slot in row)]
    columns = {k: [rows[i][j] for i in places] for j, k in enumerate(trees)}
    return _Slots([paths[i] for i in places], columns, places, len(rows), treedef)


def flattened(tree: Any) -> tuple[list[str], list[Any], Any]:
    """The names of the leaves, the leaves, None among them, and the structure."""
    pairs, treedef = jax.tree_util.tree_flatten_with_path(tree, is_leaf=lambda leaf: leaf is None)
    names = [jax.tree_util.keystr(path, simple=True, separator=".") for path, _ in pairs]
    return names, [leaf for _, leaf in pairs], treedef


def names(state: Any) -> Sequence[str | None]:
    """The names of the leaves; None for the leaves of a state without slots."""
    return _slots(state).names or [None] * state.step.size


def _vectors(state: Any) -> dict[str, np.ndarray]:
    """The vectors of the state, as writable copies."""
    return {k: np.array(getattr(state, k)) for k in _VECTORS if k in state._fields}


def read(rows: dict[int, Row], state: Any) -> Any:
    """The state with the rows of these leaves."""
    slots, vectors = _slots(state), _vectors(state)
    for i, theirs in rows.items():
        given = {"step": 1, **theirs}
        for name, column in slots.columns.items():
            if column[i] is not None and given.get(name) is not None:
                column[i] = _array(name, given[name], column[i])
        for name, vector in vectors.items():
            if given.get(name) is not None:
                vector[i] = _array(name, given[name], vector[i])
    count = state.count
    if not isinstance(state, _STEPLESS):
        count = jnp.asarray(vectors["step"].max(initial=0))
    numbers = {name: jnp.asarray(vector) for name, vector in vectors.items()}
    return state._replace(count=count, **numbers, **slots.fields(slots.columns))


def host(value: Any) -> np.ndarray:
    """A copy of a tensor or an array in NumPy; tensors of a dtype that it lacks as float32."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().resolve_conj().resolve_neg()
        try:
            value = value.numpy()
        except TypeError:  # a dtype that NumPy does not have
            value = value.float().numpy()
    return np.array(value)


def _array(name: str, value: Any, like: Any) -> jax.Array:
    value = host(value)
    if value.shape != like.shape:
        expected = f"of shape {like.shape}"
        remedy = "if PyTorch's parameters have another order, give names="
        raise ValueError(_checks.of("from_torch_state").wrong(name, expected, value.shape, remedy))
    return jnp.asarray(value).astype(like.dtype)


def written(state: Any) -> dict[int, Row]:
    """The rows of the leaves that had a gradient."""
    slots, vectors = _slots(state), _vectors(state)
    if isinstance(state, _STEPLESS):
        shown = {}
    else:
        shown = {**vectors, "step": vectors["step"].astype(np.float32)}
    rows: dict[int, Row] = {}
    for i, step in enumerate(vectors["step"]):
        row = {k: array(column[i]) for k, column in slots.columns.items() if column[i] is not None}
        row.update({name: np.array(vector[i]) for name, vector in shown.items()})
        if step and row:
            rows[i] = row
    return rows


def array(leaf: jax.Array) -> np.ndarray:
    """A copy: NumPy's view of an array is the array's own memory, which PyTorch would write to."""
    return np.array(leaf.astype(jnp.float32) if leaf.dtype == jnp.bfloat16 else leaf)
