"""Closed forms, conventions and invariants of the tensor functions that work by element."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from invariants import assert_invariants, assert_slopes
from oracles import assert_same
from scipy import special

from jaxgrad import functional as F
from jaxgrad import tensor as T

pytestmark = pytest.mark.thinned(8)

INF, NAN = np.inf, np.nan
ONE = {
    "abs": (T.abs, np.abs, (-3, 3)),
    "sign": (T.sign, np.sign, (-3, 3)),
    "sgn": (T.sgn, np.sign, (-3, 3)),
    "angle": (T.angle, np.angle, (-3, 3)),
    "rsqrt": (T.rsqrt, lambda x: 1 / np.sqrt(x), (0.1, 3)),
    "exp2": (T.exp2, np.exp2, (-3, 3)),
    "logit": (T.logit, special.logit, (0.1, 0.9)),
    "logit with eps": (
        lambda x: T.logit(x, 0.2),
        lambda x: special.logit(np.clip(x, 0.2, 0.8)),
        (0.1, 0.9),
    ),
    "lgamma": (T.lgamma, special.gammaln, (0.1, 3)),
    "digamma": (T.digamma, special.digamma, (2, 5)),
    "polygamma": (lambda x: T.polygamma(2, x), lambda x: special.polygamma(2, x), (0.3, 3)),
    "i0": (T.i0, special.i0, (-3, 3)),
    "i1": (T.i1, special.i1, (0.2, 3)),
    "ndtri": (T.ndtri, special.ndtri, (0.6, 0.9)),
    "clamp": (lambda x: T.clamp(x, -1.0, 0.5), lambda x: np.clip(x, -1, 0.5), (-3, 3)),
    "pow 3": (lambda x: T.pow(x, 3), lambda x: x**3, (-3, 3)),
    "pow 0.5": (lambda x: T.pow(x, 0.5), np.sqrt, (0.1, 3)),
    "pow -0.5": (lambda x: T.pow(x, -0.5), lambda x: x**-0.5, (0.1, 3)),
    "pow 2.5": (lambda x: T.pow(x, 2.5), lambda x: x**2.5, (0.1, 3)),
}
"""Function, its closed form, and a range of arguments away from kinks and zeros."""

TWO = {
    "maximum": (T.maximum, np.maximum, (-3, 3)),
    "minimum": (T.minimum, np.minimum, (-3, 3)),
    "fmax": (T.fmax, np.fmax, (-3, 3)),
    "fmin": (T.fmin, np.fmin, (-3, 3)),
    "clamp_min": (T.clamp_min, np.maximum, (-3, 3)),
    "clamp_max": (T.clamp_max, np.minimum, (-3, 3)),
    "copysign": (T.copysign, np.copysign, (-3, 3)),
    "atan2": (T.atan2, np.arctan2, (0.5, 3)),
    "hypot": (T.hypot, np.hypot, (0.5, 3)),
    "pow": (T.pow, np.power, (0.5, 3)),
    "remainder": (T.remainder, lambda x, y: x - y * np.floor(x / y), (0.5, 3)),
    "fmod": (T.fmod, np.fmod, (0.5, 3)),
    "floor_divide": (T.floor_divide, lambda x, y: np.floor(x / y), (0.5, 3)),
    "logaddexp": (T.logaddexp, np.logaddexp, (-3, 3)),
    "logaddexp2": (T.logaddexp2, np.logaddexp2, (0.5, 3)),
    "xlogy": (T.xlogy, special.xlogy, (1.2, 3)),
    "xlog1py": (T.xlog1py, special.xlog1py, (0.5, 3)),
}


def drawn(name, bounds, count=1):
    rng = np.random.default_rng(len(name))
    return rng.uniform(*bounds, size=(count, 4, 3))


@pytest.mark.parametrize("name", [*ONE, *TWO])
@pytest.mark.parametrize("any_dtype", ["float64", "bfloat16"], indirect=True)
def test_closed_forms(name, any_dtype):
    fn, exact, bounds = (ONE | TWO)[name]
    arrays = [jnp.array(x, any_dtype) for x in drawn(name, bounds, 1 if name in ONE else 2)]
    expected = exact(*(np.asarray(a, float) for a in arrays))
    actual = fn(*arrays)
    assert_same(actual, jnp.array(expected, any_dtype))
    assert_same(fn(*(a[:0] for a in arrays)), jnp.zeros((0, 3), any_dtype))


@pytest.mark.thinned(8)
@pytest.mark.parametrize("name", [*ONE, *TWO])
def test_invariants(name, caplog):
    fn, _, bounds = (ONE | TWO)[name]
    arrays = drawn(name, bounds, 1 if name in ONE else 2)
    assert_invariants(fn, caplog, *(jnp.array(a, jnp.float32) for a in arrays))
    with jax.enable_x64(True):
        assert_slopes(fn, *(jnp.array(a, jnp.float64) for a in arrays))


KINKS_OF_ONE = {
    "abs": (T.abs, [0.0, -0.0, -1.0, NAN], [0, 0, -1, 0], [0, 0, 0, 0]),
    "sign": (T.sign, [0.0, NAN], [0, 0], [0, 0]),
    "clamp": (
        lambda x: T.clamp(x, -1.0, 1.0),
        [-2.0, -1.0, 0.0, 1.0, 2.0, INF, NAN],
        [0, 1, 1, 1, 0, 0, 0],
        [0] * 7,
    ),
    "clamp, one bound": (lambda x: T.clamp(x, max=1.0), [1.0, 2.0], [1, 0], [0, 0]),
    "clamp, crossed": (lambda x: T.clamp(x, 1.0, -1.0), [-1.0, 0.0, 1.0], [0, 0, 0], [0, 0, 0]),
    "angle": (T.angle, [0.0, -0.0, -1.0, NAN], [0, 0, 0, 0], [0, 0, 0, 0]),
    "rsqrt": (T.rsqrt, [0.0, -0.0], [-INF, INF], [INF, -INF]),
    "logit": (T.logit, [0.0, 1.0, 1.5, -1.0], [INF, INF, NAN, NAN], [NAN, NAN, 0, 0]),
    "logit with eps": (lambda x: T.logit(x, 0.1), [0.0, 1.0, 0.5], [0, 0, 4], [0, 0, 0]),
    "i0": (T.i0, [0.0], [0], [0.5]),
    "i1": (T.i1, [0.0], [0.5], [0]),
    "lgamma": (T.lgamma, [0.0, -0.0], [-INF, INF], [INF, INF]),
    "digamma": (T.digamma, [0.0, -1.0], [INF, INF], [-INF, -INF]),
    "ndtri": (T.ndtri, [0.0, 1.0], [INF, INF], [-INF, INF]),
    "pow 0": (lambda x: T.pow(x, 0), [0.0, 2.0], [0, 0], [0, 0]),
    "pow 0.0": (lambda x: T.pow(x, 0.0), [0.0, NAN], [0, 0], [0, 0]),
    "pow -1": (lambda x: T.pow(x, -1), [0.0, -0.0], [-INF, -INF], [INF, -INF]),
}


@pytest.mark.parametrize("name", KINKS_OF_ONE)
def test_derivatives_at_kinks(name, dtype):
    fn, points, slopes, curvatures = KINKS_OF_ONE[name]
    x = jnp.array(points, dtype)
    slope = jax.vmap(jax.grad(fn))
    assert_same(slope(x), jnp.array(slopes, dtype))
    assert_same(jax.vmap(jax.grad(jax.grad(fn)))(x), jnp.array(curvatures, dtype))
    forward = jax.jvp(fn, (x,), (jnp.ones_like(x),))[1]
    assert_same(forward, jnp.array(slopes, dtype))


KINKS_OF_TWO = {
    "maximum": (T.maximum, [(1, 1, 0.5, 0.5), (1, NAN, 1, 1), (NAN, 1, 1, 1), (INF, 0, 1, 0)]),
    "minimum": (T.minimum, [(1, 1, 0.5, 0.5), (1, NAN, 1, 1), (NAN, 1, 1, 1), (INF, 0, 0, 1)]),
    "fmax": (T.fmax, [(1, 1, 1, 0), (1, NAN, 1, 0), (NAN, 1, 0, 1), (0.0, -0.0, 1, 0)]),
    "fmin": (T.fmin, [(1, 1, 1, 0), (1, NAN, 1, 0), (NAN, 1, 0, 1), (0.0, -0.0, 1, 0)]),
    "clamp_min": (T.clamp_min, [(1, 1, 1, 0), (0, 1, 0, 1), (NAN, 1, 0, 0), (1, NAN, 0, 0)]),
    "clamp_max": (T.clamp_max, [(1, 1, 1, 0), (2, 1, 0, 1), (NAN, 1, 0, 0), (1, NAN, 0, 0)]),
    "copysign": (T.copysign, [(0, 1, 0, 0), (2, -0.0, -1, 0), (-2, 1, -1, 0)]),
    "atan2": (T.atan2, [(0, 0, 0, 0), (0, -0.0, 0, 0), (0, 1, 1, 0)]),
    "hypot": (T.hypot, [(0, 0, NAN, NAN), (3, 4, 0.6, 0.8)]),
    "pow": (
        T.pow,
        [(0, 0, 0, 0), (0, -1, -INF, -INF), (0, 0.5, INF, 0), (NAN, 0, 0, NAN), (-2, 2, -4, NAN)],
    ),
    "remainder": (T.remainder, [(4, 2, 1, -2), (-1, 3, 1, 1), (INF, 1, 1, NAN)]),
    "fmod": (T.fmod, [(4, 2, 1, -2), (-1, 3, 1, 0)]),
    "floor_divide": (T.floor_divide, [(4, 2, 0, 0), (1, 0, 0, 0)]),
    "logaddexp": (
        T.logaddexp,
        [(1, INF, 0, 1), (-INF, 1, 0, 1), (1, 1, 0.5, 0.5), (-INF, -INF, NAN, NAN)],
    ),
    "logaddexp2": (T.logaddexp2, [(1, INF, 0, 1), (-INF, 1, 0, 1), (1, 1, 0.5, 0.5)]),
    "xlogy": (T.xlogy, [(0, 0, 0, NAN), (0, -1, 0, 0), (0, 1, 0, 0), (1, 0, -INF, INF)]),
    "xlog1py": (T.xlog1py, [(0, -1, 0, NAN), (0, -2, 0, 0), (1, -1, -INF, INF)]),
}


@pytest.mark.parametrize("name", KINKS_OF_TWO)
def test_derivatives_of_two_at_kinks(name, dtype):
    fn, rows = KINKS_OF_TWO[name]
    x, y, by_x, by_y = jnp.array(rows, dtype).T
    assert_same(jax.vmap(jax.grad(fn, (0, 1)))(x, y), (by_x, by_y))


def test_second_derivatives_of_powers():
    with jax.enable_x64(True):
        hessian = jax.hessian(T.pow, (0, 1))
        assert_same(hessian(2.0, 0.0)[0][1], jnp.array(0.5))  # 1/x, where PyTorch has 0
        assert_same(hessian(0.0, 2.0)[1][1], jnp.array(0.0))


def test_a_constant_operand_leaves_forward_mode_alone():
    # log x of a negative base would be NaN, and 0 times NaN too.
    slope = jax.jvp(lambda x: T.pow(x, jnp.array(2.0)), (-3.0,), (1.0,))[1]
    assert_same(slope, jnp.array(-6.0))
    assert_same(jax.jacfwd(lambda x: T.xlogy(x, -1.0))(0.0), jnp.array(0.0))


def test_complex():
    z = jnp.array([0j, 3 + 4j])
    size, pull = jax.vjp(T.abs, z)
    assert_same(size, jnp.array([0.0, 5.0]))
    assert_same(pull(jnp.ones(2))[0], jnp.array([0, 0.6 - 0.8j], jnp.complex64))
    assert_same(T.sgn(z), jnp.array([0, 0.6 + 0.8j], jnp.complex64))
    assert_same(jax.vjp(T.angle, z)[1](jnp.array([1.0, 0.0]))[0], jnp.zeros(2, jnp.complex64))


def test_values_of_their_own():
    assert_same(T.sign(jnp.array([NAN, -0.0])), jnp.zeros(2))
    assert_same(T.angle(jnp.array([-0.0, -1.0])), jnp.array([0, np.pi], jnp.float32))
    assert_same(T.clamp(jnp.array([0.5]), min=jnp.nan), jnp.array([NAN]))
    assert_same(T.clamp(jnp.array([5]), max=3), jnp.array([3]))
    truths, other = jnp.array([True, True, False, False]), jnp.array([True, False, True, False])
    assert_same(T.clamp_min(truths, other), truths | other)
    assert_same(T.clamp_max(truths, other), truths & other)
    assert_same(T.clamp(truths, other, other), other)
    assert_same(T.digamma(jnp.array([0.0, -0.0])), jnp.array([-INF, INF]))
    assert_same(T.polygamma(2, jnp.array([0.0, -1.0])), jnp.array([-INF, -INF]))
    assert_same(T.polygamma(1, jnp.array([INF, -2.0])), jnp.array([0, INF]))
    assert_same(T.polygamma(0, 0.0), jnp.array(-INF))
    assert_same(T.floor_divide(jnp.array([7, -7]), 2), jnp.array([3, -4]))
    assert_same(T.remainder(-7, 3), jnp.array(2))
    assert_same(T.fmod(-7, 3), jnp.array(-1))
    assert_same(T.abs(jnp.array([-3])), jnp.array([3]))
    assert_same(T.sign(True), jnp.array(True))
    assert_same(T.maximum(jnp.array([1, 3]), 2), jnp.array([2, 3]))
    assert_same(T.pow(jnp.array([2, 3]), 2), jnp.array([4, 9]))
    assert_same(T.pow(2, jnp.array([3, 0])), jnp.array([8, 1]))


def test_trigamma_of_negative_numbers():
    with jax.enable_x64(True):
        x = np.array([-0.5, -8.5, -7.8])
        exact = (np.pi / np.sin(np.pi * x)) ** 2 - special.polygamma(1, 1 - x)
        assert_same(T.polygamma(1, jnp.array(x)), jnp.array(exact))
        odd = T.polygamma(2, jnp.array([-8.5, 9.5]))  # symmetric about 1/2 at the half-integers
        assert_same(odd[0], odd[1])


def test_float_power(dtype):
    wide = jnp.float64 if dtype == "float64" else jnp.float32
    assert_same(T.float_power(jnp.array([2, 3]), 2), jnp.array([4, 9], wide))
    assert_same(T.float_power(jnp.ones(1, jnp.bfloat16), 0.3), jnp.ones(1, wide))
    assert_same(jax.grad(T.float_power, (0, 1))(0.0, 0.0), (jnp.zeros(()), jnp.zeros(())))


def test_integers_divided_by_0():
    with pytest.raises(ValueError, match="remainder: other must be an integer other than 0, got 0"):
        T.remainder(jnp.array([1]), 0)
    traced = jax.jit(T.floor_divide)(jnp.array([1, 4]), jnp.array([0, 2]))
    assert_same(traced, jnp.array([-1, 2]))


@pytest.mark.parametrize("kind", ["int8", "int32", "int64", "uint8", "uint64"])
def test_integers_are_converted_to_float32_and_no_less(kind):
    with jax.enable_x64(True):
        most = jnp.iinfo(kind).max
        x = jnp.array([0, 24, 100, most], kind)
        powers = [1, 2**24, 2.0**100, 2.0**most if most <= 127 else INF]
        assert_same(T.exp2(x), jnp.array(powers, jnp.float32), 0)
        for fn in (T.i0, T.lgamma, F.sigmoid, T.rsqrt):
            assert_same(fn(x), fn(x.astype(jnp.float32)), 0)
        for fn in (T.atan2, T.copysign, T.xlogy):
            assert_same(fn(x, x), fn(x.astype(jnp.float32), x.astype(jnp.float32)), 0)
        assert T.atan2(1, 2).dtype == F.sigmoid(3).dtype == jnp.float32
        assert T.atan2(1.0, 2.0).dtype == F.sigmoid(3.0).dtype == jnp.float64


def test_broadcasting_and_promotion():
    with jax.numpy_dtype_promotion("standard"):
        x, y = jnp.ones((2, 1), jnp.bfloat16), jnp.ones((3,), jnp.float16)
        for fn in (T.maximum, T.atan2, T.logaddexp, T.xlogy, T.clamp_min, T.fmod):
            assert fn(x, y).shape == (2, 3) and fn(x, y).dtype == jnp.float32
        assert T.clamp(jnp.ones(2, int), 0.5).dtype == jnp.float32
    assert T.atan2(1, 2).dtype == jnp.float32


def test_powers_of_integers_wrap_around_and_take_every_exponent():
    base, exponent = (x.ravel() for x in np.meshgrid(np.arange(-3, 4), np.arange(70)))
    exact = [pow(int(b), int(e), 2**32) for b, e in zip(base, exponent, strict=True)]
    got = T.pow(jnp.array(base, jnp.int32), jnp.array(exponent, jnp.int32))
    assert np.asarray(got).view(np.uint32).tolist() == exact
    assert T.pow(jnp.array([3], jnp.int32), 100).tolist() == [pow(3, 100, 2**32) - 2**32]
    assert T.pow(jnp.array([2, 1, -1, -1, 0]), jnp.array([-3, -3, -3, -4, -1])).tolist() == [
        *(0, 1, -1, 1, 0)
    ]


def test_roots_at_minus_infinity_and_minus_zero():
    slopes = {-0.5: [-INF, -0.0], 0.5: [-INF, NAN], 1.5: [-0.0, NAN]}  # measured in PyTorch
    for exponent, expected in slopes.items():
        slope = jax.vmap(jax.grad(lambda x, e=exponent: T.pow(x, e)))
        assert_same(slope(jnp.array([-0.0, -INF])), jnp.array(expected))


def test_powers_of_two_are_exact(dtype):
    x = jnp.arange(-126.0, 128.0, dtype=dtype)
    assert T.exp2(x).tolist() == [2.0**n for n in range(-126, 128)]
    ends = jnp.array([-INF, -1e9, 1e9, INF, NAN], dtype)
    assert_same(T.exp2(ends), jnp.array([0, 0, INF, INF, NAN], dtype))


def test_polygamma_at_negative_half_integers():
    exact = {4: -0.00452593028032206071, 6: -0.00245375079166419737}  # by mpmath
    for n, value in exact.items():
        assert_same(T.polygamma(n, jnp.float32(-5.5)), jnp.float32(value))


def test_logit_clamps_from_below_first():
    y, slope = jax.value_and_grad(T.logit)(0.3, 0.6)
    assert_same([y, slope], [jnp.float32(special.logit(0.6)), jnp.float32(0)])
    assert_same(T.logit(2.0, -1.0), jnp.float32(NAN))
    assert_same(jax.grad(T.logit)(NAN, 0.1), jnp.float32(NAN))


def test_sharded(rows):
    x = jax.device_put(jnp.linspace(-2.0, 2.0, 16), rows)
    grad = jax.jit(jax.grad(lambda x: T.clamp(T.abs(x), 0.5, 1.0).sum()))(x)
    assert grad.sharding.is_equivalent_to(rows, 1)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: T.abs("a"), TypeError, "abs: input must be an array, got str 'a'"),
        (lambda: T.abs(jnp.array(True)), TypeError, "abs: input must be an array of numbers"),
        (lambda: T.sign(1j), TypeError, "sign: input must be real, got complex64"),
        (lambda: T.sgn(None), TypeError, "sgn: input must be an array, got NoneType"),
        (lambda: T.angle("a"), TypeError, "angle: input must be an array, got str"),
        (lambda: T.clamp(jnp.ones(2)), TypeError, "clamp: min or max must be given, got None"),
        (lambda: T.clamp_min(jnp.ones(2), None), TypeError, "clamp_min: min must be an array"),
        (lambda: T.clamp_max(jnp.ones(2), None), TypeError, "clamp_max: max must be an array"),
        (lambda: T.clamp(1j, 0), TypeError, "clamp: input must be real, got complex64"),
        (lambda: T.maximum(1j, 0), TypeError, "maximum: input must be real"),
        (
            lambda: T.maximum(jnp.ones(2), jnp.ones(3)),
            ValueError,
            r"maximum: input and other must be of shapes that broadcast, got \(2,\), \(3,\)",
        ),
        (lambda: T.hypot(1, 2), TypeError, "hypot: input must be floating point, got int32"),
        (lambda: T.logaddexp(1, 2), TypeError, "logaddexp: input must be floating point"),
        (lambda: T.pow(2, -1), ValueError, "pow: exponent must be at least 0 for integers, got -1"),
        (lambda: T.pow(2, 10**30), ValueError, "pow: exponent must be a number in range"),
        (lambda: T.fmod(True, True), TypeError, "fmod: input or other must be a number"),
        (lambda: T.logit(0.5, "a"), TypeError, "logit: eps must be an array, got str"),
        (lambda: T.polygamma(-1, 1.0), ValueError, "polygamma: n must be at least 0, got -1"),
        (lambda: T.polygamma(1.5, 1.0), TypeError, "polygamma: n must be a concrete integer"),
    ],
)
def test_refusals(call, error, match):
    with pytest.raises(error, match=match):
        call()
