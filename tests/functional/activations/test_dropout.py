import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import checkify
from oracles import assert_counted, assert_same

import jaxgrad
from jaxgrad import functional as F

ALPHA = 1.7580993408473766
ALL = {
    "dropout": (3, 4),
    "dropout1d": (3, 4, 5),
    "dropout2d": (3, 4, 5, 2),
    "dropout3d": (3, 4, 5, 2, 2),
    "alpha_dropout": (3, 4),
    "feature_alpha_dropout": (3, 4, 5),
}
CHANNELS = ["dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"]


def call(name, x, p=0.5, training=True, seed=0):
    return getattr(F, name)(jax.random.key(seed), x, p, training)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("name", ["dropout", "alpha_dropout"])
def test_distribution(name, p, dtype):
    dropped = call(name, jnp.ones(200_000, dtype), p) <= 0
    if name == "alpha_dropout":
        y = call(name, jnp.ones(200_000, dtype), p)
        dropped = y == y.min()
    assert_counted(dropped, [1 - p, p])


@pytest.mark.parametrize("name", CHANNELS)
def test_whole_channels_are_dropped(name):
    trailing = ALL[name][2:]
    y = np.asarray(call(name, jnp.ones((200, 100, *trailing)), 0.3)).reshape(20_000, -1)
    assert (y == y[:, :1]).all()
    assert_counted(y[:, 0] == y.min(), [0.7, 0.3])


@pytest.mark.parametrize(
    ("name", "shape"), [("dropout1d", (500, 9)), ("dropout3d", (500, 3, 2, 2))]
)
def test_without_a_batch_the_first_axis_is_the_channels(name, shape):
    y = np.asarray(call(name, jnp.ones(shape), 0.3)).reshape(500, -1)
    assert (y == y[:, :1]).all() and set(np.unique(y)) == {0, np.float32(1 / 0.7)}


def test_a_small_p_drops_at_times():
    # 1 - p is 1 in float32: a draw with probability 1 - p would never drop.
    x = jnp.ones(2**25, jnp.bfloat16)
    dropped = int((call("dropout", x, 2.0**-25 * 8, seed=3) == 0).sum())
    assert 0 < dropped < 40


@pytest.mark.parametrize("name", ["dropout", "dropout1d", "dropout2d", "dropout3d"])
def test_scale(name, any_dtype):
    x = jnp.arange(1.0, 1 + np.prod(ALL[name]), dtype=any_dtype).reshape(ALL[name])
    y = call(name, x, 0.2)
    assert y.dtype == x.dtype
    exact = np.where(np.asarray(y) != 0, np.asarray(x, float) * 1.25, 0)
    assert_same(y, jnp.array(exact, any_dtype))


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_alpha_dropout_in_closed_form(p):
    with jax.enable_x64(True):
        x = np.linspace(-2, 2, 1000)
        y = np.asarray(call("alpha_dropout", jnp.array(x), p))
    a = ((1 - p) * (1 + p * ALPHA**2)) ** -0.5
    low, high = -a * ALPHA * (1 - p), a * x + a * ALPHA * p
    dropped = np.isclose(y, low)
    assert_same(y, np.where(dropped, low, high))
    assert 0 < dropped.sum() < 1000


@pytest.mark.thinned(8)
@pytest.mark.parametrize("name", ALL)
def test_the_gradient_is_the_scaled_mask(name):
    with jax.enable_x64(True):
        x = jnp.array(np.random.default_rng(0).normal(size=ALL[name]))
        fn = functools.partial(call, name)
        y, pull = jax.vjp(fn, x)
        slope = pull(jnp.ones_like(y))[0]
        offset = fn(jnp.zeros_like(x))
        assert_same(slope * x + offset, y)
        assert len(np.unique(slope)) == 2
        assert_same(jax.jvp(fn, (x,), (jnp.ones_like(x),))[1], slope)
        assert_same(jax.jit(fn)(x), y)
        assert not np.asarray(jax.vjp(lambda x: jax.vjp(fn, x)[1](y)[0], x)[1](y)[0]).any()


SPECIAL = np.array([1.0, -2.0, np.inf, -np.inf, np.nan])


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("name", ALL)
def test_p_of_0_and_1_are_exact(name, traced):
    x = jnp.array(np.tile(SPECIAL, (2, 3, 1))[..., *[None] * (len(ALL[name]) - 3)], jnp.float32)
    fn = functools.partial(call, name)
    fn = jax.jit(fn) if traced else fn
    assert_same(fn(x, 0.0), x)
    assert_same(fn(x, 1.0), x * 0)


