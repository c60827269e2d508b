"""Each tool on what users have: a pytree, a loop, flax and equinox modules, a sharded function."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax.ad_checkpoint import checkpoint_name
from jax.sharding import PartitionSpec
from oracles import assert_same

from jaxgrad import graph
from jaxgrad.autograd import (
    accumulate,
    backward,
    first_nonfinite,
    gradcheck,
    gradient_hook,
    hvp,
    intermediate_grads,
    used_inputs,
)

pytestmark = pytest.mark.thinned(8)

X = jnp.array(np.random.default_rng(0).normal(size=(8, 3)), "f4")


@pytest.fixture(autouse=True)
def ordinary():
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


STEP = np.zeros(4, "f4")
"""Is added to every hidden value."""


def hidden(x):
    """What every model here passes its hidden values through."""
    return checkpoint_name(gradient_hook(x, lambda g: jnp.clip(g, -1e3, 1e3)), "hidden") + STEP


def weights(*shape):
    return jnp.array(np.random.default_rng(1).normal(size=shape), "f4")


def mlp():
    params = [{"w": weights(3, 4), "b": jnp.zeros(4)}, {"w": weights(4, 1), "b": jnp.zeros(1)}]

    def loss(params, x):
        first, second = params
        h = hidden(jnp.tanh(x @ first["w"] + first["b"]))
        return ((h @ second["w"] + second["b"] - 1) ** 2).mean()

    return loss, params


def rnn():
    params = {"w": weights(3, 4), "u": weights(4, 4), "out": weights(4)}

    def loss(params, x):
        def step(h, x):
            h = hidden(jnp.tanh(x @ params["w"] + h @ params["u"]))
            return h, h @ params["out"]

        h, ys = jax.lax.scan(step, jnp.zeros(x.shape[:1] + (4,), x.dtype), jnp.stack([x] * 5))
        return ((ys - 1) ** 2).mean()

    return loss, params


class Equinox(eqx.Module):
    first: eqx.nn.Linear
    second: eqx.nn.Linear

    def __init__(self, key):
        one, two = jax.random.split(key)
        self.first, self.second = eqx.nn.Linear(3, 4, key=one), eqx.nn.Linear(4, 1, key=two)

    def __call__(self, x):
        return self.second(hidden(jnp.tanh(self.first(x))))


def equinox():
    params, static = eqx.partition(Equinox(jax.random.key(0)), eqx.is_inexact_array)

    def loss(params, x):
        return ((jax.vmap(eqx.combine(params, static))(x) - 1) ** 2).mean()

    return loss, params


class Flax(nnx.Module):
    def __init__(self, rngs):
        self.first, self.second = nnx.Linear(3, 4, rngs=rngs), nnx.Linear(4, 1, rngs=rngs)

    def __call__(self, x):
        return self.second(hidden(jnp.tanh(self.first(x))))


def flax():
    definition, params = nnx.split(Flax(nnx.Rngs(0)))

    def loss(params, x):
        return ((nnx.merge(definition, params)(x) - 1) ** 2).mean()

    return loss, params


def sharded():
    mesh = jax.make_mesh((4,), ("i",), axis_types=(jax.sharding.AxisType.Auto,))
    spec = PartitionSpec("i")

    def loss(params, x):
        def on_shard(params, x):
            h = hidden(jnp.tanh(x @ params["w"]))
            return jax.lax.pmean(((h @ params["out"] - 1) ** 2).mean(), "i")

        specs = PartitionSpec(), spec
        mapped = jax.shard_map(on_shard, mesh=mesh, in_specs=specs, out_specs=PartitionSpec())
        return jax.jit(mapped)(params, x)

    return loss, {"w": weights(3, 4), "out": weights(4)}


MODELS = [mlp, rnn, equinox, flax, sharded]


@pytest.fixture(params=MODELS, ids=lambda make: make.__name__)
def model(request):
    if request.param is flax:
        with jax.debug_key_reuse(False):
            return flax()
    return request.param()


def test_intermediate_grads(model, monkeypatch):
    """Their sum over examples and iterations is the slope along a step of all hidden values."""
    loss, params = model
    value, grads, cotangents = jax.jit(intermediate_grads(loss, "hidden"))(params, X)
    expected = jax.jit(jax.value_and_grad(loss))(params, X)
    assert_same((value, grads), expected, rtol=1e-5, atol=1e-6)
    of_hidden = cotangents["hidden"]
    assert of_hidden.size in (8 * 4, 5 * 8 * 4)

    def moved(step):
        monkeypatch.setitem(globals(), "STEP", step)
        return loss(params, X)

    steps = 0.01 * np.concatenate([np.eye(4, dtype="f4"), -np.eye(4, dtype="f4")])
    ends = np.asarray(jax.jit(lambda steps: jax.lax.map(moved, steps))(steps))
    slopes = (ends[:4] - ends[4:]) / np.float32(0.02)
    assert_same(np.asarray(of_hidden).reshape(-1, 4).sum(0), slopes, rtol=1e-2, atol=1e-3)


def test_gradient_hook_and_backward(model):
    loss, params = model
    assert_same(backward(loss)(params, X), jax.value_and_grad(loss)(params, X))


def test_used_inputs(model):
    loss, params = model
    assert all(jax.tree.leaves(used_inputs(loss)(params, X)))


@pytest.mark.nightly
def test_gradcheck(model):
    loss, params = model
    assert gradcheck(loss, (params, X), fast_mode=True, check_forward_ad=True)


@pytest.mark.nightly
def test_hvp(model):
    loss, params = model
    value, product = hvp(loss)(params, X, v=params)
    along = jax.jit(
        jax.grad(lambda s: jax.grad(lambda t: loss(jax.tree.map(lambda p: p * t, params), X))(s))
    )
    total = sum(
        np.vdot(p, q) for p, q in zip(*map(jax.tree.leaves, (params, product)), strict=True)
    )
    assert_same(total, along(jnp.ones(())), rtol=1e-4, atol=1e-5)


def test_first_nonfinite(model):
    loss, params = model
    assert first_nonfinite(loss)(params, X) is None
    broken = first_nonfinite(lambda params, x: jnp.log(loss(params, x) * 0))(params, X)
    assert broken.operation == "log"
    large = jax.tree.map(lambda p: p * 1e30, params)
    found = first_nonfinite(loss)(large, X)
    assert found.phase == "forward" and found.path[0] == "output"


def test_accumulate(model):
    loss, params = model
    whole = backward(loss)(params, X)
    assert_same(accumulate(loss, 2)(params, X), whole, rtol=1e-4, atol=1e-5)


def test_trace(model):
    loss, params = model
    traced = graph.trace(loss, argnums=0)(params, X)
    text = str(traced)
    assert len([n for n in traced.leaves if traced.nodes[n].requires_grad]) == len(
        jax.tree.leaves(params)
    )
    assert "AccumulateGrad params" in text and traced.mermaid().startswith("flowchart TD")
