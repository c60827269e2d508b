"""Distances and similarities of vectors, and the losses made of them."""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxgrad import _checks

from ._arguments import as_float, real, reduced, reduction_of, widened
from ._kinks import clamped, floored
from ._norms import norm

_TINY = float(np.float32(1e-12))
"""What cosine_embedding_loss adds to squares: PyTorch's constant is a float32, in float64 too."""


def cosine_similarity(
    x1: ArrayLike, x2: ArrayLike, dim: int = 1, eps: float | jax.Array = 1e-8
) -> jax.Array:
    """Cosine of the angle between vectors.

        Σᵢ (aᵢ / max(‖a‖, ε)) (bᵢ / max(‖b‖, ε))

    The derivative is as if the max were not there, and the norm's at 0 is 0: where a is 0, it is
    b / (ε ‖b‖) in a.

    Args:
        x1: vectors a along `dim`, any shape.
        x2: vectors b, of a shape that broadcasts with that of `x1`. One of the two must be floating
            point.
        dim: the dimension of the vectors, in the shape both broadcast to.
        eps: ε, the smallest norm that counts, at least 0.

    Returns:
        The similarities in the promoted dtype of the arguments, without the dimension `dim`.

    Raises:
        TypeError: an argument is no real array, or both are integers.
        ValueError: shapes do not broadcast, there is no dimension `dim`, or eps is negative; a
            traced eps is checked under `checkify` only, and a negative one gives NaN.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cosine_similarity.html

    Differs from PyTorch: the second derivative at a zero vector is finite, with that of the norm 0;
    PyTorch's is NaN.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import cosine_similarity
    >>> cosine_similarity(jnp.array([[3.0, 4.0]]), jnp.array([[1.0, 0.0]]))
    Array([0.6], dtype=float32)
    """
    name = "cosine_similarity"
    a, b = _checks.array(name, "x1", x1), _checks.array(name, "x2", x2)
    dtype = _checks.promoted(name, "x1 or x2", a, b)
    ndim = max(1, len(_broadcast(name, "x2", b, "x1", a)))
    dim = _checks.integer(name, "dim", dim, minimum=-ndim)
    if dim >= ndim:
        raise ValueError(_checks.wrong(name, "dim", f"from {-ndim} to {ndim - 1}", dim))
    eps = _checks.number(name, "eps", eps)
    text = _checks.wrong(name, "eps", "at least 0", "{eps}")
    _checks.holds(eps >= 0, text, eps=functools.partial(jnp.asarray, eps))
    return _cosine_similarity(a.astype(dtype), b.astype(dtype), eps, dim=dim)


def _broadcast(
    function: str, argument: str, value: jax.Array, other: str, like: jax.Array
) -> tuple[int, ...]:
    """The shape that two arrays broadcast to."""
    try:
        return jnp.broadcast_shapes(value.shape, like.shape)
    except ValueError as error:
        expected = f"of a shape that broadcasts with {other}'s {like.shape}"
        raise ValueError(_checks.wrong(function, argument, expected, value.shape)) from error


