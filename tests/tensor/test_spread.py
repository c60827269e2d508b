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


class TestMeans:
    @pytest.mark.parametrize("call", [lambda f: f, jax.jit], ids=["eager", "jit"])
    @pytest.mark.parametrize("rows", [1, 2, 37, 1000, 99_999])
    @pytest.mark.parametrize("number", [1234567.0, 0.1, 16777213.0, 3e38, -1 / 3, 0.0])
    def test_the_mean_of_equal_numbers_is_that_number(self, number, rows, call, dtype):
        x = jnp.full((rows, 2), number, dtype)
        for fn in (T.var_mean, T.std_mean):
            _, mean = call(lambda x, fn=fn: fn(x, 0, correction=0))(x)
            assert_same(mean, x[0], 0)

    def test_a_constant_column_scores_0(self):
        def scored(x):
            deviation, mean = T.std_mean(x, 0, keepdim=True)
            return (x - mean) / (deviation + 1e-6)

        x = jnp.stack([jnp.full(1000, 1234567.0), jnp.arange(1000.0)], 1)
        slope = jax.grad(lambda x: (scored(x) ** 2).sum())
        for fn in (scored, jax.jit(scored), jax.jit(slope)):
            assert_same(fn(x)[:, 0], jnp.zeros(1000), 0)
        assert_same(jax.vmap(scored)(x[None])[0, :, 0], jnp.zeros(1000), 0)

    def test_against_float64(self):
        x = 1e6 + np.random.default_rng(0).normal(size=(3, 40, 5)).astype("f4")
        for dim, axis in ((None, None), (1, 1), ((0, -1), (0, 2)), ((), None)):
            for fn, of in ((T.var_mean, np.var), (T.std_mean, np.std)):
                exact = of(x.astype(float), axis=axis, ddof=1), x.astype(float).mean(axis)
                got = fn(jnp.asarray(x), dim)
                assert_same(got, tuple(jnp.array(e, "f4") for e in exact), 1e-6, 0)
                kept = fn(jnp.asarray(x), dim, keepdim=True)
                assert all(k.ndim == 3 and k.size == g.size for k, g in zip(kept, got, strict=True))

    def test_numbers_whose_sum_overflows(self, dtype):
        top = float(jnp.finfo(dtype).max)
        x = jnp.array([top, top, -top, -top, 0.0], dtype)
        assert_same(T.std_mean(x[:4])[1], jnp.zeros((), dtype), 0)
        assert_same(
            T.var_mean(jnp.array([top, top, top / 2], dtype))[1] / top, jnp.array(5 / 6, dtype)
        )
        assert_same(jax.grad(lambda x: T.var_mean(x)[1])(x), jnp.full(5, 0.2, dtype))

    def test_infinities_and_nothing(self, any_dtype):
        for numbers, mean in (
            ([INF, 1], INF),
            ([1, -INF, 2], -INF),
            ([INF, -INF], NAN),
            ([NAN, 1], NAN),
            ([], NAN),
        ):
            for fn in (T.var_mean, T.std_mean):
                got = fn(jnp.array(numbers, any_dtype))
                assert_same(got, (jnp.array(NAN, any_dtype), jnp.array(mean, any_dtype)))

    def test_complex_numbers(self):
        z = jnp.array([1 + 2j, 3 - 1j, 2 + 2j])
        assert_same(T.var_mean(z), (T.var(z), jnp.array(2 + 1j)))
        assert_same(
            T.std_mean(jnp.full(10, 0.1 + 0.3j)), (jnp.array(0.0), jnp.array(0.1 + 0.3j)), 0
        )

    def test_slopes(self):
        x = jnp.array([[1.0, 2.0, 4.0], [0.5, 0.5, 0.5]])
        value, pull = jax.vjp(lambda x: T.std_mean(x, 1), x)
        slopes = jax.grad(lambda x: T.std(x, 1).sum())(x) + 1 / 3
        assert_same(pull((jnp.ones(2), jnp.ones(2)))[0], slopes)

    def test_a_flag_comes_second(self):
        x = jnp.array([1.0, 2.0, 4.0])
        assert_same(T.var_mean(x, False), T.var_mean(x, correction=0))
        with pytest.raises(
            ValueError, match="std_mean: unbiased must be left out where correction"
        ):
            T.std_mean(x, 0, True, correction=1)
        with pytest.raises(TypeError, match="var_mean: input must be"):
            T.var_mean(jnp.arange(3))

    @pytest.mark.parametrize("axis", [0, 1])
    def test_sharded(self, rows, axis):
        x = jax.device_put(jnp.full((8, 16), 0.1), rows)
        for fn in (T.var_mean, T.std_mean):
            assert_same(
                fn(x, axis),
                (jnp.zeros(16 if axis == 0 else 8), jnp.full(16 if axis == 0 else 8, 0.1)),
                0,
            )
