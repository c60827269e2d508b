"""One layer of a transformer: `transformer_encoder_layer` and `transformer_decoder_layer`."""

from collections.abc import Mapping

import jax
from jax.typing import ArrayLike

from ._run import Activation, Attention, Options, transformed


def transformer_encoder_layer(
    src: ArrayLike,
    params: Mapping[str, ArrayLike],
    nhead: int,
    *,
    src_mask: ArrayLike | None = None,
    src_key_padding_mask: ArrayLike | None = None,
    is_causal: bool = False,
    activation: Activation = "relu",
    norm_first: bool = False,
    layer_norm_eps: float = 1e-5,
    batch_first: bool = False,
    dropout: ArrayLike = 0.1,
    training: bool = False,
    key: jax.Array | None = None,
) -> jax.Array:
    """Self-attention and a feed-forward network: `nn.TransformerEncoderLayer` of a state dict.

        x = norm1(src + attend(src)),    y = norm2(x + feed(x))
        x = src + attend(norm1(src)),    y = x + feed(norm2(x))      with norm_first
        feed(x) = W₂ activation(W₁ x + b₁) + b₂

    Args:
        src: the input, of shape (S, N, E), (N, S, E) with `batch_first`, or (S, E) without a batch;
            floating point.
        params: arrays by the names of the module's state dict, in src's dtype. For `self_attn`
            in_proj_weight (3 E, E), in_proj_bias (3 E), out_proj.weight (E, E) and out_proj.bias
            (E); linear1.weight (F, E) and linear1.bias (F); linear2.weight (E, F) and linear2.bias
            (E); for `norm1` and `norm2` weight and bias (E). A module with bias=False has none of
            the biases.
        nhead: the number of heads, which divides E.
        src_mask: of shape (S, S) or (N nhead, S, S), the heads of a batch element together. A bool
            is true where a key is ignored; numbers, of src's dtype or float32, are added to the
            scores.
        src_key_padding_mask: of shape (N, S), or (S) without a batch: likewise.
        is_causal: whether src_mask, which has to be given, is the causal mask. It is then read only
            together with src_key_padding_mask.
        activation: "relu", "gelu", or a function of an array. A program is compiled for each
            function: pass the same one at each call.
        norm_first: whether the norms come before attention and network, not after the sums.
        layer_norm_eps: the number that the norms add to the variance, static.
        batch_first: whether the batch is the first axis.
        dropout: the probability that a number is zeroed in training, at four places: the weights of
            the attention, its output, the hidden units of the network, and its output.
        training: whether dropout applies.
        key: a typed key, needed in training where dropout is not 0.

    Returns:
        y, of src's shape and dtype.

    Raises:
        TypeError: a dtype or another argument is of the wrong kind, the key is missing, or
            a derivative with respect to dropout is asked for.
        ValueError: params lacks a name or has others, a shape does not fit, is_causal is given
            without src_mask, or dropout is outside [0, 1].

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoderLayer.html

    Differs from PyTorch: a function of the state dict, not a module; not in training by default.
    Always computes as PyTorch does with gradients. Without them, in evaluation and with
    batch_first, PyTorch takes a faster path: it has other last digits, reads the mask in spite of
    is_causal and needs none for it, and gives NaN where all keys of a query are ignored. Norms have
    src's dtype too; PyTorch takes float32 beside bfloat16.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import transformer_encoder_layer
    >>> eye, ones = jnp.eye(2), jnp.ones(2)
    >>> params = {"self_attn.in_proj_weight": jnp.concatenate([eye, eye, eye])}
    >>> params |= {"self_attn.out_proj.weight": eye, "linear1.weight": eye, "linear2.weight": eye}
    >>> params |= {"norm1.weight": ones, "norm2.weight": ones}
    >>> transformer_encoder_layer(jnp.array([[1.0, 3.0], [5.0, 2.0]]), params, 1).round(3)
    Array([[-1.,  1.],
           [ 1., -1.]], dtype=float32)
    """
    attention = Attention(
        ("src", src),
        ("src_mask", src_mask),
        ("src_key_padding_mask", src_key_padding_mask),
        ("is_causal", is_causal),
    )
    options = Options(activation, norm_first, layer_norm_eps, batch_first, dropout, training, key)
    name = "transformer_encoder_layer"
    return transformed(name, params, nhead, {"self_attn": attention}, options)


