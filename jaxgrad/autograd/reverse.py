"""`out.backward(gradient)` without the state: gradients are returned, not stored."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxgrad import _checks
from jaxgrad._leaves import is_none, merge, numbers, replaced, selected, split

from ._rules import explained
from .used import used_leaves

_NAME = "backward"
_CHECK = _checks.of(_NAME)


def backward(
    fn: Callable[..., Any],
    argnums: int | tuple[int, ...] = 0,
    has_aux: bool = False,
    unused: str = "zeros",
) -> Callable[..., Any]:
    """Makes the function that computes `fn` and what `backward()` would leave in `.grad`.

        value = fn(*args),   grads = grads₀ + Jᵀ cotangent,   J = ∂value/∂args[argnums]

    Args:
        fn: a function of pytrees that returns a pytree of floating point or complex arrays, or
            with `has_aux` a pair of that and anything else.
        argnums: which positional argument, or tuple of them, requires gradients.
        has_aux: whether `fn` returns `(value, aux)`.
        unused: the gradient of an input that the derivative does not depend on (`used_inputs` shows
            which): "zeros", or "none" for PyTorch's None.

    Returns:
        `(*args, cotangent=None, grads=None, **kwargs) -> (value, grads)`, or with `has_aux`
        `-> ((value, aux), grads)`. `cotangent` has the structure, shapes and dtypes of `value`;
        Python numbers in it take the value's dtype. By default it is 1, which needs one real output
        of one element. The new gradients are added to `grads`, as to `.grad`; None stands for no
        gradient yet. The returned `grads` have the structure of the argument (a tuple of them
        where `argnums` is a tuple), and None for an integer, boolean or key leaf.

    Raises:
        TypeError: `fn` is not callable; a selected argument has leaves, but none floating point or
            complex; an output is neither, or there is no output; a cotangent or an accumulated
            gradient has another dtype.
        TypeError, ValueError, NotImplementedError: `fn` has no reverse mode, such as a
            `while_loop`, or a callback without a rule; the message says what to do.
        ValueError: several outputs, or one of several elements, or a complex one, without a
            `cotangent`; a cotangent or an accumulated gradient of another structure or shape; bad
            `argnums` or `unused`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html

    Differs from PyTorch: an unused input gets zeros unless None is asked for, and an output that
    depends on no input gives zeros, not an error; a cotangent of another dtype is refused, not
    cast.
    Differs from jax.grad: gradients of complex arguments are PyTorch's, the conjugate of JAX's,
    so that `z - lr * grad` descends; an output of shape (1,) counts as a scalar.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.autograd import backward
    >>> def fn(x):
    ...     return 2 * (x * x) + 5 * x + 6
    >>> value, grads = backward(fn)(jnp.full((2, 2), 12.5), cotangent=jnp.ones((2, 2)))
    >>> grads
    Array([[55., 55.],
           [55., 55.]], dtype=float32)
    >>> value, grads = backward(fn)(jnp.full((2, 2), 12.5), cotangent=jnp.ones((2, 2)), grads=grads)
    >>> grads[0, 0]
    Array(110., dtype=float32)
    """
    if not callable(fn):
        raise TypeError(_CHECK.wrong("fn", "callable", type(fn).__name__))
    numbers(_NAME, argnums)
    _CHECK.truth("has_aux", has_aux)
    _CHECK.option("unused", unused, ("zeros", "none"))

    @functools.wraps(fn)
    def value_and_grads(*args: Any, cotangent: Any = None, grads: Any = None, **kwargs: Any) -> Any:
        with explained(_NAME):
            positions = selected(_NAME, argnums, args)
            chosen, rest = zip(
                *(split(_NAME, f"argument {n}", args[n]) for n in positions), strict=True
            )

            def of_chosen(chosen: Any) -> Any:
                return fn(*replaced(args, positions, map(merge, chosen, rest)), **kwargs)

            value, pull, *aux = jax.vjp(of_chosen, chosen, has_aux=has_aux)
            (pulled,) = pull(jax.tree.map(jnp.conj, _full_cotangent(value, cotangent)))
            fresh = jax.tree.map(jnp.conj, pulled)
            used = jax.tree.map(lambda _: True, fresh)
            if unused == "none":
                (used,) = used_leaves(
                    _NAME, lambda c: of_chosen(c)[0] if has_aux else of_chosen(c), chosen
                )
            if not isinstance(argnums, (tuple, list)):
                (fresh,), (used,) = fresh, used
            return (value, *aux) if has_aux else value, _accumulated(grads, fresh, used)

    # Otherwise inspection, such as by `donate_argnames`, would see fn's parameters.
    del value_and_grads.__dict__["__wrapped__"]
    return value_and_grads


def _full_cotangent(value: Any, cotangent: Any) -> Any:
    """The cotangent in the structure, shapes and dtypes of `value`, or an error that names it."""
    leaves, structure = jax.tree.flatten(value)
    if not leaves:
        expected, remedy = "floating point or complex", "does the function return its result?"
        raise TypeError(_CHECK.wrong("output", expected, value, remedy))
    if cotangent is None and len(leaves) > 1:
        expected = "given for an output of several arrays"
        remedy = "or return what is not to be differentiated beside the value, with has_aux=True"
        raise ValueError(_CHECK.wrong("cotangent", expected, "None", remedy))
    for leaf in leaves:
        dtype = _CHECK.array("output", leaf).dtype
        if not jnp.issubdtype(dtype, jnp.inexact):
            remedy = "return it beside the value, with has_aux=True"
            expected = "floating point or complex"
            raise TypeError(_CHECK.wrong("output", expected, dtype, remedy))
        if cotangent is None and (jnp.size(leaf) != 1 or jnp.iscomplexobj(leaf)):
            expected = "given for an output that is not a real scalar"
            got = f"None for {dtype}{list(jnp.shape(leaf))}"
            raise ValueError(_CHECK.wrong("cotangent", expected, got))
    if cotangent is None:
        return jax.tree.map(jnp.ones_like, value)
    given = _flat("cotangent", cotangent, structure)
    return structure.unflatten(map(functools.partial(_like, "cotangent"), given, leaves))


def _accumulated(grads: Any, fresh: Any, used: Any) -> Any:
    """`grads + fresh`. None in `grads` is no gradient yet; it stays None for an unused input."""
    new, structure = jax.tree.flatten(fresh, is_leaf=is_none)
    old = [None] * len(new) if grads is None else _flat("grads", grads, structure)
    counts = jax.tree.leaves(used, is_leaf=is_none)
    return structure.unflatten(map(_added, old, new, counts))


def _added(old: Any, new: Any, used: bool | None) -> Any:
    if old is None:
        return new if used else None
    if new is None:
        expected = "None for a leaf that requires no gradient"
        raise ValueError(_CHECK.wrong("grads", expected, type(old).__name__))
    return _like("grads", old, new) + new


def _flat(argument: str, tree: Any, structure: Any) -> list[Any]:
    """The leaves of `tree`, which must have that structure."""
    try:
        return list(structure.flatten_up_to(tree))
    except ValueError as error:
        expected = f"of structure {structure}"
        got = jax.tree.structure(tree)
        raise ValueError(_CHECK.wrong(argument, expected, got)) from error


def _like(argument: str, leaf: Any, like: Any) -> jax.Array:
    """`leaf` as an array, which must have the shape and dtype of `like`."""
    like = jnp.asarray(like)
    result = _CHECK.array(argument, leaf)
    if result.weak_type and jnp.can_cast(result.dtype, like.dtype, "same_kind"):
        result = result.astype(like.dtype)
    if result.shape != like.shape:
        got = f"shape {result.shape}"
        raise ValueError(_CHECK.wrong(argument, f"of shape {like.shape}", got))
    if result.dtype != like.dtype:
        remedy = f"cast it with .astype({like.dtype})"
        raise TypeError(_CHECK.wrong(argument, like.dtype, result.dtype, remedy))
    return result
