"""What to write in place of what an argument cannot be."""

from typing import Any

import numpy as np
from jax.core import Tracer


def for_key(function: str, value: Any) -> str:
    """The remedy for a value that is not a typed key."""
    if getattr(value, "dtype", None) == np.uint32 and value.shape and value.shape[-1] in (2, 4):
        return "turn it into a typed key with jax.random.wrap_key_data"
    return f"make one with jax.random.key(seed), it comes first: {function}(key, …)"


def for_shape(value: Any) -> str:
    """The remedy for a value that is not a shape."""
    if isinstance(value, Tracer):
        return ""
    if getattr(value, "shape", ()):
        return "; pass its .shape"
    one = isinstance(value, (int, float)) and not isinstance(value, bool)
    return "; the sizes come first, as in (2, 3), and other numbers after them" if one else ""


def for_dtype(value: Any) -> str:
    """The remedy for a value that is not a dtype."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return ""
    return "sizes are one argument, as in (2, 3), and other numbers are given by keyword"
