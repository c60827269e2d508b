"""The wording of errors, and what to write instead of a wrong argument."""

from typing import Any

import numpy as np
from jax.core import Tracer


def wrong(function: str, argument: str, expected: str, got: object, remedy: str = "") -> str:
    """The text of an error: function, argument, what was expected, what came, and the remedy."""
    return f"{function}: {argument} must be {expected}, got {got}" + (f"; {remedy}" * bool(remedy))


def for_key(function: str, value: Any, keyword: str = "") -> str:
    """The remedy for a value that is not a typed key; without a keyword the key comes first."""
    if getattr(value, "dtype", None) == np.uint32 and value.shape and value.shape[-1] in (2, 4):
        return "turn it into a typed key with jax.random.wrap_key_data"
    made = "make one with jax.random.key(seed)"
    if keyword:
        return f"{made}: {keyword}=…"
    return f"{made}, it comes first: {function}(key, …)"


def for_shape(value: Any) -> str:
    """The remedy for a value that is not a shape."""
    if isinstance(value, Tracer):
        return ""
    if getattr(value, "shape", ()):
        return "; pass its .shape"
    one = isinstance(value, (int, float)) and not isinstance(value, bool)
    return "; the sizes come first, as in (2, 3), and other numbers after them" if one else ""


def for_array(value: Any) -> str:
    """The remedy for a value that is not an array."""
    if _is_torchs(value) and hasattr(value, "detach"):
        return "turn a tensor into an array with jnp.from_dlpack(tensor.detach())"
    is_dtype = isinstance(value, (type, np.dtype)) or hasattr(value, "dtype") or _is_torchs(value)
    return "give a dtype by keyword: dtype=…" if is_dtype else ""


def for_dtype(value: Any) -> str:
    """The remedy for a value that is not a dtype."""
    if _is_torchs(value):
        return f"write {str(value).replace('torch', 'jnp')}"
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return ""
    return "sizes are one argument, as in (2, 3), and other numbers are given by keyword"


def _is_torchs(value: Any) -> bool:
    """Whether a value is one of PyTorch's, such as a tensor or torch.float32."""
    return type(value).__module__.partition(".")[0] == "torch"
