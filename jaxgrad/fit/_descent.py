"""One step of gradient descent, whole or on a batch."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import optax

from jaxgrad import _checks
from jaxgrad._leaves import merge
from jaxgrad.autograd import backward


class Step(NamedTuple):
    """One step: the new params and state, the loss before it, its gradient and the update."""

    params: Any
    opt_state: Any
    loss: jax.Array
    grads: Any
    updates: Any


def check(function: str, loss_fn: Any, optimizer: Any) -> None:
    """Refuses a loss function or an optimizer that is none."""
    if not callable(loss_fn):
        raise TypeError(_checks.wrong(function, "loss_fn", "callable", type(loss_fn).__name__))
    if not (hasattr(optimizer, "init") and hasattr(optimizer, "update")):
        expected = "an optax.GradientTransformation"
        raise TypeError(_checks.wrong(function, "optimizer", expected, type(optimizer).__name__))


def strongly_typed(params: Any) -> Any:
    """The leaves in their own dtypes, no longer weakly typed."""
    return jax.tree.map(lambda leaf: leaf.astype(leaf.dtype), params)


def scalar_loss(function: str, loss_fn: Callable[..., Any], rest: Any, data: Any) -> Any:
    """The loss as a function of the differentiable params, a scalar."""

    def loss_of(params: Any) -> jax.Array:
        loss = _checks.floating(function, "the loss", loss_fn(merge(params, rest), data))
        if loss.size != 1:
            raise ValueError(_checks.wrong(function, "the loss", "a scalar", f"shape {loss.shape}"))
        return loss.reshape(())

    return loss_of


def descend(loss_of: Any, optimizer: Any, params: Any, opt_state: Any) -> Step:
    """One step; the optimizer is given the loss, the gradient and the loss function."""
    update = optax.with_extra_args_support(optimizer).update
    loss, grads = backward(loss_of)(params)
    updates, opt_state = update(grads, opt_state, params, value=loss, grad=grads, value_fn=loss_of)
    return Step(optax.apply_updates(params, updates), opt_state, loss, grads, updates)
