"""The dtype to compute in."""

from typing import Any

import jax.numpy as jnp


def wide(dtype: Any) -> Any:
    """float32 for the narrower floating point dtypes, and the dtype itself for the others."""
    return jnp.float32 if jnp.finfo(dtype).bits < 32 else dtype
