"""What is known before of the functions that `functional_calls` calls."""

import exactly
import numpy as np
from fuzz import Known, largest


def divides_by_zero(given, options, theirs):
    return isinstance(theirs.error, ZeroDivisionError) and 0 in np.asarray(given[1])


def of_nothing(given, options, theirs):
    """PyTorch looks at neither dtype nor axis where there is nothing."""
    return given[0].size == 0


def is_empty(given, options):
    """PyTorch gives memory that it never wrote."""
    return given[0].size == 0


def at_poles(given, options):
    """The exact answer is infinite, and PyTorch's has rounded the pole away."""
    x = np.asarray(given[-1], float)
    return ((x <= 0) & (x == np.round(x))) | (x == np.inf)


def between_zeros(given, options, slopes):
    """The terms of size 1 that cancel where ψ is 0, and log |Γ| between negative integers."""
    x = np.asarray(given[-1], float)
    return np.ones_like(x) if slopes else np.where(x < -2, 1.0, 0.0)


def on_a_branch_cut(given, options):
    """XLA does not look at the sign of an imaginary zero, and of an infinity it has the limit."""
    z = np.asarray(given[0])
    if not np.iscomplexobj(z):
        return False
    return ((z.imag == 0) & (z.real < 0)) | np.isinf(z)


def where_the_exponential_overflows(given, options):
    """Of complex numbers PyTorch divides by an infinity whose angle is unknown, and has NaN."""
    z = np.asarray(given[0])
    return np.iscomplexobj(z) and z.real < 1 - np.log(np.finfo(z.dtype).max)


def means_of_large_numbers(given, options, slopes):
    """The digits of a mean are those of the largest number; those of a variance are its own."""
    return "answers" if slopes else ("answers", largest([given[0]]))


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


def of_nan_to_the_largest(given, options):
    """PyTorch leaves NaN out of the largest difference."""
    rows = np.concatenate(given[:2])
    return options.get("p") == np.inf and bool(np.isnan(rows).any())


def without_dim(given, options, theirs):
    """PyTorch takes keepdim with an axis only."""
    return "keepdim" in options and "dim" not in options


def without_dim_or_of_nothing(given, options, theirs):
    return without_dim(given, options, theirs) or of_nothing(given, options, theirs)


def of_all_axes_without_freedom(given, options):
    """Of dim=() PyTorch's derivative counts one element."""
    return options.get("dim") == () and given[0].size <= options.get("correction", 1)


def of_infinities(given, options):
    """PyTorch's mean is NaN then, but for an infinity that comes last."""
    return bool(np.isinf(np.asarray(given[0], complex)).any())


def alone(given, options):
    """The exact derivative is 0, as the difference of two terms of size 1 / |x|."""
    x = given[0]
    return x.ndim > 0 and x.shape[options.get("dim", 1) % x.ndim] == 1


def at_nan(given, options):
    return np.isnan(np.asarray(given[0], float))


def of_large_exponents(given, options, slopes):
    """Slopes are exponentials of differences from a logarithm: the digits are the largest one's."""
    return 2 + largest([given[0]])


def beside_complex_infinities(given, options):
    """Along the axis: there PyTorch's values are NaN."""
    x = given[0]
    if not np.iscomplexobj(x):
        return False
    wild = np.isinf(x)
    return np.broadcast_to(wild.any(given[1], keepdims=True) if x.ndim else wild, x.shape)


def of_complex_logarithms(given, options):
    """Beside infinities PyTorch's values are NaN, and equal real parts leave 2π to the last bit."""
    return beside_complex_infinities(given, options) | after_terms_that_vanish(given, options)


def after_terms_that_vanish(given, options):
    """From a real part of 0 on that follows another 0 and a term of less than 1e-37."""
    x = np.asarray(given[0])
    if not (np.iscomplexobj(x) and x.ndim):
        return False
    real = np.moveaxis(x.real, given[1], 0)
    before = np.maximum.accumulate(np.concatenate([np.full_like(real[:1], -np.inf), real]))[:-1]
    small = np.logical_or.accumulate((real < -85) & (real > -750))
    tied = np.logical_or.accumulate((real == 0) & (before == 0) & small)
    return np.moveaxis(tied, 0, given[1])


def at_infinities_or_alone(given, options):
    """PyTorch's derivative is NaN; of one element ours is 1."""
    x = np.asarray(given[0], complex)
    one = x.ndim > 0 and x.shape[given[1]] == 1
    return np.isinf(x) | (np.isnan(x) & one)


