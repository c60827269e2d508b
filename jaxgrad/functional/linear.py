"""Linear and bilinear maps: products with a weight, plus a bias."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgrad import _checks
from jaxgrad._calls import called
from jaxgrad._dtypes import is_floating, wide

from ._arguments import real_or_complex
from ._placement import axes_of, placed


@called
def linear(input: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None) -> jax.Array:
    """The last axis times a matrix, plus a bias.

        y = x Wᵀ + b

    Args:
        input: x of shape (*, in), real or complex numbers.
        weight: W of shape (out, in), or (in) for a single output without an axis of its own; in
            the dtype of the input.
        bias: b of shape (out) or any shape that broadcasts to y's, in the same dtype, or None. A
            weight of shape (in) takes a bias without dimensions, and only for an x of shape (in).

    Returns:
        y of shape (*, out), or (*) for a weight of shape (in), in the dtype of the input.
        bfloat16 and float16 are added up in float32 and rounded once.

    Raises:
        TypeError: the dtypes differ or are not numeric.
        ValueError: the shapes do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import linear
    >>> linear(jnp.array([1.0, 2.0]), jnp.array([[1.0, 0.0], [0.0, 3.0]]), jnp.ones(2))
    Array([2., 7.], dtype=float32)
    """
    check = _checks.of("linear")
    x, w, *biases = _of_one_dtype(check, input=input, weight=weight, **_given(bias))
    b = biases[0] if biases else None
    if w.ndim not in (1, 2):
        raise ValueError(check.wrong("weight", "of shape (out, in) or (in)", f"shape {w.shape}"))
    if not x.ndim or x.shape[-1] != w.shape[-1]:
        expected = f"of shape (*, {w.shape[-1]}) for a weight of shape {w.shape}"
        raise ValueError(check.wrong("input", expected, f"shape {x.shape}"))
    shape = (*x.shape[:-1], *w.shape[:-1])
    if b is not None and not _broadcasts(b.shape, shape if w.ndim == 2 else ()):
        expected = f"of shape {w.shape[:-1]}"
        raise ValueError(check.wrong("bias", expected, f"shape {b.shape}"))
    if b is not None and w.ndim == 1 and x.ndim > 1:
        remedy = "without an axis of outputs PyTorch takes no bias: add it to the result"
        raise ValueError(check.wrong("bias", "None", f"shape {b.shape}", remedy))
    return _linear(x, w, b)


def _given(bias: ArrayLike | None) -> dict[str, ArrayLike]:
    return {} if bias is None else {"bias": bias}


def _of_one_dtype(check: _checks.Checks, **given: ArrayLike) -> list[jax.Array]:
    """Arrays of numbers, all of the dtype of the first."""
    first, *names = given
    found = {name: real_or_complex(check, name, value) for name, value in given.items()}
    for name in names:
        check.same_dtype(name, found[name], first, found[first])
    return list(found.values())


def _broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    if len(shape) > len(to):
        return False
    return all(a in (1, b) for a, b in zip(shape[::-1], to[::-1], strict=False))


def _kind(dtype: Any) -> Any:
    """The dtype to add up in."""
    return wide(dtype) if is_floating(dtype) else dtype


@jax.jit
def _linear(x: jax.Array, w: jax.Array, b: jax.Array | None) -> jax.Array:
    def product(x: jax.Array, w: jax.Array) -> jax.Array:
        dims = (((x.ndim - 1,), (w.ndim - 1,)), ((), ()))
        return jax.lax.dot_general(x, w, dims, preferred_element_type=_kind(x.dtype))

    y = placed(product, (*axes_of(x)[:-1], *axes_of(w)[:-1]), x, w)
    if b is not None:
        missing = (1,) * (y.ndim - b.ndim)
        y = y + b.astype(y.dtype).reshape(*missing, *b.shape)
    return y.astype(x.dtype)


@called
def bilinear(
    input1: ArrayLike, input2: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None
) -> jax.Array:
    """One sum over both inputs for each output.

        yₒ = Σᵢⱼ x¹ᵢ Wₒᵢⱼ x²ⱼ + bₒ

    Args:
        input1: x¹ of shape (*, in1), real or complex numbers.
        input2: x² of shape (*, in2), in the dtype of input1; their leading dimensions are the same.
        weight: W of shape (out, in1, in2), in the same dtype.
        bias: b of shape (out), in the same dtype, or None.

    Returns:
        y of shape (*, out), in the dtype of the inputs. bfloat16 and float16 are added up in
        float32 and rounded once.

    Raises:
        TypeError: the dtypes differ or are not numeric.
        ValueError: the shapes do not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.bilinear.html

    Differs from PyTorch: inputs without features give the bias, where PyTorch raises an error.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.functional import bilinear
    >>> bilinear(jnp.array([1.0, 2.0]), jnp.array([3.0]), jnp.ones((1, 2, 1)))
    Array([9.], dtype=float32)
    """
    check = _checks.of("bilinear")
    given = dict(input1=input1, input2=input2, weight=weight)
    x, y, w, *biases = _of_one_dtype(check, **given, **_given(bias))
    b = biases[0] if biases else None
    if w.ndim != 3:
        raise ValueError(check.wrong("weight", "of shape (out, in1, in2)", f"shape {w.shape}"))
    if not x.ndim or x.shape[-1] != w.shape[1]:
        raise ValueError(check.wrong("input1", f"of shape (*, {w.shape[1]})", f"shape {x.shape}"))
    if y.shape != (*x.shape[:-1], w.shape[2]):
        expected = f"of shape {(*x.shape[:-1], w.shape[2])}"
        raise ValueError(check.wrong("input2", expected, f"shape {y.shape}"))
    if b is not None and b.shape != w.shape[:1]:
        raise ValueError(check.wrong("bias", f"of shape {w.shape[:1]}", f"shape {b.shape}"))
    return _bilinear(x, y, w, b)


@jax.jit
def _bilinear(x: jax.Array, y: jax.Array, w: jax.Array, b: jax.Array | None) -> jax.Array:
    kind = _kind(x.dtype)

    def product(x: jax.Array, y: jax.Array, w: jax.Array) -> jax.Array:
        lead = x.shape[:-1]
        x, y = (a.reshape(-1, a.shape[-1]).astype(kind) for a in (x, y))
        half = jnp.einsum("ni,oij->noj", x, w.astype(kind))
        return jnp.einsum("noj,nj->no", half, y).reshape(*lead, w.shape[0])

    z = placed(product, (*axes_of(x)[:-1], axes_of(w)[0]), x, y, w)
    if b is not None:
        z = z + b.astype(kind).reshape(*(1,) * (z.ndim - 1), -1)
    return z.astype(x.dtype)
