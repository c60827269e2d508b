"""Cross entropy of a linear layer's outputs, which are never all in memory at once."""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero
from jax.typing import ArrayLike, DTypeLike

from jaxgrad import _checks
from jaxgrad._dtypes import cast, is_floating, wide

from ._classes import chosen
from .classes import class_arguments, class_losses, total_of

_LOGITS = 2**22
"""About how many logits a chunk has, unless `chunk_size` is given."""

_BLOCKS = 16
"""The number of blocks in which the gradient of the matrix is added up."""


def linear_cross_entropy(
    input: ArrayLike,
    linear_weight: ArrayLike,
    target: ArrayLike,
    *,
    linear_bias: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float | jax.Array = 0.0,
    chunk_size: int | None = None,
) -> jax.Array:
    """`cross_entropy(input @ linear_weight.T + linear_bias, target)` without all its logits.

        logitsₙ_c = Σᵢ xₙᵢ W_cᵢ + b_c

    The rows of `input` are taken a chunk at a time, forward and backward. For "mean" and "sum" the
    derivative is found in the same pass as the loss: three matrix products, the same as with all
    logits. For "none" each chunk's logits are computed a second time. Products of bfloat16 and
    float16 are added up in float32.

    Args:
        input: x of shape (I) or (N, I), floating point.
        linear_weight: W of shape (C, I), or (C, d₁, …, I) for logits of shape (N, C, d₁, …).
        target: class indices of the logits' shape without C, or probabilities of their shape.
        linear_bias: b of `linear_weight`'s shape without its last axis.
        weight: one weight for each class, of shape (C).
        reduction: "none", "mean" or "sum".
        ignore_index: an index that does not count; None is -100. Only for class indices.
        label_smoothing: ε in [0, 1], a Python number or a scalar array.
        chunk_size: the number of rows of `input` in a chunk, static. None takes chunks of about
            four million logits. It must divide the rows where they are sharded explicitly.

    Returns:
        The loss in the dtype of `input`: a scalar, or for "none" the shape of class indices.

    Raises:
        TypeError: a dtype is of the wrong kind, or input's and linear_weight's differ.
        ValueError: as `cross_entropy`; `ignore_index` is given with probabilities.

    Source:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear_cross_entropy.html

    Differs from PyTorch: chunks are the default, and their size is an argument, not one of
    `options`. They also work for label smoothing, probabilities, every shape, forward mode and
    second derivatives.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import linear_cross_entropy
    >>> linear_cross_entropy(jnp.ones((2, 3)), jnp.zeros((4, 3)), jnp.array([0, 3]))
    Array(1.3862944, dtype=float32)
    """
    check = _checks.of("linear_cross_entropy")
    x = check.floating("input", input)
    matrix = check.floating("linear_weight", linear_weight)
    bias = None
    if linear_bias is not None:
        bias = check.floating("linear_bias", linear_bias)
    _check_layer(check, x, matrix, bias)
    shape = (*x.shape[:-1], *matrix.shape[:-1])
    target = check.array("target", target)
    if target.shape == shape and ignore_index is not None:
        expected = "None where the target is probabilities"
        raise ValueError(check.wrong("ignore_index", expected, ignore_index))
    ignored = -100 if ignore_index is None else ignore_index
    logits = jax.ShapeDtypeStruct(shape, x.dtype)
    given = class_arguments(check, logits, target, weight, ignored, reduction, label_smoothing)
    if chunk_size is not None:
        chunk_size = check.integer("chunk_size", chunk_size, 1)
    arrays = given.arrays | {"input": x, "matrix": matrix, "bias": bias}
    loss, valid = _linear_cross_entropy(arrays, **given.static, chunk_size=chunk_size)
    given.check(valid)
    return loss


def _check_layer(
    check: _checks.Checks, x: jax.Array, matrix: jax.Array, bias: jax.Array | None
) -> None:
    """Refuse a linear layer whose shapes or dtypes do not fit its input."""
    if x.ndim not in (1, 2):
        raise ValueError(check.wrong("input", "of shape (I) or (N, I)", x.shape))
    if matrix.ndim < 2 or matrix.shape[-1] != x.shape[-1]:
        expected = f"of shape (C, ..., {x.shape[-1]})"
        raise ValueError(check.wrong("linear_weight", expected, matrix.shape))
    if matrix.ndim > 2 and x.ndim == 1:
        expected = f"of shape (N, {x.shape[-1]}) for a linear_weight of shape {matrix.shape}"
        raise ValueError(check.wrong("input", expected, x.shape))
    if bias is not None and bias.shape != matrix.shape[:-1]:
        raise ValueError(check.wrong("linear_bias", f"of shape {matrix.shape[:-1]}", bias.shape))
    for name, array in (("linear_weight", matrix), ("linear_bias", bias)):
        if array is not None:
            check.same_dtype(name, array, "input", x)


