"""Dropout from a seed, without PyTorch: recorded values, the mask by definition, refusals.

RECORDED holds the last four of 19 values that PyTorch 2.13.0 gives for seed 2026, and the CRC-32 of
the generator's bytes after them:
    torch.manual_seed(2026)
    y = F.dropout(torch.arange(-9, 10) / 4, 0.3)
    print(y[-4:].tolist(), zlib.crc32(bytes(torch.get_rng_state().numpy())))
"""

import functools
import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import assert_counted, assert_same

from jaxgrad import replay

STATE = replay.manual_seed(2026)
X = np.arange(-9, 10, dtype=np.float32) / 4
RECORDED = [
    ("dropout", "float32", [2.142857074737549, 0.0, 0.0, 3.2142858505249023], 2504277678),
    ("dropout", "bfloat16", [2.140625, 0.0, 0.0, 3.21875], 2504277678),
    ("dropout", "float16", [2.142578125, 0.0, 0.0, 3.21484375], 2504277678),
    (
        *("alpha_dropout", "float32"),
        *([1.7455209493637085, -1.059548258781433, -1.059548258781433, 2.3912353515625],),
        2504277678,
    ),
    ("alpha_dropout", "bfloat16", [1.7421875, -1.0625, -1.0625, 2.390625], 2504277678),
]
KEPT = [[1, 0, 1, 1], [1, 1, 0, 1]]
"""The channels that every function of channels keeps for seed 2026, p = 0.3 and 2 x 4 channels."""
CHANNELS = {
    "dropout1d": ((2, 4, 3), (2, 4, 1)),
    "dropout2d": ((2, 4, 3, 3), (2, 4, 1, 1)),
    "dropout3d": ((2, 4, 3, 3, 1), (2, 4, 1, 1, 1)),
    "feature_alpha_dropout": ((2, 4, 3), (2, 4, 1)),
}
"""Functions of channels: the shape of an input, and of its mask."""
NAMES = ["dropout", "alpha_dropout", *CHANNELS]


def crc(state):
    return zlib.crc32(replay.get_state(state).tobytes())


def training(name):
    return functools.partial(getattr(replay, name), training=True)


def an_input(name, dtype="float32"):
    shape = CHANNELS[name][0] if name in CHANNELS else (5, 7)
    return jnp.asarray(np.random.RandomState(1).randn(*shape).astype(dtype))


@pytest.mark.parametrize(("name", "dtype", "last", "state_after"), RECORDED)
def test_recorded(name, dtype, last, state_after):
    values, state = training(name)(STATE, jnp.asarray(X).astype(dtype), 0.3)
    assert values.dtype == dtype and values.shape == (19,)
    assert np.asarray(values[-4:], float).tolist() == np.array(last, float).tolist()
    assert crc(state) == state_after


@pytest.mark.parametrize("name", CHANNELS)
def test_recorded_channels(name):
    values, state = training(name)(STATE, jnp.ones(CHANNELS[name][0]), 0.3)
    kept, dropped = (1.315044641494751, -1.059548258781433) if "alpha" in name else (1 / 0.7, 0.0)
    expected = np.where(KEPT, kept, dropped).astype(np.float32).reshape(CHANNELS[name][1])
    assert_same(values, np.broadcast_to(expected, values.shape), rtol=0)
    assert crc(state) == 3165920448


@pytest.mark.parametrize("p", [0.5, 0.1])
@pytest.mark.parametrize("name", ["dropout", "dropout1d", "dropout2d", "dropout3d"])
def test_the_mask_is_one_of_bernoulli(name, p):
    x = an_input(name)
    shape = CHANNELS[name][1] if name in CHANNELS else x.shape
    kept, after = replay.bernoulli(STATE, 1 - p, shape)
    scales = np.asarray(kept) / np.float32(1 - p)
    values, state = getattr(replay, name)(STATE, x, p)
    assert_same(values, np.asarray(x) * scales, rtol=0)
    assert crc(state) == crc(after)
    ones, _ = getattr(replay, name)(STATE, jnp.ones(x.shape), p)
    assert_same(values, x * ones, rtol=0)  # so a mask can be drawn before the input is known


@pytest.mark.parametrize("name", ["alpha_dropout", "feature_alpha_dropout"])
def test_alpha_dropout_by_its_formula(name, dtype):
    x = an_input(name, dtype)
    shape = CHANNELS[name][1] if name in CHANNELS else x.shape
    kept, _ = replay.bernoulli(STATE, 0.7, shape, dtype=dtype)
    limit, variance = -1.7580993408473766, 0.7 * (1 + 0.3 * 1.7580993408473766**2)
    mixed = np.where(np.asarray(kept) > 0, np.asarray(x, float), limit)
    expected = (mixed - 0.3 * limit) / variance**0.5
    values, _ = training(name)(STATE, x, 0.3)
    tolerance = 1e-6 if dtype == "float32" else 1e-14
    np.testing.assert_allclose(np.asarray(values, float), expected, rtol=0, atol=4 * tolerance)


@pytest.mark.parametrize("name", NAMES)
def test_where_nothing_is_drawn(name):
    x = an_input(name)
    for p, options in ((0.0, {}), (1.0, {}), (0.5, {"training": False})):
        values, state = training(name)(STATE, x, p, **options)
        assert crc(state) == crc(STATE)
        assert_same(values, 0 * x if p == 1 else x, rtol=0)
    values, state = training(name)(STATE, x[:0], 0.5)
    assert values.shape == x[:0].shape and crc(state) == crc(STATE)


