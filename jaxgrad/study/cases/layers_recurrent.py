"""Recurrent cells: the order of gates, the biases, the state, batch and time."""

import numpy as np

from ..case import Case

_DOCS = "https://docs.pytorch.org/docs/stable/generated/"
_EQX_RNN = "https://docs.kidger.site/equinox/api/nn/rnn/"
_NNX_RNN = "https://flax.readthedocs.io/en/latest/api_reference/flax.nnx/nn/recurrent.html"
_RNG = np.random.RandomState(0)
_GRU = {
    "x": _RNG.randn(3).astype(np.float32),
    "h": _RNG.randn(2).astype(np.float32),
    "wi": 0.3 * _RNG.randn(6, 3).astype(np.float32),
    "wh": 0.3 * _RNG.randn(6, 2).astype(np.float32),
    "bi": 0.3 * _RNG.randn(6).astype(np.float32),
    "bh": 0.3 * _RNG.randn(6).astype(np.float32),
}
_LSTM = {
    "x": _RNG.randn(3).astype(np.float32),
    "h": _RNG.randn(2).astype(np.float32),
    "c": _RNG.randn(2).astype(np.float32),
    "wi": 0.3 * _RNG.randn(8, 3).astype(np.float32),
    "wh": 0.3 * _RNG.randn(8, 2).astype(np.float32),
    "bi": 0.3 * _RNG.randn(8).astype(np.float32),
    "bh": 0.3 * _RNG.randn(8).astype(np.float32),
}