@functools.partial(
    jax.jit, static_argnames=("dtype", "classes", "ignore_index", "reduction", "chunk_size")
)
def _linear_cross_entropy(
    arrays: dict[str, Any],
    *,
    dtype: DTypeLike,
    classes: int,
    ignore_index: int,
    reduction: str,
    chunk_size: int | None,
) -> tuple[jax.Array, jax.Array]:
    single = arrays["input"].ndim == 1
    x, target = (arrays[name][None] if single else arrays[name] for name in ("input", "target"))
    matrix = arrays["matrix"]
    total, valid = _total(arrays, target, dtype, classes, ignore_index)
    shared = {name: arrays[name] for name in ("matrix", "bias", "weight", "smoothing")}
    chunks, parts = _chunks(x.shape[0], math.prod(matrix.shape[:-1]), chunk_size)
    rows = jax.tree.map(functools.partial(_split, chunks=chunks, size=parts), (x, target))
    counts = _split(jnp.ones(x.shape[0], bool), chunks, parts)
    losses = functools.partial(_losses, dtype=dtype, ignore_index=ignore_index)
    if reduction == "none":

        def of_chunk(row: tuple[jax.Array, jax.Array]) -> jax.Array:
            return losses(_products(row[0], matrix), row[1], shared)

        each = jax.lax.map(jax.checkpoint(of_chunk, prevent_cse=False), rows)
        joined = jnp.swapaxes(each, 0, 1).reshape(chunks * parts, *each.shape[2:])[: x.shape[0]]
        return (joined[0] if single else joined).astype(dtype), valid
    shared["total"] = total if reduction == "mean" else None
    loss = _sum_over(functools.partial(_chunk_loss, losses), (*rows, counts), shared)
    return loss.astype(dtype), valid


def _total(
    arrays: dict[str, Any], target: jax.Array, dtype: DTypeLike, classes: int, ignore_index: int
) -> tuple[jax.Array, jax.Array]:
    """The divisor of a mean, and whether all targets are valid."""
    kind, weight = wide(dtype), arrays["weight"]
    if is_floating(target.dtype):
        count = math.prod(target.shape) // classes if classes else math.nan
        return jnp.asarray(count, kind), jnp.ones((), bool)
    kept, possible, index = chosen(target, classes, ignore_index)
    counts = jnp.ones((), kind) if weight is None or not classes else cast(weight, kind)[index]
    return total_of(jnp.where(kept, counts, 0), arrays["smoothing"]), jnp.all(possible)


