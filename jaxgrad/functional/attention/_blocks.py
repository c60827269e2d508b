"""Attention a block of queries at a time, so that the scores are never all in memory at once.

The arrays have one layout here: queries (*B, H, G, L, E), keys (*B, H, S, E), values (*B, H, S, Eᵥ)
and masks that broadcast to (*B, H, G, L, S). G queries share the keys of a head.

A block has all keys that its queries may see, so that its softmax is complete. Its scores are
computed again for the derivative: `jax.checkpoint` keeps the block's queries only. Derivatives of
both modes and of any order are JAX's own.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_derivatives import SymbolicZero

from jaxgrad import random
from jaxgrad._dtypes import wide

SCORES = 2**18
"""About how many scores a CPU computes at once: its cache holds that many."""
SCORES_ELSEWHERE = 2**24
"""The same for other devices, which are fast on large products."""
ROWS = 128
"""The fewest queries of a block: a product with fewer rows is slow."""
SEGMENTS = 4
"""The most groups of causal blocks. A group has the keys that its last query sees."""


SPARE = 16
"""How many keys are added where a row of scores would be a whole number of kilobytes.

The derivative of the keys reads the scores by columns. With such rows the numbers of a column would
all have the same few places in a CPU's cache.
"""


class Settings(NamedTuple):
    """What is static: `scale` is None where the arrays have one.

    `keys` is the number of keys that count, where they are followed by others.
    """

    is_causal: bool
    scale: float | None
    keys: int | None = None


class Plan(NamedTuple):
    """How a call is divided: rows of a block, by head; the dtype of the products; spare keys."""

    rows: int
    by_head: bool
    dtype: Any
    spare: bool


def attend(arrays: dict[str, Any], settings: Settings) -> jax.Array:
    """The attention of "q", "k" and "v", of shape (*B, H, G, L, Eᵥ), in the dtype to compute in.

    Each of "masks" is added to the scores, or is true where they count. "scale" is None where the
    settings have one; "p" and "key" are None without dropout.
    """
    q, k, v = arrays["q"], arrays["k"], arrays["v"]
    *lead, length, _ = q.shape
    scores = length * k.shape[-2] * _size(lead)
    if scores <= max(SCORES, k.size + v.size) or not scores:
        arrays = arrays | {name: arrays[name].astype(wide(q.dtype)) for name in "qkv"}
        return _block(arrays, jnp.zeros((), jnp.int32), settings)
    cpu = _plan(arrays, SCORES, wide(q.dtype), is_cpu=True)
    other = _plan(arrays, SCORES_ELSEWHERE, q.dtype, is_cpu=False)
    branches = (functools.partial(_planned, settings=settings, plan=p) for p in (cpu, other))
    both = dict(zip(("cpu", "default"), branches, strict=True))

    @functools.partial(jax.checkpoint, prevent_cse=False)
    def whole(arrays: dict[str, Any]) -> jax.Array:
        return lax.platform_dependent(arrays, **both)

    return whole(arrays)


def _size(shape: Any) -> int:
    return functools.reduce(lambda one, other: one * other, shape, 1)


def _plan(arrays: dict[str, Any], scores: int, dtype: Any, is_cpu: bool) -> Plan:
    """Blocks of about `scores` scores; an axis that is sharded explicitly is not looped over."""
    q, k = arrays["q"], arrays["k"]
    spec = [*jax.typeof(q).sharding.spec, *[None] * q.ndim][: q.ndim]
    by_head = is_cpu and k.shape[-3] > 1 and spec[-4] is None
    width = _size(q.shape[:-2]) * k.shape[-2] // (k.shape[-3] if by_head else 1)
    rows = q.shape[-2] if spec[-2] else max(ROWS, scores // width)
    spare = is_cpu and k.shape[-2] * jnp.dtype(dtype).itemsize % 1024 == 0 and not spec[-2]
    return Plan(rows, by_head, dtype, spare)


def _planned(arrays: dict[str, Any], settings: Settings, plan: Plan) -> jax.Array:
    arrays = arrays | {name: arrays[name].astype(plan.dtype) for name in "qkv"}
    if plan.spare:
        settings = settings._replace(keys=arrays["k"].shape[-2])
        arrays = _with_spare_keys(arrays)
    if not plan.by_head:
        return _segments(arrays, settings, plan)
    each = {name: jnp.moveaxis(arrays[name], axis, 0) for name, axis in _HEADS.items()}
    own = [jnp.moveaxis(m, -4, 0) if m.shape[-4] > 1 else None for m in arrays["masks"]]

    def of_head(number: Any, of: Any) -> jax.Array:
        each, own = of
        pairs = zip(arrays["masks"], own, strict=True)
        masks = [m.squeeze(-4) if part is None else part for m, part in pairs]
        return _segments(_with_key(arrays, number) | each | {"masks": masks}, settings, plan)

    return _mapped(of_head, jnp.arange(arrays["k"].shape[-3]), (each, own), -4)


def _with_spare_keys(arrays: dict[str, Any]) -> dict[str, Any]:
    def padded(array: jax.Array, axis: int) -> jax.Array:
        widths = [(0, SPARE if i == array.ndim + axis else 0) for i in range(array.ndim)]
        return jnp.pad(array, widths)

    masks = [m if m.shape[-1] == 1 else padded(m, -1) for m in arrays["masks"]]
    return arrays | {name: padded(arrays[name], -2) for name in "kv"} | {"masks": masks}


_HEADS = {"q": -4, "k": -3, "v": -3}
"""The axes of the heads."""


def _with_key(arrays: dict[str, Any], number: Any) -> dict[str, Any]:
    """The arrays with a key of their own for a head or a block."""
    key = arrays["key"]
    return arrays if key is None else arrays | {"key": jax.random.fold_in(key, number)}


def _mapped(fn: Callable[..., jax.Array], numbers: Any, each: Any, axis: int) -> jax.Array:
    """`fn` over the numbers and the first axis of `each`; the results are stacked along `axis`."""
    again = jax.checkpoint(lambda given: fn(*given), prevent_cse=False)
    return jnp.moveaxis(lax.map(again, (numbers, each)), 0, axis)


def _segments(arrays: dict[str, Any], settings: Settings, plan: Plan) -> jax.Array:
    """All queries; causal ones in groups, which leave out the keys that none of them sees."""
    length = arrays["q"].shape[-2]
    blocks = -(-length // plan.rows)
    count = min(SEGMENTS, blocks) if settings.is_causal else 1
    ends = [min(length, -(-blocks * i // count) * plan.rows) for i in range(count + 1)]
    parts = [
        _rows(_seen(arrays, first, last, settings), first, settings, plan)
        for first, last in zip(ends[:-1], ends[1:], strict=True)
    ]
    return parts[0] if count == 1 else jnp.concatenate(parts, -2)


def _seen(arrays: dict[str, Any], first: int, last: int, settings: Settings) -> dict[str, Any]:
    """The queries from `first` to before `last`, with the keys and values that they may see."""
    queries = arrays["q"][..., first:last, :]
    masks = [m[..., first:last, :] if m.shape[-2] > 1 else m for m in arrays["masks"]]
    if not settings.is_causal:
        return arrays | {"q": queries, "masks": masks}
    end = last if settings.keys is None else last + SPARE
    keys, values = (arrays[name][..., :end, :] for name in "kv")
    return arrays | {"q": queries, "k": keys, "v": values, "masks": masks}


def _rows(arrays: dict[str, Any], first: int, settings: Settings, plan: Plan) -> jax.Array:
    """Blocks of queries one after another; the missing queries of the last one are 0."""
    q = arrays["q"]
    length = q.shape[-2]
    count = -(-length // plan.rows)
    rows = -(-length // count)
    split = functools.partial(_split, count=count, rows=rows)
    each = split(q), [split(m) if m.shape[-2] > 1 else None for m in arrays["masks"]]

    def of_block(first: Any, of: Any) -> jax.Array:
        q, own = of
        pairs = zip(arrays["masks"], own, strict=True)
        masks = [m if part is None else part for m, part in pairs]
        return _block(_with_key(arrays, first) | {"q": q, "masks": masks}, first, settings)

    joined = _mapped(of_block, jnp.arange(count) * rows + first, each, -3)
    return joined.reshape(*joined.shape[:-3], count * rows, joined.shape[-1])[..., :length, :]


def _split(array: jax.Array, count: int, rows: int) -> jax.Array:
    """The blocks along the last axis but one, stacked in front."""
    missing = count * rows - array.shape[-2]
    if missing:
        array = jnp.pad(array, [(0, 0)] * (array.ndim - 2) + [(0, missing), (0, 0)])
    return jnp.moveaxis(array.reshape(*array.shape[:-2], count, rows, array.shape[-1]), -3, 0)


def _block(arrays: dict[str, Any], first: Any, settings: Settings) -> jax.Array:
    """The block's softmax(q kᵀ · scale + masks) v; a row without a score above -∞ gives 0."""
    scores = scores_of(arrays, settings)
    if settings.is_causal or settings.keys is not None:
        shape = (1,) * (scores.ndim - 2) + scores.shape[-2:]
        last = scores.shape[-1] - 1 if settings.keys is None else settings.keys - 1
        if settings.is_causal:
            row = lax.broadcasted_iota(first.dtype, shape, scores.ndim - 2) + first
            last = jnp.minimum(row, last)
        seen = lax.broadcasted_iota(first.dtype, shape, scores.ndim - 1) <= last
        scores = jnp.where(seen, scores, -jnp.inf)
    factors = None
    if arrays["key"] is not None:
        factors = noise(arrays["key"], arrays["p"], scores)
    return _mean(scores, factors, arrays["v"])


