"""Attention: masks, heads, blocks, memory, and what PyTorch was measured to give."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from invariants import assert_compiled_once, assert_jit, assert_slopes, assert_vmap
from jax.sharding import NamedSharding, PartitionSpec
from oracles import assert_same

from jaxgrad.functional import multi_head_attention_forward, scaled_dot_product_attention
from jaxgrad.functional.attention import _blocks

INF = float("inf")


def normal(*shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def three(*shape, dtype=np.float32):
    return [jnp.asarray(normal(*shape, seed=i, dtype=dtype)) for i in range(3)]


def exactly(q, k, v, mask=None, causal=False):
    """The definition in float64; a row without a score gives 0."""
    q, k, v = (np.asarray(x, float) for x in (q, k, v))
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    scores = scores if mask is None else np.where(mask, scores, -INF)
    if causal:
        scores = np.where(np.tril(np.ones(scores.shape[-2:], bool)), scores, -INF)
    largest = scores.max(-1, keepdims=True, initial=-INF)
    powers = np.exp(scores - np.where(largest == -INF, 0, largest))
    total = powers.sum(-1, keepdims=True)
    return powers @ v / np.where(total == 0, 1, total)


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of three queries, so that small arrays take more than one."""
    for name, value in {"SCORES": 24, "SCORES_ELSEWHERE": 24, "ROWS": 3, "SEGMENTS": 2}.items():
        monkeypatch.setattr(_blocks, name, value)
    jax.clear_caches()
    yield
    jax.clear_caches()


def test_equal_scores_give_the_mean():
    v = jnp.array([[1.0, 2.0], [3.0, 4.0]])
    assert_same(
        scaled_dot_product_attention(jnp.zeros((2, 3)), jnp.ones((2, 3)), v),
        np.array([[2, 3], [2, 3]], np.float32),
    )


def test_causal_counts_from_the_first_key():
    values = jnp.array([[1.0], [3.0], [8.0]])
    zeros = jnp.zeros((3, 2))
    y = scaled_dot_product_attention(zeros[:2], zeros, values, is_causal=True)
    assert_same(y, np.array([[1], [2]], np.float32))
    y = scaled_dot_product_attention(zeros, zeros[:2], values[:2], is_causal=True)
    assert_same(y, np.array([[1], [2], [2]], np.float32))


@pytest.mark.parametrize("number", [False, -INF])
def test_a_row_that_is_hidden_gives_0(number):
    q, k, v = three(3, 2)
    mask = jnp.ones((3, 3), bool).at[1].set(False)
    mask = mask if number is False else jnp.where(mask, 0, jnp.float32(number))

    @jax.jit
    def run(q, k, v, mask):
        y, pull = jax.vjp(lambda *x: scaled_dot_product_attention(*x, mask), q, k, v)
        return y, pull(jnp.ones_like(y))

    y, (by_query, *others) = run(q, k, v, mask)
    assert (y[1] == 0).all() and (by_query[1] == 0).all() and (y[0] != 0).all()
    assert all(jnp.isfinite(slope).all() for slope in others)


def test_no_keys_give_0_and_nothing_gives_nothing():
    q = jnp.ones((2, 3, 4))
    assert_same(
        scaled_dot_product_attention(q, q[:, :0], jnp.ones((2, 0, 5))),
        np.zeros((2, 3, 5), np.float32),
    )
    assert scaled_dot_product_attention(q[:, :0], q, q).shape == (2, 0, 4)
    assert scaled_dot_product_attention(q[:0], q[:0], q[:0]).shape == (0, 3, 4)
    v = normal(3, 2)
    y = scaled_dot_product_attention(jnp.ones((1, 0)), jnp.ones((3, 0)), jnp.asarray(v))
    assert_same(y, v.mean(0, keepdims=True))


def test_infinite_and_nan():
    eye = jnp.eye(2)
    nan_key = jnp.array([[1.0, 1.0], [jnp.nan, 1.0]])
    assert jnp.isnan(scaled_dot_product_attention(eye, nan_key, eye)).all()
    hidden = jnp.array([[True, False], [True, True]])
    assert jnp.isnan(scaled_dot_product_attention(eye, nan_key, eye, hidden)).all()
    y = scaled_dot_product_attention(eye, nan_key, eye, is_causal=True)
    assert_same(y, np.array([[1, 0], [np.nan, np.nan]], np.float32))
    y = scaled_dot_product_attention(eye, eye, eye, jnp.array([[0.0, INF], [0.0, 0.0]]))
    assert jnp.isnan(y[0]).all() and jnp.isfinite(y[1]).all()


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("shape", [(7, 2), (2, 7, 2), (2, 3, 7, 2)])
def test_blocks(small_blocks, shape, causal):
    arrays = three(*shape)
    y = scaled_dot_product_attention(*arrays, is_causal=causal)
    assert_same(y, exactly(*arrays, causal=causal).astype(np.float32), 1e-5)


