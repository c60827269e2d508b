"""`Tensor.register_hook`: an identity that passes its gradient through a function."""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.core import Tracer, eval_jaxpr
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from jaxgrad import _checks

_NAME = "gradient_hook"
_CHECK = _checks.of(_NAME)


def gradient_hook(x: Any, fn: Callable[[Any], Any]) -> Any:
    """Returns `x`, and passes the gradient that comes back to it through `fn`.

        value = x,   ∂value/∂xᵀ cotangent = fn(cotangent)

    Use it to clip a gradient, scale it, reverse it, or print it:
    `gradient_hook(x, lambda g: jax.debug.print("{}", g))`. Use the result in the rest of the
    function: the gradient of other uses of `x` does not pass through `fn`.

    Args:
        x: a pytree of arrays. Leaves that are neither floating point nor complex are returned
            as they are.
        fn: a traceable function of the gradient, in the structure of `x`, with None for the other
            leaves. It returns the new gradient, in the same structure, shapes and dtypes, or None
            to leave it as it is.

    Returns:
        `x`. In forward mode (`jax.jvp`, `jax.jacfwd`) it is the identity and `fn` is not called,
        as in PyTorch. Second derivatives go through `fn` itself, and their gradient of `x` passes
        through `fn` once more. Under `vmap`, if `x` is mapped, each example's gradient passes
        through `fn` by itself. Without a gradient, `fn` is not called. Compiled, the hook costs
        only the operations of `fn`. `fn` may close over traced values; then it is traced when
        `gradient_hook` is called.

    Raises:
        TypeError: `fn` is not callable with one argument, a leaf is not an array, or `fn` returns
            another dtype.
        ValueError: `fn` returns another structure or shape. The result of `fn` is checked when the
            function is differentiated.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.register_hook.html

    Differs from PyTorch: there is no handle to remove; a gradient of another shape or dtype is
    refused where it is made.

    >>> import jax
    >>> import jax.numpy as jnp
    >>> from jaxgrad.autograd import gradient_hook
    >>> def loss(x):
    ...     return (gradient_hook(x, lambda g: jnp.clip(g, -1, 1)) ** 2).sum()
    >>> jax.grad(loss)(jnp.array([0.25, 3.0]))
    Array([0.5, 1. ], dtype=float32)
    """
    _check_function(fn)
    leaves, structure = jax.tree.flatten(_CHECK.arrays("x", x))
    places = [n for n, leaf in enumerate(leaves) if jnp.issubdtype(leaf.dtype, jnp.inexact)]

    def of_flat(gradients: Sequence[jax.Array]) -> list[jax.Array]:
        given = dict(zip(places, map(jnp.conj, gradients), strict=True))
        tree = structure.unflatten(given.get(n) for n in range(len(leaves)))
        returned = fn(tree)
        result = _like(tree if returned is None else returned, tree)
        return [jnp.conj(leaf) for leaf in jax.tree.leaves(result)]

    chosen = [leaves[n] for n in places]
    values, backward = _closed(of_flat, fn, chosen)
    hooked = _hook.bind(*values, *chosen, fn=backward, count=len(values)) if places else []
    given = dict(zip(places, hooked, strict=True))
    return structure.unflatten(given.get(n, leaf) for n, leaf in enumerate(leaves))


def _check_function(fn: Any) -> None:
    """Refuse a value that is not a function of one argument."""
    wrong = functools.partial(_CHECK.wrong, "fn")
    if not callable(fn):
        remedy = "give a function of the gradient, such as lambda g: 2 * g"
        raise TypeError(wrong("callable", type(fn).__name__, remedy))
    try:
        signature = inspect.signature(fn)
    except (TypeError, ValueError):  # some functions written in C have no signature
        return
    try:
        signature.bind(None)
    except TypeError as error:
        remedy = "fix the others with functools.partial or a lambda"
        expected = "callable with the gradient alone"
        raise TypeError(wrong(expected, f"a function of {signature}", remedy)) from error


