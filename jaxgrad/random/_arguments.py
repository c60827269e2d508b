"""The arguments that samplers share."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgrad import _checks


def filled(
    name: str, key: Any, shape: Any, dtype: Any, parameters: dict[str, Any]
) -> tuple[jax.Array, tuple[int, ...], Any, list[jax.Array]]:
    """The checked arguments of a sampler that fills a shape, with its scalar parameters."""
    key = _checks.key(name, key)
    shape, dtype = _checks.shape(name, shape), _checks.float_dtype(name, dtype)
    scalars = [_checks.scalar(name, k, v).astype(dtype) for k, v in parameters.items()]
    return key, shape, dtype, scalars


def in_range(name: str, expected: str, valid: jax.Array, **values: jax.Array) -> None:
    """Refuses parameters that are not `expected`."""
    got = ", ".join(f"{{{k}}}" for k in values)
    text = _checks.wrong(name, " and ".join(values), expected, got)
    _checks.holds(valid, text, **{k: functools.partial(jnp.asarray, v) for k, v in values.items()})


def broadcast(name: str, input: jax.Array, shape: Any) -> tuple[int, ...]:
    """`shape`, to which the input must broadcast."""
    shape = _checks.shape(name, shape)
    try:
        if np.broadcast_shapes(input.shape, shape) == shape:
            return shape
    except ValueError:
        pass
    expected = f"a shape to which the input's {input.shape} broadcasts"
    raise ValueError(_checks.wrong(name, "shape", expected, shape))
