"""What a fit that is not finite is to be told: whether numbers are at fault, or the rate."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .curvature import converging


def remedy(loss_fn: Callable[..., Any], params: Any, data: Any) -> str:
    """What to do about a fit from these params that diverged on these data."""
    if words := unsound(params):
        return f"the params to start from are not: {words}"
    if (words := unsound(data)) and not _bears(loss_fn, params, data):
        return f"the data are not: {words}; fill it in or leave such examples out"
    return "lower the learning rate or scale the data" + converging(loss_fn, params, data)


def unsound(tree: Any) -> str:
    """Where a tree of arrays has its first number that is not finite, in words; "" where none."""
    if jax.process_count() > 1:
        return ""  # not all of it is here
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        if not hasattr(leaf, "dtype") or not jnp.issubdtype(leaf.dtype, jnp.inexact):
            continue
        wrong = ~np.asarray(jnp.isfinite(leaf))
        if wrong.any():
            place = tuple(map(int, np.argwhere(wrong)[0]))
            name = jax.tree_util.keystr(path)
            at = f"{name}[{', '.join(map(str, place))}]" if place else name or "it"
            return f"{at} is {leaf[place]}"
    return ""


def _bears(loss_fn: Callable[..., Any], params: Any, data: Any) -> bool:
    """Whether the loss is finite all the same, as one that leaves missing values out."""
    return bool(jnp.all(jnp.isfinite(jax.jit(loss_fn)(params, data))))
