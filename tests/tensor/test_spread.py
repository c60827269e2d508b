"""Variance and standard deviation: large means, squares beyond the range, no freedom."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import assert_same

from jaxgrad import tensor as T

INF, NAN = float("inf"), float("nan")


def test_one_number_has_no_variance_in_any_dtype(any_dtype):
    x = jnp.ones((1,), any_dtype)
    for fn in (T.var, T.std):
        value, grad = jax.value_and_grad(fn)(x)
        assert_same([value, grad], [jnp.full(shape, NAN, any_dtype) for shape in ((), (1,))])


def test_variances_without_degrees_of_freedom():
    x = jnp.array([1.0, 2.0])
    for fn, axis, correction, expected in (
        (T.var, None, 3, [INF, INF]),  # PyTorch's own, with an axis and without
        (T.var, 0, 3, [1, -1]),
        (T.var, 0, 2, [-INF, INF]),
        (T.std, 0, 3, [0, 0]),
    ):
        grad = jax.grad(lambda x, f=fn, a=axis, c=correction: f(x, a, correction=c))(x)
        assert_same(grad, jnp.array(expected, jnp.float32))


@pytest.mark.parametrize("call", [lambda f: f, jax.jit, jax.vmap], ids=["eager", "jit", "vmap"])
@pytest.mark.parametrize("number", [1234567.0, 0.1, 3e38, 0.0])
def test_equal_numbers_have_no_spread(number, call, dtype):
    x = jnp.full((2, 1003, 3), number, dtype)
    for fn in (T.var, T.std):
        of = call(lambda x, f=fn: f(x, 0).sum() if call is jax.vmap else f(x, (0, 1)).sum())
        assert_same(jnp.sum(of(x)), jnp.zeros((), dtype), 0)
        assert_same(jax.grad(lambda x, of=of: jnp.sum(of(x)))(x), jnp.zeros_like(x), 0)


@pytest.mark.parametrize("dim", [None, 0])
@pytest.mark.parametrize("mean", [0.0, 1e3, 1e6])
def test_the_spread_of_large_numbers_that_are_close(mean, dim):
    x = np.random.default_rng(0).normal(mean, 1, 20_001).astype(np.float32)
    exact = x.astype(float)
    for fn, value in ((T.var, exact.var(ddof=1)), (T.std, exact.std(ddof=1))):
        assert_same(jax.jit(fn, static_argnums=1)(x, dim), jnp.float32(value), 4e-7, 0)
    slope = 2 * (exact - exact.mean()) / (x.size - 1)
    np.testing.assert_allclose(jax.grad(T.var)(x), slope, rtol=1e-5, atol=1e-10)


def test_a_spread_beside_an_outlier_in_front():
    x = np.random.default_rng(0).normal(size=10_001).astype(np.float32)
    x[0] = 1e8
    slope = 2 * (x - x.astype(float).mean()) / (x.size - 1)
    np.testing.assert_allclose(jax.grad(T.var)(x), slope, rtol=1e-5)


def test_spreads_beyond_the_range_of_squares():
    for points, value in (
        ([1e20, -1e20, 3e20], 2e20),
        ([1e-25, 3e-25], np.sqrt(2) * 1e-25),
        ([2e19, -2e19], np.sqrt(8) * 1e19),
        ([3e38, -3e38, -3e38, -3e38], 3e38),
    ):
        x = jnp.array(points, jnp.float32)
        exact = np.array(points)
        slope = (exact - exact.mean()) / (exact.size - 1) / value
        for of in (T.std, jax.jit(T.std)):
            assert_same(of(x), jnp.float32(value), 3e-7, 0)
            assert_same(jax.grad(of)(x), jnp.array(slope, jnp.float32), 3e-7)
    assert_same(T.var(jnp.array([2e19, -2e19])), jnp.array(INF))
    assert_same(T.var(jnp.array([3e38, -3e38])), jnp.array(INF))
    assert_same(T.var(jnp.array([1e-25, 3e-25]), correction=2), jnp.array(INF))


def test_the_gradient_of_a_spread_with_an_infinity():
    slope = jax.grad(T.var)
    assert_same(jax.grad(T.std)(jnp.array([INF, 1.0])), jnp.array([NAN, NAN]))
    assert_same(slope(jnp.array([INF, 1.0])), jnp.array([NAN, -INF]))
    assert_same(slope(jnp.array([1.0, -INF])), jnp.array([INF, NAN]))
    assert_same(slope(jnp.array([NAN, 1.0])), jnp.array([NAN, NAN]))


def test_a_spread_along_an_axis_that_is_sharded(rows):
    x = np.random.default_rng(0).normal(1e6, 1, (64, 3)).astype(np.float32)
    for fn in (T.var, T.std):
        value, pull = jax.vjp(jax.jit(lambda x, f=fn: f(x, 0)), jax.device_put(x, rows))
        expected, pull_alone = jax.vjp(lambda x, f=fn: f(x, 0), jnp.array(x))
        assert_same(np.asarray(value), np.asarray(expected), 1e-6)
        (slope,), (alone,) = pull(jnp.ones_like(value)), pull_alone(jnp.ones(3))
        np.testing.assert_allclose(slope, alone, rtol=1e-4, atol=1e-7)
