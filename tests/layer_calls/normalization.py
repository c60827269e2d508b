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
    """A weight and a bias, or None."""
    return [parameter(shape, dtype) if draw(yes) else None for _ in range(2)]


@st.composite
def by_channel(draw, training):
    """batch_norm, and instance_norm: its statistics, a weight and a bias of each channel."""
    shape, (dtype, other) = draw(shapes), draw(kinds())
    channels = shape[1:2] if draw(st.integers(0, 9)) else (shape[1] + 1,)
    mean = variance = None
    if draw(yes):
        mean = parameter(channels, other, differentiated=False)
        variance = parameter(channels, other, "positive", differentiated=False)
    options = options_of(draw, eps=small, momentum=st.sampled_from([0.1, 0.0, 1.0]))
    options |= options_of(draw, **{training: yes})
    return [parameter(shape, dtype), mean, variance, *affine(draw, channels, other)], options


@st.composite
def by_shape(draw, biased=True):
    """layer_norm and rms_norm: the last axes, a weight and a bias of their shape."""
    shape, (dtype, other) = draw(shapes), draw(kinds())
    count = draw(st.integers(0, 3))
    normalized = shape[len(shape) - count :] if count <= len(shape) else (2, *shape)
    both = affine(draw, normalized, other)[: 1 + biased]
    return [parameter(shape, dtype), normalized, *both], options_of(draw, eps=small)


@st.composite
def by_group(draw):
    """group_norm: groups of channels, a weight and a bias of each channel."""
    shape, (dtype, other) = draw(shapes), draw(kinds())
    groups = draw(st.sampled_from([1, 2, 3]))
    both = affine(draw, shape[1:2], other)
    return [parameter(shape, dtype), groups, *both], options_of(draw, eps=small)


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
    """PyTorch multiplies the mean by the scale, and the bias minus that is NaN."""
    found = [array for array in given[1:] if isinstance(array, np.ndarray)]
    return any(np.isinf(np.asarray(array, float)).any() for array in found)


def without_a_place(given, options):
    """PyTorch's derivative in the weight is NaN."""
    return given[0].size == 0


def with_a_bias_alone(given, options, theirs):
    """PyTorch refuses a float32 bias beside narrow numbers and statistics, without a weight."""
    return given[3] is None and given[4] is not None and given[0].dtype.itemsize == 2


def without_a_sample(given, options, theirs):
    """PyTorch repeats a weight or a bias for each sample, and looks for the first of them."""
    return not len(given[0]) and "select()" in str(theirs.error)


def of_nothing_without_statistics(given, options, theirs):
    """PyTorch does not look for running statistics where the input is empty."""
    return given[0].size == 0 and given[1] is None and not options.get("training", False)


class Standard:
    """The exact answer of a norm, in NumPy's long double; PyTorch loses digits of a large mean."""

    def __init__(self, groups, fixed=lambda given, options: False):
        self.groups = groups
        self.fixed = fixed

    def parts(self, given, options):
        """The numbers in rows of one mean, what is scaled, the inverse deviation and the weight."""
        rows, weight, bias = self.groups(given)
        rows, weight, bias = (np.asarray(a, np.longdouble) for a in (rows, weight, bias))
        axis = tuple(range(1, rows.ndim))
        left = rows - rows.mean(axis, keepdims=True)
        left -= left.mean(axis, keepdims=True)  # a long double's mean is rounded too
        eps = np.longdouble(options.get("eps", 1e-5))
        return left, 1 / np.sqrt((left * left).mean(axis, keepdims=True) + eps), weight, bias

    def __call__(self, given, options, cotangent):
        arrays = [a for a in given if isinstance(a, np.ndarray)]
        if self.fixed(given, options) or not given[0].size:
            return None
        if not all(np.isfinite(np.asarray(a, float)).all() for a in arrays):
            return None
        left, scale, weight, bias = self.parts(given, options)
        value = left * scale * weight + bias
        value = [self.back(value, given).astype(float)]
        if cotangent is None:
            return value, None
        return value, self.slopes(given, np.asarray(cotangent, float), left, scale, weight)

    def slopes(self, given, cotangent, left, scale, weight):
        """The derivatives in the input, and in the weight and the bias where they are given."""
        g = self.groups([cotangent, *given[1:]])[0].astype(np.longdouble) * weight
        h, axis = left * scale, tuple(range(1, left.ndim))
        along = h * (g * h).mean(axis, keepdims=True)
        of_x = scale * (g - g.mean(axis, keepdims=True) - along)
        last = len(given[1]) if self.groups is over_the_last else 0
        ndim = cotangent.ndim
        axes = range(ndim - last) if last else (0, *range(2, ndim))
        axes = tuple(axes)
        sums = (cotangent * self.back(h, given)).sum(axes), cotangent.sum(axes)
        moving = [one for one, array in zip(sums, given[-2:], strict=True) if array is not None]
        return [np.asarray(one, float) for one in (self.back(of_x, given), *moving)]

    def back(self, value, given):
        """The rows in the shape of the input."""
        x = given[0]
        if self.groups is over_channels:
            return np.moveaxis(value, 0, 1).reshape(x.shape)
        return value.reshape(x.shape)

    def terms(self, given, options, slopes):
        """The size of what is added up: of a derivative, the cotangent times weight and scale."""
        if not given[0].size:
            return 0.0
        numbers = [
            np.nan_to_num(np.asarray(a, float), posinf=0, neginf=0) if _is_array(a) else a
            for a in given
        ]
        left, scale, weight, bias = self.parts(numbers, options)
        h = np.abs(left * scale)
        size = np.abs(weight).max(initial=0)
        if not slopes:
            return float((h * np.abs(weight) + np.abs(bias)).max())
        return float(max(4 * scale.max() * size, h.max() * left.size))


