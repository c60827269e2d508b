"""What PyTorch gave for a module, and a translation compared with it without PyTorch."""

import contextlib
import re
from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any

import jax
import numpy as np

from jaxgrad import _checks, state_dict

from . import fixed_draws
from .arrays import containers, largest, paths
from .pair import Outcome, Pair
from .run_jax import jax_runner
from .run_torch import run_torch

SHARES = {"float64": 1e-9, "float32": 1e-5}
"""How much of an array's largest element passes, by dtype; 2e-2 in half precision."""


def stateful(
    function: Callable[..., Any], writes: bool, words: Mapping[str, Any]
) -> Callable[..., Any]:
    """A translation as `compare` takes it: of parameters, buffers and inputs.

    It returns its value and all buffers.
    """

    def port(trained: Any, state: Any, *inputs: Any) -> Any:
        given = function({**trained, **state}, *inputs, **words)
        return (given[0], {**state, **given[1]}) if writes else (given, state)

    return port


def recorded(pair: Pair) -> dict[str, Any]:
    """Parameters, buffers, inputs, and what PyTorch gives for them, by paths in one flat dict.

    Raises:
        ValueError: the module raises an exception.
    """
    own, exact = run_torch(pair), run_torch(pair, float64=True)
    if error := own.error or exact.error:
        raise ValueError(f"the module raises {error}")
    arrays = {
        f"{root}/{name}": array
        for root in ("params", "state")
        for name, array in pair.tree(root).items()
    }
    plain: dict[str, str] = {}
    for n, tree in enumerate(pair.inputs):
        given = paths(containers(tree), f"inputs[{n}]")
        plain |= zip(dict(paths(tree, f"inputs[{n}]")), dict(given), strict=True)
        arrays |= given
    arrays["count of inputs"] = np.int32(len(pair.inputs))
    answers, true = _arrays(own), _arrays(exact)
    floor = max((largest(array) for array in own.grads.values()), default=0.0)
    for path, array in answers.items():
        name = plain.get(path, path)  # fields of a named tuple have numbers in the file
        arrays[f"answers/{name}"] = array
        arrays[f"limits/{name}"] = np.float64(
            _limit(array, true[path], floor * (path in own.grads))
        )
    return {path: np.asarray(array) for path, array in arrays.items() if hasattr(array, "dtype")}


def _arrays(outcome: Outcome) -> dict[str, np.ndarray]:
    """All arrays of an outcome, by path."""
    found = {**outcome.value, **outcome.grads, **outcome.state}
    return {path: array for path, array in found.items() if isinstance(array, np.ndarray)}


def _limit(own: np.ndarray, exact: np.ndarray, floor: float) -> float:
    """How far a port may be from an answer: thrice its own rounding, or a share of its largest.

    A gradient may be far from 0 by a thousandth of that share of the largest of all gradients.
    """
    if own.dtype.kind in "biu" or not own.size:
        return 0.0
    share = SHARES.get(str(own.dtype), 2e-2)
    off = np.abs(own.astype(complex) - exact.astype(complex))
    return max(
        3 * float(np.max(off, initial=0, where=np.isfinite(off))),
        share * max(largest(own), floor / 1000),
    )


