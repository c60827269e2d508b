"""Power-average pooling: `torch.nn.functional.lp_pool1d` to `lp_pool3d`."""

import functools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.core import Tracer
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import widened
from jaxgrad.tensor import abs, pow

from .._arguments import as_float
from . import _maxima
from ._arguments import disjoint, image, shifts
from ._windows import Shifts
from .averages import divided

Sizes = int | Sequence[int]


def lp_pool1d(
    input: ArrayLike,
    norm_type: float,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    ceil_mode: bool = False,
) -> jax.Array:
    """The p-norm of each window of (N, C, L): `torch.nn.functional.lp_pool1d`.

        y = (k · mean over the window of xᵖ)^(1/p),   k the size of a whole window

    The powers keep their sign: for odd p a negative sum has no root, and y is NaN. Where the sum is
    0 the derivative is 0. A window that `ceil_mode` cuts off counts as a whole one of the same
    mean. For p = ∞ y is the largest |x|, for p = -∞ the smallest.

    Args:
        input: x of shape (N, C, L) or (C, L), floating point or integers.
        norm_type: the exponent p, a number; static under `jit`, not 0.
        kernel_size: the size of a window: an integer.
        stride: the distance between windows, likewise; None is `kernel_size`.
        ceil_mode: whether a last window may reach beyond the input. It still begins within it.

    Returns:
        y of the input's dtype; float32 for integers. Computed in float32 at least and rounded once.

    Raises:
        TypeError: the input is complex or bool, or an argument is of the wrong kind.
        ValueError: the input has another number of axes, an axis other than the batch is empty, p
            is 0, a size is out of range, or no window fits.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.lp_pool1d.html

    Differs from PyTorch: integers are pooled in float32, where PyTorch rounds the mean of their
    powers towards 0, and powers of narrow dtypes do not overflow.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import lp_pool1d
    >>> lp_pool1d(jnp.array([[3.0, 4.0, 0.0, 1.0]]), 2, 2)
    Array([[5., 1.]], dtype=float32)
    """
    return _lp_pool("lp_pool1d", input, 1, norm_type, (kernel_size, stride), ceil_mode)


def lp_pool2d(
    input: ArrayLike,
    norm_type: float,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    ceil_mode: bool = False,
) -> jax.Array:
    """The p-norm of each window of (N, C, H, W): `torch.nn.functional.lp_pool2d`.

        y = (k · mean over the window of xᵖ)^(1/p),   k the size of a whole window

    The powers keep their sign: for odd p a negative sum has no root, and y is NaN. Where the sum is
    0 the derivative is 0. A window that `ceil_mode` cuts off counts as a whole one of the same
    mean. For p = ∞ y is the largest |x|, for p = -∞ the smallest.

    Args:
        input: x of shape (N, C, H, W) or (C, H, W), floating point or integers.
        norm_type: the exponent p, a number; static under `jit`, not 0.
        kernel_size: the size of a window: an integer or 2 of them, one for each spatial axis.
        stride: the distance between windows, likewise; None is `kernel_size`.
        ceil_mode: whether a last window may reach beyond the input. It still begins within it.

    Returns:
        y of the input's dtype; float32 for integers. Computed in float32 at least and rounded once.

    Raises:
        TypeError: the input is complex or bool, or an argument is of the wrong kind.
        ValueError: the input has another number of axes, an axis other than the batch is empty, p
            is 0, a size is out of range, or no window fits.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.lp_pool2d.html

    Differs from PyTorch: integers are pooled in float32, where PyTorch rounds the mean of their
    powers towards 0, and powers of narrow dtypes do not overflow.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import lp_pool2d
    >>> lp_pool2d(jnp.ones((1, 2, 2)), 1, 2)
    Array([[[4.]]], dtype=float32)
    """
    return _lp_pool("lp_pool2d", input, 2, norm_type, (kernel_size, stride), ceil_mode)


