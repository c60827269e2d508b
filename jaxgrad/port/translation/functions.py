"""A call of a module -> a function of the source: its statements, inputs and outputs."""

import ast
import inspect
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from . import expressions as write
from . import naming
from .bound import name_of, shape_of
from .buffers import STATISTICS, Unwritable, owners, statistics, written_within
from .calls import Call, call_tree, calls_in
from .exporting import Exported, Untranslatable, unwritable
from .steps import Unknown, bound, drawing, draws, is_silent, is_size, refusal, taken, template


class Line(NamedTuple):
    """A line of a function, which may be too long yet for one of the text.

    Attributes:
        before: what stands before the expression, such as "x = " or "return ".
        value: the expression; None if there is none.
        after: what stands after it.
        indent: by how many spaces it is indented.
        shape: the shape of its result, if that is worth a comment.
    """

    before: str
    value: ast.expr | None = None
    after: str = ""
    indent: int = 4
    shape: tuple[Any, ...] | None = None

    def text(self) -> list[str]:
        """The lines of text."""
        if self.value is None:
            return [" " * self.indent + self.before]
        return write.lines(self.before, self.value, self.after, self.indent)


@dataclass
class Function:
    """A function of the source.

    Attributes:
        name: its name.
        header: its arguments, in order.
        lines: its statements.
        kind: the class of the original.
        doc: its docstring, if it does not stand for a module.
    """

    name: str
    header: tuple[str, ...]
    lines: list[Line]
    kind: str
    doc: str = ""

    def does(self) -> tuple[Any, ...]:
        """What is equal of two functions that do the same."""
        return self.kind, self.header, tuple(tuple(line.text()) for line in self.lines)

    def merge(self, other: "Function") -> None:
        """Keeps of the shapes what is true of both."""
        self.lines = [
            one._replace(shape=common(one.shape, two.shape))
            for one, two in zip(self.lines, other.lines, strict=True)
        ]


class Use(NamedTuple):
    """How a call of a module is written: the function, and numbers that it is given by name."""

    function: Function
    numbers: dict[str, int | float]


def common(one: tuple[Any, ...] | None, other: tuple[Any, ...] | None) -> Any:
    """What two shapes share; a size that differs is "?"."""
    if one is None or other is None or len(one) != len(other):
        return None
    return tuple(a if str(a) == str(b) else "?" for a, b in zip(one, other, strict=True))


@dataclass
class Item:
    """One statement: a step, or a call of another function.

    Attributes:
        step: the node or the call.
        path: of the module that a node is in.
        operands: the nodes that it takes.
        results: the nodes that it gives.
    """

    step: Any
    path: str
    operands: list[Any] = field(default_factory=list)
    results: list[Any] = field(default_factory=list)


