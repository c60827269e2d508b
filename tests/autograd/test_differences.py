import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import checkify
from oracles import assert_same

import jaxgrad
from jaxgrad.autograd import central_difference

HEIGHTS = np.arange(58.0, 73.0)
WEIGHTS = np.array([115, 117, 120, 123, 126, 129, 132, 135, 139, 142, 146, 150, 154, 159, 164.0])


def test_the_described_rates():
    u, c = jnp.array(WEIGHTS, jnp.float32), jnp.array(HEIGHTS, jnp.float32)

    def loss(w, b):
        line = jnp.broadcast_to(w, u.shape) * u + jnp.broadcast_to(b, u.shape)
        return ((line - c) ** 2).mean()

    w, b = jnp.ones(1), jnp.zeros(1)
    rate = central_difference(loss, 0.1)(w, b)
    assert_same(rate, jnp.array([19936.27], jnp.float32))
    w = w - 1e-2 * rate
    assert_same(w, jnp.array([-198.36269], jnp.float32))
    # Losses near 7.5e8 are 64 apart, which is 3.2 in b.
    b = b - 1e-2 * central_difference(loss, 0.1, argnums=1)(w, b)
    assert_same(b, jnp.array([544.0], jnp.float32), rtol=3.2 / 544)


def test_a_cubic_has_an_error_of_delta_squared():
    with jax.enable_x64(True):
        x = jnp.array([1.0, -2.0, 0.5])
        rate = central_difference(lambda x: (x**3).sum(), 0.25)(x)
        assert_same(rate, 3 * x**2 + 0.25**2)


@pytest.mark.parametrize("traced", [False, True], ids=["eager", "jit"])
def test_pytrees(traced, dtype):
    params = {"w": jnp.arange(6, dtype=dtype).reshape(2, 3), "b": jnp.ones((), dtype), "n": 3}

    def fn(p, x):
        return (p["w"] * x).sum() * p["b"] * p["b"]

    difference = central_difference(fn, 0.5)
    difference = jax.jit(difference) if traced else difference
    x = jnp.full((2, 3), 2, dtype)
    assert_same(difference(params, x), {"w": x, "b": jnp.array(60, dtype), "n": None})


def test_several_outputs_give_a_jacobian():
    x = jnp.array([[1.0, 2.0]])

    def fn(x):
        return jnp.stack([x.sum(), 2 * x[0, 0], 0 * x[0, 1]])

    expected = jnp.array([[[1.0, 1.0]], [[2.0, 0.0]], [[0.0, 0.0]]])
    assert_same(central_difference(fn, 0.5)(x), expected)
    assert_same(jax.jit(central_difference(fn, 0.5))(x), expected)


def test_argnums():
    def fn(x, y):
        return x * y

    x, y = jnp.array(2.0), jnp.array(3.0)
    assert_same(central_difference(fn, 0.5, argnums=(1, 0))(x, y), (x, y))
    assert_same(central_difference(fn, 0.5, argnums=-1)(x, y), x)


def test_narrow_dtypes():
    x = jnp.array([1.0, 2.0], jnp.bfloat16)
    assert_same(central_difference(lambda x: (x * x).sum(), 0.5)(x), 2 * x)


def test_vmap():
    xs = jnp.array([[1.0, 2.0], [3.0, 4.0]])
    assert_same(jax.vmap(central_difference(lambda x: (x * x).sum(), 0.5))(xs), 2 * xs)


@pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["eager", "jit"])
def test_nothing(transform):
    def fn(x):
        return jnp.stack([x.sum(), x.sum()])

    assert transform(central_difference(fn, 0.5))(jnp.zeros(0)).shape == (2, 0)


@pytest.mark.parametrize("delta", [0.0, -0.1, np.nan, np.inf])
def test_delta_is_positive(delta):
    with pytest.raises(ValueError, match="central_difference: delta must be positive and finite"):
        central_difference(jnp.sum, delta)


@pytest.mark.parametrize("delta", [None, "0.1", [0.1], 1j])
def test_delta_is_a_scalar(delta):
    with pytest.raises(TypeError, match="central_difference: delta must be"):
        central_difference(jnp.sum, delta)


def test_delta_is_visible():
    match = "delta must be visible beside x in bfloat16, got 0.1"
    with pytest.raises(ValueError, match=match):
        central_difference(jnp.sum, 0.1)(jnp.array([1000.0], jnp.bfloat16))
    rate = jax.jit(central_difference(jnp.sum, 0.1))
    assert np.isnan(rate(jnp.array([1000.0], jnp.bfloat16)).astype(float))
    error, _ = jaxgrad.checkify(rate)(jnp.array([1000.0], jnp.bfloat16))
    with pytest.raises(checkify.JaxRuntimeError, match=match):
        error.throw()


@pytest.mark.parametrize(
    ("fn", "argument", "match"),
    [
        (jnp.sum, 3, "argument 0 must be floating .* only floating point"),
        (jnp.sum, jnp.array(1j), "argument must be floating point, got complex64"),
        (lambda x: 3, jnp.ones(2), "output must be floating point, got int32"),
        (lambda x: {"a": x}, jnp.ones(2), "output must be an array, got dict"),
        (jnp.sum, "text", "argument 0 must be an array, got str 'text'"),
    ],
)
def test_refusals(fn, argument, match):
    with pytest.raises(TypeError, match=f"central_difference: {match}"):
        central_difference(fn, 0.1)(argument)


def test_functions():
    with pytest.raises(TypeError, match="central_difference: fn must be callable, got int"):
        central_difference(3, 0.1)