@pytest.mark.parametrize("front", [(), (1, 1), (2, 1), (1, 3), (2, 3)])
def test_blocks_with_masks(small_blocks, front):
    arrays, mask = three(2, 3, 7, 2), normal(*front, 7, 7, seed=9) > -0.5
    mask[..., 2, :] = False
    expected = exactly(*arrays, mask=mask).astype(np.float32)
    assert_same(scaled_dot_product_attention(*arrays, jnp.asarray(mask)), expected, 1e-5)
    numbers = jnp.where(jnp.asarray(mask), 0, -jnp.inf)
    assert_same(scaled_dot_product_attention(*arrays, numbers), expected, 1e-5)


def test_grouped_heads_are_repeated():
    q, k, v = three(2, 4, 5, 3)
    y = scaled_dot_product_attention(q, k[:, :2], v[:, :2], enable_gqa=True)
    twice = [jnp.repeat(x[:, :2], 2, 1) for x in (k, v)]
    assert_same(y, scaled_dot_product_attention(q, *twice))
    y = scaled_dot_product_attention(q, k[:, :2], v[:, :1], enable_gqa=True)
    assert_same(y, scaled_dot_product_attention(q, twice[0], jnp.repeat(v[:, :1], 4, 1)))


def test_dropout_scales_what_is_left(small_blocks):
    q, v = jnp.zeros((2, 2, 8, 2)), jnp.ones((2, 2, 8, 1))
    key = jax.random.key(0)
    y = scaled_dot_product_attention(q, q, v, dropout_p=0.5, dropout_key=key)
    assert set(np.round(8 * np.unique(y) / 2).tolist()) <= set(range(9)) and y.std() > 0
    heads = np.asarray(y)[..., 0].reshape(4, 8)
    assert len({tuple(row) for row in heads}) == 4
    assert_same(
        scaled_dot_product_attention(q, q, v, dropout_p=0.5, dropout_key=key), np.asarray(y)
    )
    assert (scaled_dot_product_attention(q, q, v, dropout_p=1.0, dropout_key=key) == 0).all()
    assert_same(scaled_dot_product_attention(q, q, v, None, 0.0), np.ones((2, 2, 8, 1), np.float32))


def test_dropout_keeps_the_mean():
    q, v = jnp.zeros((1, 400, 2)), jnp.ones((1, 400, 1))
    y = scaled_dot_product_attention(q, q, v, dropout_p=0.25, dropout_key=jax.random.key(1))
    # 160,000 weights: the standard error of their mean is sqrt(1/3) / 400; 5.4 of them are 1e-7
    assert abs(float(y.mean()) - 1) < 5.4 * 3**-0.5 / 400


@pytest.mark.nightly
def test_slopes_of_blocks(small_blocks):
    with jax.enable_x64(True):
        arrays = three(2, 2, 7, 2, dtype=np.float64)
        mask = jnp.asarray(normal(7, 7, dtype=np.float64))
        assert_slopes(lambda *x: scaled_dot_product_attention(*x), *arrays, mask)
        assert_slopes(
            lambda *x: jax.grad(
                lambda *y: jnp.sum(scaled_dot_product_attention(*y, is_causal=True) ** 2)
            )(*x),
            *(x[0, 0] for x in arrays),
        )


def test_narrow_dtypes_are_summed_in_float32():
    for dtype in (jnp.bfloat16, jnp.float16):
        arrays = [x.astype(dtype) for x in three(2, 300, 8)]
        y = scaled_dot_product_attention(*arrays)
        assert_same(y, exactly(*arrays).astype(dtype), 2 * float(jnp.finfo(dtype).eps))


def test_invariants(caplog):
    arrays = three(2, 4, 3)
    assert_jit(scaled_dot_product_attention, *arrays)
    assert_vmap(scaled_dot_product_attention, *(np.stack([a, a * np.float32(0.5)]) for a in arrays))
    assert_compiled_once(scaled_dot_product_attention, caplog, *arrays)


def test_sharded(rows):
    arrays = three(8, 2, 40, 64)
    sharded = [jax.device_put(x, rows) for x in arrays]

    @jax.jit
    def run(q, k, v):
        y, pull = jax.vjp(lambda *x: scaled_dot_product_attention(*x, is_causal=True), q, k, v)
        return y, *pull(jnp.ones_like(y))

    with jax.set_mesh(rows.mesh):
        found = run(*sharded)
    assert all(x.sharding.is_equivalent_to(rows, x.ndim) for x in found)
    assert_same(jax.tree.map(np.asarray, found), jax.tree.map(np.asarray, run(*arrays)), 1e-5)


