"""Both computations side by side, until PyTorch's has a value that JAX's does not."""

import contextlib
import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, JaxprEqn

from jaxgrad import _jaxpr

from . import moving, sides
from .apart import apart, close
from .conventions import Call, Guess, guesses
from .sides import Problem

_UNROLLED = 64
_GIVEN = "argument"


@dataclass
class Step:
    """One call of PyTorch's, with what came of it.

    Attributes:
        call: the call, on copies.
        where: the submodules that it stands in, such as "block.act"; empty outside any.
        sources: the steps that its arguments come from.
        results: its results, and the arguments that it wrote to.
        written: which results are arguments that it wrote to.
    """

    call: Call
    where: str
    sources: set[int]
    results: list[np.ndarray]
    written: list[bool] = field(default_factory=list)

    def __str__(self) -> str:
        """The submodule and the call."""
        return f"`{self.where}` ({self.call.name})" if self.where else self.call.name


class Made(NamedTuple):
    """An intermediate value of JAX's, and the equation that made it."""

    array: np.ndarray
    operation: str
    source: str


_PASSED = ("detach", "clone", "contiguous", "__get__")
"""Calls of PyTorch's that are no step: their result has the numbers of their argument."""


def torch_steps(problem: Problem) -> list[Step]:
    """PyTorch's calls in float64, in their order; its inputs are the first steps."""
    with sides.loaded(problem.module, problem.named, wide=True):
        return recorded(problem)[1]


def recorded(problem: Problem) -> tuple[Any, list[Step], list[list[Any]]]:
    """PyTorch's answer, its steps, and for each step the tensors of its results.

    The module must be `sides.loaded`.
    """
    torch = importlib.import_module("torch")
    steps: list[Step] = []
    tensors: list[list[Any]] = []
    stack: list[str] = []
    made_by: dict[int, int] = {}
    alive: list[Any] = []  # an id is only its tensor's while that lives

    def add(step: Step, results: list[Any]) -> None:
        steps.append(step)
        tensors.append(results)
        made_by.update((id(tensor), len(steps) - 1) for tensor in results)

    class Recorder(torch.overrides.TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            kwargs = kwargs or {}
            name = getattr(func, "__name__", str(func))
            before = _tensors(torch, (args, kwargs))
            copies = {id(t): t.detach().clone() for t in before}
            result = func(*args, **kwargs)
            results = [t for t in _tensors(torch, result) if t.is_floating_point()]
            alive.extend([*before, *results])
            if name in _PASSED and results and before:
                if id(before[0]) in made_by:
                    made_by.setdefault(id(results[0]), made_by[id(before[0])])
                return result
            written = [
                t
                for t in before
                if t.is_floating_point()
                and not _unchanged(torch, t, copies[id(t)])
                and all(t is not r for r in results)
            ]
            if results or written:
                add(
                    Step(
                        Call(
                            name.strip("_"),
                            func,
                            _replaced(torch, args, copies),
                            _replaced(torch, kwargs, copies),
                        ),
                        stack[-1] if stack else "",
                        {made_by[id(t)] for t in before if id(t) in made_by},
                        [moving.to_numpy(t) for t in (*results, *written)],
                        [False] * len(results) + [True] * len(written),
                    ),
                    [*results, *written],
                )
            return result

    with _named_calls(problem.module, stack), torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        arguments, leaves = sides.torch_call(problem, wide=True)
        given = [t for t in _tensors(torch, arguments) if t.is_floating_point()]
        for path, tensor in zip(leaves, given, strict=True):
            call = Call(path, torch.clone, (tensor,), {})
            add(Step(call, "", set(), [moving.to_numpy(tensor)], [False]), [tensor])
        with Recorder():
            value = problem.torch_fn(*arguments)
    return value, steps, tensors


@contextlib.contextmanager
def _named_calls(module: Any, stack: list[str]) -> Iterator[None]:
    """Keeps the name of the innermost submodule that is being called on top of the stack."""
    handles = []
    for name, child in module.named_modules() if module is not None else ():
        if name:
            handles.append(
                child.register_forward_pre_hook(lambda *_, name=name: stack.append(name))
            )
            handles.append(child.register_forward_hook(lambda *_: _drop(stack), always_call=True))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _drop(stack: list[str]) -> None:
    stack.pop()


def _tensors(torch: Any, tree: Any) -> list[Any]:
    if isinstance(tree, torch.Tensor):
        return [tree]
    if isinstance(tree, Mapping):
        return [t for child in tree.values() for t in _tensors(torch, child)]
    if isinstance(tree, (list, tuple)):
        return [t for child in tree for t in _tensors(torch, child)]
    return []


def _replaced(torch: Any, tree: Any, copies: Mapping[int, Any]) -> Any:
    if isinstance(tree, torch.Tensor):
        return copies[id(tree)]
    if isinstance(tree, dict):
        return {name: _replaced(torch, child, copies) for name, child in tree.items()}
    if type(tree) in (list, tuple):
        return type(tree)(_replaced(torch, child, copies) for child in tree)
    return tree


def _unchanged(torch: Any, tensor: Any, copy: Any) -> bool:
    return bool(torch.allclose(tensor.detach(), copy, rtol=0, atol=0, equal_nan=True))


def jax_values(problem: Problem) -> list[Made]:
    """JAX's intermediate values in float64, in their order, into calls, loops and branches."""
    made: list[Made] = []

    def perform(eqn: JaxprEqn, inputs: Sequence[Any]) -> Sequence[Any]:
        outputs = _entered(eqn, inputs, run)
        name = eqn.params.get("name", "") if _jaxpr.is_jit(eqn) else ""
        source = _jaxpr.source(eqn)
        for leaf in outputs:
            if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jnp.floating):
                made.append(Made(np.asarray(leaf), name or eqn.primitive.name, str(source)))
        return outputs

    def run(body: ClosedJaxpr, inputs: Sequence[Any]) -> list[Any]:
        return _jaxpr.evaluate(body, inputs, perform)

    with sides.settings(wide=True):
        arguments = sides.jax_call(problem, wide=True)
        traced = _jaxpr.traced("compare", problem.jax_fn, arguments, {})
        run(traced.body, traced.arrays)
        given = [Made(np.asarray(a), _GIVEN, "") for a in traced.arrays]
    return [*(g for g in given if g.array.dtype.kind == "f"), *made]


