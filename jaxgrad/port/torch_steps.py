"""Records the calls that the original makes: one step for each of PyTorch's functions."""

import contextlib
import importlib
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import numpy as np

from .arrays import to_numpy
from .conventions import Call
from .pair import Pair
from .run_torch import floating_tensors, tensors, torch_arguments

Origin = tuple[int, int]
"""The number of a step, and a place among its results."""


@dataclass
class Step:
    """One call of a PyTorch function.

    Attributes:
        call: the call, with copies of its arguments.
        submodule: the innermost submodule that made the call, such as "block.act"; or "".
        origins: for each tensor among the arguments, by its id, where it comes from: the number of
            the step, and its place among that step's results. Weights come from no step.
        tensors: its results, then the arguments that it wrote to.
        results: the same as NumPy arrays, made when the step was recorded.
        written: for each of the results, the id of the argument that was written to, or None.
    """

    call: Call
    submodule: str = ""
    origins: dict[int, Origin] = field(default_factory=dict)
    tensors: list[Any] = field(default_factory=list)
    written: list[int | None] = field(default_factory=list)
    results: list[np.ndarray] = field(init=False)

    def __post_init__(self) -> None:
        """Copies the results, as a later step may write to their tensors."""
        self.results = [to_numpy(tensor) for tensor in self.tensors]

    @property
    def sources(self) -> set[int]:
        """The numbers of the steps that its arguments come from."""
        return {number for number, _ in self.origins.values()}

    def __str__(self) -> str:
        """The submodule and the function."""
        return f"`{self.submodule}` ({self.call.name})" if self.submodule else self.call.name


class Recording(NamedTuple):
    """A run of the original: its value, its steps, and the results that it returns."""

    value: Any
    steps: list[Step]
    returned: set[Origin]


_SAME_NUMBERS = ("detach", "clone", "contiguous", "data", "to", "type", "double", "float")
"""Calls that are not recorded if the result is the argument."""
_COMPOSED = ("multi_head_attention_forward",)
"""Functions of many steps, which are recorded one by one."""


def record_steps(pair: Pair) -> Recording:
    """A run in float64: its steps in order, beginning with one for each input.

    The pair must be `loaded`.
    """
    torch = importlib.import_module("torch")
    steps: list[Step] = []
    submodules: list[str] = []
    origin_of: dict[int, Origin] = {}
    alive: list[Any] = []  # an id belongs to one tensor only while the tensor lives

    def add(step: Step) -> None:
        places = enumerate(step.tensors)
        origin_of.update((id(tensor), (len(steps), place)) for place, tensor in places)
        steps.append(step)

    class Recorder(torch.overrides.TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            kwargs = kwargs or {}
            name = _name(func)
            if name in _COMPOSED:
                with self:
                    return _opened(func)(*args, **kwargs)
            given = tensors((args, kwargs))
            copies = {id(t): t.detach().clone() for t in given}
            returned = func(*args, **kwargs)
            results = floating_tensors(returned)
            alive.extend([*given, *results])
            if name in _SAME_NUMBERS and results and given:
                if id(given[0]) in origin_of:
                    origin_of.setdefault(id(results[0]), origin_of[id(given[0])])
                return returned
            is_result = {id(t) for t in results}
            written = [
                t
                for t in floating_tensors(given)
                if id(t) not in is_result and not is_unchanged(t, copies[id(t)])
            ]
            if results or written:
                args, kwargs = jax.tree.map(lambda x: copies.get(id(x), x), (args, kwargs))
                known = [t for t in given if id(t) in origin_of]
                origins = {id(copies[id(t)]): origin_of[id(t)] for t in known}
                targets = [*(None for _ in results), *(id(copies[id(t)]) for t in written)]
                call = Call(name, func, args, kwargs)
                last = submodules[-1] if submodules else ""
                add(Step(call, last, origins, [*results, *written], targets))
            return returned

    with _tracked(pair.module, submodules):
        arguments, sources = torch_arguments(pair, float64=True)
        given = floating_tensors(jax.tree.leaves(arguments))
        for path, tensor in zip(sources, given, strict=True):
            call = Call(path, torch.clone, (tensor,), {})
            add(Step(call, tensors=[tensor], written=[None]))
        with Recorder():
            value = pair.torch_fn(*arguments)
    returned = {origin_of[id(t)] for t in floating_tensors(value) if id(t) in origin_of}
    return Recording(value, steps, returned)


def _name(func: Any) -> str:
    """The name of a function; that of the attribute for a getter such as `Tensor.T.__get__`."""
    name = getattr(func, "__name__", str(func))
    if name == "__get__":
        name = getattr(func.__self__, "__name__", name)
    return name.strip("_")


def _opened(func: Any) -> Any:
    """A Python function of PyTorch's that calls its parts where it would call its recorder."""
    names = {**func.__globals__, "has_torch_function": lambda _: False}
    parts = (func.__code__, names, func.__name__, func.__defaults__, func.__closure__)
    opened = types.FunctionType(*parts)
    opened.__kwdefaults__ = func.__kwdefaults__
    return opened


@contextlib.contextmanager
def _tracked(module: Any, submodules: list[str]) -> Iterator[None]:
    """Keeps the names of the submodules that are being called in the list, the innermost last."""
    handles = []
    for name, child in module.named_modules() if module is not None else ():
        if name:
            enter = child.register_forward_pre_hook(lambda *_, name=name: submodules.append(name))
            leave = child.register_forward_hook(lambda *_: _leave(submodules), always_call=True)
            handles += [enter, leave]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _leave(submodules: list[str]) -> None:
    submodules.pop()


def is_unchanged(tensor: Any, copy: Any) -> bool:
    """Whether a tensor still has the numbers of a copy."""
    torch = importlib.import_module("torch")
    return bool(torch.allclose(tensor.detach(), copy, rtol=0, atol=0, equal_nan=True))
