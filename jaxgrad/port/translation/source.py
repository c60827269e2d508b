"""The functions of a graph -> the text of a Python file."""

import ast
import inspect
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from . import expressions as write
from . import merging, naming
from .bodies import Body
from .bound import Rule, dtype_of, shape_of
from .buffers import STATISTICS
from .exporting import Exported
from .functions import Function, Line, Writer
from .steps import short

_IMPORTS = {
    "jax": "import jax",
    "jnp": "import jax.numpy as jnp",
    "F": "import jaxgrad.functional as F",
    "R": "import jaxgrad.random as R",
    "T": "import jaxgrad.tensor as T",
}
_LETTERS = "NLMKPQRS"
"""Free sizes, in the order in which they come up, where their axis says nothing better."""
_AXES = {2: "NL", 3: "NL", 4: "NCHW", 5: "NCDHW"}
"""Free sizes of an array of so many axes."""


class Source(NamedTuple):
    """The text of a Python file.

    Attributes:
        text: the text.
        name: the function that stands for the whole module.
        draws: the functions by which it draws random numbers; if any, it takes `key`.
        writes: whether it returns a value and new buffers.
        backwards: the functions with a `backward` of their own, which it does not have.
    """

    text: str
    name: str
    draws: Collection[str]
    writes: bool
    backwards: Collection[str]


def source_of(
    graph: Exported, own: Mapping[str, Rule], modules: Sequence[str] = (), *, scan: bool = False
) -> Source:
    """The source of a graph; `modules` are those of the user's functions."""
    writer = Writer(graph, own, nested=True, scan=scan)
    root = _functions(writer)
    takes_p = any(function.header[:1] == ("p",) for function in writer.functions.values())
    if not takes_p and not writer.has_state(writer.root):
        writer = Writer(graph, own, nested=False)
        root = _functions(writer)
    letters: dict[str, str] = {}
    inputs = _inputs(graph, letters)  # their free sizes have the first letters
    blocks = [_text(writer, function, letters) for function in writer.functions.values()]
    body = "\n\n\n".join([*blocks, _text(writer, root, letters, inputs)])
    doc = f'"""{_name(graph.module)} as pure functions of its parameters."""'
    text = f"{doc}\n\n{_imports(body, modules)}\n\n\n{body}\n"
    writes = writer.has_state(writer.root)
    return Source(text, root.name, sorted(writer.drawing()), writes, graph.backwards)


def _functions(writer: Writer) -> Function:
    """Writes all functions; those that differ in numbers alone become one, the innermost first."""
    while True:
        root = _root(writer)
        found = merging.parameters(writer.samples)
        if found.keys() <= writer.parameters.keys():
            return root
        writer.parameters = {**found, **writer.parameters}
        for noted in (writer.functions, writer.written, writer.samples):
            noted.clear()


def _name(module: Any) -> str:
    return type(module).__name__


def _imports(body: str, modules: Sequence[str]) -> str:
    """The imports that the body needs: JAX's, then jaxgrad's, then the user's."""
    lines = [line for name, line in _IMPORTS.items() if re.search(rf"\b{name}\b[.(]", body)]
    theirs = [line for line in lines if "jaxgrad" not in line]
    ours = [line for line in lines if "jaxgrad" in line]
    called = set(re.findall(r"(?<![.\w])\w+(?=\()", body))
    names = [name for name in ("flatten", "nest", "split") if name in called]
    if names:
        ours.append(f"from jaxgrad.state_dict import {', '.join(names)}")
    own = [f"import {module}" for module in modules if f"{module}." in body]
    return "\n\n".join("\n".join(part) for part in (theirs, ours, own) if part)


