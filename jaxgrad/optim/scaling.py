"""Loss scaling: what keeps the small gradients of float16 from becoming 0."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from .. import _checks
from .._checks import Checks
from .._dtypes import is_a, wide
from . import _hyperparameters
from ._hyperparameters import Number


class GradScalerState(NamedTuple):
    """The state of `grad_scaler`.

    Attributes:
        scale: float32, the factor for the next loss.
        growth_tracker: int32, the number of finite updates since the last that was not, or since
            the scale grew.
        inner_state: the state of the inner transformation.
    """

    scale: jax.Array
    growth_tracker: jax.Array
    inner_state: Any


def grad_scaler(
    inner: optax.GradientTransformation,
    init_scale: Number = 2.0**16,
    growth_factor: Number = 2.0,
    backoff_factor: Number = 0.5,
    growth_interval: int = 2000,
) -> optax.GradientTransformationExtraArgs:
    """`torch.amp.GradScaler` around an optimizer: the gradients of scale · loss, divided by scale.

        all gradients finite:    the inner update of g / scale
        one is not:              no update, scale ← backoff_factor · scale
        growth_interval finite updates in sequence:    scale ← growth_factor · scale

    Multiply the loss by `state.scale`. The inner transformation gets the unscaled gradients, so
    `optax.chain(clip_grad_norm(1.0), adam())` clips after PyTorch's `scaler.unscale_(optimizer)`.
    In an update that is skipped the updates are 0 and the inner state does not change. A scale that
    would become infinite does not grow.

    Source: https://docs.pytorch.org/docs/stable/amp.html#torch.amp.GradScaler

    Args:
        inner: the optimizer, or a chain.
        init_scale: the first scale, positive.
        growth_factor: the factor of a growing scale, above 1.
        backoff_factor: the factor of a shrinking scale, below 1.
        growth_interval: the number of finite updates after which the scale grows; with 0 it never
            grows.

    Returns:
        A transformation with a `GradScalerState`. PyTorch's `scaler.state_dict()` has the fields
        `scale` and `_growth_tracker`: exchange them with `state._replace`.

    Raises:
        ValueError: a number is out of range, or there are no gradients.
        TypeError: `inner` is no transformation, an argument is not a number, or gradients are not
            floating point, or are float16 as in PyTorch.

    Differs from PyTorch: one scaler has one optimizer. Where `inner` is `optax.multi_transform`, no
    part of it moves if a gradient is not finite. The factors are rounded to float32.

    >>> import jax, jax.numpy as jnp
    >>> from jaxgrad.optim import grad_scaler, sgd
    >>> optimizer, x = grad_scaler(sgd(lr=0.5), growth_interval=2), jnp.array(3.0)
    >>> state = optimizer.init(x)
    >>> for factor in (1.0, jnp.inf, 1.0, 1.0):
    ...     grad = jax.grad(lambda x: state.scale * factor * x)(x)
    ...     update, state = optimizer.update(grad, state, x)
    ...     print(update, state.scale, state.growth_tracker)
    -0.5 65536.0 1
    0.0 32768.0 0
    -0.5 32768.0 1
    -0.5 65536.0 0
    """
    check = _checks.of("grad_scaler")
    check.instance("inner", inner, optax.GradientTransformation)
    inner = optax.with_extra_args_support(inner)
    first, growth, backoff = (
        _hyperparameters.bounded(check, name, value, valid, expected)
        for name, value, valid, expected in (
            ("init_scale", init_scale, lambda x: x > 0, "positive"),
            ("growth_factor", growth_factor, lambda x: x > 1, "above 1"),
            ("backoff_factor", backoff_factor, lambda x: x < 1, "below 1"),
        )
    )
    interval = _hyperparameters.count(check, "growth_interval", growth_interval, 0)

    def init(params: optax.Params) -> GradScalerState:
        scale = jnp.asarray(np.float32(first) if isinstance(first, float) else first)
        tracker = jnp.asarray(np.zeros((), np.int32))
        return GradScalerState(scale.astype(jnp.float32), tracker, inner.init(params))

    def rescaled(state: Any, finite: jax.Array) -> tuple[jax.Array, jax.Array]:
        larger, smaller = (
            state.scale * jnp.asarray(factor).astype(jnp.float32) for factor in (growth, backoff)
        )
        successes = state.growth_tracker + 1
        grows = successes == interval
        kept = jnp.where(grows & jnp.isfinite(larger), larger, state.scale)
        tracker = jnp.where(finite & ~grows, successes, 0)
        return jnp.where(finite, kept, smaller), tracker

    def update(
        updates: optax.Updates, state: Any, params: optax.Params | None = None, **extra_args: Any
    ) -> tuple[optax.Updates, GradScalerState]:
        finite = _all_finite(check, updates)
        unscaled = functools.partial(_unscaled, 1 / state.scale, finite)
        # The inner update runs always, of zeros where it is skipped: a choice of values costs
        # next to nothing beside it, and works under `vmap` and `grad`.
        moved, new = inner.update(
            jax.tree.map(unscaled, updates), state.inner_state, params, **extra_args
        )
        moved = jax.tree.map(lambda u: jnp.where(finite, u, jnp.zeros_like(u)), moved)
        kept = jax.tree.map(functools.partial(jnp.where, finite), new, state.inner_state)
        return moved, GradScalerState(*rescaled(state, finite), kept)

    return optax.GradientTransformationExtraArgs(init, update)


def _all_finite(check: Checks, updates: Any) -> jax.Array:
    """Whether all gradients are finite; those of integers, of dtype float0, do not count."""
    leaves = [leaf for leaf in jax.tree.leaves(updates) if not _is_float0(leaf)]
    grads = [check.array("updates", leaf) for leaf in leaves]
    if not grads:
        raise ValueError(check.wrong("updates", "one gradient at least", "none"))
    for grad in grads:
        if not is_a(grad.dtype, jnp.inexact) or grad.dtype == jnp.float16:
            remedy = "keep parameters in float32, and cast them where they are used"
            expected = "float32, float64, bfloat16 or complex"
            raise TypeError(check.wrong("updates", expected, grad.dtype, remedy))
    return functools.reduce(jnp.logical_and, [jnp.all(jnp.isfinite(grad)) for grad in grads])


def _unscaled(inverse: jax.Array, finite: jax.Array, grad: Any) -> jax.Array:
    if _is_float0(grad):
        return grad
    kind = wide(grad.dtype)
    unscaled = (grad.astype(kind) * inverse.astype(kind)).astype(grad.dtype)
    return jnp.where(finite, unscaled, jnp.zeros_like(unscaled))


def _is_float0(leaf: Any) -> bool:
    return getattr(leaf, "dtype", None) == jax.dtypes.float0
