"""The largest element of each window over several axes, with PyTorch's derivative."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from jaxgrad._dtypes import is_floating, widened

from ._windows import Windows

Starts = tuple[jax.Array | None, ...]


@functools.partial(jax.jit, static_argnames=("steps", "return_indices"))
def pooled(
    x: jax.Array, starts: Starts, *, steps: tuple[Windows, ...], return_indices: bool
) -> jax.Array | tuple[jax.Array, jax.Array]:
    """The maxima of windows, and on request their places in the flattened spatial axes.

    Args:
        x: an array of shape (…, *spatial).
        starts: for each step of `Draws` where its windows begin, else None.
        steps: the windows along each spatial axis, the last axis first. In this order the first of
            equal elements is the first of the window in row-major order, as in PyTorch.
        return_indices: whether the places are returned as well.
    """
    (wide,) = widened(x.dtype, x) if is_floating(x.dtype) else (x,)
    if not return_indices:
        return _values(wide, starts, steps).astype(x.dtype)
    best, winners = _maxima(wide, starts, steps)
    return best.astype(x.dtype), _places(winners, starts, steps).astype(int)


@functools.partial(jax.custom_jvp, nondiff_argnums=(2,))
def _values(x: jax.Array, starts: Starts, steps: tuple[Windows, ...]) -> jax.Array:
    """The maxima alone. Only the derivative needs their places."""
    for step, start in zip(steps, starts, strict=True):
        x = step.largest(x, start)
    return x


@_values.defjvp
def _values_jvp(
    steps: tuple[Windows, ...],
    primals: tuple[jax.Array, Starts],
    tangents: tuple[jax.Array, Starts],
) -> tuple[jax.Array, jax.Array]:
    (best, _), (slope, _) = _maxima_jvp(steps, primals, tangents)
    return best, slope


@functools.partial(jax.custom_jvp, nondiff_argnums=(2,))
def _maxima(
    x: jax.Array, starts: Starts, steps: tuple[Windows, ...]
) -> tuple[jax.Array, tuple[jax.Array, ...]]:
    """The maxima, and after each step which element of its windows is one.

    The derivative goes to that element alone: of equal ones the first, of NaNs the last.
    """
    winners = []
    for step, start in zip(steps, starts, strict=True):
        x, winner = step.maxima(x, start)
        if step is not steps[-1]:  # XLA would compute it anew for each of its uses
            x, winner = jax.lax.optimization_barrier((x, winner))
        winners.append(winner)
    return x, tuple(winners)


@_maxima.defjvp
def _maxima_jvp(
    steps: tuple[Windows, ...],
    primals: tuple[jax.Array, Starts],
    tangents: tuple[jax.Array, Starts],
) -> tuple[tuple[jax.Array, tuple[jax.Array, ...]], tuple[jax.Array, tuple[np.ndarray, ...]]]:
    x, starts = primals
    best, winners = _maxima(x, starts, steps)
    slope = tangents[0]
    for step, winner, start in zip(steps, winners, starts, strict=True):
        slope = step.chosen(winner, slope, start)
    constant = tuple(np.zeros(winner.shape, jax.dtypes.float0) for winner in winners)
    return (best, winners), (slope, constant)


def _places(
    winners: tuple[jax.Array, ...], starts: Starts, steps: tuple[Windows, ...]
) -> jax.Array:
    """The flat place of each maximum, from its place along each axis."""
    total, places = 1, None
    for step, winner, start in zip(steps, winners, starts, strict=True):
        line = step.positions(winner, start) * jnp.int32(total)
        places = line if places is None else step.chosen(winner, places, start) + line
        total *= step.size
    assert places is not None
    return places
