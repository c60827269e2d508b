"""Default parameters and buffers of the normalisations, which need no key."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jaxgrad import _checks
from jaxgrad._checks import Checks, Shape


def batch_norm(
    num_features: int,
    *,
    affine: bool = True,
    track_running_stats: bool = True,
    bias: bool = True,
    dtype: DTypeLike | None = None,
) -> dict[str, jax.Array]:
    """Default parameters and buffers of `torch.nn.BatchNorm1d`, 2d and 3d.

        weight, running_var = 1;   bias, running_mean, num_batches_tracked = 0

    Args:
        num_features: the number of channels.
        affine: whether there are a weight and a bias.
        track_running_stats: whether there are running statistics.
        bias: whether there is a bias, if affine.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        A dict of arrays (num_features,): weight and bias if affine, running_mean and running_var
        if tracked, and the count num_batches_tracked, (), in JAX's default integer dtype.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: a negative size.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html

    Differs from PyTorch: takes only what the arrays depend on, by keyword; the count is int32
    unless JAX's 64-bit types are switched on; returns a flat dict of arrays under the names of the
    state_dict.

    >>> from jaxgrad import init
    >>> init.batch_norm(1, affine=True, track_running_stats=False)
    {'weight': Array([1.], dtype=float32), 'bias': Array([0.], dtype=float32)}
    """
    return _tracked(
        _checks.of("batch_norm"), num_features, affine, track_running_stats, bias, dtype
    )


def instance_norm(
    num_features: int,
    *,
    affine: bool = False,
    track_running_stats: bool = False,
    bias: bool = True,
    dtype: DTypeLike | None = None,
) -> dict[str, jax.Array]:
    """Default parameters and buffers of `torch.nn.InstanceNorm1d`, 2d and 3d.

        weight, running_var = 1;   bias, running_mean, num_batches_tracked = 0

    Args:
        num_features: the number of channels.
        affine: whether there are a weight and a bias.
        track_running_stats: whether there are running statistics.
        bias: whether there is a bias, if affine.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        A dict of arrays (num_features,): weight and bias if affine, running_mean and running_var
        if tracked, and the count num_batches_tracked, (), in JAX's default integer dtype.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: a negative size.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm1d.html

    Differs from PyTorch: takes only what the arrays depend on, by keyword; the count is int32
    unless JAX's 64-bit types are switched on; returns a flat dict of arrays under the names of the
    state_dict.

    >>> from jaxgrad import init
    >>> init.instance_norm(1, affine=True, track_running_stats=False)
    {'weight': Array([1.], dtype=float32), 'bias': Array([0.], dtype=float32)}
    """
    return _tracked(
        _checks.of("instance_norm"), num_features, affine, track_running_stats, bias, dtype
    )


def layer_norm(
    normalized_shape: Any,
    *,
    elementwise_affine: bool = True,
    bias: bool = True,
    dtype: DTypeLike | None = None,
) -> dict[str, jax.Array]:
    """Default parameters of `torch.nn.LayerNorm`.

        weight = 1;   bias = 0

    Args:
        normalized_shape: the trailing dimensions, an integer or a sequence of integers.
        elementwise_affine: whether there are a weight and a bias.
        bias: whether there is a bias, if affine.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        A dict of arrays of that shape: weight and bias if affine.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: a negative size.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html

    Differs from PyTorch: takes only what the arrays depend on, by keyword; returns a flat dict of
    arrays under the names of the state_dict.

    >>> from jaxgrad import init
    >>> {name: value.shape for name, value in init.layer_norm((2, 3)).items()}
    {'weight': (2, 3), 'bias': (2, 3)}
    """
    affine = ("elementwise_affine", elementwise_affine)
    return _affine(_checks.of("layer_norm"), normalized_shape, affine, bias, dtype)


def group_norm(
    num_groups: int,
    num_channels: int,
    *,
    affine: bool = True,
    bias: bool = True,
    dtype: DTypeLike | None = None,
) -> dict[str, jax.Array]:
    """Default parameters of `torch.nn.GroupNorm`.

        weight = 1;   bias = 0

    Args:
        num_groups: the number of groups of channels, at least 1.
        num_channels: the number of channels, a multiple of num_groups.
        affine: whether there are a weight and a bias.
        bias: whether there is a bias, if affine.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        A dict of arrays (num_channels,): weight and bias if affine.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: a size is out of range, or num_groups does not divide num_channels.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html

    Differs from PyTorch: takes only what the arrays depend on, by keyword; num_groups below 1 is
    refused (PyTorch 2.13: ZeroDivisionError at 0); returns a flat dict of arrays under the names of
    the state_dict.

    >>> from jaxgrad import init
    >>> {name: value.shape for name, value in init.group_norm(2, 4).items()}
    {'weight': (4,), 'bias': (4,)}
    """
    check = _checks.of("group_norm")
    groups = check.integer("num_groups", num_groups, minimum=1)
    channels = check.integer("num_channels", num_channels, minimum=0)
    if channels % groups:
        expected = f"divisible by num_groups = {groups}"
        raise ValueError(check.wrong("num_channels", expected, channels))
    return _affine(check, channels, ("affine", affine), bias, dtype)


def rms_norm(
    normalized_shape: Any, *, elementwise_affine: bool = True, dtype: DTypeLike | None = None
) -> dict[str, jax.Array]:
    """Default parameters of `torch.nn.RMSNorm`.

        weight = 1

    Args:
        normalized_shape: the trailing dimensions, an integer or a sequence of integers.
        elementwise_affine: whether there is a weight.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        A dict of one array of that shape, weight, or an empty one.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: a negative size.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.RMSNorm.html

    Differs from PyTorch: takes only what the arrays depend on, by keyword; returns a flat dict of
    arrays under the names of the state_dict.

    >>> from jaxgrad import init
    >>> init.rms_norm(2)
    {'weight': Array([1., 1.], dtype=float32)}
    """
    affine = ("elementwise_affine", elementwise_affine)
    return _affine(_checks.of("rms_norm"), normalized_shape, affine, False, dtype)


def _affine(
    check: Checks, shape: Shape, affine: tuple[str, Any], bias: Any, dtype: DTypeLike | None
) -> dict[str, jax.Array]:
    """A weight of ones and a bias of zeros; `affine` is the name and the value of an argument."""
    shape, dtype = check.shape(shape), check.float_dtype(dtype)
    bias = check.truth("bias", bias)
    if not check.truth(*affine):
        return {}
    weight = {"weight": jnp.ones(shape, dtype)}
    return {**weight, "bias": jnp.zeros(shape, dtype)} if bias else weight


def _tracked(
    check: Checks, num_features: Any, affine: Any, track: Any, bias: Any, dtype: DTypeLike | None
) -> dict[str, jax.Array]:
    """Affine parameters, and the running statistics if they are tracked."""
    size = check.integer("num_features", num_features, minimum=0)
    params = _affine(check, size, ("affine", affine), bias, dtype)
    if not check.truth("track_running_stats", track):
        return params
    dtype = check.float_dtype(dtype)
    return {
        **params,
        "running_mean": jnp.zeros(size, dtype),
        "running_var": jnp.ones(size, dtype),
        "num_batches_tracked": jnp.zeros((), int),
    }
