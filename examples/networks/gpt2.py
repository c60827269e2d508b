"""GPT-2 as a function of its state dict, by the names of Hugging Face's checkpoints.

python examples/networks/gpt2.py

Trained weights need no conversion. In some files each name has a prefix:

    p = jaxgrad.state_dict.load("model.safetensors")
    p = {name.removeprefix("transformer."): value for name, value in p.items()}
"""

import functools
import math

import jax
import jax.numpy as jnp
import optax
from jax import lax

import jaxgrad.functional as F
from jaxgrad import init, optim, replay
from jaxgrad.autograd import backward

State = dict[str, jax.Array]


def gpt2(p: State, tokens: jax.Array, heads: int, caches=None, start=0):
    """`GPT2LMHeadModel(config).eval()(tokens)`: there is no dropout.

    Args:
        p: the state dict. The head is the embedding, `wte.weight`.
        tokens: (N, T).
        heads: of each attention; the only number that the state dict does not tell.
        caches: of each layer the keys and values of all positions, (2, N, heads, length, E).
            None where the tokens are the first ones.
        start: the position of the first token.

    Returns:
        (logits (N, T, vocabulary) of the tokens that come next, the caches with these tokens).
    """
    new = []
    positions = start + jnp.arange(tokens.shape[1])
    x = F.embedding(tokens, p["wte.weight"]) + F.embedding(positions, p["wpe.weight"])[None]
    for i, cache in enumerate(caches or [None] * layers(p)):
        name = f"h.{i}"
        y, cache = attention(p, f"{name}.attn", norm(p, f"{name}.ln_1", x), heads, cache, start)
        new.append(cache)
        x = x + y
        y = F.gelu(linear(p, f"{name}.mlp.c_fc", norm(p, f"{name}.ln_2", x)), "tanh")
        x = x + linear(p, f"{name}.mlp.c_proj", y)
    return F.linear(norm(p, "ln_f", x), p["wte.weight"]), new


def layers(p: State) -> int:
    """How many layers a state dict has."""
    return sum(name.endswith(".ln_1.weight") for name in p)


def attention(p: State, name: str, x: jax.Array, heads: int, cache=None, start=0):
    """For each token a mean of the values up to it, and the cache with these tokens."""
    n, length, size = x.shape
    projected = linear(p, f"{name}.c_attn", x).reshape(n, length, 3, heads, size // heads)
    q, k, v = jnp.moveaxis(projected, (2, 3), (0, 2))  # of shape (n, heads, length, size / heads)
    new = jnp.stack([k, v])
    if cache is None:
        cache, y = new, F.scaled_dot_product_attention(q, k, v, is_causal=True)
    else:
        cache = lax.dynamic_update_slice_in_dim(cache, new, start, axis=3)
        seen = jnp.arange(cache.shape[3])[None] <= start + jnp.arange(length)[:, None]
        y = F.scaled_dot_product_attention(q, cache[0], cache[1], seen)
    return linear(p, f"{name}.c_proj", y.swapaxes(1, 2).reshape(x.shape)), cache


def linear(p: State, name: str, x: jax.Array) -> jax.Array:
    """Hugging Face's Conv1D: a linear map whose weight has the shape (in, out)."""
    return F.linear(x, p[f"{name}.weight"].T, p[f"{name}.bias"])


def norm(p: State, name: str, x: jax.Array) -> jax.Array:
    """`nn.LayerNorm` over the features."""
    return F.layer_norm(x, x.shape[-1:], p[f"{name}.weight"], p[f"{name}.bias"])


def loss(logits: jax.Array, tokens: jax.Array) -> jax.Array:
    """The mean cross entropy of all tokens but the first."""
    return F.cross_entropy(logits[:, :-1].swapaxes(1, 2), tokens[:, 1:])


@functools.partial(jax.jit, static_argnames=("heads", "count"))
def generate(p: State, tokens: jax.Array, heads: int, count: int) -> jax.Array:
    """Tokens (N, T), each row followed by `count` more, always the likeliest one."""

    def likeliest(logits):
        return logits[:, -1].argmax(-1).astype(tokens.dtype)

    def step(carry, position):
        token, caches = carry
        logits, caches = gpt2(p, token[:, None], heads, caches, position)
        return (likeliest(logits), caches), token

    logits, caches = gpt2(p, tokens, heads)
    room = [(0, 0)] * 3 + [(0, count - 1), (0, 0)]
    caches = [jnp.pad(cache, room) for cache in caches]
    positions = tokens.shape[1] + jnp.arange(count - 1)
    (last, _), others = lax.scan(step, (likeliest(logits), caches), positions)
    return jnp.concatenate([tokens, others.T, last[:, None]], axis=1)


def initial(
    state: replay.State, vocabulary: int, positions: int, size: int, layers: int
) -> tuple[State, replay.State]:
    """Weights as the paper has them, one `nn.init.normal_` for each matrix, and the next state.

    The standard deviation is 0.02, and 0.02 / √(2 · layers) in front of each sum.
    """
    shapes = {"wte": (vocabulary, size), "wpe": (positions, size)}
    for i in range(layers):
        shapes |= {f"h.{i}.ln_1": (size,), f"h.{i}.attn.c_attn": (size, 3 * size)}
        shapes |= {f"h.{i}.attn.c_proj": (size, size), f"h.{i}.ln_2": (size,)}
        shapes |= {f"h.{i}.mlp.c_fc": (size, 4 * size), f"h.{i}.mlp.c_proj": (4 * size, size)}
    p = {}
    for name, shape in (shapes | {"ln_f": (size,)}).items():
        if len(shape) == 1:
            entries = init.layer_norm(size, dtype=jnp.float32)
        else:
            std = 0.02 / math.sqrt(2 * layers) if name.endswith("c_proj") else 0.02
            weight, state = replay.normal(state, 0.0, std, shape)
            entries = {"weight": weight, "bias": jnp.zeros(shape[1], jnp.float32)}
        if name in ("wte", "wpe"):
            entries.pop("bias")
        p |= {f"{name}.{entry}": value for entry, value in entries.items()}
    return p, state


TEXT = "how much wood would a woodchuck chuck if a woodchuck could chuck wood? "
OPTIMIZER = optim.adamw(lr=3e-3)


@functools.partial(jax.jit, static_argnames="heads")
def step(p: State, opt_state, tokens: jax.Array, heads: int):
    """One step of training: all that changes goes in and comes out."""
    value, grads = backward(lambda p: loss(gpt2(p, tokens, heads)[0], tokens))(p)
    updates, opt_state = OPTIMIZER.update(grads, opt_state, p)
    return optax.apply_updates(p, updates), opt_state, value


def main() -> float:
    """Learns a sentence by heart; returns the share of the letters that it then writes wrongly."""
    letters = sorted(set(TEXT))
    tokens = jnp.array([[letters.index(letter) for letter in TEXT]])
    p, _ = initial(replay.manual_seed(0), len(letters), len(TEXT), size=32, layers=2)
    opt_state = OPTIMIZER.init(p)
    for number in range(1, 201):
        p, opt_state, value = step(p, opt_state, tokens, heads=4)
        if number % 50 == 0:
            print(f"step {number}: loss {value:.3f}")
    written = generate(p, tokens[:, :8], heads=4, count=len(TEXT) - 8)[0]
    print("".join(letters[int(token)] for token in written))
    return float(jnp.mean(written != tokens[0]))


if __name__ == "__main__":
    main()
