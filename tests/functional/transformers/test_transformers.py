"""Transformers of state dicts: the definition, masks, stacks, dropout and invariants."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import transformer_reference as reference
from invariants import assert_compiled_once, assert_jit, assert_slopes, assert_vmap
from jax.sharding import NamedSharding, PartitionSpec
from oracles import assert_counted, assert_same
from transformer_reference import BOTH, made, stacked

import jaxgrad.functional as F

X = np.random.default_rng(1).normal(size=(3, 2, 4))
MEMORY = np.random.default_rng(2).normal(size=(5, 2, 4))
LATER = ~np.tril(np.ones((3, 3), bool))
PADDED = np.array([[False, False, False], [False, False, True]])
PADDED_MEMORY = np.array([[False] * 5, [False, False, True, True, False]])
FAR = np.arange(5) > np.arange(3)[:, None] + 2


def single(*arrays):
    return [jnp.asarray(array.astype(np.float32)) for array in arrays]


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("norm_first", [False, True])
def test_encoder_layer_is_its_definition(norm_first, biased):
    with jax.enable_x64(True):
        params = made(dtype=float, biased=biased)
        run = functools.partial(F.transformer_encoder_layer, nhead=2, norm_first=norm_first)
        y = run(X, params, src_mask=LATER, src_key_padding_mask=PADDED)
    given = jax.tree.map(np.asarray, params)
    hidden = (LATER | PADDED[:, None, None],)
    relu = functools.partial(np.maximum, 0)
    assert_same(y, reference.layer(X, None, given, 2, hidden, relu, norm_first))


@pytest.mark.parametrize("norm_first", [False, True])
def test_decoder_layer_is_its_definition(norm_first):
    with jax.enable_x64(True):
        params = made(BOTH, float)
        y = F.transformer_decoder_layer(
            X,
            MEMORY,
            params,
            2,
            tgt_mask=LATER,
            memory_mask=FAR,
            tgt_key_padding_mask=PADDED,
            memory_key_padding_mask=PADDED_MEMORY,
            activation=jnp.tanh,
            norm_first=norm_first,
        )
    given = jax.tree.map(np.asarray, params)
    hidden = (LATER | PADDED[:, None, None], FAR | PADDED_MEMORY[:, None, None])
    assert_same(y, reference.layer(X, MEMORY, given, 2, hidden, np.tanh, norm_first))


def test_activations():
    (x,), params = single(X), made()
    run = functools.partial(F.transformer_encoder_layer, x, params, 2)
    assert_same(run(activation="gelu"), np.asarray(run(activation=F.gelu)))
    assert_same(run(), np.asarray(run(activation=jax.nn.relu)), 1e-5)


def test_batch_first_and_no_batch():
    (x, memory), params = single(X, MEMORY), made(BOTH)
    run = functools.partial(F.transformer_decoder_layer, params=params, nhead=2)
    expected = np.asarray(run(x, memory))
    turned = run(x.swapaxes(0, 1), memory.swapaxes(0, 1), batch_first=True)
    assert_same(turned.swapaxes(0, 1), expected, 1e-5)
    assert_same(run(x[:, 1], memory[:, 1]), expected[:, 1], 1e-5)
    assert_same(run(x[:, 1], memory[:, 1], batch_first=True), expected[:, 1], 1e-5)


def test_causal_hint_is_the_causal_mask():
    (x,), params = single(X), made()
    later = jnp.asarray(LATER)
    run = functools.partial(F.transformer_encoder_layer, x, params, 2)
    expected = np.asarray(run(src_mask=later))
    assert_same(run(src_mask=later, is_causal=True), expected, 1e-5)
    assert_same(run(src_mask=jnp.zeros((3, 3)), is_causal=True), expected, 1e-5)
    numbers = jnp.where(later, -jnp.inf, 0.0)
    assert_same(run(src_mask=jnp.stack([numbers] * 4)), expected, 1e-5)
    padded = jnp.zeros((2, 3), bool)
    everything = np.asarray(run())
    hinted = run(src_mask=jnp.zeros((3, 3)), is_causal=True, src_key_padding_mask=padded)
    assert_same(hinted, everything, 1e-5)  # with padding the mask is read


def test_a_query_without_keys():
    (x,), params = single(X), made(biased=False)
    hidden = jnp.ones((3, 3), bool).at[1:, 0].set(False)
    y = F.transformer_encoder_layer(x, params, 2, src_mask=hidden)
    given = jax.tree.map(np.asarray, params)
    alone = reference.normed(np.asarray(x[0]), given, "norm1")
    relu = functools.partial(np.maximum, 0)
    expected = reference.normed(alone + reference.fed(alone, given, relu), given, "norm2")
    assert_same(y[0], expected.astype(np.float32), 1e-5)


@pytest.mark.parametrize("last", [False, True])
def test_stacks_are_their_layers(last):
    x, memory = single(X, MEMORY)
    layers = [made(BOTH, seed=seed) for seed in (1, 2)]
    norm = {"norm.weight": jnp.arange(4.0), "norm.bias": jnp.ones(4)} if last else {}
    y = F.transformer_decoder(x, memory, stacked(*layers) | norm, 2, tgt_mask=jnp.asarray(LATER))
    z = x
    for layer in layers:
        z = F.transformer_decoder_layer(z, memory, layer, 2, tgt_mask=jnp.asarray(LATER))
    given = {name: np.asarray(value) for name, value in norm.items()}
    expected = reference.normed(np.asarray(z, float), given, "norm") if last else z
    assert_same(y, np.asarray(expected, np.float32), 1e-5)


def test_layers_may_differ_in_their_hidden_size():
    (x,) = single(X)
    wide = reference.entries(4, 9)
    layers = made(), {name: jnp.asarray(v.astype(np.float32)) for name, v in wide.items()}
    y = F.transformer_encoder(x, stacked(*layers), 2, is_causal=None)
    z = F.transformer_encoder_layer(F.transformer_encoder_layer(x, layers[0], 2), layers[1], 2)
    assert_same(y, np.asarray(z), 1e-5)


def places(attentions, value):
    """A layer that keeps apart what passes each pair of places of dropout.

    Each of its steps gives every element a number: 1/4, twice as much, and so on, once the two
    places of the step have dropped half and doubled the rest.
    """
    zeros, eye = jnp.zeros((2, 2)), jnp.eye(2)
    found = {}
    for one, number in zip(attentions, value, strict=False):
        found[f"{one}.in_proj_weight"] = jnp.zeros((6, 2))
        found[f"{one}.in_proj_bias"] = jnp.array([0.0] * 4 + [number] * 2)
        found |= {f"{one}.out_proj.weight": eye, f"{one}.out_proj.bias": zeros[0]}
    found |= {"linear1.weight": zeros, "linear1.bias": jnp.full(2, value[-1])}
    found |= {"linear2.weight": eye, "linear2.bias": zeros[0]}
    for number in range(1, len(attentions) + 2):
        found |= {f"norm{number}.weight": zeros[0], f"norm{number}.bias": zeros[0]}
    return found


def bits(count):
    """The probabilities of 0, 1, 2, … where each bit is set in a quarter of the cases."""
    return functools.reduce(
        lambda p, _: np.concatenate([p * 0.75, p * 0.25]), range(count), np.ones(1)
    )


def test_four_places_of_dropout():
    params, x = places(("self_attn",), (0.25, 0.5)), jnp.zeros((1, 20_000, 2))
    run = functools.partial(F.transformer_encoder_layer, x, params, 2, norm_first=True)
    y = run(dropout=0.5, training=True, key=jax.random.key(0))
    assert_counted(y, bits(2))
    assert_same(run(), np.full((1, 20_000, 2), 0.75, np.float32))


def test_six_places_of_dropout():
    params, x = places(BOTH, (0.25, 0.5, 1.0)), jnp.zeros((1, 20_000, 2))
    run = functools.partial(F.transformer_decoder_layer, x, x, params, 2, norm_first=True)
    assert_counted(run(dropout=0.5, training=True, key=jax.random.key(0)), bits(3))


def test_all_is_dropped():
    (x,), params = single(X), made()
    y = F.transformer_encoder_layer(x, params, 2, dropout=1.0, training=True, key=jax.random.key(0))
    given = jax.tree.map(np.asarray, params)
    expected = reference.normed(reference.normed(X, given, "norm1"), given, "norm2")
    assert_same(y, expected.astype(np.float32), 1e-5)


def test_nothing_is_dropped_without_a_key():
    (x,), params = single(X), made()
    run = functools.partial(F.transformer_encoder_layer, x, params, 2)
    expected = np.asarray(run())
    assert_same(run(dropout=0.0, training=True), expected)
    assert_same(run(dropout=0.9), expected)


@pytest.mark.parametrize("shape", [(0, 2, 4), (3, 0, 4), (0, 4)])
def test_empty(shape):
    x, params = jnp.zeros(shape), made(BOTH)
    assert F.transformer_decoder_layer(x, x, params, 2).shape == shape


@pytest.mark.parametrize("kind", ["bfloat16", "float16"])
def test_narrow(kind):
    (x,), params = single(X), made()
    narrow = jax.tree.map(lambda value: value.astype(kind), params)
    y = F.transformer_encoder_layer(x.astype(kind), narrow, 2)
    expected = F.transformer_encoder_layer(x, params, 2)
    assert_same(y, np.asarray(expected.astype(kind)), 0.1)


def test_invariants(caplog):
    (x,), params = single(X), made()

    def run(x, weight):
        return F.transformer_encoder_layer(x, params | {"linear1.weight": weight}, 2)

    assert_jit(run, x, params["linear1.weight"])
    batch = [np.stack([a, a / 2]) for a in (X.astype(np.float32), params["linear1.weight"])]
    assert_vmap(run, *batch)
    assert_compiled_once(run, caplog, x, params["linear1.weight"])


def test_slopes():
    with jax.enable_x64(True):
        params = stacked(made(BOTH, float)) | {"norm.weight": jnp.arange(4.0)}
        names = list(params)

        def run(x, memory, *values):
            given = dict(zip(names, values, strict=True))
            return F.transformer_decoder(x, memory, given, 2, activation="gelu")

        assert_slopes(run, jnp.asarray(X), jnp.asarray(MEMORY), *params.values(), rtol=1e-5)


def test_a_stack_is_a_scan_with_a_key_for_each_layer():
    (x,), layers = single(X), [made(seed=seed) for seed in (1, 2)]
    whole = jax.tree.map(lambda *leaves: jnp.stack(leaves), *layers)

    @jax.jit
    def run(x, p):
        def step(x, given):
            params, key = given
            options = {"dropout": p, "training": True, "key": key}
            return F.transformer_encoder_layer(x, params, 2, **options), None

        return jax.lax.scan(step, x, (whole, jax.random.split(jax.random.key(0))))[0]

    options = {"dropout": 0.5, "training": True, "key": jax.random.key(0)}
    expected = F.transformer_encoder(x, stacked(*layers), 2, **options)
    assert_same(run(x, 0.5), np.asarray(expected), 1e-5)


@pytest.mark.nightly
def test_sharded(rows):
    x, memory = (jnp.asarray(np.tile(a, (1, 4, 1)).astype(np.float32)) for a in (X, MEMORY))
    params = made(BOTH)
    sharding = NamedSharding(rows.mesh, PartitionSpec(None, "rows"))

    def loss(params, x, memory):
        return jnp.sum(F.transformer_decoder_layer(x, memory, params, 2) ** 2)

    run = jax.jit(jax.value_and_grad(loss))
    expected = run(params, x, memory)
    with jax.set_mesh(rows.mesh):
        found = run(params, jax.device_put(x, sharding), jax.device_put(memory, sharding))
    assert_same(jax.tree.map(np.asarray, found), jax.tree.map(np.asarray, expected), 1e-4)
