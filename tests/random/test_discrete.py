"""bernoulli, randint, geometric."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import ALARM, assert_counted, assert_distributed, assert_same
from scipy import stats

from jaxgrad.random import _draws, bernoulli, discrete, geometric, randint

pytestmark = pytest.mark.thinned(8)


class TestBernoulli:
    def test_distribution(self, drawn, dtype):
        p = np.array([0.0, 1e-3, 0.3, 1.0], dtype)
        samples = drawn(lambda key, n: bernoulli(key, jnp.broadcast_to(p, (n, 4))))
        assert samples.dtype == dtype
        distribution = np.ravel([[1 - x, x] for x in p.astype(float)])
        assert_counted(np.asarray(samples) + 2 * np.arange(4), distribution)

    def test_a_scalar_and_a_shape(self, drawn, dtype):
        samples = drawn(lambda key, n: bernoulli(key, 0.9, (n, 2)))
        assert samples.dtype == dtype and samples.shape[1:] == (2,)
        assert_counted(samples, [0.1, 0.9])

    @pytest.mark.parametrize("kind", ["bool", "int8", "uint8", "int32", "float16", "float32"])
    def test_dtypes(self, kind):
        samples = bernoulli(jax.random.key(0), 0.25, 20_000, dtype=kind)
        assert samples.dtype == kind
        assert_counted(samples, [0.75, 0.25])
        floats = bernoulli(jax.random.key(0), 0.25, 20_000)
        assert np.array_equal(np.asarray(samples, float), floats)

    @pytest.mark.parametrize("narrow", ["bfloat16", "float16"])
    def test_narrow(self, narrow):
        p = jnp.full(40_000, 0.3, narrow)
        samples = bernoulli(jax.random.key(1), p)
        assert samples.dtype == narrow
        assert_counted(samples, [1 - float(p[0]), float(p[0])])

    def test_certain_events(self, any_dtype):
        p = jnp.array([0.0, 1.0] * 50_000, any_dtype)
        assert_same(bernoulli(jax.random.key(0), p), p)

    def test_rare_events_are_as_rare_as_they_should_be(self):
        # 2²⁶ draws at 2⁻³⁰: 0.06 expected. Uniform numbers of 23 bits would give 8.
        p = jnp.full(2**24, 2.0**-30)
        ones = sum(int(bernoulli(key, p).sum()) for key in jax.random.split(jax.random.key(6), 4))
        assert stats.poisson.sf(ones - 1, 2**-4) > ALARM

    @pytest.mark.parametrize("q", [2.0**-60, 2.0**-24, 2.0**-10, 0.25, 0.375])
    def test_the_steps_are_exact_from_either_end(self, q, dtype, monkeypatch):
        # A uniform number by its distance from the nearer end: just within q of it, and just not.
        q = jnp.array(q if q >= jnp.finfo(dtype).eps / 2 else jnp.finfo(dtype).eps / 2, dtype)
        half = jnp.stack([jnp.nextafter(q, jnp.array(0, dtype)), jnp.nextafter(q, q + q)])
        ones = {}
        for above in (False, True):
            monkeypatch.setattr(
                _draws, "signed_half", lambda *_, side=above: (jnp.array([side, side]), half)
            )
            draw = discrete._bernoulli.__wrapped__  # jit would keep the patched program
            ones[above] = [draw(None, p, (2,), dtype)[0].tolist() for p in (q, 1 - q)]
        assert ones[False] == [[1, 0], [1, 1]]
        assert ones[True] == [[0, 0], [0, 1]]

    def test_empty_and_0d(self, any_dtype):
        empty = jnp.zeros((0, 3), any_dtype)
        assert_same(bernoulli(jax.random.key(0), empty), empty)
        assert bernoulli(jax.random.key(0), jnp.array(0.5, any_dtype)).shape == ()
        assert bernoulli(jax.random.key(0), jnp.zeros(3, any_dtype), (0, 3)).shape == (0, 3)


RANGES = {
    "bool": (0, 2),
    "int8": (-(2**7), 2**7),
    "uint8": (0, 2**8),
    "int16": (-(2**15), 2**15),
    "int32": (-(2**31), 2**31),
    "uint32": (0, 2**32),
    "int64": (-(2**63), 2**63),
    "uint64": (0, 2**64),
    "float16": (-(2**11), 2**11 + 1),
    "bfloat16": (-(2**8), 2**8 + 1),
    "float32": (-(2**24), 2**24 + 1),
    "float64": (-(2**53), 2**53 + 1),
}


class TestRandint:
    def test_distribution(self, drawn, dtype):
        samples = drawn(lambda key, n: randint(key, -3, 4, (n,)))
        assert samples.dtype == (jnp.int64 if dtype == "float64" else jnp.int32)
        assert_counted(np.asarray(samples) + 3, np.ones(7))

    @pytest.mark.parametrize("kind", RANGES)
    @pytest.mark.parametrize("wide", [False, True], ids=["x32", "x64"])
    def test_the_full_range(self, kind, wide):
        if "64" in kind and not wide:
            pytest.skip("64-bit integers need 64-bit types")
        low, high = RANGES[kind]
        with jax.enable_x64(wide):
            samples = np.asarray(randint(jax.random.key(0), low, high, (40_000,), dtype=kind))
        assert samples.dtype == kind
        blocks = [(int(x) - low) * 16 // (high - low) for x in samples]
        if high - low >= 16:
            shares = np.diff([-(-block * (high - low) // 16) for block in range(17)])
            assert_counted(blocks, shares.astype(float))
        if high - low <= 256:  # the chance of missing an end is below 1e-67
            assert int(samples.min()) == low and int(samples.max()) == high - 1

    @pytest.mark.parametrize(
        ("low", "high", "kind"),
        [
            (-3 * 2**29, 3 * 2**29, "int32"),  # thirds of these came 2 : 1 : 1 from JAX's own
            (-3 * 2**61, 3 * 2**61, "int64"),
            (0, 3 * 2**62, "uint64"),
            (2**62, 2**62 + 3 * 2**40, "int64"),
            (0, 3 * 2**15, "int32"),
            (10, 109, "int8"),
        ],
    )
    def test_thirds_are_equal(self, low, high, kind, drawn):
        with jax.enable_x64(True):
            samples = drawn(lambda key, n: randint(key, low, high, (n,), dtype=kind))
            thirds = [(int(x) - low) * 3 // (high - low) for x in np.asarray(samples)]
        assert_counted(thirds, np.ones(3))

    @pytest.mark.thinned(8)
    @pytest.mark.parametrize(
        "end", [1, 2, 3, 10**9, 2**32 - 1, 2**32, 2**32 + 1, 3 * 2**62, 2**64 - 1, 2**64]
    )
    def test_offsets_are_exact(self, end, monkeypatch):
        # floor(x end / 2⁶⁴), and beyond 2³² with 128 bits, in Python's integers
        rng = np.random.default_rng(0)
        words = rng.integers(0, 2**32, (2, 2, 500), dtype=np.uint32)
        words[:, :, 0], words[:, :, 1] = 0, 2**32 - 1
        order = iter(words)
        monkeypatch.setattr(
            discrete, "words", lambda key, shape: tuple(jnp.array(w) for w in next(order))
        )
        with jax.enable_x64(True):
            offsets = discrete._below(jax.random.key(0), (500,), end)
        more, less = ([int(h) << 32 | int(low) for h, low in zip(*w, strict=True)] for w in words)
        if end <= 2**32:
            expected = [x * end >> 64 for x in more]
        else:
            expected = [((x << 64 | y) * end) >> 128 for x, y in zip(more, less, strict=True)]
        assert [int(x) for x in offsets] == expected

    def test_one_number(self):
        assert randint(jax.random.key(0), 5, 6, (3,)).tolist() == [5, 5, 5]

    def test_one_argument_is_the_end(self):
        assert set(randint(jax.random.key(0), 3, shape=100).tolist()) == {0, 1, 2}

    def test_empty_and_0d(self):
        assert randint(jax.random.key(0), 5, shape=(0, 3)).shape == (0, 3)
        assert randint(jax.random.key(0), 5).shape == ()


class TestGeometric:
    @pytest.mark.parametrize("p", [0.05, 0.5, 0.99])
    def test_distribution(self, p, drawn, dtype):
        samples = np.asarray(drawn(lambda key, n: geometric(key, n, p)))
        assert samples.dtype == dtype
        last = int(stats.geom.isf(1e-3, p))  # and beyond, in one
        distribution = [*stats.geom.pmf(np.arange(1, last), p), stats.geom.sf(last - 1, p)]
        assert_counted(np.minimum(samples, last) - 1, distribution)

    @pytest.mark.parametrize("p", [1e-30, 1e-8, 1 - 2.0**-24, 1 - 2.0**-53])
    def test_extreme_probabilities(self, p, dtype):
        if p == 1 - 2.0**-53 and dtype == "float32":
            p = 1 - 2.0**-24
        samples = np.asarray(geometric(jax.random.key(1), 40_000, p), float)
        assert samples.min() >= 1 and (samples == np.ceil(samples)).all()
        if p < 0.5:
            assert_distributed(samples * p, stats.expon())
        else:
            assert stats.binom.sf((samples > 1).sum() - 1, samples.size, 1 - p) > ALARM

    @pytest.mark.parametrize("kind", ["int8", "uint8", "int32", "float16", "bfloat16", "float32"])
    def test_dtypes(self, kind):
        samples = geometric(jax.random.key(2), 1000, 0.3, dtype=kind)
        assert samples.dtype == kind
        floats = geometric(jax.random.key(2), 1000, 0.3)
        assert np.array_equal(np.asarray(samples, float), floats)

    @pytest.mark.parametrize("kind", ["int8", "uint8", "int16", "int32", "uint32"])
    def test_what_an_integer_dtype_does_not_hold_is_its_largest_number(self, kind):
        samples = geometric(jax.random.key(3), 100, 1e-20, dtype=kind)
        assert (np.asarray(samples) == np.iinfo(kind).max).all()

    def test_extreme_words(self, dtype, monkeypatch):
        words = jnp.array([0, 1, 2**32 - 2, 2**32 - 1], jnp.uint32)
        monkeypatch.setattr(_draws, "words", lambda key, shape: (words, words))
        samples = np.asarray(
            discrete._geometric.__wrapped__(None, jnp.array(0.5, dtype), (4,), dtype)[0]
        )
        assert samples.min() == 1 and np.isfinite(samples).all() and 60 < samples.max() <= 64

    def test_empty_and_0d(self, any_dtype):
        for shape in ((0, 3), ()):
            samples = geometric(jax.random.key(0), shape, 0.5, dtype=any_dtype)
            assert samples.shape == shape and samples.dtype == any_dtype
