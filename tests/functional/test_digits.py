"""Digits where a difference would cancel, and numbers beside narrow ones, in float32 and below."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import assert_same
from scipy import special

from jaxgrad import functional as F

INF, NAN = jnp.inf, jnp.nan


def sigma(x):
    return special.expit(np.float64(x))


def bell(x):
    return sigma(x) * sigma(-x)


def zeros_like(x):
    return jnp.zeros_like(x)


CURVATURES = {
    "i1": (F.i1, [1e-8, 1e-4, 1e-2, 1.0, -1.9, 5.0], lambda x: special.ivp(1, x, 2)),
    "logsigmoid": (F.logsigmoid, [-20.0, -30.0, -1.0, 0.0, 8.0], lambda x: -bell(x)),
    "softplus": (F.softplus, [18.0, -18.0, 1e-4], bell),
    "sigmoid": (F.sigmoid, [20.0, 1e-8, -20.0, 1.0], lambda x: -bell(x) * np.tanh(x / 2)),
    "tanh": (F.tanh, [1e-8, -1e-4, 0.5, 12.0], lambda x: -8 * np.tanh(x) * bell(2 * x)),
    "tanhshrink": (F.tanhshrink, [1e-8, -1e-4, 0.5], lambda x: 8 * np.tanh(x) * bell(2 * x)),
    "glu": (
        lambda x: F.glu(jnp.stack([jnp.ones_like(x), x])[:, None], 0).sum(),
        [20.0, 1e-8],
        lambda x: -bell(x) * np.tanh(x / 2),
    ),
    "soft margin": (
        lambda x: F.soft_margin_loss(x[None], jnp.ones_like(x)[None], "sum"),
        [-20.0, 20.0],
        bell,
    ),
    "multilabel soft margin": (
        lambda x: F.multilabel_soft_margin_loss(x[None], jnp.ones_like(x)[None]),
        [-20.0, 20.0],
        bell,
    ),
    "binary cross entropy": (
        lambda x: F.binary_cross_entropy_with_logits(x, zeros_like(x)),
        [20.0, -20.0, 0.1],
        bell,
    ),
    "logaddexp": (lambda x: F.logaddexp(x, zeros_like(x)), [20.0, -20.0], bell),
}


@pytest.mark.parametrize("name", CURVATURES)
def test_second_derivatives(name):
    fn, points, exact = CURVATURES[name]
    x = jnp.array(points, jnp.float32)
    expected = jnp.array(exact(np.asarray(x, float)), jnp.float32)
    for of in (fn, jax.jit(fn)):
        assert_same(jax.vmap(jax.grad(jax.grad(of)))(x), expected, 2e-5, 0)


def test_values_near_their_zeros():
    x = np.array([0.07, 1e-3, -0.3, 0.999, 1.001, 1e-8, -5.0, 0.0], np.float32)
    for dtype, rtol in ((np.float32, 4e-7), (np.float64, 1e-12)):
        with jax.enable_x64(dtype == np.float64):
            wide = x.astype(np.longdouble)
            assert_same(
                F.tanhshrink(x.astype(dtype))[1:5],
                (wide - np.tanh(wide)).astype(dtype)[1:5],
                rtol,
                0,
            )
            slopes = jax.vmap(jax.grad(F.tanhshrink))(x.astype(dtype))
            assert_same(slopes, jnp.array(np.tanh(wide) ** 2, dtype), rtol, 0)
    assert_same(F.tanhshrink(jnp.array([jnp.inf, -jnp.inf])), jnp.array([jnp.inf, -jnp.inf]))


def test_logaddexp2():
    x = np.array([-47.75, -20.0, 30.3, 0.0, -np.inf, np.inf], np.float32)
    exact = np.log2(1 + 2.0 ** x[1:4].astype(float))
    assert_same(F.logaddexp2(x, np.float32(0))[1:4], jnp.array(exact, jnp.float32), 3e-7, 0)
    tiny = np.log1p(2.0**-47.75) / np.log(2)
    assert_same(F.logaddexp2(x[0], np.float32(0)), jnp.float32(tiny), 3e-7, 0)
    infinite = jnp.array([jnp.inf, -jnp.inf, 0])
    assert_same(F.logaddexp2(jnp.array([jnp.inf, -jnp.inf, -jnp.inf]), infinite), infinite)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
@pytest.mark.parametrize("call", [lambda f: f, jax.jit], ids=["eager", "jit"])
def test_numbers_beside_narrow_ones(dtype, call):
    limit = 0.1 if dtype == jnp.bfloat16 else 0.3  # which rounding makes larger
    near = jnp.array([limit, -limit], dtype)
    assert near[0].astype(float) > limit
    value, slope = jax.vmap(jax.value_and_grad(call(lambda x: F.threshold(x, limit, 20))))(near)
    assert_same((value, slope), (jnp.array([near[0], 20], dtype), jnp.array([1, 0], dtype)))
    within = call(lambda x: F.hardtanh(x, -limit, limit))
    assert_same(jax.vmap(jax.grad(within))(near), jnp.zeros(2, dtype))
    below = 0.7 if dtype == jnp.bfloat16 else 0.1  # which rounding makes smaller
    last = jnp.array([below, -below], dtype)
    assert abs(last[0].astype(float)) < below
    within = call(lambda x: F.hardtanh(x, -below, below))
    assert_same(jax.vmap(jax.value_and_grad(within))(last), (last, jnp.ones(2, dtype)))
    assert_same(call(lambda x: F.threshold(x, below, 20))(last), jnp.full(2, 20, dtype))
    quotient = call(lambda x: F.floor_divide(x, 0.1))
    assert_same(quotient(jnp.array([-4.0, 3.0, 0.5], dtype)), jnp.array([-40, 29, 4], dtype))


def test_a_quotient_of_zero_has_a_sign():
    x = jnp.array([-0.0, 0.0, -0.0, 0.0, 1.0, -0.0])
    y = jnp.array([1.0, -1.0, -1.0, 1.0, jnp.inf, jnp.inf])
    for of in (F.floor_divide, jax.jit(F.floor_divide)):
        assert_same(jnp.signbit(of(x, y)), jnp.array([True, True, False, False, False, True]))
        assert_same(of(x, y), jnp.zeros(6))


MASKED = {
    "mse_loss": lambda x, m: F.mse_loss(x, jnp.ones_like(x), "none", m),
    "l1_loss": lambda x, m: F.l1_loss(x, jnp.ones_like(x), "none", m),
    "huber_loss": lambda x, m: F.huber_loss(x, jnp.ones_like(x), "none", weight=m),
    "binary_cross_entropy_with_logits": lambda x, m: F.binary_cross_entropy_with_logits(
        x, jnp.zeros_like(x), m, "none"
    ),
    "multilabel_soft_margin_loss": lambda x, m: F.multilabel_soft_margin_loss(
        x[None], jnp.ones_like(x)[None], m, "none"
    ),
    "cross_entropy": lambda x, m: F.cross_entropy(
        jnp.stack([x, x], 1), jnp.zeros((4, 2)).at[:, 0].set(1.0), m[:2], reduction="none"
    ),
    "xlogy": lambda x, m: F.xlogy(m, x),
    "xlog1py": lambda x, m: F.xlog1py(m, x),
}


@pytest.fixture
def promoting():
    """JAX's standard promotion, which takes truth values beside floats."""
    with jax.numpy_dtype_promotion("standard"):
        yield


@pytest.mark.usefixtures("promoting")
@pytest.mark.parametrize("name", MASKED)
def test_truth_values_let_nan_through(name):
    fn, x = MASKED[name], jnp.array([NAN, 0.5, 1.0, 2.0])
    mask = jnp.array([False, True, False, True])
    for of in (fn, jax.jit(fn), lambda x, m: jax.vmap(jax.jit(fn))(x[None], m[None])[0]):
        found = of(x, mask)
        assert jnp.isnan(found[0])
        assert_same(found, fn(x, mask.astype(jnp.float32)))
    if name not in ("xlogy", "xlog1py", "l1_loss"):
        slope = jax.jit(jax.grad(lambda x: jnp.sum(fn(x, mask))))(x)
        assert jnp.isnan(slope).any() and jnp.isnan(jax.jit(F.mse_loss)(x, x, weight=mask))
