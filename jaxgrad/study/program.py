"""A snippet's answer by one compiled program, instead of one program for each operation."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn

from .answer import converted

LARGE = 2**17
"""Elements of an array beyond which computing costs more than compiling: XLA, which computes in
advance what depends on no input, may take minutes for it."""
OPERATION = 10
"""What a program of its own costs an operation, in equations of a larger program."""


def at_once(
    answer: Callable[[Mapping[str, jax.Array]], Any], arrays: Mapping[str, jax.Array]
) -> Any | None:
    """What `answer(arrays)` gives, or None where it must or had better run one by one.

    It must where it cannot be traced, such as where it looks at values, and where an input or a
    result is infinite or NaN: the compiler may make a selection of a product by 0 or 1. It had
    better where it is a single operation, computes much, or repeats few operations many times,
    each of which is compiled once.
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
    except Exception:  # whatever it is, the answer is what comes without a trace
        return None
    if not pays(traced.jaxpr):
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


def pays(program: ClosedJaxpr) -> bool:
    """Whether one program is compiled sooner than its operations, each of them once."""
    equations = program.jaxpr.eqns
    if len(equations) < 2 or not program.jaxpr.outvars or max(map(_largest, equations)) > LARGE:
        return False
    apart = {_likeness(equation): OPERATION + _size(equation) for equation in equations}
    return sum(map(_size, equations)) <= sum(apart.values())


def _likeness(equation: JaxprEqn) -> tuple[Any, ...]:
    """What two operations have in common that may be one program."""
    variables = [*equation.invars, *equation.outvars]
    return equation.primitive, *(str(variable.aval) for variable in variables)


def _largest(equation: JaxprEqn) -> int:
    return max((getattr(v.aval, "size", 0) for v in equation.outvars), default=0)


def _size(equation: JaxprEqn) -> int:
    """How many equations an equation is, those of its bodies included."""
    return 1 + sum(_size(inner) for body in _bodies(equation) for inner in body.eqns)


def _bodies(equation: JaxprEqn) -> Iterator[Jaxpr]:
    for parameter in equation.params.values():
        for part in parameter if isinstance(parameter, (tuple, list)) else (parameter,):
            if isinstance(part, ClosedJaxpr):
                yield part.jaxpr
            elif isinstance(part, Jaxpr):
                yield part
