"""Arrays of NumPy, JAX and PyTorch, converted into each other."""

import dataclasses
import importlib
import itertools
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np


def is_tensor(leaf: Any) -> bool:
    """Whether a leaf is a PyTorch tensor; PyTorch is not imported to find out."""
    return type(leaf).__module__.partition(".")[0] == "torch" and hasattr(leaf, "detach")


def to_numpy(leaf: Any) -> Any:
    """A tensor or an array as a NumPy array; any other leaf is returned unchanged."""
    if is_tensor(leaf):
        leaf = leaf.detach().cpu().resolve_conj().resolve_neg()
        if str(leaf.dtype) == "torch.bfloat16":
            return leaf.float().numpy().astype(jax.numpy.bfloat16)
        return leaf.numpy().copy()
    return np.asarray(leaf) if isinstance(leaf, (jax.Array, np.generic)) else leaf


def to_torch(leaf: Any, *, float64: bool) -> Any:
    """An array as a tensor; integers become int64, the dtype of PyTorch's indices."""
    torch = importlib.import_module("torch")
    if not isinstance(leaf, np.ndarray):
        return leaf
    if is_floating(leaf):
        bfloat16 = str(leaf.dtype) == "bfloat16"
        tensor = torch.from_numpy(np.array(leaf, np.float32 if bfloat16 else leaf.dtype))
        return tensor.double() if float64 else tensor.bfloat16() if bfloat16 else tensor
    if leaf.dtype.kind == "i":
        leaf = leaf.astype(np.int64)
    tensor = torch.from_numpy(leaf.copy())
    return tensor.to(torch.complex128) if float64 and leaf.dtype.kind == "c" else tensor


def to_jax(leaf: Any, *, float64: bool) -> Any:
    """An array as a JAX array."""
    if not isinstance(leaf, np.ndarray):
        return leaf
    return jax.numpy.asarray(leaf.astype(float) if float64 and is_floating(leaf) else leaf)


def is_floating(leaf: Any) -> bool:
    """Whether a leaf is a NumPy array of real floating point numbers, bfloat16 included."""
    return isinstance(leaf, np.ndarray) and (
        leaf.dtype.kind == "f" or str(leaf.dtype) == "bfloat16"
    )


def largest(leaf: Any) -> float:
    """The largest finite magnitude of an array; 0 if there is none."""
    if not isinstance(leaf, np.ndarray) or not leaf.size:
        return 0.0
    magnitude = np.abs(leaf.astype(complex if leaf.dtype.kind == "c" else float))
    return float(np.max(np.where(np.isfinite(magnitude), magnitude, 0.0)))


def paths(tree: Any, root: str) -> list[tuple[str, Any]]:
    """The leaves of a pytree with their paths, such as `params['fc']['w']`."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return [(root + jax.tree_util.keystr(path), leaf) for path, leaf in leaves]


def containers(value: Any) -> Any:
    """An answer as dicts and lists, so that PyTorch's and JAX's have the same leaves."""
    fields = dataclasses.is_dataclass(value) and not isinstance(value, type | Mapping)
    if fields:
        value = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): containers(child) for name, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [containers(child) for child in value]
    return value


def permutations(array: np.ndarray, shape: tuple[int, ...]) -> list[np.ndarray]:
    """The transposes of an array that have the shape; the array itself first, if it has it."""
    if array.ndim > 5 or sorted(array.shape) != sorted(shape):
        return []
    transposes = (np.transpose(array, a) for a in itertools.permutations(range(array.ndim)))
    return [transpose for transpose in transposes if transpose.shape == shape]
