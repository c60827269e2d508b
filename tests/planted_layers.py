"""Norms, activations, embeddings and losses with mistakes that ports of them have had."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from planting import Planted

torch = pytest.importorskip("torch")
nn, TF = torch.nn, torch.nn.functional


def standard(x, axes, eps=1e-5, ddof=0, outside=False):
    mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True, ddof=ddof)
    return (x - mean) / (jnp.sqrt(var) + eps if outside else jnp.sqrt(var + eps))


def along(p, name, axis, ndim):
    return p[name].reshape(tuple(-1 if n == axis else 1 for n in range(ndim)))


def affine(p, x, axis=1):
    return x * along(p, "weight", axis, x.ndim) + along(p, "bias", axis, x.ndim)


def group_norm(groups):
    def port(p, x, wrong=False):
        n, c, *rest = x.shape
        shape = (n, c // groups, groups) if wrong == "interleaved" else (n, groups, c // groups)
        axes = (1, *range(3, x.ndim + 1)) if wrong == "interleaved" else tuple(range(2, x.ndim + 1))
        axes = tuple(range(3, x.ndim + 1)) if wrong == "instance" else axes
        eps = 1e-6 if wrong == "eps" else 1e-5
        y = standard(x.reshape(*shape, *rest), axes, eps, ddof=int(wrong == "unbiased"))
        return affine(p, y.reshape(x.shape))

    return port


def layer_norm(p, x, wrong=False):
    axes = {"all": (1, 2), "first": 1}.get(wrong, -1)
    if wrong == "rms":
        y = x / jnp.sqrt(jnp.mean(x * x, -1, keepdims=True) + 1e-5)
    else:
        eps = 1e-6 if wrong == "eps" else 1e-5
        y = standard(x, axes, eps, int(wrong == "unbiased"), wrong == "outside")
    if wrong == "one plus":
        return y * (1 + p["weight"]) + p["bias"]
    return y if wrong == "plain" else y * p["weight"] + p["bias"]


def rms_norm(p, x, wrong=False):
    x = x - x.mean(-1, keepdims=True) if wrong == "centred" else x
    eps = 1e-5 if wrong == "eps" else 1e-6
    y = x / jnp.sqrt(jnp.mean(x * x, -1, keepdims=True) + eps)
    return y * (1 + p["weight"] if wrong == "one plus" else p["weight"])


def batch_norm(axes):
    def port(p, state, x, wrong=False):
        mean, var = x.mean(axes), x.var(axes)
        n = x.size // x.shape[1]
        running = var if wrong == "biased" else var * n / (n - 1)
        old, new = (0.1, 0.9) if wrong == "momentum" else (0.9, 0.1)
        after = {
            "running_mean": old * state["running_mean"] + new * mean,
            "running_var": old * state["running_var"] + new * running,
            "num_batches_tracked": state["num_batches_tracked"] + 1,
        }
        y = standard(x, axes, ddof=int(wrong == "unbiased"))
        return affine(p, y), after

    return port


def batch_norm_eval(p, state, x, wrong=False):
    mean, var = (along(state, f"running_{name}", 1, x.ndim) for name in ("mean", "var"))
    if wrong == "batch":
        return affine(p, standard(x, (0, 2, 3))), state
    eps = 1e-3 if wrong == "eps" else 1e-5
    return affine(p, (x - mean) / jnp.sqrt(var + eps)), state


def trained_norm():
    module = nn.BatchNorm2d(4)
    module.running_mean.normal_()
    module.running_var.uniform_(0.5, 2.0)
    return module


class Two(nn.Module):
    """An activation between two linear layers."""

    def __init__(self, activation):
        super().__init__()
        self.up, self.down, self.act = nn.Linear(4, 6), nn.Linear(6, 6), activation

    def forward(self, x):
        return self.down(self.act(self.up(x)))


def two(right, **wrongs):
    def port(p, x, wrong=False):
        up, down = p["up.weight"], p["down.weight"]
        h = x @ up.T + p["up.bias"]
        h = wrongs[wrong](h) if wrong in wrongs else right(h)
        if wrong == "transposed":
            return h @ down + p["down.bias"]
        return h @ down.T + p["down.bias"]

    return port


class Rows(nn.Module):
    """An embedding of fixed indices, times the input."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(5, 4, padding_idx=0)

    def forward(self, x, index):
        return self.embedding(index) * 2.0 + x


