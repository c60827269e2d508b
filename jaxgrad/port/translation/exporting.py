"""A module and its arguments -> the graph that PyTorch exports, and what it needs."""

import contextlib
import dataclasses
import functools
import inspect
import sys
import warnings
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from unittest import mock

import jax
import numpy as np

from jaxgrad import _checks, _extras

from ..arrays import to_numpy
from .bound import Rule
from .buffers import Unwritable, last_writes
from .composites import written_out
from .draws import without_empty
from .failures import reason
from .masks import without_selections
from .preparation import assignments_as_writes, without_values
from .regions import inference_as_no_grad, without_regions
from .stochastic_depth import as_dropout
from .writes import without_writes

SMALL = 8
"""Constants of at most so many numbers stand in the source."""


class Untranslatable(ValueError):
    """A module cannot be translated; the message names the operation or the line."""


class Given(NamedTuple):
    """An array that a module was given: the name of the argument, shape and dtype."""

    name: str
    shape: tuple[Any, ...]
    dtype: str


@dataclass(frozen=True)
class Exported:
    """What PyTorch exports of a module.

    Attributes:
        module: the module itself.
        nodes: the steps of the graph, in order.
        inputs: the nodes of the inputs, in order.
        training: whether it was exported in training mode.
        arrays: by the name of a node, the name of the parameter, buffer or constant that it is.
        values: these by name, as NumPy arrays.
        constants: arrays of few numbers that `forward` itself makes, by the names of their nodes.
        outputs: what is returned: a tree of nodes.
        outputs_used: the nodes in it.
        arguments: `(args, kwargs)`, a tree of the nodes of the inputs.
        inner: by the path of each module within, the arrays that its `forward` was given.
        written: the nodes that give new values of buffers, and the names of these; running
            statistics are not among them.
        counters: the names of the counters of batches that are written beside these.
        backwards: the functions with a `backward` of their own that it calls.
    """

    module: Any
    nodes: list[Any]
    inputs: list[Any]
    training: bool
    arrays: Mapping[str, str]
    values: Mapping[str, np.ndarray]
    constants: Mapping[str, np.ndarray]
    outputs: Any
    outputs_used: list[Any]
    arguments: Any
    inner: Mapping[str, list[Given]]
    written: Mapping[Any, str]
    counters: Collection[str]
    backwards: Collection[str] = ()


@contextlib.contextmanager
def in_mode(module: Any, *, training: bool) -> Iterator[None]:
    """The module in training mode or not; afterwards each part of it is as it was."""
    modes = {part: part.training for part in module.modules()}
    module.train(training)
    try:
        yield
    finally:
        for part, mode in modes.items():
            part.training = mode


@contextlib.contextmanager
def noting_backwards(torch: Any) -> Iterator[dict[str, None]]:
    """Notes the functions with a `backward` of their own, which the exporter leaves out.

    Their `apply` may be a name of its own that was taken long before, so that it is not replaced
    itself, but a function that it calls.
    """
    found: dict[str, None] = {}
    calls, name = torch.autograd.function, "_is_setup_context_defined"
    asked = getattr(calls, name, None)

    def noted(setup: Any) -> Any:
        cls = sys._getframe(1).f_locals.get("cls")
        if cls is not None and not cls.__module__.startswith("torch."):
            found[cls.__qualname__] = None
        return asked and asked(setup)

    with mock.patch.object(calls, name, noted, create=True):
        yield found


