"""One step of a recurrent layer: `torch.lstm_cell`, `torch.gru_cell` and the plain cells."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import wide

from .._placement import axes_of, placed_each
from ._arguments import states
from ._parameters import like_input
from ._recurrences import GRU, LSTM, RELU, TANH, Recurrence, State
from ._scan import affine


def lstm_cell(
    input: ArrayLike,
    hx: Any,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    b_ih: ArrayLike | None = None,
    b_hh: ArrayLike | None = None,
) -> tuple[jax.Array, jax.Array]:
    """One step of an LSTM.

        [i, f, g, o] = W_ih x + b_ih + W_hh h + b_hh
        c' = σ(f) c + σ(i) tanh(g),   h' = σ(o) tanh(c')

    Args:
        input: x of shape (N, features) or (features), floating point.
        hx: the state (h, c), each of shape (N, hidden) or (hidden); None for zeros.
        w_ih: W_ih of shape (4 hidden, features), with the gates i, f, g, o one below the other.
        w_hh: W_hh of shape (4 hidden, hidden).
        b_ih: a bias of shape (4 hidden), or None.
        b_hh: another, or None.

    Returns:
        (h', c'), of the shapes of h and c. Everything is in x's dtype; bfloat16 and float16 are
        added up in float32.

    Raises:
        TypeError: the dtypes differ or are not floating point, or hx is no pair.
        ValueError: the shapes do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTMCell.html

    Differs from PyTorch: takes None for the state and arrays without a batch, as `nn.LSTMCell`
    does and `torch.lstm_cell` does not.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import lstm_cell
    >>> state, w = (jnp.zeros(1), jnp.ones(1)), jnp.zeros((4, 1))
    >>> h, c = lstm_cell(jnp.ones(1), state, w, w)
    >>> c
    Array([0.5], dtype=float32)
    """
    h, c = _step(_checks.of("lstm_cell"), LSTM, input, hx, w_ih, w_hh, b_ih, b_hh)
    return h, c


def gru_cell(
    input: ArrayLike,
    hx: ArrayLike | None,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    b_ih: ArrayLike | None = None,
    b_hh: ArrayLike | None = None,
) -> jax.Array:
    """One step of a GRU.

        [xᵣ, x_z, xₙ] = W_ih x + b_ih,   [aᵣ, a_z, aₙ] = W_hh h + b_hh
        r = σ(xᵣ + aᵣ),   z = σ(x_z + a_z),   n = tanh(xₙ + r aₙ),   h' = (1 - z) n + z h

    Args:
        input: x of shape (N, features) or (features), floating point.
        hx: the state h of shape (N, hidden) or (hidden); None for zeros.
        w_ih: W_ih of shape (3 hidden, features), with the gates r, z, n one below the other.
        w_hh: W_hh of shape (3 hidden, hidden).
        b_ih: a bias of shape (3 hidden), or None.
        b_hh: another, or None; the reset gate scales its last third.

    Returns:
        h', of h's shape. Everything is in x's dtype; bfloat16 and float16 are added up in float32.

    Raises:
        TypeError: the dtypes differ or are not floating point.
        ValueError: the shapes do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GRUCell.html

    Differs from PyTorch: as `lstm_cell` does.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import gru_cell
    >>> gru_cell(jnp.ones(2), jnp.ones(1), jnp.zeros((3, 2)), jnp.zeros((3, 1)))
    Array([0.5], dtype=float32)
    """
    return _step(_checks.of("gru_cell"), GRU, input, hx, w_ih, w_hh, b_ih, b_hh)[0]


def rnn_tanh_cell(
    input: ArrayLike,
    hx: ArrayLike | None,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    b_ih: ArrayLike | None = None,
    b_hh: ArrayLike | None = None,
) -> jax.Array:
    """One step of a plain recurrent network with tanh.

        h' = tanh(W_ih x + b_ih + W_hh h + b_hh)

    Args:
        input: x of shape (N, features) or (features), floating point.
        hx: the state h of shape (N, hidden) or (hidden); None for zeros.
        w_ih: W_ih of shape (hidden, features).
        w_hh: W_hh of shape (hidden, hidden).
        b_ih: a bias of shape (hidden), or None.
        b_hh: another, or None.

    Returns:
        h', of h's shape. Everything is in x's dtype; bfloat16 and float16 are added up in float32.

    Raises:
        TypeError: the dtypes differ or are not floating point.
        ValueError: the shapes do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.RNNCell.html

    Differs from PyTorch: as `lstm_cell` does.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import rnn_tanh_cell
    >>> rnn_tanh_cell(jnp.zeros(2), None, jnp.ones((1, 2)), jnp.ones((1, 1)))
    Array([0.], dtype=float32)
    """
    return _step(_checks.of("rnn_tanh_cell"), TANH, input, hx, w_ih, w_hh, b_ih, b_hh)[0]


def rnn_relu_cell(
    input: ArrayLike,
    hx: ArrayLike | None,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    b_ih: ArrayLike | None = None,
    b_hh: ArrayLike | None = None,
) -> jax.Array:
    """One step of a plain recurrent network with relu, whose derivative at 0 is 0.

        h' = max(W_ih x + b_ih + W_hh h + b_hh, 0)

    Args:
        input: x of shape (N, features) or (features), floating point.
        hx: the state h of shape (N, hidden) or (hidden); None for zeros.
        w_ih: W_ih of shape (hidden, features).
        w_hh: W_hh of shape (hidden, hidden).
        b_ih: a bias of shape (hidden), or None.
        b_hh: another, or None.

    Returns:
        h', of h's shape. Everything is in x's dtype; bfloat16 and float16 are added up in float32.

    Raises:
        TypeError: the dtypes differ or are not floating point.
        ValueError: the shapes do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.RNNCell.html

    Differs from PyTorch: as `lstm_cell` does.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import rnn_relu_cell
    >>> rnn_relu_cell(jnp.ones(2), None, jnp.ones((1, 2)), jnp.ones((1, 1)))
    Array([2.], dtype=float32)
    """
    return _step(_checks.of("rnn_relu_cell"), RELU, input, hx, w_ih, w_hh, b_ih, b_hh)[0]


def _step(check: _checks.Checks, kind: Recurrence, *given: Any) -> State:
    """The state after one step, from the arguments of a cell."""
    input, hx, *parameters = given
    x = check.floating("input", input)
    if x.ndim not in (1, 2):
        expected = "of shape (N, features) or (features)"
        raise ValueError(check.wrong("input", expected, f"shape {x.shape}"))
    named = dict(zip(("w_ih", "w_hh", "b_ih", "b_hh"), parameters, strict=True))
    arrays = {
        name: like_input(check, name, value, x)
        for name, value in named.items()
        if value is not None or name.startswith("w")
    }
    hidden = arrays["w_hh"].shape[0] // kind.blocks if arrays["w_hh"].ndim else 0
    rows = kind.blocks * hidden
    shapes = {"w_ih": (rows, x.shape[-1]), "w_hh": (rows, hidden)}
    for name, array in arrays.items():
        _check_shape(check, name, array, shapes.get(name, (rows,)))
    if hx is None:
        return _cell(x, None, arrays, kind)
    pairs = states(check, kind, hx, "(h, c)").items()
    state = {name: like_input(check, name, value, x) for name, value in pairs}
    for name, array in state.items():
        _check_shape(check, name, array, (*x.shape[:-1], hidden))
    return _cell(x, tuple(state.values()), arrays, kind)


def _check_shape(
    check: _checks.Checks, name: str, array: jax.Array, shape: tuple[int, ...]
) -> None:
    if array.shape != shape:
        raise ValueError(check.wrong(name, f"of shape {shape}", f"shape {array.shape}"))


@functools.partial(jax.jit, static_argnames="kind")
def _cell(x: jax.Array, state: Any, arrays: dict[str, jax.Array], kind: Recurrence) -> State:
    dtype, hidden = wide(x.dtype), arrays["w_hh"].shape[1]
    if state is None:
        state = (jnp.zeros((*x.shape[:-1], hidden), dtype),) * kind.states

    def step(x: jax.Array, arrays: Any, *state: jax.Array) -> State:
        wider = tuple(part.astype(dtype) for part in state)
        sums = affine(x, arrays["w_ih"], arrays.get("b_ih"))
        gates = kind.gates(sums, affine(wider[0], arrays["w_hh"], arrays.get("b_hh")))
        return tuple(part.astype(x.dtype) for part in kind.after(gates, wider))

    place = PartitionSpec(*axes_of(x)[:-1], None)
    return placed_each(step, (place,) * kind.states, x, arrays, *state)