def _root(writer: Writer) -> Function:
    """The function of the whole module."""
    graph = writer.graph
    call = writer.root
    header, names = _arguments(graph)
    body = Body(writer, call, dict(names))
    leaves = [node for node in _leaves(graph.outputs) if hasattr(node, "op")]
    body.write([writer.real(node) for node in leaves])
    value = _tree(graph.outputs, body)
    if writer.has_state(call):
        value = write.tupled([value, _new_buffers(body)])
    body.give(value)
    inner = (line for function in writer.functions.values() for line in function.lines)
    body.lines[:0] = _as_jax(names, [*body.lines, *inner])
    if writer.nested:
        body.lines.insert(0, Line("p = ", write.parsed("nest(params)")))
    name = naming.fresh(naming.snake(_name(graph.module)), writer.functions)
    params = ("params",) if writer.nested else ("p",)
    kind = f"{type(graph.module).__module__}.{_name(graph.module)}"
    modes = writer.modes(call)
    more = [word for word in header if word.startswith("**")]
    header = [word for word in header if word not in more]
    star = ["*"] if modes and not any(word.startswith("*") for word in header) else []
    return Function(name, (*params, *header, *star, *modes, *more), body.lines, kind)


def _new_buffers(body: Body) -> ast.expr:
    """All buffers that the module writes, by their names in the state dict."""
    written = list(body.writer.graph.written.values())
    statistics = body.writer.has_statistics(body.call)
    if not written:
        return write.parsed("split(flatten(p))[1]")
    if len(written) <= _FEW and not statistics:
        keys: list[ast.expr | None] = [write.constant(name) for name in written]
        return ast.Dict(keys, list(map(body.array, written)))
    lasts = dict.fromkeys(name.rpartition(".")[2] for name in written)
    alike = [name for name in body.writer.graph.values if name.rpartition(".")[2] in lasts]
    by_last = sorted(alike) == sorted(written) and (not statistics or not lasts.keys() & STATISTICS)
    names = [*lasts, *(STATISTICS if statistics else ())] if by_last else written
    word = naming.fresh("written", body.live(-1))
    body.lines.append(Line(f"{word} = ", write.constant(tuple(names))))
    chosen = 'k.rpartition(".")[2]' if by_last else "k"
    others = " or k in split(flatten(p))[1]" if statistics and not by_last else ""
    return write.parsed(f"{{k: v for k, v in flatten(p).items() if {chosen} in {word}{others}}}")


_FEW = 3
"""So many buffers are named one by one."""


