"""The distributions of initial weights as data, for any source of random numbers.

A `Draw` says which numbers are drawn; a source (a key, or the state of a generator) draws them.
Scales are computed as PyTorch computes them, operation by operation in Python's floats. So a source
of PyTorch's numbers gives PyTorch's weights.
"""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxgrad._checks import Checks

GAINS = {
    "linear": 1.0,
    "conv1d": 1.0,
    "conv2d": 1.0,
    "conv3d": 1.0,
    "conv_transpose1d": 1.0,
    "conv_transpose2d": 1.0,
    "conv_transpose3d": 1.0,
    "sigmoid": 1.0,
    "tanh": 5.0 / 3,
    "relu": math.sqrt(2.0),
    "leaky_relu": None,  # depends on the slope
    "selu": 3.0 / 4,
}


class Draw(NamedTuple):
    """The numbers that fill one array.

    Attributes:
        name: the array that is filled; a later draw of that name overwrites it.
        shape: the shape of the numbers drawn, in PyTorch's layout.
        kind: "uniform", "normal", "constant", or "randperm".
        args: the parameters of that kind in PyTorch's order: (a, b), (mean, std), (value,), or ()
            for a permutation of range(rows) in each column, first column first.
        row: the only row that is filled, or None for all rows.
    """

    name: str
    shape: tuple[int, ...]
    kind: str
    args: tuple[Any, ...] = ()
    row: int | None = None


def gain(check: Checks, nonlinearity: Any, argument: str, slope: Any) -> float:
    """The gain of a nonlinearity; `slope`, named `argument` in messages, is that of leaky_relu."""
    value = GAINS[check.option("nonlinearity", nonlinearity, tuple(GAINS))]
    if value is None:
        slope = 0.01 if slope is None else check.static_number(argument, slope)
        value = math.sqrt(2.0 / (1 + slope * slope))
    return value


def fans(check: Checks, shape: tuple[int, ...]) -> tuple[int, int]:
    """fan_in and fan_out of a weight in PyTorch's layout."""
    if len(shape) < 2:
        raise ValueError(check.wrong("shape", "of at least 2 dimensions", shape))
    receptive = math.prod(shape[2:])
    return shape[1] * receptive, shape[0] * receptive


def xavier_std(check: Checks, shape: tuple[int, ...], gain: Any) -> Any:
    """The standard deviation gain √(2 / (fan_in + fan_out)); 0 where there is nothing to fill."""
    total = sum(fans(check, shape))
    return gain * math.sqrt(2.0 / total) if total else gain * 0.0


def kaiming_std(
    check: Checks, shape: tuple[int, ...], a: Any, mode: Any, nonlinearity: Any
) -> float:
    """The standard deviation gain / √fan; 0 where there is nothing to fill."""
    mode = mode.lower() if isinstance(mode, str) else mode
    mode = check.option("mode", mode, ("fan_in", "fan_out"))
    fan = fans(check, shape)[mode == "fan_out"]
    scale = gain(check, nonlinearity, "a", a)
    return scale / math.sqrt(fan) if fan else 0.0


def uniform(name: str, shape: tuple[int, ...], std: Any) -> Draw:
    """Uniform about 0 with a standard deviation."""
    bound = math.sqrt(3.0) * std
    return Draw(name, shape, "uniform", (-bound, bound))


def normal(name: str, shape: tuple[int, ...], std: Any) -> Draw:
    """Normal about 0 with a standard deviation."""
    return Draw(name, shape, "normal", (0.0, std))


def orthogonal(shape: tuple[int, ...]) -> Draw:
    """The random matrix whose orthogonal factor becomes the weight."""
    return Draw("weight", (shape[0], math.prod(shape[1:])), "normal", (0.0, 1.0))


def orthogonalised(matrix: jax.Array, gain: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Gain times Q of the QR decomposition with a positive diagonal of R, for wide ones of Wᵀ."""
    wide = matrix.shape[0] < matrix.shape[1]
    q, r = jnp.linalg.qr(matrix.T if wide else matrix)
    q = q * jnp.where(jnp.diagonal(r) < 0, -1, 1).astype(q.dtype)[None, :]
    return (q.T if wide else q).reshape(shape) * gain


def sparse(shape: tuple[int, ...], std: Any) -> tuple[Draw, Draw]:
    """The values of a matrix, and for each column the order in which its rows become 0."""
    return normal("weight", shape, std), Draw("order", shape, "randperm")


def sparsified(values: jax.Array, order: jax.Array, zeros: int) -> jax.Array:
    """The values, with 0 in the rows that are among the first `zeros` of their column's order."""
    return jnp.where(jnp.argsort(order, axis=0) < zeros, jnp.zeros_like(values), values)
