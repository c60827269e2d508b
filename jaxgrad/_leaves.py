"""Splits a pytree into leaves that can require gradients and the others."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxgrad import _checks


def is_none(leaf: Any) -> bool:
    """Whether a leaf stands for "no value here"; for `is_leaf=`."""
    return leaf is None


def split(function: str, argument: str, tree: Any) -> tuple[Any, Any]:
    """Two trees like `tree`: one of its floating point and complex leaves, one of the others.

    None stands for a leaf that is in the other tree. A tree that has leaves, but no floating
    point or complex one, is a `TypeError`.
    """
    tree = _checks.arrays(function, argument, tree)
    dtypes = [leaf.dtype for leaf in jax.tree.leaves(tree)]
    if dtypes and not any(jnp.issubdtype(dtype, jnp.inexact) for dtype in dtypes):
        expected = "floating point or complex in at least one leaf"
        remedy = "only floating point and complex can require gradients"
        got = ", ".join(sorted({str(dtype) for dtype in dtypes}))
        raise TypeError(_checks.wrong(function, argument, expected, got, remedy))
    inexact = jax.tree.map(lambda leaf: jnp.issubdtype(leaf.dtype, jnp.inexact), tree)
    differentiable = jax.tree.map(lambda leaf, yes: leaf if yes else None, tree, inexact)
    rest = jax.tree.map(lambda leaf, yes: None if yes else leaf, tree, inexact)
    return differentiable, rest


def merge(differentiable: Any, rest: Any) -> Any:
    """The tree of two that `split` returned."""
    return jax.tree.map(
        lambda leaf, other: other if leaf is None else leaf, differentiable, rest, is_leaf=is_none
    )


def numbers(function: str, argnums: Any) -> tuple[int, ...]:
    """`argnums` as integers, one or more."""
    given = argnums if isinstance(argnums, (tuple, list)) else (argnums,)
    result = tuple(_checks.integer(function, "argnums", n, minimum=-(2**31)) for n in given)
    if not result:
        raise ValueError(_checks.wrong(function, "argnums", "one position or more", argnums))
    return result


def selected(function: str, argnums: Any, args: tuple[Any, ...]) -> tuple[int, ...]:
    """`argnums` as distinct, non-negative positions in `args`."""
    given = numbers(function, argnums)
    if not all(-len(args) <= n < len(args) for n in given):
        expected = f"positions among the {len(args)} arguments"
        raise ValueError(_checks.wrong(function, "argnums", expected, argnums))
    positions = tuple(n % len(args) for n in given)
    if len(set(positions)) != len(positions):
        raise ValueError(_checks.wrong(function, "argnums", "distinct positions", argnums))
    return positions


def replaced(args: tuple[Any, ...], positions: tuple[int, ...], values: Any) -> tuple[Any, ...]:
    """`args` with `values` at `positions`."""
    by_position = dict(zip(positions, values, strict=True))
    return tuple(by_position.get(n, arg) for n, arg in enumerate(args))
