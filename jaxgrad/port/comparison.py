"""`compare`: the port of a function or a module compared with its original."""

import functools
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jax
import numpy as np

from jaxgrad import _checks, _extras

from .arrays import is_floating, is_tensor, to_numpy
from .differences import (
    Difference,
    find_differences,
    is_as_exact,
    largest_distance,
    only_nonfinite,
)
from .gradients import last_different_gradient
from .location import first_missing_step
from .matching import Match, check_mapping, match_arrays
from .pair import Outcome, Pair
from .probes import probes
from .run_jax import PRECISION, jax_runner
from .run_torch import named_arrays, run_torch, without_drawing

Verdict = Literal["agrees", "rounding", "differs"]


@dataclass(frozen=True)
class Report:
    """The result of comparing a port with its original.

    `str` shows all of it, beginning with the verdict in words.

    Attributes:
        verdict: "agrees"; or "rounding" if the two agree in float64, but differ in the dtype of
            the inputs by more than `torch.testing.assert_close` allows, and JAX is further from
            the answer in float64 than PyTorch is, by a factor 2; or "differs", also if there is a
            difference that float64 cannot explain because it cannot be used.
        first: the first line: the verdict in words, and the cause if it was found.
        differences: the leaves that differ, the one of the first line first.
        notes: what else a reader should know, such as the settings of the runs.
    """

    verdict: Verdict
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
    r"""Compares a port with its original on the same numbers.

    It compares structure, shapes, dtypes, values, new state, and the gradient of every floating
    point input and parameter. The gradient is the pullback of a fixed random cotangent $c$,
    $\nabla \langle c, f \rangle$. Both functions run in the dtype of the inputs and in float64, and
    the port also under jit. They run on the given inputs and then on others: zeros, ties, kinks,
    the bounds that the port compares with, large and small numbers.

    A difference that remains in float64 is not rounding. Its cause is then searched for: PyTorch's
    intermediate values are looked up among JAX's, and the report names the first that JAX does not
    compute. If another common convention gives what JAX computes instead, the report names that
    convention.

    Differs from PyTorch: `torch.testing.assert_close` compares two values; this compares two
    functions. JAX's matrix products are computed at the precision "highest".

    Args:
        torch_fn: a function of tensors, or an `nn.Module`.
        jax_fn: its port. It takes `params` and `state` first, if they are given, then the inputs.
        inputs: an array, or a tuple with one array or tree of arrays for each argument: of NumPy,
            JAX or PyTorch. Integers become int64 tensors, as PyTorch's indices are. float64
            becomes float32 unless JAX's 64-bit types are on.
        module: the module whose parameters `torch_fn` uses, if `torch_fn` is not a module itself.
        params: JAX's parameters, any pytree. Only their shapes matter: both sides use PyTorch's
            numbers. Without a module, `torch_fn` takes the same tree of tensors first.
        state: JAX's buffers, likewise. With it `jax_fn` returns a pair (value, new state).
        mapping: from a path in `params` or `state` ("fc.w", "['fc']['w']", "state['mean']") to
            PyTorch's name, or to a pair of that name and a layout (see `torch_layout`). It is
            needed only where names, shapes and transposes leave a choice.
        key: draws which elements are replaced in the other inputs; default `jax.random.key(0)`.
        seek_inputs: whether to try other inputs than the given ones.
        rtol: relative tolerance in the dtype of the inputs; by default that of
            `torch.testing.assert_close`, beyond which JAX may still be as exact as PyTorch.
        atol: absolute tolerance, likewise. It is multiplied by the largest element of an array if
            that is above 1.

    Returns:
        The report.

    Raises:
        ModuleNotFoundError: PyTorch is not installed.
        ValueError: the arrays cannot be matched without a mapping, or `torch_fn` draws random
            numbers.
        TypeError: an argument is of the wrong kind.

    Source: https://docs.pytorch.org/docs/stable/testing.html

    >>> import jax, numpy as np
    >>> from jaxgrad.port import compare
    >>> import torch  # doctest: +SKIP
    >>> x = np.linspace(-2, 2, 5)
    >>> report = compare(torch.nn.functional.gelu, jax.nn.gelu, x)  # doctest: +SKIP
    >>> report.first.split(":")[0]  # doctest: +SKIP
    'values differ at output[1]'
    """
    pair = make_pair(torch_fn, jax_fn, inputs, module, params, state, mapping or {})
    key = jax.random.key(0) if key is None else key
    runs = _Runs(pair)
    runs.check_repeatable()
    notes = tuple(runs.notes())
    report = _at_given_inputs(runs)
    if report is None and seek_inputs:
        report = _at_other_inputs(runs, key)
    if report is None:
        report = _up_to_rounding(runs, rtol, atol)
    return Report(report.verdict, report.first, report.differences, notes)


