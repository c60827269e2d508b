"""Losses of an anchor, a positive and a negative example."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike, DTypeLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._dtypes import real_part, widened

from .._arguments import as_float, real_or_complex, reduced, reduction_of
from ._kinks import clamped
from .distances import broadcast, degree_of, distance, vectors


@called
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
    """How far a negative example is from being farther away than a positive one by a margin.

        lₙ = max(d(aₙ, pₙ) - d(aₙ, nₙ) + margin, 0),     d(x, y) = ‖x - y + ε‖ₚ

    The derivative of the max at 0 is 1, that of the norm at 0 is 0.

    Args:
        anchor: vectors a of real or complex numbers, shape (N, D) or (D,).
        positive: vectors p, with the anchor's number of dimensions, of a shape that broadcasts.
        negative: vectors n, likewise.
        margin: the required difference of the distances, greater than 0.
        p: the norm's degree, a static number or ±∞.
        eps: ε, which is added to each difference.
        swap: whether d(p, n) counts instead of d(a, n) where it is smaller.
        reduction: "none", "mean" or "sum".

    Returns:
        The loss in the promoted dtype of the arrays, real for complex ones and float32 for
        integers: a scalar, or for "none" the shape of the distances.

    Raises:
        TypeError: an argument is not an array of numbers, p is traced, or swap is not a bool.
        ValueError: shapes do not fit, margin is not positive, or `reduction` is unknown. A traced
            margin is checked under `jaxgrad.checkify` only, and a wrong one gives NaN.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.triplet_margin_loss.html

    Differs from PyTorch: the second derivative where a distance is 0 is 0; PyTorch's is NaN for
    most p.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import triplet_margin_loss
    >>> anchor, positive = jnp.array([[0.0, 0.0]]), jnp.array([[0.0, 1.0]])
    >>> triplet_margin_loss(anchor, positive, negative=jnp.array([[1.5, 0.0]]), eps=0.0)
    Array(0.5, dtype=float32)
    """
    check = _checks.of("triplet_margin_loss")
    named = {"anchor": anchor, "positive": positive, "negative": negative}
    a, b, c = (real_or_complex(check, argument, value) for argument, value in named.items())
    _same_ndim(check, a, b, c)
    degree = degree_of(check, p, a, b, c)
    swap = check.truth("swap", swap)
    dtype = _distance_dtype(check, a, b, c, swap)
    eps, margin = check.number("eps", eps), _margin(check, margin)
    reduction = reduction_of(check, reduction)
    return _triplet_margin_loss(
        [a, b, c], margin, eps, p=degree, swap=swap, dtype=dtype, reduction=reduction
    )


def _distance_dtype(
    check: _checks.Checks, a: jax.Array, b: jax.Array, c: jax.Array, swap: bool
) -> Any:
    """The dtype of distances between vectors, which must broadcast."""
    pairs = [vectors(check, "anchor", a, "positive", b), vectors(check, "anchor", a, "negative", c)]
    if swap:
        pairs.append(vectors(check, "positive", b, "negative", c))
    return jnp.result_type(*(ends[0].dtype for ends in pairs))


def _same_ndim(check: _checks.Checks, anchor: jax.Array, *others: jax.Array) -> None:
    for argument, value in zip(("positive", "negative"), others, strict=True):
        if value.ndim != anchor.ndim:
            expected = f"of {anchor.ndim} dimensions, like anchor"
            raise ValueError(check.wrong(argument, expected, f"shape {value.shape}"))


def _margin(check: _checks.Checks, margin: float | jax.Array) -> float | jax.Array:
    return check.bounded("margin", margin, lambda m: m > 0, "greater than 0")


@functools.partial(jax.jit, static_argnames=("p", "swap", "dtype", "reduction"))
def _triplet_margin_loss(
    examples: list[jax.Array],
    margin: float | jax.Array,
    eps: float | jax.Array,
    *,
    p: float,
    swap: bool,
    dtype: DTypeLike,
    reduction: str,
) -> jax.Array:
    # In the wide dtype from here on, so that it adds the two derivatives of an example.
    a, b, c = widened(dtype, *examples)
    distances = [distance(*ends, eps, p=p) for ends in [(a, b), (a, c)] + [(b, c)] * swap]
    return _of_distances(distances, margin, dtype=dtype, reduction=reduction)


@functools.partial(jax.jit, static_argnames=("dtype", "reduction"))
def _of_distances(
    distances: list[jax.Array], margin: float | jax.Array, *, dtype: DTypeLike, reduction: str
) -> jax.Array:
    near, far, *swapped = jnp.broadcast_arrays(*widened(real_part(dtype), *distances))
    if swapped:
        far = jnp.minimum(far, *swapped)
    margin = jnp.asarray(margin, near.dtype)
    losses = clamped(jnp.where(margin > 0, margin, jnp.nan) + near - far)
    return reduced(losses, reduction).astype(real_part(dtype))


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
    """`triplet_margin_loss` with any distance function.

        lₙ = max(d(aₙ, pₙ) - d(aₙ, nₙ) + margin, 0)

    The derivative of the max at 0 is 1.

    Args:
        anchor: a, any array that the distance takes.
        positive: p, with the same number of dimensions.
        negative: n, with the same number of dimensions.
        distance_function: d, a function of two arrays; by default `pairwise_distance`.
        margin: the required difference of the distances, greater than 0.
        swap: whether d(p, n) counts instead of d(a, n) where it is smaller.
        reduction: "none", "mean" or "sum".

    Returns:
        The loss in the promoted dtype of the distances: a scalar, or for "none" their shape.

    Raises:
        TypeError: an argument is not an array of numbers, `distance_function` is not a function
            or does not return real numbers, or swap is not True or False.
        ValueError: shapes do not fit, margin is not positive, or `reduction` is unknown. A traced
            margin is checked under `jaxgrad.checkify` only, and a wrong one gives NaN.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.triplet_margin_with_distance_loss.html

    Differs from PyTorch: integer distances give float32.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import triplet_margin_with_distance_loss
    >>> def city_block(x, y):
    ...     return jnp.abs(x - y).sum(-1)
    >>> a, p, n = jnp.array([[0.0, 0.0]]), jnp.array([[1.0, 1.0]]), jnp.array([[2.0, 0.5]])
    >>> triplet_margin_with_distance_loss(a, p, n, distance_function=city_block)
    Array(0.5, dtype=float32)
    """
    check = _checks.of("triplet_margin_with_distance_loss")
    named = {"anchor": anchor, "positive": positive, "negative": negative}
    a, b, c = (real_or_complex(check, argument, value) for argument, value in named.items())
    _same_ndim(check, a, b, c)
    swap = check.truth("swap", swap)
    margin, reduction = _margin(check, margin), reduction_of(check, reduction)
    if distance_function is None:
        dtype = _distance_dtype(check, a, b, c, swap)
        return _triplet_margin_loss(
            [a, b, c], margin, 1e-6, p=2.0, swap=swap, dtype=dtype, reduction=reduction
        )
    if not callable(distance_function):
        got = type(distance_function).__name__
        raise TypeError(check.wrong("distance_function", "a function", got))
    pairs = [(a, b), (a, c)] + [(b, c)] * swap
    distances = [as_float(check.real("the distance", distance_function(*ends))) for ends in pairs]
    shape = distances[0]
    for other in distances[1:]:
        broadcast(check, "the distance", other, "another one", shape)
    dtype = jnp.result_type(*distances)
    return _of_distances(distances, margin, dtype=dtype, reduction=reduction)
