"""Negative log likelihoods of numbers under distributions with predicted parameters."""

import functools
import math

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._dtypes import cast, widened

from .._arguments import as_float, reduced, reduction_of
from ._kinks import floored


@called
def poisson_nll_loss(
    input: ArrayLike,
    target: ArrayLike,
    log_input: bool = True,
    full: bool = False,
    eps: float | jax.Array = 1e-8,
    reduction: str = "mean",
) -> jax.Array:
    """Negative log likelihood of counts under a Poisson distribution, without the term log y!.

        log_input:  lᵢ = exp(xᵢ) - yᵢ xᵢ          else:  lᵢ = xᵢ - yᵢ log(xᵢ + ε)

    `full` adds Stirling's approximation of log y!, y log y - y + log(2π y) / 2, where y > 1.

    Args:
        input: the expected count x, or with `log_input` its logarithm; any shape.
        target: counts y, the shape of `input`.
        log_input: whether `input` is a logarithm.
        full: whether log y! is approximated as well.
        eps: ε, which keeps the logarithm finite at x = 0; read where `log_input` is False.
        reduction: "none", "mean" or "sum".

    Returns:
        The loss in the promoted dtype of input and target, where an integer input counts as
        float32: a scalar, or for "none" the input's shape.

    Raises:
        TypeError: an argument is not a real array, or a flag is not True or False.
        ValueError: shapes differ, or `reduction` is unknown.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.poisson_nll_loss.html

    Differs from PyTorch: a target of another shape is an error; PyTorch broadcasts. With `full` the
    derivative in a target of at most 0 is that without `full`; PyTorch's is NaN. No complex numbers
    and no truth values.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import poisson_nll_loss
    >>> poisson_nll_loss(jnp.array([0.0, 1.0]), jnp.array([2.0, 3.0]), reduction="none")
    Array([ 1.        , -0.28171825], dtype=float32)
    """
    check = _checks.of("poisson_nll_loss")
    x = as_float(check.real("input", input))
    y = check.real("target", target)
    check.same_shape("target", y, "input", x)
    dtype = check.promoted("input or target", x, y)
    return _poisson_nll_loss(
        cast(x, dtype),
        cast(y, dtype),
        check.number("eps", eps),
        log_input=check.truth("log_input", log_input),
        full=check.truth("full", full),
        reduction=reduction_of(check, reduction),
    )


@functools.partial(jax.jit, static_argnames=("log_input", "full", "reduction"))
def _poisson_nll_loss(
    input: jax.Array,
    target: jax.Array,
    eps: float | jax.Array,
    *,
    log_input: bool,
    full: bool,
    reduction: str,
) -> jax.Array:
    x, y, eps = widened(input.dtype, input, target, eps)
    losses = jnp.exp(x) - y * x if log_input else x - y * jnp.log(x + eps)
    if full:
        count = jnp.where(y <= 1, 1, y)
        log_factorial = (count + 0.5) * jnp.log(count) - count + 0.5 * math.log(2 * math.pi)
        losses = losses + jnp.where(y <= 1, 0, log_factorial)
    return reduced(losses, reduction).astype(input.dtype)


def gaussian_nll_loss(
    input: ArrayLike,
    target: ArrayLike,
    var: ArrayLike,
    full: bool = False,
    eps: float | jax.Array = 1e-6,
    reduction: str = "mean",
) -> jax.Array:
    """Negative log likelihood of numbers under normal distributions, without the constant.

        lᵢ = (log vᵢ + (xᵢ - yᵢ)² / vᵢ) / 2,     v = max(var, ε)

    `full` adds log(2π) / 2. A variance below ε has the derivative at ε, not 0, so that a gradient
    step can raise it again.

    Args:
        input: expected values x, any shape.
        target: observed values y, the shape of `input`, or with 1 in place of one dimension, or a
            number.
        var: variances, at least 0: the shape of `input`, that without its last dimension or with
            1 in place of one dimension, or a number.
        full: whether the constant is added.
        eps: ε, the smallest variance that counts.
        reduction: "none", "mean" or "sum".

    Returns:
        The loss in the promoted dtype of the arrays: a scalar, or for "none" the input's shape.

    Raises:
        TypeError: an argument is not a real array, the variances are integers, or `full` is not
            True or False.
        ValueError: shapes do not fit, a variance is negative, or `reduction` is unknown. Traced
            variances are checked under `jaxgrad.checkify` only, and negative ones give NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.gaussian_nll_loss.html

    Differs from PyTorch: `var` may be a Python integer; a target that would widen the input, or of
    fewer dimensions, is an error, and PyTorch broadcasts. No complex numbers.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import gaussian_nll_loss
    >>> gaussian_nll_loss(jnp.array([1.0, 2.0]), jnp.array([0.0, 0.0]), var=jnp.array([1.0, 4.0]))
    Array(0.8465736, dtype=float32)
    """
    check = _checks.of("gaussian_nll_loss")
    x = check.real("input", input)
    y = check.real("target", target)
    if y.ndim and not _equal_up_to_one(y.shape, x.shape):
        expected = f"of input's shape {x.shape}, or with one dimension of 1 instead, or a number"
        raise ValueError(check.wrong("target", expected, y.shape))
    if isinstance(var, (int, float)):
        number = check.number("var", var)
        v = jnp.full(x.shape, number, as_float(x).dtype)
    else:
        v = check.floating("var", var)
    if v.shape == x.shape[:-1] and v.shape != x.shape:
        v = v[..., None]
    if not _equal_up_to_one(v.shape, x.shape):
        expected = f"of input's shape {x.shape}, or with one dimension left out or 1 instead"
        raise ValueError(check.wrong("var", expected, v.shape))
    dtype = check.promoted("input, target or var", x, y, v)
    losses, valid = _gaussian_nll_loss(
        cast(x, dtype),
        cast(y, dtype),
        cast(v, dtype),
        check.number("eps", eps),
        full=check.truth("full", full),
        reduction=reduction_of(check, reduction),
    )
    text = check.wrong("var", "at least 0", "{least}")
    _checks.each_holds(valid, text, v)
    return losses


def _equal_up_to_one(shape: tuple[int, ...], like: tuple[int, ...]) -> bool:
    """Whether `shape` is `like`, or has 1 in place of one dimension."""
    if shape == like:
        return True
    pairs = zip(shape, like, strict=False)
    return len(shape) == len(like) and [a for a, b in pairs if a != b] == [1]


@functools.partial(jax.jit, static_argnames=("full", "reduction"))
def _gaussian_nll_loss(
    input: jax.Array,
    target: jax.Array,
    var: jax.Array,
    eps: float | jax.Array,
    *,
    full: bool,
    reduction: str,
) -> tuple[jax.Array, jax.Array]:
    x, y, v, eps = widened(input.dtype, input, target, var, eps)
    y = jnp.broadcast_to(y, x.shape)
    v = floored(jnp.where(v < 0, jnp.nan, v), eps)
    losses = 0.5 * (jnp.log(v) + jnp.square(x - y) / v)
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    return reduced(losses, reduction).astype(input.dtype), ~jnp.any(var < 0)
