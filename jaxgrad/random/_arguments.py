"""The arguments that samplers share."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec, reshard
from jax.typing import DTypeLike

from jaxgrad import _checks
from jaxgrad._checks import Shape


def filled(
    name: str, key: Any, shape: Shape, dtype: DTypeLike | None, parameters: dict[str, Any]
) -> tuple[jax.Array, tuple[int, ...], Any, list[Any]]:
    """The checked arguments of a sampler that fills a shape, with its scalar parameters."""
    key = _checks.key(name, key)
    shape, dtype = _checks.shape(name, shape), _checks.float_dtype(name, dtype)
    return key, shape, dtype, [_checks.number(name, k, v) for k, v in parameters.items()]


def are_place_and_scale(place: Any, scale: Any) -> Any:
    """Whether both are finite and the scale is positive."""
    return _checks.finite(place) & _checks.finite(scale) & (scale > 0)


def broadcast(name: str, input: jax.Array, shape: Shape) -> tuple[int, ...]:
    """`shape`, to which the input must broadcast."""
    shape = _checks.shape(name, shape)
    if not input.ndim:
        return shape
    try:
        if np.broadcast_shapes(input.shape, shape) == shape:
            return shape
    except ValueError:
        pass
    expected = f"a shape to which the input's {input.shape} broadcasts"
    raise ValueError(_checks.wrong(name, "shape", expected, shape))


def alike(x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Two arrays of one shape in the sharding of their sum.

    On an explicit mesh `jnp.where` takes arrays of one sharding only, and arithmetic takes both.
    """
    if jax.typeof(x).sharding == jax.typeof(y).sharding:
        return x, y
    place = jax.eval_shape(jnp.add, x, y).sharding
    return (x, y) if place is None else (reshard(x, place), reshard(y, place))


def whole_rows(x: jax.Array) -> jax.Array:
    """An array whose last axis is not divided over devices of an explicit mesh."""
    place = jax.typeof(x).sharding
    if place.spec[-1] is None:
        return x
    return reshard(x, NamedSharding(place.mesh, PartitionSpec(*place.spec[:-1], None)))
