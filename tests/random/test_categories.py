"""multinomial: its distribution, exact integers, order of draws, and weights of every size."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_counted, assert_same

from jaxgrad.random import _uint64, categories, multinomial

pytestmark = pytest.mark.thinned(8)

WEIGHTS = np.array([10, 0, 13, 10, 34, 45, 65, 67, 87, 89, 87, 34, 0.0])


def pairs_distribution(weights):
    """The probability of each ordered pair of draws without replacement: i * n + j."""
    total = np.sum(weights)
    distribution = [
        [(i != j) * w * v / total / (total - w) for j, v in enumerate(weights)]
        for i, w in enumerate(weights)
    ]
    return np.ravel(distribution)


def integers(words):
    """Python's integers of two arrays of words."""
    high, low = (np.asarray(word).ravel().tolist() for word in words)
    return [h << 32 | x for h, x in zip(high, low, strict=True)]


def halves(numbers):
    array = np.array(numbers, np.uint64)
    return jnp.array((array >> 32).astype(np.uint32)), jnp.array(array.astype(np.uint32))


class TestDistribution:
    def test_with_replacement(self, drawn, dtype):
        weights = WEIGHTS.astype(dtype)
        samples = drawn(lambda key, n: multinomial(key, weights, n, replacement=True))
        assert samples.dtype == (jnp.int64 if dtype == "float64" else jnp.int32)
        assert_counted(samples, WEIGHTS)

    def test_without_replacement(self, drawn, dtype):
        def rows(n):
            return jnp.broadcast_to(WEIGHTS.astype(dtype), (n, 13))

        samples = drawn(lambda key, n: multinomial(key, rows(n), 3))
        assert samples.shape[1:] == (3,)
        assert_counted(samples[:, 0], WEIGHTS)
        assert_counted(13 * samples[:, 0] + samples[:, 1], pairs_distribution(WEIGHTS))

    def test_single_draws(self, drawn, dtype):
        weights = jnp.array(WEIGHTS, dtype)
        samples = drawn(lambda key, n: multinomial(key, jnp.broadcast_to(weights, (n, 13)), 1))
        assert_counted(samples, WEIGHTS)

    @pytest.mark.parametrize("narrow", ["bfloat16", "float16"])
    def test_narrow(self, narrow):
        weights = jnp.array(WEIGHTS, narrow)
        draws = multinomial(jax.random.key(4), weights, 40_000, replacement=True)
        assert_counted(draws, WEIGHTS)

    def test_rows_are_independent(self):
        weights = jnp.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
        draws = multinomial(jax.random.key(5), weights, 40_000, replacement=True)
        distribution = np.outer([1, 2, 3], [3, 2, 1])
        assert_counted(3 * draws[0] + draws[1], distribution.ravel())


def subnormal(dtype, multiples):
    """Multiples of the least positive number of a dtype, made without arithmetic."""
    bits = np.array(multiples, f"uint{jnp.finfo(dtype).bits}")
    return bits.view(np.dtype(jnp.dtype(dtype)))


