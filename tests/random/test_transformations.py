"""The same numbers under jit, vmap, scan and sharding; no retracing; gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from oracles import assert_same

from jaxgrad import init
from jaxgrad.random import (
    bernoulli,
    binomial,
    cauchy,
    exponential,
    geometric,
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

pytestmark = pytest.mark.thinned(8)


class TestTransformations:
    SAMPLERS = {
        "rand": lambda key, x: rand(key, (5,), dtype=x.dtype),
        "uniform": lambda key, x: uniform(key, (5,), x[0], x[1]),
        "exponential": lambda key, x: exponential(key, (5,), x[0]),
        "cauchy": lambda key, x: cauchy(key, (5,), x[0], x[1]),
        "randn": lambda key, x: randn(key, (5,)),
        "normal": lambda key, x: normal(key, x, x + 1),
        "log_normal": lambda key, x: log_normal(key, (5,), x[0], x[1]),
        "bernoulli": lambda key, x: bernoulli(key, x),
        "geometric": lambda key, x: geometric(key, (5,), x[0]),
        "randint": lambda key, x: randint(key, -5, 1000, (5,)),
        "poisson": lambda key, x: poisson(key, x * x * 40),
        "binomial": lambda key, x: binomial(key, jnp.round(x * 100), x),
        "multinomial": lambda key, x: multinomial(key, x + 1, 3),
        "replacement": lambda key, x: multinomial(key, x + 1, 3, replacement=True),
        "randperm": lambda key, x: randperm(key, 1100)[:50],
    }
    SHARDED = {
        "normal": lambda key, x: normal(key, x, x),
        "bernoulli": bernoulli,
        "poisson": lambda key, x: poisson(key, x * 20),
        "binomial": lambda key, x: binomial(key, jnp.round(x * 100), x),
        "multinomial": lambda key, x: multinomial(key, x, 2),
        "replacement": lambda key, x: multinomial(key, x, 2, replacement=True),
        "one draw": lambda key, x: multinomial(key, x, 1),
        "normal of one": lambda key, x: normal(key, x, 2.0),
        "bernoulli, larger": lambda key, x: bernoulli(key, x, (3, 16, 4)),
        "bernoulli of bool": lambda key, x: bernoulli(key, x, dtype=bool),
        "binomial of prob": lambda key, x: binomial(key, jnp.full(x.shape, 90.0), x),
        "binomial of count": lambda key, x: binomial(key, jnp.round(x * 100), jnp.full(4, 0.3)),
    }
    X = np.array([0.1, 0.5, 0.9, 0.2, 0.7])

    @pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)
    def test_jit_is_eager(self, sampler, dtype):
        x = jnp.array(self.X, dtype)
        eager = sampler(jax.random.key(0), x)
        assert_same(jax.jit(sampler)(jax.random.key(0), x), eager)

    @pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)
    def test_vmap_is_a_loop(self, sampler):
        xs = jnp.tile(jnp.array(self.X, jnp.float32), (3, 1))
        together = jax.vmap(sampler)(jax.random.split(jax.random.key(0), 3), xs)
        keys = jax.random.split(jax.random.key(0), 3)
        loop = [sampler(key, x) for key, x in zip(keys, xs, strict=True)]
        assert_same(together, jnp.stack(loop))

    @pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)
    def test_scan(self, sampler):
        x = jnp.array(self.X, jnp.float32)
        keys = jax.random.split(jax.random.key(0), 3)
        _, drawn = jax.lax.scan(lambda carry, key: (carry, sampler(key, x)), None, keys)
        loop = [sampler(key, x) for key in jax.random.split(jax.random.key(0), 3)]
        assert_same(drawn, jnp.stack(loop))

    @pytest.mark.parametrize("name", SHARDED)
    def test_sharded_arrays(self, name, rows):
        x = jnp.linspace(0.1, 0.9, 64).reshape(16, 4)
        draw = self.SHARDED[name]
        sharded = jax.device_put(x, rows)
        assert_same(draw(jax.random.key(0), sharded), draw(jax.random.key(0), x))

    @pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["eager", "jit"])
    @pytest.mark.parametrize("spec", [("x",), ("x", "y"), (None, "y")], ids=str)
    @pytest.mark.parametrize("kind", [AxisType.Explicit, AxisType.Auto], ids=str)
    @pytest.mark.parametrize("name", SHARDED)
    def test_under_a_mesh(self, name, kind, spec, transform):
        x = jnp.linspace(0.1, 0.9, 64).reshape(16, 4)
        expected = self.SHARDED[name](jax.random.key(0), x)
        mesh = jax.make_mesh((4, 2), ("x", "y"), axis_types=(kind, kind))
        with jax.set_mesh(mesh):
            sharded = jax.device_put(x, NamedSharding(mesh, PartitionSpec(*spec)))
            drawn = transform(self.SHARDED[name])(jax.random.key(0), sharded)
        assert_same(drawn, expected)

    @pytest.mark.parametrize("kind", [AxisType.Explicit, AxisType.Auto], ids=str)
    @pytest.mark.parametrize("replacement", [False, True])
    def test_weights_of_one_row_under_a_mesh(self, replacement, kind):
        x = jnp.linspace(0.1, 0.9, 64)
        expected = multinomial(jax.random.key(0), x, 5, replacement)
        mesh = jax.make_mesh((8,), ("x",), axis_types=(kind,))
        with jax.set_mesh(mesh):
            sharded = jax.device_put(x, NamedSharding(mesh, PartitionSpec("x")))
            assert_same(multinomial(jax.random.key(0), sharded, 5, replacement), expected)

    @pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)
    def test_a_second_call_compiles_nothing(self, sampler, caplog):
        x = jnp.array(self.X, jnp.float32)
        sampler(jax.random.key(0), x)
        with jax.log_compiles():
            caplog.clear()
            sampler(jax.random.key(1), x)
        assert not [r for r in caplog.records if "Compiling" in r.getMessage()]

    def test_gradients_of_normal(self, dtype):
        mean, std = jnp.zeros(3, dtype), jnp.full(3, 2.0, dtype)

        def total(mean, std):
            samples = normal(jax.random.key(0), mean, std)
            return samples.sum(), samples

        (d_mean, d_std), samples = jax.grad(total, (0, 1), has_aux=True)(mean, std)
        assert_same(d_mean, jnp.ones(3, dtype))
        assert_same(d_std, samples / 2)
        forward = jax.jacfwd(lambda std: normal(jax.random.key(0), mean, std))(std)
        assert_same(forward, jnp.diag(samples / 2))

    def test_gradients_of_uniform(self, any_dtype):
        def draw(a, b):
            return uniform(jax.random.key(0), 3, a, b, dtype=any_dtype)

        u = draw(0, 1)
        ends = jnp.zeros((), any_dtype), jnp.ones((), any_dtype)
        assert_same(jax.jacrev(draw, (0, 1))(*ends), (1 - u, u))

    def test_no_gradient_reaches_the_weights(self):
        d_p = jax.grad(lambda p: bernoulli(jax.random.key(0), p).sum())(jnp.array([0.2, 0.8]))
        assert_same(d_p, jnp.zeros(2))

        def chosen(w):
            return (w[multinomial(jax.random.key(0), w, 1)] * 0 + 1).sum()

        assert_same(jax.grad(chosen)(jnp.array([1.0, 2.0])), jnp.zeros(2))

    def test_gradients_of_exponential(self, dtype):
        def draw(rate):
            return exponential(jax.random.key(0), 5, rate)

        rate = jnp.array(0.5, dtype)
        assert_same(jax.jacrev(draw)(rate), -draw(rate) / rate)
        assert_same(jax.jacfwd(draw)(rate), -draw(rate) / rate)

    def test_gradients_of_cauchy(self, dtype):
        def draw(median, sigma):
            return cauchy(jax.random.key(0), 5, median, sigma)

        ends = jnp.array(0.5, dtype), jnp.array(2.0, dtype)
        expected = jnp.ones(5, dtype), draw(jnp.zeros((), dtype), jnp.ones((), dtype))
        assert_same(jax.jacrev(draw, (0, 1))(*ends), expected)

    def test_gradients_of_log_normal(self, dtype):
        def draw(mean, std):
            return log_normal(jax.random.key(0), 5, mean, std)

        samples = draw(0.5, 2.0)
        expected = samples, samples * randn(jax.random.key(0), 5)
        ends = jnp.array(0.5, dtype), jnp.array(2.0, dtype)
        assert_same(jax.jacrev(draw, (0, 1))(*ends), expected)

    @pytest.mark.parametrize("name", ["geometric", "poisson", "binomial"])
    def test_no_gradient_reaches_the_parameters(self, name):
        def total(x):
            return self.SAMPLERS[name](jax.random.key(0), x).sum()

        x = jnp.array(self.X, jnp.float32)
        assert_same(jax.grad(total)(x), jnp.zeros(5))
        assert_same(jax.jacfwd(total)(x), jnp.zeros(5))


CONSTANTS = {
    "normal": lambda key: normal(key, 0.3, 0.7, (3000,)),
    "log_normal": lambda key: log_normal(key, 3000, 0.3, 0.7),
    "exponential": lambda key: exponential(key, 3000, 0.37),
    "cauchy": lambda key: cauchy(key, 3000, 0.3, 0.7),
    "uniform": lambda key: uniform(key, 3000, -0.3, 0.7),
    "trunc_normal": lambda key: init.trunc_normal(key, (3000,), mean=0.1, std=0.3),
    "kaiming_normal": lambda key: init.kaiming_normal(key, (64, 64)),
    "kaiming_uniform": lambda key: init.kaiming_uniform(key, (64, 64)),
}


@pytest.mark.parametrize("sampler", CONSTANTS.values(), ids=CONSTANTS)
def test_constants_under_jit_change_no_bit(sampler):
    eager = sampler(jax.random.key(0))
    assert_same(jax.jit(sampler)(jax.random.key(0)), eager, rtol=0)
    keys = jax.random.split(jax.random.key(1), 2)
    loop = jnp.stack([sampler(key) for key in jax.random.split(jax.random.key(1), 2)])
    assert_same(jax.jit(jax.vmap(sampler))(keys), loop, rtol=0)
