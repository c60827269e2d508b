"""What the results of statements are called."""

from typing import Any

from . import controls, naming
from .calls import Call
from .functions import Item, is_part
from .steps import bound

_NEW = {"matmul", "bmm", "einsum", "scaled_dot_product_attention", "cat", "where", "baddbmm"}
"""Results that are something else than their first operand was."""
_PARTS = {
    "max": ("values", "indices"),
    "min": ("values", "indices"),
    "topk": ("values", "indices"),
    "lstm": ("x", "h", "c"),
    "gru": ("x", "h"),
    "rnn_tanh": ("x", "h"),
    "rnn_relu": ("x", "h"),
    "sort": ("values", "indices"),
    "var_mean": ("variance", "mean"),
    "std_mean": ("deviation", "mean"),
}
_ALONE = {"embedding_bag", "_embedding_bag", "linalg_inv_ex"}
"""Operations of whose results the expression gives the first alone."""


def is_new(item: Item, variables: int) -> bool:
    """Whether a result is something else than the first of so many variables was."""
    operation = operation_of(item)
    return operation == "embedding" or (operation in _NEW and variables > 1)


def one_name(item: Item, ends: str, left: str, live: set[str]) -> str:
    """The name of one result: that of a variable that ends here, or a new one."""
    return ends or naming.fresh(naming.hint(operation_of(item), left, live), live)


def several_names(item: Item, wanted: set[Any], live: set[str]) -> list[str]:
    """Names of several results; those that nobody wants are _."""
    count = len(item.results)
    operation = operation_of(item)
    split = operation in ("unbind", "chunk", "split", "split_with_sizes")
    known = _PARTS.get(operation) or (("q", "k", "v") if split and count == 3 else ())
    taken = set(live)
    chosen = []
    for k, node in enumerate(item.results):
        number = node.args[1] if is_part(node) else k
        base = known[number] if number < len(known) else ("x" if k == 0 else "y")
        chosen.append(naming.fresh(base, taken) if node in wanted else "_")
        taken.add(chosen[-1])
    return chosen


def by_number(item: Item, chosen: list[str]) -> str:
    """The targets of all parts of a result, those that are not taken too."""
    total = len(item.step.meta["val"])
    names = ["_"] * total
    for node, name in zip(item.results, chosen, strict=True):
        names[node.args[1]] = name
    carried = controls.carried(item.step)
    if carried is not None:
        return f"{_several(names[:carried])}, {_several(names[carried:])}"
    if operation_of(item) in _ALONE:
        return names[0]
    if operation_of(item) == "lstm":
        return f"{names[0]}, ({names[1]}, {names[2]})"
    return _several(names) if total == 1 else ", ".join(names)


def _several(names: list[str]) -> str:
    """The targets of a tuple."""
    return f"({', '.join(names)}{',' if len(names) == 1 else ''})"


def key_names(paths: list[str]) -> list[str]:
    """How the keys of statements are called: by their modules, or by numbers if there are many."""
    if len(paths) == 1:
        return ["key"]
    if len(paths) > 4 or any(path[-1:].isdigit() for path in paths):
        return [f"keys[{i}]" for i in range(len(paths))]
    names: list[str] = []
    for path in paths:
        parts = [part for part in path.split(".") if part and not part.isdigit()]
        names.append(naming.fresh(f"{parts[-1]}_key" if parts else "key", names))
    return names


def operation_of(item: Item) -> str:
    """The name of a statement's operation; "" of a call."""
    target = None if isinstance(item.step, Call) else item.step.target
    return bound(item.step).name if hasattr(target, "_schema") else ""


def both_blocks(*items: Item) -> bool:
    """Whether all are calls of modules that are no layers of PyTorch's."""
    calls = [item.step for item in items if isinstance(item.step, Call)]
    return sum(not call.kind.startswith("torch.nn.") for call in calls) == len(items)