@pytest.mark.parametrize("name", ALL)
def test_outside_training_it_is_the_input(name):
    for x in (jnp.ones(ALL[name]), jnp.ones(ALL[name], int)):
        assert call(name, x, 0.5, False) is x


def test_defaults():
    x = jnp.ones(1000)
    assert (F.dropout(jax.random.key(0), x) == 0).any()
    assert F.alpha_dropout(jax.random.key(0), x) is x


def test_integers_where_nothing_is_drawn():
    x = jnp.array([1, -2])
    assert_same(call("dropout", x, 0.0), x)
    assert_same(call("dropout", x, 1.0), x * 0)
    with pytest.raises(TypeError, match="dropout: input must be floating point, got int32"):
        call("dropout", x, 0.5)


def test_empty_and_0d(any_dtype):
    for shape in ((0, 3), ()):
        assert call("dropout", jnp.ones(shape, any_dtype)).shape == shape


def test_one_compilation_for_every_p(caplog):
    x = jnp.ones(4)
    call("dropout", x, 0.3)
    with jax.log_compiles():
        caplog.clear()
        call("dropout", x, 0.7)
    assert not [r for r in caplog.records if "Compiling _noised" in r.getMessage()]


def test_vmap_over_keys():
    keys = jax.random.split(jax.random.key(0), 4)
    y = jax.vmap(lambda key: F.dropout(key, jnp.ones(50)))(keys)
    rows = jnp.stack(
        [F.dropout(key, jnp.ones(50)) for key in jax.random.split(jax.random.key(0), 4)]
    )
    assert_same(y, rows)


def test_sharded(rows):
    x = jnp.ones((8, 6))
    assert_same(call("dropout", jax.device_put(x, rows)), call("dropout", x))


def test_a_derivative_in_p_is_refused():
    def total(p):
        return call("dropout", jnp.ones(3), p).sum()

    with pytest.raises(TypeError, match="got a derivative with respect to it"):
        jax.grad(total)(0.5)
    with pytest.raises(TypeError, match="dropout: p must be constant"):
        jax.grad(jax.jit(total))(0.5)
    assert jax.grad(lambda x: jax.jit(call, static_argnums=0)("dropout", x, 0.5).sum())(1.0) in (
        0,
        2,
    )


@pytest.mark.parametrize("name", ["dropout", "alpha_dropout"])
def test_a_traced_p(name):
    fn = jax.jit(lambda p: call(name, jnp.ones(50), p))
    assert np.isnan(fn(1.5)).all() and np.isnan(fn(jnp.nan)).all()
    checked = jax.jit(jaxgrad.checkify(lambda p: call(name, jnp.ones(50), p)))
    with pytest.raises(checkify.JaxRuntimeError, match=rf"{name}: p must be in \[0, 1\]"):
        checked(1.5)[0].throw()
    checked(0.5)[0].throw()


@pytest.mark.parametrize(
    ("name", "shape", "text"),
    [
        ("dropout2d", (2, 3, 4), "dropout2d reads a 3-D input as"),
        ("dropout2d", (2, 3), "dropout2d of a 2-D input is deprecated"),
        ("dropout3d", (2, 3), "dropout3d of a 2-D input is deprecated"),
    ],
)
def test_unusual_shapes_warn(name, shape, text):
    with pytest.warns(UserWarning, match=text):
        call(name, jnp.ones(shape))


@pytest.mark.parametrize("name", ALL)
def test_refusals(name):
    x = jnp.ones(ALL[name])
    with pytest.raises(TypeError, match=f"^{name}: key must be a typed key"):
        getattr(F, name)(0, x)
    with pytest.raises(TypeError, match=f"^{name}: training must be True or False, got int 1"):
        call(name, x, 0.5, 1)
    for p in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match=rf"^{name}: p must be in \[0, 1\], got {p}"):
            call(name, x, p)
    with pytest.raises(TypeError, match=f"^{name}: p must be a real scalar"):
        call(name, x, jnp.ones(2))


def test_refusals_of_shapes():
    with pytest.raises(ValueError, match="^dropout1d: input must be 2-D or 3-D, got 1-D"):
        call("dropout1d", jnp.ones(3))
    with pytest.raises(ValueError, match="^feature_alpha_dropout: input must be of 2 dimensions"):
        call("feature_alpha_dropout", jnp.ones(3))
