"""Pytrees as vectors: the operations of L-BFGS that `optax.tree` does not have.

Leaves of different dtypes keep theirs, where `optax.tree` promotes or refuses them. An inner
product is a sum of products, as in PyTorch, and not a `vdot`. The largest element of an empty tree
is 0.
"""

from typing import Any

import jax
import jax.numpy as jnp

Tree = Any


def dot(a: Tree, b: Tree) -> jax.Array:
    """The inner product, in the widest dtype of the leaves."""
    products = [jnp.sum(x * y) for x, y in zip(*map(jax.tree.leaves, (a, b)), strict=True)]
    return _total(products, jnp.zeros(()))


def add_scale(x: Tree, step: Any, direction: Tree) -> Tree:
    """The sum x + step direction, in the dtypes of x."""
    return jax.tree.map(lambda p, d: p + jnp.asarray(step).astype(p.dtype) * d, x, direction)


def scale(factor: Any, x: Tree) -> Tree:
    """The product factor x, in the dtypes of x."""
    return jax.tree.map(lambda leaf: jnp.asarray(factor).astype(leaf.dtype) * leaf, x)


def absolute_sum(x: Tree) -> jax.Array:
    """The sum of all |xᵢ|."""
    return _total([jnp.sum(jnp.abs(leaf)) for leaf in jax.tree.leaves(x)], jnp.zeros(()))


def largest(x: Tree) -> jax.Array:
    """The largest |xᵢ|: 0 for an empty tree, NaN if an element is NaN."""
    sizes = [jnp.max(jnp.abs(leaf), initial=0) for leaf in jax.tree.leaves(x)]
    dtype = jnp.result_type(*sizes) if sizes else jnp.zeros(()).dtype
    return jnp.max(jnp.stack([s.astype(dtype) for s in sizes])) if sizes else jnp.zeros(())


def _total(parts: list[jax.Array], zero: jax.Array) -> jax.Array:
    if not parts:
        return zero
    dtype = jnp.result_type(*parts)
    return sum((part.astype(dtype) for part in parts[1:]), parts[0].astype(dtype))
