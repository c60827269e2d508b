"""Recurrent layers: their definition, lengths, dropout, derivatives, and what is refused."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from invariants import assert_compiled_once, assert_jit, assert_slopes, assert_vmap
from jax.extend.core import jaxprs_in_params
from jax.sharding import NamedSharding, PartitionSpec
from oracles import assert_same

import jaxgrad
from jaxgrad import init, replay
from jaxgrad.functional import gru, lstm, rnn

INF = float("inf")
relu = functools.partial(rnn, nonlinearity="relu")
COUNTS = {lstm: 4, gru: 3, rnn: 1, relu: 1}
KINDS = pytest.mark.parametrize("fn", COUNTS, ids=["lstm", "gru", "tanh", "relu"])


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
    params = init.lstm(jax.random.key(0), 3, 4, 2, bidirectional=True)
    x, (h, c) = normal(2, 5, 3), first_states(lstm, params, 2)
    y, states = lstm(x, (h, c), params, batch_first=True)
    other = lstm(x.swapaxes(0, 1), (h, c), params)
    assert_same((y.swapaxes(0, 1), states), jax.tree.map(np.asarray, other), 1e-5)
    single = lstm(x[1], (h[:, 1], c[:, 1]), params, batch_first=True)
    expected = y[1], (states[0][:, 1], states[1][:, 1])
    assert_same(single, jax.tree.map(np.asarray, expected), 1e-5)


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


def loss(fn, lengths=None):
    """A number of the outputs and last states, whose weights are all different."""

    def call(x, hx, params):
        leaves = jax.tree.leaves(fn(x, hx, params, lengths=lengths))
        return sum(
            jnp.sum(jnp.sin(1 + jnp.arange(a.size, dtype=a.dtype)) * a.ravel()) for a in leaves
        )

    return call


@pytest.mark.parametrize("order", [1, 2])
@KINDS
def test_slopes(fn, order):
    """Each derivative against differences, forward and in reverse mode."""
    with jax.enable_x64(True):
        form = {"projection": 2} if fn is lstm else {}
        params = parameters(COUNTS[fn], directions=2, **form, dtype=np.float64)
        x, hx = normal(4, 2, 3, dtype=np.float64), first_states(fn, params, 2, np.float64)
        given, structure = jax.tree.flatten((jnp.asarray(x), hx, params))
        number = loss(fn, jnp.array([4, 2]))

        def call(*leaves):
            return number(*jax.tree.unflatten(structure, leaves))

        def gradient(*leaves):
            grads = jax.grad(call, tuple(range(len(leaves))))(*leaves)
            return sum(jnp.sum(grad**2) for grad in grads)

        assert_slopes(call if order == 1 else gradient, *map(jnp.asarray, given), rtol=1e-6)


def carried(jaxpr):
    """The shapes of what the loops of a program carry from step to step."""
    for equation in jaxpr.eqns:
        if equation.primitive.name == "scan":
            carry = equation.outvars[: equation.params["num_carry"]]
            yield from (variable.aval.shape for variable in carry)
        for inner in jaxprs_in_params(equation.params):
            yield from carried(inner)


@KINDS
def test_no_step_adds_to_the_gradient_of_a_weight(fn):
    params, x = parameters(COUNTS[fn], layers=2, directions=2), normal(5, 2, 3)
    program = jax.make_jaxpr(jax.grad(loss(fn), 2))(x, None, params)
    shapes = set(carried(program.jaxpr))
    assert shapes == {(2, 4)}, "a state, or its cotangent"


def test_frozen_weights_have_no_product_of_their_own():
    """The derivative in the state alone has as many products as the steps need."""
    params, x = parameters(4), normal(5, 2, 3)
    state = jnp.ones((1, 2, 4)), jnp.ones((1, 2, 4))
    programs = [str(jax.make_jaxpr(jax.grad(loss(lstm), n))(x, state, params)) for n in (1, 2)]
    frozen, whole = (program.count("dot_general") for program in programs)
    assert frozen < whole


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
    params = parameters(4, layers=2, directions=2)
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


X, P = np.ones((5, 2, 3), np.float32), parameters(4)
TWO = parameters(4, layers=2)
H = np.zeros((1, 2, 4), np.float32)


def without(name):
    return {key: value for key, value in TWO.items() if key != name}


REFUSED = {
    "integers": ([X.astype(int), None, P], {}, "input must be floating point, got int"),
    "1-D": ([X[0, 0], None, P], {}, "input must be of shape (L, N, features) or (L, features), g"),
    "no steps": ([X[:0], None, P], {}, "input must be of length 1 or more"),
    "a list": ([X, None, list(P.values())], {}, "params must be a dict of arrays by PyTorch's na"),
    "a prefix": (
        [X, None, {f"lstm.{name}": value for name, value in P.items()}],
        {},
        "params must be a dict of arrays by PyTorch's names weight_ih_l0, weight_hh_l0, …, got "
        "'lstm.weight_ih_l0'; take the entries of one layer, without their prefix",
    ),
    "surplus": ([X, None, P | {"weight": X}], {}, "params must be a dict of arrays by PyTorch's"),
    "empty": (
        [X, None, {}],
        {},
        "params must be a dict of all parameters of a layer, got none call",
    ),
    "missing": (
        [X, None, without("bias_hh_l1")],
        {},
        "params must be a dict of all parameters of a layer, got none called bias_hh_l1",
    ),
    "a gap": (
        [X, None, P | {"weight_ih_l2": X}],
        {},
        "params must be a dict of all parameters of a layer, got none called weight_ih_l1, weight_",
    ),
    "features": ([X[..., :2], None, P], {}, "params['weight_ih_l0'] must be of shape (16, 2), got"),
    "gates": (
        [X, None, parameters(3)],
        {},
        "params['weight_hh_l0'] must be of shape (12, 3), got (12, 4); the 4 gates are one below",
    ),
    "another dtype": (
        [X.astype(np.float16), None, P],
        {},
        "params['weight_ih_l0'] must be of input's float16, got float32; cast it with .astype",
    ),
    "one state": ([X, H, P], {}, "hx must be a pair (h_0, c_0) or None, got ndarray"),
    "batch": ([X, (H[:, :1], H), P], {}, "hx[0] must be of shape (1, 2, 4), got (1, 1, 4)"),
    "batch of states": (
        [X.swapaxes(0, 1), (H.swapaxes(0, 1), H), P],
        {"batch_first": True},
        "hx[0] must be of shape (1, 2, 4), got (2, 1, 4); layers and directions come first, also w",
    ),
    "single": ([X[:, 0], (H, H), P], {}, "hx[0] must be of shape (1, 4), got (1, 2, 4)"),
    "a state's dtype": ([X, (H, H.astype(np.float16)), P], {}, "hx[1] must be of input's float32"),
    "no key": (
        [X, None, TWO],
        {"dropout": 0.5, "training": True},
        "key must be a typed key where training and dropout are set, got None",
    ),
    "dropout": ([X, None, P], {"dropout": 1.5}, "dropout must be in [0, 1], got 1.5"),
    "a flag": ([X, None, P], {"batch_first": 1}, "batch_first must be True or False"),
    "float lengths": (
        [X, None, P],
        {"lengths": [1.0, 2.0]},
        "lengths must be an array of integers",
    ),
    "lengths": (
        [X, None, P],
        {"lengths": [1, 2, 3]},
        "lengths must be of shape (2,), one for each",
    ),
    "0": ([X, None, P], {"lengths": [0, 5]}, "lengths must be from 1 to 5, the length of input, "),
    "long": ([X, None, P], {"lengths": [6, 5]}, "lengths must be from 1 to 5, the length of input"),
    "one length": ([X[:, 0], None, P], {"lengths": 3}, "lengths must be None for an input (L, fea"),
}


@pytest.mark.thinned(1)
@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name):
    given, options, text = REFUSED[name]
    options = {k: np.array(v) if k == "lengths" else v for k, v in options.items()}
    with pytest.raises((TypeError, ValueError)) as error:
        lstm(*given, **options)
    assert str(error.value).startswith(f"lstm: {text}")


def test_refusals_of_the_others():
    with pytest.raises(
        ValueError, match="rnn: nonlinearity must be one of 'tanh', 'relu', got 'si"
    ):
        rnn(X, None, parameters(1), nonlinearity="sigmoid")
    projected = parameters(3) | {"weight_hr_l0": H[0]}
    with pytest.raises(ValueError, match=r"gru: params must be a dict .*, got 'weight_hr_l0'"):
        gru(X, None, projected)
    with pytest.raises(TypeError, match="gru: hx must be an array, got tuple"):
        gru(X, (H, H[0]), parameters(3))
