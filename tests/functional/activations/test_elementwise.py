"""Activations of one element: closed forms, conventions at kinks, and what holds for all."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from invariants import assert_invariants, assert_slopes
from jax.experimental import checkify
from oracles import assert_distributed, assert_same
from scipy import special, stats

import jaxgrad
from jaxgrad import functional as F

pytestmark = pytest.mark.thinned(8)

INF, NAN = math.inf, math.nan
ALPHA, SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def rrelu(x, *arguments):
    return F.rrelu(jax.random.key(0), x, *arguments)


def prelu(x):
    return F.prelu(x, jnp.full((), 0.25, x.dtype))


def tanh_gelu(x):
    return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


CLOSED = {
    "relu": (F.relu, lambda x: np.maximum(x, 0)),
    "relu6": (F.relu6, lambda x: np.clip(x, 0, 6)),
    "leaky_relu": (F.leaky_relu, lambda x: np.where(x > 0, x, 0.01 * x)),
    "prelu": (prelu, lambda x: np.where(x > 0, x, 0.25 * x)),
    "rrelu": (rrelu, lambda x: np.where(x > 0, x, 11 / 48 * x)),
    "threshold": (lambda x: F.threshold(x, 1.1, 7.0), lambda x: np.where(x > 1.1, x, 7)),
    "elu": (F.elu, lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0)))),
    "celu": (
        lambda x: F.celu(x, 2.0),
        lambda x: np.where(x > 0, x, 2 * np.expm1(np.minimum(x, 0) / 2)),
    ),
    "selu": (
        F.selu,
        lambda x: SCALE * np.where(x > 0, x, ALPHA * np.expm1(np.minimum(x, 0))),
    ),
    "gelu": (F.gelu, lambda x: x * special.ndtr(x)),
    "gelu_tanh": (lambda x: F.gelu(x, approximate="tanh"), tanh_gelu),
    "silu": (F.silu, lambda x: x * special.expit(x)),
    "mish": (F.mish, lambda x: x * np.tanh(np.log1p(np.exp(x)))),
    "hardtanh": (F.hardtanh, lambda x: np.clip(x, -1, 1)),
    "hardsigmoid": (F.hardsigmoid, lambda x: np.clip(x + 3, 0, 6) / 6),
    "hardswish": (F.hardswish, lambda x: x * np.clip(x + 3, 0, 6) / 6),
    "hardshrink": (F.hardshrink, lambda x: np.where(np.abs(x) > 0.5, x, 0)),
    "softshrink": (F.softshrink, lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0)),
    "tanhshrink": (F.tanhshrink, lambda x: x - np.tanh(x)),
    "softplus": (
        lambda x: F.softplus(x, 2.0, 4.5),
        lambda x: np.where(2 * x > 4.5, x, np.log1p(np.exp(2 * x)) / 2),
    ),
    "softsign": (F.softsign, lambda x: x / (1 + np.abs(x))),
    "sigmoid": (F.sigmoid, special.expit),
    "logsigmoid": (F.logsigmoid, special.log_expit),
    "tanh": (F.tanh, np.tanh),
    "glu": (F.glu, lambda x: x[..., :6] * special.expit(x[..., 6:])),
}
GRID = np.array([-7.3, -3.4, -2.6, -1.3, -0.7, -0.2, 0.15, 0.8, 1.6, 2.2, 4.4, 8.1])


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms(name, any_dtype):
    fn, exact = CLOSED[name]
    x = jnp.array(GRID, any_dtype)
    # The least of float16 is 6e-8: below, tails are compared absolutely.
    assert_same(fn(x), jnp.array(exact(np.asarray(x, float)), any_dtype))


@pytest.mark.parametrize("name", [name for name in CLOSED if name != "rrelu"])
def test_slopes(name):
    with jax.enable_x64(True):
        assert_slopes(CLOSED[name][0], jnp.array(GRID), rtol=1e-6)


@pytest.mark.parametrize("name", CLOSED)
def test_jit_vmap_and_one_compilation(name, caplog):
    assert_invariants(CLOSED[name][0], caplog, jnp.array(GRID, jnp.float32))


@pytest.mark.thinned(8)
@pytest.mark.parametrize("name", [name for name in CLOSED if name != "glu"])
def test_empty_and_0d(name):
    fn = CLOSED[name][0]
    for x in (jnp.zeros((0, 3), jnp.bfloat16), jnp.ones((), jnp.float16)):
        y, grad = jax.jit(jax.value_and_grad(lambda x: fn(x).sum()))(x)
        assert fn(x).shape == x.shape and y.dtype == x.dtype
        assert grad.shape == x.shape and grad.dtype == x.dtype


@pytest.mark.parametrize("name", ["relu", "softplus", "gelu", "hardswish", "selu", "rrelu"])
def test_sharded(name, rows):
    fn = CLOSED[name][0]
    x = jnp.array(np.tile(GRID, (8, 1)), jnp.float32)
    sharded = jax.device_put(x, rows)
    y = fn(sharded)
    assert y.sharding.is_equivalent_to(rows, 2)
    assert_same(y, fn(x))


def derivatives(fn, x):
    """The first and the second derivative at each x, in reverse mode and in forward mode."""

    def both(x):
        ones = jnp.ones_like(x)

        def reverse(x):
            return jax.vjp(fn, x)[1](ones)[0]

        def forward(x):
            return jax.jvp(fn, (x,), (ones,))[1]

        first, pull = jax.vjp(reverse, x)
        return [first, pull(ones)[0]], list(jax.jvp(forward, (x,), (ones,)))

    backwards, forwards = jax.jit(both)(jnp.array(x))
    assert_same(forwards, backwards)
    return [np.asarray(g) for g in backwards]


CONVENTIONS = {
    # name: (function, points, first derivative, second derivative)
    "relu": (F.relu, [-1.0, 0.0, 1.0, NAN, INF], [0, 0, 1, 1, 1], [0] * 5),
    "relu6": (F.relu6, [0.0, 3.0, 6.0, NAN], [0, 1, 0, 1], [0] * 4),
    "leaky_relu": (F.leaky_relu, [0.0, 1.0, NAN, -INF], [0.01, 1, 0.01, 0.01], [0] * 4),
    "negative slope": (lambda x: F.leaky_relu(x, -2.0), [0.0, INF], [-2, 1], [0, 0]),
    "prelu": (prelu, [-0.0, 0.0, NAN], [0.25] * 3, [0] * 3),
    "rrelu": (lambda x: rrelu(x, 0.25, 0.75), [0.0, 1.0, NAN], [0.5, 1, 0.5], [0] * 3),
    "threshold": (lambda x: F.threshold(x, 1.0, 7.0), [1.0, 2.0, NAN], [0, 1, 1], [0] * 3),
    "elu": (lambda x: F.elu(x, 2.0), [-INF, 0.0, 1.0, NAN], [0, 2, 1, 1], [0] * 4),
    "celu": (lambda x: F.celu(x, 2.0), [-INF, 0.0, 1.0, NAN], [0, 1, 1, 1], [0] * 4),
    "selu": (
        F.selu,
        [-INF, 0.0, 1.0, NAN],
        [0, SCALE * ALPHA, SCALE, SCALE],
        [0] * 4,
    ),
    "gelu": (F.gelu, [INF, -INF, NAN, 0.0], [NAN, NAN, NAN, 0.5], [NAN] * 3 + [0.7978845608]),
    "silu": (F.silu, [INF, -INF, NAN, 0.0], [NAN, NAN, NAN, 0.5], [NAN] * 3 + [0.5]),
    "mish": (F.mish, [100.0, NAN, 0.0], [1, NAN, 0.6], [0, NAN, 0.64]),
    "hardtanh": (F.hardtanh, [-1.0, 0.0, 1.0, NAN], [0, 1, 0, 1], [0] * 4),
    "equal bounds": (lambda x: F.hardtanh(x, 1.0, 1.0), [0.0, 1.0, 2.0], [0] * 3, [0] * 3),
    "hardsigmoid": (F.hardsigmoid, [-3.0, 0.0, 3.0, NAN], [0, 1 / 6, 0, 0], [0] * 4),
    "hardswish": (
        F.hardswish,
        [-INF, -3.0, 0.0, 3.0, INF, NAN],
        [0, 0, 0.5, 1, 1, 1],
        [0, 0, 1 / 3, 0, 0, 0],
    ),
    "hardshrink": (F.hardshrink, [-0.5, 0.5, 0.6, NAN], [0, 0, 1, 1], [0] * 4),
    "negative lambda": (lambda x: F.hardshrink(x, -1.0), [0.0, 2.0], [1, 1], [0, 0]),
    "softshrink": (F.softshrink, [-0.5, 0.5, 0.6, NAN], [0, 0, 1, 1], [0] * 4),
    "softplus": (
        lambda x: F.softplus(x, 2.0, 2.0),
        [-INF, 1.0, 1.5, INF],
        [0, special.expit(2), 1, 1],
        [0, 0, 0, 0],
    ),
    "large threshold": (lambda x: F.softplus(x, 1.0, 1e4), [500.0], [1], [0]),
    "softsign": (F.softsign, [0.0, -0.0, INF], [1, 1, NAN], [0, 0, NAN]),
    "logsigmoid": (F.logsigmoid, [-INF, 0.0, INF], [1, 0.5, 0], [0, -0.25, 0]),
}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_conventions(name):
    fn, points, first, second = CONVENTIONS[name]
    with jax.enable_x64(True):
        got = derivatives(fn, points)
    assert_same(got, [np.array(first, float), np.array(second, float)], rtol=1e-9)


VALUES = {
    "relu": (F.relu, [-INF, INF, NAN], [0, INF, NAN]),
    "relu6": (F.relu6, [-INF, INF, NAN], [0, 6, NAN]),
    "elu": (F.elu, [-INF, INF, NAN], [-1, INF, NAN]),
    "selu": (F.selu, [-INF, INF, NAN], [-SCALE * ALPHA, INF, NAN]),
    "hardswish": (F.hardswish, [-INF, INF, NAN], [NAN, INF, NAN]),
    "hardsigmoid": (F.hardsigmoid, [-INF, INF, NAN], [0, 1, NAN]),
    "hardshrink": (F.hardshrink, [-INF, INF, NAN], [-INF, INF, NAN]),
    "softshrink": (F.softshrink, [-INF, INF, NAN], [-INF, INF, NAN]),
    "threshold": (lambda x: F.threshold(x, 0.0, 5.0), [-INF, INF, NAN], [5, INF, NAN]),
    "silu": (F.silu, [-INF, INF, NAN], [NAN, INF, NAN]),
    "gelu": (F.gelu, [-INF, INF, NAN], [NAN, INF, NAN]),
    "mish": (F.mish, [-INF, INF, NAN], [NAN, INF, NAN]),
    "softplus": (F.softplus, [-INF, INF, NAN, 1e30], [0, INF, NAN, 1e30]),
    "overflow": (lambda x: F.softplus(x, 1.0, INF), [800.0], [800]),
    "logsigmoid": (F.logsigmoid, [-INF, INF, NAN, -1e30], [-INF, 0, NAN, -1e30]),
    "softsign": (F.softsign, [-INF, INF, NAN], [NAN, NAN, NAN]),
}


@pytest.mark.parametrize("name", VALUES)
def test_values_at_infinities(name, dtype):
    fn, points, values = VALUES[name]
    assert_same(fn(jnp.array(points, dtype)), jnp.array(values, dtype))


def test_what_is_masked_hides_its_cotangent():
    nan = jnp.full(2, NAN)
    for fn, points in ((F.relu, [-1.0, 0.0]), (F.hardtanh, [-1.0, 5.0]), (F.hardswish, [-3.0, -9])):
        _, pull = jax.vjp(fn, jnp.array(points))
        assert_same(pull(nan)[0], jnp.zeros(2))


def test_the_tail_of_elu_keeps_its_digits():
    with jax.enable_x64(True):
        grad = jax.grad(F.elu)(jnp.float64(-100.0))
    assert float(grad) == pytest.approx(math.exp(-100), rel=1e-14)


HYPERPARAMETERS = {
    "negative_slope": (lambda v, x: F.leaky_relu(x, v), 0.3),
    "alpha of elu": (lambda v, x: F.elu(x, v), 1.3),
    "alpha of celu": (lambda v, x: F.celu(x, v), 1.3),
    "min_val": (lambda v, x: F.hardtanh(x, v, 2.5), -0.9),
    "max_val": (lambda v, x: F.hardtanh(x, -1.0, v), 2.5),
    "lambd": (lambda v, x: F.softshrink(x, v), 0.4),
    "beta": (lambda v, x: F.softplus(x, v, 5.0), 0.7),
    "value": (lambda v, x: F.threshold(x, 1.0, v), 0.7),
    "lower": (lambda v, x: rrelu(x, v, 0.9), 0.1),
    "upper": (lambda v, x: rrelu(x, 0.1, v), 0.9),
    "lower in training": (lambda v, x: rrelu(x, v, 0.9, True), 0.1),
}


@pytest.mark.parametrize("name", HYPERPARAMETERS)
def test_derivatives_in_hyperparameters(name):
    fn, value = HYPERPARAMETERS[name]
    with jax.enable_x64(True):
        assert_slopes(fn, jnp.array(value), jnp.array(GRID))


def test_another_hyperparameter_compiles_nothing(caplog):
    x = jnp.array(GRID, jnp.float32)
    calls = (F.leaky_relu, F.elu, F.celu, F.hardshrink, F.softshrink, F.softplus)
    for fn in calls:
        fn(x, 0.3)
    with jax.log_compiles():
        caplog.clear()
        for fn in calls:
            fn(x, 0.7)
    assert not [r for r in caplog.records if "Compiling" in r.getMessage()]


def test_prelu_has_channels_on_axis_1():
    x = -jnp.ones((2, 3, 4))
    weight = jnp.array([1.0, 2.0, 3.0])
    y, pull = jax.vjp(F.prelu, x, weight)
    assert_same(y, jnp.broadcast_to(-weight[:, None], (2, 3, 4)))
    assert_same(pull(jnp.ones_like(y))[1], jnp.full(3, -8.0))
    assert F.prelu(jnp.zeros((2, 0)), jnp.zeros(0)).shape == (2, 0)


def test_the_weight_of_prelu_learns_from_below_zero():
    x = jnp.array([INF, 0.0, -2.0, 3.0])
    assert_same(jax.grad(lambda w: F.prelu(x, w).sum())(jnp.float32(0.5)), jnp.float32(-2.0))


@pytest.mark.parametrize("training", [False, True])
def test_rrelu_with_equal_bounds(training):
    x = jnp.array([-2.0, 0.0, 3.0])
    assert_same(rrelu(x, 0.5, 0.5, training), jnp.array([-1.0, 0.0, 3.0]))


def test_integers():
    with jax.numpy_dtype_promotion("standard"):
        x = jnp.array([-3, 0, 2, 9])
        assert_same(F.relu(x), jnp.array([0, 0, 2, 9]))
        assert_same(F.relu6(x), jnp.array([0, 0, 2, 6]))
        assert_same(F.hardtanh(x, -1.7, 2.9), jnp.array([-1, 0, 2, 2]))
        assert_same(F.threshold(x, 0.5, 7.7), jnp.array([7, 7, 2, 9]))
        assert_same(F.relu(jnp.array([3], jnp.uint8)), jnp.array([3], jnp.uint8))
        for fn in (F.sigmoid, F.tanh, F.softsign, F.tanhshrink):
            assert_same(fn(x), fn(x.astype(float)))
    assert F.sigmoid(jnp.array([True])).dtype == jnp.float32


ONES = np.ones(3, np.float32)
INTEGERS = np.ones(3, int)
FLOATS_ONLY = (
    *("leaky_relu", "elu", "celu", "selu", "gelu", "silu", "mish", "hardsigmoid", "hardswish"),
    *("hardshrink", "softshrink", "softplus", "logsigmoid", "glu"),
)
REFUSALS = [
    *[(name, (INTEGERS,), TypeError, "input must be floating point") for name in FLOATS_ONLY],
    *[
        (name, (ONES > 0,), TypeError, "input must be real and not bool")
        for name in ("relu", "relu6", "hardtanh", "softsign", "tanhshrink")
    ],
    ("relu", (ONES * 1j,), TypeError, "input must be real and not bool, got complex"),
    ("sigmoid", ("a",), TypeError, "input must be an array, got str 'a'"),
    ("threshold", (ONES, "a", 0), TypeError, "threshold must be an array, got str"),
    ("threshold", (INTEGERS.astype(np.uint8), 0, -1), ValueError, "value must be in the range"),
    ("hardtanh", (ONES, 2, 1), ValueError, "min_val must be at most max_val, got 2.0"),
    ("hardtanh", (ONES, NAN, 1), ValueError, "min_val must be at most max_val, got nan"),
    ("hardtanh", (INTEGERS.astype(np.uint8),), ValueError, "min_val must be in the range of uint8"),
    ("softshrink", (ONES, -1), ValueError, r"lambd must be in \[0, 3.40282e\+38\] for float32"),
    ("softshrink", (ONES, NAN), ValueError, "lambd must be in"),
    ("softshrink", (ONES, INF), ValueError, "lambd must be in"),
    ("celu", (ONES, 0), ValueError, "alpha must be other than 0, got 0.0"),
    ("gelu", (ONES, "erf"), ValueError, "approximate must be one of 'none', 'tanh', got 'erf'"),
    ("leaky_relu", (ONES, ONES), TypeError, "negative_slope must be a real scalar"),
    ("prelu", (ONES, ONES), ValueError, "weight must be of 1 or 1 numbers, one for each channel"),
    ("prelu", (ONES[None], ONES[None]), ValueError, r"weight must be 0-D or 1-D, got shape \(1"),
    ("prelu", (ONES, np.float16(1)), TypeError, "weight must be float32 as input is, got float16"),
    ("prelu", (INTEGERS, INTEGERS), TypeError, "input must be floating point"),
    ("glu", (ONES,), ValueError, r"input must be of even size along axis 0, got shape \(3,\)"),
    ("glu", (ONES[0],), ValueError, "input must be of one dimension or more, got a scalar"),
    ("glu", (ONES, 1), ValueError, "dim must be below 1, got 1"),
    ("glu", (ONES, 0.5), TypeError, "dim must be a concrete integer, got float 0.5"),
]


@pytest.mark.parametrize(
    ("name", "arguments", "error", "match"),
    REFUSALS,
    ids=[f"{name}-{i}" for i, (name, *_) in enumerate(REFUSALS)],
)
def test_refusals(name, arguments, error, match):
    with pytest.raises(error, match=f"^{name}: {match}"):
        getattr(F, name)(*arguments)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ((1, ONES), TypeError, "key must be a typed key"),
        ((jax.random.key(0), INTEGERS), TypeError, "input must be floating point"),
        ((jax.random.key(0), ONES, 0.5, 0.1), ValueError, "lower must be at most upper, got 0.5"),
        ((jax.random.key(0), ONES, -INF, 0.1), ValueError, "lower must be finite, got -inf"),
        ((jax.random.key(0), ONES, 0.5, NAN), ValueError, "upper must be finite, got nan"),
        (
            (jax.random.key(0), ONES, 0.1, 0.5, 1),
            TypeError,
            "training must be True or False, got int 1",
        ),
    ],
)
def test_refusals_of_rrelu(arguments, error, match):
    with pytest.raises(error, match=f"^rrelu: {match}"):
        F.rrelu(*arguments)


TRACED = {
    "hardtanh": (lambda v: F.hardtanh(jnp.ones(2), v, 1.0), 2.0),
    "softshrink": (lambda v: F.softshrink(jnp.ones(2), v), -1.0),
    "celu": (lambda v: F.celu(jnp.ones(2), v), 0.0),
    "rrelu": (lambda v: rrelu(jnp.ones(2), v, 0.5), 0.7),
    "rrelu in training": (lambda v: rrelu(jnp.ones(2), v, 0.5, True), NAN),
}


@pytest.mark.parametrize("name", TRACED)
def test_traced_facts_about_values(name):
    fn, wrong = TRACED[name]
    assert np.isnan(jax.jit(fn)(wrong)).all()
    checked = jax.jit(jaxgrad.checkify(fn))
    with pytest.raises(checkify.JaxRuntimeError, match=name.split()[0]):
        checked(wrong)[0].throw()
    checked(0.1)[0].throw()


def test_a_scan_over_activations():
    def step(x, _):
        return F.silu(F.leaky_relu(x)), F.softplus(x)

    x, ys = jax.lax.scan(step, jnp.ones(3), None, 4)
    assert x.shape == (3,) and ys.shape == (4, 3)


def test_the_distribution_of_rrelu(dtype):
    slopes = -F.rrelu(jax.random.key(1), jnp.full(100_000, -1.0, dtype), 0.2, 0.7, True)
    assert slopes.min() >= 0.2 and slopes.max() <= 0.7
    assert_distributed(slopes, stats.uniform(0.2, 0.5))


def test_rrelu_has_the_slope_it_drew():
    x = jnp.array(GRID, jnp.float32)

    def fn(x):
        return F.rrelu(jax.random.key(0), x, training=True)

    y, pull = jax.vjp(fn, x)
    assert_same(pull(jnp.ones_like(y))[0], y / x, rtol=1e-6)
    assert_same(jax.jit(fn)(x), y)
    for narrow in (jnp.float16, jnp.bfloat16):
        assert fn(x.astype(narrow)).dtype == narrow
