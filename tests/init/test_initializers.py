"""Initialisers: distributions, scales, structure, layouts, dtypes, transformations; no PyTorch."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import NamedSharding, PartitionSpec
from oracles import assert_counted, assert_distributed, assert_same
from scipy import stats

from jaxgrad import init

pytestmark = pytest.mark.thinned(8)

SHAPE = (50, 8, 5, 20)  # fan_in 800, fan_out 5000
DISTRIBUTIONS = {
    "uniform": ({"a": -0.5, "b": 2.0}, stats.uniform(-0.5, 2.5)),
    "normal": ({"mean": 1.0, "std": 0.02}, stats.norm(1, 0.02)),
    "xavier_uniform": ({}, stats.uniform(-math.sqrt(6 / 5800), 2 * math.sqrt(6 / 5800))),
    "xavier_normal": ({"gain": 3.0}, stats.norm(0, 3 * math.sqrt(2 / 5800))),
    "kaiming_uniform": ({}, stats.uniform(-math.sqrt(6 / 800), 2 * math.sqrt(6 / 800))),
    "kaiming_normal": (
        {"mode": "fan_out", "nonlinearity": "tanh"},
        stats.norm(0, 5 / 3 / math.sqrt(5000)),
    ),
}
CALLS = {
    "uniform": functools.partial(init.uniform, a=-1.0),
    "normal": init.normal,
    "trunc_normal": functools.partial(init.trunc_normal, std=0.5),
    "bernoulli": functools.partial(init.bernoulli, p=0.3),
    "multinomial": functools.partial(init.multinomial, values=[1.0, 2.0], weights=[1.0, 3.0]),
    "xavier_uniform": init.xavier_uniform,
    "xavier_normal": functools.partial(init.xavier_normal, gain=2.0),
    "kaiming_uniform": functools.partial(init.kaiming_uniform, a=0.1),
    "kaiming_normal": functools.partial(init.kaiming_normal, nonlinearity="relu"),
    "orthogonal": functools.partial(init.orthogonal, gain=0.5),
    "sparse": functools.partial(init.sparse, sparsity=0.5),
    "eye": init.eye,
    "dirac": init.dirac,
}
FREE = ("uniform", "normal", "trunc_normal", "bernoulli", "multinomial")
FLAT = ("sparse", "eye")


def shape_for(name):
    return (4, 6) if name in FLAT else (4, 6, 3)


def drawn(how, call, shape, dtype):
    """One weight, or several at once, of some initialiser."""
    if how == "eager":
        return call(jax.random.key(0), shape, dtype)
    if how == "jit":
        return jax.jit(lambda key: call(key, shape, dtype))(jax.random.key(1))
    return jax.vmap(lambda key: call(key, shape, dtype))(jax.random.split(jax.random.key(2), 2))


class TestDistributions:
    @pytest.mark.parametrize("how", ["eager", "jit", "vmap"])
    @pytest.mark.parametrize("name", DISTRIBUTIONS)
    def test_continuous(self, name, how, dtype):
        kwargs, distribution = DISTRIBUTIONS[name]
        weight = drawn(how, functools.partial(getattr(init, name), **kwargs), SHAPE, dtype)
        assert weight.shape[-4:] == SHAPE and weight.dtype == dtype
        assert_distributed(weight, distribution)

    @pytest.mark.parametrize("narrow", ["bfloat16", "float16"])
    def test_narrow_weights_have_the_deviation_that_was_asked_for(self, narrow):
        # 1.003 is 1 in bfloat16, 8 deviations of the mean of four million squares away.
        weight = init.normal(jax.random.key(0), (2000, 2000), narrow, std=1.003)
        assert weight.dtype == narrow
        squares = np.sum(np.square(np.asarray(weight, float))) / 1.003**2
        low, high = stats.chi2(4_000_000).interval(1 - 1e-6)
        assert low < squares < high

    def test_bernoulli(self, any_dtype):
        weight = init.bernoulli(jax.random.key(0), (200, 200), any_dtype, p=0.3, values=(-2, 0.5))
        assert weight.dtype == any_dtype and set(np.unique(weight)) == {-2, 0.5}
        assert_counted(weight == 0.5, [0.7, 0.3])
        for p, only in ((0, -2), (1, 0.5)):
            assert (init.bernoulli(jax.random.key(0), 9, p=p, values=(-2, 0.5)) == only).all()

    def test_multinomial(self, any_dtype):
        values, weights = [0.5, -1.0, 3.0, 2.0], [10, 0, 13, 67]
        weight = init.multinomial(
            jax.random.key(0), (200, 200), any_dtype, values=values, weights=weights
        )
        assert weight.dtype == any_dtype
        assert set(np.unique(weight)) == {0.5, 3.0, 2.0}
        indices = sum(i * (np.asarray(weight) == v) for i, v in enumerate(values))
        assert_counted(indices, weights)

    def test_a_uniform_orthogonal_matrix(self):
        # The first element of a row of such a 4 x 4 matrix has density ∝ √(1 - x²).
        keys = jax.random.split(jax.random.key(0), 4000)
        matrices = jax.vmap(lambda key: init.orthogonal(key, (4, 4)))(keys)
        for row, column in ((0, 0), (3, 0), (0, 3), (2, 1)):
            assert_distributed(matrices[:, row, column], stats.beta(1.5, 1.5, -1, 2))

    def test_the_zeros_of_a_sparse_matrix(self):
        weight = np.asarray(init.sparse(jax.random.key(0), (5, 20_000), sparsity=0.3, std=2.0))
        assert (np.sum(weight == 0, axis=0) == 2).all()
        pairs = [(i, j) for i in range(5) for j in range(i)]
        counts = [int(np.sum((weight[i] == 0) & (weight[j] == 0))) for i, j in pairs]
        assert_counted(np.repeat(np.arange(10), counts), np.ones(10))
        assert_distributed(weight[weight != 0], stats.norm(0, 2))


class TestStructure:
    @pytest.mark.parametrize("shape", [(5, 5), (3, 8), (8, 3), (4, 2, 3), (20, 2, 3), (1, 1)])
    def test_orthogonal(self, shape, dtype):
        weight = init.orthogonal(jax.random.key(0), shape, dtype, gain=1.5)
        assert weight.shape == shape and weight.dtype == dtype
        matrix = np.asarray(weight, float).reshape(shape[0], -1)
        gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
        atol = 1e-5 if dtype == "float32" else 1e-13
        np.testing.assert_allclose(gram, 2.25 * np.eye(len(gram)), atol=atol)

    def test_orthogonal_in_narrow_dtypes_is_rounded_once(self):
        wide = init.orthogonal(jax.random.key(0), (6, 4))
        for narrow in ("bfloat16", "float16"):
            weight = init.orthogonal(jax.random.key(0), (6, 4), narrow)
            assert_same(weight, wide.astype(narrow), rtol=0)

    @pytest.mark.parametrize("sparsity", [0, 0.25, 0.5, 0.51, 1.0])
    def test_sparse_counts(self, sparsity, any_dtype):
        weight = init.sparse(jax.random.key(0), (10, 7), any_dtype, sparsity=sparsity)
        assert weight.dtype == any_dtype
        assert (np.sum(np.asarray(weight) == 0, axis=0) == math.ceil(10 * sparsity)).all()

    @pytest.mark.thinned(8)
    @pytest.mark.parametrize("groups", [1, 2, 4])
    @pytest.mark.parametrize("kernel", [(3,), (5, 3), (3, 3, 1)])
    def test_dirac_hands_its_input_on(self, kernel, groups):
        weight = init.dirac(None, (4, 4 // groups, *kernel), groups=groups)
        x = jax.random.normal(jax.random.key(0), (2, 4, *(6 for _ in kernel)))
        y = jax.lax.conv_general_dilated(
            x, weight, [1] * len(kernel), "SAME", feature_group_count=groups
        )
        assert_same(y, x)

    def test_fans(self):
        table = {(3, 5): (5, 3), (4, 2, 3): (6, 12), (6, 1, 2, 5): (10, 60), (0, 3): (3, 0)}
        for shape, fans in table.items():
            assert init.calculate_fan(shape) == fans
            flax = (*shape[2:], shape[1], shape[0])
            assert init.calculate_fan(flax, layout="flax") == fans

    def test_gains(self):
        assert init.calculate_gain("relu") == math.sqrt(2)
        assert init.calculate_gain("leaky_relu", 0.2) == math.sqrt(2 / 1.04)
        assert init.calculate_gain("leaky_relu") == init.calculate_gain("leaky_relu", 0.01)
        assert isinstance(init.calculate_gain("conv2d"), float)


class TestForms:
    @pytest.mark.parametrize("name", CALLS)
    def test_dtypes(self, name, any_dtype):
        weight = CALLS[name](jax.random.key(0), shape_for(name), any_dtype)
        assert weight.dtype == any_dtype and weight.shape == shape_for(name)
        default = CALLS[name](jax.random.key(0), shape_for(name))
        assert default.dtype == jnp.zeros(()).dtype

    @pytest.mark.parametrize("name", CALLS)
    def test_empty_shapes(self, name):
        shapes = [(0, 3), (3, 0), (0, 0)] if name in FLAT else [(0, 3, 2), (2, 0, 2), (2, 3, 0)]
        for shape in shapes:
            assert_same(CALLS[name](jax.random.key(0), shape), jnp.zeros(shape))

    @pytest.mark.parametrize("name", [name for name in CALLS if name not in FREE])
    def test_flax_layout_is_torchs_moved(self, name):
        shape = shape_for(name)
        torch = CALLS[name](jax.random.key(0), shape)
        flax = CALLS[name](jax.random.key(0), (*shape[2:], shape[1], shape[0]), layout="flax")
        assert_same(flax, jnp.moveaxis(torch, (0, 1), (-1, -2)), rtol=0)

    @pytest.mark.parametrize("name", CALLS)
    def test_each_is_an_initializer(self, name):
        assert isinstance(CALLS[name], jax.nn.initializers.Initializer)
        # Called as the protocol says: by position and by keyword.
        weight = CALLS[name](jax.random.key(0), shape_for(name), jnp.float32, None)
        named = CALLS[name](
            key=jax.random.key(0), shape=list(shape_for(name)), dtype=jnp.float32, out_sharding=None
        )
        assert_same(named, weight, rtol=0)

    @pytest.mark.parametrize("implementation", ["threefry2x32", "rbg", "unsafe_rbg", "philox4x32"])
    @pytest.mark.parametrize("name", CALLS)
    def test_any_key(self, name, implementation):
        key = jax.random.key(0, impl=implementation)
        assert CALLS[name](key, shape_for(name)).shape == shape_for(name)

    @pytest.mark.slow
    @pytest.mark.parametrize("how", ["eager", "jit"])
    @pytest.mark.parametrize("name", CALLS)
    def test_out_sharding(self, name, how, rows):
        shape = (8, 6) if name in FLAT else (8, 6, 3)

        def draw(key):
            return CALLS[name](key, shape, jnp.float32, rows)

        with jax.set_mesh(rows.mesh):
            weight = (jax.jit(draw) if how == "jit" else draw)(jax.random.key(0))
        assert weight.sharding.is_equivalent_to(rows, weight.ndim)
        assert_same(np.asarray(weight), np.asarray(CALLS[name](jax.random.key(0), shape)))

    def test_a_partition_spec(self, rows):
        with jax.set_mesh(rows.mesh):
            weight = init.normal(jax.random.key(0), (8, 3), out_sharding=PartitionSpec("rows"))
        assert isinstance(weight.sharding, NamedSharding)
        assert weight.sharding.is_equivalent_to(rows, 2)


class TestTransformations:
    @pytest.mark.parametrize("name", CALLS)
    def test_jit_is_eager_and_vmap_is_a_loop(self, name, any_dtype):
        def draw(key):
            return CALLS[name](key, shape_for(name), any_dtype)

        eager = [draw(key) for key in jax.random.split(jax.random.key(0), 3)]
        assert_same(jax.vmap(draw)(jax.random.split(jax.random.key(0), 3)), jnp.stack(eager))
        jitted = [jax.jit(draw)(key) for key in jax.random.split(jax.random.key(0), 3)]
        assert_same(jitted, eager)

    @pytest.mark.thinned(8)
    @pytest.mark.parametrize("name", CALLS)
    def test_a_second_call_compiles_nothing(self, name, caplog):
        CALLS[name](jax.random.key(0), shape_for(name))
        with jax.log_compiles():
            caplog.clear()
            CALLS[name](jax.random.key(1), shape_for(name))
        assert not [r for r in caplog.records if "Compiling" in r.getMessage()]

    def test_scales_may_be_traced(self):
        def draw(gain):
            return init.xavier_normal(jax.random.key(0), (3, 5), gain=gain)

        stack = jax.vmap(draw)(jnp.array([1.0, 2.0]))
        assert_same(stack, jnp.stack([draw(1.0), draw(2.0)]))
        assert_same(jax.jacfwd(draw)(2.0), draw(1.0))

    @pytest.mark.parametrize("two", [2, np.float64(2), np.int64(2), np.array(2), jnp.float16(2)])
    def test_any_real_scalar_is_a_scale(self, two, any_dtype):
        for name, argument in [("xavier_normal", "gain"), ("normal", "std"), ("trunc_normal", "b")]:
            ours, expected = (
                getattr(init, name)(jax.random.key(0), (3, 5), any_dtype, **{argument: value})
                for value in (two, 2.0)
            )
            assert_same(ours, expected)

    @pytest.mark.nightly
    def test_gradients(self):
        key = jax.random.key
        shape = (3, 3)
        assert_same(
            jax.jacrev(lambda s: init.normal(key(0), shape, std=s))(2.0), init.normal(key(0), shape)
        )
        assert_same(
            jax.jacrev(lambda g: init.orthogonal(key(0), shape, gain=g))(2.0),
            init.orthogonal(key(0), shape),
        )
        assert_same(
            jax.jacrev(lambda s: init.sparse(key(0), shape, sparsity=0.5, std=s))(2.0),
            init.sparse(key(0), shape, sparsity=0.5, std=1.0),
        )
        d_values = jax.grad(lambda v: init.bernoulli(key(0), 50, values=v).sum())(jnp.ones(2))
        assert_same(d_values.sum(), jnp.float32(50))
        d_p = jax.grad(lambda p: init.bernoulli(key(0), 50, p=p).sum())(0.3)
        assert_same(d_p, jnp.zeros(()))
