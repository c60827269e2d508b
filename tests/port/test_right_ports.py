"""Right ports written with `jaxgrad.functional`: of none of them a report says that it differs."""

import functools

import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jaxgrad.functional as F
import jaxgrad.optim
from jaxgrad.port import compare, compare_training

torch = pytest.importorskip("torch")
nn, TF = torch.nn, torch.nn.functional
pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("ordinary")]


def normal(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def agrees(module, port, *inputs):
    torch.manual_seed(0)
    module = module()
    arrays = [
        {name: tensor.detach().numpy() for name, tensor in named}
        for named in (module.named_parameters(), module.named_buffers())
    ]
    options = {"params": arrays[0]} | ({"state": arrays[1]} if arrays[1] else {})
    report = compare(module, port, inputs, **options)
    assert report.agrees, report


class Convolutions(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(2, 4, 3, 2, 1), nn.BatchNorm2d(4)
        self.up, self.gn = nn.ConvTranspose2d(4, 4, 3, 2, 1), nn.GroupNorm(2, 4)

    def forward(self, x):
        h = TF.max_pool2d(TF.leaky_relu(self.bn(self.conv(x))), 3, 1, 1)
        h = TF.hardswish(self.gn(self.up(h)))
        return TF.adaptive_avg_pool2d(TF.interpolate(h, size=(9, 8), mode="bicubic"), 3)


def convolutions(p, state, x):
    h = F.conv2d(x, p["conv.weight"], p["conv.bias"], stride=2, padding=1)
    statistics = state["bn.running_mean"], state["bn.running_var"]
    mean, var = F.running_stats(h, *statistics)
    h = F.batch_norm(h, *statistics, p["bn.weight"], p["bn.bias"], training=True)
    h = F.max_pool2d(F.leaky_relu(h), 3, 1, 1)
    h = F.conv_transpose2d(h, p["up.weight"], p["up.bias"], stride=2, padding=1)
    h = F.hardswish(F.group_norm(h, 2, p["gn.weight"], p["gn.bias"]))
    h = F.adaptive_avg_pool2d(F.interpolate(h, size=(9, 8), mode="bicubic"), 3)
    count = state["bn.num_batches_tracked"] + 1
    return h, {
        "bn.running_mean": mean,
        "bn.running_var": var,
        "bn.num_batches_tracked": count,
    }


def test_convolutions():
    agrees(Convolutions, convolutions, normal(3, 2, 8, 8))


class Recurrent(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.embedding, self.rnn = nn.Embedding(7, 4, padding_idx=0), layer(4, 3)
        self.fc = nn.Linear(3, 2)

    def forward(self, tokens):
        return self.fc(self.rnn(self.embedding(tokens))[0]).log_softmax(-1)


def recurrent(layer, p, tokens):
    own = {name.removeprefix("rnn."): value for name, value in p.items() if "rnn" in name}
    x = F.embedding(tokens, p["embedding.weight"], padding_idx=0)
    output = layer(x, None, own)[0]
    return F.log_softmax(F.linear(output, p["fc.weight"], p["fc.bias"]), dim=-1)


@pytest.mark.thinned(1)
@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_recurrent_layers(name):
    port = functools.partial(recurrent, getattr(F, name.lower()))
    tokens = np.array([[1, 0, 2], [3, 6, 0], [5, 4, 4], [2, 2, 0]])
    agrees(lambda: Recurrent(getattr(nn, name)), port, tokens)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(8, 2, 12, 0.0, "gelu", batch_first=True)
        self.norm = nn.LayerNorm(8)

    def forward(self, x, padding):
        return self.norm(self.layer(x, src_key_padding_mask=padding)).mean(1)


def encoder(p, x, padding):
    own = {n.removeprefix("layer."): value for n, value in p.items() if n.startswith("layer.")}
    options = {"activation": "gelu", "batch_first": True, "src_key_padding_mask": padding}
    h = F.transformer_encoder_layer(x, own, 2, **options)
    return F.layer_norm(h, (8,), p["norm.weight"], p["norm.bias"]).mean(1)


def test_an_encoder_with_padding():
    padding = np.array([[False] * 4, [False, False, True, True]])
    agrees(Encoder, encoder, normal(2, 4, 8), padding)


LOSSES = {
    "cross_entropy": {"label_smoothing": 0.1},
    "multi_margin_loss": {"margin": 0.5},
    "nll_loss": {"reduction": "sum"},
    "mse_loss": {},
    "huber_loss": {"delta": 0.5},
    "binary_cross_entropy_with_logits": {},
    "kl_div": {"reduction": "batchmean"},
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name):
    of_labels = name in ("cross_entropy", "multi_margin_loss", "nll_loss")
    target = np.array([0, 2, 1, 3]) if of_labels else np.abs(normal(4, 5)) / 4

    def port(p, x, y):
        return getattr(F, name)(F.linear(x, p["weight"], p["bias"]), y, **LOSSES[name])

    torch.manual_seed(0)
    module = nn.Linear(3, 5)
    report = compare(
        lambda x, y: getattr(TF, name)(module(x), y, **LOSSES[name]),
        port,
        (normal(4, 3), target),
        module=module,
        params={name: p.detach().numpy() for name, p in module.named_parameters()},
    )
    assert report.agrees, report


def test_a_training_run():
    torch.manual_seed(0)
    module = nn.Linear(3, 1)
    report = compare_training(
        lambda x: module(x).square().mean(),
        lambda p, x: jnp.square(F.linear(x, p["weight"], p["bias"])).mean(),
        normal(4, 3),
        module=module,
        params={name: p.detach().numpy() for name, p in module.named_parameters()},
        torch_optimizer=functools.partial(torch.optim.AdamW, lr=1e-2, amsgrad=True),
        jax_optimizer=optax.chain(jaxgrad.optim.adamw(1e-2, amsgrad=True)),
    )
    assert report.agrees, report
