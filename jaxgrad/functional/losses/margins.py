"""Losses that ask for a margin: between two scores, or between the right class and the others."""

import functools

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike, DTypeLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._dtypes import FROM_INTEGERS, cast, is_a, is_floating, widened
from jaxgrad._sigmoids import log1p_exp

from .._arguments import input_and_target, reduced, reduction_of
from ._kinks import clamped


@called
def margin_ranking_loss(
    input1: ArrayLike,
    input2: ArrayLike,
    target: ArrayLike,
    margin: float | jax.Array = 0,
    reduction: str = "mean",
) -> jax.Array:
    """How far two scores are from being in the right order, with a margin between them.

        lᵢ = max(-yᵢ (aᵢ - bᵢ) + margin, 0)

    The derivative of the max at 0 is 1: scores that keep the margin exactly are still pushed.

    Args:
        input1: first scores a, any shape.
        input2: second scores b, the shape of `input1`.
        target: y, the shape of `input1`: 1 where the first should be higher, -1 where the second.
        margin: the required difference of the scores.
        reduction: "none", "mean" or "sum".

    Returns:
        The loss in the promoted dtype of the arrays, float32 for integers: a scalar, or for "none"
        the input's shape.

    Raises:
        TypeError: an argument is not a real array.
        ValueError: shapes differ, or `reduction` is unknown.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.margin_ranking_loss.html

    Differs from PyTorch: shapes must be the same; PyTorch broadcasts equal numbers of dimensions.
    Unsigned integers do not wrap around.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import margin_ranking_loss
    >>> first, second = jnp.array([1.0, 2.0]), jnp.array([3.0, 0.0])
    >>> margin_ranking_loss(first, second, jnp.array([1.0, 1.0]), reduction="none")
    Array([2., 0.], dtype=float32)
    """
    check = _checks.of("margin_ranking_loss")
    named = {"input1": input1, "input2": input2, "target": target}
    a, b, y = (check.real(name, value) for name, value in named.items())
    check.same_shape("input2", b, "input1", a)
    check.same_shape("target", y, "input1", a)
    dtype = jnp.result_type(a, b, y)
    if not is_floating(dtype):
        dtype = FROM_INTEGERS
    return _margin_ranking_loss(
        cast(a, dtype),
        cast(b, dtype),
        cast(y, dtype),
        check.number("margin", margin),
        reduction=reduction_of(check, reduction),
    )


@functools.partial(jax.jit, static_argnames="reduction")
def _margin_ranking_loss(
    input1: jax.Array,
    input2: jax.Array,
    target: jax.Array,
    margin: float | jax.Array,
    *,
    reduction: str,
) -> jax.Array:
    a, b, y, margin = widened(input1.dtype, input1, input2, target, margin)
    return reduced(clamped(-y * (a - b) + margin), reduction).astype(input1.dtype)


@called
def hinge_embedding_loss(
    input: ArrayLike,
    target: ArrayLike,
    margin: float | jax.Array = 1.0,
    reduction: str = "mean",
) -> jax.Array:
    """The distance of similar pairs, and how far that of dissimilar pairs is below a margin.

        lᵢ = xᵢ   where yᵢ = 1,      max(margin - xᵢ, 0)   where yᵢ = -1

    Any other yᵢ gives the sum of both. The derivative of the max at 0 is 1.

    Args:
        input: distances x, any shape, floating point.
        target: y, the shape of `input`: 1 for similar and -1 for dissimilar.
        margin: the required distance of dissimilar pairs.
        reduction: "none", "mean" or "sum".

    Returns:
        The loss in the dtype of `input`: a scalar, or for "none" the input's shape.

    Raises:
        TypeError: an argument is not a real array, or `input` is not floating point.
        ValueError: shapes differ, or `reduction` is unknown.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.hinge_embedding_loss.html

    Differs from PyTorch: a target of another shape is an error; PyTorch broadcasts. Integers are
    refused.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import hinge_embedding_loss
    >>> hinge_embedding_loss(jnp.array([0.25, 0.25]), jnp.array([1, -1]), reduction="none")
    Array([0.25, 0.75], dtype=float32)
    """
    check = _checks.of("hinge_embedding_loss")
    x = check.floating("input", input)
    y = _labels(check, target)
    check.same_shape("target", y, "input", x)
    margin = check.number("margin", margin)
    reduction = reduction_of(check, reduction)
    return _hinge_embedding_loss(x, y, margin, reduction=reduction)


def _labels(check: _checks.Checks, target: ArrayLike) -> jax.Array:
    """1 and -1, in a dtype that has both."""
    y = check.array("target", target)
    if is_a(y.dtype, jnp.unsignedinteger) or y.dtype == bool:
        return y.astype(jnp.int32)
    return check.real("target", y)


