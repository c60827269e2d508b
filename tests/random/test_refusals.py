"""What the samplers refuse, eagerly, under jit and under checkify."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import checkify

from jaxgrad.random import bernoulli, multinomial, normal, randn, uniform


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

    def test_too_many_categories_for_a_float32_uniform(self):
        with pytest.raises(ValueError, match=r"input must be of at most 2\*\*20 categories"):
            multinomial(jax.random.key(0), jnp.ones(2**20 + 1), 2, replacement=True)

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
        error, _ = jax.jit(checkify.checkify(draw))(jax.random.key(0), bad)
        with pytest.raises(checkify.JaxRuntimeError, match=match):
            error.throw()
