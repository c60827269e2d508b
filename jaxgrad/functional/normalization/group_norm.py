"""Group normalization."""

import functools
import math

import jax
from jax.typing import ArrayLike

from jaxgrad import _checks

from ._affine import affine
from ._parameters import channels, of_one_dtype, parameter, spread


def group_norm(
    input: ArrayLike,
    num_groups: int,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    eps: float = 1e-5,
) -> jax.Array:
    """Group normalization: each group of channels minus its mean, divided by its deviation.

        y = (x - mean) / √(variance + ε) · weight + bias

    A group is made of C / num_groups channels that follow one another. The mean and the (biased)
    variance are those over the channels of a group and all spatial axes, in each sample.

    Args:
        input: x, of shape (N, C, ...), floating point.
        num_groups: the number of groups, which divides C.
        weight: of shape (C,); None is 1.
        bias: of shape (C,); None is 0.
        eps: ε, a number that is added to the variance.

    Returns:
        y, of the input's shape and dtype. Computed in float32 at least and rounded once.

    Raises:
        TypeError: the input is not floating point; or weight and bias do not have its dtype, or
            float32 beside bfloat16 and float16; or another argument is of the wrong kind.
        ValueError: a shape does not fit; or `num_groups` is below 1 or does not divide C; or N is 1
            and each group has one value only.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.group_norm.html

    Differs from PyTorch: an infinite eps is refused; float32 keeps its digits where the mean is
    large beside the standard deviation; over empty spatial axes the weight's derivative is 0, where
    PyTorch has NaN; a bias without a weight has a derivative, where PyTorch's backward pass raises.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import group_norm
    >>> group_norm(jnp.array([[1.0, 3.0, 10.0, 30.0]]), 2).round(3)
    Array([[-1.,  1., -1.,  1.]], dtype=float32)
    """
    check = _checks.of("group_norm")
    x = check.floating("input", input)
    shape = channels(check, x)
    num_groups = check.integer("num_groups", num_groups, minimum=1)
    weight = parameter(check, "weight", weight, shape)
    bias = parameter(check, "bias", bias, shape)
    eps = check.static_number("eps", eps)
    of_one_dtype(check, x, weight=weight, bias=bias)
    if shape[0] % num_groups:
        expected = f"a divisor of the {shape[0]} channels"
        raise ValueError(check.wrong("num_groups", expected, num_groups))
    if x.size == num_groups:
        expected = "more than one value in each group, or more than one sample"
        raise ValueError(check.wrong("input", expected, f"shape {x.shape}"))
    return _group_norm(x, weight, bias, num_groups, eps)


@functools.partial(jax.jit, static_argnames=("num_groups", "eps"))
def _group_norm(
    input: jax.Array,
    weight: jax.Array | None,
    bias: jax.Array | None,
    num_groups: int,
    eps: float,
) -> jax.Array:
    batch, channels, *spatial = input.shape
    in_groups = (num_groups, channels // num_groups)
    weight, bias = spread(
        4, 1, *(None if one is None else one.reshape(in_groups) for one in (weight, bias))
    )
    groups = input.reshape(batch, *in_groups, math.prod(spatial))
    result = affine(groups, weight, bias, (2, 3), eps, True)
    return result.reshape(input.shape).astype(input.dtype)