def over_size(given, options, slopes):
    """The derivative is the difference of two terms of size 1 / |z|."""
    size = np.abs(np.asarray(given[0], complex))
    return np.where(size == 0, 0.0, slopes / np.where(size == 0, 1, size))


def over_norms(given, options, slopes):
    """A derivative is the difference of two terms of size 1 / |x|, a value that of numbers to 1."""
    if not slopes:
        return 1.0
    lines = [np.linalg.norm(np.asarray(x, float), axis=-1).ravel() for x in given[:2]]
    norms = np.concatenate(lines)
    usual = np.isfinite(norms) & (norms > 0)
    return 1 / norms.min(initial=1.0, where=usual)


def halves(given, options, slopes):
    """The terms of x / 2 + x / 2 erf(x / sqrt(2)), or of tanh, and of the derivative."""
    return 1 + np.abs(np.asarray(given[0], float))


def with_targets_of_at_most_0(given, options):
    return bool(options.get("full")) & (np.asarray(given[1], float) <= 0)


SUMS = ("pairwise_distance",)
SUMS += ("triplet_margin_loss", "triplet_margin_with_distance_loss", "norm", "vector_norm")
SUMS += ("multilabel_soft_margin_loss", "cross_entropy", "linear_cross_entropy", "ctc_loss")
SUMS += ("hinge_embedding_loss", "tanh")
KNOWN = {
    **dict.fromkeys(
        ("sigmoid", "silu"),
        Known(cancel="answers", elements=where_the_exponential_overflows),
    ),
    "hardsigmoid": Known(digits=1e-7),  # PyTorch multiplies by a 1 / 6 in float32
    "lgamma": Known(1e-9, cancel=between_zeros, elements=at_poles),
    "digamma": Known(1e-9, cancel=lambda *_: 1.0, elements=at_poles),
    "polygamma": Known(1e-9, elements=at_poles),
    **dict.fromkeys(("fmod", "remainder", "floor_divide"), Known(refusals=divides_by_zero)),
    **dict.fromkeys(
        ("softmax", "softmin", "log_softmax"), Known(cancel="answers", refusals=of_nothing)
    ),
    **dict.fromkeys(("median", "nanmedian"), Known(refusals=without_dim_or_of_nothing)),
    **dict.fromkeys(("cummax", "cummin"), Known(refusals=of_nothing)),
    **dict.fromkeys(("max", "min"), Known(refusals=without_dim)),
    "var": Known(cancel="answers", exact=exactly.var, slopes=of_all_axes_without_freedom),
    "std": Known(cancel="answers", exact=exactly.std, slopes=of_all_axes_without_freedom),
    **{
        name: Known(
            cancel=means_of_large_numbers,
            exact=getattr(exactly, name),
            elements=of_infinities,
            slopes=of_all_axes_without_freedom,
        )
        for name in ("var_mean", "std_mean")
    },
    "cdist": Known(cancel="answers", elements=of_nan_to_the_largest),
    "copysign": Known(elements=of_nan),
    "cosine_embedding_loss": Known(cancel=over_norms),
    "cosine_similarity": Known(cancel="answers", elements=alone),
    **dict.fromkeys(("multi_margin_loss", "multilabel_margin_loss"), Known(elements=is_empty)),
    **dict.fromkeys(SUMS, Known(cancel="answers")),
    "sgn": Known(cancel=over_size),
    **dict.fromkeys(("quantile", "nanquantile"), Known(refusals=of_nothing)),
    "topk": Known(exact=exactly.topk),
    "rsqrt": Known(elements=on_a_branch_cut),
    "softsign": Known(1e-9, elements=of_integers),
    "tanhshrink": Known(1e-9, elements=near_zero),
    "normalize": Known(cancel="answers", elements=alone),
    "mish": Known(elements=where_exp_vanishes),
    "gelu": Known(cancel=halves),
    "i1": Known(elements=at_nan),
    "logcumsumexp": Known(
        cancel=of_large_exponents,
        elements=of_complex_logarithms,
        slopes=at_infinities_or_alone,
        exact=exactly.logcumsumexp,
    ),
    "poisson_nll_loss": Known(elements=with_targets_of_at_most_0),
    "soft_margin_loss": Known(exact=exactly.soft_margin_loss),
}
"""What the docstrings tell under "Differs from PyTorch", and where digits cancel."""
