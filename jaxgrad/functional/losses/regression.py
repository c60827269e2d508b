"""Losses of a number against a number."""

import functools

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike, DTypeLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._dtypes import is_complex, widened
from jaxgrad._operands import derivatives
from jaxgrad.tensor.pointwise import magnitude

from .._arguments import input_and_target, reduced, reduction_of


@called
def mse_loss(
    input: ArrayLike,
    target: ArrayLike,
    reduction: str = "mean",
    weight: ArrayLike | None = None,
) -> jax.Array:
    """Mean squared error.

        none: wᵢ (xᵢ - yᵢ)²     sum: Σᵢ wᵢ (xᵢ - yᵢ)²     mean: Σᵢ wᵢ (xᵢ - yᵢ)² / Σᵢ wᵢ

    with wᵢ = 1 where no weight is given. A mean over nothing (an empty input, or weights that sum
    to 0) is NaN.

    Args:
        input: predictions x, any shape.
        target: true values y, the shape of `input`. One of the two must be floating point.
        reduction: "none", "mean" or "sum".
        weight: weights w, the shape of `input`.

    Returns:
        The loss in the promoted dtype of the arguments: a scalar, or for "none" the input's shape.

    Raises:
        TypeError: an argument is not a real array, or `input` and `target` are both integers.
        ValueError: shapes differ, or `reduction` is unknown.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.mse_loss.html

    Differs from PyTorch: a target of another shape is an error; PyTorch warns and broadcasts.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import mse_loss
    >>> mse_loss(jnp.array([1.0, 2.0, 3.0]), jnp.array([1.0, 0.0, 0.0]))
    Array(4.3333335, dtype=float32)
    """
    check = _checks.of("mse_loss")
    arrays = input_and_target(check, input, target, weight)
    return _mse_loss(*arrays, reduction=reduction_of(check, reduction))


@functools.partial(jax.jit, static_argnames="reduction")
def _mse_loss(
    input: jax.Array, target: jax.Array, weight: jax.Array | None = None, *, reduction: str
) -> jax.Array:
    errors = jnp.square(input - target)
    if weight is None:
        return reduced(errors, reduction)
    return reduced(errors * weight, reduction, jnp.sum(weight))


@called
def l1_loss(
    input: ArrayLike,
    target: ArrayLike,
    reduction: str = "mean",
    weight: ArrayLike | None = None,
) -> jax.Array:
    """Mean absolute error.

        none: wᵢ |xᵢ - yᵢ|     sum: Σᵢ wᵢ |xᵢ - yᵢ|     mean: Σᵢ wᵢ |xᵢ - yᵢ| / Σᵢ wᵢ

    with wᵢ = 1 where no weight is given. The derivative where xᵢ = yᵢ is 0. A mean over nothing (an
    empty input, or weights that sum to 0) is NaN.

    Args:
        input: predictions x, any shape.
        target: true values y, the shape of `input`. One of the two must be floating point.
        reduction: "none", "mean" or "sum".
        weight: weights w, the shape of `input`.

    Returns:
        The loss in the promoted dtype of the arguments: a scalar, or for "none" the input's shape.

    Raises:
        TypeError: an argument does not hold numbers, or `input` and `target` are both integers.
        ValueError: shapes differ, or `reduction` is unknown.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.l1_loss.html

    Differs from PyTorch: a target of another shape is an error; PyTorch warns and broadcasts. Two
    integer arrays are refused.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import l1_loss
    >>> l1_loss(jnp.array([1.0, 2.0, 4.0]), jnp.array([1.0, 0.0, 0.0]))
    Array(2., dtype=float32)
    """
    check = _checks.of("l1_loss")
    input, target = check.array("input", input), check.array("target", target)
    if is_complex(input.dtype) or is_complex(target.dtype):
        check.same_shape("target", target, "input", input)
        dtype = jnp.result_type(input, target)
        input = magnitude(input.astype(dtype) - target.astype(dtype))
        target = jnp.zeros_like(input)
    input, target = check.real("input", input), check.real("target", target)
    arrays = input_and_target(check, input, target, weight)
    return _l1_loss(*arrays, reduction=reduction_of(check, reduction))


@functools.partial(jax.jit, static_argnames="reduction")
def _l1_loss(
    input: jax.Array, target: jax.Array, weight: jax.Array | None = None, *, reduction: str
) -> jax.Array:
    errors = magnitude(input - target)
    if weight is None:
        return reduced(errors, reduction)
    return reduced(errors * weight, reduction, jnp.sum(weight))


@called
def smooth_l1_loss(
    input: ArrayLike, target: ArrayLike, reduction: str = "mean", beta: float | jax.Array = 1.0
) -> jax.Array:
    """Absolute error, rounded off to a parabola near 0.

        lᵢ = dᵢ² / (2 β)   where |dᵢ| < β,   else |dᵢ| - β / 2,     d = x - y

    The second derivative where |dᵢ| = β is 0. With β = 0 it is `l1_loss`.

    Args:
        input: predictions x, any shape.
        target: true values y, the shape of `input`. One of the two must be floating point.
        reduction: "none", "mean" or "sum".
        beta: β, the error at which the parabola ends, at least 0.

    Returns:
        The loss in the promoted dtype of input and target: a scalar, or for "none" the input's
        shape.

    Raises:
        TypeError: an argument is not a real array, or `input` and `target` are both integers.
        ValueError: shapes differ, `reduction` is unknown, or beta is negative; a traced beta is
            checked under `jaxgrad.checkify` only, and a negative one gives NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.smooth_l1_loss.html

    Differs from PyTorch: a target of another shape is an error; PyTorch warns and broadcasts.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import smooth_l1_loss
    >>> smooth_l1_loss(jnp.array([0.5, 2.0]), jnp.array([0.0, 0.0]), reduction="none")
    Array([0.125, 1.5  ], dtype=float32)
    """
    check = _checks.of("smooth_l1_loss")
    input, target = input_and_target(check, input, target)
    reduction = reduction_of(check, reduction)
    beta = check.bounded("beta", beta, lambda beta: beta >= 0, "at least 0")
    if isinstance(beta, float) and beta == 0:
        return _l1_loss(input, target, reduction=reduction)
    return _smooth_l1_loss(input, target, beta, reduction=reduction)


