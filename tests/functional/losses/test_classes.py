import jax
import jax.numpy as jnp
import numpy as np
import pytest
from invariants import assert_invariants, assert_slopes
from jax.experimental import checkify
from oracles import assert_same
from scipy.special import log_softmax

import jaxgrad
from jaxgrad import functional as F

pytestmark = pytest.mark.thinned(8)

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(6, 4)), np.array([0, 3, -100, 2, 1, 1])
W, Q = np.array([1.0, 2.0, 0.5, 3.0]), RNG.dirichlet(np.ones(4), 6)
P = RNG.uniform(0.1, 0.9, size=(2, 6, 4))
TARGET = jnp.array(Y)
NAN = float("nan")


def smoothed(x, reduction, weights, smoothing):
    """The loss of X against Y, written out."""
    logp, kept = log_softmax(x, 1), Y >= 0
    each = (1 - smoothing) * np.eye(4)[np.where(kept, Y, 0)] + smoothing / 4
    losses = np.where(kept, -(weights * each * logp).sum(1), 0)
    total = weights[Y[kept]].sum()
    return {"none": losses, "sum": losses.sum(), "mean": losses.sum() / total}[reduction]


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy(reduction, smoothing, weighted, any_dtype):
    x, w = jnp.array(X, any_dtype), jnp.array(W, any_dtype) if weighted else None
    exact = smoothed(np.asarray(x, float), reduction, W if weighted else np.ones(4), smoothing)
    loss = F.cross_entropy(x, TARGET, w, reduction=reduction, label_smoothing=smoothing)
    assert_same(loss, jnp.array(exact, any_dtype))
    matrix = jnp.eye(4, dtype=any_dtype)
    other = F.linear_cross_entropy(
        x, matrix, TARGET, weight=w, reduction=reduction, label_smoothing=smoothing, chunk_size=4
    )
    assert_same(other, loss)


def test_nll_loss(any_dtype):
    x = jnp.array(X, any_dtype)
    kept = Y >= 0
    exact = -np.asarray(x, float)[kept, Y[kept]] * W[Y[kept]]
    loss = F.nll_loss(x, TARGET, jnp.array(W, any_dtype))
    assert_same(loss, jnp.array(exact.sum() / W[Y[kept]].sum(), any_dtype))


def test_the_class_axis_is_the_second():
    x, y = RNG.normal(size=(2, 4, 3, 5)), RNG.integers(4, size=(2, 3, 5))
    each = -np.take_along_axis(log_softmax(x, 1), y[:, None], 1)[:, 0]
    assert_same(F.cross_entropy(jnp.array(x, "float32"), jnp.array(y)), jnp.float32(each.mean()))


def test_the_gradient_is_the_softmax_less_the_target():
    x = jnp.array(X, "float32")
    expected = jnp.where((TARGET >= 0)[:, None], jax.nn.softmax(x) - jax.nn.one_hot(TARGET, 4), 0)
    assert_same(jax.grad(F.cross_entropy)(x, TARGET), expected / 5)


def test_probabilities_are_divided_by_their_number():
    x, q, w = (jnp.array(a, "float32") for a in (X, Q, W))
    exact = -(W * Q * log_softmax(X, 1)).sum() / 6
    assert_same(F.cross_entropy(x, q, w), jnp.float32(exact))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "uint32"])
def test_indices_of_any_integer_dtype(dtype):
    x = jnp.zeros((2, 300)).at[1, 100].set(5)
    target = jnp.array([1, 100], dtype)
    assert_same(F.cross_entropy(x, target), F.cross_entropy(x, target.astype(int)))
    assert_same(F.nll_loss(x, target, ignore_index=2**40), jnp.float32(-2.5))


def test_nothing():
    x, none = jnp.zeros((0, 3)), jnp.zeros(0, int)
    ignored = jnp.full(2, -100)
    for loss in (F.cross_entropy, F.nll_loss):
        assert np.isnan(loss(x, none)) and loss(x, none, reduction="sum") == 0
        assert np.isnan(loss(jnp.ones((2, 3)), ignored))
        assert_same(jax.grad(loss)(jnp.ones((2, 3)), ignored), jnp.zeros((2, 3)))
        assert loss(jnp.zeros((2, 0)), ignored, reduction="sum") == 0
    weights = jnp.array([0.0, 1.0])
    assert np.isnan(F.cross_entropy(jnp.ones((1, 2)), jnp.array([0]), weights, label_smoothing=0.1))
    assert np.isnan(F.binary_cross_entropy(jnp.zeros(0), jnp.zeros(0)))


def test_huge_logits():
    x = jnp.array([[1e4, 0.0, -1e4]])
    value, grad = jax.value_and_grad(F.cross_entropy)(x, jnp.array([1]))
    assert_same((value, grad), (jnp.float32(1e4), jnp.array([[1.0, -1.0, 0.0]])))


