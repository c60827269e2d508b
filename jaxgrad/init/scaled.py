"""Weights whose scale depends on their fans, so that signals neither fade nor grow."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike, DTypeLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._checks import Checks, Shape
from jaxgrad.init import _distributions, _draws


@called
def xavier_uniform(
    key: jax.Array,
    shape: Shape,
    dtype: DTypeLike | None = None,
    out_sharding: Any = None,
    *,
    gain: ArrayLike = 1.0,
    layout: str = "torch",
) -> jax.Array:
    """Uniform weights that keep a signal's scale both ways: `xavier_uniform_`.

        w ~ U[-r, r),   r = gain √(6 / (fan_in + fan_out))

    Also called Glorot initialisation (Glorot & Bengio 2010, "Understanding the difficulty of
    training deep feedforward neural networks").

    Args:
        key: a typed key.
        shape: the weight's shape, of two dimensions or more.
        dtype: a real floating point dtype; by default JAX's default float.
        out_sharding: where to put the weight, a NamedSharding or a PartitionSpec.
        gain: the factor of the standard deviation, a finite scalar of at least 0.
        layout: "torch" for shapes (out, in, *kernel), "flax" for (*kernel, in, out).

    Returns:
        An array of that shape and dtype; the gradient flows through gain.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: fewer than two dimensions, a negative size, an unknown layout, or gain is
            negative, infinite or NaN. A traced gain is checked under `jaxgrad.checkify` only, and a
            wrong one gives NaN.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.xavier_uniform_

    Differs from PyTorch: makes an array instead of filling a tensor; an empty shape is allowed
    even if both fans are 0 (PyTorch 2.13: ZeroDivisionError).

    >>> import jax
    >>> from jaxgrad import init
    >>> init.xavier_uniform(jax.random.key(0), (3, 5), gain=init.calculate_gain("relu")).shape
    (3, 5)
    """
    check = _checks.of("xavier_uniform")
    target = _draws.target(check, key, shape, dtype, layout)
    std = _distributions.xavier_std(check, target.shape, _gain(check, gain))
    return _filled(check, target, _distributions.uniform, std, out_sharding, layout)


@called
def xavier_normal(
    key: jax.Array,
    shape: Shape,
    dtype: DTypeLike | None = None,
    out_sharding: Any = None,
    *,
    gain: ArrayLike = 1.0,
    layout: str = "torch",
) -> jax.Array:
    """Normal weights that keep a signal's scale both ways: `xavier_normal_`.

        w ~ N(0, σ²),   σ = gain √(2 / (fan_in + fan_out))

    Also called Glorot initialisation (Glorot & Bengio 2010, "Understanding the difficulty of
    training deep feedforward neural networks").

    Args:
        key: a typed key.
        shape: the weight's shape, of two dimensions or more.
        dtype: a real floating point dtype; by default JAX's default float.
        out_sharding: where to put the weight, a NamedSharding or a PartitionSpec.
        gain: the factor of the standard deviation, a finite scalar of at least 0.
        layout: "torch" for shapes (out, in, *kernel), "flax" for (*kernel, in, out).

    Returns:
        An array of that shape and dtype; the gradient flows through gain.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: fewer than two dimensions, a negative size, an unknown layout, or gain is
            negative, infinite or NaN. A traced gain is checked under `jaxgrad.checkify` only, and a
            wrong one gives NaN.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.xavier_normal_

    Differs from PyTorch: makes an array instead of filling a tensor; an empty shape is allowed
    even if both fans are 0 (PyTorch 2.13: ZeroDivisionError).

    >>> import jax
    >>> from jaxgrad import init
    >>> init.xavier_normal(jax.random.key(0), (3, 5), gain=init.calculate_gain("relu")).shape
    (3, 5)
    """
    check = _checks.of("xavier_normal")
    target = _draws.target(check, key, shape, dtype, layout)
    std = _distributions.xavier_std(check, target.shape, _gain(check, gain))
    return _filled(check, target, _distributions.normal, std, out_sharding, layout)


@called
def kaiming_uniform(
    key: jax.Array,
    shape: Shape,
    dtype: DTypeLike | None = None,
    out_sharding: Any = None,
    *,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    layout: str = "torch",
) -> jax.Array:
    """Uniform weights that keep a signal's scale one way: `kaiming_uniform_`.

        w ~ U[-r, r),   r = calculate_gain(nonlinearity, a) √(3 / fan)

    Also called He initialisation (He et al. 2015, "Delving deep into rectifiers").

    Args:
        key: a typed key.
        shape: the weight's shape, of two dimensions or more.
        dtype: a real floating point dtype; by default JAX's default float.
        out_sharding: where to put the weight, a NamedSharding or a PartitionSpec.
        a: the negative slope of the leaky_relu that follows, a finite Python number;
            ignored for other nonlinearities.
        mode: "fan_in" to keep the scale of the forward pass, "fan_out" of the backward pass.
        nonlinearity: the nonlinearity that follows, one of `calculate_gain`'s names.
        layout: "torch" for shapes (out, in, *kernel), "flax" for (*kernel, in, out).

    Returns:
        An array of that shape and dtype.

    Raises:
        TypeError: an argument is of the wrong kind, or a is traced.
        ValueError: fewer than two dimensions, a negative size, an unknown layout, mode or
            nonlinearity, or a is not finite.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.kaiming_uniform_

    Differs from PyTorch: makes an array instead of filling a tensor; an empty shape gives no
    warning, and its other arguments are checked; an infinite a is refused.

    >>> import functools, jax
    >>> from jaxgrad import init
    >>> init.kaiming_uniform(jax.random.key(0), (8, 3, 5, 5), nonlinearity="relu").shape
    (8, 3, 5, 5)
    >>> kernel_init = functools.partial(init.kaiming_uniform, a=0.1, layout="flax")
    >>> isinstance(kernel_init, jax.nn.initializers.Initializer)
    True
    """
    check = _checks.of("kaiming_uniform")
    target = _draws.target(check, key, shape, dtype, layout)
    std = _distributions.kaiming_std(check, target.shape, a, mode, nonlinearity)
    return _filled(check, target, _distributions.uniform, std, out_sharding, layout)


@called
def kaiming_normal(
    key: jax.Array,
    shape: Shape,
    dtype: DTypeLike | None = None,
    out_sharding: Any = None,
    *,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    layout: str = "torch",
) -> jax.Array:
    """Normal weights that keep a signal's scale one way: `kaiming_normal_`.

        w ~ N(0, σ²),   σ = calculate_gain(nonlinearity, a) / √fan

    Also called He initialisation (He et al. 2015, "Delving deep into rectifiers").

    Args:
        key: a typed key.
        shape: the weight's shape, of two dimensions or more.
        dtype: a real floating point dtype; by default JAX's default float.
        out_sharding: where to put the weight, a NamedSharding or a PartitionSpec.
        a: the negative slope of the leaky_relu that follows, a finite Python number;
            ignored for other nonlinearities.
        mode: "fan_in" to keep the scale of the forward pass, "fan_out" of the backward pass.
        nonlinearity: the nonlinearity that follows, one of `calculate_gain`'s names.
        layout: "torch" for shapes (out, in, *kernel), "flax" for (*kernel, in, out).

    Returns:
        An array of that shape and dtype.

    Raises:
        TypeError: an argument is of the wrong kind, or a is traced.
        ValueError: fewer than two dimensions, a negative size, an unknown layout, mode or
            nonlinearity, or a is not finite.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.kaiming_normal_

    Differs from PyTorch: makes an array instead of filling a tensor; an empty shape gives no
    warning, and its other arguments are checked; an infinite a is refused.

    >>> import functools, jax
    >>> from jaxgrad import init
    >>> init.kaiming_normal(jax.random.key(0), (8, 3, 5, 5), nonlinearity="relu").shape
    (8, 3, 5, 5)
    >>> kernel_init = functools.partial(init.kaiming_normal, a=0.1, layout="flax")
    >>> isinstance(kernel_init, jax.nn.initializers.Initializer)
    True
    """
    check = _checks.of("kaiming_normal")
    target = _draws.target(check, key, shape, dtype, layout)
    std = _distributions.kaiming_std(check, target.shape, a, mode, nonlinearity)
    return _filled(check, target, _distributions.normal, std, out_sharding, layout)


def _gain(check: Checks, gain: Any) -> Any:
    """A factor of a standard deviation: finite and at least 0."""
    gain = check.number("gain", gain)
    text = check.wrong("gain", "finite and at least 0", "{gain}")
    _checks.holds((gain >= 0) & (gain < math.inf), text, gain=lambda: jnp.asarray(gain))
    return gain


def _filled(
    check: Checks,
    target: _draws.Target,
    distribution: Callable[[str, tuple[int, ...], Any], _distributions.Draw],
    std: Any,
    out_sharding: Any,
    layout: str,
) -> jax.Array:
    """The target filled from a distribution of that standard deviation."""
    draw = distribution("weight", target.shape, std)
    weight = _draws.sample(target.key, draw, target.dtype)
    return _draws.placed(check, weight, out_sharding, layout)
