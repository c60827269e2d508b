"""Classes as rows of zeros with a one."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.typing import ArrayLike

from jaxgrad import _checks

from ._rows import indices


def one_hot(input: ArrayLike, num_classes: int = -1) -> jax.Array:
    """Rows that are 1 at a class and 0 elsewhere.

        y[…, c] = 1 where x[…] = c, else 0

    Args:
        input: classes x of any integer dtype, any shape.
        num_classes: the number of classes, static. -1 takes one more than the largest class, which
            needs a concrete input.

    Returns:
        y of shape (*input.shape, num_classes), in JAX's default integer dtype.

    Raises:
        TypeError: the input is not made of integers, or it is traced and num_classes is -1.
        ValueError: a class is negative or not below num_classes, num_classes is 0 or below -1, or
            the input is empty and num_classes is -1. Traced classes are checked under
            `jaxgrad.checkify` only, and a wrong one gives a row of zeros.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.one_hot.html

    Differs from PyTorch: takes classes of every integer dtype, where PyTorch takes int64 alone.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import one_hot
    >>> one_hot(jnp.array([0, 2]), 3)
    Array([[1, 0, 0],
           [0, 0, 1]], dtype=int32)
    """
    check = _checks.of("one_hot")
    classes = indices(check, "input", input)
    count = check.integer("num_classes", num_classes, -1)
    if count == -1:
        count = _inferred(check, classes)
    if count == 0:
        raise ValueError(check.wrong("num_classes", "-1 or at least 1", count))
    rows, valid = _one_hot(classes, count=count)
    text = check.wrong("input", f"classes from 0 to {count - 1}", "values from {least} to {most}")
    _checks.each_holds(valid, text, classes)
    return rows


def _inferred(check: _checks.Checks, classes: jax.Array) -> int:
    """One more than the largest class."""
    if isinstance(classes, Tracer):
        remedy = "the shape depends on it: give the number of classes"
        raise TypeError(check.wrong("num_classes", "given where input is traced", -1, remedy))
    if not classes.size:
        remedy = "give the number of classes"
        raise ValueError(check.wrong("input", "not empty", f"shape {classes.shape}", remedy))
    return max(int(np.asarray(classes).max()) + 1, 1)


@functools.partial(jax.jit, static_argnames="count")
def _one_hot(classes: jax.Array, *, count: int) -> tuple[jax.Array, jax.Array]:
    top = np.asarray(min(int(jnp.iinfo(classes.dtype).max), count - 1), classes.dtype)
    valid = (classes >= 0) & (classes <= top)
    index = jnp.where(valid, classes.astype(jnp.int32), -1)
    places = jax.lax.broadcasted_iota(jnp.int32, (*classes.shape, count), classes.ndim)
    return (places == index[..., None]).astype(int), jnp.all(valid)
