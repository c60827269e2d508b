import jax.numpy as jnp
import numpy as np
import pytest

from jaxgrad._closeness import flat, ulp_distance


def test_flat():
    assert flat({"b": [1, 2], "a": None}) == [("['a']", None), ("['b'][0]", 1), ("['b'][1]", 2)]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, jnp.bfloat16])
def test_ulps(dtype):
    one = np.array([1.0], dtype)
    eps = np.array([jnp.finfo(dtype).eps], dtype)
    tiny = np.array([jnp.finfo(dtype).smallest_subnormal], dtype)
    assert ulp_distance(one, one) == (0.0, 1)
    assert ulp_distance(one, one + eps) == (1.0, 0)
    assert ulp_distance(one, one + 3 * eps) == (3.0, 0)
    assert ulp_distance(one - eps, one) == (2.0, 0)
    assert ulp_distance(-tiny, tiny) == (2.0, 0)
    assert ulp_distance(0 * one, -0 * one) == (0.0, 1)
    assert ulp_distance(one, one * np.nan) == (np.inf, 0)
    assert ulp_distance(one * np.nan, one * np.nan) == (0.0, 1)
    assert ulp_distance(one[:0], one[:0]) == (0.0, 0)


def test_ulps_of_other_dtypes():
    assert ulp_distance(np.array([1, 2]), np.array([1, 3])) == (None, 1)
    z = np.array([1 + 1j], np.complex64)
    assert ulp_distance(z, z + np.complex64(1e-7j)) == (1.0, 0)