CASES = (
    Case(
        family="layers",
        name="GRUCell in equinox with PyTorch's weights",
        inputs=_GRU,
        torch="""\
params = {"weight_ih": wi, "weight_hh": wh, "bias_ih": bi, "bias_hh": bh}
torch.func.functional_call(nn.GRUCell(3, 2), params, (x, h))""",
        jax="""\
cell = eqx.nn.GRUCell(3, 2, key=key)
where = lambda cell: (cell.weight_ih, cell.weight_hh, cell.bias, cell.bias_n)
bias = bi + bh.at[4:].set(0)
eqx.tree_at(where, cell, (wi, wh, bias, bh[4:]))(x, h)""",
        grads=(
            "x",
            "h",
            "wi",
            "wh",
            "bi",
            "bh",
        ),
        why="The same order r, z, n; of the second bias only the part of n is kept apart.",
        link=_EQX_RNN,
    ),
    Case(
        family="layers",
        name="GRUCell with the reset gate before the product",
        inputs=_GRU,
        torch="""\
params = {"weight_ih": wi, "weight_hh": wh, "bias_ih": bi, "bias_hh": bh}
torch.func.functional_call(nn.GRUCell(3, 2), params, (x, h))""",
        jax="""\
i, g = jnp.split(wi @ x + bi, 3), jnp.split(wh @ h + bh, 3)
r, z = jax.nn.sigmoid(i[0] + g[0]), jax.nn.sigmoid(i[1] + g[1])
n = jnp.tanh(i[2] + wh[4:] @ (r * h) + bh[4:])
(1 - z) * n + z * h""",
        remedy="""\
i, g = jnp.split(wi @ x + bi, 3), jnp.split(wh @ h + bh, 3)
r, z = jax.nn.sigmoid(i[0] + g[0]), jax.nn.sigmoid(i[1] + g[1])
n = jnp.tanh(i[2] + r * g[2])
(1 - z) * n + z * h""",
        verdict_jax="value",
        grads=(
            "x",
            "h",
            "wi",
            "wh",
            "bi",
            "bh",
        ),
        why=(
            "The first paper's GRU resets the state before the product, PyTorch's after it, bias "
            "included."
        ),
        link=_DOCS + "torch.nn.GRUCell.html",
    ),
    Case(
        family="layers",
        name="GRUCell in flax with PyTorch's weights",
        inputs=_GRU,
        torch="""\
params = {"weight_ih": wi, "weight_hh": wh, "bias_ih": bi, "bias_hh": bh}
torch.func.functional_call(nn.GRUCell(3, 2), params, (x, h))""",
        jax="""\
cell = nnx.GRUCell(3, 2, rngs=nnx.Rngs(0))
cell.dense_i.kernel[...], cell.dense_h.kernel[...] = wi.T, wh.T
cell.dense_i.bias[...] = bi + bh
cell(h, x)[1]""",
        remedy="""\
cell = nnx.GRUCell(3, 2, rngs=nnx.Rngs(0))
cell.dense_i.kernel[...], cell.dense_h.kernel[...] = wi.T, wh.T
cell.dense_i.bias[...] = bi
cell.dense_h = nnx.Linear(2, 6, rngs=nnx.Rngs(0))
cell.dense_h.kernel[...], cell.dense_h.bias[...] = wh.T, bh
cell(h, x)[1]""",
        verdict_jax="value",
        why=(
            "flax has one bias, and the part of PyTorch's second that the reset gate scales has "
            "no place in it."
        ),
        link=_NNX_RNN,
    ),
    Case(
        family="layers",
        name="LSTMCell in equinox with PyTorch's weights",
        inputs=_LSTM,
        torch="""\
params = {"weight_ih": wi, "weight_hh": wh, "bias_ih": bi, "bias_hh": bh}
torch.stack(torch.func.functional_call(nn.LSTMCell(3, 2), params, (x, (h, c))))""",
        jax="""\
cell = eqx.nn.LSTMCell(3, 2, key=key)
where = lambda cell: (cell.weight_ih, cell.weight_hh, cell.bias)
jnp.stack(eqx.tree_at(where, cell, (wi, wh, bi + bh))(x, (h, c)))""",
        grads=(
            "x",
            "h",
            "c",
            "wi",
            "wh",
            "bi",
            "bh",
        ),
        why="The same order i, f, g, o; PyTorch's two biases are only ever added up.",
        link=_EQX_RNN,
    ),
    Case(
        family="layers",
        name="LSTMCell in flax with PyTorch's weights",
        inputs=_LSTM,
        torch="""\
params = {"weight_ih": wi, "weight_hh": wh, "bias_ih": bi, "bias_hh": bh}
torch.stack(torch.func.functional_call(nn.LSTMCell(3, 2), params, (x, (h, c))))""",
        jax="""\
cell = nnx.OptimizedLSTMCell(3, 2, rngs=nnx.Rngs(0))
cell.dense_i.kernel[...], cell.dense_h.kernel[...] = wi.T, wh.T
cell.dense_h.bias[...] = bi + bh
jnp.stack(cell((h, c), x)[0])""",
        remedy="""\
cell = nnx.OptimizedLSTMCell(3, 2, rngs=nnx.Rngs(0))
cell.dense_i.kernel[...], cell.dense_h.kernel[...] = wi.T, wh.T
cell.dense_h.bias[...] = bi + bh
jnp.stack(cell((c, h), x)[0][::-1])""",
        verdict_jax="value",
        why="flax's state is (c, h), PyTorch's (h, c): both have the same shape.",
        link=_NNX_RNN,
    ),
    Case(
        family="layers",
        name="LSTMCell with the forget gate's bias at 1",
        inputs=_LSTM,
        torch="""\
params = {"weight_ih": wi, "weight_hh": wh, "bias_ih": bi, "bias_hh": bh}
torch.stack(torch.func.functional_call(nn.LSTMCell(3, 2), params, (x, (h, c))))""",
        jax="""\
i, g, f, o = jnp.split(wi @ x + wh @ h + bi + bh, 4)
c = jax.nn.sigmoid(f + 1) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
jnp.stack([jax.nn.sigmoid(o) * jnp.tanh(c), c])""",
        remedy="""\
i, f, g, o = jnp.split(wi @ x + wh @ h + bi + bh, 4)
c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
jnp.stack([jax.nn.sigmoid(o) * jnp.tanh(c), c])""",
        verdict_jax="value",
        grads=(
            "x",
            "h",
            "c",
        ),
        why=(
            "Haiku's cell, whose gates come as i, g, f, o with 1 added to f, does not fit "
            "PyTorch's weights."
        ),
        link="https://dm-haiku.readthedocs.io/en/latest/api.html#lstm",
    ),
    Case(
        family="layers",
        name="RNN over a sequence by scan",
        inputs={
            "x": _RNG.randn(4, 3).astype(np.float32),
            "wi": _RNG.randn(2, 3).astype(np.float32),
            "wh": _RNG.randn(2, 2).astype(np.float32),
        },
        torch="""\
params = {"weight_ih_l0": wi, "weight_hh_l0": wh}
torch.func.functional_call(nn.RNN(3, 2, bias=False), params, (x,))""",
        jax="""\
def step(h, x):
    h = jnp.tanh(wi @ x + wh @ h)
    return h, h

last, all = jax.lax.scan(step, jnp.zeros(2), x)
[all, last[None]]""",
        why=(
            "A scan from zeros; PyTorch gives the outputs first and then the last state, with a "
            "dimension for the layers."
        ),
        link=_DOCS + "torch.nn.RNN.html",
    ),
    Case(
        family="layers",
        name="RNN, the order of batch and time",
        inputs={
            "x": _RNG.randn(4, 2, 3).astype(np.float32),
            "wi": _RNG.randn(2, 3).astype(np.float32),
            "wh": _RNG.randn(2, 2).astype(np.float32),
        },
        torch="""\
params = {"weight_ih_l0": wi, "weight_hh_l0": wh}
torch.func.functional_call(nn.RNN(3, 2, bias=False), params, (x,))[0]""",
        jax="""\
cell = nnx.SimpleCell(3, 2, rngs=nnx.Rngs(0))
cell.dense_i.kernel[...], cell.dense_h.kernel[...] = wi.T, wh.T
nnx.RNN(cell)(x)""",
        remedy="""\
cell = nnx.SimpleCell(3, 2, rngs=nnx.Rngs(0))
cell.dense_i.kernel[...], cell.dense_h.kernel[...] = wi.T, wh.T
nnx.RNN(cell, time_major=True)(x)""",
        verdict_jax="value",
        why=(
            "Time comes first in PyTorch unless batch_first=True, and second in flax unless "
            "time_major=True."
        ),
        link=_NNX_RNN,
    ),
    Case(
        family="layers",
        name="the position of a padded sequence's last output",
        inputs={"x": _RNG.randn(2, 4, 3).astype(np.float32), "n": np.array([4, 2])},
        torch="x[torch.arange(2), n - 1]",
        jax="x[:, -1]",
        remedy="x[jnp.arange(2), n - 1]",
        verdict_jax="value",
        grads=("x",),
        why=(
            "The last place of a shorter sequence is padding; its own last output is at its "
            "length less one."
        ),
        link=_DOCS + "torch.nn.utils.rnn.pack_padded_sequence.html",
    ),
)
