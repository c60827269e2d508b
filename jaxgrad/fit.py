"""Loss + params + optimizer + data -> fitted params: the one place where the pieces meet."""

import functools
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike

from . import _checks
from ._dtypes import wide
from .autograd import backward
from .autograd._leaves import merge, split

__all__ = ["Fit", "fit", "least_squares", "linear"]


class Fit(NamedTuple):
    """What a fit leaves behind.

    Attributes:
        params: the fitted parameters, in the structure and dtypes they came in.
        opt_state: the optimizer's last state.
        losses: (steps asked for,), the loss before each step; NaN after an early stop.
        steps: how many steps were taken, an integer scalar.
        converged: whether the loss changed by less than `tol`; False where no `tol` was given.
    """

    params: Any
    opt_state: Any
    losses: jax.Array
    steps: jax.Array
    converged: jax.Array


def fit(
    loss_fn: Callable[[Any, Any], Any],
    params: Any,
    optimizer: optax.GradientTransformation,
    data: Any,
    *,
    steps: int,
    tol: ArrayLike | None = None,
) -> Fit:
    """Full-batch gradient descent as one compiled program.

        lossᵢ, gᵢ = loss_fn and its gradient at (paramsᵢ, data);   paramsᵢ₊₁ = paramsᵢ + update(gᵢ)

    A second call with the same `loss_fn` and `optimizer` objects, `steps` and shapes compiles
    nothing: make the optimizer once, outside of loops.

    Args:
        loss_fn: `(params, data) -> loss`, a pure function; the loss a real scalar, or one element.
        params: any pytree; integer leaves are carried along unchanged.
        optimizer: any optax optimizer; it is given the loss, the gradient and the loss function,
            for those that search along a line.
        data: any pytree of arrays, handed to `loss_fn` as it is.
        steps: how many steps to take at most, at least 1.
        tol: stop once the loss changes by less than this from one step to the next, in the
            loss's units, unless the optimizer made no step at all; by default all steps are taken.
            A fit with `tol` can be differentiated in forward mode only.

    Returns:
        A `Fit`: params, opt_state, losses, steps, converged.

    Raises:
        TypeError: an argument is of the wrong kind, or params has no floating point leaf.
        ValueError: the loss is no scalar, steps or tol is not positive, or the fit diverged: the
            message names the first step whose loss is not finite, or the last step where only
            params are not. Under tracing that is checked under `checkify` only, and the parameters
            are NaN.

    Source: the training loop of https://docs.pytorch.org/docs/stable/optim.html

    Differs from PyTorch: a loop in PyTorch runs on with inf and NaN; this one raises.

    >>> import jax.numpy as jnp, optax
    >>> from jaxgrad.fit import fit
    >>> data = jnp.array([1.0, 2.0, 6.0])
    >>> def loss_fn(mean, data):
    ...     return ((data - mean) ** 2).mean()
    >>> result = fit(loss_fn, jnp.array(0.0), optax.sgd(0.25), data, steps=100, tol=1e-6)
    >>> result.params.round(2), bool(result.converged)
    (Array(3., dtype=float32), True)
    """
    if not callable(loss_fn):
        raise TypeError(_checks.wrong("fit", "loss_fn", "callable", type(loss_fn).__name__))
    if not (hasattr(optimizer, "init") and hasattr(optimizer, "update")):
        expected = "an optax.GradientTransformation"
        raise TypeError(_checks.wrong("fit", "optimizer", expected, type(optimizer).__name__))
    params, data = _checks.arrays("fit", "params", params), _checks.arrays("fit", "data", data)
    steps = _checks.integer("fit", "steps", steps, minimum=1)
    if steps >= 2**31:
        raise ValueError(_checks.wrong("fit", "steps", "below 2**31", steps))
    if tol is not None:
        tol = _checks.scalar("fit", "tol", tol)
        text = _checks.wrong("fit", "tol", "positive", "{tol}")
        _checks.holds(tol > 0, text, tol=lambda: tol)
    result, finite, step = _fit(
        params, data, tol, loss_fn=loss_fn, optimizer=optimizer, steps=steps
    )
    got = "loss {loss} at step {step} ({first} at step 0)"
    remedy = "lower the learning rate or scale the data"
    _checks.holds(
        finite,
        _checks.wrong("fit", "the loss and params", "finite at every step", got, remedy),
        loss=lambda: result.losses[step],
        step=lambda: step,
        first=lambda: result.losses[0],
    )
    return result


