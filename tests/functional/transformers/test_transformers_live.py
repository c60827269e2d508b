"""Transformers against PyTorch's modules: its database of them, narrow dtypes, the fast path."""

import jax
import jax.numpy as jnp
import layer_oracle
import numpy as np
import pytest
from oracles import assert_same
from torch_oracle import one_program, to_jax

from jaxgrad import functional

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
MODULES = (
    "TransformerEncoderLayer",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "Transformer",
)
DTYPES = ("float32", "float64")
FEW = 8
"""The samples have a few rows of four numbers: PyTorch's own error is at times below a rounding, by
luck. `test_rounding` has enough of them for a factor of 2."""
CANCEL = 1.0
"""The derivative of a norm is the cotangent without its mean and its share along the output: terms
as large as the cotangent, which cancel."""


@pytest.fixture(autouse=True)
def wide_types():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        yield


def part(params, prefix):
    return {n.removeprefix(prefix): v for n, v in params.items() if n.startswith(prefix)}


def options_of(layer):
    """The options of our functions that a layer of PyTorch's was made with."""
    import torch

    return {
        "nhead": layer.self_attn.num_heads,
        "activation": "relu" if layer.activation is torch.nn.functional.relu else "gelu",
        "norm_first": layer.norm_first,
        "layer_norm_eps": layer.norm1.eps,
        "batch_first": layer.self_attn.batch_first,
        "dropout": layer.dropout.p,
        "training": layer.training,
    }


def transformer(src, tgt, params, **options):
    """`nn.Transformer` of its state dict."""
    masks = {name: options.pop(name) for name in list(options) if "mask" in name}
    memory = functional.transformer_encoder(
        src,
        part(params, "encoder."),
        mask=masks.get("src_mask"),
        src_key_padding_mask=masks.get("src_key_padding_mask"),
        **options,
    )
    of_decoder = {name: mask for name, mask in masks.items() if not name.startswith("src")}
    return functional.transformer_decoder(
        tgt, memory, part(params, "decoder."), **of_decoder, **options
    )


OURS = {
    "TransformerEncoderLayer": functional.transformer_encoder_layer,
    "TransformerDecoderLayer": functional.transformer_decoder_layer,
    "TransformerEncoder": functional.transformer_encoder,
    "TransformerDecoder": functional.transformer_decoder,
    "Transformer": transformer,
}


def hold(net, inputs, kwargs, **tolerances):
    """A module's call, and the gradients of its inputs and parameters."""
    import torch

    kind, names = type(net).__name__, list(net.state_dict())
    layer = net.encoder if kind == "Transformer" else net
    options = options_of(layer.layers[0] if hasattr(layer, "layers") else layer)
    count = len(inputs)

    def ours(*arrays, **kwargs):
        params = dict(zip(names, arrays[count:], strict=True))
        return OURS[kind](*arrays[:count], params, **options, **kwargs)

    def theirs(*tensors, **kwargs):
        params = dict(zip(names, tensors[count:], strict=True))
        return torch.func.functional_call(net, params, tensors[:count], kwargs)

    params = [value.detach().clone().requires_grad_() for value in net.state_dict().values()]
    layer_oracle.assert_as_torch(ours, theirs, [*inputs, *params], kwargs, **tolerances)


def samples(name, dtype):
    """The modules of PyTorch's database, in training and without, and what they are given."""
    import torch
    from torch.testing._internal.common_modules import module_db

    of = getattr(torch, dtype)
    (info,) = [one for one in module_db if one.module_cls.__name__ == name]
    for training in (True, False):
        torch.manual_seed(0)
        for sample in info.module_inputs_func(
            info, device="cpu", dtype=of, requires_grad=True, training=training
        ):
            made, given = sample.constructor_input, sample.forward_input
            net = info.module_cls(*made.args, **made.kwargs).to(of).train(training)
            yield net, given.args, given.kwargs


