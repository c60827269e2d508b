import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import ALARM, assert_counted, assert_distributed, assert_same
from scipy import stats

import jaxgrad
from jaxgrad.random import bernoulli, multinomial, normal, randn, uniform

WEIGHTS = np.array([10, 0, 13, 10, 34, 45, 65, 67, 87, 89, 87, 34, 0.0])
IMPLEMENTATIONS = ("threefry2x32", "rbg", "philox4x32")


def pairs_law(weights):
    """The probability of each ordered pair of draws without replacement: i * n + j."""
    total = np.sum(weights)
    law = [
        [(i != j) * w * v / total / (total - w) for j, v in enumerate(weights)]
        for i, w in enumerate(weights)
    ]
    return np.ravel(law)


@pytest.fixture(params=["eager", "jit", "vmap"])
def drawn(request):
    """Draws 40,000 times or more: `drawn(draw)`, where `draw(key, n)` gives an array of n rows."""

    def eager(draw):
        return draw(jax.random.key(0), 40_000)

    def jit(draw):
        return jax.jit(draw, static_argnums=1)(jax.random.key(1), 40_000)

    def vmap(draw):
        keys = jax.random.split(jax.random.key(2), 40)
        rows = jax.vmap(lambda key: draw(key, 1000))(keys)
        return rows.reshape(-1, *rows.shape[2:])

    return {"eager": eager, "jit": jit, "vmap": vmap}[request.param]


