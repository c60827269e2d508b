"""Weights whose elements depend on one another."""

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike, DTypeLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._checks import Checks, Shape
from jaxgrad._dtypes import wide
from jaxgrad.init import _distributions, _draws


@called
def eye(
    key: jax.Array | None,
    shape: Shape,
    dtype: DTypeLike | None = None,
    out_sharding: Any = None,
    *,
    layout: str = "torch",
) -> jax.Array:
    """The identity matrix, as far as the shape allows: `torch.nn.init.eye_`.

        wᵢⱼ = 1 if i = j else 0

    Args:
        key: not used.
        shape: the weight's shape, of two dimensions.
        dtype: a real floating point dtype; by default JAX's default float.
        out_sharding: where to put the weight, a NamedSharding or a PartitionSpec.
        layout: "torch" for shapes (out, in), "flax" for (in, out).

    Returns:
        An array of that shape and dtype.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: not two dimensions, a negative size or an unknown layout.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.eye_

    Differs from PyTorch: makes an array instead of filling a tensor; no integer dtypes.

    >>> from jaxgrad import init
    >>> init.eye(None, (2, 3))
    Array([[1., 0., 0.],
           [0., 1., 0.]], dtype=float32)
    """
    check = _checks.of("eye")
    shape = _matrix(check, shape, layout)
    weight = jnp.eye(*shape, dtype=check.float_dtype(dtype))
    return _draws.placed(check, weight, out_sharding, layout)


