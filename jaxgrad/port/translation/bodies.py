"""The statements of one function: names of variables, what stands inside what, loops."""

import ast
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..arrays import to_numpy
from . import buffers, controls, inputs, loops, merging, naming, results
from . import expressions as write
from .bound import shape_of
from .calls import Call
from .exporting import SMALL, Untranslatable, inner_graph
from .functions import Function, Item, Line, Use, Writer, is_part, place_of
from .steps import expression, is_size, literal, refusal

_INSIDE = 79
"""The longest line that may have one expression inside another."""


class Kept(NamedTuple):
    """An expression that will stand inside the next statement.

    Attributes:
        item: the statement that it is.
        tree: the expression.
        used: the nodes in it, the first operand first.
        new: whether it is something else than its first operand was.
    """

    item: Item
    tree: ast.expr
    used: list[Any]
    new: bool


@dataclass
class Body:
    """The statements of a function, as they are written.

    Attributes:
        writer: that of the whole graph.
        call: the call of the module.
        names: the variable that holds a node.
        lines: what is written so far.
        kept: the expression that will stand inside the next statement.
        arrays: those that the statement takes.
    """

    writer: Writer
    call: Call
    names: dict[Any, ast.expr]
    lines: list[Line] = field(default_factory=list)
    kept: Kept | None = None
    key_of: dict[int, str] = field(default_factory=dict)
    arrays: list[Any] = field(default_factory=list)
    todo: list[Item] = field(default_factory=list)
    last: dict[Any, int] = field(default_factory=dict)
    count: Counter[Any] = field(default_factory=Counter)
    inputs: set[Any] = field(default_factory=set)
    lists: dict[str, int] = field(default_factory=dict)
    written: list[tuple[str, Any]] = field(default_factory=list)

    def write(self, outputs: Sequence[Any]) -> None:
        """Writes all statements; the outputs are the nodes that the function returns."""
        self.todo = list(self.writer.items(self.call))
        self.written = self.writer.written_by(self.call)
        self.inputs = set(self.names)
        ends = [*outputs, *(node for _, node in self.written)]
        self.count.update(ends)
        for i, item in enumerate(self.todo):
            self.count.update(item.operands)
            self.last |= dict.fromkeys(item.operands, i)
        self.last |= dict.fromkeys(ends, len(self.todo))
        self.begin(outputs)
        i = 0
        while i < len(self.todo):
            row = loops.row(self, i)
            if row is None:
                self.statement(i)
            else:
                row.write(self, i, row.times)
            i += 1 if row is None else row.times
        if self.written:
            self.flush(i)
            self.lines += [Line(*line) for line in buffers.written_lines(self)]

    def begin(self, outputs: Sequence[Any]) -> None:
        """Splits the key, and copies what will be changed."""
        drawn = [item for item in self.writer.items(self.call) if self.writer.is_drawn(item)]
        names = results.key_names([self.relative(item.path) for item in drawn])
        self.key_of = dict(zip(map(id, (item.step for item in drawn)), names, strict=True))
        if self.writer.has_state(self.call) and self.call.path:
            changed = [item.step.path for item in self.todo if self.keeps_state(item)]
            changed += [name for name, _ in self.written]
            changed += [name for item in self.todo for name in self.written_by(item)]
            deep = any("." in self.relative(path) for path in changed)
            copied = "nest(flatten(p))" if deep else "dict(p)"
            self.lines.append(Line("p = ", write.parsed(copied)))
        if len(drawn) > 1:
            target = "keys" if names[0] == "keys[0]" else ", ".join(names)
            split = write.parsed(f"jax.random.split(key, {len(drawn)})")
            self.lines.append(Line(f"{target} = ", split))
        self.lines += [Line(*line) for line in buffers.keep_old(self, outputs)]

    def of(self, node: Any) -> ast.expr:
        """The expression of a node within this function."""
        node = self.writer.real(node)
        if node.op == "get_attr":
            return self.inner(node)
        if self.kept is not None and node in self.kept.item.results:
            return self.kept.tree
        if node in self.names:
            return self.names[node]
        if is_size(node):
            return self.size(node)
        if node.name in self.writer.graph.constants:
            return literal(self.writer.graph.constants[node.name])
        return self.array(self.writer.graph.arrays[node.name])

    def inner(self, node: Any) -> ast.expr:
        """The function of a graph that a step contains, or a constant."""
        value = getattr(node.graph.owning_module, node.target)
        if not hasattr(value, "graph"):
            if value.numel() > SMALL:
                raise Untranslatable(refusal([f"a large constant {node.target} within a branch"]))
            return literal(to_numpy(value))
        if id(node) not in self.writer.written:
            made = _inner(self.writer, node, value)
            self.writer.functions[made.name] = made
            self.writer.written[id(node)] = Use(made, {})
        return write.name(self.writer.written[id(node)].function.name)

    def size(self, node: Any) -> ast.expr:
        """A free size: that of an array of the same statement where one has it."""
        place = place_of(node, self.arrays)
        if place is None:
            return expression(node, self.of, self.writer.own)
        array, axis = place
        shape = ast.Attribute(self.of(array), "shape", ast.Load())
        return ast.Subscript(shape, ast.Constant(axis), ast.Load())

    def array(self, name: str) -> ast.expr:
        """A parameter by its name."""
        return self.entries(self.relative(name))

    def entries(self, name: str) -> ast.expr:
        """An entry of `p`, or a part of it."""
        tree: ast.expr = write.name("p")
        parts = name.split(".") if self.writer.nested else [name]
        for part in filter(None, parts):
            tree = write.entry(tree, part)
        return tree

    def statement(self, i: int) -> None:
        """Writes a statement, or keeps its expression for the next one."""
        item = self.todo[i]
        if names := self.written_by(item):
            self.flush(i)
            self.statistics(item, names)
        tree = self.tree(item)
        if self.kept is not None and (len(write.text(tree)) > _INSIDE or self.is_twice(item)):
            self.flush(i)
            tree = self.tree(item)
        now = Kept(item, tree, *self.origin(item))
        self.kept = None
        if self.fits_inside(i):
            self.kept = now
        else:
            self.emit(i, now)

    def origin(self, item: Item) -> tuple[list[Any], bool]:
        """The variables in a statement's expression, and whether it is something new."""
        used = [node for node in item.operands if isinstance(self.names.get(node), ast.Name)]
        new = results.is_new(item, len(set(used)))
        if self.kept is not None and self.kept.item.results[0] in item.operands:
            first = item.operands[0] is self.kept.item.results[0]
            used = [*self.kept.used, *used] if first else [*used, *self.kept.used]
            new = new or self.kept.new
        return used, new

    def flush(self, i: int) -> None:
        """Writes the expression that was kept as a statement of its own."""
        kept, self.kept = self.kept, None
        if kept is not None:
            self.emit(self.todo.index(kept.item, 0, i), kept)

    def is_twice(self, item: Item) -> bool:
        """Whether an expression that was kept would be written twice."""
        if self.kept is None:
            return False
        kept = self.kept
        self.kept = kept._replace(tree=write.name("_kept_"))
        names = [node.id for node in ast.walk(self.tree(item)) if isinstance(node, ast.Name)]
        self.kept = kept
        return names.count("_kept_") != 1

    def fits_inside(self, i: int) -> bool:
        """Whether a result is used once, by the next statement or by the return."""
        item = self.todo[i]
        if len(item.results) != 1 or self.keeps_state(item):
            return False
        result = item.results[0]
        if i + 1 < len(self.todo) and results.both_blocks(item, self.todo[i + 1]):
            return False
        if is_part(result) or self.count[result] != 1 or self.last.get(result) != i + 1:
            return False
        return not self.is_loop(i + 1)

    def is_loop(self, i: int) -> bool:
        """Whether a loop begins with a statement."""
        return i < len(self.todo) and loops.row(self, i) is not None

    def tree(self, item: Item) -> ast.expr:
        """The expression of a statement."""
        if not isinstance(item.step, Call):
            self.arrays = item.operands
            more = {"key_": write.parsed(self.key_of.get(id(item.step), "key"))}
            more["training_"] = write.parsed("training" if self.writer.graph.training else "True")
            more["params_"] = self.entries(self.relative(item.path))
            tree = expression(item.step, self.of, self.writer.own, more)
            return write.whole(write.joined(tree), self.lists)
        return self.calling(item, self.entries(self.relative(item.step.path)))

    def relative(self, path: str) -> str:
        """The name of a module or an array within this one; "" of itself."""
        if path == self.call.path:
            return ""
        return path.removeprefix(f"{self.call.path}.") if self.call.path else path

    def calling(self, item: Item, parameters: ast.expr) -> ast.expr:
        """A call of another function."""
        function, numbers = self.use(item)
        args = [parameters] if function.header[:1] == ("p",) else []
        args += write.starred(list(map(self.of, item.operands)), self.lists)
        words: dict[str, ast.expr] = {}
        if "training" in function.header:
            words["training"] = write.name("training")
        if "key" in function.header:
            words["key"] = write.parsed(self.key_of[id(item.step)])
        named = {name: write.constant(number) for name, number in numbers.items()}
        if not named and not any(word.startswith("*") for word in function.header):
            return write.call(function.name, [*args, *words.values()], {})
        return write.call(function.name, args, named | words)

    def use(self, item: Item) -> Use:
        """The function that a statement calls, and the numbers that it gives it."""
        return function_of(self.writer, item.step)

    def emit(self, i: int, statement: Kept) -> None:
        """Writes a statement and names its results."""
        target = self.target(i, statement)
        if self.keeps_state(statement.item):
            entry = write.text(self.entries(self.relative(statement.item.step.path)))
            target = f"{target}, {entry}" if target else entry
        shape = self.comment(statement.item)
        self.lines.append(Line(f"{target} = ", statement.tree, shape=shape))

    def hold(self, name: str, nodes: Sequence[Any]) -> None:
        """Lets a variable be the list of these nodes."""
        self.lists[name] = len(nodes)
        for i, node in enumerate(nodes):
            self.names[node] = write.entry(write.name(name), i)

    def keeps_state(self, item: Item) -> bool:
        """Whether a statement is a call that also returns new buffers."""
        return isinstance(item.step, Call) and self.writer.has_state(item.step)

    def written_by(self, item: Item) -> list[str]:
        """The names of the running statistics that a statement writes itself."""
        return [] if isinstance(item.step, Call) else self.writer.statistics(item.step)

    def statistics(self, item: Item, names: list[str]) -> None:
        """Writes the running statistics that a layer in training changes."""
        for before, value, indent in buffers.running_lines(self, item, names):
            self.lines.append(Line(before, write.parsed(value) if value else None, indent=indent))

    def comment(self, item: Item) -> tuple[Any, ...] | None:
        """The shape of a result, where it is another than that of the first operand."""
        if len(item.results) != 1:
            return None
        shape = shape_of(item.results[0])
        before = shape_of(item.operands[0]) if item.operands else ()
        return None if shape == before or not shape else shape

    def live(self, i: int) -> set[str]:
        """The names of the variables that are needed after a statement."""
        return {
            part.id
            for node, tree in self.names.items()
            for part in ast.walk(tree)
            if buffers.is_name(part) and self.last.get(node, -1) > i
        }

    def target(self, i: int, statement: Kept) -> str:
        """The variables of a statement's results, which from now on hold them."""
        item, live = statement.item, self.live(i)
        if len(item.results) == 1 and not is_part(item.results[0]):
            left = item.path if item.path != self.call.path else ""
            chosen = [results.one_name(item, self.ends(statement, live), left, live)]
        else:
            wanted = {node for node in item.results if self.last.get(node, -1) >= 0}
            chosen = results.several_names(item, wanted, live)
        for node, name in zip(item.results, chosen, strict=True):
            if name != "_":
                self.names[node] = write.name(name)
        if item.results and is_part(item.results[0]) and not isinstance(item.step, Call):
            return results.by_number(item, chosen)
        return ", ".join(chosen)

    def ends(self, statement: Kept, live: set[str]) -> str:
        """The variable that a result takes over: the first, where it ends; or ""."""
        names = [
            node.id for node in map(self.names.get, statement.used) if isinstance(node, ast.Name)
        ]
        if not names or names[0] in live or statement.new:
            return ""
        first = next(node for node in statement.used if isinstance(self.names[node], ast.Name))
        free = first not in self.inputs or names[0].partition("_")[0] in ("x", "y", "z")
        return names[0] if free or shape_of(first) == shape_of(statement.item.results[0]) else ""

    def returned(self, outputs: Sequence[Any]) -> ast.expr:
        """The expression that a function returns."""
        trees = [self.of(node) for node in outputs]
        if self.writer.has_state(self.call):
            trees.append(write.name("p"))
        return trees[0] if len(trees) == 1 else write.tupled(trees)

    def give(self, value: ast.expr) -> None:
        """Writes what the function returns."""
        self.lines.append(Line("return ", value))


