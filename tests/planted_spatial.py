"""Convolutions, pooling and interpolation with mistakes that ports of them have had."""

import jax
import jax.numpy as jnp
import pytest
from planting import Planted

import jaxgrad.functional as F

torch = pytest.importorskip("torch")
nn = torch.nn


LETTERS = {1: "W", 2: "HW", 3: "DHW"}


def conv(n, stride=1, padding=0, groups=1):
    """An n-D convolution by `lax`."""
    letters = LETTERS[n]

    def port(p, x, wrong=False):
        weight = p["weight"]
        if wrong == "flipped":
            weight = jnp.flip(weight, range(2, 2 + n))
        if wrong == "swapped axes":
            weight = jnp.swapaxes(weight, -1, -2)
        pads = "SAME" if wrong == "SAME" else [(padding, padding)] * n
        pads = "VALID" if wrong == "VALID" else pads
        if wrong == "interleaved":
            x = x.reshape(x.shape[0], -1, groups, *x.shape[2:]).swapaxes(1, 2).reshape(x.shape)
        y = jax.lax.conv_general_dilated(
            x,
            weight,
            (stride,) * n,
            pads,
            dimension_numbers=(f"NC{letters}", f"OI{letters}", f"NC{letters}"),
            feature_group_count=groups,
        )
        return y if wrong == "no bias" else y + p["bias"].reshape(-1, *(1,) * n)

    return port


def conv_transpose(n, stride, padding):
    """An n-D transposed convolution by `lax.conv_transpose`."""
    letters = LETTERS[n]

    def port(p, x, wrong=False):
        weight = p["weight"] if wrong == "unflipped" else jnp.flip(p["weight"], range(2, 2 + n))
        size = weight.shape[-1] - 1 - padding
        pads = [(size, size)] * n if wrong != "SAME" else "SAME"
        pads = [(padding, padding)] * n if wrong == "raw padding" else pads
        numbers = (f"NC{letters}", f"IO{letters}", f"NC{letters}")
        y = jax.lax.conv_transpose(x, weight, (stride,) * n, pads, dimension_numbers=numbers)
        return y + p["bias"].reshape(-1, *(1,) * n)

    return port


def pooled(x, n, kernel, stride, pads, start, function):
    pads = pads if isinstance(pads, str) else [(0, 0), (0, 0), *[(pads, pads)] * n]
    window = (1, 1, *(kernel,) * n)
    return jax.lax.reduce_window(x, start, function, window, (1, 1, *(stride,) * n), pads)


def max_pool(n, kernel, stride, padding):
    def port(p, x, wrong=False):
        if wrong == "zeros":
            x = jnp.pad(x, [(0, 0), (0, 0), *[(padding, padding)] * n])
        pads = "SAME" if wrong == "SAME" else 0 if wrong == "zeros" else padding
        y = pooled(x, n, kernel, stride, pads, -jnp.inf, jax.lax.max)
        return y * p["scale"]

    return port


def avg_pool(n, kernel, stride, padding):
    def port(p, x, wrong=False):
        total = pooled(x, n, kernel, stride, padding, 0.0, jax.lax.add)
        count = kernel**n
        if wrong == "count":
            count = pooled(jnp.ones_like(x), n, kernel, stride, padding, 0.0, jax.lax.add)
        return total / count * p["scale"]

    return port


def mean(part, axis):
    return part.mean(axis, keepdims=True)


def first_largest(part, axis):
    """The maximum, whose derivative is that of the first of equal elements."""
    return jnp.take_along_axis(part, part.argmax(axis, keepdims=True), axis)


