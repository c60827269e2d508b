"""`compare`: a port of a function or a module against its original."""

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jax
import numpy as np

from jaxgrad import _checks, _extras

from . import moving, seek, sides
from .apart import Difference, different, farthest
from .derivatives import derivative_parting
from .sides import Outcome, Problem
from .walk import parting

Finding = Literal["agrees", "rounding", "differs"]


@dataclass(frozen=True)
class Report:
    """What came of holding a port against its original.

    `str` gives all of it, the verdict in words in the first line.

    Attributes:
        verdict: "agrees"; "rounding" where both sides mean the same, as float64 shows, and are
            further apart in the dtype of the inputs than `torch.testing.assert_close` allows;
            "differs", also where float64 could not be asked.
        first: the verdict in words, with the culprit where it could be found.
        differences: every leaf that differs, in the order of the words.
        notes: what else was noticed, such as the settings.
    """

    verdict: Finding
    first: str
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        return self.verdict == "agrees"

    def __str__(self) -> str:
        """The first line, each difference with its size, and the notes."""
        lines = [self.first]
        for difference in self.differences:
            lines += [f"- {difference}", *(f"    {line}" for line in difference.details())]
        return "\n".join([*lines, *(f"  ({note})" for note in self.notes)])


def compare(
    torch_fn: Callable[..., Any],
    jax_fn: Callable[..., Any],
    inputs: Any,
    *,
    module: Any = None,
    params: Any = None,
    state: Any = None,
    mapping: Mapping[str, Any] | None = None,
    key: Any = None,
    seek_inputs: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
) -> Report:
    r"""Holds a port against its original, on the same numbers.

    Compared are structure, shapes, dtypes, values, the gradients of every floating point input and
    parameter (the pullback of a fixed random cotangent $c$, $\nabla \langle c, f \rangle$) and the
    new state: in the dtype of the inputs and in float64, eagerly and under jit, at the inputs and
    at others that are sought (zeros, ties, kinks, the bounds that the port compares with, large and
    small numbers). What differs in float64 is no rounding: then both computations are walked side
    by side, and the first of PyTorch's values that JAX does not have is told, with what JAX
    computes instead where one of the usual other conventions gives it.

    Differs from PyTorch: `torch.testing.assert_close` compares two values; this compares two
    functions. Matrix products are computed at the precision "highest".

    Args:
        torch_fn: a function of tensors, or an `nn.Module`.
        jax_fn: its port: takes `params` and `state` first, where they are given, then the inputs.
        inputs: an array or a tuple of arrays (or trees of them), one for each argument: NumPy's,
            JAX's or PyTorch's. Integers become int64 tensors, as PyTorch's indices are; float64
            counts as float32 where JAX's 64-bit types are off.
        module: the module whose parameters `torch_fn` uses, where that is not one itself.
        params: JAX's parameters, any pytree; their shapes count, their numbers are PyTorch's.
            Without a module, `torch_fn` takes the same tree of tensors first.
        state: JAX's buffers, likewise; then `jax_fn` returns a pair (value, new state).
        mapping: from a path in `params` or `state` ("fc.w", "['fc']['w']", "state['mean']") to
            PyTorch's name, or to a pair of it and a layout (see `torch_layout`). Only needed where
            names, shapes and transposes leave a choice.
        key: draws which elements are moved to the sought inputs; default `jax.random.key(0)`.
        seek_inputs: whether to try other inputs than the given.
        rtol: relative tolerance in the inputs' dtype; default as `torch.testing.assert_close`.
        atol: absolute tolerance, likewise; it grows with the largest element of an array above 1.

    Returns:
        The report.

    Raises:
        ModuleNotFoundError: PyTorch is not installed.
        ValueError: the arrays cannot be matched without a mapping; `torch_fn` draws random numbers.
        TypeError: an argument of the wrong kind.

    Source: https://docs.pytorch.org/docs/stable/testing.html

    >>> import jax, numpy as np
    >>> from jaxgrad.port import compare
    >>> import torch  # doctest: +SKIP
    >>> x = np.linspace(-2, 2, 5)
    >>> report = compare(torch.nn.functional.gelu, jax.nn.gelu, x)  # doctest: +SKIP
    >>> report.first.split(":")[0]  # doctest: +SKIP
    'values differ at output[4]'
    """
    problem = problem_of(torch_fn, jax_fn, inputs, module, params, state, mapping or {})
    key = jax.random.key(0) if key is None else key
    runs = _Runs(problem)
    runs.check_repeatable()
    notes = list(runs.notes())
    found = _meaning(problem, runs)
    if found is None and seek_inputs:
        found = _sought(problem, runs, key)
    if found is None:
        found = _rounding(runs, rtol, atol)
    return Report(found.verdict, found.first, found.differences, (*found.notes, *notes))


