"""Recurrent cells: one step of the layers, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from invariants import assert_invariants, assert_slopes
from oracles import assert_same

from jaxgrad.functional import gru, gru_cell, lstm, lstm_cell, rnn, rnn_relu_cell, rnn_tanh_cell

CELLS = {lstm_cell: 4, gru_cell: 3, rnn_tanh_cell: 1, rnn_relu_cell: 1}
LAYERS = {
    lstm_cell: lstm,
    gru_cell: gru,
    rnn_tanh_cell: rnn,
    rnn_relu_cell: lambda *given: rnn(*given, nonlinearity="relu"),
}
KINDS = pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.__name__)


def arrays(cell, batch=(2,), features=3, hidden=4, dtype=np.float32):
    """Input, state, weights and biases."""
    rng, rows = np.random.default_rng(0), CELLS[cell] * hidden
    shapes = [(rows, features), (rows, hidden), (rows,), (rows,)]
    x, h, c, *params = (
        rng.normal(size=shape).astype(dtype)
        for shape in ((*batch, features), (*batch, hidden), (*batch, hidden), *shapes)
    )
    return x, (h, c) if cell is lstm_cell else h, *params


@KINDS
def test_a_cell_is_a_layer_of_one_step(cell):
    x, state, *params = arrays(cell)
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    first = jax.tree.map(lambda part: part[None], state)
    _, last = LAYERS[cell](x[None], first, dict(zip(names, params, strict=True)))
    expected = jax.tree.map(lambda part: np.asarray(part[0]), last)
    found = cell(x, state, *params)
    assert_same(found, expected, 1e-5)
    single = cell(x[0], jax.tree.map(lambda part: part[0], state), *params)
    assert_same(single, jax.tree.map(lambda part: np.asarray(part[0]), found), 1e-5)


@KINDS
def test_without_biases_and_state(cell):
    x, state, wi, wh, bi, bh = arrays(cell)
    zero = jax.tree.map(np.zeros_like, state)
    assert_same(cell(x, None, wi, wh), jax.tree.map(np.asarray, cell(x, zero, wi, wh, 0 * bi)))
    one = cell(x, state, wi, wh, None, bh)
    assert_same(one, jax.tree.map(np.asarray, cell(x, state, wi, wh, 0 * bi, bh)))


def test_states_of_lstm_in_that_order():
    zero = jnp.zeros((4, 1))
    h, c = lstm_cell(jnp.zeros(1), (jnp.zeros(1), jnp.ones(1)), zero, zero)
    assert_same((h, c), (np.tanh(np.array([0.5], np.float32)) / 2, np.array([0.5], np.float32)))


@KINDS
def test_slopes(cell):
    with jax.enable_x64(True):
        given, structure = jax.tree.flatten(arrays(cell, dtype=np.float64))

        def call(*leaves):
            found = cell(*jax.tree.unflatten(structure, leaves))
            return jnp.concatenate(jax.tree.leaves(found))

        assert_slopes(call, *map(jnp.asarray, given))


@KINDS
def test_invariants(cell, caplog):
    given, structure = jax.tree.flatten(arrays(cell))
    assert_invariants(lambda *leaves: cell(*jax.tree.unflatten(structure, leaves)), caplog, *given)


def test_sharded(rows):
    x, state, *params = arrays(lstm_cell, batch=(8,))
    with jax.set_mesh(rows.mesh):
        found = jax.jit(lstm_cell)(*jax.device_put((x, state), rows), *params)
    assert all(part.sharding.is_equivalent_to(rows, 2) for part in found)
    expected = lstm_cell(x, state, *params)
    assert_same(*(jax.tree.map(np.asarray, each) for each in (found, expected)), 1e-5)


X, H, WI, WH, B, _ = arrays(gru_cell)
REFUSED = {
    "integers": ([X.astype(int), H, WI, WH], "input must be floating point"),
    "3-D": ([X[None], H, WI, WH], "input must be of shape (N, features) or (features), got shape"),
    "features": ([X[:, :2], H, WI, WH], "w_ih must be of shape (12, 2), got shape (12, 3)"),
    "rows": ([X, H, WI, WH[:-1]], "w_ih must be of shape (9, 3), got shape (12, 3)"),
    "columns": ([X, H, WI, WH[:, :3]], "w_hh must be of shape (12, 4), got shape (12, 3)"),
    "state": ([X, H[:1], WI, WH], "hx must be of shape (2, 4), got shape (1, 4)"),
    "a pair": ([X, (H, H[0]), WI, WH], "hx must be an array, got tuple"),
    "no weight": ([X, H, WI, None], "w_hh must be an array, got NoneType"),
    "bias": ([X, H, WI, WH, B[:4]], "b_ih must be of shape (12,), got shape (4,)"),
    "dtype": ([X, H, WI, WH.astype(np.float16)], "w_hh must be of input's float32, got float16"),
}


@pytest.mark.thinned(1)
@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name):
    given, text = REFUSED[name]
    with pytest.raises((TypeError, ValueError)) as error:
        gru_cell(*given)
    assert str(error.value).startswith(f"gru_cell: {text}")


def test_lstm_takes_two_states():
    with pytest.raises(TypeError, match=r"lstm_cell: hx must be a pair \(h, c\) or None, got nda"):
        lstm_cell(*arrays(lstm_cell)[:1], H, *arrays(lstm_cell)[2:])
