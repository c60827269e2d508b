"""Recurrent layers with mistakes that ports of them have had."""

import jax
import jax.numpy as jnp
import pytest
from planting import Planted

torch = pytest.importorskip("torch")
nn = torch.nn


class Outputs(nn.Module):
    """The outputs of a recurrent layer, without its last state."""

    def __init__(self, layer):
        super().__init__()
        self.rnn = layer

    def forward(self, x):
        return self.rnn(x)[0]


def affine(p, suffix, x, h, wrong):
    """The gates before their nonlinearities, from the input and from the state."""
    from_input = x @ p[f"rnn.weight_ih_{suffix}"].T
    from_state = h @ p[f"rnn.weight_hh_{suffix}"].T
    if wrong not in ("no bias_ih", "ifog, no bias_ih"):
        from_input += p[f"rnn.bias_ih_{suffix}"]
    if wrong != "no bias_hh":
        from_state += p[f"rnn.bias_hh_{suffix}"]
    return from_input, from_state


def lstm_cell(p, suffix, state, x, wrong):
    h, c = state
    gates = sum(affine(p, suffix, x, h, wrong))
    i, f, g, o = jnp.split(gates, 4, -1)
    if wrong in ("ifog", "ifog, no bias_ih"):
        o, g = g, o
    if wrong == "forget bias":
        f += 1
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return (h, c), h


def gru_cell(p, suffix, state, x, wrong):
    (h,) = state
    from_input, from_state = affine(p, suffix, x, h, wrong)
    (ir, iz, i_n), (hr, hz, h_n) = (jnp.split(part, 3, -1) for part in (from_input, from_state))
    if wrong == "no b_hn":
        h_n -= jnp.split(p[f"rnn.bias_hh_{suffix}"], 3)[2]
    r, z = jax.nn.sigmoid(ir + hr), jax.nn.sigmoid(iz + hz)
    if wrong == "zrn":
        r, z = z, r
    n = jnp.tanh(i_n + r * h_n)
    if wrong == "reset first":
        weight, bias = p[f"rnn.weight_hh_{suffix}"], p[f"rnn.bias_hh_{suffix}"]
        size = h.shape[-1]
        n = jnp.tanh(i_n + (r * h) @ weight[2 * size :].T + bias[2 * size :])
    h = z * n + (1 - z) * h if wrong == "update" else (1 - z) * n + z * h
    return (h,), h


def rnn_cell(p, suffix, state, x, wrong):
    (h,) = state
    total = sum(affine(p, suffix, x, h, wrong))
    h = jax.nn.relu(total) if wrong == "relu" else jnp.tanh(total)
    return (h,), h


def layers(cell, states, count=1, both=False, batch_first=True):
    """A port of a recurrent layer in plain JAX, with a scan over the time."""

    def direction(p, suffix, x, wrong):
        size = p[f"rnn.weight_hh_{suffix}"].shape[-1]
        zeros = tuple(jnp.zeros((x.shape[1], size), x.dtype) for _ in range(states))
        return jax.lax.scan(lambda s, step: cell(p, suffix, s, step, wrong), zeros, x)[1]

    def port(p, x, wrong=False):
        x = jnp.swapaxes(x, 0, 1) if batch_first else x
        if wrong == "time axis":
            x = jnp.swapaxes(x, 0, 1)
        for n in range(count):
            own = False if wrong == "second no bias_hh" and n == 0 else wrong
            own = "no bias_hh" if own == "second no bias_hh" else own
            out = direction(p, f"l{n}", x, own)
            if both:
                back = direction(p, f"l{n}_reverse", x[::-1], own)
                back = back if wrong == "not reversed" else back[::-1]
                out = jnp.concatenate([out, back], -1)
            x = out
        x = jnp.swapaxes(x, 0, 1) if wrong == "time axis" else x
        return jnp.swapaxes(x, 0, 1) if batch_first else x

    return port


X = [(3, 5, 4)]
RECURRENT = {
    "lstm": Planted(
        lambda: Outputs(nn.LSTM(4, 6, batch_first=True)),
        layers(lstm_cell, 2),
        X,
        {
            "ifog": ("lstm", "gates in the order", "i, f, g, o", "i, f, o, g"),
            "no bias_hh": ("lstm", "without bias_hh"),
            "no bias_ih": ("lstm", "without bias_ih"),
            "ifog, no bias_ih": ("lstm without bias_ih", "i, f, o, g"),
            "forget bias": ("lstm", "1 added to the bias of the forget gate"),
            "time axis": ("lstm", "with the time as axis 0"),
        },
    ),
    "lstm of two layers and directions": Planted(
        lambda: Outputs(nn.LSTM(4, 3, 2, bidirectional=True)),
        layers(lstm_cell, 2, count=2, both=True, batch_first=False),
        X,
        {
            "ifog": ("lstm", "i, f, o, g"),
            "no bias_ih": ("lstm", "without bias_ih"),
        },
    ),
    "bidirectional lstm": Planted(
        lambda: Outputs(nn.LSTM(4, 3, bidirectional=True, batch_first=True)),
        layers(lstm_cell, 2, both=True),
        X,
        {"not reversed": ("lstm", "backward outputs stay in reversed order")},
    ),
    "lstm of two layers": Planted(
        lambda: Outputs(nn.LSTM(4, 6, 2, batch_first=True)),
        layers(lstm_cell, 2, count=2),
        X,
        {"second no bias_hh": ("lstm", "without bias_hh in layer 1")},
    ),
    "gru": Planted(
        lambda: Outputs(nn.GRU(4, 6, batch_first=True)),
        layers(gru_cell, 1),
        X,
        {
            "no b_hn": ("gru", "without b_hn"),
            "no bias_hh": ("gru", "without bias_hh"),
            "zrn": ("gru", "z, r, n"),
            "reset first": ("gru", "the reset gate before the product"),
            "update": ("gru", "h' = z n + (1 - z) h"),
        },
    ),
    "rnn": Planted(
        lambda: Outputs(nn.RNN(4, 6)),
        layers(rnn_cell, 1, batch_first=False),
        X,
        {"relu": ("JAX computes rnn_relu",), "no bias_hh": ("rnn_tanh", "without bias_hh")},
    ),
}
