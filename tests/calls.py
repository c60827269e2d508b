"""The calls that the examples in the docstrings make, and what each becomes when it is traced."""

import doctest
import functools
import importlib
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

_ARRAYS = (jax.Array, np.ndarray)


class Call(NamedTuple):
    """A function and the arguments it was called with; traced ones are ones of their type."""

    function: Callable[..., Any]
    arguments: Any


def made_by_examples(name: str, function: Any) -> tuple[list[Call], int]:
    """Runs the examples of a public function; its calls, those of what it returned, and failures.

    The function is replaced in its room while they run, so that they meet one that takes notes.
    """
    room, attribute = name.rsplit(".", 1)
    module, calls = importlib.import_module(f"jaxgrad.{room}"), []
    failures = 0
    try:
        if not inspect.isclass(function):
            setattr(module, attribute, _noting(function, calls))
        for example in doctest.DocTestFinder(recurse=False).find(function, name, globs={}):
            runner = doctest.DocTestRunner(verbose=False)
            failures += runner.run(example, clear_globs=False).failed  # calls need them later
    finally:
        setattr(module, attribute, function)
    return calls, failures


def _noting(function: Callable[..., Any], calls: list[Call]) -> Callable[..., Any]:
    @functools.wraps(function)
    def noting(*args: Any, **kwargs: Any) -> Any:
        calls.append(Call(function, jax.tree.map(_concrete, (args, kwargs))))
        result = function(*args, **kwargs)
        if callable(result):
            return _noting(result, calls)
        if isinstance(result, tuple) and result and all(map(callable, result)):  # init and update
            return type(result)(*(_noting(part, calls) for part in result))
        return result

    return noting


def _concrete(leaf: Any) -> Any:
    if not isinstance(leaf, Tracer):
        return leaf
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return jax.random.key(0)
    return jnp.ones(leaf.shape, leaf.dtype)


def programs(call: Call) -> dict[str, Any]:
    """The jaxprs of a call, of its vmap and of its gradient, where it can be traced so.

    Arrays and Python numbers are traced; where those have to be static, fewer or arrays alone.
    """
    leaves, structure = jax.tree.flatten(call.arguments)
    found: dict[str, Any] = {}
    for kinds in ((*_ARRAYS, float, int), (*_ARRAYS, float), _ARRAYS):
        places = [i for i, leaf in enumerate(leaves) if _is(leaf, kinds)]
        if not places:
            continue

        def fn(*traced: Any, places: list[int] = places) -> Any:
            whole = list(leaves)
            for place, value in zip(places, traced, strict=True):
                whole[place] = value
            args, kwargs = jax.tree.unflatten(structure, whole)
            result = call.function(*args, **kwargs)
            return [leaf for leaf in jax.tree.leaves(result) if isinstance(leaf, jax.Array)]

        given = [jnp.asarray(leaves[place]) for place in places]
        batch = [jax.random.split(x) if _is_key(x) else jnp.stack([x, x]) for x in given]
        floats = tuple(i for i, x in enumerate(given) if jnp.issubdtype(x.dtype, jnp.floating))
        _trace(found, "jit", fn, given)
        _trace(found, "vmap", jax.vmap(fn), batch)
        if floats:
            _trace(found, "grad", jax.grad(functools.partial(_total, fn), floats), given)
    return found


def _is(leaf: Any, kinds: tuple[type, ...]) -> bool:
    return isinstance(leaf, kinds) and not isinstance(leaf, bool)


def _is_key(x: jax.Array) -> bool:
    return jnp.issubdtype(x.dtype, jax.dtypes.prng_key)


def _total(fn: Callable[..., Any], *traced: Any) -> jax.Array:
    parts = [jnp.sum(x).real for x in fn(*traced) if jnp.issubdtype(x.dtype, jnp.inexact)]
    return sum((part.astype(jnp.float32) for part in parts), jnp.zeros(()))


def _trace(found: dict[str, Any], way: str, fn: Callable[..., Any], given: list[Any]) -> None:
    try:
        found.setdefault(way, jax.make_jaxpr(fn)(*given))
    except (TypeError, ValueError, NotImplementedError):  # it refuses what is traced
        pass