def hold_module(name, dtype, share=None):
    found = list(samples(name, dtype))
    with one_program():
        for net, inputs, kwargs in found[:: max(1, len(found) // share) if share else 1]:
            hold(net, inputs, kwargs, factor=FEW, cancel=CANCEL)
    return len(found)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("module", MODULES)
def test_modules(module, dtype):
    assert hold_module(module, dtype, share=3) >= 32


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("module", MODULES)
def test_every_module(module, dtype):
    print(module, dtype, hold_module(module, dtype))


def made(kind, *args, dtype="float32", **options):
    """A module whose biases and norms are drawn too."""
    import torch

    torch.manual_seed(0)
    net = getattr(torch.nn, kind)(*args, dropout=0.0, **options).to(getattr(torch, dtype))
    with torch.no_grad():
        for value in net.parameters():
            if value.ndim == 1:
                value.normal_()
    return net


def normal(*shape, dtype="float32"):
    import torch

    return torch.randn(*shape).to(getattr(torch, dtype)).requires_grad_()


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("norm_first", [False, True])
def test_rounding(norm_first, dtype):
    net = made("TransformerEncoderLayer", 32, 4, 64, norm_first=norm_first, dtype=dtype)
    hold(net, [normal(16, 4, 32, dtype=dtype)], {})


def test_decoder_and_its_norm():
    import torch

    layer = made("TransformerDecoderLayer", 32, 4, 64, activation="gelu")
    net = torch.nn.TransformerDecoder(layer, 2, torch.nn.LayerNorm(32))
    mask = torch.nn.Transformer.generate_square_subsequent_mask(16)
    arrays = [normal(16, 4, 32), normal(9, 4, 32)]
    hold(net, arrays, {"tgt_mask": mask, "tgt_is_causal": True})


@pytest.mark.parametrize("shape", [(0, 2, 4), (3, 0, 4), (0, 4), (1, 1, 4)])
def test_empty(shape):
    net = made("TransformerDecoderLayer", 4, 2, 8)
    hold(net, [normal(*shape), normal(*shape)], {}, factor=FEW, cancel=CANCEL)


def fast_and_ours(**masks):
    """PyTorch's stack on its fast path, and ours of the same state dict."""
    import torch

    layer = made("TransformerEncoderLayer", 4, 2, 8, batch_first=True)
    net = torch.nn.TransformerEncoder(layer, 2).eval()
    x = torch.randn(2, 3, 4)
    with torch.no_grad():
        fast = to_jax(net(x, **masks))
    options = {"nhead": 2, "batch_first": True}
    params = to_jax(dict(net.state_dict()))
    return fast, functional.transformer_encoder(to_jax(x), params, **options, **to_jax(masks))


def test_the_fast_path():
    import torch

    fast, ours = fast_and_ours()
    assert_same(ours, np.asarray(fast), 1e-5)
    padded = torch.tensor([[False, False, False], [False, True, True]])
    fast, ours = fast_and_ours(src_key_padding_mask=padded)
    shown = ~to_jax(padded)
    assert_same(ours[shown], np.asarray(fast[shown]), 1e-5)
    assert (fast[~shown] == 0).all() and (ours[~shown] != 0).all()
    first = torch.tensor([[False, False, False], [True, False, False]])  # not at the end
    fast, ours = fast_and_ours(src_key_padding_mask=first)
    assert_same(ours, np.asarray(fast), 1e-5)


def test_the_fast_path_of_a_query_without_keys():
    import torch

    hidden = torch.tensor([[True] * 3, [False] * 3, [False] * 3])
    fast, ours = fast_and_ours(mask=hidden)
    assert jnp.isnan(fast).any() and jnp.isfinite(ours).all()


def test_the_fast_path_reads_the_mask():
    import torch

    fast, ours = fast_and_ours(mask=torch.zeros(3, 3), is_causal=True)
    assert_same(np.asarray(fast), np.asarray(fast_and_ours()[0]), 1e-5)
    assert (jnp.abs(ours - fast) > 1e-2).any()


def test_dropout_has_pytorchs_moments():
    """The mean and the variance of every output, in training, over 4,096 draws of each side."""
    import torch

    layer = made("TransformerEncoderLayer", 4, 2, 8, norm_first=True).train()
    for place in (layer.self_attn, layer.dropout, layer.dropout1, layer.dropout2):
        if hasattr(place, "p"):
            place.p = 0.3
        else:
            place.dropout = 0.3
    x = torch.randn(3, 1, 4)
    count = 4096
    with torch.no_grad():
        theirs = np.asarray(to_jax(layer(x.expand(3, count, 4))), float)
    params = to_jax(dict(layer.state_dict()))
    given = jnp.broadcast_to(to_jax(x), (3, count, 4))
    ours = functional.transformer_encoder_layer(
        given, params, 2, norm_first=True, dropout=0.3, training=True, key=jax.random.key(0)
    )
    ours = np.asarray(ours, float)
    deviation = theirs.std(1)
    assert (np.abs(ours.mean(1) - theirs.mean(1)) < 6 * deviation * (2 / count) ** 0.5).all()
    np.testing.assert_allclose(ours.std(1), deviation, rtol=0.15)
