"""Layers over sequences: `torch.lstm`, `torch.gru`, `torch.rnn_tanh` and `torch.rnn_relu`."""

from collections.abc import Mapping
from typing import Any

import jax
from jax.typing import ArrayLike

from jaxgrad import _checks

from ._arguments import Options
from ._layers import layer
from ._recurrences import GRU, LSTM, RELU, TANH


def lstm(
    input: ArrayLike,
    hx: Any,
    params: Mapping[str, ArrayLike],
    *,
    batch_first: bool = False,
    dropout: ArrayLike = 0.0,
    training: bool = False,
    key: jax.Array | None = None,
    lengths: ArrayLike | None = None,
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    """A long short-term memory over sequences, of one or more layers: `torch.nn.LSTM`.

        [i, f, g, o] = W_ih xₜ + b_ih + W_hh hₜ₋₁ + b_hh
        cₜ = σ(f) cₜ₋₁ + σ(i) tanh(g),   hₜ = σ(o) tanh(cₜ),   or W_hr times it

    The numbers of layers and directions, the biases and the projection are read off the names and
    shapes of `params`. The gradient with respect to a weight is one product over all steps.

    Args:
        input: x of shape (L, N, features), floating point; (N, L, features) with `batch_first`; or
            (L, features) for a single sequence.
        hx: the first states (h_0, c_0), of shapes (layers · directions, N, size) and
            (layers · directions, N, hidden), without N for a single sequence, also with
            `batch_first`; None for zeros. `size` is that of the projection, or `hidden`.
        params: the parameters by PyTorch's names, in x's dtype, as `init.lstm` and a state dict
            give them: for each layer k weight_ih_lk (4 hidden, features or directions · size) and
            weight_hh_lk (4 hidden, size); bias_ih_lk and bias_hh_lk (4 hidden) in all layers or in
            none, and likewise weight_hr_lk (size, hidden); with the ending _reverse for the
            direction that begins at the end.
        batch_first: whether x and y have the batch first. The states do not change.
        dropout: the probability that an output of a layer, but the last, is zeroed; the others
            are scaled by 1 / (1 - p). In [0, 1].
        training: whether anything is zeroed.
        key: a typed key, needed where anything is zeroed. The outputs of layer k are dropped
            by the k-th of `jax.random.split(key, layers - 1)`.
        lengths: integers of shape (N), how many steps of each sequence count, from 1 to L; in
            place of PyTorch's packed sequences. None is L for all.

    Returns:
        (y, (h_n, c_n)). y of shape (L, N, directions · size) has the outputs of the last layer, of
        both directions one after the other; beyond a length it is 0. h_n and c_n, shaped like h_0
        and c_0, are the states after the last step of each sequence; of a direction that begins
        at the end that is the first step. All are in x's dtype; bfloat16 and float16 are
        computed in float32, but for the factors of products.

    Raises:
        TypeError: a dtype or another argument is of the wrong kind, or the key is missing.
        ValueError: a parameter is missing or unknown, a shape does not fit, `dropout` is outside
            [0, 1], or a length is out of range. Traced lengths are checked under
            `jaxgrad.checkify` only, and a sequence of a wrong one gives NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html

    Differs from PyTorch: takes parameters by name, in any order, where `torch.lstm` takes a list
    and their form; takes a key for dropout, and lengths for packed sequences. With lengths y keeps
    the length L, as `pad_packed_sequence(…, total_length=L)` does. An input (L, features) is a
    single sequence, as for `nn.LSTM`; `torch.lstm` refuses it.

    >>> import jax
    >>> import jax.numpy as jnp
    >>> from jaxgrad import init
    >>> from jaxgrad.functional import lstm
    >>> params = init.lstm(jax.random.key(0), 3, 4, num_layers=2)
    >>> y, (h, c) = lstm(jnp.ones((5, 2, 3)), None, params, lengths=jnp.array([5, 2]))
    >>> y.shape, h.shape, c.shape
    ((5, 2, 4), (2, 2, 4), (2, 2, 4))
    >>> bool((y[1, 1] == h[-1, 1]).all()), y[4, 1]
    (True, Array([0., 0., 0., 0.], dtype=float32))
    """
    options = Options(batch_first, dropout, training, key, lengths)
    out, (h, c) = layer(_checks.of("lstm"), LSTM, input, hx, params, options)
    return out, (h, c)


def gru(
    input: ArrayLike,
    hx: ArrayLike | None,
    params: Mapping[str, ArrayLike],
    *,
    batch_first: bool = False,
    dropout: ArrayLike = 0.0,
    training: bool = False,
    key: jax.Array | None = None,
    lengths: ArrayLike | None = None,
) -> tuple[jax.Array, jax.Array]:
    """A gated recurrent unit over sequences, of one or more layers: `torch.nn.GRU`.

        [xᵣ, x_z, xₙ] = W_ih xₜ + b_ih,   [aᵣ, a_z, aₙ] = W_hh hₜ₋₁ + b_hh
        r = σ(xᵣ + aᵣ),   z = σ(x_z + a_z),   n = tanh(xₙ + r aₙ)
        hₜ = (1 - z) n + z hₜ₋₁

    The reset gate r scales the product with the state and its bias; other libraries reset the state
    before the product, or have no second bias.

    Args:
        input: x of shape (L, N, features), floating point; (N, L, features) with `batch_first`; or
            (L, features) for a single sequence.
        hx: the first states, of shape (layers · directions, N, hidden), without N for a single
            sequence, also with `batch_first`; None for zeros.
        params: the parameters by PyTorch's names, in x's dtype, as `init.gru` and a state dict
            give them: for each layer k weight_ih_lk (3 hidden, features or directions · hidden)
            and weight_hh_lk (3 hidden, hidden); bias_ih_lk and bias_hh_lk (3 hidden) in all layers
            or in none; with the ending _reverse for the direction that begins at the end.
        batch_first: whether x and y have the batch first. The states do not change.
        dropout: the probability that an output of a layer, but the last, is zeroed, as in `lstm`.
        training: whether anything is zeroed.
        key: a typed key, needed where anything is zeroed.
        lengths: integers of shape (N), how many steps of each sequence count, from 1 to L; None
            is L for all.

    Returns:
        (y, h_n). y of shape (L, N, directions · hidden) has the outputs of the last layer; beyond a
        length it is 0. h_n, shaped like h_0, has the states after the last step of each
        sequence. Both are in x's dtype.

    Raises:
        TypeError: a dtype or another argument is of the wrong kind, or the key is missing.
        ValueError: as in `lstm`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html

    Differs from PyTorch: as `lstm` does.

    >>> import jax
    >>> import jax.numpy as jnp
    >>> from jaxgrad import init
    >>> from jaxgrad.functional import gru
    >>> params = init.gru(jax.random.key(0), 3, 4, bidirectional=True)
    >>> y, h = gru(jnp.ones((5, 2, 3)), None, params)
    >>> y.shape, h.shape
    ((5, 2, 8), (2, 2, 4))
    """
    options = Options(batch_first, dropout, training, key, lengths)
    out, (h,) = layer(_checks.of("gru"), GRU, input, hx, params, options)
    return out, h


def rnn(
    input: ArrayLike,
    hx: ArrayLike | None,
    params: Mapping[str, ArrayLike],
    *,
    nonlinearity: str = "tanh",
    batch_first: bool = False,
    dropout: ArrayLike = 0.0,
    training: bool = False,
    key: jax.Array | None = None,
    lengths: ArrayLike | None = None,
) -> tuple[jax.Array, jax.Array]:
    """Elman's network over sequences, of one or more layers: `torch.nn.RNN`.

        hₜ = tanh(W_ih xₜ + b_ih + W_hh hₜ₋₁ + b_hh)

    Args:
        input: x of shape (L, N, features), floating point; (N, L, features) with `batch_first`; or
            (L, features) for a single sequence.
        hx: the first states, of shape (layers · directions, N, hidden), without N for a single
            sequence, also with `batch_first`; None for zeros.
        params: the parameters by PyTorch's names, in x's dtype, as `init.rnn` and a state dict
            give them: for each layer k weight_ih_lk (hidden, features or directions · hidden) and
            weight_hh_lk (hidden, hidden); bias_ih_lk and bias_hh_lk (hidden) in all layers or in
            none; with the ending _reverse for the direction that begins at the end.
        nonlinearity: "tanh", or "relu" in its place, whose derivative at 0 is 0.
        batch_first: whether x and y have the batch first. The states do not change.
        dropout: the probability that an output of a layer, but the last, is zeroed, as in `lstm`.
        training: whether anything is zeroed.
        key: a typed key, needed where anything is zeroed.
        lengths: integers of shape (N), how many steps of each sequence count, from 1 to L; None
            is L for all.

    Returns:
        (y, h_n). y of shape (L, N, directions · hidden) has the outputs of the last layer; beyond a
        length it is 0. h_n, shaped like h_0, has the states after the last step of each
        sequence. Both are in x's dtype.

    Raises:
        TypeError: a dtype or another argument is of the wrong kind, or the key is missing.
        ValueError: as in `lstm`, or the nonlinearity is unknown.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html

    Differs from PyTorch: one function with `nonlinearity`, as `nn.RNN` has it, in the place of
    `torch.rnn_tanh` and `torch.rnn_relu`; otherwise as `lstm` does.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import rnn
    >>> params = {"weight_ih_l0": jnp.ones((1, 1)), "weight_hh_l0": 2 * jnp.ones((1, 1))}
    >>> rnn(jnp.array([[1.0], [0.0], [-9.0]]), None, params, nonlinearity="relu")[0][:, 0]
    Array([1., 2., 0.], dtype=float32)
    """
    check = _checks.of("rnn")
    kind = {"tanh": TANH, "relu": RELU}[
        check.option("nonlinearity", nonlinearity, ("tanh", "relu"))
    ]
    options = Options(batch_first, dropout, training, key, lengths)
    out, (h,) = layer(check, kind, input, hx, params, options)
    return out, h
