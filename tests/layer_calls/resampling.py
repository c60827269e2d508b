"""Calls of `interpolate`, the older `upsample` functions, `grid_sample` and `affine_grid`."""

import numpy as np
from fuzz import Array, Known
from hypothesis import strategies as st

FLOATS = st.sampled_from(["float32"] * 3 + ["float64"] * 3 + ["bfloat16", "float16"])
yes = st.booleans()
sides = st.sampled_from([1, 2, 3, 4, 5, 7])
factors = st.sampled_from([0.4, 0.5, 0.6, 1.0, 1.1, 1.5, 1.7, 2, 2.0, 3.3])
DIMENSIONS = {"linear": (1,), "trilinear": (3,), "nearest": (1, 2, 3)}
DIMENSIONS |= {"nearest-exact": (1, 2, 3), "area": (1, 2, 3)}


@st.composite
def resized(draw, modes, keyword=True, several=True):
    """An image and another size, or a factor, and what goes with the mode."""
    mode = draw(st.sampled_from(modes))
    axes = draw(st.sampled_from(DIMENSIONS.get(mode, (2,))))
    shape = (draw(st.sampled_from([2, 1, 0])), draw(st.sampled_from([1, 3])))
    shape += tuple(draw(sides) for _ in range(axes))
    options = {}
    if draw(yes):
        options["size"] = draw(st.one_of(sides, st.tuples(*[sides] * axes)))
    else:
        many = st.tuples(*[factors] * axes)
        options["scale_factor"] = draw(st.one_of(factors, many) if several else factors)
    if keyword:
        options |= _with_the_mode(draw, mode, "size" in options)
    dtype = draw(FLOATS)
    if mode in ("nearest", "nearest-exact", "bilinear", "bicubic") and draw(st.integers(0, 4)) == 0:
        dtype = "uint8"
    return (Array(shape, dtype),), options


def _with_the_mode(draw, mode, sized):
    options = {"mode": mode}
    if "linear" in mode or mode == "bicubic":
        options["align_corners"] = draw(st.sampled_from([None, False, True]))
    if mode in ("bilinear", "bicubic", "lanczos"):
        options["antialias"] = mode == "lanczos" or draw(yes)
    if not sized:
        options["recompute_scale_factor"] = draw(st.sampled_from([None, False, True]))
    return options


MODES = ("nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area")


@st.composite
def old(draw):
    """A call of `upsample`, which has fewer options."""
    given, options = draw(resized(MODES))
    return given, {k: v for k, v in options.items() if k not in ("antialias", EXTRA)}


EXTRA = "recompute_scale_factor"


def positions(rng, shape):
    """Most of them in the image, some on its edges, between two elements, or far outside."""
    found = rng.uniform(-1.4, 1.4, shape)
    special = [-1, 1, 0, 0.5, -0.5, 0.25, 3, -3, 7.5, 1e4]
    return np.where(rng.random(shape) < 0.3, rng.choice(special, shape), found)


@st.composite
def sampled(draw):
    axes = draw(st.sampled_from([2, 2, 3]))
    batch, dtype = draw(st.sampled_from([2, 1, 0])), draw(FLOATS)
    x = (batch, draw(st.sampled_from([1, 3, 0])), *(draw(sides) for _ in range(axes)))
    grid = (batch, *(draw(st.sampled_from([1, 2, 4, 0])) for _ in range(axes)), axes)
    modes = ["bilinear", "nearest", "bicubic"][: 5 - axes]
    options = {
        "mode": draw(st.sampled_from(modes)),
        "padding_mode": draw(st.sampled_from(["zeros", "border", "reflection"])),
        "align_corners": draw(yes),
    }
    return (Array(x, dtype), Array(grid, dtype, positions)), options


@st.composite
def affine(draw):
    axes = draw(st.sampled_from([2, 3]))
    batch = draw(st.sampled_from([1, 2]))
    size = (batch, 3, *(draw(sides) for _ in range(axes)))
    theta = Array((batch, axes, axes + 1), draw(FLOATS), "normal")
    return (theta, size), {"align_corners": draw(yes)}


CALLS = {
    "interpolate": resized((*MODES, "lanczos")),
    "upsample": old(),
    "upsample_nearest": resized(("nearest",), keyword=False),
    "upsample_bilinear": resized(("bilinear",), keyword=False),
    "grid_sample": sampled(),
    "affine_grid": affine(),
}


def one_wide(given, options):
    """PyTorch's vertical sums read the wrong elements of an output that is one element wide."""
    size, factor = options.get("size"), options.get("scale_factor")
    last = size if size is not None else factor
    last = last[-1] if isinstance(last, tuple) else last
    width = last if size is not None else int(given[0].shape[-1] * last)
    in_integers = given[0].dtype == np.uint8 and options.get("mode", "bilinear") != "nearest"
    return bool(width == 1 and (options.get("antialias") or in_integers))


def beside_infinities(given, options):
    """PyTorch's ways to one size multiply infinities by a weight of 0, or leave that out."""
    wild = ~np.isfinite(np.asarray(given[0], float))
    return bool(wild.any()) and _resized(_spread(wild), options)


def _spread(mask):
    """The places of a mask, and those at most two further along each spatial axis."""
    for axis in range(2, mask.ndim):
        lines = np.moveaxis(mask.copy(), axis, 0)
        spread = np.moveaxis(mask, axis, 0)
        for step in (1, 2):
            spread[step:] |= lines[:-step]
            spread[:-step] |= lines[step:]
    return mask


def _resized(mask, options):
    """Where a mask has an effect on the image of another size."""
    import torch

    mode = {"mode": "bilinear", "align_corners": True} if "mode" not in options else {}
    image = torch.tensor(mask.astype(float))
    return torch.nn.functional.interpolate(image, **mode, **options).numpy() != 0


KNOWN = {
    **dict.fromkeys(
        ("interpolate", "upsample", "upsample_bilinear"),
        Known(cancel="answers", elements=one_wide, values=beside_infinities),
    ),
    "grid_sample": Known(cancel="answers"),
    "affine_grid": Known(cancel="answers"),
}
