import jax
import jax.numpy as jnp
import numpy as np
import pytest
from invariants import assert_invariants, assert_slopes
from oracles import assert_counted, assert_same
from scipy import special

from jaxgrad import functional as F

X = np.random.default_rng(0).normal(size=(2, 3, 4)) * 3
CLOSED = {
    "softmax": special.softmax,
    "softmin": lambda x, axis: special.softmax(-x, axis),
    "log_softmax": special.log_softmax,
}


@pytest.mark.parametrize("dim", [0, 1, -1])
@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms(name, dim, any_dtype):
    x = jnp.array(X, any_dtype)
    exact = CLOSED[name](np.asarray(x, float), axis=dim)
    assert_same(getattr(F, name)(x, dim), jnp.array(exact, any_dtype))


@pytest.mark.parametrize("name", CLOSED)
def test_slopes_and_invariants(name, caplog):
    def fn(x):
        return getattr(F, name)(x, -1)

    with jax.enable_x64(True):
        assert_slopes(fn, jnp.array(X))
    assert_invariants(fn, caplog, jnp.array(X, jnp.float32))


@pytest.mark.parametrize(("shape", "dim"), [((), 0), ((3,), 0), ((2, 3), 1), ((2, 3, 4), 0)])
@pytest.mark.parametrize("name", [*CLOSED])
def test_no_dim_warns_and_is_pytorchs(name, shape, dim):
    x = jnp.arange(float(np.prod(shape))).reshape(shape)
    with pytest.warns(UserWarning, match=f"Implicit dimension choice for {name} has been depr"):
        y = getattr(F, name)(x)
    assert_same(y, getattr(F, name)(x, dim))


@pytest.mark.parametrize("name", CLOSED)
def test_four_dimensions_without_a_dim(name):
    x = jnp.array(X)[None]
    with pytest.warns(UserWarning, match="Change the call to include dim=X"):
        assert_same(getattr(F, name)(x), getattr(F, name)(x, 1))


@pytest.mark.thinned(8)
@pytest.mark.parametrize("name", CLOSED)
def test_empty(name, any_dtype):
    for shape, dim in (((0, 3), 1), ((3, 0), 1), ((0,), 0)):
        x = jnp.zeros(shape, any_dtype)
        assert_same(getattr(F, name)(x, dim), x)
        assert_same(jax.grad(lambda x, d=dim: getattr(F, name)(x, d).sum())(x), x)


def test_dtype_is_cast_to_first():
    x = jnp.array([0, 1, 5])
    with jax.numpy_dtype_promotion("standard"):
        for name in CLOSED:
            fn = getattr(F, name)
            assert_same(fn(x, 0, jnp.float16), fn(x.astype(jnp.float16), 0))
            assert_same(fn(x > 2, 0, dtype=float), fn((x > 2).astype(float), 0))
    unsigned = jnp.array([0, 1], jnp.uint8)
    assert F.softmin(unsigned, 0, jnp.float32)[0] > 0.5


def test_huge_and_infinite_logits(dtype):
    x = jnp.array([0.0, 1e4, -jnp.inf], dtype)
    assert_same(F.softmax(x, 0), jnp.array([0, 1, 0], dtype))
    assert_same(F.log_softmax(x, 0), jnp.array([-1e4, 0, -jnp.inf], dtype))
    y, pull = jax.vjp(lambda x: F.log_softmax(x, 0), x)
    assert_same(pull(jnp.ones_like(y))[0], jnp.array([1, -2, 1], dtype))
    assert np.isnan(F.softmax(jnp.full(2, -jnp.inf, dtype), 0)).all()


def test_halves_are_rounded_once():
    x = jnp.array([-3.0, -0.7, 0.1, 1.7, 5.0], jnp.float16)
    assert_same(F.softmax(x, 0), F.softmax(x, 0, jnp.float32).astype(jnp.float16), rtol=0)


def test_sharded(rows):
    x = jnp.array(np.random.default_rng(0).normal(size=(8, 5)), jnp.float32)
    sharded = F.log_softmax(jax.device_put(x, rows), 1)
    assert_same(sharded, F.log_softmax(x, 1))


@pytest.mark.thinned(8)
def test_gumbel_softmax(any_dtype):
    x = jnp.array(X, any_dtype)
    soft = F.gumbel_softmax(jax.random.key(0), x, 0.5)
    hard = F.gumbel_softmax(jax.random.key(0), x, 0.5, hard=True)
    assert soft.dtype == hard.dtype == x.dtype
    assert_same(soft.sum(-1, dtype=float), jnp.ones((2, 3), float), rtol=1e-2)
    assert set(np.unique(np.asarray(hard, float))) == {0, 1}
    assert_same(jnp.argmax(soft, -1), jnp.argmax(hard, -1))


