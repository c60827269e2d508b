"""Calls of the recurrent layers and cells, drawn at random.

A call has arrays alone: the input, the states and the parameters one after the other, which both
sides put into their containers.
"""

import numpy as np
from fuzz import Array, Known, dtypes
from hypothesis import strategies as st

import jaxgrad.functional as F

yes = st.booleans()
COUNTS = {"lstm": 4, "gru": 3, "rnn": 1}


def moderate(rng, shape):
    """Numbers that do not saturate the gates; at times some are not finite."""
    numbers = rng.normal(size=shape)
    if rng.random() < 0.3:
        numbers = np.round(numbers)
    if rng.random() < 0.15:
        limits = rng.choice([np.inf, -np.inf, np.nan, 0.0], shape)
        numbers = np.where(rng.random(shape) < 0.1, limits, numbers)
    return numbers


@st.composite
def layers(draw, name):
    """Input, states and parameters, and the form of the layer; at times a size is another."""
    dtype, count, form = draw(dtypes), COUNTS[name], {}
    features, hidden = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    form["num_layers"], form["bidirectional"] = draw(st.integers(1, 2)), draw(yes)
    form["bias"], form["batch_first"] = draw(yes), draw(yes)
    if name == "lstm" and hidden > 1 and draw(yes):
        form["proj_size"] = hidden - 1
    if name == "rnn":
        form["nonlinearity"] = draw(st.sampled_from(["tanh", "relu"]))
    size, directions = form.get("proj_size", hidden), 1 + form["bidirectional"]
    length, batch = draw(st.integers(0, 4)), draw(st.sampled_from([(), (1,), (2,), (2,), (0,)]))
    sizes = (*batch, length) if form["batch_first"] else (length, *batch)
    shapes = [(*sizes, features)]
    form["given"] = draw(yes)
    if form["given"]:
        places = form["num_layers"] * directions
        wrong = (3,) if draw(st.integers(0, 9)) == 0 else batch
        shapes += [(places, *wrong, size), (places, *wrong, hidden)][: 1 + (name == "lstm")]
    for layer in range(form["num_layers"]):
        columns = directions * size if layer else features
        own = [(count * hidden, columns), (count * hidden, size)]
        own += [(count * hidden,)] * 2 * form["bias"]
        own += [(size, hidden)] * ("proj_size" in form)
        shapes += own * directions
    form["sizes"] = (features, hidden)
    return tuple(Array(shape, dtype, moderate) for shape in shapes), form


def split(name, arrays, form):
    """The input, the states and the parameters by their names."""
    count = (1 + (name == "lstm")) * form["given"]
    hx, parts = arrays[1 : 1 + count] or None, ["weight_ih", "weight_hh"]
    hx = hx[0] if hx and name != "lstm" else hx
    parts += ["bias_ih", "bias_hh"] * form["bias"] + ["weight_hr"] * ("proj_size" in form)
    ends = ("", "_reverse")[: 1 + form["bidirectional"]]
    places = [(layer, end) for layer in range(form["num_layers"]) for end in ends]
    names = [f"{part}_l{layer}{end}" for layer, end in places for part in parts]
    return arrays[0], hx, dict(zip(names, arrays[1 + count :], strict=True))


def ours(name):
    """Our layer of flat arguments."""

    def call(*arrays, **form):
        options = {key: form[key] for key in ("batch_first", "nonlinearity") if key in form}
        return flat(getattr(F, name)(*split(name, arrays, form), **options))

    return call


def theirs(name):
    """PyTorch's module of flat arguments."""

    def call(*arrays, sizes, given, **form):
        import torch

        x, hx, params = split(name, arrays, form | {"given": given})
        net = getattr(torch.nn, name.upper())(*sizes, dtype=x.dtype, **form)
        return flat(torch.func.functional_call(net, params, (x, hx)))

    return call


def flat(found):
    """The results, with the states one after the other."""
    out, last = found
    return (out, *last) if isinstance(last, tuple) else (out, last)


@st.composite
def cells(draw, count, states):
    """Input, states, weights and biases of a cell; at times a size is another."""
    dtype, features, hidden = draw(dtypes), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    batch, rows = draw(st.sampled_from([1, 2, 0])), count * hidden
    other = hidden + (draw(st.integers(0, 9)) == 0)
    shapes = [(batch, features), *[(batch, other)] * states, (rows, features), (rows, hidden)]
    shapes += [(rows,)] * draw(st.sampled_from([0, 2]))
    return tuple(Array(shape, dtype, moderate) for shape in shapes), {}


def paired(cell):
    """The LSTM's cell of flat arguments."""
    return lambda x, h, c, *params: cell(x, (h, c), *params)


def their_cell(*arrays):
    import torch

    return paired(torch.lstm_cell)(*arrays)


CALLS = {
    **{name: layers(name) for name in COUNTS},
    "lstm_cell": cells(4, 2),
    "gru_cell": cells(3, 1),
    "rnn_tanh_cell": cells(1, 1),
    "rnn_relu_cell": cells(1, 1),
}
OURS = {name: ours(name) for name in COUNTS} | {"lstm_cell": paired(F.lstm_cell)}
THEIRS = {name: theirs(name) for name in COUNTS} | {"lstm_cell": their_cell}


def not_finite(given, options):
    """Which products of 0 and an infinite number a derivative has is the formula's."""
    return any(not np.isfinite(np.asarray(x, float)).all() for x in given)


KNOWN = {name: Known(cancel="answers", slopes=not_finite) for name in CALLS}
