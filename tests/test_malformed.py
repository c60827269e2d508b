"""Malformed input at every public function: only ValueError and TypeError come out."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_api import public

from jaxgrad import replay

SCALARS = st.sampled_from(
    [None, True, 0, 1, -1, 3, 2**40, 10**30, 0.0, 0.5, -0.5, 2.0, 1e39, np.nan, np.inf, -np.inf]
    + [1j, "", "mean", "text", b"bytes", object(), int, len, ..., NotImplemented, slice(2)]
    + [np.float64(0.5), np.int8(3), np.str_("text"), np.datetime64("2020-01-01")]
)
SHAPES = st.sampled_from([(), (0,), (1,), (3,), (2, 3), (0, 3), (3, 1), (2, 2, 2)])
DTYPES = st.sampled_from(
    ["float32", "float16", "bfloat16", "int32", "uint8", "bool", "complex64", "float64"]
)
VALUES = st.sampled_from([0, 1, 0.5, -1, np.nan, np.inf, 1e30, 1e-30])


@st.composite
def arrays(draw):
    shape, dtype, value = draw(SHAPES), draw(DTYPES), draw(VALUES)
    with np.errstate(all="ignore"):
        array = np.full(shape, value).astype(jnp.dtype(dtype) if dtype != "float64" else float)
    if array.dtype != np.float64 and draw(st.booleans()):
        return jnp.asarray(array)
    return array


KEYS = st.builds(jax.random.key, st.integers(0, 100))
OTHER = st.one_of(
    st.builds(lambda n: jax.random.split(jax.random.key(n)), st.integers(0, 100)),
    st.builds(lambda: np.array([object(), None])),
    st.builds(lambda: np.array(["a", "b"])),
    st.lists(SCALARS, max_size=3),
    st.tuples(SCALARS, SCALARS),
    st.dictionaries(st.sampled_from(["weight", "bias", "x"]), arrays(), max_size=3),
    st.dictionaries(SCALARS.filter(lambda x: isinstance(x, (str, int))), SCALARS, max_size=2),
)
JUNK = st.one_of(SCALARS, arrays(), OTHER, KEYS)
CALLABLES = st.sampled_from(
    [jnp.sum, jnp.sin, lambda *a: None, lambda *a: "text", lambda *a: 3, lambda *a: a]
    + [lambda x, *a: x, lambda x, *a: {"a": x}, lambda x, *a: jnp.sum(x) * 1j, lambda: 1.0]
)
OPTIMIZERS = st.builds(optax.sgd, st.sampled_from([0.1, 1e30, np.nan]))
STEPS = st.one_of(st.sampled_from([1, 2]), SCALARS.filter(lambda x: x != 2**40))
STATES = st.builds(replay.manual_seed, st.integers(-(2**63), 2**64 - 1))

SIZES = (
    *("in_features", "out_features", "in1_features", "in2_features", "in_channels"),
    *("out_channels", "kernel_size", "groups", "num_embeddings", "embedding_dim", "input_size"),
    *("hidden_size", "num_layers", "proj_size", "embed_dim", "num_heads", "kdim", "vdim"),
    *("num_features", "num_groups", "num_channels"),
)
GOOD = {
    "state": st.one_of(STATES, STATES, STATES, st.builds(replay.State, *[JUNK] * 6)),
    "new_state": STATES.map(replay.get_state),
    "p": st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    "low": st.integers(-5, 5),
    "high": st.integers(-5, 5),
    "n": st.integers(-1, 20),
    **dict.fromkeys(["length", "batch_size", "num_replicas", "rank"], st.integers(-1, 20)),
    "indices": st.lists(st.integers(-3, 20), max_size=5),
    "lengths": st.lists(st.sampled_from([0, 1, 3, 0.5, 0.25, -1, 1.0]), max_size=3),
    "weights": st.lists(st.sampled_from([0.0, 0.5, 2, True, -1.0, np.inf]), max_size=4),
    **dict.fromkeys(["shuffle", "drop_last", "replacement", "own_generator"], st.booleans()),
    "key": KEYS,
    "fn": CALLABLES,
    "loss_fn": CALLABLES,
    "optimizer": OPTIMIZERS,
    "shape": st.one_of(SHAPES, st.lists(st.integers(-2, 3), max_size=3)),
    "num_samples": st.integers(-1, 4),
    "dtype": DTYPES,
    "reduction": st.sampled_from(["none", "mean", "sum"]),
    "nonlinearity": st.sampled_from(["relu", "leaky_relu"]),
    "mode": st.sampled_from(["fan_in", "fan_out"]),
    "layout": st.sampled_from(["torch", "flax"]),
    "out_sharding": st.none(),
    "normalized_shape": SHAPES,
    **dict.fromkeys(SIZES, st.integers(-1, 6)),
    **dict.fromkeys(["bias", "affine", "elementwise_affine", "bidirectional"], st.booleans()),
    **dict.fromkeys(["add_bias_kv", "track_running_stats"], st.booleans()),
}
# A size that is merely too large for the machine is not malformed.
JUNK_SIZES = JUNK.filter(lambda x: not (np.isscalar(x) and x == 2**40))
BAD = {
    "steps": STEPS,
    "shape": JUNK_SIZES.filter(lambda x: x is not None),
    "num_samples": JUNK_SIZES,
    "normalized_shape": JUNK_SIZES,
    **dict.fromkeys(SIZES, JUNK_SIZES),
}
FUNCTIONS = {name: value for name, value in public() if inspect.isfunction(value)}


def argument(name):
    junk = BAD.get(name, JUNK)
    return st.one_of(GOOD[name], junk) if name in GOOD else st.one_of(arrays(), junk)


@pytest.mark.thinned(8)
@pytest.mark.parametrize("name", FUNCTIONS)
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
@pytest.mark.filterwarnings("ignore")  # NumPy warns of casts that overflow on their way in
def test_only_value_and_type_errors(name, data):
    function = FUNCTIONS[name]
    parameters = inspect.signature(function).parameters
    arguments = {parameter: data.draw(argument(parameter), parameter) for parameter in parameters}
    try:
        result = function(**arguments)
        if callable(result):  # backward and central_difference make functions
            result(*data.draw(st.lists(JUNK, max_size=2)))
    except (ValueError, TypeError):
        pass