def test_hard_has_the_gradient_of_soft():
    x, weight = jnp.array(X), jnp.arange(4.0)

    def loss(x, hard):
        y = F.gumbel_softmax(jax.random.key(0), x, 0.7, hard, dim=-1)
        return (y * weight[None, None]).sum()

    assert_same(jax.grad(loss)(x, True), jax.grad(loss)(x, False))
    assert np.abs(jax.grad(loss)(x, True)).max() > 0.01


@pytest.mark.parametrize("tau", [0.3, 1.0, 3.0])
def test_gumbel_softmax_draws_by_probability(tau):
    p = jnp.array([0.05, 0.15, 0.3, 0.5])
    logits = jnp.broadcast_to(jnp.log(p), (100_000, 4))
    hard = F.gumbel_softmax(jax.random.key(0), logits, tau, hard=True)
    assert_counted(jnp.argmax(hard, -1), [0.05, 0.15, 0.3, 0.5])


def test_gumbel_softmax_of_a_scalar_of_nothing_and_of_nan():
    def key():
        return jax.random.key(0)

    assert_same(F.gumbel_softmax(key(), jnp.array(3.0), hard=True), jnp.array(1.0))
    assert F.gumbel_softmax(key(), jnp.zeros((0, 3)), hard=True).shape == (0, 3)
    assert np.isnan(F.gumbel_softmax(key(), jnp.array([1.0, jnp.nan]), hard=True)).all()
    assert_same(
        F.gumbel_softmax(key(), jnp.array([1.0, -jnp.inf]), hard=True), jnp.array([1.0, 0.0])
    )


def test_the_gradient_reaches_tau():
    with jax.enable_x64(True):
        assert_slopes(
            lambda tau, x: F.gumbel_softmax(jax.random.key(0), x, tau), jnp.array(0.7), jnp.array(X)
        )


def test_eps_warns():
    with pytest.warns(UserWarning, match="`eps` is deprecated and has no effect"):
        F.gumbel_softmax(jax.random.key(0), jnp.ones(2), eps=1e-5)


@pytest.mark.parametrize("name", CLOSED)
def test_the_real_part_of_complex_numbers_where_a_dtype_is_given(name):
    x, fn = jnp.array([0.5, -1.0, 2.0]), getattr(F, name)
    with pytest.warns(UserWarning, match="discards the imaginary part"):
        value, pull = jax.vjp(lambda z: fn(z, 0, jnp.float32), jax.lax.complex(x, x))
    expected, wanted = jax.vjp(lambda x: fn(x, 0), x)
    weight = jnp.array([1.0, 2.0, 3.0])
    assert_same(value, expected)
    assert_same(pull(weight)[0], wanted(weight)[0].astype(jnp.complex64))


REFUSALS = [
    ((np.ones(3), 1), ValueError, "dim must be below 1, got 1"),
    ((np.ones(3), -2), ValueError, "dim must be at least -1, got -2"),
    ((np.ones(3), 0.5), TypeError, "dim must be a concrete integer, got float 0.5"),
    ((np.ones(3), True), TypeError, "dim must be a concrete integer, got bool True"),
    ((np.ones(3, int), 0), TypeError, "input must be floating point, got int32"),
    ((np.ones(3, complex), 0), TypeError, "input must be floating point, got complex64; take its"),
    ((np.ones(3), 0, complex), TypeError, "dtype must be a floating point dtype"),
    ((np.ones(3), 0, int), TypeError, "dtype must be a floating point dtype"),
    (("a", 0), TypeError, "input must be an array, got str 'a'"),
]


@pytest.mark.parametrize(("arguments", "error", "match"), REFUSALS)
@pytest.mark.parametrize("name", CLOSED)
def test_refusals(name, arguments, error, match):
    with pytest.raises(error, match=f"^{name}: {match}"):
        getattr(F, name)(*arguments)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ((0, np.ones(3)), TypeError, "key must be a typed key"),
        ((jax.random.key(0), np.ones(3, int)), TypeError, "logits must be floating point"),
        ((jax.random.key(0), np.ones(3), "a"), TypeError, "tau must be an array"),
        ((jax.random.key(0), np.ones(3), 1, 1), TypeError, "hard must be True or False"),
        ((jax.random.key(0), np.ones(3), 1, True, 1e-10, 1), ValueError, "dim must be below 1"),
        ((jax.random.key(0), np.ones((3, 0)), 1, True), ValueError, "logits must be of one or"),
    ],
)
def test_refusals_of_gumbel_softmax(arguments, error, match):
    with pytest.raises(error, match=f"^gumbel_softmax: {match}"):
        F.gumbel_softmax(*arguments)
