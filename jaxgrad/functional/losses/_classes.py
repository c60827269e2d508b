"""What the losses over classes share: the class axis, checked targets, the picked entry."""

import jax
import jax.numpy as jnp

from jaxgrad import _checks
from jaxgrad._dtypes import is_a


def axis_of(array: jax.Array) -> int:
    """Where the classes are: (C), (N, C) or (N, C, d₁, …)."""
    return min(array.ndim - 1, 1)


def indices(check: _checks.Checks, input: jax.Array, target: jax.Array) -> jax.Array:
    """`target` as one class index for each place of `input` beside the class axis."""
    if not input.ndim:
        remedy = "the classes need an axis"
        raise ValueError(check.wrong("input", "(C), (N, C) or (N, C, d1, ...)", "()", remedy))
    if not is_a(target.dtype, jnp.integer):
        remedy = "or class probabilities of input's shape" * (check.function != "nll_loss")
        raise TypeError(check.wrong("target", "class indices", target.dtype, remedy))
    axis = axis_of(input)
    expected = input.shape[:axis] + input.shape[axis + 1 :]
    if target.shape != expected:
        raise ValueError(
            check.wrong(
                "target",
                f"of shape {expected}, input's without its classes",
                target.shape,
            )
        )
    return target


def class_weight(check: _checks.Checks, weight: jax.Array, classes: int) -> jax.Array:
    """`weight` as one number for each class."""
    if weight.shape != (classes,):
        expected = f"of shape ({classes},), one number for each class"
        raise ValueError(check.wrong("weight", expected, weight.shape))
    return weight


def chosen(
    target: jax.Array, classes: int, ignore_index: int
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Which targets count, which are a class or ignored, and all as indices within the classes."""
    dtype = jnp.iinfo(target.dtype)
    kept = jnp.ones(target.shape, bool)
    if dtype.min <= ignore_index <= dtype.max:
        kept = target != ignore_index
    top = jnp.array(min(int(dtype.max), max(classes - 1, 0)), target.dtype)
    within = (target >= 0) & (target <= top) & (classes > 0)
    return kept, within | ~kept, jnp.where(kept & within, target, 0).astype(jnp.int32)


def check_targets(
    check: _checks.Checks, valid: jax.Array, target: jax.Array, classes: int, ignore_index: int
) -> None:
    """Refuse a target that is neither a class nor `ignore_index`."""
    expected = f"classes below {classes}, or ignore_index {ignore_index}"
    text = check.wrong("target", expected, "values from {least} to {most}")
    _checks.each_holds(valid, text, target)


@jax.custom_jvp
def picked(values: jax.Array, index: jax.Array) -> jax.Array:
    """The values[i, index[i, j…], j…]. The derivative is a mask, which XLA fuses, not a scatter.

    `index` has one class, at the axis that holds the classes of `values`.
    """
    axis = axis_of(values)
    if not values.shape[axis]:
        return jnp.zeros(index.shape, values.dtype)
    return jnp.take_along_axis(values, index, axis, mode="promise_in_bounds")


@picked.defjvp
def _picked_jvp(
    primals: tuple[jax.Array, jax.Array], tangents: tuple[jax.Array, jax.Array]
) -> tuple[jax.Array, jax.Array]:
    (values, index), (slope, _) = primals, tangents
    axis = axis_of(values)
    line = tuple(size if place == axis else 1 for place, size in enumerate(values.shape))
    classes = jax.lax.broadcasted_iota(index.dtype, line, axis)
    mine = jnp.where(classes == index, slope, 0)
    return picked(values, index), jnp.sum(mine, axis, keepdims=True)


def scale(weight: jax.Array, like: jax.Array) -> jax.Array:
    """Class weights that broadcast against `like`."""
    shape = [1] * like.ndim
    shape[axis_of(like)] = weight.size
    return weight.reshape(shape)