def adaptive(n_out, reduce):
    def port(p, x, wrong=False):
        for axis in (3, 2):
            n = x.shape[axis]
            step = n // n_out
            if wrong == "equal":
                size = n - (n_out - 1) * step
                windows = [(i * step, i * step + size) for i in range(n_out)]
            elif wrong == "cut":
                windows = [(i * step, (i + 1) * step) for i in range(n_out)]
            else:
                windows = [(i * n // n_out, -(-(i + 1) * n // n_out)) for i in range(n_out)]
            parts = [jax.lax.slice_in_dim(x, a, b, axis=axis) for a, b in windows]
            x = jnp.concatenate([reduce(part, axis) for part in parts], axis)
        return x * p["scale"]

    return port


class Scaled(nn.Module):
    """A layer without parameters, times a scale."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.scale = layer, nn.Parameter(nn.init.ones_(nn.Linear(1, 1).bias.data))

    def forward(self, x):
        return self.layer(x) * self.scale


def resized(method, size, **options):
    def port(p, x, wrong=False):
        if not wrong:
            return F.interpolate(x, size, mode=method, **options) * p["scale"]
        if wrong == "align_corners":
            other = {**options, "align_corners": not options.get("align_corners", False)}
            return F.interpolate(x, size, mode=method, **other) * p["scale"]
        shape = (*x.shape[:2], *size)
        names = {"bicubic": "cubic", "bilinear": "linear", "nearest": "nearest"}
        y = jax.image.resize(x, shape, names[method], antialias=wrong == "antialias")
        return y * p["scale"]

    return port


def shuffled(p, x, wrong=False):
    n, c, h, w = x.shape
    order = (n, 2, 2, c // 4, h, w) if wrong else (n, c // 4, 2, 2, h, w)
    parts = x.reshape(order)
    axes = (0, 3, 4, 1, 5, 2) if wrong else (0, 1, 4, 2, 5, 3)
    return parts.transpose(axes).reshape(n, c // 4, 2 * h, 2 * w) * p["scale"]


def case(layer, port, shape, **mistakes):
    names = {k.replace("_", " "): v if isinstance(v, tuple) else (v,) for k, v in mistakes.items()}
    return Planted(layer, port, [shape], names)


SAME = 'padding "SAME"'
SPATIAL = {
    "conv2d": Planted(
        lambda: nn.Conv2d(3, 4, 3, 2, 1),
        conv(2, 2, 1),
        [(2, 3, 8, 8)],
        {
            "SAME": ("conv2d", SAME),
            "flipped": ("conv2d", "flips the kernel"),
            "swapped axes": ("conv2d", "weight.permute(0, 1, 3, 2)"),
            "no bias": ("conv2d", "bias=None"),
            "VALID": ("conv2d", "padding=0"),
        },
    ),
    "conv2d, stride 2, kernel 7": case(
        lambda: nn.Conv2d(3, 4, 7, 2, 3), conv(2, 2, 3), (1, 3, 12, 12), SAME=("conv2d", SAME)
    ),
    "conv1d": case(
        lambda: nn.Conv1d(3, 4, 3, 2, 1), conv(1, 2, 1), (2, 3, 8), SAME=SAME, flipped="flips"
    ),
    "conv3d": case(
        lambda: nn.Conv3d(2, 3, 3, 2, 1), conv(3, 2, 1), (1, 2, 6, 6, 6), SAME=SAME, flipped="flips"
    ),
    "grouped conv2d": case(
        lambda: nn.Conv2d(4, 4, 3, padding=1, groups=2),
        conv(2, 1, 1, 2),
        (2, 4, 6, 6),
        interleaved=("conv2d", "interleaved"),
    ),
    "conv_transpose2d": Planted(
        lambda: nn.ConvTranspose2d(3, 4, 4, 2, 1),
        conv_transpose(2, 2, 1),
        [(2, 3, 5, 5)],
        {
            "unflipped": ("conv_transpose2d", "does not flip the kernel"),
            "raw padding": ("conv_transpose2d", "padding of the dilated input"),
        },
    ),
    "conv_transpose2d, kernel 3": case(
        lambda: nn.ConvTranspose2d(3, 4, 3, 2, 1),
        conv_transpose(2, 2, 1),
        (2, 3, 5, 5),
        unflipped="does not flip the kernel",
        SAME=SAME,
    ),
    "conv_transpose1d": case(
        lambda: nn.ConvTranspose1d(3, 3, 3),
        conv_transpose(1, 1, 0),
        (2, 3, 6),
        unflipped="does not flip the kernel",
    ),
    "conv_transpose3d": case(
        lambda: nn.ConvTranspose3d(2, 3, 2, 2),
        conv_transpose(3, 2, 0),
        (1, 2, 3, 3, 3),
        unflipped="does not flip the kernel",
    ),
    "max_pool2d": case(
        lambda: Scaled(nn.MaxPool2d(3, 2, 1)),
        max_pool(2, 3, 2, 1),
        (2, 3, 8, 8),
        zeros=("max_pool2d", "by 0"),
        SAME=("max_pool2d", SAME),
    ),
    "max_pool1d": case(
        lambda: Scaled(nn.MaxPool1d(3, 2, 1)), max_pool(1, 3, 2, 1), (2, 3, 8), zeros="by 0"
    ),
    "avg_pool2d": case(
        lambda: Scaled(nn.AvgPool2d(3, 2, 1)),
        avg_pool(2, 3, 2, 1),
        (2, 3, 8, 8),
        count="avg_pool2d(count_include_pad=False)",
    ),
    "avg_pool3d": case(
        lambda: Scaled(nn.AvgPool3d(3, 2, 1)),
        avg_pool(3, 3, 2, 1),
        (1, 2, 4, 4, 4),
        count="avg_pool3d(count_include_pad=False)",
    ),
    "adaptive_avg_pool2d": case(
        lambda: Scaled(nn.AdaptiveAvgPool2d(3)),
        adaptive(3, mean),
        (2, 3, 7, 8),
        equal="windows of equal size and stride",
        cut="without the rest",
    ),
    "adaptive_max_pool2d": case(
        lambda: Scaled(nn.AdaptiveMaxPool2d(3)),
        adaptive(3, first_largest),
        (2, 3, 7, 8),
        equal="windows of equal size and stride",
    ),
    "bicubic": Planted(
        lambda: Scaled(nn.Upsample(size=(9, 11), mode="bicubic")),
        resized("bicubic", (9, 11)),
        [(2, 3, 5, 6)],
        {"a": ("interpolate", "a=-0.5"), "align_corners": ("align_corners=True",)},
    ),
    "bilinear": Planted(
        lambda: Scaled(nn.Upsample(size=(9, 11), mode="bilinear", align_corners=True)),
        resized("bilinear", (9, 11), align_corners=True),
        [(2, 3, 5, 6)],
        {"align_corners": ("align_corners=True", "align_corners=False")},
    ),
    "smaller": case(
        lambda: Scaled(nn.Upsample(size=(3, 4), mode="bilinear")),
        resized("bilinear", (3, 4)),
        (2, 3, 7, 9),
        antialias="antialias=True",
    ),
    "nearest": case(
        lambda: Scaled(nn.Upsample(size=(5, 7))),
        resized("nearest", (5, 7)),
        (2, 3, 8, 9),
        half="nearest sample, half-pixel centres",
    ),
    "pixel_shuffle": Planted(
        lambda: Scaled(nn.PixelShuffle(2)),
        shuffled,
        [(2, 8, 3, 4)],
        {True: ("pixel_shuffle", "(r (rows), r (columns), C)")},
    ),
}
