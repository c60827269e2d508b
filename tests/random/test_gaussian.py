"""randn, normal, log_normal: distributions, matching of shapes and dtypes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import assert_distributed, assert_same
from scipy import stats

from jaxgrad.random import log_normal, normal, randn


class TestDistributions:
    def test_randn(self, drawn, dtype):
        samples = drawn(lambda key, n: randn(key, n))
        assert samples.dtype == dtype
        assert_distributed(samples, stats.norm())

    def test_normal(self, drawn, dtype):
        mean, std = np.arange(1.0, 5.0).astype(dtype), np.array([1, 0.5, 0.1, 3], dtype)
        samples = drawn(lambda key, n: normal(key, mean, std, (n, 4)))
        assert samples.dtype == dtype
        assert_distributed(samples, stats.norm(mean.astype(float), std.astype(float)))

    def test_log_normal(self, drawn, dtype):
        samples = drawn(lambda key, n: log_normal(key, n, -1.0, 0.5))
        assert samples.dtype == dtype
        assert_distributed(samples, stats.lognorm(0.5, scale=np.exp(-1)))

    def test_the_defaults_of_log_normal_are_pytorchs(self):
        assert_distributed(log_normal(jax.random.key(0), 40_000), stats.lognorm(2, scale=np.e))

    @pytest.mark.parametrize("narrow", ["bfloat16", "float16"])
    def test_narrow_samples_are_rounded_once(self, narrow):
        normals = randn(jax.random.key(3), 200_000, dtype=narrow)
        assert normals.dtype == narrow
        # Sampled in bfloat16 there would be 128 values at most, and none beyond 3.
        assert np.unique(normals).size > 1000
        assert np.max(np.abs(np.asarray(normals, float))) > 4
        assert_distributed(normals[:20_000], stats.norm())
        logs = log_normal(jax.random.key(4), 20_000, 0.0, 1.0, dtype=narrow)
        assert logs.dtype == narrow
        assert_distributed(logs, stats.lognorm(1))


class TestEdges:
    def test_std_zero_is_the_mean(self, any_dtype):
        mean = jnp.arange(3, dtype=any_dtype)
        assert_same(normal(jax.random.key(0), mean, 0.0), mean)

    def test_infinities_and_nan_pass_where_pytorch_lets_them(self):
        key_a, key_b = jax.random.split(jax.random.key(0))
        assert np.isinf(normal(key_a, jnp.zeros(3), jnp.inf)).all()
        assert np.isnan(normal(key_b, jnp.array(jnp.nan)))

    def test_nothing(self, any_dtype):
        empty = jnp.zeros((0, 3), any_dtype)
        assert_same(randn(jax.random.key(0), (0, 3), dtype=any_dtype), empty)
        assert_same(normal(jax.random.key(0), empty, empty), empty)
        assert_same(log_normal(jax.random.key(0), (0, 3), dtype=any_dtype), empty)

    def test_0d(self, any_dtype):
        for sampler in (randn, log_normal):
            sample = sampler(jax.random.key(0), (), dtype=any_dtype)
            assert sample.shape == () and sample.dtype == any_dtype

    def test_log_normal_is_exp_of_normal(self, dtype):
        z = randn(jax.random.key(1), 50)
        expected = jnp.exp(0.5 + 0.25 * z)
        assert_same(log_normal(jax.random.key(1), 50, 0.5, 0.25), expected)


class TestShapes:
    @pytest.mark.parametrize(
        ("mean", "std", "shape"),
        [
            ((10,), (10,), (10,)),
            ((), (5,), (5,)),
            ((5,), (), (5,)),
            ((3, 1), (1, 4), (3, 4)),
            ((3, 1), (1, 3), (3, 3)),
            ((2, 3), (6,), (2, 3)),
            ((6,), (3, 2), (6,)),
            ((), (1, 1), (1, 1)),
        ],
    )
    def test_normal(self, mean, std, shape):
        assert normal(jax.random.key(0), jnp.zeros(mean), jnp.ones(std)).shape == shape

    def test_equal_counts_are_matched_in_order(self):
        std = jnp.array([0.0, 0.0, 0.0, 1.0, 0.0, 0.0])
        samples = normal(jax.random.key(0), jnp.zeros((2, 3)), std)
        assert_same(samples != 0, jnp.array([[False] * 3, [True, False, False]]))

    def test_scalars_with_a_shape(self):
        assert normal(jax.random.key(0), 0.5, 2.0, (2, 3)).shape == (2, 3)
        assert normal(jax.random.key(0), shape=4).shape == (4,)
        assert normal(jax.random.key(0), 0.5, 2.0).shape == ()

    @pytest.mark.parametrize(
        ("mean", "std", "expected"),
        [
            (jnp.zeros(2, jnp.bfloat16), jnp.ones(2), "bfloat16"),
            (jnp.zeros(2), jnp.ones(2, jnp.float16), "float32"),
            (0.5, jnp.ones(2, jnp.float16), "float16"),
            (0, jnp.ones(2), "float32"),
            (jnp.zeros(2), jnp.arange(2), "float32"),
            (jnp.array(0.5, jnp.float16), 1.0, "float16"),
        ],
    )
    def test_the_dtype_is_the_means(self, mean, std, expected):
        assert normal(jax.random.key(0), mean, std).dtype == expected
