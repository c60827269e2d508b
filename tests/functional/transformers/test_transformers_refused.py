"""What the functions of transformers refuse, and in which words."""

import numpy as np
import pytest
from transformer_reference import BOTH, made, stacked

import jaxgrad.functional as F

LATER = ~np.tril(np.ones((3, 3), bool))
PADDED = np.array([[False, False, False], [False, False, True]])
ONE, TWO = made(), made(BOTH)


class Unhashable:
    """A function that programs cannot be kept by."""

    __hash__ = None

    def __call__(self, x):
        return x


S, MEMORY = np.ones((3, 2, 4), np.float32), np.ones((5, 2, 4), np.float32)


def without(params, *names):
    return {name: value for name, value in params.items() if name not in names}


REFUSED = {
    "1-D": ((S[0, 0], ONE, 2), {}, "src must be of shape (L, N, E) or (L, E), got (4,)"),
    "integers": ((S.astype(int), ONE, 2), {}, "src must be floating point, got int"),
    "heads": ((S, ONE, 3), {}, "nhead must be a divisor of 4, got 3"),
    "no heads": ((S, ONE, 0), {}, "nhead must be at least 1, got 0"),
    "a list": ((S, [ONE], 2), {}, "params must be a dict, got list; pass a state dict"),
    "missing": (
        (S, without(ONE, "linear1.bias", "norm2.bias"), 2),
        {},
        "params must be the state dict of an nn.TransformerEncoderLayer, got one without "
        "linear1.bias, norm2.bias",
    ),
    "many missing": ((S, {}, 2), {}, "params must be the state dict of an nn.TransformerEncoderLa"),
    "prefix": (
        (S, stacked(ONE), 2),
        {},
        "params must be the state dict of an nn.TransformerEncoderLayer, got one without "
        "self_attn.in_proj_weight, self_attn.in_proj_bias, self_attn.out_proj.weight and 9 more; "
        "leave the prefix 'layers.0.' out of the names",
    ),
    "surplus": (
        (S, ONE | {"norm3.weight": S[0, 0], "linear3.bias": S[0, 0]}, 2),
        {},
        "params must be the state dict of an nn.TransformerEncoderLayer, got one that has "
        "norm3.weight, linear3.bias too; leave them out",
    ),
    "shape": (
        (S, ONE | {"linear2.weight": S[0]}, 2),
        {},
        'params["linear2.weight"] must be of shape (4, 6), got (2, 4)',
    ),
    "hidden": (
        (S, ONE | {"linear1.weight": S[0, 0]}, 2),
        {},
        'params["linear1.weight"] must be of shape (F, 4), got (4,)',
    ),
    "dtype": (
        (S, ONE | {"norm1.bias": np.ones(4, np.float16)}, 2),
        {},
        'params["norm1.bias"] must be of src\'s float32, got float16; cast it with .astype',
    ),
    "None": ((S, ONE | {"norm1.bias": None}, 2), {}, 'params["norm1.bias"] must be an array'),
    "mask": ((S, ONE, 2), {"src_mask": LATER[:2]}, "src_mask must be of shape (3, 3) or (4, 3, 3)"),
    "padding": (
        (S, ONE, 2),
        {"src_key_padding_mask": PADDED.T},
        "src_key_padding_mask must be of shape (2, 3), got (3, 2)",
    ),
    "integer mask": ((S, ONE, 2), {"src_mask": LATER.astype(int)}, "src_mask must be bool or floa"),
    "hint": ((S, ONE, 2), {"is_causal": True}, "src_mask must be given where is_causal is, got No"),
    "a hint of None": ((S, ONE, 2), {"is_causal": 0}, "is_causal must be True or False, got int 0"),
    "no name": (
        (S, ONE, 2),
        {"activation": "elu"},
        "activation must be one of 'relu', 'gelu', got",
    ),
    "no function": (
        (S, ONE, 2),
        {"activation": 3},
        "activation must be 'relu', 'gelu' or a functi",
    ),
    "no hash": (
        (S, ONE, 2),
        {"activation": Unhashable()},
        "activation must be 'relu', 'gelu' or a function of an array, got Unhashable, which has no",
    ),
    "halves": (
        (S, ONE, 2),
        {"activation": F.glu},
        "activation must be a function that gives float32[3, 2, 6] for float32[3, 2, 6], got "
        "float32[3, 2, 3]",
    ),
    "no key": ((S, ONE, 2), {"training": True}, "key must be a typed key where dropout is not 0"),
    "a number as key": (
        (S, ONE, 2),
        {"training": True, "key": 0},
        "key must be a typed key, got int 0; make one with jax.random.key(seed): key=…",
    ),
    "p": ((S, ONE, 2), {"dropout": 1.5}, "dropout must be in [0, 1], got 1.5"),
    "eps": ((S, ONE, 2), {"layer_norm_eps": np.inf}, "layer_norm_eps must be finite, got inf"),
    "flag": ((S, ONE, 2), {"norm_first": 1}, "norm_first must be True or False, got int 1"),
}


