"""A step of a graph with its arguments by name, as the table of operations sees it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Bound:
    """One step: an operation and its arguments, by the names of PyTorch's schema.

    Attributes:
        name: the operation, such as "add".
        node: the step.
        values: its arguments: nodes, Python values, or lists of them.
        defaults: PyTorch's defaults, of those arguments that have one.
        read: the arguments that a rule has looked at.
    """

    name: str
    node: Any
    values: Mapping[str, Any]
    defaults: Mapping[str, Any]
    read: set[str] = field(default_factory=set)

    def __getitem__(self, name: str) -> Any:
        """An argument; None if the operation has none of this name."""
        self.read.add(name)
        return self.values.get(name)

    def is_default(self, name: str) -> bool:
        """Whether an argument is what PyTorch takes where it is not given."""
        return name in self.defaults and same(self.values[name], self.defaults[name])

    def shape(self, name: str) -> tuple[Any, ...]:
        """The shape of an argument; a free size is no int."""
        self.read.add(name)
        return shape_of(self.values[name])

    def ndim(self, name: str) -> int:
        """The number of axes of an argument."""
        return len(self.shape(name))

    def dtype(self) -> str:
        """The dtype of the result, which the arguments of that name only say again."""
        self.read.update(("dtype", "other"))
        return dtype_of(self.node)

    def ignored(self, mentioned: Collection[str]) -> list[str]:
        """The arguments that neither the rule nor its template knows, and that are no defaults."""
        known = {*mentioned, *self.read, *WITHOUT_EFFECT}
        given = [name for name, value in self.values.items() if value is not None]
        return [name for name in given if name not in known and not self.is_default(name)]

    def axis(self, dim: int, name: str = "self", more: int = 0) -> int:
        """An axis of an argument, counted from the first."""
        return dim % (self.ndim(name) + more) if self.ndim(name) + more else 0


WITHOUT_EFFECT = {
    *("device", "layout", "pin_memory", "memory_format", "non_blocking", "copy", "requires_grad"),
    *("cudnn_enable", "cudnn_enabled", "sparse", "stable", "self", "input"),
}
"""Arguments that change no number here; what is written in place has two names."""

Rule = str | Callable[[Bound], str | None]
"""A template of the expression, or a function that gives one; None if it cannot say."""


def same(value: Any, default: Any) -> bool:
    """Whether an argument has this value; a list may repeat one number."""
    if isinstance(value, list | tuple):
        if isinstance(default, list | tuple):
            return list(value) == list(default)
        return bool(value) and all(same(item, default) for item in value)
    return type(value) is type(default) and value == default


def shape_of(value: Any) -> tuple[Any, ...]:
    """The shape of what a node gives; () of a Python number."""
    meta = getattr(value, "meta", {}).get("val")
    return tuple(getattr(meta, "shape", ()))


def dtype_of(value: Any) -> str:
    """The dtype of what a node gives, such as "float32"; "" of a Python number."""
    meta = getattr(value, "meta", {}).get("val")
    return str(getattr(meta, "dtype", "")).removeprefix("torch.")


def is_floating(value: Any) -> bool:
    """Whether a node gives floating point or complex numbers."""
    return dtype_of(value).startswith(("float", "bfloat", "complex"))


def dtype_text(dtype: str) -> str:
    """A dtype in the source: `int` is int64 where JAX has 64-bit types, else int32."""
    return {"int64": "int", "bool": "bool"}.get(dtype, f"jnp.{dtype}")


def only_first(node: Any) -> bool:
    """Whether only the first of a step's results is used."""
    return all(user.args[1] == 0 or not user.users for user in node.users)


def name_of(node: Any) -> str:
    """The name of an operation; "" of other nodes."""
    schema = getattr(getattr(node, "target", None), "_schema", None)
    return "" if schema is None else schema.name.removeprefix("aten::")
