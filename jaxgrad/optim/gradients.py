"""The two functions of torch.nn.utils that clip gradients, as transformations of gradients."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from .. import _checks
from .._checks import Checks
from ..tensor import vector_norm
from . import _hyperparameters
from ._hyperparameters import Number


class ClipGradNormState(NamedTuple):
    """The state of `clip_grad_norm`.

    Attributes:
        total_norm: the norm of the last gradients before clipping.
    """

    total_norm: jax.Array


def clip_grad_norm(
    max_norm: Number | str, norm_type: float | str = 2.0, error_if_nonfinite: bool = False
) -> optax.GradientTransformation:
    """`torch.nn.utils.clip_grad_norm_`: g ← g · min(1, max_norm / (‖g‖ + 1e-6)).

    ‖g‖ is the norm of all gradients as one vector. optax does not add the 1e-6.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html

    Args:
        max_norm: the largest norm that is left unchanged, but for the 1e-6. It may be a string
            such as "inf".
        norm_type: the p of the p-norm, which may be `inf` or a string.
        error_if_nonfinite: whether a norm of NaN or infinity is an error.

    Returns:
        A transformation of gradients, whose `state.total_norm` is the norm before clipping.

    Raises:
        ValueError: the norm is not finite and `error_if_nonfinite` is set (traced gradients become
            NaN instead), or a string is not a number.
        TypeError: an argument is not a number.

    >>> import jax.numpy as jnp, optax
    >>> from jaxgrad.optim import clip_grad_norm, sgd
    >>> optimizer = optax.chain(clip_grad_norm(1.0), sgd(lr=1.0))
    >>> updates, state = optimizer.update(jnp.array([3.0, 4.0]), optimizer.init(jnp.zeros(2)))
    >>> float(state[0].total_norm), updates.round(3).tolist()
    (5.0, [-0.6000000238418579, -0.800000011920929])
    """
    check = _checks.of("clip_grad_norm")
    most = _number(check, "max_norm", max_norm)
    check.concrete("norm_type", norm_type)
    p = float(_number(check, "norm_type", norm_type))
    if math.isnan(p):
        raise ValueError(check.wrong("norm_type", "a number", "nan"))
    refuses = check.truth("error_if_nonfinite", error_if_nonfinite)

    def init(params: optax.Params) -> ClipGradNormState:
        return ClipGradNormState(jnp.zeros((), _dtype(jax.tree.leaves(params))))

    def update(
        updates: optax.Updates, state: Any, params: Any = None, **_: Any
    ) -> tuple[optax.Updates, ClipGradNormState]:
        leaves = jax.tree.leaves(updates)
        dtype = state.total_norm.dtype
        norms = [vector_norm(leaf, p).astype(dtype) for leaf in leaves]
        norm = vector_norm(jnp.stack(norms), p) if norms else jnp.zeros((), dtype)
        scale = jnp.minimum(1, jnp.asarray(most).astype(dtype) / (norm + 1e-6))
        if refuses:
            finite = jnp.isfinite(norm)
            text = check.wrong("updates", "of a finite norm", "{norm}")
            _checks.holds(finite, text, norm=lambda: norm)
            scale = jnp.where(finite, scale, jnp.nan)
        scaled = jax.tree.map(lambda g: g * scale.astype(g.dtype), updates)
        return scaled, ClipGradNormState(norm)

    return optax.GradientTransformationExtraArgs(init, update)


def clip_grad_value(clip_value: Number | str) -> optax.GradientTransformation:
    """`torch.nn.utils.clip_grad_value_`: every gradient within [-clip_value, clip_value].

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_value_.html

    Args:
        clip_value: the largest absolute value; a string is read as a number.

    Returns:
        A transformation of gradients without a state.

    Raises:
        ValueError: a string is not a number.
        TypeError: `clip_value` is not a number, or a gradient is complex.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.optim import clip_grad_value
    >>> clip = clip_grad_value(1.0)
    >>> clip.update(jnp.array([-3.0, 0.5]), clip.init(None))[0].tolist()
    [-1.0, 0.5]
    """
    check = _checks.of("clip_grad_value")
    most = _number(check, "clip_value", clip_value)

    def of_leaf(grad: Any) -> jax.Array:
        grad = check.floating("updates", grad)
        bound = jnp.asarray(most).astype(grad.dtype)
        return jnp.clip(grad, -bound, bound)

    clip = optax.stateless(lambda updates, params: jax.tree.map(of_leaf, updates))
    return optax.with_extra_args_support(clip)


def _number(check: Checks, argument: str, value: Any) -> Number:
    """`value` as a number; a string is read by `float`, as in PyTorch."""
    if not isinstance(value, str):
        return _hyperparameters.number(check, argument, value)
    try:
        return float(value)
    except ValueError as error:
        got = f"{value!r:.60}"
        raise ValueError(check.wrong(argument, "a number", got)) from error


def _dtype(leaves: list[Any]) -> Any:
    """The real dtype of the leaves' norms; the default float if no leaf is floating point."""
    dtypes = [jnp.finfo(x.dtype).dtype for x in leaves if jnp.issubdtype(x.dtype, jnp.inexact)]
    return jnp.result_type(*dtypes) if dtypes else jnp.zeros(()).dtype
