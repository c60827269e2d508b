"""Calls of the pooling functions, drawn at random."""

import numpy as np
from fuzz import FLOATS, Array, Known, dtypes
from hypothesis import strategies as st

yes = st.booleans()
numbers = st.sampled_from(FLOATS[:2] * 2 + FLOATS[2:] + ("int64",))


@st.composite
def shapes(draw, spatial):
    """Images with and without a batch, some of them with an empty axis."""
    batch = draw(st.sampled_from([(), (1,), (2,), (2,), (0,)]))
    channels = draw(st.sampled_from([1, 2, 2, 2, 0]))
    sizes = [draw(st.sampled_from([1, 2, 3, 4, 5, 6, 7, 0])) for _ in range(spatial)]
    return (*batch, channels, *sizes)


def sizes(spatial, *values):
    """A number for all spatial axes, or one for each."""
    each = st.sampled_from(values)
    return st.one_of(each, st.tuples(*[each] * spatial))


@st.composite
def windows(draw, spatial, dtypes=dtypes, **options):
    """An image and a kernel, with strides and what else may be given."""
    given = [Array(draw(shapes(spatial)), draw(dtypes)), draw(sizes(spatial, 1, 2, 2, 3, 3, 4, 9))]
    options["stride"] = st.one_of(st.none(), sizes(spatial, 1, 2, 3, 5))
    options["ceil_mode"] = yes
    return given, draw(st.fixed_dictionaries({}, optional=options))


def padded(spatial):
    return sizes(spatial, 0, 0, 1, 1, 2)


def maxima(spatial):
    dilation = sizes(spatial, 1, 1, 2, 3)
    return windows(spatial, numbers, padding=padded(spatial), dilation=dilation, return_indices=yes)


def averages(spatial):
    divisor = {"divisor_override": st.sampled_from([None, 1, 3, -2, 0])} if spatial > 1 else {}
    return windows(spatial, numbers, padding=padded(spatial), count_include_pad=yes, **divisor)


@st.composite
def norms(draw, spatial):
    (x, kernel), options = draw(windows(spatial))
    if spatial == 1 and not isinstance(kernel, int):
        kernel = kernel[0]  # PyTorch multiplies by it
    power = draw(st.sampled_from([2, 1, 3, 2.0, 1.5, 0.5, -1, 4, float("inf"), -float("inf")]))
    return (x, power, kernel), options


@st.composite
def adaptive(draw, spatial, **options):
    each = st.sampled_from([1, 2, 3, 4, 5, 7, 0])
    kept = each if spatial == 1 else st.one_of(st.none(), each)
    size = draw(st.one_of(each, st.tuples(*[kept] * spatial)))
    x = Array(draw(shapes(spatial)), draw(dtypes))
    return (x, size), draw(st.fixed_dictionaries({}, optional=options))


@st.composite
def fractional(draw, spatial):
    shape, dtype = draw(shapes(spatial)), draw(dtypes)
    batch = shape[0] if len(shape) == spatial + 2 else 1
    samples = Array(
        (batch, shape[-spatial - 1], spatial), dtype, lambda rng, s: rng.random(s) * 0.99, False
    )
    options = {"return_indices": draw(yes), "_random_samples": samples}
    if draw(yes):
        options["output_ratio"] = (draw(st.sampled_from([0.5, 0.3, 0.7])),) * spatial
    else:
        options["output_size"] = draw(sizes(spatial, 1, 2, 3, 4))
    return (Array(shape, dtype), draw(sizes(spatial, 1, 2, 3))), options


@st.composite
def unpooled(draw, spatial):
    """Different places within the usual result, at times one that is beyond it."""
    shape, kernel, stride = draw(shapes(spatial)), draw(st.sampled_from([2, 3])), None
    options = {}
    if draw(yes):
        stride = options["stride"] = draw(st.sampled_from([1, 2, 3]))
    step = stride or kernel
    usual = [(size - 1) * step + kernel for size in shape[-spatial:]]
    if draw(yes):
        shift = draw(st.sampled_from([0, 1, -1, 3]))
        options["output_size"] = tuple(size + shift for size in usual)
        usual = options["output_size"]
    total = max(1, int(np.prod(usual)))

    def places(rng, shape):
        size = int(np.prod(shape))  # of equal indices PyTorch's threads take any one
        found = rng.choice(max(total, size), size, replace=False).reshape(shape)
        return found + (rng.random() < 0.1)

    return (Array(shape, draw(dtypes)), Array(shape, "int64", places), kernel), options


CALLS = {
    **{f"max_pool{n}d": maxima(n) for n in (1, 2, 3)},
    **{f"avg_pool{n}d": averages(n) for n in (1, 2, 3)},
    **{f"lp_pool{n}d": norms(n) for n in (1, 2, 3)},
    **{f"adaptive_avg_pool{n}d": adaptive(n) for n in (1, 2, 3)},
    **{f"adaptive_max_pool{n}d": adaptive(n, return_indices=yes) for n in (1, 2, 3)},
    **{f"fractional_max_pool{n}d": fractional(n) for n in (2, 3)},
    **{f"max_unpool{n}d": unpooled(n) for n in (1, 2, 3)},
}


def within_padding(given, options, theirs):
    """Over three axes PyTorch refuses a window larger than the input, whatever the padding."""
    return "smaller than kernel size" in str(theirs.error)


KNOWN = {
    **{f"{kind}_pool{n}d": Known(cancel="answers") for kind in ("avg", "lp") for n in (1, 2, 3)},
    "avg_pool3d": Known(cancel="answers", refusals=within_padding),
    **{f"adaptive_avg_pool{n}d": Known(cancel="answers") for n in (1, 2, 3)},
}
