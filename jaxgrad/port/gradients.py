"""The step of the original whose derivative differs, searched from the outputs backwards."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, JaxprEqn

from jaxgrad import _jaxpr

from .arrays import to_numpy
from .derivatives import other_derivative, other_derivative_of, weights_of
from .differences import is_close
from .jax_values import JaxValue, source_line
from .pair import Pair
from .run_jax import floating_arrays, jax_arguments, pullback, settings, value_and_state
from .run_torch import floating_tensors, loaded
from .run_torch import pullback as torch_pullback
from .torch_steps import Step, record_steps

_Cotangent = tuple[JaxValue, np.ndarray]
"""A value in JAX, and the gradient with respect to it."""


class GradientDifference(NamedTuple):
    """A function with equal values and different derivatives.

    Attributes:
        description: the step, and both gradients with respect to its argument.
        same_argument: whether the argument is the same to the bit on both sides. If not, a kink
            may lie between the two arguments, and the difference may be rounding.
        cause: another convention that has JAX's derivative, in words; "" if none is found.
    """

    description: str
    same_argument: bool
    cause: str = ""


def last_different_gradient(pair: Pair) -> GradientDifference | None:
    """The last PyTorch step whose derivative differs from JAX's; None if there is none.

    Its result has the same cotangent on both sides, but its argument does not.
    """
    steps, cotangents = _torch_cotangents(pair)
    values = _jax_cotangents(pair)
    for number in range(len(steps) - 1, -1, -1):
        for place, result in enumerate(steps[number].results):
            expected = cotangents[number][place]
            equal = [value for value in values if value[0].is_equal(result)]
            if expected is None or not equal:
                continue
            if not any(is_close(expected, cotangent) for _, cotangent in equal):
                users = [n for n, step in enumerate(steps) if number in step.sources]
                users.sort(key=lambda n: all(grad is None for grad in cotangents[n]))
                found = _difference(steps[(users or [number])[0]], result, expected, equal, values)
                theirs = expected, [cotangent for _, cotangent in equal]
                causes = (
                    other_derivative(steps[n], cotangents[n], (number, place), *theirs)
                    for n in users
                )
                cause = next(filter(None, causes), "")
                return found._replace(cause=cause, description=found.description + cause)
    return _different_weight(steps, cotangents, values)


def _different_weight(
    steps: Sequence[Step],
    cotangents: Sequence[Sequence[np.ndarray | None]],
    values: Sequence[_Cotangent],
) -> GradientDifference | None:
    """The step with a weight whose gradient in JAX is that of another convention, or None."""
    for step, grads in zip(steps, cotangents, strict=True):
        for weight in weights_of(step):
            equal = [cotangent for value, cotangent in values if value.is_equal(to_numpy(weight))]
            cause = other_derivative_of(step, grads, weight, None, equal) if equal else ""
            if cause:
                return GradientDifference(f"{step}{cause}", same_argument=True)
    return None


def _difference(
    step: Step,
    argument: np.ndarray,
    expected: np.ndarray,
    equal: Sequence[_Cotangent],
    values: Sequence[_Cotangent],
) -> GradientDifference:
    """Describes a step at the element of its argument where the gradients differ most."""
    got = equal[0][1]
    with np.errstate(invalid="ignore"):
        distance = np.nan_to_num(np.abs(expected - got), nan=math.inf)
    index = np.unravel_index(int(np.argmax(distance)), distance.shape)
    sources = [v.source for v, _ in values if step.results and v.is_equal(step.results[0])]
    line = next((f", at {source}" for source in sources if source), "")
    description = (
        f"{step} at {argument[index]:.6g}: PyTorch's gradient there is {expected[index]:.6g}, "
        f"JAX's {got[index]:.6g}{line}"
    )
    same = any(value.array[index] == argument[index] for value, _ in equal)
    return GradientDifference(description, same)


def _torch_cotangents(pair: Pair) -> tuple[list[Step], list[list[np.ndarray | None]]]:
    """PyTorch's steps in float64, and the cotangents of their results."""
    with loaded(pair, float64=True):
        value, steps, _ = record_steps(pair)
        results = [t for step in steps for t in step.tensors if t.requires_grad]
        grads = torch_pullback(floating_tensors(value), results)
    by_id = {id(t): g for t, g in zip(results, grads, strict=True) if g is not None}
    return steps, [
        [to_numpy(by_id[id(t)]) if id(t) in by_id else None for t in step.tensors] for step in steps
    ]


def _jax_cotangents(pair: Pair) -> list[_Cotangent]:
    """JAX's values with their cotangents; a function with its own rule is one step.

    The function is evaluated twice. The first time lists the values. The second time adds a zero
    to each of them, and the gradient with respect to that zero is the value's cotangent.
    """
    values: list[tuple[Any, str]] = []

    def value_of(*arguments: Any) -> list[Any]:
        value, _ = value_and_state(pair, pair.jax_fn(*arguments))
        return floating_arrays(value)

    def visited(leaf: Any, source: str, zeros: Any) -> Any:
        if not jnp.issubdtype(leaf.dtype, jnp.floating):
            return leaf
        if zeros is not None:
            return leaf + next(zeros)
        values.append((leaf, source))
        return leaf

    def run(body: ClosedJaxpr, inputs: Sequence[Any], zeros: Any) -> list[Any]:
        def perform(eqn: JaxprEqn, inputs: Sequence[Any]) -> Sequence[Any]:
            has_rule = eqn.primitive.name.startswith("custom_")
            inner = None if has_rule else _jaxpr.inlined(eqn)
            if inner is not None:
                return run(inner, inputs, zeros)
            source = source_line(eqn) if zeros is None else ""
            results = _jaxpr.as_it_is(eqn, inputs)
            return [visited(leaf, source, zeros) for leaf in results]

        return _jaxpr.evaluate(body, inputs, perform)

    with settings(float64=True):
        traced = _jaxpr.traced("compare", value_of, jax_arguments(pair, float64=True), {})

        def evaluate(zeros: Any = None) -> list[Any]:
            given = [visited(leaf, "", zeros) for leaf in traced.arrays]
            return run(traced.body, given, zeros)

        evaluate()
        outputs, pull = jax.vjp(
            lambda zeros: evaluate(iter(zeros)), [jnp.zeros_like(value) for value, _ in values]
        )
        found = pullback(pull, outputs)
    return [
        (JaxValue(np.asarray(value), "", source), np.asarray(cotangent))
        for (value, source), cotangent in zip(values, found, strict=True)
    ]
