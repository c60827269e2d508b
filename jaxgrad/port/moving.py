"""Arrays and parameters on their way from PyTorch to JAX."""

import importlib
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxgrad import _checks

from . import layouts
from .layouts import Layout


class Move(NamedTuple):
    """Where an array of JAX's comes from: a name on PyTorch's side, and the way it is laid out."""

    name: str
    layout: Layout


def to_numpy(leaf: Any) -> Any:
    """A tensor, a JAX array or a NumPy array as a NumPy array; what is none of them as it is."""
    if type(leaf).__module__.partition(".")[0] == "torch" and hasattr(leaf, "detach"):
        leaf = leaf.detach().cpu().resolve_conj().resolve_neg()
        if str(leaf.dtype) == "torch.bfloat16":
            return leaf.float().numpy().astype(jax.numpy.bfloat16)
        return leaf.numpy().copy()
    return np.asarray(leaf) if isinstance(leaf, (jax.Array, np.generic)) else leaf


def to_torch(leaf: Any, *, wide: bool) -> Any:
    """An array as a tensor; integers as int64, which PyTorch's indices are."""
    torch = importlib.import_module("torch")
    if not isinstance(leaf, np.ndarray):
        return leaf
    if is_floating(leaf):
        narrow = str(leaf.dtype) == "bfloat16"
        tensor = torch.from_numpy(np.array(leaf, np.float32 if narrow else leaf.dtype))
        return tensor.double() if wide else tensor.bfloat16() if narrow else tensor
    if leaf.dtype.kind == "i":
        leaf = leaf.astype(np.int64)
    tensor = torch.from_numpy(leaf.copy())
    return tensor.to(torch.complex128) if wide and leaf.dtype.kind == "c" else tensor


def to_jax(leaf: Any, *, wide: bool) -> Any:
    """An array as JAX's."""
    if not isinstance(leaf, np.ndarray):
        return leaf
    if wide and is_floating(leaf):
        leaf = leaf.astype(np.float64)
    return jax.numpy.asarray(leaf)


def is_floating(leaf: Any) -> bool:
    """Whether a leaf is an array of real floating point numbers, bfloat16 too."""
    return isinstance(leaf, np.ndarray) and (
        leaf.dtype.kind == "f" or str(leaf.dtype) == "bfloat16"
    )


def largest(leaf: Any) -> float:
    """The largest finite magnitude of an array; 0 without one."""
    if not isinstance(leaf, np.ndarray) or not leaf.size:
        return 0.0
    magnitude = np.abs(leaf.astype(complex if leaf.dtype.kind == "c" else float))
    return float(np.max(np.where(np.isfinite(magnitude), magnitude, 0.0)))


