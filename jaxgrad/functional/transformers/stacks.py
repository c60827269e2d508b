"""Stacks of layers: `transformer_encoder` and `transformer_decoder`."""

from collections.abc import Mapping

import jax
from jax.typing import ArrayLike

from ._run import Activation, Attention, Options, transformed


def transformer_encoder(
    src: ArrayLike,
    params: Mapping[str, ArrayLike],
    nhead: int,
    *,
    mask: ArrayLike | None = None,
    src_key_padding_mask: ArrayLike | None = None,
    is_causal: bool | None = None,
    activation: Activation = "relu",
    norm_first: bool = False,
    layer_norm_eps: float = 1e-5,
    batch_first: bool = False,
    dropout: ArrayLike = 0.1,
    training: bool = False,
    key: jax.Array | None = None,
) -> jax.Array:
    """Layers one after another, and a last norm: `nn.TransformerEncoder` of a state dict.

        y = norm(layer₍ₙ₋₁₎(… layer₀(src)))

    Args:
        src: the input, of shape (S, N, E), (N, S, E) with `batch_first`, or (S, E) without a batch;
            floating point.
        params: arrays by the names of the module's state dict, in src's dtype: for each layer i,
            counted from 0, "layers.i." and the names of `transformer_encoder_layer`. norm.weight
            and norm.bias (E) are there where the module was made with a LayerNorm. The number of
            layers is read off the names.
        nhead: the number of heads, which divides E.
        mask: of shape (S, S) or (N nhead, S, S), the heads of a batch element together, for each
            layer. A bool is true where a key is ignored; numbers, of src's dtype or float32, are
            added to the scores.
        src_key_padding_mask: of shape (N, S), or (S) without a batch: likewise.
        is_causal: whether mask, which has to be given, is the causal mask. It is then read only
            together with src_key_padding_mask. None is False: the mask is read, whatever it is.
        activation: "relu", "gelu", or a function of an array. A program is compiled for each
            function: pass the same one at each call.
        norm_first: whether the norms of a layer come before attention and network.
        layer_norm_eps: the number that all norms add to the variance, the last one too; static.
        batch_first: whether the batch is the first axis.
        dropout: the probability that a number is zeroed in training, at the four places of
            each layer.
        training: whether dropout applies.
        key: a typed key, needed in training where dropout is not 0. Layer i of n draws from
            `jax.random.split(key, n)[i]`; a single layer from the key itself.

    Returns:
        y, of src's shape and dtype.

    Raises:
        TypeError: a dtype or another argument is of the wrong kind, the key is missing, or
            a derivative with respect to dropout is asked for.
        ValueError: params lacks a name or has others, a shape does not fit, is_causal is given
            without a mask, or dropout is outside [0, 1].

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoder.html

    Differs from PyTorch: as in `transformer_encoder_layer`. PyTorch's faster path also gives 0 in
    the place of each padded element, where padding is at the end and there is no mask.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import transformer_encoder
    >>> eye, ones = jnp.eye(2), jnp.ones(2)
    >>> layer = {"self_attn.in_proj_weight": jnp.concatenate([eye, eye, eye])}
    >>> layer |= {"self_attn.out_proj.weight": eye, "linear1.weight": eye, "linear2.weight": eye}
    >>> layer |= {"norm1.weight": ones, "norm2.weight": ones}
    >>> params = {f"layers.{i}.{name}": value for i in (0, 1) for name, value in layer.items()}
    >>> params["norm.weight"] = 2 * ones
    >>> transformer_encoder(jnp.array([[1.0, 3.0], [5.0, 2.0]]), params, 1).round(3)
    Array([[-2.,  2.],
           [ 2., -2.]], dtype=float32)
    """
    attention = Attention(
        ("src", src),
        ("mask", mask),
        ("src_key_padding_mask", src_key_padding_mask),
        ("is_causal", is_causal),
    )
    options = Options(activation, norm_first, layer_norm_eps, batch_first, dropout, training, key)
    name = "transformer_encoder"
    return transformed(name, params, nhead, {"self_attn": attention}, options, stacked=True)


