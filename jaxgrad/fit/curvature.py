"""The largest curvature of a loss, which bounds the learning rate."""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from jaxgrad import _checks, random
from jaxgrad._dtypes import wide
from jaxgrad._leaves import split
from jaxgrad.autograd import hvp

_TURNS = 200


def largest_curvature(
    loss_fn: Callable[[Any, Any], Any], params: Any, data: Any, *, key: Any = None
) -> jax.Array:
    """The Hessian's eigenvalue of largest magnitude, by power iteration.

        vᵢ₊₁ = H vᵢ / ‖H vᵢ‖,   λ = vᵀ H v

    Gradient descent on a quadratic loss converges for learning rates below 2 / λ, and fastest along
    its steepest direction at 1 / λ.

    Args:
        loss_fn: `(params, data) -> loss`, as for `fit`; twice differentiable.
        params: the point; any pytree, of which the real floating point leaves vary.
        data: any pytree of arrays.
        key: a typed key for the first direction; by default that of seed 0.

    Returns:
        λ, a scalar in the params' dtype (float32 for narrower ones), to about one part in a
        thousand if no other eigenvalue is as large. NaN if the Hessian is not finite.

    Raises:
        TypeError: params has no real floating point leaf, or a complex one.

    Source: https://arxiv.org/abs/2103.00065 (the sharpness and the bound 2 / λ)

    >>> import jax.numpy as jnp
    >>> from jaxgrad.fit import largest_curvature
    >>> loss_fn = lambda w, data: (w["a"] - 1) ** 2 + 4 * w["b"] ** 2
    >>> largest_curvature(loss_fn, {"a": 0.0, "b": 0.0}, None).round(2)
    Array(8., dtype=float32)
    """
    check = _checks.of("largest_curvature")
    if not callable(loss_fn):
        what = type(loss_fn).__name__
        raise TypeError(check.wrong("loss_fn", "callable", what))
    params = check.arrays("params", params)
    chosen, _ = split("largest_curvature", "params", params)
    if any(jnp.iscomplexobj(leaf) for leaf in jax.tree.leaves(chosen)):
        raise TypeError(check.wrong("params", "real", "complex numbers"))
    key = random.key(0) if key is None else check.key(key)
    return _largest(params, check.arrays("data", data), key, loss_fn=loss_fn)


@functools.partial(jax.jit, static_argnames="loss_fn")
def _largest(params: Any, data: Any, key: jax.Array, *, loss_fn: Any) -> jax.Array:
    """Power iteration until the quotient settles."""
    chosen, rest = split("largest_curvature", "params", params)
    leaves, structure = jax.tree.flatten(chosen)
    keys = jax.random.split(key, len(leaves))
    start = structure.unflatten(
        random.normal(k, 0.0, 1.0, leaf.shape).astype(leaf.dtype)
        for k, leaf in zip(keys, leaves, strict=True)
    )
    dtype = wide(jnp.result_type(*leaves))
    tiny = jnp.finfo(dtype).tiny

    def scaled(v: Any) -> Any:
        length = jnp.maximum(optax.tree.norm(jax.tree.map(lambda x: x.astype(dtype), v)), tiny)
        return jax.tree.map(lambda leaf: (leaf / length.astype(leaf.dtype)).astype(leaf.dtype), v)

    def turn(loop: Any) -> Any:
        v, now, _, count = loop
        _, product = hvp(loss_fn)(params, data, v=v)
        quotient = jnp.asarray(optax.tree.vdot(v, product)).astype(dtype)
        return scaled(product), quotient, jnp.abs(quotient - now), count + 1

    def going(loop: Any) -> Any:
        _, now, change, count = loop
        return (count < _TURNS) & ~(change <= 1e-4 * jnp.abs(now)) & ~jnp.isnan(now)

    first = jnp.zeros((), dtype), jnp.full((), jnp.inf, dtype), jnp.zeros((), int)
    return jax.lax.while_loop(going, turn, (scaled(start), *first))[1]


def converging(loss_fn: Callable[..., Any], params: Any, data: Any) -> str:
    """The learning rates that converge, in words; "" if the curvature is unknown or negative."""
    if data is None or jax.process_count() > 1:
        return ""
    try:
        curvature = float(largest_curvature(loss_fn, params, data))
    except (TypeError, ValueError):  # complex params, no second derivative, other devices
        return ""
    if not 0 < curvature < float("inf"):
        return ""
    rate = 2 / curvature
    unit = 10.0 ** (math.floor(math.log10(rate)) - 1)
    return (
        f"; the largest curvature of the loss at the start is {curvature:.3g}, so that gradient "
        f"descent converges there for learning rates below {unit * math.floor(rate / unit):.2g}"
    )
