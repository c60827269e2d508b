"""Recurrent layers: their definition, lengths, dropout, and how they are composed."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from invariants import assert_compiled_once, assert_jit, assert_vmap
from jax.sharding import NamedSharding, PartitionSpec
from oracles import assert_same
from recurrent_definition import COUNTS, NAMES, exactly, first_states, normal, parameters, relu

import jaxgrad
from jaxgrad import init, replay
from jaxgrad.functional import dropout, gru, lstm, rnn

KINDS = pytest.mark.parametrize("fn", COUNTS, ids=NAMES)
FORMS = {
    "two layers, both directions": {"layers": 2, "directions": 2},
    "one layer": {},
    "no bias": {"layers": 3, "biased": False},
    "projected": {"layers": 2, "directions": 2, "projection": 2},
}


@pytest.mark.parametrize("form", FORMS)
@KINDS
def test_definition(fn, form):
    if form == "projected" and fn is not lstm:
        return
    with jax.enable_x64(True):
        params = parameters(COUNTS[fn], **FORMS[form], dtype=np.float64)
        x, hx = normal(5, 3, 3, dtype=np.float64), first_states(fn, params, 3, np.float64)
        assert_same(fn(x, hx, params), exactly(fn, x, hx, params))
        lengths = [2, 5, 1]
        found = fn(x, hx, params, lengths=jnp.array(lengths))
        assert_same(found, exactly(fn, x, hx, params, lengths))


def test_lstm_without_weights_halves_its_cell():
    params = {name: 0 * array for name, array in parameters(4, hidden=1).items()}
    hx = jnp.ones((1, 1)), jnp.ones((1, 1))
    y, (h, c) = lstm(jnp.ones((4, 3)), hx, params)
    cells = 2.0 ** -np.arange(1, 5)
    assert_same(y[:, 0], (np.tanh(cells) / 2).astype(np.float32))
    assert_same((h[0], c[0, 0]), (np.asarray(y[-1]), np.float32(1 / 16)))


def test_the_reset_gate_scales_the_second_bias():
    params = {name: 0 * array for name, array in parameters(3, hidden=1).items()}
    params["bias_hh_l0"] = np.array([0, 0, 2], np.float32)
    y, h = gru(jnp.ones((1, 3)), None, params)
    assert_same(h, np.array([[np.tanh(1) / 2]], np.float32))


def test_relu_adds_up_and_has_no_slope_at_0():
    eye = {"weight_ih_l0": jnp.ones((1, 1)), "weight_hh_l0": jnp.ones((1, 1))}
    x = jnp.array([[1.0], [2.0], [-4.0]])
    assert_same(relu(x, None, eye)[0], np.array([[1], [3], [0]], np.float32))
    slope = jax.grad(lambda x: relu(x, None, eye)[0].sum())(jnp.array([[0.0], [1.0]]))
    assert_same(slope, np.array([[0], [1]], np.float32))


def test_order_of_axes():
    params = init.rnn(jax.random.key(0), 3, 4, bidirectional=True)
    x, h = normal(2, 5, 3), first_states(rnn, params, 2)
    y, last = rnn(x, h, params, batch_first=True)
    other = rnn(x.swapaxes(0, 1), h, params)
    assert_same((y.swapaxes(0, 1), last), jax.tree.map(np.asarray, other), 1e-5)
    single = rnn(x[1], h[:, 1], params, batch_first=True)
    assert_same(single, (np.asarray(y[1]), np.asarray(last[:, 1])), 1e-5)


def test_parameters_of_a_seed():
    params, _ = replay.gru(replay.manual_seed(0), 3, 4)
    x = normal(5, 1, 3)
    expected = exactly(gru, x, np.zeros((1, 1, 4)), params)
    assert_same(gru(x, None, params), jax.tree.map(np.float32, expected), 1e-5)


@KINDS
def test_padding_has_no_influence(fn):
    """Its numbers are in nothing, not even as NaN, and have a derivative of 0."""
    params = parameters(COUNTS[fn], layers=2, directions=2)
    x, lengths = jnp.asarray(normal(4, 2, 3)), jnp.array([2, 4])
    nan = x.at[2:, 0].set(jnp.nan)

    @jax.jit
    def run(x, params):
        y, pull = jax.vjp(
            lambda *given: fn(given[0], None, given[1], lengths=lengths)[0], x, params
        )
        return y, pull(jnp.ones_like(y))

    found = run(nan, params)
    assert_same(found, jax.tree.map(np.asarray, run(x, params)))
    y, (slope, _) = found
    assert (y[2:, 0] == 0).all() and (slope[2:, 0] == 0).all() and jnp.isfinite(slope).all()


def test_lengths_of_narrow_integers():
    params, x = parameters(1), normal(200, 2, 3)
    found = rnn(x, None, params, lengths=jnp.array([100, 127], jnp.int8))
    expected = rnn(x, None, params, lengths=jnp.array([100, 127]))
    assert_same(found, jax.tree.map(np.asarray, expected))


def test_a_wrong_length_under_jit_is_nan():
    params, x = parameters(1), normal(3, 4, 3)
    run = jax.jit(lambda lengths: rnn(x, None, params, lengths=lengths))
    y, h = run(jnp.array([3, 0, 4, 1]))
    assert np.isnan(y).all((0, 2)).tolist() == [False, True, True, False]
    assert np.isnan(h).all((0, 2)).tolist() == [False, True, True, False]
    error, _ = jaxgrad.checkify(run)(jnp.array([3, 0, 4, 1]))
    assert error.get().startswith("rnn: lengths must be from 1 to 3, the length of input, got val")


def passing(layers):
    """Layers of relu that return what they get."""
    one, zero = jnp.ones((1, 1)), jnp.zeros((1, 1))
    names = range(layers)
    return {f"weight_ih_l{k}": one for k in names} | {f"weight_hh_l{k}": zero for k in names}


def test_dropout_is_between_the_layers():
    x = jnp.ones((50, 20, 1))

    def dropped(layers, seed, p=0.5, training=True):
        options = {"dropout": p, "training": training, "key": jax.random.key(seed)}
        return np.asarray(relu(x, None, passing(layers), **options)[0])

    y = dropped(2, 0)
    assert set(np.unique(y).tolist()) == {0, 2}
    # 1,000 elements, each kept with probability 1/2: 5.4 standard errors of the share are 1e-7
    assert abs((y > 0).mean() - 0.5) < 5.4 * 0.5 / 1000**0.5
    assert set(np.unique(dropped(3, 1)).tolist()) == {0, 4}
    assert (dropped(1, 2) == 1).all() and (dropped(2, 3, training=False) == 1).all()
    assert (dropped(2, 4, p=1.0) == 0).all()


def test_each_layer_is_dropped_by_a_key_of_its_own():
    x, key = jnp.ones((10, 4, 1)), jax.random.key(0)
    with jax.debug_key_reuse(False):
        y, _ = relu(x, None, passing(3), dropout=0.5, training=True, key=key)
        for one in jax.random.split(key, 2):
            x = dropout(one, x, 0.5)
    assert_same(y, np.asarray(x))


def test_dropout_under_jit_is_the_same():
    params, x, key = parameters(4, layers=3), normal(5, 2, 3), jax.random.key(0)
    with jax.debug_key_reuse(False):
        run = functools.partial(lstm, x, None, params, training=True, key=key)
        found = jax.jit(lambda p: run(dropout=p))(0.3)
        assert_same(found, jax.tree.map(np.asarray, run(dropout=0.3)), 1e-5)


@KINDS
def test_a_sequence_in_two_parts(fn):
    params, x = parameters(COUNTS[fn], layers=2), normal(6, 2, 3)
    y, last = fn(x, None, params)
    first, state = fn(x[:4], None, params)
    second, end = fn(x[4:], state, params)
    both = np.concatenate([first, second])
    assert_same((both, end), (np.asarray(y), jax.tree.map(np.asarray, last)), 1e-5)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
@KINDS
def test_narrow_dtypes_are_summed_in_float32(fn, dtype):
    params = parameters(COUNTS[fn], dtype=dtype)
    x, hx = normal(6, 2, 3, dtype=dtype), first_states(fn, params, 2, dtype)
    expected = jax.tree.map(lambda a: a.astype(dtype), exactly(fn, x, hx, params))
    assert_same(fn(x, hx, params), expected, 4 * float(jnp.finfo(dtype).eps))


def test_no_sequences():
    params = parameters(4, layers=2)
    y, (h, c) = lstm(jnp.ones((5, 0, 3)), None, params)
    assert (y.shape, h.shape, c.shape) == ((5, 0, 4), (2, 0, 4), (2, 0, 4))


@KINDS
def test_invariants(fn, caplog):
    x, params = normal(4, 2, 3), parameters(COUNTS[fn], layers=2)
    names = list(params)

    def call(x, *weights):
        return fn(x, None, dict(zip(names, weights, strict=True)))

    arrays = [x, *params.values()]
    assert_jit(call, *map(jnp.asarray, arrays))
    assert_vmap(call, *(np.stack([a, a * np.float32(0.5)]) for a in arrays))
    assert_compiled_once(call, caplog, *map(jnp.asarray, arrays))


def test_sharded(rows):
    """Sequences on eight devices; the weights' gradient is added up over them."""
    params = parameters(4, directions=2)
    x, lengths = normal(8, 3, 3), jnp.arange(8) % 3 + 1
    batch = NamedSharding(rows.mesh, PartitionSpec("rows", None, None))

    @jax.jit
    def run(x, params, lengths):
        def call(x, params):
            return lstm(x, None, params, batch_first=True, lengths=lengths)

        (y, state), pull = jax.vjp(call, x, params)
        return y, state, pull((jnp.ones_like(y), state))

    with jax.set_mesh(rows.mesh):
        found = run(jax.device_put(x, batch), params, jax.device_put(lengths, rows))
    assert found[0].sharding.is_equivalent_to(batch, 3)
    expected = run(x, params, lengths)
    assert_same(*(jax.tree.map(np.asarray, each) for each in (found, expected)), 1e-5)