def rows(p, x, index, wrong=False):
    weight = p["embedding.weight"]
    if wrong != "padding":
        weight = jnp.where(jnp.arange(5)[:, None] == 0, jax.lax.stop_gradient(weight), weight)
    found = weight[index] * (1.0 if wrong == "unscaled" else 2.0)
    return found + x


class Loss(nn.Module):
    """A loss of scores."""

    def __init__(self, loss):
        super().__init__()
        self.fc, self.loss = nn.Linear(4, 5), loss

    def forward(self, x, y):
        return self.loss(self.fc(x), y)


def fc(p, x):
    return x @ p["fc.weight"].T + p["fc.bias"]


WEIGHTS = np.array([0.5, 1.0, 2.0, 1.5, 0.7], np.float32)


def cross_entropy(smoothing=0.0, weighted=False):
    def port(p, x, y, wrong=False):
        scores = jax.nn.log_softmax(fc(p, x), axis=0 if wrong == "axis" else -1)
        if wrong == "twice":
            scores = jax.nn.log_softmax(jax.nn.softmax(fc(p, x)))
        hot = jax.nn.one_hot(y, 5)
        smooth = 0.0 if wrong == "smoothing" else smoothing
        other = smooth / 4 if wrong == "others" else smooth / 5
        target = hot * (1 - smooth) + (1 - hot if wrong == "others" else 1) * other
        weights = WEIGHTS if weighted and wrong != "unweighted" else np.ones(5, np.float32)
        weights = jnp.asarray(weights)
        losses = -(target * scores * weights).sum(-1)
        if wrong == "sum":
            return losses.sum()
        if wrong == "count":
            return losses.mean()
        return losses.sum() / weights[y].sum()

    return port


def mse(p, x, y, wrong=False):
    difference = jnp.square(fc(p, x) - y)
    if wrong == "half":
        return 0.5 * difference.mean()
    if wrong == "rows":
        return difference.sum(-1).mean()
    return difference.sum() if wrong == "sum" else difference.mean()


def smooth_l1(p, x, y, wrong=False):
    d = jnp.abs(fc(p, x) - y)
    if wrong == "huber":
        return jnp.where(d < 0.5, 0.5 * d * d, 0.5 * (d - 0.25)).mean()
    beta = 1.0 if wrong == "beta" else 0.5
    return jnp.where(d < beta, 0.5 * d * d / beta, d - 0.5 * beta).mean()


def kl(p, x, y, wrong=False):
    losses = jnp.exp(y) * (y - jax.nn.log_softmax(fc(p, x)))
    return losses.mean() if wrong == "mean" else losses.sum() / len(x)


