"""Attention from queries, keys and values: `scaled_dot_product_attention`."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks

from ._arrange import arranged, dropout_arguments, mask_array
from ._blocks import Settings, attend


def scaled_dot_product_attention(
    query: ArrayLike,
    key: ArrayLike,
    value: ArrayLike,
    attn_mask: ArrayLike | None = None,
    dropout_p: ArrayLike = 0.0,
    is_causal: bool = False,
    scale: ArrayLike | None = None,
    enable_gqa: bool = False,
    *,
    dropout_key: jax.Array | None = None,
) -> jax.Array:
    """Means of the values, weighted by how well each key fits a query.

        yₗ = Σₛ pₗₛ vₛ,   pₗ = softmax(scale · qₗ·k + maskₗ)

    A query whose scores are all -∞, or that has no keys, gives 0 with a gradient of 0. Large
    problems are computed a block of queries at a time, forward and backward, so that the weights
    are never all in memory. Sums of bfloat16 and float16 are in float32.

    Args:
        query: q of shape (…, L, E), floating point. The axis before the last two is that of the
            heads, where there is one.
        key: k of shape (…, S, E), in query's dtype. The axes in front broadcast.
        value: v of shape (…, S, Eᵥ), in query's dtype. The axes in front broadcast.
        attn_mask: an array that broadcasts to (…, L, S). A bool is true where a key counts, the
            opposite of `multi_head_attention_forward`. Numbers, of query's dtype or float32, are
            added to the scores.
        dropout_p: the probability that a weight is zeroed; the others are scaled by 1 / (1 - p).
            It applies whenever it is not 0: there is no `training` argument.
        is_causal: whether query l sees only the keys 0 to l. It counts from the first key, also
            where L and S differ.
        scale: the factor of the scores, a scalar. None is 1 / √E.
        enable_gqa: whether consecutive query heads share a head of keys and values. The numbers of
            heads of key and value then divide that of query.
        dropout_key: a typed key, needed where dropout_p is not 0.

    Returns:
        y of shape (…, L, Eᵥ), in query's dtype.

    Raises:
        TypeError: a dtype or another argument is of the wrong kind, dropout_key is missing, or
            a derivative with respect to dropout_p is asked for.
        ValueError: shapes do not fit, attn_mask is given together with is_causal, or dropout_p is
            outside [0, 1].

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html

    Differs from PyTorch: takes a key for dropout. Refuses values of another length than the keys,
    where PyTorch reads past the end. Refuses attn_mask with is_causal for every number of axes,
    where PyTorch takes both for four. Refuses a negative dropout_p for every number of axes, where
    PyTorch ignores it for fewer than four. A key or value behind the diagonal of `is_causal` that
    is infinite or NaN may leave the result finite, as in some of PyTorch's kernels. There is always
    a second derivative.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import scaled_dot_product_attention
    >>> q, v = jnp.zeros((2, 4)), jnp.array([[1.0], [3.0]])
    >>> scaled_dot_product_attention(q, q, v, is_causal=True)
    Array([[1.],
           [2.]], dtype=float32)
    """
    check = _checks.of("scaled_dot_product_attention")
    q, k, v = _queries_keys_values(check, query, key, value)
    shape = _score_shape(check, q, k, v, check.truth("enable_gqa", enable_gqa))
    is_causal = check.truth("is_causal", is_causal)
    mask = None
    if attn_mask is not None:
        if is_causal:
            raise ValueError(check.wrong("attn_mask", "None where is_causal is set", "an array"))
        mask = mask_array(check, "attn_mask", attn_mask, q.dtype)
        _check_mask(check, mask, shape)
    factor = 1 / math.sqrt(q.shape[-1] or 1) if scale is None else check.number("scale", scale)
    static = factor if isinstance(factor, float) and math.isfinite(factor) else None
    p, dropout_key = dropout_arguments(check, dropout_p, dropout_key)
    arrays = {"q": q, "k": k, "v": v, "mask": mask, "p": p, "key": dropout_key}
    arrays["scale"] = factor if static is None else None
    settings = Settings(is_causal, static)
    return _attention(arrays, settings, shape[:-2], enable_gqa)


def _queries_keys_values(
    check: _checks.Checks, query: ArrayLike, key: ArrayLike, value: ArrayLike
) -> list[jax.Array]:
    """The three arrays, of one dtype and of lengths that fit."""
    given = {"query": query, "key": key, "value": value}
    arrays = {name: check.floating(name, array) for name, array in given.items()}
    q, k, v = arrays.values()
    for name, array in arrays.items():
        if array.ndim < 2:
            expected = "of two dimensions or more"
            raise ValueError(check.wrong(name, expected, f"shape {array.shape}"))
        check.same_dtype(name, array, "query", q)
    if k.shape[-1] != q.shape[-1]:
        raise ValueError(check.wrong("key", f"of shape (…, S, {q.shape[-1]})", k.shape))
    if v.shape[-2] != k.shape[-2]:
        raise ValueError(check.wrong("value", f"of shape (…, {k.shape[-2]}, Eᵥ)", v.shape))
    return [q, k, v]


def _score_shape(
    check: _checks.Checks, q: jax.Array, k: jax.Array, v: jax.Array, grouped: bool
) -> tuple[int, ...]:
    """The shape (…, L, S) of the scores."""
    heads: tuple[int, ...] = ()
    if grouped:
        for name, array in {"query": q, "key": k, "value": v}.items():
            if array.ndim < 3:
                expected = "of shape (…, heads, length, size) for enable_gqa"
                raise ValueError(check.wrong(name, expected, array.shape))
            count, of = array.shape[-3], q.shape[-3]
            if count != of and (not count or of % count):
                expected = f"of a number of heads that divides query's {of}"
                raise ValueError(check.wrong(name, expected, count))
        heads = (q.shape[-3],)
    drop = len(heads) + 2
    shapes = [array.shape[: array.ndim - drop] for array in (q, k, v)]
    try:
        lead = jnp.broadcast_shapes(*shapes)
    except ValueError as error:
        expected = "of leading axes that broadcast with query's and value's"
        got = f"shapes {q.shape}, {k.shape} and {v.shape}"
        raise ValueError(check.wrong("key", expected, got)) from error
    return (*lead, *heads, q.shape[-2], k.shape[-2])


def _check_mask(check: _checks.Checks, mask: jax.Array, shape: tuple[int, ...]) -> None:
    """Refuse a mask that does not broadcast to the shape of the scores."""
    try:
        fits = jnp.broadcast_shapes(mask.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        expected = f"of a shape that broadcasts to {shape}"
        raise ValueError(check.wrong("attn_mask", expected, mask.shape))


@functools.partial(jax.jit, static_argnames=("settings", "lead", "grouped"))
def _attention(
    arrays: dict[str, Any], settings: Settings, lead: tuple[int, ...], grouped: bool
) -> jax.Array:
    q = arrays["q"]
    given = arranged(arrays, lead, grouped)
    out = attend(given, settings).astype(q.dtype)
    return out.reshape(*lead, *out.shape[-2:])
