import jax
import jax.numpy as jnp
import numpy as np
import pytest
from invariants import assert_invariants, assert_slopes
from oracles import assert_same

from jaxgrad.functional import normalize

X = np.random.default_rng(0).normal(size=(3, 4, 2))
KINDS = [2.0, 1.0, 0.0, np.inf, -np.inf, 0.5, 1.5, 3.0, -1.0]


def norm(x, p, axis):
    if p == 0:
        return np.sum(x != 0, axis=axis, keepdims=True)
    if np.isinf(p):
        return (np.max if p > 0 else np.min)(np.abs(x), axis=axis, keepdims=True)
    return np.sum(np.abs(x) ** p, axis=axis, keepdims=True) ** (1 / p)


@pytest.mark.parametrize("dim", [1, -1, (0, 2), None], ids=str)
@pytest.mark.parametrize("p", KINDS)
def test_closed_forms(p, dim):
    exact = X / norm(X, p, dim)
    x = jnp.array(X, jnp.float32)
    assert_same(normalize(x, p, dim), jnp.array(exact, jnp.float32), rtol=5e-6)


@pytest.mark.parametrize("p", [2.0, 3.0, np.inf])
def test_dtypes(p, any_dtype):
    x = jnp.array(X, any_dtype)
    exact = np.asarray(x, float) / norm(np.asarray(x, float), p, 1)
    assert_same(normalize(x, p), jnp.array(exact, any_dtype))


@pytest.mark.parametrize("p", KINDS)
def test_slopes(p):
    with jax.enable_x64(True):
        assert_slopes(lambda x: normalize(x, p), jnp.array(X))


def test_invariants(caplog):
    assert_invariants(lambda x: normalize(x, dim=-1), caplog, jnp.array(X, jnp.float32))


@pytest.mark.parametrize("p", [k for k in KINDS if k > 0])
def test_at_the_zero_vector_the_derivative_is_that_of_the_quotient(p, dtype):
    x = jnp.zeros((2, 3), dtype)
    y, pull = jax.vjp(lambda x: normalize(x, p, eps=0.5), x)
    assert_same(y, x)
    cotangent = jnp.arange(6.0, dtype=dtype).reshape(2, 3)
    assert_same(pull(cotangent)[0], 2 * cotangent)
    assert_same(jax.jvp(lambda x: normalize(x, p, eps=0.5), (x,), (cotangent,))[1], 2 * cotangent)


def test_what_is_shorter_than_eps_is_only_scaled():
    x = jnp.array([0.3, 0.4])
    assert_same(normalize(x, dim=0, eps=2.0), x / 2)
    assert_same(normalize(x, dim=0, eps=0.0), jnp.array([0.6, 0.8]))
    assert_same(jax.grad(lambda e: normalize(x, dim=0, eps=e).sum())(2.0), jnp.float32(-0.175))


def test_no_overflow_of_halves():
    x = jnp.array([300.0, 300.0], jnp.float16)
    assert_same(normalize(x, dim=0), jnp.full(2, 2**-0.5, jnp.float16))


def test_nan_and_infinity():
    x = jnp.array([[1.0, jnp.nan], [1.0, jnp.inf]])
    assert_same(normalize(x), jnp.array([[jnp.nan, jnp.nan], [0.0, jnp.nan]]))


@pytest.mark.parametrize("shape", [(3, 0), (0, 3)])
def test_empty(shape, any_dtype):
    x = jnp.zeros(shape, any_dtype)
    assert_same(normalize(x), x)
    assert_same(jax.grad(lambda x: normalize(x).sum())(x), x)


def test_a_scalar():
    assert_same(normalize(jnp.array(-2.0), dim=0), jnp.array(-1.0))


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ((np.ones(3),), ValueError, "dim must be below 1, got 1"),
        ((np.ones(3, int), 2, 0), TypeError, "input must be floating point"),
        ((np.ones(3, int), 2, 0), TypeError, "input must be floating point"),
        ((np.ones((2, 2)), "fro"), TypeError, "p must be an array, got str 'fro'"),
        ((np.ones((2, 2)), np.nan), ValueError, "p must be a number, got nan"),
        ((np.ones((2, 2)), 2, (0, 0)), ValueError, r"dim must be made of different axes, got \(0"),
        ((np.ones((2, 0)), np.inf), ValueError, r"input must be of one or more along \(1,\) for p"),
    ],
)
def test_refusals(arguments, error, match):
    with pytest.raises(error, match=f"^normalize: {match}"):
        normalize(*arguments)


def test_p_is_static():
    with pytest.raises(TypeError, match="normalize: p must be a concrete number, got a tracer"):
        jax.jit(normalize)(jnp.ones((2, 2)), 2.0)
