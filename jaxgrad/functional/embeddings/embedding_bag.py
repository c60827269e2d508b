"""Sums, means and largest elements of rows of a matrix, a bag of indices at a time."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import wide

from ._bags import Bags, bags_of, largest_rows, sums, sums_of_scales
from ._rows import (
    check_indices,
    frequencies,
    indices,
    mesh_axes,
    norm_limits,
    operands,
    padding_row,
    placed,
    renormed,
    within,
)


def embedding_bag(
    input: ArrayLike,
    weight: ArrayLike,
    offsets: ArrayLike | None = None,
    max_norm: float | jax.Array | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: ArrayLike | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> jax.Array:
    """Sums, means or largest elements of rows of a matrix.

        sum:  y_b = Σᵢ sᵢ W[xᵢ]     mean:  y_b = Σᵢ W[xᵢ] / number of i     max:  y_b = maxᵢ W[xᵢ]

    i runs over the indices of bag b. An empty bag gives 0. The gradient of a maximum goes to the
    first of equal elements. A NaN is the maximum only if it comes first in its bag, as in PyTorch.

    Args:
        input: indices x of any integer dtype: of shape (B, N) for bags of the same size, or of
            shape (N).
        weight: W, of shape (V, D), floating point.
        offsets: where each bag begins in an `input` of shape (N), not decreasing, from 0: shape
            (B). None for an input of shape (B, N).
        max_norm: the largest norm of a row, at least 0, as in `embedding`; None is no limit.
        norm_type: the degree p of that norm, a Python number or ±∞.
        scale_grad_by_freq: whether the gradient of a row is divided by how often its index occurs
            in `input`; not for "max".
        mode: "sum", "mean" or "max".
        sparse: has no effect, as the gradient is dense; not for "max".
        per_sample_weights: s, of the shape of `input` and W's dtype; only for "sum".
        include_last_offset: whether `offsets` has one more element, the end of the last bag.
        padding_idx: a row that is in no bag; a negative one counts from the end.

    Returns:
        y, of shape (B, D), in W's dtype. It is added up in float32 at least and rounded once.

    Raises:
        TypeError: the indices or offsets are not integers, W is not floating point, or another
            argument is of the wrong kind.
        ValueError: shapes do not fit, `mode` is unknown or does not take an option, `padding_idx`,
            an index or an offset is out of range, or `max_norm` is negative or about rows without
            a norm. Traced values are checked under `jaxgrad.checkify` only; a bag with an invalid
            index gives NaN, and invalid offsets make all bags NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding_bag.html

    Differs from PyTorch: with `include_last_offset` an index after the last offset is in no bag.
    PyTorch takes it into a maximum and counts it in a mean, and its gradient reads beyond an array.
    With `scale_grad_by_freq` the gradient of a row is divided by the frequency of its own index; on
    CPUs PyTorch takes that of another. An input of shape (B, 0) gives 0, where PyTorch raises.
    Decreasing offsets are an error, where PyTorch reads beyond the input. Arguments in the old
    order (weight, input) are an error. There is a second derivative. `max_norm`, narrow gradients
    and integer dtypes differ as in `embedding`.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import embedding_bag
    >>> weight = jnp.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    >>> embedding_bag(jnp.array([2, 0, 1]), weight, jnp.array([0, 2]), mode="sum")
    Array([[4., 6.],
           [2., 3.]], dtype=float32)
    """
    check = _checks.of("embedding_bag")
    index, table = operands(check, input, weight)
    check.promoted("weight", table)
    mode = check.option("mode", mode, ("sum", "mean", "max"))
    limit, degree = norm_limits(check, index, table, max_norm, norm_type)
    last = check.truth("include_last_offset", include_last_offset)
    starts = _offsets(check, index, offsets, last)
    scales = _scales(check, index, table, per_sample_weights, mode)
    by_frequency = check.truth("scale_grad_by_freq", scale_grad_by_freq)
    for name, value in (
        ("scale_grad_by_freq", by_frequency),
        ("sparse", check.truth("sparse", sparse)),
    ):
        if value and mode == "max":
            raise ValueError(check.wrong(name, 'False with mode "max"', value))
    padding = padding_row(check, padding_idx, table.shape[0])
    options = _Options(mode, padding, by_frequency, last, degree)
    result, (known, ordered) = _embedding_bag(table, index, starts, scales, limit, options=options)
    check_indices(check, known, index, table.shape[0])
    if starts is not None:
        expected = f"from 0, not decreasing and at most {index.size}, the length of input"
        text = check.wrong("offsets", expected, "values from {least} to {most}")
        _checks.each_holds(ordered, text, starts)
    return result


def _offsets(check: _checks.Checks, index: jax.Array, offsets: Any, last: bool) -> jax.Array | None:
    """`offsets` as an array, where the input is flat."""
    if index.ndim == 2:
        if offsets is not None:
            expected = "None for an input of shape (B, N)"
            raise ValueError(check.wrong("offsets", expected, f"{offsets!r:.60}"))
        return None
    if index.ndim != 1:
        raise ValueError(check.wrong("input", "of shape (B, N) or (N)", f"shape {index.shape}"))
    if offsets is None:
        remedy = "say where each bag begins"
        raise ValueError(check.wrong("offsets", "given for an input of shape (N)", None, remedy))
    starts = indices(check, "offsets", offsets)
    if starts.ndim != 1 or (last and not starts.size):
        expected = "of shape (B + 1), with the end of the last bag" if last else "of shape (B)"
        raise ValueError(check.wrong("offsets", expected, f"shape {starts.shape}"))
    return starts


def _scales(
    check: _checks.Checks, index: jax.Array, weight: jax.Array, given: Any, mode: str
) -> jax.Array | None:
    """`per_sample_weights` as an array like the indices."""
    if given is None:
        return None
    if mode != "sum":
        expected = f'None with mode "{mode}"'
        remedy = 'mode="sum" takes them'
        raise ValueError(check.wrong("per_sample_weights", expected, f"{given!r:.60}", remedy))
    scales = check.array("per_sample_weights", given)
    check.same_shape("per_sample_weights", scales, "input", index)
    check.same_dtype("per_sample_weights", scales, "weight", weight)
    return scales


class _Options(NamedTuple):
    mode: str
    padding: int | None
    by_frequency: bool
    last: bool
    degree: float


@functools.partial(jax.jit, static_argnames="options")
def _embedding_bag(
    weight: jax.Array,
    index: jax.Array,
    starts: jax.Array | None,
    scales: jax.Array | None,
    max_norm: Any,
    *,
    options: _Options,
) -> tuple[jax.Array, Any]:
    bagged = functools.partial(_bagged, options=options)
    first = mesh_axes(index if starts is None else starts)[:1]
    first = (None,) if options.last and starts is not None else first
    return placed(bagged, first, weight, (True, True), (index, starts, scales, max_norm))


def _bagged(weight: jax.Array, arrays: Any, options: _Options) -> tuple[jax.Array, Any]:
    index, starts, scales, max_norm = arrays
    rows, columns = weight.shape
    index, known = within(index, rows)
    bag, count, ordered = _bag_of_each(index, starts, options.last)
    counted = known if options.padding is None else known & (index != options.padding)
    kept = jnp.where(counted, index, rows)
    bags = bags_of(kept, bag, count, rows, columns)
    table = renormed(weight, max_norm, options.degree)
    if options.mode == "max":
        result = _chosen(table, largest_rows(jax.lax.stop_gradient(table), bags))
    else:
        inverse = None
        if options.by_frequency:
            inverse = bags.of(1 / frequencies(index, rows).astype(wide(weight.dtype)))
        scales = None if scales is None else bags.of(scales.astype(wide(weight.dtype)))
        result = _summed(table, scales, inverse, bags)
    if options.mode == "mean":
        result = result / jnp.maximum(_totals(counted, bag, count), 1)[:, None].astype(result.dtype)
    is_wrong = (_totals(~known, bag, count) > 0)[:, None] | ~ordered
    result = jnp.where(is_wrong, jnp.nan, result).astype(weight.dtype)
    return result, (jnp.all(known), ordered)


def _bag_of_each(
    index: jax.Array, starts: jax.Array | None, last: bool
) -> tuple[jax.Array | None, int, jax.Array]:
    """The bag of each index, the number of bags, and whether the offsets are in order."""
    if starts is None:
        return None, index.shape[0], jnp.ones((), bool)
    count = starts.size - last
    places = jax.lax.iota(starts.dtype, index.size)
    bag = jnp.searchsorted(starts, places, side="right").astype(jnp.int32) - 1
    ordered = jnp.all(starts[1:] >= starts[:-1]) & jnp.all(starts[-1:] <= index.size)
    return bag, count, ordered & jnp.all(starts[:1] == 0)


def _totals(values: jax.Array, bag: jax.Array | None, count: int) -> jax.Array:
    """The number of true values in each bag."""
    ones = values.astype(jnp.int32)
    if bag is None:
        return jnp.sum(ones, 1, dtype=jnp.int32)
    return jax.ops.segment_sum(ones, bag, count)


@jax.custom_jvp
def _summed(
    weight: jax.Array, scales: jax.Array | None, inverse: jax.Array | None, bags: Bags
) -> jax.Array:
    return sums(weight, scales, bags)


@functools.partial(_summed.defjvp, symbolic_zeros=True)
def _summed_jvp(primals: Any, tangents: Any) -> tuple[jax.Array, jax.Array]:
    weight, scales, inverse, bags = primals
    value = sums(weight, scales, bags)
    slope = jnp.zeros_like(value)
    if not isinstance(tangents[0], jax.custom_derivatives.SymbolicZero):
        factors = scales
        if inverse is not None:
            factors = inverse if scales is None else scales * inverse
        slope += sums(tangents[0], factors, bags)
    if scales is not None and not isinstance(tangents[1], jax.custom_derivatives.SymbolicZero):
        slope += sums_of_scales(tangents[1], weight, bags)
    return value, slope


def _chosen(weight: jax.Array, best: jax.Array) -> jax.Array:
    """The elements weight[best[b, d], d], and 0 where no row is the best."""
    x = weight.astype(wide(weight.dtype))
    if not weight.size:
        return jnp.zeros(best.shape, x.dtype)
    return jnp.take_along_axis(x, best, 0, mode="fill", fill_value=0)
