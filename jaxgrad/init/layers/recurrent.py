"""Default parameters of the recurrent layers."""

import jax
from jax.typing import DTypeLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad.init import _draws, _layer_draws


@called
def rnn(
    key: jax.Array,
    input_size: int,
    hidden_size: int,
    num_layers: int = 1,
    *,
    bias: bool = True,
    bidirectional: bool = False,
    dtype: DTypeLike | None = None,
) -> dict[str, jax.Array]:
    """Default parameters of `torch.nn.RNN`.

        every parameter ~ U[-r, r),   r = 1/√hidden_size

    Args:
        key: a typed key.
        input_size: size of an input, at least 1.
        hidden_size: size of the hidden state, at least 1.
        num_layers: the number of layers, at least 1.
        bias: whether there are biases.
        bidirectional: whether each layer also runs backwards.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        A dict of arrays, where G is hidden_size: for each layer k weight_ih_lk (G, its inputs),
        weight_hh_lk (G, its outputs), bias_ih_lk (G,) and bias_hh_lk (G,) if asked; and the same
        with the ending _reverse if bidirectional.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: a size is out of range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html

    Differs from PyTorch: takes only what the parameters depend on, from bias on by
    keyword; returns a flat dict of arrays under the names of the state_dict.

    >>> import jax
    >>> from jaxgrad import init
    >>> params = init.rnn(jax.random.key(0), 3, 4)
    >>> {name: value.shape for name, value in params.items()}
    {'weight_ih_l0': (4, 3), 'weight_hh_l0': (4, 4), 'bias_ih_l0': (4,), 'bias_hh_l0': (4,)}
    """
    check, sizes = _checks.of("rnn"), (input_size, hidden_size, num_layers)
    draws = _layer_draws.recurrent(check, 1, sizes, bias, bidirectional)
    return _draws.parameters(check, key, draws, dtype)


@called
def lstm(
    key: jax.Array,
    input_size: int,
    hidden_size: int,
    num_layers: int = 1,
    bias: bool = True,
    *,
    bidirectional: bool = False,
    proj_size: int = 0,
    dtype: DTypeLike | None = None,
) -> dict[str, jax.Array]:
    """Default parameters of `torch.nn.LSTM`.

        every parameter ~ U[-r, r),   r = 1/√hidden_size

    Args:
        key: a typed key.
        input_size: size of an input, at least 1.
        hidden_size: size of the hidden state, at least 1.
        num_layers: the number of layers, at least 1.
        bias: whether there are biases.
        bidirectional: whether each layer also runs backwards.
        proj_size: the size that the hidden state is projected to, less than hidden_size; 0 for no
            projection.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        A dict of arrays, where G is 4 hidden_size: for each layer k weight_ih_lk (G, its inputs),
        weight_hh_lk (G, its outputs), bias_ih_lk (G,) and bias_hh_lk (G,) if asked,
        weight_hr_lk (proj_size, hidden_size) if projected; and the same with the
        ending _reverse if bidirectional.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: a size is out of range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html

    Differs from PyTorch: takes only what the parameters depend on, from bidirectional on by
    keyword; returns a flat dict of arrays under the names of the state_dict.

    >>> import jax
    >>> from jaxgrad import init
    >>> params = init.lstm(jax.random.key(0), 3, 4)
    >>> {name: value.shape for name, value in params.items()}
    {'weight_ih_l0': (16, 3), 'weight_hh_l0': (16, 4), 'bias_ih_l0': (16,), 'bias_hh_l0': (16,)}
    """
    check, sizes = _checks.of("lstm"), (input_size, hidden_size, num_layers)
    draws = _layer_draws.recurrent(check, 4, sizes, bias, bidirectional, proj_size)
    return _draws.parameters(check, key, draws, dtype)


@called
def gru(
    key: jax.Array,
    input_size: int,
    hidden_size: int,
    num_layers: int = 1,
    bias: bool = True,
    *,
    bidirectional: bool = False,
    dtype: DTypeLike | None = None,
) -> dict[str, jax.Array]:
    """Default parameters of `torch.nn.GRU`.

        every parameter ~ U[-r, r),   r = 1/√hidden_size

    Args:
        key: a typed key.
        input_size: size of an input, at least 1.
        hidden_size: size of the hidden state, at least 1.
        num_layers: the number of layers, at least 1.
        bias: whether there are biases.
        bidirectional: whether each layer also runs backwards.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        A dict of arrays, where G is 3 hidden_size: for each layer k weight_ih_lk (G, its inputs),
        weight_hh_lk (G, its outputs), bias_ih_lk (G,) and bias_hh_lk (G,) if asked; and the same
        with the ending _reverse if bidirectional.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: a size is out of range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html

    Differs from PyTorch: takes only what the parameters depend on, from bidirectional on by
    keyword; returns a flat dict of arrays under the names of the state_dict.

    >>> import jax
    >>> from jaxgrad import init
    >>> params = init.gru(jax.random.key(0), 3, 4)
    >>> {name: value.shape for name, value in params.items()}
    {'weight_ih_l0': (12, 3), 'weight_hh_l0': (12, 4), 'bias_ih_l0': (12,), 'bias_hh_l0': (12,)}
    """
    check, sizes = _checks.of("gru"), (input_size, hidden_size, num_layers)
    draws = _layer_draws.recurrent(check, 3, sizes, bias, bidirectional)
    return _draws.parameters(check, key, draws, dtype)
