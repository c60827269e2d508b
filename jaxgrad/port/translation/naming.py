"""Names in the source: of functions, of variables, of free sizes."""

import keyword
import re
from collections.abc import Collection

INDEX = "i"
"""The variable of a loop over equal blocks."""
_TAKEN = {
    "carry",
    "item",
    "stacked",
    "entry",
    "rows",
    "F",
    "R",
    "T",
    "flatten",
    "split",
    "jax",
    "jnp",
    "nest",
    "p",
    "params",
    "key",
    "keys",
    "training",
    "lambda",
}
_HINTS = {
    "arange": "positions",
    "softmax": "weights",
    "sym_size": "size",
    "mean": "mean",
    "var": "variance",
    "rsqrt": "scale",
    "cos": "cos",
    "sin": "sin",
    "masked_fill": "scores",
    "bmm": "scores",
    "eq": "mask",
    "ne": "mask",
    "lt": "mask",
    "le": "mask",
    "gt": "mask",
    "ge": "mask",
}
"""What a result is called where nothing better is known."""


_PROJECTIONS = {
    **dict.fromkeys(("q_proj", "query", "q", "to_q", "wq", "q_lin"), "q"),
    **dict.fromkeys(("k_proj", "key", "k", "to_k", "wk", "k_lin"), "k"),
    **dict.fromkeys(("v_proj", "value", "v", "to_v", "wv", "v_lin"), "v"),
    **dict.fromkeys(("gate_proj", "gate"), "gate"),
    "rotary_emb": "angles",
}
"""What the result of a module by this name is called."""


VARIABLES = {"x", "y", "z", INDEX, "values", "indices"}
VARIABLES |= {*_HINTS.values(), *_PROJECTIONS.values()}
"""Names of variables, which no function may have."""


def snake(kind: str) -> str:
    """A class's name as a function's: BasicBlock is basic_block, ResNet is resnet."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind).lower().strip("_")
    name = re.sub(r"_net\b", "net", re.sub(r"_+", "_", name))
    name = re.sub(r"(\d)_d(_|\b)", r"\1d\2", name)  # Conv1D is conv1d
    return valid(name)


def valid(name: str) -> str:
    """A name that Python and the source's own imports leave free."""
    name = re.sub(r"\W", "_", name) or "x"
    if name[0].isdigit():
        name = f"_{name}"
    return f"{name}_" if keyword.iskeyword(name) or name in _TAKEN else name


def fresh(name: str, used: Collection[str]) -> str:
    """The name, or the name with the first number that nobody has."""
    if name not in used:
        return name
    number = 2
    while f"{name}_{number}" in used:
        number += 1
    return f"{name}_{number}"


def hint(operation: str, path: str, live: Collection[str]) -> str:
    """What the result of an operation may be called; `path` is that of a module just left."""
    last = path.rpartition(".")[2]
    known = _PROJECTIONS.get(last) or _HINTS.get(operation)
    if known:
        return known
    return next((name for name in ("x", "y", "z") if name not in live), "x")