def _chunks(rows: int, width: int, size: int | None) -> tuple[int, int]:
    """The number of chunks and of their rows; a divisor of the rows where one is near."""
    if size is not None:
        return max(1, -(-rows // size)), min(size, max(rows, 1))
    least = max(1, -(-rows * max(width, 1) // _LOGITS))
    for chunks in range(least, min(2 * least, rows + 1)):
        if rows % chunks == 0:
            return chunks, rows // chunks
    return least, -(-rows // least)


def _split(array: jax.Array, chunks: int, size: int) -> jax.Array:
    """Rows n = i · chunks + j as [j, i], which keeps a sharding of the rows; missing rows are 0."""
    missing = chunks * size - array.shape[0]
    if missing:
        array = jnp.pad(array, [(0, missing)] + [(0, 0)] * (array.ndim - 1))
    return jnp.swapaxes(array.reshape(size, chunks, *array.shape[1:]), 0, 1)


def _products(x: jax.Array, matrix: jax.Array) -> jax.Array:
    """The products x @ matrix.T of the flattened matrix, added up in float32 or wider."""
    rows, kind = math.prod(matrix.shape[:-1]), wide(x.dtype)
    flat = matrix.reshape(rows, matrix.shape[-1])
    if x.shape[1] == 1:
        # XLA fuses these products with the subtraction of the largest, without rounding them:
        # 1e11 minus itself would be thousands, and its exponential infinite.
        x, flat = (jnp.pad(array, ((0, 0), (0, 1))) for array in (x, flat))
    return jax.lax.dot_general(x, flat, (((1,), (1,)), ((), ())), preferred_element_type=kind)


def _losses(
    products: jax.Array,
    target: jax.Array,
    shared: dict[str, Any],
    *,
    dtype: DTypeLike,
    ignore_index: int,
) -> jax.Array:
    """The loss of every target of one chunk."""
    logits = products.reshape(products.shape[0], *shared["matrix"].shape[:-1])
    if shared["bias"] is not None:
        logits = logits + shared["bias"].astype(logits.dtype)[None]
    given = {name: shared[name] for name in ("weight", "smoothing")}
    return class_losses(logits, target, **given, dtype=dtype, ignore_index=ignore_index)[0]


def _chunk_loss(
    losses: Callable[..., jax.Array],
    products: jax.Array,
    target: jax.Array,
    counts: jax.Array,
    shared: dict[str, Any],
) -> jax.Array:
    """What one chunk adds to the sum, or to the mean."""
    each = losses(products, target, shared)
    part = jnp.sum(jnp.where(counts.reshape(-1, *[1] * (each.ndim - 1)), each, 0))
    return part if shared["total"] is None else part / shared["total"]


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _sum_over(part: Callable[..., jax.Array], rows: Any, shared: dict[str, Any]) -> jax.Array:
    """Σ over chunks of part(products, target, counts, shared); `rows` has x, target and counts."""

    def body(total: jax.Array, row: Any) -> tuple[jax.Array, None]:
        x, target, counts = row
        return total + part(_products(x, shared["matrix"]), target, counts, shared), None

    return jax.lax.scan(body, jnp.zeros((), wide(rows[0].dtype)), rows)[0]


@functools.partial(_sum_over.defjvp, symbolic_zeros=True)
def _sum_over_jvp(
    part: Callable[..., jax.Array], primals: tuple[Any, Any], tangents: tuple[Any, Any]
) -> tuple[jax.Array, jax.Array]:
    """The same pass gives the value and the gradient; the tangent is a product with the latter."""
    rows, shared = primals
    slopes = dict(zip(("x", "target", "counts"), tangents[0], strict=True)) | tangents[1]
    slopes = {
        name: slope
        for name, slope in slopes.items()
        if slope is not None and not isinstance(slope, SymbolicZero)
    }
    matrix, kind = shared["matrix"], wide(rows[0].dtype)
    small = [name for name in shared if name in slopes and name != "matrix"]

    def value(moved: dict[str, jax.Array], target: jax.Array, counts: jax.Array) -> jax.Array:
        given = {name: moved.get(name, leaf) for name, leaf in shared.items()}
        return part(moved["products"], moved.get("target", target), counts, given)

    def body(sums: Any, row: Any) -> tuple[Any, Any]:
        (total, sums, product), (x, target, counts) = sums, row
        moved = {name: shared[name] for name in small} | {"products": _products(x, matrix)}
        if "target" in slopes:
            moved["target"] = target
        loss, grads = jax.value_and_grad(value)(moved, target, counts)
        errors = grads.pop("products")
        if "matrix" in slopes:
            product = _add_product(product, errors, x.astype(kind))
        sums = {name: sums[name] + grads.pop(name).astype(kind) for name in small}
        if "x" in slopes:
            (grads["x"],) = jax.linear_transpose(lambda x: _products(x, matrix), x)(errors)
        return (total + loss, sums, product), grads

    sums = {name: jnp.zeros(jnp.shape(shared[name]), kind) for name in small}
    classes = math.prod(matrix.shape[:-1]) if "matrix" in slopes else 0
    start = (jnp.zeros((), kind), sums, jnp.zeros((classes, matrix.shape[-1]), kind))
    body = jax.checkpoint(body, prevent_cse=False)
    (loss, sums, product), grads = jax.lax.scan(body, start, rows)
    grads = {**grads, **sums}
    if "matrix" in slopes:
        grads["matrix"] = product.reshape(matrix.shape)
    along = [jnp.sum(grads[name].astype(kind) * slopes[name].astype(kind)) for name in grads]
    return loss, sum(along, jnp.zeros((), kind))


def _add_product(total: jax.Array, errors: jax.Array, x: jax.Array) -> jax.Array:
    """The sum total + errorsᵀ x, a block of classes at a time, without a second whole array."""
    width = total.shape[0]
    size = -(-width // _BLOCKS)

    def added(total: jax.Array, first: Any, size: int) -> jax.Array:
        part = jax.lax.dynamic_slice_in_dim(errors, first, size, 1)
        (product,) = jax.linear_transpose(lambda w: x @ w.T, total[:size])(part)
        block = jax.lax.dynamic_slice_in_dim(total, first, size, 0) + product
        return jax.lax.dynamic_update_slice_in_dim(total, block, first, 0)

    if width < _BLOCKS**2:
        return added(total, 0, width)
    whole = width // size
    total = jax.lax.fori_loop(0, whole, lambda i, total: added(total, i * size, size), total)
    return added(total, whole * size, width - whole * size) if width % size else total
