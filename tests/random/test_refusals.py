"""What the samplers refuse, eagerly, under jit and under checkify."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import checkify

import jaxgrad
from jaxgrad.random import (
    bernoulli,
    binomial,
    cauchy,
    exponential,
    geometric,
    key,
    log_normal,
    multinomial,
    normal,
    poisson,
    rand,
    randint,
    randn,
    randperm,
    uniform,
)


@pytest.mark.parametrize("sampler", [bernoulli, normal, poisson, binomial])
def test_no_parameters_are_no_wrong_ones_under_jit(sampler):
    parameters = (jnp.zeros((0, 3)),) * (1 + (sampler in (normal, binomial)))
    assert jax.jit(sampler)(jax.random.key(0), *parameters).shape == (0, 3)


@pytest.mark.parametrize("replacement", [False, True])
def test_no_rows_under_jit(replacement):
    draw = jax.jit(lambda key, weights: multinomial(key, weights, 2, replacement=replacement))
    assert draw(jax.random.key(0), jnp.zeros((0, 3))).shape == (0, 2)


class TestRefusals:
    @pytest.mark.parametrize("sampler", ["uniform", "randn", "normal", "bernoulli", "multinomial"])
    @pytest.mark.parametrize(
        ("key", "error", "match"),
        [
            (0, TypeError, "key must be a typed key, got int 0; make one with jax.random.key"),
            (np.zeros(2, np.uint32), TypeError, "key must be a typed key, got ndarray"),
            (
                jax.random.split(jax.random.key(0)),
                ValueError,
                r"key must be a single key, got shape \(2,\)",
            ),
        ],
        ids=["seed", "legacy", "batch"],
    )
    def test_keys(self, sampler, key, error, match):
        call = {
            "uniform": lambda: uniform(key, 3),
            "randn": lambda: randn(key, 3),
            "normal": lambda: normal(key, 0.0, 1.0),
            "bernoulli": lambda: bernoulli(key, 0.5),
            "multinomial": lambda: multinomial(key, jnp.ones(2), 1),
        }[sampler]
        with pytest.raises(error, match=f"{sampler}: {match}"):
            call()

    @pytest.mark.parametrize("shape", [-1, (2, -1), 1.5, "3", None, (2, None), 2**70, (2**20,) * 3])
    @pytest.mark.parametrize("sampler", [uniform, randn])
    def test_shapes(self, sampler, shape):
        with pytest.raises((TypeError, ValueError), match=f"{sampler.__name__}: shape must be"):
            sampler(jax.random.key(0), shape)

    @pytest.mark.parametrize("dtype", [jnp.int32, complex, bool, "float", object()])
    @pytest.mark.parametrize("sampler", [uniform, randn])
    def test_dtypes(self, sampler, dtype):
        if dtype == "float":
            dtype = "floating"
        with pytest.raises(TypeError, match=f"{sampler.__name__}: dtype must be a floating point"):
            sampler(jax.random.key(0), 3, dtype=dtype)

    @pytest.mark.parametrize(
        ("a", "b"),
        [(2, 1), (np.nan, 1), (0, np.nan), (0, np.inf), (-np.inf, 0), (-3e38, 3e38), (0, 1e39)],
    )
    def test_uniform(self, a, b):
        with pytest.raises(ValueError, match=r"uniform: \[a, b\) must be a finite range"):
            uniform(jax.random.key(0), 3, a, b)
        with np.errstate(over="ignore"):
            a, b = np.float32(a), np.float32(b)
        samples = jax.jit(lambda a, b: uniform(jax.random.key(0), 3, a, b))(a, b)
        assert np.isnan(samples).all()

    @pytest.mark.parametrize("p", [-0.1, 1.0000001, np.nan, np.inf])
    def test_bernoulli(self, p):
        p = jnp.array([0.5, p])
        with pytest.raises(ValueError, match=r"bernoulli: input must be in \[0, 1\] everywhere"):
            bernoulli(jax.random.key(0), p)
        assert np.isnan(jax.jit(bernoulli)(jax.random.key(0), p)[1])

    @pytest.mark.parametrize("p", [0, True, 1j, [0, 1]])
    def test_bernoulli_dtypes(self, p):
        with pytest.raises(TypeError, match="bernoulli: input must be floating point"):
            bernoulli(jax.random.key(0), jnp.array(p))

    @pytest.mark.parametrize("std", [-1.0, np.nan])
    def test_normal(self, std):
        std = jnp.array([1.0, std])
        with pytest.raises(ValueError, match="normal: std must be at least 0 everywhere"):
            normal(jax.random.key(0), 0.0, std)
        samples = jax.jit(lambda std: normal(jax.random.key(0), 0.0, std))(std)
        assert np.isnan(samples).tolist() == [False, True]

    @pytest.mark.parametrize(
        ("arguments", "error", "match"),
        [
            ((jnp.zeros(3), jnp.ones(4)), ValueError, "std must be of a shape that broadcasts"),
            ((jnp.zeros(3), 1.0, (2,)), ValueError, "shape must be a shape to which mean and std"),
            ((jnp.zeros(3), 1.0, ()), ValueError, "shape must be a shape to which mean and std"),
            ((jnp.arange(3), jnp.ones(3)), TypeError, "mean must be floating point, got int32"),
            ((0.5, jnp.arange(3)), TypeError, "std must be floating point, got int32"),
            ((jnp.zeros(3, complex), 1.0), TypeError, "mean must be floating point, got complex64"),
            ((jnp.zeros(3), 1j), TypeError, "std must be real"),
            ((None, 1.0), TypeError, "mean must be an array, got NoneType None"),
            (("a", 1.0), TypeError, "mean must be an array, got str 'a'"),
        ],
    )
    def test_normal_forms(self, arguments, error, match):
        with pytest.raises(error, match=f"normal: {match}"):
            normal(jax.random.key(0), *arguments)

    @pytest.mark.parametrize("replacement", [True, False])
    @pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
    def test_multinomial_weights(self, bad, replacement):
        weights = jnp.array([[1.0, 1.0], [1.0, bad]])
        with pytest.raises(ValueError, match="input must be finite and at least 0 everywhere"):
            multinomial(jax.random.key(0), weights, 1, replacement)
        draws = jax.jit(lambda w: multinomial(jax.random.key(0), w, 1, replacement))(weights)
        assert draws[0, 0] >= 0 and draws[1, 0] == -1

    def test_multinomial_support(self):
        rows = jnp.array([[1.0, 1.0, 1.0], [0.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
        with pytest.raises(ValueError, match="positive in at least 3 of each row's weights, got 2"):
            multinomial(jax.random.key(0), rows[:2], 3)
        with pytest.raises(ValueError, match="positive in at least 1 of each row's weights, got 0"):
            multinomial(jax.random.key(0), rows, 5, replacement=True)
        draws = jax.jit(lambda w: multinomial(jax.random.key(0), w, 2))(rows)
        assert (draws[:2] >= 0).all() and (draws[2] == -1).all()

    @pytest.mark.parametrize(
        ("weights", "n", "error", "match"),
        [
            (jnp.ones(2), 0, ValueError, "num_samples must be at least 1, got 0"),
            (jnp.ones(2), -1, ValueError, "num_samples must be at least 1, got -1"),
            (jnp.ones(2), 1.0, TypeError, "num_samples must be a concrete integer, got float"),
            (jnp.ones(2), True, TypeError, "num_samples must be a concrete integer, got bool"),
            (jnp.ones(2), 3, ValueError, "at most the 2 categories without replacement, got 3"),
            (jnp.arange(2), 1, TypeError, "input must be floating point, got int32"),
            (jnp.array(1.0), 1, ValueError, r"input must be \(categories,\) or"),
            (jnp.ones((1, 1, 2)), 1, ValueError, r"input must be \(categories,\) or"),
            (jnp.ones(0), 1, ValueError, "with at least one category"),
            (jnp.ones((0, 0)), 1, ValueError, "with at least one category"),
            (None, 1, TypeError, "input must be an array, got NoneType None"),
        ],
    )
    def test_multinomial_forms(self, weights, n, error, match):
        with pytest.raises(error, match=f"multinomial: .*{match}"):
            multinomial(jax.random.key(0), weights, n)

    @pytest.mark.parametrize("replacement", ["False", 1, None, [0]])
    def test_replacement_is_a_truth_value(self, replacement):
        with pytest.raises(TypeError, match="multinomial: replacement must be True or False"):
            multinomial(jax.random.key(0), jnp.ones(3), 2, replacement)

    def test_a_key_is_no_mean(self):
        with pytest.raises(TypeError, match="normal: mean must be an array of numbers"):
            normal(jax.random.key(0), jax.random.key(1), 1.0)

    def test_values_are_named_under_grad(self):
        with pytest.raises(ValueError, match="got 2.0 to 2.0"):
            jax.grad(lambda p: bernoulli(jax.random.key(0), p).sum())(jnp.array([2.0]))

    def test_a_traced_number_of_samples_is_told_what_to_do(self):
        with pytest.raises(TypeError, match="under jit make it static: static_argnames='num_sampl"):
            jax.jit(multinomial)(jax.random.key(0), jnp.ones(3), 2)

    @pytest.mark.parametrize(
        ("draw", "bad", "match"),
        [
            (bernoulli, jnp.array([2.0]), r"bernoulli: input must be in \[0, 1\]"),
            (lambda k, x: normal(k, 0.0, x), jnp.array([-1.0]), "normal: std must be at least 0"),
            (lambda k, x: uniform(k, 2, x, 0.0), jnp.array(1.0), "uniform: .* finite range"),
            (lambda k, x: multinomial(k, x, 1), jnp.array([-1.0]), "multinomial: input must be"),
        ],
        ids=["bernoulli", "normal", "uniform", "multinomial"],
    )
    def test_checkify_makes_them_real_under_jit(self, draw, bad, match):
        error, _ = jax.jit(jaxgrad.checkify(draw))(jax.random.key(0), bad)
        with pytest.raises(checkify.JaxRuntimeError, match=match):
            error.throw()


K = jax.random.key
FILLED = {
    "exponential": (lambda k, x: exponential(k, 3, x), [0.0, -1.0, np.nan, -np.inf]),
    "cauchy": (lambda k, x: cauchy(k, 3, 0.0, x), [0.0, -1.0, np.nan, np.inf]),
    "cauchy ": (lambda k, x: cauchy(k, 3, x), [-np.inf, np.nan, np.inf]),
    "log_normal": (lambda k, x: log_normal(k, 3, 0.0, x), [0.0, -1.0, np.nan, np.inf]),
    "log_normal ": (lambda k, x: log_normal(k, 3, x), [-np.inf, np.nan, np.inf]),
    "geometric": (lambda k, x: geometric(k, 3, x), [0.0, 1.0, -0.5, 1.5, np.nan]),
    "poisson": (lambda k, x: poisson(k, x), [-1.0, np.nan, np.inf]),
    "binomial": (lambda k, x: binomial(k, x, jnp.array(0.5)), [-1.0, 1.5, np.nan, np.inf]),
    "binomial ": (lambda k, x: binomial(k, jnp.array(9.0), x), [-0.1, 1.1, np.nan]),
}


class TestValues:
    @pytest.mark.thinned(8)
    @pytest.mark.parametrize("name", FILLED)
    def test_refused_poisoned_and_checked(self, name):
        draw, values = FILLED[name]
        jitted, checked = jax.jit(draw), jax.jit(jaxgrad.checkify(draw))
        for value in values:
            x = jnp.array(value, jnp.float32)
            with pytest.raises(ValueError, match=f"{name.strip()}: .*must be"):
                draw(K(0), x)
            assert np.isnan(jitted(K(0), x)).all()
            error, _ = checked(K(0), x)
            with pytest.raises(checkify.JaxRuntimeError, match=name.strip()):
                error.throw()
        error, samples = checked(K(0), jnp.array(1.0 if name != "geometric" else 0.5))
        error.throw()
        assert np.isfinite(samples).all()

    @pytest.mark.parametrize("kind", ["int8", "int32", "uint8", "float16"])
    def test_wrong_probabilities_in_integers(self, kind):
        def draw(p):
            return geometric(K(0), 2, p, dtype=kind), bernoulli(K(1), p, 2, dtype=kind)

        for samples in jax.jit(draw)(jnp.array(1.5)):
            poison = np.nan if kind == "float16" else np.iinfo(kind).min
            assert np.array_equal(samples, np.full(2, poison, kind), equal_nan=kind == "float16")
        assert not jax.jit(lambda p: bernoulli(K(1), p, dtype=bool))(jnp.array(np.nan))


class TestForms:
    @pytest.mark.parametrize(
        ("call", "error", "match"),
        [
            (lambda: key(1.5), TypeError, "key: seed must be a concrete integer"),
            (lambda: key(True), TypeError, "key: seed must be a concrete integer"),
            (lambda: key(2**63), ValueError, r"key: seed must be below 2\*\*63"),
            (lambda: key(-(2**63) - 1), ValueError, "key: seed must be at least"),
            (lambda: key(jnp.arange(2)), ValueError, "key: seed must be a single integer"),
            (lambda: key(jnp.ones(())), TypeError, "key: seed must be an integer, got float32"),
            (lambda: rand(K(0), -1), ValueError, "rand: shape must be at least 0"),
            (lambda: rand(K(0), 3, dtype=int), TypeError, "rand: dtype must be a floating point"),
            (lambda: exponential(K(0), 3, [1.0]), TypeError, "exponential: lambd must be a real"),
            (lambda: cauchy(K(0), 3, 1j), TypeError, "cauchy: median must be a real scalar"),
            (lambda: geometric(K(0), 3, 0.5, dtype=bool), TypeError, "geometric: dtype must be"),
            (lambda: geometric(K(0), 3, 0.5, dtype=complex), TypeError, "geometric: dtype must be"),
            (lambda: bernoulli(K(0), 0.5, dtype=complex), TypeError, "bernoulli: dtype must be"),
            (lambda: bernoulli(K(0), jnp.ones(3), 2), ValueError, "bernoulli: shape must be a sh"),
            (lambda: randint(K(0), 3, 3), ValueError, "randint: high must be above low = 3, got 3"),
            (lambda: randint(K(0), 0), ValueError, "randint: high must be above low = 0, got 0"),
            (lambda: randint(K(0), 1.5), TypeError, "randint: low must be a concrete integer"),
            (
                lambda: randint(K(0), 0, 2**31 + 1),
                ValueError,
                r"\[low, high\) must be a range that",
            ),
            (lambda: randint(K(0), 0, 257, dtype="uint8"), ValueError, "range that uint8 holds"),
            (lambda: randint(K(0), -1, 5, dtype="uint8"), ValueError, "range that uint8 holds"),
            (lambda: randint(K(0), 0, 3, dtype=bool), ValueError, "range that bool holds, 0 to 1"),
            (lambda: randint(K(0), 0, 2050, dtype="float16"), ValueError, "range that float16"),
            (lambda: randint(K(0), 5, dtype=complex), TypeError, "randint: dtype must be a real"),
            (lambda: randperm(K(0), -1), ValueError, "randperm: n must be at least 0"),
            (lambda: randperm(K(0), 2**31), ValueError, r"randperm: n must be below 2\*\*31"),
            (lambda: randperm(K(0), 1.0), TypeError, "randperm: n must be a concrete integer"),
            (lambda: poisson(K(0), 3), TypeError, "poisson: input must be floating point"),
            (lambda: binomial(K(0), 9, 0.5), TypeError, "binomial: count must be floating point"),
            (lambda: binomial(K(0), 9.0, 1), TypeError, "binomial: prob must be floating point"),
            (
                lambda: binomial(K(0), jnp.ones(2), jnp.ones(3)),
                ValueError,
                "binomial: prob must be of a shape that broadcasts",
            ),
            (
                lambda: binomial(K(0), jnp.ones(2), jnp.ones(2, jnp.float16)),
                TypeError,
                "binomial: prob must be of count's dtype float32, got float16",
            ),
        ],
    )
    def test_at_trace_time(self, call, error, match):
        with pytest.raises(error, match=match):
            call()
