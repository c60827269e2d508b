"""Attention: layouts, masks, and rows with nothing to see."""

import numpy as np

from ..case import Case

_DOCS = "https://docs.pytorch.org/docs/stable/generated/"
_ATTENTION = "https://docs.jax.dev/en/latest/_autosummary/jax.nn.dot_product_attention.html"
_RNG = np.random.RandomState(0)
_HEADS = {name: _RNG.randn(1, 3, 2, 4).astype(np.float32) for name in "qkv"}
_SELF = {"x": _RNG.randn(3, 4).astype(np.float32)}
_CAUSAL = np.array([[True, False, False], [True, True, False], [True, True, True]])

CASES = (
    Case(
        family="layers",
        name="scaled_dot_product_attention",
        inputs=_HEADS,
        torch="""\
q, k, v = q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
F.scaled_dot_product_attention(q, k, v).transpose(1, 2)""",
        jax="jax.nn.dot_product_attention(q, k, v)",
        grads=(
            "q",
            "k",
            "v",
        ),
        why="The same scale; in PyTorch the heads come before the places, in JAX after.",
        link=_ATTENTION,
    ),
    Case(
        family="layers",
        name="scaled_dot_product_attention on PyTorch's layout",
        inputs={"q": _RNG.randn(1, 2, 3, 4).astype(np.float32)},
        torch="F.scaled_dot_product_attention(q, q, q)",
        jax="jax.nn.dot_product_attention(q, q, q)",
        remedy="""\
x = q.transpose(0, 2, 1, 3)
jax.nn.dot_product_attention(x, x, x).transpose(0, 2, 1, 3)""",
        verdict_jax="value",
        grads=("q",),
        why="JAX takes the heads for places: the shapes fit, and nothing tells.",
        link=_ATTENTION,
    ),
    Case(
        family="layers",
        name="scaled_dot_product_attention, causal",
        inputs=_HEADS,
        torch="""\
q, k, v = q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2)""",
        jax="jax.nn.dot_product_attention(q, k, v, is_causal=True)",
        grads=(
            "q",
            "k",
            "v",
        ),
        why="Each place sees itself and those before it, on both sides.",
        link=_ATTENTION,
    ),
    Case(
        family="layers",
        name="scaled_dot_product_attention, causal, of more keys than queries",
        inputs={
            "q": _RNG.randn(1, 1, 2, 4).astype(np.float32),
            "k": _RNG.randn(1, 3, 2, 4).astype(np.float32),
        },
        torch="""\
q, k = q.transpose(1, 2), k.transpose(1, 2)
F.scaled_dot_product_attention(q, k, k, is_causal=True).transpose(1, 2)""",
        jax="jax.nn.dot_product_attention(q, k, k, is_causal=True)",
        grads=(
            "q",
            "k",
        ),
        why=(
            "The triangle begins at the first key on both sides, so that the one query sees the "
            "first of three only: a decoder with a cache wants no mask."
        ),
        link=_DOCS + "torch.nn.functional.scaled_dot_product_attention.html",
    ),
    Case(
        family="layers",
        name="scaled_dot_product_attention, a row with nothing to see",
        inputs={
            "q": _HEADS["q"],
            "k": _HEADS["k"],
            "v": _HEADS["v"],
            "m": np.array([[True] * 3, [False] * 3, [True] * 3]),
        },
        torch="""\
q, k, v = q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
F.scaled_dot_product_attention(q, k, v, attn_mask=m).transpose(1, 2)""",
        jax="jax.nn.dot_product_attention(q, k, v, mask=m[None, None])",
        remedy="""\
seen = m.any(-1)[None, :, None, None]
jnp.where(seen, jax.nn.dot_product_attention(q, k, v, mask=m[None, None]), 0)""",
        verdict_jax="value",
        why=(
            "PyTorch gives 0 where all is masked; JAX masks with a large finite number, and "
            "averages all values."
        ),
        link=_ATTENTION,
    ),
    Case(
        family="layers",
        name="softmax with a row masked by -inf",
        inputs={
            "x": _RNG.randn(2, 3).astype(np.float32),
            "m": np.array([[True, False, True], [False] * 3]),
        },
        torch="x.masked_fill(~m, -torch.inf).softmax(-1)",
        jax="jax.nn.softmax(x, where=m, axis=-1)",
        remedy="jax.nn.softmax(jnp.where(m, x, -jnp.inf), axis=-1)",
        verdict_jax="value",
        why="Masked by hand, a row with nothing to see is NaN; with a where, JAX gives zeros.",
        link="https://docs.jax.dev/en/latest/_autosummary/jax.nn.softmax.html",
    ),
    Case(
        family="layers",
        name="MultiheadAttention's mask and dot_product_attention's",
        inputs={"x": _SELF["x"], "m": _CAUSAL},
        torch="""\
layer = nn.MultiheadAttention(4, 1, bias=False)
layer.in_proj_weight.data = torch.eye(4).repeat(3, 1)
layer.out_proj.weight.data = torch.eye(4)
layer(x, x, x, attn_mask=~m)[0]""",
        jax="""\
heads = x[None, :, None]
jax.nn.dot_product_attention(heads, heads, heads, mask=~m[None, None])[0, :, 0]""",
        remedy="""\
heads = x[None, :, None]
jax.nn.dot_product_attention(heads, heads, heads, mask=m[None, None])[0, :, 0]""",
        verdict_jax="value",
        why=(
            "In MultiheadAttention a mask is true where nothing may be seen; in JAX, and in "
            "PyTorch's own scaled_dot_product_attention, where something may."
        ),
        link=_DOCS + "torch.nn.MultiheadAttention.html",
    ),
    Case(
        family="layers",
        name="MultiheadAttention, the order of batch and places",
        inputs={"x": _RNG.randn(2, 3, 4).astype(np.float32)},
        torch="""\
layer = nn.MultiheadAttention(4, 1, bias=False)
layer.in_proj_weight.data = torch.eye(4).repeat(3, 1)
layer.out_proj.weight.data = torch.eye(4)
layer(x, x, x)[0]""",
        jax="""\
heads = x[:, :, None]
jax.nn.dot_product_attention(heads, heads, heads)[:, :, 0]""",
        remedy="""\
heads = x.transpose(1, 0, 2)[:, :, None]
jax.nn.dot_product_attention(heads, heads, heads)[:, :, 0].transpose(1, 0, 2)""",
        verdict_jax="value",
        why="Without batch_first=True PyTorch takes the first dimension for the places.",
        link=_DOCS + "torch.nn.MultiheadAttention.html",
    ),
    Case(
        family="layers",
        name="MultiheadAttention returns weights",
        inputs={"x": _SELF["x"]},
        torch="""\
layer = nn.MultiheadAttention(4, 2, bias=False)
[list(out.shape) for out in layer(x, x, x)]""",
        jax="""\
layer = nnx.MultiHeadAttention(2, 4, use_bias=False, decode=False, rngs=nnx.Rngs(0))
[list(layer(x).shape)]""",
        remedy="""\
layer = nnx.MultiHeadAttention(2, 4, use_bias=False, decode=False, rngs=nnx.Rngs(0))
scores = jnp.einsum("qhd,khd->hqk", layer.query(x), layer.key(x)) / 2**0.5
weights = jax.nn.softmax(scores).mean(0)
[list(layer(x).shape), list(weights.shape)]""",
        verdict_jax="structure",
        why="PyTorch gives the weights too, as a mean over the heads.",
        link=_DOCS + "torch.nn.MultiheadAttention.html",
    ),
)