@functools.partial(jax.jit, static_argnames=("loss_fn", "optimizer", "steps"))
def _fit(
    params: Any, data: Any, tol: jax.Array | None, *, loss_fn: Any, optimizer: Any, steps: int
) -> tuple[Fit, jax.Array, jax.Array]:
    """The fit, NaN where it diverged; whether it stayed finite; and the step to name if not."""
    params, rest = split("fit", "params", params)
    params = jax.tree.map(lambda leaf: leaf.astype(leaf.dtype), params)  # no longer weakly typed
    update = optax.with_extra_args_support(optimizer).update

    def loss_of(params: Any) -> jax.Array:
        loss = _checks.floating("fit", "the loss", loss_fn(merge(params, rest), data))
        if loss.size != 1:
            raise ValueError(_checks.wrong("fit", "the loss", "a scalar", f"shape {loss.shape}"))
        return loss.reshape(())

    def step(state: Any) -> tuple[Any, jax.Array]:
        params, opt_state, finite_losses, finite, _ = state
        loss, grads = backward(loss_of)(params)
        updates, opt_state = update(
            grads, opt_state, params, value=loss, grad=grads, value_fn=loss_of
        )
        params = optax.apply_updates(params, updates)
        finite = finite & jnp.isfinite(loss)
        waiting = _any_nonzero(grads) & ~_any_nonzero(updates)
        return (params, opt_state, finite_losses + finite.astype(int), finite, waiting), loss

    start = (params, optimizer.init(params), jnp.zeros((), int), jnp.array(True), jnp.array(True))
    loop = _all_steps if tol is None else functools.partial(_until, tol)
    state, losses, taken, converged = loop(step, start, steps)

    params, opt_state, finite_losses, finite, _ = state
    for leaf in jax.tree.leaves(params):
        finite &= jnp.all(jnp.isfinite(leaf))
    params = jax.tree.map(lambda leaf: jnp.where(finite, leaf, jnp.nan), params)
    result = Fit(merge(params, rest), opt_state, losses, taken, converged)
    return result, finite, jnp.minimum(finite_losses, taken - 1)


def _any_nonzero(tree: Any) -> jax.Array:
    return functools.reduce(operator.or_, [jnp.any(leaf != 0) for leaf in jax.tree.leaves(tree)])


def _all_steps(step: Any, state: Any, steps: int) -> tuple[Any, jax.Array, jax.Array, jax.Array]:
    state, losses = jax.lax.scan(lambda state, _: step(state), state, length=steps)
    return state, losses, jnp.full((), steps, int), jnp.array(False)


def _until(
    tol: jax.Array, step: Any, state: Any, steps: int
) -> tuple[Any, jax.Array, jax.Array, jax.Array]:
    """Steps until the loss changes by less than `tol`, or is not finite.

    A loss that stayed because the optimizer waited (a rate of 0, gathered gradients) is no sign.
    """
    losses = jnp.full(steps, jnp.nan, jax.eval_shape(step, state)[1].dtype)

    def body(loop: Any) -> Any:
        (*_, waited), losses, taken, _, _ = loop
        state, loss = step(loop[0])
        # Before the first step the last place is read, which still holds NaN.
        change = jnp.abs(loss - losses[taken - 1]).astype(wide(loss.dtype))
        converged = (change < tol.astype(change.dtype)) & ~waited
        going = jnp.isfinite(loss) & ~converged
        return state, losses.at[taken].set(loss), taken + 1, converged, going

    start = (state, losses, jnp.zeros((), int), jnp.array(False), jnp.array(True))
    state, losses, taken, converged, _ = jax.lax.while_loop(
        lambda loop: loop[-1] & (loop[2] < steps), body, start
    )
    return state, losses, taken, converged


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
    if not isinstance(params, dict) or params.keys() != {"weight", "bias"}:
        got = list(params) if isinstance(params, dict) else type(params).__name__
        raise TypeError(_checks.wrong("linear", "params", 'a {"weight": …, "bias": …}', got))
    weight = _checks.floating("linear", "weight", params["weight"])
    bias = _checks.floating("linear", "bias", params["bias"])
    x = _checks.floating("linear", "x", x)
    if weight.ndim > 2:
        expected = "of shape (out, in), (in,) or ()"
        raise ValueError(_checks.wrong("linear", "weight", expected, f"shape {weight.shape}"))
    if weight.ndim and x.shape[-1:] != weight.shape[-1:]:
        expected = f"(..., in) for a weight of shape {weight.shape}"
        raise ValueError(_checks.wrong("linear", "x", expected, f"shape {x.shape}"))
    if bias.shape not in ((), weight.shape[:-1]):
        expected = f"of shape {weight.shape[:-1]} or ()"
        raise ValueError(_checks.wrong("linear", "bias", expected, f"shape {bias.shape}"))
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
            finite. Traced values are checked under `checkify` only, and where they fail the
            answer is NaN.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.lstsq.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.fit import least_squares
    >>> line = least_squares(jnp.array([0.0, 1.0, 2.0]), jnp.array([1.0, 3.0, 5.0]))
    >>> line["weight"].round(3), line["bias"].round(3)
    (Array(2., dtype=float32), Array(1., dtype=float32))
    """
    x = _checks.floating("least_squares", "x", x)
    y = _checks.floating("least_squares", "y", y)
    if x.ndim not in (1, 2) or x.size == 0:
        expected = "(samples,) or (samples, in), not empty"
        raise ValueError(_checks.wrong("least_squares", "x", expected, f"shape {x.shape}"))
    if y.ndim not in (1, 2) or y.shape[0] != x.shape[0]:
        expected = f"({x.shape[0]},) or ({x.shape[0]}, out)"
        raise ValueError(_checks.wrong("least_squares", "y", expected, f"shape {y.shape}"))
    params, finite, rank = _least_squares(x, y)
    text = _checks.wrong("least_squares", "x and y", "finite", "inf or nan")
    _checks.holds(finite, text)
    columns = 1 if x.ndim == 1 else x.shape[1]
    remedy = "drop constant or repeated columns, or add samples"
    text = _checks.wrong("least_squares", "x", f"of rank {columns} once centred", "{rank}", remedy)
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
    # Columns of one length, so that their units do not decide the rank; what is left of a constant
    # column is the rounding of its mean.
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
