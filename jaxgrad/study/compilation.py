"""A snippet's answer by one compiled program, instead of one program for each operation."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn

from .answer import converted

LARGE = 2**17
"""An array of more elements costs more to compute than to compile. XLA computes in advance what
depends on no input, and may take minutes for a larger one."""
OPERATION = 10
"""The cost of a program for a single operation, in equations of a larger program."""


def compiled_answer(
    answer: Callable[[Mapping[str, jax.Array]], Any], arrays: Mapping[str, jax.Array]
) -> Any | None:
    """What `answer(arrays)` gives, or None where it must or should run operation by operation.

    It must where it cannot be traced, for instance because it looks at values. It must where an
    input or a result is infinite or NaN, because the compiler may turn a product with 0 or 1 into
    a selection. It should where it is not `worth_compiling`.
    """
    if not _finite(arrays.values()):
        return None
    returned: list[Any] = []

    def of_arrays(arrays: Mapping[str, jax.Array]) -> list[jax.Array]:
        value, results = answer(arrays), []

        def place(leaf: Any) -> Any:
            if not isinstance(leaf, jax.Array):
                return leaf
            results.append(leaf)
            return _Place(len(results) - 1)

        returned.append(converted(place, value))
        return results

    try:
        traced = jax.jit(of_arrays).trace(arrays)
    except Exception:  # then the answer is what it gives without a trace
        return None
    if not worth_compiling(traced.jaxpr):
        return None
    results = traced.lower().compile()(arrays)
    if not _finite(results):
        return None
    return converted(lambda leaf: results[leaf] if type(leaf) is _Place else leaf, returned[-1])


def _finite(arrays: Iterable[jax.Array]) -> bool:
    floating = (np.asarray(x) for x in arrays if jnp.issubdtype(x.dtype, jnp.inexact))
    return all(np.all(np.isfinite(x)) for x in floating)


class _Place(int):
    """The number of a result of the program."""


def worth_compiling(program: ClosedJaxpr) -> bool:
    """Whether one program is compiled sooner than each of its distinct operations.

    A single operation, a large computation and a few operations repeated many times are not.
    """
    equations = program.jaxpr.eqns
    if len(equations) < 2 or not program.jaxpr.outvars or max(map(_largest, equations)) > LARGE:
        return False
    separate = {_signature(equation): OPERATION + _size(equation) for equation in equations}
    return sum(map(_size, equations)) <= sum(separate.values())


def _signature(equation: JaxprEqn) -> tuple[Any, ...]:
    """The primitive and the types: operations with equal ones are compiled once."""
    variables = [*equation.invars, *equation.outvars]
    return equation.primitive, *(str(variable.aval) for variable in variables)


def _largest(equation: JaxprEqn) -> int:
    return max((getattr(v.aval, "size", 0) for v in equation.outvars), default=0)


def _size(equation: JaxprEqn) -> int:
    """The number of equations, with those of its bodies."""
    return 1 + sum(_size(inner) for body in _bodies(equation) for inner in body.eqns)


def _bodies(equation: JaxprEqn) -> Iterator[Jaxpr]:
    for parameter in equation.params.values():
        for part in parameter if isinstance(parameter, (tuple, list)) else (parameter,):
            if isinstance(part, ClosedJaxpr):
                yield part.jaxpr
            elif isinstance(part, Jaxpr):
                yield part
