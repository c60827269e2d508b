"""An LSTM that reads words of different lengths, trained as PyTorch trains it.

It tells which of three letters a word has most of. Words, weights, the order of the batches and the
masks of dropout are drawn from the seed 0, in PyTorch's order. So the losses are those of PyTorch's
script.

    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.letters = nn.Embedding(7, 16, padding_idx=0)
            self.lstm = nn.LSTM(16, 32, batch_first=True, bidirectional=True)
            self.head = nn.Linear(64, 3)

        def forward(self, x, lengths):
            x = F.dropout(self.letters(x), 0.2, self.training)
            x = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            _, (h, _) = self.lstm(x)
            return self.head(F.dropout(torch.cat([h[0], h[1]], 1), 0.2, self.training))

python examples/networks/lstm_classifier.py
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.typing import ArrayLike

from jaxgrad import functional as F
from jaxgrad import optim, replay, schedules, state_dict
from jaxgrad.autograd import backward

Arrays = dict[str, jax.Array]
Masks = tuple[jax.Array, jax.Array]


def initial(
    state: replay.State, letters: int = 7, features: int = 16, hidden: int = 32, classes: int = 3
) -> tuple[Arrays, replay.State]:
    """The parameters that `Classifier()` starts with."""
    layers = {}
    layers["letters"], state = replay.embedding(state, letters, features, padding_idx=0)
    layers["lstm"], state = replay.lstm(state, features, hidden, bidirectional=True)
    layers["head"], state = replay.linear(state, 2 * hidden, classes)
    return state_dict.flatten(layers), state


def network(
    p: Arrays, words: ArrayLike, lengths: ArrayLike, masks: Masks | None = None
) -> jax.Array:
    """The logits of words (N, letters) with their lengths (N,).

    In training there are masks of dropout: for the letters, of shape (N, letters, features), and
    for the states at both ends, of shape (N, 2 hidden).
    """
    x = F.embedding(words, p["letters.weight"], padding_idx=0)
    x = x if masks is None else x * masks[0]
    lstm = state_dict.nest(p)["lstm"]
    _, (h, _) = F.lstm(x, None, lstm, batch_first=True, lengths=lengths)
    ends = jnp.concatenate([h[0], h[1]], 1)
    ends = ends if masks is None else ends * masks[1]
    return F.linear(ends, p["head.weight"], p["head.bias"])


def loss(
    p: Arrays, words: ArrayLike, lengths: ArrayLike, target: ArrayLike, masks: Masks
) -> jax.Array:
    """The cross entropy of a batch."""
    return F.cross_entropy(network(p, words, lengths, masks), target)


@functools.partial(jax.jit, static_argnames="optimizer")
def step(p, opt_state, batch, optimizer):
    """One step of training: all that changes, and the loss before it."""
    value, grads = backward(loss)(p, *batch)
    updates, opt_state = optimizer.update(grads, opt_state, p)
    return optax.apply_updates(p, updates), opt_state, value


def drawn_masks(
    state: replay.State, p: Arrays, shape: tuple[int, int]
) -> tuple[Masks, replay.State]:
    """The masks of a batch of words, in the order in which `forward` draws them."""
    features, dtype = p["letters.weight"].shape[1], p["letters.weight"].dtype
    inner, state = replay.dropout(state, jnp.ones((*shape, features), dtype), 0.2)
    ends = jnp.ones((shape[0], p["head.weight"].shape[1]), dtype)
    outer, state = replay.dropout(state, ends, 0.2)
    return (inner, outer), state


def train(
    p: Arrays,
    state: replay.State,
    data: tuple[np.ndarray, ...],
    *,
    epochs: int,
    batch_size: int = 50,
    lr: float = 0.01,
) -> tuple[Arrays, np.ndarray]:
    """The parameters after some epochs on (words, lengths, target), and the loss of each step."""
    size = len(data[0])
    steps_per_epoch = -(-size // batch_size)
    # StepLR(optimizer, epochs // 3), with scheduler.step() after each epoch
    schedule = schedules.step_lr(lr, epochs // 3 * steps_per_epoch)
    optimizer = optax.chain(optim.clip_grad_norm(1.0), optim.adamw(schedule))
    opt_state, losses = optimizer.init(p), []
    for _ in range(epochs):
        batches, state = replay.data_loader(state, size, batch_size, shuffle=True)
        for rows in batches:
            masks, state = drawn_masks(state, p, (len(rows), data[0].shape[1]))
            batch = *(array[rows] for array in data), masks
            p, opt_state, value = step(p, opt_state, batch, optimizer)
            losses.append(value)
    return p, np.array(jax.device_get(losses))


def made(
    state: replay.State, count: int, longest: int = 12
) -> tuple[tuple[np.ndarray, ...], replay.State]:
    """Words of the letters 1 to 6 with zeros after their ends, their lengths, and their classes.

    The class says which of the letters 1, 2 and 3 is the most frequent, the first among equals.
    """
    drawn, state = replay.randint(state, 1, 7, (count, longest))
    lengths, state = replay.randint(state, 1, longest + 1, (count,))
    drawn, lengths = np.asarray(drawn), np.asarray(lengths)
    words = np.where(np.arange(longest) < lengths[:, None], drawn, 0)
    counts = (words[:, :, None] == np.arange(1, 4)).sum(1)
    return (words, lengths, counts.argmax(1)), state


def main() -> float:
    """Trains on 1,000 words and reads 500; returns the largest difference from PyTorch's losses."""
    state = replay.manual_seed(0)
    data, state = made(state, 1500)
    seen, unseen = ([array[part] for array in data] for part in np.split(np.arange(1500), [1000]))
    p, state = initial(state)
    epochs = len(LOSSES)
    p, losses = train(p, state, (*seen,), epochs=epochs)

    means = losses.reshape(epochs, -1).mean(1)
    for epoch, (value, theirs) in enumerate(zip(means, LOSSES, strict=True), 1):
        print(f"epoch {epoch}: loss {value:.4f}, in PyTorch {theirs:.4f}")
    words, lengths, target = unseen
    right = int((np.argmax(network(p, words, lengths), 1) == target).sum())
    print(f"{right} of {len(target)} unseen words are told apart")
    return float(np.abs(means - LOSSES).max())


LOSSES = [
    *(0.65912, 0.31109, 0.20374, 0.15895, 0.10921, 0.09867),
    *(0.08155, 0.08478, 0.08132, 0.09182, 0.07539, 0.08107),
]
"""The mean loss of each epoch, measured with PyTorch."""


if __name__ == "__main__":
    main()
