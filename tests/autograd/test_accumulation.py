import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec
from oracles import assert_same

import jaxgrad.functional as F
from jaxgrad.autograd import accumulate, backward

RNG = np.random.default_rng(0)
X = jnp.array(RNG.normal(size=(12, 3)), "f4")
T = jnp.array(RNG.integers(0, 4, 12), "i4")
PARAMS = {"w": jnp.array(RNG.normal(size=(3, 4)), "f4"), "b": jnp.zeros(4), "n": 3}


def logits(params, x):
    return jnp.tanh(x @ params["w"] + params["b"][None])


@pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["eager", "jit"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("n", [1, 3, 12])
def test_as_the_whole_batch(n, reduction, transform):
    def fn(params, batch):
        x, t = batch
        return F.cross_entropy(logits(params, x), t, reduction=reduction)

    parts = transform(accumulate(fn, n, reduction))(PARAMS, (X, T))
    assert_same(parts, backward(fn)(PARAMS, (X, T)), rtol=1e-5, atol=1e-6)


def test_the_ratio_is_the_mean_over_what_counts():
    """Of twelve targets six are ignored, and not the same number in each part."""
    t = T.at[:5].set(-100).at[9].set(-100)

    def whole(params, x, t):
        return F.cross_entropy(logits(params, x), t)

    def sums(params, x, t):
        total = F.cross_entropy(logits(params, x), t, reduction="sum")
        return total, (t != -100).sum().astype("f4")

    expected = backward(whole)(PARAMS, X, t)
    ratio = accumulate(sums, 3, "ratio", batch_argnums=(1, 2))(PARAMS, X, t)
    assert_same(ratio, expected, rtol=1e-5, atol=1e-6)
    mean = accumulate(whole, 2, batch_argnums=(1, 2))(PARAMS, X, t)
    assert abs(mean[0] - expected[0]) > 0.01


@pytest.mark.parametrize("kind", ["int32", "uint8", "int8", "bool", "float32", "float16"])
def test_a_weight_that_nobody_differentiates(kind, any_dtype):
    def whole(w, x):
        return (w * x).sum() / x.size

    def sums(w, x):
        return (w * x).sum(), jnp.ones(x.shape, kind).sum(dtype=None if kind == "bool" else kind)

    w, x = jnp.ones((), any_dtype) * 3, jnp.arange(96).astype(any_dtype) / 64
    got = jax.jit(accumulate(sums, 4, "ratio"))(w, x)
    assert got[0].dtype == got[1].dtype == any_dtype
    assert_same(got, backward(whole)(w, x))


def test_weights_of_many_kinds():
    def sums(weight):
        return accumulate(lambda w, x: ((w * x).sum(), weight(x)), 4, "ratio")

    x = jnp.ones(256, "float16")
    for weight in (lambda x: x.size, lambda x: np.int64(64), lambda x: 64.0):
        assert_same(sums(weight)(jnp.float16(2), x), (jnp.float16(2), jnp.float16(1)))
    value, grads = sums(lambda x: jnp.int32(100_000))(jnp.float16(2), x)
    assert float(value) == pytest.approx(512 / 400_000, rel=1e-3)
    assert float(grads) == pytest.approx(256 / 400_000, rel=1e-3)
    each = jax.vmap(sums(lambda x: x.size), (0, None))(jnp.ones(2), jnp.ones(8))
    assert_same(each, (jnp.ones(2), jnp.ones(2)))
    for wrong, text in ((1j, "a real number, got complex64"), (x[:3], r"a scalar, got shape")):
        with pytest.raises(TypeError, match=f"accumulate: weight must be {text}"):
            sums(lambda x, wrong=wrong: wrong)(jnp.float16(2), x)


def test_aux_flags_keys_and_other_arguments():
    def fn(x, scale, w, key, train=False):
        assert train and scale == "double"
        noise = jax.vmap(lambda k: jax.random.normal(k, (3,)))(key)
        y = x * w + noise
        return y.mean(), {"y": y}

    keys = jax.random.split(jax.random.key(0), 12)
    w = jnp.ones((1, 3))
    accumulated = accumulate(fn, 4, argnums=2, batch_argnums=(0, -1), has_aux=True)
    (value, aux), grads = accumulated(X, "double", w, keys, train=True)
    assert aux["y"].shape == (4, 3, 3)
    assert_same(grads, X.mean(0, keepdims=True) / 3, rtol=1e-5, atol=1e-6)
    assert_same(value, aux["y"].mean(), rtol=1e-5)


def test_narrow_and_float64(any_dtype):
    def fn(w, x):
        return (w[None] * x).mean()

    w, x = jnp.ones(2, any_dtype), jnp.ones((4, 2), any_dtype)
    assert_same(accumulate(fn, 2)(w, x), (jnp.ones((), any_dtype), jnp.full(2, 0.5, any_dtype)))


def test_the_memory_of_one_part():
    def fn(w, x):
        return (jnp.sin(x @ w) ** 2).mean()

    w, x = jnp.ones((64, 1000)), jnp.ones((1024, 64))
    sizes = [
        jax.jit(f).lower(w, x).compile().memory_analysis().temp_size_in_bytes
        for f in (backward(fn), accumulate(fn, 32))
    ]
    assert sizes[1] < sizes[0] / 8


def test_keyword_arguments_are_the_functions_own():
    def fn(w, x, grads=1.0):
        return (w * x * grads).sum()

    assert_same(accumulate(fn, 4, "sum")(1.0, jnp.ones(4), grads=10.0)[1], jnp.array(40.0))
    with pytest.raises(TypeError, match="unexpected keyword argument 'cotangent'"):
        accumulate(fn, 4, "sum")(1.0, jnp.ones(4), cotangent=10.0)


def test_inside_shard_map():
    mesh = jax.make_mesh((4,), ("i",), axis_types=(jax.sharding.AxisType.Auto,))

    def local(w, x):
        value, grads = accumulate(lambda w, x: (w * x).mean(), 2)(w, x)
        return jax.lax.pmean(value, "i"), grads

    specs = PartitionSpec(), PartitionSpec("i")
    mapped = jax.shard_map(local, mesh=mesh, in_specs=specs, out_specs=(PartitionSpec(),) * 2)
    x = jnp.arange(16.0)
    assert_same(jax.jit(mapped)(2.0, x), (2 * x.mean(), 4 * x.mean()))


def test_vmap():
    def fn(w, x):
        return (w * x).mean()

    ws = jnp.array([1.0, 2.0])
    value, grads = jax.vmap(accumulate(fn, 2), (0, None))(ws, X)
    assert_same(grads, jnp.full(2, X.mean()), rtol=1e-5)


class TestRefusals:
    def test_what_does_not_divide(self):
        with pytest.raises(ValueError, match=r"argument 1 must be of a first axis that 5 divides"):
            accumulate(lambda w, x: x.sum(), 5)(1.0, X)
        with pytest.raises(ValueError, match=r"first axis that 2 divides, got shape \(\)"):
            accumulate(lambda w, x: x.sum(), 2)(1.0, 2.0)

    def test_outputs(self):
        with pytest.raises(TypeError, match=r"output must be a scalar, got shape \(6, 3\)"):
            accumulate(lambda w, x: w * x, 2)(1.0, X)
        with pytest.raises(TypeError, match="output must be a pair"):
            accumulate(lambda w, x: w * x.sum(), 2, "ratio")(1.0, X)

    def test_arguments(self):
        with pytest.raises(ValueError, match="reduction must be one of 'mean', 'sum', 'ratio'"):
            accumulate(jnp.sum, 2, "average")
        with pytest.raises(ValueError, match="microbatches must be at least 1"):
            accumulate(jnp.sum, 0)
        with pytest.raises(TypeError, match="fn must be callable"):
            accumulate(3, 2)
        with pytest.raises(ValueError, match="batch_argnums must be other positions than argnums"):
            accumulate(lambda w, x: x.sum(), 2, argnums=1)(1.0, X)
