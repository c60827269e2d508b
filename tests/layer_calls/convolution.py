"""Random calls of linear layers, convolutions and unfolding."""

from fuzz import COMPLEX, FLOATS, Array, Known
from hypothesis import strategies as st

KINDS = st.sampled_from(FLOATS[:2] * 4 + FLOATS[2:] + COMPLEX + ("int64", "uint8"))
FIRM = st.sampled_from(FLOATS[:2] * 4 + FLOATS[2:])
"""The dtypes that every function of PyTorch takes."""
ONE, TWO = st.sampled_from([1, 1, 2, 3]), st.sampled_from([1, 2])
FEW = st.sampled_from([0, 0, 1, 2])


def arrays(dtype, *shapes):
    return tuple(Array(shape, dtype, "unit") for shape in shapes)


@st.composite
def convolutions(draw, spatial, transpose=False):
    """An input, a weight and at times a bias, which fit; at times the options leave no window."""
    dtype = draw(KINDS)
    each = [draw(st.sampled_from([1, 2, 3])) for _ in range(2)]
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    batch = draw(st.sampled_from([(), (0,), (1,), (2,), (3,)]))
    sizes = tuple(draw(st.sampled_from([1, 3, 4, 6])) for _ in range(spatial))
    kernel = tuple(draw(st.sampled_from([1, 2, 3])) for _ in range(spatial))
    ins, outs = each[0] * groups, each[1] * groups
    weight = (ins, each[1], *kernel) if transpose else (outs, each[0], *kernel)
    given = arrays(dtype, (*batch, ins, *sizes), weight)
    options = {"groups": groups} if groups > 1 else {}
    for name, of in (("stride", ONE), ("padding", FEW), ("dilation", TWO)):
        options[name] = tuple(draw(of) for _ in range(spatial)) if draw(st.booleans()) else draw(of)
    if transpose:
        options["output_padding"] = draw(FEW)
    elif draw(st.integers(0, 3)) == 0:
        options["padding"] = draw(st.sampled_from(["same", "valid"]))
    if draw(st.booleans()):
        given += arrays(dtype, (outs,))
    return given, options


@st.composite
def linears(draw):
    dtype, ins = draw(KINDS), draw(st.sampled_from([0, 1, 3, 8]))
    lead = draw(st.sampled_from([(), (0,), (2,), (2, 3), (1, 0, 2)]))
    outs = draw(st.sampled_from([(0,), (1,), (4,)]))
    given = arrays(dtype, (*lead, ins), (*outs, ins))
    return given + arrays(dtype, outs) * draw(st.booleans()), {}


@st.composite
def bilinears(draw):
    dtype, ones, twos, outs = draw(FIRM), *(draw(st.sampled_from([1, 2, 4])) for _ in range(3))
    lead = draw(st.sampled_from([(), (0,), (2,), (2, 3)]))
    given = arrays(dtype, (*lead, ones), (*lead, twos), (outs, ones, twos))
    return given + arrays(dtype, (outs,)) * draw(st.booleans()), {}


@st.composite
def times(draw):
    dtype = draw(FIRM)
    ins, outs, length, kernel = (draw(st.sampled_from([1, 2, 4])) for _ in range(4))
    batch = draw(st.sampled_from([0, 1, 3]))
    given = arrays(dtype, (length, batch, ins), (kernel, ins, outs), (outs,))
    return given, {"pad": draw(st.sampled_from([0, 1, 2]))}


def blocks(draw):
    """The options of unfold, for which PyTorch takes no tuples of one."""
    pairs = {
        "kernel_size": st.sampled_from([1, 2, 3]),
        "dilation": TWO,
        "padding": FEW,
        "stride": ONE,
    }
    return {
        name: (draw(of), draw(of)) if draw(st.booleans()) else draw(of)
        for name, of in pairs.items()
    }


@st.composite
def unfolds(draw):
    batch = draw(st.sampled_from([(), (0,), (1,), (3,)]))
    sizes = tuple(draw(st.sampled_from([1, 2, 4, 5])) for _ in range(2))
    shape = (*batch, draw(st.sampled_from([1, 2])), *sizes)
    return (Array(shape, draw(st.sampled_from(FLOATS * 2 + COMPLEX + ("bool",)))),), blocks(draw)


@st.composite
def folds(draw):
    options = blocks(draw)
    both = {n: v if isinstance(v, tuple) else (v, v) for n, v in options.items()}
    sizes = tuple(draw(st.sampled_from([2, 4, 5])) for _ in range(2))
    counts = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, d, p, s in zip(sizes, *both.values(), strict=True)
    ]
    batch = draw(st.sampled_from([(), (0,), (1,), (3,)]))
    area = both["kernel_size"][0] * both["kernel_size"][1]
    length = max(counts[0], 1) * max(counts[1], 1)
    shape = (*batch, draw(st.sampled_from([1, 2])) * area, length)
    return (Array(shape, draw(FIRM), "unit"),), {"output_size": sizes, **options}


CALLS = {
    **{f"conv{n}d": convolutions(n) for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": convolutions(n, transpose=True) for n in (1, 2, 3)},
    "conv_tbc": times(),
    "linear": linears(),
    "bilinear": bilinears(),
    "unfold": unfolds(),
    "fold": folds(),
}


def unchecked_or_too_small(given, options, theirs):
    """With an empty batch it checks no output_padding, and some backends refuse empty outputs."""
    return given[0].size == 0 or "Output size is too small" in str(theirs.error)


KNOWN = {name: Known(cancel="answers", refusals=unchecked_or_too_small) for name in CALLS}
