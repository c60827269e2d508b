"""Padding: what comes before the first element and after the last."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from invariants import assert_compiled_once, assert_jit, assert_slopes, assert_vmap
from oracles import assert_same
from tiers import each

from jaxgrad import functional as F

X = jnp.array([[1.0, 2.0, 3.0, 4.0]])
MODES = ("constant", "reflect", "replicate", "circular")
NAN, INF = float("nan"), float("inf")

VALUES = {
    ("constant", (1, 2)): ([0, 1, 2, 3, 4, 0, 0], [1, 1, 1, 1]),
    ("constant", (-1, 2)): ([2, 3, 4, 0, 0], [0, 1, 1, 1]),
    ("constant", (-4, 1)): ([0], [0, 0, 0, 0]),
    ("reflect", (3, 1)): ([4, 3, 2, 1, 2, 3, 4, 3], [1, 2, 3, 2]),
    ("reflect", (-2, 2)): ([3, 4, 3, 2], [0, 1, 2, 1]),
    ("reflect", (-3, 2)): ([4, 3, 2], [0, 1, 1, 1]),
    ("reflect", (2, -3)): ([3, 2, 1], [1, 1, 1, 0]),
    ("replicate", (2, 1)): ([1, 1, 1, 2, 3, 4, 4], [3, 1, 1, 2]),
    ("replicate", (-5, 7)): ([4] * 6, [0, 0, 0, 6]),
    ("replicate", (5, -4)): ([1] * 5, [5, 0, 0, 0]),
    ("circular", (4, 2)): ([1, 2, 3, 4, 1, 2, 3, 4, 1, 2], [3, 3, 2, 2]),
    ("circular", (-1, 1)): ([2, 3, 4, 2], [0, 2, 1, 1]),
    ("circular", (2, -1)): ([2, 3, 1, 2, 3], [1, 2, 2, 0]),
    ("circular", (-4, 0)): ([], [0, 0, 0, 0]),
    ("reflect", (0, -4)): ([], [0, 0, 0, 0]),
}
"""What PyTorch gives for 1, 2, 3, 4, and how often each number occurs."""


def test_values_and_gradients():
    def check(case):
        (mode, ends), (value, counts) = case
        padded, pull = jax.vjp(lambda x: F.pad(x, ends, mode), X)
        assert_same(padded, jnp.array([value], "float32"))
        assert_same(pull(jnp.ones_like(padded))[0], jnp.array([counts], "float32"))

    each({f"{key}": (key, case) for key, case in VALUES.items()}, check)


def test_the_last_axis_comes_first():
    x = np.arange(24.0, dtype=np.float32).reshape(2, 3, 4)
    assert_same(F.pad(x, (1, 0, 0, 2, 3, 1)), jnp.pad(x, ((3, 1), (0, 2), (1, 0))))
    for mode, name in (("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")):
        expected = jnp.array(np.pad(x, ((0, 0), (2, 1), (1, 3)), mode=name))
        assert_same(F.pad(x, [1, 3, 2, 1], mode), expected)
        expected = jnp.array(np.pad(x[None], ((0, 0), (1, 0), (2, 1), (1, 3)), mode=name))
        assert_same(F.pad(x[None], (1, 3, 2, 1, 1, 0), mode), expected)


@pytest.mark.parametrize("mode", MODES)
def test_every_dtype(mode):
    for kind in ("int32", "uint8", "bool", "complex64", "bfloat16", "float16"):
        padded = F.pad(jnp.array([[1, 0, 1]], kind), (1, 2), mode)
        expected = {"constant": [0, 1, 0, 1, 0, 0], "reflect": [0, 1, 0, 1, 0, 1]}
        expected |= {"replicate": [1, 1, 0, 1, 1, 1], "circular": [1, 1, 0, 1, 1, 0]}
        assert_same(padded, jnp.array([expected[mode]], kind))


def test_values_to_fill_with():
    for value in (1.5, -INF, NAN, 3, True, np.float32(2.5)):
        assert_same(F.pad(X, (1, 0), value=value)[0, 0], jnp.float32(value))
    assert_same(F.pad(jnp.array([1]), (1, 0), value=-1.7), jnp.array([-1, 1]))
    assert_same(F.pad(jnp.array([False]), (1, 0), value=0.5), jnp.array([True, False]))
    padded = jax.jit(lambda v: F.pad(X, (1, 2), value=v))(2.0)
    assert_same(padded[0, -2:], jnp.full(2, 2.0))
    with pytest.raises(TypeError, match="^pad: value must be constant, got a derivative"):
        jax.grad(lambda v: F.pad(X, (1, 2), value=v).sum())(2.0)


def test_empty_arrays():
    for mode in MODES:
        assert F.pad(jnp.zeros((0, 2, 3)), (1, 1), mode).shape == (0, 2, 5)
    assert_same(F.pad(jnp.zeros((1, 0)), (1, 1)), jnp.zeros((1, 2)))
    assert F.pad(jnp.zeros((1, 0)), (0, 0), "circular").shape == (1, 0)
    assert F.pad(X, ()).shape == (1, 4)


@pytest.mark.parametrize("mode", MODES)
def test_slopes(mode):
    with jax.enable_x64(True):
        x = jnp.array(np.random.default_rng(0).normal(size=(1, 2, 3, 4)))
        assert_slopes(lambda x: F.pad(x, (2, -1, 1, 2), mode), x)


@pytest.mark.parametrize("mode", MODES)
def test_all_transformations(mode, caplog):
    def fn(x):
        return F.pad(x, (2, 1), mode)

    assert_jit(fn, X)
    assert_vmap(fn, np.stack([X, 2 * X]))
    assert_compiled_once(fn, caplog, X)


@pytest.mark.parametrize("mode", MODES)
def test_rows_on_a_mesh(mode, rows):
    x = np.arange(8 * 2 * 4.0, dtype=np.float32).reshape(8, 2, 4)

    @jax.jit
    def both(x):
        value, pull = jax.vjp(lambda x: F.pad(x, (2, 1), mode), x)
        return value, pull(value)

    value, grads = both(jax.device_put(x, rows))
    assert value.sharding.spec[0] == "rows"
    assert_same(jax.device_get((value, grads)), jax.device_get(both(x)))


REFUSED = {
    "pad: pad must be a tuple of integers, two for each axis, got int 1": (X, 1),
    "pad: pad must be a concrete integer, got float 1.0": (X, (1.0, 1)),
    "pad: pad must be of an even length of at most 4": (X, (1,)),
    "pad: pad must be of an even length of at most 4, .* got .1, 1, 1, 1, 1, 1.": (X, (1,) * 6),
    "pad: pad must be at least -4 in all for axis 1 of size 4": (X, (-3, -2)),
    "pad: pad must be at least -4 in all for axis 1 of size 4, got .-5, 7.": (X, (-5, 7)),
    'pad: pad must be at most 3 for axis 1 of size 4 with mode "reflect"': (X, (4, 0), "reflect"),
    'pad: pad must be at most 4 for axis 1 of size 4 with mode "cir': (X, (5, 0), "circular"),
    'pad: pad must be at most 0 for axis 1 of size 4 with mode "cir': (X, (-4, 1), "circular"),
    "pad: pad must be 2 numbers for 2-D or 3-D": (X[0], (1, 1), "reflect"),
    "pad: pad must be 2 numbers for 2-D or 3-D, .* got 0 for": (X, (), "replicate"),
    "pad: input must be without empty axes but the batch": (X[:0], (1, 1), "replicate"),
    "pad: mode must be one of 'constant', 'reflect'": (X, (1, 1), "edge"),
    'pad: value must be None with mode "reflect", got 1.0': (X, (1, 1), "reflect", 1.0),
    "pad: value must be in the range of float32, got 1e.40": (X, (1, 1), "constant", 1e40),
    "pad: value must be in the range of uint8, got -1": (
        jnp.array([1], "uint8"),
        (1, 1),
        "constant",
        -1,
    ),
    "pad: value must be a real scalar": (X, (1, 1), "constant", jnp.ones(2)),
}


def test_refusals():
    def check(case):
        text, given = case
        with pytest.raises((TypeError, ValueError), match="^" + text):
            F.pad(*given)

    each({text: (text, given) for text, given in REFUSED.items()}, check)
