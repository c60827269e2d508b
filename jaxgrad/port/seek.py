"""Inputs that a port is worth trying on: ties, kinks, and numbers near the limits of a dtype."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, Literal

from jaxgrad import _jaxpr

from . import moving, sides
from .sides import Problem

_KINKS = (0.0, 0.5, -0.5, 1.0, -1.0, 2.0, 3.0, -3.0, 6.0)
_LARGE = (20.0, -20.0, 89.0, -89.0, 750.0, -750.0, 1e4, -1e4)
_SMALL = (1e-30, -1e-30, 1e-8, -1e-8, 1e-4, -1e-4)
_COMPARING = ("max", "min", "clamp", "gt", "lt", "ge", "le", "eq", "ne", "select_n", "sign")


class Probe(NamedTuple):
    """The problem at other numbers, and which in words."""

    words: str
    problem: Problem


def probes(problem: Problem, key: Any) -> Iterator[Probe]:
    """The problem with one input after another at the numbers where functions have kinks.

    Which elements keep the caller's numbers is drawn with the key: half of them.
    """
    seed = int(np.asarray(jax.random.key_data(key)).ravel()[-1])
    draw = np.random.default_rng(seed)
    bounds = _bounds(problem)
    kinds = {
        "zeros": (0.0,),
        "kinks and ties": _KINKS,
        "the bounds that it compares with": bounds,
        "large numbers": _LARGE,
        "small numbers": _SMALL,
    }
    for number, tree in enumerate(problem.inputs):
        leaves, structure = jax.tree.flatten(tree)
        for place, leaf in enumerate(leaves):
            if not moving.is_floating(leaf) or not leaf.size:
                continue
            path = moving.paths(tree, f"inputs[{number}]")[place][0]
            for words, values in kinds.items():
                for filled in _filled(leaf, values, draw):
                    changed = [*leaves]
                    changed[place] = filled
                    inputs = [*problem.inputs]
                    inputs[number] = structure.unflatten(changed)
                    yield Probe(f"{path} at {words}", problem.at(tuple(inputs)))
    if problem.moves:
        zeros = {
            name: np.zeros_like(array) if name.rpartition(".")[2].startswith("bias") else array
            for name, array in problem.named.items()
        }
        inputs = jax.tree.map(
            lambda leaf: np.zeros_like(leaf) if moving.is_floating(leaf) else leaf, problem.inputs
        )
        yield Probe("inputs and biases at zero", problem.at(inputs, zeros))


def _filled(
    leaf: np.ndarray, values: tuple[float, ...], draw: np.random.Generator
) -> Iterator[np.ndarray]:
    """The leaf with half of its elements at the values, until each value had its turn.

    A single value fills the whole leaf.
    """
    room = max(1, leaf.size // 2) if len(values) > 1 else leaf.size
    for start in range(0, len(values), room):
        filled = leaf.copy()
        places = draw.permutation(leaf.size)[:room]
        filled.flat[places] = np.resize(values[start : start + room], room)
        yield filled


def _bounds(problem: Problem) -> tuple[float, ...]:
    """The constants that the port compares with, each with its neighbours in float32."""
    with sides.settings(wide=False):
        try:
            traced = _jaxpr.traced(
                "compare", problem.jax_fn, sides.jax_call(problem, wide=False), {}
            )
        except Exception:  # what it raises is told by running it
            return ()
    found: dict[float, None] = {}
    _collect(traced.body, found, {})
    near = [f(np.float32(b)) for b in found for f in (_same, _below, _above)]
    return tuple(float(x) for x in near)


def _same(x: np.float32) -> np.float32:
    return x


def _below(x: np.float32) -> np.float32:
    return np.nextafter(x, np.float32(-np.inf))


def _above(x: np.float32) -> np.float32:
    return np.nextafter(x, np.float32(np.inf))


def _collect(body: ClosedJaxpr, found: dict[float, None], known: Mapping[Any, float]) -> None:
    """The constants that the equations of a body compare with, into calls too."""
    for eqn in body.jaxpr.eqns:
        values = [_constant(atom, known) for atom in eqn.invars]
        if eqn.primitive.name in _COMPARING:
            found.update(dict.fromkeys(v for v in values if v is not None and np.isfinite(v)))
        for inner in _jaxpr.bodies(eqn):
            names = inner.jaxpr.invars
            pairs = zip(names, values, strict=False) if len(names) == len(values) else ()
            _collect(inner, found, {var: v for var, v in pairs if v is not None})


def _constant(atom: Any, known: Mapping[Any, float]) -> float | None:
    if isinstance(atom, Literal):
        return float(atom.val) if np.ndim(atom.val) == 0 and np.isreal(atom.val) else None
    return known.get(atom)
