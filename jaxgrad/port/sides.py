"""Both sides of a port, run on the same numbers: values, gradients and state."""

import contextlib
import dataclasses
import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgrad._closeness import flat

from . import moving
from .moving import Move

PRECISION = "highest"
"""Of JAX's matrix products, so that no accelerator rounds their operands to TF32 or bfloat16."""


@dataclass(frozen=True)
class Problem:
    """A function of PyTorch's, its port, and the numbers to hold them together on.

    Attributes:
        torch_fn: takes tensors; without a module but with `params`, those first.
        jax_fn: takes `params` and `state` where they are given, then the inputs; returns the new
            state beside its value where there is one.
        module: holds PyTorch's parameters and buffers, or None.
        inputs: trees of NumPy arrays.
        params: JAX's parameters, as a tree of which the shapes count, or None.
        state: JAX's buffers, likewise.
        named: PyTorch's parameters and buffers by name, as NumPy arrays.
        moves: where each array of `params` and `state` comes from, by its path.
    """

    torch_fn: Callable[..., Any]
    jax_fn: Callable[..., Any]
    module: Any
    inputs: tuple[Any, ...]
    params: Any
    state: Any
    named: Mapping[str, np.ndarray]
    moves: Mapping[str, Move]

    def tree(self, root: str) -> Any:
        """`params` or `state` with PyTorch's numbers in it, as NumPy arrays."""
        tree = getattr(self, root)
        leaves, structure = jax.tree.flatten(tree)
        names = [path for path, _ in moving.paths(tree, root)]
        return structure.unflatten(
            moving.moved(self.moves[name], self.named) if name in self.moves else leaf
            for name, leaf in zip(names, leaves, strict=True)
        )

    def at(self, inputs: tuple[Any, ...], named: Mapping[str, np.ndarray] | None = None) -> Any:
        """The same problem at other numbers."""
        return dataclasses.replace(
            self, inputs=inputs, named=self.named if named is None else named
        )


@dataclass(frozen=True)
class Outcome:
    """What one side gave: leaves by their paths, in JAX's names and layouts.

    Attributes:
        value: the answer.
        grads: the gradients, by the paths of what they are taken with respect to.
        state: the buffers afterwards.
        error: what was raised instead, in one line.
        around: the largest number that went in: what cancels leaves its rounding behind.
    """

    value: dict[str, Any] = field(default_factory=dict)
    grads: dict[str, np.ndarray] = field(default_factory=dict)
    state: dict[str, np.ndarray] = field(default_factory=dict)
    error: str | None = None
    around: float = 0.0


def cotangents(leaves: Sequence[Any]) -> list[np.ndarray]:
    """What the gradients are taken against: 1 for a number, else drawn once and for all.

    Ones would hide whatever cancels in a sum, as all of a softmax or a norm's gradient does.
    """
    draw = [np.random.default_rng(seed).standard_normal for seed in range(len(leaves))]
    shapes = map(np.shape, leaves)
    return [d(s) if s else np.ones(s) for d, s in zip(draw, shapes, strict=True)]


def outputs(value: Any) -> dict[str, Any]:
    """The leaves of an answer by their paths."""
    return {f"output{path}": leaf for path, leaf in flat(plain(value))}


def plain(value: Any) -> Any:
    """An answer as lists and dicts of NumPy arrays and plain values."""
    if isinstance(value, Mapping):
        return {str(name): plain(child) for name, child in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, (list, tuple)):
        return [plain(child) for child in value]
    return moving.to_numpy(value)


def floating_tensors(value: Any) -> list[Any]:
    """The floating point tensors of an answer, in the order of its leaves."""
    if isinstance(value, Mapping):
        return [t for name in sorted(value, key=str) for t in floating_tensors(value[name])]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return floating_tensors({f.name: getattr(value, f.name) for f in dataclasses.fields(value)})
    if isinstance(value, (list, tuple)):
        return [t for child in value for t in floating_tensors(child)]
    is_floating = getattr(value, "is_floating_point", None)
    return [value] if is_floating is not None and is_floating() else []


def named_arrays(module: Any) -> dict[str, np.ndarray]:
    """The parameters and buffers of a module, by name."""
    both = [*module.named_parameters(), *module.named_buffers()]
    return {name: moving.to_numpy(tensor) for name, tensor in both}


