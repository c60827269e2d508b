"""Two answers -> what differs first, and by how much. Nothing is cast before it is compared."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from jaxgrad._closeness import TOLERANCES, flat, ulp_distance

from .answer import Answer
from .case import Verdict
from .distribution import passed


@dataclass(frozen=True)
class Comparison:
    """What came of holding one answer against PyTorch's.

    Attributes:
        verdict: what differs first.
        detail: where, in words; empty where nothing differs.
        raises: whether the answer held against PyTorch's is an error.
        slip: whether that error is a slip of the pen instead of a refusal.
        ulps: the largest distance in units in the last place over value and gradients; None where
            no floating point numbers could be compared.
        identical: how many elements are the same, bit for bit.
        elements: of how many.
    """

    verdict: Verdict
    detail: str = ""
    raises: bool = False
    slip: bool = False
    ulps: float | None = None
    identical: int = 0
    elements: int = 0


def compare(
    expected: Answer, got: Answer, *, x64: bool, rtol: float | None = None, ours: str = ""
) -> Comparison:
    """Holds `got` against `expected`: errors, then structure, shape, dtype, value, gradient.

    `ours` is the snippet that gave `got` where that is jaxgrad's.
    """
    if expected.error or got.error:
        slip = got.error is not None and not _refusal(got.error, ours)
        verdict: Verdict = "same" if expected.error and got.error and not slip else "error"
        detail = f"no refusal: {got.error}" if slip else ""
        return Comparison(verdict, detail, bool(got.error), slip)
    verdict, detail = _leaves(flat(expected.value), flat(got.value), x64, rtol)
    if verdict == "same" and _other_distribution(expected, got):
        verdict, detail = "distribution", _pvalues(expected, got)
    if verdict == "same":
        verdict, detail = _leaves(flat(expected.grads), flat(got.grads), x64, rtol)
        verdict = "same" if verdict == "same" else "gradient"
    ulps, identical, elements = None, 0, 0
    if verdict in ("same", "value", "gradient"):
        others = dict(flat([got.value, got.grads]))
        for path, e in flat([expected.value, expected.grads]):
            g = others.get(path)
            if _shape(e) == _shape(g) and _dtype(e) == _dtype(g):
                distance, same = ulp_distance(np.asarray(e), np.asarray(g))
                ulps = distance if ulps is None else max(ulps, distance) if distance else ulps
                identical, elements = identical + same, elements + np.size(e)
    return Comparison(verdict, detail, ulps=ulps, identical=identical, elements=elements)


def _other_distribution(expected: Answer, got: Answer) -> bool:
    tests = expected.distribution, got.distribution
    return all(tests) and len({passed(test) for test in tests if test}) == 2


def _pvalues(expected: Answer, got: Answer) -> str:
    tests = got.distribution, expected.distribution
    return "p-value " + " against ".join(f"{test.pvalue:.1e}" for test in tests if test)


def _refusal(error: str, ours: str) -> bool:
    """Whether an error refuses what was asked for; a slip of the pen does not.

    jaxgrad's refusals begin with the name of the function that was called; JAX has no such sign.
    """
    if not ours:
        return not error.startswith(("NameError", "AttributeError", "SyntaxError"))
    own = re.match(r"(?:TypeError|ValueError|NotImplementedError): (\w+): ", error)
    return own is not None and f"{own[1]}(" in ours


def _leaves(
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
