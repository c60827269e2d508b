"""The input times a smooth gate of itself, or of its other half."""

import functools
import math

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._complex import sigmoid as complex_sigmoid
from jaxgrad._dtypes import is_complex, widened
from jaxgrad._operands import by_slope, derivatives
from jaxgrad._sigmoids import logistic


def gelu(input: ArrayLike, approximate: str = "none") -> jax.Array:
    """Gaussian error linear unit.

        none: x Φ(x)     tanh: x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2

    with Φ(x) = (1 + erf(x / √2)) / 2, as PyTorch computes it: in the lower tail the result has an
    absolute error near that of x, where `jax.nn.gelu` has a relative one. The derivatives at ±∞ are
    NaN.

    Args:
        input: x, floating point, any shape.
        approximate: "none" or "tanh".

    Returns:
        y, of the input's shape and dtype; NaN at -∞, as in PyTorch.

    Raises:
        TypeError: the input is not floating point.
        ValueError: `approximate` is neither of the two.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.gelu.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import gelu
    >>> gelu(jnp.array(1.0))
    Array(0.8413447, dtype=float32)
    """
    check = _checks.of("gelu")
    x = check.floating("input", input)
    return _gelu(x, check.option("approximate", approximate, ("none", "tanh")))


@functools.partial(jax.jit, static_argnames="approximate")
def _gelu(input: jax.Array, approximate: str) -> jax.Array:
    (x,) = widened(input.dtype, input)
    return (_by_tanh if approximate == "tanh" else _by_erf)(x).astype(input.dtype)


def _normal_cdf(x: jax.Array) -> jax.Array:
    return 0.5 * jax.lax.erf(math.sqrt(0.5) * x) + 0.5


def _in_x(tangent: jax.Array, value: jax.Array, x: jax.Array) -> jax.Array:
    # The barrier makes XLA compute Φ again: to keep it from the forward pass costs more.
    x = jax.lax.optimization_barrier(x)
    density = math.sqrt(0.5 / math.pi) * jnp.exp(-0.5 * x * x)
    return tangent * (_normal_cdf(x) + x * density)


@derivatives(_in_x)
def _by_erf(x: jax.Array) -> jax.Array:
    return x * _normal_cdf(x)


_by_tanh = by_slope(functools.partial(jax.nn.gelu, approximate=True))


@called
def silu(input: ArrayLike) -> jax.Array:
    """Sigmoid linear unit, also called swish.

        y = x σ(x)

    The derivatives at ±∞ are NaN.

    Args:
        input: x, floating point or complex, any shape.

    Returns:
        y, of the input's shape and dtype; NaN at -∞, as in PyTorch.

    Raises:
        TypeError: the input is neither floating point nor complex.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.silu.html

    Differs from PyTorch: for complex numbers, as in `sigmoid`.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import silu
    >>> silu(jnp.array(1.0))
    Array(0.7310586, dtype=float32)
    """
    check = _checks.of("silu")
    x = check.array("input", input)
    return _silu(x if is_complex(x.dtype) else check.floating("input", x))


@jax.jit
def _silu(input: jax.Array) -> jax.Array:
    if is_complex(input.dtype):
        return input * complex_sigmoid(input)
    (x,) = widened(input.dtype, input)
    return _swish(x).astype(input.dtype)


@by_slope
def _swish(x: jax.Array) -> jax.Array:
    return x * logistic(x)


@called
def mish(input: ArrayLike) -> jax.Array:
    """The input times the hyperbolic tangent of its softplus.

        y = x tanh(log(1 + eˣ))

    The derivatives at ±∞ are NaN.

    Args:
        input: x, floating point, any shape.

    Returns:
        y, of the input's shape and dtype; NaN at -∞, as in PyTorch.

    Raises:
        TypeError: the input is not floating point.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.mish.html

    Differs from PyTorch: the second derivative is finite for large x too; PyTorch's is NaN where
    eˣ overflows.

    >>> from jaxgrad.functional import mish
    >>> round(float(mish(1.0)), 6)
    0.865098
    """
    return _mish(_checks.of("mish").floating("input", input))


@jax.jit
def _mish(input: jax.Array) -> jax.Array:
    (x,) = widened(input.dtype, input)
    return _gated_by_tanh(x).astype(input.dtype)


def _tanh_softplus(x: jax.Array) -> jax.Array:
    # With n = eˣ (eˣ + 2) it is n / (n + 2): one exponential, of -|x|, which does not overflow.
    e = jnp.exp(-jnp.abs(x))
    above, below = 1 + 2 * e, e * (e + 2)
    return jnp.where(x < 0, below / (below + 2), above / (above + 2 * e * e))


def _mish_in_x(tangent: jax.Array, value: jax.Array, x: jax.Array) -> jax.Array:
    x = jax.lax.optimization_barrier(x)  # as for gelu
    gate = _tanh_softplus(x)
    return tangent * (gate + x * logistic(x) * (1 - gate * gate))


@derivatives(_mish_in_x)
def _gated_by_tanh(x: jax.Array) -> jax.Array:
    return x * _tanh_softplus(x)


@called
def glu(input: ArrayLike, dim: int = -1) -> jax.Array:
    """Gated linear unit: one half of the input times the sigmoid of the other.

        y = a σ(b),   a and b the halves along an axis

    Args:
        input: floating point, of one dimension or more, of even size along `dim`.
        dim: the axis.

    Returns:
        y, of half the size along `dim`, in the input's dtype.

    Raises:
        TypeError: the input is not floating point, or dim is not an integer.
        ValueError: the input is 0-D, dim is out of range, or the size is odd.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.glu.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import glu
    >>> glu(jnp.array([1.0, 2.0, 0.0, 0.0]))
    Array([0.5, 1. ], dtype=float32)
    """
    check = _checks.of("glu")
    x = check.floating("input", input)
    if not x.ndim:
        raise ValueError(check.wrong("input", "of one dimension or more", "a scalar"))
    dim = check.axis("dim", dim, x.ndim)
    if x.shape[dim] % 2:
        expected = f"of even size along axis {dim}"
        raise ValueError(check.wrong("input", expected, f"shape {x.shape}"))
    return _glu(x, dim)


@functools.partial(jax.jit, static_argnames="dim")
def _glu(input: jax.Array, dim: int) -> jax.Array:
    (x,) = widened(input.dtype, input)
    a, b = jnp.split(x, 2, dim)
    return (a * logistic(b)).astype(input.dtype)
