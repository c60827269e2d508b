"""The sigmoid, its logarithm and its integral, and functions of a similar shape."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._complex import sigmoid as complex_sigmoid
from jaxgrad._dtypes import is_complex, widened
from jaxgrad._operands import along, derivatives
from jaxgrad._sigmoids import logistic, logistic_as_slope
from jaxgrad._sigmoids import tanh as real_tanh
from jaxgrad.tensor.pointwise import magnitude

from .._arguments import NUMBERS, as_float, as_inexact, compiled


def sigmoid(input: ArrayLike) -> jax.Array:
    """Logistic sigmoid: `torch.sigmoid`, `torch.nn.functional.sigmoid`.

        y = 1 / (1 + exp(-x))

    Args:
        input: x, any shape; integers, truth values and complex numbers too.

    Returns:
        y, of the input's shape and dtype; float32 for integers and truth values.

    Raises:
        TypeError: the input is not an array of numbers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.sigmoid.html

    Differs from PyTorch: for complex numbers with a large negative real part the result is about
    eˣ, and at last 0; PyTorch's is NaN.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import sigmoid
    >>> sigmoid(jnp.array(0.0))
    Array(0.5, dtype=float32)
    """
    return _sigmoid(as_inexact(_checks.of("sigmoid"), input))


@jax.jit
def _sigmoid(input: jax.Array) -> jax.Array:
    if is_complex(input.dtype):
        return complex_sigmoid(input)
    (x,) = widened(input.dtype, input)
    return logistic(x).astype(input.dtype)


def tanh(input: ArrayLike) -> jax.Array:
    """Hyperbolic tangent: `torch.tanh`, `torch.nn.functional.tanh`.

        y = (eˣ - e⁻ˣ) / (eˣ + e⁻ˣ)

    Args:
        input: x, any shape; integers and truth values too.

    Returns:
        y, of the input's shape and dtype; float32 for integers and truth values.

    Raises:
        TypeError: the input is not an array of numbers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.tanh.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import tanh
    >>> tanh(jnp.array([-jnp.inf, 0.0, 0.5]))
    Array([-1.        ,  0.        ,  0.46211717], dtype=float32)
    """
    return _tanh(as_inexact(_checks.of("tanh"), input))


@jax.jit
def _tanh(input: jax.Array) -> jax.Array:
    if is_complex(input.dtype):
        return jnp.tanh(input)
    (x,) = widened(input.dtype, input)
    return real_tanh(x).astype(input.dtype)


@jax.custom_jvp
def _softplus(x: jax.Array, kink: jax.Array) -> jax.Array:
    """log(1 + eˣ), whose derivative is σ(x), and whose second derivative at the kink is 0."""
    return jnp.maximum(x, 0) + jnp.log1p(jnp.exp(-jnp.abs(x)))


@_softplus.defjvp
def _softplus_jvp(
    primals: tuple[jax.Array, jax.Array], tangents: tuple[jax.Array, jax.Array]
) -> tuple[jax.Array, jax.Array]:
    x, kink = primals
    constant_there = jnp.where(x == kink, jax.lax.stop_gradient(x), x)
    return _softplus(x, kink), logistic_as_slope(constant_there) * tangents[0]


def softplus(input: ArrayLike, beta: ArrayLike = 1.0, threshold: ArrayLike = 20.0) -> jax.Array:
    """A smooth rectifier: `torch.nn.functional.softplus`.

        y = x where β x > threshold, log(1 + exp(β x)) / β elsewhere

    The derivative is exactly 1 above the threshold. At the threshold it is σ(β x), and the second
    derivative there 0.

    Args:
        input: x, floating point, any shape.
        beta: the sharpness β, a scalar.
        threshold: where β x is above it, y is x, a scalar.

    Returns:
        y, of the input's shape and dtype.

    Raises:
        TypeError: the input is not floating point, or another argument is not a number.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softplus.html

    Differs from PyTorch: no overflow below a large threshold, where PyTorch gives ∞.

    >>> import jax
    >>> from jaxgrad.functional import softplus
    >>> jax.grad(softplus)(2.0, beta=5.0, threshold=1.0)
    Array(1., dtype=float32, weak_type=True)
    """
    check = _checks.of("softplus")
    x = check.floating("input", input)
    beta = check.number("beta", beta)
    return _scaled_softplus(x, beta, check.number("threshold", threshold))


@compiled(1.0, 20.0)
def _scaled_softplus(input: jax.Array, beta: jax.Array, threshold: jax.Array) -> jax.Array:
    x, beta, threshold = widened(input.dtype, input, beta, threshold)
    linear = beta * x > threshold
    curve = _softplus(beta * jnp.where(linear, 0, x), threshold) / beta
    return jnp.where(linear, x, curve).astype(input.dtype)


def logsigmoid(input: ArrayLike) -> jax.Array:
    """The logarithm of the sigmoid.

        y = log σ(x) = -log(1 + exp(-x))

    Args:
        input: x, floating point, any shape.

    Returns:
        y, of the input's shape and dtype.

    Raises:
        TypeError: the input is not floating point.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.logsigmoid.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import logsigmoid
    >>> logsigmoid(jnp.array([-1000.0, 0.0]))
    Array([-1.000000e+03, -6.931472e-01], dtype=float32)
    """
    return _logsigmoid(_checks.of("logsigmoid").floating("input", input))


@jax.jit
def _logsigmoid(input: jax.Array) -> jax.Array:
    x, no_kink = widened(input.dtype, input, jnp.nan)
    return (-_softplus(-x, no_kink)).astype(input.dtype)


def softsign(input: ArrayLike) -> jax.Array:
    """A sigmoid that approaches its ends as slowly as 1 / x.

        y = x / (1 + |x|)

    The derivative at 0 is 1 and the second derivative there 0; at ±∞ all are NaN.

    Args:
        input: x, integers, floating point or complex numbers, any shape.

    Returns:
        y, of the input's shape and dtype; float32 for integers.

    Raises:
        TypeError: the input is not an array of numbers, or it is bool.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softsign.html

    Differs from PyTorch: integers do not wrap around; PyTorch gives -0.99 for 127 in int8.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import softsign
    >>> softsign(jnp.array([-1.0, 0.0, 3.0]))
    Array([-0.5 ,  0.  ,  0.75], dtype=float32)
    """
    check = _checks.of("softsign")
    x = check.array("input", input)
    return _softsign(x if is_complex(x.dtype) else as_float(check.real("input", x, NUMBERS)))


@jax.jit
def _softsign(input: jax.Array) -> jax.Array:
    if is_complex(input.dtype):
        return _complex_fraction(input)
    (x,) = widened(input.dtype, input)
    return _fraction(x).astype(input.dtype)


# The quotient rule would subtract numbers that are nearly equal.
@derivatives(lambda t, y, x: along(t, _squared_inverse(x)))
def _fraction(x: jax.Array) -> jax.Array:
    return x / (1 + jnp.abs(x))


def _in_fraction(t: jax.Array, y: jax.Array, x: jax.Array) -> jax.Array:
    """The part of the tangent along x is divided by (1 + |x|)², the part across it by 1 + |x|."""
    size = magnitude(x)
    unit = jnp.where(size == 0, 1, x / jnp.where(size == 0, 1, size).astype(x.dtype))
    turned, below = t * jnp.conj(unit), 1 + size
    return unit * jax.lax.complex(turned.real / below / below, turned.imag / below)


@derivatives(_in_fraction)
def _complex_fraction(x: jax.Array) -> jax.Array:
    return x / (1 + magnitude(x)).astype(x.dtype)


@derivatives(lambda t, y, x: t * (-2 * jnp.sign(x) * y / (1 + jnp.abs(x))))
def _squared_inverse(x: jax.Array) -> jax.Array:
    """1 / (1 + |x|)², and NaN where x is not finite, as PyTorch's is."""
    inverse = 1 / (1 + jnp.abs(x))
    return jnp.where(jnp.isinf(x), jnp.nan, inverse * inverse)
