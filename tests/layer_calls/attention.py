"""Calls of attention, drawn at random."""

import numpy as np
from fuzz import Array, Known, dtypes, largest
from hypothesis import strategies as st

yes = st.booleans()


def moderate(rng, shape):
    """Numbers whose scores do not saturate the softmax; at times some are not finite."""
    numbers = rng.normal(size=shape)
    if rng.random() < 0.3:
        numbers = np.round(numbers)
    if rng.random() < 0.15:
        limits = rng.choice([np.inf, -np.inf, np.nan, 0.0], shape)
        numbers = np.where(rng.random(shape) < 0.2, limits, numbers)
    return numbers


def hiding(rng, shape):
    return np.where(rng.random(shape) < 0.3, -np.inf, rng.normal(size=shape))


@st.composite
def attentions(draw):
    dtype, length, keys = draw(dtypes), draw(st.sampled_from([0, 1, 3])), draw(st.integers(0, 4))
    size, of_values = draw(st.integers(1, 4)), draw(st.sampled_from([1, 3]))
    lead = draw(st.sampled_from([(), (2,), (1, 2), (2, 2), (0, 1), (2, 1, 2)]))
    options, few = {}, lead
    if lead[-1:] == (2,) and draw(yes):
        options["enable_gqa"] = True
        few = (*lead[:-1], draw(st.sampled_from([1, 2])))
    kind = draw(st.sampled_from(["bool", "float", "causal", "none"]))
    if kind == "causal":
        options["is_causal"] = True
    elif kind != "none":
        front = draw(st.sampled_from([(), (1,) * len(lead), lead]))
        shape = (*front, draw(st.sampled_from([1, length])), keys)
        options["attn_mask"] = (
            Array(shape, "bool") if kind == "bool" else Array(shape, dtype, hiding)
        )
    if draw(yes):
        options["scale"] = draw(st.sampled_from([0.5, 1.0, 0.0, -1.0]))
    shapes = (*lead, length, size), (*few, keys, size), (*few, keys, of_values)
    return tuple(Array(shape, dtype, moderate) for shape in shapes), options


@st.composite
def layers(draw):
    dtype, heads = draw(dtypes), draw(st.sampled_from([1, 2]))
    size, length, keys = 2 * heads, draw(st.integers(1, 3)), draw(st.integers(1, 3))
    batch = draw(st.sampled_from([(), (1,), (2,)]))
    count = batch[0] if batch else 1

    def array(*shape, of=moderate):
        return Array(shape, dtype, of)

    biased, added = draw(yes), draw(yes)
    arguments = [array(length, *batch, size), array(keys, *batch, size), array(keys, *batch, size)]
    arguments += [size, heads, array(3 * size, size), array(3 * size) if biased else None]
    arguments += [array(1, 1, size), array(1, 1, size)] if added else [None, None]
    arguments += [draw(yes), 0.0, array(size, size), array(size) if biased else None]
    options = {"average_attn_weights": draw(yes)}
    if draw(yes):
        shape = draw(st.sampled_from([(length, keys), (count * heads, length, keys)]))
        options["attn_mask"] = Array(shape, dtype, hiding)
    if draw(yes):
        options["key_padding_mask"] = Array((*batch, keys), dtype, hiding)
    return tuple(arguments), options


CALLS = {"scaled_dot_product_attention": attentions(), "multi_head_attention_forward": layers()}


def not_finite(given):
    """Whether anything is NaN or infinite, which some of PyTorch's kernels hide and others not."""
    arrays = [np.asarray(x, float) for x in given if isinstance(x, np.ndarray)]
    return any(not np.isfinite(x).all() for x in arrays if x.dtype.kind == "f")


def through_projections(given, options, slopes):
    """The terms of a derivative are products of the cotangent, the inputs and both projections."""
    if not slopes:
        return "answers"
    inputs, within, out = given[:3], given[5:6], given[11:12]
    return np.prod([max(1.0, largest(arrays)) for arrays in (inputs, within, out)])


KNOWN = {
    "scaled_dot_product_attention": Known(
        cancel="answers",
        elements=lambda given, options: (
            (bool(options.get("is_causal")) or not given[1].size) and not_finite(given[:3])
        ),
    ),
    "multi_head_attention_forward": Known(cancel=through_projections),
}
