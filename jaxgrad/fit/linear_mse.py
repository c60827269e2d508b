"""The mean squared error of a linear model from moments of the data: its steps read no rows.

A training loop reads all rows twice in every step, forward and backward. The mean squared error of
a linear model is quadratic in its parameters, so its second-order expansion is the loss itself.
Three passes over the data make the expansion; after that a step reads nothing.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import wide

from ._row_means import RowSharding, mean_over, resharded, row_sharding


class LinearMoments(NamedTuple):
    """The second-order expansion of `mse_loss(linear(params, x), y)`, in at least float32.

    With r = x weightᵀ + bias - y the residuals at `weight` and `bias`, the least-squares solution:

    Attributes:
        weight: (out, in), (in,) or (), as `linear` takes it.
        bias: (out,) or ().
        loss: (out,) or (), mean r².
        slope: like weight, mean r (x - centre): what rounding has left of zero.
        offset: like bias, mean r.
        centre: (in,) or (), mean x.
        covariance: (in, in) or (), mean (x - centre)(x - centre)ᵀ.
    """

    weight: jax.Array
    bias: jax.Array
    loss: jax.Array
    slope: jax.Array
    offset: jax.Array
    centre: jax.Array
    covariance: jax.Array


def linear_moments(x: ArrayLike, y: ArrayLike) -> LinearMoments:
    """The moments of data that `linear_mse` takes, in three passes and without a second array.

    Each device takes the rows that it holds. Under an outer `jit` that is known only for a mesh
    with explicit axes; otherwise the rows are gathered in chunks.

        centre = mean x,   covariance = mean (x - centre)(x - centre)ᵀ,   r at the least squares

    The loss is exact about any parameters. But the `weight` of the expansion comes from sums of
    products: if columns are nearly combinations of each other it has half of the digits that
    `least_squares` gives. Take coefficients from there.

    Args:
        x: inputs, (samples,) or (samples, in), floating point.
        y: targets, (samples,) or (samples, out), floating point; for an x of shape (samples,) of
            that shape too.

    Returns:
        The `LinearMoments`; NaN where the data are not finite.

    Raises:
        TypeError: x or y is not floating point.
        ValueError: the shapes do not match, or there are no samples.

    Source: Chan, Golub and LeVeque, Algorithms for computing the sample variance (1983):
    the two-pass algorithm

    >>> import jax.numpy as jnp
    >>> from jaxgrad.fit import linear_moments
    >>> of_data = linear_moments(jnp.array([0.0, 2.0]), jnp.array([1.0, 5.0]))
    >>> of_data.centre, of_data.covariance, of_data.weight
    (Array(1., dtype=float32), Array(1., dtype=float32), Array(2., dtype=float32))
    """
    check = _checks.of("linear_moments")
    x = check.floating("x", x)
    y = check.floating("y", y)
    if x.ndim not in (1, 2) or x.size == 0:
        expected = "(samples,) or (samples, in), not empty"
        raise ValueError(check.wrong("x", expected, f"shape {x.shape}"))
    if y.ndim not in (1, x.ndim) or y.shape[0] != x.shape[0]:
        expected = f"({x.shape[0]},)" + f" or ({x.shape[0]}, out)" * (x.ndim == 2)
        raise ValueError(check.wrong("y", expected, f"shape {y.shape}"))
    return _moments(x, y, over=row_sharding(x))


@functools.partial(jax.jit, static_argnames="over")
def _moments(x: jax.Array, y: jax.Array, *, over: RowSharding | None) -> LinearMoments:
    dtype = wide(jnp.result_type(x, y))
    columns, targets = (resharded(part.reshape(part.shape[0], -1), over) for part in (x, y))

    def mean(of_rows: Any, *centres: jax.Array, given: tuple[jax.Array, ...] = ()) -> Any:
        return mean_over(of_rows, columns, targets, dtype, over, centres=centres, given=given)

    centre, level = mean(lambda x, y: (jnp.sum(x, 0), jnp.sum(y, 0)))

    def products(x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
        return _dot(x, x), _dot(y, x)

    covariance, cross = mean(products, centre, level)
    weight = jax.lax.stop_gradient(
        _solved(covariance, cross)
    )  # the expansion about any point is exact

    def residuals(x: jax.Array, y: jax.Array, weight: jax.Array) -> tuple[jax.Array, ...]:
        r = jnp.matmul(x, weight.T, precision="highest") - y
        return jnp.sum(r * r, 0), _dot(r, x), jnp.sum(r, 0)

    loss, slope, offset = mean(residuals, centre, level, given=(weight,))
    inputs, outputs = x.shape[1:], y.shape[1:]
    return LinearMoments(
        weight.reshape(outputs + inputs),
        (level - jnp.matmul(weight, centre, precision="highest")).reshape(outputs),
        loss.reshape(outputs),
        slope.reshape(outputs + inputs),
        offset.reshape(outputs),
        centre.reshape(inputs),
        covariance.reshape(inputs + inputs),
    )


def _dot(a: jax.Array, b: jax.Array) -> jax.Array:
    """aᵀ b."""
    return jnp.matmul(a.T, b, precision="highest")


def _solved(covariance: jax.Array, cross: jax.Array) -> jax.Array:
    """The smallest solution of weight covariance = cross, even if columns are constant."""
    scale = jnp.sqrt(jnp.diagonal(covariance))
    scale = jnp.where(scale > 0, scale, 1)
    values, vectors = jnp.linalg.eigh(covariance / (scale[:, None] * scale[None, :]))
    least = jnp.finfo(values.dtype).eps * values.size * jnp.max(values)
    inverse = jnp.where(values > least, 1 / jnp.where(values > least, values, 1), 0)
    scale, inverse = (jnp.broadcast_to(row, cross.shape) for row in (scale, inverse))
    along = jnp.matmul(cross / scale, vectors, precision="highest") * inverse
    return jnp.matmul(along, vectors.T, precision="highest") / scale


def linear_mse(params: Any, data: LinearMoments) -> jax.Array:
    """`mse_loss(linear(params, x), y)` from the moments of x and y: a loss for `fit`.

        d = weight - weight₀,   e = bias - bias₀ + centre dᵀ
        loss = mean over out of loss₀ + 2 slope·d + 2 offset e + d covariance dᵀ + e²

    the expansion about the least-squares solution; it has no higher terms.

    Args:
        params: `{"weight": w, "bias": b}` of the shapes that the moments have: (out, in) and (out,)
            or (), (in,) and (), or () and ().
        data: the `LinearMoments` of x and y, from `linear_moments(x, y)`.

    Returns:
        The loss, a scalar in the promoted dtype of params and data.

    Raises:
        TypeError: params is no such mapping or not floating point, or data is no `LinearMoments`.
        ValueError: the shapes do not match.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.mse_loss.html

    Differs from PyTorch: no array as large as the data is made or read.

    >>> import jax.numpy as jnp, optax
    >>> from jaxgrad.fit import fit, linear_moments, linear_mse
    >>> data = linear_moments(jnp.array([-1.0, 0.0, 1.0]), jnp.array([1.0, 3.0, 5.0]))
    >>> params = {"weight": jnp.array(0.0), "bias": jnp.array(0.0)}
    >>> line = fit(linear_mse, params, optax.sgd(0.3), data, steps=100).params
    >>> round(float(line["weight"]), 3), round(float(line["bias"]), 3)
    (2.0, 3.0)
    """
    check = _checks.of("linear_mse")
    if not isinstance(params, dict) or params.keys() != {"weight", "bias"}:
        got = list(params) if isinstance(params, dict) else type(params).__name__
        raise TypeError(check.wrong("params", 'a {"weight": …, "bias": …}', got))
    if not isinstance(data, LinearMoments):
        expected = "what linear_moments(x, y) gave"
        raise TypeError(check.wrong("data", expected, type(data).__name__))
    weight = check.floating("weight", params["weight"])
    bias = check.floating("bias", params["bias"])
    if weight.shape != data.weight.shape:
        expected = f"of shape {data.weight.shape}"
        raise ValueError(check.wrong("weight", expected, weight.shape))
    if bias.shape not in ((), data.bias.shape):
        expected = f"of shape {data.bias.shape} or ()"
        raise ValueError(check.wrong("bias", expected, bias.shape))
    return _linear_mse(weight, bias, data)


@jax.jit
def _linear_mse(weight: jax.Array, bias: jax.Array, data: LinearMoments) -> jax.Array:
    dtype = jnp.result_type(weight, bias, data.loss)
    columns = data.centre.size
    d = (weight.astype(dtype) - data.weight.astype(dtype)).reshape(-1, columns)
    centre, covariance = data.centre.reshape(-1), data.covariance.reshape(columns, columns)
    moved = jnp.broadcast_to(bias, data.bias.shape).astype(dtype) - data.bias.astype(dtype)
    e = moved.reshape(-1) + jnp.matmul(d, centre.astype(dtype), precision="highest")
    curved = jnp.matmul(d, covariance.astype(dtype), precision="highest")
    slope = data.slope.reshape(d.shape).astype(dtype)
    of_outputs = data.loss.reshape(-1).astype(dtype) + jnp.sum(d * (2 * slope + curved), 1)
    return jnp.mean(of_outputs + e * (2 * data.offset.reshape(-1).astype(dtype) + e))
