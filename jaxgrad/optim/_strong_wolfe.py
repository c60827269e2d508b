"""The line search of `torch.optim.LBFGS`: bracket an acceptable point, then zoom in.

The strong Wolfe conditions are f(t) ≤ f(0) + c₁ t f'(0) and |f'(t)| ≤ -c₂ f'(0), along the
direction. Nocedal and Wright, Numerical Optimization, 2006, algorithms 3.5 and 3.6.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

C1, C2 = 1e-4, 0.9
BRACKETING, ZOOMING, DONE = range(3)


class Point(NamedTuple):
    """A step along the direction: its length, the value there, the slope and the gradient."""

    t: jax.Array
    f: jax.Array
    slope: jax.Array
    grad: Any


class _Search(NamedTuple):
    """The loop state of the search.

    Attributes:
        phase: BRACKETING, ZOOMING or DONE.
        tried: the number of iterations.
        previous: the point before the last, while bracketing.
        new: the last point.
        ends: the two ends of the bracket.
        second: whether the second end has the lower value.
        stuck: whether the last trial point was close to an end.
    """

    phase: jax.Array
    tried: jax.Array
    previous: Point
    new: Point
    ends: tuple[Point, Point]
    second: jax.Array
    stuck: jax.Array


def strong_wolfe(
    evaluate: Callable[[jax.Array], Point],
    start: Point,
    t: jax.Array,
    size: jax.Array,
    most: jax.Array,
    tolerance: Any,
) -> tuple[Point, jax.Array]:
    """The point that was found, and the number of evaluations.

    Args:
        evaluate: a step length -> the point there.
        start: the point of length 0.
        t: the first length to try.
        size: the largest absolute element of the direction.
        most: the most iterations.
        tolerance: the search ends if no element changes by more within the bracket.
    """
    first = evaluate(t)
    zero, no = jnp.zeros((), jnp.int32), jnp.zeros((), bool)
    search = _Search(zero + BRACKETING, zero, start, first, (start, first), no, no)

    def goes_on(s: _Search) -> jax.Array:
        return (s.phase != DONE) & (s.tried < most)

    def step(s: _Search) -> _Search:
        return jax.lax.cond(
            s.phase == BRACKETING,
            lambda s: _bracket(evaluate, start, s),
            lambda s: _zoom(evaluate, start, s, size, tolerance),
            s,
        )

    end = jax.lax.while_loop(goes_on, step, search)
    exhausted = end.phase == BRACKETING
    ends = optax.tree.where(exhausted, (start, end.new), end.ends)
    second = jnp.where(exhausted, _higher(*ends), end.second)
    return optax.tree.where(second, *ends[::-1]), end.tried + 1


def _higher(a: Point, b: Point) -> jax.Array:
    return ~(a.f <= b.f)


def _too_high(start: Point, new: Point) -> jax.Array:
    return new.f > start.f + C1 * new.t * start.slope


def _flat(start: Point, new: Point) -> jax.Array:
    return jnp.abs(new.slope) <= -C2 * start.slope


def _bracket(evaluate: Callable[[jax.Array], Point], start: Point, s: _Search) -> _Search:
    """Accept the last point, take the last two as the bracket, or try a longer step."""
    new, previous = s.new, s.previous
    high = _too_high(start, new) | ((s.tried > 1) & (new.f >= previous.f))
    good = ~high & _flat(start, new)
    found = high | good | (new.slope >= 0)

    def further(s: _Search) -> _Search:
        bounds = new.t + 0.01 * (new.t - previous.t), new.t * 10
        there = evaluate(_cubic(previous, new, *bounds))
        return s._replace(tried=s.tried + 1, previous=new, new=there)

    def stop(s: _Search) -> _Search:
        ends = optax.tree.where(good, (new, new), (previous, new))
        phase = jnp.where(good, DONE, ZOOMING).astype(jnp.int32)
        return s._replace(phase=phase, ends=ends, second=_higher(*ends))

    return jax.lax.cond(found, stop, further, s)


def _zoom(
    evaluate: Callable[[jax.Array], Point], start: Point, s: _Search, size: Any, tolerance: Any
) -> _Search:
    """Replace one end of the bracket by a trial point between them."""

    def narrowed(s: _Search) -> _Search:
        t, stuck = _trial(s)
        new = evaluate(t)
        low, high = optax.tree.where(s.second, s.ends[::-1], s.ends)
        worse = _too_high(start, new) | (new.f >= low.f)
        good = ~worse & _flat(start, new)
        turned = ~worse & ~good & (new.slope * (high.t - low.t) >= 0)
        high = optax.tree.where(worse, new, optax.tree.where(turned, low, high))
        low = optax.tree.where(worse, low, new)
        ends = optax.tree.where(s.second, (high, low), (low, high))
        second = jnp.where(worse, _higher(*ends), s.second)
        phase = jnp.where(good, DONE, ZOOMING).astype(jnp.int32)
        return _Search(phase, s.tried + 1, s.previous, new, ends, second, stuck)

    small = jnp.abs(s.ends[1].t - s.ends[0].t) * size < tolerance
    done = s._replace(phase=jnp.full((), DONE, jnp.int32))
    return jax.lax.cond(small, lambda s: done, narrowed, s)


def _trial(s: _Search) -> tuple[jax.Array, jax.Array]:
    """The next length, moved a tenth of the bracket from an end if it is close to it twice."""
    least, most = jnp.minimum(s.ends[0].t, s.ends[1].t), jnp.maximum(s.ends[0].t, s.ends[1].t)
    t = _cubic(*s.ends, least, most)
    margin = 0.1 * (most - least)
    close = jnp.minimum(most - t, t - least) < margin
    moves = close & (s.stuck | (t >= most) | (t <= least))
    inside = jnp.where(jnp.abs(t - most) < jnp.abs(t - least), most - margin, least + margin)
    return jnp.where(moves, inside, t), close & ~moves


def _cubic(a: Point, b: Point, least: jax.Array, most: jax.Array) -> jax.Array:
    """The minimum of the cubic through both points and slopes, clipped; else the middle."""
    a, b = a._replace(grad=()), b._replace(grad=())
    a, b = optax.tree.where(a.t <= b.t, (a, b), (b, a))
    d1 = a.slope + b.slope - 3 * (a.f - b.f) / (a.t - b.t)
    square = d1 * d1 - a.slope * b.slope
    d2 = jnp.sqrt(jnp.where(square >= 0, square, 1))
    at = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    return jnp.where(square >= 0, jnp.minimum(jnp.maximum(at, least), most), (least + most) / 2)