@contextlib.contextmanager
def loaded(module: Any, named: Mapping[str, np.ndarray], *, wide: bool) -> Iterator[None]:
    """The module with these numbers, in float64 where `wide`; afterwards it is as it was."""
    both = [] if module is None else [*module.named_parameters(), *module.named_buffers()]
    kept = [(tensor, tensor.data, tensor.grad) for _, tensor in both]
    try:
        for name, tensor in both:
            tensor.data = moving.to_torch(named[name], wide=wide)
            tensor.grad = None
        yield
    finally:
        for tensor, data, grad in kept:
            tensor.data = data
            tensor.grad = grad


def torch_call(problem: Problem, *, wide: bool) -> tuple[list[Any], dict[str, Any]]:
    """PyTorch's arguments, and those of them that gradients are asked for, by JAX's path.

    Every argument is a copy of the tensor that is differentiated, so that it may be written to.
    """
    arguments: list[Any] = []
    leaves: dict[str, Any] = {}
    trees = [(f"inputs[{n}]", tree) for n, tree in enumerate(problem.inputs)]
    if problem.module is None and problem.params is not None:
        trees.insert(0, ("params", problem.tree("params")))
    for root, tree in trees:
        flat_leaves, structure = jax.tree.flatten(tree)
        given = []
        for (path, _), leaf in zip(moving.paths(tree, root), flat_leaves, strict=True):
            tensor = moving.to_torch(leaf, wide=wide)
            if moving.is_floating(leaf):
                leaves[path] = tensor.requires_grad_()
                tensor = tensor.clone()
            given.append(tensor)
        arguments.append(structure.unflatten(given))
    return arguments, leaves


def torch_outcome(problem: Problem, *, wide: bool = False, seed: int = 0) -> Outcome:
    """What PyTorch gives; what it raises is an answer too."""
    torch = importlib.import_module("torch")
    with loaded(problem.module, problem.named, wide=wide), torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        try:
            arguments, leaves = torch_call(problem, wide=wide)
            value = problem.torch_fn(*arguments)
            grads = _torch_grads(torch, problem, value, leaves)
        except Exception as error:
            return Outcome(error=_words(error))
        named = {} if problem.module is None else named_arrays(problem.module)
    state = {
        path: moving.moved(move, named)
        for path, move in problem.moves.items()
        if path.startswith("state")
    }
    numbers = (*jax.tree.leaves(problem.inputs), *problem.named.values())
    around = max(map(moving.largest, numbers), default=0.0)
    return Outcome(outputs(value), grads, state, around=around)


def _torch_grads(torch: Any, problem: Problem, value: Any, leaves: Any) -> dict[str, np.ndarray]:
    tensors = floating_tensors(value)
    against = cotangents(tensors)
    pairs = [
        (t, torch.from_numpy(np.array(c)).to(t.dtype))
        for t, c in zip(tensors, against, strict=True)
        if t.requires_grad
    ]
    parameters = {} if problem.module is None else dict(problem.module.named_parameters())
    parameters = {name: p for name, p in parameters.items() if p.requires_grad}
    wanted = [*leaves.values(), *parameters.values()]
    found = [None] * len(wanted)
    if pairs and wanted:
        ends, ends_against = zip(*pairs, strict=True)
        found = torch.autograd.grad(ends, wanted, ends_against, allow_unused=True)
    arrays = [
        np.zeros(tuple(w.shape), moving.to_numpy(w).dtype) if g is None else moving.to_numpy(g)
        for w, g in zip(wanted, found, strict=True)
    ]
    grads = dict(zip(leaves, arrays, strict=False))
    by_name = dict(zip(parameters, arrays[len(leaves) :], strict=True))
    for path, move in problem.moves.items():
        if path.startswith("params") and move.name in by_name:
            grads[path] = moving.moved(move, by_name)
    return grads


def jax_call(problem: Problem, *, wide: bool) -> tuple[Any, ...]:
    """JAX's arguments."""
    trees = [
        problem.tree(root) for root in ("params", "state") if getattr(problem, root) is not None
    ]
    return tuple(
        jax.tree.map(lambda leaf: moving.to_jax(moving.to_numpy(leaf), wide=wide), tree)
        for tree in (*trees, *problem.inputs)
    )


