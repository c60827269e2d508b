"""Attention with mistakes that ports of it have had."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from planting import Planted

torch = pytest.importorskip("torch")
nn, TF = torch.nn, torch.nn.functional


class SelfAttention(nn.Module):
    """PyTorch's layer on one array; its second argument says which keys are padding."""

    def __init__(self, weights=False):
        super().__init__()
        self.attn = nn.MultiheadAttention(8, 2, batch_first=True)
        self.weights = weights

    def forward(self, x, padding=None):
        return self.attn(x, x, x, key_padding_mask=padding, need_weights=self.weights)[0]


def scores_of(q, k, wrong):
    size = q.shape[-1]
    scores = jnp.einsum("bqhd,bkhd->bhqk", q, k)
    if wrong == "unscaled":
        return scores
    return scores / {"by D": size, "embedding": math.sqrt(8)}.get(wrong, math.sqrt(size))


def heads_of(x, wrong, heads=2):
    """The axis of the embedding as heads: (H, D), or wrongly (D, H)."""
    if wrong == "heads":
        parts = x.reshape(*x.shape[:-1], -1, heads)
        return parts.swapaxes(-1, -2)
    return x.reshape(*x.shape[:-1], heads, -1)


def merged(x, wrong):
    if wrong == "heads":
        x = x.swapaxes(-1, -2)
    return x.reshape(*x.shape[:-2], -1)


def attend(p, name, x, padding, wrong):
    projected = x @ p[f"{name}in_proj_weight"].T + p[f"{name}in_proj_bias"]
    q, k, v = (heads_of(part, wrong) for part in jnp.split(projected, 3, -1))
    if wrong == "order":
        q, k = k, q
    scores = scores_of(q, k, wrong)
    if padding is not None and wrong != "no mask":
        padding = ~padding if wrong == "mask" else padding
        scores = jnp.where(padding[:, None, None], -jnp.inf, scores)
    weights = jax.nn.softmax(scores, axis=-2 if wrong == "queries" else -1)
    mixed = merged(jnp.einsum("bhqk,bkhd->bqhd", weights, v), wrong)
    if wrong == "merge":
        mixed = jnp.einsum("bhqk,bkhd->bhqd", weights, v).reshape(x.shape)
    return mixed @ p[f"{name}out_proj.weight"].T + p[f"{name}out_proj.bias"]


def multi_head(p, x, padding=None, wrong=False):
    return attend(p, "attn.", x, padding, wrong)


class Attention(nn.Module):
    """Attention as in vision transformers, written by hand."""

    def __init__(self, fused=False):
        super().__init__()
        self.qkv, self.proj, self.fused = nn.Linear(8, 24), nn.Linear(8, 8), fused

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, 2, c // 2).permute(2, 0, 3, 1, 4).unbind(0)
        if self.fused:
            y = TF.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            weights = (q @ k.transpose(-2, -1)) * (c // 2) ** -0.5
            y = weights.softmax(dim=-1) @ v
        return self.proj(y.transpose(1, 2).reshape(b, n, c))


def by_hand(causal):
    def port(p, x, wrong=False):
        projected = x @ p["qkv.weight"].T + p["qkv.bias"]
        if wrong == "interleaved":
            parts = projected.reshape(*x.shape[:-1], 2, 3, 4)
            q, k, v = (parts[..., n, :] for n in range(3))
        else:
            q, k, v = (heads_of(part, wrong) for part in jnp.split(projected, 3, -1))
        scores = scores_of(q, k, wrong)
        if causal and wrong != "not causal":
            seen = jnp.tril(jnp.ones(scores.shape[-2:], bool))
            scores = jnp.where(seen, scores, -jnp.inf)
        weights = jax.nn.softmax(scores, axis=-2 if wrong == "queries" else -1)
        mixed = merged(jnp.einsum("bhqk,bkhd->bqhd", weights, v), wrong)
        return mixed @ p["proj.weight"].T + p["proj.bias"]

    return port


class Layer(nn.Module):
    """PyTorch's layer of a transformer."""

    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True)

    def forward(self, x, padding):
        return self.layer(x, src_key_padding_mask=padding)