@dataclass
class Writer:
    """Writes the functions of a graph.

    Attributes:
        graph: what PyTorch exported.
        own: the user's operations.
        nested: whether parameters are in nested dicts.
        scan: whether rows of equal calls become scans over stacked parameters.
        tree: whether modules become functions.
        parameters: of functions that differ in numbers alone, the names of these numbers.
        functions: those written, by name.
    """

    graph: Exported
    own: Mapping[str, Any]
    nested: bool
    scan: bool = False
    tree: bool = True
    parameters: Mapping[Hashable, Mapping[int, str]] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    written: dict[int, Use] = field(default_factory=dict)
    samples: dict[Hashable, list[Any]] = field(default_factory=dict)
    around: dict[Any, list[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Finds the nodes that are other nodes, and those on which the result depends.

        Raises:
            Untranslatable: operations have no counterpart; the message names them all.
        """
        self.variables = naming.VARIABLES | {
            name
            for module in self.graph.module.modules()
            for name in inspect.signature(module.forward).parameters
        }
        self.alias: dict[Any, Any] = {}
        unknown: dict[str, None] = {}
        reached = needed(self.graph, {}, lambda node: node.all_input_nodes)
        for node in self.graph.nodes:
            silent = node.op == "get_attr" or is_silent(node) or is_size(node) or is_part(node)
            if silent or node not in reached:
                continue
            try:
                same = other_name(node, self.own)
            except Unknown as error:
                unknown[str(error)] = None
            else:
                if same is not None and not self.keeps_number(node, same):
                    self.alias[node] = self.real(same)
        if unknown:
            raise Untranslatable(refusal(unknown))
        self.needed = needed(self.graph, self.alias, lambda node: taken(node, self.own))
        self.root = call_tree(self.graph.nodes) if self.tree else Call("", "", self.graph.nodes)
        self.note_around(self.root, {}, {})
        self.variadic: dict[str, bool] = {}
        self.calls: dict[int, Item] = {}
        self.owner_of = owners(self)

    def keeps_number(self, node: Any, same: Any) -> bool:
        """Whether a step copies a running statistic, which a norm may write afterwards."""
        name = self.graph.arrays.get(self.real(same).name, "")
        return name_of(node) == "clone" and name.rpartition(".")[2] in STATISTICS

    def modes(self, call: Call) -> tuple[str, ...]:
        """The arguments `training`, of a module in training mode, and `key`."""
        asks = any(
            self.is_statement(node) and "training_" in template(node, self.own)[0]
            for node in call.nodes()
            if hasattr(node.target, "_schema")
        )
        training = self.graph.training and (asks or self.has_statistics(call))
        return ("training",) * training + ("key",) * bool(self.keys(call))

    def drawing(self) -> set[str]:
        """The functions by which the source draws random numbers."""
        nodes = filter(self.is_statement, self.root.nodes())
        return {name for node in nodes for name in drawing(node, self.own)}

    def keys(self, call: Call) -> int:
        """How many keys a call needs: one for each statement that draws."""
        return sum(self.is_drawn(item) for item in self.items(call))

    def is_drawn(self, item: Item) -> bool:
        """Whether a statement draws random numbers."""
        if isinstance(item.step, Call):
            return any(
                self.is_statement(node) and draws(node, self.own) for node in item.step.nodes()
            )
        return draws(item.step, self.own)

    def has_state(self, call: Call) -> bool:
        """Whether a call returns new buffers."""
        return self.has_statistics(call) or any(map(self.written_by, (call, *calls_in(call))))

    def has_statistics(self, call: Call) -> bool:
        """Whether running statistics are among them."""
        return any(self.is_statement(node) and bool(self.statistics(node)) for node in call.nodes())

    def statistics(self, node: Any) -> list[str]:
        """The names of the running statistics that a step writes."""
        try:
            return statistics(self.graph.arrays, node)
        except Unwritable as error:
            raise Untranslatable(unwritable(error)) from None

    def written_by(self, call: Call) -> list[tuple[str, Any]]:
        """The names of the buffers that the function of a call itself writes, and their values."""
        return [
            (name, self.real(node))
            for node, name in self.graph.written.items()
            if self.owner_of[node] is call
        ]

    def real(self, node: Any) -> Any:
        """The node that a node is another name of."""
        return self.alias.get(node, node)

    def parts(self, node: Any) -> dict[int, Any]:
        """The nodes that take one of several results, by its number."""
        return {user.args[1]: user for user in node.users if is_part(user)}

    def is_function(self, call: Call) -> bool:
        """Whether a call gets a function of its own; others are written where they stand."""
        if ".modules.container." in call.kind:
            return False
        steps = sum(self.is_statement(node) for node in call.nodes())
        if call.kind.startswith("torch.nn.modules."):
            arrays = {
                arg for node in call.nodes() for arg in node.all_input_nodes if self.is_array(arg)
            }
            return steps > 1 or (steps == 1 and len(arrays) > 2)
        return steps > 1

    def is_statement(self, node: Any) -> bool:
        """Whether a node is written at all."""
        silent = node.op == "get_attr" or is_silent(node) or is_size(node) or is_part(node)
        return not silent and node in self.needed and node not in self.alias

    def is_array(self, node: Any) -> bool:
        """Whether a node is a parameter, a buffer or a constant."""
        return node.op == "placeholder" and node.name in self.graph.arrays

    def items(self, call: Call, path: str | None = None) -> Iterator[Item]:
        """The statements of a call, those of modules without a function among them."""
        path = call.path if path is None else path
        for step in call.steps:
            if isinstance(step, Call):
                if self.is_function(step):
                    yield self.item_of_call(step)
                else:
                    yield from self.items(step)
            elif self.is_statement(step):
                yield Item(step, path, self.reads(step), self.given(step))

    def takes_several(self, call: Call) -> bool:
        """Whether calls of a class have different numbers of arrays, which they all join first."""
        if call.kind not in self.variadic:
            calls = [one for one in calls_in(self.root) if one.kind == call.kind]
            counts = {len(self.item_of_call(one).operands) for one in calls}
            joins = len(counts) > 1 and all(map(self.joins_all, calls))
            self.variadic[call.kind] = joins
        return self.variadic[call.kind]

    def joins_all(self, call: Call) -> bool:
        """Whether a call takes its operands only to join them."""
        operands = self.item_of_call(call).operands
        nodes = [node for node in call.nodes() if self.is_statement(node)]
        taking = [node for node in nodes if not set(operands).isdisjoint(self.reads(node))]
        return bool(operands) and all(
            bound(node).name == "cat" and self.reads(node) == operands for node in taking
        )

    def given(self, node: Any) -> list[Any]:
        """The nodes that a statement gives: one, or several parts."""
        found = self.parts(node)
        return list(found.values()) if found else [node]

    def reads(self, node: Any) -> list[Any]:
        """The arrays that a node takes, and those that its sizes are read off."""
        inputs = taken(node, self.own)
        arrays = [self.real(arg) for arg in inputs if not is_size(arg)]
        arrays = [arg for arg in arrays if arg.name not in self.graph.constants]
        for size in filter(is_size, inputs):
            arrays += self.sources(size, [*arrays, *self.around.get(node, ())])
        return list(dict.fromkeys(arrays))

    def sources(self, size: Any, near: Sequence[Any]) -> list[Any]:
        """The arrays that a size is read off: the first of those near by that has it."""
        if place := place_of(size, near):
            return [place[0]]
        parts = [arg for arg in size.all_input_nodes if is_size(arg)]
        if parts:
            return [array for part in parts for array in self.sources(part, near)]
        return list(map(self.real, size.all_input_nodes))

    def note_around(self, call: Call, inputs: dict[Any, None], made: dict[Any, None]) -> None:
        """Notes, of each statement with a size, the arrays that its function has by then.

        The size is read off one of these, not off the array that the original asked, which the
        function might not have. Its inputs come first, then what it made last.
        """
        for step in call.steps:
            if isinstance(step, Call):
                whole = self.is_function(step)
                self.note_around(step, {} if whole else inputs, {} if whole else made)
            elif self.is_statement(step):
                given = taken(step, self.own)
                arrays = [self.real(arg) for arg in given if not is_size(arg)]
                inputs |= {arg: None for arg in arrays if arg not in made and self.is_value(arg)}
                if len(arrays) < len(given):
                    self.around[step] = [*inputs, *reversed(made)]
                made[step] = None

    def is_value(self, node: Any) -> bool:
        """Whether a node is neither a parameter nor a constant."""
        return not self.is_array(node) and node.name not in self.graph.constants

    def item_of_call(self, call: Call) -> Item:
        """The statement that calls another function."""
        if id(call) not in self.calls:
            self.calls[id(call)] = self._item_of_call(call)
        return self.calls[id(call)]

    def _item_of_call(self, call: Call) -> Item:
        inside = {part for node in call.nodes() for part in (node, *self.parts(node).values())}
        written = written_within(self, call)
        operands = [
            arg
            for node in call.nodes()
            if self.is_statement(node)
            for arg in self.reads(node)
            if arg not in inside and not self.is_own(call, arg)
        ]
        operands += [arg for arg in written if arg not in inside and not self.is_own(call, arg)]
        results = [
            part
            for node in call.nodes()
            for part in self.given(node)
            if self.is_statement(node)
            and (not written.get(part, True) or self.is_used_outside(part, inside))
        ]
        return Item(call, call.path, list(dict.fromkeys(operands)), results)

    def is_used_outside(self, node: Any, inside: set[Any]) -> bool:
        """Whether a value is used beyond these nodes; uses by another name count on."""
        if node in self.graph.outputs_used:
            return True
        users = [user for user in node.users if user.op != "output"]
        same = [user for user in users if user in self.alias or is_size(user)]
        others = [user for user in users if user in self.graph.written or user not in same]
        return any(user not in inside for user in others) or any(
            self.is_used_outside(user, inside) for user in same
        )

    def is_own(self, call: Call, node: Any) -> bool:
        """Whether an array belongs to the module that is called."""
        name = self.graph.arrays.get(node.name, "") if node.op == "placeholder" else ""
        return bool(name) and (not call.path or name.startswith(f"{call.path}."))


def other_name(node: Any, own: Mapping[str, Any]) -> Any:
    """The node whose value a step gives unchanged; or None."""
    text, step = template(node, own)
    several = isinstance(node.meta.get("val"), list | tuple)
    value = step.values.get(text)
    return value if hasattr(value, "op") and not several else None


def needed(
    graph: Exported, alias: Mapping[Any, Any], inputs: Callable[[Any], Iterable[Any]]
) -> set[Any]:
    """The nodes on which what is returned depends."""
    found: set[Any] = set()
    waiting = [*graph.outputs_used, *graph.written]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += [alias[node]] if node in alias else inputs(node)
    return found


def place_of(size: Any, arrays: Sequence[Any]) -> tuple[Any, int] | None:
    """An array among these that has a free size as one of its own, and at which axis."""
    wanted = str(size.meta.get("val"))
    for array in arrays:
        for axis, found in enumerate(shape_of(array)):
            if not isinstance(found, int) and str(found) == wanted:
                return array, axis
    return None


def is_part(node: Any) -> bool:
    """Whether a node takes one of several results."""
    return getattr(node.target, "__name__", "") == "getitem" and node.op == "call_function"
