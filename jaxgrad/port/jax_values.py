"""JAX's intermediate values in float64, and a way to look them up by their numbers."""

import math
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

    def distance(self, array: np.ndarray) -> float:
        """The relative distance from an array, in the order of axes where it is the least."""
        return min(relative_distance(array, x) for x in _in_shape(self.array, array.shape))


def is_distinctive(array: np.ndarray) -> bool:
    """Whether an array is unlikely to be equal to another one by chance."""
    return array.size == 1 or bool(array.size and np.any(array != array.flat[0]))


def source_line(eqn: JaxprEqn) -> str:
    """The line of code that made an equation; "" if it is not known."""
    source = _jaxpr.source(eqn)
    return str(source) if source.file else ""


def jax_values(pair: Pair) -> tuple[list[JaxValue], list[JaxValue]]:
    """All values of the port, and those that it returns.

    All are its arguments, then its values in order, also those inside calls and loops. Of a port
    that raises they are those that it computes before.
    """
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

    def as_far_as_it_runs(*arguments: Any) -> Any:
        try:
            return pair.jax_fn(*arguments)
        except Exception:  # the report has told it
            return ()

    with settings(float64=True):
        traced = _jaxpr.traced("compare", as_far_as_it_runs, jax_arguments(pair, float64=True), {})
        results = run(traced.body, traced.arrays)
        arguments = [JaxValue(np.asarray(array), "", "") for array in traced.arrays]
        returned = [JaxValue(np.asarray(array), "the returned value", "") for array in results]
    return [*_floating(arguments), *values], _floating(returned)


def _floating(values: Sequence[JaxValue]) -> list[JaxValue]:
    return [value for value in values if value.array.dtype.kind == "f"]


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
        self.sums: dict[int, np.ndarray] = {}
        for value in values:
            self.by_size.setdefault(value.array.size, []).append(value)
        for size, alike in self.by_size.items():
            self.sums[size] = np.array([_sums(value.array) for value in alike])

    def match(self, array: np.ndarray) -> JaxValue | None:
        """The first value that is the array, its transpose or its reshape, up to rounding."""
        if array.size not in self.by_size:
            return None
        alike = np.isclose(self.sums[array.size], _sums(array), rtol=1e-6, equal_nan=True)
        for index in np.flatnonzero(np.all(alike, axis=1)):
            value = self.by_size[array.size][index]
            if any(is_close(array, same) for same in _in_shape(value.array, array.shape)):
                return value
        return None

    def factors(self, array: np.ndarray) -> list[float]:
        """The numbers other than 1 by which one of the values is a multiple of the array."""
        if array.size < 3 or not (array.size in self.by_size and np.all(np.isfinite(array))):
            return []
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            sums, squares = (self.sums[array.size] / _sums(array)).T
            alike = np.isfinite(sums) & (sums > 0) & np.isclose(sums**2, squares, rtol=1e-6)
        found: list[float] = []
        for index in np.flatnonzero(alike):
            value = self.by_size[array.size][index].array
            for factor in (float(sums[index]), -float(sums[index])):
                known = any(math.isclose(factor, other) for other in (1.0, *found))
                same = (is_close(array * factor, x) for x in _in_shape(value, array.shape))
                found += [] if known or not any(same) else [factor]
        return found

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


def _sums(array: np.ndarray) -> np.ndarray:
    """Two sums over the elements, which do not depend on the order of the axes."""
    array = array.astype(float)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.array([np.sum(np.abs(array)), np.sum(array * array)])