class TestSubnormalWeights:
    """CPUs take them for zeros in comparisons, products and logarithms."""

    def check(self, weights, distribution, draw):
        draws = draw(jax.random.key(3), jnp.array(weights))
        assert_counted(draws, distribution)
        assert_same(jax.jit(draw)(jax.random.key(3), jnp.array(weights)), draws)

    @pytest.mark.parametrize(
        "multiples", [[1, 3], [0, 100, 0, 50, 7], [2, 0, 1], [63, 127]], ids=str
    )
    def test_rows_of_nothing_else(self, multiples, any_dtype):
        weights = subnormal(any_dtype, multiples)
        self.check(weights, multiples, lambda key, w: multinomial(key, w, 40_000, True))
        rows = np.tile(weights, (40_000, 1))
        self.check(rows, multiples, lambda key, w: multinomial(key, w, 1)[:, 0])
        self.check(rows, multiples, lambda key, w: multinomial(key, w, 2)[:, 0])

    def test_beside_normal_ones(self, any_dtype):
        """1e-38 and 3e-38 of float32: one on each side of the least normal number."""
        least = 1 << jnp.finfo(any_dtype).nmant
        units = subnormal(any_dtype, [least // 2, 3 * (least // 2), 0, least])
        expected = np.array([1, 3, 0, 2])  # the bits count units, up to twice the least normal one
        self.check(units, expected, lambda key, w: multinomial(key, w, 40_000, True))
        rows = np.tile(units, (40_000, 1))
        self.check(rows, expected, lambda key, w: multinomial(key, w, 1)[:, 0])

    def test_after_the_large_ones_are_drawn(self, any_dtype):
        weights = subnormal(any_dtype, [10, 0, 30, 0])
        weights[3] = 1
        rows = np.tile(weights, (40_000, 1))
        draws = multinomial(jax.random.key(5), jnp.array(rows), 3)
        assert np.all(draws[:, 0] == 3) or any_dtype == "float16"
        later = np.asarray(draws)[np.asarray(draws[:, 0]) == 3]
        assert_counted(later[:, 1], [10, 0, 30])

    def test_rows_of_different_sizes(self, any_dtype):
        tiny = subnormal(any_dtype, [1, 3])
        weights = jnp.array(np.stack([tiny, np.array([3, 1], tiny.dtype)]))
        draws = multinomial(jax.random.key(6), weights, 40_000, replacement=True)
        assert_counted(draws[0], [1, 3])
        assert_counted(draws[1], [3, 1])

    def test_sharded(self, rows):
        weights = jnp.array(np.tile(subnormal("float32", [1, 3, 2]), (16, 1)))
        for replacement in (False, True):
            draw = functools.partial(multinomial, num_samples=2, replacement=replacement)
            placed = draw(jax.random.key(7), jax.device_put(weights, rows))
            assert_same(placed, draw(jax.random.key(7), weights))

    def test_what_is_refused_and_what_is_zero(self):
        tiny = subnormal("float32", [5, 0])
        for replacement in (False, True):
            with pytest.raises(ValueError, match="finite and at least 0 everywhere"):
                multinomial(jax.random.key(0), jnp.array(-tiny), 1, replacement)
        draws = multinomial(jax.random.key(8), jnp.array([*tiny, -0.0]), 100, replacement=True)
        assert np.all(np.asarray(draws) == 0)
        with pytest.raises(ValueError, match="positive in at least 2 of each row's weights, got 1"):
            multinomial(jax.random.key(0), jnp.array([*tiny, -0.0]), 2)


class TestManyCategories:
    def test_a_heavy_one_among_a_million(self):
        # In float32 the ones would vanish beside 2²⁴.
        weights = jnp.ones(1_000_000).at[500_000].set(2.0**24)
        draws = np.asarray(multinomial(jax.random.key(0), weights, 2_000_000, replacement=True))
        assert_counted(draws == 500_000, [999_999, 2**24])
        light = draws[draws != 500_000]
        assert_counted(light // 50_000, np.ones(20) * 50_000 - (np.arange(20) == 10))
        near = light[np.abs(light - 500_000) <= 10_000] - 490_000
        assert_counted(near // 2001, [2001] * 4 + [1996] + [2001] * 4 + [1992])

    def test_more_than_pytorch_takes(self):
        size = 2**24 + 3
        weights = jnp.zeros(size).at[-3:].set(1.0).at[0].set(1.0)
        draws = multinomial(jax.random.key(1), weights, 10_000, replacement=True)
        assert_counted(np.where(draws == 0, 3, draws - size + 3), np.ones(4))

    @pytest.mark.nightly
    def test_a_race_of_many_has_no_ties(self, monkeypatch):
        # Noise of 23 bits ties one in 17 of the thousand winners among a million.
        scores = []

        def top_k(values, k):
            scores.append(-jnp.sort(-values)[:, :k])
            return None, jnp.zeros((1, k), int)

        monkeypatch.setattr(jax.lax, "top_k", top_k)
        categories._without_replacement(jax.random.key(10), jnp.ones((1, 2**20)), 1000)
        assert np.unique(scores[0]).size > 995


WORDS = st.one_of(st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 2**16, 2**31, 2**32 - 1]))
DOUBLES = st.one_of(st.integers(0, 2**64 - 1), st.sampled_from([0, 1, 2**32, 2**63, 2**64 - 1]))


class TestIntegers:
    @given(pairs=st.lists(st.tuples(WORDS, WORDS), min_size=32, max_size=32))
    def test_product(self, pairs):
        x, y = (jnp.array(side, jnp.uint32) for side in zip(*pairs, strict=True))
        assert integers(_uint64.product(x, y)) == [a * b for a, b in pairs]

    @given(pairs=st.lists(st.tuples(DOUBLES, DOUBLES), min_size=32, max_size=32))
    def test_upper_half(self, pairs):
        x, y = (halves(side) for side in zip(*pairs, strict=True))
        assert integers(_uint64.upper_half(x, y)) == [a * b >> 64 for a, b in pairs]

    @given(terms=st.lists(st.integers(0, 2**57), min_size=32, max_size=32))
    def test_cumulative(self, terms):
        high, low = (word[None] for word in halves(terms))
        sums = integers(_uint64.cumulative(high, low))
        assert sums == np.cumsum(np.array(terms, object)).tolist()

    @pytest.mark.thinned(8)
    @pytest.mark.parametrize("size", [1, 2, 3, 1000, 2**20 - 1, 2**20, 2**20 + 1])
    @pytest.mark.parametrize("kind", ["equal", "uniform", "steep", "3e38", "1e-37"])
    def test_weights(self, size, kind, dtype):
        rng = np.random.default_rng(0)
        weights = {
            "equal": np.ones(size),
            "uniform": rng.uniform(size=size),
            "steep": np.exp2(rng.uniform(-120, 120, size)),
            "3e38": np.full(size, 3e38),
            "1e-37": np.full(size, 1e-37),
        }[kind].astype(dtype)
        high, low = categories._integers(jnp.array(weights)[None])
        units = np.asarray(high[0]).astype(object) * 2**32 + np.asarray(low[0]).astype(object)
        total = sum(units)
        assert 2**61 <= total <= 2**63
        # in proportion, but for the rounding to whole units
        shares = np.asarray(units, float) / float(total)
        expected = weights.astype(float) / weights.max().astype(float)
        expected = expected / expected.sum()
        np.testing.assert_allclose(shares, expected, rtol=1e-9, atol=2.0**-61)


class TestSearch:
    @pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 1000])
    def test_counts_what_is_up_to_each_point(self, size):
        rng = np.random.default_rng(size)
        numbers = np.sort(rng.integers(0, 2**63, size, dtype=np.uint64))
        numbers[size // 3 : size // 2] = numbers[size // 3]
        points = np.concatenate([rng.integers(0, 2**63, 500, dtype=np.uint64), numbers, [0]])
        points = points.astype(np.uint64)
        found = categories._count_up_to(*halves(numbers), *halves(points))
        assert np.array_equal(found, np.searchsorted(numbers, points, side="right"))

    @pytest.mark.nightly
    @pytest.mark.parametrize(("word", "category"), [(0, 1), (2**32 - 1, 3)])
    def test_points_at_the_ends_of_the_sum(self, word, category, monkeypatch):
        def words(key, shape):
            return jnp.full(shape, word, jnp.uint32), jnp.full(shape, word, jnp.uint32)

        weights = jnp.array([[0, 0.1, 0, 0.7, 0], [0, 1, 1, 1 / 3, 0]], jnp.float32)
        monkeypatch.setattr(categories, "words", words)
        draws = categories._with_replacement(jax.random.key(0), weights, 3)
        assert (draws == category).all()

    @pytest.mark.nightly
    def test_no_category_of_weight_0(self):
        weights = jax.random.uniform(jax.random.key(8), 50_000).at[1::2].set(0)
        key_a, key_b = jax.random.split(jax.random.key(9))
        assert (multinomial(key_a, weights, 1_000_000, replacement=True) % 2 == 0).all()
        assert (multinomial(key_b, weights, 25_000) % 2 == 0).all()


class TestEdges:
    @pytest.mark.parametrize("replacement", [True, False])
    @pytest.mark.parametrize("weight", [1e-37, 0.1, 3e38])
    def test_one_category(self, replacement, weight):
        n = 3 if replacement else 1
        draws = multinomial(jax.random.key(0), jnp.array([weight]), n, replacement)
        assert draws.tolist() == [0] * n

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
        empty = jnp.zeros((0, 3), any_dtype)
        assert multinomial(jax.random.key(0), empty, 2).shape == (0, 2)
        assert multinomial(jax.random.key(0), empty, 2, replacement=True).shape == (0, 2)
