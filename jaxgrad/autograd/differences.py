"""Derivatives by finite differences."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.core import Tracer
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._leaves import merge, numbers, replaced, selected, split

from ._rules import explained

_NAME = "central_difference"
_CHECK = _checks.of(_NAME)


def central_difference(
    fn: Callable[..., Any], delta: ArrayLike, argnums: int | tuple[int, ...] = 0
) -> Callable[..., Any]:
    """Makes the function that computes the rate of change of `fn` by central differences.

        rateᵢ = (fn(x + δ eᵢ) - fn(x - δ eᵢ)) / 2δ,   eᵢ the i-th unit vector

    for each element i of each floating point leaf of the argument. The error is O(δ²) from the
    formula and O(ε |fn| / δ) from rounding, where ε is the dtype's.

    Args:
        fn: a traceable function that returns one real floating point array.
        delta: δ, a positive scalar in the units of x.
        argnums: which positional argument, or tuple of them, is varied.

    Returns:
        `(*args, **kwargs) -> rates` in the structure of the argument: for a leaf x an array of
        shape fn's + x's and of fn's dtype, None for an integer, boolean or key leaf. `fn` is
        called twice per element, one element after another; under tracing in a compiled loop.

    Raises:
        TypeError: `fn` is not callable, a selected argument has leaves but none floating point,
            a leaf is complex, or the output is not one real floating point array.
        ValueError: delta is not positive and finite, or so small that x + δ = x - δ somewhere in
            the dtype of x. Traced values are checked under `jaxgrad.checkify` only, and wrong ones
            give NaN.

    Source: the central difference quotient; PyTorch's is in
    https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.autograd import central_difference
    >>> central_difference(lambda x: (x**2).sum(), 0.125)(jnp.array([1.0, 2.0, 3.0]))
    Array([2., 4., 6.], dtype=float32)
    """
    if not callable(fn):
        raise TypeError(_CHECK.wrong("fn", "callable", type(fn).__name__))
    numbers(_NAME, argnums)
    delta = _CHECK.scalar("delta", delta)
    text = _CHECK.wrong("delta", "positive and finite", "{delta}")
    _checks.holds((delta > 0) & jnp.isfinite(delta), text, delta=lambda: delta)

    @functools.wraps(fn)
    def rates(*args: Any, **kwargs: Any) -> Any:
        with explained(_NAME):
            positions = selected(_NAME, argnums, args)
            chosen, rest = zip(
                *(split(_NAME, f"argument {n}", args[n]) for n in positions), strict=True
            )
            leaves, structure = jax.tree.flatten(chosen)
            traced = any(isinstance(x, Tracer) for x in jax.tree.leaves((args, kwargs)))

            def of_leaf(index: int, leaf: jax.Array) -> jax.Array:
                varied = structure.unflatten([*leaves[:index], leaf, *leaves[index + 1 :]])
                out = fn(*replaced(args, positions, map(merge, varied, rest)), **kwargs)
                return _CHECK.floating("output", out)

            result = structure.unflatten(
                _leaf_rates(functools.partial(of_leaf, index), leaf, delta, traced)
                for index, leaf in enumerate(leaves)
            )
            return result if isinstance(argnums, (tuple, list)) else result[0]

    return rates


def _leaf_rates(
    fn: Callable[[jax.Array], jax.Array], leaf: jax.Array, delta: jax.Array, traced: bool
) -> jax.Array:
    """The rates for each element of one leaf, in the shape of fn's output + the leaf's."""
    leaf = _CHECK.floating("argument", leaf)
    if leaf.size == 0:
        out = jax.eval_shape(fn, leaf)
        return jnp.zeros(out.shape + leaf.shape, out.dtype)
    step = delta.astype(leaf.dtype)
    visible = leaf + step > leaf - step
    expected = f"visible beside x in {leaf.dtype}"
    text = _CHECK.wrong("delta", expected, "{delta}")
    _checks.holds(jnp.all(visible | ~jnp.isfinite(leaf)), text, delta=lambda: delta)

    def near(index: Any) -> jax.Array:
        """The function above x in each element in turn, then below."""
        shift = jnp.where(index < leaf.size, step, -step)
        return fn(leaf.ravel().at[index % leaf.size].add(shift).reshape(leaf.shape))

    if traced:
        values = jax.lax.map(near, jnp.arange(2 * leaf.size))
    else:  # call fn as it is: one compiled program would round differently
        values = jnp.stack([near(index) for index in range(2 * leaf.size)])
    above, below = values[: leaf.size], values[leaf.size :]
    rates = (above - below) / (2 * step).astype(values.dtype)  # (elements, *output)
    visible = jnp.expand_dims(visible.ravel(), tuple(range(1, rates.ndim)))
    rates = jnp.where(visible, rates, jnp.nan)
    return jnp.moveaxis(rates, 0, -1).reshape(*rates.shape[1:], *leaf.shape)
