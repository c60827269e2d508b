"""The remedy for a fit that diverged: are numbers at fault, or the learning rate?"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .curvature import converging


def remedy(loss_fn: Callable[..., Any], params: Any, data: Any) -> str:
    """What to do about a fit from these params that diverged on these data."""
    if words := first_nonfinite(params):
        return f"the params to start from are not: {words}"
    if (words := first_nonfinite(data)) and not _loss_is_finite(loss_fn, params, data):
        return f"the data are not: {words}; fill it in or leave such examples out"
    return "lower the learning rate or scale the data" + converging(loss_fn, params, data)


def first_nonfinite(tree: Any) -> str:
    """The place and value of the first number in a tree that is not finite; "" if all are."""
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


def _loss_is_finite(loss_fn: Callable[..., Any], params: Any, data: Any) -> bool:
    """Whether the loss is finite in spite of the data, as one that leaves missing values out."""
    return bool(jnp.all(jnp.isfinite(jax.jit(loss_fn)(params, data))))
