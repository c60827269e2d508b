"""Default parameters of the convolutions."""

import jax
from jax.typing import DTypeLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad.init import _draws, _layer_draws


@called
def conv1d(
    key: jax.Array,
    in_channels: int,
    out_channels: int,
    kernel_size: int | tuple[int, ...],
    *,
    groups: int = 1,
    bias: bool = True,
    dtype: DTypeLike | None = None,
) -> dict[str, jax.Array]:
    """Default parameters of `torch.nn.Conv1d`.

        weight, bias ~ U[-r, r),   r = √(groups / (in_channels · Π kernel_size))

    Args:
        key: a typed key.
        in_channels: channels of an input, a multiple of groups.
        out_channels: channels of an output, a multiple of groups.
        kernel_size: the kernel's size.
        groups: the number of groups of channels, at least 1.
        bias: whether there is a bias.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        A dict of arrays: weight (out_channels, in_channels / groups, *kernel_size), and bias
        (out_channels,) if asked.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: a size is out of range, or groups does not divide the channels.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html

    Differs from PyTorch: takes only what the parameters depend on, from groups on by keyword;
    kernel_size is one size, or one for each dimension; bias must be True or False; returns a flat
    dict of arrays under the names of the state_dict.

    >>> import jax
    >>> from jaxgrad import init
    >>> params = init.conv1d(jax.random.key(0), 4, 6, 3, groups=2)
    >>> {name: value.shape for name, value in params.items()}
    {'weight': (6, 2, 3), 'bias': (6,)}
    """
    check, channels = _checks.of("conv1d"), (in_channels, out_channels)
    draws = _layer_draws.convolution(check, 1, channels, kernel_size, groups, bias)
    return _draws.parameters(check, key, draws, dtype)


@called
def conv2d(
    key: jax.Array,
    in_channels: int,
    out_channels: int,
    kernel_size: int | tuple[int, ...],
    *,
    groups: int = 1,
    bias: bool = True,
    dtype: DTypeLike | None = None,
) -> dict[str, jax.Array]:
    """Default parameters of `torch.nn.Conv2d`.

        weight, bias ~ U[-r, r),   r = √(groups / (in_channels · Π kernel_size))

    Args:
        key: a typed key.
        in_channels: channels of an input, a multiple of groups.
        out_channels: channels of an output, a multiple of groups.
        kernel_size: the kernel's size, or 2 of them.
        groups: the number of groups of channels, at least 1.
        bias: whether there is a bias.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        A dict of arrays: weight (out_channels, in_channels / groups, *kernel_size), and bias
        (out_channels,) if asked.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: a size is out of range, or groups does not divide the channels.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html

    Differs from PyTorch: takes only what the parameters depend on, from groups on by keyword;
    kernel_size is one size, or one for each dimension; bias must be True or False; returns a flat
    dict of arrays under the names of the state_dict.

    >>> import jax
    >>> from jaxgrad import init
    >>> params = init.conv2d(jax.random.key(0), 4, 6, 3, groups=2)
    >>> {name: value.shape for name, value in params.items()}
    {'weight': (6, 2, 3, 3), 'bias': (6,)}
    """
    check, channels = _checks.of("conv2d"), (in_channels, out_channels)
    draws = _layer_draws.convolution(check, 2, channels, kernel_size, groups, bias)
    return _draws.parameters(check, key, draws, dtype)


@called
def conv3d(
    key: jax.Array,
    in_channels: int,
    out_channels: int,
    kernel_size: int | tuple[int, ...],
    *,
    groups: int = 1,
    bias: bool = True,
    dtype: DTypeLike | None = None,
) -> dict[str, jax.Array]:
    """Default parameters of `torch.nn.Conv3d`.

        weight, bias ~ U[-r, r),   r = √(groups / (in_channels · Π kernel_size))

    Args:
        key: a typed key.
        in_channels: channels of an input, a multiple of groups.
        out_channels: channels of an output, a multiple of groups.
        kernel_size: the kernel's size, or 3 of them.
        groups: the number of groups of channels, at least 1.
        bias: whether there is a bias.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        A dict of arrays: weight (out_channels, in_channels / groups, *kernel_size), and bias
        (out_channels,) if asked.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: a size is out of range, or groups does not divide the channels.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv3d.html

    Differs from PyTorch: takes only what the parameters depend on, from groups on by keyword;
    kernel_size is one size, or one for each dimension; bias must be True or False; returns a flat
    dict of arrays under the names of the state_dict.

    >>> import jax
    >>> from jaxgrad import init
    >>> params = init.conv3d(jax.random.key(0), 4, 6, 3, groups=2)
    >>> {name: value.shape for name, value in params.items()}
    {'weight': (6, 2, 3, 3, 3), 'bias': (6,)}
    """
    check, channels = _checks.of("conv3d"), (in_channels, out_channels)
    draws = _layer_draws.convolution(check, 3, channels, kernel_size, groups, bias)
    return _draws.parameters(check, key, draws, dtype)


