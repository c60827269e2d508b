"""Records the calls that the original makes: one step for each of PyTorch's functions."""

import contextlib
import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from .arrays import to_numpy
from .causes import Call
from .pair import Pair
from .run_torch import floating_tensors, tensors, torch_arguments


@dataclass
class Step:
    """One call of a PyTorch function.

    Attributes:
        call: the call, with copies of its arguments.
        submodule: the innermost submodule that made the call, such as "block.act"; or "".
        sources: the numbers of the steps that its arguments come from.
        tensors: its results, then the arguments that it wrote to.
        results: the same as NumPy arrays, made when the step was recorded.
        written: for each of the results, whether it is an argument that was written to.
    """

    call: Call
    submodule: str = ""
    sources: set[int] = field(default_factory=set)
    tensors: list[Any] = field(default_factory=list)
    written: list[bool] = field(default_factory=list)
    results: list[np.ndarray] = field(init=False)

    def __post_init__(self) -> None:
        """Copies the results, as a later step may write to their tensors."""
        self.results = [to_numpy(tensor) for tensor in self.tensors]

    def __str__(self) -> str:
        """The submodule and the function."""
        return f"`{self.submodule}` ({self.call.name})" if self.submodule else self.call.name


_SAME_NUMBERS = ("detach", "clone", "contiguous", "__get__")
"""Calls that are not recorded: the result has the numbers of the argument."""


def record_steps(pair: Pair) -> tuple[Any, list[Step]]:
    """PyTorch's value in float64 and its steps in order, beginning with one for each input.

    The pair must be `loaded`.
    """
    torch = importlib.import_module("torch")
    steps: list[Step] = []
    submodules: list[str] = []
    step_of: dict[int, int] = {}
    alive: list[Any] = []  # an id belongs to one tensor only while the tensor lives

    def add(step: Step) -> None:
        step_of.update((id(tensor), len(steps)) for tensor in step.tensors)
        steps.append(step)

    class Recorder(torch.overrides.TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            kwargs = kwargs or {}
            name = getattr(func, "__name__", str(func))
            given = tensors((args, kwargs))
            copies = {id(t): t.detach().clone() for t in given}
            returned = func(*args, **kwargs)
            results = floating_tensors(returned)
            alive.extend([*given, *results])
            if name in _SAME_NUMBERS and results and given:
                if id(given[0]) in step_of:
                    step_of.setdefault(id(results[0]), step_of[id(given[0])])
                return returned
            is_result = {id(t) for t in results}
            written = [
                t
                for t in floating_tensors(given)
                if id(t) not in is_result and not is_unchanged(t, copies[id(t)])
            ]
            if results or written:
                args, kwargs = jax.tree.map(lambda x: copies.get(id(x), x), (args, kwargs))
                sources = {step_of[id(t)] for t in given if id(t) in step_of}
                flags = [False] * len(results) + [True] * len(written)
                call = Call(name.strip("_"), func, args, kwargs)
                last = submodules[-1] if submodules else ""
                add(Step(call, last, sources, [*results, *written], flags))
            return returned

    with _tracked(pair.module, submodules):
        arguments, sources = torch_arguments(pair, float64=True)
        given = floating_tensors(jax.tree.leaves(arguments))
        for path, tensor in zip(sources, given, strict=True):
            call = Call(path, torch.clone, (tensor,), {})
            add(Step(call, tensors=[tensor], written=[False]))
        with Recorder():
            value = pair.torch_fn(*arguments)
    return value, steps


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
