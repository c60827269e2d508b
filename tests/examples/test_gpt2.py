"""GPT-2 gives what Hugging Face's gives: logits, gradients and the tokens that it writes.

`PYTHONPATH=tests python tests/examples/test_gpt2.py` records PyTorch's answers anew.
"""

import functools
import math

import jax
import numpy as np
import pytest
from networks import (
    answers,
    assert_live,
    assert_recorded,
    cast,
    example,
    record,
    recorded,
    torch_answers,
)
from perturbed import perturb, perturbed

from jaxgrad import replay

gpt2 = example("gpt2")
SIZES = {"vocabulary": 13, "positions": 11, "size": 12, "layers": 2}
HEADS = 3


@functools.cache
def given(dtype):
    """The weights, and some tokens."""
    with jax.enable_x64(dtype == "float64"):
        p, state = gpt2.initial(replay.manual_seed(0), **SIZES)
        p, state = perturbed(p, state)
        tokens, _ = replay.randint(state, 0, SIZES["vocabulary"], (2, 9))
        return cast(p, dtype), tokens


@functools.cache
def ours(dtype):
    def run(p, tokens, training):
        return gpt2.gpt2(p, tokens, HEADS)[0], p

    with jax.enable_x64(dtype == "float64"):
        p, tokens = given(dtype)
        return answers(run, gpt2.loss, p, tokens, tokens)


def torch_net():
    """Hugging Face's GPT-2, by its names."""
    import torch
    from torch import nn

    class Conv1D(nn.Module):
        def __init__(self, out, inner):
            super().__init__()
            self.weight = nn.Parameter(torch.empty(inner, out))
            self.bias = nn.Parameter(torch.zeros(out))

        def forward(self, x):
            rows = torch.addmm(self.bias, x.reshape(-1, x.shape[-1]), self.weight)
            return rows.view(*x.shape[:-1], -1)

    class Attention(nn.Module):
        def __init__(self, size):
            super().__init__()
            self.c_attn, self.c_proj = Conv1D(3 * size, size), Conv1D(size, size)

        def forward(self, x):
            n, length, size = x.shape
            parts = self.c_attn(x).split(size, dim=2)
            q, k, v = (part.view(n, length, HEADS, -1).transpose(1, 2) for part in parts)
            scores = q @ k.transpose(-1, -2) / math.sqrt(v.shape[-1])
            seen = torch.ones(length, length, dtype=torch.bool).tril()
            scores = torch.where(seen, scores, torch.finfo(x.dtype).min)
            return self.c_proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(x.shape))

    class Block(nn.Module):
        def __init__(self, size):
            super().__init__()
            self.ln_1 = nn.LayerNorm(size)
            self.attn = Attention(size)
            self.ln_2 = nn.LayerNorm(size)
            parts = {"c_fc": Conv1D(4 * size, size), "c_proj": Conv1D(size, 4 * size)}
            self.mlp = nn.ModuleDict(parts)

        def forward(self, x):
            x = x + self.attn(self.ln_1(x))
            y = nn.functional.gelu(self.mlp["c_fc"](self.ln_2(x)), approximate="tanh")
            return x + self.mlp["c_proj"](y)

    class GPT2(nn.Module):
        def __init__(self, vocabulary, positions, size, layers):
            super().__init__()
            self.wte = nn.Embedding(vocabulary, size)
            self.wpe = nn.Embedding(positions, size)
            self.h = nn.ModuleList(Block(size) for _ in range(layers))
            self.ln_f = nn.LayerNorm(size)

        def forward(self, tokens):
            x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1]))
            for block in self.h:
                x = block(x)
            return self.ln_f(x) @ self.wte.weight.T

    return GPT2(**SIZES)


def torch_initial():
    """A network with the initial weights of the paper, from the seed 0."""
    import torch

    net = torch_net()
    torch.manual_seed(0)
    for name, p in net.named_parameters():
        if p.ndim == 2:
            ends = name.endswith("c_proj.weight")
            torch.nn.init.normal_(p, std=0.02 / math.sqrt(2 * SIZES["layers"]) if ends else 0.02)
    return net


@functools.cache
def torch_given(dtype):
    import torch

    net = torch_initial()
    perturb(net)
    tokens = torch.randint(0, SIZES["vocabulary"], (2, 9))
    return net.to(getattr(torch, dtype)), tokens


@functools.cache
def theirs(dtype):
    import torch

    def loss(logits, tokens):
        rows = logits[:, :-1].flatten(0, 1)
        return torch.nn.functional.cross_entropy(rows, tokens[:, 1:].flatten())

    net, tokens = torch_given(dtype)
    return torch_answers(net, loss, tokens, tokens)


def test_answers_are_the_recorded_ones():
    assert_recorded("gpt2", ours)


@pytest.mark.parametrize("count", [8, 1])
def test_it_writes_what_pytorch_writes(count):
    with jax.enable_x64(True):
        p, tokens = given("float64")
        found = gpt2.generate(p, tokens[:, :3], HEADS, count)
    assert found.dtype == tokens.dtype
    assert found.tolist() == [row[: 3 + count] for row in recorded("gpt2")["written"]["tokens"]]


@pytest.mark.torch
def test_answers_are_pytorchs():
    assert_live("gpt2", ours, theirs)
    assert torch_written() == recorded("gpt2")["written"]["tokens"]


def torch_written():
    """Three tokens, and eight times the likeliest one that follows all that there are."""
    import torch

    net, tokens = torch_given("float64")
    tokens = tokens[:, :3]
    for _ in range(8):
        tokens = torch.cat([tokens, net(tokens)[:, -1:].argmax(-1)], 1)
    return tokens.tolist()


@pytest.mark.torch
def test_initial_weights_are_pytorchs():
    import torch

    expected = torch_initial().state_dict()
    found, state = gpt2.initial(replay.manual_seed(0), **SIZES)
    assert list(found) == list(expected)
    for name, value in found.items():
        np.testing.assert_array_equal(value, expected[name].numpy(), name)
    assert replay.get_state(state).tolist() == torch.get_rng_state().tolist()


if __name__ == "__main__":
    record("gpt2", theirs, written={"tokens": torch_written()})
