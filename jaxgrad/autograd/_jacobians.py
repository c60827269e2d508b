"""Jacobians of functions of pytrees, element by element: by autodiff and by central differences."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxgrad import _checks


class Flat(NamedTuple):
    """A function of 64-bit leaves, with the names of its inputs and its outputs."""

    call: Callable[[Sequence[jax.Array]], list[jax.Array]]
    inputs: list[jax.Array]
    input_names: list[str]
    output_names: list[str]


def flattened(fn: Callable[..., Any], args: tuple[Any, ...]) -> Flat:
    """`fn` as a function of its floating point leaves in 64 bits."""
    check = _checks.of("gradcheck")
    paths, structure = jax.tree.flatten_with_path(check.arrays("inputs", args))
    leaves = [leaf for _, leaf in paths]
    places = [n for n, leaf in enumerate(leaves) if jnp.issubdtype(leaf.dtype, jnp.inexact)]
    if not places:
        got = ", ".join(sorted({str(leaf.dtype) for leaf in leaves})) or "no arrays"
        expected = "floating point or complex in at least one leaf"
        raise TypeError(check.wrong("inputs", expected, got))

    def outputs(chosen: Sequence[jax.Array]) -> list[tuple[Any, Any]]:
        given = dict(zip(places, chosen, strict=True))
        whole = structure.unflatten(given.get(n, leaf) for n, leaf in enumerate(leaves))
        found = jax.tree.flatten_with_path(fn(*whole))[0]
        found = [(p, check.array("output", x)) for p, x in found]
        return [(p, x) for p, x in found if jnp.issubdtype(jnp.result_type(x), jnp.inexact)]

    inputs = [wide(leaves[n]) for n in places]
    first = outputs(inputs)
    check.concrete("what fn closes over", [x for _, x in first])
    if not first:
        expected = "floating point or complex in at least one leaf"
        raise TypeError(check.wrong("output", expected, "none"))
    for path, x in first:
        if jnp.finfo(jnp.result_type(x)).bits != 64:
            name, got = "output" + jax.tree_util.keystr(path), jnp.result_type(x)
            remedy = "a cast inside fn loses the digits that differences need"
            raise ValueError(check.wrong(name, "64-bit as the inputs", got, remedy))
    return Flat(
        lambda chosen: [jnp.asarray(x) for _, x in outputs(chosen)],
        inputs,
        ["inputs" + jax.tree_util.keystr(paths[n][0]) for n in places],
        ["output" + jax.tree_util.keystr(path) for path, _ in first],
    )


def wide(x: Any) -> jax.Array:
    """An array in float64 or complex128."""
    x = jnp.asarray(x)
    return x.astype(jnp.complex128 if jnp.iscomplexobj(x) else jnp.float64)


def reals(x: Any) -> np.ndarray:
    """An array as a real vector; for complex numbers the real parts, then the imaginary."""
    x = np.asarray(x).ravel()
    return np.concatenate([x.real, x.imag]) if np.iscomplexobj(x) else x


def from_reals(vector: np.ndarray, like: Any) -> jax.Array:
    """The inverse of `reals`: an array with the shape and dtype of `like`."""
    if not np.iscomplexobj(np.empty(0, like.dtype)):
        return jnp.asarray(vector.reshape(like.shape))
    real, imaginary = np.split(vector, 2)
    return jnp.asarray((real + 1j * imaginary).reshape(like.shape))


def _units(like: Any) -> Iterator[jax.Array]:
    """Arrays like `like` with a single 1, or a single 1j, at each element in turn."""
    for row in np.eye(reals(like).size):
        yield from_reals(row, like)


def pull(flat: Flat, inputs: Sequence[jax.Array], cotangents: Sequence[Any]) -> list[jax.Array]:
    """The gradients of the inputs; for complex inputs in PyTorch's convention."""
    _, transposed = jax.vjp(flat.call, list(inputs))
    return [jnp.conj(g) for g in transposed([jnp.conj(c) for c in cotangents])[0]]


def moved(flat: Flat, n: int, by: jax.Array) -> list[np.ndarray]:
    """The outputs, as real vectors, with the n-th input moved."""
    inputs = [x + by if m == n else x for m, x in enumerate(flat.inputs)]
    return [reals(y) for y in flat.call(inputs)]


def jacobians(flat: Flat, mode: str) -> list[list[np.ndarray]]:
    """For each output and input the Jacobian of their real vectors, by autodiff."""
    outputs = flat.call(flat.inputs)
    zeros = [jnp.zeros_like(y) for y in outputs]
    if mode == "backward":
        rows = [
            [
                [reals(g) for g in pull(flat, flat.inputs, [*zeros[:o], unit, *zeros[o + 1 :]])]
                for unit in _units(y)
            ]
            for o, y in enumerate(outputs)
        ]
        return [
            [
                np.array([row[n] for row in of]).reshape(len(of), reals(x).size)
                for n, x in enumerate(flat.inputs)
            ]
            for of in rows
        ]
    columns = []
    for n, x in enumerate(flat.inputs):
        rest = [jnp.zeros_like(other) for other in flat.inputs]
        columns.append(
            [
                [reals(y) for y in push(flat, [*rest[:n], unit, *rest[n + 1 :]])]
                for unit in _units(x)
            ]
        )
    return _from_columns(columns, outputs)


def push(flat: Flat, tangents: list[jax.Array]) -> list[jax.Array]:
    """The tangents of the outputs."""
    return jax.jvp(flat.call, (flat.inputs,), (tangents,))[1]


def differences(flat: Flat, eps: float) -> list[list[np.ndarray]]:
    """The Jacobians of `jacobians`, by central differences."""
    columns = []
    for n, x in enumerate(flat.inputs):
        of = []
        for unit in _units(x):
            above, below = moved(flat, n, eps * unit), moved(flat, n, -eps * unit)
            of.append([(a - b) / (2 * eps) for a, b in zip(above, below, strict=True)])
        columns.append(of)
    return _from_columns(columns, flat.call(flat.inputs))


def _from_columns(columns: list[list[list[np.ndarray]]], outputs: Sequence[Any]) -> Any:
    return [
        [np.array([column[o] for column in of]).reshape(len(of), reals(y).size).T for of in columns]
        for o, y in enumerate(outputs)
    ]