def assert_parity(
    torch_fn: Callable[..., Any], jax_fn: Callable[..., Any], inputs: Any, **options: Any
) -> None:
    """Raises where a port does not mean what its original does: `compare` for a test-suite.

    Args:
        torch_fn: as for `compare`.
        jax_fn: its port.
        inputs: the arguments.
        **options: those of `compare`.

    Raises:
        AssertionError: with the report, in which the index and the size of the worst element stand
            as in PyTorch's `assert_close`. Rounding beyond the tolerance raises too.

    Source: https://docs.pytorch.org/docs/stable/testing.html#torch.testing.assert_close

    >>> import jax.numpy as jnp, numpy as np
    >>> from jaxgrad.port import assert_parity
    >>> import torch  # doctest: +SKIP
    >>> assert_parity(torch.sin, jnp.sin, np.ones(3))  # doctest: +SKIP
    """
    report = compare(torch_fn, jax_fn, inputs, **options)
    if not report.agrees:
        raise AssertionError(str(report))


def problem_of(
    torch_fn: Callable[..., Any],
    jax_fn: Callable[..., Any],
    inputs: Any,
    module: Any,
    params: Any,
    state: Any,
    mapping: Mapping[str, Any],
) -> Problem:
    """The problem that the arguments of `compare` state."""
    if lacking := _extras.lacking(torch=["torch"]):
        raise ModuleNotFoundError(f"compare {lacking}")
    for name, fn in (("torch_fn", torch_fn), ("jax_fn", jax_fn)):
        if not callable(fn):
            what = _checks.wrong("compare", name, "a function", type(fn).__name__, "pass one")
            raise TypeError(what)
    if module is None and hasattr(torch_fn, "named_parameters"):
        module = torch_fn
    inputs = inputs if isinstance(inputs, tuple) else (inputs,)
    inputs = jax.tree.map(_input, inputs, is_leaf=_is_tensor)
    named = {} if module is None else sides.named_arrays(module)
    chosen: dict[str, moving.Move] = {}
    moving.check_keys(mapping, {"params": params, "state": state})
    if module is not None:
        parameters = dict.fromkeys(name for name, _ in module.named_parameters())
        of_params = {name: named[name] for name in named if name in parameters}
        buffers = {name: named[name] for name in named if name not in parameters}
        chosen = moving.moves(params, "params", of_params, mapping)
        chosen |= moving.moves(state, "state", buffers, mapping)
    params, state = jax.tree.map(moving.to_numpy, (params, state))
    return Problem(torch_fn, jax_fn, module, inputs, params, state, named, chosen)


def _is_tensor(leaf: Any) -> bool:
    return type(leaf).__module__.partition(".")[0] == "torch"


def _input(leaf: Any) -> Any:
    """An input as a NumPy array, of a dtype that JAX has; Python numbers as they are."""
    array = moving.to_numpy(leaf)
    if isinstance(array, np.ndarray):
        return array.astype(jax.dtypes.canonicalize_dtype(array.dtype))
    return array


class _Runs:
    """The outcomes of both sides at the given inputs, each computed once."""

    def __init__(self, problem: Problem) -> None:
        """Runs both sides in the inputs' dtype, and PyTorch and the jitted port in float64."""
        self.problem = problem
        self.eager = sides.jax_runner(problem, jit=False)
        self.jitted = sides.jax_runner(problem, jit=True)
        self.torch = {wide: sides.torch_outcome(problem, wide=wide) for wide in (False, True)}
        self.narrow = {False: self.eager(problem), True: self.jitted(problem)}

    @functools.cached_property
    def wide(self) -> Outcome:
        """The jitted port in float64."""
        return self.jitted(self.problem, wide=True)

    @functools.cached_property
    def wide_eager(self) -> Outcome:
        """The port in float64, each of whose operations is compiled for itself: slow."""
        return self.eager(self.problem, wide=True)

    @functools.cached_property
    def blind(self) -> str:
        """Why float64 cannot tell rounding from meaning; empty where it can."""
        if self.torch[True].error:
            return f"PyTorch raises there: {self.torch[True].error}"
        ours, theirs = (
            {leaf.dtype for leaf in outcome.value.values() if moving.is_floating(leaf)}
            for outcome in (self.wide, self.torch[True])
        )
        if theirs == {np.dtype(np.float64)} != ours:
            return "JAX's function rounds below it by itself"
        return ""

    def check_repeatable(self) -> None:
        """Raises a ValueError where PyTorch's side depends on its generator."""
        again = sides.torch_outcome(self.problem, seed=1)
        if different(self.torch[False], again, meaning=False, rtol=0, atol=0):
            expected = "a function that gives the same answer twice"
            remedy = "call module.eval(), or fix what it draws"
            raise ValueError(
                _checks.wrong("compare", "torch_fn", expected, "one that draws numbers", remedy)
            )

    def notes(self) -> Iterator[str]:
        """What a reader should know about the runs."""
        yield f"matrix products of JAX at the precision {sides.PRECISION!r}"
        if self.blind:
            yield f"float64 cannot tell rounding from meaning: {self.blind}"
        if self.problem.module is not None:
            used = {move.name for move in self.problem.moves.values()}
            names = [name for name, _ in self.problem.module.named_parameters() if name not in used]
            if names and self.problem.params is not None:
                yield f"PyTorch's {', '.join(names)} have no place in params"


