"""Convolutions along one, two or three axes: windows of the input times a kernel."""

import jax
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._calls import called

from ._arguments import arrays_of, windows
from ._run import run

Sizes = int | tuple[int, ...] | list[int]
"""One integer for all spatial axes, or one for each."""


@called
def conv1d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> jax.Array:
    """Convolution along length; the kernel is not flipped.

        yₒ[p] = bₒ + Σ over c, i of wₒc[i] · xc[s·p + d·i - padding]

    Args:
        input: x of shape (N, C, L) or (C, L); real or complex numbers.
        weight: w of shape (O, C / groups, k), in the dtype of the input.
        bias: b of shape (O), in the same dtype, or None.
        stride: s, the step from one window to the next: an integer, as padding and dilation are.
        padding: how many zeros stand before and after the input. "valid" is 0. "same" keeps the
            size of the input; it is refused for a stride above 1. If its number of zeros is odd,
            the additional one stands after the input.
        dilation: d, the step from one element of a window to the next.
        groups: into how many groups the channels are divided. Each group has its own outputs.

    Returns:
        y of shape (N, O, Lₒ), or without N, in the dtype of the input. Lₒ is
        ⌊(L + zeros - d·(k - 1) - 1) / s⌋ + 1 with the zeros of both ends. bfloat16 and float16 are
        added up in float32 and rounded once on CPUs.

    Raises:
        TypeError: the dtypes differ or are not numeric; an option is not an integer.
        ValueError: the shapes do not fit, the kernel reaches further than the padded input, or an
            option is out of range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv1d.html

    Differs from PyTorch: without input channels the result is the bias; PyTorch's has no channels.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import conv1d
    >>> conv1d(jnp.array([[1.0, 2.0, 4.0]]), jnp.array([[[1.0, -1.0]]]))
    Array([[-1., -2.]], dtype=float32)
    """
    check = _checks.of("conv1d")
    arrays = arrays_of(check, input, weight, bias, groups, 1)
    return run(arrays, windows(check, arrays, stride, padding, dilation))


@called
def conv2d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> jax.Array:
    """Convolution along height and width; the kernel is not flipped.

        yₒ[p, q] = bₒ + Σ over c, i, j of wₒc[i, j] · xc[s·p + d·i - padding, s·q + d·j - padding]

    Args:
        input: x of shape (N, C, H, W) or (C, H, W); real or complex numbers.
        weight: w of shape (O, C / groups, kH, kW), in the dtype of the input.
        bias: b of shape (O), in the same dtype, or None.
        stride: s, the step from one window to the next. Like padding and dilation, it is one
            integer for all axes or one for each.
        padding: how many zeros stand before and after the input. "valid" is 0. "same" keeps the
            size of the input; it is refused for a stride above 1. If its number of zeros is odd,
            the additional one stands after the input.
        dilation: d, the step from one element of a window to the next.
        groups: into how many groups the channels are divided. Each group has its own outputs.

    Returns:
        y of shape (N, O, Hₒ, Wₒ), or without N, in the dtype of the input. Each size is
        ⌊(size + zeros - d·(k - 1) - 1) / s⌋ + 1 with the zeros of both ends. bfloat16 and float16
        are added up in float32 and rounded once on CPUs.

    Raises:
        TypeError: the dtypes differ or are not numeric; an option is not an integer.
        ValueError: the shapes do not fit, the kernel reaches further than the padded input, or an
            option is out of range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html

    Differs from PyTorch: without input channels the result is the bias; PyTorch's has no channels.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import conv2d
    >>> conv2d(jnp.ones((1, 3, 3)), jnp.ones((1, 1, 2, 2)))
    Array([[[4., 4.],
            [4., 4.]]], dtype=float32)
    """
    check = _checks.of("conv2d")
    arrays = arrays_of(check, input, weight, bias, groups, 2)
    return run(arrays, windows(check, arrays, stride, padding, dilation))


@called
def conv3d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> jax.Array:
    """Convolution along depth, height and width; the kernel is not flipped.

        yₒ[p] = bₒ + Σ over c, i of wₒc[i] · xc[s·p + d·i - padding],   p and i triples

    Args:
        input: x of shape (N, C, D, H, W) or (C, D, H, W); real or complex numbers.
        weight: w of shape (O, C / groups, kD, kH, kW), in the dtype of the input.
        bias: b of shape (O), in the same dtype, or None.
        stride: s, the step from one window to the next. Like padding and dilation, it is one
            integer for all axes or one for each.
        padding: how many zeros stand before and after the input. "valid" is 0. "same" keeps the
            size of the input; it is refused for a stride above 1. If its number of zeros is odd,
            the additional one stands after the input.
        dilation: d, the step from one element of a window to the next.
        groups: into how many groups the channels are divided. Each group has its own outputs.

    Returns:
        y of shape (N, O, Dₒ, Hₒ, Wₒ), or without N, in the dtype of the input. Each size is
        ⌊(size + zeros - d·(k - 1) - 1) / s⌋ + 1 with the zeros of both ends. bfloat16 and float16
        are added up in float32 and rounded once on CPUs.

    Raises:
        TypeError: the dtypes differ or are not numeric; an option is not an integer.
        ValueError: the shapes do not fit, the kernel reaches further than the padded input, or an
            option is out of range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv3d.html

    Differs from PyTorch: without input channels the result is the bias; PyTorch's has no channels.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import conv3d
    >>> conv3d(jnp.ones((1, 2, 2, 2)), jnp.ones((1, 1, 2, 2, 2)), stride=2)
    Array([[[[8.]]]], dtype=float32)
    """
    check = _checks.of("conv3d")
    arrays = arrays_of(check, input, weight, bias, groups, 3)
    return run(arrays, windows(check, arrays, stride, padding, dilation))
