"""Weights of the truncated normal distribution."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike, DTypeLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._checks import Shape
from jaxgrad._dtypes import wide
from jaxgrad.init import _draws
from jaxgrad.random.keys import unrolled

SLIVER = 2.0**-6
"""An interval beside the mean is a tail if erf at its two ends differs by less than this."""


@called
def trunc_normal(
    key: jax.Array,
    shape: Shape,
    dtype: DTypeLike | None = None,
    out_sharding: Any = None,
    *,
    mean: ArrayLike = 0.0,
    std: ArrayLike = 1.0,
    a: ArrayLike = -2.0,
    b: ArrayLike = 2.0,
) -> jax.Array:
    """Weights of the normal distribution, given that they lie in [a, b]: `trunc_normal_`.

        p(w) ∝ exp(-(w - mean)² / 2 std²) on [a, b],   0 elsewhere

    Samples are made by the inverse of the distribution function. In a tail, where that has too few
    digits left, they are drawn by rejection from a truncated exponential distribution. So the
    distribution is right on an interval far from the mean too.

    Args:
        key: a typed key.
        shape: the weight's shape.
        dtype: a real floating point dtype; by default JAX's default float.
        out_sharding: where to put the weight, a NamedSharding or a PartitionSpec.
        mean: the untruncated mean, a finite scalar.
        std: the untruncated standard deviation, a positive finite scalar.
        a: lower end, a scalar, in the weight's own units; -∞ for none. Rounded to the dtype.
        b: upper end, a scalar, at least a; ∞ for none. Rounded to the dtype.

    Returns:
        An array of that shape and dtype; no element lies outside [a, b] as rounded to the dtype.
        The gradient with respect to mean, std, a and b is zero.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: a negative size, or mean, std, a or b out of range or out of order. Traced ones
            are checked under `jaxgrad.checkify` only, and wrong ones give NaN.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.trunc_normal_

    Differs from PyTorch: no warning where the mean is more than 2 std from [a, b], and an infinite
    end is allowed there; std of 0 or less is refused (PyTorch 2.13: ZeroDivisionError, or samples
    of another distribution); makes an array instead of filling a tensor.

    >>> import jax
    >>> from jaxgrad import init
    >>> w = init.trunc_normal(jax.random.key(0), (3, 5), std=0.02, a=-0.04, b=0.04)
    >>> w.shape, bool((abs(w) <= 0.04).all())
    ((3, 5), True)
    """
    check = _checks.of("trunc_normal")
    key, shape, dtype = _draws.target(check, key, shape, dtype)
    mean, std = check.number("mean", mean), check.number("std", std)
    low, high = check.number("a", a), check.number("b", b)
    finite, text = _checks.finite, check.wrong("mean", "finite", "{mean}")
    _checks.in_range(finite, finite(mean), text, wide(dtype), mean=mean)
    text = check.wrong("std", "positive and finite", "{std}")
    _checks.in_range(_is_scale, _is_scale(std), text, wide(dtype), std=std)
    tail = not _is_around(dtype, mean, low, high)
    weight, valid = _trunc_normal(key, mean, std, low, high, shape, dtype, tail)
    text = check.wrong(
        "[a, b]", f"an interval of {dtype}, with mean and std in range", "{a} to {b}"
    )
    _checks.in_range(_is_interval, valid, text, dtype, a=low, b=high)
    return _draws.placed(check, weight, out_sharding)


def _is_scale(std: Any) -> Any:
    return (std > 0) & _checks.finite(std)


def _is_interval(low: Any, high: Any) -> Any:
    return (low <= high) & (low < math.inf) & (high > -math.inf)


def _is_around(dtype: DTypeLike, mean: Any, low: Any, high: Any) -> bool:
    """Whether the interval is known to contain the mean, and so is not a tail."""
    if not all(isinstance(x, float) for x in (mean, low, high)):
        return False
    with np.errstate(all="ignore"):
        ends = [np.asarray(x).astype(wide(dtype)).astype(dtype) for x in (low, high)]
        least, most = (end.astype(wide(dtype)) for end in ends)
        return bool(least <= np.asarray(mean).astype(wide(dtype)) <= most)


@functools.partial(jax.jit, static_argnames=("shape", "dtype", "tail"))
def _trunc_normal(
    key: jax.Array,
    mean: ArrayLike,
    std: ArrayLike,
    a: ArrayLike,
    b: ArrayLike,
    shape: tuple[int, ...],
    dtype: DTypeLike,
    tail: bool,
) -> tuple[jax.Array, jax.Array]:
    """The samples, and whether the parameters are valid; `tail`: whether [a, b] may be a tail."""
    # Ends that the dtype holds, so that samples rounded to the dtype can stay within them.
    ends = [jax.lax.stop_gradient(jnp.asarray(x).astype(dtype)) for x in (a, b)]
    low, high = (end.astype(wide(dtype)) for end in ends)
    mean, std = (jax.lax.stop_gradient(jnp.asarray(x).astype(low.dtype)) for x in (mean, std))
    # Without it, jit would fold constants into the formula's own, which rounds differently.
    kept = jax.lax.optimization_barrier((mean, std, low, high))
    mean, std, low, high = map(jnp.asarray, kept)
    valid = _checks.finite(mean) & _is_scale(std) & _is_interval(low, high)
    key_inverse, key_tail = jax.random.split(unrolled(key))
    samples = _inverse(key_inverse, mean, std, low, high, shape)
    if tail:  # its loop takes as long to compile as everything else
        alpha, beta = (low - mean) / std, (high - mean) / std
        around = (alpha <= 0) & (beta >= 0)
        mass = jax.lax.erf(beta * math.sqrt(0.5)) - jax.lax.erf(alpha * math.sqrt(0.5))
        is_tail = valid & ~around & (mass <= SLIVER)
        samples = _tail(key_tail, mean, std, low, high, samples, is_tail)
    samples = jnp.clip(samples.astype(dtype), *ends)
    return jnp.where(valid, samples, jnp.nan), valid


def _inverse(
    key: jax.Array,
    mean: jax.Array,
    std: jax.Array,
    low: jax.Array,
    high: jax.Array,
    shape: tuple[int, ...],
) -> jax.Array:
    """Samples mean + std √2 erf⁻¹(y), with y uniform between the values of erf at the two ends."""
    first, last = (jax.lax.erf((end - mean) / std * math.sqrt(0.5)) for end in (low, high))
    points = first + jax.random.uniform(key, shape, mean.dtype) * (last - first)
    one = jnp.nextafter(jnp.ones((), mean.dtype), jnp.zeros((), mean.dtype))
    return mean + std * (math.sqrt(2) * jax.lax.erf_inv(jnp.clip(points, -one, one)))


def _tail(
    key: jax.Array,
    mean: jax.Array,
    std: jax.Array,
    low: jax.Array,
    high: jax.Array,
    otherwise: jax.Array,
    tail: jax.Array,
) -> jax.Array:
    """Samples std t beyond the nearer end where `tail`, with t of density ∝ exp(-rate t - t²/2).

    t is proposed with density ∝ exp(-rate t) and accepted with probability exp(-t²/2). That is
    likely, as the interval is narrow or the rate above 1. This is a loop without a branch, as a
    branch would select from keys under vmap. Without a tail the loop makes no step.
    """
    above = low > mean
    edge = jnp.where(above, low, high)
    rate = jnp.minimum(jnp.abs(edge - mean) / std, jnp.finfo(mean.dtype).max)
    length = (high - low) / std

    def body(state: tuple[jax.Array, jax.Array, jax.Array]):
        step, samples, pending = state
        key_t, key_keep = jax.random.split(jax.random.fold_in(key, step))
        unit = jax.random.uniform(key_t, samples.shape, mean.dtype)
        t = -jnp.log1p(unit * jnp.expm1(-rate * length)) / rate
        keep = jax.random.uniform(key_keep, samples.shape, mean.dtype) < jnp.exp(-t * t / 2)
        samples = jnp.where(pending, edge + jnp.where(above, std, -std) * t, samples)
        return step + 1, samples, pending & ~keep

    state = jnp.zeros((), "uint32"), otherwise, jnp.broadcast_to(tail, otherwise.shape)
    return jax.lax.while_loop(lambda state: jnp.any(state[2]), body, state)[1]