def _entered(
    eqn: JaxprEqn, inputs: Sequence[Any], run: Callable[[ClosedJaxpr, Sequence[Any]], list[Any]]
) -> Sequence[Any]:
    """The outputs of an equation, its bodies evaluated by `run`, a loop one turn after another."""
    inner = _jaxpr.inlined(eqn)
    if inner is not None:
        return run(inner, inputs)
    if eqn.primitive.name == "cond":
        index, *operands = inputs
        return run(eqn.params["branches"][int(index)], operands)
    if eqn.primitive.name == "scan" and eqn.params["length"] <= _UNROLLED:
        consts, carry, xs = _jaxpr.loop_inputs(eqn, inputs)
        turns = range(eqn.params["length"])
        stacked: list[Any] = []
        for turn in reversed(turns) if eqn.params["reverse"] else turns:
            outputs = run(eqn.params["jaxpr"], [*consts, *carry, *(x[turn] for x in xs)])
            carry = outputs[: len(carry)]
            stacked.append(outputs[len(carry) :])
        if stacked:
            stacked = stacked[::-1] if eqn.params["reverse"] else stacked
            return [*carry, *(jnp.stack(column) for column in zip(*stacked, strict=True))]
    return _jaxpr.as_it_is(eqn, inputs)


class Pool:
    """JAX's values, to be looked up by their numbers."""

    def __init__(self, made: Sequence[Made]) -> None:
        """Sorts the values by size."""
        self.by_size: dict[int, list[Made]] = {}
        for value in made:
            self.by_size.setdefault(value.array.size, []).append(value)

    def match(self, array: np.ndarray) -> Made | None:
        """The value with the same numbers, its axes in any order or reshaped, but not both."""
        total = _invariant(array)
        for made in self.by_size.get(array.size, ()):  # in their order
            if np.allclose(_invariant(made.array), total, rtol=1e-6, equal_nan=True):
                if any(close(array, turned) for turned in _turned(made.array, array.shape)):
                    return made
        return None

    def nearest(self, array: np.ndarray) -> tuple[Made, float] | None:
        """What was computed that differs least, and by how much of its largest element."""
        best: tuple[Made, float] | None = None
        for made in self.by_size.get(array.size, ()):
            if made.operation == _GIVEN:
                continue
            for turned in _turned(made.array, array.shape):
                distance = apart(array, turned)
                if best is None or distance < best[1]:
                    best = made, distance
        return best


