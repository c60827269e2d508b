"""`jaxgrad compare`: compares an original and its port that are in files."""

import functools
import importlib.util
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from .comparison import Report, compare

_OPTIONS = ("inputs", "module", "params", "state", "mapping")


class Unusable(ValueError):
    """A file, or a name in it, cannot be used; the message says why and what to do."""


def compare_files(torch_name: str, jax_name: str, shapes: Sequence[str] | None) -> Report:
    """The report of `compare` for two names such as "port.py:forward".

    Raises:
        Unusable: a file cannot be imported or does not have the name, or there are no inputs.
    """
    torch_fn, torch_module = _imported(torch_name)
    if isinstance(torch_fn, type):
        torch_fn = _made(torch_name, torch_fn)
    jax_fn, jax_module = _imported(jax_name)
    options = {
        name: _value(getattr(module, name))
        for module in (torch_module, jax_module)
        for name in _OPTIONS
        if hasattr(module, name) and not (name == "inputs" and shapes)
    }
    if shapes:
        options["inputs"] = _normal(shapes)
    if options.get("inputs") is None:
        raise Unusable(_no_inputs(jax_name))
    try:
        return compare(torch_fn, jax_fn, **options)
    except (TypeError, ValueError) as error:
        raise Unusable(str(error)) from None


def named_module(place: str, shapes: Sequence[str] | None) -> tuple[Any, tuple[Any, ...], Any]:
    """The module of a name such as "model.py:Net", its inputs, and which sizes stay free.

    Raises:
        Unusable: the file cannot be imported or does not have the name, or there are no inputs.
    """
    module, file = _imported(place)
    if isinstance(module, type) or type(module).__name__ == "function":
        module = _made(place, module)
    inputs = _normal(shapes) if shapes else _value(getattr(file, "inputs", None))
    if inputs is None:
        raise Unusable(_no_inputs(place))
    inputs = inputs if isinstance(inputs, tuple) else (inputs,)
    return module, inputs, _value(getattr(file, "dynamic_shapes", None))


def _made(place: str, maker: Callable[[], Any]) -> Any:
    """What a class or a function without arguments makes."""
    try:
        return maker()
    except TypeError as error:
        raise Unusable(f"{place} needs arguments ({error}); name a module") from None


def _no_inputs(place: str) -> str:
    file = place.rpartition(":")[0]
    return f"no inputs: define `inputs = (x, …)` in {file}, or give --input 8,3 for each argument"


def _imported(place: str) -> tuple[Any, ModuleType]:
    """What has the name FILE.py:NAME, and the module that it is in."""
    file, _, name = place.rpartition(":")
    if not file or not name:
        raise Unusable(f"expected FILE.py:NAME, got {place!r}")
    module = _module(str(Path(file).resolve()))
    if not hasattr(module, name):
        raise Unusable(f"{file} has no {name!r}")
    return getattr(module, name), module


@functools.cache
def _module(file: str) -> ModuleType:
    """A file as a module, which can import the files beside it."""
    if not Path(file).is_file():
        raise Unusable(f"there is no file {file}")
    folder, name = str(Path(file).parent), f"jaxgrad compare {Path(file).stem}"  # hides no module
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise Unusable(f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise Unusable(f"{file} raises {type(error).__name__}: {error}") from error
    return module


def _value(value: Any) -> Any:
    """The value itself, or what it returns if it is a plain function."""
    return value() if type(value).__name__ == "function" else value


def _normal(shapes: Sequence[str]) -> tuple[np.ndarray, ...]:
    """Normal random numbers of these shapes."""
    draw = np.random.default_rng(0)
    try:
        sizes = [tuple(int(n) for n in shape.split(",") if n.strip()) for shape in shapes]
        return tuple(draw.standard_normal(size).astype(np.float32) for size in sizes)
    except ValueError:
        raise Unusable(f"a shape is numbers with commas, such as 8,3, not {shapes}") from None