@functools.partial(jax.jit, static_argnames="reduction")
def _hinge_embedding_loss(
    input: jax.Array, target: jax.Array, margin: float | jax.Array, *, reduction: str
) -> jax.Array:
    x, margin = widened(input.dtype, input, margin)
    dissimilar = jnp.where(target != 1, clamped(margin - x), 0)
    losses = dissimilar + jnp.where(target != -1, x, 0)
    return reduced(losses, reduction).astype(input.dtype)


@called
def soft_margin_loss(input: ArrayLike, target: ArrayLike, reduction: str = "mean") -> jax.Array:
    """Logistic loss of a score against a sign.

        lᵢ = log(1 + exp(-yᵢ xᵢ))

    Args:
        input: scores x, any shape, floating point.
        target: y, the shape of `input`: 1 or -1.
        reduction: "none", "mean" or "sum".

    Returns:
        The loss in the dtype of `input`: a scalar, or for "none" the input's shape.

    Raises:
        TypeError: an argument is not a real array, or `input` is not floating point.
        ValueError: shapes differ, or `reduction` is unknown.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.soft_margin_loss.html

    Differs from PyTorch: nothing overflows. PyTorch's exp does (from -y x = 89 on in float32): its
    loss is inf there and its derivative NaN. A target of another shape is an error, and the
    derivative reaches the target. No complex numbers.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import soft_margin_loss
    >>> soft_margin_loss(jnp.array([0.0, -200.0]), jnp.array([1.0, 1.0]), reduction="none")
    Array([  0.6931472, 200.       ], dtype=float32)
    """
    check = _checks.of("soft_margin_loss")
    x = check.floating("input", input)
    _, y = input_and_target(check, x, target)
    reduction = reduction_of(check, reduction)
    return _soft_margin_loss(x, y, reduction=reduction)


@functools.partial(jax.jit, static_argnames="reduction")
def _soft_margin_loss(input: jax.Array, target: jax.Array, *, reduction: str) -> jax.Array:
    x, y = widened(target.dtype, input, target)
    return reduced(log1p_exp(-y * x), reduction).astype(input.dtype)


@called
def multilabel_soft_margin_loss(
    input: ArrayLike,
    target: ArrayLike,
    weight: ArrayLike | None = None,
    reduction: str = "mean",
) -> jax.Array:
    """Logistic loss of each class against whether it applies, averaged over the C classes.

        lₙ = -Σ_c w_c (yₙ_c log σ(xₙ_c) + (1 - yₙ_c) log σ(-xₙ_c)) / C

    Args:
        input: scores x, shape (..., C), floating point.
        target: y, the shape of `input`: 1 where the class applies and 0 where not, or a number
            between.
        weight: weights w, one for each class, or of any shape that broadcasts to the input's.
        reduction: "none", "mean" or "sum": over all but the classes.

    Returns:
        The loss in the promoted dtype of the arguments: a scalar, or for "none" of shape (...).

    Raises:
        TypeError: an argument is not a real array, or `input` is not floating point.
        ValueError: shapes do not fit, `input` has no dimension, or `reduction` is unknown.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.multilabel_soft_margin_loss.html

    Differs from PyTorch: a target of another shape is an error, as is a weight that would widen the
    input; PyTorch broadcasts. No complex numbers.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import multilabel_soft_margin_loss
    >>> multilabel_soft_margin_loss(jnp.array([[0.0, 2.0]]), jnp.array([[1.0, 0.0]]))
    Array(1.4100376, dtype=float32)
    """
    check = _checks.of("multilabel_soft_margin_loss")
    x, y = check.floating("input", input), check.real("target", target)
    if not x.ndim:
        raise ValueError(check.wrong("input", "of shape (..., C)", "shape ()"))
    x, y = input_and_target(check, x, y)
    dtype = x.dtype
    if weight is not None:
        weight = check.array("weight", weight)
        dtype = check.promoted("weight", x, weight)
        fits = zip(weight.shape[::-1], x.shape[::-1], strict=False)
        if weight.ndim > x.ndim or any(a not in (1, b) for a, b in fits):
            expected = f"of a shape that broadcasts to input's {x.shape}"
            raise ValueError(check.wrong("weight", expected, weight.shape))
    reduction = reduction_of(check, reduction)
    return _multilabel_soft_margin_loss(x, y, weight, dtype=dtype, reduction=reduction)


@functools.partial(jax.jit, static_argnames=("dtype", "reduction"))
def _multilabel_soft_margin_loss(
    input: jax.Array,
    target: jax.Array,
    weight: jax.Array | None,
    *,
    dtype: DTypeLike,
    reduction: str,
) -> jax.Array:
    x, y = widened(dtype, input, target)
    losses = y * log1p_exp(-x) + (1 - y) * log1p_exp(x)
    if weight is not None:
        losses = losses * jnp.broadcast_to(cast(weight, x.dtype), x.shape)
    return reduced(jnp.mean(losses, axis=-1), reduction).astype(dtype)
