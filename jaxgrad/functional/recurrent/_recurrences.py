"""The recurrences: what one step of an LSTM, a GRU and a plain RNN computes, and its derivative.

A step has two sums of products, x = W_ih xₜ + b_ih and a = W_hh hₜ₋₁ + b_hh. The rest is
elementwise. So the derivative of all steps is a set of slopes, which are computed at once, and a
recurrence of sums of products with them.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

State = tuple[jax.Array, ...]
"""(h,), or (h, c) of an LSTM. The h that `after` and `moved` return is not yet projected."""


class Recurrence(NamedTuple):
    """One kind of recurrence. Its functions take one step, or arrays with an axis of all steps.

    Attributes:
        blocks: how many blocks of rows the weights have, one a gate.
        states: how many arrays the state has.
        gates: `(x, a)`, what the step computes elementwise before the state comes in.
        after: `(gates, state)`, the state after the step.
        slopes: `(gates, before, after)`, the slopes of the step; of states before and after it.
        joined: `(slopes, x, a)`, the derivative's input of a step, from tangents of x and a.
        moved: `(slopes, input, a, state)`, the state's tangent after the step, linear in an input,
            a tangent of a and one of the state.
    """

    blocks: int
    states: int
    gates: Callable[..., Any]
    after: Callable[..., State]
    slopes: Callable[..., Any]
    joined: Callable[..., jax.Array]
    moved: Callable[..., State]


def _sum(slopes: Any, x: jax.Array, a: jax.Array) -> jax.Array:
    return x + a


def _lstm_gates(x: jax.Array, a: jax.Array) -> Any:
    i, f, g, o = jnp.split(x + a, 4, -1)
    return jax.nn.sigmoid(i), jax.nn.sigmoid(f), jnp.tanh(g), jax.nn.sigmoid(o)


def _lstm_after(gates: Any, state: State) -> State:
    i, f, g, o = gates
    c = f * state[1] + i * g
    return o * jnp.tanh(c), c


def _lstm_slopes(gates: Any, before: State, after: State) -> Any:
    i, f, g, o = gates
    t = jnp.tanh(after[1])
    by_sums = g * (i * (1 - i)), before[1] * (f * (1 - f)), i * (1 - g * g), t * (o * (1 - o))
    return by_sums, f, o * (1 - t * t)


def _lstm_moved(slopes: Any, x: jax.Array, a: jax.Array, state: State) -> State:
    by_sums, by_before, by_cell = slopes
    i, f, g, o = (s * z for s, z in zip(by_sums, jnp.split(x + a, 4, -1), strict=True))
    c = by_before * state[1] + (i + f + g)
    return o + by_cell * c, c


LSTM = Recurrence(4, 2, _lstm_gates, _lstm_after, _lstm_slopes, _sum, _lstm_moved)
"""cₜ = f cₜ₋₁ + i g, hₜ = o tanh cₜ, with gates i, f, g, o of the sum x + a."""


def _gru_gates(x: jax.Array, a: jax.Array) -> Any:
    (xr, xz, xn), (ar, az, an) = jnp.split(x, 3, -1), jnp.split(a, 3, -1)
    r, z = jax.nn.sigmoid(xr + ar), jax.nn.sigmoid(xz + az)
    return r, z, jnp.tanh(xn + r * an), an


def _gru_after(gates: Any, state: State) -> State:
    _, z, n, _ = gates
    return (n + z * (state[0] - n),)


def _gru_slopes(gates: Any, before: State, after: State) -> Any:
    r, z, n, a = gates
    by_n = (1 - z) * (1 - n * n)
    return (by_n * a * (r * (1 - r)), (before[0] - n) * (z * (1 - z)), by_n), r, z


def _gru_joined(slopes: Any, x: jax.Array, a: jax.Array) -> jax.Array:
    ar, az, an = jnp.split(a, 3, -1)
    return x + jnp.concatenate([ar, az, slopes[1] * an], -1)


def _gru_moved(slopes: Any, x: jax.Array, a: jax.Array, state: State) -> State:
    (by_r, by_z, by_n), r, z = slopes
    (xr, xz, xn), (ar, az, an) = jnp.split(x, 3, -1), jnp.split(a, 3, -1)
    return (z * state[0] + (by_r * (xr + ar) + by_z * (xz + az) + by_n * (xn + r * an)),)


GRU = Recurrence(3, 1, _gru_gates, _gru_after, _gru_slopes, _gru_joined, _gru_moved)
"""hₜ = n + z (hₜ₋₁ - n), n = tanh(xₙ + r aₙ): the reset gate scales the product and its bias."""


def _plain_after(gates: Any, state: State) -> State:
    return (gates,)


def _plain_moved(slopes: Any, x: jax.Array, a: jax.Array, state: State) -> State:
    return (slopes * (x + a),)


def _tanh_gates(x: jax.Array, a: jax.Array) -> Any:
    return jnp.tanh(x + a)


def _tanh_slopes(gates: Any, before: State, after: State) -> Any:
    return 1 - gates * gates


TANH = Recurrence(1, 1, _tanh_gates, _plain_after, _tanh_slopes, _sum, _plain_moved)
"""hₜ = tanh(x + a)."""


def _relu_gates(x: jax.Array, a: jax.Array) -> Any:
    return jax.nn.relu(x + a)


def _relu_slopes(gates: Any, before: State, after: State) -> Any:
    return jnp.where(gates <= 0, 0, jnp.ones_like(gates))  # 0 at 0, as relu's own


RELU = Recurrence(1, 1, _relu_gates, _plain_after, _relu_slopes, _sum, _plain_moved)
"""hₜ = relu(x + a)."""
