"""Another convention whose derivative is JAX's, where the values of both agree."""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from .arrays import to_numpy
from .conventions import Call, candidates
from .conventions.call import caller
from .differences import is_close
from .run_torch import floating_tensors, tensors
from .torch_steps import Origin, Step

_Gradient = np.ndarray | None


def other_derivative(
    step: Step,
    cotangents: Sequence[_Gradient],
    origin: Origin,
    expected: np.ndarray,
    got: Sequence[np.ndarray],
) -> str:
    """The convention with which a step has JAX's gradient of an argument, in words; or "".

    The argument may have other users. What they add to its gradient is taken as PyTorch's.
    """
    call = step.call
    for tensor in tensors((call.args, call.kwargs)):
        if step.origins.get(id(tensor)) == origin:
            found = other_derivative_of(step, cotangents, tensor, expected, got)
            if found:
                return found
    return ""


def other_derivative_of(
    step: Step,
    cotangents: Sequence[_Gradient],
    argument: Any,
    expected: _Gradient,
    got: Sequence[np.ndarray],
) -> str:
    """The same for an argument itself; without `expected` it has no other users."""
    leaf = argument.detach().clone().requires_grad_()
    args, kwargs = jax.tree.map(
        lambda x: leaf if x is argument else x, (step.call.args, step.call.kwargs)
    )
    call = step.call._replace(args=args, kwargs=kwargs)
    own = _gradient(lambda: _called(call), leaf, cotangents)
    if own is None:
        return ""
    rest = 0.0 if expected is None else expected - own
    for candidate in candidates(call):
        grad = _gradient(lambda run=candidate.run: run()[0], leaf, cotangents)
        if grad is None or is_close(own, grad):
            continue
        if any(is_close(rest + grad, array) for array in got):
            return f"; PyTorch computes {candidate.original}, JAX computes {candidate.port}"
    return ""


def _called(call: Call) -> Any:
    """The result of a call that may write to its arguments."""
    count = len(call.args)
    named = {f"_{n}": arg for n, arg in enumerate(call.args)}

    def function(**given: Any) -> Any:
        args = [given.pop(f"_{n}") for n in range(count)]
        return call.function(*args, **given)

    return caller(function, {**named, **call.kwargs})()[0]


def _gradient(
    run: Callable[[], Any], argument: Any, cotangents: Sequence[_Gradient]
) -> np.ndarray | None:
    """The pullback of the cotangents to an argument; None if there is none."""
    torch = importlib.import_module("torch")
    try:
        pairs = [
            (result, torch.from_numpy(np.array(cotangent)))
            for result, cotangent in zip(floating_tensors(run()), cotangents, strict=False)
            if cotangent is not None and result.requires_grad
        ]
        results, against = zip(*pairs, strict=True)
        (grad,) = torch.autograd.grad(results, [argument], against, allow_unused=True)
    except Exception:  # the function does not take these arguments, or other shapes result
        return None
    return None if grad is None else to_numpy(grad)


def weights_of(step: Step) -> list[Any]:
    """The floating point arguments of a step that come from no other step."""
    given = floating_tensors((step.call.args, step.call.kwargs))
    return [t for t in given if id(t) not in step.origins]
