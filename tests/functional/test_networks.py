"""A convolutional network and a transformer block train as PyTorch's do, from the same seed.

The weights and the data are PyTorch's, by `replay`; the losses of PyTorch are in `networks.json`.
`python -m pytest -m torch` trains PyTorch's networks again and compares those losses too.
"""

import functools
import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgrad import functional as F
from jaxgrad import init, optim, replay
from jaxgrad.autograd import backward

RECORDED = json.loads(pathlib.Path(__file__).with_name("networks.json").read_text())
STEPS = 100
DTYPES = ("float32", "float64")
NEAR = {"float32": 1e-5, "float64": 1e-11}
"""How far apart two losses may be."""


def named(layers):
    """A state dict of layers by their names."""
    return {f"{layer}.{name}": p for layer, given in layers.items() for name, p in given.items()}


def cnn(dtype):
    """The parameters, the running statistics, the data and the loss of a convolutional network."""
    state = replay.manual_seed(0)
    first, state = replay.conv2d(state, 1, 8, 3)
    second, state = replay.conv2d(state, 8, 16, 3)
    last, state = replay.linear(state, 16, 4)
    norm = init.batch_norm(8)
    stats = {name: norm.pop(name) for name in ("running_mean", "running_var")}
    norm.pop("num_batches_tracked")
    params = named({"0": first, "1": norm, "4": second, "5": init.group_norm(4, 16), "9": last})
    x, state = replay.randn(state, (16, 1, 8, 8))
    target, state = replay.randint(state, 0, 4, 16)

    def outputs(p, stats, x, training):
        x = F.conv2d(x, p["0.weight"], p["0.bias"], padding=1)
        if training:
            new = F.running_stats(x, stats["running_mean"], stats["running_var"])
            stats = dict(zip(("running_mean", "running_var"), new, strict=True))
            x = F.batch_norm(x, None, None, p["1.weight"], p["1.bias"], training=True)
        else:
            x = F.batch_norm(x, **stats, weight=p["1.weight"], bias=p["1.bias"])
        x = F.max_pool2d(F.relu(x), 2)
        x = F.conv2d(x, p["4.weight"], p["4.bias"])
        x = F.gelu(F.group_norm(x, 4, p["5.weight"], p["5.bias"]))
        x = F.adaptive_avg_pool2d(x, 1).reshape(x.shape[0], -1)
        return F.linear(x, p["9.weight"], p["9.bias"]), stats

    def loss(p, stats, x, target, training=True):
        y, stats = outputs(p, stats, x, training)
        return F.cross_entropy(y, target), stats

    given = jax.tree.map(lambda leaf: leaf.astype(dtype), (params, stats, x))
    return *given[:2], (given[2], target), loss, optim.sgd(lr=0.05, momentum=0.9)


def transformer(dtype):
    """The parameters, None, the data and the loss of a transformer block and a classifier."""
    state = replay.manual_seed(1)
    attention, state = replay.multihead_attention(state, 16, 2)
    wide, state = replay.linear(state, 16, 32)
    narrow, state = replay.linear(state, 32, 16)
    last, state = replay.linear(state, 16, 5)
    norms = {"norm1": init.layer_norm(16), "norm2": init.layer_norm(16)}
    layers = {"attention": attention, "wide": wide, "narrow": narrow, "last": last}
    params = named(layers | norms)
    x, state = replay.randn(state, (6, 4, 16))  # positions, batch, features
    target, state = replay.randint(state, 0, 5, (6, 4))
    mask = jnp.triu(jnp.ones((6, 6), bool), 1)

    def loss(p, nothing, x, target):
        h = F.layer_norm(x, (16,), p["norm1.weight"], p["norm1.bias"])
        weights = (p["attention.in_proj_weight"], p["attention.in_proj_bias"], None, None, False)
        out = (p["attention.out_proj.weight"], p["attention.out_proj.bias"])
        attended, _ = F.multi_head_attention_forward(
            h, h, h, 16, 2, *weights, 0.0, *out, need_weights=False, attn_mask=mask
        )
        x = x + attended
        h = F.layer_norm(x, (16,), p["norm2.weight"], p["norm2.bias"])
        h = F.gelu(F.linear(h, p["wide.weight"], p["wide.bias"]))
        x = x + F.linear(h, p["narrow.weight"], p["narrow.bias"])
        logits = F.linear(x, p["last.weight"], p["last.bias"])
        return F.cross_entropy(logits.reshape(-1, 5), target.reshape(-1)), nothing

    given = jax.tree.map(lambda leaf: leaf.astype(dtype), (params, x))
    return given[0], None, (given[1], target), loss, optim.adam(lr=1e-2)


