"""Instance normalization."""

import math

import jax
from jax.typing import ArrayLike

from jaxgrad import _checks

from ._parameters import both_or_none, channels, of_one_dtype, parameter
from .batch_norm import batch_affine, fixed_affine


def instance_norm(
    input: ArrayLike,
    running_mean: ArrayLike | None = None,
    running_var: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> jax.Array:
    """Instance normalization: each channel of a sample minus its mean, divided by its deviation.

        y = (x - mean) / √(variance + ε) · weight + bias

    The mean and the (biased) variance are those over the spatial axes, or the running ones.

    Args:
        input: x, of shape (N, C, *spatial), floating point.
        running_mean: of shape (C,), or None with use_input_stats.
        running_var: of shape (C,), or None with use_input_stats.
        weight: of shape (C,); None is 1.
        bias: of shape (C,); None is 0.
        use_input_stats: whether the input's own statistics are taken; otherwise the running ones.
        momentum: has no effect here. `running_stats(…, per_instance=True)` takes it, and gives the
            running statistics that PyTorch writes with use_input_stats.
        eps: ε, a number that is added to the variance.

    Returns:
        y, of the input's shape and dtype. Computed in float32 at least and rounded once.

    Raises:
        TypeError: the input is not floating point; or weight and bias do not have its dtype, or
            float32 beside bfloat16 and float16; or another argument is of the wrong kind.
        ValueError: a shape does not fit; or one running statistic is given without the other; or
            they are missing without use_input_stats; or with it a channel has one value only.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.instance_norm.html

    Differs from PyTorch: the running statistics are not changed; without use_input_stats
    there is a derivative with respect to them; an infinite eps is refused; an empty batch with a
    weight or a bias is empty, where PyTorch raises; float32 keeps its digits where the mean is
    large beside the standard deviation.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import instance_norm
    >>> instance_norm(jnp.array([[[1.0, 3.0], [10.0, 30.0]]])).round(3)
    Array([[[-1.,  1.],
            [-1.,  1.]]], dtype=float32)
    """
    check = _checks.of("instance_norm")
    x = check.floating("input", input)
    shape = channels(check, x)
    given = {
        name: parameter(check, name, value, shape)
        for name, value in (
            ("running_mean", running_mean),
            ("running_var", running_var),
            ("weight", weight),
            ("bias", bias),
        )
    }
    mean, variance, weight, bias = given.values()
    use_input_stats = check.truth("use_input_stats", use_input_stats)
    check.number("momentum", momentum)
    eps = check.static_number("eps", eps)
    both_or_none(check, mean, variance, needed=not use_input_stats)
    of_one_dtype(check, x, weight=weight, bias=bias)
    if not use_input_stats:
        return fixed_affine(x, mean, variance, weight, bias, eps)
    if math.prod(x.shape[2:]) == 1:
        expected = "more than one spatial element in each channel"
        raise ValueError(check.wrong("input", expected, f"shape {x.shape}"))
    return batch_affine(x, weight, bias, tuple(range(2, x.ndim)), eps)
