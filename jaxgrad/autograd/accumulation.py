"""The gradient of a batch, accumulated over its parts to save memory."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxgrad import _checks, _jaxpr
from jaxgrad._dtypes import is_a, is_floating, wide
from jaxgrad._leaves import replaced, selected

from ._rules import explained
from .reverse import backward

_NAME = "accumulate"
_CHECK = _checks.of(_NAME)


def accumulate(
    fn: Callable[..., Any],
    microbatches: int,
    reduction: str = "mean",
    argnums: int | tuple[int, ...] = 0,
    batch_argnums: int | tuple[int, ...] = 1,
    has_aux: bool = False,
) -> Callable[..., Any]:
    """Makes the function that computes `fn` and its gradients over parts of a batch in one scan.

        "mean":   value = 1/n Σ fn(params, partᵢ)              fn is a mean over its part
        "sum":    value =     Σ fn(params, partᵢ)              fn is a sum over its part
        "ratio":  value = Σ sumᵢ / Σ weightᵢ                   fn returns (sum, weight)

    and the gradients likewise. Each is the value of the whole batch; "mean" only if every element
    has the same weight. With an `ignore_index`, weights of
    classes or padding, the mean of means is another number, and "ratio" is right. PyTorch's loop of
    `loss.backward()` adds the gradients: there, divide by n or by the total weight.

    Args:
        fn: a function of pytrees that returns one real floating point scalar; for "ratio" a pair
            of scalars, the sum and its weight, which is not differentiated and may be an integer.
            With `has_aux` it returns a pair of that and a pytree of arrays.
        microbatches: n, the number of equal parts of the batch.
        reduction: "mean", "sum" or "ratio".
        argnums: which positional argument, or tuple of them, requires gradients.
        batch_argnums: which positional argument, or tuple of them, is a batch: a pytree of arrays
            whose first axis is divided. Random keys can be among them, one per example.
        has_aux: whether `fn` returns `(value, aux)`.

    Returns:
        `(*args, **kwargs) -> (value, grads)` with the gradients that `backward` gives, or with
        `has_aux` `-> ((value, aux), grads)`, where `aux` is stacked along a first axis of size n.
        Gradients are added up in the argument's dtype.

    Raises:
        TypeError: as from `backward`; `fn` does not return a scalar, or for "ratio" a pair of them.
        ValueError: as from `backward`; n is not positive, a first axis is not divisible by n, or
            `argnums` and `batch_argnums` overlap.

    Source: https://docs.pytorch.org/docs/stable/notes/amp_examples.html#gradient-accumulation

    Differs from PyTorch: the reduction is an argument; PyTorch's loop always adds.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.autograd import accumulate
    >>> def loss(w, x):
    ...     return jnp.mean((w * x) ** 2)
    >>> accumulate(loss, 2)(2.0, jnp.array([1.0, 2.0, 3.0, 4.0]))
    (Array(30., dtype=float32), Array(30., dtype=float32))
    """
    if not callable(fn):
        raise TypeError(_CHECK.wrong("fn", "callable", type(fn).__name__))
    count = _CHECK.integer("microbatches", microbatches, minimum=1)
    _CHECK.option("reduction", reduction, ("mean", "sum", "ratio"))
    _CHECK.truth("has_aux", has_aux)

    def of_part(kwargs: Any, *args: Any) -> Any:
        """The value, and beside it the weight and the auxiliary output."""
        result = fn(*args, **kwargs)
        if has_aux and not (isinstance(result, tuple) and len(result) == 2):
            expected, got = "a pair (value, aux)", type(result).__name__
            raise TypeError(_CHECK.wrong("output", expected, got))
        value, aux = result if has_aux else (result, None)
        weight = jnp.ones(())
        if reduction == "ratio":
            if not (isinstance(value, tuple) and len(value) == 2):
                expected, got = "a pair (sum, weight)", type(value).__name__
                raise TypeError(_CHECK.wrong("output", expected, got))
            value, weight = value
        return _scalar(value), (_weight(weight), aux)

    @functools.wraps(fn)
    def value_and_grads(*args: Any, **kwargs: Any) -> Any:
        with explained(_NAME):
            batches = selected(_NAME, batch_argnums, args)
            if set(batches) & set(selected(_NAME, argnums, args)):
                expected, got = "other positions than argnums", batch_argnums
                raise ValueError(_CHECK.wrong("batch_argnums", expected, got))
            pulled = backward(functools.partial(of_part, kwargs), argnums, has_aux=True)
            parts = [_parts(f"argument {n}", args[n], count) for n in batches]

            def of_one(part: Any) -> Any:
                whole = replaced(args, batches, part)
                (value, (weight, aux)), grads = pulled(*whole)
                return (value, weight, grads), aux

            def step(total: Any, part: Any) -> Any:
                one, aux = of_one(part)
                return jax.tree.map(jnp.add, total, one), aux

            body, shapes = jax.make_jaxpr(
                lambda parts: of_one(jax.tree.map(lambda x: x[0], parts))[0], return_shape=True
            )(parts)
            zeros = jax.tree.unflatten(jax.tree.structure(shapes), map(_zeros, body.out_avals))
            (value, weight, grads), aux = jax.lax.scan(step, zeros, parts)
            by = {"mean": count, "sum": 1, "ratio": weight}[reduction]
            value, grads = jax.tree.map(functools.partial(_divided, by=by), (value, grads))
            return ((value, aux) if has_aux else value), grads

    del value_and_grads.__dict__["__wrapped__"]
    return value_and_grads


def _zeros(aval: Any) -> jax.Array:
    """Zeros to start a sum with, which vary over the devices of a `shard_map` as its terms do."""
    return _jaxpr.varied(jnp.zeros(aval.shape, aval.dtype), _jaxpr.varying(aval))


def _scalar(value: Any) -> jax.Array:
    """A result of `fn` as a scalar."""
    result = _CHECK.floating("output", value)
    if result.size != 1:
        raise TypeError(_CHECK.wrong("output", "a scalar", f"shape {result.shape}"))
    return result.reshape(())


def _weight(value: Any) -> jax.Array:
    """A weight as a scalar; an integer in 32 bits or more."""
    result = _CHECK.array("weight", value)
    if is_a(result.dtype, jnp.integer) or is_a(result.dtype, jnp.bool_):
        result = result.astype(result.dtype if result.dtype.itemsize >= 4 else jnp.int32)
    elif not is_floating(result.dtype):
        raise TypeError(_CHECK.wrong("weight", "a real number", result.dtype))
    if result.size != 1:
        raise TypeError(_CHECK.wrong("weight", "a scalar", f"shape {result.shape}"))
    return result.reshape(())


def _divided(x: jax.Array, by: Any) -> jax.Array:
    """`x / by`, computed in a dtype that holds `by`: float16 does not hold 100,000."""
    kind = wide(x.dtype)
    return (x.astype(kind) / jnp.asarray(by, kind)).astype(x.dtype)


def _parts(argument: str, batch: Any, count: int) -> Any:
    """The leaves of a batch, with the first axis split into parts."""

    def part(x: jax.Array) -> jax.Array:
        if not x.ndim or x.shape[0] % count:
            expected = f"of a first axis that {count} divides"
            remedy = "leave out the rest of the batch, or pad it and take a ratio"
            raise ValueError(_CHECK.wrong(argument, expected, f"shape {x.shape}", remedy))
        return x.reshape(count, x.shape[0] // count, *x.shape[1:])

    return jax.tree.map(part, _CHECK.arrays(argument, batch))
