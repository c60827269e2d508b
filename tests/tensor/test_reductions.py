"""Closed forms, conventions and invariants of norms, extremes, orders, quantiles and spread."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from invariants import assert_invariants, assert_slopes
from oracles import assert_same

from jaxgrad import tensor as T

pytestmark = pytest.mark.thinned(8)

INF, NAN = np.inf, np.nan
REDUCTIONS = {
    "norm": (T.norm, lambda x: np.sqrt((x**2).sum())),
    "norm 0": (lambda x: T.vector_norm(x, 0, dim=0), lambda x: (x != 0).sum(0)),
    "norm 1": (lambda x: T.vector_norm(x, 1, dim=0), lambda x: np.abs(x).sum(0)),
    "norm 0.5": (lambda x: T.vector_norm(x, 0.5, 1), lambda x: (np.abs(x) ** 0.5).sum(1) ** 2),
    "norm 3": (lambda x: T.norm(x, 3, 1), lambda x: (np.abs(x) ** 3).sum(1) ** (1 / 3)),
    "norm inf": (lambda x: T.norm(x, np.inf, (0, 1)), lambda x: np.abs(x).max()),
    "norm -inf": (lambda x: T.norm(x, -np.inf), lambda x: np.abs(x).min()),
    "cdist": (lambda x: T.cdist(x, 2 * x + 5), lambda x: distances(x, 2 * x + 5)),
    "amax": (lambda x: T.amax(x, 0), lambda x: x.max(0)),
    "amin": (T.amin, np.min),
    "max": (lambda x: T.max(x, 1).values, lambda x: x.max(1)),
    "min": (T.min, np.min),
    "var": (lambda x: T.var(x, 0), lambda x: x.var(0, ddof=1)),
    "std": (lambda x: T.std(x, correction=2), lambda x: x.std(ddof=2)),
    "sort": (lambda x: T.sort(x, 0).values, lambda x: np.sort(x, 0)),
    "sort, descending": (
        lambda x: T.sort(x, descending=True).values,
        lambda x: np.sort(x)[:, ::-1],
    ),
    "topk": (lambda x: T.topk(x, 2, 0).values, lambda x: np.sort(x, 0)[:-3:-1]),
    "topk, smallest": (lambda x: T.topk(x, 2, largest=False).values, lambda x: np.sort(x)[:, :2]),
    "median": (T.median, lambda x: np.sort(x.ravel())[(x.size - 1) // 2]),
    "median of columns": (lambda x: T.median(x, 0).values, lambda x: np.sort(x, 0)[1]),
    "nanmedian": (lambda x: T.nanmedian(x, 1).values, lambda x: np.sort(x)[:, 1]),
    "quantile": (lambda x: T.quantile(x, 0.3, 0), lambda x: np.quantile(x, 0.3, 0)),
    "nanquantile": (lambda x: T.nanquantile(x, 0.7), lambda x: np.nanquantile(x, 0.7)),
    "cummax": (lambda x: T.cummax(x, 0).values, lambda x: np.maximum.accumulate(x, 0)),
    "cummin": (lambda x: T.cummin(x, 1).values, lambda x: np.minimum.accumulate(x, 1)),
    "logcumsumexp": (
        lambda x: T.logcumsumexp(x, 0),
        lambda x: np.log(np.cumsum(np.exp(x), 0)),
    ),
}


def distances(x, y):
    return np.sqrt(((x[:, None] - y[None]) ** 2).sum(-1))


def drawn(name):
    return np.random.default_rng(len(name)).normal(size=(4, 3))


@pytest.mark.parametrize("any_dtype", ["float64", "bfloat16"], indirect=True)
@pytest.mark.parametrize("name", REDUCTIONS)
def test_closed_forms(name, any_dtype):
    fn, exact = REDUCTIONS[name]
    x = jnp.array(drawn(name), any_dtype)
    assert_same(fn(x), jnp.array(exact(np.asarray(x, float)), any_dtype))


@pytest.mark.parametrize("name", REDUCTIONS)
def test_invariants(name, caplog):
    fn, _ = REDUCTIONS[name]
    assert_invariants(fn, caplog, jnp.array(drawn(name), jnp.float32))
    with jax.enable_x64(True):
        assert_slopes(fn, jnp.array(drawn(name), jnp.float64))


KINKS = {
    "norm of zeros": (T.norm, [0.0, 0.0], [0, 0]),
    "norm 1 of zeros": (lambda x: T.norm(x, 1), [0.0, -2.0], [0, -1]),
    "norm 0.5 with a zero": (lambda x: T.norm(x, 0.5), [0.0, 4.0], [0, 1]),
    "norm 1.5 of zeros": (lambda x: T.norm(x, 1.5), [0.0, 0.0], [0, 0]),
    "norm 3 of zeros": (lambda x: T.norm(x, 3), [0.0, 0.0], [0, 0]),
    "norm inf of zeros": (lambda x: T.norm(x, np.inf), [0.0, 0.0], [0, 0]),
    "norm inf with a tie": (lambda x: T.norm(x, np.inf), [2.0, -2.0, 1.0], [0.5, -0.5, 0]),
    "norm inf with NaN": (lambda x: T.norm(x, np.inf), [NAN, 1.0], [0, 0]),
    "norm -inf of zeros": (lambda x: T.norm(x, -np.inf), [0.0, 3.0], [0, 0]),
    "norm -1 with a zero": (lambda x: T.norm(x, -1), [0.0, 2.0], [0, 0]),
    "norm 0": (lambda x: T.norm(x, 0), [0.0, 2.0], [0, 0]),
    "norm of infinity": (T.norm, [INF, 1.0], [NAN, 0]),
    "amax with a tie": (T.amax, [1.0, 3.0, 3.0], [0, 0.5, 0.5]),
    "amax with NaN": (T.amax, [1.0, NAN], [NAN, NAN]),
    "amin with a tie": (T.amin, [1.0, 1.0, 3.0], [0.5, 0.5, 0]),
    "max of all with a tie": (T.max, [1.0, 3.0, 3.0], [0, 0.5, 0.5]),
    "max of all with NaN": (T.max, [1.0, NAN, 3.0, NAN], [0, 0.5, 0, 0.5]),
    "max with a tie": (lambda x: T.max(x, 0).values, [1.0, 3.0, 3.0], [0, 1, 0]),
    "max with NaN": (lambda x: T.max(x, 0).values, [1.0, NAN, 3.0, NAN], [0, 1, 0, 0]),
    "min with a tie": (lambda x: T.min(x, 0).values, [3.0, 1.0, 1.0], [0, 1, 0]),
    "std of equal elements": (T.std, [2.0, 2.0, 2.0], [0, 0, 0]),
    "std of one": (T.std, [2.0], [NAN]),
    "var without freedom": (lambda x: T.var(x, correction=5), [1.0, 2.0], [INF, INF]),
    "median of all with a tie": (T.median, [2.0, 1.0, 2.0], [0.5, 0, 0.5]),
    "median of all with NaN": (T.median, [1.0, NAN, 2.0, NAN], [0, 0.5, 0, 0.5]),
    "median with a tie": (lambda x: T.median(x, 0).values, [2.0, 2.0, 5.0], [0, 1, 0]),
    "median with NaN": (lambda x: T.median(x, 0).values, [1.0, NAN, NAN], [0, 1, 0]),
    "nanmedian with NaN": (T.nanmedian, [1.0, NAN, 2.0], [1, 0, 0]),
    "quantile with NaN": (lambda x: T.quantile(x, 0.5), [1.0, NAN, NAN], [0, 0, 1]),
    "cummax with a tie": (lambda x: T.cummax(x, 0).values.sum(), [1.0, 3.0, 3.0], [1, 1, 1]),
    "cummax with NaN": (lambda x: T.cummax(x, 0).values.sum(), [1.0, NAN, 3.0], [1, 2, 0]),
    "cummin with a tie": (lambda x: T.cummin(x, 0).values[-1], [1.0, 1.0, 3.0], [0, 1, 0]),
    "sort with ties": (
        lambda x: T.sort(x, descending=True).values @ jnp.arange(3, dtype=x.dtype),
        [2.0, 1.0, 2.0],
        [0, 2, 1],
    ),
    "topk with a tie": (lambda x: T.topk(x, 1).values[0], [3.0, 3.0], [1, 0]),
    "logcumsumexp from -∞": (lambda x: T.logcumsumexp(x, 0).sum(), [-INF, 0.0], [1, 1]),
    "logcumsumexp to ∞": (lambda x: T.logcumsumexp(x, 0)[-1], [0.0, INF], [0, 1]),
    "cdist of equal points": (lambda x: T.cdist(x[None], x[None]).sum(), [1.0, 2.0], [0, 0]),
    "cdist inf with a tie": (
        lambda x: T.cdist(x[None], jnp.zeros_like(x[None]), INF).sum(),
        [2.0, -2.0],
        [1, -1],
    ),
}


@pytest.mark.parametrize("name", KINKS)
def test_derivatives_at_kinks(name):
    fn, points, slopes = KINKS[name]
    x = jnp.array(points)
    assert_same(jax.grad(fn)(x), jnp.array(slopes, jnp.float32))
    assert_same(jax.jit(jax.grad(fn))(x), jnp.array(slopes, jnp.float32))


def test_second_derivatives_at_kinks():
    zeros = jnp.zeros(2)
    for p in (1, 3, np.inf):
        assert_same(jax.hessian(lambda x, p=p: T.norm(x, p))(zeros), jnp.zeros((2, 2)))
    assert_same(jax.hessian(T.std)(jnp.ones(3)), jnp.zeros((3, 3)))
    assert_same(jax.hessian(T.amax)(jnp.ones(2)), jnp.zeros((2, 2)))


@pytest.mark.parametrize("way", [jax.jit, jax.vmap, lambda fn: fn])
def test_topk_looks_at_the_sign_of_neither_zero_nor_nan(any_dtype, way):
    zeros = jnp.array([[-0.0, 0.0, 1.0, -1.0]], any_dtype)
    of_row = (lambda fn: way(fn)) if way is jax.vmap else (lambda fn: way(lambda x: fn(x[0])[None]))
    first = of_row(lambda x: T.topk(x, 3).indices)(zeros)
    assert_same(first, jnp.array([[2, 0, 1]], first.dtype))
    last = of_row(lambda x: T.topk(x, 3, largest=False).indices)(zeros)
    assert_same(last, jnp.array([[3, 0, 1]], last.dtype))
    negative = jnp.copysign(jnp.array(NAN, any_dtype), -1)
    assert np.signbit(np.asarray(negative, float))
    wild = jnp.array([[INF, 0.0, -INF, 2.0]], any_dtype).at[0, 1].set(negative)
    found = of_row(lambda x: T.topk(x, 2).indices)(wild)
    assert_same(found, jnp.array([[1, 0]], found.dtype))
    assert np.isnan(np.asarray(T.topk(wild, 1).values, float)).all()


def test_indices():
    x = jnp.array([[1.0, 3.0, 3.0, NAN], [2.0, 2.0, 1.0, 1.0]])
    assert_same(T.max(x, 1).indices, jnp.array([3, 0]))
    assert_same(T.min(x, 1, keepdim=True).indices, jnp.array([[3], [2]]))
    assert_same(T.sort(x, 1, True).indices, jnp.array([[3, 1, 2, 0], [0, 1, 2, 3]]))
    assert_same(T.topk(x, 2, 1).indices, jnp.array([[3, 1], [0, 1]]))
    assert_same(T.topk(x, 2, 1, largest=False).indices, jnp.array([[0, 1], [2, 3]]))
    assert_same(T.cummax(x, 1).indices, jnp.array([[0, 1, 2, 3], [0, 1, 1, 1]]))
    assert_same(T.cummin(x, 1).indices, jnp.array([[0, 0, 0, 3], [0, 1, 2, 3]]))
    assert_same(T.median(x, 1).indices, jnp.array([3, 3]))
    assert_same(T.nanmedian(x, 1).indices, jnp.array([1, 3]))


@pytest.mark.parametrize("stable", [None, False, True])
def test_sort_is_stable_whatever_is_asked(stable):
    ordered = T.sort(jnp.array([2.0, 1.0, 2.0]), stable=stable)
    assert_same(tuple(ordered), (jnp.array([1.0, 2.0, 2.0]), jnp.array([1, 0, 2])))


def test_medians_take_the_lower_of_two():
    assert_same(T.median(jnp.array([4, 1, 3, 2])), jnp.array(2))
    assert_same(T.median(jnp.array([])), jnp.array(NAN))
    assert_same(T.nanmedian(jnp.array([NAN, NAN])), jnp.array(NAN))


def test_quantiles():
    x = jnp.array([[0.0, 1.0, 3.0], [NAN, 1.0, 2.0]])
    q = jnp.array([0.0, 0.25, 1.0])
    assert_same(T.quantile(x, q, 1).T, jnp.array([[0, 0.5, 3], [NAN] * 3], jnp.float32))
    assert T.nanquantile(x, q, 1, keepdim=True).shape == (3, 2, 1)
    assert T.quantile(x, 0.5, keepdim=True).shape == (1, 1)
    for interpolation, value in (("lower", 1), ("higher", 3), ("nearest", 3), ("midpoint", 2)):
        found = T.quantile(x[0], 0.8, interpolation=interpolation)
        assert_same(found, jnp.array(value, jnp.float32))
    assert_same(jax.grad(lambda q: T.quantile(x[0], q))(0.8), jnp.array(4.0))
    assert_same(jax.jit(T.quantile)(x[0], 1.5), jnp.array(NAN))


@pytest.mark.parametrize("fn", [T.norm, T.amax, T.std, T.max], ids=lambda fn: fn.__name__)
def test_axes(fn):
    x = jnp.ones((2, 3))
    assert fn(x, dim=-1, keepdim=True)[0].shape in ((2, 1), (1,))
    if fn is not T.max:
        assert fn(x, dim=(0, -1)).shape == () and fn(x, dim=[0]).shape == (3,)
        assert fn(x, dim=(0, 1), keepdim=True).shape == (1, 1)


def test_0d():
    x = jnp.array(-2.0)
    assert_same(T.vector_norm(x, dim=-1), jnp.array(2.0))
    assert_same(tuple(T.max(x, 0)), (x, jnp.array(0)))
    assert_same(tuple(T.sort(x)), (x, jnp.array(0)))
    assert_same(tuple(T.cummax(x, 0)), (x, jnp.array(0)))
    assert_same(tuple(T.median(x, 0)), (x, jnp.array(0)))
    assert_same(T.quantile(x, 0.5, 0), x)
    assert_same(T.logcumsumexp(x, 0), x)
    assert_same(T.amax(x, 0), x)


def test_nothing():
    empty = jnp.zeros((0, 3))
    assert_same(T.norm(empty, dim=0), jnp.zeros(3))
    assert_same(T.norm(empty, INF, dim=1), jnp.zeros(0))
    assert_same(T.var(empty, 0), jnp.full(3, NAN))
    assert_same(T.amax(empty, 1), jnp.zeros(0))
    assert T.sort(empty, 0).values.shape == (0, 3)
    assert T.topk(empty, 0, 0).values.shape == (0, 3)
    assert T.cummax(empty, 0).indices.shape == (0, 3)
    assert T.logcumsumexp(empty, 0).shape == (0, 3)
    for fn in (T.quantile, T.nanquantile):
        for q, lead in ((0.5, ()), (jnp.array([0.5, 1.0]), (2,)), (jnp.zeros(0), (0,))):
            assert fn(empty.T, q, 0, True).shape == (*lead, 1, 0)
            assert fn(empty[None], q, 2).shape == (*lead, 1, 0)
            assert jax.grad(lambda x, f=fn, q=q: f(x, q, 1, True).sum())(empty).shape == (0, 3)
    assert T.cdist(jnp.zeros((0, 2)), jnp.zeros((3, 2))).shape == (0, 3)
    assert_same(T.cdist(jnp.zeros((1, 0)), jnp.zeros((2, 0))), jnp.zeros((1, 2)))


def test_the_nuclear_norm():
    x = jnp.array([[3.0, 0, 0], [0, -4, 0]])
    value, grads = jax.value_and_grad(lambda x: T.norm(x, "nuc"))(x)
    assert_same((value, grads), (jnp.array(7.0), jnp.sign(x)), 1e-6)
    stack = jnp.stack([x, 2 * x], 1)  # (2, 2, 3)
    assert_same(T.norm(stack, "nuc", dim=(0, -1)), jnp.array([7.0, 14.0]), 1e-6)
    assert T.norm(stack, "nuc", dim=(2, 0), keepdim=True).shape == (1, 2, 1)
    assert_same(T.norm(x.astype(jnp.bfloat16), "nuc"), jnp.array(7, jnp.bfloat16))
    assert np.isnan(T.norm(x.at[0, 1].set(NAN), "nuc"))
    assert_same(jax.vmap(lambda x: T.norm(x, "nuc"))(stack), T.norm(stack, "nuc", (1, 2)), 1e-6)


def test_complex_norms():
    z = jnp.array([3 + 4j, 0j])
    for p, value in ((2, 5), (1, 5), (INF, 5), (0, 1)):
        assert_same(T.vector_norm(z, p), jnp.array(value, jnp.float32))
    assert_same(jax.vjp(T.vector_norm, 0 * z)[1](jnp.array(1.0)), (0 * z,))


def test_dtypes():
    with jax.enable_x64(True):
        x = jnp.ones(2, jnp.bfloat16)
        assert T.vector_norm(x, dtype=jnp.float64).dtype == jnp.float64
        assert T.max(jnp.array([1, 2], jnp.int32), 0).indices.dtype == jnp.int64
        assert T.topk(x, 1).indices.dtype == jnp.int64
        assert T.cummax(jnp.array([True, False]), 0).values.dtype == jnp.bool_
    assert T.std(x, False).dtype == jnp.bfloat16
    assert_same(T.max(jnp.array([1, 5]), jnp.array([3, 2])), jnp.array([3, 5]))


def test_sharded(rows):
    x = jax.device_put(jnp.arange(32.0).reshape(16, 2), rows)
    for fn in (lambda x: T.norm(x, dim=1), lambda x: T.std(x, 1), lambda x: T.amax(x, 1)):
        assert_same(jax.jit(jax.grad(lambda x, fn=fn: fn(x).sum()))(x).shape, (16, 2))


@pytest.mark.parametrize("fn", [T.quantile, T.nanquantile])
def test_quantiles_of_more_than_the_dtype_counts(fn):
    for count, dtype in ((2049, jnp.float16), (5000, jnp.float16), (1003, jnp.bfloat16)):
        x = jnp.linspace(0, 1, count).astype(dtype)
        for q, exact in ((0.0, x[0]), (0.5, x[count // 2]), (1.0, x[-1])):
            assert_same(fn(x, q), exact)


@pytest.mark.nightly
def test_a_quantile_of_more_than_float32_counts():
    x = jnp.arange(2**24 + 4, dtype=jnp.float32)
    assert T.quantile(x, 1.0) == x[-1]


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda x: T.vector_norm(jnp.ones(2, int)), "vector_norm: x must be floating point or c"),
        (lambda x: T.vector_norm(x, "fro"), "vector_norm: ord must be an array, got str 'fro'"),
        (lambda x: T.vector_norm(x, NAN), "vector_norm: ord must be finite, got nan"),
        (lambda x: T.vector_norm(x, dtype=jnp.bfloat16), "vector_norm: dtype must be as wide as"),
        (lambda x: T.vector_norm(x, dtype=int), "vector_norm: dtype must be a floating point"),
        (lambda x: T.vector_norm(x[:, :0], -1), "vector_norm: x must be not empty"),
        (lambda x: T.norm(x, "nu"), "norm: p must be one of 'fro', 'nuc', got 'nu'"),
        (lambda x: T.norm(x[None], "nuc"), "norm: input must be a matrix for 'nuc', got shape"),
        (lambda x: T.norm(x, "nuc", 0), "norm: dim must be two axes of the array for 'nuc', got 0"),
        (lambda x: T.norm(x, "nuc", (1, 1)), "norm: dim must be made of different axes"),
        (lambda x: T.norm(x > 0, "nuc"), "norm: input must be floating point or complex, got bool"),
        (lambda x: T.norm(x, dim=(0, 0)), "norm: dim must be made of different axes"),
        (lambda x: T.norm(x, dim=(0, 1, 1)), "norm: dim must be one or two axes for 'fro'"),
        (lambda x: T.norm(x, dim=2), "norm: dim must be below 2, got 2"),
        (lambda x: T.norm(x, dim=0.5), "norm: dim must be a concrete integer"),
        (lambda x: T.cdist(x, x[:, :1]), "cdist: x2 must be of 3 columns, got 1"),
        (lambda x: T.cdist(x[0], x), "cdist: x1 must be of two axes or more"),
        (lambda x: T.cdist(x, x, -1), "cdist: p must be at least 0, got -1"),
        (lambda x: T.cdist(x, x, compute_mode="mm"), "cdist: compute_mode must be one of"),
        (
            lambda x: T.cdist(jnp.ones((2, 2, 3)), jnp.ones((3, 2, 3))),
            "cdist: x2 must be of a batch that broadcasts",
        ),
        (lambda x: T.amax(x[:0]), "amax: input must be not empty over dim"),
        (lambda x: T.amin(x, dim=(0, -2)), "amin: dim must be made of different axes"),
        (lambda x: T.max(x, 5), "max: dim must be below 2, got 5"),
        (lambda x: T.min(x, 0, 1), "min: keepdim must be True or False, got int 1"),
        (lambda x: T.var(jnp.ones(2, int)), "var: input must be floating point"),
        (lambda x: T.std(x, 0, True, correction=1), "std: unbiased must be left out where"),
        (lambda x: T.sort(x, -3), "sort: dim must be at least -2, got -3"),
        (lambda x: T.sort(x, descending=1), "sort: descending must be True or False"),
        (lambda x: T.topk(x, 4), "topk: k must be at most 3, got 4"),
        (lambda x: T.topk(x > 0, 1), "topk: input must be an array of numbers, got bool"),
        (lambda x: T.median(x > 0), "median: input must be an array of numbers, got bool"),
        (lambda x: T.median(x[:0], 0), "median: input must be not empty over dim"),
        (lambda x: T.median(jnp.ones(0, int)), "median: input must be not empty"),
        (lambda x: T.quantile(x, 1.5), r"quantile: q must be in \[0, 1\], got 1.5"),
        (lambda x: T.quantile(x, x), "quantile: q must be a number or a vector"),
        (lambda x: T.quantile(x, 0.5, interpolation="x"), "quantile: interpolation must be one"),
        (lambda x: T.nanquantile(x[:0], 0.5), "nanquantile: input must be not empty"),
        (lambda x: T.cummax(x, None), "cummax: dim must be a concrete integer"),
        (lambda x: T.logcumsumexp(x > 0, 0), "logcumsumexp: input must be floating point"),
    ],
)
def test_refusals(call, match):
    with pytest.raises((TypeError, ValueError), match=match):
        call(jnp.ones((2, 3)))