@contextlib.contextmanager
def settings(wide: bool) -> Iterator[None]:
    """JAX with exact matrix products, and with 64-bit types where `wide`."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(jax.default_matmul_precision(PRECISION))
        if wide:
            stack.enter_context(jax.enable_x64(True))
        yield


Runner = Callable[..., Outcome]


def jax_runner(problem: Problem, *, jit: bool) -> Runner:
    """A function of a problem that gives JAX's outcome; jitted, it is compiled for shapes once."""

    def graded(arguments: tuple[Any, ...]) -> Any:
        leaves, structure = jax.tree.flatten(arguments)
        floating = [n for n, leaf in enumerate(leaves) if _is_floating(leaf)]

        def of_floating(floats: list[Any]) -> Any:
            given = dict(zip(floating, floats, strict=True))
            args = structure.unflatten(given.get(n, leaf) for n, leaf in enumerate(leaves))
            value, state = split(problem, problem.jax_fn(*args))
            return floating_leaves(value), (value, state)

        results, pull, rest = jax.vjp(of_floating, [leaves[n] for n in floating], has_aux=True)
        against = [
            jnp.asarray(c, leaf.dtype) for c, leaf in zip(cotangents(results), results, strict=True)
        ]
        (grads,) = pull(against)
        return rest, grads

    run = _jitted(graded) if jit else graded

    def outcome(problem: Problem, *, wide: bool = False) -> Outcome:
        with settings(wide):
            try:
                arguments = jax_call(problem, wide=wide)
                (value, state), grads = run(arguments)
            except Exception as error:
                return Outcome(error=_words(error))
        names = [path for path, leaf in _argument_paths(problem, arguments) if _is_floating(leaf)]
        graded = {name: np.asarray(g) for name, g in zip(names, grads, strict=True)}
        graded = {name: g for name, g in graded.items() if not name.startswith("state")}
        after = {} if state is None else dict(moving.paths(state, "state"))
        return Outcome(outputs(value), graded, {k: np.asarray(v) for k, v in after.items()})

    return outcome


def _jitted(graded: Callable[..., Any]) -> Callable[..., Any]:
    """Jits a function of arrays; other leaves of its arguments and results stay as they are."""
    compiled: dict[Any, Any] = {}

    def run(arguments: tuple[Any, ...]) -> Any:
        leaves, structure = jax.tree.flatten(arguments)
        places = [n for n, leaf in enumerate(leaves) if isinstance(leaf, jax.Array)]
        results: list[Any] = []

        def of_arrays(arrays: list[Any]) -> Any:
            given = dict(zip(places, arrays, strict=True))
            leaves_, result = jax.tree.flatten(
                graded(structure.unflatten(given.get(n, leaf) for n, leaf in enumerate(leaves)))
            )
            fixed = {n: leaf for n, leaf in enumerate(leaves_) if not isinstance(leaf, jax.Array)}
            results.append((result, fixed, len(leaves_)))
            return [leaf for n, leaf in enumerate(leaves_) if n not in fixed]

        key = (structure, tuple(str(jax.typeof(leaves[n])) for n in places))
        function, results = compiled.setdefault(key, (jax.jit(of_arrays), results))
        arrays = iter(function([leaves[n] for n in places]))
        result, fixed, count = results[-1]
        return result.unflatten(fixed[n] if n in fixed else next(arrays) for n in range(count))

    return run


def split(problem: Problem, result: Any) -> tuple[Any, Any]:
    """The value and the new state of what the port returned."""
    if problem.state is None:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise TypeError(
            "compare: with state, jax_fn must return a pair (value, new state), "
            f"not {type(result).__name__}; or leave state out"
        )
    return result


def floating_leaves(value: Any) -> list[jax.Array]:
    """The floating point arrays of JAX's answer, in the order of PyTorch's."""
    return [leaf for leaf in jax.tree.leaves(_ordered(value)) if _is_floating(leaf)]


def _ordered(value: Any) -> Any:
    """A value as lists and dicts, so that its leaves come in the order of PyTorch's."""
    if isinstance(value, Mapping):
        return [_ordered(value[name]) for name in sorted(value, key=str)]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _ordered({f.name: getattr(value, f.name) for f in dataclasses.fields(value)})
    if isinstance(value, (list, tuple)):
        return [_ordered(child) for child in value]
    return value


def _argument_paths(problem: Problem, arguments: tuple[Any, ...]) -> list[tuple[str, Any]]:
    roots = [root for root in ("params", "state") if getattr(problem, root) is not None]
    roots += [f"inputs[{n}]" for n in range(len(problem.inputs))]
    pairs = zip(roots, arguments, strict=True)
    return [leaf for root, tree in pairs for leaf in moving.paths(tree, root)]


def _is_floating(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jnp.floating)


def _words(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"
