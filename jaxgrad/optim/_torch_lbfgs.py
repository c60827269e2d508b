"""The state of L-BFGS as PyTorch keeps it: one row, of all parameters as one vector."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ._torch_rows import Row, array, flattened, host
from .lbfgs import LBFGSState


def names(state: LBFGSState) -> list[str]:
    """The names of the leaves."""
    return flattened(state.d)[0]


def read(theirs: Row, state: LBFGSState, order: list[int]) -> LBFGSState:
    """The state with the values of the row, whose vectors have the leaves in this order."""
    history, scalar = state.ro.size, state.prev_loss.dtype
    dirs, stps, ro = (list(theirs[name])[-history:] for name in ("old_dirs", "old_stps", "ro"))

    def tree(flat: Any) -> Any:
        leaves, treedef = jax.tree.flatten(state.d)
        ends = np.cumsum([leaves[i].size for i in order])[:-1]
        for i, part in zip(order, np.split(host(flat), ends), strict=True):
            leaves[i] = jnp.asarray(part.reshape(leaves[i].shape)).astype(leaves[i].dtype)
        return treedef.unflatten(leaves)

    def memory(old: Any, rows: list[Any]) -> Any:
        for i, row in enumerate(rows):
            old = jax.tree.map(lambda m, new, i=i: m.at[i].set(new), old, tree(row))
        return old

    inner = jnp.asarray(np.array([host(one) for one in ro], float)).astype(scalar)
    return state._replace(
        n_iter=jnp.asarray(int(theirs["n_iter"]), jnp.int32),
        func_evals=jnp.asarray(int(theirs["func_evals"]), jnp.int32),
        d=tree(theirs["d"]),
        t=jnp.asarray(host(theirs["t"])).astype(scalar),
        old_dirs=memory(state.old_dirs, dirs),
        old_stps=memory(state.old_stps, stps),
        ro=state.ro.at[: len(ro)].set(inner),
        pairs=jnp.asarray(len(ro), jnp.int32),
        H_diag=jnp.asarray(host(theirs["H_diag"])).astype(scalar),
        prev_flat_grad=tree(theirs["prev_flat_grad"]),
        prev_loss=jnp.asarray(host(theirs["prev_loss"])).astype(scalar),
    )


def written(state: LBFGSState, order: list[int]) -> Row:
    """The row of the state, whose vectors have the leaves in this order."""
    history, pairs = state.ro.size, int(state.pairs)
    recent = [i % history for i in range(max(0, pairs - history), pairs)]

    def flat(tree: Any) -> np.ndarray:
        leaves = jax.tree.leaves(tree)
        return np.concatenate([array(leaves[i]).reshape(-1) for i in order])

    def rows(memory: Any) -> list[np.ndarray]:
        return [flat(jax.tree.map(lambda m, i=i: m[i], memory)) for i in recent]

    return {
        "func_evals": int(state.func_evals),
        "n_iter": int(state.n_iter),
        "d": flat(state.d),
        "t": float(state.t),
        "old_dirs": rows(state.old_dirs),
        "old_stps": rows(state.old_stps),
        "ro": [array(state.ro[i]) for i in recent],
        "H_diag": array(state.H_diag),
        "prev_flat_grad": flat(state.prev_flat_grad),
        "prev_loss": float(state.prev_loss),
    }
