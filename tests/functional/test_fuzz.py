"""Every function on arguments drawn at random, against a live PyTorch."""

import functools
import importlib

import jax
import numpy as np
import pytest
from functional_calls import CALLS, DROPOUTS
from fuzz import Known, hold, searching
from hypothesis import given
from hypothesis import strategies as st

import jaxgrad.functional as F
import jaxgrad.tensor as T

pytestmark = [pytest.mark.torch, pytest.mark.nightly]

KEYED = ("rrelu", *DROPOUTS)
"""Functions that draw: outside training they do not."""


def divides_by_zero(given, options, theirs):
    return isinstance(theirs.error, ZeroDivisionError) and 0 in np.asarray(given[1])


def of_nothing(given, options, theirs):
    """PyTorch looks at neither dtype nor axis where there is nothing."""
    return given[0].size == 0


def is_empty(given, options):
    """PyTorch gives memory that it never wrote."""
    return given[0].size == 0


def has_ties(given, options):
    """Which of equal elements is taken is open."""
    return np.unique(given[0]).size < given[0].size


def at_poles(given, options):
    """The exact answer is infinite, and PyTorch's has rounded the pole away."""
    x = np.asarray(given[-1], float)
    return ((x <= 0) & (x == np.round(x))) | (x == np.inf)


def on_a_branch_cut(given, options):
    """XLA does not look at the sign of an imaginary zero, and of an infinity it has the limit."""
    z = np.asarray(given[0])
    return (((z.imag == 0) & (z.real < 0)) | np.isinf(z)) & np.iscomplexobj(z)


def where_exp_vanishes(given, options):
    """The exponential is no normal number, and XLA has 0 for it."""
    return np.asarray(given[0], float) < -85


def of_integers(given, options):
    """PyTorch's wrap around."""
    return given[0].dtype.kind in "iu"


def near_zero(given, options):
    """PyTorch's is the difference x - tanh x, of which nothing is left."""
    return np.abs(np.asarray(given[0], complex)) < 0.02


def of_nan(given, options):
    """The sign of a NaN is open."""
    return np.isnan(np.asarray(given[1], float))


def without_dim(given, options, theirs):
    """PyTorch takes keepdim with an axis only."""
    return "keepdim" in options and "dim" not in options


def without_dim_or_of_nothing(given, options, theirs):
    return without_dim(given, options, theirs) or of_nothing(given, options, theirs)


def alone(given, options):
    """The exact derivative is 0, as the difference of two terms of size 1 / |x|."""
    x = given[0]
    return x.ndim > 0 and x.shape[options.get("dim", 1) % x.ndim] == 1


def at_nan(given, options):
    return np.isnan(np.asarray(given[0], float))


def beside_infinities(given, options):
    return not np.isfinite(np.asarray(given[0], complex)).all()


def in_the_tail(given, options):
    """The absolute error counts, not the relative one."""
    return np.asarray(given[0], float) < -2


def with_targets_of_at_most_0(given, options):
    return bool(options.get("full")) & (np.asarray(given[1], float) <= 0)


def overflows(given, options):
    return (np.abs(np.asarray(given[0], float)) > 88).any()


SUMS = ("cdist", "cosine_embedding_loss", "pairwise_distance")
SUMS += ("triplet_margin_loss", "triplet_margin_with_distance_loss", "norm", "vector_norm")
SUMS += ("multilabel_soft_margin_loss", "cross_entropy", "linear_cross_entropy", "ctc_loss")
SUMS += ("hinge_embedding_loss", "tanh", "sigmoid", "sgn")
KNOWN = {
    "hardsigmoid": Known(digits=1e-7),  # PyTorch multiplies by a 1 / 6 in float32
    **dict.fromkeys(("lgamma", "digamma", "polygamma"), Known(1e-9, elements=at_poles)),
    **dict.fromkeys(("fmod", "remainder", "floor_divide"), Known(refusals=divides_by_zero)),
    **dict.fromkeys(("softmax", "softmin", "log_softmax"), Known(cancel=True, refusals=of_nothing)),
    **dict.fromkeys(("median", "nanmedian"), Known(refusals=without_dim_or_of_nothing)),
    **dict.fromkeys(("cummax", "cummin"), Known(refusals=of_nothing)),
    **dict.fromkeys(("max", "min"), Known(refusals=without_dim)),
    **dict.fromkeys(("var", "std"), Known(1e-6)),  # in float64 the exact answer is not known
    "copysign": Known(elements=of_nan),
    "cosine_similarity": Known(cancel=True, elements=alone),
    **dict.fromkeys(("multi_margin_loss", "multilabel_margin_loss"), Known(elements=is_empty)),
    **dict.fromkeys(SUMS, Known(cancel=True)),
    "topk": Known(elements=has_ties),
    "rsqrt": Known(elements=on_a_branch_cut),
    "softsign": Known(1e-9, elements=of_integers),
    "tanhshrink": Known(1e-9, elements=near_zero),
    "normalize": Known(cancel=True, elements=alone),
    "mish": Known(elements=where_exp_vanishes),
    "gelu": Known(elements=in_the_tail),
    "i1": Known(elements=at_nan),
    "logcumsumexp": Known(cancel=True, elements=beside_infinities),
    "poisson_nll_loss": Known(elements=with_targets_of_at_most_0),
    "soft_margin_loss": Known(elements=overflows),
}
"""What the docstrings tell under "Differs from PyTorch", and where digits cancel."""


def pytorchs(name):
    for module in ("torch.nn.functional", "torch", "torch.special", "torch.linalg"):
        found = getattr(importlib.import_module(module), name, None)
        if found is not None:
            return found
    raise AttributeError(name)


@pytest.mark.parametrize("name", CALLS)
@searching
@given(data=st.data())
def test_as_pytorch(name, data):
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        ours = getattr(F, name, None) or getattr(T, name)
        if name in KEYED:
            ours = functools.partial(ours, jax.random.key(0), training=False)
        theirs = functools.partial(pytorchs(name), **{"training": False} if name in KEYED else {})
        hold(data, ours, theirs, CALLS[name], KNOWN.get(name))


def test_every_function_is_tried():
    assert CALLS.keys() | {"gumbel_softmax"} == {*F.__all__, *T.__all__}  # which draws at all times
