"""GPT2LMHeadModel as pure functions of its parameters."""

import jax.numpy as jnp

import jaxgrad.functional as F
import jaxgrad.tensor as T
from jaxgrad.state_dict import nest


# transformers/pytorch_utils.py:117
def conv1d(p, x, size, size_2):
    """The forward of Conv1D."""
    y = p["bias"] + x.reshape(-1, size) @ p["weight"]  # (L*N, ?)
    return y.reshape(x.shape[0], x.shape[1], size_2)


# transformers/models/gpt2/modeling_gpt2.py:145
def gpt2_attention(p, x, attention_mask):
    """The forward of GPT2Attention."""
    q, k, v = jnp.split(conv1d(p["c_attn"], x, size=768, size_2=2304), 3, axis=2)
    k = k.reshape(k.shape[0], k.shape[1], -1, 64).swapaxes(1, 2)  # (N, 12, L, 64)
    v = v.reshape(v.shape[0], v.shape[1], -1, 64).swapaxes(1, 2)  # (N, 12, L, 64)
    q = q.reshape(q.shape[0], q.shape[1], -1, 64).swapaxes(1, 2)  # (N, 12, L, 64)
    x = F.scaled_dot_product_attention(q, k, v, attn_mask=attention_mask, scale=0.125)
    x = x.reshape(x.shape[0], -1, x.shape[2], 64).swapaxes(1, 2)  # (N, L, 12, 64)
    x = x.reshape(x.shape[0], x.shape[1], -1)  # (N, L, 768)
    return conv1d(p["c_proj"], x, size=768, size_2=768)


# transformers/activations.py:65
def new_gelu_activation(x):
    """The forward of NewGELUActivation."""
    y = x * 0.5
    return y * (jnp.tanh((x + T.pow(x, 3.0) * 0.044715) * 0.7978845608028654) + 1.0)


# transformers/models/gpt2/modeling_gpt2.py:240
def gpt2_mlp(p, x):
    """The forward of GPT2MLP."""
    x = conv1d(p["c_fc"], x, size=768, size_2=3072)  # (N, L, 3072)
    x = new_gelu_activation(x)
    return conv1d(p["c_proj"], x, size=3072, size_2=768)


# transformers/models/gpt2/modeling_gpt2.py:264
def gpt2_block(p, x, attention_mask):
    """The forward of GPT2Block."""
    y = F.layer_norm(x, (768,), p["ln_1"]["weight"], p["ln_1"]["bias"])
    y = gpt2_attention(p["attn"], y, attention_mask) + x
    x = F.layer_norm(y, (768,), p["ln_2"]["weight"], p["ln_2"]["bias"])
    return y + gpt2_mlp(p["mlp"], x)


# transformers/models/gpt2/modeling_gpt2.py:510
def gpt2_model(p, input_ids):
    """The bare Gpt2 Model outputting raw hidden-states without any specific head on top."""
    x = F.embedding(input_ids.reshape(-1, input_ids.shape[1]), p["wte"]["weight"])  # (N, L, 768)
    y = jnp.arange(input_ids.shape[1])[None]  # (1, L)
    x = x + F.embedding(y, p["wpe"]["weight"])
    z = jnp.broadcast_to(y, (input_ids.shape[0], y.shape[1]))  # (N, L)
    z = jnp.cumsum(jnp.diff(z, prepend=z[:, :1] - 1) != 1, -1)
    y = jnp.broadcast_to(y, (input_ids.shape[0], y.shape[1]))  # (N, L)
    positions = jnp.arange(input_ids.shape[0])  # (N,)
    positions_2 = jnp.arange(input_ids.shape[1])  # (L,)
    positions_3 = jnp.arange(input_ids.shape[1])  # (L,)
    positions = positions[:, None, None, None]  # (N, 1, 1, 1)
    positions_2 = positions_2[None, None, :, None]  # (1, 1, L, 1)
    positions_3 = positions_3[None, None, None]  # (1, 1, 1, L)
    x_2 = jnp.ones((), bool)
    x_3 = y[positions, positions_2]  # (N, 1, L, 1)
    x_2 = x_2 & (y[positions, positions_3] <= x_3)  # (N, 1, L, L)
    y = z[positions, positions_2]  # (N, 1, L, 1)
    x_2 = x_2 & (y == z[positions, positions_3])
    x_2 = jnp.broadcast_to(x_2, (x_2.shape[0], x_2.shape[1], x_2.shape[2], x_2.shape[2]))
    for i in range(12):
        x = gpt2_block(p["h"][str(i)], x, x_2)
    x = F.layer_norm(x, (768,), p["ln_f"]["weight"], p["ln_f"]["bias"])
    return x.reshape(-1, x.shape[1], 768)


# transformers/models/gpt2/modeling_gpt2.py:647
def gpt2_lm_head_model(params, input_ids):
    """The forward of GPT2LMHeadModel.

    Args:
        params: the parameters and buffers, by their names in the state dict.
        input_ids: (N, L), int64.
    """
    p = nest(params)
    x = gpt2_model(p["transformer"], input_ids)  # (N, L, 768)
    return {"logits": F.linear(x, p["transformer"]["wte"]["weight"])}
