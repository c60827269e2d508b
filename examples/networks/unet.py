"""A U-Net as a function of its state dict, by the names of the public PyTorch-UNet (milesial).

python examples/networks/unet.py
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax

import jaxgrad.functional as F
from jaxgrad import init, optim, replay
from jaxgrad.autograd import backward
from jaxgrad.state_dict import split

State = dict[str, jax.Array]
LEVELS = (1, 2, 3, 4)


def unet(p: State, x: jax.Array, training: bool = False) -> tuple[jax.Array, State]:
    """`model(x)`, and the state dict after it.

    Args:
        p: the state dict. Without weights `up1.up.weight` pictures are enlarged by interpolation:
            `bilinear=True`. All channels and the number of classes are read off the weights.
        x: pictures (N, channels, H, W) of any size from 16 on.
        training: whether the statistics of the batch are taken, and the running ones renewed.

    Returns:
        (logits (N, classes, H, W), p with the new running statistics).
    """
    x, p = double_conv(p, "inc", x, training)
    kept = []
    for level in LEVELS:
        kept.append(x)
        x, p = double_conv(p, f"down{level}.maxpool_conv.1", F.max_pool2d(x, 2), training)
    for level in LEVELS:
        x = joined(kept.pop(), enlarged(p, f"up{level}.up", x))
        x, p = double_conv(p, f"up{level}.conv", x, training)
    return F.conv2d(x, p["outc.conv.weight"], p["outc.conv.bias"]), p


def double_conv(p: State, name: str, x: jax.Array, training: bool) -> tuple[jax.Array, State]:
    """Two times a convolution, a norm and relu."""
    for conv, norm in ((f"{name}.double_conv.{i}", f"{name}.double_conv.{i + 1}") for i in (0, 3)):
        x = F.conv2d(x, p[f"{conv}.weight"], p[f"{conv}.bias"], padding=1)
        x, p = batch_norm(p, norm, x, training)
        x = F.relu(x)
    return x, p


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


def enlarged(p: State, name: str, x: jax.Array) -> jax.Array:
    """Pictures at twice the size."""
    if f"{name}.weight" in p:
        return F.conv_transpose2d(x, p[f"{name}.weight"], p[f"{name}.bias"], stride=2)
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)


def joined(kept: jax.Array, x: jax.Array) -> jax.Array:
    """The channels of both; `x` gets zeros around it where the pooling has dropped a row."""
    down, right = (kept.shape[axis] - x.shape[axis] for axis in (2, 3))
    x = F.pad(x, (right // 2, right - right // 2, down // 2, down - down // 2))
    return jnp.concatenate([kept, x], axis=1)


def initial(
    state: replay.State, channels: int, classes: int, width: int = 64, bilinear: bool = False
) -> tuple[State, replay.State]:
    """The state dict of `UNet(channels, classes, bilinear)`, and the next state.

    `width` is 64 in PyTorch-UNet: the channels of the first level, which each level doubles.
    """
    sizes, factor = [width * 2**level for level in range(5)], 2 if bilinear else 1
    parts = {}
    parts["inc"], state = initial_double(state, channels, width, width)
    for level in LEVELS:
        inner, out = sizes[level - 1], sizes[level] // (factor if level == 4 else 1)
        parts[f"down{level}.maxpool_conv.1"], state = initial_double(state, inner, out, out)
    for level in LEVELS:
        inner, out = sizes[5 - level], sizes[4 - level] // (factor if level < 4 else 1)
        if not bilinear:
            parts[f"up{level}.up"], state = replay.conv_transpose2d(state, inner, inner // 2, 2)
        middle = inner // 2 if bilinear else out
        parts[f"up{level}.conv"], state = initial_double(state, inner, middle, out)
    parts["outc.conv"], state = replay.conv2d(state, width, classes, 1)
    return named(parts), state


def initial_double(
    state: replay.State, channels: int, middle: int, out: int
) -> tuple[State, replay.State]:
    """What a `DoubleConv` starts with, and the next state."""
    first, state = replay.conv2d(state, channels, middle, 3)
    second, state = replay.conv2d(state, middle, out, 3)
    norms = (init.batch_norm(size, dtype=jnp.float32) for size in (middle, out))
    layers = zip("0134", (first, next(norms), second, next(norms)), strict=True)
    return named({f"double_conv.{number}": layer for number, layer in layers}), state


def named(parts: dict[str, State]) -> State:
    """A state dict of the parts of a network."""
    return {f"{part}.{name}": value for part, p in parts.items() for name, value in p.items()}


OPTIMIZER = optim.adam(lr=5e-3)


@jax.jit
def step(params, buffers, opt_state, x, target):
    """One step of training: all that changes goes in and comes out."""

    def loss(params):
        logits, p = unet(params | buffers, x, training=True)
        return F.cross_entropy(logits, target), split(p)[1]

    (value, buffers), grads = backward(loss, has_aux=True)(params)
    updates, opt_state = OPTIMIZER.update(grads, opt_state, params)
    return optax.apply_updates(params, updates), buffers, opt_state, value


def discs(state: replay.State, count: int, size: int = 40):
    """Noisy pictures with a disc, where it is (1) and where not (0), and the next state."""
    places, state = replay.rand(state, (count, 3, 1, 1))
    noise, state = replay.randn(state, (count, 1, size, size))
    row, column = np.indices((size, size)) / size
    y, x, radius = np.moveaxis(np.asarray(places), 1, 0)
    disc = np.hypot(row - 0.3 - 0.4 * y, column - 0.3 - 0.4 * x) < 0.1 + 0.2 * radius
    return jnp.asarray(disc[:, None], jnp.float32) + noise / 2, jnp.asarray(disc, int), state


def main() -> float:
    """Learns to find discs; returns the share of the pixels of new pictures that it mistakes."""
    p, state = initial(replay.manual_seed(0), channels=1, classes=2, width=4)
    params, buffers = split(p)
    opt_state = OPTIMIZER.init(params)
    for number in range(1, 61):
        x, target, state = discs(state, 8)
        params, buffers, opt_state, value = step(params, buffers, opt_state, x, target)
        if number % 15 == 0:
            print(f"step {number}: loss {value:.3f}")
    x, target, _ = discs(state, 8)
    found = jax.jit(unet)(params | buffers, x)[0].argmax(1)
    for row in np.asarray(found[0] + 2 * target[0])[::2]:
        print("".join(".-o#"[cell] for cell in row))  # - too much, o missing, # found
    wrong = float(jnp.mean(found != target))
    print(f"{wrong:.1%} of the pixels of 8 new pictures are mistaken")
    return wrong


if __name__ == "__main__":
    main()
