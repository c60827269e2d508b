"""Calls of the norms, drawn at random, and what is known of them."""

import numpy as np
from fuzz import Array, Known, dtypes
from hypothesis import strategies as st

yes = st.booleans()
SHAPES = ((2, 3), (4, 2, 3), (1, 4, 5), (3, 4), (2, 4, 3, 2), (1, 2, 1), (2, 2, 1), (0, 2, 3))
SHAPES += ((3, 2, 0), (2, 1, 4))
shapes = st.sampled_from(SHAPES)
small = st.sampled_from([1e-5, 0.1, 1e-3, 1.0])


def options_of(draw, **given):
    """Some of the options."""
    return draw(st.fixed_dictionaries({}, optional=given))


def parameter(shape, dtype, of="any", differentiated=True):
    return Array(shape, dtype, of, differentiated)


@st.composite
def kinds(draw):
    """The dtypes of an input and of its parameters, which are float32 beside a narrow one."""
    dtype = draw(dtypes)
    narrow = dtype in ("bfloat16", "float16")
    return dtype, "float32" if narrow and draw(yes) else dtype


def affine(draw, shape, dtype):
    return {name: parameter(shape, dtype) for name in ("weight", "bias") if draw(yes)}


@st.composite
def by_channel(draw, training):
    """batch_norm, and instance_norm: its statistics, a weight and a bias of each channel."""
    shape, (dtype, other) = draw(shapes), draw(kinds())
    channels = shape[1:2] if draw(st.integers(0, 9)) else (shape[1] + 1,)
    mean = variance = None
    if draw(yes):
        mean = parameter(channels, other, differentiated=False)
        variance = parameter(channels, other, "positive", differentiated=False)
    options = affine(draw, channels, other)
    options |= options_of(draw, eps=small, momentum=st.sampled_from([0.1, 0.0, 1.0]))
    options |= options_of(draw, **{training: yes})
    return [parameter(shape, dtype), mean, variance], options


@st.composite
def by_shape(draw, biased=True):
    """layer_norm and rms_norm: the last axes, a weight and a bias of their shape."""
    shape, (dtype, other) = draw(shapes), draw(kinds())
    count = draw(st.integers(0, 3))
    normalized = shape[len(shape) - count :] if count <= len(shape) else (2, *shape)
    options = affine(draw, normalized, other) | options_of(draw, eps=small)
    if not biased:
        options.pop("bias", None)
    return [parameter(shape, dtype), normalized], options


@st.composite
def by_group(draw):
    """group_norm: groups of channels, a weight and a bias of each channel."""
    shape, (dtype, other) = draw(shapes), draw(kinds())
    options = affine(draw, shape[1:2], other) | options_of(draw, eps=small)
    return [parameter(shape, dtype), draw(st.sampled_from([1, 2, 3]))], options


@st.composite
def by_neighbours(draw):
    """local_response_norm: a window of channels, and the numbers of its formula."""
    options = options_of(
        draw,
        alpha=st.sampled_from([1e-4, 0.5, 2.0]),
        beta=st.sampled_from([0.75, 0.5, 1.0, 2.0, 0.0]),
        k=st.sampled_from([1.0, 2.0, 0.5]),
    )
    size = draw(st.sampled_from([1, 2, 3, 5, 18]))
    return [parameter(draw(shapes), draw(dtypes)), size], options


@st.composite
def updates(draw):
    """running_stats: a batch, the statistics before it, and a momentum."""
    shape, (dtype, other) = draw(shapes), draw(kinds())
    given = [parameter(shape, dtype, differentiated=False)]
    given += [parameter(shape[1:2], other, differentiated=False)]
    given += [parameter(shape[1:2], other, "positive", differentiated=False)]
    options = options_of(draw, momentum=st.sampled_from([0.1, 0.0, 1.0, 0.5]))
    return given, options


CALLS = {
    "batch_norm": by_channel("training"),
    "instance_norm": by_channel("use_input_stats"),
    "layer_norm": by_shape(),
    "rms_norm": by_shape(biased=False),
    "group_norm": by_group(),
    "local_response_norm": by_neighbours(),
    "running_stats": updates(),
}


def of_an_infinite_parameter(given, options):
    """PyTorch multiplies the mean by the scale, and its bias less that is NaN."""
    return any(np.isinf(np.asarray(array, float)).any() for array in given[1:] if array is not None)


def without_a_place(given, options):
    """PyTorch's derivative in the weight is NaN."""
    return given[0].size == 0


KNOWN = {
    **dict.fromkeys(
        ("batch_norm", "instance_norm"),
        Known(cancel="answers", elements=of_an_infinite_parameter),
    ),
    **dict.fromkeys(("layer_norm", "rms_norm"), Known(cancel="answers")),
    "group_norm": Known(cancel="answers", slopes=without_a_place),
    "running_stats": Known(cancel="answers"),
}
"""What the docstrings tell under "Differs from PyTorch", and where digits cancel."""


def written(input, running_mean, running_var, momentum=0.1):
    """The running statistics that PyTorch's batch_norm writes."""
    import torch

    running_mean, running_var = running_mean.clone(), running_var.clone()
    norm = torch.nn.functional.batch_norm
    norm(input, running_mean, running_var, training=True, momentum=momentum)
    return running_mean, running_var


THEIRS = {"running_stats": written}
