"""Lookups of rows, and classes as rows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from invariants import assert_compiled_once, assert_jit, assert_slopes, assert_vmap
from jax.experimental import checkify
from oracles import assert_same
from tiers import each

import jaxgrad
from jaxgrad import functional as F

NAN, INF = float("nan"), float("inf")
W = jnp.array(np.arange(12.0, dtype=np.float32).reshape(4, 3))
INDEX = jnp.array([1, 1, 0])
ROWS = [[3, 4, 5], [3, 4, 5], [0, 1, 2]]


def test_rows_by_index(any_dtype):
    for kind in ("int32", "uint8", "int8"):
        given = INDEX.astype(kind)
        assert_same(F.embedding(given, W.astype(any_dtype)), jnp.array(ROWS, any_dtype))
    assert_same(F.embedding(jnp.array([[2], [0]]), W)[:, 0], W[jnp.array([2, 0])])
    assert_same(F.embedding(jnp.array(3), W), W[3])


def test_rows_of_other_dtypes():
    for kind in ("int32", "bool", "complex64"):
        assert_same(F.embedding(jnp.array([2]), W.astype(kind)), W.astype(kind)[2:3])


def test_empty_arrays():
    nothing = jnp.zeros((0, 2), "int32")
    assert_same(F.embedding(nothing, W), jnp.zeros((0, 2, 3)))
    assert_same(F.embedding(nothing, W[:0]), jnp.zeros((0, 2, 3)))
    assert_same(F.embedding(jnp.array([1]), W[:, :0]), jnp.zeros((1, 0)))
    assert F.one_hot(nothing, 3).shape == (0, 2, 3)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [1.0, 2.0, 0.0, 0.0]),
        ({"padding_idx": 1}, [1.0, 0.0, 0.0, 0.0]),
        ({"padding_idx": -3}, [1.0, 0.0, 0.0, 0.0]),
        ({"scale_grad_by_freq": True}, [1.0, 1.0, 0.0, 0.0]),
        ({"scale_grad_by_freq": True, "padding_idx": 0}, [0.0, 1.0, 0.0, 0.0]),
        ({"max_norm": 1.0}, [1.0, 2.0, 0.0, 0.0]),
        ({"sparse": True}, [1.0, 2.0, 0.0, 0.0]),
    ],
    ids=str,
)
def test_gradient_of_rows(options, expected):
    grad = jax.grad(lambda w: F.embedding(INDEX, w, **options).sum())(W)
    assert_same(grad, jnp.array(np.outer(expected, np.ones(3)), "float32"))


def test_narrow_gradients_are_added_up_in_float32():
    weight = jnp.ones((2, 1), "bfloat16")
    many = jnp.zeros(1000, "int32")
    grad = jax.grad(lambda w: F.embedding(many, w).sum())(weight)
    assert_same(grad, jnp.array([[1000.0], [0.0]], "bfloat16"))
    grad = jax.grad(lambda w: F.embedding_bag(many[None], w, mode="sum").sum())(weight)
    assert_same(grad, jnp.array([[1000.0], [0.0]], "bfloat16"))


@pytest.mark.parametrize(
    ("degree", "row"),
    [
        (2.0, [1.5, 2.0, 0.0]),
        (1.0, [7.5 / 7, 10 / 7, 0.0]),
        (INF, [1.875, 2.5, 0.0]),
        (0.0, [3.0, 4.0, 0.0]),
        (-INF, [3.0, 4.0, 0.0]),
    ],
)
def test_rows_of_a_smaller_norm(degree, row):
    weight = jnp.array([[3.0, 4.0, 0.0], [0.5, 0.0, 0.0]])
    rows = F.embedding(jnp.array([0, 1]), weight, max_norm=2.5, norm_type=degree)
    assert_same(rows[0], jnp.array(row))
    assert_same(rows[1], weight[1])


def test_the_new_weight_is_written_by_the_caller():
    index = jnp.array([2, 2, 0])
    rows = F.embedding(index, W, max_norm=1.0)
    after = W.at[index].set(rows)
    assert_same(after[1::2], W[1::2])
    assert_same(jnp.linalg.norm(after[::2], axis=1), jnp.ones(2))


def test_a_traced_index_out_of_range_gives_nan():
    looked = jax.jit(F.embedding)
    index = jnp.array([4, -1, 2])
    assert_same(looked(index, W), jnp.array([[NAN] * 3] * 2 + [[6.0, 7.0, 8.0]]))
    bags = jax.jit(F.embedding_bag)(jnp.array([[4, 1], [1, 1]]), W)
    assert_same(bags, jnp.array([[NAN] * 3, [3.0, 4.0, 5.0]]))
    wrong = jnp.array([0, 2, 1])
    bags = jax.jit(F.embedding_bag)(INDEX, W, wrong)
    assert_same(bags, jnp.full((3, 3), NAN))


def test_checkify_asks_for_the_checks():
    for function in (F.embedding, F.embedding_bag):
        call = jaxgrad.checkify(lambda i, f=function: f(i, W), checkify.user_checks)
        error, _ = jax.jit(call)(jnp.array([[4, 1]]))
        name = function.__name__
        expected = f"{name}: input must be from 0 to 3, the rows of weight, got values from 1 to 4"
        assert error.get().startswith(expected)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("sum", [[9, 11, 13], [0, 0, 0], [0, 1, 2]]),
        ("mean", [[4.5, 5.5, 6.5], [0, 0, 0], [0, 1, 2]]),
        ("max", [[6, 7, 8], [0, 0, 0], [0, 1, 2]]),
    ],
)
def test_bags_from_offsets(mode, expected, any_dtype):
    index, expected = jnp.array([1, 2, 0, 3]), jnp.array(expected, any_dtype)
    weight = W.astype(any_dtype)
    # The last offset ends the last bag. PyTorch's maximum passes it over.
    bags = F.embedding_bag(
        index, weight, jnp.array([0, 2, 2, 3]), mode=mode, include_last_offset=True
    )
    assert_same(bags, expected)
    assert_same(F.embedding_bag(index[:3], weight, jnp.array([0, 2, 2]), mode=mode), expected)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_bags_of_one_size(mode):
    index = jnp.array([[1, 2, 1, 1, 2], [3, 2, 2, 3, 2]])
    rows = np.asarray(W)[np.asarray(index)]
    assert_same(F.embedding_bag(index, W, mode=mode), jnp.array(getattr(np, mode)(rows, axis=1)))
    kept = F.embedding_bag(index, W, mode=mode, padding_idx=-2)
    sizes = {"sum": [3.0, 2.0], "mean": [1.0, 1.0], "max": [1.0, 1.0]}[mode]
    assert_same(kept, jnp.array(sizes)[:, None] * W[jnp.array([1, 3])])
    assert_same(F.embedding_bag(index[:, :0], W, mode=mode), jnp.zeros((2, 3)))
    assert_same(F.embedding_bag(index[:0], W, mode=mode), jnp.zeros((0, 3)))


def test_the_gradient_of_a_maximum_goes_to_the_first():
    weight = jnp.array([[5.0, 1.0, 2.0], [5.0, 7.0, 7.0], [1.0, 7.0, 7.0]])
    for order, expected in (
        ([0, 1, 2], [[1.0, 0, 0], [0, 1, 1], [0, 0, 0]]),
        ([2, 1, 0], [[0.0, 0, 0], [1, 0, 0], [0, 1, 1]]),
    ):
        for index, starts in ((jnp.array([order]), None), (jnp.array(order), jnp.array([0]))):

            def total(weight, index=index, starts=starts):
                return F.embedding_bag(index, weight, starts, mode="max").sum()

            assert_same(jax.grad(total)(weight), jnp.array(expected))


def test_nan_is_the_maximum_where_it_comes_first():
    weight = jnp.array([[NAN, 1.0], [5.0, NAN], [6.0, 3.0]])
    index = jnp.array([[0, 1, 2], [1, 2, 0]])
    expected = jnp.array([[NAN, 3.0], [6.0, NAN]])
    assert_same(F.embedding_bag(index, weight, mode="max"), expected)
    flat = F.embedding_bag(index.reshape(-1), weight, jnp.array([0, 3]), mode="max")
    assert_same(flat, expected)


def test_the_gradient_by_frequency_counts_its_own_index():
    # PyTorch gives 1/3 for row 2, which occurs once.
    index, options = jnp.array([[1, 1, 2, 0, 1]]), {"mode": "sum", "scale_grad_by_freq": True}
    grad = jax.grad(lambda w: F.embedding_bag(index, w, **options).sum())(W)
    assert_same(grad, jnp.array([[1.0] * 3] * 3 + [[0.0] * 3]))


CALLS = {
    "embedding": lambda w: F.embedding(jnp.array([[1, 0], [1, 3]]), w),
    "embedding_bag": lambda w: F.embedding_bag(jnp.array([[1, 0, 1, 1, 2], [1, 3, 0, 0, 1]]), w),
    "offsets": lambda w: F.embedding_bag(jnp.array([1, 0, 1, 3]), w, jnp.array([0, 1])),
    "max": lambda w: F.embedding_bag(jnp.array([[1, 0], [1, 3]]), w, mode="max"),
}


@pytest.mark.parametrize("name", CALLS)
def test_slopes(name):
    with jax.enable_x64(True):
        weight = jnp.array(np.random.default_rng(0).normal(size=(4, 3)))
        assert_slopes(CALLS[name], weight)


@pytest.mark.parametrize("flat", [False, True])
def test_slopes_of_scales(flat):
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        index = jnp.array([[1, 0, 1], [1, 3, 2]])
        scales = jnp.array(rng.normal(size=(2, 3)))
        starts = jnp.array([0, 2]) if flat else None
        index, scales = (index.reshape(-1), scales.reshape(-1)) if flat else (index, scales)

        def bags(weight, scales):
            return F.embedding_bag(index, weight, starts, mode="sum", per_sample_weights=scales)

        weight = jnp.array(rng.normal(size=(4, 3)))
        assert_slopes(bags, weight, scales)
        second = jax.hessian(lambda s: jnp.sum(bags(weight, s) ** 2))(scales)
        rows = np.asarray(weight)[np.asarray(index)].reshape(-1, 3)
        bag = np.array([0, 0, 1, 1, 1, 1] if flat else [0, 0, 0, 1, 1, 1])
        expected = 2 * rows @ rows.T * (bag[:, None] == bag)
        assert_same(second.reshape(6, 6), jnp.array(expected))


@pytest.mark.parametrize("name", CALLS)
def test_all_transformations(name, caplog):
    fn = CALLS[name]
    assert_jit(fn, W)
    assert_vmap(fn, np.stack([W, 2 * W]))
    assert_compiled_once(fn, caplog, W)


@pytest.mark.parametrize("mode", ["embedding", "sum", "max"])
def test_rows_of_indices_on_a_mesh(mode, rows):
    index = np.arange(32).reshape(16, 2) % 4

    def call(index, weight):
        if mode == "embedding":
            return F.embedding(index, weight)
        return F.embedding_bag(index, weight, mode=mode)

    def both(index, weight):
        value, pull = jax.vjp(lambda w: call(index, w), weight)
        return value, pull(jnp.ones_like(value))

    expected = jax.jit(both)(jnp.array(index), W)
    value, grads = jax.jit(both)(jax.device_put(index, rows), W)
    assert value.sharding.spec[0] == "rows"
    assert_same(jax.device_get((value, grads)), jax.device_get(expected))


def test_a_weight_on_a_mesh(rows):
    weight = np.arange(48.0, dtype=np.float32).reshape(16, 3)
    index = jax.device_put(np.arange(16) % 5, rows)
    value = F.embedding(index, jax.device_put(weight, rows))
    assert_same(jax.device_get(value), weight[np.arange(16) % 5])


def test_one_hot():
    expected = jnp.array([[1, 0, 0], [0, 0, 1]])
    for given in (jnp.array([0, 2]), jnp.array([0, 2], "uint8")):
        assert_same(F.one_hot(given, 3), expected)
        assert_same(F.one_hot(given), expected)
    assert_same(F.one_hot(jnp.array(1), 2), jnp.array([0, 1]))
    assert_same(jax.vmap(lambda c: F.one_hot(c, 3))(jnp.array([0, 2])), expected)
    wrong = jax.jit(lambda c: F.one_hot(c, 3))(jnp.array([3, -1, 256]))
    assert_same(wrong, jnp.zeros((3, 3), int))
    with jax.enable_x64(True):
        assert F.one_hot(jnp.array([0, 2])).dtype == jnp.int64


E, B, H = F.embedding, F.embedding_bag, F.one_hot
FLAT, START = jnp.array([1, 0]), jnp.array([0])
REFUSED = {
    "embedding: input must be an array of integers, got float32": lambda: E(W, W),
    "embedding: input must be from 0 to 3, the rows of weight": lambda: E(jnp.array([4]), W),
    "embedding: input must be from 0 to 3, .* got values from -1": lambda: E(jnp.array([-1]), W),
    "embedding: weight must be of shape": lambda: E(FLAT, W[0]),
    "embedding: padding_idx must be below 4": lambda: E(FLAT, W, 4),
    "embedding: padding_idx must be at least -4": lambda: E(FLAT, W, -5),
    "embedding: padding_idx must be a concrete integer": lambda: E(FLAT, W, 1.0),
    "embedding: max_norm must be at least 0, got -1": lambda: E(FLAT, W, max_norm=-1),
    "embedding: weight must be a matrix with columns, for norms of type inf, got shape .2, 0.": (
        lambda: E(FLAT, jnp.ones((2, 0)), max_norm=1, norm_type=float("inf"))
    ),
    "embedding_bag: weight must be a matrix with columns, for norms of type -1": (
        lambda: B(FLAT, jnp.ones((2, 0)), START, max_norm=1, norm_type=-1)
    ),
    "embedding: norm_type must be finite, got nan": lambda: E(FLAT, W, max_norm=1, norm_type=NAN),
    "embedding: weight must be floating point or complex": lambda: E(
        FLAT, W.astype(int), max_norm=1
    ),
    "embedding: sparse must be True or False": lambda: E(FLAT, W, sparse=1),
    "embedding_bag: offsets must be given": lambda: B(FLAT, W),
    "embedding_bag: offsets must be None": lambda: B(FLAT[None], W, START),
    "embedding_bag: offsets must be of shape": lambda: B(FLAT, W, START[None]),
    "embedding_bag: offsets must be of shape .B . 1.": lambda: B(
        FLAT, W, START[:0], include_last_offset=True
    ),
    "embedding_bag: offsets must be an array of integers": lambda: B(FLAT, W, jnp.array([0.0])),
    "embedding_bag: offsets must be from 0, .* from 1 to 1": lambda: B(FLAT, W, jnp.array([1])),
    "embedding_bag: offsets must be from 0, .* from 0 to 3": lambda: B(FLAT, W, jnp.array([0, 3])),
    "embedding_bag: offsets must be from 0, not decreasing": lambda: B(
        FLAT, W, jnp.array([0, 2, 1])
    ),
    "embedding_bag: input must be of shape": lambda: B(FLAT[None, None], W),
    "embedding_bag: input must be an array of integers": lambda: B(W, FLAT[None]),
    "embedding_bag: weight must be floating point, got int": lambda: B(
        FLAT[None], W.astype("int32")
    ),
    "embedding_bag: mode must be one of": lambda: B(FLAT[None], W, mode="prod"),
    "embedding_bag: scale_grad_by_freq must be False": lambda: B(
        FLAT[None], W, mode="max", scale_grad_by_freq=True
    ),
    "embedding_bag: sparse must be False": lambda: B(FLAT[None], W, mode="max", sparse=True),
    "embedding_bag: per_sample_weights must be None": lambda: B(
        FLAT[None], W, per_sample_weights=jnp.ones((1, 2))
    ),
    "embedding_bag: per_sample_weights must be of input's shape": lambda: B(
        FLAT[None], W, mode="sum", per_sample_weights=jnp.ones(2)
    ),
    "embedding_bag: per_sample_weights must be of weight's float32": lambda: B(
        FLAT[None], W, mode="sum", per_sample_weights=FLAT[None]
    ),
    "one_hot: input must be an array of integers": lambda: H(W),
    "one_hot: input must be classes from 0 to 1, got values from 0 to 2": lambda: H(
        jnp.array([0, 2]), 2
    ),
    "one_hot: input must be classes from 0 to 2, got values from -1": lambda: H(jnp.array([-1]), 3),
    "one_hot: input must be not empty": lambda: H(FLAT[:0]),
    "one_hot: num_classes must be -1 or at least 1": lambda: H(FLAT, 0),
    "one_hot: num_classes must be at least -1": lambda: H(FLAT, -2),
    "one_hot: num_classes must be given where input is traced": lambda: jax.jit(H)(FLAT),
}


def test_refusals():
    def check(case):
        text, call = case
        with pytest.raises((TypeError, ValueError), match="^" + text):
            call()

    each({text: (text, call) for text, call in REFUSED.items()}, check)
