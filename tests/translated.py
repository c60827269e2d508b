"""Modules that are translated, and their comparison with what they become."""

import numpy as np
import pytest

from jaxgrad.port.translation.proof import proof
from jaxgrad.port.translation.translate import translated

torch = pytest.importorskip("torch")
nn, TF = torch.nn, torch.nn.functional


class Residual(nn.Module):
    """A residual block."""

    def __init__(self, channels, out, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU(inplace=True)
        self.down = None
        if stride > 1:
            self.down = nn.Sequential(nn.Conv2d(channels, out, 1, stride), nn.BatchNorm2d(out))

    def forward(self, x):
        """Adds the input to two convolutions of it."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        y += x if self.down is None else self.down(x)
        return self.relu(y)


class Convolutional(nn.Module):
    """A residual network."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(True))
        self.blocks = nn.Sequential(Residual(8, 8), Residual(8, 8), Residual(8, 8))
        self.last = Residual(8, 12, 2)
        self.head = nn.Linear(12, 5)

    def forward(self, x):
        """The logits of images."""
        x = self.last(self.blocks(TF.max_pool2d(self.stem(x), 3, 2, 1)))
        return self.head(torch.flatten(TF.adaptive_avg_pool2d(x, 1), 1))


class Attention(nn.Module):
    """Causal attention."""

    def __init__(self, size, heads):
        super().__init__()
        self.qkv, self.proj = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.heads = heads

    def forward(self, x):
        """Means of the values of all earlier positions."""
        n, length, size = x.shape
        q, k, v = self.qkv(x).reshape(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        x = TF.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.proj(x.transpose(1, 2).reshape(n, length, size))


class Layer(nn.Module):
    """A layer of a decoder."""

    def __init__(self, size):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(size), nn.LayerNorm(size)
        self.attn = Attention(size, 2)
        self.mlp = nn.Sequential(nn.Linear(size, 4 * size), nn.GELU(), nn.Linear(4 * size, size))
        self.drop = nn.Dropout(0.25)

    def forward(self, x):
        """Attention, then a perceptron."""
        x = x + self.drop(self.attn(self.ln1(x)))
        return x + self.drop(self.mlp(self.ln2(x)))


class Decoder(nn.Module):
    """A language model with one table of words."""

    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(20, 8), nn.Embedding(6, 8)
        self.layers = nn.ModuleList([Layer(8) for _ in range(4)])
        self.head = nn.Linear(8, 20, bias=False)
        self.head.weight = self.words.weight

    def forward(self, words):
        """The logits of the next words."""
        x = self.words(words) + self.places(torch.arange(words.shape[1]))
        for layer in self.layers:
            x = layer(x)
        return self.head(x)


class Written(nn.Module):
    """Writes in place, through views too."""

    def forward(self, x):
        """Some of it is seen under another name."""
        y = x * 2
        y[:, 0] = 3.0
        y[:, 1:] *= 2
        flat = y.view(-1)
        flat += 1
        return y.relu_() - x


class Whole(nn.Module):
    """A function of tensors as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *args):
        """What the function gives."""
        return self.function(*args)


MODULES = {
    "lstm": (lambda: nn.LSTM(4, 5, num_layers=2, batch_first=True), ((2, 3, 4),)),
    "gru": (lambda: nn.Sequential(nn.GRU(4, 5, bidirectional=True)), ((3, 2, 4),)),
    "convolutional": (Convolutional, ((4, 3, 16, 16),)),
    "written": (Written, ((3, 4),)),
    "residual": (lambda: Residual(4, 6, 2), ((2, 4, 8, 8),)),
    "attention": (lambda: nn.MultiheadAttention(8, 2, batch_first=True), ((2, 3, 8),) * 3),
    "sequential": (lambda: nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)), ((3, 4),)),
}


def drawn(shapes, seed=0):
    draw = np.random.default_rng(seed)
    return tuple(draw.normal(size=shape).astype(np.float32) for shape in shapes)


def made(maker):
    """A module with numbers in its buffers that are not those of the start."""
    torch.manual_seed(0)
    module = maker()
    for buffer in module.buffers():
        if buffer.is_floating_point():
            buffer.uniform_(0.5, 1.5)
    return module


def assert_agrees(module, inputs, *, training=False, scan=False):
    translation, source = translated(module, inputs, None, training=training, scan=scan)
    told = proof(
        module, source, translation.function, translation.params, inputs, training=training
    )
    assert told.verdict != "differs", f"{told}\n{translation.source}"
    return translation
