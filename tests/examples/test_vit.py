"""The Vision Transformer gives what torchvision's gives: logits and gradients.

`PYTHONPATH=tests python tests/examples/test_vit.py` records PyTorch's answers anew.
"""

import functools
import math

import jax
import numpy as np
import pytest
from networks import answers, assert_live, assert_recorded, cast, example, record, torch_answers
from perturbed import perturb, perturbed

import jaxgrad.functional as F
from jaxgrad import replay

vit = example("vit")
SIZES = {"image": 8, "patch": 4, "layers": 2, "heads": 2, "size": 12, "hidden": 20, "classes": 5}
SHAPE = (2, 3, 8, 8)


@functools.cache
def given(dtype):
    """The weights, some images and their classes."""
    with jax.enable_x64(dtype == "float64"):
        p, state = vit.initial(replay.manual_seed(0), **SIZES)
        p, state = perturbed(p, state)
        x, state = replay.randn(state, SHAPE)
        target, _ = replay.randint(state, 0, SIZES["classes"], SHAPE[0])
        return *cast((p, x), dtype), target


@functools.cache
def ours(dtype):
    def run(p, x, training):
        return vit.vit(p, x, SIZES["heads"]), p

    with jax.enable_x64(dtype == "float64"):
        return answers(run, F.cross_entropy, *given(dtype))


def torch_net():
    """torchvision's VisionTransformer, by its names and in the order of its constructor."""
    import torch
    from torch import nn

    class Block(nn.Module):
        def __init__(self, size, heads, hidden):
            super().__init__()
            self.ln_1 = nn.LayerNorm(size, eps=1e-6)
            self.self_attention = nn.MultiheadAttention(size, heads, batch_first=True)
            self.ln_2 = nn.LayerNorm(size, eps=1e-6)
            maps = nn.Linear(size, hidden), nn.Linear(hidden, size)
            self.mlp = nn.Sequential(maps[0], nn.GELU(), nn.Dropout(0.0), maps[1], nn.Dropout(0.0))
            for one in maps:
                nn.init.xavier_uniform_(one.weight)
                nn.init.normal_(one.bias, std=1e-6)

        def forward(self, x):
            y = self.ln_1(x)
            x = x + self.self_attention(y, y, y, need_weights=False)[0]
            return x + self.mlp(self.ln_2(x))

    class Encoder(nn.Module):
        def __init__(self, length, layers, heads, size, hidden):
            super().__init__()
            self.pos_embedding = nn.Parameter(torch.empty(1, length, size).normal_(std=0.02))
            blocks = (Block(size, heads, hidden) for _ in range(layers))
            self.layers = nn.ModuleDict({f"encoder_layer_{i}": b for i, b in enumerate(blocks)})
            self.ln = nn.LayerNorm(size, eps=1e-6)

        def forward(self, x):
            x = x + self.pos_embedding
            for block in self.layers.values():
                x = block(x)
            return self.ln(x)

    class VisionTransformer(nn.Module):
        def __init__(self, image, patch, layers, heads, size, hidden, classes):
            super().__init__()
            self.conv_proj = nn.Conv2d(3, size, patch, patch)
            length = (image // patch) ** 2 + 1
            self.class_token = nn.Parameter(torch.zeros(1, 1, size))
            self.encoder = Encoder(length, layers, heads, size, hidden)
            self.heads = nn.ModuleDict({"head": nn.Linear(size, classes)})
            nn.init.trunc_normal_(self.conv_proj.weight, std=math.sqrt(1 / (3 * patch * patch)))
            for p in (self.conv_proj.bias, *self.heads.parameters()):
                nn.init.zeros_(p)

        def forward(self, x):
            x = self.conv_proj(x).flatten(2).permute(0, 2, 1)
            x = torch.cat([self.class_token.expand(len(x), -1, -1), x], dim=1)
            return self.heads["head"](self.encoder(x)[:, 0])

    return VisionTransformer(**SIZES)


@functools.cache
def theirs(dtype):
    import torch

    torch.manual_seed(0)
    net = torch_net()
    perturb(net)
    x = torch.randn(SHAPE)
    target, of = torch.randint(0, SIZES["classes"], SHAPE[:1]), getattr(torch, dtype)
    return torch_answers(net.to(of), torch.nn.functional.cross_entropy, x.to(of), target)


def test_answers_are_the_recorded_ones():
    assert_recorded("vit", ours)


def test_the_names_of_older_files():
    """torchvision has renamed two maps of a layer since, but not in its files of weights."""
    p, x, _ = given("float32")
    older = {name.replace("mlp.0", "mlp.linear_1"): value for name, value in p.items()}
    older = {name.replace("mlp.3", "mlp.linear_2"): value for name, value in older.items()}
    assert len(older.keys() - p.keys()) == 4 * SIZES["layers"]
    found, expected = (vit.vit(one, x, SIZES["heads"]) for one in (older, p))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.torch
def test_answers_are_pytorchs():
    assert_live("vit", ours, theirs)


@pytest.mark.torch
def test_initial_weights_are_pytorchs():
    import torch

    torch.manual_seed(0)
    expected = torch_net().state_dict()
    found, state = vit.initial(replay.manual_seed(0), **SIZES)
    assert list(found) == list(expected)
    for name, value in found.items():
        np.testing.assert_array_equal(value, expected[name].numpy(), name)
    assert replay.get_state(state).tolist() == torch.get_rng_state().tolist()


if __name__ == "__main__":
    record("vit", theirs)