def _is_array(value):
    return isinstance(value, np.ndarray)


def _or(array, number, shape):
    """A parameter in that shape, or a number where there is none."""
    return np.full(shape, number) if array is None else np.asarray(array, float).reshape(shape)


def over_channels(given):
    """batch_norm: a row for each channel."""
    x = np.asarray(given[0], float)
    shape = (x.shape[1],) + (1,) * (x.ndim - 1)
    return np.moveaxis(x, 1, 0), _or(given[3], 1, shape), _or(given[4], 0, shape)


def over_samples(given):
    """instance_norm: a row for each channel of each sample."""
    x = np.asarray(given[0], float)
    rows = x.reshape(x.shape[0] * x.shape[1], -1)
    both = [
        np.tile(_or(array, number, (x.shape[1], 1)), (x.shape[0], 1))
        for array, number in zip(given[3:], (1, 0), strict=True)
    ]
    return rows, *both


def over_the_last(given):
    """layer_norm: a row for each position."""
    x, shape = np.asarray(given[0], float), given[1]
    rows = x.reshape(-1, int(np.prod(shape)))
    return rows, *(_or(a, n, rows.shape[1:]) for a, n in zip(given[2:], (1, 0), strict=True))


def over_groups(given):
    """group_norm: a row for each group of each sample."""
    x = np.asarray(given[0], float)
    rows = x.reshape(x.shape[0] * given[1], x.shape[1] // given[1], -1)
    both = [
        np.tile(_or(array, number, (given[1], rows.shape[1], 1)), (x.shape[0], 1, 1))
        for array, number in zip(given[2:], (1, 0), strict=True)
    ]
    return rows, *both


def outside_training(given, options):
    return not options.get("training", False)


def by_running_statistics(given, options):
    return not options.get("use_input_stats", True)


def known(standard, **others):
    """The exact answer where all numbers are finite, and PyTorch's where they are not."""
    return Known(cancel=standard.terms, exact=standard, **others)


KNOWN = {
    "batch_norm": known(
        Standard(over_channels, outside_training),
        elements=of_an_infinite_parameter,
        refusals=of_nothing_without_statistics,
    ),
    "instance_norm": known(
        Standard(over_samples, by_running_statistics),
        elements=of_an_infinite_parameter,
        refusals=lambda *call: with_a_bias_alone(*call) or without_a_sample(*call),
    ),
    "layer_norm": known(Standard(over_the_last), elements=of_an_infinite_parameter),
    "rms_norm": Known(cancel="answers"),
    "group_norm": known(
        Standard(over_groups), elements=of_an_infinite_parameter, slopes=without_a_place
    ),
    "running_stats": Known(cancel="answers"),
}
"""The differences that docstrings name under "Differs from PyTorch", and where digits cancel."""


def written(input, running_mean, running_var, momentum=0.1):
    """The running statistics that PyTorch's batch_norm writes."""
    import torch

    running_mean, running_var = running_mean.clone(), running_var.clone()
    norm = torch.nn.functional.batch_norm
    norm(input, running_mean, running_var, training=True, momentum=momentum)
    return running_mean, running_var


THEIRS = {"running_stats": written}
