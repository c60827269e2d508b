"""torchvision's VisionTransformer as a function of its state dict.

python examples/networks/vit.py

Trained weights need no conversion: vit(state_dict.load("vit_b_16-c867db91.pth"), x, heads=12).
"""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import optax

import jaxgrad.functional as F
from jaxgrad import init, optim, replay
from jaxgrad.autograd import backward

State = dict[str, jax.Array]
PARTS = {
    "ln_1": "norm1",
    "self_attention": "self_attn",
    "ln_2": "norm2",
    "mlp.0": "linear1",
    "mlp.3": "linear2",
    "mlp.linear_1": "linear1",  # as torchvision's older files have it
    "mlp.linear_2": "linear2",
}
"""The parts of a layer, and what `nn.TransformerEncoderLayer` calls them."""


def vit(p: State, x: jax.Array, heads: int) -> jax.Array:
    """`VisionTransformer(…).eval()(x)`: there is no dropout.

    Args:
        p: the state dict. The sizes of image and patches are read off the weights.
        x: images (N, 3, H, W).
        heads: of each attention; the only number that the state dict does not tell.

    Returns:
        logits (N, classes).
    """
    weight = p["conv_proj.weight"]
    x = F.conv2d(x, weight, p["conv_proj.bias"], stride=weight.shape[-1])
    x = x.reshape(*x.shape[:2], -1).swapaxes(1, 2)  # (N, patches, features)
    token = jnp.zeros_like(x[:, :1]) + p["class_token"]
    x = jnp.concatenate([token, x], axis=1) + p["encoder.pos_embedding"]
    options = {"activation": "gelu", "norm_first": True, "layer_norm_eps": 1e-6}
    for number in range(sum(name.endswith(".ln_1.weight") for name in p)):
        layer = entries(p, f"encoder.layers.encoder_layer_{number}.")
        x = F.transformer_encoder_layer(x, layer, heads, batch_first=True, **options)
    x = F.layer_norm(x[:, 0], x.shape[2:], p["encoder.ln.weight"], p["encoder.ln.bias"], 1e-6)
    return F.linear(x, p["heads.head.weight"], p["heads.head.bias"])


def entries(p: State, prefix: str) -> State:
    """The entries of a layer, by the names of `nn.TransformerEncoderLayer`."""
    return {
        name.replace(f"{prefix}{part}", other): value
        for name, value in p.items()
        for part, other in PARTS.items()
        if name.startswith(f"{prefix}{part}.")
    }


def initial(
    state: replay.State,
    image: int,
    patch: int,
    layers: int,
    heads: int,
    size: int,
    hidden: int,
    classes: int,
) -> tuple[State, replay.State]:
    """The state dict of `VisionTransformer(image, …, num_classes=classes)`, and the next state.

    The constructor draws PyTorch's default weights of each layer, and then others for most.
    """
    shape, length = (size, 3, patch, patch), (image // patch) ** 2 + 1
    _, state = replay.conv2d(state, 3, size, patch)
    embedding, state = replay.normal(state, 0.0, 0.02, (1, length, size))
    parts = {"conv_proj": {}, "encoder": {"pos_embedding": embedding}}
    for number in range(layers):
        name = f"encoder.layers.encoder_layer_{number}"
        parts[f"{name}.ln_1"] = init.layer_norm(size, dtype=jnp.float32)
        parts[f"{name}.self_attention"], state = replay.multihead_attention(state, size, heads)
        parts[f"{name}.ln_2"] = init.layer_norm(size, dtype=jnp.float32)
        _, state = replay.linear(state, size, hidden)
        _, state = replay.linear(state, hidden, size)
        for part, out, inner in (("mlp.0", hidden, size), ("mlp.3", size, hidden)):
            weight, state = replay.xavier_uniform(state, (out, inner))
            bias, state = replay.normal(state, 0.0, 1e-6, out)
            parts[f"{name}.{part}"] = {"weight": weight, "bias": bias}
    parts["encoder.ln"] = init.layer_norm(size, dtype=jnp.float32)
    _, state = replay.linear(state, size, classes)
    weight, state = replay.trunc_normal(state, shape, std=math.sqrt(1 / math.prod(shape[1:])))
    zeros = functools.partial(jnp.zeros, dtype=jnp.float32)
    parts["conv_proj"] = {"weight": weight, "bias": zeros(size)}
    parts["heads.head"] = {"weight": zeros((classes, size)), "bias": zeros(classes)}
    named = {f"{part}.{name}": value for part, p in parts.items() for name, value in p.items()}
    return {"class_token": zeros((1, 1, size))} | named, state


OPTIMIZER = optim.adamw(lr=3e-3)


@functools.partial(jax.jit, static_argnames="heads")
def step(p: State, opt_state, x: jax.Array, target: jax.Array, heads: int):
    """One step of training: all that changes goes in and comes out."""
    value, grads = backward(lambda p: F.cross_entropy(vit(p, x, heads), target))(p)
    updates, opt_state = OPTIMIZER.update(grads, opt_state, p)
    return optax.apply_updates(p, updates), opt_state, value


def stripes(state: replay.State, count: int):
    """Noisy stripes in one of four directions, which direction that is, and the next state."""
    target, state = replay.randint(state, 0, 4, count)
    noise, state = replay.randn(state, (count, 3, 16, 16))
    row, column = np.indices((16, 16))
    angle = np.asarray(target)[:, None, None] * np.pi / 4
    wave = np.sin(np.cos(angle) * row + np.sin(angle) * column)
    return jnp.asarray(wave[:, None], jnp.float32) + noise, target, state


def main() -> float:
    """Learns to see the direction of stripes; returns the share of new images told wrongly."""
    sizes = {"image": 16, "patch": 4, "layers": 2, "size": 32, "hidden": 64, "classes": 4}
    p, state = initial(replay.manual_seed(0), heads=4, **sizes)
    opt_state = OPTIMIZER.init(p)
    for number in range(1, 81):
        x, target, state = stripes(state, 32)
        p, opt_state, value = step(p, opt_state, x, target, heads=4)
        if number % 20 == 0:
            print(f"step {number}: loss {value:.3f}")
    x, target, _ = stripes(state, 500)
    wrong = float(jnp.mean(vit(p, x, heads=4).argmax(1) != target))
    print(f"{1 - wrong:.1%} of 500 new images are told rightly")
    return wrong


if __name__ == "__main__":
    main()
