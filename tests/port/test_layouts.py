"""Flax's layers with PyTorch's converted weights give the same results."""

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jaxgrad.port import torch_layout

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("ordinary")]


def normal(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def array(tensor):
    return tensor.detach().numpy()


def channels_last(x):
    return np.moveaxis(x, 1, -1)


def close(ours, theirs):
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(np.asarray(ours), theirs, rtol=1e-5, atol=1e-5)


def test_linear_and_embedding():
    theirs = torch.nn.Linear(3, 5)
    ours = nnx.Linear(3, 5, rngs=nnx.Rngs(0))
    ours.kernel[...] = jnp.asarray(torch_layout.linear(array(theirs.weight)))
    ours.bias[...] = jnp.asarray(torch_layout.bias(array(theirs.bias)))
    x = normal(4, 3)
    close(ours(x), array(theirs(torch.from_numpy(x))))
    theirs = torch.nn.Embedding(6, 2)
    ours = nnx.Embed(6, 2, rngs=nnx.Rngs(0))
    ours.embedding[...] = jnp.asarray(torch_layout.embedding(array(theirs.weight)))
    close(ours(jnp.array([5, 0])), array(theirs(torch.tensor([5, 0]))))


@pytest.mark.parametrize("groups", [1, 2])
def test_conv(groups):
    theirs = torch.nn.Conv2d(4, 6, (3, 2), groups=groups, bias=False)
    ours = nnx.Conv(
        *(4, 6, (3, 2)), padding="VALID", use_bias=False, feature_group_count=groups,
        rngs=nnx.Rngs(0),
    )  # fmt: skip
    ours.kernel[...] = jnp.asarray(torch_layout.conv(array(theirs.weight)))
    x = normal(2, 4, 7, 8)
    close(ours(channels_last(x)), channels_last(array(theirs(torch.from_numpy(x)))))


def test_conv_transpose():
    theirs = torch.nn.ConvTranspose2d(4, 6, (3, 2), bias=False)
    ours = nnx.ConvTranspose(4, 6, (3, 2), padding="VALID", use_bias=False, rngs=nnx.Rngs(0))
    ours.kernel[...] = jnp.asarray(torch_layout.conv_transpose(array(theirs.weight)))
    x = normal(2, 4, 5, 6)
    close(ours(channels_last(x)), channels_last(array(theirs(torch.from_numpy(x)))))


def test_the_gates_of_an_lstm():
    theirs = torch.nn.LSTM(3, 5, batch_first=True)
    ours = nnx.LSTMCell(3, 5, rngs=nnx.Rngs(0))
    gates = ((ours.ii, ours.hi), (ours.if_, ours.hf), (ours.ig, ours.hg), (ours.io, ours.ho))
    for index, (of_input, of_hidden) in enumerate(gates):
        layout = torch_layout.gate(index, of=4)
        of_input.kernel[...] = jnp.asarray(layout(array(theirs.weight_ih_l0)))
        of_hidden.kernel[...] = jnp.asarray(layout(array(theirs.weight_hh_l0)))
        both = layout(array(theirs.bias_ih_l0)) + layout(array(theirs.bias_hh_l0))
        of_hidden.bias[...] = jnp.asarray(both)
    x = normal(2, 1, 3)
    carry = jnp.zeros((2, 5)), jnp.zeros((2, 5))
    close(ours(carry, x[:, 0])[1], array(theirs(torch.from_numpy(x))[0])[:, 0])


def test_attention():
    theirs = torch.nn.MultiheadAttention(8, 2, batch_first=True)
    torch.nn.init.normal_(theirs.in_proj_bias)
    ours = nnx.MultiHeadAttention(2, 8, decode=False, rngs=nnx.Rngs(0))
    for part, projection in enumerate((ours.query, ours.key, ours.value)):
        layout = torch_layout.attention_in(part, heads=2)
        projection.kernel[...] = jnp.asarray(layout(array(theirs.in_proj_weight)))
        projection.bias[...] = jnp.asarray(layout(array(theirs.in_proj_bias)))
    out = torch_layout.attention_out(heads=2)
    ours.out.kernel[...] = jnp.asarray(out(array(theirs.out_proj.weight)))
    ours.out.bias[...] = jnp.asarray(array(theirs.out_proj.bias))
    x = normal(2, 5, 8)
    tensor = torch.from_numpy(x)
    close(ours(x), array(theirs(tensor, tensor, tensor, need_weights=False)[0]))