@functools.partial(jax.jit, static_argnames="dim")
def _cosine_similarity(
    x1: jax.Array, x2: jax.Array, eps: float | jax.Array, *, dim: int
) -> jax.Array:
    a, b, eps = widened(x1.dtype, x1, x2, eps)
    a, b = (jnp.moveaxis(jnp.atleast_1d(x), dim, -1) for x in jnp.broadcast_arrays(a, b))
    a = a / floored(norm(a, 2), eps)[..., None]
    b = b / floored(norm(b, 2), eps)[..., None]
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
        x1: vectors a along the last dimension, any shape.
        x2: vectors b, of a shape that broadcasts with that of `x1`.
        p: the norm's degree, a static number or ±∞.
        eps: ε, which is added to each difference.
        keepdim: whether the last dimension stays, of size 1.

    Returns:
        The distances in the promoted dtype of the arguments, float32 for integers, without their
        last dimension.

    Raises:
        TypeError: an argument is no real array, p is traced, or keepdim is not True or False.
        ValueError: shapes do not broadcast, p is NaN, or there are no differences to choose an
            extreme one of.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pairwise_distance.html

    Differs from PyTorch: the second derivative where the norm is 0 is 0; PyTorch's is NaN for most
    p. Unsigned integers do not wrap around, and there are no complex numbers.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import pairwise_distance
    >>> pairwise_distance(jnp.array([[3.0, 0.0]]), jnp.array([[0.0, 4.0]]), eps=0.0)
    Array([5.], dtype=float32)
    """
    a, b = _vectors("pairwise_distance", "x1", x1, "x2", x2)
    p = _degree("pairwise_distance", p, a, b)
    eps = _checks.number("pairwise_distance", "eps", eps)
    keepdim = _checks.truth("pairwise_distance", "keepdim", keepdim)
    return _pairwise_distance(a, b, eps, p=p, keepdim=keepdim)


def _vectors(
    function: str, name1: str, x1: ArrayLike, name2: str, x2: ArrayLike
) -> tuple[jax.Array, jax.Array]:
    """Two arrays that broadcast, in the floating point dtype of their difference."""
    a, b = real(function, name1, x1), real(function, name2, x2)
    _broadcast(function, name2, b, name1, a)
    dtype = as_float(jnp.zeros((), jnp.result_type(a, b))).dtype
    return a.astype(dtype), b.astype(dtype)


def _degree(function: str, p: Any, *vectors: jax.Array) -> float:
    """The degree of a norm of these vectors, a number or ±∞."""
    infinite = isinstance(p, float) and math.isinf(p)
    degree = p if infinite else _checks.static_number(function, "p", p)
    if (degree < 0 or infinite) and any(v.shape[-1:] == (0,) for v in vectors):
        expected = "at least 0 and finite where the vectors have no elements"
        raise ValueError(_checks.wrong(function, "p", expected, degree))
    return degree


@functools.partial(jax.jit, static_argnames=("p", "keepdim"))
def _pairwise_distance(
    x1: jax.Array, x2: jax.Array, eps: float | jax.Array, *, p: float, keepdim: bool = False
) -> jax.Array:
    a, b, eps = widened(x1.dtype, x1, x2, eps)
    difference = jnp.subtract(*jnp.broadcast_arrays(a, b)) + eps
    distances = norm(jnp.atleast_1d(difference), p).astype(x1.dtype)
    return distances[..., None] if keepdim and difference.ndim else distances


def cosine_embedding_loss(
    input1: ArrayLike,
    input2: ArrayLike,
    target: ArrayLike,
    margin: float | jax.Array = 0,
    reduction: str = "mean",
) -> jax.Array:
    """What the cosine between similar vectors lacks of 1, and by how much others' is over a margin.

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
        TypeError: an argument is no real array.
        ValueError: shapes do not fit, or `reduction` is unknown.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cosine_embedding_loss.html

    Differs from PyTorch: vectors and targets of other numbers are an error; PyTorch broadcasts. In
    float16 a zero vector has the cosine 0; there PyTorch's 10⁻¹² is 0, and the cosine NaN.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import cosine_embedding_loss
    >>> a, b = jnp.array([[3.0, 4.0], [3.0, 4.0]]), jnp.array([[1.0, 0.0], [0.0, 1.0]])
    >>> cosine_embedding_loss(a, b, jnp.array([1, -1]), reduction="none")
    Array([0.39999998, 0.8       ], dtype=float32)
    """
    name = "cosine_embedding_loss"
    a, b = _checks.array(name, "input1", input1), _checks.array(name, "input2", input2)
    y = _checks.array(name, "target", target)
    if a.ndim not in (1, 2):
        raise ValueError(_checks.wrong(name, "input1", "of shape (N, D) or (D,)", a.shape))
    _checks.same_shape(name, "input2", b, "input1", a)
    if y.shape != a.shape[:-1]:
        expected = f"of shape {a.shape[:-1]}, one for each pair of vectors"
        raise ValueError(_checks.wrong(name, "target", expected, y.shape))
    if jnp.issubdtype(y.dtype, jnp.unsignedinteger) or y.dtype == bool:
        y = y.astype(jnp.int32)
    a, b = as_float(a), as_float(b)
    dtype = _checks.promoted(name, "input1 or input2", a, b)
    margin = _checks.number(name, "margin", margin)
    reduction = reduction_of(name, reduction)
    return _cosine_embedding_loss(a.astype(dtype), b.astype(dtype), y, margin, reduction=reduction)


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


def triplet_margin_loss(
    anchor: ArrayLike,
    positive: ArrayLike,
    negative: ArrayLike,
    margin: float | jax.Array = 1.0,
    p: float = 2,
    eps: float | jax.Array = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> jax.Array:
    """What the distance to a negative example lacks of a margin over that to a positive one.

        lₙ = max(d(aₙ, pₙ) - d(aₙ, nₙ) + margin, 0),     d(x, y) = ‖x - y + ε‖ₚ

    The derivative of the max at 0 is 1, that of the norm at 0 is 0.

    Args:
        anchor: vectors a, shape (N, D) or (D,).
        positive: vectors p, of a shape that broadcasts with the anchor's, of as many dimensions.
        negative: vectors n, likewise.
        margin: the distance asked for, greater than 0.
        p: the norm's degree, a static number or ±∞.
        eps: ε, which is added to each difference.
        swap: whether d(p, n) counts instead of d(a, n) where it is smaller.
        reduction: "none", "mean" or "sum".

    Returns:
        The loss in the promoted dtype of the arrays, float32 for integers: a scalar, or for "none"
        the shape of the distances.

    Raises:
        TypeError: an argument is no real array, p is traced, or swap is not True or False.
        ValueError: shapes do not fit, margin is not positive, or `reduction` is unknown. A traced
            margin is checked under `checkify` only, and a wrong one gives NaN.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.triplet_margin_loss.html

    Differs from PyTorch: the second derivative where a distance is 0 is 0; PyTorch's is NaN for
    most p. No complex numbers.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import triplet_margin_loss
    >>> anchor, positive = jnp.array([[0.0, 0.0]]), jnp.array([[0.0, 1.0]])
    >>> triplet_margin_loss(anchor, positive, negative=jnp.array([[1.5, 0.0]]), eps=0.0)
    Array(0.5, dtype=float32)
    """
    name = "triplet_margin_loss"
    named = {"anchor": anchor, "positive": positive, "negative": negative}
    a, b, c = (real(name, argument, value) for argument, value in named.items())
    _same_ndim(name, a, b, c)
    degree = _degree(name, p, a, b, c)
    swap = _checks.truth(name, "swap", swap)
    pairs = [_vectors(name, "anchor", a, "positive", b), _vectors(name, "anchor", a, "negative", c)]
    if swap:
        pairs.append(_vectors(name, "positive", b, "negative", c))
    eps, margin = _checks.number(name, "eps", eps), _margin(name, margin)
    reduction = reduction_of(name, reduction)
    dtype = jnp.result_type(*(vectors[0].dtype for vectors in pairs))
    return _triplet_margin_loss(pairs, margin, eps, p=degree, dtype=dtype, reduction=reduction)


def _same_ndim(name: str, anchor: jax.Array, *others: jax.Array) -> None:
    for argument, value in zip(("positive", "negative"), others, strict=True):
        if value.ndim != anchor.ndim:
            expected = f"of {anchor.ndim} dimensions, as many as anchor has"
            raise ValueError(_checks.wrong(name, argument, expected, f"shape {value.shape}"))


def _margin(name: str, margin: float | jax.Array) -> float | jax.Array:
    margin = _checks.number(name, "margin", margin)
    text = _checks.wrong(name, "margin", "greater than 0", "{margin}")
    _checks.holds(margin > 0, text, margin=functools.partial(jnp.asarray, margin))
    return margin


@functools.partial(jax.jit, static_argnames=("p", "dtype", "reduction"))
def _triplet_margin_loss(
    pairs: list[tuple[jax.Array, jax.Array]],
    margin: float | jax.Array,
    eps: float | jax.Array,
    *,
    p: float,
    dtype: Any,
    reduction: str,
) -> jax.Array:
    distances = [_pairwise_distance(*vectors, eps, p=p) for vectors in pairs]
    return _of_distances(distances, margin, dtype=dtype, reduction=reduction)


@functools.partial(jax.jit, static_argnames=("dtype", "reduction"))
def _of_distances(
    distances: list[jax.Array], margin: float | jax.Array, *, dtype: Any, reduction: str
) -> jax.Array:
    near, far, *swapped = jnp.broadcast_arrays(*widened(dtype, *distances))
    if swapped:
        far = jnp.minimum(far, *swapped)
    margin = jnp.asarray(margin, near.dtype)
    losses = clamped(jnp.where(margin > 0, margin, jnp.nan) + near - far)
    return reduced(losses, reduction).astype(dtype)


def triplet_margin_with_distance_loss(
    anchor: ArrayLike,
    positive: ArrayLike,
    negative: ArrayLike,
    *,
    distance_function: Callable[[jax.Array, jax.Array], jax.Array] | None = None,
    margin: float | jax.Array = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> jax.Array:
    """`triplet_margin_loss` with a distance of one's own.

        lₙ = max(d(aₙ, pₙ) - d(aₙ, nₙ) + margin, 0)

    The derivative of the max at 0 is 1.

    Args:
        anchor: a, any array that the distance takes.
        positive: p, of as many dimensions.
        negative: n, of as many dimensions.
        distance_function: d, a function of two arrays; by default `pairwise_distance`.
        margin: the distance asked for, greater than 0.
        swap: whether d(p, n) counts instead of d(a, n) where it is smaller.
        reduction: "none", "mean" or "sum".

    Returns:
        The loss in the promoted dtype of the distances: a scalar, or for "none" their shape.

    Raises:
        TypeError: an argument is no real array, `distance_function` is not a function or returns
            none, or swap is not True or False.
        ValueError: shapes do not fit, margin is not positive, or `reduction` is unknown. A traced
            margin is checked under `checkify` only, and a wrong one gives NaN.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.triplet_margin_with_distance_loss.html

    Differs from PyTorch: integer distances give float32, and there are no complex numbers.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import triplet_margin_with_distance_loss
    >>> def city_block(x, y):
    ...     return jnp.abs(x - y).sum(-1)
    >>> a, p, n = jnp.array([[0.0, 0.0]]), jnp.array([[1.0, 1.0]]), jnp.array([[2.0, 0.5]])
    >>> triplet_margin_with_distance_loss(a, p, n, distance_function=city_block)
    Array(0.5, dtype=float32)
    """
    name = "triplet_margin_with_distance_loss"
    named = {"anchor": anchor, "positive": positive, "negative": negative}
    a, b, c = (real(name, argument, value) for argument, value in named.items())
    _same_ndim(name, a, b, c)
    swap = _checks.truth(name, "swap", swap)
    margin, reduction = _margin(name, margin), reduction_of(name, reduction)
    measure = pairwise_distance if distance_function is None else distance_function
    if not callable(measure):
        got = type(measure).__name__
        raise TypeError(_checks.wrong(name, "distance_function", "a function", got))
    pairs = [(a, b), (a, c)] + [(b, c)] * swap
    distances = [as_float(real(name, "the distance", measure(*vectors))) for vectors in pairs]
    shape = distances[0]
    for other in distances[1:]:
        _broadcast(name, "the distance", other, "another one", shape)
    dtype = jnp.result_type(*distances)
    return _of_distances(distances, margin, dtype=dtype, reduction=reduction)
