"""The functions that draw, in training: what does not depend on the numbers drawn."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from functional_calls import DROPOUTS, KEYED
from fuzz import DIGITS, FEW_SETS, FLOATS, INTEGERS, as_pytorch, floats
from fuzz import searching_few as searching
from hypothesis import given
from hypothesis import strategies as st
from outcomes import outcome
from rooms import pytorchs, room_of

pytestmark = [pytest.mark.torch, pytest.mark.nightly, pytest.mark.thinned(1)]  # all, each night

shapes = st.sampled_from([(), (1,), (5,), (0,), (2, 3), (3, 1), (2, 0, 3), (2, 1, 3, 1)])
dtypes = st.sampled_from(FLOATS * 3 + INTEGERS[:1] + INTEGERS[-1:])
OPTIONS = {
    **dict.fromkeys(DROPOUTS, {"p": st.sampled_from([0.5, 0.0, 1.0, 0.25, -0.1, 2.0])}),
    "rrelu": {
        "lower": st.sampled_from([0.125, 0.5, 0.0, -0.5]),
        "upper": st.sampled_from([1 / 3, 0.5, 0.25]),
    },
    "gumbel_softmax": {
        "tau": st.sampled_from([1.0, 0.5, 2, 10.0]),
        "hard": st.booleans(),
        "dim": st.sampled_from([-1, 0, 1]),
    },
}


@pytest.mark.parametrize("name", OPTIONS)
@searching
@given(data=st.data())
def test_as_pytorch(name, data):
    """Whether both refuse, the shape and the dtype, and what is true of any draw."""
    options = data.draw(st.fixed_dictionaries({}, optional=OPTIONS[name]), "options")
    shape, dtype = data.draw(shapes, "shape"), data.draw(dtypes, "dtype")
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1), "seed"))
    training = {"training": True} if name in KEYED else {}
    with as_pytorch():
        for number in range(FEW_SETS):
            x = jnp.asarray(floats(rng, shape)).astype(dtype)
            found = outcome(lambda x=x, n=number: drawn(name, n, x, **options, **training))
            expected = outcome(lambda x=x: of_pytorch(name, x, **options, **training))
            told = f"{x} {options}\nours: {found}\nPyTorch: {expected}"
            if isinstance(found, Exception) or isinstance(expected, Exception):
                both = isinstance(found, Exception) and isinstance(expected, Exception)
                assert both or declared(x, expected), told
                return
            assert (found[0].dtype, found[0].shape) == (expected.dtype, expected.shape), told
            CHECKS[name](np.asarray(x), *map(np.asarray, found), expected, options, told)


def drawn(name, seed, x, **options):
    """A draw, and the derivative of its sum."""
    fn = room_of(name)[1]
    key = jax.random.key(seed)
    if not jnp.issubdtype(x.dtype, jnp.floating):
        return fn(key, x, **options), np.zeros(())
    value, pull = jax.vjp(lambda x: fn(key, x, **options), x)
    return value, pull(jnp.ones_like(value))[0]


def of_pytorch(name, x, **options):
    import torch

    tensor = torch.tensor(np.asarray(x, float)).to(getattr(torch, str(x.dtype)))
    value = pytorchs(name)(tensor, **options)
    return np.asarray(value.double()).astype(x.dtype if value.dtype == tensor.dtype else float)


def declared(x, theirs):
    """What one of both alone refuses: PyTorch has no such dtype, or it looks at nothing at all."""
    return "not implemented for" in str(theirs) or x.size == 0


def near(a, b, dtype):
    """Elements that are alike, as numbers of a dtype."""
    with np.errstate(all="ignore"):
        a, b = (np.asarray(each).astype(dtype).astype(float) for each in (a, b))
        close = np.abs(a - b) <= 2 * DIGITS.get(str(dtype), 0) * np.abs(b)
        return (a == b) | (np.isnan(a) & np.isnan(b)) | close


def dropped(x, y, slope, expected, options, told):
    """Each element is dropped, as x times 0, or scaled, and the derivative is the scale."""
    p = options.get("p", 0.5)
    if p in (0, 1):
        assert near(y, expected, y.dtype).all(), told
    if x.dtype.kind in "biu":
        return
    scale = 1 / (1 - p) if p < 1 else 0.0
    with np.errstate(all="ignore"):
        wide = np.asarray(x, float)
        kept, gone = near(y, wide * scale, y.dtype), near(y, wide * 0, y.dtype)
    assert (kept | gone).all(), told
    assert (near(slope, scale, y.dtype) & kept | near(slope, 0, y.dtype) & gone).all(), told


def with_alpha(x, y, slope, expected, options, told):
    """At 0 all stays; elsewhere an element is a (x or -1.758…) + b, with the derivative a or 0."""
    p, alpha = options.get("p", 0.5), -1.7580993408473766
    if p in (0, 1):
        assert near(y, expected, y.dtype).all(), told
        return
    if x.dtype.kind in "biu":
        return
    a = 1 / np.sqrt((alpha**2 * p + 1) * (1 - p))
    shift = -a * alpha * p
    with np.errstate(all="ignore"):
        wide = np.asarray(x, float)
        fits = [
            np.abs(y.astype(float) - (a * part + shift))
            <= 8 * DIGITS[str(y.dtype)] * (np.abs(a * part) + 2)
            for part in (wide, wide * 0 + alpha)
        ]
    kept, gone = (fit | ~np.isfinite(wide) for fit in fits)
    assert (near(slope, a, y.dtype) & kept | near(slope, 0, y.dtype) & gone).all(), told


def leaked(x, y, slope, expected, options, told):
    """Positive elements stay, and the slope of the others is between both bounds."""
    wide, low, high = np.asarray(x, float), options.get("lower", 1 / 8), options.get("upper", 1 / 3)
    positive = wide > 0
    assert near(y, x, y.dtype)[positive].all() and near(slope, 1, y.dtype)[positive].all(), told
    rest = np.asarray(slope, float)[wide <= 0]
    digits = DIGITS[str(y.dtype)]
    assert ((rest >= low - digits) & (rest <= high + digits)).all(), told
    with np.errstate(all="ignore"):
        product = np.asarray(slope, float) * wide
    assert near(y, product, y.dtype)[wide <= 0].all(), told
    if low == high:
        assert near(y, expected, y.dtype).all(), told


def relaxed(x, y, slope, expected, options, told):
    """Along the axis the elements sum to 1, or one of them is 1; finite scores have slopes."""
    if not x.ndim:
        x, y, slope = x[None], y[None], slope[None]
    axis = options.get("dim", -1)
    finite = np.isfinite(np.asarray(x, float)).all(axis)
    total = np.asarray(y, float).sum(axis)
    assert near(total, 1, y.dtype)[finite].all() if x.shape[axis] else True, told
    assert np.isfinite(np.asarray(slope, float)).all(axis)[finite].all(), told
    if options.get("hard"):
        assert (np.sort(y, axis).take(-1, axis)[finite] == 1).all(), told
        assert np.isin(np.moveaxis(np.asarray(y, float), axis, -1)[finite], (0, 1)).all(), told


CHECKS = {
    **dict.fromkeys([name for name in DROPOUTS if "alpha" not in name], dropped),
    **dict.fromkeys([name for name in DROPOUTS if "alpha" in name], with_alpha),
    "rrelu": leaked,
    "gumbel_softmax": relaxed,
}


def test_every_function_that_draws_is_searched():
    assert OPTIONS.keys() == {*KEYED, "gumbel_softmax"} == CHECKS.keys()