def function_of(writer: Writer, call: Call) -> Use:
    """The function of a call; calls that do the same share one."""
    if id(call) not in writer.written:
        writer.written[id(call)] = _registered(writer, _made(writer, call))
    return writer.written[id(call)]


def _registered(writer: Writer, made: Function) -> Use:
    made, numbers = merging.with_parameters(writer, made)
    for function in writer.functions.values():
        if function.does() == made.does():
            function.merge(made)
            return Use(function, numbers)
    made.name = naming.fresh(made.name, {*writer.functions, *writer.variables})
    writer.functions[made.name] = made
    return Use(made, numbers)


def _made(writer: Writer, call: Call) -> Function:
    item = writer.item_of_call(call)
    body = Body(writer, call, {})
    names = ["*features"]
    if writer.takes_several(call):
        body.hold("features", item.operands)
    else:
        names = inputs.names(writer, call, item.operands)
        body.names |= zip(item.operands, map(write.name, names), strict=True)
    body.write(item.results)
    body.give(body.returned(item.results))
    own = any(writer.is_own(call, arg) for node in call.nodes() for arg in node.all_input_nodes)
    own = own or writer.has_state(call)
    header = (*("p",) * own, *names, *writer.modes(call))
    return Function(naming.snake(call.kind.rpartition(".")[2]), header, body.lines, call.kind)