def _powers(scores: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Exponentials, at most 1, and the sum of each row; 0 and 1 for a row of -∞ alone."""
    largest = jnp.max(scores, -1, keepdims=True, initial=-jnp.inf)
    powers = jnp.exp(scores - jnp.where(largest == -jnp.inf, 0, largest))
    total = jnp.sum(powers, -1, keepdims=True)
    return powers, jnp.where(total == 0, 1, total)


@jax.custom_jvp
def _softmax(scores: jax.Array) -> jax.Array:
    powers, total = _powers(scores)
    return powers / total


@_softmax.defjvp
def _softmax_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[jax.Array, jax.Array]:
    p = _softmax(*primals)
    (slope,) = tangents
    return p, p * (slope - jnp.sum(p * slope, -1, keepdims=True))


@jax.custom_jvp
def _mean(scores: jax.Array, factors: jax.Array | None, values: jax.Array) -> jax.Array:
    """The values' means; divided after the product, where there are fewer numbers to divide."""
    powers, total = _powers(scores)
    return weighted(_scaled(powers, factors), values) / total


def _scaled(weights: jax.Array, factors: jax.Array | None) -> jax.Array:
    return weights if factors is None else weights * factors


@functools.partial(_mean.defjvp, symbolic_zeros=True)
def _mean_jvp(
    primals: tuple[Any, Any, Any], tangents: tuple[Any, Any, Any]
) -> tuple[jax.Array, jax.Array]:
    """The derivative divides first: differences of the weights then cancel as exactly as they can.

    Of a single key the weight is 1, and the derivative with respect to its score exactly 0.
    """
    scores, factors, values = primals
    weights, slopes = _softmax(scores), []
    if not isinstance(tangents[0], SymbolicZero):
        _, slope = jax.jvp(_softmax, (scores,), (tangents[0],))
        slopes.append(weighted(_scaled(slope, factors), values))
    weights = _scaled(weights, factors)
    if not isinstance(tangents[2], SymbolicZero):
        slopes.append(weighted(weights, tangents[2]))
    out = weighted(weights, values)
    return out, sum(slopes, jnp.zeros((), out.dtype))


def scores_of(arrays: dict[str, Any], settings: Settings) -> jax.Array:
    """The scores q kᵀ · scale + masks, of shape (*B, H, G, L, S), in float32 or wider."""
    q, k = arrays["q"], arrays["k"]
    kind, batch = wide(q.dtype), tuple(range(k.ndim - 2))
    axes = (((q.ndim - 1,), (k.ndim - 1,)), (batch, batch))
    scores = lax.dot_general(q, k, axes, preferred_element_type=kind)
    scale = arrays["scale"] if settings.scale is None else settings.scale
    scores = scores * jnp.asarray(scale, kind)
    for mask in arrays["masks"]:
        added = jnp.where(mask, 0.0, -jnp.inf) if mask.dtype == bool else mask
        scores = scores + added.astype(kind)
    return scores


def weighted(weights: jax.Array, values: jax.Array) -> jax.Array:
    """The product weights @ values, added up in the dtype of the weights."""
    batch = tuple(range(values.ndim - 2))
    axes = (((weights.ndim - 1,), (values.ndim - 2,)), (batch, batch))
    narrow = weights.astype(values.dtype)
    return lax.dot_general(narrow, values, axes, preferred_element_type=weights.dtype)


def noise(key: jax.Array, p: jax.Array, like: jax.Array) -> jax.Array:
    """The factors of dropout: 1 / (1 - p), or 0 with probability p; NaN for an impossible p."""
    valid = (p >= 0) & (p <= 1)
    kept = ~random.bernoulli(key, jnp.where(valid, p, 0), like.shape, dtype=bool)
    scale = jnp.where(valid, 1 / (1 - p), jnp.nan).astype(like.dtype)
    return jnp.where(kept, scale, 0)
