"""Other inputs to compare a port on: ties, kinks, and numbers near the limits of a dtype."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, Literal

from jaxgrad import _jaxpr

from .arrays import is_floating, paths
from .pair import Pair
from .run_jax import jax_arguments, settings

_KINKS = (0.0, 0.5, -0.5, 1.0, -1.0, 2.0, 3.0, -3.0, 6.0)
_LARGE = (20.0, -20.0, 89.0, -89.0, 750.0, -750.0, 1e4, -1e4)
_SMALL = (1e-30, -1e-30, 1e-8, -1e-8, 1e-4, -1e-4)
_COMPARISONS = ("max", "min", "clamp", "gt", "lt", "ge", "le", "eq", "ne", "select_n", "sign")


class Probe(NamedTuple):
    """A pair at other inputs, and a description of these."""

    description: str
    pair: Pair


def probes(pair: Pair, key: Any) -> Iterator[Probe]:
    """The pair with one input after another at numbers where functions often have kinks.

    Half of the elements of an input keep the caller's numbers. The key draws which.
    """
    seed = int(np.asarray(jax.random.key_data(key)).ravel()[-1])
    draw = np.random.default_rng(seed)
    kinds = {
        "zeros": (0.0,),
        "kinks and ties": _KINKS,
        "the bounds that it compares with": _bounds(pair),
        "large numbers": _LARGE,
        "small numbers": _SMALL,
    }
    leaves, structure = jax.tree.flatten(pair.inputs)
    names = [name for n, tree in enumerate(pair.inputs) for name, _ in paths(tree, f"inputs[{n}]")]
    for place, leaf in enumerate(leaves):
        if is_floating(leaf) and leaf.size:
            for kind, values in kinds.items():
                for filled in _filled(leaf, values, draw):
                    inputs = structure.unflatten([*leaves[:place], filled, *leaves[place + 1 :]])
                    yield Probe(f"{names[place]} at {kind}", pair.at(inputs))
    if pair.matches:
        yield Probe("inputs and biases at zero", _at_zero(pair))


def _at_zero(pair: Pair) -> Pair:
    named = {
        name: np.zeros_like(array) if name.rpartition(".")[2].startswith("bias") else array
        for name, array in pair.named.items()
    }
    inputs = jax.tree.map(lambda x: np.zeros_like(x) if is_floating(x) else x, pair.inputs)
    return pair.at(inputs, named)


def _filled(
    leaf: np.ndarray, values: tuple[float, ...], draw: np.random.Generator
) -> Iterator[np.ndarray]:
    """Copies of the leaf with half of the elements replaced, until every value was used.

    A single value replaces all elements.
    """
    count = max(1, leaf.size // 2) if len(values) > 1 else leaf.size
    for start in range(0, len(values), count):
        filled = leaf.copy()
        places = draw.permutation(leaf.size)[:count]
        filled.flat[places] = np.resize(values[start : start + count], count)
        yield filled


def _bounds(pair: Pair) -> tuple[float, ...]:
    """The constants that the port compares with, each with its neighbours in float32.

    Those of 0 are the smallest normal numbers: smaller ones may be 0 to a compiled function.
    """
    with settings(float64=False):
        try:
            arguments = jax_arguments(pair, float64=False)
            traced = _jaxpr.traced("compare", pair.jax_fn, arguments, {})
        except Exception:  # running the port reports it
            return ()
    found: dict[float, None] = {}
    _collect(traced.body, found, {})
    return tuple(float(x) for bound in found for x in _neighbours(np.float32(bound)))


def _neighbours(bound: np.float32) -> tuple[np.float32, np.float32, np.float32]:
    """A number, and those below and above it."""
    infinity, tiny = np.float32(np.inf), np.finfo(np.float32).tiny
    if bound == 0:
        return bound, -tiny, tiny
    return bound, np.nextafter(bound, -infinity), np.nextafter(bound, infinity)


def _collect(body: ClosedJaxpr, found: dict[float, None], known: Mapping[Any, float]) -> None:
    """Adds the constants that the equations of a body, and of the calls in it, compare with."""
    for eqn in body.jaxpr.eqns:
        values = [_constant(atom, known) for atom in eqn.invars]
        if eqn.primitive.name in _COMPARISONS:
            found.update(dict.fromkeys(v for v in values if v is not None and np.isfinite(v)))
        for inner in _jaxpr.bodies(eqn):
            names = inner.jaxpr.invars
            pairs = zip(names, values, strict=False) if len(names) == len(values) else ()
            _collect(inner, found, {var: v for var, v in pairs if v is not None})


def _constant(atom: Any, known: Mapping[Any, float]) -> float | None:
    if isinstance(atom, Literal):
        return float(atom.val) if np.ndim(atom.val) == 0 and np.isreal(atom.val) else None
    return known.get(atom)
