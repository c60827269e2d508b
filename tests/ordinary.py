"""The settings in which most programs run."""

import contextlib

import jax


@contextlib.contextmanager
def ordinarily():
    """As most programs run: with implicit promotion, and keys used twice."""
    with (
        jax.numpy_dtype_promotion("standard"),
        jax.numpy_rank_promotion("allow"),
        jax.debug_key_reuse(False),
    ):
        yield
