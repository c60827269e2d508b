"""Rows of equal modules as scans over their stacked parameters."""

import functools

import jax
import numpy as np
import pytest
from translated import Decoder, assert_agrees, drawn, made

from jaxgrad.cli import main
from jaxgrad.port import translate

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("ordinary")]
nn = torch.nn


class Block(nn.Module):
    """A linear map, a norm and dropout, of as many numbers as asked; its width may differ."""

    def __init__(self, width):
        super().__init__()
        self.up, self.down = nn.Linear(4, width), nn.Linear(width, 4)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x, scale):
        return x + self.dropout(self.down(torch.relu(self.up(x)))) * scale


class Row(nn.Module):
    """Blocks of these widths, one after the other; each is also given one number."""

    def __init__(self, *widths):
        super().__init__()
        self.first = nn.Dropout(0.1)
        self.blocks = nn.ModuleList(map(Block, widths))

    def forward(self, x, scale):
        x = self.first(x)
        for block in self.blocks:
            x = block(x, scale)
        return x


GIVEN = drawn([(3, 4), (3, 1)])


def test_equal_blocks_are_a_scan():
    source = assert_agrees(made(lambda: Row(6, 6, 6, 6)), GIVEN, scan=True).source
    assert "for i in range(4))" in source and "for i in range(4):" not in source
    assert "lambda x, entry: (block(entry, x, scale), None), x, stacked)" in source


def test_each_block_has_its_key():
    translation = translate(made(lambda: Row(6, 6, 6, 6)), GIVEN, training=True, scan=True)
    assert "(stacked, keys[1:5])" in translation.source
    looped = translate(made(lambda: Row(6, 6, 6, 6)), GIVEN, training=True)
    for training in (True, False):
        both = [
            jax.jit(functools.partial(one.function, training=training))(
                one.params, *GIVEN, key=jax.random.key(3)
            )
            for one in (translation, looped)
        ]
        np.testing.assert_allclose(*both, rtol=1e-6)


@pytest.mark.parametrize("widths", [(6, 6), (6, 5, 6, 5)])
def test_other_rows_are_no_scans(widths):
    assert "lax.scan" not in assert_agrees(made(lambda: Row(*widths)), GIVEN, scan=True).source


class Normed(nn.Module):
    """A linear map, and a norm with running statistics."""

    def __init__(self):
        super().__init__()
        self.linear, self.norm = nn.Linear(4, 4), nn.BatchNorm1d(4)

    def forward(self, x):
        return torch.relu(self.norm(self.linear(x)))


def test_running_statistics_stay_a_loop():
    module = made(lambda: nn.Sequential(*(Normed() for _ in range(3))))
    for training, word in ((True, "for i in range(3):"), (False, "jax.lax.scan(")):
        translation = assert_agrees(module, GIVEN[:1], training=training, scan=True)
        assert word in translation.source


def test_the_command_writes_scans(tmp_path):
    (tmp_path / "model.py").write_text(MODEL)
    out = tmp_path / "net.py"
    main(["translate", f"{tmp_path}/model.py:net", "-o", str(out), "--input", "3,4", "--scan"])
    assert "jax.lax.scan(" in out.read_text() and (tmp_path / "test_net.py").is_file()


MODEL = """
import torch

class Layer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(4, 4)

    def forward(self, x):
        return torch.tanh(self.linear(x)) + x

net = torch.nn.Sequential(Layer(), Layer(), Layer())
"""


def test_words_and_their_gradients():
    words = np.random.default_rng(0).integers(0, 20, (3, 6))
    assert "jax.lax.scan" in assert_agrees(made(Decoder), (words,), scan=True).source
