"""`jaxgrad compare`: an original and its port in the user's own files."""

import functools
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from .comparison import Report, compare

_GIVEN = ("inputs", "module", "params", "state", "mapping")


class Unusable(ValueError):
    """A file or a name in it cannot be used; the text says why and what to do."""


def compared(torch_place: str, jax_place: str, shapes: Sequence[str] | None) -> Report:
    """The report of `compare` for two places such as "port.py:forward".

    Raises:
        Unusable: a file cannot be imported, a name is not in it, or there are no inputs.
    """
    torch_fn, torch_module = _function(torch_place)
    torch_fn = _made(torch_fn, torch_place)
    jax_fn, jax_module = _function(jax_place)
    given = {
        name: _value(module, name)
        for name in _GIVEN
        for module in (torch_module, jax_module)
        if hasattr(module, name)
    }
    inputs = _drawn(shapes) if shapes else given.pop("inputs", None)
    given.pop("inputs", None)
    if inputs is None:
        raise Unusable(
            f"no inputs: define `inputs = (x, …)` in {jax_place.rpartition(':')[0]}, or give "
            "--input 8,3 for each argument"
        )
    try:
        return compare(torch_fn, jax_fn, inputs, **given)
    except (TypeError, ValueError) as error:
        raise Unusable(str(error)) from None


def _made(torch_fn: Any, place: str) -> Any:
    """A module of the class, where the name is that of a class: made without arguments."""
    if not isinstance(torch_fn, type):
        return torch_fn
    try:
        return torch_fn()
    except TypeError as error:
        raise Unusable(f"{place} needs arguments ({error}); name a module") from None


def _function(place: str) -> tuple[Any, ModuleType]:
    file, _, name = place.rpartition(":")
    if not file or not name:
        raise Unusable(f"expected FILE.py:NAME, got {place!r}")
    module = _imported(str(Path(file).resolve()))
    if not hasattr(module, name):
        raise Unusable(f"{file} has no {name!r}")
    return getattr(module, name), module


@functools.cache
def _imported(file: str) -> ModuleType:
    """A file as a module, which sees the files beside it."""
    if not Path(file).is_file():
        raise Unusable(f"there is no file {file}")
    folder, name = str(Path(file).parent), f"jaxgrad compare {Path(file).stem}"  # hides no module
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise Unusable(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise Unusable(f"{file} raises {type(error).__name__}: {error}") from error
    return module


def _value(module: ModuleType, name: str) -> Any:
    """What a file has under a name; a plain function is called, an nn.Module is not."""
    value = getattr(module, name)
    return value() if type(value).__name__ == "function" else value


def _drawn(shapes: Sequence[str]) -> tuple[np.ndarray, ...]:
    draw = np.random.default_rng(0)
    try:
        sizes = [tuple(int(n) for n in shape.split(",") if n.strip()) for shape in shapes]
        return tuple(draw.standard_normal(size).astype(np.float32) for size in sizes)
    except ValueError:
        raise Unusable(f"a shape is numbers with commas, such as 8,3, not {shapes}") from None