def paths(tree: Any, root: str) -> list[tuple[str, Any]]:
    """The leaves of a pytree with their paths, such as `params['fc']['w']`."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return [(root + jax.tree_util.keystr(path), leaf) for path, leaf in leaves]


def moves(
    tree: Any,
    root: str,
    named: Mapping[str, np.ndarray],
    mapping: Mapping[str, Any],
) -> dict[str, Move]:
    """For each leaf of a tree the array of PyTorch's that belongs to it.

    Raises:
        ValueError: an array could be several of PyTorch's, or none, or lie in several ways; a name
            of the mapping is unknown.
    """
    wanted = paths(tree, root)
    chosen = _given(wanted, root, named, mapping)
    left = {name: array for name, array in named.items() if name not in _names(chosen)}
    waiting = [(path, np.shape(leaf)) for path, leaf in wanted if path not in chosen]
    for path, shape in waiting:  # those that have the same name on both sides
        alike = [name for name in left if _tokens(name) == _tokens(path.removeprefix(root))]
        if len(alike) == 1 and _fits(left[alike[0]], shape):
            chosen[path] = Move(alike[0], _layout(path, alike[0], left[alike[0]], shape))
            del left[alike[0]]
    for path, shape in (pair for pair in waiting if pair[0] not in chosen):
        fitting = [name for name, array in left.items() if _fits(array, shape)]
        if len(fitting) != 1:
            raise ValueError(_unclear(path, shape, fitting, left))
        chosen[path] = Move(fitting[0], _layout(path, fitting[0], left[fitting[0]], shape))
    names = [move.name for path, move in chosen.items() if path not in _keys(root, mapping)]
    for name in names:
        if names.count(name) > 1:
            both = [path for path, move in chosen.items() if move.name == name]
            raise ValueError(
                f"compare: {' and '.join(both)} could both be {name}; say which in mapping"
            )
    return chosen


def moved(move: Move, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """The array that a move gives."""
    return move.layout(arrays[move.name])


def _keys(root: str, mapping: Mapping[str, Any]) -> list[str]:
    return [_path(root, key) for key in mapping]


def _path(root: str, key: str) -> str:
    """A path as `paths` writes it; `fc.w` and `fc/w` are short for `['fc']['w']`."""
    if re.match(rf"{root}[\[./]", key):
        key = key.removeprefix(root).lstrip("./")
    if key.startswith("["):
        return root + key
    parts = re.split(r"[./]", key)
    return root + "".join(f"[{int(p)}]" if p.isdigit() else f"['{p}']" for p in parts)


def _given(
    wanted: Sequence[tuple[str, Any]],
    root: str,
    named: Mapping[str, np.ndarray],
    mapping: Mapping[str, Any],
) -> dict[str, Move]:
    """The moves that the mapping states."""
    shapes = {path: np.shape(leaf) for path, leaf in wanted}
    chosen = {}
    for key, value in mapping.items():
        path = _path(root, key)
        if path not in shapes:
            continue
        name, layout = (value, None) if isinstance(value, str) else value
        if name not in named:
            raise ValueError(
                f"compare: mapping[{key!r}] names {name!r}, which PyTorch's module does not have; "
                f"it has {', '.join(named)}"
            )
        layout = layout or _layout(path, name, named[name], shapes[path])
        shape = layout(named[name]).shape
        if shape != shapes[path]:
            raise ValueError(
                f"compare: {path} has shape {shapes[path]}, but mapping[{key!r}] makes {shape} of "
                f"{name}, which has {named[name].shape}"
            )
        chosen[path] = Move(name, layout)
    return chosen


def check_keys(mapping: Mapping[str, Any], trees: Mapping[str, Any]) -> None:
    """Raises a ValueError where a key of the mapping belongs to none of the trees."""
    known = [path for root, tree in trees.items() for path, _ in paths(tree, root)]
    for key in mapping:
        if not any(_path(root, key) in known for root in trees):
            what = "the path of an array of params or state"
            remedy = f"name one of {', '.join(known)}" if known else "give params"
            raise ValueError(_checks.wrong("compare", "mapping", what, repr(key), remedy))


def _names(chosen: Mapping[str, Move]) -> set[str]:
    return {move.name for move in chosen.values()}


_SAME_WORD = {"kernel": "weight", "scale": "weight", "embedding": "weight", "w": "weight"}
_SAME_WORD |= {"b": "bias", "mean": "running_mean", "var": "running_var", "gamma": "weight"}
_SAME_WORD |= {"beta": "bias", "offset": "bias", "value": ""}


def _tokens(name: str) -> tuple[str, ...]:
    words = re.findall(r"[A-Za-z0-9_]+", name)
    return tuple(word for word in (_SAME_WORD.get(w.lower(), w.lower()) for w in words) if word)


def _fits(array: np.ndarray, shape: tuple[int, ...]) -> bool:
    return bool(_ways(array, shape))


def _ways(array: np.ndarray, shape: tuple[int, ...]) -> list[Layout]:
    """The layouts that give the shape: as it is, and the usual transposes."""
    usual = [layouts.same]
    if array.ndim == 2:
        usual.append(layouts.linear)
    if array.ndim > 2:
        usual.append(layouts.conv)
    return [layout for layout in usual if layout(array).shape == shape]


def _layout(path: str, name: str, array: np.ndarray, shape: tuple[int, ...]) -> Layout:
    """The one layout that gives the shape; where two do, what flax's and equinox's names say."""
    ways = _ways(array, shape)
    last = (_tokens_raw(path) or [""])[-1]
    if len(ways) > 1 and last == "kernel":  # flax's
        return layouts.linear if array.ndim == 2 else layouts.conv
    if len(ways) > 1 and last in ("weight", "embedding"):  # equinox's and PyTorch's own
        return layouts.same
    if len(ways) != 1:
        remedy = f"mapping={{{path!r}: ({name!r}, torch_layout.linear)}}, or torch_layout.same"
        trouble = "could be either way round" if ways else "cannot be reached by a transpose"
        raise ValueError(
            f"compare: {path} of shape {shape} is {name} of shape {array.shape}, which {trouble}; "
            f"say which, such as {remedy}"
        )
    return ways[0]


def _tokens_raw(path: str) -> list[str]:
    return [w for w in re.findall(r"[A-Za-z0-9_]+", path) if w != "value"]


def _unclear(
    path: str, shape: tuple[int, ...], fitting: Sequence[str], left: Mapping[str, np.ndarray]
) -> str:
    if fitting:
        choice = f"could be {' or '.join(fitting)}"
        example = fitting[0]
    else:
        rest = ", ".join(f"{name} {array.shape}" for name, array in left.items())
        choice = f"has the shape of nothing that is left on PyTorch's side ({rest or 'nothing'})"
        example = next(iter(left), "fc.weight")
    return (
        f"compare: {path} of shape {shape} {choice}; say which, such as "
        f"mapping={{{path!r}: {example!r}}}"
    )


def permutations(array: np.ndarray, shape: tuple[int, ...]) -> list[np.ndarray]:
    """An array with its axes in every order that gives the shape; itself first, where it does."""
    if array.ndim > 5 or sorted(array.shape) != sorted(shape):
        return []
    return [
        np.transpose(array, axes)
        for axes in itertools.permutations(range(array.ndim))
        if tuple(array.shape[axis] for axis in axes) == shape
    ]
