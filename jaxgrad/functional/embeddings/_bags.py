"""Sums of rows of a matrix, a bag of rows at a time, without an array of all the rows.

The rows are taken a slice of the indices at a time. A slice has one index of each bag, where all
bags have the same size, or else as many indices as make a small array of rows. On GPUs and TPUs
XLA itself fuses the lookup of all rows with their sum, and no loop is needed.
"""

import dataclasses
import functools
import math
import operator
from typing import Any

import jax
import jax.numpy as jnp

from jaxgrad._dtypes import wide

from .._transposed import linear
from ._rows import gathered

_SCATTER = jax.lax.ScatterDimensionNumbers((1, 2), (), (0,))
"""A scatter of whole rows, as XLA takes it."""
_TOGETHER = 4
"""How many slices are added in one pass over the sums."""
_ELEMENTS = 2**20
"""About how many elements the rows of a slice have, where bags have different sizes."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Bags:
    """Which rows are in which bag.

    Attributes:
        index: the rows, of shape (slices, indices of a slice); one out of range is left out.
        bag: the bag of each index, of the same shape. None: index i of a slice is in bag i.
        count: the number of bags.
    """

    index: jax.Array
    bag: jax.Array | None
    count: int = dataclasses.field(metadata={"static": True})

    def of(self, tokens: jax.Array) -> jax.Array:
        """One number for each index, arranged like the indices."""
        return _arranged(tokens, self.index.shape, 0)


def bags_of(index: jax.Array, bag: jax.Array | None, count: int, rows: int, columns: int) -> Bags:
    """The bags of indices of shape (B, N), or of shape (N) and their bags."""
    if bag is None:
        return Bags(index.T, None, count)
    size = max(1, min(index.size, _ELEMENTS // max(columns, 1)))
    shape = (-(-index.size // size), size)
    return Bags(_arranged(index, shape, rows), _arranged(bag, shape, count), count)


def _arranged(tokens: jax.Array, shape: tuple[int, ...], fill: int) -> jax.Array:
    if tokens.ndim == 2:
        return tokens.T
    return jnp.pad(tokens, (0, math.prod(shape) - tokens.size), constant_values=fill).reshape(shape)


def sums(weight: jax.Array, scales: jax.Array | None, bags: Bags) -> jax.Array:
    """The sums of scaled rows in each bag, in float32 at least; linear in the matrix."""

    def plain(weight: jax.Array) -> jax.Array:
        return _at_once(weight, scales, bags)

    def summed(weight: jax.Array) -> jax.Array:
        return jax.lax.platform_dependent(
            weight, cpu=functools.partial(_in_slices, scales=scales, bags=bags), default=plain
        )

    def transposed(total: jax.Array, cotangent: jax.Array) -> jax.Array:
        def whole(total: jax.Array, cotangent: jax.Array) -> jax.Array:
            (part,) = jax.linear_transpose(plain, weight)(cotangent)
            return total + part

        def in_slices(total: jax.Array, cotangent: jax.Array) -> jax.Array:
            return _spread_in_slices(total, cotangent, scales, bags)

        return jax.lax.platform_dependent(total, cotangent, cpu=in_slices, default=whole)

    weight = weight.astype(wide(weight.dtype))
    if not (weight.size and bags.index.size):
        return jnp.zeros((bags.count, weight.shape[1]), weight.dtype)
    return linear(summed, transposed, plain, weight)


def sums_of_scales(scales: jax.Array, weight: jax.Array, bags: Bags) -> jax.Array:
    """The same sums, linear in the scales."""

    def plain(scales: jax.Array) -> jax.Array:
        return _at_once(weight, scales, bags)

    def summed(scales: jax.Array) -> jax.Array:
        return _in_slices(weight, scales, bags)

    def transposed(total: jax.Array, cotangent: jax.Array) -> jax.Array:
        def body(_: None, given: Any) -> tuple[None, jax.Array]:
            index, bag = given
            back = cotangent if bag is None else gathered(cotangent, bag, 0)
            return None, jnp.sum(gathered(weight, index, 0) * back, -1)

        return total + jax.lax.scan(body, None, (bags.index, bags.bag))[1]

    weight = weight.astype(wide(weight.dtype))
    if not (weight.size and bags.index.size):
        return jnp.zeros((bags.count, weight.shape[1]), weight.dtype)
    return linear(summed, transposed, plain, scales.astype(weight.dtype))


def _at_once(weight: jax.Array, scales: jax.Array | None, bags: Bags) -> jax.Array:
    rows = _scaled(gathered(weight, bags.index, 0), scales)
    if bags.bag is None:
        return jnp.sum(rows, 0)
    rows = rows.reshape(-1, rows.shape[-1])
    return jax.ops.segment_sum(rows, bags.bag.reshape(-1), bags.count)


def _scaled(rows: jax.Array, scales: jax.Array | None) -> jax.Array:
    return rows if scales is None else rows * scales[..., None]


def _in_slices(weight: jax.Array, scales: jax.Array | None, bags: Bags) -> jax.Array:
    total = jnp.zeros((bags.count, weight.shape[1]), weight.dtype)

    def added(total: jax.Array, given: Any) -> jax.Array:
        rows = _scaled(gathered(weight, given[0], 0), given[1])
        return total + rows if bags.bag is None else _scattered(total, given[2], rows)

    return _folded(added, total, (bags.index, scales, bags.bag))


def _spread_in_slices(
    total: jax.Array, cotangent: jax.Array, scales: jax.Array | None, bags: Bags
) -> jax.Array:
    def added(total: jax.Array, given: Any) -> jax.Array:
        index, scale, bag = given
        rows = cotangent if bag is None else gathered(cotangent, bag, 0)
        return _scattered(total, index, _scaled(rows, scale))

    return jax.lax.scan(
        lambda total, given: (added(total, given), None), total, (bags.index, scales, bags.bag)
    )[0]


def _folded(added: Any, total: jax.Array, arrays: Any) -> jax.Array:
    """Adds slices, several in one pass, and those that are left over."""
    slices = jax.tree.leaves(arrays)[0].shape[0]
    whole = slices // _TOGETHER * _TOGETHER
    grouped = jax.tree.map(
        lambda a: a[:whole].reshape(whole // _TOGETHER, _TOGETHER, *a.shape[1:]), arrays
    )

    def several(total: jax.Array, group: Any, count: int) -> jax.Array:
        for place in range(count):
            total = added(total, jax.tree.map(operator.itemgetter(place), group))
        return total

    def body(total: jax.Array, group: Any) -> tuple[jax.Array, None]:
        return several(total, group, _TOGETHER), None

    total = jax.lax.scan(body, total, grouped)[0] if whole else total
    return several(total, jax.tree.map(lambda a: a[whole:], arrays), slices - whole)


def _scattered(total: jax.Array, index: jax.Array, rows: jax.Array) -> jax.Array:
    return jax.lax.scatter_add(total, index[:, None], rows[:, None], _SCATTER, mode="drop")


def largest_rows(weight: jax.Array, bags: Bags) -> jax.Array:
    """For each bag and column, the row with the first of the largest elements; V of an empty bag.

    As in PyTorch, a NaN that comes first in its bag stays, and a later one is passed over.
    """
    if bags.bag is None:
        return _largest_in_turn(weight, bags)
    rows, columns = weight.shape
    index, bag = bags.index.reshape(-1), bags.bag.reshape(-1)
    found = gathered(weight, index, 0)
    bag = jnp.where(index < rows, bag, bags.count)
    places = jax.lax.iota(jnp.int32, index.size)
    first = jax.ops.segment_min(places, bag, bags.count)
    is_first = first.at[bag].get(mode="fill", fill_value=-1) == places
    found = jnp.where(jnp.isnan(found) & ~is_first[:, None], -jnp.inf, found)
    most = jax.ops.segment_max(found, bag, bags.count).at[bag].get(mode="fill", fill_value=0)
    wins = (found == most) | (jnp.isnan(found) & jnp.isnan(most))
    places = jnp.where(wins, places[:, None], index.size)
    best = jax.ops.segment_min(places, bag, bags.count)
    return index.at[best].get(mode="fill", fill_value=rows)


def _largest_in_turn(weight: jax.Array, bags: Bags) -> jax.Array:
    rows, columns = weight.shape

    def body(carry: Any, index: jax.Array) -> tuple[Any, None]:
        most, best = carry
        found, is_row = gathered(weight, index, 0), (index < rows)[:, None]
        better = is_row & ((found > most) | (best == rows))
        index = jnp.broadcast_to(index[:, None], best.shape)
        return (jnp.where(better, found, most), jnp.where(better, index, best)), None

    shape = (bags.count, columns)
    start = (jnp.zeros(shape, weight.dtype), jnp.full(shape, rows, jnp.int32))
    return jax.lax.scan(body, start, bags.index)[0][1]