def refused(fn, arguments, options, text):
    with pytest.raises((TypeError, ValueError)) as error:
        fn(*arguments, **options)
    assert str(error.value).startswith(f"{fn.__name__}: {text}")


@pytest.mark.thinned(1)
@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name):
    refused(F.transformer_encoder_layer, *REFUSED[name])


LAYERS = stacked(ONE, ONE)
REFUSED_OF_OTHERS = {
    "memory's size": (
        F.transformer_decoder_layer,
        (S, S[..., :2], TWO, 2),
        {},
        "memory must be of shape (S, 2, 4), got (3, 2, 2)",
    ),
    "memory's batch": (
        F.transformer_decoder_layer,
        (S, S[:2], TWO, 2),
        {"batch_first": True},
        "memory must be of shape (3, S, 4), got (2, 2, 4)",
    ),
    "no batch": (
        F.transformer_decoder_layer,
        (S[0], S, TWO, 2),
        {},
        "memory must be of shape (S, 4), got (3, 2, 4)",
    ),
    "memory's dtype": (
        F.transformer_decoder_layer,
        (S, S.astype(np.float16), TWO, 2),
        {},
        "memory must be of tgt's float32, got float16",
    ),
    "memory's mask": (
        F.transformer_decoder_layer,
        (S, MEMORY, TWO, 2),
        {"memory_mask": LATER},
        "memory_mask must be of shape (3, 5) or (4, 3, 5), got (3, 3)",
    ),
    "memory's hint": (
        F.transformer_decoder_layer,
        (S, S, TWO, 2),
        {"memory_is_causal": True},
        "memory_mask must be given where memory_is_causal is",
    ),
    "a gap": (
        F.transformer_encoder,
        (S, {name.replace("layers.1", "layers.2"): v for name, v in LAYERS.items()}, 2),
        {},
        "params must be the state dict of an nn.TransformerEncoder, got one without "
        "layers.1.self_attn.in_proj_weight",
    ),
    "no layer": (
        F.transformer_encoder,
        (S, {}, 2),
        {},
        "params must be the state dict of an nn.TransformerEncoder, got one without layers.0.",
    ),
    "a whole transformer": (
        F.transformer_encoder,
        (S, {f"encoder.{name}": value for name, value in LAYERS.items()}, 2),
        {},
        "params must be the state dict of an nn.TransformerEncoder, got one without "
        "layers.0.self_attn.in_proj_weight, layers.0.self_attn.in_proj_bias, "
        "layers.0.self_attn.out_proj.weight and 9 more; leave the prefix 'encoder.' out of the na",
    ),
    "half a norm": (
        F.transformer_encoder,
        (S, LAYERS | {"norm.bias": S[0, 0]}, 2),
        {},
        "params must be the state dict of an nn.TransformerEncoder, got one without norm.weight",
    ),
    "a shape": (
        F.transformer_encoder,
        (S, LAYERS | {"layers.1.linear1.bias": S[0, 0]}, 2),
        {},
        'params["layers.1.linear1.bias"] must be of shape (6,), got (4,)',
    ),
    "its hint": (
        F.transformer_encoder,
        (S, LAYERS, 2),
        {"is_causal": True},
        "mask must be given where is_causal is, got None",
    ),
}


@pytest.mark.thinned(1)
@pytest.mark.parametrize("name", REFUSED_OF_OTHERS)
def test_refusals_of_the_others(name):
    refused(*REFUSED_OF_OTHERS[name])
