"""JAX's intermediate values in float64, and a way to look them up by their numbers."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, JaxprEqn

from jaxgrad import _jaxpr

from .arrays import permutations
from .differences import is_close, relative_distance
from .pair import Pair
from .run_jax import jax_arguments, settings

_MAX_ITERATIONS = 64
"""Of a loop whose iterations are evaluated one by one."""


class JaxValue(NamedTuple):
    """An intermediate value in JAX: its numbers, its operation ("" for an argument), its line."""

    array: np.ndarray
    operation: str
    source: str

    def is_equal(self, array: np.ndarray) -> bool:
        """Whether the value is the array, up to rounding."""
        return self.array.shape == array.shape and is_close(array, self.array)


def source_line(eqn: JaxprEqn) -> str:
    """The line of code that made an equation; "" if it is not known."""
    source = _jaxpr.source(eqn)
    return str(source) if source.file else ""


def jax_values(pair: Pair) -> list[JaxValue]:
    """The arguments of the port and its values in order, also those inside calls and loops."""
    values: list[JaxValue] = []

    def perform(eqn: JaxprEqn, inputs: Sequence[Any]) -> Sequence[Any]:
        outputs = _evaluated(eqn, inputs, run)
        name = eqn.params.get("name", "") if _jaxpr.is_jit(eqn) else ""
        source = source_line(eqn)
        for leaf in outputs:
            if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jnp.floating):
                values.append(JaxValue(np.asarray(leaf), name or eqn.primitive.name, source))
        return outputs

    def run(body: ClosedJaxpr, inputs: Sequence[Any]) -> list[Any]:
        return _jaxpr.evaluate(body, inputs, perform)

    with settings(float64=True):
        traced = _jaxpr.traced("compare", pair.jax_fn, jax_arguments(pair, float64=True), {})
        run(traced.body, traced.arrays)
        arguments = [JaxValue(np.asarray(array), "", "") for array in traced.arrays]
    return [*(a for a in arguments if a.array.dtype.kind == "f"), *values]


def _evaluated(
    eqn: JaxprEqn, inputs: Sequence[Any], run: Callable[[ClosedJaxpr, Sequence[Any]], list[Any]]
) -> Sequence[Any]:
    """The outputs of an equation; `run` evaluates the bodies in it, a loop one by one."""
    inner = _jaxpr.inlined(eqn)
    if inner is not None:
        return run(inner, inputs)
    if eqn.primitive.name == "cond":
        index, *operands = inputs
        return run(eqn.params["branches"][int(index)], operands)
    if eqn.primitive.name == "scan" and 0 < eqn.params["length"] <= _MAX_ITERATIONS:
        consts, carry, xs = _jaxpr.loop_inputs(eqn, inputs)
        step = -1 if eqn.params["reverse"] else 1
        stacked: list[Any] = []
        for iteration in range(eqn.params["length"])[::step]:
            outputs = run(eqn.params["jaxpr"], [*consts, *carry, *(x[iteration] for x in xs)])
            carry = outputs[: len(carry)]
            stacked.append(outputs[len(carry) :])
        return [*carry, *(jnp.stack(column) for column in zip(*stacked[::step], strict=True))]
    return _jaxpr.as_it_is(eqn, inputs)


class Lookup:
    """JAX's values, to be looked up by their numbers."""

    def __init__(self, values: Sequence[JaxValue]) -> None:
        """Groups the values by size."""
        self.by_size: dict[int, list[JaxValue]] = {}
        for value in values:
            self.by_size.setdefault(value.array.size, []).append(value)

    def match(self, array: np.ndarray) -> JaxValue | None:
        """The first value that is the array, its transpose or its reshape, up to rounding."""
        sums = _sums(array)
        for value in self.by_size.get(array.size, ()):
            if np.allclose(_sums(value.array), sums, rtol=1e-6, equal_nan=True):
                if any(is_close(array, same) for same in _in_shape(value.array, array.shape)):
                    return value
        return None

    def nearest(self, array: np.ndarray) -> tuple[JaxValue, float] | None:
        """The computed value with the smallest relative distance from the array, and this."""
        distances = [
            (relative_distance(array, candidate), value)
            for value in self.by_size.get(array.size, ())
            if value.operation
            for candidate in _in_shape(value.array, array.shape)
        ]
        if not distances:
            return None
        distance, value = min(distances, key=lambda pair: pair[0])
        return value, distance


def _in_shape(array: np.ndarray, shape: tuple[int, ...]) -> list[np.ndarray]:
    return permutations(array, shape) or [array.reshape(shape)]


def _sums(array: np.ndarray) -> tuple[float, float]:
    """Two sums over the elements, which do not depend on the order of the axes."""
    array = array.astype(float)
    return float(np.sum(np.abs(array))), float(np.sum(array * array))