@functools.partial(jax.jit, static_argnames="reduction")
def _smooth_l1_loss(
    input: jax.Array, target: jax.Array, beta: float | jax.Array, *, reduction: str
) -> jax.Array:
    x, y, beta = widened(input.dtype, input, target, beta)
    losses = _smooth_l1(x - y, jnp.where(beta >= 0, beta, jnp.nan))
    return reduced(losses, reduction).astype(input.dtype)


@jax.custom_jvp
def _smooth_l1(error: jax.Array, beta: jax.Array) -> jax.Array:
    size = jnp.abs(error)
    return jnp.where(size < beta, 0.5 * size * size / beta, size - 0.5 * beta)


@_smooth_l1.defjvp
def _smooth_l1_jvp(
    primals: tuple[jax.Array, jax.Array], tangents: tuple[jax.Array, jax.Array]
) -> tuple[jax.Array, jax.Array]:
    """The derivative in the error is error / β, clipped to [-1, 1]."""
    (error, beta), (along_error, along_beta) = primals, tangents
    inside = jnp.abs(error) < beta
    ratio = jnp.where(inside, error, 0) / jnp.where(beta == 0, 1, beta)
    slope = jnp.where(inside, ratio, jnp.sign(error))
    slope_beta = jnp.where(inside, -0.5 * ratio * ratio, -0.5)
    return _smooth_l1(error, beta), slope * along_error + slope_beta * along_beta


def huber_loss(
    input: ArrayLike,
    target: ArrayLike,
    reduction: str = "mean",
    delta: float | jax.Array = 1.0,
    weight: ArrayLike | None = None,
) -> jax.Array:
    """Squared error near 0, absolute error beyond.

        lᵢ = wᵢ dᵢ² / 2   where |dᵢ| < δ,   else wᵢ δ (|dᵢ| - δ / 2),     d = x - y

    with wᵢ = 1 where no weight is given. The mean is over the number of elements, with weights too.
    The second derivative where |dᵢ| = δ is 0.

    Args:
        input: predictions x, any shape, floating point.
        target: true values y, the shape of `input`.
        reduction: "none", "mean" or "sum".
        delta: δ, the error at which the parabola ends, greater than 0.
        weight: weights w, the shape of `input`.

    Returns:
        The loss in the dtype of `input`, or what that and the weight's promote to: a scalar, or for
        "none" the input's shape.

    Raises:
        TypeError: an argument is not a real array, or `input` is not floating point.
        ValueError: shapes differ, `reduction` is unknown, or delta is not positive; a traced delta
            is checked under `jaxgrad.checkify` only, and a wrong one gives NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.huber_loss.html

    Differs from PyTorch: a target of another shape is an error; PyTorch warns and broadcasts.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import huber_loss
    >>> huber_loss(jnp.array([0.5, 2.0]), jnp.array([0.0, 0.0]), reduction="none", delta=0.5)
    Array([0.125, 0.875], dtype=float32)
    """
    check = _checks.of("huber_loss")
    dtype = check.floating("input", input).dtype
    input, target = input_and_target(check, input, target)
    delta = check.bounded("delta", delta, lambda delta: delta > 0, "greater than 0")
    if weight is not None:
        weight = check.array("weight", weight)
        dtype = check.promoted("weight", dtype, weight)
        check.same_shape("weight", weight, "input", input)
    reduction = reduction_of(check, reduction)
    return _huber_loss(input, target, delta, weight, dtype=dtype, reduction=reduction)


@functools.partial(jax.jit, static_argnames=("dtype", "reduction"))
def _huber_loss(
    input: jax.Array,
    target: jax.Array,
    delta: float | jax.Array,
    weight: jax.Array | None,
    *,
    dtype: DTypeLike,
    reduction: str,
) -> jax.Array:
    x, y, delta = widened(input.dtype, input, target, delta)
    losses = _huber(x - y, jnp.where(delta > 0, delta, jnp.nan))
    if weight is not None:
        losses, weight = widened(dtype, losses, weight)
        losses = losses * weight
    return reduced(losses, reduction).astype(dtype)


def _inside(error: jax.Array, delta: jax.Array) -> jax.Array:
    return jnp.abs(error) < delta


# The slope along the error is the error, clipped to [-δ, δ].
@derivatives(
    lambda t, loss, e, d: t * jnp.where(_inside(e, d), e, d * jnp.sign(e)),
    lambda t, loss, e, d: t * jnp.where(_inside(e, d), 0, magnitude(e) - d),
)
def _huber(error: jax.Array, delta: jax.Array) -> jax.Array:
    size = jnp.abs(error)
    return jnp.where(size < delta, 0.5 * size * size, delta * (size - 0.5 * delta))
