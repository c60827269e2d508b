"""Digits where a difference would cancel, and numbers beside narrow ones, in float32 and below."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import assert_same
from scipy import special

from jaxgrad import functional as F
from jaxgrad import tensor as T

INF, NAN = jnp.inf, jnp.nan


def sigma(x):
    return special.expit(np.float64(x))


def bell(x):
    return sigma(x) * sigma(-x)


def zeros_like(x):
    return jnp.zeros_like(x)


CURVATURES = {
    "i1": (T.i1, [1e-8, 1e-4, 1e-2, 1.0, -1.9, 5.0], lambda x: special.ivp(1, x, 2)),
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
    "logaddexp": (lambda x: T.logaddexp(x, zeros_like(x)), [20.0, -20.0], bell),
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
    assert_same(T.logaddexp2(x, np.float32(0))[1:4], jnp.array(exact, jnp.float32), 3e-7, 0)
    tiny = np.log1p(2.0**-47.75) / np.log(2)
    assert_same(T.logaddexp2(x[0], np.float32(0)), jnp.float32(tiny), 3e-7, 0)
    infinite = jnp.array([jnp.inf, -jnp.inf, 0])
    assert_same(T.logaddexp2(jnp.array([jnp.inf, -jnp.inf, -jnp.inf]), infinite), infinite)


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
    quotient = call(lambda x: T.floor_divide(x, 0.1))
    assert_same(quotient(jnp.array([-4.0, 3.0, 0.5], dtype)), jnp.array([-40, 29, 4], dtype))


def test_a_quotient_of_zero_has_a_sign():
    x = jnp.array([-0.0, 0.0, -0.0, 0.0, 1.0, -0.0])
    y = jnp.array([1.0, -1.0, -1.0, 1.0, jnp.inf, jnp.inf])
    for of in (T.floor_divide, jax.jit(T.floor_divide)):
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
    "xlogy": lambda x, m: T.xlogy(m, x),
    "xlog1py": lambda x, m: T.xlog1py(m, x),
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


@pytest.mark.parametrize("n", [1, 2, 3, 20, 30])
def test_polygamma_of_large_numbers(n):
    x = np.array([n + 9.5, n + 10.5, 88.0, 200.0, 4e9], np.float32)
    exact = special.polygamma(n, x.astype(float))
    held = (np.abs(exact) > 1.2e-38) & ((x > n + 10) | (n < 24))
    expected = jnp.array(np.where(held, exact, 0), jnp.float32)
    found = jax.jit(T.polygamma, static_argnums=0)(n, x)
    assert_same(jnp.where(held, found, 0), expected, 3e-6, 0)
    steep = special.polygamma(n + 1, np.float64(88))
    assert_same(jax.grad(lambda x: T.polygamma(n, x))(88.0), jnp.float32(steep), 6e-6, 0)


def test_lgamma_near_its_zeros():
    for dtype, rtol in ((np.float32, 6e-7), (np.float64, 1e-14)):
        with jax.enable_x64(dtype == np.float64):
            z = np.array([1e-5, -1e-5, 1e-3, -0.01, 1e-7 if dtype == np.float32 else 1e-9], dtype)
            for zero in (1, 2):
                # To fourth order; what follows is less than the last term times z.
                z_of = (z + dtype(zero)) - dtype(zero)
                terms = [1 - np.euler_gamma] if zero == 2 else [-np.euler_gamma]
                terms += [(special.zeta(k) - (zero == 2)) * (-1) ** k / k for k in range(2, 12)]
                exact = sum(c * z_of.astype(float) ** k for k, c in enumerate(terms, 1))
                assert_same(T.lgamma(z + dtype(zero)), jnp.array(exact, dtype), rtol, 0)
            x = np.array([0.49, 0.5, 0.8, 1.499, 1.5, 2.49, 2.501, 3.2, 3.5, 3.6], dtype)
            exact = special.gammaln(x.astype(float))
            assert_same(T.lgamma(x), jnp.array(exact, dtype), 3e-6 if rtol > 1e-9 else 1e-12, 0)


def test_lgamma_of_numbers_of_all_sizes():
    x = np.concatenate([np.linspace(-12, 12, 1001), np.geomspace(12, 1e30, 50), [-np.inf, -77.7]])
    for dtype, eps in ((np.float32, 5 * 2.0**-24), (np.float64, 5e-15)):
        with jax.enable_x64(dtype == np.float64):
            exact = special.gammaln(x.astype(dtype).astype(float))
            found = np.asarray(T.lgamma(x.astype(dtype)), float)
        assert (np.isinf(found) == np.isinf(exact)).all()
        found, exact = (y[np.isfinite(exact)] for y in (found, exact))
        assert (np.abs(found - exact) / np.maximum(1, np.abs(exact))).max() < eps


def test_the_norm_of_one_number_is_its_size():
    for number in (3e19, 3e19j, 1e-30j, 3e38, -1e-25):
        for p in (2, 3, -1, 0.5):
            for of in (T.vector_norm, jax.jit(T.vector_norm, static_argnums=1)):
                assert_same(of(jnp.array([number]), p), jnp.float32(abs(number)), 1e-6, 0)
    pull = jax.vjp(T.vector_norm, jnp.array([3e19j]))[1]
    assert_same(pull(jnp.float32(1))[0], jnp.array([-1j], jnp.complex64))
    assert_same(jax.grad(T.vector_norm)(jnp.array([-3e19])), jnp.array([-1.0]))


def test_slopes_at_subnormal_numbers():
    x, y = np.array([[1e-40, 1e-40], [1e-40, 0], [0, 1e-42], [3e-30, 4e-30]], np.float32).T
    for of in (T.hypot, jax.jit(T.hypot)):
        slopes = jax.vmap(jax.grad(of, (0, 1)))(x, y)
        half = np.sqrt(0.5)
        expected = jnp.array([[half, 1, 0, 0.6], [half, 0, 1, 0.8]], jnp.float32)
        assert_same(slopes, tuple(expected), 1e-5)
        assert jnp.isnan(jax.grad(of)(0.0, 0.0))
    x, y = np.array([[1e-40, 1e-40], [0, 1e-40], [2e-38, 1e-39], [1, 1e-40], [6, 3]], np.float32).T
    slopes = jax.vmap(jax.grad(T.xlogy, 1))(x, y)
    assert_same(slopes, jnp.array([1, 0, 20, INF, 2], jnp.float32), 1e-5)
    assert_same(jax.grad(jax.grad(T.xlogy, 1), 1)(6.0, 3.0), jnp.float32(-6 / 9))
    assert_same(jax.grad(jax.grad(T.hypot))(3.0, 4.0), jnp.float32(16 / 125))


def test_the_slope_of_softsign_far_out():
    x = np.array([1e3, -1e5, 3e7])
    with jax.enable_x64(True):
        for dtype, rtol in (("float32", 1e-6), ("float64", 1e-14)):
            slope = jax.grad(lambda x: F.softsign(x).sum())
            bend = jax.grad(lambda x, of=slope: of(x).sum())
            assert_same(slope(jnp.array(x, dtype)), jnp.array((1 + abs(x)) ** -2, dtype), rtol, 0)
            expected = -2 * np.sign(x) * (1 + abs(x)) ** -3.0
            assert_same(bend(jnp.array(x, dtype)), jnp.array(expected, dtype), 10 * rtol, 0)
