"""Keys: JAX's own bits, in every sampler of JAX, width, shape, transformation and placement."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.errors import KeyReuseError
from oracles import assert_same

from jaxgrad import random
from jaxgrad.random import keys
from jaxgrad.random.keys import IMPLEMENTATION

pytestmark = pytest.mark.thinned(8)

SHAPES = [(), (7,), (2, 3, 5), (4, 0), (1025,)]
SEEDS = [0, 1, -1, 2**31, 2**32 + 5, 2**63 - 1, -(2**63)]

JAX = {
    "ball": lambda key: jax.random.ball(key, 3, shape=(5,)),
    "bernoulli": lambda key: jax.random.bernoulli(key, 0.3, (5,)),
    "beta": lambda key: jax.random.beta(key, 2.0, 3.0, (5,)),
    "binomial": lambda key: jax.random.binomial(key, 20.0, 0.3, (5,)),
    "bits": lambda key: jax.random.bits(key, (5,)),
    "categorical": lambda key: jax.random.categorical(key, jnp.zeros(5), shape=(7,)),
    "cauchy": lambda key: jax.random.cauchy(key, (5,)),
    "chisquare": lambda key: jax.random.chisquare(key, 3.0, shape=(5,)),
    "choice": lambda key: jax.random.choice(key, 9, (5,), replace=False),
    "dirichlet": lambda key: jax.random.dirichlet(key, jnp.ones(4), (5,)),
    "double_sided_maxwell": lambda key: jax.random.double_sided_maxwell(key, 0.0, 1.0, (5,)),
    "exponential": lambda key: jax.random.exponential(key, (5,)),
    "f": lambda key: jax.random.f(key, 3.0, 4.0, shape=(5,)),
    "gamma": lambda key: jax.random.gamma(key, 0.5, (5,)),
    "generalized_normal": lambda key: jax.random.generalized_normal(key, 1.5, (5,)),
    "geometric": lambda key: jax.random.geometric(key, 0.3, (5,)),
    "gumbel": lambda key: jax.random.gumbel(key, (5,)),
    "laplace": lambda key: jax.random.laplace(key, (5,)),
    "loggamma": lambda key: jax.random.loggamma(key, 0.5, (5,)),
    "logistic": lambda key: jax.random.logistic(key, (5,)),
    "lognormal": lambda key: jax.random.lognormal(key, shape=(5,)),
    "maxwell": lambda key: jax.random.maxwell(key, (5,)),
    "multinomial": lambda key: jax.random.multinomial(key, jnp.array(20.0), jnp.full(4, 0.25)),
    "multivariate_normal": lambda key: jax.random.multivariate_normal(
        key, jnp.zeros(3), jnp.eye(3), (5,)
    ),
    "normal": lambda key: jax.random.normal(key, (5,)),
    "orthogonal": lambda key: jax.random.orthogonal(key, 3),
    "pareto": lambda key: jax.random.pareto(key, 2.0, (5,)),
    "permutation": lambda key: jax.random.permutation(key, 9),
    "rademacher": lambda key: jax.random.rademacher(key, (5,)),
    "randint": lambda key: jax.random.randint(key, (5,), 0, 1000),
    "rayleigh": lambda key: jax.random.rayleigh(key, 2.0, (5,)),
    "t": lambda key: jax.random.t(key, 3.0, (5,)),
    "triangular": lambda key: jax.random.triangular(key, 0.0, 0.5, 1.0, (5,)),
    "truncated_normal": lambda key: jax.random.truncated_normal(key, -1.0, 1.0, (5,)),
    "uniform": lambda key: jax.random.uniform(key, (5,)),
    "wald": lambda key: jax.random.wald(key, 2.0, (5,)),
    "weibull_min": lambda key: jax.random.weibull_min(key, 2.0, 3.0, (5,)),
}
NO_SAMPLERS = {"PRNGKey", "clone", "fold_in", "key", "key_data", "key_dtype", "key_impl", "split"}
NO_SAMPLERS |= {"poisson", "random_gamma_p", "wrap_key_data"}

OURS = {
    "rand": lambda key: random.rand(key, 5),
    "uniform": lambda key: random.uniform(key, 5, -1.0, 2.0),
    "exponential": lambda key: random.exponential(key, 5),
    "cauchy": lambda key: random.cauchy(key, 5),
    "randn": lambda key: random.randn(key, 5),
    "normal": lambda key: random.normal(key, jnp.zeros(5), 1.0),
    "log_normal": lambda key: random.log_normal(key, 5),
    "bernoulli": lambda key: random.bernoulli(key, jnp.full(5, 0.5)),
    "geometric": lambda key: random.geometric(key, 5, 0.01),
    "randint": lambda key: random.randint(key, 1000, shape=5),
    "poisson": lambda key: random.poisson(key, jnp.array([3.0, 300.0])),
    "binomial": lambda key: random.binomial(key, jnp.array([9.0, 900.0]), 0.5),
    "multinomial": lambda key: random.multinomial(key, jnp.ones(9), 3),
    "multinomial with": lambda key: random.multinomial(key, jnp.ones(9), 3, replacement=True),
    "randperm": lambda key: random.randperm(key, 9),
    "randperm beyond": lambda key: random.randperm(key, 1500),
}


@pytest.fixture(params=[True, False], ids=["partitionable", "original"])
def partitionable(request):
    with jax.threefry_partitionable(request.param):
        yield


def data(key):
    return jax.random.key_data(key)


def pair(seed=0):
    """The same key of both implementations."""
    return random.key(seed), jax.random.key(seed)


def test_all_names_are_covered():
    assert {name for name in dir(jax.random) if name[0] != "_"} == set(JAX) | NO_SAMPLERS
    assert {name.split()[0] for name in OURS} | {"key"} == set(random.__all__)


@pytest.mark.parametrize("make", [int, np.int64, np.array], ids=["int", "int64", "array"])
@pytest.mark.parametrize("seed", SEEDS)
def test_seeds(seed, make, dtype):
    with jax.enable_x64(True):
        theirs = data(jax.random.key(seed))
    assert_same(data(random.key(make(seed))), theirs)
    assert_same(data(jax.jit(lambda: random.key(make(seed)))()), theirs)


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1, 2**31, 2**32 - 1])
def test_seeds_of_which_jax_drops_nothing(seed, dtype):
    ours, theirs = pair(seed)
    assert_same(data(ours), data(theirs))


def test_different_seeds_have_different_keys(dtype):
    seeds = [n + 2**32 * m for n in (-1, 0, 1, 2**31) for m in (-(2**31) + 1, -1, 0, 1, 2**31 - 2)]
    pairs = {tuple(np.asarray(data(random.key(seed))).tolist()) for seed in seeds}
    assert len(pairs) == len(seeds)
    assert not np.array_equal(data(random.key(1)), data(random.key(2**32 + 1)))
    big = np.uint64(2**64 - 1), np.uint64(2**32 - 1)
    assert [data(random.key(seed)).tolist() for seed in big] == [[2**32 - 1] * 2, [0, 2**32 - 1]]


@pytest.mark.parametrize("kind", ["int8", "uint8", "int32", "uint32", "int64", "uint64"])
def test_array_seeds(kind, dtype):
    if "64" in kind and dtype == "float32":
        pytest.skip("64-bit integers need 64-bit types")
    seed = jnp.array(jnp.iinfo(kind).max, kind)
    assert_same(data(random.key(seed)), data(jax.random.key(seed)))
    seeds = jnp.arange(5).astype(kind)
    assert_same(data(jax.vmap(random.key)(seeds)), data(jax.vmap(jax.random.key)(seeds)))
    assert_same(data(jax.jit(random.key)(seed)), data(jax.random.key(seed)))


@pytest.mark.slow
@pytest.mark.parametrize("name", JAX)
def test_every_sampler_of_jax(name):
    ours, theirs = pair(3)
    with jax.debug_key_reuse(False):  # which makes the tracing of JAX's samplers much slower
        assert_same(JAX[name](ours), JAX[name](theirs), rtol=0)


@pytest.mark.usefixtures("partitionable")
class TestBits:
    @pytest.mark.parametrize("shape", SHAPES, ids=str)
    def test_widths_and_shapes(self, shape):
        with jax.enable_x64(True):
            for width in (8, 16, 32, 64):
                ours, theirs = pair(width)
                kind = f"uint{width}"
                assert_same(
                    jax.random.bits(ours, shape, kind), jax.random.bits(theirs, shape, kind)
                )

    @pytest.mark.parametrize("kind", ["float16", "bfloat16", "float32", "float64"])
    def test_float_dtypes(self, kind):
        with jax.enable_x64(True):
            for sampler in (jax.random.uniform, jax.random.normal):
                ours, theirs = pair(4)
                assert_same(sampler(ours, (33,), kind), sampler(theirs, (33,), kind), rtol=0)

    @pytest.mark.parametrize("shape", [2, 1, 7, (3, 5), (0,)], ids=str)
    def test_split(self, shape):
        ours, theirs = pair(5)
        assert_same(data(jax.random.split(ours, shape)), data(jax.random.split(theirs, shape)))

    @pytest.mark.parametrize("number", [0, 1, 2**31 - 1, 2**32 - 1])
    def test_fold_in(self, number):
        ours, theirs = pair(6)
        folded = data(jax.random.fold_in(ours, number))
        assert_same(folded, data(jax.random.fold_in(theirs, number)))

    def test_vmap(self):
        numbers = jnp.arange(9)

        def all_of_it(key):
            folded = jax.vmap(lambda number: jax.random.fold_in(key, number))(numbers)
            split = jax.vmap(lambda key: jax.random.split(key, (2, 3)))(folded)
            return jax.vmap(lambda key: jax.random.bits(key, (5,)))(split.ravel())

        ours, theirs = pair(7)
        assert_same(all_of_it(ours), all_of_it(theirs))

    def test_jit(self):
        def draw(key):
            return jax.random.bits(jax.random.split(key, 3)[2], (3, 7))

        ours, theirs = pair(8)
        assert_same(jax.jit(draw)(ours), draw(theirs))

    @pytest.mark.parametrize("name", ["randn", "bernoulli", "randperm beyond"])
    def test_our_samplers_in_both_modes(self, name):
        ours, theirs = pair(9)
        assert_same(OURS[name](ours), OURS[name](theirs), rtol=0)


@pytest.mark.parametrize("name", OURS)
def test_our_samplers_take_both(name):
    ours, theirs = pair(9)
    assert_same(OURS[name](ours), OURS[name](theirs), rtol=0)


def test_sharded(rows):
    def draw(key):
        if rows.mesh.axis_types == (jax.sharding.AxisType.Explicit,):
            return jax.random.normal(key, (16, 3), out_sharding=rows)
        return jax.lax.with_sharding_constraint(jax.random.normal(key, (16, 3)), rows)

    ours, theirs = pair(10)
    with jax.set_mesh(rows.mesh):
        sharded = jax.jit(draw)(ours)
    assert sharded.sharding.is_equivalent_to(rows, 2)
    assert_same(sharded, jax.random.normal(theirs, (16, 3)))


def test_sharded_keys(rows):
    ours, theirs = pair(11)
    ours, theirs = jax.random.split(ours, 16), jax.random.split(theirs, 16)
    placed = jax.device_put(ours, rows)
    draws = jax.jit(jax.vmap(lambda key: random.randn(key, 3)))(placed)
    assert_same(draws, jax.vmap(lambda key: random.randn(key, 3))(theirs))


@pytest.mark.thinned(8)
@pytest.mark.parametrize("implementation", ["rbg", "philox4x32"])
@pytest.mark.parametrize("name", OURS)
def test_other_implementations(name, implementation):
    samples = np.asarray(OURS[name](jax.random.key(1, impl=implementation)), float)
    assert np.isfinite(samples).all()
    again = OURS[name](jax.random.key(1, impl=implementation))
    assert np.array_equal(samples, again)


@pytest.mark.parametrize("make", [random.key, jax.random.key], ids=["ours", "theirs"])
@pytest.mark.parametrize("name", OURS)
def test_a_key_used_twice_is_noticed(name, make):
    key = make(2)
    OURS[name](key)
    with pytest.raises(KeyReuseError):
        OURS[name](key)


def test_counters_beyond_32_bits():
    # Never computed: of these sizes only the program is made.
    for shape in ((2**16, 2**16 + 1), (2**33,)):
        drawn = jax.eval_shape(lambda key, s=shape: random.randn(key, s), random.key(0))
        assert drawn.shape == shape
        high, _ = jax.eval_shape(lambda key, s=shape: keys.words(key, s), random.key(0))
        assert high.shape == shape and high.dtype == jnp.uint32


def test_the_implementation_has_a_name():
    assert str(random.key(0).dtype) == "key<ufry>"
    assert jax.random.key_impl(random.key(0)) == IMPLEMENTATION


def test_jax_takes_it_back():
    ours, theirs = pair(12)
    assert data(ours).tolist() == data(jax.random.wrap_key_data(data(ours))).tolist()
    assert jax.random.wrap_key_data(data(ours)).dtype == theirs.dtype
