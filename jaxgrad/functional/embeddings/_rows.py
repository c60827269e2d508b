"""What the lookups share: checked arguments, gathered rows, and the norm that rows may have."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec, auto_axes

from jaxgrad import _checks
from jaxgrad._dtypes import is_a, wide
from jaxgrad.tensor.norms import length_of_numbers

_ROWS = jax.lax.GatherDimensionNumbers((1, 2), (), (0,))
"""A gather of shape (N, 1, D). Its derivative is the scatter that XLA takes as it stands.

For the derivative of a gather of shape (N, D), XLA for CPUs copies all cotangents first.
"""


def indices(check: _checks.Checks, argument: str, value: Any, remedy: str = "") -> jax.Array:
    """`value` as an array of integers."""
    array = check.array(argument, value)
    if not is_a(array.dtype, jnp.integer):
        raise TypeError(check.wrong(argument, "an array of integers", array.dtype, remedy))
    return array


def matrix(check: _checks.Checks, value: Any) -> jax.Array:
    """The weight, as a matrix with a row for each index."""
    weight = check.array("weight", value)
    if weight.ndim != 2:
        raise ValueError(check.wrong("weight", "of shape (V, D)", weight.shape))
    return weight


def operands(check: _checks.Checks, input: Any, weight: Any) -> tuple[jax.Array, jax.Array]:
    """The indices, and the matrix with a row for each of them."""
    remedy = "the indices come first, then the weight"
    return indices(check, "input", input, remedy), matrix(check, weight)


def padding_row(check: _checks.Checks, value: Any, rows: int) -> int | None:
    """`padding_idx`, counted from the front."""
    if value is None:
        return None
    row = check.integer("padding_idx", value, -rows)
    if row >= max(rows, 1):
        raise ValueError(check.wrong("padding_idx", f"below {rows}, the rows of weight", row))
    return row + rows if row < 0 else row


def norm_limits(
    check: _checks.Checks, index: jax.Array, weight: jax.Array, max_norm: Any, norm_type: Any
) -> tuple[Any, float]:
    """`max_norm` and the degree of the norm; no limit is None."""
    infinite = isinstance(norm_type, float) and math.isinf(norm_type)
    degree = norm_type if infinite else check.static_number("norm_type", norm_type)
    if max_norm is None:
        return None, degree
    if not is_a(weight.dtype, jnp.inexact):
        expected = "floating point or complex with max_norm"
        raise TypeError(check.wrong("weight", expected, weight.dtype))
    if index.size and weight.shape[0] and not weight.shape[1] and (infinite or degree < 0):
        expected = f"a matrix with columns, for norms of type {degree}"
        raise ValueError(check.wrong("weight", expected, f"shape {weight.shape}"))
    limit = check.bounded("max_norm", max_norm, lambda norm: norm >= 0, "at least 0")
    return limit, degree


def within(index: jax.Array, rows: int) -> tuple[jax.Array, jax.Array]:
    """Indices as int32, with `rows` for those that are out of range; and which are in range."""
    top = np.asarray(min(int(jnp.iinfo(index.dtype).max), max(rows - 1, 0)), index.dtype)
    known = (index >= 0) & (index <= top) & (rows > 0)
    return jnp.where(known, index, 0).astype(jnp.int32) + jnp.where(known, 0, rows), known


def check_indices(check: _checks.Checks, known: jax.Array, index: jax.Array, rows: int) -> None:
    """Refuse an index without a row."""
    expected = f"from 0 to {rows - 1}, the rows of weight"
    text = check.wrong("input", expected, "values from {least} to {most}")
    _checks.each_holds(known, text, index)


def gathered(weight: jax.Array, index: jax.Array, fill: Any = None) -> jax.Array:
    """The rows weight[index]; out of range `fill`, by default NaN or an integer's limit."""
    (rows, columns), shape = weight.shape, (*index.shape, weight.shape[1])
    if not rows or not math.prod(shape):
        beyond = jnp.nan if is_a(weight.dtype, jnp.inexact) else 0
        return jnp.full(shape, beyond if fill is None else fill, weight.dtype)
    found = jax.lax.gather(
        weight, index.reshape(-1, 1), _ROWS, (1, columns), mode="fill", fill_value=fill
    )
    return found.reshape(shape)


@jax.custom_jvp
def _straight(changed: jax.Array, rows: jax.Array) -> jax.Array:
    return changed


@_straight.defjvp
def _straight_jvp(primals: Any, tangents: Any) -> tuple[jax.Array, jax.Array]:
    # A derivative passes the new norm by, as PyTorch changes its weight beforehand.
    return primals[0], tangents[1]


def renormed(rows: jax.Array, max_norm: Any, degree: float) -> jax.Array:
    """Rows with a norm of at most `max_norm`; their derivative is that of the rows themselves."""
    if max_norm is None or not rows.shape[-1]:
        return rows
    x = jax.lax.stop_gradient(rows).astype(wide(rows.dtype))
    norms = length_of_numbers(x, degree, (x.ndim - 1,))
    limit = jnp.asarray(jax.lax.stop_gradient(max_norm)).astype(norms.dtype)
    scale = jnp.where(norms > limit, limit / (norms + 1e-7), 1)
    return _straight((x * scale.astype(x.dtype)).astype(rows.dtype), rows)


def frequencies(index: jax.Array, rows: int) -> jax.Array:
    """For each index, how many times it occurs."""
    ones = jnp.ones(index.size, jnp.int32)
    counts = jnp.zeros(rows, jnp.int32).at[index.reshape(-1)].add(ones, mode="drop")
    return counts.at[index].get(mode="fill", fill_value=1)


def placed(
    function: Callable[..., Any],
    first: tuple[Any, ...],
    weight: jax.Array,
    others: Any,
    arrays: Any,
) -> Any:
    """`function(weight, arrays)`, whose sharding XLA finds on an Explicit mesh.

    Args:
        function: gives an array with a row of `weight` at its end, and other results.
        first: the mesh axes along the other axes of that array.
        weight: a matrix; the array is sharded like its columns.
        others: a pytree like the other results, which are on all devices.
        arrays: a pytree of arrays.
    """
    leaves = [weight, *jax.tree.leaves(arrays)]
    meshes = [jax.typeof(leaf).sharding.mesh for leaf in leaves]
    mesh = next((m for m in meshes if AxisType.Explicit in m.axis_types), None)
    if mesh is None:
        return function(weight, arrays)
    columns = mesh_axes(weight)[1]
    last = None if columns in first else columns
    result = NamedSharding(mesh, PartitionSpec(*first, last))
    everywhere = jax.tree.map(lambda _: NamedSharding(mesh, PartitionSpec()), others)
    automatic = auto_axes(out_sharding=(result, everywhere))
    return automatic(function)(weight, arrays)


def mesh_axes(array: jax.Array) -> tuple[Any, ...]:
    """The mesh axes along each axis of an array."""
    found = tuple(jax.typeof(array).sharding.spec)
    return found + (None,) * (array.ndim - len(found))
