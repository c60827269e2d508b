"""Images at another size: `interpolate`, and the older `upsample` functions."""

import functools
import warnings
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import is_floating, wide

from ._rounded import resized_bytes
from ._separable import along
from ._taps import Axis, taps_of

_DIMENSIONS = {
    "nearest": (3, 4, 5),
    "linear": (3,),
    "bilinear": (4,),
    "bicubic": (4,),
    "trilinear": (5,),
    "lanczos": (4,),
    "area": (3, 4, 5),
    "nearest-exact": (3, 4, 5),
}
"""How many dimensions an input of each mode may have."""
_WITHOUT_CORNERS = ("nearest", "nearest-exact", "area")
_SMALL = 128
"""Up to this height plus width PyTorch has its own program for nearest interpolation."""
_FILTERED = ("bilinear", "bicubic", "lanczos")


def interpolate(
    input: ArrayLike,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> jax.Array:
    """Images at another size: `torch.nn.functional.interpolate`.

        yᵢ = Σⱼ w(j - pᵢ) xⱼ,   pᵢ = s · (i + 1/2) - 1/2

    along each spatial axis in turn, where s is the input's size over the output's. With
    align_corners, pᵢ = i · (input's size - 1) / (output's size - 1).

    Args:
        input: x of shape (N, C, L), (N, C, H, W) or (N, C, D, H, W), floating point. The modes
            nearest, nearest-exact, bilinear, bicubic and lanczos take uint8 too.
        size: the sizes of the output, one for each spatial axis, or one for all.
        scale_factor: instead of `size`, the output's size over the input's; one for each axis, or
            one for all. The output's size is rounded down, and s is 1 / scale_factor.
        mode: "nearest" takes the element at ⌊s · i⌋, "nearest-exact" the one at ⌊s · (i + 1/2)⌋.
            "linear" (L), "bilinear" (H, W) and "trilinear" (D, H, W) weigh the neighbours.
            "bicubic" (H, W) is Keys' kernel with A = -0.75, and with antialias with A = -0.5.
            "lanczos" (H, W) needs antialias. "area" is the mean of the elements that are covered.
        align_corners: whether the first and last elements of both sizes have the same positions.
            None is False. The modes nearest, nearest-exact and area do not take it.
        recompute_scale_factor: whether s comes from the sizes even where scale_factor is given.
        antialias: whether the kernel is widened by s where the image becomes smaller, as Pillow
            does; for bilinear, bicubic and lanczos. PyTorch then leaves pᵢ as it is without
            align_corners, and changes s alone.

    Returns:
        y, of the input's dtype. bfloat16 and float16 are computed in float32 and rounded once.
        uint8 is rounded to 0 … 255 after each axis.

    Raises:
        TypeError: the input is not floating point (or uint8), or an option is of the wrong kind.
        ValueError: not exactly one of size and scale_factor is given, their number is not that of
            the spatial axes, a size is below 1 (for area: below 0), a mode does not take an input
            of these dimensions, or an option does not go with the mode.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html

    Differs from PyTorch: antialias takes bfloat16 and float16. Where the output is one element
    wide, PyTorch's vertical sums with antialias, and those of uint8, read the wrong elements.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import interpolate
    >>> interpolate(jnp.array([[[0.0, 4.0]]]), scale_factor=2, mode="linear")
    Array([[[0., 1., 3., 4.]]], dtype=float32)
    """
    return _resampled(
        _checks.of("interpolate"),
        input,
        size,
        scale_factor,
        mode,
        align_corners,
        recompute_scale_factor,
        antialias,
    )


def upsample(
    input: ArrayLike,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> jax.Array:
    """`interpolate` by its deprecated name, with a warning: `torch.nn.functional.upsample`.

    Args:
        input: x of shape (N, C, L), (N, C, H, W) or (N, C, D, H, W), as for `interpolate`.
        size: the sizes of the output.
        scale_factor: instead of `size`, the output's size over the input's.
        mode: a mode of `interpolate`.
        align_corners: as for `interpolate`.

    Returns:
        y, of the input's dtype.

    Raises:
        TypeError: as for `interpolate`.
        ValueError: as for `interpolate`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.upsample.html

    >>> import warnings
    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import upsample
    >>> with warnings.catch_warnings(action="ignore"):
    ...     upsample(jnp.array([[[0.0, 4.0]]]), scale_factor=2)
    Array([[[0., 0., 4., 4.]]], dtype=float32)
    """
    check = _deprecated("upsample")
    return _resampled(check, input, size, scale_factor, mode, align_corners)


def upsample_nearest(
    input: ArrayLike,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
) -> jax.Array:
    """`interpolate` with mode="nearest": `torch.nn.functional.upsample_nearest`.

    It is deprecated and warns.

    Args:
        input: x of shape (N, C, L), (N, C, H, W) or (N, C, D, H, W), as for `interpolate`.
        size: the sizes of the output.
        scale_factor: instead of `size`, the output's size over the input's.

    Returns:
        y, of the input's dtype.

    Raises:
        TypeError: as for `interpolate`.
        ValueError: as for `interpolate`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.upsample_nearest.html

    >>> import warnings
    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import upsample_nearest
    >>> with warnings.catch_warnings(action="ignore"):
    ...     upsample_nearest(jnp.array([[[0.0, 4.0]]]), size=3)
    Array([[[0., 0., 4.]]], dtype=float32)
    """
    return _resampled(_deprecated("upsample_nearest"), input, size, scale_factor, "nearest")


def upsample_bilinear(
    input: ArrayLike,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
) -> jax.Array:
    """Bilinear `interpolate` with aligned corners: `torch.nn.functional.upsample_bilinear`.

    It is deprecated and warns.

    Args:
        input: x of shape (N, C, H, W), as for `interpolate`.
        size: the sizes of the output.
        scale_factor: instead of `size`, the output's size over the input's.

    Returns:
        y, of the input's dtype.

    Raises:
        TypeError: as for `interpolate`.
        ValueError: as for `interpolate`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.upsample_bilinear.html

    >>> import warnings
    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import upsample_bilinear
    >>> with warnings.catch_warnings(action="ignore"):
    ...     upsample_bilinear(jnp.array([[[[0.0, 4.0]]]]), size=(1, 3))
    Array([[[[0., 2., 4.]]]], dtype=float32)
    """
    return _resampled(_deprecated("upsample_bilinear"), input, size, scale_factor, "bilinear", True)


def _deprecated(name: str) -> _checks.Checks:
    """The checks of a function that PyTorch warns of, after the warning."""
    text = f"{name} is deprecated in PyTorch. Use interpolate instead."
    warnings.warn(text, stacklevel=3)
    return _checks.of(name)


def _resampled(
    check: _checks.Checks,
    input: ArrayLike,
    size: Any,
    scale_factor: Any,
    mode: str,
    align_corners: bool | None = None,
    recompute: bool | None = None,
    antialias: bool = False,
) -> jax.Array:
    """The arguments of `interpolate`, checked, and then the result."""
    mode = check.option("mode", mode, tuple(_DIMENSIONS))
    align = _aligned(check, mode, align_corners)
    antialias = _filtered(check, mode, align, antialias)
    x = _images(check, input, mode)
    sizes, factors = _sizes(check, x.shape[2:], size, scale_factor, mode)
    recompute = recompute is not None and check.truth("recompute_scale_factor", recompute)
    if recompute and scale_factor is None:
        got, remedy = "True with a size", "give scale_factor instead of size"
        raise ValueError(check.wrong("recompute_scale_factor", "left out", got, remedy))
    if recompute or mode == "area":
        factors = (None,) * len(sizes)
    axes = tuple(map(Axis, x.shape[2:], sizes, factors))
    return _interpolate(x, axes, mode, align, antialias)


def _aligned(check: _checks.Checks, mode: str, align_corners: bool | None) -> bool:
    if align_corners is None:
        return False
    align = check.truth("align_corners", align_corners)
    if mode in _WITHOUT_CORNERS:
        raise ValueError(check.wrong("align_corners", f"None with mode={mode!r}", align))
    return align


def _filtered(check: _checks.Checks, mode: str, align: bool, antialias: bool) -> bool:
    antialias = check.truth("antialias", antialias)
    if antialias and mode not in _FILTERED:
        expected = "False, but with mode='bilinear', 'bicubic' or 'lanczos'"
        raise ValueError(check.wrong("antialias", expected, f"True with mode={mode!r}"))
    if mode == "lanczos" and not antialias:
        raise ValueError(check.wrong("antialias", "True with mode='lanczos'", antialias))
    if mode == "lanczos" and align:
        raise ValueError(check.wrong("align_corners", "False with mode='lanczos'", align))
    return antialias


def _images(check: _checks.Checks, input: ArrayLike, mode: str) -> jax.Array:
    """The input: floating point or bytes, of the mode's dimensions, with something in it."""
    x = check.array("input", input)
    bytes_too = mode in (*_FILTERED, "nearest", "nearest-exact")
    if not (is_floating(x.dtype) or bytes_too and x.dtype == jnp.uint8):
        expected = "floating point or uint8" if bytes_too else "floating point"
        remedy = "cast it with .astype(float)"
        raise TypeError(check.wrong("input", expected, x.dtype, remedy))
    if x.ndim not in _DIMENSIONS[mode]:
        expected = " or ".join(f"{n}-D" for n in _DIMENSIONS[mode])
        remedy = "its axes are (N, C, *spatial)"
        got = f"shape {x.shape}"
        raise ValueError(check.wrong("input", f"{expected} with mode={mode!r}", got, remedy))
    if 0 in x.shape[2 if mode == "area" else 1 :]:
        expected = "of one or more along each axis but the batch's"
        raise ValueError(check.wrong("input", expected, f"shape {x.shape}"))
    return x


def _sizes(
    check: _checks.Checks, given: tuple[int, ...], size: Any, scale_factor: Any, mode: str
) -> tuple[tuple[int, ...], tuple[float | None, ...]]:
    """The sizes of the output, and the factors where these are given."""
    if (size is None) == (scale_factor is None):
        got = "neither" if size is None else "both"
        raise ValueError(check.wrong("size or scale_factor", "given, one of both", got))
    least = 0 if mode == "area" else 1
    if scale_factor is None:
        numbers = _for_each(check, "size", size, len(given))
        return tuple(check.integer("size", number, least) for number in numbers), (None,) * len(
            given
        )
    numbers = _for_each(check, "scale_factor", scale_factor, len(given))
    factors = tuple(check.static_number("scale_factor", number) for number in numbers)
    sizes = tuple(int(n * factor) for n, factor in zip(given, factors, strict=True))
    if min(sizes) < least or (least and min(factors) <= 0):
        expected = f"large enough for sizes of at least {least}"
        got = f"{scale_factor!r:.60} for sizes {given}"
        raise ValueError(check.wrong("scale_factor", expected, got))
    return sizes, factors


def _for_each(check: _checks.Checks, argument: str, value: Any, axes: int) -> tuple[Any, ...]:
    """One value for each spatial axis; a number counts for all of them."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return (value,) * axes
    if len(value) != axes:
        expected = f"one number, or {axes} for the spatial axes of input"
        raise ValueError(check.wrong(argument, expected, f"{value!r:.60}"))
    return tuple(value)


@functools.partial(jax.jit, static_argnames=("axes", "mode", "align", "antialias"))
def _interpolate(
    x: jax.Array, axes: tuple[Axis, ...], mode: str, align: bool, antialias: bool
) -> jax.Array:
    if not all(axis.out for axis in axes):
        return jnp.zeros((*x.shape[:2], *(axis.out for axis in axes)), x.dtype)
    copies = mode.startswith("nearest")
    small = x.ndim == 4 and sum(axis.out for axis in axes) <= _SMALL
    if mode == "nearest" and not small:
        mode = "nearest-line"
    dtype = x.dtype if is_floating(x.dtype) else jnp.dtype("float64")
    taps = [taps_of(mode, axis, align, antialias, str(jnp.dtype(wide(dtype)))) for axis in axes]
    if not (copies or is_floating(x.dtype)):
        return resized_bytes(x, taps)
    y = x if copies else x.astype(wide(dtype))
    for axis, found in reversed(list(enumerate(taps, 2))):
        y = along(y, axis, found)
    return y.astype(x.dtype)
