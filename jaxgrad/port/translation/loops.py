"""Rows of equal statements -> loops."""

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from . import expressions as write
from . import naming, scans
from .calls import Call
from .functions import Item, Line

if TYPE_CHECKING:
    from .bodies import Body


class Row(NamedTuple):
    """Statements that become one loop: how many, and what writes it."""

    times: int
    write: Callable[["Body", int, int], None]


def row(body: "Body", i: int) -> Row | None:
    """The row of more than two equal statements that begins with one, if any."""
    times = chained(body, i)
    if times > 2:
        scanned = body.writer.scan and scans.fits(body, i, times)
        return Row(times, scans.write_scan if scanned else write_chain)
    times = growing(body, i)
    return Row(times, write_growing) if times > 2 else None


def chained(body: "Body", i: int) -> int:
    """How many calls from here on are of one function, each with the result of the last."""
    item, times = body.todo[i], 1
    if not isinstance(item.step, Call) or len(item.results) != 1 or not item.operands:
        return 1
    use = body.use(item)
    if use.function.header[:1] != ("p",):
        return 1
    while i + times < len(body.todo):
        one, other = body.todo[i + times - 1], body.todo[i + times]
        if not isinstance(other.step, Call) or not follows(one.step.path, other.step.path):
            break
        chained = other.operands == [*one.results, *item.operands[1:]]
        alone = body.count[one.results[0]] == 1
        if not chained or not alone or body.use(other) != use:
            break
        times += 1
    return times


def write_chain(body: "Body", i: int, times: int) -> None:
    """Writes calls of one function, each with the result of the last, as a loop."""
    item, last = body.todo[i], body.todo[i + times - 1]
    body.flush(i)
    variable = body.names.get(item.operands[0])
    if not isinstance(variable, ast.Name) or body.last[item.operands[0]] > i:
        name = naming.fresh("x", body.live(i))
        body.lines.append(Line(f"{name} = ", body.of(item.operands[0])))
        variable = write.name(name)
    body.names[item.operands[0]] = variable
    parameters = numbered(body, item)
    tree = body.calling(item, parameters)
    body.lines.append(head(item, times))
    target = variable.id
    if body.keeps_state(item):
        target += f", {write.text(parameters)}"
    body.lines.append(Line(f"{target} = ", tree, indent=8))
    body.names[last.results[0]] = variable


def growing(body: "Body", i: int) -> int:
    """How many calls from here on are of one function, each with all results so far."""
    item, times = body.todo[i], 1
    if not isinstance(item.step, Call) or len(item.results) != 1:
        return 1
    use = body.use(item)
    if not any(word.startswith("*") for word in use.function.header) or not item.operands:
        return 1
    while i + times < len(body.todo):
        one, other = body.todo[i + times - 1], body.todo[i + times]
        if not isinstance(other.step, Call) or not follows(one.step.path, other.step.path):
            break
        if other.operands != [*one.operands, *one.results] or body.use(other) != use:
            break
        times += 1
    return times


def write_growing(body: "Body", i: int, times: int) -> None:
    """Writes calls of one function, each with all results so far, as a loop."""
    items = body.todo[i : i + times]
    item = items[0]
    body.flush(i)
    name = naming.fresh("features", body.live(-1))
    body.lines.append(Line(f"{name} = ", ast.List([*map(body.of, item.operands)], ast.Load())))
    parameters = numbered(body, item)
    body.hold(name, item.operands)
    tree = body.calling(item, parameters)
    body.lines.append(head(item, times))
    if body.keeps_state(item):
        one = naming.fresh("x", body.live(i))
        body.lines.append(Line(f"{one}, {write.text(parameters)} = ", tree, indent=8))
        tree = write.name(one)
    body.lines.append(Line(f"{name}.append(", tree, ")", indent=8))
    body.hold(name, [*item.operands, *(result for one in items for result in one.results)])


def head(item: Item, times: int) -> Line:
    """The line that begins a loop."""
    return Line(f"for {naming.INDEX} in ", write.parsed(f"range({span(item, times)})"), ":")


def span(item: Item, times: int) -> str:
    """The numbers of the modules of a row, as `range` takes them."""
    start = number_of(item.step.path)
    return f"{start}, {start + times}" if start else f"{times}"


def numbered(body: "Body", item: Item) -> ast.expr:
    """The parameters of the module that the loop has come to; its key is numbered likewise."""
    path = body.relative(item.step.path)
    parent, _, last = path.rpartition(".")
    whole = body.entries(parent) if parent else write.name("p")
    stem = last.rstrip("0123456789")
    index = f'f"{stem}{{{naming.INDEX}}}"' if stem else f"str({naming.INDEX})"
    if key := body.key_of.get(id(item.step)):
        offset = int(key[5:-1]) - number_of(path)
        shift = f" {'+-'[offset < 0]} {abs(offset)}" if offset else ""
        body.key_of[id(item.step)] = f"keys[{naming.INDEX}{shift}]"
    return ast.Subscript(whole, write.parsed(index), ast.Load())


def number_of(path: str) -> int:
    """The number at the end of a path."""
    return int(path[len(path.rstrip("0123456789")) :])


def follows(path: str, other: str) -> bool:
    """Whether the second path is the first with the next number at its end."""
    stems = [name.rstrip("0123456789") for name in (path, other)]
    if stems[0] != stems[1] or path == stems[0] or other == stems[0]:
        return False
    return number_of(other) == number_of(path) + 1
