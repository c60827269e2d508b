"""What the functions of transformers share: the checks of their arguments, and the call."""

from collections.abc import Callable, Hashable, Mapping
from typing import NamedTuple

import jax
from jax.typing import ArrayLike

from jaxgrad import _checks

from ..activations.gated import gelu
from ..activations.rectifiers import relu
from ..attention._arrange import dropout_arguments, mask_array
from ..attention._shapes import check_masks, shaped
from ._entries import layers_of
from ._layer import Dropout, Layer, stack

Activation = str | Callable[[jax.Array], jax.Array]
_ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {"relu": relu, "gelu": gelu}


class Attention(NamedTuple):
    """What an attention of a layer is given: arguments by their names.

    Attributes:
        source: the array that keys and values are of.
        mask: the mask of queries and keys.
        padding: the mask of keys.
        causal: whether the mask is the causal one.
    """

    source: tuple[str, ArrayLike]
    mask: tuple[str, ArrayLike | None]
    padding: tuple[str, ArrayLike | None]
    causal: tuple[str, bool | None]


class Options(NamedTuple):
    """The other arguments, which all functions have."""

    activation: Activation
    norm_first: bool
    layer_norm_eps: float
    batch_first: bool
    dropout: ArrayLike
    training: bool
    key: jax.Array | None


def transformed(
    function: str,
    params: Mapping[str, ArrayLike],
    nhead: int,
    attentions: dict[str, Attention],
    options: Options,
    stacked: bool = False,
) -> jax.Array:
    """The layer of these attentions, the first of which is to the input itself, or a stack."""
    check = _checks.of(function)
    batch_first = check.truth("batch_first", options.batch_first)
    argument, value = next(iter(attentions.values())).source
    x = _input(check, argument, value, batch_first)
    heads = check.integer("nhead", nhead, 1)
    if x.shape[-1] % heads:
        raise ValueError(check.wrong("nhead", f"a divisor of {x.shape[-1]}", heads))
    memory, masks, causal = None, {}, []
    for name, given in attentions.items():
        if given.source[0] != argument:
            memory = _memory(check, given.source, (argument, x), batch_first)
        sizes = _sizes(x, x if memory is None else memory, batch_first)
        masks[name] = _masks(check, given, sizes, heads, x)
        causal.append((name, _is_causal(check, given)))
    names = tuple(attentions)
    layers, norm = layers_of(check, params, names, stacked, (argument, x))
    layer = Layer(
        function=function,
        causal=tuple(causal),
        heads=heads,
        activation=_activation(check, options.activation),
        norm_first=check.truth("norm_first", options.norm_first),
        eps=check.static_number("layer_norm_eps", options.layer_norm_eps),
        batch_first=batch_first,
    )
    training = check.truth("training", options.training)
    noise = Dropout(
        *dropout_arguments(check, options.dropout, options.key, training, ("dropout", "key"))
    )
    return stack(x, memory, layers, norm, masks, noise, layer)


def _input(check: _checks.Checks, argument: str, value: ArrayLike, batch_first: bool) -> jax.Array:
    """The input, with or without a batch."""
    x = check.floating(argument, value)
    if x.ndim not in (2, 3):
        whole = "(N, L, E)" if batch_first else "(L, N, E)"
        raise ValueError(check.wrong(argument, f"of shape {whole} or (L, E)", x.shape))
    return x


def _memory(
    check: _checks.Checks,
    given: tuple[str, ArrayLike],
    like: tuple[str, jax.Array],
    batch_first: bool,
) -> jax.Array:
    """The memory, which is of any length and otherwise like the input."""
    (name, value), (other, x) = given, like
    shape: list[int | str] = [*x.shape]
    shape[int(batch_first and x.ndim == 3)] = "S"
    return shaped(check, name, value, tuple(shape), x, other)


def _sizes(x: jax.Array, source: jax.Array, batch_first: bool) -> tuple[int, int | None, int]:
    """The numbers of queries, of batch elements (None without a batch) and of keys."""
    if x.ndim == 2:
        return x.shape[0], None, source.shape[0]
    time = int(batch_first)
    return x.shape[time], x.shape[1 - time], source.shape[time]


def _masks(
    check: _checks.Checks,
    given: Attention,
    sizes: tuple[int, int | None, int],
    heads: int,
    x: jax.Array,
) -> dict[str, jax.Array | None]:
    """The masks of an attention, by their names in `multi_head_attention_forward`."""
    masks = {
        name: None if value is None else mask_array(check, name, value, x.dtype)
        for name, value in (given.mask, given.padding)
    }
    check_masks(check, sizes, heads, masks)
    return dict(zip(("attn_mask", "key_padding_mask"), masks.values(), strict=True))


def _is_causal(check: _checks.Checks, given: Attention) -> bool:
    """Whether the mask is the causal one. It has to be there, as in PyTorch."""
    argument, value = given.causal
    is_causal = value is not None and check.truth(argument, value)
    name, mask = given.mask
    if is_causal and mask is None:
        remedy = "pass the causal mask: ~jnp.tril(jnp.ones((L, L), bool))"
        raise ValueError(check.wrong(name, f"given where {argument} is", None, remedy))
    return is_causal


def _activation(check: _checks.Checks, value: Activation) -> Callable[[jax.Array], jax.Array]:
    if isinstance(value, str):
        return _ACTIVATIONS[check.option("activation", value, tuple(_ACTIVATIONS))]
    expected = "'relu', 'gelu' or a function of an array"
    if not callable(value):
        got = f"{type(value).__name__} {value!r:.60}"
        raise TypeError(check.wrong("activation", expected, got))
    if not isinstance(value, Hashable):  # programs are kept by it
        got = f"{type(value).__name__}, which has no hash"
        raise TypeError(check.wrong("activation", expected, got, "wrap it in a function"))
    return value
