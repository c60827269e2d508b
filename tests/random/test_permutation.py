"""randperm: a bijection for every n, uniform as far as tests see."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import ALARM, assert_counted, assert_distributed
from scipy import stats

from jaxgrad.random import randperm

SIZES = [0, 1, 2, 3, 8, 1023, 1024, 1025, 1026, 1089, 4095, 4096, 4097, 99_991, 1_000_003]


def many(n, count, seed=1):
    """Permutations of successive keys, one a row."""
    keys = jax.random.split(jax.random.key(seed), count)
    return np.asarray(jax.jit(jax.vmap(lambda key: randperm(key, n)))(keys))


def cycles(permutation):
    """How many cycles a permutation has."""
    left, found = set(range(len(permutation))), 0
    while left:
        start = place = left.pop()
        found += 1
        while (place := int(permutation[place])) != start:
            left.discard(place)
    return found


@pytest.mark.thinned(8)
@pytest.mark.parametrize("n", SIZES)
def test_is_a_bijection(n, dtype):
    for seed in range(1 if n > 10_000 else 5):
        permutation = np.asarray(randperm(jax.random.key(seed), n))
        assert permutation.dtype == (np.int64 if dtype == "float64" else np.int32)
        assert np.array_equal(np.sort(permutation), np.arange(n))


@pytest.mark.thinned(8)
@pytest.mark.parametrize("n", range(1025, 1156, 13))
def test_is_a_bijection_beyond_the_sort(n):
    for permutation in many(n, 20):
        assert np.array_equal(np.sort(permutation), np.arange(n))


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_all_orders_of_few_come_as_often(n):
    weights = n ** np.arange(n)
    _, counts = np.unique(many(n, 40_000) @ weights, return_counts=True)
    assert counts.size == math.factorial(n)
    assert stats.chisquare(counts).pvalue > ALARM


@pytest.fixture(scope="module", params=[1025, 1089, 2999])
def permutations(request):
    return many(request.param, 1000)


class TestMany:
    """Beyond the sort: 1,000 permutations of n each, all statistics of every one."""

    def test_positions(self, permutations):
        # Twenty by twenty blocks of i -> pi(i): what goes from block to block, of which the sums
        # over rows and columns are given.
        count, n = permutations.shape
        blocks = np.arange(n) * 20 // n
        table = np.zeros((20, 20))
        np.add.at(table, (np.tile(blocks, count), blocks[permutations].ravel()), 1)
        size = np.bincount(blocks)
        expected = count * np.outer(size, size) / n
        variance = expected * (1 - size / n)[:, None] * (1 - size / n)[None] * n / (n - 1)
        chi2 = ((table - expected) ** 2 / variance).sum() * (19 / 20) ** 2
        assert stats.chi2.sf(chi2, 19 * 19) > ALARM
        assert stats.chi2.cdf(chi2, 19 * 19) > ALARM

    @pytest.mark.parametrize("place", [0, 1, 33, -1])
    def test_single_places(self, permutations, place):
        n = permutations.shape[1]
        assert_counted(permutations[:, place] * 20 // n, np.bincount(np.arange(n) * 20 // n))

    @pytest.mark.parametrize("distance", [1, 2, 33, 50, 71])
    def test_neighbours(self, permutations, distance):
        # Independent from row to row, at one place each: differences modulo n are uniform.
        n = permutations.shape[1]
        rows = np.arange(permutations.shape[0])
        place = rows * 7 % (n - distance)
        steps = (permutations[rows, place + distance] - permutations[rows, place]) % n
        assert steps.min() > 0
        assert_counted((steps - 1) * 20 // (n - 1), np.bincount(np.arange(n - 1) * 20 // (n - 1)))

    def test_fixed_points(self, permutations):
        fixed = (permutations == np.arange(permutations.shape[1])).sum(1)
        assert_counted(
            np.minimum(fixed, 5), [*stats.poisson.pmf(range(5), 1), stats.poisson.sf(4, 1)]
        )

    def test_ascents(self, permutations):
        # of variance (n + 1) / 12; their sum over the rows is normal
        n = permutations.shape[1]
        z = (np.diff(permutations) > 0).sum(1) - (n - 1) / 2
        z = z / np.sqrt((n + 1) / 12)
        assert_distributed(
            z + np.random.default_rng(0).uniform(-0.5, 0.5, z.size) / np.sqrt((n + 1) / 12),
            stats.norm(),
        )

    def test_parity_and_cycles(self, permutations):
        n = permutations.shape[1]
        numbers = np.array([cycles(row) for row in permutations[:200].tolist()])
        assert_counted((n - numbers) % 2, [1, 1])
        mean = np.sum(1 / np.arange(1, n + 1))
        variance = mean - np.sum(1 / np.arange(1, n + 1) ** 2.0)
        z = (numbers.mean() - mean) / np.sqrt(variance / numbers.size)
        assert 2 * stats.norm.sf(abs(z)) > ALARM

    def test_successive_keys(self, permutations):
        # Spearman's correlations of rows are of variance 1 / (n - 1), and all but normal.
        n = permutations.shape[1]
        ranks = (permutations - (n - 1) / 2) / np.sqrt((n * n - 1) / 12)
        assert_distributed((ranks[1::2] * ranks[::2]).sum(1) / n * np.sqrt(n - 1), stats.norm())
        identity = (np.arange(n) - (n - 1) / 2) / np.sqrt((n * n - 1) / 12)
        assert_distributed(ranks @ identity / n * np.sqrt(n - 1), stats.norm())


@pytest.mark.parametrize("kind", ["int8", "uint8", "int16", "int32", "float16", "float32"])
def test_dtypes(kind):
    permutation = randperm(jax.random.key(0), 100, dtype=kind)
    assert permutation.dtype == kind
    assert np.array_equal(np.sort(np.asarray(permutation, int)), np.arange(100))


@pytest.mark.parametrize(
    ("n", "kind"), [(128, "int8"), (256, "uint8"), (2049, "float16"), (2, bool)]
)
def test_the_largest_that_a_dtype_holds(n, kind):
    permutation = np.asarray(randperm(jax.random.key(0), n, dtype=kind), int)
    assert np.array_equal(np.sort(permutation), np.arange(n))
    with pytest.raises(ValueError, match="randperm: dtype must be a dtype that holds"):
        randperm(jax.random.key(0), n + 1 + (kind == "float16"), dtype=kind)


def test_jit_and_sharding(rows):
    def draw(key):
        return jax.lax.with_sharding_constraint(randperm(key, 4096), rows)

    if rows.mesh.axis_types == (jax.sharding.AxisType.Auto,):
        sharded = jax.jit(draw)(jax.random.key(3))
        assert sharded.sharding.is_equivalent_to(rows, 1)
        assert jnp.array_equal(sharded, randperm(jax.random.key(3), 4096))
    else:
        with jax.set_mesh(rows.mesh):
            placed = jax.jit(lambda key: randperm(key, 4096))(jax.random.key(3))
        assert jnp.array_equal(placed, randperm(jax.random.key(3), 4096))
