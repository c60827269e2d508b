"""An original and its port, with the numbers to run both on, and the outcome of a run."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from jaxgrad._closeness import flat

from .arrays import containers, paths, to_numpy
from .matching import Match


@dataclass(frozen=True)
class Pair:
    """An original in PyTorch, its port to JAX, and the numbers to run both on.

    Attributes:
        torch_fn: takes the inputs as tensors; with `params` but no module, takes `params` first.
        jax_fn: takes `params` and `state` if they are given, then the inputs. With `state` it
            returns its value and the new state.
        module: holds PyTorch's parameters and buffers; or None.
        inputs: trees of NumPy arrays, one for each argument.
        params: JAX's parameters, a tree; only the shapes matter if there is a module.
        state: JAX's buffers, likewise.
        named: PyTorch's parameters and buffers by name, as NumPy arrays.
        matches: PyTorch's counterpart of each array of `params` and `state`, by its path.
    """

    torch_fn: Callable[..., Any]
    jax_fn: Callable[..., Any]
    module: Any
    inputs: tuple[Any, ...]
    params: Any
    state: Any
    named: Mapping[str, np.ndarray]
    matches: Mapping[str, Match]

    def tree(self, root: str) -> Any:
        """`params` or `state` filled with PyTorch's numbers, as NumPy arrays."""
        tree = getattr(self, root)
        return jax.tree.unflatten(
            jax.tree.structure(tree),
            [
                self.matches[path].array(self.named) if path in self.matches else leaf
                for path, leaf in paths(tree, root)
            ],
        )

    def in_jax_layout(
        self, named: Mapping[str, np.ndarray], root: str = ""
    ) -> dict[str, np.ndarray]:
        """Arrays by PyTorch's names, as JAX has them: by path, in JAX's layouts.

        `root` limits them to "params" or "state".
        """
        return {
            path: match.array(named)
            for path, match in self.matches.items()
            if path.startswith(root) and match.name in named
        }

    def at(self, inputs: tuple[Any, ...], named: Mapping[str, np.ndarray] | None = None) -> "Pair":
        """The same two functions on other numbers."""
        named = self.named if named is None else named
        return dataclasses.replace(self, inputs=inputs, named=named)


@dataclass(frozen=True)
class Outcome:
    """What a run of the original or the port gave: arrays by path, in JAX's names and layouts.

    Attributes:
        value: the leaves of what the function returned.
        grads: the gradient of each floating point input and parameter.
        state: the buffers after the run.
        error: the exception, in one line; None if none was raised.
        largest_input: the largest magnitude among inputs, parameters and buffers. Where terms
            cancel, the rounding that is left is relative to it.
    """

    value: dict[str, Any] = field(default_factory=dict)
    grads: dict[str, np.ndarray] = field(default_factory=dict)
    state: dict[str, np.ndarray] = field(default_factory=dict)
    error: str | None = None
    largest_input: float = 0.0


def value_leaves(value: Any) -> dict[str, Any]:
    """The leaves of what a function returned, by path, as NumPy arrays."""
    return {f"output{path}": to_numpy(leaf) for path, leaf in flat(containers(value))}


_SEED = 1_618
"""Of the cotangents, beside a number for each output."""


def cotangents(leaves: Sequence[Any]) -> list[np.ndarray]:
    """The cotangents to pull back: 1 for a number, fixed random numbers for an array.

    With ones, whatever cancels in a sum would stay hidden, such as the gradient of a softmax. So
    would the gradient of a norm if they were the input, so they come of seeds of their own.
    """
    return [
        np.random.default_rng((_SEED, seed)).standard_normal(np.shape(leaf))
        if np.ndim(leaf)
        else np.ones(())
        for seed, leaf in enumerate(leaves)
    ]


def one_line(error: Exception) -> str:
    """The type of an exception and the first line of its message."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"
