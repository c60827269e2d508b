"""A convolutional network that reads handwritten digits, trained as PyTorch trains it.

The 1,797 pictures are scikit-learn's (`pip install scikit-learn`). Everything else is drawn from
the seed 0, in PyTorch's order: the split, the weights, the batches and the masks of dropout. So the
losses are those of PyTorch's script.

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 16, 3, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(16)
            self.conv2 = nn.Conv2d(16, 32, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(32)
            self.fc = nn.Linear(128, 10)

        def forward(self, x):
            x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
            x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
            return self.fc(F.dropout(x.flatten(1), 0.25, self.training))

python examples/networks/digits_cnn.py
"""

import functools
import importlib

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxgrad import functional as F
from jaxgrad import init, optim, replay, schedules, state_dict
from jaxgrad.autograd import backward

Arrays = dict[str, jax.Array]


def initial(
    state: replay.State, channels: tuple[int, int] = (16, 32), classes: int = 10
) -> tuple[Arrays, Arrays, replay.State]:
    """The parameters and the running statistics that `Net()` starts with."""
    first, second = channels
    layers = {"bn1": init.batch_norm(first), "bn2": init.batch_norm(second)}
    layers["conv1"], state = replay.conv2d(state, 1, first, 3, bias=False)
    layers["conv2"], state = replay.conv2d(state, first, second, 3, bias=False)
    layers["fc"], state = replay.linear(state, 4 * second, classes)
    return *state_dict.split(state_dict.flatten(layers)), state


def batch_norm(
    p: Arrays, stats: Arrays, name: str, x: jax.Array, training: bool
) -> tuple[jax.Array, Arrays]:
    """`nn.BatchNorm2d`: its output, and all statistics after it."""
    mean, var = stats[f"{name}.running_mean"], stats[f"{name}.running_var"]
    weight, bias = p[f"{name}.weight"], p[f"{name}.bias"]
    if training:
        new_mean, new_var = F.running_stats(x, mean, var)
        stats = stats | {
            f"{name}.running_mean": new_mean,
            f"{name}.running_var": new_var,
            f"{name}.num_batches_tracked": stats[f"{name}.num_batches_tracked"] + 1,
        }
    return F.batch_norm(x, mean, var, weight, bias, training), stats


def network(
    p: Arrays, stats: Arrays, x: jax.Array, mask: jax.Array | None = None
) -> tuple[jax.Array, Arrays]:
    """The logits of pictures (N, 1, 8, 8), and the statistics after them.

    A mask of dropout, of shape (N, features of fc), makes this a step of training.
    """
    training = mask is not None
    for n in (1, 2):
        x = F.conv2d(x, p[f"conv{n}.weight"], padding=1)
        x, stats = batch_norm(p, stats, f"bn{n}", x, training)
        x = F.max_pool2d(F.relu(x), 2)
    x = x.reshape(x.shape[0], -1)
    return F.linear(x * mask if training else x, p["fc.weight"], p["fc.bias"]), stats


def loss(p: Arrays, stats: Arrays, x: jax.Array, target: jax.Array, mask: jax.Array):
    """The cross entropy of a batch, and the statistics after it."""
    logits, stats = network(p, stats, x, mask)
    return F.cross_entropy(logits, target), stats


@functools.partial(jax.jit, static_argnames="optimizer")
def step(p, stats, opt_state, batch, optimizer):
    """One step of training: all that changes, and the loss before it."""
    (value, stats), grads = backward(loss, has_aux=True)(p, stats, *batch)
    updates, opt_state = optimizer.update(grads, opt_state, p)
    return optax.apply_updates(p, updates), stats, opt_state, value


def train(
    p: Arrays,
    stats: Arrays,
    state: replay.State,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    epochs: int,
    batch_size: int = 50,
    lr: float = 0.1,
) -> tuple[Arrays, Arrays, np.ndarray]:
    """The parameters and the statistics after some epochs, and the loss of each step."""
    steps = epochs * -(-len(images) // batch_size)
    schedule = schedules.cosine_annealing_lr(lr, T_max=steps)
    optimizer = optim.sgd(schedule, momentum=0.9, weight_decay=5e-4)
    opt_state, losses = optimizer.init(p), []
    for _ in range(epochs):
        batches, state = replay.data_loader(state, len(images), batch_size, shuffle=True)
        for rows in batches:
            ones = jnp.ones((len(rows), p["fc.weight"].shape[1]), images.dtype)
            mask, state = replay.dropout(state, ones, 0.25)
            batch = images[rows], labels[rows], mask
            p, stats, opt_state, value = step(p, stats, opt_state, batch, optimizer)
            losses.append(value)
    return p, stats, np.array(jax.device_get(losses))


def main() -> float:
    """Trains on 1,500 digits and reads the others; returns the largest difference from PyTorch."""
    digits = importlib.import_module("sklearn.datasets").load_digits()
    images = (digits.images[:, None] / 16).astype(np.float32)
    state = replay.manual_seed(0)
    (seen, unseen), state = replay.random_split(state, len(images), [1500, 297])
    p, stats, state = initial(state)
    epochs = len(LOSSES)
    p, stats, losses = train(p, stats, state, images[seen], digits.target[seen], epochs=epochs)

    means = losses.reshape(epochs, -1).mean(1)
    for epoch, (value, theirs) in enumerate(zip(means, LOSSES, strict=True), 1):
        print(f"epoch {epoch}: loss {value:.4f}, in PyTorch {theirs:.4f}")
    logits, _ = network(p, stats, images[unseen])
    right = int((np.argmax(logits, 1) == digits.target[unseen]).sum())
    print(f"{right} of {len(unseen)} unseen digits are read")
    return float(np.abs(means - LOSSES).max())


LOSSES = [1.03747, 0.15936, 0.0839, 0.07695, 0.04523, 0.04151, 0.03188, 0.02588]
"""The mean loss of each epoch, measured with PyTorch."""


if __name__ == "__main__":
    main()
