"""Dtypes of results where JAX's rules are not PyTorch's.

PyTorch makes whole numbers float32 where an operation needs floating point, and beside Python's
floats; JAX makes them float64 where it has 64-bit types. In PyTorch an array without axes does not
widen one with axes; in JAX it does.
"""

import re
from typing import Any

import jax
import jax.numpy as jnp

from .bound import Bound, Rule, dtype_of


def floating(rule: Rule) -> Rule:
    """The rule of an operation that gives floating point numbers, for whole ones too."""

    def promoted(step: Bound) -> str | None:
        text = rule(step) if callable(rule) else rule
        wanted = result_dtype(step)
        if text is None or not wanted.startswith(("float", "bfloat", "complex")):
            return text
        whole = [name for name, value in step.values.items() if is_whole(value)]
        return cast(text, whole, wanted.replace("complex64", "float32"))

    return promoted


def promoting(rule: Rule, *names: str, floats: bool = False) -> Rule:
    """The rule of an operation whose result has the dtype that these arguments have together.

    Args:
        rule: the rule.
        names: the arguments.
        floats: whether the result of whole numbers is of floating point.
    """

    def promoted(step: Bound) -> str | None:
        text = rule(step) if callable(rule) else rule
        wanted = dtype_of(step.node)
        values = [step.values[name] for name in names if step.values.get(name) is not None]
        whole = floats and all(map(is_whole, values))
        if text is None or not values or (together(values) == wanted and not whole):
            return text
        others = [name for name in names if dtype_of(step.values.get(name)) not in ("", wanted)]
        return cast(text, others, wanted)

    return promoted


def together(values: list[Any]) -> str:
    """The dtype that JAX gives arrays and Python numbers together, with 64-bit types."""
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        dtypes = [jnp.dtype(dtype_of(v)) if dtype_of(v) else number(v) for v in values]
        return str(jnp.result_type(*dtypes))


def number(value: Any) -> Any:
    """A Python number; a size stands for an int."""
    return value if isinstance(value, bool | int | float | complex) else 0


def cast(text: str, names: list[str], dtype: str) -> str:
    """A template in which these arguments are cast."""
    for name in names:
        text = re.sub(rf"(?<![\w.]){name}\b(?!\w|=)", f"{name}.astype(jnp.{dtype})", text)
    return text.replace("jnp.int64", "int").replace("jnp.bool", "bool")


def is_whole(value: Any) -> bool:
    """Whether a node gives whole numbers or truth values."""
    return dtype_of(value).startswith(("int", "uint", "bool"))


def result_dtype(step: Bound) -> str:
    """The dtype of a step's first result."""
    value = step.node.meta.get("val")
    first = value[0] if isinstance(value, list | tuple) else value
    return str(getattr(first, "dtype", "")).removeprefix("torch.")
