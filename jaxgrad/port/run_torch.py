"""Runs the original in PyTorch: its value, gradients and buffers."""

import contextlib
import importlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from .arrays import containers, is_floating, largest, paths, to_numpy, to_torch
from .pair import Outcome, Pair, cotangents, one_line, value_leaves


def tensors(value: Any) -> list[Any]:
    """The tensors in a value, in the order of its leaves."""
    torch = importlib.import_module("torch")
    return [t for t in jax.tree.leaves(containers(value)) if isinstance(t, torch.Tensor)]


def floating_tensors(value: Any) -> list[Any]:
    """The floating point tensors in a value."""
    return [t for t in tensors(value) if t.is_floating_point()]


def named_tensors(module: Any) -> dict[str, Any]:
    """The parameters and buffers of a module by name; none without a module."""
    if module is None:
        return {}
    return dict(module.named_parameters()) | dict(module.named_buffers())


def named_arrays(module: Any) -> dict[str, np.ndarray]:
    """The parameters and buffers of a module by name, as NumPy arrays."""
    return {name: to_numpy(tensor) for name, tensor in named_tensors(module).items()}


@contextlib.contextmanager
def loaded(pair: Pair, *, float64: bool, seed: int = 0) -> Iterator[None]:
    """Loads the pair's numbers into its module and seeds PyTorch; undoes both at the end."""
    torch = importlib.import_module("torch")
    with buffers_of_its_own(torch, pair.module), _with_numbers(pair, float64=float64):
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(seed)
            yield


@contextlib.contextmanager
def _with_numbers(pair: Pair, *, float64: bool) -> Iterator[None]:
    """Loads the pair's numbers into its module; undoes it at the end."""
    named = named_tensors(pair.module)
    kept = [(tensor, tensor.data, tensor.grad) for tensor in named.values()]
    try:
        for name, tensor in named.items():
            tensor.data = to_torch(pair.named[name], float64=float64)
            tensor.grad = None
        yield
    finally:
        for tensor, data, grad in kept:
            tensor.data, tensor.grad = data, grad


@contextlib.contextmanager
def buffers_of_its_own(torch: Any, module: Any) -> Iterator[None]:
    """Gives a module copies of its buffers, as `forward` may write or replace them."""
    parts = [] if module is None else module.modules()
    kept = [(part, dict(part._buffers)) for part in parts if not _is_compiled(torch, part)]
    tensors = {id(one): one for _, named in kept for one in named.values() if one is not None}
    copies = {key: tensor.detach().clone() for key, tensor in tensors.items()}
    for part, named in kept:
        part._buffers.update({name: copies.get(id(one)) for name, one in named.items()})
    try:
        yield
    finally:
        for part, named in kept:
            part._buffers.clear()
            part._buffers.update(named)


def _is_compiled(torch: Any, module: Any) -> bool:
    """Whether a module is TorchScript, whose buffers are not in a dict."""
    return isinstance(module, torch.jit.ScriptModule)


def torch_arguments(pair: Pair, *, float64: bool) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of the original, and the tensors to differentiate by the path of the argument.

    A floating point argument is a copy of the tensor to differentiate: the original may write to
    its arguments.
    """
    arguments: list[Any] = []
    sources: dict[str, Any] = {}
    trees = [(f"inputs[{n}]", tree) for n, tree in enumerate(pair.inputs)]
    if pair.module is None and pair.params is not None:
        trees.insert(0, ("params", pair.tree("params")))
    for root, tree in trees:
        given = []
        for path, leaf in paths(tree, root):
            tensor = to_torch(leaf, float64=float64)
            if is_floating(leaf):
                sources[path] = tensor.requires_grad_()
                tensor = tensor.clone()
            given.append(tensor)
        arguments.append(jax.tree.unflatten(jax.tree.structure(tree), given))
    return arguments, sources


def without_drawing(module: Any) -> str:
    """What to do so that a module draws no random numbers, in words.

    `module.eval()` would also change what a batch norm computes, so the layers are set by name.
    """
    settings = [
        f"{f'{name}.' if name else ''}{option} = 0"
        for name, layer in (() if module is None else module.named_modules())
        for option in ("p", "dropout")
        if layer.training and isinstance(getattr(layer, option, None), float)
        if getattr(layer, option) > 0 and (option == "dropout" or "Dropout" in type(layer).__name__)
    ]
    if not settings:
        return "draw the numbers outside of it and pass them as an input"
    return f"set {', '.join(settings)} in module (module.eval() would also change each batch norm)"


def run_torch(pair: Pair, *, float64: bool = False, seed: int = 0) -> Outcome:
    """Runs the original; an exception is an outcome too."""
    with loaded(pair, float64=float64, seed=seed):
        try:
            arguments, sources = torch_arguments(pair, float64=float64)
            value = pair.torch_fn(*arguments)
            grads = _gradients(pair, value, sources)
        except Exception as error:
            return Outcome(error=one_line(error))
        state = pair.in_jax_layout(named_arrays(pair.module), "state")
    numbers = (*jax.tree.leaves(pair.inputs), *pair.named.values())
    size = max(map(largest, numbers), default=0.0)
    return Outcome(value_leaves(value), grads, state, largest_input=size)


def pullback(outputs: Sequence[Any], wanted: Sequence[Any]) -> list[Any]:
    """The pullback of the fixed cotangents from the outputs to tensors; None for no gradient."""
    torch = importlib.import_module("torch")
    pairs = [
        (output, torch.from_numpy(np.array(cotangent)).to(output.dtype))
        for output, cotangent in zip(outputs, cotangents(outputs), strict=True)
        if output.requires_grad
    ]
    if not pairs or not wanted:
        return [None] * len(wanted)
    ends, against = zip(*pairs, strict=True)
    return list(torch.autograd.grad(ends, wanted, against, allow_unused=True))


def _gradients(pair: Pair, value: Any, sources: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The gradients by path; zeros if the value does not depend on an argument."""
    parameters = {} if pair.module is None else dict(pair.module.named_parameters())
    parameters = {name: p for name, p in parameters.items() if p.requires_grad}
    wanted = [*sources.values(), *parameters.values()]
    arrays = [
        np.zeros(tuple(w.shape), to_numpy(w).dtype) if g is None else to_numpy(g)
        for w, g in zip(wanted, pullback(floating_tensors(value), wanted), strict=True)
    ]
    by_name = dict(zip(parameters, arrays[len(sources) :], strict=True))
    return dict(zip(sources, arrays, strict=False)) | pair.in_jax_layout(by_name, "params")