def _inner(writer: Writer, node: Any, module: Any) -> Function:
    """The function of a graph that a step contains. It takes all arrays, and gives a tuple."""
    graph, user = inner_graph(writer.graph, module), next(iter(node.users))
    below = Writer(graph, writer.own, nested=False, tree=False, functions=writer.functions)
    if below.keys(below.root):
        raise Untranslatable(refusal([f"random numbers within {controls.name_of(user)}"]))
    header: list[str] = []
    for operand in controls.operands(user, len(graph.inputs)):
        known = writer.graph.arrays.get(getattr(operand, "name", ""), "x").rpartition(".")[2]
        header.append(naming.fresh(naming.valid(known), header))
    body = Body(below, below.root, dict(zip(graph.inputs, map(write.name, header), strict=True)))
    body.write(list(map(below.real, graph.outputs_used)))
    body.give(_given(body, graph.outputs, controls.carried(user)))
    name, doc = controls.FUNCTIONS[re.sub(r"_\d+$", "", node.target)]
    name = naming.fresh(name, {*writer.functions, *writer.variables})
    return Function(name, tuple(header), body.lines, "", doc)


def _given(body: Body, outputs: Any, carried: int | None) -> ast.expr:
    """What an inner function gives: one value, or a tuple; of a scan the two that JAX asks for."""
    if not isinstance(outputs, list | tuple):
        return body.of(outputs)
    trees = [body.of(leaf) if hasattr(leaf, "op") else write.constant(leaf) for leaf in outputs]
    if carried is None:
        return write.tupled(trees)
    return write.tupled([write.tupled(trees[:carried]), write.tupled(trees[carried:])])
