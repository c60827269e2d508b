"""The linear model and its exact fit."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import wide


def linear(params: Any, x: ArrayLike) -> jax.Array:
    """The linear model: `torch.nn.functional.linear`, its weight and bias in one pytree.

        y = x weightᵀ + bias

    Args:
        params: `{"weight": w, "bias": b}`. A weight of shape (out, in) maps (..., in) to
            (..., out), one of shape (in,) maps (..., in) to (...), and a scalar one scales x.
        x: inputs, floating point.

    Returns:
        Predictions, in the promoted dtype.

    Raises:
        TypeError: params is no such mapping, or an array is not floating point.
        ValueError: the shapes do not match.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html

    Differs from PyTorch: a scalar weight is allowed.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.fit import linear
    >>> linear({"weight": jnp.array(2.0), "bias": jnp.array(1.0)}, jnp.array([1.0, 3.0]))
    Array([3., 7.], dtype=float32)
    """
    check = _checks.of("linear")
    if not isinstance(params, dict) or params.keys() != {"weight", "bias"}:
        got = list(params) if isinstance(params, dict) else type(params).__name__
        raise TypeError(check.wrong("params", 'a {"weight": …, "bias": …}', got))
    weight = check.floating("weight", params["weight"])
    bias = check.floating("bias", params["bias"])
    x = check.floating("x", x)
    if weight.ndim > 2:
        expected = "of shape (out, in), (in,) or ()"
        raise ValueError(check.wrong("weight", expected, f"shape {weight.shape}"))
    if weight.ndim and x.shape[-1:] != weight.shape[-1:]:
        expected = f"(..., in) for a weight of shape {weight.shape}"
        raise ValueError(check.wrong("x", expected, f"shape {x.shape}"))
    if bias.shape not in ((), weight.shape[:-1]):
        expected = f"of shape {weight.shape[:-1]} or ()"
        raise ValueError(check.wrong("bias", expected, f"shape {bias.shape}"))
    product = x @ weight.T if weight.ndim else x * weight
    return product + jnp.broadcast_to(bias, product.shape)


def least_squares(x: ArrayLike, y: ArrayLike) -> dict[str, jax.Array]:
    """The exact answer to a linear fit: `linear`'s params of least mean squared error.

        weight, bias = argmin ‖x weightᵀ + bias - y‖²

    by a QR decomposition of the centred x. bfloat16 and float16 are solved in float32
    and rounded once.

    Args:
        x: inputs, (samples,) or (samples, in), floating point.
        y: targets, (samples,) or (samples, out), floating point.

    Returns:
        `{"weight": w, "bias": b}` in the promoted dtype. For an x of shape (samples,) the weight
        has y's shape without its samples, else that + (in,); the bias has y's without its samples.

    Raises:
        TypeError: x or y is not floating point.
        ValueError: the shapes do not match, or the answer is not unique: fewer samples than
            unknowns, or a column that is constant or a combination of others; or a value is not
            finite. Traced values are checked under `jaxgrad.checkify` only, and where they fail the
            answer is NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.lstsq.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.fit import least_squares
    >>> line = least_squares(jnp.array([0.0, 1.0, 2.0]), jnp.array([1.0, 3.0, 5.0]))
    >>> line["weight"].round(3), line["bias"].round(3)
    (Array(2., dtype=float32), Array(1., dtype=float32))
    """
    check = _checks.of("least_squares")
    x = check.floating("x", x)
    y = check.floating("y", y)
    if x.ndim not in (1, 2) or x.size == 0:
        expected = "(samples,) or (samples, in), not empty"
        raise ValueError(check.wrong("x", expected, f"shape {x.shape}"))
    if y.ndim not in (1, 2) or y.shape[0] != x.shape[0]:
        expected = f"({x.shape[0]},) or ({x.shape[0]}, out)"
        raise ValueError(check.wrong("y", expected, f"shape {y.shape}"))
    params, finite, rank = _least_squares(x, y)
    text = check.wrong("x and y", "finite", "inf or nan")
    _checks.holds(finite, text)
    columns = 1 if x.ndim == 1 else x.shape[1]
    remedy = "drop constant or repeated columns, or add samples"
    text = check.wrong("x", f"of rank {columns} once centred", "{rank}", remedy)
    _checks.holds(rank == columns, text, rank=lambda: rank)
    return params


@jax.jit
def _least_squares(x: jax.Array, y: jax.Array) -> tuple[dict[str, jax.Array], jax.Array, jax.Array]:
    """The answer, whether the data are finite, and the rank of the centred x."""
    dtype = jnp.result_type(x, y)
    columns = x.astype(wide(dtype)).reshape(x.shape[0], -1)
    targets = y.astype(wide(dtype)).reshape(y.shape[0], -1)
    centre, level = jnp.mean(columns, axis=0), jnp.mean(targets, axis=0)
    centred = columns - jnp.broadcast_to(centre, columns.shape)
    # Columns of one length, so that their units do not decide the rank. A constant column less its
    # mean is the rounding of that mean.
    length = jnp.linalg.norm(jax.lax.stop_gradient(centred), axis=0)
    rounding = jnp.finfo(columns.dtype).eps * jnp.linalg.norm(
        jax.lax.stop_gradient(columns), axis=0
    )
    scale = jnp.where(length > 4 * rounding, length, jnp.inf)
    scaled = centred / jnp.broadcast_to(scale, centred.shape)
    level_targets = targets - jnp.broadcast_to(level, targets.shape)
    rank = jnp.linalg.matrix_rank(jax.lax.stop_gradient(scaled))
    if scaled.shape[0] < scaled.shape[1]:  # fewer samples than unknowns: no answer
        weight = jnp.full((scaled.shape[1], targets.shape[1]), jnp.nan, scaled.dtype)
    else:
        # Its derivative, unlike that of singular values, exists where columns are orthogonal.
        q, r = jnp.linalg.qr(scaled)
        weight = jax.scipy.linalg.solve_triangular(r, q.T @ level_targets)
    weight = weight / jnp.broadcast_to(scale[:, None], weight.shape)
    finite = jnp.all(jnp.isfinite(columns)) & jnp.all(jnp.isfinite(targets))
    weight = jnp.where(finite & (rank == columns.shape[1]), weight, jnp.nan)
    bias = level - centre @ weight
    params = {
        "weight": weight.T.reshape(*y.shape[1:], *x.shape[1:]).astype(dtype),
        "bias": bias.reshape(y.shape[1:]).astype(dtype),
    }
    return params, finite, rank
