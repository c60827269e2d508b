"""Distances and similarities of vectors, and the loss of a cosine."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._dtypes import FROM_INTEGERS, cast, is_a, real_part, result_type, widened
from jaxgrad.tensor.norms import length, length_of_differences, length_of_numbers

from .._arguments import as_float, real_or_complex, reduced, reduction_of
from ._kinks import clamped, floored

_TINY = float(np.float32(1e-12))
"""What cosine_embedding_loss adds to squares: PyTorch's constant is a float32, in float64 too."""


@called
def cosine_similarity(
    x1: ArrayLike, x2: ArrayLike, dim: int = 1, eps: float | jax.Array = 1e-8
) -> jax.Array:
    """Cosine of the angle between vectors.

        Σᵢ (aᵢ / max(‖a‖, ε)) (bᵢ / max(‖b‖, ε))

    The derivative ignores the max, and the norm has derivative 0 at 0. So where a is 0, the
    derivative with respect to a is b / (ε ‖b‖).

    Args:
        x1: vectors a along `dim`, any shape.
        x2: vectors b, of a shape that broadcasts with that of `x1`. One of the two must be floating
            point.
        dim: the dimension of the vectors, in the shape both broadcast to.
        eps: ε, the smallest norm that counts, at least 0.

    Returns:
        The similarities in the promoted dtype of the arguments, without the dimension `dim`.

    Raises:
        TypeError: an argument is not a real array, or both are integers.
        ValueError: shapes do not broadcast, there is no dimension `dim`, or eps is negative; a
            traced eps is checked under `jaxgrad.checkify` only, and a negative one gives NaN.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cosine_similarity.html

    Differs from PyTorch: the second derivative at a zero vector is finite; PyTorch's is NaN.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import cosine_similarity
    >>> cosine_similarity(jnp.array([[3.0, 4.0]]), jnp.array([[1.0, 0.0]]))
    Array([0.6], dtype=float32)
    """
    check = _checks.of("cosine_similarity")
    a, b = check.array("x1", x1), check.array("x2", x2)
    dtype = check.promoted("x1 or x2", a, b)
    ndim = max(1, len(broadcast(check, "x2", b, "x1", a)))
    dim = check.integer("dim", dim, minimum=-ndim)
    if dim >= ndim:
        raise ValueError(check.wrong("dim", f"from {-ndim} to {ndim - 1}", dim))
    eps = check.bounded("eps", eps, lambda eps: eps >= 0, "at least 0")
    return _cosine_similarity(cast(a, dtype), cast(b, dtype), eps, dim=dim)


def broadcast(
    check: _checks.Checks, argument: str, value: jax.Array, other: str, like: jax.Array
) -> tuple[int, ...]:
    """The shape that two arrays broadcast to."""
    if value.shape == like.shape:
        return like.shape
    try:
        return jnp.broadcast_shapes(value.shape, like.shape)
    except ValueError as error:
        expected = f"of a shape that broadcasts with {other}'s {like.shape}"
        raise ValueError(check.wrong(argument, expected, value.shape)) from error


@functools.partial(jax.jit, static_argnames="dim")
def _cosine_similarity(
    x1: jax.Array, x2: jax.Array, eps: float | jax.Array, *, dim: int
) -> jax.Array:
    a, b, eps = widened(x1.dtype, x1, x2, eps)
    a, b = (jnp.moveaxis(jnp.atleast_1d(x), dim, -1) for x in jnp.broadcast_arrays(a, b))
    a = a / floored(length(a, 2, (a.ndim - 1,)), eps)
    b = b / floored(length(b, 2, (b.ndim - 1,)), eps)
    cosines = jnp.where(eps >= 0, jnp.sum(a * b, axis=-1), jnp.nan)
    return cosines.astype(x1.dtype)


