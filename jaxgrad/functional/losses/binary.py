"""Losses of a probability, or of its logit, against a probability."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike, DTypeLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._dtypes import cast, is_complex, wide
from jaxgrad._operands import derivatives
from jaxgrad._sigmoids import log1p_exp, logistic_as_slope

from .._arguments import reduced, reduction_of

_SMALL = float(np.float32(1e-12))
"""The smallest divisor: PyTorch's constant is a float32."""


def _weight(check: _checks.Checks, argument: str, value: Any, like: jax.Array) -> jax.Array | None:
    """`value` as a real array that broadcasts to the shape of `like`."""
    if value is None:
        return None
    weight = check.array(argument, value)
    if is_complex(weight.dtype):
        raise TypeError(check.wrong(argument, "real", weight.dtype))
    sizes = zip(weight.shape[::-1], like.shape[::-1], strict=False)
    if weight.ndim > like.ndim or any(size not in (1, wanted) for size, wanted in sizes):
        expected = f"of a shape that broadcasts to input's {like.shape}"
        raise ValueError(check.wrong(argument, expected, weight.shape))
    shape = (1,) * (like.ndim - weight.ndim) + weight.shape
    return weight.reshape(shape)


@called
def binary_cross_entropy(
    input: ArrayLike,
    target: ArrayLike,
    weight: ArrayLike | None = None,
    reduction: str = "mean",
) -> jax.Array:
    """Binary cross entropy between probabilities and targets.

        ℓ = -w (y max(log x, -100) + (1 - y) max(log(1 - x), -100))
        ∂ℓ/∂x = w (x - y) / max(x (1 - x), 1e-12)      ∂ℓ/∂y = w (log(1 - x) - log x)

    So at x = 0 and 1 the loss is at most 100 and the gradient at most 1e12; it is 0 where x = y.
    The mean divides by the number of elements, also with a weight.

    Args:
        input: probabilities x in [0, 1], any shape, floating point.
        target: probabilities y in [0, 1], of `input`'s shape and dtype.
        weight: weights w, of any shape that broadcasts to `input`'s, any real dtype.
        reduction: "none", "mean" or "sum".

    Returns:
        The loss in the dtype of `input`: a scalar, or for "none" the input's shape.

    Raises:
        TypeError: an argument is not a real array, or the dtypes of input and target differ.
        ValueError: shapes do not fit, `reduction` is unknown, or a number is outside [0, 1], NaN
            included. Traced numbers are checked under `jaxgrad.checkify` only, and wrong ones give
            NaN.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.binary_cross_entropy.html

    Differs from PyTorch: a gradient reaches `weight` too; in float16 the bound 1e-12 is kept, where
    PyTorch rounds it to 0, so that the gradient at x = y = 0 is 0 instead of NaN.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import binary_cross_entropy
    >>> binary_cross_entropy(jnp.array([0.0, 1.0]), jnp.array([1.0, 1.0]), reduction="none")
    Array([100.,  -0.], dtype=float32)
    """
    check = _checks.of("binary_cross_entropy")
    input = check.floating("input", input)
    target = check.array("target", target)
    check.same_shape("target", target, "input", input)
    check.same_dtype("target", target, "input", input)
    loss, valid = _binary_cross_entropy(
        input,
        target,
        _weight(check, "weight", weight, input),
        reduction=reduction_of(check, reduction),
    )
    for name, array, within in zip(("input", "target"), (input, target), valid, strict=True):
        text = check.wrong(name, "in [0, 1]", "values from {least} to {most}")
        _checks.each_holds(within, text, array)
    return loss