def _meaning(problem: Problem, runs: _Runs) -> Report | None:
    """What differs at the given inputs, rounding aside."""
    for jit, outcome in runs.narrow.items():
        found = different(runs.torch[False], outcome, meaning=False)
        at_once = {"error", "structure", "shape", *(["dtype"] if runs.blind else [])}
        plain = [d for d in found if d.kind in at_once]
        if not plain and not runs.torch[True].error and (jit or found):
            wide = runs.wide if jit else runs.wide_eager
            plain = different(runs.torch[True], wide, meaning=True)
        plain += [d for d in found if d.kind == "dtype" and not plain]
        if plain:
            apart = jit and different(*runs.narrow.values(), meaning=False)
            how = "under jit, " if apart else ""
            return Report("differs", how + str(plain[0]) + culprit(problem, plain), tuple(plain))
    return None


def culprit(problem: Problem, found: list[Difference]) -> str:
    """Where the computations part, in words."""
    if found[0].kind in ("error", "structure", "dtype"):
        return ""
    if {"value", "shape", "state"} & {d.kind for d in found}:
        text = parting(problem)
        missing = "; PyTorch's values are all found on JAX's side, but this is not what it returns"
        return f"; first in {text}" if text else missing
    kink = derivative_parting(problem)
    return f"; the derivative of {kink.text}" if kink else ""


def _sought(problem: Problem, runs: _Runs, key: Any) -> Report | None:
    """What differs at other inputs, the first of them in words."""
    differences: list[Difference] = []
    first = ""
    told: set[str] = set()
    for words, probe in seek.probes(problem, key):
        found = [] if words in told else _at(probe, runs)
        if found and not first:
            reason = culprit(probe, found)
            first = f"agrees at the given inputs, but with {words}: {found[0]}{reason}"
        differences += found[:1]
        told |= {words} if found else set()
    return Report("differs", first, tuple(differences)) if differences else None


def _at(probe: Problem, runs: _Runs) -> list[Difference]:
    """What differs at a probe: in float64, or by whether it is finite in the inputs' dtype."""
    wide = sides.torch_outcome(probe, wide=True)
    if wide.error:
        return []
    found = different(wide, runs.jitted(probe, wide=True), meaning=True)
    if {d.kind for d in found} == {"gradient"}:
        kink = derivative_parting(probe)
        if kink is not None and not kink.exact:
            return []
    if found:
        return found
    narrow = sides.torch_outcome(probe), runs.jitted(probe)
    return different(_finiteness(narrow[0]), _finiteness(narrow[1]), meaning=True)


def _finiteness(outcome: Outcome) -> Outcome:
    """An outcome with 0 for every finite number."""

    def of(leaves: Mapping[str, Any]) -> dict[str, Any]:
        return {
            path: np.where(np.isfinite(leaf.astype(float)), 0.0, leaf.astype(float))
            if moving.is_floating(leaf)
            else leaf
            for path, leaf in leaves.items()
        }

    return Outcome(of(outcome.value), of(outcome.grads), of(outcome.state), outcome.error)


def _rounding(runs: _Runs, rtol: float | None, atol: float | None) -> Report:
    """What is left where both sides mean the same."""
    for jit, outcome in runs.narrow.items():
        found = different(runs.torch[False], outcome, meaning=False, rtol=rtol, atol=atol)
        if found:
            how = "under jit, " if jit else ""
            if runs.blind:
                return Report("differs", f"{how}{found[0]}", tuple(found))
            first = f"{how}only rounding differs (float64 agrees): {found[0]}"
            return Report("rounding", first, tuple(found))
    distance = farthest(runs.torch[False], runs.narrow[True])
    wide = "" if runs.blind else ", and so in float64"
    first = f"agrees: values, gradients and dtypes, eagerly and under jit{wide}"
    return Report("agrees", f"{first}; at most {distance:.2g} of an array's largest element apart")
