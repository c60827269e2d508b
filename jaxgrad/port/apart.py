"""How far two answers are apart: rounding in the caller's dtype, meaning in float64."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from jaxgrad._closeness import TOLERANCES, ulp_distance

from .moving import largest
from .sides import Outcome

CLOSE = 1e-7
"""How far apart equal values may be in float64, relative to the largest element of their array.

Wide enough for a constant that was rounded to float32; an eps of 1e-6 for 1e-5 is 4.5e-6 apart.
"""
_NOISE = 1e-12
"""What may be left where terms cancel, relative to the largest number around."""

Kind = Literal["error", "structure", "shape", "dtype", "value", "gradient", "state"]


@dataclass(frozen=True)
class Difference:
    """One leaf that is not the same on both sides.

    Attributes:
        kind: what differs.
        where: the leaf, such as "output", "params['fc']['bias']" or "inputs[0]".
        index: of its worst element; empty for a number.
        expected: PyTorch's there, or in words.
        got: JAX's.
        mismatched: how many elements differ.
        elements: of how many.
        absolute: the largest difference.
        relative: it, relative to the largest element of the leaf.
        ulps: the largest distance in units in the last place, or None.
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
        """One line."""
        if self.kind == "error":
            return f"{self.where}: {self.got}"
        place = self.where + (f"[{', '.join(map(str, self.index))}]" if self.index else "")
        what = {"gradient": "gradients differ", "state": "the new state differs"}
        said = what.get(self.kind, f"{self.kind}s differ")
        return f"{said} at {place}: PyTorch {_number(self.expected)}, JAX {_number(self.got)}"

    def details(self) -> list[str]:
        """The lines below it, as PyTorch's `assert_close` has them."""
        if not self.elements:
            return []
        share = f"{self.mismatched} / {self.elements} ({self.mismatched / self.elements:.1%})"
        ulps = "" if self.ulps is None else f", {self.ulps:.3g} ulps"
        return [
            f"Mismatched elements: {share}",
            f"Greatest absolute difference: {self.absolute:.6g} at index {self.index}",
            f"Relative to the largest element: {self.relative:.6g}{ulps}",
        ]


def apart(expected: np.ndarray, got: np.ndarray, noise: float = 1e-14) -> float:
    """The largest difference, relative to the largest finite element.

    0 where it is below `noise`, and infinite where only one side is NaN or infinite.
    """
    expected, got = np.asarray(expected, float), np.asarray(got, float)
    same = (expected == got) | (np.isnan(expected) & np.isnan(got))
    if np.all(same):
        return 0.0
    if np.any(~same & ~(np.isfinite(expected) & np.isfinite(got))):
        return float("inf")
    difference = float(np.max(np.abs(np.where(same, 0.0, expected - got))))
    return 0.0 if difference <= noise else difference / max(largest(expected), largest(got))


def close(expected: np.ndarray, got: np.ndarray) -> bool:
    """Whether two arrays have the same numbers, but for rounding in float64."""
    return apart(expected, got) <= CLOSE


def different(
    expected: Outcome,
    got: Outcome,
    *,
    meaning: bool,
    rtol: float | None = None,
    atol: float | None = None,
) -> list[Difference]:
    """The leaves that differ, values first, then gradients and state.

    With `meaning` both were computed in float64, and rounding is told from it; else the tolerances
    are those of `torch.testing.assert_close` for the dtype, the absolute one for a largest element
    of 1 or less and growing with it.
    """
    if expected.error or got.error:
        sides = [f"PyTorch: {expected.error}"] * bool(expected.error)
        sides += [f"JAX: {got.error}"] * bool(got.error)
        where = "both sides raise" if len(sides) == 2 else "only one side raises"
        return [Difference("error", where, got="; ".join(sides))]
    if expected.value.keys() != got.value.keys():
        names = [", ".join(side.value) for side in (expected, got)]
        return [Difference("structure", "output", expected=names[0], got=names[1])]
    around = max([expected.around, *map(largest, expected.value.values())])
    found = [
        difference
        for path, leaf in expected.value.items()
        for difference in _leaf("value", path, leaf, got.value[path], around, meaning, rtol, atol)
    ]
    rest: tuple[tuple[Kind, Any, Any], ...] = (
        ("gradient", expected.grads, got.grads),
        ("state", expected.state, got.state),
    )
    for kind, ours, theirs in rest:
        around = max([around, *map(largest, ours.values())])
        found += [
            difference
            for path in ours
            if path in theirs
            for difference in _leaf(
                kind, path, ours[path], theirs[path], around, meaning, rtol, atol
            )
        ]
    return found


def _leaf(
    kind: Kind,
    path: str,
    expected: Any,
    got: Any,
    around: float,
    meaning: bool,
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
    if not meaning and not _same_dtype(expected.dtype, got.dtype):
        yield Difference("dtype", path, expected=str(expected.dtype), got=str(got.dtype))
    if not expected.size:
        return
    wide = complex if "c" in (expected.dtype.kind, got.dtype.kind) else float
    e, g = expected.astype(wide), got.astype(wide)
    size = max(largest(e), largest(g))
    if meaning:
        allowed = np.full(e.shape, CLOSE * size + _NOISE * around)
    else:
        own = TOLERANCES.get(str(expected.dtype), (0.0, 0.0))
        relative, absolute = own[0] if rtol is None else rtol, own[1] if atol is None else atol
        allowed = absolute * max(1.0, size) + relative * np.abs(np.where(np.isfinite(e), e, 0))
    same = (e == g) | (np.isnan(e) & np.isnan(g))
    finite = np.isfinite(e) & np.isfinite(g)
    with np.errstate(invalid="ignore"):
        distance = np.where(same, 0.0, np.where(finite, np.abs(e - g), np.inf))
    wrong = distance > allowed
    if np.any(wrong):
        index = tuple(int(i) for i in np.unravel_index(np.argmax(distance), distance.shape))
        worst = float(distance[index])
        comparable = expected.dtype == got.dtype
        yield Difference(
            *(kind, path, index, e[index], g[index], int(np.sum(wrong)), int(wrong.size)),
            worst,
            worst / size if size else float("inf"),
            ulp_distance(expected, got)[0] if comparable else None,
        )


def farthest(expected: Outcome, got: Outcome) -> float:
    """The largest difference over all leaves, relative to the largest element of its leaf."""
    sides: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...] = (
        *((expected.value, got.value), (expected.grads, got.grads)),
        (expected.state, got.state),
    )
    return max(
        (
            apart(leaf, theirs[path])
            for ours, theirs in sides
            for path, leaf in ours.items()
            if path in theirs and isinstance(leaf, np.ndarray) and leaf.dtype.kind != "c"
        ),
        default=0.0,
    )


def _same_dtype(expected: Any, got: Any) -> bool:
    """PyTorch's indices are int64, JAX's int32 without 64-bit types."""
    return expected == got or (str(expected), str(got)) == ("int64", "int32")


def _type(leaf: Any) -> str:
    return f"an array of shape {leaf.shape}" if isinstance(leaf, np.ndarray) else repr(leaf)


def _number(value: Any) -> str:
    return f"{value:.9g}" if isinstance(value, (float, complex, np.floating)) else str(value)