def transformer_decoder(
    tgt: ArrayLike,
    memory: ArrayLike,
    params: Mapping[str, ArrayLike],
    nhead: int,
    *,
    tgt_mask: ArrayLike | None = None,
    memory_mask: ArrayLike | None = None,
    tgt_key_padding_mask: ArrayLike | None = None,
    memory_key_padding_mask: ArrayLike | None = None,
    tgt_is_causal: bool | None = None,
    memory_is_causal: bool = False,
    activation: Activation = "relu",
    norm_first: bool = False,
    layer_norm_eps: float = 1e-5,
    batch_first: bool = False,
    dropout: ArrayLike = 0.1,
    training: bool = False,
    key: jax.Array | None = None,
) -> jax.Array:
    """Layers one after another, and a last norm: `nn.TransformerDecoder` of a state dict.

        y = norm(layer₍ₙ₋₁₎(… layer₀(tgt, memory) …, memory))

    Args:
        tgt: the input, of shape (T, N, E), (N, T, E) with `batch_first`, or (T, E) without a batch;
            floating point.
        memory: what the encoder gave, of shape (S, N, E), (N, S, E) or (S, E), in tgt's dtype.
        params: arrays by the names of the module's state dict, in tgt's dtype: for each layer i,
            counted from 0, "layers.i." and the names of `transformer_decoder_layer`. norm.weight
            and norm.bias (E) are there where the module was made with a LayerNorm. The number of
            layers is read off the names.
        nhead: the number of heads, which divides E.
        tgt_mask: of shape (T, T) or (N nhead, T, T), the heads of a batch element together, for
            each layer. A bool is true where a key is ignored; numbers, of tgt's dtype or float32,
            are added to the scores.
        memory_mask: of shape (T, S) or (N nhead, T, S): likewise.
        tgt_key_padding_mask: of shape (N, T), or (T) without a batch: likewise.
        memory_key_padding_mask: of shape (N, S) or (S): likewise.
        tgt_is_causal: whether tgt_mask, which has to be given, is the causal mask. It is then read
            only together with tgt_key_padding_mask. None is False: the mask is read.
        memory_is_causal: the same of memory_mask. It counts from the first element of the memory.
        activation: "relu", "gelu", or a function of an array. A program is compiled for each
            function: pass the same one at each call.
        norm_first: whether the norms of a layer come before attentions and network.
        layer_norm_eps: the number that all norms add to the variance, the last one too; static.
        batch_first: whether the batch is the first axis.
        dropout: the probability that a number is zeroed in training, at the six places of
            each layer.
        training: whether dropout applies.
        key: a typed key, needed in training where dropout is not 0. Layer i of n draws from
            `jax.random.split(key, n)[i]`; a single layer from the key itself.

    Returns:
        y, of tgt's shape and dtype.

    Raises:
        TypeError: a dtype or another argument is of the wrong kind, the key is missing, or
            a derivative with respect to dropout is asked for.
        ValueError: params lacks a name or has others, a shape does not fit, a causal mask is not
            given, or dropout is outside [0, 1].

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerDecoder.html

    Differs from PyTorch: as in `transformer_decoder_layer`.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import transformer_decoder
    >>> eye, ones = jnp.eye(2), jnp.ones(2)
    >>> attention = {"in_proj_weight": jnp.concatenate([eye, eye, eye]), "out_proj.weight": eye}
    >>> both = ("self_attn", "multihead_attn")
    >>> layer = {f"{one}.{name}": value for one in both for name, value in attention.items()}
    >>> layer |= {"linear1.weight": eye, "linear2.weight": eye}
    >>> layer |= {f"norm{number}.weight": ones for number in (1, 2, 3)}
    >>> params = {f"layers.{i}.{name}": value for i in (0, 1) for name, value in layer.items()}
    >>> transformer_decoder(jnp.array([[1.0, 3.0]]), jnp.ones((4, 2)), params, 1).round(3)
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
    return transformed("transformer_decoder", params, nhead, attentions, options, stacked=True)
