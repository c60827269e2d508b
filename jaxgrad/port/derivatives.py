"""Both computations from their ends backwards, until a derivative differs that began the same."""

import importlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, JaxprEqn

from jaxgrad import _jaxpr

from . import moving, sides
from .apart import close
from .sides import Problem
from .walk import Step, recorded


class _Graded(NamedTuple):
    """A value of JAX's with its cotangent."""

    array: np.ndarray
    cotangent: np.ndarray
    source: str


class Kink(NamedTuple):
    """Where derivatives part.

    Attributes:
        text: the step and the two gradients of its argument.
        exact: whether that argument is the same number on both sides, to the bit: if it is not, a
            kink may lie between the two, and they were parted by rounding.
    """

    text: str
    exact: bool


def derivative_parting(problem: Problem) -> Kink | None:
    """The step of PyTorch's with equal values and another derivative, or None.

    Its result has the same cotangent on both sides, and its argument has not.
    """
    steps, cotangents = _torch_cotangents(problem)
    values = _jax_cotangents(problem)
    for number in range(len(steps) - 1, -1, -1):
        for result, expected in zip(steps[number].results, cotangents[number], strict=True):
            alike = [v for v in values if v.array.shape == result.shape and close(result, v.array)]
            if expected is None or not alike or any(close(expected, v.cotangent) for v in alike):
                continue
            users = [step for step in steps[number + 1 :] if number in step.sources]
            return _told(users[0] if users else steps[number], result, expected, alike, values)
    return None


def _told(
    step: Step,
    result: np.ndarray,
    expected: np.ndarray,
    alike: Sequence[_Graded],
    values: Sequence[_Graded],
) -> Kink:
    got = alike[0].cotangent
    with np.errstate(invalid="ignore"):
        distance = np.nan_to_num(np.abs(expected - got), nan=np.inf)
    index = np.unravel_index(int(np.argmax(distance)), distance.shape)
    after = [v.source for v in values if step.results and _has(v, step.results[0])]
    line = next((f", at {source}" for source in after if source), "")
    text = (
        f"{step} at {result[index]:.6g}: PyTorch's gradient there is {expected[index]:.6g}, "
        f"JAX's {got[index]:.6g}{line}"
    )
    return Kink(text, any(value.array[index] == result[index] for value in alike))


def _has(value: _Graded, array: np.ndarray) -> bool:
    return value.array.shape == array.shape and close(array, value.array)


def _torch_cotangents(problem: Problem) -> tuple[list[Step], list[list[np.ndarray | None]]]:
    """PyTorch's steps in float64, and the cotangents of their results."""
    torch = importlib.import_module("torch")
    with sides.loaded(problem.module, problem.named, wide=True):
        value, steps, tensors = recorded(problem)
        outputs = [t for t in sides.floating_tensors(value) if t.requires_grad]
        against = [
            torch.from_numpy(np.array(c)).to(t.dtype)
            for t, c in zip(outputs, sides.cotangents(outputs), strict=True)
        ]
        flat = [t for row in tensors for t in row if t.requires_grad]
        found = torch.autograd.grad(outputs, flat, against, allow_unused=True) if flat else ()
        by_id = {id(t): g for t, g in zip(flat, found, strict=True)}
        grads = [[by_id.get(id(t)) for t in row] for row in tensors]
        arrays = [[None if g is None else moving.to_numpy(g) for g in row] for row in grads]
    return steps, arrays


def _jax_cotangents(problem: Problem) -> list[_Graded]:
    """JAX's values with their cotangents; a function with a rule of its own is one step."""
    with sides.settings(wide=True):
        arguments = sides.jax_call(problem, wide=True)

        def value_of(*arguments: Any) -> list[Any]:
            value, _ = sides.split(problem, problem.jax_fn(*arguments))
            return sides.floating_leaves(value)

        traced = _jaxpr.traced("compare", value_of, arguments, {})
        places: list[str] = []
        values: list[Any] = []

        def nudged(leaf: Any, source: str, nudges: Any, outer: bool) -> Any:
            if not jnp.issubdtype(leaf.dtype, jnp.floating):
                return leaf
            if not outer:
                return leaf + next(nudges)
            places.append(source)
            values.append(leaf)
            return leaf

        def run(body: ClosedJaxpr, inputs: Sequence[Any], nudges: Any, outer: bool) -> list[Any]:
            def perform(eqn: JaxprEqn, inputs: Sequence[Any]) -> Sequence[Any]:
                ruled = eqn.primitive.name.startswith("custom_")
                inner = None if ruled else _jaxpr.inlined(eqn)
                if inner is not None:
                    return run(inner, inputs, nudges, outer)
                source = str(_jaxpr.source(eqn)) if outer else ""
                results = _jaxpr.as_it_is(eqn, inputs)
                return [nudged(leaf, source, nudges, outer) for leaf in results]

            return _jaxpr.evaluate(body, inputs, perform)

        def whole(nudges: Any, outer: bool = False) -> list[Any]:
            given = [nudged(leaf, "", nudges, outer) for leaf in traced.arrays]
            return run(traced.body, given, nudges, outer)

        outputs = whole(iter(()), True)
        zeros = [jnp.zeros_like(value) for value in values]
        _, pull = jax.vjp(lambda z: whole(iter(z)), zeros)
        against = [
            jnp.asarray(c, leaf.dtype)
            for c, leaf in zip(sides.cotangents(outputs), outputs, strict=True)
        ]
        (found,) = pull(against)
    return [
        _Graded(np.asarray(value), np.asarray(cotangent), source)
        for value, cotangent, source in zip(values, found, places, strict=True)
    ]