def test_sharded_blocks(small_blocks, rows):
    arrays = three(8, 2, 7, 2)
    sharded = [jax.device_put(x, rows) for x in arrays]
    with jax.set_mesh(rows.mesh):
        y = jax.jit(scaled_dot_product_attention)(*sharded)
    assert y.sharding.is_equivalent_to(rows, y.ndim)
    assert_same(np.asarray(y), exactly(*arrays).astype(np.float32), 1e-5)


@pytest.mark.nightly
def test_memory():
    """No (L, S) array for each head: sixteen of them take 1 GiB. The arguments take 48 MiB."""
    x = jax.ShapeDtypeStruct((1, 16, 4096, 64), jnp.float32)

    def run(q, k, v):
        y, pull = jax.vjp(lambda *x: scaled_dot_product_attention(*x, is_causal=True), q, k, v)
        return pull(y)

    compiled = jax.jit(run).lower(x, x, x).compile()
    assert compiled.memory_analysis().temp_size_in_bytes < 128 * 2**20


def layer(x, heads=2, **options):
    """A layer whose projections are all the identity."""
    size = x.shape[-1]
    eye = jnp.eye(size)
    packed = jnp.concatenate([eye, eye, eye])
    given = (size, heads, packed, None, None, None, False, 0.0, eye, None)
    return multi_head_attention_forward(x, x, x, *given, **options)


def test_layer_is_attention_of_each_head():
    x = jnp.asarray(normal(5, 3, 4))
    y, weights = layer(x)
    heads = x.reshape(5, 3, 2, 2).transpose(1, 2, 0, 3)
    expected = scaled_dot_product_attention(heads, heads, heads)
    assert_same(y, np.asarray(expected.transpose(2, 0, 1, 3).reshape(5, 3, 4)), 1e-5)
    assert weights.shape == (3, 5, 5)
    assert_same(weights.sum(-1), np.ones((3, 5), np.float32))
    without, none = layer(x, need_weights=False)
    assert none is None
    assert_same(without, np.asarray(y), 1e-5)
    assert layer(x, average_attn_weights=False)[1].shape == (3, 2, 5, 5)
    y, weights = layer(x[:, 0])
    assert y.shape == (5, 4) and weights.shape == (5, 5)


def test_true_hides_in_the_layer():
    x = jnp.asarray(normal(3, 1, 4))
    hidden = jnp.array([[False, True, True]])
    y, weights = layer(x, key_padding_mask=hidden)
    assert_same(weights[0], np.array([[1, 0, 0]] * 3, np.float32))
    y, weights = layer(x, attn_mask=jnp.ones((3, 3), bool))
    assert jnp.isnan(weights).all() and jnp.isnan(y).all()
    y, _ = layer(x, attn_mask=jnp.ones((3, 3), bool), need_weights=False)
    assert (y == 0).all()


def test_causal_hint_is_the_mask():
    x, later = jnp.asarray(normal(4, 2, 4)), ~jnp.tril(jnp.ones((4, 4), bool))
    expected = np.asarray(layer(x, attn_mask=later, need_weights=False)[0])
    assert_same(layer(x, attn_mask=later, is_causal=True, need_weights=False)[0], expected, 1e-5)
    assert_same(layer(x, attn_mask=later, is_causal=True)[0], expected, 1e-5)


def test_added_keys():
    x, eye = jnp.asarray(normal(3, 2, 4)), jnp.eye(4)
    packed, bias = jnp.concatenate([eye, eye, eye]), jnp.zeros((1, 1, 4))
    given = (4, 2, packed, None)
    y, weights = multi_head_attention_forward(x, x, x, *given, bias, bias, False, 0.0, eye, None)
    assert weights.shape == (2, 3, 4)
    zero = multi_head_attention_forward(x, x, x, *given, None, None, True, 0.0, eye, None)
    assert_same((y, weights), jax.tree.map(np.asarray, zero))
    heads = x.reshape(3, 4, 2).transpose(1, 0, 2)
    options = {"static_k": heads, "static_v": heads}
    y, _ = multi_head_attention_forward(
        x, x, x, *given, None, None, False, 0.0, eye, None, **options
    )
    assert_same(y, np.asarray(layer(x)[0]), 1e-5)