def pairwise_distance(
    x1: ArrayLike,
    x2: ArrayLike,
    p: float = 2.0,
    eps: float | jax.Array = 1e-6,
    keepdim: bool = False,
) -> jax.Array:
    """The p-norm of the differences between vectors.

        ‖a - b + ε‖ₚ

    The derivative where that norm is 0 is 0. With p = ∞ the largest differences share it.

    Args:
        x1: vectors a of real or complex numbers along the last dimension, any shape.
        x2: vectors b, of a shape that broadcasts with that of `x1`.
        p: the norm's degree, a static number or ±∞.
        eps: ε, which is added to each difference.
        keepdim: whether the last dimension stays, of size 1.

    Returns:
        The distances in the promoted dtype of the arguments, real for complex ones and float32 for
        integers, without their last dimension.

    Raises:
        TypeError: an argument is not an array of numbers, p is traced, or keepdim is not a bool.
        ValueError: shapes do not broadcast, p is NaN, or p is negative or infinite and the vectors
            are empty.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pairwise_distance.html

    Differs from PyTorch: the second derivative where the norm is 0 is 0; PyTorch's is NaN for most
    p. Unsigned integers do not wrap around.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import pairwise_distance
    >>> pairwise_distance(jnp.array([[3.0, 0.0]]), jnp.array([[0.0, 4.0]]), eps=0.0)
    Array([5.], dtype=float32)
    """
    check = _checks.of("pairwise_distance")
    a, b = vectors(check, "x1", x1, "x2", x2)
    p = degree_of(check, p, a, b)
    eps = check.number("eps", eps)
    keepdim = check.truth("keepdim", keepdim)
    return distance(a, b, eps, p=p, keepdim=keepdim)


def vectors(
    check: _checks.Checks, name1: str, x1: ArrayLike, name2: str, x2: ArrayLike
) -> tuple[jax.Array, jax.Array]:
    """Two arrays that broadcast, in the dtype of their difference, floating point or complex."""
    a, b = real_or_complex(check, name1, x1), real_or_complex(check, name2, x2)
    broadcast(check, name2, b, name1, a)
    dtype = result_type(a, b)
    dtype = dtype if is_a(dtype, jnp.inexact) else FROM_INTEGERS
    return cast(a, dtype), cast(b, dtype)


def degree_of(check: _checks.Checks, p: Any, *vectors: jax.Array) -> float:
    """`p` as the degree of a norm of these vectors, a number or ±∞."""
    infinite = isinstance(p, float) and math.isinf(p)
    degree = p if infinite else check.static_number("p", p)
    if (degree < 0 or infinite) and any(v.shape[-1:] == (0,) for v in vectors):
        expected = "at least 0 and finite where the vectors have no elements"
        raise ValueError(check.wrong("p", expected, degree))
    return degree


@functools.partial(jax.jit, static_argnames=("p", "keepdim"))
def distance(
    x1: jax.Array, x2: jax.Array, eps: float | jax.Array, *, p: float, keepdim: bool = False
) -> jax.Array:
    """‖a - b + ε‖ₚ of vectors that `vectors` has checked."""
    a, b, eps = widened(x1.dtype, x1, x2, eps)
    difference = jnp.subtract(*jnp.broadcast_arrays(a, b)) + eps
    vectors = jnp.atleast_1d(difference)
    distances = length_of_numbers(vectors, p, (vectors.ndim - 1,)).astype(real_part(x1.dtype))
    return distances if keepdim and difference.ndim else jnp.squeeze(distances, -1)


def pdist(input: ArrayLike, p: float = 2) -> jax.Array:
    """The distances between all pairs of rows of a matrix.

        y = ‖x₀ - x₁‖ₚ, ‖x₀ - x₂‖ₚ, …, ‖x₁ - x₂‖ₚ, …     ‖x‖₀ = #{i : xᵢ ≠ 0}

    Between equal rows the derivative is 0. With p = ∞ each of several largest differences has the
    whole derivative.

    Args:
        input: a matrix of N rows, floating point.
        p: the norm's degree, a static number of at least 0, or ∞.

    Returns:
        The N (N - 1) / 2 distances, in the input's dtype.

    Raises:
        TypeError: the input is not floating point, or p is traced or not a number.
        ValueError: the input is not a matrix, or p is negative or NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pdist.html

    Differs from PyTorch: there is a second derivative. float16 and bfloat16 are taken, and computed
    in float32. With p = ∞ the derivative of a distance that is NaN is 0; PyTorch's is NaN. With
    p < 1 the derivative of a distance that is infinite or NaN is NaN; PyTorch's is 0 for elements
    that are equal, and 0, ±∞ or NaN for an infinite distance. Without rows there is a derivative;
    PyTorch's ends the process.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import pdist
    >>> pdist(jnp.array([[0.0, 0.0], [3.0, 4.0], [3.0, 0.0]]))
    Array([5., 3., 4.], dtype=float32)
    """
    check = _checks.of("pdist")
    x = check.floating("input", input)
    if x.ndim != 2:
        raise ValueError(check.wrong("input", "a matrix", f"shape {x.shape}"))
    degree = p if isinstance(p, float) and p == math.inf else check.static_number("p", p)
    if degree < 0:
        raise ValueError(check.wrong("p", "at least 0", p))
    return _pdist(x, p=float(degree))


