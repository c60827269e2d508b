"""Which of PyTorch's parameters and buffers each of JAX's arrays is, and in which layout."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from jaxgrad import _checks

from . import layouts
from .arrays import paths
from .layouts import Layout

Shape = tuple[int, ...]


class Match(NamedTuple):
    """PyTorch's counterpart of one of JAX's arrays: its name, and the layout that JAX uses."""

    name: str
    layout: Layout

    def array(self, named: Mapping[str, np.ndarray]) -> np.ndarray:
        """PyTorch's array of that name in JAX's layout."""
        return self.layout(named[self.name])


def match_arrays(
    tree: Any, root: str, named: Mapping[str, np.ndarray], mapping: Mapping[str, Any]
) -> dict[str, Match]:
    """The match of each leaf of a tree, by the path of the leaf.

    The mapping decides first, then equal names, then shapes.

    Raises:
        ValueError: a leaf fits several of PyTorch's arrays, or none, or one in several layouts; or
            PyTorch's module has no array of a name that the mapping gives.
    """
    shapes = {path: np.shape(leaf) for path, leaf in paths(tree, root)}
    given = _from_mapping(shapes, root, named, mapping)
    matches = dict(given)
    names = {match.name for match in matches.values()}
    left = {name: array for name, array in named.items() if name not in names}
    for path, shape in shapes.items():
        alike = [name for name in left if _words(name) == _words(path.removeprefix(root))]
        if path not in matches and len(alike) == 1 and _layouts(left[alike[0]], shape):
            matches[path] = _match(path, shape, alike[0], left)
            del left[alike[0]]
    for path, shape in shapes.items():
        if path not in matches:
            fitting = [name for name, array in left.items() if _layouts(array, shape)]
            if len(fitting) != 1:
                raise ValueError(_not_one(path, shape, fitting, left))
            matches[path] = _match(path, shape, fitting[0], left)
    _check_used_once({path: m.name for path, m in matches.items() if path not in given})
    return matches


def _check_used_once(names: Mapping[str, str]) -> None:
    for name in names.values():
        both = [path for path in names if names[path] == name]
        if len(both) > 1:
            raise ValueError(
                f"compare: {' and '.join(both)} could both be {name}; say which in mapping"
            )


def _from_mapping(
    shapes: Mapping[str, Shape],
    root: str,
    named: Mapping[str, np.ndarray],
    mapping: Mapping[str, Any],
) -> dict[str, Match]:
    """The matches that the caller states."""
    matches = {}
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
        match = Match(name, layout) if layout else _match(path, shapes[path], name, named)
        shape = match.array(named).shape
        if shape != shapes[path]:
            raise ValueError(
                f"compare: {path} has shape {shapes[path]}, but mapping[{key!r}] makes {shape} of "
                f"{name}, which has {named[name].shape}"
            )
        matches[path] = match
    return matches


def check_mapping(mapping: Mapping[str, Any], trees: Mapping[str, Any]) -> None:
    """Raises a ValueError if a key of the mapping is the path of no leaf of the trees."""
    known = [path for root, tree in trees.items() for path, _ in paths(tree, root)]
    for key in mapping:
        if not any(_path(root, key) in known for root in trees):
            expected = "the path of an array of params or state"
            remedy = f"name one of {', '.join(known)}" if known else "give params"
            raise ValueError(_checks.of("compare").wrong("mapping", expected, repr(key), remedy))


def _path(root: str, key: str) -> str:
    """A key as `paths` writes it; `fc.w` and `fc/w` are short for `['fc']['w']`."""
    if re.match(rf"{root}[\[./]", key):
        key = key.removeprefix(root).lstrip("./")
    if key.startswith("["):
        return root + key
    parts = re.split(r"[./]", key)
    return root + "".join(f"[{int(p)}]" if p.isdigit() else f"['{p}']" for p in parts)


_SYNONYMS = {
    **{"kernel": "weight", "scale": "weight", "embedding": "weight", "w": "weight"},
    **{"b": "bias", "mean": "running_mean", "var": "running_var", "gamma": "weight"},
    **{"beta": "bias", "offset": "bias", "value": ""},
}


def _words(name: str) -> list[str]:
    """The words of a name, those of flax and of others replaced by PyTorch's."""
    words = map(str.lower, re.findall(r"\w+", name, re.ASCII))
    return [word for word in (_SYNONYMS.get(w, w) for w in words) if word]


def _layouts(array: np.ndarray, shape: Shape) -> list[Layout]:
    """The usual layouts in which an array has the shape."""
    usual = [layouts.same]
    if array.ndim >= 2:
        usual.append(layouts.linear if array.ndim == 2 else layouts.conv)
    return [layout for layout in usual if layout(array).shape == shape]


def _match(path: str, shape: Shape, name: str, named: Mapping[str, np.ndarray]) -> Match:
    """The match in the one layout that gives the shape.

    If two do, the names decide: flax transposes a "kernel", equinox keeps PyTorch's "weight", and
    an array of PyTorch's own name, such as "weight_hh_l0", is in PyTorch's layout.
    """
    array = named[name]
    found = _layouts(array, shape)
    words = [word for word in re.findall(r"\w+", path, re.ASCII) if word != "value"]
    if len(found) > 1 and words[-1] == "kernel":
        found = found[-1:]
    if len(found) > 1 and words[-1] in ("weight", "embedding", name.rpartition(".")[2]):
        found = found[:1]
    if len(found) == 1:
        return Match(name, found[0])
    trouble = "could be either way round" if found else "cannot be reached by a transpose"
    raise ValueError(
        f"compare: {path} of shape {shape} is {name} of shape {array.shape}, which {trouble}; say "
        f"which, such as mapping={{{path!r}: ({name!r}, torch_layout.linear)}}, or "
        "torch_layout.same"
    )


def _not_one(
    path: str, shape: Shape, fitting: Sequence[str], left: Mapping[str, np.ndarray]
) -> str:
    example = next(iter(fitting or left), "fc.weight")
    if fitting:
        trouble = f"could be {' or '.join(fitting)}"
    else:
        rest = ", ".join(f"{name} {array.shape}" for name, array in left.items()) or "none"
        trouble = f"fits none of PyTorch's arrays that are not matched yet ({rest})"
    return (
        f"compare: {path} of shape {shape} {trouble}; say which, such as "
        f"mapping={{{path!r}: {example!r}}}"
    )
