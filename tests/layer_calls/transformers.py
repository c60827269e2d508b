"""Calls of transformers, drawn at random: the entries of a state dict are arguments one by one."""

import functools

import numpy as np
from fuzz import Array, Known, dtypes
from hypothesis import strategies as st
from layer_calls.attention import moderate
from transformer_reference import entries

from jaxgrad import functional

yes = st.booleans()
SIZE, HIDDEN = 4, 3
ENCODER, DECODER = ("self_attn",), ("self_attn", "multihead_attn")
OPTIONS = {"norm_first": yes, "batch_first": yes, "activation": st.sampled_from(["relu", "gelu"])}


def small(rng, shape):
    return rng.normal(size=shape) / 2


def hiding(rng, shape):
    """Masks that leave each query a key."""
    mask = rng.random(shape) < 0.4
    mask[..., 0] = False
    return mask


def added(rng, shape):
    return np.where(hiding(rng, shape), -np.inf, rng.normal(size=shape))


@st.composite
def calls(draw, attentions, stacked=False):
    """Inputs, the entries of a layer or of two, their names, and options."""
    options = {name: draw(option) for name, option in OPTIONS.items()}
    dtype, batch = draw(dtypes), draw(st.sampled_from([(), (1,), (2,)]))
    lengths = [draw(st.integers(1, 3)) for _ in attentions]
    before = options["batch_first"] and batch
    shapes = [(*batch, n, SIZE) if before else (n, *batch, SIZE) for n in lengths]
    inputs = [Array(shape, dtype, moderate) for shape in shapes]
    given = entries(SIZE, HIDDEN, attentions, draw(yes))
    if stacked:
        layers = {f"layers.{i}.{n}": value for i in (0, 1) for n, value in given.items()}
        last = {"norm.weight": np.ones(SIZE), "norm.bias": np.ones(SIZE)}
        given = layers | (last if draw(yes) else {})
    arrays = [Array(value.shape, dtype, small) for value in given.values()]
    for name, source in zip(names_of(attentions, stacked), lengths, strict=True):
        mask, padding = name
        kind = draw(st.sampled_from([("bool", hiding), (dtype, added)]))
        if draw(yes):
            options[mask] = Array((lengths[0], source), *kind, differentiated=False)
        if draw(yes):
            options[padding] = Array((*batch, source), *kind, differentiated=False)
    return (*inputs, *arrays), options | {"names": tuple(given), "count": len(inputs)}


def names_of(attentions, stacked):
    """The names of the masks of each attention."""
    if len(attentions) == 1:
        return [("mask" if stacked else "src_mask", "src_key_padding_mask")]
    return [(f"{of}_mask", f"{of}_key_padding_mask") for of in ("tgt", "memory")]


CALLS = {
    "transformer_encoder_layer": calls(ENCODER),
    "transformer_decoder_layer": calls(DECODER),
    "transformer_encoder": calls(ENCODER, stacked=True),
    "transformer_decoder": calls(DECODER, stacked=True),
}


def ours(name, *arrays, names, count, **options):
    params = dict(zip(names, arrays[count:], strict=True))
    return getattr(functional, name)(*arrays[:count], params, 2, **options)


def theirs(name, *tensors, names, count, norm_first, batch_first, activation, **masks):
    """The module of PyTorch's with these entries."""
    import torch

    kind = "".join(map(str.capitalize, name.removesuffix("_layer").split("_")))
    layer = getattr(torch.nn, f"{kind}Layer")(
        SIZE,
        2,
        HIDDEN,
        0.0,
        activation,
        batch_first=batch_first,
        norm_first=norm_first,
        bias=any(name.endswith("linear1.bias") for name in names),
    )
    net = layer
    if not name.endswith("_layer"):
        norm = torch.nn.LayerNorm(SIZE) if "norm.weight" in names else None
        net = getattr(torch.nn, kind)(layer, 2, norm)
    params = dict(zip(names, tensors[count:], strict=True))
    with torch.enable_grad():  # the parameters' gradients keep it off its fast path
        return torch.func.functional_call(net.train(), params, tensors[:count], masks)


OURS = {name: functools.partial(ours, name) for name in CALLS}
THEIRS = {name: functools.partial(theirs, name) for name in CALLS}
KNOWN = {name: Known(cancel="answers") for name in CALLS}
