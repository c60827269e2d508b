"""Norms of vectors and distances between them."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike, DTypeLike

from jaxgrad import _checks
from jaxgrad._dtypes import is_a, is_complex, real_part, wide
from jaxgrad._operands import derivatives

from .extremes import evenly_largest, evenly_smallest
from .pointwise import magnitude


def vector_norm(
    x: ArrayLike,
    ord: float = 2,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: DTypeLike | None = None,
) -> jax.Array:
    """The p-norm of a vector: `torch.linalg.vector_norm`.

        ‖x‖ₚ = (Σᵢ |xᵢ|ᵖ)^(1/p)     ‖x‖₀ = #{i : xᵢ ≠ 0}     ‖x‖±∞ = the largest, smallest |xᵢ|

    The derivative at the zero vector is 0. For p = ±∞ elements of equal size share it evenly. For
    p < 1 the derivative with respect to an element that is 0 is 0.

    Args:
        x: an array of floating point or complex numbers.
        ord: p, a Python number: negative, 0, fractional or infinite as well.
        dim: an axis or a sequence of axes; None is all of them.
        keepdim: whether the axes stay, with size 1.
        dtype: a floating point dtype at least as wide as the array's, to convert it to first.

    Returns:
        The norms, real, in the array's dtype or in `dtype`.

    Raises:
        TypeError: `x` holds integers, or an argument is of the wrong kind.
        ValueError: `dim` is out of range or repeated, `dtype` is narrower than the array's, `ord`
            is NaN, or a norm with negative or infinite p is taken over nothing.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.vector_norm.html

    Differs from PyTorch: the second derivative at the zero vector, and for fractional or negative p
    with respect to an element that is 0, is 0; PyTorch's is NaN.

    >>> import jax
    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import vector_norm
    >>> vector_norm(jnp.array([3.0, -4.0]))
    Array(5., dtype=float32)
    >>> jax.grad(vector_norm)(jnp.zeros(2))
    Array([0., 0.], dtype=float32)
    """
    return _norm(_checks.of("vector_norm"), "x", x, "ord", ord, dim, keepdim, dtype)


def norm(
    input: ArrayLike,
    p: float | str | None = "fro",
    dim: Any = None,
    keepdim: bool = False,
    dtype: DTypeLike | None = None,
) -> jax.Array:
    """The p-norm of an array's elements: `torch.norm`.

    It is `vector_norm`, with names for p. "fro" and None are p = 2. "nuc" is the
    nuclear norm of matrices, the sum of their singular values σᵢ:

        ‖X‖* = Σᵢ σᵢ,   X = U diag(σ) Vᴴ     d‖X‖* = Re tr(V Uᴴ dX)

    Args:
        input: an array of floating point or complex numbers.
        p: a Python number, "fro", "nuc" or None.
        dim: an axis or a sequence of axes; None is all of them. For "nuc" two, those of the rows
            and of the columns.
        keepdim: whether the axes stay, with size 1.
        dtype: a floating point dtype at least as wide as the array's, to convert it to first.

    Returns:
        The norms, real, in the array's dtype or in `dtype`.

    Raises:
        TypeError: `input` holds integers, or an argument is of the wrong kind.
        ValueError: `p` is unknown, `dim` is out of range or repeated, `dtype` is narrower than the
            array's, or a norm with negative or infinite p is taken over nothing.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.norm.html

    Differs from PyTorch: the nuclear norm of a matrix with NaN or ∞ is NaN, where PyTorch raises;
    it takes narrow dtypes.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import norm
    >>> norm(jnp.array([[3.0, 0.0], [0.0, 4.0]]))
    Array(5., dtype=float32)
    """
    check = _checks.of("norm")
    if isinstance(p, str):
        if check.option("p", p, ("fro", "nuc")) == "nuc":
            return _nuclear(input, dim, keepdim, dtype)
        if isinstance(dim, (tuple, list)) and len(dim) > 2:
            raise ValueError(check.wrong("dim", "one or two axes for 'fro'", dim))
    order = 2 if p is None or isinstance(p, str) else p
    return _norm(check, "input", input, "p", order, dim, keepdim, dtype)


def _norm(
    check: _checks.Checks,
    name: str,
    x: Any,
    of_order: str,
    p: Any,
    dim: Any,
    keepdim: Any,
    dtype: DTypeLike | None,
) -> jax.Array:
    x = _inexact(check, name, x)
    order = float(p) if isinstance(p, bool) else _order(check, of_order, p)
    axes = check.axes("dim", dim, x.ndim)
    keepdim = check.truth("keepdim", keepdim)
    of = _result_dtype(check, x, dtype)
    if (order < 0 or order == math.inf) and math.prod(x.shape[a] for a in axes) == 0:
        raise ValueError(check.wrong(name, "not empty", f"shape {x.shape}"))
    return _vector_norm(x, p=order, axes=axes, keepdim=keepdim, dtype=of)


def _inexact(check: _checks.Checks, name: str, x: Any) -> jax.Array:
    result = check.array(name, x)
    if not is_a(result.dtype, jnp.inexact):
        remedy = "cast it with .astype(float)"
        expected = "floating point or complex"
        raise TypeError(check.wrong(name, expected, result.dtype, remedy))
    return result


def _result_dtype(check: _checks.Checks, x: jax.Array, dtype: DTypeLike | None) -> Any:
    of = real_part(x.dtype) if dtype is None else check.float_dtype(dtype)
    if dtype is not None and not _contains(of, real_part(x.dtype)):
        raise ValueError(check.wrong("dtype", f"as wide as {x.dtype}", of))
    return of


def _contains(wide: Any, narrow: Any) -> bool:
    """Whether every number of one floating point dtype is one of the other."""
    with jax.numpy_dtype_promotion("standard"):
        return jnp.result_type(wide, narrow) == wide


def _order(check: _checks.Checks, name: str, p: Any) -> float:
    if isinstance(p, (int, float)) and p in (math.inf, -math.inf):
        return float(p)
    return check.static_number(name, p)


@functools.partial(jax.jit, static_argnames=("p", "axes", "keepdim", "dtype"))
def _vector_norm(
    x: jax.Array, *, p: float, axes: tuple[int, ...], keepdim: bool, dtype: DTypeLike
) -> jax.Array:
    over, kept = axes, [1 if a in axes else n for a, n in enumerate(x.shape)]
    if p != 0 and math.prod(x.shape[a] for a in axes) == 1:
        x, p = magnitude(x), 1.0  # the norm of one number is its absolute value, however large
    if is_complex(x.dtype):
        x = _parts(x) if p == 2 else magnitude(x)
        over = (*axes, x.ndim - 1) if p == 2 else axes
    norms = length(x.astype(wide(dtype)), p, over)
    norms = norms.reshape(kept)
    return (norms if keepdim else jnp.squeeze(norms, axes)).astype(dtype)


def _nuclear(input: Any, dim: Any, keepdim: Any, dtype: DTypeLike | None) -> jax.Array:
    check = _checks.of("norm")
    x = _inexact(check, "input", input)
    keepdim = check.truth("keepdim", keepdim)
    axes = tuple(range(x.ndim)) if dim is None else dim
    if not (isinstance(axes, (tuple, list)) and len(axes) == 2 <= x.ndim):
        name, got = ("input", f"shape {x.shape}") if dim is None else ("dim", dim)
        expected = "a matrix for 'nuc'" if dim is None else "two axes of the array for 'nuc'"
        raise ValueError(check.wrong(name, expected, got, "dim=(-2, -1) is the last two"))
    axes = check.axes("dim", axes, x.ndim)
    return _nuclear_norm(x, axes=axes, keepdim=keepdim, dtype=_result_dtype(check, x, dtype))


@functools.partial(jax.jit, static_argnames=("axes", "keepdim", "dtype"))
def _nuclear_norm(
    x: jax.Array, *, axes: tuple[int, ...], keepdim: bool, dtype: DTypeLike
) -> jax.Array:
    parts = [x.real, x.imag] if is_complex(x.dtype) else [x]
    parts = [jnp.moveaxis(part, axes, (-2, -1)).astype(wide(dtype)) for part in parts]
    matrices = parts[0] if len(parts) == 1 else jax.lax.complex(*parts)
    norms = jnp.sum(jnp.linalg.svd(matrices, compute_uv=False), -1).astype(dtype)
    return jnp.expand_dims(norms, axes) if keepdim else norms


def length(x: jax.Array, p: float, axes: tuple[int, ...]) -> jax.Array:
    """‖x‖ₚ of real floating point numbers over those axes, which stay with size 1."""
    if p == 0:
        return jnp.sum(x != 0, axes, keepdims=True).astype(x.dtype)
    if p == 1:
        return jnp.sum(magnitude(x), axes, keepdims=True)
    if p == math.inf:
        return evenly_largest(magnitude(x), axes)
    if p == -math.inf:
        return evenly_smallest(magnitude(x), axes)
    return _euclidean(x, axes) if p == 2 else _general(x, p, axes)


def length_of_numbers(x: jax.Array, p: float, axes: tuple[int, ...]) -> jax.Array:
    """As `length`, for complex numbers too."""
    if not is_complex(x.dtype):
        return length(x, p, axes)
    if p != 2:
        return length(magnitude(x), p, axes)
    return jnp.squeeze(length(_parts(x), 2, (*axes, x.ndim)), -1)


def _parts(x: jax.Array) -> jax.Array:
    """Both parts along a new last axis; a NaN beside an infinite part is infinite, as |x| is."""
    parts = jnp.stack([x.real, x.imag], -1)
    infinite = jnp.any(jnp.isinf(parts), -1, keepdims=True)
    return jnp.where(infinite & jnp.isnan(parts), jnp.inf, parts)


def _euclidean(x: jax.Array, axes: tuple[int, ...]) -> jax.Array:
    # d‖x‖ = xᵀdx / ‖x‖, and 0 at the zero vector.
    def slope(tangent: jax.Array, length: jax.Array, x: jax.Array) -> jax.Array:
        unit = jnp.where(length == 0, 0, x / jnp.where(length == 0, 1, length))
        return jnp.sum(unit * tangent, axes, keepdims=True)

    @derivatives(slope)
    def euclidean(x: jax.Array) -> jax.Array:
        return jnp.sqrt(jnp.sum(jnp.square(x), axes, keepdims=True))

    return euclidean(x)


def _general(x: jax.Array, p: float, axes: tuple[int, ...]) -> jax.Array:
    # d‖x‖ = Σ sign(x) |x|ᵖ⁻¹ dx / ‖x‖ᵖ⁻¹, and 0 at the zero vector.
    def slope(tangent: jax.Array, length: jax.Array, x: jax.Array) -> jax.Array:
        # Powers of 0 have infinite derivatives, which must not reach the second derivative.
        sizes = jnp.where(x == 0, 1, magnitude(x))
        scaled = jnp.where(x == 0, 0, jnp.sign(x) * sizes ** (p - 1))
        total = jnp.sum(scaled * tangent, axes, keepdims=True)
        if p < 1:
            return total * length ** (1 - p)
        return jnp.where(length == 0, 0, total / jnp.where(length == 0, 1, length) ** (p - 1))

    @derivatives(slope)
    def general(x: jax.Array) -> jax.Array:
        return jnp.sum(magnitude(x) ** p, axes, keepdims=True) ** (1 / p)

    return general(x)


def cdist(
    x1: ArrayLike,
    x2: ArrayLike,
    p: float = 2.0,
    compute_mode: str = "use_mm_for_euclid_dist_if_necessary",
) -> jax.Array:
    """The distance of each row of one matrix to each row of another.

        yᵢⱼ = ‖x1ᵢ - x2ⱼ‖ₚ

    Between equal rows the derivative is 0.

    Args:
        x1: an array of floating point numbers of shape (..., P, M).
        x2: an array of the same dtype of shape (..., R, M); the batches broadcast.
        p: a Python number of at least 0.
        compute_mode: one of PyTorch's three names; has no effect, differences are always taken.

    Returns:
        The distances, of shape (..., P, R), in the promoted dtype.

    Raises:
        TypeError: an argument is not floating point or of the wrong kind.
        ValueError: shapes do not fit, `p` is negative or NaN, or `compute_mode` is unknown.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.cdist.html

    Differs from PyTorch: beyond 25 rows PyTorch multiplies matrices for p = 2, which loses half of
    the digits where points are close. For p = ∞ PyTorch ignores NaN. Here there is a
    second derivative.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.tensor import cdist
    >>> cdist(jnp.zeros((1, 2)), jnp.array([[3.0, 4.0], [0.0, 0.0]]))
    Array([[5., 0.]], dtype=float32)
    """
    check = _checks.of("cdist")
    a, b = check.floating("x1", x1), check.floating("x2", x2)
    order = _order(check, "p", p)
    if order < 0:
        raise ValueError(check.wrong("p", "at least 0", p))
    mode = "use_mm_for_euclid_dist"
    modes = (f"{mode}_if_necessary", mode, f"donot_{mode}")
    check.option("compute_mode", compute_mode, modes)
    for name, value in (("x1", a), ("x2", b)):
        if value.ndim < 2:
            raise ValueError(check.wrong(name, "of two axes or more", value.shape))
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(check.wrong("x2", f"of {a.shape[-1]} columns", b.shape[-1]))
    try:
        jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError as error:
        expected = f"of a batch that broadcasts with {a.shape[:-2]}"
        raise ValueError(check.wrong("x2", expected, b.shape[:-2])) from error
    return _cdist(a, b, p=order, dtype=jnp.result_type(a, b))


@functools.partial(jax.jit, static_argnames=("p", "dtype"))
def _cdist(a: jax.Array, b: jax.Array, *, p: float, dtype: DTypeLike) -> jax.Array:
    batch = jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    rows, columns = ((x.astype(wide(dtype)), x.shape[-2:]) for x in (a, b))
    a = jnp.broadcast_to(rows[0], (*batch, *rows[1]))[..., :, None, :]
    b = jnp.broadcast_to(columns[0], (*batch, *columns[1]))[..., None, :, :]
    differences = jnp.subtract(*jnp.broadcast_arrays(a, b))
    if differences.shape[-1] == 0:
        return jnp.zeros(differences.shape[:-1], dtype)
    return jnp.squeeze(length_of_differences(differences, p), -1).astype(dtype)


def length_of_differences(differences: jax.Array, p: float) -> jax.Array:
    """‖x‖ₚ over the last axis: as `length`, but NaN for p = 0, other slopes for p = 1 and ∞."""
    axes = (differences.ndim - 1,)
    if p == 0:
        nan = jnp.any(differences != differences, axes, keepdims=True)
        return jnp.where(nan, jnp.nan, length(differences, p, axes))
    if p == 1:
        return jnp.sum(_absolute(differences), axes, keepdims=True)
    return _furthest(differences) if p == math.inf else length(differences, p, axes)


@derivatives(lambda t, y, x: t * jnp.sign(x))
def _absolute(x: jax.Array) -> jax.Array:
    return jnp.abs(x)


def _along_furthest(t: jax.Array, y: jax.Array, x: jax.Array) -> jax.Array:
    # Each of several largest differences has the whole derivative.
    return jnp.sum(t * jnp.where(jnp.abs(x) == y, jnp.sign(x), 0), -1, keepdims=True)


@derivatives(_along_furthest)
def _furthest(x: jax.Array) -> jax.Array:
    return jnp.max(jnp.abs(x), -1, keepdims=True)