def assert_parity(
    torch_fn: Callable[..., Any], jax_fn: Callable[..., Any], inputs: Any, **options: Any
) -> None:
    """Raises if a port does not agree with its original: `compare` for a test suite.

    Args:
        torch_fn: the original, as for `compare`.
        jax_fn: its port.
        inputs: the arguments.
        **options: the options of `compare`.

    Raises:
        AssertionError: the two differ, or their rounding is beyond the tolerance. The message is
            the report, with index and size of the worst element as in PyTorch's `assert_close`.

    Source: https://docs.pytorch.org/docs/stable/testing.html#torch.testing.assert_close

    >>> import jax.numpy as jnp, numpy as np
    >>> from jaxgrad.port import assert_parity
    >>> import torch  # doctest: +SKIP
    >>> assert_parity(torch.sin, jnp.sin, np.ones(3))  # doctest: +SKIP
    """
    report = compare(torch_fn, jax_fn, inputs, **options)
    if not report.agrees:
        raise AssertionError(str(report))


def make_pair(
    torch_fn: Callable[..., Any],
    jax_fn: Callable[..., Any],
    inputs: Any,
    module: Any,
    params: Any,
    state: Any,
    mapping: Mapping[str, Any],
) -> Pair:
    """The pair that the arguments of `compare` describe."""
    if lacking := _extras.lacking(torch=["torch"]):
        raise ModuleNotFoundError(f"compare {lacking}")
    for name, fn in (("torch_fn", torch_fn), ("jax_fn", jax_fn)):
        if not callable(fn):
            got = type(fn).__name__
            raise TypeError(_checks.of("compare").wrong(name, "a function", got, "pass one"))
    if module is None and hasattr(torch_fn, "named_parameters"):
        module = torch_fn
    inputs = inputs if isinstance(inputs, tuple) else (inputs,)
    inputs = jax.tree.map(_input, inputs, is_leaf=is_tensor)
    check_mapping(mapping, {"params": params, "state": state})
    named = named_arrays(module)
    matches: dict[str, Match] = {}
    if module is not None:
        parameters = {name: named[name] for name, _ in module.named_parameters()}
        buffers = {name: array for name, array in named.items() if name not in parameters}
        matches = match_arrays(params, "params", parameters, mapping)
        matches |= match_arrays(state, "state", buffers, mapping)
    params, state = jax.tree.map(to_numpy, (params, state))
    return Pair(torch_fn, jax_fn, module, inputs, params, state, named, matches)


def _input(leaf: Any) -> Any:
    """An input as a NumPy array, of a dtype that JAX has; Python numbers are left as they are."""
    array = to_numpy(leaf)
    if isinstance(array, np.ndarray):
        return array.astype(jax.dtypes.canonicalize_dtype(array.dtype))
    return array


class _Runs:
    """The outcomes of the original and the port on the given inputs.

    Attributes:
        pair: what is run.
        eager: runs the port eagerly.
        jitted: runs the port under jit.
        torch: PyTorch's outcomes: in the dtype of the inputs (False) and in float64 (True).
        jax: JAX's outcomes in the dtype of the inputs: eager (False) and under jit (True).
    """

    def __init__(self, pair: Pair) -> None:
        """Runs both in the dtype of the inputs, and the original in float64."""
        self.pair = pair
        self.eager = jax_runner(pair, jit=False)
        self.jitted = jax_runner(pair, jit=True)
        self.torch = {float64: run_torch(pair, float64=float64) for float64 in (False, True)}
        self.jax = {False: self.eager(pair), True: self.jitted(pair)}

    @functools.cached_property
    def jitted_float64(self) -> Outcome:
        """The jitted port in float64."""
        return self.jitted(self.pair, float64=True)

    @functools.cached_property
    def eager_float64(self) -> Outcome:
        """The eager port in float64. It is slow: each operation is compiled by itself."""
        return self.eager(self.pair, float64=True)

    @functools.cached_property
    def no_float64(self) -> str:
        """Why float64 cannot show what is rounding; empty if it can."""
        if self.torch[True].error:
            return f"PyTorch raises there: {self.torch[True].error}"
        ours, theirs = (
            {leaf.dtype for leaf in outcome.value.values() if is_floating(leaf)}
            for outcome in (self.jitted_float64, self.torch[True])
        )
        if theirs == {np.dtype(np.float64)} != ours:
            return "JAX's function itself rounds to another dtype"
        return ""

    def check_repeatable(self) -> None:
        """Raises a ValueError if the original depends on PyTorch's random generator."""
        again = run_torch(self.pair, seed=1)
        if self.torch[False].error or again.error:
            return  # the report tells it
        if find_differences(self.torch[False], again, float64=False, rtol=0, atol=0):
            expected = "a function that gives the same answer twice"
            remedy = without_drawing(self.pair.module)
            raise ValueError(
                _checks.of("compare").wrong("torch_fn", expected, "one that draws numbers", remedy)
            )

    def notes(self) -> Iterator[str]:
        """What a reader should know about the runs."""
        yield f"matrix products of JAX at the precision {PRECISION!r}"
        if self.no_float64:
            yield f"float64 cannot tell rounding from meaning: {self.no_float64}"
        if self.pair.module is not None and self.pair.params is not None:
            used = {match.name for match in self.pair.matches.values()}
            names = [name for name, _ in self.pair.module.named_parameters() if name not in used]
            if names:
                yield f"params has no counterpart of PyTorch's {', '.join(names)}"


