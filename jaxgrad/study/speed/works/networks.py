"""One step of training of a whole network: loss, gradient of every parameter, and optimizer.

All sides share the weights and the text of the network. What differs is the functions that it
calls: PyTorch's, those of `jaxgrad.functional`, or what a porter writes in plain JAX.
"""

from .recurrent import PLAIN_LSTM
from .work import Work

_TORCH = """\
import numpy as np, torch
import torch.nn.functional as F
rng = np.random.default_rng(0)
{weights}
p = {{name: torch.tensor(value, device=device, requires_grad=True) for name, value in p.items()}}
stats, batch = ({{name: torch.tensor(value, device=device) for name, value in tree.items()}}
                for tree in (stats, batch))
{torch}
{network}
optimizer = {optimizer}
{decorator}
def loss(p, stats, batch):
    return network(p, stats, **batch)[0]

def work():
    optimizer.zero_grad()
    value = loss(p, stats, batch)
    value.backward()
    optimizer.step()
    return value.detach()

work"""

_JAX = """\
import functools, jax, jax.numpy as jnp, numpy as np, optax
import jaxgrad.functional as F
from jaxgrad import optim
rng = np.random.default_rng(0)
{weights}
p, stats, batch = jax.tree.map(jnp.asarray, (p, stats, batch))
{functions}
{network}
optimizer = {optimizer}

@functools.partial(jax.jit, donate_argnums=(0, 1, 2))
def step(p, stats, state, batch):
    (value, stats), grads = jax.value_and_grad(network, has_aux=True)(p, stats, **batch)
    updates, state = optimizer.update(grads, state, p)
    return optax.apply_updates(p, updates), stats, state, value

held = [p, stats, optimizer.init(p)]

def work():
    *held[:], value = jax.block_until_ready(step(*held, batch))
    return value

work"""

_RESNET_WEIGHTS = """\
p, stats = {}, {}
def convolution(name, out, channels, size):
    scale = (2 / (out * size * size)) ** 0.5
    p[name] = np.float32(rng.normal(0, scale, (out, channels, size, size)))
    p[name + ".weight"], p[name + ".bias"] = np.ones(out, "f4"), np.zeros(out, "f4")
    stats[name + ".mean"], stats[name + ".var"] = np.zeros(out, "f4"), np.ones(out, "f4")

convolution("first", 64, 3, 7)
before, WIDTHS = 64, (64, 128, 256, 512)
for i, width in enumerate(WIDTHS):
    for j in range(2):
        convolution(f"{i}.{j}.a", width, before, 3)
        convolution(f"{i}.{j}.b", width, width, 3)
        if before != width:
            convolution(f"{i}.{j}.down", width, before, 1)
        before = width
p["last"], p["bias"] = np.float32(rng.normal(0, 0.03, (1000, before))), np.zeros(1000, "f4")
batch = {"x": np.float32(rng.normal(size=(8, 3, 64, 64))), "target": rng.integers(0, 1000, 8)}
"""

_RESNET = """\
def network(p, stats, x, target):
    stats = dict(stats)
    def layer(name, x, stride, padding):
        x = conv(x, p[name], stride, padding)
        x, stats[name + ".mean"], stats[name + ".var"] = norm(
            x, stats[name + ".mean"], stats[name + ".var"], p[name + ".weight"], p[name + ".bias"])
        return x

    x = pool(relu(layer("first", x, 2, 3)))
    for i in range(4):
        for j in range(2):
            stride = 2 if i > 0 and j == 0 else 1
            y = relu(layer(f"{i}.{j}.a", x, stride, 1))
            y = layer(f"{i}.{j}.b", y, 1, 1)
            x = relu(y + (layer(f"{i}.{j}.down", x, stride, 0) if f"{i}.{j}.down" in p else x))
    return cross_entropy(linear(x.mean((2, 3)), p["last"], p["bias"]), target), stats
"""

_RESNET_SAME = """\
relu, linear, cross_entropy = F.relu, F.linear, F.cross_entropy
def conv(x, w, stride, padding):
    return F.conv2d(x, w, None, stride, padding)

def pool(x):
    return F.max_pool2d(x, 3, 2, 1)
"""

