"""Rows of equal calls -> scans over their stacked parameters."""

import ast
from typing import TYPE_CHECKING, Any

from . import expressions as write
from . import loops, naming
from .bound import dtype_of, shape_of
from .functions import Item, Line

if TYPE_CHECKING:
    from .bodies import Body


def fits(body: "Body", i: int, times: int) -> bool:
    """Whether a row can be a scan: its arrays are alike, it changes no shape and keeps no state."""
    items = body.todo[i : i + times]
    entries = [_entries(body, item) for item in items]
    ends = [_kind(node) for node in (items[0].operands[0], items[0].results[0])]
    return (
        not body.keeps_state(items[0])
        and all(found == entries[0] for found in entries)
        and ends[0] == ends[1]
    )


def write_scan(body: "Body", i: int, times: int) -> None:
    """Writes calls of one function, each with the result of the last, as a scan."""
    item, last = body.todo[i], body.todo[i + times - 1]
    body.flush(i)
    name, start = naming.fresh("x", body.live(i)), body.of(item.operands[0])
    if isinstance(start, ast.Name) and body.last[item.operands[0]] <= i:
        name = start.id
    keys = [body.key_of[id(each.step)] for each in (item, last) if id(each.step) in body.key_of]
    numbers = f"range({loops.span(item, times)})"
    parameters = f"{write.text(loops.numbered(body, item))} for {naming.INDEX} in {numbers}"
    stacked = f"jax.tree.map(lambda *rows: jnp.stack(rows), *({parameters}))"
    body.lines.append(Line("stacked = ", write.parsed(stacked)))
    over, entry = "stacked", "entry"
    if keys:
        over, entry = f"(stacked, {keys[0][:-1]}:{int(keys[1][5:-1]) + 1}])", "entry[0]"
        body.key_of[id(item.step)] = "entry[1]"
    body.names[item.operands[0]] = write.name(name)
    call = write.text(body.calling(item, write.parsed(entry)))
    step = f"lambda {name}, entry: ({call}, None)"
    scan = write.parsed(f"jax.lax.scan({step}, {write.text(start)}, {over})")
    body.lines.append(Line(f"{name}, _ = ", scan))
    body.names[last.results[0]] = write.name(name)


def _entries(body: "Body", item: Item) -> dict[str, Any]:
    """The shapes and dtypes of a module's arrays, by their names within it."""
    start = f"{item.step.path}."
    return {
        name.removeprefix(start): (value.shape, value.dtype)
        for name, value in body.writer.graph.values.items()
        if name.startswith(start)
    }


def _kind(node: Any) -> tuple[str, str]:
    return str(shape_of(node)), str(dtype_of(node))