def test_layer_sharded(rows):
    x = jnp.asarray(normal(3, 8, 4))
    sharding = NamedSharding(rows.mesh, PartitionSpec(None, "rows"))
    with jax.set_mesh(rows.mesh):
        run = jax.jit(jax.value_and_grad(lambda x: jnp.sum(layer(x, need_weights=False)[0] ** 2)))
        found = run(jax.device_put(x, sharding))
    expected = jax.value_and_grad(lambda x: jnp.sum(layer(x, need_weights=False)[0] ** 2))(x)
    assert_same(jax.tree.map(np.asarray, found), jax.tree.map(np.asarray, expected), 1e-5)


ONE, SQUARE = np.ones((2, 3), np.float32), np.ones((2, 2), np.float32)
REFUSED = {
    "1-D": ([ONE[0], ONE, ONE], {}, "query must be of two dimensions or more"),
    "integers": ([ONE.astype(int)] * 3, {}, "query must be floating point"),
    "another dtype": ([ONE, ONE.astype(np.float16), ONE], {}, "key must be of query's float32"),
    "another size": ([ONE, SQUARE, ONE], {}, "key must be of shape"),
    "another length": ([ONE, ONE, ONE[:1]], {}, "value must be of shape"),
    "batches": ([np.ones((n, 2, 3), np.float32) for n in (2, 3, 2)], {}, "key must be of leading"),
    "both masks": ([ONE] * 3, {"attn_mask": SQUARE > 0, "is_causal": True}, "attn_mask must be No"),
    "integer mask": ([ONE] * 3, {"attn_mask": SQUARE.astype(int)}, "attn_mask must be bool or fl"),
    "a wide mask": ([ONE] * 3, {"attn_mask": np.ones((3, 2, 2), bool)}, "attn_mask must be of a s"),
    "no heads": ([ONE] * 3, {"enable_gqa": True}, "query must be of shape (…, heads"),
    "odd heads": (
        [np.ones((n, 2, 3), np.float32) for n in (4, 3, 3)],
        {"enable_gqa": True},
        "key must be of a number of heads that divides query's 4",
    ),
    "no key": ([ONE] * 3, {"dropout_p": 0.5}, "dropout_key must be a typed key where dropout_p"),
    "a number as key": ([ONE] * 3, {"dropout_p": 0.5, "dropout_key": 0}, "dropout_key must be a t"),
    "p below 0": ([ONE] * 3, {"dropout_p": -0.1}, "dropout_p must be in [0, 1], got -0.1"),
    "a flag": ([ONE] * 3, {"is_causal": 1}, "is_causal must be True or False"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name):
    arrays, options, text = REFUSED[name]
    with pytest.raises((TypeError, ValueError)) as error:
        scaled_dot_product_attention(*arrays, **options)
    assert str(error.value).startswith(f"scaled_dot_product_attention: {text}")


WEIGHTS = (4, 2, np.ones((12, 4), np.float32), None, None, None, False, 0.0)
OUT = (np.eye(4, dtype=np.float32), None)
X = np.ones((3, 2, 4), np.float32)
REFUSED_OF_LAYER = {
    "embedding": ([5, *WEIGHTS[1:], *OUT], {}, "query must be of shape (L, N, 5)"),
    "heads": ([4, 3, *WEIGHTS[2:], *OUT], {}, "num_heads must be a divisor of 4, got 3"),
    "no weight": ([4, 2, None, *WEIGHTS[3:], *OUT], {}, "in_proj_weight must be given where"),
    "separate": ([*WEIGHTS, *OUT], {"use_separate_proj_weight": True}, "q_proj_weight must be giv"),
    "packed": ([4, 2, X[:, 0], *WEIGHTS[3:], *OUT], {}, "in_proj_weight must be of shape (12, 4)"),
    "one bias": ([*WEIGHTS[:4], X[:1, :1], *WEIGHTS[5:], *OUT], {}, "bias_v must be given where"),
    "hint": ([*WEIGHTS, *OUT], {"is_causal": True}, "attn_mask must be given where is_causal is"),
    "mask": ([*WEIGHTS, *OUT], {"attn_mask": np.ones((2, 3), bool)}, "attn_mask must be of shape"),
    "padding": (
        [*WEIGHTS, *OUT],
        {"key_padding_mask": np.ones((3, 2), bool)},
        "key_padding_mask must be of shape (2, 3), got (3, 2)",
    ),
    "no key": ([*WEIGHTS[:-1], 0.5, *OUT], {}, "dropout_key must be a typed key where dropout_p"),
}


@pytest.mark.parametrize("name", REFUSED_OF_LAYER)
def test_refusals_of_the_layer(name):
    given, options, text = REFUSED_OF_LAYER[name]
    with pytest.raises((TypeError, ValueError)) as error:
        multi_head_attention_forward(X, X, X, *given, **options)
    assert str(error.value).startswith(f"multi_head_attention_forward: {text}")
