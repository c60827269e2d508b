"""The differences between two outcomes, beyond rounding in the dtype of each or in float64."""

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import jax
import numpy as np

from jaxgrad._closeness import TOLERANCES, ulp_distance

from .arrays import is_floating, largest
from .pair import Outcome

CLOSE = 1e-7
"""The distance allowed in float64, relative to the largest element of an array.

It admits a constant that was rounded to float32. An eps of 1e-6 instead of 1e-5 changes a result by
about 4.5e-6.
"""
_NOISE = 1e-12
"""What may remain where terms cancel, relative to the largest number in the computation."""
_NOTHING = 1e-5
"""A leaf of which all is this small beside the largest of the others is taken for 0."""
_MUCH = 100
"""Terms larger than a leaf by this factor cancel in it."""
_COUNTED_ULPS = 1e6
"""Beyond so many units in the last place their number says nothing."""

Kind = Literal["error", "structure", "shape", "dtype", "value", "gradient", "state"]


@dataclass(frozen=True)
class Difference:
    """One leaf that differs between the original and the port.

    Attributes:
        kind: what differs.
        where: the leaf, such as "output", "params['fc']['bias']" or "inputs[0]".
        index: the index of its worst element; empty for a number.
        expected: PyTorch's value of that element; for other kinds PyTorch's shape, dtype or type.
        got: the same of JAX.
        mismatched: how many elements differ.
        elements: how many elements the leaf has.
        absolute: the largest absolute difference.
        relative: the largest difference divided by the largest element of the leaf.
        ulps: the largest distance in units in the last place; None if the dtypes differ.
    """

    kind: Kind
    where: str
    index: tuple[int, ...] = ()
    expected: Any = None
    got: Any = None
    mismatched: int = 0
    elements: int = 0
    absolute: float = 0.0
    relative: float = 0.0
    ulps: float | None = None

    def __str__(self) -> str:
        """The leaf and its worst element, in one line."""
        if self.kind == "error":
            return f"{self.where}: {self.got}"
        place = self.where + (f"[{', '.join(map(str, self.index))}]" if self.index else "")
        subjects = {"gradient": "gradients differ", "state": "the new state differs"}
        subject = subjects.get(self.kind, f"{self.kind}s differ")
        return f"{subject} at {place}: PyTorch {_number(self.expected)}, JAX {_number(self.got)}"

    def details(self) -> list[str]:
        """How many elements differ, and by how much, worded as PyTorch's `assert_close` does."""
        if not self.elements:
            return []
        share = f"{self.mismatched} / {self.elements} ({self.mismatched / self.elements:.1%})"
        counted = self.ulps is not None and self.ulps <= _COUNTED_ULPS
        ulps = f", {self.ulps:.3g} ulps" if counted else ""
        return [
            f"Mismatched elements: {share}",
            f"Greatest absolute difference: {self.absolute:.6g} at index {self.index}",
            f"Relative to the largest element: {self.relative:.6g}{ulps}",
        ]


def relative_distance(expected: np.ndarray, got: np.ndarray) -> float:
    """The largest difference of two arrays, divided by their largest finite element.

    Infinite if only one side is NaN or infinite somewhere.
    """
    expected, got = np.asarray(expected, float), np.asarray(got, float)
    distance = _largest_difference(expected, got)
    if distance == 0 or np.isinf(distance):
        return distance
    return distance / max(largest(expected), largest(got))


def is_close(expected: np.ndarray, got: np.ndarray) -> bool:
    """Whether two arrays are equal up to rounding in float64."""
    expected, got = np.asarray(expected, float), np.asarray(got, float)
    return _largest_difference(expected, got) <= 1e-14 or relative_distance(expected, got) <= CLOSE


def _largest_difference(expected: np.ndarray, got: np.ndarray) -> float:
    return float(np.max(_distances(expected, got), initial=0.0))


