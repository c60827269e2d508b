"""Recurrent layers as they are defined: a loop over sequences and steps in NumPy, in float64."""

import functools

import numpy as np

from jaxgrad.functional import gru, lstm, rnn

relu = functools.partial(rnn, nonlinearity="relu")
COUNTS = {lstm: 4, gru: 3, rnn: 1, relu: 1}
"""The kinds of layers, and how many blocks of rows their weights have."""
NAMES = ("lstm", "gru", "tanh", "relu")


def normal(*shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def parameters(
    count, features=3, hidden=4, layers=1, directions=1, biased=True, projection=0, dtype=np.float32
):
    """Parameters by PyTorch's names, drawn at random."""
    size, found = projection or hidden, {}
    for layer in range(layers):
        for end in ("", "_reverse")[:directions]:
            columns = directions * size if layer else features
            shapes = {"weight_ih": (count * hidden, columns), "weight_hh": (count * hidden, size)}
            if biased:
                shapes |= dict.fromkeys(("bias_ih", "bias_hh"), (count * hidden,))
            if projection:
                shapes["weight_hr"] = (projection, hidden)
            for part, shape in shapes.items():
                found[f"{part}_l{layer}{end}"] = normal(*shape, seed=len(found), dtype=dtype) / 2
    return found


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def one_step(fn, x, state, w):
    """The definition; w has the weights and biases of a layer and direction, in that order."""
    wi, wh, bi, bh, wr = w
    x, a = wi @ x + bi, wh @ state[0] + bh
    if fn is lstm:
        i, f, g, o = np.split(x + a, 4)
        c = sigmoid(f) * state[1] + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        return (h if wr is None else wr @ h), c
    if fn is gru:
        (xr, xz, xn), (ar, az, an) = np.split(x, 3), np.split(a, 3)
        z = sigmoid(xz + az)
        return ((1 - z) * np.tanh(xn + sigmoid(xr + ar) * an) + z * state[0],)
    return (np.tanh(x + a) if fn is rnn else np.maximum(x + a, 0),)


def one_sequence(fn, x, states, params):
    """The outputs (L, size) of one sequence, and the last state of each layer and direction."""
    last, layer = [], 0
    while f"weight_ih_l{layer}" in params:
        outs = []
        for end in (f"_l{layer}", f"_l{layer}_reverse"):
            if f"weight_ih{end}" not in params:
                continue
            w = [params[f"{part}{end}"] for part in ("weight_ih", "weight_hh")]
            w += [params.get(f"{part}{end}", 0) for part in ("bias_ih", "bias_hh")]
            w += [params.get(f"weight_hr{end}")]
            state, order = states[len(last)], slice(None, None, -1 if "_rev" in end else 1)
            out = []
            for row in x[order]:
                state = one_step(fn, row, state, w)
                out.append(state[0])
            outs.append(np.stack(out)[order])
            last.append(state)
        x, layer = np.concatenate(outs, -1), layer + 1
    return x, last


def exactly(fn, x, hx, params, lengths=None):
    """(L, N, …) as its definition has it, in float64; 0 beyond a length."""
    x = np.asarray(x, float)
    params = {name: np.asarray(array, float) for name, array in params.items()}
    states = [np.asarray(part, float) for part in (hx if fn is lstm else (hx,))]
    ends = [len(x)] * x.shape[1] if lengths is None else lengths
    outs, lasts = [], []
    for n, end in enumerate(ends):
        first = [tuple(part[place, n] for part in states) for place in range(len(states[0]))]
        out, last = one_sequence(fn, x[:end, n], first, params)
        outs.append(np.pad(out, ((0, len(x) - end), (0, 0))))
        lasts.append([np.stack(part) for part in zip(*last, strict=True)])
    last = tuple(np.stack(part, 1) for part in zip(*lasts, strict=True))
    return np.stack(outs, 1), last if fn is lstm else last[0]


def first_states(fn, params, batch, dtype=np.float32):
    """First states for these parameters, drawn at random."""
    places = sum(name.startswith("weight_hh") for name in params)
    size = params["weight_hh_l0"].shape[1]
    h = normal(places, batch, size, seed=90, dtype=dtype)
    if fn is not lstm:
        return h
    return h, normal(places, batch, params["weight_hh_l0"].shape[0] // 4, seed=91, dtype=dtype)
