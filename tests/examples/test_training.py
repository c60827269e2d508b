"""A convolutional network, an LSTM and a transformer train for 1,000 steps as PyTorch's do.

Weights, data, the order of the batches and the masks of dropout come from the seed, by `replay`.
PyTorch's losses are in `training.json`, with what rounding makes of them: "spread" is how far the
losses in float32 are at most from those of other runs of PyTorch, within 100 steps and within all.
The others are the run in float64, one on two threads, and four with the rows of each batch in
another order. The CNN's spread is large after some 200 steps, when the maximum of a pool or the
sign of a ReLU is decided by rounding; then one of the others leaves the path, and so do we.
"after" is what all parameters and running statistics, and the logits in evaluation, are held to in
float64 after the last step.

`test_training_live.py` trains PyTorch's networks; run as a script it writes the file.
"""

import functools
import json
import pathlib
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from networks import assert_like, cast, example

from jaxgrad import functional as F
from jaxgrad import init, optim, replay, schedules, state_dict
from jaxgrad.autograd import backward

RECORDED = json.loads(pathlib.Path(__file__).with_name("training.json").read_text())
STEPS = 1000
EXACT = 1e-9
"""How far apart two losses in float64 may be."""
TIMES_THE_SPREAD = 3
"""The spread is the largest of six distances; a seventh, or another processor's, may be larger."""


@pytest.fixture
def no_pytorch(monkeypatch):
    """`import torch` fails, also where it is installed."""
    monkeypatch.setitem(sys.modules, "torch", None)


def cnn(dtype):
    """The digits' network on four noisy patterns: the losses, and the arrays after them."""
    net, state = example("digits_cnn"), replay.manual_seed(0)
    patterns, state = replay.randn(state, (4, 1, 8, 8))
    labels, state = replay.randint(state, 0, 4, (160,))
    noise, state = replay.randn(state, (160, 1, 8, 8))
    images = np.asarray(patterns)[np.asarray(labels)] + np.asarray(noise)
    p, stats, state = net.initial(state, (4, 8), classes=4)
    images, (p, stats) = images.astype(dtype), cast((p, stats), dtype)
    data = images, np.asarray(labels)
    p, stats, losses = net.train(p, stats, state, *data, epochs=100, batch_size=16)
    return losses, p | stats | {"logits": net.network(p, stats, images[:16])[0]}


def lstm(dtype):
    """The classifier of words, likewise."""
    net, state = example("lstm_classifier"), replay.manual_seed(1)
    data, state = net.made(state, 160, longest=8)
    p, state = net.initial(state, features=8, hidden=12)
    p, losses = net.train(cast(p, dtype), state, data, epochs=100, batch_size=16)
    words, lengths, _ = data
    return losses, p | {"logits": net.network(p, words[:16], lengths[:16])}


def reader(p, tokens, masks):
    """The logits (N, L, 7) of each next token, from the tokens before it."""
    x = F.embedding(tokens, p["tokens.weight"]) + p["places"][None]
    causal = ~jnp.tril(jnp.ones((tokens.shape[1],) * 2, bool))
    encoder = state_dict.flatten(state_dict.nest(p)["encoder"])
    options = {"activation": "gelu", "norm_first": True, "batch_first": True}
    x = F.transformer_encoder(x * masks[0], encoder, 2, mask=causal, is_causal=True, **options)
    return F.linear(x * masks[1], p["head.weight"], p["head.bias"])


@functools.partial(jax.jit, static_argnames="optimizer")
def step(p, opt_state, tokens, masks, optimizer):
    """One step of training: all that changes, and the loss before it."""

    def loss(p):
        return F.cross_entropy(reader(p, tokens[:, :-1], masks).swapaxes(1, 2), tokens[:, 1:])

    value, grads = backward(loss)(p)
    updates, opt_state = optimizer.update(grads, opt_state, p)
    return optax.apply_updates(p, updates), opt_state, value


def initial(state):
    """The parameters of the transformer: an `nn.TransformerEncoder` copies its first layer."""
    parts = {}
    parts["tokens"], state = replay.embedding(state, 7, 16)
    places, state = replay.randn(state, (8, 16))
    layer = {"norm1": init.layer_norm(16), "norm2": init.layer_norm(16)}
    layer["self_attn"], state = replay.multihead_attention(state, 16, 2)
    layer["linear1"], state = replay.linear(state, 16, 32)
    layer["linear2"], state = replay.linear(state, 32, 16)
    parts["encoder"] = {"layers": {"0": layer, "1": layer}, "norm": init.layer_norm(16)}
    parts["head"], state = replay.linear(state, 16, 7)
    return state_dict.flatten(parts) | {"places": places}, state


def transformer(dtype):
    """A transformer that continues arithmetic sequences modulo 7, likewise."""
    state = replay.manual_seed(2)
    first, state = replay.randint(state, 0, 7, (160, 1))
    stride, state = replay.randint(state, 1, 4, (160, 1))
    tokens = (np.asarray(first) + np.asarray(stride) * np.arange(9)[None]) % 7
    p, state = initial(state)
    p, ones = cast(p, dtype), jnp.ones((16, 8, 16), dtype)
    parts = schedules.linear_lr(3e-3, 0.1, 1.0, 50), schedules.cosine_annealing_lr(3e-3, 950)
    optimizer = optim.adamw(schedules.sequential_lr([*parts], [50]))
    opt_state, losses = optimizer.init(p), []
    for _ in range(100):
        batches, state = replay.data_loader(state, 160, 16, shuffle=True)
        for rows in batches:
            inner, state = replay.dropout(state, ones, 0.1)
            outer, state = replay.dropout(state, ones, 0.1)
            p, opt_state, value = step(p, opt_state, tokens[rows], (inner, outer), optimizer)
            losses.append(value)
    logits = reader(p, tokens[:16, :-1], (ones, ones)).swapaxes(1, 2)
    return np.array(jax.device_get(losses)), p | {"logits": logits}


TRAININGS = {"cnn": cnn, "lstm": lstm, "transformer": transformer}


@pytest.mark.usefixtures("no_pytorch")
@pytest.mark.parametrize("name", sorted(TRAININGS))
def test_losses_are_pytorchs(name, dtype):
    (losses, after), recorded = TRAININGS[name](dtype), RECORDED[name]
    expected = np.array(recorded[dtype])
    assert losses.dtype == dtype and losses.shape == expected.shape == (STEPS,)
    assert expected[-100:].mean() < expected[:10].mean() / 3  # it has learned something
    early, late = (TIMES_THE_SPREAD * spread for spread in recorded["spread"])
    limits = np.where(np.arange(STEPS) < 100, early, late) if dtype == "float32" else EXACT
    assert (np.abs(losses - expected) <= limits).all()
    if dtype == "float64":
        assert_like(after, recorded["after"], EXACT)


@pytest.mark.nightly
@pytest.mark.usefixtures("ordinary")
@pytest.mark.parametrize("name", ["lstm_classifier", "digits_cnn"])
def test_the_examples_print_pytorchs_losses(name, capsys):
    if name == "digits_cnn":
        pytest.importorskip("sklearn.datasets")
    module = example(name)
    assert capsys.readouterr().out == "", "importing an example prints"
    assert module.main() < 1e-3
    assert "in PyTorch" in capsys.readouterr().out
