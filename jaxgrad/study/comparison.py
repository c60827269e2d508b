"""Two answers -> what differs first, and by how much. Nothing is cast before it is compared."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from jaxgrad._closeness import TOLERANCES, flat, ulp_distance

from .answer import Answer, DistributionTest
from .case import Verdict
from .distribution import passed


@dataclass(frozen=True)
class Comparison:
    """The result of comparing an answer with PyTorch's.

    Attributes:
        verdict: what differs first.
        detail: where, in words; empty where nothing differs.
        raises: whether the answer is an error.
        unintended: whether that error is a mistake in the snippet instead of a refusal.
        ulps: the largest distance in units in the last place over value and gradients; None where
            no floating point numbers could be compared.
        identical: how many elements are the same, bit for bit.
        elements: how many elements were compared.
    """

    verdict: Verdict
    detail: str = ""
    raises: bool = False
    unintended: bool = False
    ulps: float | None = None
    identical: int = 0
    elements: int = 0


def compare(
    expected: Answer, got: Answer, *, x64: bool, rtol: float | None = None, ours: str = ""
) -> Comparison:
    """Compares `got` with `expected`: errors, then structure, shape, dtype, value, gradient.

    Args:
        expected: PyTorch's answer, or the right one.
        got: the answer that is judged.
        x64: whether JAX ran with 64-bit types.
        rtol: a relative tolerance instead of the dtype's own.
        ours: jaxgrad's snippet, if `got` is its answer.
    """
    if expected.error or got.error:
        unintended = got.error is not None and not _is_refusal(got.error, ours)
        verdict: Verdict = "same" if expected.error and got.error and not unintended else "error"
        detail = f"no refusal: {got.error}" if unintended else ""
        return Comparison(verdict, detail, bool(got.error), unintended)
    verdict, detail = _first_difference(flat(expected.value), flat(got.value), x64, rtol)
    if verdict == "same" and expected.distribution and got.distribution:
        verdict, detail = _compare_draws(expected.distribution, got.distribution)
    if verdict == "same":
        verdict, detail = _first_difference(flat(expected.grads), flat(got.grads), x64, rtol)
        verdict = "same" if verdict == "same" else "gradient"
    counts = _count(expected, got) if verdict in ("same", "value", "gradient") else (None, 0, 0)
    return Comparison(verdict, detail, False, False, *counts)


def _compare_draws(expected: DistributionTest, got: DistributionTest) -> tuple[Verdict, str]:
    if passed(expected) == passed(got):
        return "same", ""
    return "distribution", f"p-value {got.pvalue:.1e} against {expected.pvalue:.1e}"


def _count(expected: Answer, got: Answer) -> tuple[float | None, int, int]:
    """The largest distance in ulps, how many elements are identical, and how many there are."""
    ulps, identical, elements = None, 0, 0
    others = dict(flat([got.value, got.grads]))
    for path, e in flat([expected.value, expected.grads]):
        g = others.get(path)
        if _shape(e) == _shape(g) and _dtype(e) == _dtype(g):
            distance, same = ulp_distance(np.asarray(e), np.asarray(g))
            ulps = distance if ulps is None else max(ulps, distance) if distance else ulps
            identical, elements = identical + same, elements + np.size(e)
    return ulps, identical, elements


def _is_refusal(error: str, ours: str) -> bool:
    """Whether an error is a refusal of what was asked, and no mistake in the snippet.

    jaxgrad's refusals begin with the name of the function that was called. JAX's errors have no
    such sign: those that a misspelt snippet raises are told by their types.
    """
    if not ours:
        return not error.startswith(("NameError", "AttributeError", "SyntaxError"))
    own = re.match(r"(?:TypeError|ValueError|NotImplementedError): (\w+): ", error)
    return own is not None and f"{own[1]}(" in ours


def _first_difference(
    expected: list[tuple[str, Any]], got: list[tuple[str, Any]], x64: bool, rtol: float | None
) -> tuple[Verdict, str]:
    """The first difference of two flat values, in the order of the verdicts."""
    if [path for path, _ in expected] != [path for path, _ in got]:
        return "structure", f"{len(got)} leaves, expected {len(expected)}"
    pairs = [(path, e, g) for (path, e), (_, g) in zip(expected, got, strict=True)]
    for path, e, g in pairs:
        if _kind(e) != _kind(g):
            return "structure", _at(path, f"is {_kind(g)}, expected {_kind(e)}")
    for path, e, g in pairs:
        if _shape(e) != _shape(g):
            return "shape", _at(path, f"has shape {_shape(g)}, expected {_shape(e)}")
    for path, e, g in pairs:
        if not _dtypes_agree(_dtype(e), _dtype(g), x64):
            return "dtype", _at(path, f"is {_dtype(g)}, expected {_dtype(e)}")
    for path, e, g in pairs:
        if not _close(e, g, rtol):
            return "value", _at(path, "is out of tolerance")
    return "same", ""


def _at(path: str, what: str) -> str:
    return f"answer{path} {what}"


def _kind(leaf: Any) -> str:
    if isinstance(leaf, np.ndarray):
        return "an array"
    return "None" if leaf is None else type(leaf).__name__


def _shape(leaf: Any) -> Any:
    return leaf.shape if isinstance(leaf, np.ndarray) else None


def _dtype(leaf: Any) -> str:
    return str(leaf.dtype) if isinstance(leaf, np.ndarray) else type(leaf).__name__


def _dtypes_agree(expected: str, got: str, x64: bool) -> bool:
    """PyTorch's int64 indices are int32 where JAX has no 64-bit types."""
    return expected == got or (not x64 and (expected, got) == ("int64", "int32"))


def _close(expected: Any, got: Any, rtol: float | None) -> bool:
    if expected is None or isinstance(expected, str):
        return expected == got
    default, atol = TOLERANCES.get(_dtype(expected), (1e-12, 0.0))
    wide = complex if np.iscomplexobj(expected) else float
    return np.allclose(
        np.asarray(got).astype(wide),
        np.asarray(expected).astype(wide),
        rtol=rtol or default,
        atol=atol,
        equal_nan=True,
    )
