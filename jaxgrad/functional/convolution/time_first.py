"""The convolution of arrays whose first axis is time."""

import functools

import jax
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._calls import called

from .._arguments import real_or_complex
from ._arguments import same_dtype
from ._geometry import Geometry
from ._products import biased, convolved
from ._run import of_parts


@called
def conv_tbc(input: ArrayLike, weight: ArrayLike, bias: ArrayLike, pad: int = 0) -> jax.Array:
    """Convolution along the first axis of an array (time, batch, channels).

        yₒ[t] = bₒ + Σ over c, i of w[i]cₒ · xc[t + i - pad]

    Args:
        input: x of shape (T, N, C), real or complex numbers.
        weight: w of shape (k, C, O), in the dtype of the input. The channels stand in another order
            than in `conv1d`.
        bias: b of shape (O), in the same dtype.
        pad: how many zeros stand before and after the input; a negative number crops.

    Returns:
        y of shape (T + 2·pad - k + 1, N, O), in the dtype of the input.

    Raises:
        TypeError: the dtypes differ or are not numeric; pad is not an integer.
        ValueError: the shapes do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_tbc.html

    Differs from PyTorch: a bias of another dtype is refused.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import conv_tbc
    >>> x = jnp.array([1.0, 2.0, 4.0]).reshape(3, 1, 1)
    >>> conv_tbc(x, jnp.array([[[1.0]], [[-1.0]]]), jnp.zeros(1)).ravel()
    Array([-1., -2.], dtype=float32)
    """
    check = _checks.of("conv_tbc")
    x = real_or_complex(check, "input", input)
    w, b = real_or_complex(check, "weight", weight), real_or_complex(check, "bias", bias)
    same_dtype(check, x, weight=w, bias=b)
    pad = check.integer("pad", pad, -(2**31))
    if x.ndim != 3:
        raise ValueError(check.wrong("input", "of shape (T, N, C)", f"shape {x.shape}"))
    if w.ndim != 3 or w.shape[1] != x.shape[2]:
        expected = f"of shape (k, {x.shape[2]}, O)"
        raise ValueError(check.wrong("weight", expected, f"shape {w.shape}"))
    if b.shape != (w.shape[2],):
        raise ValueError(check.wrong("bias", f"of shape ({w.shape[2]},)", f"shape {b.shape}"))
    if x.shape[0] + 2 * pad - w.shape[0] + 1 < 0:
        expected = f"of {w.shape[0] - 1} times or more once it is padded"
        raise ValueError(check.wrong("input", expected, f"{x.shape[0]} with pad={pad}"))
    return _conv_tbc(x, w, b, pad)


@functools.partial(jax.jit, static_argnames="pad")
def _conv_tbc(x: jax.Array, w: jax.Array, b: jax.Array, pad: int) -> jax.Array:
    geometry = Geometry((1,), ((pad, pad),), (1,))
    y = of_parts(convolved, x.transpose(1, 2, 0), w.transpose(2, 1, 0), geometry)
    return biased(y, b.astype(y.dtype)).transpose(2, 0, 1).astype(x.dtype)
