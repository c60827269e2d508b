"""GPT-2, the Vision Transformer and CREPE under vmap, in bfloat16 and on several devices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from networks import cast, example, quick_jit
from oracles import assert_same
from perturbed import perturbed

from jaxgrad import replay
from jaxgrad.state_dict import split


def gpt2(count):
    """The function of a state dict and inputs, the state dict, and as many inputs."""
    module, state = example("gpt2"), replay.manual_seed(0)
    p, state = module.initial(state, vocabulary=13, positions=7, size=8, layers=2)
    tokens, state = replay.randint(state, 0, 13, (count, 7))
    return lambda p, tokens: module.gpt2(p, tokens, 2)[0], p, tokens, state


def vit(count):
    module, state = example("vit"), replay.manual_seed(0)
    sizes = {"image": 8, "patch": 4, "layers": 2, "size": 8, "hidden": 16, "classes": 5}
    p, state = module.initial(state, heads=2, **sizes)
    x, state = replay.randn(state, (count, 3, 8, 8))
    return lambda p, x: module.vit(p, x, 2), p, x, state


def pitch_tracker(count):
    module, state = example("pitch_tracker"), replay.manual_seed(0)
    p, state = module.initial(state, (2,) * 6)
    x, state = replay.randn(state, (count, 1024))
    return module.crepe, p, x, state


by_network = pytest.mark.parametrize("network", [gpt2, pitch_tracker, vit])


def given(network, count):
    run, p, x, state = network(count)
    return run, perturbed(p, state)[0], x


@by_network
def test_vmap(network):
    run, p, x = given(network, 2)
    each = jax.vmap(lambda x: run(p, x[None])[0])
    assert_same(quick_jit(each)(x), quick_jit(run)(p, x), 1e-4)


@by_network
def test_bfloat16(network):
    run, p, x = given(network, 2)
    found = quick_jit(run)(*cast((p, x), "bfloat16"))
    expected = np.asarray(quick_jit(run)(p, x), float)
    assert found.dtype == jnp.bfloat16 and found.shape == expected.shape
    off = np.linalg.norm(np.asarray(found, float) - expected)
    assert off < 0.05 * np.linalg.norm(expected)


@by_network
def test_gradients_on_eight_devices(network, rows):
    run, p, x = given(network, 8)
    params, buffers = split(p)

    def loss(params, x):
        return jnp.mean(run(params | buffers, x) ** 2)

    step = quick_jit(jax.value_and_grad(loss))
    expected = jax.tree.map(np.asarray, step(params, x))
    with jax.set_mesh(rows.mesh):
        found = step(params, jax.device_put(x, rows))
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-4 * max(1e-3, np.abs(b).max()))


@pytest.mark.nightly
def test_gpt2_writes_on_eight_devices(rows):
    _, p, tokens = given(gpt2, 8)
    expected = example("gpt2").generate(p, tokens[:, :2], 2, 5)
    assert expected.shape == (8, 7)
    with jax.set_mesh(rows.mesh):
        found = example("gpt2").generate(p, jax.device_put(tokens[:, :2], rows), 2, 5)
    np.testing.assert_array_equal(found, expected)