def _at_given_inputs(runs: _Runs) -> Report | None:
    """The report if the two differ at the given inputs by more than rounding."""
    for jit, outcome in runs.jax.items():
        found = find_differences(runs.torch[False], outcome, float64=False)
        definite = {"error", "structure", "shape", *(["dtype"] if runs.no_float64 else [])}
        real = [d for d in found if d.kind in definite]
        if not real and not runs.torch[True].error and (jit or found):
            float64 = runs.jitted_float64 if jit else runs.eager_float64
            real = find_differences(runs.torch[True], float64, float64=True)
        real += [d for d in found if d.kind == "dtype" and not real]
        if real:
            only_jit = jit and find_differences(*runs.jax.values(), float64=False)
            how = "under jit, " if only_jit else ""
            return Report("differs", f"{how}{real[0]}{cause(runs.pair, real)}", tuple(real))
    return None


def cause(pair: Pair, found: list[Difference]) -> str:
    """Where the two computations first differ, in words that continue the report's first line."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyTorch, about calls that only this search makes
        return _cause(pair, found)


def _cause(pair: Pair, found: list[Difference]) -> str:
    kinds = {d.kind for d in found}
    if found[0].kind == "error" and "PyTorch" not in found[0].got:
        step = first_missing_step(pair, explained=True)
        return f"; before, in {step}" if step else ""
    if found[0].kind in ("error", "structure", "dtype"):
        return ""
    if kinds & {"value", "shape", "state"}:
        step = first_missing_step(pair)
        all_found = "JAX computes all of PyTorch's values, but returns others"
        return f"; first in {step}" if step else f"; {all_found}"
    gradient = last_different_gradient(pair)
    return f"; the derivative of {gradient.description}" if gradient else ""


def _at_other_inputs(runs: _Runs, key: Any) -> Report | None:
    """The report if the two differ at other inputs; its first line is about the first of these."""
    differences: dict[str, Difference] = {}
    first = ""
    for description, probe in probes(runs.pair, key):
        found = [] if description in differences else _at_probe(probe, runs)
        if found:
            differences[description] = found[0]
            reason = "" if first else cause(probe, found)
            first = first or (
                f"agrees at the given inputs, but with {description}: {found[0]}{reason}"
            )
    return Report("differs", first, tuple(differences.values())) if differences else None


def _at_probe(probe: Pair, runs: _Runs) -> list[Difference]:
    """The differences in float64, else those in which numbers are finite in the inputs' dtype."""
    theirs = run_torch(probe, float64=True)
    if theirs.error:
        return []
    found = find_differences(theirs, runs.jitted(probe, float64=True), float64=True)
    if {d.kind for d in found} == {"gradient"}:
        gradient = last_different_gradient(probe)
        if gradient is not None and not gradient.same_argument:
            return []
    if found:
        return found
    outcomes = map(only_nonfinite, (run_torch(probe), runs.jitted(probe)))
    return find_differences(*outcomes, float64=True)


def _up_to_rounding(runs: _Runs, rtol: float | None, atol: float | None) -> Report:
    """The report for two functions that agree in float64, or where float64 cannot be used."""
    for jit, outcome in runs.jax.items():
        found = find_differences(runs.torch[False], outcome, float64=False, rtol=rtol, atol=atol)
        if rtol is None and atol is None and not runs.no_float64:
            outcomes = runs.torch[False], outcome, runs.torch[True]
            found = [d for d in found if not is_as_exact(d.where, *outcomes)]
        if found:
            how = "under jit, " if jit else ""
            if runs.no_float64:
                return Report("differs", f"{how}{found[0]}", tuple(found))
            first = f"{how}only rounding differs (float64 agrees): {found[0]}"
            return Report("rounding", first, tuple(found))
    exact = None if runs.no_float64 else runs.torch[True]
    distance = largest_distance(runs.torch[False], runs.jax[True], exact)
    float64 = "" if runs.no_float64 else "; also in float64"
    first = f"agrees: values, gradients and dtypes, eagerly and under jit{float64}"
    return Report("agrees", f"{first}; {distance}")
