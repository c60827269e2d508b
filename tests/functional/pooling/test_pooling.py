"""Pooling: PyTorch's answers as they were measured, its ties, and what holds for all functions."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from invariants import assert_invariants, assert_slopes
from jax.experimental import checkify
from oracles import assert_same

import jaxgrad
from jaxgrad import functional as F

pytestmark = pytest.mark.thinned(4)

RNG = np.random.default_rng(0)
NAN, INF = float("nan"), float("inf")
IMAGES = RNG.normal(size=(16, 2, 5, 6))
SAMPLES = RNG.random((16, 2, 2))
PLACES = RNG.permuted(np.tile(np.arange(36), (16, 2, 1)), axis=-1)[..., :30].reshape(16, 2, 5, 6)


def line(*numbers, dtype="float32"):
    return jnp.array([[numbers]], dtype)


def fractional(x, u):
    return F.fractional_max_pool2d(x, 2, (3, 4), _random_samples=u)


CALLS = {
    "max_pool2d": lambda x: F.max_pool2d(x, 3, 2, 1, ceil_mode=True),
    "max_pool2d, dilation": lambda x: F.max_pool2d(x, (3, 2), 1, 1, (1, 2)),
    "avg_pool2d": lambda x: F.avg_pool2d(x, 3, 2, 1, True, False),
    "adaptive_avg_pool2d": lambda x: F.adaptive_avg_pool2d(x, (3, 4)),
    "adaptive_max_pool2d": lambda x: F.adaptive_max_pool2d(x, (3, None)),
    "lp_pool2d": lambda x: F.lp_pool2d(x, 2, 2, 1),
    "max_unpool2d": lambda x: F.max_unpool2d(x, jnp.array(PLACES[: len(x)]), 2, 1),
    "fractional_max_pool2d": lambda x: fractional(x, jnp.array(SAMPLES[: len(x)], x.dtype)),
}


@pytest.mark.parametrize("name", CALLS)
def test_invariants(name, caplog):
    assert_invariants(CALLS[name], caplog, jnp.array(IMAGES[:2], "float32"))


@pytest.mark.parametrize("name", CALLS)
def test_slopes(name):
    with jax.enable_x64(True):
        assert_slopes(CALLS[name], jnp.array(IMAGES[:2]))


@pytest.mark.parametrize("name", CALLS)
def test_sharded(name, rows):
    x = jnp.array(IMAGES, "float32")

    def both(x, *others):
        if name == "max_unpool2d":
            value, pull = jax.vjp(lambda x: F.max_unpool2d(x, *others, 2, 1), x)
        elif others:
            value, pull = jax.vjp(lambda x: fractional(x, *others), x)
        else:
            value, pull = jax.vjp(CALLS[name], x)
        return value, *pull(value)

    others = {"max_unpool2d": (PLACES,), "fractional_max_pool2d": (np.float32(SAMPLES),)}
    given = [x, *map(jnp.asarray, others.get(name, ()))]
    whole = jax.tree.map(np.asarray, jax.jit(both)(*given))
    with jax.set_mesh(rows.mesh):
        apart = jax.jit(both)(*(jax.device_put(one, rows) for one in given))
    assert apart[0].sharding.spec[0] == "rows"
    assert_same(jax.tree.map(np.asarray, apart), whole)


@pytest.mark.parametrize("spatial", [2, 1, 3])
def test_one_two_and_three_axes(spatial):
    x = jnp.arange(2.0 * 4**spatial).reshape(2, *[4] * spatial)
    last = np.ix_(range(2), *[range(1, 4, 2)] * spatial)
    assert_same(getattr(F, f"max_pool{spatial}d")(x, 2), x[last])
    assert_same(getattr(F, f"adaptive_max_pool{spatial}d")(x, 2), x[last])
    mean = x[last] - (4**spatial - 1) / 6  # the neighbours are 1, 4 and 16 less
    assert_same(getattr(F, f"avg_pool{spatial}d")(x, 2), mean)
    assert_same(getattr(F, f"adaptive_avg_pool{spatial}d")(x, 2), mean)
    sums = getattr(F, f"lp_pool{spatial}d")(x, 1, 2)
    assert_same(sums, mean * 2**spatial)
    best, places = getattr(F, f"max_pool{spatial}d")(x, 2, return_indices=True)
    assert places.dtype == jnp.int32
    assert_same(getattr(F, f"max_unpool{spatial}d")(best, places, 2)[last], best)


TIES = {
    "equal": ([1, 1, 1, 0], [1, 1, 1], [0, 1, 2]),
    "nan": ([1, NAN, 2, NAN], [NAN, NAN, NAN], [1, 1, 3]),
    "nan first": ([NAN, 5, 7, 1], [NAN, 7, 7], [0, 2, 2]),
    "nothing but -inf": ([-INF] * 4, [-INF] * 3, [0, 1, 2]),
    "zeros": ([-0.0, 0.0, 0.0, -0.0], [0, 0, 0], [0, 1, 2]),
}


@pytest.mark.parametrize("name", TIES)
def test_ties_and_nan(name):
    numbers, best, places = TIES[name]
    x = line(*numbers)
    slope = np.zeros((1, 1, 4), np.float32)
    np.add.at(slope, (0, 0, places), [1, 2, 3])
    for pool in (
        lambda x: F.max_pool1d(x, 2, 1, return_indices=True),
        lambda x: F.adaptive_max_pool1d(x, 3, return_indices=True),
    ):
        value, pull, index = jax.vjp(pool, x, has_aux=True)
        assert_same((value, index), (line(*best), line(*places, dtype="int32")))
        assert_same(pull(line(1, 2, 3))[0], jnp.array(slope))


def test_the_first_of_a_window_in_row_major_order():
    x = jnp.array([[[0.0, 1, 0], [1, 1, 1], [0, 1, 0]]])
    _, places = F.max_pool2d(x, 3, return_indices=True)
    assert places.ravel() == 1
    _, places = F.max_pool2d(x.at[0, 1, 2].set(NAN).at[0, 0, 0].set(NAN), 3, return_indices=True)
    assert places.ravel() == 5  # the last of two NaNs
    large = jnp.zeros((1, 12, 12)).at[0, 3, 7].set(1).at[0, 7, 3].set(1)
    _, places = F.max_pool2d(large, 12, return_indices=True)
    assert places.ravel() == 3 * 12 + 7


def test_padding_is_never_the_maximum():
    assert_same(F.max_pool1d(line(-1, -2, -3), 2, 2, 1), line(-1, -2))
    x = jnp.array([[[-5, -7, -9]]], jnp.int8)
    assert_same(F.max_pool1d(x, 2, 2, 1), jnp.array([[[-5, -7]]], jnp.int8))
    best, places = F.max_pool1d(line(5, 6), 2, 1, 1, 3, return_indices=True)
    assert_same((best, places), (line(-INF), line(2, dtype="int32")))  # a window of padding alone
    assert_same(jax.grad(lambda x: F.max_pool1d(x, 2, 1, 1, 3).sum())(line(5, 6)), line(0, 0))


CEIL = {
    (3, 1): ([2, 3, 4, 5, 6], [2, 3, 4, 5, 6]),
    (3, 3): ([2, 5], [2, 5, 7]),
    (3, 5): ([2], [2, 6.5]),
    (2, 4): ([1.5, 5.5], [1.5, 5.5]),
}
"""The means of 1 to 7 without and with ceil_mode."""


@pytest.mark.parametrize("sizes", CEIL)
def test_ceil_mode(sizes):
    x = line(*range(1, 8))
    for ceil, means in zip((False, True), CEIL[sizes], strict=True):
        assert_same(F.avg_pool1d(x, *sizes, ceil_mode=ceil), line(*means))


def test_the_last_window_begins_within_the_input_or_the_padding_before_it():
    x = line(*range(1, 8))
    assert_same(F.avg_pool1d(x, 3, 4, 1, True), line(1, 5))
    assert_same(F.avg_pool1d(x, 3, 3, 1, True, False), line(1.5, 4, 6.5))
    assert_same(F.max_pool1d(line(0, 1, 2, 3, 4), 2, 2, 0, 3, True), line(3, 2))
    image = jnp.arange(1.0, 26).reshape(1, 1, 5, 5)
    rows = [[8 / 3, 5.5, 14 / 3], [38 / 3, 20.5, 44 / 3]]
    assert_same(F.avg_pool2d(image, (2, 3), (3, 2), (0, 1), True), jnp.array([[rows]]))


def test_distances_that_no_window_reaches():
    x = line(*range(1, 8))
    assert_same(F.max_pool1d(x, 3, 10**30), line(3))
    assert_same(F.avg_pool1d(x, 7, 10**30), line(4))
    assert_same(F.max_pool1d(x, 1, 3, 0, 10**30, return_indices=True)[0], line(1, 4, 7))


def test_divisors():
    x = jnp.full((1, 1, 4, 4), 3.0)
    assert_same(F.avg_pool2d(x, 2, divisor_override=3), jnp.full((1, 1, 2, 2), 4.0))
    assert_same(F.avg_pool2d(x, 2, divisor_override=-1), jnp.full((1, 1, 2, 2), -12.0))
    whole = F.avg_pool2d(jnp.full((1, 2, 2), -3), 2, divisor_override=5)
    assert_same(whole, jnp.full((1, 1, 1), -2))


def test_the_means_of_integers_are_rounded_towards_0():
    x = jnp.array([[[3, -4, 7, -10]]])
    assert_same(F.avg_pool1d(x, 2), jnp.array([[[0, -1]]]))
    assert_same(F.avg_pool1d(jnp.array([[[100, 120]]], "int8"), 2), jnp.array([[[110]]], "int8"))
    assert_same(F.max_pool1d(x, 2, return_indices=True)[1], jnp.array([[[0, 2]]]))


def test_narrow_dtypes_do_not_overflow(any_dtype):
    x = jnp.full((1, 4, 4), 6e4, any_dtype)
    assert_same(F.avg_pool2d(x, 2), x[:, :2, :2])
    assert_same(F.adaptive_avg_pool2d(x, 1), x[:, :1, :1])
    small = jnp.full((1, 2), 600, any_dtype)
    assert_same(F.lp_pool1d(small, 2, 2), jnp.full((1, 1), 600 * 2**0.5, any_dtype))
    assert_same(F.max_pool2d(x, 2), x[:, :2, :2])


def test_adaptive_windows_overlap():
    x = line(1, 2, 4, 8, 16)
    assert_same(F.adaptive_avg_pool1d(x, 3), line(1.5, 14 / 3, 12))
    assert_same(F.adaptive_max_pool1d(x, 3), line(2, 8, 16))
    slope = jax.grad(lambda x: jnp.vdot(F.adaptive_avg_pool1d(x, 3), line(6, 6, 6)))(x)
    assert_same(slope, line(3, 5, 2, 5, 3))
    assert_same(F.adaptive_avg_pool1d(x, 7), line(1, 1.5, 3, 4, 6, 12, 16))
    assert_same(F.adaptive_avg_pool1d(x, 0), jnp.zeros((1, 1, 0)))
    assert_same(F.adaptive_max_pool1d(x, 0), jnp.zeros((1, 1, 0)))
    long = jnp.arange(24.0).reshape(1, 24)
    assert_same(F.adaptive_avg_pool1d(long, 2), jnp.array([[5.5, 17.5]]))
    assert_same(F.max_pool1d(long, 11), jnp.array([[10.0, 21.0]]))


NORMS = {
    2: ([0, 0, 1, 2], [0, 5**0.5], [0, 0, 2 / 5**0.5, 4 / 5**0.5]),
    3: ([0, 0, 1, 2], [0, 9 ** (1 / 3)], [0, 0, 2 * 9 ** (-2 / 3), 8 * 9 ** (-2 / 3)]),
    1: ([-1, -2, 1, -3], [-3, -2], [1, 1, 2, 2]),
    -1: ([-1, -2, 1, -3], [-2 / 3, 1.5], [4 / 9, 1 / 9, 4.5, 0.5]),
    0.5: ([0, 3, 0, 4], [3, 4], [INF, 1, INF, 2]),
    INF: ([-1, -2, 1, -3], [2, 3], [0, -1, 0, -2]),
    -INF: ([-1, -2, 1, -3], [1, 1], [-1, 0, 2, 0]),
    4: ([INF, 1, 2, NAN], [INF, NAN], [NAN, 0, NAN, NAN]),
}


@pytest.mark.parametrize("power", NORMS)
def test_norms(power):
    numbers, norms, slopes = NORMS[power]
    value, pull = jax.vjp(lambda x: F.lp_pool1d(x, power, 2), line(*numbers))
    assert_same((value, pull(line(1, 2))[0]), (line(*norms), line(*slopes)))


@pytest.mark.parametrize("of", [lambda f: f, jax.jit])
def test_a_norm_of_degree_1_has_no_slope_at_nan(of):
    slopes = of(jax.grad(lambda x: F.lp_pool1d(x, 1, 1).sum()))(line(-0.5, NAN, INF, -INF, 0))
    assert_same(slopes, line(1, 0, 1, 1, 0))


def test_norms_of_negative_numbers_and_of_integers():
    assert np.isnan(F.lp_pool1d(line(-1, -2), 3, 2)).all()
    assert_same(F.lp_pool1d(line(3, -4, dtype="int32"), 2, 2), line(5))
    assert_same(F.lp_pool1d(line(1, 1, 1), 2, 2, ceil_mode=True), line(2**0.5, 2**0.5))


def test_unpooling():
    places = line(1, 2, dtype="int32")
    assert_same(F.max_unpool1d(line(5, 6), places, 2), line(0, 5, 6, 0))
    assert_same(F.max_unpool1d(line(5, 6), places, 2, output_size=(5,)), line(0, 5, 6, 0, 0))
    assert_same(F.max_unpool1d(line(5, 6), places, 2, output_size=(1, 1, 3)), line(0, 5, 6))
    assert_same(F.max_unpool1d(line(5, 6), places, 3, 2, 1), line(0, 5, 6))
    assert_same(F.max_unpool1d(line(NAN, 6), places - 1, 2), line(NAN, 6, 0, 0))


def test_several_elements_at_a_place():
    places = line(1, 1, 1, dtype="int8")
    put = functools.partial(F.max_unpool1d, indices=places, kernel_size=2)
    value, pull = jax.vjp(put, line(1, 2, 3))
    assert_same(value, line(0, 3, 0, 0, 0, 0))
    assert_same(pull(line(1, 2, 3, 4, 5, 6))[0], line(2, 2, 2))
    forward, back = (jac(put)(line(1, 2, 3)) for jac in (jax.jacfwd, jax.jacrev))
    assert_same(forward, back)


def test_fractional_windows():
    x = jnp.arange(42.0).reshape(1, 1, 6, 7)
    u = line(0.1, 0.9)
    best, places = F.fractional_max_pool2d(x, 2, (3, 4), return_indices=True, _random_samples=u)
    found = [[8, 9, 11, 13], [22, 23, 25, 27], [36, 37, 39, 41]]
    assert_same(best, jnp.array([[found]], jnp.float32))
    assert_same(places, jnp.array([[found]]))
    rated = F.fractional_max_pool2d(x, 2, output_ratio=(0.5, 0.7), _random_samples=u)
    assert_same(rated, best)
    deep = jnp.arange(210.0).reshape(1, 1, 5, 6, 7)
    three = F.fractional_max_pool3d(deep, 2, (2, 3, 4), _random_samples=line(0.1, 0.9, 0.4))
    assert_same(three[0, 0, 0, 0], jnp.array([50.0, 52, 54, 55]))
    assert_same(F.fractional_max_pool2d(x[0], 2, (1, 4), _random_samples=u)[0, 0, 0], x[0, 0, 5, 1])


def test_fractional_windows_from_a_key():
    x = jnp.array(IMAGES, "float32")
    drawn = F.fractional_max_pool2d(x, 2, 3, key=jax.random.key(0))
    assert drawn.shape == (16, 2, 3, 3)
    jitted = jax.jit(lambda key: F.fractional_max_pool2d(x, 2, 3, key=key))
    assert_same(jitted(jax.random.key(0)), drawn)
    assert set(np.unique(drawn)) <= set(np.unique(x))


def test_an_empty_batch_and_no_batch():
    nothing = jnp.zeros((0, 2, 4, 4))
    u = jnp.zeros((0, 2, 2))
    for name, call in CALLS.items():
        if not name.startswith(("max_unpool", "fractional")):
            assert call(nothing).shape[:2] == (0, 2)
    assert F.fractional_max_pool2d(nothing, 2, 3, _random_samples=u).shape == (0, 2, 3, 3)
    assert F.max_unpool2d(nothing, nothing.astype(int), 2).shape == (0, 2, 8, 8)
    for name in ("max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "lp_pool2d"):
        x = jnp.array(IMAGES[0], "float32")
        assert_same(CALLS[name](x), CALLS[name](x[None])[0])
    assert F.adaptive_avg_pool2d(jnp.zeros((2, 0, 4, 4)), 3).shape == (2, 0, 3, 3)


def test_second_derivatives():
    curve = jax.hessian(lambda x: F.max_pool1d(x**3, 2).sum())(line(1, 2, 4, 3))
    assert_same(jnp.diag(curve.reshape(4, 4)), jnp.array([0.0, 12, 24, 0]))
    norm = jax.hessian(lambda x: F.lp_pool1d(x, 2, 2).sum())(line(0, 0, 3, 4)).reshape(4, 4)
    assert_same(norm[2:, 2:], jnp.array([[0.128, -0.096], [-0.096, 0.072]]))
    assert_same(norm[:2], jnp.zeros((2, 4)))


ONES = np.ones((1, 2, 4, 4), np.float32)
REFUSALS = {
    "max_pool2d: input must be 3-D or 4-D, got shape (4, 4)": lambda: F.max_pool2d(ONES[0, 0], 2),
    "max_pool2d: input must be an array of real numbers, got bool": lambda: F.max_pool2d(
        ONES > 0, 2
    ),
    "max_pool2d: input must be one with channels and pixels, got shape (1, 0, 4, 4)": lambda: (
        F.max_pool2d(ONES[:, :0], 2)
    ),
    "max_pool2d: padding must be at most half of kernel_size (3, 3), got (2, 2)": lambda: (
        F.max_pool2d(ONES, 3, padding=2)
    ),
    "max_pool2d: kernel_size must be at most the spatial size (4, 4) with its padding, got": (
        lambda: F.max_pool2d(ONES, 5)
    ),
    "max_pool2d: kernel_size must be at least 1, got 0": lambda: F.max_pool2d(ONES, 0),
    "max_pool2d: stride must be an integer or 2 integers, got (1, 2, 3)": lambda: F.max_pool2d(
        ONES, 2, (1, 2, 3)
    ),
    "max_pool2d: dilation must be at least 1, got 0": lambda: F.max_pool2d(ONES, 2, dilation=0),
    "max_pool2d: ceil_mode must be True or False, got int 1": lambda: F.max_pool2d(
        ONES, 2, ceil_mode=1
    ),
    "avg_pool2d: divisor_override must be an integer other than 0, got 0": lambda: F.avg_pool2d(
        ONES, 2, divisor_override=0
    ),
    "avg_pool2d: divisor_override must be in the range of int32, got 1099511627776": lambda: (
        F.avg_pool2d(ONES.astype(int), 2, divisor_override=2**40)
    ),
    "adaptive_avg_pool2d: input must be floating point, got int32": lambda: F.adaptive_avg_pool2d(
        jnp.ones((1, 2, 4, 4), int), 2
    ),
    "adaptive_avg_pool2d: output_size must be at least 0, got -1": lambda: F.adaptive_avg_pool2d(
        ONES, (-1, 0)
    ),
    "adaptive_max_pool2d: output_size must be an integer or 2 integers, got None": lambda: (
        F.adaptive_max_pool2d(ONES, None)
    ),
    "adaptive_max_pool3d: input must be 4-D or 5-D, got shape (4, 4)": lambda: (
        F.adaptive_max_pool3d(ONES[0, 0], 2)
    ),
    "lp_pool2d: norm_type must be a number other than 0, got 0.0": lambda: F.lp_pool2d(ONES, 0, 2),
    "max_unpool2d: indices must be of input's shape (1, 2, 4, 4), got (2, 4, 4)": lambda: (
        F.max_unpool2d(ONES, np.zeros((2, 4, 4), int), 2)
    ),
    "max_unpool2d: indices must be an array of integers, got float32": lambda: F.max_unpool2d(
        ONES, ONES, 2
    ),
    "max_unpool2d: indices must be in [0, 64), got values from 64 to 64": lambda: F.max_unpool2d(
        ONES, np.full(ONES.shape, 64), 2
    ),
    "max_unpool2d: output_size must be less than stride (2, 2) away from (8, 8), got (10, 8)": (
        lambda: F.max_unpool2d(ONES, np.zeros(ONES.shape, int), 2, output_size=(10, 8))
    ),
    "max_unpool2d: output_size must be 2 or 4 integers, got 8": lambda: F.max_unpool2d(
        ONES, np.zeros(ONES.shape, int), 2, output_size=8
    ),
    "fractional_max_pool2d: key must be given without _random_samples, got None": lambda: (
        F.fractional_max_pool2d(ONES, 2, 2)
    ),
    "fractional_max_pool2d: output_size must be given without output_ratio, got None": lambda: (
        F.fractional_max_pool2d(ONES, 2)
    ),
    "fractional_max_pool2d: output_size must be at most 3 along an axis of 4": lambda: (
        F.fractional_max_pool2d(ONES, 2, 4, key=jax.random.key(0))
    ),
    "fractional_max_pool2d: _random_samples must be of shape (1, 2, 2), got (1, 2, 3)": lambda: (
        F.fractional_max_pool2d(ONES, 2, 2, _random_samples=np.zeros((1, 2, 3), np.float32))
    ),
    "fractional_max_pool2d: _random_samples must be in [0, 1), got values from 1.0 to 1.0": (
        lambda: F.fractional_max_pool2d(ONES, 2, 2, _random_samples=np.ones((1, 2, 2), np.float32))
    ),
}


def test_refusals():
    for message, call in REFUSALS.items():
        with pytest.raises((TypeError, ValueError)) as refused:
            call()
        assert str(refused.value).startswith(message)


def test_wrong_values_under_jit():
    x, places = jnp.array(ONES), jnp.zeros(ONES.shape, int).at[0, 1, 0, 0].set(-1)
    put = jax.jit(lambda x, i: F.max_unpool2d(x, i, 2))
    assert not np.isnan(put(x, places)[0, 0]).any() and np.isnan(put(x, places)[0, 1]).all()
    u = jnp.zeros((1, 2, 2)).at[0, 1, 0].set(1)
    pool = jax.jit(lambda x, u: F.fractional_max_pool2d(x, 2, 2, _random_samples=u))
    assert not np.isnan(pool(x, u)[0, 0]).any() and np.isnan(pool(x, u)[0, 1]).all()
    error, _ = jax.jit(jaxgrad.checkify(put, checkify.user_checks))(x, places)
    assert "indices must be in [0, 64)" in error.get()
