"""Draws from a key or another source, and the layout and the sharding of the weights."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.core import Tracer
from jax.sharding import NamedSharding, PartitionSpec
from jax.typing import DTypeLike

from jaxgrad import random
from jaxgrad._checks import Checks, Shape
from jaxgrad._dtypes import cast, wide
from jaxgrad.init._distributions import Draw
from jaxgrad.init._layer_draws import LayerDraws
from jaxgrad.random.keys import unrolled

LAYOUTS = ("torch", "flax")


class Source:
    """A source of random numbers in place of a key: a generator whose state each draw moves on."""

    def draw(self, draw: Draw, dtype: DTypeLike) -> jax.Array:
        """The numbers of one draw."""
        raise NotImplementedError


class Target(NamedTuple):
    """The checked arguments of an initialiser, with the shape in PyTorch's layout."""

    key: Any
    shape: tuple[int, ...]
    dtype: DTypeLike


def target(
    check: Checks, key: Any, shape: Shape, dtype: DTypeLike | None, layout: Any = "torch"
) -> Target:
    """The checked arguments that all initialisers share."""
    key, shape = checked(check, key), torch_shape(check, shape, layout)
    return Target(key, shape, check.float_dtype(dtype))


def checked(check: Checks, key: Any) -> jax.Array | Source:
    """A typed key, or a source in its place."""
    return key if isinstance(key, Source) else check.key(key)


def split(key: jax.Array | Source, count: int) -> list[Any]:
    """A key for each of several draws; from a source they follow one another."""
    return [key] * count if isinstance(key, Source) else list(jax.random.split(key, count))


def torch_shape(check: Checks, shape: Shape, layout: Any) -> tuple[int, ...]:
    """The shape in PyTorch's layout: (out, in, *kernel) of (*kernel, in, out)."""
    shape = check.shape(shape)
    if check.option("layout", layout, LAYOUTS) == "flax" and len(shape) > 1:
        return (shape[-1], shape[-2], *shape[:-2])
    return shape


def sample(key: jax.Array | Source, draw: Draw, dtype: DTypeLike) -> jax.Array:
    """The numbers of one draw."""
    if isinstance(key, Source):
        return key.draw(draw, dtype)
    if draw.kind == "constant":
        return jnp.full(draw.shape, draw.args[0], dtype)
    if draw.kind == "uniform":
        return random.uniform(key, draw.shape, *draw.args, dtype=dtype)
    if draw.kind == "randperm":
        rows = jnp.broadcast_to(jnp.arange(draw.shape[0])[:, None], draw.shape)
        return jax.random.permutation(unrolled(key), rows, independent=True)
    # In the wide dtype, so that mean and std are not rounded to a narrow one before.
    mean, std = draw.args
    return cast(random.normal(key, mean, std, draw.shape, dtype=wide(dtype)), dtype)


def placed(check: Checks, weight: jax.Array, out_sharding: Any, layout: str = "torch") -> jax.Array:
    """A weight of PyTorch's layout in the given layout and sharding."""
    if layout == "flax" and weight.ndim > 1:
        weight = jnp.moveaxis(weight, (0, 1), (-1, -2))
    if out_sharding is None:
        return weight
    if not isinstance(out_sharding, (NamedSharding, PartitionSpec)):
        got = f"{type(out_sharding).__name__} {out_sharding!r:.60}"
        expected = "a NamedSharding, a PartitionSpec or None"
        raise TypeError(check.wrong("out_sharding", expected, got))
    if not isinstance(weight, Tracer):
        return jax.device_put(weight, out_sharding)
    named = isinstance(out_sharding, NamedSharding)
    mesh = out_sharding.mesh if named else jax.sharding.get_abstract_mesh()
    if mesh.explicit_axes:
        return jax.sharding.reshard(weight, out_sharding)
    return jax.lax.with_sharding_constraint(weight, out_sharding)


def kept(draws: tuple[Draw, ...]) -> list[Draw]:
    """The draws that no later one overwrites in full."""
    last = {draw.name: index for index, draw in enumerate(draws) if draw.row is None}
    return [draw for index, draw in enumerate(draws) if index >= last[draw.name]]


def parameters(
    check: Checks, key: Any, layer: LayerDraws, dtype: DTypeLike | None
) -> dict[str, jax.Array]:
    """A layer's parameters by name, with one key for each draw that is not overwritten."""
    key, dtype = checked(check, key), check.float_dtype(dtype)
    values = (_filled if isinstance(key, Source) else _compiled)(key, layer, dtype)
    return {name: values[name] for name in layer.names}  # a compiled function sorts its dict


def _filled(key: Any, layer: LayerDraws, dtype: DTypeLike) -> dict[str, jax.Array]:
    """The parameters, drawn in order; a source makes the overwritten draws too."""
    draws = layer.draws if isinstance(key, Source) else kept(layer.draws)
    keys = iter(split(key, sum(draw.kind != "constant" for draw in draws)))
    filled = dict.fromkeys(layer.names, jnp.zeros((), dtype))
    for draw in draws:
        values = sample(key if draw.kind == "constant" else next(keys), draw, dtype)
        row = draw.row
        filled[draw.name] = values if row is None else filled[draw.name].at[row].set(values)
    return filled


_compiled = jax.jit(_filled, static_argnames=("layer", "dtype"))
"""One program for all parameters of a layer."""