def layer_norm(p, name, x, eps=1e-5):
    y = (x - x.mean(-1, keepdims=True)) * jax.lax.rsqrt(x.var(-1, keepdims=True) + eps)
    return y * p[f"{name}.weight"] + p[f"{name}.bias"]


def encoder_layer(p, x, padding, wrong=False):
    p = {name.removeprefix("layer."): value for name, value in p.items()}
    eps = 1e-6 if wrong == "eps" else 1e-5
    if wrong == "norm first":
        x = x + attend(p, "self_attn.", layer_norm(p, "norm1", x), padding, wrong)
        h = layer_norm(p, "norm2", x)
        h = jax.nn.relu(h @ p["linear1.weight"].T + p["linear1.bias"])
        return x + h @ p["linear2.weight"].T + p["linear2.bias"]
    attended = attend(p, "self_attn.", x, padding, wrong)
    x = layer_norm(p, "norm1", attended if wrong == "residual" else x + attended, eps)
    h = x @ p["linear1.weight"].T + p["linear1.bias"]
    h = jax.nn.gelu(h, approximate=False) if wrong == "gelu" else jax.nn.relu(h)
    return layer_norm(p, "norm2", x + h @ p["linear2.weight"].T + p["linear2.bias"], eps)


PADDING = np.array([[False] * 5, [False, False, False, True, True]])
SCALES = {
    "unscaled": ("attention", "without the division by sqrt(D)"),
    "by D": ("attention", "1 / D"),
    "embedding": ("attention", "1 / sqrt(H D)"),
    "heads": ("(2, 4)", "(4, 2)", "heads in another order"),
    "queries": ("attention", "softmax over the queries"),
    "order": ("attention", "(key, query, value)"),
    "merge": ("reshape",),
}
ATTENTION = {
    "multi-head": Planted(SelfAttention, multi_head, [(2, 5, 8)], SCALES),
    "multi-head with weights": Planted(
        lambda: SelfAttention(weights=True),
        multi_head,
        [(2, 5, 8)],
        {
            "unscaled": ("the scale", "leaves it out"),
            "by D": ("mul", "square"),
            "heads": ("(2, 4)", "(4, 2)", "heads in another order"),
            "queries": ("softmax(dim=-1)", "softmax(dim=1)"),
        },
    ),
    "multi-head with padding": Planted(
        SelfAttention,
        multi_head,
        [(2, 5, 8), PADDING],
        {
            "unscaled": ("attention", "without the division by sqrt(D)"),
            "no mask": ("attention without the mask",),
            "mask": ("attention with the mask inverted",),
            "heads": ("(2, 4)", "(4, 2)", "heads in another order"),
        },
    ),
    "by hand": Planted(
        Attention,
        by_hand(causal=False),
        [(2, 5, 8)],
        {
            "unscaled": ("the scale", "leaves it out"),
            "by D": ("mul", "square"),
            "heads": ("(3, 2, 4)", "(3, 4, 2)", "heads in another order"),
            "interleaved": ("(3, 2, 4)", "(2, 3, 4)"),
            "queries": ("softmax(dim=-1)", "softmax(dim=2)"),
        },
    ),
    "causal": Planted(
        lambda: Attention(fused=True),
        by_hand(causal=True),
        [(2, 5, 8)],
        {
            "not causal": ("attention without a causal mask",),
            "by D": ("attention", "1 / D"),
            "heads": ("(3, 2, 4)", "(3, 4, 2)", "heads in another order"),
        },
    ),
    "encoder layer": Planted(
        Layer,
        encoder_layer,
        [(2, 5, 8), PADDING],
        {
            "eps": ("layer_norm(eps=1e-06)",),
            "gelu": ("relu", "gelu"),
            "residual": ("add", "operand alone"),
            "unscaled": ("attention", "without the division by sqrt(D)"),
            "heads": ("(2, 4)", "(4, 2)", "heads in another order"),
        },
    ),
}