class TestDistributions:
    def test_uniform(self, drawn, dtype):
        samples = drawn(lambda key, n: uniform(key, n, -0.5, 2.0))
        assert samples.dtype == dtype
        assert_distributed(samples, stats.uniform(-0.5, 2.5))

    def test_randn(self, drawn, dtype):
        samples = drawn(lambda key, n: randn(key, n))
        assert samples.dtype == dtype
        assert_distributed(samples, stats.norm())

    def test_normal(self, drawn, dtype):
        mean, std = np.arange(1.0, 5.0).astype(dtype), np.array([1, 0.5, 0.1, 3], dtype)
        samples = drawn(lambda key, n: normal(key, mean, std, (n, 4)))
        assert samples.dtype == dtype
        assert_distributed(samples, stats.norm(mean.astype(float), std.astype(float)))

    def test_bernoulli(self, drawn, dtype):
        p = np.array([0.0, 1e-3, 0.3, 1.0], dtype)
        samples = drawn(lambda key, n: bernoulli(key, jnp.broadcast_to(p, (n, 4))))
        assert samples.dtype == dtype
        law = np.ravel([[1 - x, x] for x in p.astype(float)])
        assert_counted(np.asarray(samples) + 2 * np.arange(4), law)

    def test_multinomial_with_replacement(self, drawn, dtype):
        weights = WEIGHTS.astype(dtype)
        samples = drawn(lambda key, n: multinomial(key, weights, n, replacement=True))
        assert samples.dtype == (jnp.int64 if dtype == "float64" else jnp.int32)
        assert_counted(samples, WEIGHTS)

    def test_multinomial_without_replacement(self, drawn, dtype):
        def rows(n):
            return jnp.broadcast_to(WEIGHTS.astype(dtype), (n, 13))

        samples = drawn(lambda key, n: multinomial(key, rows(n), 3))
        assert samples.shape[1:] == (3,)
        assert_counted(samples[:, 0], WEIGHTS)
        assert_counted(13 * samples[:, 0] + samples[:, 1], pairs_law(WEIGHTS))

    @pytest.mark.parametrize("narrow", ["bfloat16", "float16"])
    def test_narrow_samples_are_rounded_once(self, narrow):
        key_n, key_u, key_b, key_m = jax.random.split(jax.random.key(3), 4)
        normals = randn(key_n, 200_000, dtype=narrow)
        assert normals.dtype == narrow
        # Sampled in bfloat16 there would be 128 values at most, and none beyond 3.
        assert np.unique(normals).size > 1000
        assert np.max(np.abs(np.asarray(normals, float))) > 4
        assert_distributed(normals[:20_000], stats.norm())
        uniforms = uniform(key_u, 200_000, dtype=narrow)
        assert np.unique(uniforms).size > 1000
        assert float(jnp.max(uniforms)) < 1
        p = jnp.full(40_000, 0.3, narrow)
        assert bernoulli(key_b, p).dtype == narrow
        assert_counted(bernoulli(key_m, p), [1 - float(p[0]), float(p[0])])

    def test_narrow_multinomial(self):
        weights = jnp.array(WEIGHTS, jnp.bfloat16)
        draws = multinomial(jax.random.key(4), weights, 40_000, replacement=True)
        assert_counted(draws, WEIGHTS)

    def test_rows_are_independent(self):
        weights = jnp.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
        draws = multinomial(jax.random.key(5), weights, 40_000, replacement=True)
        law = np.outer([1, 2, 3], [3, 2, 1])
        assert_counted(3 * draws[0] + draws[1], law.ravel())

    def test_rare_events_are_as_rare_as_they_should_be(self):
        # 2²⁶ draws at 2⁻³⁰: 0.06 expected. Uniform numbers of 23 bits would give 8.
        p = jnp.full(2**24, 2.0**-30)
        ones = sum(int(bernoulli(key, p).sum()) for key in jax.random.split(jax.random.key(6), 4))
        assert stats.poisson.sf(ones - 1, 2**-4) > ALARM

    def test_a_sum_that_rounds_makes_no_category_possible(self, monkeypatch):
        # Added up as a tree, as on accelerators, the sum goes up or down across a weight of 0.
        monkeypatch.setattr(
            jax.lax, "cumsum", lambda x, axis: jax.lax.associative_scan(jnp.add, x, axis=axis)
        )
        weights = jax.random.uniform(jax.random.key(8), (1, 50_000)).at[:, 1::2].set(0)
        draws = jaxgrad.random._with_replacement(jax.random.key(9), weights, 1_000_000)
        assert (draws % 2 == 0).all()

    @pytest.mark.parametrize(("unit", "category"), [(0.0, 1), (1 - 2.0**-23, 3)])
    def test_points_at_the_ends_of_the_sum(self, unit, category, monkeypatch):
        weights = jnp.array([[0, 0.1, 0, 0.7, 0], [0, 1, 1, 1 / 3, 0]], jnp.float32)
        monkeypatch.setattr(jax.random, "uniform", lambda key, shape, dtype: jnp.full(shape, unit))
        draws = jaxgrad.random._with_replacement(jax.random.key(0), weights, 3)
        assert (draws == category).all()

    def test_a_race_of_many_has_no_ties(self, monkeypatch):
        # Noise of 23 bits ties one in 17 of the thousand winners among a million.
        scores = []

        def top_k(values, k):
            scores.append(-jnp.sort(-values)[:, :k])
            return None, jnp.zeros((1, k), int)

        monkeypatch.setattr(jax.lax, "top_k", top_k)
        jaxgrad.random._without_replacement(jax.random.key(10), jnp.ones((1, 2**20)), 1000)
        assert np.unique(scores[0]).size > 995

    def test_many_categories(self):
        draws = multinomial(jax.random.key(7), jnp.ones(50_000), 100_000, replacement=True)
        assert_counted(np.asarray(draws) // 1000, np.ones(50))

    @pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
    def test_any_key(self, implementation):
        key = jax.random.key(0, impl=implementation)
        assert_distributed(randn(key, 20_000), stats.norm())


class TestEdges:
    def test_uniform_never_reaches_b(self, any_dtype):
        # Numbers of the dtype are so far apart here that most roundings reach b.
        base = {"bfloat16": 128.0, "float16": 1024.0, "float32": 2.0**23, "float64": 2.0**52}
        a = base[any_dtype]
        samples = uniform(jax.random.key(0), 1000, a, a + 1, dtype=any_dtype)
        assert bool(jnp.all(samples == a))

    def test_uniform_of_an_empty_range_is_its_end(self, any_dtype):
        samples = uniform(jax.random.key(0), 3, 1.5, 1.5, dtype=any_dtype)
        assert_same(samples, jnp.full(3, 1.5, any_dtype))

    def test_certain_events(self, any_dtype):
        p = jnp.array([0.0, 1.0] * 50_000, any_dtype)
        assert_same(bernoulli(jax.random.key(0), p), p)

    def test_std_zero_is_the_mean(self, any_dtype):
        mean = jnp.arange(3, dtype=any_dtype)
        assert_same(normal(jax.random.key(0), mean, 0.0), mean)

    def test_infinities_and_nan_pass_where_pytorch_lets_them(self):
        key_a, key_b = jax.random.split(jax.random.key(0))
        assert np.isinf(normal(key_a, jnp.zeros(3), jnp.inf)).all()
        assert np.isnan(normal(key_b, jnp.array(jnp.nan)))

    @pytest.mark.parametrize("replacement", [True, False])
    def test_one_category(self, replacement):
        assert multinomial(jax.random.key(0), jnp.array([0.1]), 1, replacement).tolist() == [0]

    def test_extreme_weights(self):
        weights = jnp.array([0, 1e-30, 1e30, 3e38, 0])
        key_a, key_b = jax.random.split(jax.random.key(0))
        assert set(multinomial(key_a, weights, 100, True).tolist()) == {3}
        assert multinomial(key_b, weights, 3).tolist() == [3, 2, 1]

    def test_weights_whose_sum_overflows(self):
        draws = multinomial(jax.random.key(0), jnp.full(4, 3e38), 4000, replacement=True)
        assert_counted(draws, np.ones(4))

    def test_all_of_them(self):
        draws = multinomial(jax.random.key(0), jnp.tile(jnp.arange(1.0, 8.0), (100, 1)), 7)
        assert_same(jnp.sort(draws), jnp.tile(jnp.arange(7), (100, 1)))

    def test_nothing(self, any_dtype):
        keys = jax.random.split(jax.random.key(0), 6)
        empty = jnp.zeros((0, 3), any_dtype)
        assert_same(uniform(keys[0], (0, 3), dtype=any_dtype), empty)
        assert_same(randn(keys[1], (0, 3), dtype=any_dtype), empty)
        assert_same(normal(keys[2], empty, empty), empty)
        assert_same(bernoulli(keys[3], empty), empty)
        assert multinomial(keys[4], empty, 2).shape == (0, 2)
        assert multinomial(keys[5], empty, 2, replacement=True).shape == (0, 2)


class TestShapes:
    @pytest.mark.parametrize(
        ("mean", "std", "shape"),
        [
            ((10,), (10,), (10,)),
            ((), (5,), (5,)),
            ((5,), (), (5,)),
            ((3, 1), (1, 4), (3, 4)),
            ((3, 1), (1, 3), (3, 3)),
            ((2, 3), (6,), (2, 3)),
            ((6,), (3, 2), (6,)),
            ((), (1, 1), (1, 1)),
        ],
    )
    def test_normal(self, mean, std, shape):
        assert normal(jax.random.key(0), jnp.zeros(mean), jnp.ones(std)).shape == shape

    def test_equal_counts_are_matched_in_order(self):
        std = jnp.array([0.0, 0.0, 0.0, 1.0, 0.0, 0.0])
        samples = normal(jax.random.key(0), jnp.zeros((2, 3)), std)
        assert_same(samples != 0, jnp.array([[False] * 3, [True, False, False]]))

    def test_scalars_with_a_shape(self):
        assert normal(jax.random.key(0), 0.5, 2.0, (2, 3)).shape == (2, 3)
        assert normal(jax.random.key(0), shape=4).shape == (4,)
        assert normal(jax.random.key(0), 0.5, 2.0).shape == ()

    @pytest.mark.parametrize(
        ("mean", "std", "expected"),
        [
            (jnp.zeros(2, jnp.bfloat16), jnp.ones(2), "bfloat16"),
            (jnp.zeros(2), jnp.ones(2, jnp.float16), "float32"),
            (0.5, jnp.ones(2, jnp.float16), "float16"),
            (0, jnp.ones(2), "float32"),
            (jnp.zeros(2), jnp.arange(2), "float32"),
            (jnp.array(0.5, jnp.float16), 1.0, "float16"),
        ],
    )
    def test_the_dtype_is_the_means(self, mean, std, expected):
        assert normal(jax.random.key(0), mean, std).dtype == expected


class TestTransformations:
    SAMPLERS = {
        "uniform": lambda key, x: uniform(key, (5,), x[0], x[1]),
        "randn": lambda key, x: randn(key, (5,)),
        "normal": lambda key, x: normal(key, x, x + 1),
        "bernoulli": lambda key, x: bernoulli(key, x),
        "multinomial": lambda key, x: multinomial(key, x + 1, 3),
        "replacement": lambda key, x: multinomial(key, x + 1, 3, replacement=True),
    }
    X = np.array([0.1, 0.5, 0.9, 0.2, 0.7])

    @pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)
    def test_jit_is_eager(self, sampler, any_dtype):
        x = jnp.array(self.X, any_dtype)
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

    @pytest.mark.parametrize("sampler", [normal, bernoulli, multinomial])
    def test_sharded_arrays(self, sampler, rows):
        x = jnp.linspace(0.1, 0.9, 64).reshape(16, 4)
        draw = {
            normal: lambda key, x: normal(key, x, x),
            bernoulli: bernoulli,
            multinomial: lambda key, x: multinomial(key, x, 2),
        }[sampler]
        sharded = jax.device_put(x, rows)
        assert_same(draw(jax.random.key(0), sharded), draw(jax.random.key(0), x))

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
