"""What the optimizers take: learning rates, decays and coefficients, as numbers that may be traced.

A Python number stays one, and a coefficient that is the number 0 is off: nothing is traced for it
and no state is kept. An array, as `optax.inject_hyperparams` gives, is never off.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from .. import _checks

Number = float | jax.Array
Rate = Number | Callable[[Any], Any]
"""A number, or a schedule: a function of the number of updates so far."""


def number(function: str, argument: str, value: Any) -> Number:
    """`value` as a real number; an array may be of shape (1,), as PyTorch's tensors may."""
    if isinstance(value, (int, float)):
        return _checks.number(function, argument, value)
    result = _checks.array(function, argument, value)
    if result.size != 1:
        got = f"shape {result.shape}"
        raise ValueError(_checks.wrong(function, argument, "one number", got))
    return _checks.number(function, argument, result.reshape(()))


def bounded(
    function: str, argument: str, value: Any, valid: Callable[[Any], Any], expected: str
) -> Number:
    """`value` as a number for which `valid` holds."""
    return _checks.bounded(function, argument, number(function, argument, value), valid, expected)


def count(function: str, argument: str, value: Any, minimum: int) -> int:
    """`value` as an integer that counters reach, which are int32: a larger one is the largest."""
    return min(_checks.integer(function, argument, value, minimum), 2**31 - 1)


def not_negative(function: str, **values: Any) -> tuple[Number, ...]:
    """The `values` as numbers of at least 0."""
    return tuple(
        bounded(function, name, value, lambda x: x >= 0, "at least 0")
        for name, value in values.items()
    )


def rate(function: str, lr: Any) -> Rate:
    """`lr` as a number of at least 0, or a schedule."""
    return lr if callable(lr) else not_negative(function, lr=lr)[0]


def pair(function: str, argument: str, value: Any) -> tuple[Any, Any]:
    """`value` as two things."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise ValueError(_checks.wrong(function, argument, "a pair", f"{value!r:.60}"))
    return value[0], value[1]


def betas(function: str, value: Any) -> tuple[Number, Number]:
    """`value` as two numbers in [0, 1), both Python's or both arrays."""
    one, two = pair(function, "betas", value)
    if isinstance(one, float) != isinstance(two, float):
        got = f"{type(one).__name__} and {type(two).__name__}"
        raise ValueError(_checks.wrong(function, "betas", "both floats or both arrays", got))
    first, second = (
        bounded(function, f"betas[{i}]", beta, lambda x: (x >= 0) & (x < 1), "in [0, 1)")
        for i, beta in enumerate((one, two))
    )
    return first, second


def parameters(function: str, tree: Any) -> Any:
    """The tree of parameters with arrays for leaves; shapes and dtypes alone stay as they are."""
    return jax.tree.map(
        lambda leaf: leaf if _is_shape(leaf) else _checks.array(function, "params", leaf), tree
    )


def gradient(function: str, grad: jax.Array, dtype: DTypeLike) -> jax.Array:
    """A gradient in the dtype of what it moves."""
    kind = jnp.complexfloating if jnp.iscomplexobj(grad) else jnp.floating
    if jnp.issubdtype(dtype, kind):
        return grad.astype(dtype)
    expected, remedy = f"of the parameters' {dtype}", "cast them with .astype"
    raise TypeError(_checks.wrong(function, "updates", expected, grad.dtype, remedy))


def _is_shape(leaf: Any) -> bool:
    return isinstance(leaf, jax.ShapeDtypeStruct)


def on(value: Rate) -> bool:
    """Whether a coefficient is to be reckoned with: it is not the plain number 0."""
    return not isinstance(value, (int, float)) or value != 0
