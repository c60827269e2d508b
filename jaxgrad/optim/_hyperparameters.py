"""The checks of hyperparameters: learning rates, decays and coefficients, which may be traced.

A Python number stays one. A coefficient that is the Python number 0 is not used: nothing is traced
for it and no state is kept. An array, such as `optax.inject_hyperparams` passes, is always used.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from .. import _checks
from .._checks import Checks

Number = float | jax.Array
Rate = Number | Callable[[Any], Any]
"""A number, or a schedule: a function of the number of updates made."""


def number(check: Checks, argument: str, value: Any) -> Number:
    """`value` as a real number; an array may be of shape (1,), as PyTorch's tensors may."""
    if isinstance(value, (int, float)):
        return check.number(argument, value)
    result = check.array(argument, value)
    if result.size != 1:
        got = f"shape {result.shape}"
        raise ValueError(check.wrong(argument, "one number", got))
    return check.number(argument, result.reshape(()))


def bounded(
    check: Checks, argument: str, value: Any, valid: Callable[[Any], Any], expected: str
) -> Number:
    """`value` as a number for which `valid` holds."""
    result = number(check, argument, value)
    if (is_valid := valid(result)) is not True:  # a Python number in range needs no text
        text = check.wrong(argument, expected, "{value}")
        _checks.holds(is_valid, text, value=lambda: jnp.asarray(result))
    return result


def count(check: Checks, argument: str, value: Any, minimum: int) -> int:
    """`value` as an integer, cut to the largest value of the int32 counters."""
    return min(check.integer(argument, value, minimum), 2**31 - 1)


def not_negative(check: Checks, **values: Any) -> tuple[Number, ...]:
    """The `values` as numbers of at least 0."""
    return tuple(
        bounded(check, name, value, lambda x: x >= 0, "at least 0")
        for name, value in values.items()
    )


def rate(check: Checks, lr: Any) -> Rate:
    """`lr` as a number of at least 0, or a schedule."""
    return lr if callable(lr) else not_negative(check, lr=lr)[0]


def pair(check: Checks, argument: str, value: Any) -> tuple[Any, Any]:
    """The two elements of `value`."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise ValueError(check.wrong(argument, "a pair", f"{value!r:.60}"))
    return value[0], value[1]


def betas(check: Checks, value: Any) -> tuple[Number, Number]:
    """`value` as two numbers in [0, 1), both Python floats or both arrays."""
    one, two = pair(check, "betas", value)
    if isinstance(one, float) != isinstance(two, float):
        got = f"{type(one).__name__} and {type(two).__name__}"
        raise ValueError(check.wrong("betas", "both floats or both arrays", got))
    first, second = (
        bounded(check, f"betas[{i}]", beta, lambda x: (x >= 0) & (x < 1), "in [0, 1)")
        for i, beta in enumerate((one, two))
    )
    return first, second


def parameters(check: Checks, tree: Any) -> Any:
    """The parameters with arrays for leaves; a `jax.ShapeDtypeStruct` stays as it is."""
    return jax.tree.map(lambda leaf: leaf if _is_shape(leaf) else check.array("params", leaf), tree)


def gradient(check: Checks, grad: jax.Array, dtype: DTypeLike) -> jax.Array:
    """A gradient in the dtype of its parameters."""
    kind = jnp.complexfloating if jnp.iscomplexobj(grad) else jnp.floating
    if jnp.issubdtype(dtype, kind):
        return grad.astype(dtype)
    expected, remedy = f"of the parameters' {dtype}", "cast them with .astype"
    raise TypeError(check.wrong("updates", expected, grad.dtype, remedy))


def _is_shape(leaf: Any) -> bool:
    return isinstance(leaf, jax.ShapeDtypeStruct)


def is_used(value: Rate) -> bool:
    """Whether a coefficient is used: it is not the Python number 0."""
    return not isinstance(value, (int, float)) or value != 0
