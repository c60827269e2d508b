"""Default parameters of the layers that multiply by a matrix or pick its rows."""

import jax
from jax.typing import DTypeLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad.init import _draws, _layer_draws


@called
def linear(
    key: jax.Array,
    in_features: int,
    out_features: int,
    bias: bool = True,
    *,
    dtype: DTypeLike | None = None,
) -> dict[str, jax.Array]:
    """Default parameters of `torch.nn.Linear`.

        weight, bias ~ U[-r, r),   r = 1/√in_features

    Args:
        key: a typed key.
        in_features: size of an input.
        out_features: size of an output.
        bias: whether there is a bias.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        A dict of arrays: weight (out_features, in_features), and bias (out_features,) if asked.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: a negative size.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html

    Differs from PyTorch: bias must be True or False; returns a flat dict of arrays
    under the names of the state_dict.

    >>> import jax
    >>> from jaxgrad import init
    >>> params = init.linear(jax.random.key(0), 3, 5)
    >>> {name: value.shape for name, value in params.items()}
    {'weight': (5, 3), 'bias': (5,)}
    """
    check = _checks.of("linear")
    draws = _layer_draws.linear(check, in_features, out_features, bias)
    return _draws.parameters(check, key, draws, dtype)


@called
def bilinear(
    key: jax.Array,
    in1_features: int,
    in2_features: int,
    out_features: int,
    bias: bool = True,
    *,
    dtype: DTypeLike | None = None,
) -> dict[str, jax.Array]:
    """Default parameters of `torch.nn.Bilinear`.

        weight, bias ~ U[-r, r),   r = 1/√in1_features

    Args:
        key: a typed key.
        in1_features: size of a first input, at least 1.
        in2_features: size of a second input.
        out_features: size of an output.
        bias: whether there is a bias.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        A dict of arrays: weight (out_features, in1_features, in2_features), and bias
        (out_features,) if asked.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: a size is out of range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Bilinear.html

    Differs from PyTorch: bias must be True or False; returns a flat dict of arrays
    under the names of the state_dict.

    >>> import jax
    >>> from jaxgrad import init
    >>> params = init.bilinear(jax.random.key(0), 3, 4, 5)
    >>> {name: value.shape for name, value in params.items()}
    {'weight': (5, 3, 4), 'bias': (5,)}
    """
    check = _checks.of("bilinear")
    draws = _layer_draws.bilinear(check, in1_features, in2_features, out_features, bias)
    return _draws.parameters(check, key, draws, dtype)


@called
def embedding(
    key: jax.Array,
    num_embeddings: int,
    embedding_dim: int,
    padding_idx: int | None = None,
    *,
    dtype: DTypeLike | None = None,
) -> dict[str, jax.Array]:
    """Default parameters of `torch.nn.Embedding`.

        weight ~ N(0, 1),   weight[padding_idx] = 0

    Args:
        key: a typed key.
        num_embeddings: the number of rows.
        embedding_dim: size of a row.
        padding_idx: the row that is 0, counted from the end if negative; None for no such row.
        dtype: a real floating point dtype; by default JAX's default float.

    Returns:
        A dict of one array: weight (num_embeddings, embedding_dim).

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: a negative size, or padding_idx is not a row.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html

    Differs from PyTorch: a padding_idx that is not a row is a ValueError (PyTorch 2.13:
    AssertionError or IndexError); returns a flat dict of arrays under the names of the state_dict.

    >>> import jax
    >>> from jaxgrad import init
    >>> params = init.embedding(jax.random.key(0), 3, 2, padding_idx=0)
    >>> params["weight"][0]
    Array([0., 0.], dtype=float32)
    """
    check = _checks.of("embedding")
    draws = _layer_draws.embedding(check, num_embeddings, embedding_dim, padding_idx)
    return _draws.parameters(check, key, draws, dtype)
