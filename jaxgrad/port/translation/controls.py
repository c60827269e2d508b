"""Conditions, loops, scans and maps: steps that contain further graphs."""

from collections.abc import Mapping
from typing import Any

from .bound import Bound, Rule

_ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "cond": ("pred", "true_fn", "false_fn", "operands"),
    "while_loop": ("cond_fn", "body_fn", "carried", "extra"),
    "scan": ("combine_fn", "init", "xs", "extra"),
    "map_impl": ("fn", "xs", "extra"),
}


def _cond(step: Bound) -> str:
    scalar = not step.shape("pred")
    return f"jax.lax.cond(pred{'' if scalar else '.reshape(())'}, true_fn, false_fn, *operands)"


_CONTROLS: Mapping[str, Rule] = {
    "cond": _cond,
    "while_loop": (
        "jax.lax.while_loop("
        "lambda carry: cond_fn(*carry, *extra), lambda carry: body_fn(*carry, *extra), carried)"
    ),
    "scan": "jax.lax.scan(lambda carry, item: combine_fn(*carry, *item, *extra), init, xs)",
    "map_impl": "jax.lax.map(lambda item: fn(*item, *extra), xs)",
}
"""By PyTorch's name, the expression. Each inner function takes and gives tuples."""

FUNCTIONS: Mapping[str, tuple[str, str]] = {
    "true_graph": ("if_true", "The value where the condition holds."),
    "false_graph": ("if_false", "The value where the condition does not hold."),
    "while_loop_cond_graph": ("goes_on", "Whether the loop goes on."),
    "while_loop_body_graph": ("turn", "One turn of the loop."),
    "scan_combine_graph": ("step", "One step of the scan: what it carries on, and what it gives."),
    "body_graph": ("each", "The value for one element."),
}
"""Names and docstrings of inner functions, by what PyTorch calls their graphs."""


def is_control(node: Any) -> bool:
    """Whether a step contains further graphs."""
    return name_of(node) in _CONTROLS


def name_of(node: Any) -> str:
    """The name of a step that contains further graphs; "" of other steps."""
    module = getattr(type(node.target), "__module__", "")
    return getattr(node.target, "_name", "") if "_higher_order_ops" in module else ""


def control(node: Any) -> tuple[str, Bound]:
    """The template of such a step, and its arguments by name."""
    name = name_of(node)
    values = dict(zip(_ARGUMENTS[name], node.args, strict=False))
    step = Bound(name, node, {"extra": (), **values}, {})
    rule = _CONTROLS[name]
    return (rule if isinstance(rule, str) else rule(step) or ""), step


def carried(node: Any) -> int | None:
    """How many of the results of a scan it carries on; None of other steps."""
    return len(node.args[1]) if name_of(node) == "scan" else None


def operands(node: Any, count: int) -> list[Any]:
    """The arrays that the inner functions of a step take, in order; None where they vary."""
    lists = [list(arg) for arg in node.args if isinstance(arg, list | tuple)]
    if name_of(node) in ("scan", "map_impl"):  # of these the function takes parts
        lists = [[None] * len(one) for one in lists[:-1]] + lists[-1:]
    found = [leaf for one in lists for leaf in one]
    return [*found, *[None] * count][:count]
