"""Calls of the functions of `jaxgrad.functional` and `jaxgrad.tensor`, drawn at random."""

import numpy as np
from fuzz import (
    FLOATS,
    SHAPES,
    Array,
    all_dtypes,
    arrays,
    axes_of,
    dtypes,
    number,
    pairs,
    real_dtypes,
    reductions,
    shapes,
)
from hypothesis import strategies as st

INF = float("inf")
axes = st.sampled_from([None, 0, -1, 1, (0,), (0, 1), ()])
yes = st.booleans()


def call(*arguments, **options):
    """A strategy of calls: positional arguments, and options some of which are given."""
    return st.tuples(st.tuples(*arguments), st.fixed_dictionaries({}, optional=options))


def of_pair(both, **options):
    return st.tuples(both, st.fixed_dictionaries({}, optional=options))


def with_numbers(both):
    """A pair of arrays, or an array and a number, whichever comes first."""
    either = st.tuples(arrays(dtypes=real_dtypes), number)
    return st.one_of(both, either, either.map(lambda pair: pair[::-1]))


@st.composite
def classes(draw, weighted=True, smoothed=True):
    """Scores of classes, and one class or a probability of each."""
    batch, count, rest = draw(st.sampled_from([0, 1, 3])), draw(st.sampled_from([1, 4])), ()
    if draw(st.booleans()):
        rest = draw(st.sampled_from([(2,), (1, 2), (0,)]))
    dtype = draw(dtypes)
    shape = (count,) if draw(st.integers(0, 3)) == 0 else (batch, count, *rest)
    alone = len(shape) == 1
    score = Array(shape, dtype, "any")
    options = {"reduction": draw(reductions)}
    if weighted and draw(yes):
        options["weight"] = Array((count,), dtype, "positive", differentiated=False)
    if draw(yes):
        options["ignore_index"] = draw(st.sampled_from([0, -100, 1]))
    if smoothed and draw(yes):
        options["label_smoothing"] = draw(st.sampled_from([0.0, 0.1, 1.0]))
    if smoothed and draw(st.integers(0, 3)) == 0:
        options.pop("ignore_index", None)
        return score, Array(shape, dtype, "unit"), options
    ignored = options.get("ignore_index", -100)

    def labels(rng, shape):
        found = rng.integers(0, count + (rng.random() < 0.1), shape)  # at times one is none
        return np.where(rng.random(shape) < 0.2, ignored, found)

    of = () if alone else (batch, *rest)
    return score, Array(of, "int64", labels), options


def signs(rng, shape):
    return rng.choice([-1.0, 1.0], shape)


@st.composite
def with_margin(draw, count=2, of_signs=True, **options):
    """As many arrays of a shape, and signs."""
    shape, dtype = draw(st.sampled_from([(5,), (1,), (0,), (3, 2), ()])), draw(dtypes)
    given = [Array(shape, dtype) for _ in range(count)]
    given += [Array(shape, dtype, signs, differentiated=False)] * of_signs
    return given, draw(st.fixed_dictionaries({}, optional=options))


@st.composite
def rows(draw, count, **options):
    """As many arrays of vectors, of one shape."""
    shape, dtype = draw(st.sampled_from([(3, 4), (1, 2), (0, 3), (4,), (2, 3, 2), (3, 1)])), None
    dtype = draw(dtypes)
    return [Array(shape, dtype) for _ in range(count)], draw(
        st.fixed_dictionaries({}, optional=options)
    )


def lists_of(count):
    """Classes of each sample, ended by -1."""

    def drawn(rng, shape):
        return np.where(rng.random(shape) < 0.4, -1, rng.integers(0, count, shape))

    return drawn


def lengths(least, most):
    return lambda rng, shape: rng.integers(least, most + 1, shape)


DROPOUTS = ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout")
DROPOUTS += ("feature_alpha_dropout",)
KEYED = ("rrelu", *DROPOUTS)
"""Functions that draw in training."""
slope = st.sampled_from([0.01, 0.5, 0.0, -0.5, 1.0, 2])
positive = st.sampled_from([1.0, 0.5, 2, 1e-3, 10.0])
orders = st.sampled_from([2, 1, 0, 3, 0.5, INF, -INF, -1])
real = arrays(dtypes=real_dtypes)
any_ = arrays(dtypes=all_dtypes)
both = pairs(dtypes=real_dtypes)
reduced = dict(reduction=reductions)

