"""The layers' default parameters from a key: distributions, names, dtypes and transformations."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import assert_distributed, assert_same
from scipy import stats

from jaxgrad import init

pytestmark = pytest.mark.thinned(8)

LAYERS = {
    "linear": lambda key, **kw: init.linear(key, 400, 100, **kw),
    "bilinear": lambda key, **kw: init.bilinear(key, 16, 20, 50, **kw),
    "conv1d": lambda key, **kw: init.conv1d(key, 20, 100, 5, **kw),
    "conv2d": lambda key, **kw: init.conv2d(key, 20, 40, (3, 5), groups=2, **kw),
    "conv3d": lambda key, **kw: init.conv3d(key, 10, 40, 3, **kw),
    "conv_transpose1d": lambda key, **kw: init.conv_transpose1d(key, 20, 100, 5, **kw),
    "conv_transpose2d": lambda key, **kw: init.conv_transpose2d(key, 20, 40, 3, groups=2, **kw),
    "conv_transpose3d": lambda key, **kw: init.conv_transpose3d(key, 10, 40, 3, **kw),
    "embedding": lambda key, **kw: init.embedding(key, 200, 50, **kw),
    "rnn": lambda key, **kw: init.rnn(key, 30, 100, 2, bidirectional=True, **kw),
    "lstm": lambda key, **kw: init.lstm(key, 30, 36, 2, proj_size=9, **kw),
    "gru": lambda key, **kw: init.gru(key, 30, 36, **kw),
    "multihead_attention": lambda key, **kw: init.multihead_attention(key, 48, 4, **kw),
}
BOUNDS = {
    "linear": 1 / math.sqrt(400),
    "bilinear": 1 / 4,
    "conv1d": 1 / math.sqrt(20 * 5),
    "conv2d": 1 / math.sqrt(10 * 15),
    "conv3d": 1 / math.sqrt(10 * 27),
    "conv_transpose1d": 1 / math.sqrt(100 * 5),
    "conv_transpose2d": 1 / math.sqrt(20 * 9),
    "conv_transpose3d": 1 / math.sqrt(40 * 27),
    "rnn": 1 / 10,
    "lstm": 1 / 6,
    "gru": 1 / 6,
}


@pytest.mark.parametrize("name", BOUNDS)
def test_uniform_within_the_bound(name, dtype):
    params = LAYERS[name](jax.random.key(0), dtype=dtype)
    values = np.concatenate([np.ravel(value) for value in params.values()])
    bound = BOUNDS[name]
    assert_distributed(values, stats.uniform(-bound, 2 * bound))
    for value in params.values():
        assert value.dtype == dtype
        if value.size > 50:
            assert_distributed(value, stats.uniform(-bound, 2 * bound))


def test_embedding():
    weight = init.embedding(jax.random.key(0), 200, 50, padding_idx=-3)["weight"]
    assert (weight[197] == 0).all()
    assert_distributed(np.delete(weight, 197, axis=0), stats.norm())
    whole = init.embedding(jax.random.key(0), 200, 50)["weight"]
    assert_same(weight, whole.at[197].set(0), rtol=0)


def test_multihead_attention():
    params = init.multihead_attention(jax.random.key(0), 48, 4, add_bias_kv=True, kdim=30)
    for name, width in {"q": 48, "k": 30, "v": 48}.items():
        bound = math.sqrt(6 / (48 + width))
        assert params[f"{name}_proj_weight"].shape == (48, width)
        assert_distributed(params[f"{name}_proj_weight"], stats.uniform(-bound, 2 * bound))
    bound = 1 / math.sqrt(48)
    assert_distributed(params["out_proj.weight"], stats.uniform(-bound, 2 * bound))
    assert_same(params["in_proj_bias"], jnp.zeros(144))
    assert_same(params["out_proj.bias"], jnp.zeros(48))
    # bias_k is (1, 1, 48): fan_in and fan_out are 48.
    both = np.concatenate([params["bias_k"].ravel(), params["bias_v"].ravel()])
    assert_distributed(both, stats.norm(0, math.sqrt(2 / 96)))


def test_names_come_in_the_order_of_the_state_dict():
    params = init.multihead_attention(jax.random.key(0), 4, 2, add_bias_kv=True)
    ours = [
        "in_proj_weight",
        "in_proj_bias",
        "bias_k",
        "bias_v",
        "out_proj.weight",
        "out_proj.bias",
    ]
    assert list(params) == ours
    names = list(init.lstm(jax.random.key(0), 2, 3, 1, bidirectional=True, proj_size=1))
    assert names == [
        f"{what}_l0{end}"
        for end in ("", "_reverse")
        for what in ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
    ]


@pytest.mark.parametrize(
    ("draw", "dtype"),
    [
        (lambda key, dtype: init.linear(key, 3, 2, dtype=dtype), "bfloat16"),
        (lambda key, dtype: init.embedding(key, 3, 2, 1, dtype=dtype), "float32"),
        (lambda key, dtype: init.gru(key, 3, 2, dtype=dtype), "float16"),
        (lambda key, dtype: init.multihead_attention(key, 4, 2, dtype=dtype), "float32"),
    ],
    ids=["linear", "embedding", "gru", "multihead_attention"],
)
def test_jit_is_eager_and_vmap_is_a_loop(draw, dtype):
    loop = [draw(key, dtype) for key in jax.random.split(jax.random.key(0), 2)]
    together = jax.vmap(lambda key: draw(key, dtype))(jax.random.split(jax.random.key(0), 2))
    assert_same(together, jax.tree.map(lambda *leaves: jnp.stack(leaves), *loop))
    jitted = jax.jit(draw, static_argnums=1)
    assert_same([jitted(key, dtype) for key in jax.random.split(jax.random.key(0), 2)], loop)
    assert {value.dtype for value in together.values()} == {jnp.dtype(dtype)}


@pytest.mark.parametrize("name", LAYERS)
def test_no_two_arrays_share_their_numbers(name):
    params = map(np.asarray, LAYERS[name](jax.random.key(0)).values())
    first = [float(value.ravel()[0]) for value in params if value.any()]
    assert len(set(np.abs(first))) == len(first)


def test_an_overwritten_draw_takes_no_key():
    plain = init.multihead_attention(jax.random.key(0), 4, 2, bias=False)
    biased = init.multihead_attention(jax.random.key(0), 4, 2)
    for name, value in plain.items():
        assert_same(biased[name], value, rtol=0)


def test_a_second_call_compiles_nothing(caplog):
    init.lstm(jax.random.key(0), 3, 4)
    with jax.log_compiles():
        caplog.clear()
        init.lstm(jax.random.key(1), 3, 4)
    assert not [r for r in caplog.records if "Compiling" in r.getMessage()]


def test_normalisations(any_dtype):
    params = init.batch_norm(3, dtype=any_dtype)
    count = params.pop("num_batches_tracked")
    assert count.dtype == jnp.arange(0).dtype and count == 0
    names = ["weight", "bias", "running_mean", "running_var"]
    expected = [jnp.full(3, value, any_dtype) for value in (1, 0, 0, 1)]
    assert list(params) == names
    assert_same(params, dict(zip(names, expected, strict=True)))
    assert init.instance_norm(3) == {}
    assert_same(init.layer_norm((2, 3), bias=False), {"weight": jnp.ones((2, 3))})
    assert_same(init.rms_norm(2, elementwise_affine=False), {})
    assert list(init.group_norm(2, 4)) == ["weight", "bias"]
