"""One table of calls: jit = eager, vmap = loop, no recompilation, slopes, dtypes, empty arrays."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from invariants import assert_invariants, assert_slopes
from jax.experimental import checkify
from oracles import assert_same

import jaxgrad
from jaxgrad import functional as F

pytestmark = pytest.mark.thinned(8)

RNG = np.random.default_rng(0)
A, B, C = RNG.normal(size=(3, 8, 5))
SIGNS = np.where(RNG.random((8, 5)) < 0.5, 1.0, -1.0)
SIGN = SIGNS[:, 0]
CLASS = RNG.integers(0, 5, 8).astype(np.int32)
LISTS = np.array([[0, 3, -1, 1, 2], [4, -1, -1, 0, 0]] * 4, np.int32)
WEIGHT = RNG.uniform(0.5, 2, (8, 5))

# `jnp.asarray` of a 64-bit array that a jitted function closed over with 64-bit types keeps its
# dtype without them: targets are copies or have 32 bits.
CALLS = {
    "l1_loss": (F.l1_loss, A, B),
    "l1_loss weighted": (lambda x, y, w: F.l1_loss(x, y, weight=w), A, B, WEIGHT),
    "smooth_l1_loss": (functools.partial(F.smooth_l1_loss, beta=0.3), A, B),
    "smooth_l1_loss in beta": (
        lambda x, y, b: F.smooth_l1_loss(x, y, "sum", b[0]),
        A,
        B,
        0.5 + SIGN / 4,
    ),
    "huber_loss": (functools.partial(F.huber_loss, delta=0.3), A, B),
    "huber_loss in delta": (lambda x, y, d: F.huber_loss(x, y, "sum", d[0]), A, B, 0.5 + SIGN / 4),
    "huber_loss weighted": (lambda x, y, w: F.huber_loss(x, y, weight=w), A, B, WEIGHT),
    "poisson_nll_loss": (functools.partial(F.poisson_nll_loss, full=True), A, 0.1 + 3 * WEIGHT),
    "poisson_nll_loss of rates": (
        functools.partial(F.poisson_nll_loss, log_input=False, full=True),
        WEIGHT,
        0.1 + 3 * WEIGHT,
    ),
    "gaussian_nll_loss": (functools.partial(F.gaussian_nll_loss, full=True), A, B, WEIGHT),
    "gaussian_nll_loss of rows": (F.gaussian_nll_loss, A, B, WEIGHT[:, 0]),
    "margin_ranking_loss": (functools.partial(F.margin_ranking_loss, margin=0.2), A, B, SIGNS),
    "hinge_embedding_loss": (lambda x: F.hinge_embedding_loss(x, SIGNS.copy()), A),
    "soft_margin_loss": (F.soft_margin_loss, A, SIGNS),
    "multilabel_soft_margin_loss": (F.multilabel_soft_margin_loss, A, SIGNS > 0),
    "multi_margin_loss": (lambda x: F.multi_margin_loss(x, CLASS), A),
    "multi_margin_loss, p = 2": (
        lambda x, w: F.multi_margin_loss(x, CLASS, 2, 0.5, w[0]),
        A,
        WEIGHT,
    ),
    "multilabel_margin_loss": (lambda x: F.multilabel_margin_loss(x, LISTS), A),
    "cosine_similarity": (F.cosine_similarity, A, B),
    "cosine_similarity of columns": (lambda a, b: F.cosine_similarity(a, b, 0), A, B),
    "pairwise_distance": (F.pairwise_distance, A, B),
    "pairwise_distance, p = 1": (functools.partial(F.pairwise_distance, p=1), A, B),
    "pairwise_distance, p = 3": (functools.partial(F.pairwise_distance, p=3), A, B),
    "pairwise_distance, p = inf": (functools.partial(F.pairwise_distance, p=np.inf), A, B),
    "cosine_embedding_loss": (lambda a, b: F.cosine_embedding_loss(a, b, SIGN.copy(), 0.1), A, B),
    "triplet_margin_loss": (functools.partial(F.triplet_margin_loss, swap=True), A, B, C),
    "triplet_margin_with_distance_loss": (F.triplet_margin_with_distance_loss, A, B, C),
}


def call(name, dtype):
    function, *arrays = CALLS[name]
    return function, [jnp.asarray(a, dtype) for a in arrays]


@pytest.fixture
def standard():
    """Targets that a row closes over are float64 or integers; users have standard promotion."""
    with jax.numpy_dtype_promotion("standard"):
        yield


@pytest.mark.parametrize("name", CALLS)
def test_invariants(name, caplog, standard):
    function, arrays = call(name, jnp.float32)
    assert_invariants(function, caplog, *arrays)


@pytest.mark.parametrize("name", CALLS)
def test_slopes(name, standard):
    with jax.enable_x64(True):
        function, arrays = call(name, jnp.float64)
        assert_slopes(function, *arrays)


@pytest.mark.thinned(8)
@pytest.mark.parametrize("name", CALLS)
def test_narrow_types_are_float32_rounded_once(name, standard):
    dtype = "bfloat16"
    function, arrays = call(name, dtype)
    exact = function(*(a.astype(jnp.float32) for a in arrays))
    value = function(*arrays)
    assert value.dtype == jnp.dtype(dtype)
    assert_same(value, exact.astype(dtype))


ELEMENTWISE = ["l1_loss", "smooth_l1_loss", "huber_loss", "poisson_nll_loss", "soft_margin_loss"]


@pytest.mark.parametrize("name", [*ELEMENTWISE, "hinge_embedding_loss"])
def test_reductions_and_nothing(name, any_dtype):
    function = getattr(F, name)
    x, y = jnp.asarray(A, any_dtype), jnp.asarray(SIGNS, any_dtype)
    each = function(x, y, reduction="none")
    assert each.shape == x.shape
    assert_same(
        function(x, y, reduction="sum"),
        jnp.sum(each),
        rtol=3e-2 if any_dtype in ("bfloat16", "float16") else None,
    )
    empty = jnp.zeros((0, 3), any_dtype)
    assert_same(function(empty, empty), jnp.array(jnp.nan, any_dtype))
    assert_same(function(empty, empty, reduction="sum"), jnp.zeros((), any_dtype))
    assert_same(jax.grad(function)(empty, empty), empty)
    point = function(x[0, 0], y[0, 0])
    assert_same(point, each[0, 0])


def test_no_samples():
    empty = jnp.zeros((0, 3))
    for function, target in (
        (F.multi_margin_loss, jnp.zeros(0, int)),
        (F.multilabel_margin_loss, jnp.zeros((0, 3), int)),
        (F.multilabel_soft_margin_loss, empty),
    ):
        assert_same(jax.jit(function)(empty, target), jnp.array(jnp.nan))
        assert_same(function(empty, target, reduction="sum"), jnp.zeros(()))
        assert_same(function(empty, target, reduction="none"), jnp.zeros(0))
        assert_same(jax.grad(function)(empty, target), empty)
    assert_same(jax.jit(F.binary_cross_entropy)(empty, empty), jnp.array(jnp.nan))
    assert_same(jax.jit(F.gaussian_nll_loss)(empty, empty, empty), jnp.array(jnp.nan))


@pytest.mark.thinned(8)
@pytest.mark.nightly
def test_sharded(rows):
    x, y, z = (jax.device_put(jnp.asarray(a, jnp.float32), rows) for a in (A, B, C))
    index, lists = (jax.device_put(jnp.asarray(a), rows) for a in (CLASS, LISTS))
    sign = jax.device_put(jnp.asarray(SIGN, jnp.float32), rows)
    weight = jax.device_put(jnp.asarray(WEIGHT, jnp.float32), rows)
    calls = [
        (F.huber_loss, y),
        (F.gaussian_nll_loss, y, weight),
        (F.margin_ranking_loss, y, z),
        (F.soft_margin_loss, y),
        (F.multilabel_soft_margin_loss, y),
        (F.multi_margin_loss, index),
        (F.multilabel_margin_loss, lists),
        (F.cosine_embedding_loss, y, sign),
        (F.triplet_margin_loss, y, z),
    ]
    with jax.set_mesh(rows.mesh):
        for function, *others in calls:
            value, grad = jax.value_and_grad(function)(x, *others)
            alone = [jnp.asarray(np.asarray(a)) for a in (x, *others)]
            expected = jax.value_and_grad(function)(*alone)
            assert_same(
                (np.asarray(value), np.asarray(grad)), jax.tree.map(np.asarray, expected), 1e-5
            )


def test_traced_arguments_are_checked_under_checkify():
    def checked(function, *arrays):
        error, value = jaxgrad.checkify(jax.jit(function), errors=checkify.user_checks)(*arrays)
        return error.get(), value

    x, y = jnp.ones((2, 3)), jnp.zeros((2, 3))
    with jax.numpy_dtype_promotion("standard"):
        calls = {
            "huber_loss: delta": (lambda d: F.huber_loss(x, y, delta=d), jnp.array(-1.0)),
            "smooth_l1_loss: beta": (lambda b: F.smooth_l1_loss(x, y, beta=b), jnp.array(-1.0)),
            "gaussian_nll_loss: var": (lambda v: F.gaussian_nll_loss(x, y, v), -x),
            "multi_margin_loss: target": (lambda t: F.multi_margin_loss(x, t), jnp.array([0, 3])),
            "multilabel_margin_loss: target": (
                lambda t: F.multilabel_margin_loss(x, t),
                jnp.array([[0, -1, 3]] * 2),
            ),
            "cosine_similarity: eps": (lambda e: F.cosine_similarity(x, y, eps=e), jnp.array(-1.0)),
            "triplet_margin_loss: margin": (
                lambda m: F.triplet_margin_loss(x, y, y, margin=m),
                jnp.array(0.0),
            ),
        }
        for text, (function, value) in calls.items():
            message, _ = checked(function, value)
            assert message and text in message, (text, message)
            assert np.isnan(np.asarray(jax.jit(function)(value))).all(), text
            with pytest.raises(ValueError, match=text):
                function(value)


def test_beta_of_0_traced_is_the_absolute_error():
    x, y = jnp.array([-1.0, 0.0, 2.0]), jnp.zeros(3)

    @jax.jit
    def loss(x, beta):
        return F.smooth_l1_loss(x, y, "sum", beta)

    assert_same(jax.value_and_grad(loss)(x, jnp.array(0.0)), (jnp.array(3.0), jnp.sign(x)))


def test_validity_is_checked_where_only_the_input_is_differentiated():
    with pytest.raises(ValueError, match="multi_margin_loss: target must be from 0 to 2"):
        jax.grad(F.multi_margin_loss)(jnp.ones((2, 3)), jnp.array([0, 3]))
    with pytest.raises(ValueError, match="gaussian_nll_loss: var must be at least 0, got -1"):
        jax.grad(F.gaussian_nll_loss)(jnp.ones(2), jnp.ones(2), -jnp.ones(2))
