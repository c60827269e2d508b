"""The norms: values that were measured, exact sums, and what holds for every function."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from invariants import assert_compiled_once, assert_jit, assert_slopes, assert_vmap
from oracles import assert_same

from jaxgrad import functional as F

X = np.random.default_rng(0).normal(size=(4, 6, 5)) * 2 + 1
W, B = np.random.default_rng(1).normal(size=(2, 6))
MEAN, VARIANCE = np.random.default_rng(2).uniform(0.5, 2, size=(2, 6))


def arrays(*values, dtype="float32"):
    return [jnp.asarray(np.asarray(value), dtype) for value in values]


CASES = {
    "batch_norm": lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
    "batch_norm, running": lambda x, w, b: F.batch_norm(
        x, jnp.asarray(MEAN, w.dtype), jnp.asarray(VARIANCE, w.dtype), w, b
    ),
    "instance_norm": lambda x, w, b: F.instance_norm(x, None, None, w, b),
    "group_norm": lambda x, w, b: F.group_norm(x, 3, w, b),
    "layer_norm": lambda x, w, b: F.layer_norm(x, (5,), w[:5], b[:5]),
    "rms_norm": lambda x, w, b: F.rms_norm(x, (5,), w[:5]) + b[0],
    "local_response_norm": lambda x, w, b: F.local_response_norm(x, 3, 0.5) * w[0] + b[0],
}
"""Each function of an input, a weight and a bias."""
named = pytest.mark.parametrize("name", CASES)


def by_hand(x, axes, eps=1e-5):
    mean = x.mean(axes, keepdims=True)
    return (x - mean) / np.sqrt(x.var(axes, keepdims=True) + eps)


def test_closed_forms():
    x, w, b = arrays(X, W, B)
    w_, b_ = W[:, None], B[:, None]
    kept = (X - MEAN[:, None]) / np.sqrt(VARIANCE[:, None] + 1e-5) * w_ + b_
    squares = np.pad(X * X, [(0, 0), (1, 1), (0, 0)])
    around = (squares[:, :-2] + squares[:, 1:-1] + squares[:, 2:]) / 3
    expected = {
        "batch_norm": by_hand(X, (0, 2)) * w_ + b_,
        "batch_norm, running": kept,
        "instance_norm": by_hand(X, 2) * w_ + b_,
        "group_norm": by_hand(X.reshape(4, 3, 2, 5), (2, 3)).reshape(X.shape) * w_ + b_,
        "layer_norm": by_hand(X, 2) * W[:5] + B[:5],
        "rms_norm": X / np.sqrt((X * X).mean(2, keepdims=True) + 2.0**-23) * W[:5] + B[0],
        "local_response_norm": X / (1 + 0.5 * around) ** 0.75 * W[0] + B[0],
    }
    for name, fn in CASES.items():
        assert_same(fn(x, w, b), jnp.asarray(expected[name], jnp.float32), 5e-6, 5e-6)


@pytest.mark.parametrize("mean", [1e6, 1e3])
def test_no_digit_is_lost_of_a_large_mean(mean):
    x, w, b = arrays(X + mean, W, B)
    exact = np.asarray(x, float)
    for name, axes in (("batch_norm", (0, 2)), ("instance_norm", 2), ("layer_norm", 2)):
        w_, b_ = (W[:5], B[:5]) if name == "layer_norm" else (W[:, None], B[:, None])
        error = np.abs(np.asarray(CASES[name](x, w, b), float) - (by_hand(exact, axes) * w_ + b_))
        assert error.max() < 3e-6  # PyTorch's is 0.1 there


def test_constant_rows():
    x = jnp.full((2, 3), 5.0)
    for fn in (lambda x: F.layer_norm(x, (3,)), lambda x: F.group_norm(x, 1)):
        y, pull = jax.vjp(fn, x)
        assert_same(y, jnp.zeros_like(x))
        (slope,) = pull(jnp.array([[1.0, 0.0, 2.0]] * 2))
        assert_same(slope, jnp.array([[0.0, -316.22778, 316.22778]] * 2), 1e-6, 1e-4)
    y, pull = jax.vjp(lambda x: F.rms_norm(x, (3,)), x)
    assert_same(y, jnp.ones_like(x))
    (slope,) = pull(jnp.array([[1.0, 0.0, 2.0]] * 2))
    assert_same(slope, jnp.array([[0.0, -0.2, 0.2]] * 2), 1e-6, 1e-6)


def test_an_element_alone_is_its_own_mean():
    x = jnp.array([[7.0], [-3.0]])
    assert_same(F.layer_norm(x, (1,)), jnp.zeros_like(x))
    assert_same(F.rms_norm(x, (1,)), jnp.array([[1.0], [-1.0]]))
    assert_same(F.group_norm(x, 1), jnp.zeros_like(x))


def test_what_is_not_finite_stays_in_its_row():
    x = jnp.array([[1.0, 2.0, 3.0], [jnp.nan, 1.0, 2.0], [jnp.inf, 1.0, 2.0]])
    nan, row = [jnp.nan] * 3, [-1.2247356, 0.0, 1.2247356]
    expected = jnp.array([row, nan, nan])
    assert_same(F.layer_norm(x, (3,)), expected, atol=1e-6)
    assert_same(F.instance_norm(x[None])[0], expected, atol=1e-6)
    assert_same(F.batch_norm(x.T, None, None, training=True), expected.T, atol=1e-6)
    found = F.rms_norm(x, (3,))
    assert_same(found[0], jnp.array([0.46291006, 0.9258201, 1.3887302]))
    assert_same(found[1:], jnp.array([nan, [jnp.nan, 0.0, 0.0]]))
    slopes = jax.grad(lambda x: F.layer_norm(x, (3,))[:, 0].sum())(x)
    assert_same(jnp.isnan(slopes), jnp.array([[False] * 3, [True] * 3, [True] * 3]))


@pytest.mark.parametrize(
    ("dtype", "first"),
    [
        ("float32", 0.27819744),
        ("bfloat16", 0.279296875),
        ("float16", 0.2783203),
        ("float64", 0.99999998889777),
    ],
)
def test_the_default_eps_of_rms_norm_is_that_of_the_dtype_it_computes_in(dtype, first):
    with jax.enable_x64(dtype == "float64"):
        (x,) = arrays([1e-4] * 4, dtype=dtype)
        assert_same(F.rms_norm(x, (4,))[0], jnp.asarray(first, dtype))


@named
def test_dtypes(name, any_dtype):
    fn = CASES[name]
    narrow = any_dtype in ("bfloat16", "float16")
    x, w, b = arrays(X, W, B, dtype=any_dtype)
    assert fn(x, w, b).dtype == any_dtype
    if not narrow or name in ("rms_norm", "local_response_norm", "batch_norm, running"):
        return
    wide = arrays(W, B)
    y, pull = jax.vjp(fn, x, *wide)
    assert [y.dtype, *(g.dtype for g in pull(y))] == [any_dtype, any_dtype, "float32", "float32"]
    assert_same(y, fn(x.astype(jnp.float32), *wide).astype(any_dtype))


def test_running_statistics_as_pytorch_writes_them():
    x = jnp.arange(12.0).reshape(2, 2, 3) ** 2
    zero, one = jnp.zeros(2), jnp.ones(2)
    mean, variance = F.running_stats(x, zero, one)
    assert_same(mean, jnp.array([2.5666666, 5.866667]))
    assert_same(variance, jnp.array([78.04667, 231.16666]))
    mean, variance = F.running_stats(x, zero, one, per_instance=True)
    assert_same(mean, jnp.array([2.5666666, 5.866667]))
    assert_same(variance, jnp.array([10.933334, 24.133333]))
    infinite = x.at[0, 0, 0].set(-jnp.inf)
    assert_same(F.running_stats(infinite, zero, one)[0], jnp.array([-jnp.inf, 5.866667]))
    for given, whole in ((0.0, (zero, one)), (1.0, F.running_stats(x, one, zero, 1.0))):
        assert_same(F.running_stats(x, zero, one, given), whole)


def test_without_momentum_all_batches_count_alike():
    mean, variance, count = jnp.zeros(6), jnp.ones(6), jnp.zeros((), jnp.int32)
    batches = np.asarray(X[:, None] + np.zeros((1, 2, 1, 1)) + np.arange(2.0)[:, None, None])
    for batch in batches:
        x = jnp.asarray(batch, jnp.float32)
        mean, variance = F.running_stats(x, mean, variance, None, num_batches_tracked=count)
        count = count + 1
    means = batches.mean((0, 1, 3))
    variances = batches.var((1, 3), ddof=1).mean(0)
    assert_same(mean, jnp.asarray(means, jnp.float32), 1e-6)
    assert_same(variance, jnp.asarray(variances, jnp.float32), 1e-6)


def test_running_statistics_are_constants_and_empty_batches_change_nothing():
    zero, one = jnp.zeros(2), jnp.ones(2)
    x = jnp.arange(12.0).reshape(2, 2, 3)
    slope = jax.grad(lambda x: sum(part.sum() for part in F.running_stats(x, zero, one)))(x)
    assert_same(slope, jnp.zeros_like(x))
    for shape, alone in (((0, 2, 3), False), ((2, 2, 0), False), ((0, 2, 3), True)):
        found = F.running_stats(jnp.zeros(shape), zero, one, per_instance=alone)
        assert_same(found, (zero, one))


def test_the_moments_of_a_batch_are_taken_once():
    x, zero, one = jnp.ones((8, 6, 16, 16)), jnp.zeros(6), jnp.ones(6)

    def normalized(x):
        return F.batch_norm(x, zero, one, training=True)

    def both(x):
        return normalized(x), F.running_stats(x, zero, one)

    alone, together = (
        jax.jit(fn).lower(x).compile().as_text().count(" reduce(") for fn in (normalized, both)
    )
    assert alone == together > 0


@pytest.mark.parametrize("name", [name for name in CASES if "running" not in name][:-1])
def test_the_backward_pass_keeps_the_input_alone(name):
    x, w, b = arrays(X, W, B)
    kept = jax.eval_shape(lambda x: jax.vjp(lambda x: CASES[name](x, w, b), x)[1], x)
    sizes = [leaf.size for leaf in jax.tree.leaves(kept)]
    assert sorted(sizes)[-2:][0] < x.size <= max(sizes) == x.size


def test_empty():
    for shape in ((0, 6, 5), (4, 6, 0), (4, 0, 5)):
        w, x = jnp.ones(shape[1]), jnp.zeros(shape)

        def affine(x, w):
            return F.batch_norm(x, None, None, w, w, True).sum() + F.group_norm(x, 1, w, w).sum()

        slopes = jax.grad(affine, (0, 1))(x, w)
        assert_same(slopes, (jnp.zeros(shape), jnp.zeros(shape[1])))
        assert F.layer_norm(x, shape[1:]).shape == F.rms_norm(x, shape[1:]).shape == shape
        assert F.local_response_norm(x, 2).shape == shape


def test_group_norm_with_a_bias_alone():
    x, bias = jnp.ones((2, 6, 5)), jnp.zeros(6)
    slope = jax.grad(lambda bias: F.group_norm(x, 3, None, bias).sum())(bias)
    assert_same(slope, jnp.full(6, 10.0))  # PyTorch's backward pass raises


def test_neighbours():
    x = jnp.ones((1, 3, 1))
    found = F.local_response_norm(x, 2, alpha=1.0, beta=1.0, k=0.0)
    assert_same(found.ravel(), jnp.array([2.0, 1.0, 1.0]))
    # The squares 0, 4 and 16 of two channels, and 0 in front: PyTorch truncates 0.5 to 0.
    whole = F.local_response_norm(jnp.arange(6).reshape(1, 3, 2), 2, 1.0, 1.0, 1.0)
    expected = np.arange(6) / (1 + np.array([0, 0.5, 2, 5, 10, 17]))
    assert_same(whole.ravel(), jnp.asarray(expected, jnp.float32))
    assert_same(
        F.local_response_norm(jnp.full((1, 1, 1), 300.0, jnp.float16), 1, 1.0, 0.5, 0.0),
        jnp.ones((1, 1, 1), jnp.float16),  # the square is beyond float16
    )
    wide = jnp.asarray(np.random.default_rng(3).normal(size=(2, 20, 3)), jnp.float32)
    squares = np.pad(np.asarray(wide, float) ** 2, [(0, 0), (9, 8), (0, 0)])
    around = np.stack([squares[:, i : i + 18].sum(1) for i in range(20)], 1) / 18
    expected = np.asarray(wide, float) / (1 + around)
    found = F.local_response_norm(wide, 18, 1.0, 1.0)
    assert_same(found, jnp.asarray(expected, jnp.float32), 1e-6)


@named
def test_slopes(name):
    with jax.enable_x64(True):
        x, w, b = arrays(X[:2], W, B, dtype="float64")
        assert_slopes(CASES[name], x, w, b)


@named
def test_second_derivatives(name):
    """Differences of the first derivative, which holds by `test_slopes`."""
    with jax.enable_x64(True):
        x, w, b = arrays(X[:2], W, B, dtype="float64")
        pulled = jax.grad(lambda x, w: (CASES[name](x, w, b) ** 3).sum())
        assert_slopes(pulled, x, w, rtol=1e-5)


@named
def test_invariants(name, caplog):
    x, w, b = arrays(X, W, B)
    assert_jit(CASES[name], x, w, b)
    assert_vmap(CASES[name], np.stack([x, x / 2]), np.stack([w, w]), np.stack([b, b]))
    assert_compiled_once(CASES[name], caplog, x, w, b)


def test_invariants_of_running_stats(caplog):
    given = arrays(X, MEAN, VARIANCE)
    assert_jit(F.running_stats, *given)
    assert_vmap(F.running_stats, *(np.stack([a, a / 2]) for a in given))
    assert_compiled_once(F.running_stats, caplog, *given)


@named
def test_rows_on_eight_devices(name, rows):
    x, w, b = arrays(np.concatenate([X, X + 1]), W, B)
    fn = jax.jit(lambda x: jax.vjp(lambda x: CASES[name](x, w, b), x)[0])
    pulled = jax.jit(lambda x: jax.grad(lambda x: (CASES[name](x, w, b) ** 2).sum())(x))
    with jax.set_mesh(rows.mesh):
        x_ = jax.device_put(x, rows)
        y, slope = fn(x_), pulled(x_)
    assert y.sharding.is_equivalent_to(rows, y.ndim)
    assert_same(np.asarray(y), np.asarray(fn(x)), 1e-5, 1e-5)
    assert_same(np.asarray(slope), np.asarray(pulled(x)), 1e-4, 1e-4)


def test_running_stats_on_eight_devices(rows):
    x, mean, variance = arrays(np.concatenate([X, X + 1]), MEAN, VARIANCE)
    with jax.set_mesh(rows.mesh):
        found = F.running_stats(jax.device_put(x, rows), mean, variance)
    for one, other in zip(found, F.running_stats(x, mean, variance), strict=True):
        assert_same(np.asarray(one), np.asarray(other), 1e-5)