@called
def dirac(
    key: jax.Array | None,
    shape: Shape,
    dtype: DTypeLike | None = None,
    out_sharding: Any = None,
    *,
    groups: int = 1,
    layout: str = "torch",
) -> jax.Array:
    """The convolution that passes its input on, channel by channel: `torch.nn.init.dirac_`.

        w[g n + d, d, k₁ // 2, …] = 1 for g < groups and d < min(n, in), n = out / groups

    and 0 elsewhere.

    Args:
        key: not used.
        shape: the weight's shape, of three to five dimensions.
        dtype: a real floating point dtype; by default JAX's default float.
        out_sharding: where to put the weight, a NamedSharding or a PartitionSpec.
        groups: the number of groups, a divisor of the number of output channels.
        layout: "torch" for shapes (out, in, *kernel), "flax" for (*kernel, in, out).

    Returns:
        An array of that shape and dtype.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: not three to five dimensions, a negative size, an unknown layout, or groups is
            less than 1 or does not divide the number of output channels.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.dirac_

    Differs from PyTorch: makes an array instead of filling a tensor; no integer dtypes; groups of
    0 or less are refused (PyTorch 2.13: ZeroDivisionError, or zeros); an empty kernel is allowed.

    >>> from jaxgrad import init
    >>> init.dirac(None, (2, 1, 3), groups=2)
    Array([[[0., 1., 0.]],
    <BLANKLINE>
           [[0., 1., 0.]]], dtype=float32)
    """
    check = _checks.of("dirac")
    shape = _draws.torch_shape(check, shape, layout)
    if not 3 <= len(shape) <= 5:
        raise ValueError(check.wrong("shape", "of 3, 4 or 5 dimensions", shape))
    groups = check.integer("groups", groups, minimum=1)
    if shape[0] % groups:
        expected = f"a divisor of the {shape[0]} output channels"
        raise ValueError(check.wrong("groups", expected, groups))
    block = jnp.eye(shape[0] // groups, shape[1], dtype=check.float_dtype(dtype))
    weight = jnp.zeros(shape, block.dtype)
    if weight.size:
        middle = tuple(size // 2 for size in shape[2:])
        weight = weight.at[(..., *middle)].set(jnp.tile(block, (groups, 1)))
    return _draws.placed(check, weight, out_sharding, layout)


@called
def orthogonal(
    key: jax.Array,
    shape: Shape,
    dtype: DTypeLike | None = None,
    out_sharding: Any = None,
    *,
    gain: ArrayLike = 1.0,
    layout: str = "torch",
) -> jax.Array:
    """A uniformly distributed orthogonal matrix: `torch.nn.init.orthogonal_`.

        WᵀW = gain² I for a tall W, WWᵀ = gain² I for a wide one

    where W is the weight as a matrix of `out` rows (Saxe, McClelland & Ganguli 2013, "Exact
    solutions to the nonlinear dynamics of learning in deep linear neural networks").

    Args:
        key: a typed key.
        shape: the weight's shape, of two dimensions or more.
        dtype: a real floating point dtype; by default JAX's default float.
        out_sharding: where to put the weight, a NamedSharding or a PartitionSpec.
        gain: the factor of the matrix, a scalar.
        layout: "torch" for shapes (out, in, *kernel), "flax" for (*kernel, in, out).

    Returns:
        An array of that shape and dtype; the gradient flows through gain.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: fewer than two dimensions, a negative size or an unknown layout.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.orthogonal_

    Differs from PyTorch: makes an array instead of filling a tensor; bfloat16 and float16 are
    allowed, made in float32 and rounded once (PyTorch 2.13: NotImplementedError).

    >>> import jax, jax.numpy as jnp
    >>> from jaxgrad import init
    >>> w = init.orthogonal(jax.random.key(0), (3, 5), gain=2.0)
    >>> bool(jnp.allclose(w @ w.T, 4 * jnp.eye(3), atol=1e-5))
    True
    """
    check = _checks.of("orthogonal")
    key, shape, dtype = _draws.target(check, key, shape, dtype, layout)
    if len(shape) < 2:
        raise ValueError(check.wrong("shape", "of at least 2 dimensions", shape))
    gain = check.number("gain", gain)
    if not math.prod(shape):
        return _draws.placed(check, jnp.zeros(shape, dtype), out_sharding, layout)
    matrix = _draws.sample(key, _distributions.orthogonal(shape), wide(dtype))
    weight = _orthogonalised(matrix, jnp.asarray(gain).astype(matrix.dtype), shape).astype(dtype)
    return _draws.placed(check, weight, out_sharding, layout)


_orthogonalised = jax.jit(_distributions.orthogonalised, static_argnames="shape")


@called
def sparse(
    key: jax.Array,
    shape: Shape,
    dtype: DTypeLike | None = None,
    out_sharding: Any = None,
    *,
    sparsity: float,
    std: ArrayLike = 0.01,
    layout: str = "torch",
) -> jax.Array:
    """A normal matrix with the same number of zeros in each column: `torch.nn.init.sparse_`.

        ⌈sparsity · out⌉ zeros in each column, at random rows;   w ~ N(0, std²) elsewhere

    (Martens 2010, "Deep learning via Hessian-free optimization".)

    Args:
        key: a typed key.
        shape: the weight's shape, of two dimensions.
        dtype: a real floating point dtype; by default JAX's default float.
        out_sharding: where to put the weight, a NamedSharding or a PartitionSpec.
        sparsity: the share of zeros in a column, a Python number in [0, 1].
        std: the standard deviation of the other elements, a scalar, at least 0.
        layout: "torch" for shapes (out, in), "flax" for (in, out), whose rows then have the zeros.

    Returns:
        An array of that shape and dtype; the gradient flows through std.

    Raises:
        TypeError: an argument is of the wrong kind, or sparsity is traced.
        ValueError: not two dimensions, a negative size, an unknown layout, sparsity outside [0, 1],
            or std is negative or NaN. A traced std is checked under `jaxgrad.checkify` only, and a
            wrong one gives NaN.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.sparse_

    Differs from PyTorch: makes an array instead of filling a tensor; sparsity outside [0, 1] is
    refused (PyTorch 2.13 takes -0.5 to mean all but half of a column).

    >>> import jax
    >>> from jaxgrad import init
    >>> w = init.sparse(jax.random.key(0), (10, 3), sparsity=0.25)
    >>> (w == 0).sum(axis=0)
    Array([3, 3, 3], dtype=int32)
    """
    check = _checks.of("sparse")
    key, _, dtype = _draws.target(check, key, shape, dtype, layout)
    shape = _matrix(check, shape, layout)
    sparsity = check.static_number("sparsity", sparsity)
    if not 0 <= sparsity <= 1:
        raise ValueError(check.wrong("sparsity", "in [0, 1]", sparsity))
    std = check.number("std", std)
    text = check.wrong("std", "at least 0", "{std}")
    _checks.holds(std >= 0, text, std=lambda: jnp.asarray(std))
    zeros = math.ceil(sparsity * shape[0])
    key_values, key_order = _draws.split(key, 2)
    values, order = _distributions.sparse(shape, std)
    weight = _sparsified(
        _draws.sample(key_values, values, dtype), _draws.sample(key_order, order, dtype), zeros
    )
    return _draws.placed(check, weight, out_sharding, layout)


_sparsified = jax.jit(_distributions.sparsified, static_argnames="zeros")


def _matrix(check: Checks, shape: Shape, layout: Any) -> tuple[int, ...]:
    """A shape of two dimensions, in PyTorch's layout."""
    shape = _draws.torch_shape(check, shape, layout)
    if len(shape) != 2:
        raise ValueError(check.wrong("shape", "of 2 dimensions", shape))
    return shape
