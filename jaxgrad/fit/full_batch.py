"""Full-batch gradient descent as one compiled program."""

import functools
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.core import Tracer
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._dtypes import wide
from jaxgrad._leaves import merge, split

from ._descent import check, descend, scalar_loss, strongly_typed
from ._divergence import remedy


class Fit(NamedTuple):
    """The result of `fit`.

    Attributes:
        params: the fitted parameters, in the structure and dtypes they came in.
        opt_state: the optimizer's last state.
        losses: (steps asked for,), the loss before each step; NaN after an early stop.
        steps: the number of steps taken, an integer scalar.
        converged: whether the loss changed by less than `tol`; False without a `tol`.
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
        optimizer: any optax optimizer. One that searches along a line gets the loss, the gradient
            and the loss function.
        data: any pytree of arrays, handed to `loss_fn` as it is.
        steps: take at most this many steps, at least 1.
        tol: stop once the loss changes by less than this from one step to the next, unless the
            optimizer did not move; by default all steps are taken. A fit with `tol` can be
            differentiated in forward mode only.

    Returns:
        A `Fit`: params, opt_state, losses, steps, converged.

    Raises:
        TypeError: an argument is of the wrong kind, or params has no floating point leaf.
        ValueError: the loss is no scalar, steps or tol is not positive, or the fit diverged. The
            message then names the first step whose loss is not finite (the last step if only the
            params are not), and the rate that the largest curvature at the start allows. Under
            tracing divergence is reported under `jaxgrad.checkify` only, and the params are NaN.

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
    check("fit", loss_fn, optimizer)
    checks = _checks.of("fit")
    params = checks.arrays("params", params)
    data = checks.arrays("data", data)
    steps = checks.integer("steps", steps, minimum=1)
    if steps >= 2**31:
        raise ValueError(checks.wrong("steps", "below 2**31", steps))
    if tol is not None:
        tol = checks.scalar("tol", tol)
        text = checks.wrong("tol", "positive", "{tol}")
        _checks.holds(tol > 0, text, tol=lambda: tol)
    result, failed = _fit(params, data, tol, loss_fn=loss_fn, optimizer=optimizer, steps=steps)
    traced = isinstance(failed, Tracer)
    if not traced and failed.item() < 0:
        return result
    got = "loss {loss} at step {step} ({first} at step 0)"
    told = "lower the learning rate or scale the data"
    if not traced:
        told = remedy(loss_fn, params, data).replace("{", "{{").replace("}", "}}")
    _checks.holds(
        failed < 0,
        _checks.wrong(
            *("fit", "the loss and params", "finite at every step", got),
            told,
        ),
        loss=lambda: result.losses[failed],
        step=lambda: failed,
        first=lambda: result.losses[0],
    )
    return result


@functools.partial(jax.jit, static_argnames=("loss_fn", "optimizer", "steps"))
def _fit(
    params: Any, data: Any, tol: jax.Array | None, *, loss_fn: Any, optimizer: Any, steps: int
) -> tuple[Fit, jax.Array]:
    """The fit, NaN if it diverged, and the step to name then; -1 if it stayed finite."""
    params, rest = split("fit", "params", params)
    params = strongly_typed(params)
    loss_of = scalar_loss("fit", loss_fn, rest, data)

    def step(state: Any) -> tuple[Any, jax.Array]:
        params, opt_state, finite_losses, finite, _ = state
        params, opt_state, loss, grads, updates = descend(loss_of, optimizer, params, opt_state)
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
    return result, jnp.where(finite, -1, jnp.minimum(finite_losses, taken - 1))


def _any_nonzero(tree: Any) -> jax.Array:
    return functools.reduce(operator.or_, [jnp.any(leaf != 0) for leaf in jax.tree.leaves(tree)])


def _all_steps(step: Any, state: Any, steps: int) -> tuple[Any, jax.Array, jax.Array, jax.Array]:
    state, losses = jax.lax.scan(lambda state, _: step(state), state, length=steps)
    return state, losses, jnp.full((), steps, int), jnp.array(False)


def _until(
    tol: jax.Array, step: Any, state: Any, steps: int
) -> tuple[Any, jax.Array, jax.Array, jax.Array]:
    """Steps until the loss changes by less than `tol`, or is not finite.

    A loss that stays because the optimizer waits, at a rate of 0 for instance, does not count.
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
