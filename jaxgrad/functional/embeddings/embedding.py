"""Rows of a matrix, looked up by their indices."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import is_a, wide

from ._rows import (
    check_indices,
    frequencies,
    gathered,
    mesh_axes,
    norm_limits,
    operands,
    padding_row,
    placed,
    renormed,
    within,
)


def embedding(
    input: ArrayLike,
    weight: ArrayLike,
    padding_idx: int | None = None,
    max_norm: float | jax.Array | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> jax.Array:
    """The rows of a matrix at the given indices.

        y[i, …] = W[x[i, …]]

    The gradient of W adds up the cotangents of all equal indices, in float32 at least. With
    `max_norm` a row with a larger norm counts as that row times max_norm / (norm + 10⁻⁷), and the
    derivative ignores that factor.

    Args:
        input: indices x of any integer dtype, any shape.
        weight: W, of shape (V, D) and any dtype.
        padding_idx: a row that has no gradient; a negative one counts from the end.
        max_norm: the largest norm of a row, at least 0; None is no limit.
        norm_type: the degree p of that norm, a Python number or ±∞.
        scale_grad_by_freq: whether the gradient of a row is divided by how often its index occurs
            in `input`.
        sparse: has no effect; the gradient is dense.

    Returns:
        y of shape (*input.shape, D), in W's dtype.

    Raises:
        TypeError: the indices are not integers, or another argument is of the wrong kind.
        ValueError: W is not a matrix, `padding_idx` or an index is out of range, or `max_norm` is
            negative or about rows without a norm. Traced values are checked under
            `jaxgrad.checkify` only; an index that is out of range gives NaN, or the limit of an
            integer dtype.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html

    Differs from PyTorch: with `max_norm` PyTorch writes the smaller rows into the weight. Here the
    weight stays, and `weight.at[input].set(embedding(input, weight, max_norm=…))` is the new one.
    A negative `max_norm` is an error. The gradient of a narrow dtype is rounded once, where
    PyTorch rounds each sum: in bfloat16 a sum of ones stops at 256. Takes indices of every integer
    dtype, where PyTorch takes int64 and int32.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import embedding
    >>> embedding(jnp.array([2, 0]), jnp.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]))
    Array([[4., 5.],
           [0., 1.]], dtype=float32)
    """
    check = _checks.of("embedding")
    index, table = operands(check, input, weight)
    limit, degree = norm_limits(check, index, table, max_norm, norm_type)
    check.truth("sparse", sparse)
    learning = _Learning(
        padding_row(check, padding_idx, table.shape[0]),
        check.truth("scale_grad_by_freq", scale_grad_by_freq),
    )
    rows, known = _embedding(table, index, limit, degree=degree, learning=learning)
    check_indices(check, known, index, table.shape[0])
    return rows


class _Learning(NamedTuple):
    """The row without a gradient, and whether gradients are divided by frequencies."""

    padding: int | None
    by_frequency: bool


@functools.partial(jax.jit, static_argnames=("degree", "learning"))
def _embedding(
    weight: jax.Array, index: jax.Array, max_norm: Any, *, degree: float, learning: _Learning
) -> tuple[jax.Array, jax.Array]:
    def found(weight: jax.Array, arrays: Any) -> tuple[jax.Array, jax.Array]:
        (index, max_norm), rows = arrays, weight.shape[0]
        index, known = within(index, rows)
        is_learned = is_a(weight.dtype, jnp.inexact)
        rows = _learned(weight, index, learning) if is_learned else gathered(weight, index)
        return renormed(rows, max_norm, degree), jnp.all(known)

    return placed(found, mesh_axes(index), weight, True, (index, max_norm))


@functools.partial(jax.custom_jvp, nondiff_argnums=(2,))
def _learned(weight: jax.Array, index: jax.Array, learning: _Learning) -> jax.Array:
    return gathered(weight, index)


@_learned.defjvp
def _learned_jvp(learning: _Learning, primals: Any, tangents: Any) -> tuple[jax.Array, jax.Array]:
    (weight, index), rows = primals, primals[0].shape[0]
    slope = tangents[0].astype(wide(weight.dtype))  # cotangents are added up in this dtype
    seen = index if learning.padding is None else jnp.where(index == learning.padding, rows, index)
    slopes = gathered(slope, seen, 0)
    if learning.by_frequency:
        slopes = slopes / frequencies(index, rows)[..., None].astype(slopes.dtype)
    return _learned(weight, index, learning), slopes.astype(weight.dtype)
