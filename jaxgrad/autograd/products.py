"""Second derivatives along a direction, and the two conventions of complex gradients."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.core import Tracer
from jax.extend.core import ClosedJaxpr, JaxprEqn, Literal

from jaxgrad import _checks, _jaxpr
from jaxgrad._leaves import merge, numbers, replaced, selected, split

from ._rules import explained, is_about_rules
from .reverse import backward

_NAME = "hvp"
_CHECK = _checks.of(_NAME)


def hvp(fn: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """Makes the function that computes `fn` and its Hessian times a direction.

        value = fn(x),   product = (∂²fn/∂x²) v

    by forward mode over backward mode, at the cost of a few evaluations, without the Hessian.
    Where `fn` has no forward mode, such as a function with a `jax.custom_vjp` rule, it is computed
    by backward mode alone, at about twice the cost.

    Args:
        fn: a function of pytrees that returns one real floating point array of one element.
        argnums: which positional argument, or tuple of them, is differentiated.

    Returns:
        `(*args, v, **kwargs) -> (value, product)`. `v` has the structure, shapes and dtypes of the
        argument (a tuple of them where `argnums` is a tuple), and None for its integer leaves.
        `product` has the same structure.

    Raises:
        TypeError: as from `backward`; a leaf of `v` has another dtype.
        TypeError, ValueError, NotImplementedError: `fn` has no second derivative in either mode,
        such
            as a `while_loop`, or a callback without a rule; the message says what to do.
        ValueError: as from `backward`; `v` has another structure or shape.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.hvp.html

    Differs from PyTorch: `v` is required. `vhp` is the same product where second derivatives are
    continuous; PyTorch has both because its `hvp` is slower.

    >>> import jax.numpy as jnp
    >>> from jaxgrad.autograd import hvp
    >>> value, product = hvp(lambda x: (x**3).sum())(jnp.array([1.0, 2.0]), v=jnp.array([1.0, 0.5]))
    >>> product
    Array([6., 6.], dtype=float32)
    """
    if not callable(fn):
        raise TypeError(_CHECK.wrong("fn", "callable", type(fn).__name__))
    given = numbers(_NAME, argnums)

    @functools.wraps(fn)
    def value_and_product(*args: Any, v: Any, **kwargs: Any) -> Any:
        with explained(_NAME):
            positions = selected(_NAME, given, args)
            chosen, rest = zip(
                *(split(_NAME, f"argument {n}", args[n]) for n in positions), strict=True
            )
            directions = v if isinstance(argnums, (tuple, list)) else (v,)
            tangents = _tangents(chosen, directions)

            def gradient(chosen: Any) -> Any:
                whole = replaced(args, positions, map(merge, chosen, rest))
                value, grads = backward(functools.partial(fn, **kwargs), positions)(*whole)
                return grads, value

            product, value = _derivative_along(gradient, chosen, tangents)
            return value, product if isinstance(argnums, (tuple, list)) else product[0]

    del value_and_product.__dict__["__wrapped__"]
    return value_and_product


def _derivative_along(gradient: Callable[[Any], Any], chosen: Any, tangents: Any) -> Any:
    """The derivative of the gradient along the tangents, and the auxiliary output."""

    def forward(chosen: Any, tangents: Any) -> Any:
        return jax.jvp(gradient, (chosen,), (tangents,), has_aux=True)[1:]

    try:
        if not _is_traced((chosen, tangents)) and not _is_traced(
            moved := forward(chosen, tangents)
        ):
            return moved
        # Under tracing JAX reports a missing forward mode only when it compiles.
        once = jax.jit(forward)
        if not _needs_forward_rule(once.trace(chosen, tangents).jaxpr):
            return once(chosen, tangents)
    except (TypeError, ValueError, NotImplementedError) as error:
        if not is_about_rules(error):
            raise
    # The transpose of Jᵀ, not Jᵀ itself: a custom rule need not be a true gradient.
    _, pull, value = jax.vjp(gradient, chosen, has_aux=True)
    _, pushed = jax.vjp(pull, jax.tree.map(jnp.zeros_like, chosen))
    return pushed((tangents,))[0], value


def _is_traced(tree: Any) -> bool:
    return any(isinstance(x, Tracer) for x in jax.tree.leaves(tree))


def _needs_forward_rule(body: ClosedJaxpr) -> bool:
    """Whether the outputs depend on a tangent of a function that has a `custom_vjp` rule only."""
    needed = {atom for atom in body.jaxpr.outvars if not isinstance(atom, Literal)}
    for eqn in reversed(body.jaxpr.eqns):
        if needed.intersection(eqn.outvars):
            if _has_custom_tangent(eqn):
                return True
            needed.update(atom for atom in eqn.invars if not isinstance(atom, Literal))
    return False


def _has_custom_tangent(eqn: JaxprEqn) -> bool:
    inner = (eqn for body in _jaxpr.bodies(eqn) for eqn in body.jaxpr.eqns)
    return eqn.primitive.name == "custom_lin" or any(map(_has_custom_tangent, inner))


def _tangents(chosen: Any, directions: Any) -> Any:
    """The directions as arrays with the shapes and dtypes of `chosen`."""
    leaves, structure = jax.tree.flatten(chosen)
    try:
        given = structure.flatten_up_to(tuple(directions))
    except (TypeError, ValueError) as error:
        expected, got = f"of structure {structure}", jax.tree.structure(directions)
        raise ValueError(_CHECK.wrong("v", expected, got)) from error
    result = []
    for leaf, like in zip(given, leaves, strict=True):
        tangent = _CHECK.array("v", leaf)
        if tangent.weak_type and jnp.can_cast(tangent.dtype, like.dtype, "same_kind"):
            tangent = tangent.astype(like.dtype)
        if tangent.shape != like.shape:
            expected, got = f"of shape {like.shape}", f"shape {tangent.shape}"
            raise ValueError(_CHECK.wrong("v", expected, got))
        if tangent.dtype != like.dtype:
            raise TypeError(_CHECK.wrong("v", like.dtype, tangent.dtype))
        result.append(tangent)
    return structure.unflatten(result)


def conjugate(grads: Any) -> Any:
    """Turns gradients of complex arguments from JAX's convention into PyTorch's, and back.

        PyTorch: ∂L/∂x + i ∂L/∂y,   JAX: ∂L/∂x - i ∂L/∂y,   for z = x + i y and a real L

    PyTorch's points uphill, so that `z - lr * grad` descends; JAX's is the coefficient of dz.
    `backward`, `intermediate_grads` and `gradient_hook` have PyTorch's; `jax.grad`, JAX's.

    Args:
        grads: a pytree of arrays; None where there is no gradient.

    Returns:
        The same with complex leaves conjugated.

    Raises:
        TypeError: a leaf is not an array.

    Source: https://docs.pytorch.org/docs/stable/notes/autograd.html#autograd-for-complex-numbers

    >>> import jax
    >>> from jaxgrad.autograd import conjugate
    >>> conjugate(jax.grad(lambda z: abs(z) ** 2)(1 + 2j))
    Array(2.+4.j, dtype=complex64)
    """
    arrays = _checks.of("conjugate").arrays("grads", grads)
    return jax.tree.map(lambda g: jnp.conj(g) if jnp.iscomplexobj(g) else g, arrays)
