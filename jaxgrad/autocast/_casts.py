"""What autocast does to the arguments of an operation: which arrays are cast, and to what."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from jaxgrad import _checks
from jaxgrad._dtypes import is_floating


def is_eligible(leaf: Any) -> bool:
    """Whether it is an array that autocast casts: real floating point, but not float64."""
    if not isinstance(leaf, (jax.Array, np.ndarray)):
        return False
    dtype = leaf.dtype if isinstance(leaf, jax.Array) else jax.dtypes.canonicalize_dtype(leaf.dtype)
    return is_floating(dtype) and dtype != jnp.float64


def cast(tree: Any, dtype: DTypeLike) -> Any:
    """The arguments with these arrays in a dtype. One that is given twice is cast once."""
    done: dict[int, jax.Array] = {}

    def of_leaf(leaf: Any) -> Any:
        if is_eligible(leaf) and id(leaf) not in done:
            done[id(leaf)] = jnp.asarray(leaf).astype(dtype)
        return done.get(id(leaf), leaf)

    return jax.tree.map(of_leaf, tree)


def widest(function: str, tree: Any, lower: DTypeLike) -> Any:
    """float32 if one of the arrays has it, and else the lower dtype."""
    found = jnp.dtype(lower)
    for leaf in filter(is_eligible, jax.tree.leaves(tree)):
        if jnp.float32 in (found, leaf.dtype):
            found = jnp.dtype(jnp.float32)
        elif leaf.dtype != found:
            expected = f"float32 or {found}"
            raise TypeError(_checks.wrong(function, "an array", expected, leaf.dtype))
    return found