LABELS = np.array([0, 2, 1, 4, 3, 2])
REAL = np.random.default_rng(1).standard_normal((6, 5)).astype(np.float32)
LOGS = np.log(np.exp(REAL) / np.exp(REAL).sum(-1, keepdims=True))
X2, X4 = (6, 4), (2, 4, 5, 6)
LAYERS = {
    "group_norm": Planted(
        lambda: nn.GroupNorm(2, 6),
        group_norm(2),
        [(2, 6, 4, 5)],
        {
            "interleaved": ("group_norm of interleaved channels",),
            "instance": ("group_norm(num_groups=6)",),
            "eps": ("group_norm(eps=1e-06)",),
            "unbiased": ("unbiased variance",),
        },
    ),
    "group_norm of sequences": Planted(
        lambda: nn.GroupNorm(4, 8),
        group_norm(4),
        [(2, 8, 5)],
        {"interleaved": ("group_norm of interleaved channels",)},
    ),
    "layer_norm": Planted(
        lambda: nn.LayerNorm(6),
        layer_norm,
        [(3, 5, 6)],
        {
            "eps": ("layer_norm(eps=1e-06)",),
            "unbiased": ("unbiased variance",),
            "outside": ("eps added to the standard deviation",),
            "rms": ("no mean subtracted",),
            "one plus": ("1 + weight",),
            "plain": ("weight=None, bias=None",),
            "first": ("over axis 1",),
        },
    ),
    "rms_norm": Planted(
        lambda: nn.RMSNorm(6, eps=1e-6),
        rms_norm,
        [(3, 5, 6)],
        {
            "eps": ("rms_norm(eps=1e-05)",),
            "centred": ("subtracts the mean",),
            "one plus": ("1 + weight",),
        },
    ),
    "batch_norm2d": Planted(
        lambda: nn.BatchNorm2d(4),
        batch_norm((0, 2, 3)),
        [X4],
        {
            "biased": ("biased variance in running_var",),
            "momentum": ("batch_norm(momentum=0.9)",),
            "unbiased": ("with the unbiased variance, divided by n - 1",),
        },
        buffers=True,
    ),
    "batch_norm1d": Planted(
        lambda: nn.BatchNorm1d(4),
        batch_norm(0),
        [X2],
        {"biased": ("biased variance in running_var",)},
        buffers=True,
    ),
    "batch_norm without training": Planted(
        lambda: trained_norm().eval(),
        batch_norm_eval,
        [X4],
        {"eps": ("batch_norm(eps=0.001)",), "batch": ("batch_norm(training=True)",)},
        buffers=True,
    ),
    "gelu": Planted(
        lambda: Two(nn.GELU()),
        two(lambda x: jax.nn.gelu(x, approximate=False), tanh=jax.nn.gelu, silu=jax.nn.silu),
        [X2],
        {
            "tanh": ("gelu(approximate='tanh')",),
            "silu": ("silu",),
            "transposed": ("linear(weight.T)",),
        },
    ),
    "leaky_relu": Planted(
        lambda: Two(nn.LeakyReLU(0.2)),
        two(lambda x: jnp.where(x > 0, x, 0.2 * x), slope=jax.nn.leaky_relu),
        [X2],
        {"slope": ("leaky_relu(negative_slope=0.01)",)},
    ),
    "hardsigmoid": Planted(
        lambda: Two(nn.Hardsigmoid()),
        two(jax.nn.hard_sigmoid, keras=lambda x: jnp.clip(0.2 * x + 0.5, 0, 1)),
        [X2],
        {"keras": ("clip(0.2 x + 0.5, 0, 1)",)},
    ),
    "softmax": Planted(
        lambda: Two(nn.Softmax(1)),
        two(lambda x: jax.nn.softmax(x, 1), axis=lambda x: jax.nn.softmax(x, 0)),
        [X2],
        {"axis": ("softmax(dim=0)",)},
    ),
    "embedding": Planted(
        Rows,
        rows,
        [(3, 4), np.array([1, 0, 4])],
        {"padding": ("embedding(padding_idx=None)",), "unscaled": ("leaves it out",)},
    ),
    "cross_entropy": Planted(
        lambda: Loss(nn.CrossEntropyLoss()),
        cross_entropy(),
        [X2, LABELS],
        {
            "sum": ("cross_entropy(reduction='sum')",),
            "axis": ("softmax over axis 0",),
            "twice": ("a softmax before it",),
        },
    ),
    "smoothed cross_entropy": Planted(
        lambda: Loss(nn.CrossEntropyLoss(label_smoothing=0.1)),
        cross_entropy(0.1),
        [X2, LABELS],
        {
            "smoothing": ("cross_entropy(label_smoothing=0)",),
            "others": ("the other K - 1 classes",),
        },
    ),
    "weighted cross_entropy": Planted(
        lambda: Loss(nn.CrossEntropyLoss(torch.from_numpy(WEIGHTS))),
        cross_entropy(weighted=True),
        [X2, LABELS],
        {
            "unweighted": ("cross_entropy(weight=None)",),
            "count": ("divided by the number of all targets",),
        },
    ),
    "mse_loss": Planted(
        lambda: Loss(nn.MSELoss()),
        mse,
        [X2, REAL],
        {
            "half": ("half of mse_loss",),
            "rows": ("then the mean over the batch",),
            "sum": ("mse_loss(reduction='sum')",),
        },
    ),
    "smooth_l1_loss": Planted(
        lambda: Loss(nn.SmoothL1Loss(beta=0.5)),
        smooth_l1,
        [X2, REAL],
        {
            "beta": ("smooth_l1_loss(beta=1)",),
            "huber": ("huber_loss(delta=0.5)",),
        },
    ),
    "kl_div": Planted(
        lambda: Loss(
            lambda s, y: TF.kl_div(TF.log_softmax(s, -1), y, log_target=True, reduction="batchmean")
        ),
        kl,
        [X2, LOGS],
        {"mean": ("kl_div(reduction='mean')",)},
    ),
}
