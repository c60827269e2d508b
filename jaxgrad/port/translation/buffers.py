"""The buffers that a module writes: running statistics of its norms, and what `forward` writes."""

import ast
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

from . import expressions as write
from . import naming
from .calls import Call, calls_in
from .steps import bound
from .writes import writes

if TYPE_CHECKING:
    from .bodies import Body
    from .functions import Item, Writer

COUNTER = "num_batches_tracked"
STATISTICS = ("running_mean", "running_var", COUNTER)
_FROM_BATCH = {"batch_norm": "training", "instance_norm": "use_input_stats"}
"""Norms that write running statistics, and the argument that says so."""


class Unwritable(ValueError):
    """What a module writes is no buffer of its own; the text says which array."""


def last_writes(
    program: Any, arrays: Mapping[str, str], buffers: set[str]
) -> tuple[dict[Any, str], set[str]]:
    """The nodes that give the last values of buffers, and the names of these.

    Counters of batches are given apart where a norm of PyTorch's writes the running means beside
    them.

    Raises:
        Unwritable: another array than a buffer is written.
    """
    signature, found = program.graph_signature, {}
    means = {name for node in program.graph.nodes for name in statistics(arrays, node)[:1]}
    names = {**signature.inputs_to_lifted_tensor_constants, **arrays}
    for node in program.graph.nodes:
        first = node
        while writes(first):
            first = first.args[0]
        if first is not node and first.op == "placeholder" and first.name in names:
            found[names[first.name]] = node
    named = {node.name: node for node in program.graph.nodes}
    written = signature.buffers_to_mutate
    found |= {buffer: named[node] for node, buffer in written.items()}
    counters = {name for name in found if means_of(name) in means}
    if wrong := found.keys() - buffers:
        raise Unwritable(", ".join(sorted(wrong)))
    return {node: name for name, node in found.items() if name not in counters}, counters


def means_of(name: str) -> str:
    """The running means beside a counter of batches; "" of another name."""
    owner, dot, last = name.rpartition(".")
    return f"{owner}{dot}running_mean" if last == COUNTER else ""


def statistics(arrays: Mapping[str, str], node: Any) -> list[str]:
    """The names of the running statistics that a step writes.

    Raises:
        Unwritable: they are no arrays of the module.
    """
    if not hasattr(node.target, "_schema"):
        return []
    step = bound(node)
    told = _FROM_BATCH.get(step.name)
    if told is None or not step[told] or step["running_mean"] is None:
        return []
    nodes = [step[name].name for name in ("running_mean", "running_var")]
    if not all(name in arrays for name in nodes):
        raise Unwritable("running statistics that are arguments of forward")
    return [arrays[name] for name in nodes]


def owners(writer: "Writer") -> dict[Any, Call]:
    """By the nodes that give new values of buffers, the calls whose functions write these.

    It is the innermost one of the module that has the buffer, or of one around it.
    """
    found: dict[Any, Call] = {}

    def visit(call: Call, around: Sequence[Call]) -> None:
        for step in call.steps:
            if isinstance(step, Call):
                visit(step, [*around, step] if writer.is_function(step) else around)
            elif name := writer.graph.written.get(step):
                has = [one for one in around if not one.path or name.startswith(f"{one.path}.")]
                found[step] = has[-1]

    visit(writer.root, [writer.root])
    return found


def written_within(writer: "Writer", call: Call) -> dict[Any, bool]:
    """The values that a call gives to buffers, and whether only functions within it write them."""
    here = {id(one) for one in (call, *calls_in(call))}
    found: dict[Any, bool] = {}
    for node in call.nodes():
        if node in writer.graph.written:
            within, value = id(writer.owner_of[node]) in here, writer.real(node)
            found[value] = within and found.get(value, True)
    return found


def running_lines(body: "Body", item: "Item", names: list[str]) -> Iterator[tuple[str, str, int]]:
    """The lines by which a norm in training writes its statistics: target, value, indent."""
    step, training = bound(item.step), body.writer.graph.training
    mean, var = (write.text(body.array(name)) for name in names)
    counter = names[0].replace("running_mean", COUNTER)
    words = ", per_instance=True" if step.name == "instance_norm" else ""
    if math.isnan(step["momentum"]):  # all batches count alike
        words += f", momentum=None, {COUNTER}={write.text(body.array(counter))}"
    elif step["momentum"] != 0.1:
        words += f", momentum={step['momentum']}"
    indent = 8 if training else 4
    if training:
        yield "if training:", "", 4
    value = f"F.running_stats({write.text(body.of(step['input']))}, {mean}, {var}{words})"
    yield f"{mean}, {var} = ", value, indent
    if counter in body.writer.graph.counters:
        count = write.text(body.array(counter))
        yield f"{count} = ", f"{count} + 1", indent


def keep_old(body: "Body", outputs: Sequence[Any]) -> Iterator[tuple[str, ast.expr]]:
    """Names for buffers as they were, of which a function makes use once they are written."""
    written: dict[str, int] = {}
    for i, item in enumerate(body.todo):
        if body.keeps_state(item):
            calls = (item.step, *calls_in(item.step))
            names = [name for call in calls for name, _ in body.writer.written_by(call)]
            written = dict.fromkeys(names, i) | written
    written = dict.fromkeys((name for name, _ in body.written), len(body.todo)) | written
    used = {part.id for tree in body.names.values() for part in ast.walk(tree) if is_name(part)}
    for node, last in list(body.last.items()):
        name = body.writer.graph.arrays.get(node.name, "")
        if name in written and (last > written[name] or node in outputs):
            word = naming.fresh("old", used)
            used.add(word)
            tree, body.names[node] = body.of(node), write.name(word)
            yield f"{word} = ", tree


def is_name(node: ast.AST) -> TypeGuard[ast.Name]:
    """Whether a part of an expression is a variable."""
    return isinstance(node, ast.Name)


def written_lines(body: "Body") -> Iterator[tuple[str, ast.expr]]:
    """The lines by which a function writes buffers: at once where one may be another's value."""
    targets = [write.text(body.array(name)) for name, _ in body.written]
    values = [body.of(node) for _, node in body.written]
    if all(isinstance(value, ast.Name) for value in values) or len(values) == 1:
        yield from ((f"{target} = ", value) for target, value in zip(targets, values, strict=True))
    else:
        yield f"{', '.join(targets)} = ", write.tupled(values)
