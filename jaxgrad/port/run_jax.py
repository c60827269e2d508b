"""Runs the port in JAX: its value, gradients and new state."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .arrays import containers, paths, to_jax, to_numpy
from .pair import Outcome, Pair, cotangents, one_line, value_leaves

PRECISION = "highest"
"""Of JAX's matrix products. No accelerator rounds the operands to TF32 or bfloat16 then."""

Runner = Callable[..., Outcome]


@contextlib.contextmanager
def settings(*, float64: bool) -> Iterator[None]:
    """JAX with exact matrix products, and with its 64-bit types if asked for."""
    with jax.default_matmul_precision(PRECISION):
        with jax.enable_x64(True) if float64 else contextlib.nullcontext():
            yield


def jax_arguments(pair: Pair, *, float64: bool) -> tuple[Any, ...]:
    """The arguments of the port."""
    trees = [pair.tree(root) for root in _roots(pair)]
    return tuple(
        jax.tree.map(lambda leaf: to_jax(to_numpy(leaf), float64=float64), tree)
        for tree in (*trees, *pair.inputs)
    )


def _roots(pair: Pair) -> list[str]:
    return [root for root in ("params", "state") if getattr(pair, root) is not None]


def value_and_state(pair: Pair, returned: Any) -> tuple[Any, Any]:
    """The value and the new state that the port returned; None for a port without state."""
    if pair.state is None:
        return returned, None
    if not (isinstance(returned, tuple) and len(returned) == 2):
        raise TypeError(
            "compare: with state, jax_fn must return a pair (value, new state), "
            f"not {type(returned).__name__}; or leave state out"
        )
    return returned


def floating_arrays(value: Any) -> list[jax.Array]:
    """The floating point arrays in a value, in the order of PyTorch's tensors."""
    return [leaf for leaf in jax.tree.leaves(containers(value)) if _is_floating(leaf)]


def _is_floating(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jnp.floating)


def pullback(pull: Callable[..., Any], results: list[jax.Array]) -> Any:
    """What a function of `jax.vjp` gives for the fixed cotangents of its results."""
    pairs = zip(cotangents(results), results, strict=True)
    (grads,) = pull([jnp.asarray(cotangent, result.dtype) for cotangent, result in pairs])
    return grads


def jax_runner(pair: Pair, *, jit: bool) -> Runner:
    """A function that runs the port on a pair's numbers; jitted, it compiles once for shapes."""

    def run(arguments: tuple[Any, ...]) -> Any:
        leaves, structure = jax.tree.flatten(arguments)
        floating = [n for n, leaf in enumerate(leaves) if _is_floating(leaf)]

        def of_floating(floats: list[Any]) -> Any:
            given = dict(zip(floating, floats, strict=True))
            args = structure.unflatten(given.get(n, leaf) for n, leaf in enumerate(leaves))
            value, state = value_and_state(pair, pair.jax_fn(*args))
            return floating_arrays(value), (containers(value), state)

        results, pull, rest = jax.vjp(of_floating, [leaves[n] for n in floating], has_aux=True)
        return rest, pullback(pull, results)

    run = _jitted(run) if jit else run

    def outcome(pair: Pair, *, float64: bool = False) -> Outcome:
        with settings(float64=float64):
            try:
                arguments = jax_arguments(pair, float64=float64)
                (value, state), grads = run(arguments)
            except Exception as error:
                return Outcome(error=one_line(error))
        roots = [*_roots(pair), *(f"inputs[{n}]" for n in range(len(pair.inputs)))]
        given = [x for root, tree in zip(roots, arguments, strict=True) for x in paths(tree, root)]
        floating = [path for path, leaf in given if _is_floating(leaf)]
        by_path = {p: np.asarray(g) for p, g in zip(floating, grads, strict=True)}
        by_path = {path: grad for path, grad in by_path.items() if not path.startswith("state")}
        after = {} if state is None else dict(paths(state, "state"))
        return Outcome(value_leaves(value), by_path, {k: np.asarray(v) for k, v in after.items()})

    return outcome


def _jitted(run: Callable[..., Any]) -> Callable[..., Any]:
    """Jits a function of arrays; other leaves of its arguments and results stay as they are."""
    jitted = jax.jit(lambda arguments: _wrapped(run(_unwrapped(arguments))))
    return lambda arguments: _unwrapped(jitted(_wrapped(arguments)))


@jax.tree_util.register_static
class _Static:
    """A leaf that is not an array, as `jax.jit` takes it: compared by identity."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Static) and self.value is other.value


def _wrapped(tree: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf if isinstance(leaf, jax.Array) else _Static(leaf), tree)


def _unwrapped(tree: Any) -> Any:
    def value(leaf: Any) -> Any:
        return leaf.value if isinstance(leaf, _Static) else leaf

    return jax.tree.map(value, tree, is_leaf=lambda leaf: isinstance(leaf, _Static))
