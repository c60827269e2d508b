import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import assert_same

from jaxgrad.functional import mse_loss

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(2, 10, 5))
W = RNG.uniform(0.1, 2, size=(10, 5))

CLOSED = {
    ("none", False): lambda x, y, w: (x - y) ** 2,
    ("sum", False): lambda x, y, w: ((x - y) ** 2).sum(),
    ("mean", False): lambda x, y, w: ((x - y) ** 2).sum() / x.size,
    ("none", True): lambda x, y, w: w * (x - y) ** 2,
    ("sum", True): lambda x, y, w: (w * (x - y) ** 2).sum(),
    ("mean", True): lambda x, y, w: (w * (x - y) ** 2).sum() / w.sum(),
}


def arrays(dtype, *values):
    return tuple(jnp.array(value, dtype) for value in values)


@pytest.mark.parametrize(("reduction", "weighted"), CLOSED, ids=str)
def test_closed_forms(reduction, weighted, any_dtype):
    x, y, w = arrays(any_dtype, X, Y, W)
    exact = CLOSED[reduction, weighted](*(np.asarray(a, float) for a in (x, y, w)))
    loss = mse_loss(x, y, reduction, w if weighted else None)
    assert_same(loss, jnp.array(exact, any_dtype))


@pytest.mark.parametrize(("reduction", "weighted"), CLOSED, ids=str)
def test_gradients(reduction, weighted):
    with jax.enable_x64(True):
        x, y, w = arrays(float, X, Y, W)
        scale = 2 * (w if weighted else 1) * (x - y)
        if reduction == "mean":
            scale = scale / (w.sum() if weighted else x.size)

        def loss(x, y):
            return mse_loss(x, y, reduction, w if weighted else None).sum()

        assert_same(jax.grad(loss, (0, 1))(x, y), (scale, -scale))


def test_second_derivatives():
    hessian = jax.hessian(mse_loss)(jnp.array([1.0, 2.0]), jnp.zeros(2))
    assert_same(hessian, jnp.eye(2))


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_jit_and_vmap(reduction):
    x, y = arrays(jnp.float32, X, Y)

    def loss(x, y):
        return mse_loss(x, y, reduction)

    assert_same(jax.jit(loss)(x, y), loss(x, y))
    assert_same(jax.vmap(loss)(x, y), jnp.stack([loss(a, b) for a, b in zip(x, y, strict=True)]))


def test_a_second_call_compiles_nothing(caplog):
    x, y = arrays(jnp.float32, X, Y)
    mse_loss(x, y)
    with jax.log_compiles():
        caplog.clear()
        mse_loss(y, x)
    assert not [r for r in caplog.records if "Compiling" in r.getMessage()]


def test_promotion():
    with jax.numpy_dtype_promotion("standard"):

        def ones(dtype):
            return jnp.ones(2, dtype)

        assert mse_loss(ones(jnp.float32), ones(jnp.int32)).dtype == jnp.float32
        assert mse_loss(ones(jnp.bfloat16), ones(jnp.float16)).dtype == jnp.float32
        assert mse_loss(*[ones(jnp.float16)] * 2, weight=ones(int)).dtype == jnp.float16


def test_nothing(any_dtype):
    empty = jnp.zeros((0, 3), any_dtype)
    assert_same(mse_loss(empty, empty), jnp.array(jnp.nan, any_dtype))
    assert_same(mse_loss(empty, empty, "sum"), jnp.zeros((), any_dtype))
    assert_same(mse_loss(empty, empty, "none"), empty)
    assert_same(jax.grad(mse_loss)(empty, empty), empty)


def test_weights_that_sum_to_zero():
    assert np.isnan(mse_loss(jnp.ones(2), jnp.zeros(2), weight=jnp.zeros(2)))


def test_infinities_and_nan():
    x, y = jnp.array([jnp.inf, jnp.nan, 1.0]), jnp.array([jnp.inf, 0.0, -jnp.inf])
    assert_same(mse_loss(x, y, "none"), jnp.array([jnp.nan, jnp.nan, jnp.inf]))


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ((jnp.ones((3, 1)), jnp.ones(3)), ValueError, r"target must be of input's shape \(3, 1\)"),
        ((jnp.ones(3), 1.0), ValueError, r"target must be of input's shape \(3,\), got \(\)"),
        ((jnp.ones(3), jnp.ones(3), "avg"), ValueError, "reduction must be one of 'none', 'mean'"),
        ((jnp.ones(3), jnp.ones(3), None), ValueError, "reduction must be one of"),
        ((jnp.ones(3), jnp.ones(3), ["mean"]), ValueError, "reduction must be one of"),
        ((jnp.ones(3), jnp.ones(3), "mean", jnp.ones(2)), ValueError, "weight must be of input's"),
        ((jnp.ones(3, int), jnp.ones(3, int)), TypeError, "input or target must be floating"),
        ((jnp.ones(3, complex),) * 2, TypeError, "input or target must be floating"),
        ((jnp.ones(3), None), TypeError, "target must be an array, got NoneType"),
        (("a", jnp.ones(3)), TypeError, "input must be an array, got str 'a'"),
    ],
)
def test_refusals(arguments, error, match):
    with pytest.raises(error, match=f"mse_loss: {match}"):
        mse_loss(*arguments)
