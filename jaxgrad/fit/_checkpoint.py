"""Checkpoints of a fit on disk: orbax writes the arrays of each to a folder of its own.

A checkpoint is written beside its place and renamed once it is whole. So a process that is killed
leaves the last good one.
"""

import hashlib
import importlib
import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgrad import _extras

KEPT = 2
"""The number of checkpoints that stay."""


def opened(function: str, folder: str | Path) -> Any:
    """The manager of the checkpoints in a folder, which is made if there is none."""
    ocp = _extras.load(f"{function}: checkpoint", "orbax.checkpoint", "checkpoint")
    options = ocp.CheckpointManagerOptions(
        max_to_keep=KEPT, enable_async_checkpointing=False, create=True
    )
    folder = Path(folder).expanduser().resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".writable-{jax.process_index()}"
        probe.touch()
        probe.unlink()
        return ocp.CheckpointManager(folder, options=options)
    except OSError as error:
        raise OSError(f"{function}: cannot write checkpoints into {folder}: {error}") from error


def save(function: str, manager: Any, tree: Any, facts: dict[str, Any]) -> None:
    """Writes the next checkpoint: a tree of arrays, and facts."""
    ocp = importlib.import_module("orbax.checkpoint")
    last = manager.latest_step()
    number = 0 if last is None else last + 1
    arrays = {f"{n:04d}": _stored(leaf) for n, leaf in enumerate(jax.tree.leaves(tree))}
    kept = ocp.args.Composite(
        arrays=ocp.args.StandardSave(arrays), facts=ocp.args.JsonSave(facts | {"kind": _kind(tree)})
    )
    try:
        manager.save(number, args=kept)
        manager.wait_until_finished()
    except Exception as error:  # whatever the file system or the library below raises
        before = (
            "there is none before it" if last is None else f"{manager.directory}/{last} is good"
        )
        what = f"cannot write the checkpoint {manager.directory}/{number}: {_line(error)}; {before}"
        raise OSError(f"{function}: {what}") from error


def restored(function: str, manager: Any, like: Any, facts: dict[str, Any]) -> Any:
    """The last checkpoint as (tree, its facts); None if there is none.

    Raises a ValueError if it cannot be read, or is of another fit: one of the `facts` has another
    value there, or its tree differs from `like` in structure, shapes or dtypes.
    """
    ocp = importlib.import_module("orbax.checkpoint")
    number = manager.latest_step()
    if number is None:
        return None
    where = f"{manager.directory}/{number}"
    try:
        found = manager.restore(number, args=ocp.args.Composite(facts=ocp.args.JsonRestore()))
        known = dict(found["facts"])
        kind = known.pop("kind")
    except Exception as error:  # truncated, foreign, not JSON
        raise ValueError(_unreadable(function, manager, number, error)) from error
    told = {"kind": "params or optimizer state"}
    # With validation data the tree has another kind: told first is what the user changed.
    wanted = {"validation": facts.get("validation"), "kind": _kind(like), **facts}
    for name, value in wanted.items():
        then = kind if name == "kind" else known.get(name)
        if then != value:
            what = f"its {told.get(name, name)} is another ({_short(then)}, not {_short(value)})"
            remedy = "name another folder, or remove it to begin anew"
            raise ValueError(f"{function}: {where} is of another fit: {what}; {remedy}")
    leaves, structure = jax.tree.flatten(like)
    shapes = {
        f"{n:04d}": jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=leaf.sharding)
        for n, leaf in enumerate(map(_stored, leaves))
    }
    try:
        args = ocp.args.Composite(arrays=ocp.args.StandardRestore(shapes))
        arrays = manager.restore(number, args=args)["arrays"]
    except Exception as error:
        raise ValueError(_unreadable(function, manager, number, error)) from error
    back = [_loaded(arrays[f"{n:04d}"], leaf) for n, leaf in enumerate(leaves)]
    return structure.unflatten(back), known


def fingerprint(tree: Any) -> str:
    """A digest of a tree of arrays; of an array that is not all in this process, its shape only."""
    digest = hashlib.blake2b(digest_size=16)
    for leaf in jax.tree.leaves(tree):
        digest.update(f"{leaf.dtype}{leaf.shape}".encode())
        if getattr(leaf, "is_fully_addressable", True):
            digest.update(np.asarray(_stored(leaf)).tobytes())
    return digest.hexdigest()


def _stored(leaf: jax.Array) -> jax.Array:
    """A leaf as orbax stores it: a key as its numbers."""
    is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return jax.random.key_data(leaf) if is_key else leaf


def _loaded(array: jax.Array, like: jax.Array) -> jax.Array:
    is_key = jnp.issubdtype(like.dtype, jax.dtypes.prng_key)
    return jax.random.wrap_key_data(array, impl=jax.random.key_impl(like)) if is_key else array


def _kind(tree: Any) -> str:
    """A digest of the paths, dtypes and shapes of a tree."""
    paths = [
        f"{jax.tree_util.keystr(path)} {leaf.dtype}{list(leaf.shape)}"
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
    ]
    return hashlib.blake2b(json.dumps(paths).encode(), digest_size=16).hexdigest()


def _unreadable(function: str, manager: Any, number: int, error: Exception) -> str:
    before = [step for step in manager.all_steps() if step < number]
    go_on = f"to go on from {manager.directory}/{max(before)}" if before else "to begin anew"
    where = f"{manager.directory}/{number}"
    return f"{function}: the checkpoint {where} cannot be read: {_line(error)}; remove it {go_on}"


def _line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:200]}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