def lp_pool3d(
    input: ArrayLike,
    norm_type: float,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    ceil_mode: bool = False,
) -> jax.Array:
    """The p-norm of each window of (N, C, D, H, W): `torch.nn.functional.lp_pool3d`.

        y = (k · mean over the window of xᵖ)^(1/p),   k the size of a whole window

    The powers keep their sign: for odd p a negative sum has no root, and y is NaN. Where the sum is
    0 the derivative is 0. A window that `ceil_mode` cuts off counts as a whole one of the same
    mean. For p = ∞ y is the largest |x|, for p = -∞ the smallest.

    Args:
        input: x of shape (N, C, D, H, W) or (C, D, H, W), floating point or integers.
        norm_type: the exponent p, a number; static under `jit`, not 0.
        kernel_size: the size of a window: an integer or 3 of them, one for each spatial axis.
        stride: the distance between windows, likewise; None is `kernel_size`.
        ceil_mode: whether a last window may reach beyond the input. It still begins within it.

    Returns:
        y of the input's dtype; float32 for integers. Computed in float32 at least and rounded once.

    Raises:
        TypeError: the input is complex or bool, or an argument is of the wrong kind.
        ValueError: the input has another number of axes, an axis other than the batch is empty, p
            is 0, a size is out of range, or no window fits.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.lp_pool3d.html

    Differs from PyTorch: integers are pooled in float32, where PyTorch rounds the mean of their
    powers towards 0, and powers of narrow dtypes do not overflow.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import lp_pool3d
    >>> lp_pool3d(jnp.ones((1, 2, 2, 2)), float("inf"), 2)
    Array([[[[1.]]]], dtype=float32)
    """
    return _lp_pool("lp_pool3d", input, 3, norm_type, (kernel_size, stride), ceil_mode)


def _lp_pool(
    name: str,
    input: ArrayLike,
    spatial: int,
    norm_type: float,
    sizes: tuple[Any, Any],
    ceil_mode: bool,
) -> jax.Array:
    check = _checks.of(name)
    x = image(check, as_float(check.real("input", input)), spatial)
    power = _power(check, norm_type)
    steps = shifts(check, x.shape, spatial, *sizes, ceil_mode=ceil_mode)
    return _norms(x, power=power, steps=steps)


def _power(check: _checks.Checks, value: Any) -> float:
    """`value` as a static number other than 0; infinities are allowed."""
    if isinstance(value, Tracer):
        remedy = "under jit make it static: static_argnames='norm_type'"
        raise TypeError(check.wrong("norm_type", "a concrete number", "a tracer", remedy))
    power = float(check.number("norm_type", value))
    if not power or math.isnan(power):
        raise ValueError(check.wrong("norm_type", "a number other than 0", power))
    return power


@functools.partial(jax.jit, static_argnames=("power", "steps"))
def _norms(x: jax.Array, *, power: float, steps: tuple[Shifts, ...]) -> jax.Array:
    (wide,) = widened(x.dtype, x)
    if math.isinf(power):
        sign = math.copysign(1.0, power)
        return (sign * _largest(sign * abs(wide), steps)).astype(x.dtype)
    whole = math.prod(step.kernel for step in steps)
    means = _away_from_zero(divided(pow(wide, power), steps))
    return pow(means * whole, 1 / power).astype(x.dtype)


def _largest(x: jax.Array, steps: tuple[Shifts, ...]) -> jax.Array:
    windows = tuple(map(disjoint, steps))
    best = _maxima.pooled(x, (None,) * len(steps), steps=windows, return_indices=False)
    return jnp.asarray(best)


@jax.custom_jvp
def _away_from_zero(x: jax.Array) -> jax.Array:
    """The identity, with the derivative 0 at 0, where a root has an infinite one, and at NaN.

    At NaN it is 0 times what follows, which is NaN itself but for the root of degree 1.
    """
    return x


@_away_from_zero.defjvp
def _away_from_zero_jvp(
    primals: tuple[jax.Array], tangents: tuple[jax.Array]
) -> tuple[jax.Array, jax.Array]:
    (x,), (slope,) = primals, tangents
    passed = jnp.where(jnp.isnan(x), 0 * slope, slope)  # as PyTorch's sign of NaN is 0
    return x, jnp.where(x == 0, x.dtype.type(0), passed)