def assert_as_recorded(
    function: Callable[..., Any],
    file: str | PathLike[str],
    *,
    writes: bool = False,
    fixed: bool = False,
    **words: Any,
) -> None:
    r"""Raises unless a translation gives what PyTorch gave when the file was written.

    It compares values, shapes and dtypes, the gradient of each parameter and floating point input,
    and new buffers. `jaxgrad translate` writes the file, and a test that calls this.

    Differs from PyTorch: it has no such function; `torch.testing.assert_close` compares two values.
    An array passes if it is no further from PyTorch's answer than three times that answer's own
    rounding error, or than a share of its largest element, whichever is more: 1e-5 in float32,
    1e-9 in float64, 2e-2 in half precision. For gradients that are nearly 0 it is a thousandth of
    that share of the largest gradient. A module that draws random numbers is recorded with fixed
    ones in their place.

    Args:
        function: a translation, `function(params, *inputs, **words)`.
        file: of parameters, inputs and answers.
        writes: whether the function returns a pair (value, new buffers).
        fixed: whether fixed numbers stand in the place of random ones, as when the file was
            written.
        words: further arguments of the function, such as `training` and `key`.

    Raises:
        AssertionError: an array differs; the message names it.
        ValueError: the file was not written by `jaxgrad translate`.

    Source: https://docs.pytorch.org/docs/stable/testing.html

    >>> from jaxgrad.port import assert_as_recorded
    >>> from net import net  # doctest: +SKIP
    >>> assert_as_recorded(net, "test_net.safetensors")  # doctest: +SKIP
    """
    arrays = {name: np.asarray(array) for name, array in state_dict.load(file).items()}
    roots = {root: _under(arrays, f"{root}/") for root in ("params", "state", "answers", "limits")}
    if not roots["answers"]:
        want = "a file that jaxgrad translate wrote"
        raise ValueError(
            _checks.of("assert_as_recorded").wrong("file", want, f"{file}", "pass one")
        )
    given = {path: array for path, array in arrays.items() if path.startswith("inputs[")}
    inputs = _inputs(given, int(arrays["count of inputs"]))
    port = stateful(function, writes, words)
    pair = Pair(port, port, None, inputs, roots["params"], roots["state"], {}, {})
    with fixed_draws.in_source(function) if fixed else contextlib.nullcontext():
        outcome = jax_runner(pair, jit=True)(pair)
    if outcome.error:
        raise AssertionError(f"assert_as_recorded: the function raises {outcome.error}")
    found = _arrays(outcome)
    wrong = [
        told
        for path, answer in roots["answers"].items()
        if (told := _difference(path, found.get(path), answer, float(roots["limits"][path])))
    ]
    more = [path for path in outcome.value if path not in roots["answers"]]
    wrong += [f"{path} is one that PyTorch does not give" for path in more]
    if wrong:
        raise AssertionError("assert_as_recorded: " + "; ".join(wrong))


def _under(arrays: Mapping[str, Any], root: str) -> dict[str, Any]:
    return {
        name.removeprefix(root): array for name, array in arrays.items() if name.startswith(root)
    }


def _difference(path: str, found: Any, answer: np.ndarray, limit: float) -> str:
    """How an array differs from the answer; "" if it does not."""
    if found is None:
        return f"there is no {path}"
    dtype = jax.dtypes.canonicalize_dtype(answer.dtype)
    if (found.shape, found.dtype) != (answer.shape, dtype):
        return f"{path} is {found.dtype}{found.shape}, not {dtype}{answer.shape}"
    ours, theirs = found.astype(complex), answer.astype(complex)
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    with np.errstate(invalid="ignore"):
        off = np.where(same, 0, np.abs(ours - theirs))
    return (
        ""
        if np.all(off <= limit)
        else f"{path} is off by {off.max():.3g}, at most {limit:.3g} passes"
    )


def _inputs(arrays: Mapping[str, Any], count: int) -> tuple[Any, ...]:
    """The inputs: trees from arrays by paths such as "inputs[0]['mask'][1]".

    What is no array, such as a number, is None: it stands in the source as the number that it was.
    """
    tree: dict[Any, Any] = {}
    for path, array in arrays.items():
        keys = [int(n) if n else word for n, word in re.findall(r"\[(?:(\d+)|'([^']*)')\]", path)]
        place = tree
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        place[keys[-1]] = array
    return tuple(_container(tree.get(i)) for i in range(count))


def _container(tree: Any) -> Any:
    """A dict with numbers as keys as a list; None where a number is missing."""
    if not isinstance(tree, dict):
        return tree
    items = {key: _container(value) for key, value in tree.items()}
    if not all(isinstance(key, int) for key in items):
        return items
    return [items.get(i) for i in range(max(items, default=-1) + 1)]
