"""What a pickle made, looked through before it is handed on."""

from typing import Any, NamedTuple

from jaxgrad.state_dict._arrays import Storage
from jaxgrad.state_dict._globals import Name
from jaxgrad.state_dict._mapped import Part

DEEPEST, WIDEST = 100, 2**20
"""How many containers may be within one another, and how much they may hold in a small file."""


class _Container(NamedTuple):
    """A container that was seen whole: how deep it is, and how many containers and leaves it has.

    One that occurs twice counts twice.
    """

    depth: int
    size: int


def plain(part: Part, value: Any) -> Any:
    """The value, if its leaves are arrays, text and numbers and its containers are a tree.

    A container may occur several times, as long as the whole stays of a size that one can go
    through.

    Raises:
        ValueError: there is a bare storage or a bare name, a container is within itself, or there
            are too many within one another.
    """
    seen: dict[int, _Container] = {}
    around: set[int] = set()
    tasks: list[tuple[Any, Any, bool]] = [(value, None, False)]
    while tasks:
        one, path, leaving = tasks.pop()
        if leaving:
            around.discard(id(one))
            seen[id(one)] = _whole(part, one, seen, path)
        elif id(one) in around:
            raise part.wrong("made of containers that end", "one within itself", entry=_name(path))
        elif isinstance(one, (Name, Storage)):
            got = one.text if isinstance(one, Name) else "a storage without a tensor"
            raise part.wrong("made of tensors, containers and numbers", got, entry=_name(path))
        elif isinstance(one, (dict, list, tuple)) and id(one) not in seen:
            around.add(id(one))
            tasks.append((one, path, True))
            pairs = one.items() if isinstance(one, dict) else enumerate(one)
            tasks += [(inner, (path, key), False) for key, inner in pairs]
    return value


def _whole(part: Part, one: Any, seen: dict[int, _Container], path: Any) -> _Container:
    """The depth and the size of a container whose contents were all seen."""
    parts = [seen[id(inner)] for inner in _inner(one) if id(inner) in seen]
    found = _Container(
        1 + max((inner.depth for inner in parts), default=0),
        1 + len(one) + sum(inner.size for inner in parts),
    )
    if found.depth > DEEPEST or found.size > WIDEST + 100 * len(part.buffer):
        expected = f"of at most {DEEPEST} containers within one another, and few that occur again"
        raise part.wrong(expected, "more", entry=_name(path))
    return found


def _inner(container: Any) -> Any:
    return container.values() if isinstance(container, dict) else container


def _name(path: Any) -> str:
    """The dotted name of a path, whose last part is (path before it, key)."""
    keys: list[Any] = []
    while path is not None:
        path, key = path
        keys.append(key)
    return ".".join(f"{key!s:.200}" for key in reversed(keys))
