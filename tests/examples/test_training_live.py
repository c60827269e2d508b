"""PyTorch's side of `test_training.py`, as people write it, and of the losses that examples show.

`PYTHONPATH=tests python tests/examples/test_training_live.py` writes `training.json`.
"""

import contextlib
import json
import pathlib
import re

import numpy as np
import pytest
from networks import assert_like, example, projected

torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional
pytestmark = pytest.mark.torch
FILE = pathlib.Path(__file__).with_name("training.json")
EXACT = 1e-9


class Dropout(nn.Module):
    """`nn.Dropout`, whose mask goes with the rows where these are in another order."""

    def __init__(self, p):
        super().__init__()
        self.p, self.order = p, slice(None)

    def forward(self, x):
        return x * F.dropout(torch.ones_like(x), self.p, self.training)[self.order]


class Net(nn.Module):
    def __init__(self, first=16, second=32, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(1, first, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(first)
        self.conv2 = nn.Conv2d(first, second, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(second)
        self.dropout = Dropout(0.25)
        self.fc = nn.Linear(4 * second, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        return self.fc(self.dropout(x.flatten(1)))


class Classifier(nn.Module):
    def __init__(self, features=16, hidden=32):
        super().__init__()
        self.letters = nn.Embedding(7, features, padding_idx=0)
        self.lstm = nn.LSTM(features, hidden, batch_first=True, bidirectional=True)
        self.dropout = Dropout(0.2)
        self.head = nn.Linear(2 * hidden, 3)

    def forward(self, x, lengths):
        x = self.dropout(self.letters(x))
        pack = nn.utils.rnn.pack_padded_sequence
        _, (h, _) = self.lstm(pack(x, lengths, batch_first=True, enforce_sorted=False))
        return self.head(self.dropout(torch.cat([h[0], h[1]], 1)))


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(7, 16)
        self.places = nn.Parameter(torch.randn(8, 16))
        options = {"activation": "gelu", "norm_first": True, "batch_first": True}
        layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, **options)
        norm = nn.LayerNorm(16)
        self.encoder = nn.TransformerEncoder(layer, 2, norm, enable_nested_tensor=False)
        self.dropout = Dropout(0.1)
        self.head = nn.Linear(16, 7)

    def forward(self, tokens):
        x = self.dropout(self.tokens(tokens) + self.places)
        causal = nn.Transformer.generate_square_subsequent_mask(8, dtype=x.dtype)
        return self.head(self.dropout(self.encoder(x, mask=causal, is_causal=True))).mT


def train(net, data, optimizer, *, epochs, batch_size, schedule, each_epoch=False, clip=None):
    """The loss of each step; the last array of the data is the target."""
    losses = []
    for _ in range(epochs):
        rows = torch.utils.data.TensorDataset(*data)
        for batch in torch.utils.data.DataLoader(rows, batch_size, shuffle=True):
            *x, target = (part[net.dropout.order] for part in batch)
            optimizer.zero_grad()
            loss = F.cross_entropy(net(*x), target)
            loss.backward()
            if clip is not None:
                nn.utils.clip_grad_norm_(net.parameters(), clip)
            optimizer.step()
            if not each_epoch:
                schedule.step()
            losses.append(loss.item())
        if each_epoch:
            schedule.step()
    return np.array(losses)


def train_cnn(net, images, labels, *, epochs, batch_size):
    steps = epochs * -(-len(images) // batch_size)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    options = {"epochs": epochs, "batch_size": batch_size, "schedule": schedule}
    return train(net, (images, labels), optimizer, **options)


def train_lstm(net, data, *, epochs, batch_size):
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, epochs // 3)
    options = {"epochs": epochs, "batch_size": batch_size, "schedule": schedule}
    return train(net, data, optimizer, each_epoch=True, clip=1.0, **options)


def prepared(net, dtype, order):
    net = net.to(getattr(torch, dtype))
    net.dropout.order = order
    return net


@torch.no_grad()
def after(net, *x):
    """The parameters, the running statistics, and logits in evaluation."""
    tree = net.state_dict() | {"logits": net.eval()(*x)}
    return {name: value.numpy() for name, value in tree.items()}


def cnn(dtype, order=slice(None)):
    torch.manual_seed(0)
    patterns, labels = torch.randn(4, 1, 8, 8), torch.randint(0, 4, (160,))
    images = (patterns[labels] + torch.randn(160, 1, 8, 8)).to(getattr(torch, dtype))
    net = prepared(Net(4, 8, 4), dtype, order)
    losses = train_cnn(net, images, labels, epochs=100, batch_size=16)
    return losses, after(net, images[:16])


def words(count, longest):
    """Words, their lengths, and which of the letters 1, 2 and 3 they have most of."""
    letters = torch.randint(1, 7, (count, longest))
    lengths = torch.randint(1, longest + 1, (count,))
    letters[torch.arange(longest) >= lengths[:, None]] = 0
    counts = (letters[:, :, None] == torch.arange(1, 4)).sum(1)
    return letters, lengths, torch.from_numpy(counts.numpy().argmax(1))  # the first among equals


def lstm(dtype, order=slice(None)):
    torch.manual_seed(1)
    data = words(160, 8)
    net = prepared(Classifier(8, 12), dtype, order)
    losses = train_lstm(net, data, epochs=100, batch_size=16)
    return losses, after(net, *(part[:16] for part in data[:2]))


def transformer(dtype, order=slice(None)):
    torch.manual_seed(2)
    first, stride = torch.randint(0, 7, (160, 1)), torch.randint(1, 4, (160, 1))
    tokens = (first + stride * torch.arange(9)) % 7
    net = prepared(Reader(), dtype, order)
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
    parts = [
        torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, 1.0, 50),
        torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 950),
    ]
    schedule = torch.optim.lr_scheduler.SequentialLR(optimizer, parts, [50])
    data = tokens[:, :-1], tokens[:, 1:]
    losses = train(net, data, optimizer, epochs=100, batch_size=16, schedule=schedule)
    return losses, after(net, data[0][:16])


@contextlib.contextmanager
def threads(count):
    """PyTorch works on so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    yield
    torch.set_num_threads(before)


TRAININGS = {"cnn": cnn, "lstm": lstm, "transformer": transformer}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted(TRAININGS))
def test_pytorch_gives_the_recorded_losses(name, dtype):
    recorded = json.loads(FILE.read_text())[name]
    with threads(1):
        losses, arrays = TRAININGS[name](dtype)
    off = np.abs(losses - recorded[dtype])
    early, late = (3 * spread for spread in recorded["spread"])
    limits = np.where(np.arange(off.size) < 100, early, late) if dtype == "float32" else EXACT
    assert (off <= limits).all()
    if dtype == "float64":
        assert_like(arrays, recorded["after"], EXACT)


def test_pytorch_gives_the_losses_of_the_classifier_of_words():
    torch.manual_seed(0)
    data = [part[:1000] for part in words(1500, 12)]
    shown = example("lstm_classifier").LOSSES
    losses = train_lstm(Classifier(), data, epochs=len(shown), batch_size=50)
    np.testing.assert_allclose(losses.reshape(len(shown), -1).mean(1), shown, rtol=0, atol=1e-4)


def test_pytorch_gives_the_losses_of_the_digits():
    digits = pytest.importorskip("sklearn.datasets").load_digits()
    torch.manual_seed(0)
    images = torch.tensor(digits.images[:, None] / 16, dtype=torch.float32)
    labels = torch.tensor(digits.target)
    seen, _ = torch.utils.data.random_split(range(len(images)), [1500, 297])
    shown = example("digits_cnn").LOSSES
    data = images[seen.indices], labels[seen.indices]
    losses = train_cnn(Net(), *data, epochs=len(shown), batch_size=50)
    np.testing.assert_allclose(losses.reshape(len(shown), -1).mean(1), shown, rtol=0, atol=1e-3)


def others(train):
    """The losses of runs in float32 that differ in rounding alone.

    One is on two threads, and four have the rows of each batch in another order.
    """
    with threads(2):
        yield train("float32")[0]
    stream = np.random.RandomState(0)
    with threads(1):
        for _ in range(4):
            yield train("float32", torch.from_numpy(stream.permutation(16)))[0]


def record():
    recorded = {}
    for name, train in sorted(TRAININGS.items()):
        with threads(1):
            (losses, _), (exact, arrays) = train("float32"), train("float64")
        off = np.abs([other - losses for other in (exact, *others(train))])
        print(name, off[:, :100].max(1), off.max(1), flush=True)
        recorded[name] = {
            "spread": [float(f"{each.max():.2g}") for each in (off[:, :100], off)],
            "float32": [round(x, 8) for x in losses],
            "float64": [round(x, 11) for x in exact],
            "after": projected(arrays),
        }
    text = json.dumps(recorded, indent=1)
    text = re.sub(r"\[[^]]*\]", lambda found: re.sub(r"\s+", " ", found[0]), text)
    FILE.write_text(text + "\n")


if __name__ == "__main__":
    record()
