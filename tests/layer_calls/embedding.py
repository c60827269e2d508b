"""Calls of lookups, padding, shuffles and distances of rows, drawn at random."""

import numpy as np
from functional_calls import call, yes
from fuzz import FLOATS, Array, Known, all_dtypes, arrays, dtypes
from hypothesis import strategies as st

INF = float("inf")
norms = st.sampled_from([None, 1.0, 0.5, 0.0, 10])
degrees = st.sampled_from([2.0, 1.0, 0.0, 3, 0.5, INF])


def indices(rows):
    """Indices of rows. One set in twenty has an index out of range."""

    def drawn(rng, shape):
        return rng.integers(0, rows + (rng.random() < 0.05), shape)

    return drawn


def table(rows, columns, dtype):
    return Array((rows, columns), dtype, "unit" if dtype in FLOATS[2:] else "any")


@st.composite
def lookups(draw):
    rows, columns = draw(st.sampled_from([1, 3, 5])), draw(st.sampled_from([0, 1, 4]))
    shape = draw(st.sampled_from([(), (0,), (4,), (2, 3), (2, 1, 2)]))
    index = Array(shape, draw(st.sampled_from(["int64", "int32"])), indices(rows))
    options = {
        "padding_idx": st.sampled_from([None, 0, -1, rows - 1, -rows]),
        "max_norm": norms,
        "norm_type": degrees,
        "scale_grad_by_freq": yes,
    }
    dtype = draw(dtypes)
    given = draw(st.fixed_dictionaries({}, optional=options))
    return (index, table(rows, columns, dtype)), given


@st.composite
def bags(draw):
    rows, columns = draw(st.sampled_from([1, 3, 5])), draw(st.sampled_from([1, 4]))
    mode, dtype = draw(st.sampled_from(["mean", "sum", "max"])), draw(dtypes)
    flat = draw(yes)
    shape = (6,) if flat else draw(st.sampled_from([(2, 3), (1, 5), (3, 1), (0, 2)]))
    arrays = [Array(shape, "int64", indices(rows)), table(rows, columns, dtype)]
    options = {"mode": mode}
    if flat:
        last = mode != "max" and draw(yes)
        arrays.append(Array((4,), "int64", starts(last)))
        options["include_last_offset"] = last
    optional = {
        "padding_idx": st.sampled_from([None, 0, -1]),
        "max_norm": norms,
        "norm_type": degrees,
    }
    options |= draw(st.fixed_dictionaries({}, optional=optional))
    if mode == "sum" and draw(yes):
        options["per_sample_weights"] = Array(shape, dtype, "unit")
    return tuple(arrays), options


def starts(last):
    """Offsets of bags, some of them empty; at times the first one is wrong.

    Where indices come after the last offset, PyTorch reads memory beyond an array.
    """

    def drawn(rng, shape):
        found = np.sort(rng.integers(0, 6, shape))
        found[0] = rng.random() < 0.05
        found[-1] = 6 if last else found[-1]
        return np.maximum.accumulate(found)

    return drawn


@st.composite
def padded(draw):
    spatial = draw(st.sampled_from([1, 2, 3]))
    mode = draw(st.sampled_from(["constant", "reflect", "replicate", "circular"]))
    sizes = tuple(draw(st.sampled_from([1, 3, 4])) for _ in range(spatial))
    shape = (*draw(st.sampled_from([(), (2,), (0,)])), 2, *sizes)
    ends = tuple(draw(st.integers(-2, 3)) for _ in range(2 * spatial))
    options = {"mode": mode}
    if mode == "constant" and draw(yes):
        options["value"] = draw(st.sampled_from([None, 0.0, 1.5, -2, INF, 300]))
    return (Array(shape, draw(all_dtypes)), ends), options


classes = st.builds(
    lambda shape, count: Array(shape, "int64", indices(count)),
    st.sampled_from([(), (3,), (2, 2), (0,)]),
    st.just(4),
)
IMAGES = [(4, 2, 3), (1, 8, 1, 2), (9, 2, 2), (0, 4, 2, 2), (4, 6), (2, 2, 4, 1, 1)]
PIXELS = [(1, 4, 6), (2, 1, 4, 4), (3, 3, 3), (2, 4), (1, 2, 2, 2, 4)]
"""None is empty: PyTorch's `pixel_unshuffle` leaves the shape of an empty array as it is."""
factors = st.sampled_from([1, 2, 3, 0, -1])


def with_factor(shapes):
    given = arrays(shapes=st.sampled_from(shapes), dtypes=all_dtypes)
    return st.tuples(st.tuples(given, factors), st.just({}))


ROWS = [(4, 3), (2, 1), (1, 2), (3, 0), (3,), (2, 2, 2)]
"""Not (0, 2): there PyTorch's derivative ends the process."""
CALLS = {
    "embedding": lookups(),
    "embedding_bag": bags(),
    "one_hot": st.tuples(st.tuples(classes, st.sampled_from([4, 6, 1, 0, -2])), st.just({})),
    "pad": padded(),
    "pixel_shuffle": with_factor(IMAGES),
    "pixel_unshuffle": with_factor(PIXELS),
    "channel_shuffle": with_factor(IMAGES),
    "native_channel_shuffle": with_factor(IMAGES),
    "pdist": call(
        arrays(shapes=st.sampled_from(ROWS), dtypes=st.sampled_from(FLOATS[:2])),
        p=st.sampled_from([2.0, 1.0, 0.0, 3, 0.5, INF, -1.0]),
    ),
}


def of_nothing_left(given, options, theirs):
    """Whether an axis is cropped to nothing, bool is repeated, or "circular" repeats too much."""
    x, ends = given
    pairs = list(zip(reversed(x.shape), ends[::2], ends[1::2], strict=False))
    gone = any(size + left + right == 0 for size, left, right in pairs)
    cropped = any(
        max(left, right) > size + min(left, 0) + min(right, 0) or size + min(left, right, 0) <= 0
        for size, left, right in pairs
    )  # PyTorch then copies from what it has not yet written
    mode = options["mode"]
    truth = x.dtype == bool and mode in ("reflect", "replicate")
    return gone or truth or (cropped and mode == "circular")


def at_infinities(given, options):
    """The derivatives of NaN with p = ∞ and of infinite distances with p < 1."""
    return not np.isfinite(given[0]).all() and options.get("p") in (0.5, INF)


KNOWN = {
    "embedding": Known(cancel="answers"),
    "embedding_bag": Known(cancel="answers"),
    "pad": Known(refusals=of_nothing_left),
    "pdist": Known(cancel="answers", slopes=at_infinities),
}