NETWORKS = {"cnn": cnn, "transformer": transformer}


@functools.cache
def trained(name, dtype):
    """The losses of all steps, and a function that gives the loss after them."""
    params, stats, data, loss, optimizer = NETWORKS[name](dtype)

    @jax.jit
    def train(params, stats, data):
        def step(carry, _):
            params, stats, state = carry
            (value, stats), grads = backward(loss, has_aux=True)(params, stats, *data)
            updates, state = optimizer.update(grads, state, params)
            return (optax.apply_updates(params, updates), stats, state), value

        carry = (params, stats, optimizer.init(params))
        return jax.lax.scan(step, carry, length=STEPS)

    (params, stats, _), losses = train(params, stats, data)
    return np.asarray(losses), functools.partial(loss, params, stats, *data)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NETWORKS)
def test_losses_are_pytorchs(name, dtype):
    with jax.enable_x64(dtype == "float64"):
        losses, _ = trained(name, dtype)
    expected = np.array(RECORDED[name][dtype])
    assert losses.dtype == dtype and losses.shape == (STEPS,)
    assert expected[-1] < expected[0] / 3  # it has learned something
    np.testing.assert_allclose(losses, expected, rtol=0, atol=NEAR[dtype])


def test_outside_training_the_running_statistics_count():
    with jax.enable_x64(True):
        _, loss = trained("cnn", "float64")
        value, _ = loss(training=False)
    assert abs(float(value) - RECORDED["cnn outside training"]) < 1e-11


def torch_losses(name, dtype):
    """PyTorch's losses in training, and that of the convolutional network after it."""
    import torch
    from torch import nn

    torch.manual_seed({"cnn": 0, "transformer": 1}[name])
    if name == "cnn":
        net = nn.Sequential(
            *(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(8, 16, 3), nn.GroupNorm(4, 16), nn.GELU(), nn.AdaptiveAvgPool2d(1)),
            *(nn.Flatten(), nn.Linear(16, 4)),
        )
        x, target = torch.randn(16, 1, 8, 8), torch.randint(0, 4, (16,))
        optimizer = functools.partial(torch.optim.SGD, lr=0.05, momentum=0.9)
    else:
        net = nn.ModuleDict({"attention": nn.MultiheadAttention(16, 2)})
        for part, sizes in {"wide": (16, 32), "narrow": (32, 16), "last": (16, 5)}.items():
            net[part] = nn.Linear(*sizes)
        net["norm1"], net["norm2"] = nn.LayerNorm(16), nn.LayerNorm(16)
        x, target = torch.randn(6, 4, 16), torch.randint(0, 5, (6, 4))
        optimizer = functools.partial(torch.optim.Adam, lr=1e-2)
    of = getattr(torch, dtype)
    net, x = net.to(of), x.to(of)
    optimizer = optimizer(net.parameters())
    mask = torch.triu(torch.ones(6, 6, dtype=torch.bool), 1)

    def outputs():
        if name == "cnn":
            return net(x)
        h = net["norm1"](x)
        y = x + net["attention"](h, h, h, need_weights=False, attn_mask=mask)[0]
        y = y + net["narrow"](nn.functional.gelu(net["wide"](net["norm2"](y))))
        return net["last"](y).reshape(-1, 5)

    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(outputs(), target.reshape(-1))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    net.eval()
    return losses, nn.functional.cross_entropy(outputs(), target.reshape(-1)).item()


@pytest.mark.torch
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NETWORKS)
def test_pytorch_gives_the_recorded_losses(name, dtype):
    losses, after = torch_losses(name, dtype)
    np.testing.assert_allclose(losses, RECORDED[name][dtype], rtol=0, atol=NEAR[dtype])
    if name == "cnn" and dtype == "float64":
        assert abs(after - RECORDED["cnn outside training"]) < 1e-11