def _like(gradient: Any, tree: Any) -> Any:
    """`gradient`, which must have the structure, shapes and dtypes of `tree`."""
    wrong = functools.partial(_CHECK.wrong, "the gradient that fn returns")
    expected, got = jax.tree.structure(tree), jax.tree.structure(gradient)
    if expected != got:
        remedy = "return what fn is given, changed with jax.tree.map, or None to leave it"
        raise ValueError(wrong(f"of structure {expected}", got, remedy))
    result = _CHECK.arrays("the gradient that fn returns", gradient)
    for leaf, like in zip(jax.tree.leaves(result), jax.tree.leaves(tree), strict=True):
        got = f"{leaf.dtype}{list(leaf.shape)}"
        expected = f"{like.dtype}{list(like.shape)}"
        if leaf.shape != like.shape:
            remedy = "reduce or repeat it with jnp.broadcast_to, or return None to leave it"
            raise ValueError(wrong(expected, got, remedy))
        if leaf.dtype != like.dtype:
            raise TypeError(wrong(expected, got, f"cast it with .astype({str(like.dtype)!r})"))
    return result


def _closed(
    of_flat: Callable[..., Any], fn: Any, leaves: Sequence[jax.Array]
) -> tuple[list[Any], Callable[..., Any]]:
    """The traced values that `fn` closes over, and a function of them and of the gradients.

    These values must pass through the transformations of the surrounding function. Without any,
    `fn` itself is called in the backward pass.
    """
    if not _holds_tracer(fn):
        return [], lambda values, gradients: of_flat(gradients)
    body = jax.make_jaxpr(of_flat)(list(leaves))
    return list(body.consts), lambda values, gradients: eval_jaxpr(body.jaxpr, values, *gradients)


def _holds_tracer(fn: Any, depth: int = 4) -> bool:
    """Whether a function's closure, arguments or object hold a traced value."""
    held = [getattr(fn, "__self__", None), getattr(fn, "__defaults__", None)]
    held += [getattr(fn, name, None) for name in ("__wrapped__", "func", "args", "keywords")]
    for cell in getattr(fn, "__closure__", None) or ():
        try:
            held.append(cell.cell_contents)
        except ValueError:  # a name that has no value yet
            continue
    leaves = jax.tree.leaves(held)
    return any(
        isinstance(leaf, Tracer)
        or (depth > 0 and callable(leaf) and _holds_tracer(leaf, depth - 1))
        for leaf in leaves
    )


_hook = Primitive("gradient_hook")
"""The identity of arrays, which come after `count` other values. Its transpose calls `fn` with
these values and the cotangents. A `custom_vjp` would refuse forward mode, and a `custom_jvp` cannot
change the backward pass alone."""
_hook.multiple_results = True
_hook.def_impl(lambda *arrays, fn, count: list(arrays[count:]))
_hook.def_abstract_eval(lambda *avals, fn, count: list(avals[count:]))
mlir.register_lowering(_hook, lambda context, *values, fn, count: values[count:])


def _jvp(primals: Any, tangents: Any, fn: Any, count: int) -> Any:
    dots = [ad.instantiate_zeros(tangent) for tangent in tangents[count:]]
    moved = _hook.bind(*primals[:count], *dots, fn=fn, count=count)
    return _hook.bind(*primals, fn=fn, count=count), moved


def _transpose(cotangents: Any, *operands: Any, fn: Any, count: int) -> Any:
    gradients = [ad.instantiate_zeros(cotangent) for cotangent in cotangents]
    return [*[None] * count, *fn(list(operands[:count]), gradients)]


def _batch(arrays: Any, dims: Any, fn: Any, count: int) -> Any:
    (size,) = {x.shape[d] for x, d in zip(arrays, dims, strict=True) if d is not None}
    front = [batching.bdim_at_front(x, d, size) for x, d in zip(arrays, dims, strict=True)]
    return _hook.bind(*front, fn=jax.vmap(fn), count=count), [0] * (len(front) - count)


ad.primitive_jvps[_hook] = _jvp
ad.primitive_transposes[_hook] = _transpose
batching.primitive_batchers[_hook] = _batch