CALLS = {
    **dict.fromkeys(("abs", "sgn", "angle", "sigmoid", "tanh", "exp2", "rsqrt"), call(any_)),
    **dict.fromkeys(("sign", "digamma", "lgamma", "i0", "i1", "ndtri"), call(real)),
    **dict.fromkeys(("relu", "relu6", "selu", "mish", "hardsigmoid", "hardswish"), call(real)),
    **dict.fromkeys(("silu", "softsign", "tanhshrink"), call(any_)),
    "logsigmoid": call(real),
    "logit": call(real, eps=st.sampled_from([None, 1e-3, 0.1, 0.0])),
    "polygamma": st.tuples(st.tuples(st.integers(0, 5), arrays(dtypes=real_dtypes)), st.just({})),
    "leaky_relu": call(real, negative_slope=slope),
    "elu": call(real, alpha=slope),
    "celu": call(real, alpha=st.sampled_from([1.0, 0.5, 2.0, -1.0])),
    "gelu": call(real, approximate=st.sampled_from(["none", "tanh"])),
    "hardtanh": call(real, min_val=st.sampled_from([-1.0, 0.0, -2]), max_val=positive),
    "hardshrink": call(real, lambd=slope),
    "softshrink": call(real, lambd=st.sampled_from([0.5, 0.0, 1])),
    "threshold": call(real, number, number),
    "softplus": call(real, beta=positive, threshold=positive),
    "glu": call(arrays(shapes=st.sampled_from([(4,), (2, 3), (2, 6), (0, 2), ()])), dim=axes_of),
    **dict.fromkeys(("softmax", "softmin", "log_softmax"), call(real, dim=axes_of)),
    "normalize": call(any_, p=orders, dim=axes_of, eps=st.sampled_from([1e-12, 0.0, 0.1])),
    **dict.fromkeys(
        (
            "atan2",
            "copysign",
            "fmax",
            "fmin",
            "hypot",
            "xlogy",
            "xlog1py",
            "logaddexp",
            "logaddexp2",
            "maximum",
            "minimum",
            "fmod",
            "remainder",
            "floor_divide",
        ),
        of_pair(both),
    ),
    **dict.fromkeys(("pow", "float_power"), of_pair(with_numbers(both))),
    "clamp": call(real, min=st.one_of(number, st.none()), max=st.one_of(number, st.none())),
    "clamp_min": of_pair(st.one_of(both, st.tuples(real, number))),
    "clamp_max": of_pair(st.one_of(both, st.tuples(real, number))),
    **dict.fromkeys(("amax", "amin"), call(real, dim=axes, keepdim=yes)),
    **dict.fromkeys(("max", "min"), call(real, dim=axes_of, keepdim=yes)),
    **dict.fromkeys(("median", "nanmedian"), call(real, dim=axes_of, keepdim=yes)),
    **dict.fromkeys(
        ("var", "std", "var_mean", "std_mean"),
        call(arrays(), dim=axes, keepdim=yes, correction=st.sampled_from([0, 1, 2, 0.5])),
    ),
    **dict.fromkeys(
        ("quantile", "nanquantile"),
        call(
            arrays(),
            st.sampled_from([0.5, 0.0, 1.0, 0.3]),
            dim=axes_of,
            keepdim=yes,
            interpolation=st.sampled_from(["linear", "lower", "higher", "nearest", "midpoint"]),
        ),
    ),
    "sort": call(real, dim=axes_of, descending=yes, stable=st.just(True)),
    "topk": call(
        arrays(shapes=st.sampled_from(SHAPES[1:])),
        st.sampled_from([0, 1, 2]),
        dim=axes_of,
        largest=yes,
    ),
    **dict.fromkeys(("cummax", "cummin"), call(real, axes_of)),
    "logcumsumexp": call(any_, axes_of),
    "norm": call(any_, p=orders, dim=st.sampled_from([None, 0, -1]), keepdim=yes),
    "vector_norm": call(any_, ord=orders, dim=axes, keepdim=yes),
    "cdist": st.tuples(
        st.builds(
            lambda n, m, d, t: (Array((n, d), t), Array((m, d), t)),
            st.sampled_from([0, 1, 3]),
            st.sampled_from([0, 1, 2]),
            st.sampled_from([0, 1, 3]),
            st.sampled_from(FLOATS[:2]),
        ),
        st.fixed_dictionaries({}, optional={"p": st.sampled_from([2.0, 1.0, 0.0, 3.0, 0.5, INF])}),
    ),
    **dict.fromkeys(("mse_loss", "l1_loss"), of_pair(pairs(same=True), reduction=reductions)),
    "smooth_l1_loss": of_pair(pairs(same=True), beta=st.sampled_from([0.0, 0.5, 1.0]), **reduced),
    "huber_loss": of_pair(pairs(same=True), delta=positive, **reduced),
    "poisson_nll_loss": of_pair(
        pairs(same=True), log_input=yes, full=yes, eps=st.sampled_from([1e-8, 1e-3]), **reduced
    ),
    "gaussian_nll_loss": st.tuples(
        st.builds(
            lambda shape, dtype: (
                Array(shape, dtype),
                Array(shape, dtype),
                Array(shape, dtype, "positive"),
            ),
            shapes,
            dtypes,
        ),
        st.fixed_dictionaries({}, optional={"full": yes, "eps": positive, **reduced}),
    ),
    "kl_div": of_pair(pairs(same=True), log_target=yes, **reduced),
    "binary_cross_entropy": of_pair(pairs(same=True, of=("unit", "unit")), **reduced),
    "binary_cross_entropy_with_logits": of_pair(pairs(same=True, of=("any", "unit")), **reduced),
    "margin_ranking_loss": with_margin(margin=slope, **reduced),
    "hinge_embedding_loss": with_margin(1, margin=slope, **reduced),
    "soft_margin_loss": with_margin(1, **reduced),
    "cosine_similarity": rows(2, dim=axes_of, eps=st.sampled_from([1e-8, 0.1])),
    "pairwise_distance": rows(2, p=orders, eps=st.sampled_from([1e-6, 0.0]), keepdim=yes),
    "triplet_margin_loss": rows(
        3, margin=positive, p=st.sampled_from([2, 1, 3]), swap=yes, **reduced
    ),
    **dict.fromkeys(("cross_entropy",), classes().map(lambda c: (c[:2], c[2]))),
    "nll_loss": classes(smoothed=False).map(lambda c: (c[:2], c[2])),
    "multi_margin_loss": st.tuples(
        st.builds(
            lambda n, c, t: (
                Array((n, c), t),
                Array((n,), "int64", lambda rng, s: rng.integers(0, c, s)),
            ),
            st.sampled_from([0, 1, 3]),
            st.sampled_from([1, 4]),
            dtypes,
        ),
        st.fixed_dictionaries(
            {}, optional={"p": st.sampled_from([1, 2]), "margin": slope, **reduced}
        ),
    ),
    "multilabel_soft_margin_loss": of_pair(pairs(same=True, of=("any", "unit")), **reduced),
    "multilabel_margin_loss": st.tuples(
        st.builds(
            lambda n, c, t: (Array((*n, c), t), Array((*n, c), "int64", lists_of(c))),
            st.sampled_from([(), (0,), (1,), (3,)]),
            st.sampled_from([1, 4]),
            dtypes,
        ),
        st.fixed_dictionaries({}, optional=reduced),
    ),
    "cosine_embedding_loss": st.tuples(
        st.builds(
            lambda n, d, t: (
                Array((n, d), t),
                Array((n, d), t),
                Array((n,), t, signs, differentiated=False),
            ),
            st.sampled_from([0, 1, 3]),
            st.sampled_from([1, 2, 5]),
            dtypes,
        ),
        st.fixed_dictionaries({}, optional={"margin": slope, **reduced}),
    ),
    "triplet_margin_with_distance_loss": rows(3, margin=positive, swap=yes, **reduced),
    "prelu": st.tuples(
        st.builds(
            lambda shape, one, t: (Array(shape, t), Array((1 if one else shape[1],), t)),
            st.sampled_from([(2, 3), (0, 3), (2, 1), (2, 3, 1), (2, 0)]),
            yes,
            dtypes,
        ),
        st.just({}),
    ),
    "ctc_loss": st.tuples(
        st.builds(
            lambda n, c, s, t: (
                Array((4, n, c), t, lambda rng, shape: -np.abs(rng.normal(size=shape))),
                Array((n, s), "int64", lambda rng, shape: rng.integers(1, c, shape)),
                *(Array((n,), "int64", lengths(*ends)) for ends in ((0, 4), (0, s))),
            ),
            st.sampled_from([1, 3]),
            st.sampled_from([2, 4]),
            st.sampled_from([1, 3]),
            st.sampled_from(FLOATS[:2]),
        ),
        st.fixed_dictionaries({}, optional={"zero_infinity": yes, **reduced}),
    ),
    "linear_cross_entropy": st.tuples(
        st.builds(
            lambda n, d, c, t: (
                Array((n, d), t, "unit"),
                Array((c, d), t, "unit"),
                Array((n,), "int64", lambda rng, shape: rng.integers(0, c, shape)),
            ),
            st.sampled_from([1, 3]),
            st.sampled_from([1, 4]),
            st.sampled_from([1, 5]),
            st.sampled_from(FLOATS[:2]),
        ),
        st.fixed_dictionaries(
            {}, optional={"label_smoothing": st.sampled_from([0.0, 0.1]), **reduced}
        ),
    ),
    "rrelu": call(arrays(), lower=st.just(0.1), upper=st.sampled_from([0.2, 0.1])),
    **dict.fromkeys(DROPOUTS, call(arrays(), p=st.sampled_from([0.5, 0.0, 1.0, -0.1, 2.0]))),
}