def transformer_decoder_layer(
    tgt: ArrayLike,
    memory: ArrayLike,
    params: Mapping[str, ArrayLike],
    nhead: int,
    *,
    tgt_mask: ArrayLike | None = None,
    memory_mask: ArrayLike | None = None,
    tgt_key_padding_mask: ArrayLike | None = None,
    memory_key_padding_mask: ArrayLike | None = None,
    tgt_is_causal: bool = False,
    memory_is_causal: bool = False,
    activation: Activation = "relu",
    norm_first: bool = False,
    layer_norm_eps: float = 1e-5,
    batch_first: bool = False,
    dropout: ArrayLike = 0.1,
    training: bool = False,
    key: jax.Array | None = None,
) -> jax.Array:
    """Self-attention, attention to a memory, and a network: `nn.TransformerDecoderLayer`.

        x = norm1(tgt + attend(tgt)),  z = norm2(x + attend(x, memory)),  y = norm3(z + feed(z))

    With `norm_first` each norm comes before its step, as in `transformer_encoder_layer`.

    Args:
        tgt: the input, of shape (T, N, E), (N, T, E) with `batch_first`, or (T, E) without a batch;
            floating point.
        memory: what the encoder gave, of shape (S, N, E), (N, S, E) or (S, E), in tgt's dtype.
        params: arrays by the names of the module's state dict, in tgt's dtype: those of
            `transformer_encoder_layer`, and the same for `multihead_attn`, the attention to the
            memory, and for `norm3`.
        nhead: the number of heads, which divides E.
        tgt_mask: of shape (T, T) or (N nhead, T, T), the heads of a batch element together. A bool
            is true where a key is ignored; numbers, of tgt's dtype or float32, are added to the
            scores.
        memory_mask: of shape (T, S) or (N nhead, T, S): likewise.
        tgt_key_padding_mask: of shape (N, T), or (T) without a batch: likewise.
        memory_key_padding_mask: of shape (N, S) or (S): likewise.
        tgt_is_causal: whether tgt_mask, which has to be given, is the causal mask. It is then read
            only together with tgt_key_padding_mask.
        memory_is_causal: the same of memory_mask. It counts from the first element of the memory.
        activation: "relu", "gelu", or a function of an array. A program is compiled for each
            function: pass the same one at each call.
        norm_first: whether the norms come before attentions and network, not after the sums.
        layer_norm_eps: the number that the norms add to the variance, static.
        batch_first: whether the batch is the first axis.
        dropout: the probability that a number is zeroed in training, at six places: the weights of
            both attentions, their outputs, the hidden units of the network, and its output.
        training: whether dropout applies.
        key: a typed key, needed in training where dropout is not 0.

    Returns:
        y, of tgt's shape and dtype.

    Raises:
        TypeError: a dtype or another argument is of the wrong kind, the key is missing, or
            a derivative with respect to dropout is asked for.
        ValueError: params lacks a name or has others, a shape does not fit, a causal mask is not
            given, or dropout is outside [0, 1].

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerDecoderLayer.html

    Differs from PyTorch: a function of the state dict, not a module; not in training by default.
    Always computes as PyTorch does with gradients. Without them, in evaluation and with
    batch_first, PyTorch's self-attention takes a faster path: it has other last digits, reads the
    mask in spite of tgt_is_causal, and gives NaN where all keys of a query are ignored. Norms have
    tgt's dtype too; PyTorch takes float32 beside bfloat16.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import transformer_decoder_layer
    >>> eye, ones = jnp.eye(2), jnp.ones(2)
    >>> attention = {"in_proj_weight": jnp.concatenate([eye, eye, eye]), "out_proj.weight": eye}
    >>> both = ("self_attn", "multihead_attn")
    >>> params = {f"{one}.{name}": value for one in both for name, value in attention.items()}
    >>> params |= {"linear1.weight": eye, "linear2.weight": eye}
    >>> params |= {f"norm{number}.weight": ones for number in (1, 2, 3)}
    >>> transformer_decoder_layer(jnp.array([[1.0, 3.0]]), jnp.ones((4, 2)), params, 1).round(3)
    Array([[-1.,  1.]], dtype=float32)
    """
    attentions = {
        "self_attn": Attention(
            ("tgt", tgt),
            ("tgt_mask", tgt_mask),
            ("tgt_key_padding_mask", tgt_key_padding_mask),
            ("tgt_is_causal", tgt_is_causal),
        ),
        "multihead_attn": Attention(
            ("memory", memory),
            ("memory_mask", memory_mask),
            ("memory_key_padding_mask", memory_key_padding_mask),
            ("memory_is_causal", memory_is_causal),
        ),
    }
    options = Options(activation, norm_first, layer_norm_eps, batch_first, dropout, training, key)
    return transformed("transformer_decoder_layer", params, nhead, attentions, options)