def _distances(expected: np.ndarray, got: np.ndarray) -> np.ndarray:
    """The difference of each element; infinite if only one side is NaN or infinite."""
    same = (expected == got) | (np.isnan(expected) & np.isnan(got))
    finite = np.isfinite(expected) & np.isfinite(got)
    with np.errstate(invalid="ignore"):
        return np.where(same, 0.0, np.where(finite, np.abs(expected - got), np.inf))


def _parts(expected: Outcome, got: Outcome) -> Iterator[tuple[Kind, Any, Any]]:
    yield "value", expected.value, got.value
    yield "gradient", expected.grads, got.grads
    yield "state", expected.state, got.state


def find_differences(
    expected: Outcome,
    got: Outcome,
    *,
    float64: bool,
    rtol: float | None = None,
    atol: float | None = None,
) -> list[Difference]:
    """The leaves that differ: values, then gradients, then state.

    With `float64` both outcomes were computed in float64, and what is beyond its rounding differs.
    Without it the tolerances are those of `torch.testing.assert_close` for the dtype; the absolute
    one is multiplied by the largest element of a leaf if that is above 1.
    """
    if expected.error or got.error:
        errors = [f"PyTorch: {expected.error}"] * bool(expected.error)
        errors += [f"JAX: {got.error}"] * bool(got.error)
        where = "both sides raise" if len(errors) == 2 else "only one side raises"
        return [Difference("error", where, got="; ".join(errors))]
    if expected.value.keys() != got.value.keys():
        names = [", ".join(outcome.value) for outcome in (expected, got)]
        return [Difference("structure", "output", expected=names[0], got=names[1])]
    compare_leaf = functools.partial(_compare_leaf, float64=float64, rtol=rtol, atol=atol)
    found: list[Difference] = []
    scale = expected.largest_input
    for kind, theirs, ours in _parts(expected, got):
        scale = max([scale, *map(largest, theirs.values())])
        for path in (path for path in theirs if path in ours):
            found += compare_leaf(kind, path, theirs[path], ours[path], scale)
    return found


def _compare_leaf(
    kind: Kind,
    path: str,
    expected: Any,
    got: Any,
    scale: float,
    *,
    float64: bool,
    rtol: float | None,
    atol: float | None,
) -> Iterator[Difference]:
    if not (isinstance(expected, np.ndarray) and isinstance(got, np.ndarray)):
        if isinstance(expected, np.ndarray) != isinstance(got, np.ndarray) or expected != got:
            yield Difference("structure", path, expected=_type(expected), got=_type(got))
        return
    if expected.shape != got.shape:
        yield Difference("shape", path, expected=expected.shape, got=got.shape)
        return
    if not float64 and not _same_dtype(expected.dtype, got.dtype):
        yield Difference("dtype", path, expected=str(expected.dtype), got=str(got.dtype))
    if not expected.size:
        return
    widest = complex if "c" in (expected.dtype.kind, got.dtype.kind) else float
    e, g = expected.astype(widest), got.astype(widest)
    size = max(largest(e), largest(g))
    distances = _distances(e, g)
    if float64:
        allowed = np.full(e.shape, CLOSE * size + _NOISE * scale)
    else:
        usual = TOLERANCES.get(str(expected.dtype), (0.0, 0.0))
        relative, absolute = usual[0] if rtol is None else rtol, usual[1] if atol is None else atol
        allowed = absolute * max(1.0, size) + relative * np.abs(np.where(np.isfinite(e), e, 0))
    wrong = distances > allowed
    if np.any(wrong):
        index = tuple(int(i) for i in np.unravel_index(np.argmax(distances), wrong.shape))
        worst = float(distances[index])
        yield Difference(
            *(kind, path, index, e[index], g[index], int(np.sum(wrong)), int(wrong.size)),
            absolute=worst,
            relative=worst / size if size else float("inf"),
            ulps=ulp_distance(expected, got)[0] if expected.dtype == got.dtype else None,
        )


