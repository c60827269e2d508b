"""torchvision's ResNet-18 as a function of its state dict, trained from a seed.

python examples/networks/resnet18.py
"""

import math
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
import optax

import jaxgrad.functional as F
from jaxgrad import init, optim, replay
from jaxgrad.autograd import backward
from jaxgrad.state_dict import split

State = dict[str, jax.Array]


def resnet18(p: State, x: jax.Array, training: bool = False) -> tuple[jax.Array, State]:
    """`model(x)`, and the state dict after it.

    Args:
        p: the state dict, by torchvision's names. The number of classes is that of `fc.weight`.
        x: images (N, 3, H, W) of any size.
        training: whether the statistics of the batch are taken, and the running ones renewed.

    Returns:
        (logits (N, classes), p with the new running statistics).
    """
    x, p = batch_norm(p, "bn1", F.conv2d(x, p["conv1.weight"], stride=2, padding=3), training)
    x = F.max_pool2d(F.relu(x), 3, stride=2, padding=1)
    for layer, stride in enumerate((1, 2, 2, 2), start=1):
        x, p = block(p, f"layer{layer}.0", x, stride, training)
        x, p = block(p, f"layer{layer}.1", x, 1, training)
    x = F.adaptive_avg_pool2d(x, 1).reshape(x.shape[0], -1)
    return F.linear(x, p["fc.weight"], p["fc.bias"]), p


def block(
    p: State, name: str, x: jax.Array, stride: int, training: bool
) -> tuple[jax.Array, State]:
    """Two convolutions beside a shortcut, which is a convolution itself where the shape changes."""
    y = F.conv2d(x, p[f"{name}.conv1.weight"], stride=stride, padding=1)
    y, p = batch_norm(p, f"{name}.bn1", y, training)
    y = F.conv2d(F.relu(y), p[f"{name}.conv2.weight"], padding=1)
    y, p = batch_norm(p, f"{name}.bn2", y, training)
    if f"{name}.downsample.0.weight" in p:
        x = F.conv2d(x, p[f"{name}.downsample.0.weight"], stride=stride)
        x, p = batch_norm(p, f"{name}.downsample.1", x, training)
    return F.relu(x + y), p


def batch_norm(p: State, name: str, x: jax.Array, training: bool) -> tuple[jax.Array, State]:
    """`nn.BatchNorm2d`, and the state dict with what it writes in training."""
    weight, bias = p[f"{name}.weight"], p[f"{name}.bias"]
    mean, var = p[f"{name}.running_mean"], p[f"{name}.running_var"]
    if not training:
        return F.batch_norm(x, mean, var, weight, bias), p
    mean, var = F.running_stats(x, mean, var)
    count = p[f"{name}.num_batches_tracked"] + 1
    new = {"running_mean": mean, "running_var": var, "num_batches_tracked": count}
    p = p | {f"{name}.{entry}": value for entry, value in new.items()}
    return F.batch_norm(x, None, None, weight, bias, training=True), p


def convolutions() -> Iterator[tuple[str, str, tuple[int, int, int, int]]]:
    """The names of each convolution and of its norm, and the shape of its weight."""
    yield "conv1", "bn1", (64, 3, 7, 7)
    before = 64
    for layer, channels in enumerate((64, 128, 256, 512), start=1):
        for name in (f"layer{layer}.0", f"layer{layer}.1"):
            yield f"{name}.conv1", f"{name}.bn1", (channels, before, 3, 3)
            yield f"{name}.conv2", f"{name}.bn2", (channels, channels, 3, 3)
            if before != channels:
                yield f"{name}.downsample.0", f"{name}.downsample.1", (channels, before, 1, 1)
            before = channels


def initial(state: replay.State, classes: int = 1000) -> tuple[State, replay.State]:
    """The state dict of `torchvision.models.resnet18(num_classes=classes)`, and the next state."""
    p = {}
    # The constructor draws PyTorch's default weights first, one uniform number for each.
    _, state = replay.rand(state, sum(math.prod(shape) for _, _, shape in convolutions()))
    last, state = replay.linear(state, 512, classes)
    for conv, norm, shape in convolutions():
        p[f"{conv}.weight"], state = replay.kaiming_normal(
            state, shape, mode="fan_out", nonlinearity="relu"
        )
        entries = init.batch_norm(shape[0], dtype=jnp.float32)
        p |= {f"{norm}.{entry}": value for entry, value in entries.items()}
    return p | {f"fc.{entry}": value for entry, value in last.items()}, state


OPTIMIZER = optim.sgd(lr=0.002, momentum=0.9)


@jax.jit
def step(params, buffers, opt_state, x, target):
    """One step of training: all that changes goes in and comes out."""

    def loss(params):
        logits, p = resnet18(params | buffers, x, training=True)
        return F.cross_entropy(logits, target), split(p)[1]

    (value, buffers), grads = backward(loss, has_aux=True)(params)
    updates, opt_state = OPTIMIZER.update(grads, opt_state, params)
    return optax.apply_updates(params, updates), buffers, opt_state, value


def stripes(state: replay.State, count: int):
    """Noisy stripes in one of four directions, which direction that is, and the next state."""
    target, state = replay.randint(state, 0, 4, count)
    noise, state = replay.randn(state, (count, 3, 32, 32))
    row, column = np.indices((32, 32))
    angle = np.asarray(target)[:, None, None] * np.pi / 4
    wave = np.sin(np.cos(angle) * row + np.sin(angle) * column)
    return jnp.asarray(wave[:, None], jnp.float32) + noise / 2, target, state


LOSSES = (1.527200, 1.123319, 1.189537)
"""The first losses of PyTorch 2.13.0 and torchvision 0.28.0.

Rounding counts in the later ones: at the seventh step PyTorch gives 0.46 in float32 and 0.41 in
float64.
"""


def main() -> float:
    """Trains from a seed; returns the largest relative difference from PyTorch's first losses."""
    p, state = initial(replay.manual_seed(0), classes=4)
    params, buffers = split(p)
    opt_state, losses = OPTIMIZER.init(params), []
    for number in range(10):
        x, target, state = stripes(state, 16)
        params, buffers, opt_state, value = step(params, buffers, opt_state, x, target)
        losses.append(float(value))
        beside = f", PyTorch's {LOSSES[number]:.5f}" if number < len(LOSSES) else ""
        print(f"step {number + 1:2}: loss {value:.5f}{beside}")
    x, target, _ = stripes(state, 32)
    logits, _ = jax.jit(resnet18)(params | buffers, x)
    print(f"{jnp.mean(logits.argmax(1) == target):.0%} of 32 new pictures are told rightly")
    return max(abs(ours / theirs - 1) for ours, theirs in zip(losses, LOSSES, strict=False))


if __name__ == "__main__":
    main()
