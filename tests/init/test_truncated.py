"""The truncated normal distribution: its distribution near and far, its bounds in each dtype."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import checkify
from oracles import assert_distributed, assert_same
from scipy import stats

import jaxgrad
from jaxgrad.init import trunc_normal

pytestmark = pytest.mark.thinned(8)

INTERVALS = [
    *[
        (0.0, 1.0, -2.0, 2.0),
        (0.0, 0.02, -2.0, 2.0),
        (0.0, 0.02, -0.04, 0.04),
        (1.0, 2.0, 0.5, 0.7),
    ],
    *[(0.0, 1.0, 0.0, math.inf), (3.0, 0.5, -math.inf, 3.5), (0.0, 1.0, -math.inf, math.inf)],
    # Tails: above and below the mean, narrow and wide, near and far.
    *[
        (0.0, 1.0, 2.5, 3.5),
        (0.0, 1.0, 5.0, 6.0),
        (0.0, 1.0, -6.0, -5.0),
        (1.0, 0.1, 3.0, math.inf),
    ],
    *[
        (0.0, 1.0, 50.0, 1e30),
        (0.0, 1.0, 0.5, 0.501),
        (0.0, 1.0, -1.51, -1.5),
        (0.0, 1.0, 1e-4, 2e-4),
    ],
]


def distribution(mean, std, a, b):
    """scipy's, which stops at 38 deviations; beyond, the tail is exponential to a part in 1000."""
    alpha, beta = (a - mean) / std, (b - mean) / std
    if alpha > 38:
        return stats.expon(a, std / alpha)
    return stats.truncnorm(alpha, beta, mean, std)


@pytest.mark.thinned(8)
@pytest.mark.parametrize("parameters", INTERVALS, ids=str)
def test_distribution(parameters, dtype):
    mean, std, a, b = parameters
    samples = trunc_normal(jax.random.key(0), 40_000, dtype, mean=mean, std=std, a=a, b=b)
    assert samples.dtype == dtype
    low, high = np.array([a, b], dtype)
    assert np.min(samples) >= low and np.max(samples) <= high
    assert_distributed(samples, distribution(*parameters))


@pytest.mark.thinned(8)
@pytest.mark.parametrize("narrow", ["bfloat16", "float16"])
@pytest.mark.parametrize("parameters", INTERVALS, ids=str)
def test_narrow_dtypes_stay_within_the_bounds(parameters, narrow):
    mean, std, a, b = parameters
    samples = trunc_normal(jax.random.key(0), 100_000, narrow, mean=mean, std=std, a=a, b=b)
    assert samples.dtype == narrow
    with np.errstate(over="ignore"):  # 1e30 is beyond float16
        low, high = np.array([a, b], jnp.dtype(narrow)).astype(float)
    samples = np.asarray(samples, float)
    assert samples.min() >= low and samples.max() <= high


def test_narrow_samples_are_rounded_once():
    wide = trunc_normal(jax.random.key(0), 10_000, std=0.5, a=-1.0, b=1.0)
    narrow = trunc_normal(jax.random.key(0), 10_000, "bfloat16", std=0.5, a=-1.0, b=1.0)
    assert_same(narrow, wide.astype("bfloat16"), rtol=0)


@pytest.mark.nightly
@pytest.mark.parametrize(
    "parameters", [(0.0, 1.0, 1.0, 1.0), (0.0, 1.0, 9.0, 9.0), (0.0, 1.0, 0.0, 0.0)]
)
def test_an_interval_of_one_point(parameters, any_dtype):
    mean, std, a, b = parameters
    samples = trunc_normal(jax.random.key(0), 5, any_dtype, mean=mean, std=std, a=a, b=b)
    assert_same(samples, jnp.full(5, a, any_dtype), rtol=0)


@pytest.mark.nightly
def test_jit_and_vmap_over_the_parameters():
    table = jnp.array([p for p in INTERVALS if math.isfinite(p[2])], jnp.float32)
    keys = jax.random.split(jax.random.key(0), len(table))

    def draw(key, p):
        return trunc_normal(key, (3, 4), mean=p[0], std=p[1], a=p[2], b=p[3])

    loop = jnp.stack([draw(key, p) for key, p in zip(keys, table, strict=True)])
    keys = jax.random.split(jax.random.key(0), len(table))
    assert_same(jax.vmap(draw)(keys, table), loop)
    keys = jax.random.split(jax.random.key(0), len(table))
    assert_same(jnp.stack([jax.jit(draw)(*row) for row in zip(keys, table, strict=True)]), loop)


@pytest.mark.parametrize("a", [-1.0, 4.0])
@pytest.mark.nightly
def test_no_gradient_reaches_the_parameters(a):
    def total(std, a):
        return trunc_normal(jax.random.key(0), 5, std=std, a=a, b=5.0).sum()

    assert_same(jax.grad(total, (0, 1))(1.0, a), (jnp.zeros(()), jnp.zeros(())))


def three(key, parameters):
    return trunc_normal(key, 3, **parameters)


COMPILED, CHECKED = jax.jit(three), jax.jit(jaxgrad.checkify(three))
ORDINARY = {"mean": 0.0, "std": 1.0, "a": -2.0, "b": 2.0}


@pytest.mark.parametrize(
    ("kwargs", "match"),
    [
        ({"a": 2, "b": -2}, r"\[a, b\] must be an interval of float32.*, got 2.* to -2"),
        ({"a": math.nan}, r"\[a, b\] must be an interval"),
        ({"a": math.inf, "b": math.inf}, r"\[a, b\] must be an interval"),
        ({"std": 0}, "std must be positive and finite, got 0"),
        ({"std": -1.0}, "std must be positive and finite, got -1.0"),
        ({"std": math.nan}, "std must be positive and finite, got nan"),
        ({"mean": math.inf}, "mean must be finite, got inf"),
    ],
)
def test_refusals(kwargs, match):
    with pytest.raises(ValueError, match=f"trunc_normal: {match}"):
        three(jax.random.key(0), kwargs)
    given = {name: float(value) for name, value in (ORDINARY | kwargs).items()}
    assert np.isnan(COMPILED(jax.random.key(0), given)).all()
    error, _ = CHECKED(jax.random.key(0), given)
    with pytest.raises(checkify.JaxRuntimeError, match=f"trunc_normal: {match}"):
        error.throw()
