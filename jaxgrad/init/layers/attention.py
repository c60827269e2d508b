"""Default parameters of attention."""

import jax
from jax.typing import DTypeLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad.init import _draws, _layer_draws


@called
def multihead_attention(
    key: jax.Array,
    embed_dim: int,
    num_heads: int,
    *,
    bias: bool = True,
    add_bias_kv: bool = False,
    kdim: int | None = None,
    vdim: int | None = None,
    dtype: DTypeLike | None = None,
) -> dict[str, jax.Array]:
    """Default parameters of `torch.nn.MultiheadAttention`.

        input projections: xavier_uniform;   out_proj.weight ~ U[-r, r), r = 1/√embed_dim
        in_proj_bias, out_proj.bias = 0;   bias_k, bias_v: xavier_normal

    Args:
        key: a typed key.
        embed_dim: size of an input, a multiple of num_heads.
        num_heads: the number of heads, at least 1.
        bias: whether the projections have biases.
        add_bias_kv: whether there are a bias_k and a bias_v.
        kdim: size of a key; by default embed_dim.
        vdim: size of a value; by default embed_dim.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        A dict of arrays: in_proj_weight (3 embed_dim, embed_dim), or where kdim or vdim differ
        q_proj_weight, k_proj_weight and v_proj_weight (embed_dim, the input's size); in_proj_bias;
        bias_k and bias_v (1, 1, embed_dim); out_proj.weight (embed_dim, embed_dim); out_proj.bias.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: a size is out of range, or num_heads does not divide embed_dim.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html

    Differs from PyTorch: takes only what the parameters depend on, from bias on by keyword;
    heads that do not divide embed_dim are a ValueError (PyTorch 2.13: AssertionError); returns a
    flat dict of arrays under the names of the state_dict.

    >>> import jax
    >>> from jaxgrad import init
    >>> params = init.multihead_attention(jax.random.key(0), 4, 2, bias=False)
    >>> {name: value.shape for name, value in params.items()}
    {'in_proj_weight': (12, 4), 'out_proj.weight': (4, 4)}
    """
    check = _checks.of("multihead_attention")
    draws = _layer_draws.multihead_attention(
        check, embed_dim, num_heads, bias, add_bias_kv, kdim, vdim
    )
    return _draws.parameters(check, key, draws, dtype)