@functools.partial(jax.jit, static_argnames="p")
def _pdist(x: jax.Array, *, p: float) -> jax.Array:
    count, columns = x.shape
    pairs = np.triu_indices(count, 1)
    if not columns or not len(pairs[0]):
        return jnp.zeros(len(pairs[0]), x.dtype)
    (wider,) = widened(x.dtype, x)
    differences = wider[:, None] - wider[None]
    # An infinite row minus itself is NaN, and its derivative would be, although no distance is.
    above = np.triu(np.ones((count, count), bool), 1)[..., None]
    differences = jnp.where(above, differences, 0)
    distances = jnp.squeeze(length_of_differences(differences, p), -1)
    return distances[pairs].astype(x.dtype)


@called
def cosine_embedding_loss(
    input1: ArrayLike,
    input2: ArrayLike,
    target: ArrayLike,
    margin: float | jax.Array = 0,
    reduction: str = "mean",
) -> jax.Array:
    """How far the cosine of similar vectors is below 1, and that of others above a margin.

        lₙ = 1 - cosₙ   where yₙ = 1,     max(cosₙ - margin, 0)   where yₙ = -1,     else 0
        cos = a·b / √((‖a‖² + 10⁻¹²) (‖b‖² + 10⁻¹²))

    The derivative of the max at 0 is 1.

    Args:
        input1: vectors a, shape (N, D), or (D,) for a single pair.
        input2: vectors b, the shape of `input1`.
        target: y, shape (N,), or () for a single pair: 1 for similar, -1 for dissimilar.
        margin: the cosine that dissimilar vectors may have.
        reduction: "none", "mean" or "sum".

    Returns:
        The loss in the promoted dtype of the inputs, float32 for integers: a scalar, or for "none"
        the shape of `target`.

    Raises:
        TypeError: an argument is not a real array.
        ValueError: shapes do not fit, or `reduction` is unknown.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cosine_embedding_loss.html

    Differs from PyTorch: different numbers of vectors and targets are an error; PyTorch broadcasts.
    In float16 a zero vector has the cosine 0; there PyTorch's 10⁻¹² is 0, and the cosine NaN.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import cosine_embedding_loss
    >>> a, b = jnp.array([[3.0, 4.0], [3.0, 4.0]]), jnp.array([[1.0, 0.0], [0.0, 1.0]])
    >>> cosine_embedding_loss(a, b, jnp.array([1, -1]), reduction="none")
    Array([0.39999998, 0.8       ], dtype=float32)
    """
    check = _checks.of("cosine_embedding_loss")
    a, b = check.array("input1", input1), check.array("input2", input2)
    y = check.array("target", target)
    if a.ndim not in (1, 2):
        raise ValueError(check.wrong("input1", "of shape (N, D) or (D,)", a.shape))
    check.same_shape("input2", b, "input1", a)
    if y.shape != a.shape[:-1]:
        expected = f"of shape {a.shape[:-1]}, one for each pair of vectors"
        raise ValueError(check.wrong("target", expected, y.shape))
    if is_a(y.dtype, jnp.unsignedinteger) or y.dtype == bool:
        y = y.astype(jnp.int32)
    a, b = as_float(a), as_float(b)
    dtype = check.promoted("input1 or input2", a, b)
    margin = check.number("margin", margin)
    reduction = reduction_of(check, reduction)
    return _cosine_embedding_loss(cast(a, dtype), cast(b, dtype), y, margin, reduction=reduction)


@functools.partial(jax.jit, static_argnames="reduction")
def _cosine_embedding_loss(
    input1: jax.Array,
    input2: jax.Array,
    target: jax.Array,
    margin: float | jax.Array,
    *,
    reduction: str,
) -> jax.Array:
    a, b, margin, tiny = widened(input1.dtype, input1, input2, margin, _TINY)
    square1 = jnp.sum(a * a, axis=-1) + tiny
    square2 = jnp.sum(b * b, axis=-1) + tiny
    cosine = jnp.sum(a * b, axis=-1) / jnp.sqrt(square1 * square2)
    similar = jnp.where(target == 1, 1 - cosine, 0)
    losses = similar + jnp.where(target == -1, clamped(cosine - margin), 0)
    return reduced(losses, reduction).astype(input1.dtype)