LOSSES = {
    "cross_entropy": lambda x, p: F.cross_entropy(x, TARGET),
    "weights": lambda x, p: F.cross_entropy(x, TARGET, p[0], label_smoothing=0.1),
    "probabilities": lambda x, p: F.cross_entropy(x, p, reduction="sum"),
    "nll_loss": lambda x, p: F.nll_loss(x, TARGET, p[0]),
    "binary_cross_entropy": lambda x, p: F.binary_cross_entropy(p, 0.5 * p, x * x, "none"),
    "logits": lambda x, p: F.binary_cross_entropy_with_logits(x, p, p, pos_weight=p[0]),
    "kl_div": lambda x, p: F.kl_div(x, p, "batchmean"),
    "kl_div of logs": lambda x, p: F.kl_div(x, p, "none", log_target=True),
    "linear": lambda x, p: F.linear_cross_entropy(x, p, TARGET % 6, chunk_size=4),
    "linear none": lambda x, p: F.linear_cross_entropy(
        x, p, TARGET, reduction="none", chunk_size=4
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_invariants_and_slopes(name, caplog):
    assert_invariants(LOSSES[name], caplog, jnp.array(X, "float32"), jnp.array(P[0], "float32"))
    with jax.enable_x64(True):
        assert_slopes(LOSSES[name], jnp.array(X), jnp.array(P[0]))


def test_the_bounds_of_binary_cross_entropy():
    p, y = jnp.array([0.0, 1.0, 0.0, 1.0]), jnp.array([1.0, 0.0, 0.0, 1.0])
    assert_same(F.binary_cross_entropy(p, y, reduction="none"), jnp.array([100.0, 100, 0, 0]))
    grads = jax.grad(F.binary_cross_entropy)(p, y)
    assert_same(grads, jnp.array([-2.5e11, 2.5e11, 0, 0]))
    half = jax.grad(F.binary_cross_entropy)(*(a.astype("float16") for a in (p, y)))
    assert_same(half, jnp.array([-np.inf, np.inf, 0, 0], "float16"))


def test_logits_keep_their_tail():
    x = jnp.array([-80.0, 800.0])
    grads = jax.grad(F.binary_cross_entropy_with_logits)(x, jnp.array([0.0, 1.0]))
    np.testing.assert_allclose(grads, [np.exp(-80) / 2, 0], rtol=1e-5)


def test_second_derivatives_of_logits_at_zero():
    def loss(x, y, p):
        return F.binary_cross_entropy_with_logits(x, y, pos_weight=p)

    x, y, p = jnp.float32(0), jnp.float32(0.5), jnp.float32(3)
    hessian = jax.hessian(loss, (0, 1, 2))(x, y, p)
    exact = [[0.5, -2, -0.25], [-2, 0, np.log(2)], [-0.25, np.log(2), 0]]
    assert_same(jnp.array(hessian), jnp.array(exact, jnp.float32))


@pytest.mark.parametrize("name", ["binary_cross_entropy_with_logits", "huber_loss"])
def test_forward_mode_at_infinity(name):
    slope = jax.jacfwd(lambda x: getattr(F, name)(x, jnp.float32(0)))
    assert_same(slope(jnp.float32(np.inf)), jnp.float32(1))


def test_forward_mode_at_certainty():
    slope = jax.jacfwd(lambda x: F.binary_cross_entropy(x, jnp.float32(1)))
    assert_same(slope(jnp.float32(1)), jnp.float32(0))


@pytest.mark.parametrize(("reduction", "shape"), [("mean", ()), ("sum", ()), ("none", (2, 0))])
def test_linear_cross_entropy_of_no_places(reduction, shape):
    x, matrix, target = jnp.ones((2, 3)), jnp.ones((4, 0, 3)), jnp.zeros((2, 0), int)
    loss = F.linear_cross_entropy(x, matrix, target, reduction=reduction)
    assert_same(loss, jnp.full(shape, np.nan if reduction == "mean" else 0, jnp.float32))


@pytest.mark.nightly
def test_ctc_loss_against_every_path():
    import itertools

    logp = log_softmax(RNG.normal(size=(4, 3)), 1)
    likelihood = 0.0
    for path in itertools.product(range(3), repeat=4):
        merged = [s for i, s in enumerate(path) if i == 0 or s != path[i - 1]]
        if [s for s in merged if s] == [1, 1]:
            likelihood += np.exp(sum(logp[t, s] for t, s in enumerate(path)))
    x, y = jnp.array(logp, "float32"), jnp.array([1, 1])
    assert_same(F.ctc_loss(x, y, 4, 2, reduction="sum"), jnp.float32(-np.log(likelihood)))
    assert_same(F.ctc_loss(x, y, 4, 2), jnp.float32(-np.log(likelihood) / 2))
    # PyTorch's gradient: of the logits, if x is their log softmax.
    of_logits = jax.grad(lambda z: F.ctc_loss(jax.nn.log_softmax(z), y, 4, 2))(x)
    assert_same(jax.grad(F.ctc_loss)(x, y, 4, 2), of_logits)


def test_lengths_that_are_traced():
    x = jnp.array(log_softmax(RNG.normal(size=(5, 2, 4)), 2), "float32")
    y, lengths = jnp.array([1, 2, 3]), (jnp.array([5, 4]), jnp.array([2, 1]))
    assert_same(jax.jit(F.ctc_loss)(x, y, *lengths), F.ctc_loss(x, y, *lengths))
    assert np.isnan(jax.jit(F.ctc_loss)(x, y, lengths[0], jnp.array([2, 2])))
    assert np.isnan(jax.jit(F.ctc_loss)(x, y, jnp.array([9, 2]), lengths[1]))
    assert np.isnan(jax.jit(F.ctc_loss)(x, jnp.array([[1], [9]]), lengths[0], jnp.array([1, 1])))


def test_an_empty_batch_under_jit():
    x, y = jnp.zeros((0, 3)), jnp.zeros(0, int)
    for loss in (F.cross_entropy, F.nll_loss):
        assert jnp.isnan(jax.jit(loss)(x, y))
    assert jnp.isnan(jax.jit(F.linear_cross_entropy)(x, jnp.ones((2, 3)), y))


def test_traced_targets_that_are_no_class():
    x, wrong = jnp.ones((2, 3)), jnp.array([0, 3])
    for loss in (F.cross_entropy, F.nll_loss):
        assert np.isnan(jax.jit(loss)(x, wrong))
        error, _ = jaxgrad.checkify(jax.jit(loss))(x, wrong)
        with pytest.raises(checkify.JaxRuntimeError, match="target must be classes below 3"):
            error.throw()
    assert np.isnan(jax.jit(F.binary_cross_entropy)(x, 2 * x))
    assert np.isnan(jax.jit(F.linear_cross_entropy)(x, jnp.ones((3, 3)), wrong))


@pytest.mark.parametrize("reduction", ["none", "mean"])
@pytest.mark.parametrize("scale", [1e5, 1e11, 1e13])
def test_logits_of_one_feature(scale, reduction):
    """The products are made in the loop that subtracts the largest: exp(1e11 - 1e11) was inf."""
    x = jnp.array([[0.3], [-1.7], [0.9]]) * scale**0.5
    w = jnp.array([[0.1], [-2.3], [1.1], [0.7]]) * scale**0.5
    y = jnp.array([2, 0, 1])
    exact = -log_softmax(np.asarray(x * w.T, float), 1)[jnp.arange(3), y]
    exact = jnp.array(exact if reduction == "none" else exact.mean(), "f4")

    def chunked(x, w):
        return F.linear_cross_entropy(x, w, y, reduction=reduction, chunk_size=2)

    def whole(x, w):
        return F.cross_entropy(x * w.T, y, reduction=reduction)

    def summed(x, w):
        return whole(x, w).sum()

    expected = jax.grad(summed, (0, 1))(x, w)  # eagerly the products are rounded by themselves
    for fn in (chunked, jax.jit(chunked)):
        assert_same(fn(x, w), exact, rtol=1e-5)
        slopes = jax.jit(jax.grad(lambda *xw, fn=fn: fn(*xw).sum(), (0, 1)))(x, w)
        assert_same(slopes, expected, rtol=1e-5)


def test_linear_cross_entropy_keeps_no_logits():
    shapes = [jax.ShapeDtypeStruct(s, "float32") for s in ((512, 16), (16384, 16))]
    target = jax.ShapeDtypeStruct((512,), "int32")

    def plain(x, w, y):
        return F.cross_entropy(x @ w.T, y)

    def memory(loss):
        compiled = jax.jit(jax.value_and_grad(loss, (0, 1))).lower(*shapes, target).compile()
        return compiled.memory_analysis().temp_size_in_bytes

    def chunked(x, w, y):
        return F.linear_cross_entropy(x, w, y, chunk_size=16)

    assert memory(chunked) < memory(plain) / 8


@pytest.mark.nightly
@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_second_derivatives_of_linear_cross_entropy(reduction):
    x, w = jnp.array(X, "float32"), jnp.array(P[0], "float32")

    def ours(x, w):
        return F.linear_cross_entropy(x, w, TARGET, reduction=reduction, chunk_size=4).sum()

    def plain(x, w):
        return F.cross_entropy(x @ w.T, TARGET, reduction="sum")

    for twice in (jax.hessian, lambda f, n: jax.jacrev(jax.grad(f, n), n)):
        assert_same(twice(ours, (0, 1))(x, w), twice(plain, (0, 1))(x, w), rtol=1e-5)


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss", "logits", "kl_div"])
def test_sharded(name, rows):
    x, q = (jnp.array(RNG.uniform(0.1, 0.9, size=(16, 4)), "float32") for _ in range(2))
    y = jnp.arange(16) % 4
    second = y if name in ("cross_entropy", "nll_loss") else q
    names = {"logits": "binary_cross_entropy_with_logits"}
    loss = jax.value_and_grad(getattr(F, names.get(name, name)))
    given = [jax.device_put(a, rows) for a in (x, second)]
    with jax.set_mesh(rows.mesh):
        assert_same(
            jax.tree.map(np.asarray, loss(*given)), jax.tree.map(np.asarray, loss(x, second))
        )


@pytest.mark.nightly
def test_sharded_sequences(rows):
    logits = jnp.array(RNG.normal(size=(16, 6, 4)), "float32")
    targets, inputs, lengths = (
        jnp.arange(32).reshape(16, 2) % 3 + 1,
        jnp.full(16, 6),
        jnp.full(16, 2),
    )

    def loss(logits, *others):
        return F.ctc_loss(jax.nn.log_softmax(logits).transpose(1, 0, 2), *others)

    given = [jax.device_put(a, rows) for a in (logits, targets, inputs, lengths)]
    with jax.set_mesh(rows.mesh):
        apart = jax.tree.map(np.asarray, jax.value_and_grad(loss)(*given))
        whole = jax.tree.map(np.asarray, jax.value_and_grad(loss)(logits, targets, inputs, lengths))
    assert_same(apart, whole)


def test_ctc_loss_with_wide_lengths():
    with jax.enable_x64(True):
        x = jax.nn.log_softmax(jnp.zeros((4, 2, 3), jnp.float32))
        for targets in (jnp.ones((2, 2), int), jnp.ones(4, int)):
            loss = F.ctc_loss(x, targets, jnp.array([4, 4]), jnp.array([2, 2]))
            # Of the 81 paths 5 are 1, blank, 1, one of the four stretched.
            assert_same(loss, jnp.float32(np.log(81 / 5) / 2))


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: F.cross_entropy(X, jnp.zeros(5, int)), ValueError, r"target must be of shape \(6"),
        (lambda: F.cross_entropy(X, jnp.zeros((6, 4), int)), TypeError, "target must be floating"),
        (lambda: F.cross_entropy(X, jnp.zeros(6)), TypeError, "target must be class indices"),
        (lambda: F.cross_entropy(X, jnp.full(6, 4)), ValueError, "target must be classes below 4"),
        (lambda: F.cross_entropy(X, Y, W[:3]), ValueError, r"weight must be of shape \(4,\)"),
        (lambda: F.cross_entropy(X, Y, label_smoothing=-1), ValueError, "label_smoothing must be"),
        (lambda: F.cross_entropy(X, Q, ignore_index=1), ValueError, "ignore_index must be negat"),
        (lambda: F.cross_entropy(X, Y, reduction="avg"), ValueError, "reduction must be one of"),
        (lambda: F.cross_entropy(1.0, 0), ValueError, r"input must be \(C\)"),
        (lambda: F.nll_loss(X, Q), TypeError, "target must be class indices"),
        (lambda: F.binary_cross_entropy(P[0], P[0] * 9), ValueError, r"target must be in \[0, 1\]"),
        (
            lambda: F.binary_cross_entropy(P[0], P[0], P[0, 0, :3]),
            ValueError,
            "weight must be of a",
        ),
        (
            lambda: F.binary_cross_entropy_with_logits(X, Y[:, None]),
            TypeError,
            "target must be flo",
        ),
        (lambda: F.kl_div(X, Q[:1]), ValueError, "target must be of input's shape"),
        (lambda: F.ctc_loss(X, [1, 1], 9, 2), ValueError, "input_lengths must be from 0 to 6"),
        (lambda: F.ctc_loss(X, [1, 9], 6, 2), ValueError, "targets must be classes below 4"),
        (lambda: F.ctc_loss(X, [1, 1], 6, 2, blank=4), ValueError, "blank must be below 4"),
        (lambda: F.linear_cross_entropy(X, Q.T, Y), ValueError, "linear_weight must be of shape"),
        (lambda: F.linear_cross_entropy(X, Q, Y, chunk_size=0), ValueError, "chunk_size must be"),
    ],
    ids=range(19),
)
def test_refusals(call, error, match):
    with pytest.raises(error, match=match):
        call()
