"""Channels and pixels in another order, and distances between rows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from invariants import assert_compiled_once, assert_jit, assert_slopes, assert_vmap
from oracles import assert_same
from scipy.spatial import distance
from tiers import each

from jaxgrad import functional as F

RNG = np.random.default_rng(0)
CALLS = {
    "pixel_shuffle": (lambda x: F.pixel_shuffle(x, 2), (8, 8, 1, 3)),
    "pixel_unshuffle": (lambda x: F.pixel_unshuffle(x, 2), (8, 2, 2, 4)),
    "channel_shuffle": (lambda x: F.channel_shuffle(x, 2), (8, 6, 2)),
    "native_channel_shuffle": (lambda x: F.native_channel_shuffle(x, 3), (8, 6, 1)),
}


def test_pixels():
    x = jnp.arange(8).reshape(4, 1, 2)
    shuffled = F.pixel_shuffle(x, 2)
    assert_same(shuffled, jnp.array([[[0, 2, 1, 3], [4, 6, 5, 7]]]))
    assert_same(F.pixel_unshuffle(shuffled, 2), x)
    more = jnp.arange(3 * 2 * 18 * 2 * 1).reshape(3, 2, 18, 2, 1)
    shuffled = F.pixel_shuffle(more, 3)
    assert shuffled.shape == (3, 2, 2, 6, 3)
    assert_same(F.pixel_unshuffle(shuffled, 3), more)
    assert F.pixel_shuffle(jnp.zeros((0, 4, 2, 2)), 2).shape == (0, 1, 4, 4)
    assert F.pixel_unshuffle(jnp.zeros((0, 1, 4, 4)), 2).shape == (0, 4, 2, 2)
    assert F.pixel_unshuffle(jnp.zeros((1, 0, 4)), 2).shape == (4, 0, 2)


def test_channels():
    x = jnp.arange(6)
    assert_same(F.channel_shuffle(x[None, :, None], 2)[0, :, 0], jnp.array([0, 3, 1, 4, 2, 5]))
    assert_same(
        F.native_channel_shuffle(x[None, :, None], 3)[0, :, 0], jnp.array([0, 2, 4, 1, 3, 5])
    )
    assert F.channel_shuffle(jnp.zeros((1, 0, 2, 2)), 2).shape == (1, 0, 2, 2)


@pytest.mark.parametrize("name", CALLS)
def test_all_transformations(name, caplog):
    fn, shape = CALLS[name]
    x = jnp.array(RNG.normal(size=shape), "float32")
    assert_jit(fn, x)
    assert_vmap(fn, np.stack([x, 2 * x]))
    assert_compiled_once(fn, caplog, x)
    with jax.enable_x64(True):
        assert_slopes(fn, jnp.array(RNG.normal(size=shape)))


@pytest.mark.parametrize("name", CALLS)
def test_rows_on_a_mesh(name, rows):
    fn, shape = CALLS[name]
    x = np.asarray(RNG.normal(size=shape), np.float32)
    value = fn(jax.device_put(x, rows))
    assert value.sharding.spec[0] == "rows"
    assert_same(jax.device_get(value), jax.device_get(fn(jnp.array(x))))


X = jnp.array(RNG.normal(size=(5, 3)), "float32")
METRICS = {1.0: "cityblock", 2.0: "euclidean", np.inf: "chebyshev"}


@pytest.mark.parametrize("p", METRICS)
def test_distances(p, any_dtype):
    x = X.astype(any_dtype)
    expected = distance.pdist(np.asarray(x, float), METRICS[p])
    assert_same(F.pdist(x, p), jnp.array(expected, any_dtype))


def test_distances_of_few_rows():
    assert_same(F.pdist(jnp.zeros((1, 2))), jnp.zeros(0))
    assert_same(F.pdist(jnp.zeros((0, 2))), jnp.zeros(0))
    for p in (2, float("inf")):
        assert_same(F.pdist(jnp.zeros((3, 0)), p), jnp.zeros(3))
    assert_same(F.pdist(jnp.array([[1.0, 2.0], [1.0, 0.0]]), 0), jnp.ones(1))


def test_the_derivative_between_equal_rows_is_0():
    x = jnp.array([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]])
    grad = jax.grad(lambda x: F.pdist(x).sum())(x)
    assert_same(grad, jnp.array([[-0.6, -0.8], [1.2, 1.6], [-0.6, -0.8]]))
    ties = jax.grad(lambda x: F.pdist(x, float("inf")).sum())(jnp.array([[0.0, 0.0], [3.0, -3.0]]))
    assert_same(ties, jnp.array([[-1.0, 1.0], [1.0, -1.0]]))


def test_slopes_of_distances(caplog):
    with jax.enable_x64(True):
        assert_slopes(F.pdist, jnp.array(RNG.normal(size=(4, 3))))
    assert_compiled_once(F.pdist, caplog, X)
    assert_vmap(F.pdist, np.stack([X, 2 * X]))


IMAGE = jnp.zeros((1, 6, 3, 4))
REFUSED = {
    "pixel_shuffle: input must be of three axes or more": lambda: F.pixel_shuffle(X, 2),
    "pixel_shuffle: input must be of channels divisible by 2² = 4": lambda: F.pixel_shuffle(
        IMAGE, 2
    ),
    "pixel_shuffle: upscale_factor must be at least 1, got 0": lambda: F.pixel_shuffle(IMAGE, 0),
    "pixel_shuffle: upscale_factor must be a concrete integer": lambda: F.pixel_shuffle(IMAGE, 2.0),
    "pixel_unshuffle: input must be of height and width divis": lambda: F.pixel_unshuffle(IMAGE, 2),
    "pixel_unshuffle: downscale_factor must be at least 1": lambda: F.pixel_unshuffle(IMAGE, -2),
    "channel_shuffle: input must be of three axes or more": lambda: F.channel_shuffle(X, 2),
    "channel_shuffle: input must be of channels divisible by 4": lambda: F.channel_shuffle(
        IMAGE, 4
    ),
    "native_channel_shuffle: groups must be at least 1": lambda: F.native_channel_shuffle(IMAGE, 0),
    "pdist: input must be a matrix": lambda: F.pdist(IMAGE),
    "pdist: input must be floating point": lambda: F.pdist(X.astype(int)),
    "pdist: p must be at least 0, got -1": lambda: F.pdist(X, -1),
    "pdist: p must be finite, got nan": lambda: F.pdist(X, float("nan")),
}


def test_refusals():
    def check(case):
        text, call = case
        with pytest.raises((TypeError, ValueError), match="^" + text):
            call()

    each({text: (text, call) for text, call in REFUSED.items()}, check)