@called
def conv_transpose1d(
    key: jax.Array,
    in_channels: int,
    out_channels: int,
    kernel_size: int | tuple[int, ...],
    *,
    groups: int = 1,
    bias: bool = True,
    dtype: DTypeLike | None = None,
) -> dict[str, jax.Array]:
    """Default parameters of `torch.nn.ConvTranspose1d`.

        weight, bias ~ U[-r, r),   r = √(groups / (out_channels · Π kernel_size))

    Args:
        key: a typed key.
        in_channels: channels of an input, a multiple of groups.
        out_channels: channels of an output, a multiple of groups.
        kernel_size: the kernel's size.
        groups: the number of groups of channels, at least 1.
        bias: whether there is a bias.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        A dict of arrays: weight (in_channels, out_channels / groups, *kernel_size), and bias
        (out_channels,) if asked.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: a size is out of range, or groups does not divide the channels.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html

    Differs from PyTorch: takes only what the parameters depend on, from groups on by keyword;
    kernel_size is one size, or one for each dimension; bias must be True or False; returns a flat
    dict of arrays under the names of the state_dict.

    >>> import jax
    >>> from jaxgrad import init
    >>> params = init.conv_transpose1d(jax.random.key(0), 4, 6, 3, groups=2)
    >>> {name: value.shape for name, value in params.items()}
    {'weight': (4, 3, 3), 'bias': (6,)}
    """
    check, channels = _checks.of("conv_transpose1d"), (in_channels, out_channels)
    draws = _layer_draws.transposed_convolution(check, 1, channels, kernel_size, groups, bias)
    return _draws.parameters(check, key, draws, dtype)


@called
def conv_transpose2d(
    key: jax.Array,
    in_channels: int,
    out_channels: int,
    kernel_size: int | tuple[int, ...],
    *,
    groups: int = 1,
    bias: bool = True,
    dtype: DTypeLike | None = None,
) -> dict[str, jax.Array]:
    """Default parameters of `torch.nn.ConvTranspose2d`.

        weight, bias ~ U[-r, r),   r = √(groups / (out_channels · Π kernel_size))

    Args:
        key: a typed key.
        in_channels: channels of an input, a multiple of groups.
        out_channels: channels of an output, a multiple of groups.
        kernel_size: the kernel's size, or 2 of them.
        groups: the number of groups of channels, at least 1.
        bias: whether there is a bias.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        A dict of arrays: weight (in_channels, out_channels / groups, *kernel_size), and bias
        (out_channels,) if asked.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: a size is out of range, or groups does not divide the channels.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html

    Differs from PyTorch: takes only what the parameters depend on, from groups on by keyword;
    kernel_size is one size, or one for each dimension; bias must be True or False; returns a flat
    dict of arrays under the names of the state_dict.

    >>> import jax
    >>> from jaxgrad import init
    >>> params = init.conv_transpose2d(jax.random.key(0), 4, 6, 3, groups=2)
    >>> {name: value.shape for name, value in params.items()}
    {'weight': (4, 3, 3, 3), 'bias': (6,)}
    """
    check, channels = _checks.of("conv_transpose2d"), (in_channels, out_channels)
    draws = _layer_draws.transposed_convolution(check, 2, channels, kernel_size, groups, bias)
    return _draws.parameters(check, key, draws, dtype)


@called
def conv_transpose3d(
    key: jax.Array,
    in_channels: int,
    out_channels: int,
    kernel_size: int | tuple[int, ...],
    *,
    groups: int = 1,
    bias: bool = True,
    dtype: DTypeLike | None = None,
) -> dict[str, jax.Array]:
    """Default parameters of `torch.nn.ConvTranspose3d`.

        weight, bias ~ U[-r, r),   r = √(groups / (out_channels · Π kernel_size))

    Args:
        key: a typed key.
        in_channels: channels of an input, a multiple of groups.
        out_channels: channels of an output, a multiple of groups.
        kernel_size: the kernel's size, or 3 of them.
        groups: the number of groups of channels, at least 1.
        bias: whether there is a bias.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        A dict of arrays: weight (in_channels, out_channels / groups, *kernel_size), and bias
        (out_channels,) if asked.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: a size is out of range, or groups does not divide the channels.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose3d.html

    Differs from PyTorch: takes only what the parameters depend on, from groups on by keyword;
    kernel_size is one size, or one for each dimension; bias must be True or False; returns a flat
    dict of arrays under the names of the state_dict.

    >>> import jax
    >>> from jaxgrad import init
    >>> params = init.conv_transpose3d(jax.random.key(0), 4, 6, 3, groups=2)
    >>> {name: value.shape for name, value in params.items()}
    {'weight': (4, 3, 3, 3, 3), 'bias': (6,)}
    """
    check, channels = _checks.of("conv_transpose3d"), (in_channels, out_channels)
    draws = _layer_draws.transposed_convolution(check, 3, channels, kernel_size, groups, bias)
    return _draws.parameters(check, key, draws, dtype)
