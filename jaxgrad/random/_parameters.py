"""The checks that several samplers make of their parameters."""

from typing import Any

import jax
import numpy as np
from jax.typing import DTypeLike

from jaxgrad import _checks
from jaxgrad._checks import Checks, Shape


def filled(
    check: Checks, key: Any, shape: Shape, dtype: DTypeLike | None, **parameters: Any
) -> tuple[jax.Array, tuple[int, ...], Any, list[Any]]:
    """The checked arguments of a sampler that fills a shape, and its scalar parameters."""
    key = check.key(key)
    shape, dtype = check.shape(shape), check.float_dtype(dtype)
    return key, shape, dtype, [check.number(name, value) for name, value in parameters.items()]


def are_location_and_scale(location: Any, scale: Any) -> Any:
    """Whether both are finite and the scale is positive."""
    return _checks.finite(location) & _checks.finite(scale) & (scale > 0)


def broadcast(check: Checks, input: jax.Array, shape: Shape) -> tuple[int, ...]:
    """`shape`, to which the input must broadcast."""
    shape = check.shape(shape)
    if not input.ndim:
        return shape
    try:
        if np.broadcast_shapes(input.shape, shape) == shape:
            return shape
    except ValueError:
        pass
    expected = f"a shape to which the input's {input.shape} broadcasts"
    raise ValueError(check.wrong("shape", expected, shape))