_RESNET_TORCH = f"""\
{_RESNET_SAME}
def norm(x, mean, var, w, b):
    return F.batch_norm(x, mean, var, w, b, training=True), mean, var
"""

_RESNET_OURS = f"""\
{_RESNET_SAME}
def norm(x, mean, var, w, b):
    y = F.batch_norm(x, None, None, w, b, training=True)
    return y, *F.running_stats(x, mean, var)
"""

_PLAIN_LOSS = """\
def cross_entropy(logits, target):
    return optax.softmax_cross_entropy_with_integer_labels(logits, target).mean()

def linear(x, w, b):
    return x @ w.T + b
"""

_RESNET_PLAIN = f"""\
relu = jax.nn.relu
{_PLAIN_LOSS}
def conv(x, w, stride, padding):
    return jax.lax.conv_general_dilated(x, w, (stride, stride), ((padding, padding),) * 2)

def norm(x, mean, var, w, b):
    m, v = x.mean((0, 2, 3)), x.var((0, 2, 3))
    size = x.size // x.shape[1]
    scale = w * jax.lax.rsqrt(v + 1e-5)
    y = (x - m[:, None, None]) * scale[:, None, None] + b[:, None, None]
    return y, 0.9 * mean + 0.1 * m, 0.9 * var + 0.1 * v * (size / (size - 1))

def pool(x):
    ends = ((0, 0), (0, 0), (1, 1), (1, 1))
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 3, 3), (1, 1, 2, 2), ends)
"""

_LSTM_WEIGHTS = """\
def uniform(*shape):
    return np.float32(rng.uniform(-0.06, 0.06, shape))

L, N, I, H = 100, 32, 128, 256
p = {"weight_ih_l0": uniform(4 * H, I), "weight_hh_l0": uniform(4 * H, H),
     "bias_ih_l0": uniform(4 * H), "bias_hh_l0": uniform(4 * H),
     "last": uniform(10, H), "bias": uniform(10)}
stats = {}
batch = {"x": np.float32(rng.normal(size=(L, N, I))), "target": rng.integers(0, 10, N)}
"""

_LSTM = """\
def network(p, stats, x, target):
    return cross_entropy(linear(lstm(x, p)[-1], p["last"], p["bias"]), target), stats
"""

_LSTM_TORCH = """\
linear, cross_entropy = F.linear, F.cross_entropy
NAMES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
def lstm(x, p):
    zeros = x.new_zeros(1, N, H)
    weights = [p[name] for name in NAMES]
    return torch.lstm(x, (zeros, zeros), weights, True, 1, 0.0, True, False, False)[0]
"""

_LSTM_OURS = """\
linear, cross_entropy = F.linear, F.cross_entropy
def lstm(x, p):
    weights = {name: value for name, value in p.items() if name.endswith("l0")}
    return F.lstm(x, None, weights)[0]
"""

_LSTM_PLAIN = f"""\
{_PLAIN_LOSS}
{PLAIN_LSTM}"""

_GPT_WEIGHTS = """\
def normal(*shape):
    return np.float32(rng.normal(0, 0.02, shape))

LAYERS, E, HEADS, T, WORDS = 4, 256, 8, 256, 5000
p = {"wte": normal(WORDS, E), "wpe": normal(T, E)}
def norm_of(name):
    p[name + ".weight"], p[name + ".bias"] = np.ones(E, "f4"), np.zeros(E, "f4")

for i in range(LAYERS):
    norm_of(f"{i}.ln_1"), norm_of(f"{i}.ln_2")
    for name, out, size in (("attn", 3, 1), ("proj", 1, 1), ("fc", 4, 1), ("back", 1, 4)):
        p[f"{i}.{name}.weight"] = normal(out * E, size * E)
        p[f"{i}.{name}.bias"] = np.zeros(out * E, "f4")
norm_of("ln_f")
stats = {}
tokens = rng.integers(0, WORDS, (4, T + 1))
batch = {"x": tokens[:, :-1], "target": tokens[:, 1:]}
"""