def test_alpha_dropouts_are_off_by_default():
    for name in ("alpha_dropout", "feature_alpha_dropout"):
        x = an_input(name)
        assert_same(getattr(replay, name)(STATE, x)[0], x, rtol=0)


def test_extreme_inputs():
    x = jnp.array([np.inf, -np.inf, np.nan, -1.0] * 20)
    dropped = np.asarray(replay.dropout(STATE, jnp.ones(80), 0.5)[0]) == 0
    values = np.asarray(replay.dropout(STATE, x, 0.5)[0])
    assert 0 < dropped[::4].sum() < 20
    assert np.isnan(values[::4][dropped[::4]]).all() and np.isinf(values[::4][~dropped[::4]]).all()
    assert np.signbit(values[3::4]).all()  # -0 where it is dropped
    assert np.isnan(np.asarray(replay.dropout(STATE, x, 1.0)[0])[:3]).all()


def test_distribution():
    values, _ = replay.dropout(STATE, jnp.ones(20_000), 0.3)
    assert_counted(np.asarray(values) > 0, [0.3, 0.7])


@pytest.mark.parametrize("name", NAMES)
def test_transformations(name):
    """The input may be traced: the mask is a constant of the program, that of the given state."""
    x, function = an_input(name), training(name)
    expected, _ = function(STATE, x, 0.4)
    slope = function(STATE, jnp.ones(x.shape), 0.4)[0] - function(STATE, 0 * x, 0.4)[0]

    def values(x):
        return function(STATE, x, 0.4)[0]

    assert_same(jax.jit(values)(x), expected)
    assert_same(jax.grad(lambda x: values(x).sum())(x), slope, atol=1e-6)
    assert_same(jax.jvp(values, (x,), (0 * x + 1,))[1], slope, atol=1e-6)
    both = jax.vmap(values)(jnp.stack([x, x]))
    assert_same(both, jnp.stack([expected, expected]))


@pytest.mark.parametrize("name", NAMES)
def test_on_a_mesh(name, rows):
    x = jnp.ones((8, *an_input(name).shape[1:]))
    expected, _ = training(name)(STATE, x, 0.4)
    with jax.set_mesh(rows.mesh):
        values, _ = training(name)(STATE, jax.device_put(x, rows), 0.4)
    assert values.sharding.is_equivalent_to(rows, values.ndim)
    assert_same(np.asarray(values), np.asarray(expected), rtol=0)


@pytest.mark.parametrize(
    ("name", "arguments", "error", "text"),
    [(name, (an_input(name), 1.5), ValueError, r"p must be in \[0, 1\], got 1.5") for name in NAMES]
    + [
        ("dropout", (jnp.ones(3), -0.1), ValueError, r"p must be in \[0, 1\]"),
        ("dropout", (jnp.ones(3), np.nan), ValueError, r"p must be in \[0, 1\]"),
        ("dropout", (jnp.ones(3), "0.5"), TypeError, "p must be an array"),
        ("dropout", (jnp.arange(3), 0.5), TypeError, "input must be one of float32, float64, flo"),
        ("dropout", (jnp.ones(3, complex), 0.5), TypeError, "input must be one of float32"),
        ("dropout", ("text", 0.5), TypeError, "input must be an array"),
        ("dropout", (jnp.ones(3), 0.5, 1), TypeError, "training must be True or False"),
        ("dropout1d", (jnp.ones(3), 0.5), ValueError, "input must be 2-D or 3-D, got 1-D"),
        ("dropout1d", (jnp.ones((1, 1, 1, 1)), 0.5), ValueError, "input must be 2-D or 3-D"),
        ("feature_alpha_dropout", (jnp.ones(3), 0.5, True), ValueError, "input must be of 2 dim"),
    ],
)
def test_refusals(name, arguments, error, text):
    with pytest.raises(error, match=f"{name}: {text}"):
        getattr(replay, name)(STATE, *arguments)


@pytest.mark.parametrize(
    ("name", "shape", "text"),
    [
        ("dropout2d", (2, 3, 4), r"dropout2d reads a 3-D input as .N, C, L."),
        ("dropout2d", (2, 3), "dropout2d of a 2-D input is deprecated"),
        ("dropout3d", (2, 3), "dropout3d of a 2-D input is deprecated"),
    ],
)
def test_shapes_that_warn(name, shape, text):
    with pytest.warns(UserWarning, match=text) as caught:
        values, state = getattr(replay, name)(STATE, jnp.ones(shape), 0.5)
    assert caught[0].filename == __file__
    channels = shape[:2] if name == "dropout2d" else shape[:1]
    assert crc(state) == crc(replay.rand(STATE, 2 * int(np.prod(channels)))[1])
    assert values.shape == shape


def test_traced_states_and_probabilities_are_refused():
    x = jnp.ones(3)
    with pytest.raises(TypeError, match="dropout: state must be concrete.*outside jit"):
        jax.jit(lambda words: replay.dropout(STATE._replace(words=words), x)[0])(STATE.words)
    with pytest.raises(TypeError, match="dropout: p must be concrete.*outside jit"):
        jax.jit(lambda p: replay.dropout(STATE, x, p)[0])(0.5)
