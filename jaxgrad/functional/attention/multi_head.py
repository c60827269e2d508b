"""Multi-head attention with weights that are passed in: `multi_head_attention_forward`."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import wide

from . import _shapes
from ._arrange import dropout_arguments, mask_array
from ._blocks import Settings, attend, noise, scores_of, weighted


def multi_head_attention_forward(
    query: ArrayLike,
    key: ArrayLike,
    value: ArrayLike,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: ArrayLike | None,
    in_proj_bias: ArrayLike | None,
    bias_k: ArrayLike | None,
    bias_v: ArrayLike | None,
    add_zero_attn: bool,
    dropout_p: ArrayLike,
    out_proj_weight: ArrayLike,
    out_proj_bias: ArrayLike | None,
    training: bool = True,
    key_padding_mask: ArrayLike | None = None,
    need_weights: bool = True,
    attn_mask: ArrayLike | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: ArrayLike | None = None,
    k_proj_weight: ArrayLike | None = None,
    v_proj_weight: ArrayLike | None = None,
    static_k: ArrayLike | None = None,
    static_v: ArrayLike | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
    *,
    dropout_key: jax.Array | None = None,
) -> tuple[jax.Array, jax.Array | None]:
    """Attention of several heads, projected before and after: `nn.MultiheadAttention`.

        Q, K, V = query W_qᵀ + b_q, key W_kᵀ + b_k, value W_vᵀ + b_v,  split into H heads of E / H
        y = concat(softmax(Qₕ Kₕᵀ / √(E / H) + mask) Vₕ) W_outᵀ + b_out

    Without `need_weights` large problems are computed a block of queries at a time, as in
    `scaled_dot_product_attention`.

    Args:
        query: of shape (L, N, E), or (L, E) without a batch, floating point.
        key: of shape (S, N, E_k) or (S, E_k); E_k is E unless the projections are separate. All
            arrays have query's dtype unless stated otherwise.
        value: of shape (S, N, E_v) or (S, E_v), likewise.
        embed_dim_to_check: E.
        num_heads: H, which divides E.
        in_proj_weight: W_q, W_k and W_v, one below the other: of shape (3 E, E).
        in_proj_bias: b_q, b_k and b_v, of shape (3 E).
        bias_k: one more key after the projection, of shape (1, 1, E) or (E); every query sees it.
        bias_v: its value, of the same shape.
        add_zero_attn: whether one more key and value of zeros are added.
        dropout_p: the probability that a weight is zeroed in training.
        out_proj_weight: W_out of shape (E_out, E).
        out_proj_bias: b_out of shape (E_out).
        training: whether dropout applies.
        key_padding_mask: of shape (N, S), or (S) without a batch: a bool that is true where a key
            is ignored, or numbers of query's dtype or float32 that are added to the scores.
        need_weights: whether the weights are returned.
        attn_mask: of shape (L, S) or (N H, L, S), the heads of a batch element together. A bool is
            true where a key is ignored, the opposite of `scaled_dot_product_attention`; numbers
            are added to the scores.
        use_separate_proj_weight: whether the three weights that follow are used, not
            in_proj_weight.
        q_proj_weight: W_q of shape (E, E).
        k_proj_weight: W_k of shape (E, E_k).
        v_proj_weight: W_v of shape (E, E_v).
        static_k: K of shape (N H, S, E / H) instead of a projection of key.
        static_v: V, likewise.
        average_attn_weights: whether the mean of the weights over the heads is returned.
        is_causal: whether attn_mask is the causal mask. Then query l sees the keys 0 to l,
            and attn_mask is read only with need_weights, key_padding_mask, bias_k or
            add_zero_attn.
        dropout_key: a typed key, needed in training where dropout_p is not 0.

    Returns:
        y of shape (L, N, E_out) or (L, E_out), and the weights after dropout, of shape (N, L, S),
        (N, H, L, S) without `average_attn_weights`, or None without `need_weights`. S counts added
        keys. A query that can see no key gives b_out without `need_weights` and NaN with it, as in
        PyTorch.

    Raises:
        TypeError: a dtype or another argument is of the wrong kind, a weight or dropout_key is
            missing, or a derivative with respect to dropout_p is asked for.
        ValueError: shapes do not fit, is_causal is given without attn_mask, one of bias_k and
            bias_v is given without the other or together with static_k or static_v, or dropout_p is
            outside [0, 1].

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html

    Differs from PyTorch: takes a key for dropout. With is_causal and added keys attn_mask is used,
    so that every query sees these keys; without need_weights PyTorch hides them from most queries.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import multi_head_attention_forward
    >>> x, eye = jnp.array([[1.0, 0.0], [0.0, 1.0]]), jnp.eye(2)
    >>> packed = jnp.concatenate([eye, eye, eye])
    >>> y, weights = multi_head_attention_forward(
    ...     jnp.zeros((1, 2)), x, x, 2, 1, packed, None, None, None, False, 0.0, eye, None
    ... )
    >>> y
    Array([[0.5, 0.5]], dtype=float32)
    """
    check = _checks.of("multi_head_attention_forward")
    shared = key is value
    x = _shapes.inputs(check, query, key, value, embed_dim_to_check)
    q = x["query"]
    embed, heads = q.shape[-1], check.integer("num_heads", num_heads, 1)
    if embed % heads:
        raise ValueError(check.wrong("num_heads", f"a divisor of {embed}", heads))
    separate = check.truth("use_separate_proj_weight", use_separate_proj_weight)
    weights = _shapes.weights(
        check,
        x,
        separate,
        {
            "in_proj_weight": in_proj_weight,
            "q_proj_weight": q_proj_weight,
            "k_proj_weight": k_proj_weight,
            "v_proj_weight": v_proj_weight,
            "in_proj_bias": in_proj_bias,
            "out_proj_weight": out_proj_weight,
            "out_proj_bias": out_proj_bias,
        },
    )
    added = {"bias_k": bias_k, "bias_v": bias_v, "static_k": static_k, "static_v": static_v}
    added = _shapes.added(check, x, heads, added)
    masks = {"key_padding_mask": key_padding_mask, "attn_mask": attn_mask}
    masks = {n: None if m is None else mask_array(check, n, m, q.dtype) for n, m in masks.items()}
    sizes = (q.shape[0], None if q.ndim == 2 else q.shape[1], _shapes.length(x, added, "k"))
    _shapes.check_masks(check, sizes, heads, masks)
    flags = {
        "add_zero_attn": add_zero_attn,
        "training": training,
        "need_weights": need_weights,
        "average_attn_weights": average_attn_weights,
        "is_causal": is_causal,
    }
    flags = {name: check.truth(name, flag) for name, flag in flags.items()}
    if flags["is_causal"] and attn_mask is None:
        remedy = "pass the causal mask, or use scaled_dot_product_attention"
        raise ValueError(check.wrong("attn_mask", "given where is_causal is", None, remedy))
    p, dropout_key = dropout_arguments(check, dropout_p, dropout_key, flags["training"])
    alone = not flags["add_zero_attn"] and added["bias_k"] is None and not flags["need_weights"]
    causal = flags["is_causal"] and alone and masks["key_padding_mask"] is None
    if causal:
        masks["attn_mask"] = None
    is_self = shared and query is key
    if shared:  # one array is passed once, and projected once
        x.pop("value")
        if is_self:
            x.pop("key")
    layer = _Layer(
        heads=heads,
        is_causal=causal,
        zero=flags["add_zero_attn"],
        weights=flags["need_weights"],
        average=flags["average_attn_weights"],
    )
    return _multi_head(x | weights | added | masks | {"p": p, "dropout_key": dropout_key}, layer)


class _Layer(NamedTuple):
    """What is static."""

    heads: int
    is_causal: bool
    zero: bool
    weights: bool
    average: bool


@functools.partial(jax.jit, static_argnames="layer")
def _multi_head(arrays: dict[str, Any], layer: _Layer) -> tuple[jax.Array, jax.Array | None]:
    query = arrays["query"]
    single = query.ndim == 2
    length, batch = query.shape[0], 1 if single else query.shape[1]
    q, k, v = _projected(arrays, layer, batch)
    given = {"q": q[..., None, :, :], "k": k, "v": v, "scale": None}
    given |= {"p": arrays["p"], "key": arrays["dropout_key"]}
    given["masks"] = _masks(arrays, layer, batch, k.shape[-2])
    settings = Settings(layer.is_causal, (q.shape[-1] or 1) ** -0.5)
    weights = None
    if layer.weights:
        given = {n: a.astype(wide(a.dtype)) if n in "qkv" else a for n, a in given.items()}
        weights = jax.nn.softmax(scores_of(given, settings), -1)
        if given["key"] is not None:
            weights = weights * noise(given["key"], given["p"], weights)
        out = weighted(weights, given["v"])
        weights = weights[:, :, 0]
        weights = jnp.mean(weights, 1) if layer.average else weights
        weights = (weights[0] if single else weights).astype(query.dtype)
    else:
        out = attend(given, settings)
    out = out[:, :, 0].astype(query.dtype).transpose(2, 0, 1, 3)
    out = out.reshape(length, batch, query.shape[-1])
    out = _linear(out, arrays["out_proj_weight"], arrays["out_proj_bias"])
    return (out[:, 0] if single else out), weights


def _projected(arrays: dict[str, Any], layer: _Layer, batch: int) -> list[jax.Array]:
    """Q, K and V of shape (N, H, length, E / H), with the keys and values that are added."""
    query = arrays["query"]
    embed = query.shape[-1]
    found = dict(zip("qkv", _in_projections(arrays, embed), strict=True))
    parts = []
    for name in "qkv":
        static, bias = arrays.get(f"static_{name}"), arrays.get(f"bias_{name}")
        if static is not None:
            part = static.reshape(batch, layer.heads, *static.shape[1:])
        else:
            part = found[name]
            part = part[:, None] if part.ndim == 2 else part
            if bias is not None:
                part = jnp.concatenate([part, _repeated(bias, batch)])
            part = part.reshape(part.shape[0], batch, layer.heads, embed // layer.heads)
            part = part.transpose(1, 2, 0, 3)
        if layer.zero and name != "q":
            part = jnp.pad(part, ((0, 0), (0, 0), (0, 1), (0, 0)))
        parts.append(part)
    return parts


def _repeated(bias: jax.Array, batch: int) -> jax.Array:
    return jnp.broadcast_to(bias.reshape(1, 1, -1), (1, batch, bias.size))


def _in_projections(arrays: dict[str, Any], embed: int) -> list[jax.Array]:
    """Queries, keys and values; those of one array are one product."""
    packed, bias = arrays["in_proj_weight"], arrays["in_proj_bias"]
    separate = [arrays[f"{name}_proj_weight"] for name in "qkv"]
    query, key = arrays["query"], arrays.get("key", arrays["query"])
    inputs = [query, key, arrays.get("value", key)]
    counts = [3] if "key" not in arrays else [1, 2] if "value" not in arrays else [1, 1, 1]
    if packed is None:
        counts = [1, 1, 1]
    parts, first = [], 0
    for count in counts:
        rows = slice(first * embed, (first + count) * embed)
        weight = separate[first] if packed is None else packed[rows]
        out = _linear(inputs[first], weight, None if bias is None else bias[rows])
        parts += jnp.split(out, count, -1)
        first += count
    return parts


def _linear(x: jax.Array, weight: jax.Array, bias: jax.Array | None) -> jax.Array:
    """The product x weightᵀ + bias, added up in float32 or wider."""
    kind = wide(x.dtype)
    axes = (((x.ndim - 1,), (1,)), ((), ()))
    out = jax.lax.dot_general(x, weight, axes, preferred_element_type=kind)
    if bias is not None:
        out = out + bias.astype(kind).reshape(*[1] * (out.ndim - 1), -1)
    return out.astype(x.dtype)


def _masks(arrays: dict[str, Any], layer: _Layer, batch: int, keys: int) -> list[jax.Array]:
    """Masks that broadcast to (N, H, 1, L, S), true where a key counts or added to the scores."""
    masks = []
    for name in ("key_padding_mask", "attn_mask"):
        mask = arrays[name]
        if mask is None:
            continue
        if name == "key_padding_mask":
            mask = mask.reshape(batch, 1, 1, 1, -1)
        elif mask.ndim == 2:
            mask = mask[None, None, None]
        else:
            mask = mask.reshape(batch, layer.heads, 1, *mask.shape[1:])
        mask = ~mask if mask.dtype == bool else mask
        extra = keys - mask.shape[-1]
        masks.append(jnp.pad(mask, [(0, 0)] * 4 + [(0, extra)], constant_values=mask.dtype == bool))
    return masks