_GPT = """\
def network(p, stats, x, target):
    def dense(name, x):
        return linear(x, p[name + ".weight"], p[name + ".bias"])

    def norm(name, x):
        return layer_norm(x, p[name + ".weight"], p[name + ".bias"])

    x = embedding(x, p["wte"]) + p["wpe"]
    for i in range(LAYERS):
        heads = dense(f"{i}.attn", norm(f"{i}.ln_1", x)).reshape(4, T, 3, HEADS, E // HEADS)
        x = x + dense(f"{i}.proj", attention(heads).reshape(4, T, E))
        x = x + dense(f"{i}.back", gelu(dense(f"{i}.fc", norm(f"{i}.ln_2", x))))
    logits = norm("ln_f", x) @ p["wte"].T
    return cross_entropy(logits.reshape(4 * T, WORDS), target.reshape(4 * T)), stats
"""

_GPT_SAME = """\
linear, cross_entropy, embedding = F.linear, F.cross_entropy, F.embedding
def layer_norm(x, w, b):
    return F.layer_norm(x, (E,), w, b)

def gelu(x):
    return F.gelu(x, approximate="tanh")
"""

_GPT_TORCH = f"""\
{_GPT_SAME}
def attention(heads):
    q, k, v = heads.permute(2, 0, 3, 1, 4)
    return F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2)
"""

_GPT_OURS = f"""\
{_GPT_SAME}
def attention(heads):
    q, k, v = heads.transpose(2, 0, 3, 1, 4)
    return F.scaled_dot_product_attention(q, k, v, is_causal=True).swapaxes(1, 2)
"""

_GPT_PLAIN = f"""\
{_PLAIN_LOSS}
gelu = jax.nn.gelu
def embedding(tokens, w):
    return w[tokens]

def layer_norm(x, w, b):
    m, v = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - m) * jax.lax.rsqrt(v + 1e-5) * w + b

def attention(heads):
    return jax.nn.dot_product_attention(*jnp.moveaxis(heads, 2, 0), is_causal=True)
"""

_SGD = {
    "torch": "torch.optim.SGD(p.values(), 0.01, 0.9)",
    "jax": "optax.sgd(0.01, 0.9)",
    "jaxgrad": "optim.sgd(0.01, 0.9)",
}
_ADAM = {
    "torch": "torch.optim.Adam(p.values(), 0.001)",
    "jax": "optax.adam(0.001)",
    "jaxgrad": "optim.adam(0.001)",
}


def step(
    name: str,
    weights: str,
    network: str,
    functions: tuple[str, str, str],
    optimizers: dict[str, str],
    times: str,
) -> Work:
    """One step of training; the functions are those of PyTorch, jaxgrad and plain JAX."""
    torch, ours, plain = functions
    shared = {"weights": weights, "network": network}
    theirs = {**shared, "torch": torch, "optimizer": optimizers["torch"]}
    code = {
        "torch": _TORCH.format(decorator="", **theirs),
        "torch.compile": _TORCH.format(decorator="@torch.compile", **theirs),
        "jax": _JAX.format(functions=plain, optimizer=optimizers["jax"], **shared),
        "jaxgrad": _JAX.format(functions=ours, optimizer=optimizers["jaxgrad"], **shared),
    }
    return Work(family="networks", name=name, times=times, code=code)


WORKS = (
    step(
        "a step of ResNet-18, (8, 3, 64, 64), SGD with momentum",
        _RESNET_WEIGHTS,
        _RESNET,
        (_RESNET_TORCH, _RESNET_OURS, _RESNET_PLAIN),
        _SGD,
        "functional.conv2d, functional.batch_norm, optim.sgd",
    ),
    step(
        "a step of an LSTM, (100, 32, 128) to 256 to 10 classes, Adam",
        _LSTM_WEIGHTS,
        _LSTM,
        (_LSTM_TORCH, _LSTM_OURS, _LSTM_PLAIN),
        _ADAM,
        "functional.lstm, optim.adam",
    ),
    step(
        "a step of a GPT, 4 x 256 tokens of 5,000, 4 layers of 256 in 8 heads, Adam",
        _GPT_WEIGHTS,
        _GPT,
        (_GPT_TORCH, _GPT_OURS, _GPT_PLAIN),
        _ADAM,
        "functional.scaled_dot_product_attention, functional.layer_norm, optim.adam",
    ),
)
