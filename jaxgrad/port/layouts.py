"""The layouts of PyTorch's weights, and functions that convert them to flax's.

A layout is a function from PyTorch's array to JAX's. Any function of an array can be one if it only
moves elements: a gradient is then converted just as the weight is.
"""

from collections.abc import Callable

import numpy as np

Layout = Callable[[np.ndarray], np.ndarray]


def same(weight: np.ndarray) -> np.ndarray:
    """The same array: a bias, an embedding, the scale of a norm, and every weight of equinox.

    >>> import numpy as np
    >>> same(np.ones((2, 3))).shape
    (2, 3)
    """
    return weight


embedding = norm = bias = same


def linear(weight: np.ndarray) -> np.ndarray:
    """`nn.Linear`'s (out, in) as (in, out), which `x @ w` and flax take.

    >>> import numpy as np
    >>> linear(np.ones((2, 3))).shape
    (3, 2)
    """
    return weight.T


def conv(weight: np.ndarray) -> np.ndarray:
    """The (out, in / groups, *kernel) of `nn.Conv1d` to `nn.Conv3d` as (*kernel, in / groups, out).

    That is flax's layout.

    >>> import numpy as np
    >>> conv(np.ones((8, 3, 5, 4))).shape
    (5, 4, 3, 8)
    """
    return np.transpose(weight, (*range(2, weight.ndim), 1, 0))


def conv_transpose(weight: np.ndarray) -> np.ndarray:
    """`nn.ConvTranspose2d`'s (in, out, *kernel) as flax's (*kernel, in, out), flipped.

    PyTorch computes the gradient of a convolution; flax slides the kernel without flipping it.

    >>> import numpy as np
    >>> conv_transpose(np.ones((8, 3, 5, 4))).shape
    (5, 4, 8, 3)
    """
    kernel = tuple(range(2, weight.ndim))
    return np.transpose(np.flip(weight, kernel), (*kernel, 0, 1))


def gate(index: int, of: int) -> Layout:
    """One gate of a weight of `nn.LSTM` (i, f, g, o: of=4) or `nn.GRU` (r, z, n: of=3).

    PyTorch stacks the rows of all gates. A matrix is also transposed, to the (in, out) that flax's
    `LSTMCell` has in `ii`, `if_`, `hi` and so on.

    >>> import numpy as np
    >>> gate(1, of=4)(np.ones((20, 3))).shape
    (3, 5)
    """

    def layout(weight: np.ndarray) -> np.ndarray:
        return np.split(weight, of)[index].T

    return layout


def attention_in(part: int, heads: int) -> Layout:
    """The query's (0), key's (1) or value's (2) part of `in_proj_weight` or `in_proj_bias`.

    A weight (3 embed, embed) becomes flax's (embed, heads, embed / heads), a bias (3 embed,) its
    (heads, embed / heads).

    >>> import numpy as np
    >>> attention_in(2, heads=4)(np.ones((24, 8))).shape
    (8, 4, 2)
    """

    def layout(weight: np.ndarray) -> np.ndarray:
        matrix = np.split(weight, 3)[part].T
        return matrix.reshape(*matrix.shape[:-1], heads, -1)

    return layout


def attention_out(heads: int) -> Layout:
    """`out_proj.weight`, (embed, embed), as flax's (heads, embed / heads, embed).

    >>> import numpy as np
    >>> attention_out(heads=4)(np.ones((8, 8))).shape
    (4, 2, 8)
    """

    def layout(weight: np.ndarray) -> np.ndarray:
        return weight.T.reshape(heads, -1, weight.shape[0])

    return layout
