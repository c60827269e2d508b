"""The convolutional networks under jit and vmap, in bfloat16 and on several devices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from networks import cast, example, quick_jit
from oracles import assert_same

from jaxgrad import replay
from jaxgrad.state_dict import split

SIZES = {
    "mtcnn_pnet": {},
    "resnet18": {"classes": 5},
    "unet": {"channels": 3, "classes": 3, "width": 2},
}
by_name = pytest.mark.parametrize("name", sorted(SIZES))


def given(name, images):
    """A network as (state dict, images, training) -> (outputs, state dict), and what it takes."""
    module, state = example(name), replay.manual_seed(0)
    p, state = module.initial(state, **SIZES[name])
    x, _ = replay.randn(state, (images, 3, 33, 32))
    if name == "mtcnn_pnet":
        return lambda p, x, training=False: (module.pnet(p, x), p), p, x
    return getattr(module, name), p, x


@pytest.mark.thinned(100)
@by_name
def test_jit_and_vmap(name):
    run, p, x = given(name, 2)
    expected = jax.tree.map(np.asarray, quick_jit(run)(p, x)[0])
    each = jax.vmap(lambda image: jax.tree.map(lambda y: y[0], run(p, image[None])[0]))
    assert_same(quick_jit(each)(x), expected, 1e-4)
    assert_same(run(p, x)[0], expected, 1e-4)


@by_name
def test_bfloat16(name):
    run, p, x = given(name, 2)
    narrow = quick_jit(run)(*cast((p, x), "bfloat16"))[0]
    expected = quick_jit(run)(p, x)[0]
    for a, b in zip(jax.tree.leaves(narrow), jax.tree.leaves(expected), strict=True):
        assert a.dtype == jnp.bfloat16 and a.shape == b.shape
        off = np.linalg.norm(np.asarray(a, float) - np.asarray(b, float))
        assert off < 0.05 * np.linalg.norm(np.asarray(b, float))


@by_name
def test_training_on_eight_devices(name, rows):
    """In float64: batch norms of a few numbers multiply the rounding of sums in another order."""
    run, p, x = given(name, 8)

    def loss(params, buffers, x):
        outputs, p = run(params | buffers, x, True)
        return sum(jnp.mean(y**2) for y in jax.tree.leaves(outputs)), split(p)[1]

    with jax.enable_x64(True):
        p, x = cast((p, x), "float64")
        step = quick_jit(jax.value_and_grad(loss, has_aux=True))
        expected = jax.tree.map(np.asarray, step(*split(p), x))
        with jax.set_mesh(rows.mesh):
            found = step(*split(p), jax.device_put(x, rows))
        for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-9 * max(1e-3, np.abs(b).max()))