def is_as_exact(path: str, expected: Outcome, got: Outcome, exact: Outcome) -> bool:
    """Whether a leaf of JAX is as near to the answer in float64 as PyTorch's is, up to a factor 2.

    Then their difference is PyTorch's rounding as much as JAX's.
    """
    parts = zip(_parts(expected, got), _parts(exact, exact), strict=True)
    for (_, theirs, ours), (_, truth, _) in parts:
        if path in theirs and path in ours and is_floating(truth.get(path)):
            error, own = (
                _largest_difference(truth[path], array[path].astype(float))
                for array in (theirs, ours)
            )
            return own <= 2 * error
    return False


class Distance(NamedTuple):
    """The largest relative distance, and whether it is relative to terms that cancel."""

    relative: float = 0.0
    of_terms: bool = False

    def __str__(self) -> str:
        """The distance in words, for the first line of a report that agrees."""
        if not self.relative:
            return "all numbers are equal"
        text = f"the largest difference is {self.relative:.2g} of the largest element of its array"
        return f"{text}, or of the terms that cancel in it" if self.of_terms else text


def largest_distance(expected: Outcome, got: Outcome, exact: Outcome | None = None) -> Distance:
    """The largest relative distance over all real leaves.

    Where terms cancel, such as in the gradient of a bias before a norm, what is left may be
    nothing but rounding. So the distance of a leaf is relative to its terms if these are larger
    than the leaf. `exact` is the expected outcome in float64, which shows how large they are.
    Without it a leaf that is nearly 0 beside the others is measured by the largest of these.
    """
    found = Distance()
    truths = iter(_parts(exact, exact)) if exact else itertools.repeat((None, {}, {}))
    for (_, theirs, ours), (_, truth, _) in zip(_parts(expected, got), truths, strict=False):
        leaves = {
            path: leaf
            for path, leaf in theirs.items()
            if path in ours and isinstance(leaf, np.ndarray) and leaf.dtype.kind != "c"
        }
        others = max(map(largest, leaves.values()), default=0.0)
        for path, leaf in leaves.items():
            relative = relative_distance(leaf, ours[path])
            size = max(largest(leaf), largest(ours[path]))
            terms = _terms(leaf, truth.get(path))
            terms = others if exact is None and size < _NOTHING * others else terms
            if relative and terms > _MUCH * size:
                found = max(found, Distance(relative * size / terms, of_terms=True))
            else:
                found = max(found, Distance(relative))
    return found


def _terms(leaf: np.ndarray, exact: Any) -> float:
    """About how large the terms of a leaf are: their rounding is its difference from float64."""
    if not (is_floating(leaf) and isinstance(exact, np.ndarray)):
        return 0.0
    noise = _largest_difference(exact.astype(float), leaf.astype(float))
    return 0.0 if np.isinf(noise) else noise / float(jax.numpy.finfo(leaf.dtype).eps)


def only_nonfinite(outcome: Outcome) -> Outcome:
    """The outcome with every finite number replaced by 0."""

    def replaced(leaf: Any) -> Any:
        array = leaf.astype(float) if is_floating(leaf) else None
        return leaf if array is None else np.where(np.isfinite(array), 0.0, array)

    value, grads, state = (jax.tree.map(replaced, part) for _, part, _ in _parts(outcome, outcome))
    return Outcome(value, grads, state, outcome.error)


def _same_dtype(expected: Any, got: Any) -> bool:
    """Whether dtypes agree; without 64-bit types, JAX's int32 stands for PyTorch's int64."""
    return expected == got or (str(expected), str(got)) == ("int64", "int32")


def _type(leaf: Any) -> str:
    return f"an array of shape {leaf.shape}" if isinstance(leaf, np.ndarray) else repr(leaf)


def _number(value: Any) -> str:
    return f"{value:.9g}" if isinstance(value, (float, complex, np.floating)) else str(value)
