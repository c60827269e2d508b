"""Layers of transformers in NumPy, written from their definition, and entries for them."""

import jax.numpy as jnp
import numpy as np

BOTH = ("self_attn", "multihead_attn")


def entries(size, hidden, attentions=("self_attn",), biased=True, seed=0):
    """Entries of a layer in float64, by the names of its state dict."""
    rng = np.random.default_rng(seed)
    shapes = {}
    for one in attentions:
        shapes |= {f"{one}.in_proj_weight": (3 * size, size), f"{one}.in_proj_bias": (3 * size,)}
        shapes |= {f"{one}.out_proj.weight": (size, size), f"{one}.out_proj.bias": (size,)}
    shapes |= {"linear1.weight": (hidden, size), "linear1.bias": (hidden,)}
    shapes |= {"linear2.weight": (size, hidden), "linear2.bias": (size,)}
    for number in range(1, len(attentions) + 2):
        shapes |= {f"norm{number}.weight": (size,), f"norm{number}.bias": (size,)}
    drawn = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    return {name: x for name, x in drawn.items() if biased or not name.endswith("bias")}


def made(attentions=("self_attn",), dtype=np.float32, **options):
    """Entries of a layer of size 4 with 6 hidden units, as JAX arrays."""
    given = entries(4, 6, attentions, **options)
    return {name: jnp.asarray(value.astype(dtype)) for name, value in given.items()}


def stacked(*layers):
    """The entries of a stack of these layers."""
    return {
        f"layers.{i}.{n}": value for i, layer in enumerate(layers) for n, value in layer.items()
    }


def normed(x, params, name):
    x = x - x.mean(-1, keepdims=True)
    x = x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5)
    return x * params[f"{name}.weight"] + params.get(f"{name}.bias", 0)


def attended(x, source, params, name, heads, hidden):
    """Attention from x (L, N, E) to the source; hidden, of shape (N, 1, L, S), is left out."""
    size = x.shape[-1]
    weights = np.split(params[f"{name}.in_proj_weight"], 3)
    biases = np.split(params.get(f"{name}.in_proj_bias", np.zeros(3 * size)), 3)
    parts = [
        (given @ w.T + b).reshape(*given.shape[:2], heads, size // heads)
        for given, w, b in zip((x, source, source), weights, biases, strict=True)
    ]
    scores = np.einsum("lnhd,snhd->nhls", *parts[:2]) / np.sqrt(size // heads)
    powers = np.where(hidden, 0, np.exp(scores))
    y = np.einsum("nhls,snhd->lnhd", powers / powers.sum(-1, keepdims=True), parts[2])
    out, bias = params[f"{name}.out_proj.weight"], params.get(f"{name}.out_proj.bias", 0)
    return y.reshape(x.shape) @ out.T + bias


def fed(x, params, activation):
    x = activation(x @ params["linear1.weight"].T + params.get("linear1.bias", 0))
    return x @ params["linear2.weight"].T + params.get("linear2.bias", 0)


def layer(x, memory, params, heads, hidden, activation, norm_first):
    """A layer of inputs (L, N, E); `hidden` has the mask of each attention."""
    steps = [lambda x: attended(x, x, params, "self_attn", heads, hidden[0])]
    if memory is not None:
        steps.append(lambda x: attended(x, memory, params, "multihead_attn", heads, hidden[1]))
    steps.append(lambda x: fed(x, params, activation))
    for number, step in enumerate(steps, 1):
        name = f"norm{number}"
        if norm_first:
            x = x + step(normed(x, params, name))
        else:
            x = normed(x + step(x), params, name)
    return x
