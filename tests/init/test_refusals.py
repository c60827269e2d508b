"""What the initialisers and the layers refuse, eagerly, under jit and under checkify."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import checkify
from test_malformed import FUNCTIONS

import jaxgrad
from jaxgrad import init

pytestmark = pytest.mark.thinned(8)

KEYED = {
    "uniform": ((3, 3), {}),
    "normal": ((3, 3), {}),
    "trunc_normal": ((3, 3), {}),
    "bernoulli": ((3, 3), {}),
    "multinomial": ((3, 3), {"values": [1.0], "weights": [1.0]}),
    "xavier_uniform": ((3, 3), {}),
    "xavier_normal": ((3, 3), {}),
    "kaiming_uniform": ((3, 3), {}),
    "kaiming_normal": ((3, 3), {}),
    "orthogonal": ((3, 3), {}),
    "sparse": ((3, 3), {"sparsity": 0.5}),
}
LAYERS = {
    "linear": (3, 4),
    "bilinear": (3, 4, 5),
    "embedding": (3, 4),
    "conv1d": (4, 4, 3),
    "conv2d": (4, 4, 3),
    "conv3d": (4, 4, 3),
    "conv_transpose1d": (4, 4, 3),
    "conv_transpose2d": (4, 4, 3),
    "conv_transpose3d": (4, 4, 3),
    "rnn": (3, 4),
    "lstm": (3, 4),
    "gru": (3, 4),
    "multihead_attention": (4, 2),
}
NORMS = {
    "batch_norm": (3,),
    "instance_norm": (3,),
    "layer_norm": (3,),
    "group_norm": (1, 3),
    "rms_norm": (3,),
}


def refused(error, match, call):
    with pytest.raises(error, match=match):
        call()


def test_every_function_is_here():
    names = {name.removeprefix("init.") for name in FUNCTIONS if name.startswith("init.")}
    known = {*KEYED, *LAYERS, *NORMS, "eye", "dirac", "calculate_fan", "calculate_gain"}
    assert names == known == set(init.__all__)


@pytest.mark.parametrize(
    ("key", "error", "match"),
    [
        (0, TypeError, "key must be a typed key, got int 0; make one with jax.random.key"),
        (np.zeros(2, np.uint32), TypeError, "key must be a typed key, got ndarray"),
        (jax.random.split(jax.random.key(0)), ValueError, "key must be a single key"),
    ],
    ids=["seed", "legacy", "batch"],
)
@pytest.mark.parametrize("name", [*KEYED, *LAYERS])
def test_keys(name, key, error, match):
    args, kwargs = KEYED.get(name, (None, {}))
    args = LAYERS[name] if args is None else (args,)
    refused(error, f"^{name}: {match}", lambda: getattr(init, name)(key, *args, **kwargs))


@pytest.mark.parametrize("name", [*KEYED, *LAYERS, *NORMS, "eye", "dirac"])
@pytest.mark.parametrize("dtype", ["int32", complex, "floating", len])
def test_dtypes(name, dtype):
    call = getattr(init, name)
    if name in NORMS:
        bound = functools.partial(call, *NORMS[name])
    elif name in LAYERS:
        bound = functools.partial(call, jax.random.key(0), *LAYERS[name])
    else:
        shape, kwargs = KEYED.get(name, ((3, 3, 3) if name == "dirac" else (3, 3), {}))
        bound = functools.partial(call, jax.random.key(0), shape, **kwargs)
    refused(TypeError, f"^{name}: dtype must be a floating", lambda: bound(dtype=dtype))


@pytest.mark.parametrize("name", [*KEYED, "eye", "dirac"])
def test_shapes_layouts_and_places(name):
    call, kwargs = getattr(init, name), KEYED.get(name, (None, {}))[1]
    for shape in [(-1, 2, 3), (2, None), "3", None, (2**30,) * 3]:
        refused(
            (TypeError, ValueError),
            f"^{name}: shape must be ",
            lambda shape=shape: call(jax.random.key(0), shape, **kwargs),
        )
    shape = (3, 3, 3) if name == "dirac" else (3, 3)
    for place in ("rows", 0, jax.devices()[0]):
        refused(
            TypeError,
            f"^{name}: out_sharding must be a NamedSharding",
            lambda place=place: call(jax.random.key(0), shape, None, place, **kwargs),
        )
    if name not in ("uniform", "normal", "trunc_normal", "bernoulli", "multinomial"):
        refused(
            ValueError,
            f"^{name}: layout must be one of 'torch', 'flax', got 'jax'",
            lambda: call(jax.random.key(0), shape, layout="jax", **kwargs),
        )


STATIC = [
    ("xavier_uniform", (3,), {}, ValueError, r"shape must be of at least 2 dimensions, got \(3,\)"),
    ("xavier_normal", (3, 3), {"gain": "2"}, TypeError, "gain must be an array, got str"),
    ("xavier_normal", (3, 3), {"gain": 10**400}, ValueError, "gain must be a number in range"),
    ("kaiming_uniform", (3,), {}, ValueError, "shape must be of at least 2 dimensions"),
    ("kaiming_uniform", (3, 3), {"mode": "fan"}, ValueError, "mode must be one of 'fan_in', 'fan_"),
    ("kaiming_uniform", (3, 3), {"mode": 1}, ValueError, "mode must be one of .*, got 1"),
    ("kaiming_normal", (3, 3), {"nonlinearity": "gelu"}, ValueError, "nonlinearity must be one of"),
    ("kaiming_normal", (3, 3), {"a": True}, TypeError, "a must be a real scalar, got bool"),
    ("kaiming_normal", (3, 3), {"a": math.inf}, ValueError, "a must be finite, got inf"),
    ("orthogonal", (3,), {}, ValueError, "shape must be of at least 2 dimensions"),
    ("sparse", (3,), {"sparsity": 0.1}, ValueError, "shape must be of 2 dimensions"),
    ("sparse", (3, 3), {"sparsity": 1.1}, ValueError, r"sparsity must be in \[0, 1\], got 1.1"),
    ("sparse", (3, 3), {"sparsity": math.nan}, ValueError, "sparsity must be finite, got nan"),
    ("dirac", (3, 3), {}, ValueError, "shape must be of 3, 4 or 5 dimensions"),
    ("dirac", (4, 3, 3), {"groups": 3}, ValueError, "groups must be a divisor of the 4 output"),
    ("dirac", (4, 3, 3), {"groups": 0}, ValueError, "groups must be at least 1, got 0"),
    ("eye", (3, 3, 3), {}, ValueError, "shape must be of 2 dimensions"),
    ("bernoulli", (3,), {"values": (1.0,)}, ValueError, "values must be two, got 1"),
    ("bernoulli", (3,), {"values": (1j, 2)}, TypeError, "values must be real numbers"),
    ("multinomial", (3,), {"values": 1.0, "weights": 1.0}, ValueError, "values must be one-dim"),
    ("multinomial", (3,), {"values": [], "weights": []}, ValueError, "values must be .* not empty"),
    ("multinomial", (3,), {"values": [1, 2], "weights": [1.0]}, ValueError, "weights must be as m"),
]


@pytest.mark.parametrize(("name", "shape", "kwargs", "error", "match"), STATIC)
def test_static_facts(name, shape, kwargs, error, match):
    call = functools.partial(getattr(init, name), shape=shape, **kwargs)
    refused(error, f"^{name}: {match}", lambda: call(jax.random.key(0)))
    refused(error, f"^{name}: {match}", lambda: jax.jit(call)(jax.random.key(0)))


VALUES = [
    ("uniform", {"a": 2.0, "b": 1.0}, r"\[a, b\) must be a finite range"),
    ("normal", {"std": -1.0}, "std must be at least 0 everywhere, got -1"),
    ("xavier_uniform", {"gain": -1.0}, "gain must be finite and at least 0, got -1"),
    ("xavier_normal", {"gain": math.nan}, "gain must be finite and at least 0, got nan"),
    ("xavier_uniform", {"gain": math.inf}, "gain must be finite and at least 0, got inf"),
    ("sparse", {"std": -1.0}, "std must be at least 0"),
    ("bernoulli", {"p": 1.5}, r"p must be in \[0, 1\], got 1.5"),
    ("bernoulli", {"p": math.nan}, r"p must be in \[0, 1\], got nan"),
    ("multinomial", {"weights": [0.0, 0.0]}, "weights must be finite, at least 0, and one of them"),
    ("multinomial", {"weights": [1.0, -1.0]}, "weights must be finite, at least 0"),
    ("multinomial", {"weights": [1.0, math.inf]}, "weights must be finite, at least 0"),
]


@pytest.mark.parametrize(("name", "kwargs", "match"), VALUES)
def test_values(name, kwargs, match):
    fixed = {"sparse": {"sparsity": 0.0}, "multinomial": {"values": [1.0, 2.0]}}.get(name, {})

    def draw(key, kwargs):
        return getattr(init, name)(key, (4, 3), **fixed, **kwargs)

    refused(ValueError, f"^{name}: {match}", lambda: draw(jax.random.key(0), kwargs))
    arrays = {argument: jnp.asarray(value) for argument, value in kwargs.items()}
    refused(ValueError, f"^{name}: {match}", lambda: draw(jax.random.key(0), arrays))
    assert np.isnan(jax.jit(draw)(jax.random.key(0), arrays)).all()
    error, _ = jax.jit(jaxgrad.checkify(draw))(jax.random.key(0), arrays)
    with pytest.raises(checkify.JaxRuntimeError, match=f": {match}"):  # normal's own for sparse
        error.throw()


@pytest.mark.parametrize(
    ("name", "argument"),
    [("kaiming_uniform", "a"), ("kaiming_normal", "a"), ("sparse", "sparsity")],
)
def test_what_must_be_static(name, argument):
    def draw(value):
        return getattr(init, name)(jax.random.key(0), (3, 3), **{argument: value})

    refused(
        TypeError,
        f"{name}: {argument} must be a concrete .*; under jit make it static",
        lambda: jax.jit(draw)(0.5),
    )


def test_gain_and_fan():
    refused(ValueError, "calculate_gain: nonlinearity must be", lambda: init.calculate_gain("ReLU"))
    refused(TypeError, "param must be", lambda: init.calculate_gain("leaky_relu", True))
    refused(ValueError, "param must be finite", lambda: init.calculate_gain("leaky_relu", math.nan))
    assert init.calculate_gain("relu", "not looked at") == math.sqrt(2)
    refused(ValueError, "calculate_fan: shape must be of at least", lambda: init.calculate_fan(3))
    refused(ValueError, "calculate_fan: layout", lambda: init.calculate_fan((3, 3), "jax"))


K = jax.random.key(0)
SIZES = [
    (lambda: init.linear(K, -1, 3), ValueError, "linear: in_features must be at least 0, got -1"),
    (lambda: init.linear(K, 3.0, 3), TypeError, "linear: in_features must be a concrete integer"),
    (lambda: init.linear(K, 3, 3, 1), TypeError, "linear: bias must be True or False, got int 1"),
    (lambda: init.bilinear(K, 0, 3, 3), ValueError, "bilinear: in1_features must be at least 1"),
    (lambda: init.conv2d(K, 2, 3, 3, groups=2), ValueError, "conv2d: out_channels must be divisib"),
    (lambda: init.conv2d(K, 3, 2, 3, groups=2), ValueError, "conv2d: in_channels must be divisibl"),
    (lambda: init.conv2d(K, 2, 2, 3, groups=0), ValueError, "conv2d: groups must be at least 1"),
    (lambda: init.conv2d(K, 2, 2, (3,)), ValueError, "conv2d: kernel_size must be an integer or 2"),
    (lambda: init.conv2d(K, 2, 2, (3, -1)), ValueError, "conv2d: kernel_size must be at least 0"),
    (lambda: init.embedding(K, 5, 2, 5), ValueError, "embedding: padding_idx must be less than nu"),
    (lambda: init.embedding(K, 5, 2, -6), ValueError, "embedding: padding_idx must be at least -5"),
    (lambda: init.lstm(K, 2, 2, proj_size=2), ValueError, "lstm: proj_size must be less than hidd"),
    (lambda: init.gru(K, 0, 2), ValueError, "gru: input_size must be at least 1, got 0"),
    (lambda: init.gru(K, 2, 2, 1, "yes"), TypeError, "gru: bias must be True or False, got str"),
    (lambda: init.rnn(K, 2, 2, 0), ValueError, "rnn: num_layers must be at least 1, got 0"),
    (
        lambda: init.multihead_attention(K, 5, 2),
        ValueError,
        "embed_dim must be divisible by num_he",
    ),
    (lambda: init.multihead_attention(K, 4, 2, kdim=-1), ValueError, "kdim must be at least 0"),
    (
        lambda: init.group_norm(3, 4),
        ValueError,
        "group_norm: num_channels must be divisible by num",
    ),
    (lambda: init.group_norm(0, 4), ValueError, "group_norm: num_groups must be at least 1"),
    (lambda: init.batch_norm(-1), ValueError, "batch_norm: num_features must be at least 0"),
    (lambda: init.layer_norm(2.0), TypeError, "layer_norm: shape must be a concrete integer"),
]


@pytest.mark.parametrize(("call", "error", "match"), SIZES)
def test_sizes(call, error, match):
    refused(error, match, call)