@contextlib.contextmanager
def noting(torch: Any, module: Any, inner: dict[str, list[Given]]) -> Iterator[None]:
    """Notes what the modules within are given, each at its last call."""

    def note(path: str, part: Any, args: Any, kwargs: Any) -> None:
        if torch.compiler.is_dynamo_compiling():  # such as a branch of torch.cond
            return
        try:
            given = inspect.signature(part.forward).bind(*args, **kwargs).arguments
        except (TypeError, ValueError):  # such as of a function that is compiled
            return
        inner[path] = [
            Given(name, tuple(value.shape), str(value.dtype).removeprefix("torch."))
            for name, value in given.items()
            if hasattr(value, "dtype") and hasattr(value, "shape")
        ]

    handles = [
        part.register_forward_pre_hook(functools.partial(note, path), with_kwargs=True)
        for path, part in module.named_modules()
        if not isinstance(part, torch.jit.ScriptModule)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def exported(
    module: Any,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    *,
    dynamic_shapes: Any,
    training: bool,
    own: Mapping[str, Rule],
) -> Exported:
    """The graph of a module at such arguments.

    Without `dynamic_shapes` the first axis of each tensor stays free, where it can. Composite
    operations are written out where neither the table nor `own` has them.

    Raises:
        Untranslatable: PyTorch cannot export it.
    """
    torch = _extras.load("translate", "torch", "torch")
    if not isinstance(args, tuple):
        got = type(args).__name__
        raise TypeError(_checks.of("translate").wrong("args", "a tuple", got, "write (x,)"))
    if not isinstance(module, torch.nn.Module):
        wrong = _checks.of("translate").wrong
        got = type(module).__name__
        raise TypeError(wrong("module", "an nn.Module", got, "pass an instance"))
    args, kwargs = jax.tree.map(lambda leaf: _tensor(torch, leaf), (args, dict(kwargs)))
    inner: dict[str, list[Given]] = {}
    with (
        in_mode(module, training=training),
        warnings.catch_warnings(),
        noting(torch, module, inner),
        inference_as_no_grad(torch),
        without_values(torch, module),
        assignments_as_writes(torch, module),
        noting_backwards(torch) as backwards,
    ):
        warnings.simplefilter("ignore")  # the exporter warns of its own workings
        program = as_dropout(torch, _program(torch, module, args, kwargs, dynamic_shapes))
        program = written_out(torch, program, own)
    try:
        found = _exported(torch, module, program, inner, training=training)
    except Unwritable as error:
        raise Untranslatable(unwritable(error)) from None
    return dataclasses.replace(found, backwards=tuple(backwards))


def _exported(
    torch: Any, module: Any, program: Any, inner: Mapping[str, list[Given]], *, training: bool
) -> Exported:
    """What is needed of an exported program."""
    arrays, values, constants = _arrays(module, program)
    nodes = list(program.graph.nodes)
    placeholders = [node for node in nodes if node.op == "placeholder"]
    others = {*arrays, *constants, *program.graph_signature.inputs_to_lifted_custom_objs}
    inputs = [node for node in placeholders if node.name not in others]
    output = next(node for node in nodes if node.op == "output").args[0]
    returned = len(program.graph_signature.user_outputs)
    output = output[len(output) - returned :]  # before them, what is written
    unflatten = torch.utils._pytree.tree_unflatten
    buffers = {name for name, _ in module.named_buffers(remove_duplicate=False)}
    written, counters = last_writes(program, arrays, buffers)
    return Exported(
        module=module,
        nodes=[node for node in nodes if node.op not in ("placeholder", "output")],
        inputs=inputs,
        training=training,
        arrays=arrays,
        values=values,
        constants=constants,
        outputs=unflatten(list(output), program.call_spec.out_spec),
        outputs_used=[leaf for leaf in output if hasattr(leaf, "op")],
        arguments=unflatten(inputs, program.call_spec.in_spec),
        inner=inner,
        written=written,
        counters=counters,
    )


def _arrays(
    module: Any, program: Any
) -> tuple[dict[str, str], dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The names of arrays by their nodes, their values by these names, and small constants."""
    signature = program.graph_signature
    lifted = signature.inputs_to_lifted_tensor_constants
    constants = {node: to_numpy(program.constants[name]) for node, name in lifted.items()}
    constants = {node: value for node, value in constants.items() if value.size <= SMALL}
    arrays = {**signature.inputs_to_parameters, **signature.inputs_to_buffers, **lifted}
    named = {**dict(module.named_parameters(remove_duplicate=False)), **program.constants}
    named |= dict(module.named_buffers(remove_duplicate=False))
    first = {id(value): name for name, value in reversed(named.items())}  # tied ones are one
    arrays = {
        node: first[id(named[name])] for node, name in arrays.items() if node not in constants
    }
    values = {name: to_numpy(named[name]) for name in dict.fromkeys(arrays.values())}
    return arrays, values, constants


def inner_graph(graph: Exported, module: Any) -> Exported:
    """A graph that a step contains, as one that is exported; its arrays are inputs."""
    nodes = list(module.graph.nodes)
    outputs = next(node for node in nodes if node.op == "output").args[0]
    leaves = outputs if isinstance(outputs, list | tuple) else [outputs]
    return dataclasses.replace(
        graph,
        nodes=[node for node in nodes if node.op not in ("placeholder", "output")],
        inputs=[node for node in nodes if node.op == "placeholder"],
        arrays={},
        constants={},
        written={},
        counters=(),
        outputs=outputs,
        outputs_used=[leaf for leaf in leaves if hasattr(leaf, "op")],
    )


def unwritable(what: Unwritable) -> str:
    """The message about arrays that a module writes and that are no buffers of its own."""
    return (
        f"translate: expected a module that writes buffers of its own alone, got one that writes "
        f"{what}; register it by register_buffer in the module that writes it, or return its new "
        f"value"
    )


def _tensor(torch: Any, leaf: Any) -> Any:
    """An argument as PyTorch takes it: an array becomes a tensor."""
    if isinstance(leaf, np.ndarray | jax.Array):
        return torch.from_numpy(np.array(leaf))
    return leaf


def _program(torch: Any, module: Any, args: Any, kwargs: Any, dynamic_shapes: Any) -> Any:
    def export(shapes: Any) -> Any:
        program = torch.export.export(module, args, kwargs, dynamic_shapes=shapes)
        program = without_empty(torch, program)
        return without_selections(torch, without_writes(torch, without_regions(torch, program)))

    try:
        if dynamic_shapes is not None:
            return export(dynamic_shapes)
        try:
            return export(_free_batch(torch, module, args, kwargs))
        except Exception:  # such as of a size that the module fixes
            return export(None)
    except Exception as error:  # PyTorch raises its own kinds, and the module's
        raise Untranslatable(reason(torch, error)) from error


def _free_batch(torch: Any, module: Any, args: Any, kwargs: Any) -> Any:
    """Shapes of which the first axis of each tensor may change, by the names of the arguments."""

    def free(leaf: Any) -> Any:
        if isinstance(leaf, torch.Tensor) and leaf.ndim and leaf.shape[0] > 1:
            return {0: torch.export.Dim.AUTO}
        return None

    bound = inspect.signature(module.forward).bind(*args, **kwargs)
    return torch.utils._pytree.tree_map(free, dict(bound.arguments))
