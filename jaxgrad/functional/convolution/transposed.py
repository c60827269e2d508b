"""Transposed convolutions: each element of the input adds a multiple of the kernel."""

import jax
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._calls import called

from ._arguments import arrays_of, transposed_windows
from ._run import run
from .convolutions import Sizes


@called
def conv_transpose1d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> jax.Array:
    """The gradient of `conv1d` with respect to its input.

        yₒ[s·p + d·i - padding] += wcₒ[i] · xc[p]   for all c, p and i, starting from bₒ

    Args:
        input: x of shape (N, C, L) or (C, L); real or complex numbers.
        weight: w of shape (C, O / groups, k), in the dtype of the input. Its first
            dimension is the channels of the input.
        bias: b of shape (O), in the same dtype, or None.
        stride: s, the distance in the output between neighbours of the input: an integer, as the
            paddings and the dilation are.
        padding: how many elements of the output are cut off at both ends of each axis.
        output_padding: how many elements fewer are cut off at the end. It is smaller than the
            stride or the dilation.
        groups: into how many groups the channels are divided. Each group has its own outputs.
        dilation: d, the distance in the output between neighbours of the kernel.

    Returns:
        y of shape (N, O, Lₒ), or without N, in the dtype of the input. Lₒ is
        (L - 1)·s - 2·padding + d·(k - 1) + output_padding + 1. bfloat16 and float16 are added
        up in float32 and rounded once on CPUs.

    Raises:
        TypeError: the dtypes differ or are not numeric; an option is not an integer.
        ValueError: the shapes do not fit, or an option is out of range.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose1d.html

    Differs from PyTorch: a weight without output channels gives a result without channels, where
    PyTorch raises an error of its backend.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import conv_transpose1d
    >>> conv_transpose1d(jnp.array([[1.0, 2.0]]), jnp.array([[[1.0, 10.0]]]), stride=2)
    Array([[ 1., 10.,  2., 20.]], dtype=float32)
    """
    check = _checks.of("conv_transpose1d")
    arrays = arrays_of(check, input, weight, bias, groups, 1, transpose=True)
    geometry = transposed_windows(check, arrays, stride, padding, output_padding, dilation)
    return run(arrays, geometry, transpose=True)


@called
def conv_transpose2d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> jax.Array:
    """The gradient of `conv2d` with respect to its input.

        yₒ[s·p + d·i - padding] += wcₒ[i] · xc[p]   for all c, p and i, starting from bₒ

    Args:
        input: x of shape (N, C, H, W) or (C, H, W); real or complex numbers.
        weight: w of shape (C, O / groups, kH, kW), in the dtype of the input. Its first
            dimension is the channels of the input.
        bias: b of shape (O), in the same dtype, or None.
        stride: s, the distance in the output between neighbours of the input. Like the paddings
            and the dilation, it is one integer for all axes or one for each.
        padding: how many elements of the output are cut off at both ends of each axis.
        output_padding: how many elements fewer are cut off at the end. It is smaller than the
            stride or the dilation.
        groups: into how many groups the channels are divided. Each group has its own outputs.
        dilation: d, the distance in the output between neighbours of the kernel.

    Returns:
        y of shape (N, O, Hₒ, Wₒ), or without N, in the dtype of the input. Each size is
        (size - 1)·s - 2·padding + d·(k - 1) + output_padding + 1. bfloat16 and float16 are added
        up in float32 and rounded once on CPUs.

    Raises:
        TypeError: the dtypes differ or are not numeric; an option is not an integer.
        ValueError: the shapes do not fit, or an option is out of range.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose2d.html

    Differs from PyTorch: a weight without output channels gives a result without channels, where
    PyTorch raises an error of its backend.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import conv_transpose2d
    >>> conv_transpose2d(jnp.ones((1, 1, 1)), jnp.ones((1, 1, 2, 2)), stride=2)
    Array([[[1., 1.],
            [1., 1.]]], dtype=float32)
    """
    check = _checks.of("conv_transpose2d")
    arrays = arrays_of(check, input, weight, bias, groups, 2, transpose=True)
    geometry = transposed_windows(check, arrays, stride, padding, output_padding, dilation)
    return run(arrays, geometry, transpose=True)


@called
def conv_transpose3d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> jax.Array:
    """The gradient of `conv3d` with respect to its input.

        yₒ[s·p + d·i - padding] += wcₒ[i] · xc[p]   for all c, p and i, starting from bₒ

    Args:
        input: x of shape (N, C, D, H, W) or (C, D, H, W); real or complex numbers.
        weight: w of shape (C, O / groups, kD, kH, kW), in the dtype of the input. Its first
            dimension is the channels of the input.
        bias: b of shape (O), in the same dtype, or None.
        stride: s, the distance in the output between neighbours of the input. Like the paddings
            and the dilation, it is one integer for all axes or one for each.
        padding: how many elements of the output are cut off at both ends of each axis.
        output_padding: how many elements fewer are cut off at the end. It is smaller than the
            stride or the dilation.
        groups: into how many groups the channels are divided. Each group has its own outputs.
        dilation: d, the distance in the output between neighbours of the kernel.

    Returns:
        y of shape (N, O, Dₒ, Hₒ, Wₒ), or without N, in the dtype of the input. Each size is
        (size - 1)·s - 2·padding + d·(k - 1) + output_padding + 1. bfloat16 and float16 are added
        up in float32 and rounded once on CPUs.

    Raises:
        TypeError: the dtypes differ or are not numeric; an option is not an integer.
        ValueError: the shapes do not fit, or an option is out of range.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose3d.html

    Differs from PyTorch: a weight without output channels gives a result without channels, where
    PyTorch raises an error of its backend.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import conv_transpose3d
    >>> conv_transpose3d(jnp.ones((1, 1, 1, 1)), jnp.full((1, 1, 1, 1, 2), 3.0))
    Array([[[[3., 3.]]]], dtype=float32)
    """
    check = _checks.of("conv_transpose3d")
    arrays = arrays_of(check, input, weight, bias, groups, 3, transpose=True)
    geometry = transposed_windows(check, arrays, stride, padding, output_padding, dilation)
    return run(arrays, geometry, transpose=True)
