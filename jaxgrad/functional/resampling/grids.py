"""Images at the positions of a grid, and grids of affine maps."""

import functools
import warnings
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import widened

from ._points import Options, sampled


def grid_sample(
    input: ArrayLike,
    grid: ArrayLike,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> jax.Array:
    """Images at the positions of a grid: `torch.nn.functional.grid_sample`.

        y[n, :, i, j] = x[n, :, v, u],   (u, v) = ((g[n, i, j] + 1) · (W, H) - 1) / 2

    where x between its elements is interpolated. With align_corners, (u, v) =
    (g[n, i, j] + 1) · (W - 1, H - 1) / 2. The last axis of the grid has the horizontal position
    first: for three spatial axes its order is W, H, D.

    Args:
        input: x of shape (N, C, H, W) or (N, C, D, H, W), floating point.
        grid: g of shape (N, Hₒ, Wₒ, 2) or (N, Dₒ, Hₒ, Wₒ, 3), in the input's dtype. -1 and 1 are
            the edges of the image.
        mode: "bilinear" weighs the neighbours along each axis, also for three axes. "nearest" takes
            the nearest element, of two the one with the even index. "bicubic" (H, W) is Keys'
            kernel with A = -0.75.
        padding_mode: what lies beyond the edges: "zeros", "border" for the nearest element, or
            "reflection" for the image reflected at the edges.
        align_corners: whether -1 and 1 are the centres of the first and last elements. None is
            False, with a warning.

    Returns:
        y of shape (N, C, Hₒ, Wₒ) or (N, C, Dₒ, Hₒ, Wₒ), of the input's dtype. bfloat16 and
        float16 are computed in float32 and rounded once. Where a position is that of an element,
        the derivative with respect to the grid is that from the right. With "border" it is 0 on the
        edge and beyond.

    Raises:
        TypeError: the input or the grid is not floating point, they differ in dtype, or
            align_corners is not a bool.
        ValueError: the shapes do not fit, the image is empty, or a mode does not exist.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.grid_sample.html

    Differs from PyTorch: with "border" and "reflection", a position of NaN counts as -1 in all
    cases. PyTorch reads the last element where there are three axes, and where there are two its
    bilinear gradient ends the process with a segmentation fault. The same holds for an infinite
    position with "reflection".

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import grid_sample
    >>> x = jnp.array([[[[0.0, 4.0]]]])
    >>> grid_sample(x, jnp.array([[[[-0.5, 0.0], [0.0, 0.0]]]]), align_corners=False)
    Array([[[[0., 2.]]]], dtype=float32)
    """
    check = _checks.of("grid_sample")
    mode = check.option("mode", mode, ("bilinear", "nearest", "bicubic"))
    padding = check.option("padding_mode", padding_mode, ("zeros", "border", "reflection"))
    align = _corners(check, align_corners)
    x, grid = check.floating("input", input), check.floating("grid", grid)
    _fitting(check, x, grid, mode)
    return _grid_sample(x, grid, Options(mode, padding, align))


def _corners(check: _checks.Checks, align_corners: bool | None) -> bool:
    """The option; None warns, since old versions of PyTorch took it for True."""
    if align_corners is not None:
        return check.truth("align_corners", align_corners)
    text = (
        f"{check.function}: align_corners=None is False. It was True before PyTorch 1.3; "
        "write align_corners=True for that."
    )
    warnings.warn(text, stacklevel=3)
    return False


def _fitting(check: _checks.Checks, x: jax.Array, grid: jax.Array, mode: str) -> None:
    """Refuse an image and a grid that do not fit each other."""
    if x.ndim not in (4, 5):
        expected = "of shape (N, C, H, W) or (N, C, D, H, W)"
        raise ValueError(check.wrong("input", expected, f"shape {x.shape}"))
    if mode == "bicubic" and x.ndim == 5:
        raise ValueError(check.wrong("input", "4-D with mode='bicubic'", f"shape {x.shape}"))
    if 0 in x.shape[2:]:
        expected = "of one or more along each spatial axis"
        raise ValueError(check.wrong("input", expected, f"shape {x.shape}"))
    axes = x.ndim - 2
    if grid.ndim != x.ndim or grid.shape[0] != x.shape[0] or grid.shape[-1] != axes:
        expected = f"of shape ({x.shape[0]}, {'…, ' * axes}{axes}) for input of shape {x.shape}"
        raise ValueError(check.wrong("grid", expected, f"shape {grid.shape}"))
    if grid.dtype != x.dtype:
        remedy = "cast one with .astype"
        raise TypeError(check.wrong("grid", f"of input's {x.dtype}", grid.dtype, remedy))


@functools.partial(jax.jit, static_argnames="options")
def _grid_sample(x: jax.Array, grid: jax.Array, options: Options) -> jax.Array:
    values, places = widened(x.dtype, x, grid)
    return sampled(values, places, options).astype(x.dtype)


def affine_grid(
    theta: ArrayLike, size: Sequence[int], align_corners: bool | None = None
) -> jax.Array:
    """The grid of an affine map, for `grid_sample`: `torch.nn.functional.affine_grid`.

        g[n, i, j] = θ[n] (uⱼ, vᵢ, 1),   uⱼ = (2j + 1) / W - 1,   vᵢ = (2i + 1) / H - 1

    With align_corners, uⱼ = 2j / (W - 1) - 1, and 0 where W is 1; vᵢ likewise.

    Args:
        theta: θ of shape (N, 2, 3), or (N, 3, 4) for images of three axes, floating point.
        size: the size of the images: (N, C, H, W) or (N, C, D, H, W).
        align_corners: whether -1 and 1 are the centres of the first and last elements. None is
            False, with a warning.

    Returns:
        g of shape (N, H, W, 2) or (N, D, H, W, 3), of the dtype of θ.

    Raises:
        TypeError: theta is not floating point, or a size is not an integer.
        ValueError: size has neither 4 nor 5 numbers, one of them is below 1, or theta does
            not have the shape that size asks for.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.affine_grid.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import affine_grid
    >>> theta = jnp.array([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    >>> affine_grid(theta, (1, 1, 1, 2), align_corners=False)
    Array([[[[-0.5,  0. ],
             [ 0.5,  0. ]]]], dtype=float32)
    """
    check = _checks.of("affine_grid")
    align = _corners(check, align_corners)
    matrices = check.floating("theta", theta)
    sizes = tuple(size) if isinstance(size, Sequence) and not isinstance(size, str) else ()
    if len(sizes) not in (4, 5):
        expected = "(N, C, H, W) or (N, C, D, H, W)"
        raise ValueError(check.wrong("size", expected, f"{size!r:.60}"))
    sizes = tuple(check.integer("size", number, 1) for number in sizes)
    axes = len(sizes) - 2
    shape = (sizes[0], axes, axes + 1)
    if matrices.shape != shape:
        expected = f"of shape {shape} for size {sizes}"
        raise ValueError(check.wrong("theta", expected, f"shape {matrices.shape}"))
    if align and 1 in sizes[2:]:
        text = f"{check.function}: with align_corners=True the positions along an axis of 1 are 0."
        warnings.warn(text, stacklevel=2)
    return _affine_grid(matrices, sizes[2:], align)


@functools.partial(jax.jit, static_argnames=("sizes", "align"))
def _affine_grid(theta: jax.Array, sizes: tuple[int, ...], align: bool) -> jax.Array:
    (matrix,) = widened(theta.dtype, theta)
    axes = len(sizes)
    moved = jnp.broadcast_to(
        jnp.expand_dims(matrix[..., axes], tuple(range(1, axes + 1))),
        (theta.shape[0], *sizes, axes),
    )
    for axis, size in enumerate(sizes):
        shape = [1] * (axes + 2)
        shape[axis + 1] = size
        places = _places(size, align).astype(matrix.dtype).reshape(shape)
        column = matrix[..., axes - 1 - axis]
        moved = moved + jnp.expand_dims(column, tuple(range(1, axes + 1))) * places
    return moved.astype(theta.dtype)


def _places(size: int, align: bool) -> np.ndarray:
    """The positions of the elements of an axis, from -1 to 1."""
    if align:
        return np.linspace(-1, 1, size) if size > 1 else np.zeros(1)
    return (2 * np.arange(size) + 1) / size - 1