def _turned(array: np.ndarray, shape: tuple[int, ...]) -> list[np.ndarray]:
    found = moving.permutations(array, shape)
    return found or [array.reshape(shape)]


def _invariant(array: np.ndarray) -> tuple[float, float]:
    """What does not depend on the order of the elements."""
    wide = array.astype(float)
    return float(np.sum(np.abs(wide))), float(np.sum(wide * wide))


def parting(problem: Problem) -> str:
    """The first step of PyTorch's that JAX does not take, in words; empty where it takes all."""
    steps = torch_steps(problem)
    pool = Pool(jax_values(problem))
    found = [[pool.match(result) for result in step.results] for step in steps]
    for number, step in enumerate(steps):
        for place, match in enumerate(found[number]):
            written = step.written[place]
            wanted = problem.state is not None if written else not _taken_up(number, steps, found)
            if match is None and wanted:
                return _explained(step, place, pool)
    return ""


def _taken_up(number: int, steps: Sequence[Step], found: Sequence[Sequence[Made | None]]) -> bool:
    """Whether a later step that depends on this one has its equal: it was only passed over."""
    reached = {number}
    for later in range(number + 1, len(steps)):
        if steps[later].sources & reached:
            reached.add(later)
            pairs = zip(steps[later].results, found[later], strict=True)
            if any(match is not None and _tells(result) for result, match in pairs):
                return True
    return False


def _tells(array: np.ndarray) -> bool:
    """Whether two arrays with these numbers are hardly so by chance."""
    return array.size == 1 or bool(array.size and np.ptp(array) > 0)


def _explained(step: Step, place: int, pool: Pool) -> str:
    result = step.results[place]
    found = _right_guess(step, place, pool)
    if found is not None:
        guess, made = found
        text = f"{step}: PyTorch computes {guess.given}, JAX what {guess.instead} gives"
        return text + (f", at {made.source}" if made.source else "")
    what = "what it writes to its buffers" if step.written[place] else "its result"
    text = f"{step}: JAX has no value equal to {what}, of shape {result.shape}"
    nearest = pool.nearest(result)
    if nearest is not None:
        made, distance = nearest
        line = f" at {made.source}" if made.source else ""
        text += f"; the nearest is that of {made.operation}{line}, {distance:.2g} off"
    return text


def _right_guess(step: Step, place: int, pool: Pool) -> tuple[Guess, Made] | None:
    """The first other way to call the step that gives what JAX has."""
    torch = importlib.import_module("torch")
    result, written = step.results[place], step.written[place]
    for guess in guesses(step.call):
        try:
            with torch.no_grad():
                value, given = guess.run()
        except Exception:  # not a way to call it
            continue
        tensors = _written(torch, given, step.call) if written else _tensors(torch, value)
        arrays = [moving.to_numpy(t) for t in tensors if t.is_floating_point()]
        if len(arrays) > 1:  # the one in the same place
            arrays = arrays[step.written[:place].count(written) :][:1]
        for array in arrays:
            made = pool.match(array)
            new = array.size != result.size or not close(result, array.reshape(result.shape))
            if made is not None and made.operation != _GIVEN and new:
                return guess, made
    return None


def _written(torch: Any, given: Sequence[Any], call: Call) -> list[Any]:
    """The tensors that are no longer those that the call was made with."""
    before = _tensors(torch, (call.args, dict(call.kwargs)))
    return [
        t for t in given if not any(t.shape == b.shape and _unchanged(torch, t, b) for b in before)
    ]
