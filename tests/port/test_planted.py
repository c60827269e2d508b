"""Real ports, each correct and with one planted mistake that the first line must name."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgrad.port import compare, compare_training, torch_layout

torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional
pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("ordinary")]


def like(shape):
    return jax.ShapeDtypeStruct(shape, jnp.float32)


def normal(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def seeded(make):
    torch.manual_seed(0)
    return make()


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer1, self.act, self.layer2 = nn.Linear(5, 16), nn.GELU(), nn.Linear(16, 3)

    def forward(self, x):
        return self.layer2(self.act(self.layer1(x)))


MLP_PARAMS = {
    "layer1": {"kernel": like((5, 16)), "bias": like((16,))},
    "layer2": {"kernel": like((16, 3)), "bias": like((3,))},
}


def mlp(params, x, approximate=False):
    first, second = params["layer1"], params["layer2"]
    h = jax.nn.gelu(x @ first["kernel"] + first["bias"], approximate=approximate)
    return h @ second["kernel"] + second["bias"]


def test_an_mlp_with_the_tanh_gelu():
    module = seeded(Mlp)
    assert compare(module, mlp, normal(4, 5), params=MLP_PARAMS).agrees
    wrong = functools.partial(mlp, approximate=True)
    report = compare(module, wrong, normal(4, 5), params=MLP_PARAMS)
    assert report.verdict == "differs"
    assert "`act` (gelu)" in report.first
    assert "PyTorch computes gelu(approximate=" in report.first
    assert "JAX computes gelu(approximate='tanh')" in report.first
    assert "test_planted.py" in report.first


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3)
        self.head = nn.Linear(8 * 2 * 2, 4)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.relu(self.conv2(x))
        return self.head(torch.flatten(x, 1))


CONV_PARAMS = {
    "conv1": {"kernel": like((3, 3, 3, 8)), "bias": like((8,))},
    "conv2": {"kernel": like((3, 3, 8, 8)), "bias": like((8,))},
    "head": {"kernel": like((32, 4)), "bias": like((4,))},
}


def convnet(params, x, *, swapped=False, flipped=False):
    def conv(p, x, padding):
        kernel = jnp.flip(p["kernel"], (0, 1)) if flipped else p["kernel"]
        numbers = ("NHWC", "HWIO", "NHWC")
        y = jax.lax.conv_general_dilated(x, kernel, (1, 1), padding, dimension_numbers=numbers)
        return y + p["bias"]

    x = jnp.transpose(x, (0, 2, 3, 1))
    x = jax.nn.relu(conv(params["conv1"], x, [(1, 1), (1, 1)]))
    x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    x = jax.nn.relu(conv(params["conv2"], x, "VALID"))
    if not swapped:
        x = jnp.transpose(x, (0, 3, 1, 2))
    return x.reshape(x.shape[0], -1) @ params["head"]["kernel"] + params["head"]["bias"]


def test_a_convnet_that_flattens_another_layout():
    module = seeded(ConvNet)
    assert compare(module, convnet, normal(2, 3, 8, 8), params=CONV_PARAMS).agrees
    wrong = functools.partial(convnet, swapped=True)
    report = compare(module, wrong, normal(2, 3, 8, 8), params=CONV_PARAMS)
    assert "flatten of the layout NCHW, JAX computes flatten of the layout NHWC" in report.first


def test_a_convnet_that_flips_its_kernels():
    wrong = functools.partial(convnet, flipped=True)
    report = compare(seeded(ConvNet), wrong, normal(2, 3, 8, 8), params=CONV_PARAMS)
    assert "`conv1` (conv2d)" in report.first and "flips the kernel" in report.first


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(8), nn.LayerNorm(8)
        self.attn = nn.MultiheadAttention(8, 2, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(8, 32), nn.GELU(), nn.Linear(32, 8))

    def forward(self, x):
        h = self.ln1(x)
        x = x + self.attn(h, h, h, need_weights=False)[0]
        return x + self.mlp(self.ln2(x))


BLOCK_PARAMS = {
    "ln1": {"scale": like((8,)), "bias": like((8,))},
    "ln2": {"scale": like((8,)), "bias": like((8,))},
    "attn": {
        "query": {"kernel": like((8, 2, 4)), "bias": like((2, 4))},
        "key": {"kernel": like((8, 2, 4)), "bias": like((2, 4))},
        "value": {"kernel": like((8, 2, 4)), "bias": like((2, 4))},
        "out": {"kernel": like((2, 4, 8)), "bias": like((8,))},
    },
    "mlp": {
        "up": {"kernel": like((8, 32)), "bias": like((32,))},
        "down": {"kernel": like((32, 8)), "bias": like((8,))},
    },
}
BLOCK_MAPPING = {
    **{
        f"attn.{name}.{leaf}": (
            f"attn.in_proj_{torch_name}",
            torch_layout.attention_in(part, heads=2),
        )
        for part, name in enumerate(("query", "key", "value"))
        for leaf, torch_name in (("kernel", "weight"), ("bias", "bias"))
    },
    "attn.out.kernel": ("attn.out_proj.weight", torch_layout.attention_out(heads=2)),
    "attn.out.bias": "attn.out_proj.bias",
    "mlp.up.kernel": "mlp.0.weight",
    "mlp.up.bias": "mlp.0.bias",
    "mlp.down.kernel": "mlp.2.weight",
    "mlp.down.bias": "mlp.2.bias",
}


def block(params, x, eps=1e-5):
    def norm(p, x):
        mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        return (x - mean) * jax.lax.rsqrt(var + eps) * p["scale"] + p["bias"]

    def attention(p, h):
        q, k, v = (
            jnp.einsum("btd,dhe->bthe", h, p[name]["kernel"]) + p[name]["bias"]
            for name in ("query", "key", "value")
        )
        weights = jax.nn.softmax(jnp.einsum("bqhe,bkhe->bhqk", q, k) / np.sqrt(4), axis=-1)
        mixed = jnp.einsum("bhqk,bkhe->bqhe", weights, v)
        return jnp.einsum("bqhe,hed->bqd", mixed, p["out"]["kernel"]) + p["out"]["bias"]

    x = x + attention(params["attn"], norm(params["ln1"], x))
    up, down = params["mlp"]["up"], params["mlp"]["down"]
    h = jax.nn.gelu(norm(params["ln2"], x) @ up["kernel"] + up["bias"], approximate=False)
    return x + h @ down["kernel"] + down["bias"]


def test_a_transformer_block_with_the_other_eps():
    options = {"params": BLOCK_PARAMS, "mapping": BLOCK_MAPPING}
    module = seeded(Block)
    right = compare(module, block, normal(2, 5, 8), **options)
    assert right.agrees, right
    report = compare(module, functools.partial(block, eps=1e-6), normal(2, 5, 8), **options)
    assert "`ln1` (layer_norm)" in report.first
    assert "layer_norm(eps=1e-05), JAX computes layer_norm(eps=1e-06)" in report.first


class Normed(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.bn = nn.Linear(4, 6), nn.BatchNorm1d(6)

    def forward(self, x):
        return F.relu(self.bn(self.fc(x)))


def normed(params, state, x, keep=0.9, unbiased=True):
    h = x @ params["fc"]["kernel"] + params["fc"]["bias"]
    mean, var = h.mean(0), h.var(0)
    n = h.shape[0]
    running = var * n / (n - 1) if unbiased else var
    state = {
        "mean": keep * state["mean"] + (1 - keep) * mean,
        "var": keep * state["var"] + (1 - keep) * running,
    }
    h = (h - mean) * jax.lax.rsqrt(var + 1e-5) * params["bn"]["scale"] + params["bn"]["bias"]
    return jax.nn.relu(h), state


NORMED = {
    "params": {
        "fc": {"kernel": like((4, 6)), "bias": like((6,))},
        "bn": {"scale": like((6,)), "bias": like((6,))},
    },
    "state": {"mean": like((6,)), "var": like((6,))},
    "mapping": {"state.mean": "bn.running_mean", "state.var": "bn.running_var"},
}


def test_a_batch_norm_with_the_inverse_momentum():
    module = seeded(Normed)
    right = compare(module, normed, normal(7, 4), **NORMED)
    assert right.agrees, right
    report = compare(module, functools.partial(normed, keep=0.1), normal(7, 4), **NORMED)
    assert "the new state differs at state['mean']" in report.first
    assert "`bn` (batch_norm)" in report.first
    assert "batch_norm(momentum=0.1), JAX computes batch_norm(momentum=0.9)" in report.first


def test_a_batch_norm_with_the_biased_variance():
    wrong = functools.partial(normed, unbiased=False)
    report = compare(seeded(Normed), wrong, normal(7, 4), **NORMED)
    assert "the new state differs at state['var']" in report.first
    assert "`bn` (batch_norm)" in report.first and "biased" in report.first


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_a_loss_with_the_other_reduction(reduction):
    module = seeded(Mlp)
    labels = np.array([0, 2, 1, 1])

    def torch_loss(x, y):
        return F.cross_entropy(module(x), y, reduction=reduction)

    def loss(params, x, y, reduce):
        scores = jax.nn.log_softmax(mlp(params, x))
        return -reduce(jnp.take_along_axis(scores, y[:, None], 1)[:, 0])

    reduce = {"sum": jnp.sum, "mean": jnp.mean}
    other = {"sum": "mean", "mean": "sum"}[reduction]
    options = {"module": module, "params": MLP_PARAMS}
    right = functools.partial(loss, reduce=reduce[reduction])
    assert compare(torch_loss, right, (normal(4, 5), labels), **options).agrees
    wrong = functools.partial(loss, reduce=reduce[other])
    report = compare(torch_loss, wrong, (normal(4, 5), labels), **options)
    assert f"cross_entropy(reduction='{reduction}')" in report.first
    assert f"JAX computes cross_entropy(reduction='{other}')" in report.first


def test_a_relu_by_maximum_is_found_at_another_input():
    module = seeded(lambda: nn.Sequential(nn.Linear(5, 3), nn.ReLU()))
    params = {"kernel": like((5, 3)), "bias": like((3,))}

    def port(params, x):
        return jnp.maximum(x @ params["kernel"] + params["bias"], 0)

    report = compare(module, port, normal(4, 5), params=params)
    assert report.first.startswith("agrees at the given inputs, but with inputs and biases at zero")
    assert "the derivative of `1` (relu) at 0: PyTorch's gradient there is 0" in report.first


def mlp_loss(params, x, y):
    return jnp.mean(jnp.square(mlp(params, x) - y))


def trained(jax_optimizer, loss=mlp_loss, torch_optimizer=None, **options):
    module = seeded(Mlp)
    torch_optimizer = torch_optimizer or functools.partial(torch.optim.AdamW, lr=1e-2)
    return compare_training(
        lambda x, y: F.mse_loss(module(x), y),
        loss,
        [(normal(4, 5), normal(4, 3)), (normal(4, 5) + 1, normal(4, 3))],
        module=module,
        params=MLP_PARAMS,
        torch_optimizer=torch_optimizer,
        jax_optimizer=jax_optimizer,
        **options,
    )


def test_adamw_with_the_other_decay():
    report = trained(optax.adamw(1e-2, weight_decay=1e-2))
    assert report.agrees, report
    assert report.first.startswith("agrees: 20 steps of AdamW in float64")
    report = trained(optax.adamw(1e-2))
    assert report.first.startswith("the runs part at step 0: parameters differ at params['layer")
    assert "AdamW(weight_decay=0.01), JAX runs AdamW(weight_decay=0.0001)" in report.first


def decayed(p):
    """A decay of 0.1 for matrices, and none for biases."""
    parameters = list(p)
    kinds = [[x for x in parameters if (x.ndim > 1) == matrix] for matrix in (True, False)]
    groups = [
        {"params": kind, "weight_decay": w} for kind, w in zip(kinds, (0.1, 0.0), strict=True)
    ]
    return torch.optim.SGD(groups, lr=0.1)


def test_a_decay_of_matrices_alone():
    mask = {layer: {"kernel": True, "bias": False} for layer in MLP_PARAMS}
    port = optax.chain(optax.add_decayed_weights(0.1, mask), optax.sgd(0.1))
    sgd = functools.partial(torch.optim.SGD, lr=0.1, weight_decay=0.1)
    report = trained(port, torch_optimizer=sgd)
    first = (
        "SGD(weight_decay=0.1) for all parameters, JAX runs SGD(weight_decay=0.0) for the biases"
    )
    assert first in report.first
    assert trained(port, torch_optimizer=decayed).agrees
    port = optax.chain(optax.add_decayed_weights(0.1), optax.sgd(0.1))
    report = trained(port, torch_optimizer=decayed)
    assert "SGD(weight_decay=0.1 and 0.0) in groups, JAX runs SGD(weight_decay=0.1)" in report.first


def test_a_training_run_with_the_biased_variance():
    module = seeded(Normed)

    def port(params, state, x, unbiased):
        value, state = normed(params, state, x, unbiased=unbiased)
        return jnp.mean(jnp.square(value)), state

    def run(unbiased):
        return compare_training(
            lambda x: module(x).square().mean(),
            functools.partial(port, unbiased=unbiased),
            normal(7, 4),
            module=module,
            torch_optimizer=functools.partial(torch.optim.SGD, lr=0.1),
            jax_optimizer=optax.sgd(0.1),
            **NORMED,
        )

    assert run(unbiased=True).agrees
    first = run(unbiased=False).first
    assert "part at step 0: the new state differs at state['var']" in first
    assert "with the biased variance in running_var" in first


def test_adam_with_the_decay_of_adamw():
    adam = functools.partial(torch.optim.Adam, lr=1e-2, weight_decay=1e-2)
    report = trained(optax.adamw(1e-2, weight_decay=1e-2), torch_optimizer=adam)
    assert "JAX runs Adam(decoupled_weight_decay=True)" in report.first


def test_another_learning_rate():
    report = trained(optax.adamw(2e-2, weight_decay=0.0))
    assert "part at step 0" in report.first
    sgd = functools.partial(torch.optim.SGD, lr=0.1)
    report = trained(optax.sgd(0.2), torch_optimizer=sgd)
    assert "JAX's step is 2 times PyTorch's: another learning rate" in report.first


def test_a_schedule_that_is_one_step_off():
    sgd = functools.partial(torch.optim.SGD, lr=0.1)
    scheduler = functools.partial(torch.optim.lr_scheduler.CosineAnnealingLR, T_max=20)
    cosine = optax.cosine_decay_schedule(0.1, 19)
    report = trained(optax.sgd(cosine), torch_optimizer=sgd, torch_scheduler=scheduler)
    assert report.first.startswith("the runs part at step 1: ")
    assert "another learning rate" in report.first
    right = optax.sgd(optax.cosine_decay_schedule(0.1, 20))
    report = trained(right, torch_optimizer=sgd, torch_scheduler=scheduler)
    assert report.agrees, report


def test_a_run_whose_function_differs():
    def loss(params, x, y):
        return jnp.mean(jnp.square(mlp(params, x, approximate=True) - y))

    report = trained(optax.adamw(1e-2, weight_decay=1e-2), loss)
    assert "part at step 0: values differ at loss" in report.first
    assert "`act` (gelu)" in report.first
