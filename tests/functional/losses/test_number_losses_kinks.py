"""Values and derivatives where they are a convention, written out by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import assert_same

from jaxgrad import functional as F

pytestmark = pytest.mark.thinned(8)


def derivatives(function, *points):
    """Value, first and second derivative at each point."""
    first = jax.grad(function)
    each = [jax.vmap(f)(jnp.array(points, jnp.float32)) for f in (function, first, jax.grad(first))]
    forward = jax.vmap(jax.jacfwd(function))(jnp.array(points, jnp.float32))
    np.testing.assert_array_equal(forward, each[1])
    return [np.asarray(e).tolist() for e in each]


ZERO, ONE = jnp.zeros(()), jnp.ones(())

KINKS = {
    "l1_loss": (lambda x: F.l1_loss(x, ZERO), [-1.0, 0.0, 2.0], [1, 0, 2], [-1, 0, 1], [0, 0, 0]),
    "smooth_l1_loss, beta = 0": (
        lambda x: F.smooth_l1_loss(x, ZERO, beta=0),
        *([-1.0, 0.0, 2.0], [1, 0, 2], [-1, 0, 1], [0, 0, 0]),
    ),
    "smooth_l1_loss": (
        lambda x: F.smooth_l1_loss(x, ZERO, beta=0.5),
        *([-0.5, 0.0, 0.25, 0.5, 1.0], [0.25, 0, 0.0625, 0.25, 0.75], [-1, 0, 0.5, 1, 1]),
        [0, 2, 2, 0, 0],
    ),
    "huber_loss": (
        lambda x: F.huber_loss(x, ZERO, delta=0.5),
        *(
            [-0.5, 0.0, 0.25, 0.5, 1.0],
            [0.125, 0, 0.03125, 0.125, 0.375],
            [-0.5, 0, 0.25, 0.5, 0.5],
        ),
        [0, 1, 1, 0, 0],
    ),
    "margin_ranking_loss": (
        lambda x: F.margin_ranking_loss(x, ZERO, ONE, margin=0.5),
        *([0.0, 0.5, 1.0], [0.5, 0, 0], [-1, -1, 0], [0, 0, 0]),
    ),
    "hinge_embedding_loss": (
        lambda x: F.hinge_embedding_loss(x, -ONE),
        *([0.0, 1.0, 2.0], [1, 0, 0], [-1, -1, 0], [0, 0, 0]),
    ),
    "soft_margin_loss": (
        lambda x: F.soft_margin_loss(x, ONE),
        *([-1000.0, -100.0, 1000.0], [1000, 100, 0], [-1, -1, 0], [0, 0, 0]),
    ),
    "multi_margin_loss": (
        lambda x: F.multi_margin_loss(jnp.stack([x, ZERO]), 0),
        *([0.0, 1.0, 2.0], [0.5, 0, 0], [-0.5, 0, 0], [0, 0, 0]),
    ),
    "multi_margin_loss, p = 2": (
        lambda x: F.multi_margin_loss(jnp.stack([x, ZERO]), 0, 2),
        *([0.0, 1.0, 2.0], [0.5, 0, 0], [-1, 0, 0], [1, 0, 0]),
    ),
    "multilabel_margin_loss": (
        lambda x: F.multilabel_margin_loss(jnp.stack([x, ZERO]), jnp.array([0, -1])),
        *([0.0, 1.0, 2.0], [0.5, 0, 0], [-0.5, 0, 0], [0, 0, 0]),
    ),
    "gaussian_nll_loss in the variance": (
        lambda v: F.gaussian_nll_loss(ONE, ZERO, v, eps=0.5),
        *([0.0, 0.5, 1.0], [1 - np.log(2) / 2, 1 - np.log(2) / 2, 0.5], [-1, -1, 0], [6, 6, 0.5]),
    ),
    "poisson_nll_loss in a target of 0": (
        lambda y: F.poisson_nll_loss(ONE, y, full=True),
        *([0.0, 1.0], [np.e, np.e - 1], [-1, -1], [0, 0]),
    ),
    "pairwise_distance": (
        lambda x: F.pairwise_distance(jnp.stack([x, 0 * x]), jnp.zeros(2), eps=0.0),
        *([-2.0, 0.0, 3.0], [2, 0, 3], [-1, 0, 1], [0, 0, 0]),
    ),
    "pairwise_distance, p = 1": (
        lambda x: F.pairwise_distance(jnp.stack([x, 0 * x]), jnp.zeros(2), p=1, eps=0.0),
        *([-2.0, 0.0, 3.0], [2, 0, 3], [-1, 0, 1], [0, 0, 0]),
    ),
    "cosine_similarity": (
        lambda x: F.cosine_similarity(jnp.stack([x]), jnp.ones(1), dim=0, eps=0.5),
        *([0.0, 0.25, 2.0], [0, 0.5, 1], [2, 1, 0], [0, 0, 0]),
    ),
}


@pytest.mark.parametrize("name", [name for name in KINKS if name != "cosine_similarity"])
def test_kinks(name):
    function, points, *expected = KINKS[name]
    with jax.numpy_dtype_promotion("standard"):
        for found, wanted in zip(derivatives(function, *points), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_cosine_similarity_below_eps():
    function, points, value, slope, _ = KINKS["cosine_similarity"]
    found = derivatives(function, *points)
    np.testing.assert_allclose(found[:2], [value, slope], rtol=1e-6)
    # With n = max(|x|, eps), d/dx (x / n) = 1 / n - |x| / n^2, as if n were |x|.
    assert np.isfinite(found[2]).all()


def test_largest_differences_share_the_derivative():
    x = jnp.array([3.0, -3.0, 1.0, 3.0])
    grad = jax.grad(lambda x: F.pairwise_distance(x, 0 * x, p=np.inf, eps=0.0))(x)
    assert_same(grad, jnp.array([1.0, -1.0, 0.0, 1.0]) / 3)


def test_the_nearer_of_two_negatives_shares_at_a_tie():
    a, p, n = jnp.array([0.0]), jnp.array([2.0]), jnp.array([1.0])
    grads = jax.grad(F.triplet_margin_loss, (0, 1, 2))(a, p, n, eps=0.0, swap=True)
    assert_same(grads, (jnp.array([-0.5]), jnp.array([0.5]), jnp.array([0.0])))


def test_anchor_is_positive():
    a, n = jnp.array([[1.0, 2.0]]), jnp.array([[1.5, 2.0]])
    for p in (1, 2, 3, np.inf):
        value, grads = jax.value_and_grad(F.triplet_margin_loss, (0, 1))(a, a, n, p=p, eps=0.0)
        assert_same((value, *grads), (jnp.array(0.5), jnp.array([[1.0, 0.0]]), jnp.zeros((1, 2))))


def test_zero_vectors():
    zero, one = jnp.zeros((1, 2)), jnp.array([[1.0, 0.0]])
    value, grads = jax.value_and_grad(lambda a, b: F.cosine_similarity(a, b)[0], (0, 1))(zero, one)
    assert_same((value, *grads), (jnp.zeros(()), jnp.array([[1e8, 0.0]]), jnp.zeros((1, 2))))
    hessian = jax.hessian(lambda a: F.cosine_similarity(a, one)[0])(zero)
    assert np.isfinite(hessian).all()
    sixteen = zero.astype(jnp.float16)
    assert F.cosine_embedding_loss(sixteen, one.astype(jnp.float16), jnp.ones(1)) == 1


def test_multilabel_soft_margin_loss_at_infinity():
    x, y = jnp.array([[jnp.inf], [-jnp.inf]]), jnp.ones((2, 1))
    loss, pull = jax.vjp(lambda x: F.multilabel_soft_margin_loss(x, y, reduction="none"), x)
    assert_same(loss, jnp.array([jnp.nan, jnp.inf]))
    assert_same(pull(jnp.ones(2)), (jnp.array([[0.0], [-1.0]]),))


def test_dtypes():
    with jax.numpy_dtype_promotion("standard"):
        half, single, whole = jnp.ones(2, jnp.bfloat16), jnp.ones(2), jnp.ones(2, jnp.int32)
        assert F.huber_loss(half, single).dtype == jnp.bfloat16
        assert F.hinge_embedding_loss(half, whole).dtype == jnp.bfloat16
        assert F.smooth_l1_loss(half, single).dtype == jnp.float32
        for function in (F.poisson_nll_loss, F.pairwise_distance):
            assert function(whole, whole).dtype == jnp.float32
        assert F.margin_ranking_loss(whole, whole, whole).dtype == jnp.float32
        bytes_ = jnp.array([[1, 2]], jnp.uint8), jnp.array([[3, 4]], jnp.uint8)
        assert_same(F.pairwise_distance(*bytes_, eps=0.0), jnp.array([np.sqrt(8)], jnp.float32))
        assert_same(
            F.hinge_embedding_loss(jnp.array([2.0]), jnp.array([255], jnp.uint8)), jnp.array(2.0)
        )


X, M = jnp.ones(3), jnp.ones((2, 3))
T2 = jnp.array([0, 1])
REFUSED = [
    ("l1_loss", (M, X), {}, ValueError, "target must be of input's shape"),
    ("l1_loss", (X, X, "avg"), {}, ValueError, "reduction must be one of"),
    ("l1_loss", (X, X > 0), {}, TypeError, "target must be an array of real numbers, got bool"),
    ("l1_loss", (X.astype(int),) * 2, {}, TypeError, "input or target must be floating point"),
    ("l1_loss", (X > 0, X), {}, TypeError, "input must be an array of real numbers"),
    ("smooth_l1_loss", (X, X), {"beta": -1}, ValueError, "beta must be at least 0, got -1"),
    ("smooth_l1_loss", (X, X), {"beta": np.nan}, ValueError, "beta must be at least 0"),
    ("smooth_l1_loss", (X, M), {}, ValueError, "target must be of input's shape"),
    ("huber_loss", (X, X), {"delta": 0}, ValueError, "delta must be greater than 0, got 0"),
    ("huber_loss", (X, X), {"delta": "a"}, TypeError, "delta must be an array"),
    ("huber_loss", (X, X), {"weight": M}, ValueError, "weight must be of input's shape"),
    ("huber_loss", (X.astype(int), X), {}, TypeError, "input must be floating point"),
    ("poisson_nll_loss", (X, X), {"full": 1}, TypeError, "full must be True or False"),
    ("poisson_nll_loss", (X, M), {}, ValueError, "target must be of input's shape"),
    ("gaussian_nll_loss", (X, X, -1.0), {}, ValueError, "var must be at least 0, got -1"),
    ("gaussian_nll_loss", (M, M, jnp.ones(3)), {}, ValueError, "var must be of input's shape"),
    ("gaussian_nll_loss", (M, X, M), {}, ValueError, "target must be of input's shape"),
    ("gaussian_nll_loss", (X, X, X.astype(int)), {}, TypeError, "var must be floating point"),
    ("margin_ranking_loss", (M, X, M), {}, ValueError, "input2 must be of input1's shape"),
    ("margin_ranking_loss", (X, X, M), {}, ValueError, "target must be of input1's shape"),
    ("hinge_embedding_loss", (X, M), {}, ValueError, "target must be of input's shape"),
    ("soft_margin_loss", (X.astype(int), X), {}, TypeError, "input must be floating point"),
    ("multi_margin_loss", (M, X.astype(int)), {}, ValueError, "target must be of shape"),
    ("multi_margin_loss", (M, X[:2]), {}, TypeError, "target must be integers, got float32"),
    ("multi_margin_loss", (M, T2), {"p": 3}, ValueError, "p must be 1 or 2, got 3"),
    ("multi_margin_loss", (M, T2 - 1), {}, ValueError, "target must be from 0 to 2"),
    ("multi_margin_loss", (M, T2), {"weight": M}, ValueError, r"weight must be of shape \(3,\)"),
    ("multi_margin_loss", (M, T2), {"weight": X.astype(int)}, TypeError, "weight must be of input"),
    ("multi_margin_loss", (M[:, :0], T2), {}, ValueError, "input must be of shape"),
    ("multi_margin_loss", (M[None], T2), {}, ValueError, "input must be of shape"),
    ("multilabel_margin_loss", (M, T2), {}, ValueError, "target must be of input's shape"),
    ("multilabel_margin_loss", (X, jnp.array([0, -1, 9])), {}, ValueError, "from -1 to 2"),
    ("multilabel_margin_loss", (X, jnp.array([0, -2, 1])), {}, ValueError, "from -1 to 2"),
    ("multilabel_soft_margin_loss", (X[0], X[0]), {}, ValueError, "input must be of shape"),
    ("multilabel_soft_margin_loss", (X, X, M), {}, ValueError, "weight must be of a shape that"),
    ("cosine_similarity", (X, X), {}, ValueError, "dim must be from -1 to 0, got 1"),
    ("cosine_similarity", (M, X[:2], 0), {}, ValueError, "x2 must be of a shape that broadcasts"),
    ("cosine_similarity", (M, M), {"eps": -1.0}, ValueError, "eps must be at least 0, got -1"),
    ("cosine_similarity", (M.astype(int),) * 2, {}, TypeError, "x1 or x2 must be floating point"),
    ("pairwise_distance", (M, X > 0), {}, TypeError, "x2 must be an array of real numbers"),
    ("pairwise_distance", (M, M), {"p": np.nan}, ValueError, "p must be finite"),
    ("pairwise_distance", (M[:, :0],) * 2, {"p": np.inf}, ValueError, "p must be at least 0 and"),
    ("pairwise_distance", (M, M), {"keepdim": 1}, TypeError, "keepdim must be True or False"),
    ("cosine_embedding_loss", (M, M, M), {}, ValueError, r"target must be of shape \(2,\)"),
    ("cosine_embedding_loss", (M, X, T2), {}, ValueError, "input2 must be of input1's shape"),
    ("triplet_margin_loss", (M, X, M), {}, ValueError, "positive must be of 2 dimensions"),
    ("triplet_margin_loss", (M, M, M), {"margin": 0}, ValueError, "margin must be greater than 0"),
    ("triplet_margin_loss", (M, M, M[:, :2]), {}, ValueError, "negative must be of a shape"),
    (
        "triplet_margin_with_distance_loss",
        (M, M, M),
        {"distance_function": 3},
        *(TypeError, "distance_function must be a function, got int"),
    ),
    (
        "triplet_margin_with_distance_loss",
        (M, M, M),
        {"distance_function": lambda a, b: None},
        *(TypeError, "the distance must be an array, got NoneType"),
    ),
]


@pytest.mark.parametrize(
    ("name", "arguments", "options", "error", "match"),
    REFUSED,
    ids=[f"{row[0]} {i}" for i, row in enumerate(REFUSED)],
)
def test_refusals(name, arguments, options, error, match):
    with pytest.raises(error, match=f"{name}: .*{match}"):
        getattr(F, name)(*arguments, **options)


def test_a_traced_degree_is_refused():
    with pytest.raises(TypeError, match="pairwise_distance: p must be a concrete number"):
        jax.jit(lambda p: F.pairwise_distance(M, M, p))(2.0)