def _as_jax(names: Mapping[Any, ast.expr], lines: Iterable[Line]) -> list[Line]:
    """Makes arrays of JAX of all inputs, where a line writes a part of an array by `.at`."""
    trees = [node for line in lines if line.value for node in ast.walk(line.value)]
    if not any(isinstance(node, ast.Attribute) and node.attr == "at" for node in trees):
        return []
    found = {}
    for tree in names.values():
        word = next(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
        whole = isinstance(tree, ast.Name)
        found[word] = f"jnp.asarray({word})" if whole else f"jax.tree.map(jnp.asarray, {word})"
    return [Line(f"{word} = ", write.parsed(value)) for word, value in found.items()]


def _arguments(graph: Exported) -> tuple[list[str], dict[Any, Any]]:
    """The arguments of the whole, and where in them each input is."""
    args, kwargs = graph.arguments
    bound = inspect.signature(graph.module.forward).bind(*args, **kwargs)
    header: list[str] = []
    names: dict[Any, Any] = {}
    for name, value in bound.arguments.items():
        word = naming.fresh(naming.valid(name), header)
        parameter = bound.signature.parameters[name]
        several = parameter.kind is inspect.Parameter.VAR_POSITIONAL
        named = parameter.kind is inspect.Parameter.VAR_KEYWORD
        header.append(f"*{word}" if several else f"**{word}" if named else word)
        _places(value, write.name(word), names)
    return header, names


def _places(value: Any, tree: Any, names: dict[Any, Any]) -> None:
    if isinstance(value, Mapping):
        for key, item in value.items():
            _places(item, write.entry(tree, key), names)
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            _places(item, write.entry(tree, i), names)
    elif hasattr(value, "op"):
        names[value] = tree


def _leaves(tree: Any) -> list[Any]:
    if isinstance(tree, Mapping):
        return [leaf for item in tree.values() for leaf in _leaves(item)]
    if isinstance(tree, list | tuple):
        return [leaf for item in tree for leaf in _leaves(item)]
    return [tree]


def _tree(tree: Any, body: Body) -> Any:
    """What the module returns, as an expression: a dict, a list, a tuple or one value."""
    if isinstance(tree, Mapping):
        keys: list[ast.expr | None] = [write.constant(key) for key in tree]
        return ast.Dict(keys, [_tree(item, body) for item in tree.values()])
    if isinstance(tree, list | tuple):
        items = [_tree(item, body) for item in tree]
        return ast.List(items) if isinstance(tree, list) else write.tupled(items)
    return body.of(tree) if hasattr(tree, "op") else write.constant(tree)


def _inputs(graph: Exported, letters: dict[str, str]) -> list[str]:
    """What each input is, for the docstring: its shape and dtype."""
    _, names = _arguments(graph)
    return [
        f"{write.text(tree)}: {_shape(shape_of(node), letters)}, {dtype_of(node)}."
        for node, tree in names.items()
        if dtype_of(node)
    ]


def _text(
    writer: Writer, function: Function, letters: dict[str, str], inputs: Sequence[str] = ()
) -> str:
    """The text of a function, with a comment where it comes from."""
    place, doc = ("", function.doc) if function.doc else _origin(writer, function.kind)
    lines = [f"# {place}"] if place else []
    lines += [f"def {function.name}({', '.join(function.header)}):"]
    lines += _docstring(function, doc, inputs)
    for line in function.lines:
        first, *rest = line.text()
        comment = "" if line.shape is None else f"  # {_shape(line.shape, letters)}"
        fits = not rest and len(first + comment) <= write.WIDTH
        lines += [first + comment if fits else first, *rest]
    return "\n".join(lines)


def _docstring(function: Function, first: str, inputs: Sequence[str]) -> list[str]:
    """The docstring of a function: its first line, and of the whole module its arguments."""
    if not inputs:
        return [f'    """{first}"""']
    params = function.header[0]
    told = [f"{params}: the parameters and buffers, by their names in the state dict.", *inputs]
    if "training" in function.header:
        told.append("training: whether dropout and running statistics are as in training.")
    if "key" in function.header:
        told.append("key: a PRNG key, for all that is drawn.")
    return [f'    """{first}', "", "    Args:", *(f"        {line}" for line in told), '    """']


def _shape(shape: tuple[Any, ...], letters: dict[str, str]) -> str:
    """A shape, with letters for free sizes; what is longer than a sum or a product is "?"."""

    def size(axis: int, value: Any) -> str:
        text = str(value)
        symbols: list[str] = re.findall(r"\b[su]\d+\b", text)
        for symbol in symbols:
            if symbol not in letters:
                wanted = [*_AXES.get(len(shape), "")[axis : axis + 1], *_LETTERS]
                free = [letter for letter in wanted if letter not in letters.values()]
                letters[symbol] = free[0] if free else symbol
            text = re.sub(rf"\b{symbol}\b", letters[symbol], text)
        return text if len(text) < _LONG or text.isdigit() else "?"

    inner = ", ".join(size(axis, value) for axis, value in enumerate(shape))
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


_LONG = 8
"""Sizes with so many characters say less than they hide."""


def _origin(writer: Writer, kind: str) -> tuple[str, str]:
    """Where a class's `forward` is written, and the first line of its docstring."""
    for module in writer.graph.module.modules():
        cls = type(module)
        if f"{cls.__module__}.{cls.__qualname__}" == kind:
            return _place(cls), _doc(cls)
    return "", kind.rpartition(".")[2] + "."


def _place(cls: type) -> str:
    try:
        forward = inspect.unwrap(cls.forward)
        _, line = inspect.getsourcelines(forward)
        return f"{short(inspect.getsourcefile(forward) or '')}:{line}"
    except (OSError, TypeError):
        return ""


def _doc(cls: type) -> str:
    """The first line of a class's docstring, or its name."""
    lines = (cls.__dict__.get("__doc__") or "").strip().splitlines()
    first = lines[0].strip() if lines else ""
    if not first or first.startswith("__init__") or len(first) > 90 or '"' in first:
        return f"The forward of {cls.__name__}."
    return first.replace("\\", "/")