@functools.partial(jax.jit, static_argnames="reduction")
def _binary_cross_entropy(
    input: jax.Array, target: jax.Array, weight: jax.Array | None, *, reduction: str
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    x, y = (array.astype(wide(array.dtype)) for array in (input, target))
    within = (x >= 0) & (x <= 1), (y >= 0) & (y <= 1)
    losses = jnp.where(within[0] & within[1], _entropy(x, y), jnp.nan)
    if weight is not None:
        losses = losses * cast(weight, x.dtype)
    loss = reduced(losses, reduction).astype(input.dtype)
    return loss, (jnp.all(within[0]), jnp.all(within[1]))


@derivatives(
    lambda t, loss, x, y: t * _slope(x, y),
    lambda t, loss, x, y: t * (jnp.log1p(-x) - jnp.log(x)),
)
def _entropy(x: jax.Array, y: jax.Array) -> jax.Array:
    """The loss of one element: each logarithm is at least -100."""
    return (y - 1) * jnp.maximum(jnp.log1p(-x), -100) - y * jnp.maximum(jnp.log(x), -100)


@jax.custom_jvp
def _slope(x: jax.Array, y: jax.Array) -> jax.Array:
    """The derivative with respect to x."""
    return (x - y) / jnp.maximum((1 - x) * x, _SMALL)


@_slope.defjvp
def _slope_jvp(
    primals: tuple[jax.Array, jax.Array], tangents: tuple[jax.Array, jax.Array]
) -> tuple[jax.Array, jax.Array]:
    """PyTorch's second derivative along x adds 1e-12, where the first takes a maximum."""
    (x, y), (along_x, along_y) = primals, tangents
    # Without it XLA computes (1 + 1e-12) - x, which rounds 1e-12 to four digits.
    rest = jax.lax.optimization_barrier(1 - x)
    both = (x + 1e-12) * (rest + 1e-12)
    bend = (x * x - 2 * x * y + y) / both / both
    return _slope(x, y), bend * along_x - along_y / jnp.maximum((1 - x) * x, 1e-12)


@called
def binary_cross_entropy_with_logits(
    input: ArrayLike,
    target: ArrayLike,
    weight: ArrayLike | None = None,
    reduction: str = "mean",
    pos_weight: ArrayLike | None = None,
) -> jax.Array:
    """Binary cross entropy between logits and targets.

        ℓ = w ((1 - y) x - (1 + (p - 1) y) log σ(x))
        ∂ℓ/∂x = w ((p y + 1 - y) σ(x) - p y)

    The mean divides by the number of elements, also with a weight.

    Args:
        input: logits x, any shape, floating point.
        target: targets y, of `input`'s shape, floating point; not checked to be in [0, 1].
        weight: weights w, of any shape that broadcasts to `input`'s, any real dtype.
        reduction: "none", "mean" or "sum".
        pos_weight: the weight p of the positive part, of any shape that broadcasts to `input`'s.

    Returns:
        The loss in the dtype of `target`: a scalar, or for "none" the input's shape.

    Raises:
        TypeError: an argument is not a real array, or input or target is not floating point.
        ValueError: shapes do not fit, or `reduction` is unknown.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.binary_cross_entropy_with_logits.html

    Differs from PyTorch: a gradient reaches `weight` and `pos_weight` too.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import binary_cross_entropy_with_logits
    >>> binary_cross_entropy_with_logits(jnp.array([0.0, 800.0]), jnp.array([1.0, 1.0]))
    Array(0.3465736, dtype=float32)
    """
    check = _checks.of("binary_cross_entropy_with_logits")
    input = check.floating("input", input)
    target = check.floating("target", target)
    check.same_shape("target", target, "input", input)
    weights = _weight(check, "weight", weight, input)
    positive = _weight(check, "pos_weight", pos_weight, input)
    dtype = wide(check.promoted("input or target", input, target))
    return _binary_cross_entropy_with_logits(
        input, target, weights, positive, dtype=dtype, reduction=reduction_of(check, reduction)
    )


@functools.partial(jax.jit, static_argnames=("dtype", "reduction"))
def _binary_cross_entropy_with_logits(
    input: jax.Array,
    target: jax.Array,
    weight: jax.Array | None,
    pos_weight: jax.Array | None,
    *,
    dtype: DTypeLike,
    reduction: str,
) -> jax.Array:
    x, y = input.astype(dtype), cast(target, dtype)
    positive, factor = y, jnp.ones_like(y)
    if pos_weight is not None:
        positive, factor = y * cast(pos_weight, dtype), (cast(pos_weight, dtype) - 1) * y + 1
    losses = _logistic(x, 1 - y, positive, factor)
    if weight is not None:
        losses = losses * cast(weight, dtype)
    return reduced(losses, reduction).astype(target.dtype)


# The slope along x does not cancel, as negative - factor · σ(-x) would.
@derivatives(
    lambda t, loss, x, negative, positive, factor: t * (factor * logistic_as_slope(x) - positive),
    lambda t, loss, x, negative, positive, factor: t * x,
    lambda t, loss, x, negative, positive, factor: jnp.zeros_like(t),
    lambda t, loss, x, negative, positive, factor: t * log1p_exp(-x),
)
def _logistic(
    x: jax.Array, negative: jax.Array, positive: jax.Array, factor: jax.Array
) -> jax.Array:
    """The loss negative · x - factor · log σ(x), where factor is negative + positive."""
    return negative * x + factor * log1p_exp(-x)
