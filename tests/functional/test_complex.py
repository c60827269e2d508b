"""What torch.nn.functional takes of complex numbers, with the gradients of PyTorch's convention."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import assert_same

import jaxgrad.functional as F
import jaxgrad.tensor as T
from jaxgrad.autograd import backward, gradcheck

Z = np.array([[1 + 2j, -0.5j, 3.0], [0.25, -1 - 1j, 2j]])


def softsign(z):
    return z / (1 + np.abs(z))


def normalize(z):
    return z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-12)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("silu", lambda z: z / (1 + np.exp(-z))),
        ("softsign", softsign),
        ("tanhshrink", lambda z: z - np.tanh(z)),
        ("normalize", normalize),
        ("sigmoid", lambda z: 1 / (1 + np.exp(-z))),
        ("rsqrt", lambda z: 1 / np.sqrt(z)),
        ("exp2", lambda z: np.exp(z * np.log(2))),
    ],
)
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_values_and_gradients(name, expected, dtype):
    with jax.enable_x64(dtype == "complex128"):
        fn, z = getattr(F, name, None) or getattr(T, name), jnp.array(Z, dtype)
        rtol = {"complex64": 1e-5, "complex128": 1e-12}[dtype]
        assert_same(fn(z), jnp.array(expected(Z), dtype), rtol)
        assert_same(jax.vmap(jax.jit(fn))(z[:, None])[:, 0], fn(z), rtol)
    assert gradcheck(fn, Z)


def test_zero_vectors_and_zeros():
    _, grads = backward(lambda z: F.normalize(z).real.sum())(jnp.zeros((1, 3), jnp.complex64))
    assert_same(grads, jnp.full((1, 3), 1e12, jnp.complex64), 1e-6)
    _, grads = backward(lambda z: F.softsign(z).real.sum())(jnp.zeros(2, jnp.complex64))
    assert_same(grads, jnp.ones(2, jnp.complex64), 1e-6)


def test_l1_loss():
    x, y = jnp.array(Z, jnp.complex64), jnp.zeros(Z.shape, jnp.complex64)
    loss, grads = backward(F.l1_loss)(x, y)
    assert_same(loss, jnp.float32(np.abs(Z).mean()), 1e-6)
    assert_same(grads, jnp.array(Z / np.abs(Z) / Z.size, jnp.complex64), 1e-6)
    assert float(F.l1_loss(x, x, reduction="sum")) == 0
    assert_same(backward(F.l1_loss)(x, x)[1], jnp.zeros_like(x), 0)
    with pytest.raises(ValueError, match="l1_loss: target must be of input's shape"):
        F.l1_loss(x, y[0])


W = np.array([[2 - 1j, 0.5 + 0.5j, -0.3j], [1j, 0.25, -1 + 2j]])


def triplet(a, b):
    near, far = (np.linalg.norm(x + 1e-6, axis=1) for x in (a - b, a - b * b))
    return np.maximum(near - far + 1, 0).mean()


def running(a, b):
    return np.log(np.cumsum(np.exp(a * b), axis=1))


OF_TWO = {
    "pow": (T.pow, np.power),
    "pow of a real base": (lambda a, b: T.pow(2.5, a * b), lambda a, b: 2.5 ** (a * b)),
    "a square root": (lambda a, b: T.pow(a * b, 0.5), lambda a, b: np.sqrt(a * b)),
    "a whole power": (lambda a, b: T.pow(a * b, -3), lambda a, b: (a * b) ** -3),
    "a scalar": (lambda a, b: T.pow(a, 1 + 2j) * b, lambda a, b: a ** (1 + 2j) * b),
    "logaddexp": (T.logaddexp, lambda a, b: np.log(np.exp(a) + np.exp(b))),
    "logcumsumexp": (lambda a, b: T.logcumsumexp(a * b, 1), running),
    "var": (lambda a, b: T.var(a * b, 1), lambda a, b: np.var(a * b, axis=1, ddof=1)),
    "std": (lambda a, b: T.std(a * b, correction=0), lambda a, b: np.std(a * b)),
    "pairwise_distance": (F.pairwise_distance, lambda a, b: np.linalg.norm(a - b + 1e-6, axis=1)),
    "p = 3": (
        lambda a, b: F.pairwise_distance(a, b, 3, keepdim=True),
        lambda a, b: (np.abs(a - b + 1e-6) ** 3).sum(1, keepdims=True) ** (1 / 3),
    ),
    "triplet_margin_loss": (lambda a, b: F.triplet_margin_loss(a, b, b * b), triplet),
    "with_distance": (
        lambda a, b: F.triplet_margin_with_distance_loss(a, b, b * b),
        triplet,
    ),
    "nuclear": (lambda a, b: T.norm(a * b, "nuc"), lambda a, b: np.linalg.norm(a * b, "nuc")),
}


@pytest.mark.parametrize("name", OF_TWO)
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_functions_of_two(name, dtype):
    ours, expected = OF_TWO[name]
    with jax.enable_x64(dtype == "complex128"):
        a, b = jnp.array(Z, dtype), jnp.array(W, dtype)
        wanted = np.asarray(expected(np.asarray(a, complex), np.asarray(b, complex)))
        kind = dtype if np.iscomplexobj(wanted) else jnp.finfo(dtype).dtype
        assert_same(ours(a, b), jnp.array(wanted, kind), 2e-5 if dtype == "complex64" else 1e-12)
        mapped = jax.vmap(jax.jit(ours))(a[None], b[None])[0]
        assert_same(mapped, ours(a, b), 2e-6 if dtype == "complex64" else 1e-13)
    assert gradcheck(ours, (Z, W))


INF, NAN = np.inf, np.nan
EXTREMES = {
    T.abs: [
        *((complex(INF, NAN), INF), (complex(NAN, -INF), INF), (complex(-INF, 1), INF)),
        *((complex(NAN, 0), NAN), (3e30 + 4e30j, 5e30), (0j, 0)),
    ],
    F.sigmoid: [
        *((1000 + 1j, 1), (-1000 + 1j, 0), (1e30 - 1e30j, 1), (complex(-INF, 1), 0)),
        *((complex(INF, 2), 1), (complex(INF, INF), 1), (complex(NAN, 0), NAN)),
        (-80 + 1j, np.exp(-80 + 1j)),
    ],
    F.silu: [(-1000 + 1j, 0), (1000 + 1j, 1000 + 1j)],
    T.exp2: [
        *((complex(-INF, 1), 0), (complex(-INF, INF), 0), (complex(INF, 0), INF), (10 + 0j, 1024)),
        (complex(0, INF), complex(NAN, NAN)),
    ],
    T.rsqrt: [(-1 + 0j, -1j), (complex(INF, 0), 0), (complex(-INF, 1), 0), (4 + 0j, 0.5)],
    T.pow: [
        *((0j, 2 + 1j, 0), (0j, 0j, 1), (complex(INF, 0), 0j, 1), (complex(INF, 0), -1 + 1j, 0)),
        *((-1 + 0j, 1 + 0j, -1), (0j, 1j, complex(NAN, NAN))),
    ],
    T.logaddexp: [
        *((complex(-INF, 0), 1 + 2j, 1 + 2j), (1 + 2j, complex(-INF, 0), 1 + 2j)),
        *((1000 + 4j, 1000 + 4j, 1000 + np.log(2) + 4j), (complex(INF, 0), 1 + 0j, INF)),
        *((complex(-INF, 0), complex(-INF, 0), -INF), (complex(INF, 0), complex(INF, 0), INF)),
        *((complex(NAN, 0), 1 + 0j, complex(NAN, NAN)), (-1000 + 1j, 1j, 1j)),
    ],
}


@pytest.mark.parametrize("fn", EXTREMES, ids=lambda fn: fn.__name__)
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_extremes(fn, dtype):
    with jax.enable_x64(dtype == "complex128"):
        *arguments, values = zip(*EXTREMES[fn], strict=True)
        arrays = [jnp.array(argument, dtype) for argument in arguments]
        kind = jnp.finfo(dtype).dtype if fn is T.abs else dtype
        for answer in (fn(*arrays), jax.jit(fn)(*arrays)):
            assert_same(answer, jnp.array(values, kind), 1e-6, 1e-37)


@pytest.mark.parametrize("p", [0.5, 1, 2, 3, INF])
def test_norms_with_an_infinite_part(p):
    z = jnp.array([complex(INF, NAN), 1j])
    for norm in (T.vector_norm(z, p), T.norm(z, p), F.pairwise_distance(z, jnp.zeros_like(z), p)):
        assert_same(norm, jnp.array(INF))
    assert np.isnan(T.vector_norm(jnp.array([complex(1, NAN), 1j]), p))


@pytest.mark.nightly
def test_gradients_at_extremes():
    def slope(fn, z):
        _, pull = jax.vjp(lambda z: fn(z), jnp.array(z, jnp.complex64))
        return pull(jnp.ones_like(fn(jnp.array(z, jnp.complex64))))[0]

    far = [-1000 + 1j, 1000 + 1j, complex(-INF, 0), complex(INF, 0)]
    assert_same(slope(F.sigmoid, far), jnp.zeros(4, jnp.complex64))
    assert_same(slope(T.abs, [0j]), jnp.zeros(1, jnp.complex64))
    pair = [complex(-INF, 0), 1 + 0j]
    assert_same(slope(lambda z: T.logaddexp(z[0], z[1]), pair), jnp.array([0, 1], jnp.complex64))
    assert_same(slope(lambda z: T.pow(z, z * 0), [0j]), jnp.zeros(1, jnp.complex64))
    assert_same(slope(lambda z: T.std(z), [1 + 1j, 1 + 1j]), jnp.zeros(2, jnp.complex64))


@pytest.mark.nightly
def test_second_derivatives_at_equal_elements():
    def slopes(fn, z):
        return jax.vjp(lambda z: jax.vjp(fn, z)[1](jnp.array([1, 2j, 3]))[0], z)[1](z)[0]

    z = jnp.array([1, 1, 1.5 + 0j], jnp.complex64)
    expected = slopes(lambda z: jnp.log(jnp.cumsum(jnp.exp(z))), z)
    assert_same(slopes(lambda z: T.logcumsumexp(z, 0), z), expected, 1e-5)


def test_dtypes_with_64_bit_types():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        narrow, whole = jnp.ones(2, jnp.complex64), jnp.ones(2, int)
        assert T.float_power(narrow, 2).dtype == T.float_power(whole, 1j).dtype == "complex128"
        assert T.pow(whole, 1j).dtype == T.pow(narrow, whole).dtype == "complex64"
        assert T.pow(jnp.ones(2, jnp.float64), narrow).dtype == "complex128"
        assert T.norm(narrow[:, None], "nuc", dtype=jnp.float64).dtype == "float64"


def test_nothing():
    empty = jnp.zeros((0, 3), jnp.complex64)
    assert T.logcumsumexp(empty, 0).shape == T.logcumsumexp(empty.T, 1).T.shape == (0, 3)
    assert_same(T.var(empty, 0), jnp.full(3, NAN))
    assert T.norm(empty, "nuc") == 0 and T.pow(empty, 2j).shape == (0, 3)
    assert_same(T.logcumsumexp(jnp.array(2j), 0), jnp.array(2j))


def test_refusals_name_the_parts():
    with pytest.raises(TypeError, match="softplus: input must be .*; take its .real, .imag or"):
        F.softplus(jnp.array(1j))


def test_a_running_logarithm_keeps_its_angle():
    """The exact values, beside a large angle and where real parts round to the same number."""
    z = jnp.array([0.5 + 1e4j, 1 - 2e4j, 1 + 3j], jnp.complex64)
    expected = np.log(np.cumsum(np.exp(np.asarray(z, complex))))
    turns = (np.asarray(T.logcumsumexp(z, 0)) - expected).imag / (2 * np.pi)
    np.testing.assert_allclose(turns, np.round(turns), atol=2e-4)
    np.testing.assert_allclose(T.logcumsumexp(z, 0).real, expected.real, rtol=2e-6)
    tie = T.logcumsumexp(jnp.array([-20 - 11j, 1 - 4j, 1 + 1j], jnp.complex64), 0)[-1]
    assert_same(tie, jnp.array(1.4714321 - 4.6415927j, jnp.complex64), 1e-6)  # from -4, not from 1


def test_equal_infinities_share_the_slope_of_a_running_logarithm():
    def slopes(numbers):
        pull = jax.vjp(lambda x: T.logcumsumexp(x, 0), jnp.array(numbers))[1]
        return pull(jnp.array([1.0, 2.0, 3.0]))[0]

    assert_same(slopes([1.0, INF, INF]), jnp.array([1, 3.5, 1.5]))
    assert_same(slopes([-INF, -INF, 1.0]), jnp.array([2.0, 1, 3]))


def test_the_slope_of_softsign_keeps_its_digits():
    pull = jax.vjp(F.softsign, jnp.array(9992.496 + 0.00073539j, jnp.complex64))[1]
    found = pull(jnp.array(0.625, jnp.complex64))[0]
    assert_same(found.real, jnp.float32(0.625 / (1 + 9992.496) ** 2), 1e-6)
